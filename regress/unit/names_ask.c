/* SPDX-License-Identifier: ISC */
/*
 * Endpoints by name: when netd asks.  A name is asked once, only when somebody
 * wants an address, and not too many at a time.
 */
#include <sodium.h>
#include <stdio.h>

#include "names_play.h"

START_TEST(first)
{
	attach(0, "A.Example", 51820, false);
	ck_assert_uint_eq(asked, 1);
	ck_assert_str_eq(last_host, "a.example");
	ck_assert_int_eq(names_state(&peer[0].user), NAME_WAITING);
	ck_assert_int_eq(names_state(&peer[1].user), NAME_NONE);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "192.0.2.1:51820");
	ck_assert_int_eq(names_state(&peer[0].user), NAME_OK);
	/* Nothing more happens by itself. */
	pass(4000);
	ck_assert_uint_eq(asked, 1);
	ck_assert_int_eq(peer[0].used, 1);
}
END_TEST

START_TEST(shared_name)
{
	attach(0, "a.example", 1, false);
	attach(1, "a.example", 2, false);
	ck_assert_uint_eq(asked, 1);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "192.0.2.1:1");
	at_is(1, "192.0.2.1:2");
	attach(2, "A.EXAMPLE", 3, false);
	at_is(2, "192.0.2.1:3");
	ck_assert_uint_eq(asked, 1);
	/* Too old to be used unasked. */
	pass(61);
	attach(3, "a.example", 4, false);
	ck_assert_uint_eq(asked, 2);
	ck_assert_uint_eq(names.n, 1);
	names_detach(&names, &peer[0].user);
	names_detach(&names, &peer[1].user);
	names_detach(&names, &peer[2].user);
	names_detach(&names, &peer[3].user);
	names_detach(&names, &peer[3].user);
	ck_assert_uint_eq(names.n, 0);
	ck_assert_uint_eq(names.nasked, 0);
}
END_TEST

/* A failure is no trouble once nobody wants an address any more. */
START_TEST(not_wanted)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_SILENT, "");
	ck_assert_int_eq(names_state(&peer[0].user), NAME_SILENT);
	go(0, "192.0.2.1:9");
	names_heard(&peer[0].user);
	pass(6);
	ck_assert_int_eq(names_state(&peer[0].user), NAME_WAITING);
	ck_assert_uint_eq(asked, 1);
	/* It is heard while its question is under way. */
	attach(1, "b.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.2");
	pass(100);
	names_silent(&names, &peer[1].user, now);
	names_heard(&peer[1].user);
	answer(last_id, RESOLVE_NONE, "");
	ck_assert_int_eq(names_state(&peer[1].user), NAME_OK);
	pass(1000);
	ck_assert_uint_eq(asked, 3);
}
END_TEST

START_TEST(bounded)
{
	char host[32];
	uint32_t id;
	int i;

	for (i = 0; i < PEERS; i++) {
		snprintf(host, sizeof(host), "p%d.example", i);
		attach(i, host, 1, false);
	}
	ck_assert_uint_eq(asked, NAMES_ASKED);
	ck_assert_uint_eq(names.nasked, NAMES_ASKED);
	/* One that waits, and one that is asked, go away. */
	names_detach(&names, &peer[PEERS - 1].user);
	names_detach(&names, &peer[0].user);
	ck_assert_uint_eq(names.nasked, NAMES_ASKED - 1);
	for (id = 2; names.nasked > 0; id++)
		answer(id, RESOLVE_OK, "192.0.2.1");
	ck_assert_uint_eq(asked, PEERS - 1);
	for (i = 1; i < PEERS - 1; i++)
		at_is(i, "192.0.2.1:1");
}
END_TEST

/* Who waits is not forgotten if all that is under way is taken away. */
START_TEST(all_gone)
{
	char host[32];
	int i;

	for (i = 0; i < NAMES_ASKED + 2; i++) {
		snprintf(host, sizeof(host), "p%d.example", i);
		attach(i, host, 1, false);
	}
	for (i = 0; i < NAMES_ASKED; i++)
		names_detach(&names, &peer[i].user);
	ck_assert_uint_eq(names.nasked, 0);
	pass(1);
	ck_assert_uint_eq(asked, NAMES_ASKED + 2);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(NAMES_ASKED + 1, "192.0.2.1:1");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("names_ask");
	TCase *tc = tcase_create("names_ask");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, first);
	tcase_add_test(tc, shared_name);
	tcase_add_test(tc, not_wanted);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, all_gone);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("names_ask", suite());
}
