/* SPDX-License-Identifier: ISC */
/*
 * Names under way: servers that are silent, cannot be reached, refuse, or say
 * one thing of one family and another of the other.
 */
#include <ctype.h>
#include <string.h>
#include <sys/socket.h>

#include "dns_play.h"
#include "unit.h"

START_TEST(silence)
{
	unsigned i;

	servers(2);
	resolver_ask(&r, 1, "alice.example.net", now);
	pass(2000);
	ck_assert_uint_eq(nsent, 4);
	pass(2000);
	ck_assert_uint_eq(nsent, 6);
	pass(2000);
	ck_assert_uint_eq(nsent, 8);
	ck_assert_uint_eq(ndone, 0);
	pass(2000);
	ck_assert_uint_eq(nsent, 8);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_int_eq(last.status, RESOLVE_SILENT);
	ck_assert_uint_eq(nwanted, 1);
	for (i = 0; i < 8; i++)
		ck_assert_uint_eq(sent[i].server, i / 2 % 2);
	/* The second round in small letters. */
	for (i = 4; i < 8; i++)
		ck_assert_mem_eq(sent[i].msg + 12, "\5alice\7example\3net", 19);
	/* That is not kept. */
	resolver_ask(&r, 2, "alice.example.net", now);
	ck_assert_uint_eq(nsent, 10);
}
END_TEST

START_TEST(one_family_late)
{
	servers(2);
	resolver_ask(&r, 1, "a", now);
	reply(&sent[1], 0x8180, 1, 1, 300);
	pass(1900);
	ck_assert_uint_eq(ndone, 0);
	pass(100);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_uint_eq(last.n, 1);
	/* That there is none of one family is no answer yet. */
	resolver_ask(&r, 2, "b", now);
	reply(&sent[3], 0x8180, 0, 1, 300);
	pass(2000);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_uint_eq(nsent, 5);
	ck_assert_uint_eq(type_of(&sent[4]), DNS_AAAA);
	pass(8000);
	ck_assert_int_eq(last.status, RESOLVE_SILENT);
}
END_TEST

START_TEST(refusal)
{
	unsigned i;

	servers(2);
	resolver_ask(&r, 1, "a", now);
	for (i = 0; i < 8; i += 2) {
		ck_assert_uint_eq(nsent, i + 2);
		ck_assert_uint_eq(sent[i].server, i / 2 % 2);
		reply(&sent[i], 0x8185, 0, 0, 0);
		/* Twice, or of a server that it no longer waits for. */
		reply(&sent[i], 0x8185, 0, 0, 0);
		if (i > 0)
			reply(&sent[i - 1], 0x8182, 0, 0, 0);
		ck_assert_uint_eq(nsent, i + 2);
		ck_assert_uint_eq(ndone, 0);
		/* Both families: at once, and once only. */
		reply(&sent[i + 1], 0x8182, 0, 0, 0);
	}
	ck_assert_uint_eq(nsent, 8);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_int_eq(last.status, RESOLVE_REFUSED);
	/* It may be of a network that we have left. */
	ck_assert_uint_eq(nwanted, 1);
}
END_TEST

/* Without an address it is no answer, but it is counted. */
START_TEST(cut_short)
{
	servers(1);
	resolver_ask(&r, 1, "a", now);
	reply(&sent[0], 0x8380, 0, 0, 0);
	ck_assert_uint_eq(r.count.truncated, 1);
	reply(&sent[1], 0x8380, 1, 1, 300);
	ck_assert_uint_eq(r.count.truncated, 2);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_int_eq(last.status, RESOLVE_OK);
}
END_TEST

START_TEST(one_family_refused)
{
	servers(1);
	resolver_ask(&r, 1, "a", now);
	reply(&sent[0], 0x8185, 0, 0, 0);
	/* The other takes its time, and then nothing more is waited for. */
	now += SECOND;
	reply(&sent[1], 0x8180, 1, 1, 300);
	ck_assert_uint_eq(nsent, 2);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_int_eq(last.status, RESOLVE_OK);
	ck_assert_uint_eq(last.n, 1);
	ck_assert_uint_eq(r.count.drop_foreign, 0);
	/* The other has none: the next round is about the first alone. */
	resolver_ask(&r, 2, "b", now);
	reply(&sent[2], 0x8182, 0, 0, 0);
	reply(&sent[3], 0x8180, 0, 0, 0);
	ck_assert_uint_eq(nsent, 5);
	ck_assert_uint_eq(type_of(&sent[4]), DNS_AAAA);
	reply(&sent[4], 0x8182, 0, 0, 0);
	ck_assert_uint_eq(ndone, 2);
	ck_assert_int_eq(last.status, RESOLVE_REFUSED);
	/* The other is silent: both are asked again. */
	resolver_ask(&r, 3, "c", now);
	reply(&sent[5], 0x8185, 0, 0, 0);
	pass(2000);
	ck_assert_uint_eq(nsent, 9);
	reply(&sent[7], 0x8185, 0, 0, 0);
	reply(&sent[6], 0x8180, 1, 1, 300);
	ck_assert_uint_eq(ndone, 3);
	ck_assert_int_eq(last.status, RESOLVE_OK);
}
END_TEST

/* Some servers say so of AAAA, though there is an A (RFC 4074, 4.2). */
START_TEST(one_family_unknown)
{
	servers(1);
	resolver_ask(&r, 1, "a", now);
	reply(&sent[0], 0x8183, 0, 0, 0);
	ck_assert_uint_eq(ndone, 0);
	reply(&sent[1], 0x8180, 1, 1, 300);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_int_eq(last.status, RESOLVE_OK);
	ck_assert_uint_eq(last.at[0].family, AF_INET);
	/* Without a word of the other it is the answer in the end. */
	resolver_ask(&r, 2, "b", now);
	reply(&sent[3], 0x8183, 0, 0, 0);
	pass(2000);
	ck_assert_uint_eq(nsent, 5);
	ck_assert_uint_eq(type_of(&sent[4]), DNS_AAAA);
	pass(2000);
	ck_assert_uint_eq(ndone, 2);
	ck_assert_int_eq(last.status, RESOLVE_NONE);
}
END_TEST

START_TEST(old_server)
{
	unsigned i;
	size_t with;

	servers(1);
	resolver_ask(&r, 1, "a", now);
	with = sent[0].len;
	reply(&sent[0], 0x8181, 0, 0, 0);
	reply(&sent[1], 0x8184, 0, 0, 0);
	ck_assert_uint_eq(nsent, 4);
	ck_assert_uint_eq(sent[2].len, with - 11);
	ck_assert_uint_eq(sent[3].len, with - 11);
	reply(&sent[2], 0x8180, 1, 1, 300);
	reply(&sent[3], 0x8180, 1, 1, 300);
	ck_assert_int_eq(last.status, RESOLVE_OK);
	resolver_ask(&r, 2, "b", now);
	ck_assert_uint_eq(sent[4].len, with - 11);
	/* It goes on saying so: then it refuses. */
	for (i = 4; i < 8; i++)
		reply(&sent[i], 0x8181, 0, 0, 0);
	ck_assert_int_eq(last.status, RESOLVE_REFUSED);
}
END_TEST

START_TEST(case_changed)
{
	struct sent s;
	size_t i;

	servers(1);
	resolver_ask(&r, 1, "abcdefghijklmnopqrstuvwxyz", now);
	s = sent[1];
	for (i = 13; s.msg[i] != 0; i++)
		s.msg[i] = (uint8_t)tolower(s.msg[i]);
	reply(&s, 0x8180, 1, 1, 300);
	ck_assert_uint_eq(ndone, 0);
	ck_assert_uint_eq(r.count.drop_foreign, 1);
	pass(2000);
	reply(&s, 0x8180, 1, 1, 300);
	pass(2000);
	ck_assert_int_eq(last.status, RESOLVE_OK);
}
END_TEST

START_TEST(unreachable_servers)
{
	servers(3);
	unreachable[0] = true;
	resolver_ask(&r, 1, "a", now);
	ck_assert_uint_eq(nsent, 2);
	ck_assert_uint_eq(sent[0].server, 1);
	/* Its host says that nobody listens. */
	resolver_failed(&r, 1, now);
	ck_assert_uint_eq(nsent, 4);
	ck_assert_uint_eq(sent[2].server, 2);
	resolver_failed(&r, 1, now);
	ck_assert_uint_eq(nsent, 4);
	unreachable[1] = unreachable[2] = true;
	resolver_failed(&r, 2, now);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_int_eq(last.status, RESOLVE_SILENT);
	ck_assert_uint_eq(nwanted, 1);
}
END_TEST

/* Even with the right id: whoever answers must have been asked. */
START_TEST(not_asked)
{
	struct sent s;

	servers(3);
	resolver_ask(&r, 1, "a", now);
	s = sent[1];
	s.server = 1;
	reply(&s, 0x8183, 0, 0, 0);
	reply(&s, 0x8180, 1, 66, 300);
	ck_assert_uint_eq(r.count.drop_foreign, 2);
	ck_assert_uint_eq(r.best, 0);
	pass(2000);
	/* Now it was; and the first one is late, but welcome. */
	ck_assert_uint_eq(sent[2].server, 1);
	reply(&sent[2], 0x8180, 1, 1, 300);
	reply(&sent[1], 0x8180, 1, 2, 300);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_uint_eq(last.n, 2);
	/* Another server of that number is another one. */
	resolver_ask(&r, 2, "b", now);
	pass(2000);
	s = sent[nsent - 1];
	resolver_reset(&r, now);
	servers(2);
	ck_assert_uint_eq(s.server, 1);
	ck_assert_uint_eq(r.n, 1);
	reply(&s, 0x8180, 1, 66, 300);
	ck_assert_uint_eq(ndone, 1);
}
END_TEST

/* The first of the new servers is not the last. */
START_TEST(first_unreachable)
{
	servers(1);
	resolver_ask(&r, 1, "a", now);
	resolver_reset(&r, now);
	unreachable[0] = true;
	servers(1);
	now += SECOND / 1000;
	resolver_tick(&r, now);
	servers(1);
	ck_assert_uint_eq(ndone, 0);
	pass(100);
	ck_assert_uint_eq(nsent, 4);
	ck_assert_uint_eq(sent[2].server, 1);
	reply(&sent[2], 0x8180, 1, 1, 300);
	reply(&sent[3], 0x8180, 1, 1, 300);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_int_eq(last.status, RESOLVE_OK);
}
END_TEST

/* Nor is it for who asks when it is there, and the others are not yet. */
START_TEST(asked_while_they_come)
{
	servers(1);
	resolver_reset(&r, now);
	unreachable[0] = true;
	servers(1);
	resolver_ask(&r, 1, "a", now);
	now += SECOND / 1000;
	servers(1);
	ck_assert_uint_eq(ndone + nsent, 0);
	pass(100);
	ck_assert_uint_eq(nsent, 2);
	ck_assert_uint_eq(sent[0].server, 1);
	ck_assert_uint_eq(r.count.timeouts, 0);
	reply(&sent[0], 0x8180, 1, 1, 300);
	reply(&sent[1], 0x8180, 1, 1, 300);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_int_eq(last.status, RESOLVE_OK);
	/* Later they are all there, and nobody waits. */
	resolver_ask(&r, 2, "b", now);
	ck_assert_uint_eq(nsent, 4);
}
END_TEST

/* Three silent servers are asked for longer than it takes to get others. */
START_TEST(silent_again)
{
	int i;

	servers(3);
	resolver_ask(&r, 1, "a", now);
	for (i = 0; i < 3; i++) {
		pass(9900);
		ck_assert_uint_eq(ndone, i == 2);
		resolver_reset(&r, now);
		servers(3);
	}
	ck_assert_uint_eq(r.n, 0);
	ck_assert_int_eq(last.status, RESOLVE_SILENT);
	/* An old one is glad of a good server, too. */
	resolver_ask(&r, 2, "b", now);
	pass(9900);
	resolver_reset(&r, now);
	servers(3);
	pass(10200);
	resolver_reset(&r, now);
	servers(1);
	nsent = 0;
	pass(2000);
	/* There are fewer than before: it has asked them often enough. */
	ck_assert_uint_eq(nsent, 0);
	ck_assert_uint_eq(ndone, 2);
	resolver_ask(&r, 3, "c", now);
	pass(100);
	resolver_reset(&r, now);
	servers(4);
	pass(5000);
	r.list.tqh_first->born -= 20 * SECOND;
	resolver_reset(&r, now);
	servers(4);
	nsent = 0;
	pass(2000);
	ck_assert_uint_ge(nsent, 2);
	reply(&sent[0], 0x8180, 1, 1, 300);
	reply(&sent[1], 0x8180, 1, 1, 300);
	ck_assert_uint_eq(ndone, 3);
	ck_assert_int_eq(last.status, RESOLVE_OK);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dns_trouble");
	TCase *tc = tcase_create("dns_trouble");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, silence);
	tcase_add_test(tc, one_family_late);
	tcase_add_test(tc, refusal);
	tcase_add_test(tc, cut_short);
	tcase_add_test(tc, one_family_refused);
	tcase_add_test(tc, one_family_unknown);
	tcase_add_test(tc, old_server);
	tcase_add_test(tc, case_changed);
	tcase_add_test(tc, unreachable_servers);
	tcase_add_test(tc, not_asked);
	tcase_add_test(tc, first_unreachable);
	tcase_add_test(tc, asked_while_they_come);
	tcase_add_test(tc, silent_again);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("dns_trouble", suite());
}
