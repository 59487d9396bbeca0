/* SPDX-License-Identifier: ISC */
/*
 * A clock that stands still until the test moves it.  Link fakeclock.c
 * instead of shared/clock.c.
 */
#ifndef REGRESS_UNIT_FAKECLOCK_H
#define REGRESS_UNIT_FAKECLOCK_H

#include <stdint.h>
#include <time.h>

/* Set the boot time clock, in nanoseconds. */
void	fakeclock_set_boottime(uint64_t ns);

/* Let ns nanoseconds pass on both clocks. */
void	fakeclock_advance(uint64_t ns);

/* Set the wall clock; the boot time clock does not notice. */
void	fakeclock_set_realtime(const struct timespec *ts);

#endif /* REGRESS_UNIT_FAKECLOCK_H */
