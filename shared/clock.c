/* SPDX-License-Identifier: ISC */
/*
 * The clock module.  The clocks exist on every kernel that can run us, so
 * a failure is impossible short of a broken build or sandbox; abort() then
 * is better than a time of zero that would make every key young again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "shared/clock.h"

static uint64_t
clock_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) == -1)
		abort();
	return ((uint64_t)ts.tv_sec * CLOCK_NSEC_PER_SEC +
	    (uint64_t)ts.tv_nsec);
}

uint64_t
clock_boottime(void)
{
	return (clock_ns(CLOCK_BOOTTIME));
}

uint64_t
clock_thread(void)
{
	return (clock_ns(CLOCK_THREAD_CPUTIME_ID));
}

void
clock_realtime(struct timespec *ts)
{
	if (clock_gettime(CLOCK_REALTIME, ts) == -1)
		abort();
}
