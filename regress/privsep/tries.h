/* SPDX-License-Identifier: ISC */
/*
 * What can be said to a child, generated from the permission table: each row
 * from a sender, with sizes at and past its limits and every kind of
 * descriptor; types that there are not; and datagrams that are no messages.
 * A new row needs no new test.
 */
#ifndef REGRESS_PRIVSEP_TRIES_H
#define REGRESS_PRIVSEP_TRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "regress/privsep/child.h"

#define SLOW		2000		/* ms: longer is a hang */
#define WHAT		160		/* a try in words */

/* One try: what is said, and by whom. */
struct try {
	enum proc	 from;
	uint16_t	 type;
	size_t		 len;
	int		 fd;		/* enum fd_kind, or -1: none */
};
typedef void (*try_fn)(struct kid *, const struct try *, enum phase);

/* Datagrams that are no messages: the header lies or is not whole. */
struct broken {
	const char	*what;
	size_t		 len;
	uint16_t	 flags;
	uint32_t	 claim;		/* payload length in the header */
	int		 nfds;
};
#define NBROKEN		12
extern const struct broken broken[NBROKEN];

/* Once a test: descriptors of every kind. */
void	 open_kinds(void);
/*
 * What the rules say, read from the row and not by the function under test.
 * False: to be refused; true: it may be taken, if the content is right.
 */
bool	 is_admissible(const struct try *, enum proc to, enum phase);
void	 describe(char *, size_t, const struct kid *, const struct try *,
	    enum phase);
/* 0, or -1 as kid_say(). */
int	 say_try(struct kid *, const struct try *);
int	 say_broken(struct kid *, enum proc from, const struct broken *);

/*
 * Nobody can send a descriptor to this end.  A kernel before 6.16 lets him, and
 * from here on this one does, too.
 */
void	 let_send_fds(const char *who, int fd);

/* A kid in that phase; before READY with these pieces. */
void	 start_in(struct kid *, enum proc, enum phase, unsigned pieces);
/* It must serve this sibling. */
void	 check_lives(struct kid *, const char *what, enum proc from);
/* How a dead child must have ended: by itself, and saying so. */
void	 check_end(struct kid *, const char *what, int status);

/* Calls fn with each try of a row, of all unknown types. */
void	 walk_row(struct kid *, enum proc from, const struct msg_row *,
	    enum phase, try_fn);
void	 walk_unknown(struct kid *, enum proc from, enum phase, try_fn);
/*
 * Calls fn, which starts a kid, with each try of all rows.  What this sender
 * may not say at all is refused for that alone: once is enough.
 */
void	 walk_anew(enum proc, enum proc from, enum phase, try_fn);

#endif /* REGRESS_PRIVSEP_TRIES_H */
