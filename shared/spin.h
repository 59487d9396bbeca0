/* SPDX-License-Identifier: ISC */
/*
 * Whether to wait a little awake before sleeping.  To be woken costs some 20
 * us of CPU and 30 us of time on another core, so it pays to look for that
 * long if something usually comes: what usually comes is learnt apart for
 * the time after inbound and after outbound work, since a ping's answer
 * follows the one at once and the other after a round trip.
 *
 * After a lone packet somebody waits for the answer, as a rule.  Whoever makes
 * it has to be woken first, with all that the packet passes, and the caches of
 * a host that was idle are cold: there a longer look pays.  Where packets come
 * in crowds it would only take time from those who make them.
 */
#ifndef SHARED_SPIN_H
#define SHARED_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#define SPIN_NS		30000		/* no longer than a wake-up costs */
#define SPIN_LONE_NS	300000		/* or all of those on the way there */

enum spin_after {
	SPIN_INBOUND,
	SPIN_OUTBOUND,
	SPIN_KINDS
};

struct spin {
	bool		 able;		/* somebody else can run meanwhile */
	bool		 worked;	/* since the last wait began */
	bool		 waiting;	/* and the outcome is not known yet */
	enum spin_after	 after;
	bool		 lone;		/* it was one packet */
	uint64_t	 since;		/* ns */
	uint8_t		 score[SPIN_KINDS][2];	/* how often it came in time */
};

/* Counts the CPUs that this process may use: with one it never pays. */
void	 spin_init(struct spin *);
/* There was work of this kind; now in ns, as everywhere here. */
void	 spin_work(struct spin *, enum spin_after, uint64_t now);
/* And so many packets were in it. */
void	 spin_did(struct spin *, uint64_t packets);
/* Nothing is left to do.  Is it worth looking on, without sleeping? */
bool	 spin_wait(struct spin *, uint64_t now);
/* A moment of waiting, some 20 ns. */
void	 spin_pause(void);

#endif /* SHARED_SPIN_H */
