/* SPDX-License-Identifier: ISC */
/*
 * The few sources of messages with a wrong mac1.
 */
#include <string.h>

#include "netd/badmac.h"
#include "unit.h"

#define SECOND	1000000000ULL

/* Each time from another port. */
static void
note(struct badmac *b, uint8_t host, uint64_t when)
{
	static uint16_t port = 1;
	struct endpoint e;

	memset(&e, 0, sizeof(e));
	e.family = AF_INET;
	e.addr[0] = 192;
	e.addr[3] = host;
	e.port = port++;
	badmac_note(b, &e, when);
}

START_TEST(sampled)
{
	struct badmac b;
	uint64_t now = 5 * SECOND;
	int i, due = 0;

	memset(&b, 0, sizeof(b));
	for (i = 0; i < 100000; i++, now += 10000)	/* for one second */
		due += badmac_is_due(&b, now);
	ck_assert_int_le(due, 2 * BADMAC_RATE);
	ck_assert_int_ge(due, BADMAC_RATE);
	ck_assert(badmac_is_due(&b, now + 2 * SECOND));
}
END_TEST

START_TEST(sources)
{
	struct badmac b;
	uint8_t i;

	memset(&b, 0, sizeof(b));
	for (i = 1; i <= BADMAC_SOURCES; i++)
		note(&b, i, 100 + i);
	note(&b, 1, 200);
	for (i = 0; i < BADMAC_SOURCES; i++)
		ck_assert_uint_eq(b.source[i].count, i == 0 ? 2 : 1);
	ck_assert_uint_eq(b.source[0].last, 200);
	/* The one that was silent the longest goes. */
	note(&b, 99, 201);
	ck_assert_uint_eq(b.source[1].at.addr[3], 99);
	ck_assert_uint_eq(b.source[1].count, 1);
	ck_assert_uint_eq(b.source[0].at.addr[3], 1);
	note(&b, 98, 202);
	ck_assert_uint_eq(b.source[2].at.addr[3], 98);
}
END_TEST

/* The wall clock was set: who came last is not who goes first. */
START_TEST(clock_set)
{
	static const uint64_t wall[] = { 1600000000, 1900000000, 1700000110 };
	uint64_t now = 5000 * SECOND;
	struct badmac b;
	uint8_t i;

	memset(&b, 0, sizeof(b));
	for (i = 1; i <= BADMAC_SOURCES; i++, now += SECOND) {
		ck_assert(badmac_is_due(&b, now));
		note(&b, i, 1800000000 + i);
	}
	for (i = 0; i < 3; i++, now += 10 * SECOND) {
		ck_assert(badmac_is_due(&b, now));
		note(&b, 101 + i, wall[i]);
		ck_assert_uint_eq(b.source[i].at.addr[3], 101 + i);
	}
	/* Ages are right by whatever it shows. */
	ck_assert_uint_eq(badmac_last(&b.source[2], now, 1700000120),
	    1700000110);
	ck_assert_uint_eq(badmac_last(&b.source[0], now, 1700000120),
	    1700000120 - 30);
	ck_assert_uint_eq(badmac_last(&b.source[0], now, 1500000000),
	    1500000000 - 30);
	/* The last of the first eight, a second before the three. */
	ck_assert_uint_eq(badmac_last(&b.source[7], now, 1700000120),
	    1700000120 - 31);
	ck_assert_uint_eq(badmac_last(&b.source[7], now, 5), 1);
	/* What it is sampled with, or a leap second, is no reason. */
	ck_assert_uint_eq(badmac_last(&b.source[2], now - SECOND / 2,
	    1700000120), 1700000110);
	ck_assert_uint_eq(badmac_last(&b.source[2], now, 1700000121),
	    1700000110);
	/* The window began late in a second, and ended late in the next. */
	memset(&b, 0, sizeof(b));
	now = 5000 * SECOND + SECOND / 10 * 9;
	ck_assert(badmac_is_due(&b, now));
	note(&b, 1, 1700000002);
	now = 5002 * SECOND;
	ck_assert_uint_eq(badmac_last(&b.source[0], now, 1700000002),
	    1700000002);
	/* More than that it was set. */
	ck_assert_uint_eq(badmac_last(&b.source[0], now, 1700000001),
	    1700000002 - 3);
}
END_TEST

START_TEST(others_stay_free)
{
	struct badmac b;

	memset(&b, 0, sizeof(b));
	note(&b, 1, 1);
	note(&b, 2, 2);
	ck_assert_uint_eq(b.source[0].at.addr[3], 1);
	ck_assert_uint_eq(b.source[1].at.addr[3], 2);
	ck_assert_uint_eq(b.source[2].at.family, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("badmac");
	TCase *tc = tcase_create("badmac");

	tcase_add_test(tc, sampled);
	tcase_add_test(tc, sources);
	tcase_add_test(tc, clock_set);
	tcase_add_test(tc, others_stay_free);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("badmac", suite());
}
