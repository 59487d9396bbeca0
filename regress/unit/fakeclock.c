/* SPDX-License-Identifier: ISC */
/*
 * The clock module as tests want it: settable.
 */
#include <stdint.h>
#include <time.h>

#include "shared/clock.h"
#include "fakeclock.h"

static uint64_t		fake_boottime = 1000 * CLOCK_NSEC_PER_SEC;
static struct timespec	fake_realtime = { .tv_sec = 1700000000 };

uint64_t
clock_boottime(void)
{
	return (fake_boottime);
}

uint64_t
clock_thread(void)
{
	return (fake_boottime);
}

void
clock_realtime(struct timespec *ts)
{
	*ts = fake_realtime;
}

void
fakeclock_set_boottime(uint64_t ns)
{
	fake_boottime = ns;
}

void
fakeclock_advance(uint64_t ns)
{
	uint64_t nsec;

	fake_boottime += ns;
	nsec = (uint64_t)fake_realtime.tv_nsec + ns % CLOCK_NSEC_PER_SEC;
	fake_realtime.tv_sec += (time_t)(ns / CLOCK_NSEC_PER_SEC +
	    nsec / CLOCK_NSEC_PER_SEC);
	fake_realtime.tv_nsec = (long)(nsec % CLOCK_NSEC_PER_SEC);
}

void
fakeclock_set_realtime(const struct timespec *ts)
{
	fake_realtime = *ts;
}
