/* SPDX-License-Identifier: ISC */
/*
 * The clock module.  Both clocks exist on every kernel that can run us, so
 * a failure is impossible short of a broken build or sandbox; abort() then
 * is better than a time of zero that would make every key young again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "shared/clock.h"

uint64_t
clock_boottime(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) == -1)
		abort();
	return ((uint64_t)ts.tv_sec * CLOCK_NSEC_PER_SEC +
	    (uint64_t)ts.tv_nsec);
}

void
clock_realtime(struct timespec *ts)
{
	if (clock_gettime(CLOCK_REALTIME, ts) == -1)
		abort();
}
