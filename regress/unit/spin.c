/* SPDX-License-Identifier: ISC */
/*
 * The short wait before a sleep: it begins only where answers have come in
 * time before, stops when they do not, ends by itself, and never happens
 * with one CPU.
 */
#include <sched.h>

#include "shared/spin.h"
#include "unit.h"

#define US	1000ULL

static struct spin	s;
static uint64_t		now;

static void
setup(void)
{
	spin_init(&s);
	s.able = true;
	now = 1000000000;
}

/* Work of a kind, then a wait that lasts so long; did it look on? */
static bool
turn(enum spin_after kind, uint64_t wait)
{
	bool looked;

	spin_work(&s, kind, now);
	now += 5 * US;
	looked = spin_wait(&s, now);
	now += wait;
	return looked;
}

START_TEST(learns)
{
	int i;

	for (i = 0; !turn(SPIN_INBOUND, 10 * US); i++)
		ck_assert_int_lt(i, 20);
	/* Not by one lucky hit. */
	ck_assert_int_gt(i, 3);
	/* Of the other kind nothing is known. */
	ck_assert(!turn(SPIN_OUTBOUND, 1000 * US));
	ck_assert(turn(SPIN_INBOUND, 10 * US));
	for (i = 0; i < 100; i++)
		ck_assert(turn(SPIN_INBOUND, 10 * US));
	/* A few misses end it, and one hit does not bring it back. */
	for (i = 0; turn(SPIN_INBOUND, 1000 * US); i++)
		ck_assert_int_lt(i, 6);
	ck_assert(!turn(SPIN_INBOUND, 10 * US));
	ck_assert(!turn(SPIN_INBOUND, 10 * US));
}
END_TEST

/* A ping's two halves: the answer at once, the next one in a second. */
START_TEST(two_kinds)
{
	uint64_t looked = 0;
	int i;

	for (i = 0; i < 100; i++) {
		looked += turn(SPIN_INBOUND, 20 * US) ? 1 : 0;
		ck_assert(!turn(SPIN_OUTBOUND, 1000000 * US));
	}
	ck_assert_uint_gt(looked, 85);
}
END_TEST

START_TEST(half_the_time)
{
	int i, looked = 0;

	for (i = 0; i < 1000; i++)
		looked += turn(SPIN_INBOUND, i % 2 == 0 ? 10 * US :
		    1000 * US) ? 1 : 0;
	ck_assert_int_lt(looked, 100);
}
END_TEST

START_TEST(bounded)
{
	int i;

	for (i = 0; i < 20; i++)
		turn(SPIN_INBOUND, 10 * US);
	spin_work(&s, SPIN_INBOUND, now);
	ck_assert(spin_wait(&s, now));
	ck_assert(spin_wait(&s, now + SPIN_NS - 1));
	ck_assert(!spin_wait(&s, now + SPIN_NS));
	/* Nor does a turn without work begin another. */
	ck_assert(!spin_wait(&s, now + SPIN_NS + 5 * US));
	ck_assert(!spin_wait(&s, now + 1000 * US));
	/* Nothing came yet, so there is nothing to wait after. */
	spin_init(&s);
	ck_assert(!spin_wait(&s, now));
}
END_TEST

START_TEST(one_cpu)
{
	cpu_set_t all, one;
	int i, cpu;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	for (cpu = 0; !CPU_ISSET(cpu, &all); cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	spin_init(&s);
	ck_assert(!s.able);
	for (i = 0; i < 100; i++)
		ck_assert(!turn(SPIN_INBOUND, 1 * US));
	ck_assert_int_eq(sched_setaffinity(0, sizeof(all), &all), 0);
	spin_init(&s);
	ck_assert(s.able == (CPU_COUNT(&all) > 1));
}
END_TEST

/* One packet alone is worth a longer look, and is learnt about apart. */
START_TEST(lone)
{
	int i;

	for (i = 0; i < 100; i++) {
		spin_work(&s, SPIN_INBOUND, now);
		spin_did(&s, 1);
		spin_wait(&s, now);
		now += SPIN_LONE_NS - 1;
	}
	spin_work(&s, SPIN_INBOUND, now);
	spin_did(&s, 1);
	ck_assert(spin_wait(&s, now));
	ck_assert(spin_wait(&s, now + SPIN_LONE_NS - 1));
	ck_assert(!spin_wait(&s, now + SPIN_LONE_NS));
	now += SPIN_LONE_NS - 1;
	spin_work(&s, SPIN_INBOUND, now);
	spin_did(&s, 2);
	ck_assert(!spin_wait(&s, now));
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("spin");
	TCase *tc = tcase_create("spin");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, learns);
	tcase_add_test(tc, two_kinds);
	tcase_add_test(tc, lone);
	tcase_add_test(tc, half_the_time);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, one_cpu);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return unit_run("spin", suite());
}
