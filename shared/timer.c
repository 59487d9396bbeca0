/* SPDX-License-Identifier: ISC */
/*
 * The timing wheel.  A timer's level is the highest group of six bits in
 * which its tick differs from the wheel's; so everything at a level lies in
 * later slots than the wheel's own, and the lowest level in use holds the
 * next event.  Time without events is skipped in one step, however long.
 */
#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/timer.h"

#define TIMER_SLOT_NONE	UINT16_MAX
#define TIMER_SLOT_DUE	(UINT16_MAX - 1)
#define TIMER_TICK_MAX	(UINT64_MAX >> TIMER_TICK_SHIFT)

#define TIMER_SORT_BINS	32

static void		 timer_place(struct timer_wheel *, struct timer *);
static bool		 timer_first(const struct timer_wheel *, unsigned int *,
			    unsigned int *, uint64_t *);
static void		 timer_open_slot(struct timer_wheel *, unsigned int,
			    unsigned int);
static void		 timer_collect(struct timer_wheel *, uint64_t);
static struct timer	*timer_merge(struct timer *, struct timer *);
static struct timer	*timer_sort(struct timer *);

void
timer_wheel_init(struct timer_wheel *w, uint64_t now)
{
	size_t i;

	for (i = 0; i < TIMER_LEVELS * TIMER_SLOTS; i++)
		TAILQ_INIT(&w->slot[i]);
	for (i = 0; i < TIMER_LEVELS; i++)
		w->used[i] = 0;
	TAILQ_INIT(&w->due);
	w->tick = now >> TIMER_TICK_SHIFT;
}

void
timer_init(struct timer *t, void (*fn)(void *, uint64_t), void *arg)
{
	*t = (struct timer){ .fn = fn, .arg = arg, .slot = TIMER_SLOT_NONE };
}

bool
timer_pending(const struct timer *t)
{
	return (t->slot != TIMER_SLOT_NONE);
}

/* Queue t by t->tick, which is not before the wheel's tick. */
static void
timer_place(struct timer_wheel *w, struct timer *t)
{
	unsigned int level, slot;
	uint64_t diff;

	diff = t->tick ^ w->tick;
	if (diff == 0) {
		t->slot = TIMER_SLOT_DUE;
		TAILQ_INSERT_TAIL(&w->due, t, entry);
		return;
	}
	level = (63U - (unsigned int)__builtin_clzll(diff)) / TIMER_SLOT_BITS;
	slot = (unsigned int)(t->tick >> (level * TIMER_SLOT_BITS)) &
	    (TIMER_SLOTS - 1);
	w->used[level] |= 1ULL << slot;
	slot += level * TIMER_SLOTS;
	t->slot = (uint16_t)slot;
	TAILQ_INSERT_TAIL(&w->slot[slot], t, entry);
}

void
timer_add(struct timer_wheel *w, struct timer *t, uint64_t when)
{
	timer_del(w, t);
	t->when = when;
	t->tick = when >> TIMER_TICK_SHIFT;
	/* Round up: a timer must never be early. */
	if ((when & (TIMER_TICK - 1)) != 0)
		t->tick++;
	/*
	 * What is late already waits for the next tick, so that a callback
	 * that keeps adding timers cannot keep timer_expire() from ending.
	 */
	if (t->tick <= w->tick)
		t->tick = w->tick + 1;
	if (t->tick > TIMER_TICK_MAX)
		t->tick = TIMER_TICK_MAX;
	timer_place(w, t);
}

void
timer_del(struct timer_wheel *w, struct timer *t)
{
	unsigned int slot = t->slot;

	if (slot == TIMER_SLOT_NONE)
		return;
	t->slot = TIMER_SLOT_NONE;
	if (slot == TIMER_SLOT_DUE) {
		TAILQ_REMOVE(&w->due, t, entry);
		return;
	}
	TAILQ_REMOVE(&w->slot[slot], t, entry);
	if (TAILQ_EMPTY(&w->slot[slot]))
		w->used[slot / TIMER_SLOTS] &= ~(1ULL << slot % TIMER_SLOTS);
}

/*
 * Find the first slot in use and the tick at which it begins.  At level 0
 * that is the tick of its timers, above it is a lower bound of theirs.
 */
static bool
timer_first(const struct timer_wheel *w, unsigned int *level,
    unsigned int *slot, uint64_t *tick)
{
	unsigned int shift;

	for (*level = 0; *level < TIMER_LEVELS; (*level)++) {
		if (w->used[*level] == 0)
			continue;
		*slot = (unsigned int)__builtin_ctzll(w->used[*level]);
		shift = *level * TIMER_SLOT_BITS;
		*tick = w->tick >> (shift + TIMER_SLOT_BITS) <<
		    (shift + TIMER_SLOT_BITS);
		*tick |= (uint64_t)*slot << shift;
		return (true);
	}
	return (false);
}

/* Join two sorted lists; of equal times those of a come first. */
static struct timer *
timer_merge(struct timer *a, struct timer *b)
{
	struct timer *head = NULL, **tail = &head;

	while (a != NULL && b != NULL) {
		if (b->when < a->when) {
			*tail = b;
			b = TAILQ_NEXT(b, entry);
		} else {
			*tail = a;
			a = TAILQ_NEXT(a, entry);
		}
		tail = &TAILQ_NEXT(*tail, entry);
	}
	*tail = a != NULL ? a : b;
	return (head);
}

/*
 * Sort by time, stable.  Only the forward links are kept.  Bin i holds a
 * sorted run of 2^i timers, the older runs in the higher bins.
 */
static struct timer *
timer_sort(struct timer *t)
{
	struct timer *bin[TIMER_SORT_BINS] = { NULL };
	struct timer *next, *run;
	unsigned int i;

	for (; t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		TAILQ_NEXT(t, entry) = NULL;
		run = t;
		for (i = 0; i < TIMER_SORT_BINS - 1 && bin[i] != NULL; i++) {
			run = timer_merge(bin[i], run);
			bin[i] = NULL;
		}
		bin[i] = timer_merge(bin[i], run);
	}
	run = NULL;
	for (i = 0; i < TIMER_SORT_BINS; i++)
		run = timer_merge(bin[i], run);
	return (run);
}

/*
 * The wheel has come to the begin of this slot.  Its timers have become due
 * or belong to a lower level now.  All timers of one tick lie in one slot,
 * so that sorting those here is enough to run everything in order of time.
 */
static void
timer_open_slot(struct timer_wheel *w, unsigned int level, unsigned int slot)
{
	struct timer_list *list = &w->slot[level * TIMER_SLOTS + slot];
	struct timer *t, *next, *due = NULL, **tail = &due;

	t = TAILQ_FIRST(list);
	TAILQ_INIT(list);
	w->used[level] &= ~(1ULL << slot);
	for (; t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (t->tick == w->tick) {
			*tail = t;
			tail = &TAILQ_NEXT(t, entry);
		} else
			timer_place(w, t);
	}
	*tail = NULL;
	for (t = timer_sort(due); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		timer_place(w, t);
	}
}

/* Turn the wheel to a tick and collect all that is due by then. */
static void
timer_collect(struct timer_wheel *w, uint64_t tick)
{
	unsigned int level, slot;
	uint64_t first;

	while (timer_first(w, &level, &slot, &first) && first <= tick) {
		w->tick = first;
		timer_open_slot(w, level, slot);
	}
	if (w->tick < tick)
		w->tick = tick;
}

size_t
timer_expire(struct timer_wheel *w, uint64_t now, size_t max)
{
	struct timer *t;
	size_t n;

	timer_collect(w, now >> TIMER_TICK_SHIFT);
	for (n = 0; n < max; n++) {
		t = TAILQ_FIRST(&w->due);
		if (t == NULL)
			break;
		timer_del(w, t);
		t->fn(t->arg, now);
	}
	return (n);
}

bool
timer_next(const struct timer_wheel *w, uint64_t now, uint64_t *ns)
{
	unsigned int level, slot;
	uint64_t tick;

	if (!TAILQ_EMPTY(&w->due))
		*ns = now;
	else if (timer_first(w, &level, &slot, &tick))
		*ns = tick << TIMER_TICK_SHIFT;
	else
		return (false);
	if (*ns < now)
		*ns = now;
	/* A timerfd takes 0 for "disarm". */
	if (*ns == 0)
		*ns = 1;
	return (true);
}
