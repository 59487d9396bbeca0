/* SPDX-License-Identifier: ISC */
/* An enemy at the other side of the ring: what its tests share. */
#ifndef REGRESS_PRIVSEP_ENEMY_PLAY_H
#define REGRESS_PRIVSEP_ENEMY_PLAY_H

#include "regress/privsep/child.h"

#define SLOW		2000		/* ms: longer is a hang */

/* The process at the other side of this one's ring. */
enum proc	 enemy_of(enum proc);

/* It answers ctld still, or the test fails, which says what was done. */
void		 check_lives(struct kid *, const char *what);

#endif /* REGRESS_PRIVSEP_ENEMY_PLAY_H */
