/* SPDX-License-Identifier: ISC */
/*
 * The commands as a tree of tables of words.  A word may be cut short as long
 * as it stays the only one it can mean.  A leaf: it prints nothing and knows
 * no command.
 */
#ifndef CTL_TOKENS_H
#define CTL_TOKENS_H

#include <stddef.h>

struct token {
	const char		*word;		/* NULL ends a table */
	const struct token	*next;		/* words that may follow */
	int			 action;	/* if none follows; 0: must */
	const char		*help;
};

enum tokens_verdict {
	TOKENS_OK,
	TOKENS_UNKNOWN,			/* no word begins like this */
	TOKENS_AMBIGUOUS,		/* several do */
	TOKENS_INCOMPLETE,		/* another word must follow */
	TOKENS_EXTRA			/* nothing may follow */
};

struct tokens_result {
	enum tokens_verdict	 verdict;
	int			 action;	/* TOKENS_OK */
	const struct token	*last;		/* the last word understood */
	const struct token	*table;		/* where it is wrong, or NULL */
	const char		*word;		/* what was said there */
};

/* Follows n words from a table. */
void	 tokens_match(const struct token *, size_t n, char *const *words,
	    struct tokens_result *);
/* Could this token be meant by a word (NULL: by any)? */
int	 tokens_begins(const struct token *, const char *word);

#endif /* CTL_TOKENS_H */
