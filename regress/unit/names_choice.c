/* SPDX-License-Identifier: ISC */
/*
 * Endpoints by name: which address of an answer is taken, when it is the next
 * one's turn, and what is left where it is.
 */
#include <sodium.h>

#include "names_play.h"

START_TEST(families)
{
	has_v6 = false;
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "2001:db8::1 192.0.2.1");
	at_is(0, "192.0.2.1:1");
	has_v6 = true;
	attach(1, "a.example", 1, false);
	at_is(1, "[2001:db8::1]:1");
	/* No socket at all: it may come yet. */
	has_v4 = has_v6 = false;
	attach(2, "a.example", 1, false);
	at_is(2, "[2001:db8::1]:1");
}
END_TEST

START_TEST(unusable)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "0.0.0.0 224.0.0.1 255.255.255.255 :: "
	    "ff02::1 fe80::1 ::ffff:192.0.2.1 169.254.1.2");
	ck_assert_int_eq(names_state(&peer[0].user), NAME_UNKNOWN);
	ck_assert_int_eq(peer[0].used, 0);
	pass(6);
	answer(last_id, RESOLVE_OK, "fe80::1 127.0.0.1");
	at_is(0, "127.0.0.1:1");
	/* Linux routes these. */
	attach(1, "b.example", 1, false);
	answer(last_id, RESOLVE_OK, "240.0.0.1");
	at_is(1, "240.0.0.1:1");
	/* What is beside what the parent keeps from it. */
	attach(2, "c.example", 1, false);
	answer(last_id, RESOLVE_OK, "169.254.255.255 169.253.255.255");
	at_is(2, "169.253.255.255:1");
	attach(3, "d.example", 1, false);
	answer(last_id, RESOLVE_OK, "169.254.0.0 169.255.0.0");
	at_is(3, "169.255.0.0:1");
}
END_TEST

/* What is there twice must not be the next one of itself. */
START_TEST(twice)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1 192.0.2.1 192.0.2.2");
	at_is(0, "192.0.2.1:1");
	ck_assert(names_next(&names, &peer[0].user, now));
	at_is(0, "192.0.2.2:1");
	ck_assert(!names_next(&names, &peer[0].user, now));
}
END_TEST

START_TEST(heard_first)
{
	attach(0, "a.example", 1, false);
	/* A session from before a restart comes back: it is there. */
	go(0, "198.51.100.7:9");
	names_heard(&peer[0].user);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "198.51.100.7:9");
	/* But what was changed by hand is meant so. */
	attach(0, "b.example", 2, true);
	names_heard(&peer[0].user);
	answer(last_id, RESOLVE_OK, "192.0.2.2");
	at_is(0, "192.0.2.2:2");
	attach(0, "b.example", 3, true);
	names_heard(&peer[0].user);
	at_is(0, "192.0.2.2:3");
	ck_assert_uint_eq(asked, 2);
	/* The same once more is no change. */
	go(0, "198.51.100.7:9");
	attach(0, "b.example", 3, true);
	at_is(0, "198.51.100.7:9");
	ck_assert_uint_eq(asked, 2);
}
END_TEST

START_TEST(moved)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	names_heard(&peer[0].user);
	pass(5);
	/* Too soon after the last question. */
	names_silent(&names, &peer[0].user, now);
	ck_assert_uint_eq(asked, 1);
	pass(26);
	names_silent(&names, &peer[0].user, now);
	names_silent(&names, &peer[0].user, now);
	ck_assert_uint_eq(asked, 2);
	answer(last_id, RESOLVE_OK, "192.0.2.9");
	at_is(0, "192.0.2.9:1");
	names_heard(&peer[0].user);
	/* The same answer changes nothing, a new one that is late neither. */
	pass(31);
	names_silent(&names, &peer[0].user, now);
	ck_assert_uint_eq(asked, 3);
	answer(last_id, RESOLVE_OK, "192.0.2.9");
	ck_assert_int_eq(peer[0].used, 2);
	pass(31);
	names_silent(&names, &peer[0].user, now);
	names_heard(&peer[0].user);
	answer(last_id, RESOLVE_OK, "192.0.2.10");
	at_is(0, "192.0.2.9:1");
}
END_TEST

START_TEST(roamed_away)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	go(0, "198.51.100.7:9");
	names_heard(&peer[0].user);
	pass(100);
	at_is(0, "198.51.100.7:9");
	/* It may have been one lost packet. */
	names_silent(&names, &peer[0].user, now);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "198.51.100.7:9");
	names_heard(&peer[0].user);
	pass(5);
	names_silent(&names, &peer[0].user, now);
	at_is(0, "198.51.100.7:9");
	pass(5);
	names_silent(&names, &peer[0].user, now);
	at_is(0, "192.0.2.1:1");
	ck_assert_uint_eq(asked, 2);
	/* There, from another port, where it is no longer. */
	go(0, "192.0.2.1:9");
	names_heard(&peer[0].user);
	pass(100);
	names_silent(&names, &peer[0].user, now);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "192.0.2.1:1");
}
END_TEST

/* A dead peer that has the name, too, asks all the questions. */
START_TEST(roamed_beside_a_dead_one)
{
	int i;

	attach(0, "a.example", 1, false);
	attach(1, "a.example", 2, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	go(1, "192.0.2.1:9");
	names_heard(&peer[1].user);
	pass(100);
	for (i = 0; i < 2; i++) {
		at_is(1, "192.0.2.1:9");
		names_silent(&names, &peer[0].user, now);
		if (i == 0)
			answer(last_id, RESOLVE_OK, "192.0.2.1");
		names_silent(&names, &peer[1].user, now);
		pass(5);
	}
	at_is(1, "192.0.2.1:2");
	ck_assert_uint_eq(asked, 2);
}
END_TEST

START_TEST(rotates)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "2001:db8::1 192.0.2.1 192.0.2.2");
	at_is(0, "[2001:db8::1]:1");
	pass(5);
	names_silent(&names, &peer[0].user, now);
	at_is(0, "[2001:db8::1]:1");
	pass(5);
	names_silent(&names, &peer[0].user, now);
	at_is(0, "192.0.2.1:1");
	pass(10);
	names_silent(&names, &peer[0].user, now);
	at_is(0, "192.0.2.2:1");
	ck_assert_uint_eq(asked, 1);
	pass(10);
	names_silent(&names, &peer[0].user, now);
	at_is(0, "[2001:db8::1]:1");
	ck_assert_uint_eq(asked, 2);
	/* It was just changed: the answer leaves it. */
	answer(last_id, RESOLVE_OK, "192.0.2.1 2001:db8::1");
	at_is(0, "[2001:db8::1]:1");
	ck_assert(last_again);
	/* What cannot be sent to is left at once, and not tried again. */
	ck_assert(names_next(&names, &peer[0].user, now));
	at_is(0, "192.0.2.1:1");
	pass(10);
	names_silent(&names, &peer[0].user, now);
	at_is(0, "192.0.2.1:1");
	ck_assert(!names_next(&names, &peer[0].user, now));
	/* Other routes, another try. */
	names_hurry(&names, now);
	ck_assert(names_next(&names, &peer[0].user, now));
	at_is(0, "[2001:db8::1]:1");
	go(0, "198.51.100.7:9");
	ck_assert(!names_next(&names, &peer[0].user, now));
	ck_assert(!names_next(&names, &peer[1].user, now));
	at_is(0, "198.51.100.7:9");
}
END_TEST

/* One lost handshake is no reason to go where there is no socket. */
START_TEST(one_family)
{
	has_v6 = false;
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1 2001:db8::1");
	at_is(0, "192.0.2.1:1");
	ck_assert(!names_next(&names, &peer[0].user, now));
	at_is(0, "192.0.2.1:1");
	/* Nor are ten silent seconds. */
	pass(10);
	names_silent(&names, &peer[0].user, now);
	at_is(0, "192.0.2.1:1");
	pass(10);
	names_silent(&names, &peer[0].user, now);
	at_is(0, "192.0.2.1:1");
}
END_TEST

/* A new port of a known address is used at once, whenever DNS may answer. */
START_TEST(new_port)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1 192.0.2.2");
	ck_assert(names_next(&names, &peer[0].user, now));
	at_is(0, "192.0.2.2:1");
	names_heard(&peer[0].user);
	pass(61);
	attach(0, "a.example", 2, true);
	at_is(0, "192.0.2.2:2");
	ck_assert(!last_again);
	ck_assert_uint_eq(asked, 2);
	answer(last_id, RESOLVE_SILENT, "");
	/* The answer still counts, though it is heard from the old port. */
	go(0, "192.0.2.2:1");
	names_heard(&peer[0].user);
	pass(6);
	ck_assert_uint_eq(asked, 3);
	answer(last_id, RESOLVE_OK, "192.0.2.2");
	at_is(0, "192.0.2.2:2");
	/* Where it roamed to is no address of the name: that waits. */
	names_heard(&peer[0].user);
	pass(61);
	go(0, "198.51.100.7:2");
	attach(0, "a.example", 3, true);
	at_is(0, "198.51.100.7:2");
	answer(last_id, RESOLVE_OK, "192.0.2.9");
	at_is(0, "192.0.2.9:3");
	/* A peer that comes back is where it was heard. */
	names_detach(&names, &peer[0].user);
	attach(1, "a.example", 4, false);
	answer(last_id, RESOLVE_OK, "192.0.2.9");
	pass(61);
	go(2, "192.0.2.9:7");
	attach(2, "a.example", 4, false);
	at_is(2, "192.0.2.9:7");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("names_choice");
	TCase *tc = tcase_create("names_choice");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, families);
	tcase_add_test(tc, unusable);
	tcase_add_test(tc, twice);
	tcase_add_test(tc, heard_first);
	tcase_add_test(tc, moved);
	tcase_add_test(tc, roamed_away);
	tcase_add_test(tc, roamed_beside_a_dead_one);
	tcase_add_test(tc, rotates);
	tcase_add_test(tc, one_family);
	tcase_add_test(tc, new_port);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("names_choice", suite());
}
