/* SPDX-License-Identifier: ISC */
/*
 * The text of the undo journal: what was made in the kernel and would outlive
 * us.  A line is written before its deed ("+") and after it was undone ("-"),
 * so what a journal leaves over may or may not be there, and nothing else of
 * ours is.  Leaf: text only.
 *
 *	warren-undo 1 INSTANCE CHECK
 *	= netns 4 4026531840 CHECK
 *	+ table 0x776abcde CHECK
 *	+ rule mark inet 0x776abcde 0x776abcde CHECK
 *	+ src_valid_mark 0 CHECK
 *	- rule mark inet 0x776abcde 0x776abcde CHECK
 *
 * CHECK is of the rest of the line; a line that is torn or changed does not
 * count, and the others do.
 *
 * "= netns DEV INODE" names the network namespace in which all that is.  Of a
 * journal that grew long, an extract can take its own place: "= begin", a "+"
 * line for each deed that is open, and "= end N" with their number.  If all of
 * these are there, what came before does not count any more.
 */
#ifndef PARENT_JOURNAL_H
#define PARENT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOURNAL_LINE	96		/* bytes of the longest, newline too */
#define JOURNAL_OPEN	64		/* deeds that can be open at once */
#define JOURNAL_MAX	(1024U * 1024)	/* bytes that are read */
#define JOURNAL_EXTRACT	(JOURNAL_LINE * (JOURNAL_OPEN + 2))	/* bytes */

enum journal_what {
	JOURNAL_TABLE,			/* table is ours, flush it */
	JOURNAL_RULE_MARK,
	JOURNAL_RULE_MAIN,
	JOURNAL_RULE_DEFAULT,
	JOURNAL_SRC_MARK		/* value is what it was before */
};

struct journal_deed {
	enum journal_what	 what;
	uint8_t			 family;	/* rules: AF_INET, AF_INET6 */
	uint32_t		 mark;		/* rules */
	uint32_t		 table;		/* rules and tables */
	uint32_t		 value;
};

struct journal_netns {
	uint64_t		 dev;		/* both 0: not known */
	uint64_t		 ino;
};

struct journal {
	struct journal_deed	 open[JOURNAL_OPEN];	/* as they were made */
	size_t			 n;
	size_t			 damaged;	/* lines that did not count */
	struct journal_netns	 netns;

	/* While it is read: of an extract. */
	struct journal_deed	 fresh[JOURNAL_OPEN];
	size_t			 nfresh;
	bool			 extract;	/* and nothing else came yet */
};

/* The lines, with newline and NUL; their length. */
size_t	 journal_head(char line[JOURNAL_LINE], const char *instance);
size_t	 journal_line(char line[JOURNAL_LINE], bool made,
	    const struct journal_deed *);
size_t	 journal_line_netns(char line[JOURNAL_LINE],
	    const struct journal_netns *);
/* What is open now, as an extract; and only its "+" lines. */
size_t	 journal_extract(char text[JOURNAL_EXTRACT], const struct journal *);
size_t	 journal_lines(char text[JOURNAL_EXTRACT], const struct journal *);

/*
 * What is still to be undone.  0, or -1 (EBADMSG): this is no journal of that
 * instance, and nothing in it counts.
 */
int	 journal_read(struct journal *, const char *instance,
	    const char *text, size_t len);
bool	 journal_same(const struct journal_deed *, const struct journal_deed *);
/* Where a deed is among those that are open, or their number. */
size_t	 journal_find(const struct journal *, const struct journal_deed *);

#endif /* PARENT_JOURNAL_H */
