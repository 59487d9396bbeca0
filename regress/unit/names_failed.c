/* SPDX-License-Identifier: ISC */
/*
 * Endpoints by name, and no answer, or none that helps: what works goes on,
 * and netd asks again, ever more rarely, until something has changed.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "names_play.h"

START_TEST(dead_dns)
{
	unsigned before;
	uint64_t i;

	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_SILENT, "");
	ck_assert_int_eq(names_state(&peer[0].user), NAME_SILENT);
	ck_assert_int_eq(last_state, NAME_SILENT);
	/* 5, 10, 20, ... up to 300 seconds. */
	for (i = 5; i <= 160; i *= 2) {
		before = asked;
		pass(i - 1);
		ck_assert_uint_eq(asked, before);
		pass(2);
		ck_assert_uint_eq(asked, before + 1);
		answer(last_id, RESOLVE_REFUSED, "");
	}
	ck_assert_int_eq(names_state(&peer[0].user), NAME_REFUSED);
	ck_assert_int_eq(last_state, NAME_REFUSED);
	for (i = 0; i < 3; i++) {
		before = asked;
		pass(299);
		ck_assert_uint_eq(asked, before);
		pass(2);
		ck_assert_uint_eq(asked, before + 1);
		answer(last_id, RESOLVE_NONE, "");
	}
	ck_assert_int_eq(names_state(&peer[0].user), NAME_UNKNOWN);
	/* It comes by itself: nothing is asked any more. */
	go(0, "192.0.2.1:9");
	names_heard(&peer[0].user);
	before = asked;
	pass(1000);
	ck_assert_uint_eq(asked, before);
	at_is(0, "192.0.2.1:9");
}
END_TEST

START_TEST(works_on)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	pass(100);
	names_silent(&names, &peer[0].user, now);
	answer(last_id, RESOLVE_SILENT, "");
	at_is(0, "192.0.2.1:1");
	pass(6);
	answer(last_id, RESOLVE_NONE, "");
	at_is(0, "192.0.2.1:1");
	ck_assert_int_eq(peer[0].used, 1);
	/* An old answer still does for who is new, when DNS is dead. */
	names_heard(&peer[0].user);
	pass(100);
	ck_assert_uint_eq(asked, 3);
}
END_TEST

START_TEST(no_answer)
{
	struct resolved a;
	uint32_t id;

	attach(0, "a.example", 1, false);
	id = last_id;
	pass(31);
	ck_assert_int_eq(names_state(&peer[0].user), NAME_SILENT);
	ck_assert_uint_eq(names.nasked, 0);
	memset(&a, 0, sizeof(a));
	a.status = RESOLVE_NONE;
	ck_assert_int_eq(names_answer(&names, id, &a, now), -1);
	ck_assert_int_eq(names_answer(&names, 12345, &a, now), -1);
	pass(6);
	ck_assert_uint_eq(asked, 2);
}
END_TEST

START_TEST(hurry)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_SILENT, "");
	pass(6);
	answer(last_id, RESOLVE_SILENT, "");
	pass(11);
	answer(last_id, RESOLVE_SILENT, "");
	ck_assert_uint_eq(asked, 3);
	names_hurry(&names, now);
	pass(2);
	ck_assert_uint_eq(asked, 4);
	answer(last_id, RESOLVE_SILENT, "");
	/* A storm of changes is no storm of questions. */
	names_hurry(&names, now);
	names_hurry(&names, now);
	pass(2);
	ck_assert_uint_eq(asked, 4);
	pass(4);
	ck_assert_uint_eq(asked, 5);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	pass(60);
	names_hurry(&names, now);
	pass(60);
	ck_assert_uint_eq(asked, 5);
}
END_TEST

/* The network changes while a question is under way. */
START_TEST(hurry_asked)
{
	int i;

	attach(0, "a.example", 1, false);
	for (i = 0; i < 7; i++) {
		answer(last_id, RESOLVE_SILENT, "");
		pass((i < 6 ? 5U << i : 300) + 1);
	}
	ck_assert_uint_eq(asked, 8);
	names_hurry(&names, now);
	answer(last_id, RESOLVE_SILENT, "");
	pass(6);
	ck_assert_uint_eq(asked, 9);
}
END_TEST

/* A reload asks for what failed, however short ago the network changed. */
START_TEST(reload)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_SILENT, "");
	pass(6);
	names_hurry(&names, now);
	answer(last_id, RESOLVE_NONE, "");
	pass(2);
	names_hurry(&names, now);
	names_reload(&names, now);
	/* Not before the name servers and hosts can be there. */
	ck_assert_uint_eq(asked, 2);
	/* One after the other does not put it off. */
	now += SECOND / 2;
	names_reload(&names, now);
	pass(1);
	ck_assert_uint_eq(asked, 3);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "192.0.2.1:1");
}
END_TEST

START_TEST(lost)
{
	char host[32];
	int i;

	for (i = 0; i < 40; i++) {
		snprintf(host, sizeof(host), "p%d.example", i);
		attach(i, host, 1, false);
	}
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	names_lose(&names);
	ck_assert_uint_eq(names.nasked, 0);
	asked = 0;
	for (i = 0; i < 40; i++)
		ck_assert_int_eq(names_state(&peer[i].user),
		    i == NAMES_ASKED - 1 ? NAME_OK : NAME_SILENT);
	pass(1000);
	names_silent(&names, &peer[0].user, now);
	names_silent(&names, &peer[NAMES_ASKED - 1].user, now);
	attach(50, "new.example", 1, false);
	names_hurry(&names, now);
	pass(1000);
	ck_assert_uint_eq(asked, 0);
	at_is(NAMES_ASKED - 1, "192.0.2.1:1");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("names_failed");
	TCase *tc = tcase_create("names_failed");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, dead_dns);
	tcase_add_test(tc, works_on);
	tcase_add_test(tc, no_answer);
	tcase_add_test(tc, hurry);
	tcase_add_test(tc, hurry_asked);
	tcase_add_test(tc, reload);
	tcase_add_test(tc, lost);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("names_failed", suite());
}
