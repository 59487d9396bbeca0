/* SPDX-License-Identifier: ISC */
/*
 * What the reader of wg-quick's files is made of: values from pieces of its
 * text, and lists.
 */
#ifndef CTL_IMPORT_VALUE_H
#define CTL_IMPORT_VALUE_H

#include "ctl/import.h"

/* A piece of the text; no NUL ends it. */
struct text {
	const char	*p;
	size_t		 len;
};

struct text	 text_trim(struct text);
/* Is it this word, in either case? */
bool		 text_is(struct text, const char *);
/* The next item of a list with commas; false at the end.  None is empty. */
bool		 text_item(struct text *list, struct text *item);

/* Each is 0, or -1 if it is none. */
int		 value_number(struct text, uint64_t max, uint64_t *);
/* Of a network host bits are cleared; an address keeps them. */
int		 value_prefix(struct text, bool address, struct prefix *);
/* Clears its host bits. */
void		 prefix_mask(struct prefix *);
/* May an interface have it in warren.conf(5)? */
bool		 value_is_address(const struct prefix *);
/*
 * The host as warren.conf(5) takes it.  errno is EADDRNOTAVAIL if it is neither
 * an address nor a name, EAFNOSUPPORT if it is an address that cannot be said
 * there.
 */
int		 value_endpoint(struct text, char host[IMPORT_HOST],
		    uint16_t *port);
/* Is a comment the head of a section that was taken out, "#[Peer]"? */
bool		 value_is_section(struct text);
/*
 * Does a comment look like the name of a peer?  "Name = x" does, and so does a
 * short comment of a few words that is not a setting or a key.
 */
bool		 value_name(struct text, char name[IMPORT_NAME], bool *named);

/* Each is 0, or -1 with ENOMEM. */
int		 ips_add(struct import_ips *, const struct prefix *);
int		 notes_add(struct import_notes *, const char *setting,
		    struct text value);

/*
 * What only the whole file shows: a peer that is there twice, names that are,
 * allowed IPs of several peers, a mark that 0.0.0.0/0 needs.  0, or -1 and
 * why; that is empty if memory ran out.
 */
int		 import_finish(struct import *, const char *file,
		    char why[IMPORT_WHY]);

#endif /* CTL_IMPORT_VALUE_H */
