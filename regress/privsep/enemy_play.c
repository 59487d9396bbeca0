/* SPDX-License-Identifier: ISC */
/* An enemy at the other side of the ring: what its tests share. */
#include "regress/privsep/enemy_play.h"
#include "regress/unit/unit.h"

enum proc
enemy_of(enum proc p)
{
	return p == PROC_NETD ? PROC_CRYPTOD : PROC_NETD;
}

void
check_lives(struct kid *k, const char *what)
{
	int status;

	if (kid_sync(k, PROC_CTLD, SLOW))
		return;
	status = kid_wait_exit(k, 0);
	ck_abort_msg("%s: wait status %04x (ffffffff: hangs): %s", what,
	    (unsigned)status, k->log);
}
