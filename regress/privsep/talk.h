/* SPDX-License-Identifier: ISC */
/*
 * A conversation with one child over links as the rooms have them: a test is
 * its parent and all its siblings, one message after another.
 */
#ifndef REGRESS_PRIVSEP_TALK_H
#define REGRESS_PRIVSEP_TALK_H

#include "regress/privsep/child.h"
#include "shared/imsg.h"
#include "shared/link.h"

#define SLOW		5000		/* ms: longer is a hang */

/* The child, and the links to it of those that are played. */
extern struct kid	 kid;
extern struct link	 parent, cryptod, netd, ctld, resolverd;

/* kid_start() with links, in a namespace of its own; they are used by hand. */
void	 talk_start(enum proc, enum mode);
/* The same for a kid that runs already. */
void	 talk_over(void);
/* One of those that are played dies. */
void	 hang_up(enum proc);

/*
 * The next message that is not a line for the log, whose last one is kept in
 * kid.log; false after a while, or if there is none ever.  m->fd is the
 * caller's.
 */
bool	 next(struct link *, struct imsg *, int ms);
/* The next one, which must be of that type. */
void	 expect(struct link *, uint16_t type, struct imsg *);
/* It must be a complaint about this sibling. */
void	 expect_fault(enum proc);
/* READY, with a sandbox that is closed; then GO. */
void	 expect_ready(void);
/* It ends now, by itself and with an error or without. */
void	 expect_end(bool error);

#endif /* REGRESS_PRIVSEP_TALK_H */
