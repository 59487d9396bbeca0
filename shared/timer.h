/* SPDX-License-Identifier: ISC */
/*
 * A hierarchical timing wheel: adding, moving and removing a timer is O(1),
 * as the packet path does it for five timers a peer.  The time is always
 * passed in (nanoseconds of CLOCK_BOOTTIME), nothing here reads a clock.
 */
#ifndef SHARED_TIMER_H
#define SHARED_TIMER_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One tick is 2^22 ns, about 4.2 ms: the most by which a timer is late. */
#define TIMER_TICK_SHIFT	22
#define TIMER_TICK		(1ULL << TIMER_TICK_SHIFT)

/* 7 levels of 64 slots cover all 2^42 ticks that 64 bits of ns can hold. */
#define TIMER_SLOT_BITS		6
#define TIMER_SLOTS		(1U << TIMER_SLOT_BITS)
#define TIMER_LEVELS		7

/* Embedded in its owner; the fields are private to timer.c. */
struct timer {
	TAILQ_ENTRY(timer)	  entry;
	void			(*fn)(void *, uint64_t);
	void			 *arg;
	uint64_t		  when;		/* ns, as asked for */
	uint64_t		  tick;		/* first tick not before it */
	uint16_t		  slot;		/* where it is queued */
};
TAILQ_HEAD(timer_list, timer);

struct timer_wheel {
	struct timer_list	slot[TIMER_LEVELS * TIMER_SLOTS];
	uint64_t		used[TIMER_LEVELS];	/* bitmap of slots */
	struct timer_list	due;		/* collected, not yet run */
	uint64_t		tick;		/* all up to here collected */
};

/* Make an empty wheel that stands at now (ns). */
void	timer_wheel_init(struct timer_wheel *w, uint64_t now);

/*
 * Prepare a timer that is not queued.  fn gets arg and the `now' of the
 * timer_expire() that runs it; it may add, move, remove or free any timer,
 * its own included, but not call timer_expire().
 */
void	timer_init(struct timer *t, void (*fn)(void *, uint64_t), void *arg);

/*
 * Queue a timer for the time `when' (ns, absolute), or move it there.  It
 * never fires before that time and at most one tick after it; a time that
 * is past already means the next tick.
 */
void	timer_add(struct timer_wheel *w, struct timer *t, uint64_t when);

/* Remove a timer; nothing happens to one that is not queued. */
void	timer_del(struct timer_wheel *w, struct timer *t);

/* Is it queued, that is, will it still fire? */
bool	timer_pending(const struct timer *t);

/*
 * Run what is due at now, the earliest first, equal times in the order of
 * timer_add(), but not more than max callbacks; what is left is due at the
 * next call.  Returns how many ran.
 */
size_t	timer_expire(struct timer_wheel *w, uint64_t now, size_t max);

/*
 * Store in *ns (absolute, never before now and never 0) when timer_expire()
 * has to be called next and return true, or return false if nothing is
 * queued.  The answer may be too early for a far timer, never later than
 * the tick in which the first one becomes due.
 */
bool	timer_next(const struct timer_wheel *w, uint64_t now, uint64_t *ns);

#endif /* SHARED_TIMER_H */
