/* SPDX-License-Identifier: ISC */
/*
 * The one place that asks the system for the time.  Tests link
 * regress/unit/fakeclock.c in its stead.
 */
#ifndef SHARED_CLOCK_H
#define SHARED_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * Nanoseconds since boot, suspend included (CLOCK_BOOTTIME).  Every age,
 * timer and rate limit uses it: a monotonic clock that stops in suspend
 * leaves dead tunnels behind on resume (P10).
 */
uint64_t	clock_boottime(void);

/*
 * Nanoseconds that this thread has computed, for shares of work: time that
 * others took does not count.  Two system calls would be much for a packet.
 */
uint64_t	clock_thread(void);

/* The wall clock (CLOCK_REALTIME); for TAI64N labels and for people. */
void		clock_realtime(struct timespec *ts);

#define CLOCK_NSEC_PER_SEC	1000000000ULL
#define CLOCK_NSEC_PER_MSEC	1000000ULL

#endif /* SHARED_CLOCK_H */
