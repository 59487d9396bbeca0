/* SPDX-License-Identifier: ISC */
/*
 * The timing wheel: its promises one by one, then against a sorted array.
 */

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/timer.h"
#include "unit.h"

#define SEC		1000000000ULL
#define YEAR		(365 * 24 * 3600 * SEC)
#define MODEL_TIMERS	200
#define MODEL_STEPS	1000000

static struct timer_wheel wheel;

/* What fired, in order. */
struct shot {
	struct timer	timer;
	uint64_t	fired;
	unsigned int	seq, count;
};
static unsigned int seq;

static void
shoot(void *arg, uint64_t now)
{
	struct shot *s = arg;

	s->fired = now;
	s->seq = ++seq;
	s->count++;
}

static void
shot_init(struct shot *s)
{
	memset(s, 0, sizeof(*s));
	timer_init(&s->timer, shoot, s);
}

START_TEST(empty)
{
	uint64_t ns;

	timer_wheel_init(&wheel, 5 * SEC);
	ck_assert(!timer_next(&wheel, 5 * SEC, &ns));
	ck_assert_uint_eq(timer_expire(&wheel, YEAR, SIZE_MAX), 0);
	ck_assert(!timer_next(&wheel, YEAR, &ns));
}
END_TEST

/* Not a nanosecond early, at most a tick late, and once. */
START_TEST(exact)
{
	static const uint64_t delay[] = { 1, TIMER_TICK - 1, TIMER_TICK,
	    TIMER_TICK + 1, 64 * TIMER_TICK, 64 * TIMER_TICK - 1, SEC,
	    4096 * TIMER_TICK, 4096 * TIMER_TICK + 1, 3600 * SEC, YEAR,
	    500 * YEAR };
	uint64_t start = 7 * SEC + 12345, when;
	struct shot s;
	size_t i;

	for (i = 0; i < sizeof(delay) / sizeof(delay[0]); i++) {
		timer_wheel_init(&wheel, start);
		shot_init(&s);
		ck_assert(!timer_pending(&s.timer));
		when = start + delay[i];
		timer_add(&wheel, &s.timer, when);
		ck_assert(timer_pending(&s.timer));
		ck_assert_uint_eq(timer_expire(&wheel, when - 1, 9), 0);
		ck_assert(timer_pending(&s.timer));
		ck_assert_uint_eq(timer_expire(&wheel, when + TIMER_TICK, 9),
		    1);
		ck_assert(!timer_pending(&s.timer));
		ck_assert_uint_eq(s.fired, when + TIMER_TICK);
		ck_assert_uint_eq(timer_expire(&wheel, when + YEAR, 9), 0);
	}
}
END_TEST

START_TEST(past)
{
	struct shot s;
	uint64_t ns, now = 100 * SEC;

	timer_wheel_init(&wheel, now);
	shot_init(&s);
	timer_add(&wheel, &s.timer, 0);
	ck_assert(timer_next(&wheel, now, &ns));
	ck_assert_uint_gt(ns, now - 1);
	ck_assert_uint_le(ns, now + TIMER_TICK);
	ck_assert_uint_eq(timer_expire(&wheel, ns, 9), 1);
}
END_TEST

START_TEST(never)
{
	struct shot s;
	uint64_t ns;

	timer_wheel_init(&wheel, 0);
	shot_init(&s);
	timer_add(&wheel, &s.timer, UINT64_MAX);
	ck_assert_uint_eq(timer_expire(&wheel, 580 * YEAR, 9), 0);
	ck_assert(timer_next(&wheel, 580 * YEAR, &ns));
	timer_del(&wheel, &s.timer);
	ck_assert(!timer_next(&wheel, 0, &ns));
	/* At the very end of time nothing may loop or overflow. */
	timer_wheel_init(&wheel, UINT64_MAX);
	timer_add(&wheel, &s.timer, UINT64_MAX);
	ck_assert(timer_next(&wheel, UINT64_MAX, &ns));
	ck_assert_uint_eq(timer_expire(&wheel, UINT64_MAX, 9), 1);
}
END_TEST

START_TEST(next_nonzero)
{
	struct shot s;
	uint64_t ns;

	timer_wheel_init(&wheel, 0);
	shot_init(&s);
	timer_add(&wheel, &s.timer, SEC);
	ck_assert_uint_eq(timer_expire(&wheel, 2 * SEC, 0), 0);
	ck_assert(timer_next(&wheel, 0, &ns));
	ck_assert_uint_eq(ns, 1);
}
END_TEST

START_TEST(move_and_del)
{
	struct shot s;

	timer_wheel_init(&wheel, 0);
	shot_init(&s);
	timer_del(&wheel, &s.timer);
	timer_add(&wheel, &s.timer, SEC);
	timer_add(&wheel, &s.timer, 3 * SEC);
	ck_assert_uint_eq(timer_expire(&wheel, 2 * SEC, 9), 0);
	timer_add(&wheel, &s.timer, 5 * SEC);
	ck_assert_uint_eq(timer_expire(&wheel, 4 * SEC, 9), 0);
	timer_del(&wheel, &s.timer);
	timer_del(&wheel, &s.timer);
	ck_assert(!timer_pending(&s.timer));
	ck_assert_uint_eq(timer_expire(&wheel, 9 * SEC, 9), 0);
}
END_TEST

/* Within one tick too; equal times as they were added. */
START_TEST(order)
{
	struct shot s[300];
	unsigned int i;

	timer_wheel_init(&wheel, 0);
	seq = 0;
	for (i = 0; i < 300; i++)
		shot_init(&s[i]);
	for (i = 0; i < 100; i++)
		timer_add(&wheel, &s[i].timer, SEC + 100 - i);
	for (i = 100; i < 200; i++)
		timer_add(&wheel, &s[i].timer, SEC + 200);
	for (i = 200; i < 300; i++)
		timer_add(&wheel, &s[i].timer, SEC * (i - 190));
	ck_assert_uint_eq(timer_expire(&wheel, YEAR, 1000), 300);
	for (i = 0; i < 300; i++)
		ck_assert_uint_eq(s[i].seq, i < 100 ? 100 - i : i + 1);
}
END_TEST

/* A tick that begins a higher slot is sorted as well. */
START_TEST(order_at_cascade)
{
	struct shot a, b;
	uint64_t tick = 64 * 64 * TIMER_TICK;

	timer_wheel_init(&wheel, 0);
	shot_init(&a);
	shot_init(&b);
	timer_add(&wheel, &a.timer, tick);
	timer_add(&wheel, &b.timer, tick - 1);
	seq = 0;
	ck_assert_uint_eq(timer_expire(&wheel, tick, 9), 2);
	ck_assert_uint_eq(b.seq, 1);
	ck_assert_uint_eq(a.seq, 2);
}
END_TEST

START_TEST(max_limits)
{
	struct shot s[10];
	uint64_t ns;
	unsigned int i;

	timer_wheel_init(&wheel, 0);
	for (i = 0; i < 10; i++) {
		shot_init(&s[i]);
		timer_add(&wheel, &s[i].timer, SEC + i);
	}
	ck_assert_uint_eq(timer_expire(&wheel, 2 * SEC, 4), 4);
	ck_assert(timer_next(&wheel, 2 * SEC, &ns));
	ck_assert_uint_eq(ns, 2 * SEC);
	ck_assert(timer_pending(&s[4].timer));
	timer_del(&wheel, &s[4].timer);
	timer_add(&wheel, &s[5].timer, 9 * SEC);
	/* The time goes backwards: what was due stays due. */
	ck_assert_uint_eq(timer_expire(&wheel, SEC, 0), 0);
	ck_assert_uint_eq(timer_expire(&wheel, SEC, 100), 4);
	ck_assert_uint_eq(s[4].count, 0);
	ck_assert_uint_eq(timer_expire(&wheel, 10 * SEC, 100), 1);
	ck_assert_uint_eq(s[5].count, 1);
}
END_TEST

/* Callbacks that meddle: with themselves, with others, with freed memory. */
static struct shot	*victim;

static void
again(void *arg, uint64_t now)
{
	struct shot *s = arg;

	shoot(s, now);
	timer_add(&wheel, &s->timer, now);
}

static void
kill_victim(void *arg, uint64_t now)
{
	shoot(arg, now);
	timer_del(&wheel, &victim->timer);
	free(victim);
	victim = NULL;
}

static void
die(void *arg, uint64_t now)
{
	(void)now;
	free(arg);
}

START_TEST(callbacks)
{
	struct shot s, killer, *self;

	timer_wheel_init(&wheel, 0);
	shot_init(&s);
	s.timer.fn = again;
	timer_add(&wheel, &s.timer, SEC);
	/* Once a call, however often it asks for now. */
	ck_assert_uint_eq(timer_expire(&wheel, 2 * SEC, SIZE_MAX), 1);
	ck_assert(timer_pending(&s.timer));
	ck_assert_uint_eq(timer_expire(&wheel, 3 * SEC, SIZE_MAX), 1);
	timer_del(&wheel, &s.timer);

	/* Both are due: the first removes and frees the second. */
	shot_init(&killer);
	killer.timer.fn = kill_victim;
	victim = malloc(sizeof(*victim));
	ck_assert_ptr_nonnull(victim);
	shot_init(victim);
	timer_add(&wheel, &victim->timer, 5 * SEC + 1);
	timer_add(&wheel, &killer.timer, 5 * SEC);
	ck_assert_uint_eq(timer_expire(&wheel, 6 * SEC, SIZE_MAX), 1);
	ck_assert_ptr_null(victim);

	self = malloc(sizeof(*self));
	ck_assert_ptr_nonnull(self);
	timer_init(&self->timer, die, self);
	timer_add(&wheel, &self->timer, 7 * SEC);
	ck_assert_uint_eq(timer_expire(&wheel, 8 * SEC, SIZE_MAX), 1);
	ck_assert_uint_eq(timer_expire(&wheel, 9 * SEC, SIZE_MAX), 0);
}
END_TEST

/* 5 timers for each of 65536 peers, then a year of suspend. */
START_TEST(jump)
{
	size_t i, n = 5 * 65536;
	struct shot *s;
	clock_t begin;

	s = calloc(n, sizeof(*s));
	ck_assert_ptr_nonnull(s);
	timer_wheel_init(&wheel, 0);
	begin = clock();
	for (i = 0; i < n; i++) {
		shot_init(&s[i]);
		timer_add(&wheel, &s[i].timer,
		    (uint64_t)random() % (600 * SEC));
	}
	ck_assert_uint_eq(timer_expire(&wheel, YEAR, SIZE_MAX), n);
	for (i = 0; i < 100000; i++)
		timer_expire(&wheel, YEAR + i * 3600 * SEC, SIZE_MAX);
	/* A wheel that steps each tick would take minutes. */
	ck_assert_int_lt((clock() - begin) / CLOCKS_PER_SEC, 20);
	free(s);
}
END_TEST

/*
 * The model: an array of who is set for when.  A step adds, moves or removes
 * a timer or lets time pass; the callbacks do the same again at times.
 */
struct model {
	struct timer	timer;
	uint64_t	when, added;
	bool		set;
};
static struct model	 model[MODEL_TIMERS];
static uint64_t		 model_now, model_add, last_when, last_added;
static uint64_t		 rng = 88172645463325252ULL;
static unsigned int	 fired, early, disorder, unset;

static uint64_t
rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng);
}

static void
model_touch(void)
{
	struct model *m = &model[rnd() % MODEL_TIMERS];

	if (rnd() % 4 == 0) {
		timer_del(&wheel, &m->timer);
		m->set = false;
		return;
	}
	/* Delays of all orders of magnitude. */
	m->when = model_now + (rnd() & (UINT64_MAX >> (16 + rnd() % 48)));
	if (rnd() % 16 == 0)
		m->when = model_now - rnd() % (model_now + 1);
	m->added = ++model_add;
	m->set = true;
	timer_add(&wheel, &m->timer, m->when);
}

static void
model_fire(void *arg, uint64_t now)
{
	struct model *m = arg;

	fired++;
	if (!m->set)
		unset++;
	if (m->when > now)
		early++;
	if (m->when < last_when ||
	    (m->when == last_when && m->added < last_added))
		disorder++;
	last_when = m->when;
	last_added = m->added;
	m->set = false;
	if (rnd() % 4 == 0)
		model_touch();
}

/* The first that is set, or UINT64_MAX. */
static uint64_t
model_first(void)
{
	uint64_t first = UINT64_MAX;
	size_t i;

	for (i = 0; i < MODEL_TIMERS; i++)
		if (model[i].set && model[i].when < first)
			first = model[i].when;
	return (first);
}

/* All that was set for a tick ago or longer must have fired. */
static void
model_turn(void)
{
	uint64_t first, ns, limit;
	bool any;

	first = model_first();
	any = timer_next(&wheel, model_now, &ns);
	if (any != (first != UINT64_MAX))
		ck_abort_msg("timer_next: %d", any);
	limit = first > model_now ? first : model_now;
	if (any && (ns < model_now || ns > limit + TIMER_TICK))
		ck_abort_msg("timer_next: %ju for %ju", (uintmax_t)ns,
		    (uintmax_t)first);
	if (any && rnd() % 2 == 0)
		model_now = ns;
	else
		model_now += rnd() & (UINT64_MAX >> (20 + rnd() % 44));
	last_when = last_added = 0;
	timer_expire(&wheel, model_now, SIZE_MAX);
	first = model_first();
	/* What a callback set for a past time waits for the next tick. */
	if (first < model_now && model_now - first >= TIMER_TICK) {
		last_when = last_added = 0;
		model_now += TIMER_TICK;
		timer_expire(&wheel, model_now, SIZE_MAX);
	}
}

START_TEST(random_model)
{
	unsigned int step, i;

	model_now = 1000 * SEC;
	timer_wheel_init(&wheel, model_now);
	for (i = 0; i < MODEL_TIMERS; i++)
		timer_init(&model[i].timer, model_fire, &model[i]);
	for (step = 0; step < MODEL_STEPS; step++) {
		if (rnd() % 8 != 0) {
			model_touch();
			continue;
		}
		model_turn();
		for (i = 0; i < MODEL_TIMERS; i++)
			if (timer_pending(&model[i].timer) != model[i].set)
				ck_abort_msg("step %u: timer %u", step, i);
		if (unset + early + disorder != 0)
			ck_abort_msg("step %u: %u unset, %u early, %u out of "
			    "order", step, unset, early, disorder);
		/* Keep clear of the end of time. */
		if (model_now > UINT64_MAX / 2) {
			model_now = 1000 * SEC;
			timer_wheel_init(&wheel, model_now);
			for (i = 0; i < MODEL_TIMERS; i++) {
				timer_init(&model[i].timer, model_fire,
				    &model[i]);
				model[i].set = false;
			}
		}
	}
	ck_assert_uint_gt(fired, MODEL_STEPS / 100);
}
END_TEST

/* Whoever sleeps until timer_next() fires everything on time. */
START_TEST(follow_next)
{
	uint64_t now, ns, end = 700 * SEC;
	struct shot s[500];
	unsigned int i, turns = 0;

	timer_wheel_init(&wheel, 3);
	for (i = 0; i < 500; i++) {
		shot_init(&s[i]);
		timer_add(&wheel, &s[i].timer, rnd() % end);
	}
	for (now = 3; timer_next(&wheel, now, &ns); now = ns, turns++)
		timer_expire(&wheel, ns, SIZE_MAX);
	for (i = 0; i < 500; i++) {
		ck_assert_uint_eq(s[i].count, 1);
		ck_assert_uint_ge(s[i].fired, s[i].timer.when);
		ck_assert_uint_le(s[i].fired - s[i].timer.when,
		    2 * TIMER_TICK);
	}
	ck_assert_uint_lt(turns, 5000);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("timer");
	TCase *tc = tcase_create("timer");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, empty);
	tcase_add_test(tc, exact);
	tcase_add_test(tc, past);
	tcase_add_test(tc, never);
	tcase_add_test(tc, next_nonzero);
	tcase_add_test(tc, move_and_del);
	tcase_add_test(tc, order);
	tcase_add_test(tc, order_at_cascade);
	tcase_add_test(tc, max_limits);
	tcase_add_test(tc, callbacks);
	tcase_add_test(tc, jump);
	tcase_add_test(tc, random_model);
	tcase_add_test(tc, follow_next);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("timer", suite()));
}
