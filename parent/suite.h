/* SPDX-License-Identifier: ISC */
/*
 * What the start of the children, suite_start.c, needs of their life and end,
 * suite.c; nobody else does.  The rest of both is in parent.h.
 */
#ifndef PARENT_SUITE_H
#define PARENT_SUITE_H

#include <event2/event.h>

#define SUITE_START_TIMEOUT	20	/* seconds until all are ready */

struct member;
struct parent;

/* From now on signals are read, and p->timer can be set.  0 or -1. */
int	 suite_watch_signals(struct parent *);
/* The start, and each step of the end, has so long. */
void	 suite_set_timer(struct parent *, int ms);
/* A new event for m->doom, which ends that child; NULL (ENOMEM). */
struct event	*suite_doom_event(struct member *);

#endif /* PARENT_SUITE_H */
