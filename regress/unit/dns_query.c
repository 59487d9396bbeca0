/* SPDX-License-Identifier: ISC */
/*
 * Names under way: servers that answer, both families, the cache, limits.
 */
#include <string.h>
#include <sys/socket.h>

#include "dns_play.h"
#include "shared/bytes.h"
#include "unit.h"

START_TEST(both_families)
{
	servers(1);
	resolver_ask(&r, 7, "alice.example.net", now);
	ck_assert_uint_eq(nsent, 2);
	ck_assert_uint_eq(type_of(&sent[0]), DNS_AAAA);
	ck_assert_uint_eq(type_of(&sent[1]), DNS_A);
	ck_assert(get_be16(sent[0].msg) != get_be16(sent[1].msg));
	reply(&sent[1], 0x8180, 2, 1, 300);
	ck_assert_uint_eq(ndone, 0);
	reply(&sent[0], 0x8180, 2, 1, 100);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_uint_eq(done_id, 7);
	ck_assert_int_eq(last.status, RESOLVE_OK);
	ck_assert_uint_eq(last.n, 4);
	ck_assert_uint_eq(last.ttl, 100);
	/* By turns, IPv6 first. */
	ck_assert_uint_eq(last.at[0].family, AF_INET6);
	ck_assert_uint_eq(last.at[1].family, AF_INET);
	ck_assert_uint_eq(last.at[2].family, AF_INET6);
	ck_assert_uint_eq(last.at[3].addr[3], 2);
	ck_assert(!resolver_next(&r, &now));
	/* A copy of it is nobody's any more. */
	reply(&sent[1], 0x8180, 2, 1, 300);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_uint_eq(r.count.drop_foreign, 1);
}
END_TEST

START_TEST(sixteen)
{
	servers(1);
	resolver_ask(&r, 1, "a", now);
	reply(&sent[0], 0x8180, 30, 1, 300);
	reply(&sent[1], 0x8180, 3, 1, 1);
	ck_assert_uint_eq(last.n, RESOLVE_ADDRS_MAX);
	ck_assert_uint_eq(last.at[5].family, AF_INET);
	ck_assert_uint_eq(last.at[15].family, AF_INET6);
	ck_assert_uint_eq(last.ttl, TTL_MIN);
	resolver_ask(&r, 2, "b", now);
	reply(&sent[2], 0x8180, 1, 1, 1000000);
	reply(&sent[3], 0x8180, 0, 1, 1);
	ck_assert_uint_eq(last.n, 1);
	ck_assert_uint_eq(last.ttl, TTL_MAX);
}
END_TEST

START_TEST(nothing)
{
	servers(2);
	resolver_ask(&r, 1, "a", now);
	reply(&sent[0], 0x8180, 0, 1, 300);
	reply(&sent[1], 0x8180, 0, 1, 300);
	ck_assert_int_eq(last.status, RESOLVE_NONE);
	ck_assert_uint_eq(last.n, 0);
	resolver_ask(&r, 2, "b", now);
	reply(&sent[2], 0x8183, 0, 1, 300);
	reply(&sent[3], 0x8183, 0, 1, 300);
	ck_assert_uint_eq(ndone, 2);
	ck_assert_int_eq(last.status, RESOLVE_NONE);
	/* Known for half a minute. */
	resolver_ask(&r, 3, "B", now);
	ck_assert_uint_eq(ndone, 3);
	ck_assert_uint_eq(nsent, 4);
	now += 31 * SECOND;
	resolver_ask(&r, 4, "b", now);
	ck_assert_uint_eq(nsent, 6);
	/* Others may know it, or the file of hosts by now. */
	ck_assert_uint_eq(nwanted, 3);
}
END_TEST

START_TEST(second_server)
{
	servers(3);
	resolver_ask(&r, 1, "a", now);
	pass(2000);
	ck_assert_uint_eq(sent[2].server, 1);
	reply(&sent[2], 0x8180, 1, 1, 300);
	reply(&sent[3], 0x8180, 1, 1, 300);
	ck_assert_int_eq(last.status, RESOLVE_OK);
	/* It answered last: it is asked first. */
	resolver_ask(&r, 2, "b", now);
	ck_assert_uint_eq(sent[4].server, 1);
	pass(2000);
	ck_assert_uint_eq(sent[6].server, 2);
	pass(2000);
	ck_assert_uint_eq(sent[8].server, 0);
	/* A late answer of the first is one. */
	reply(&sent[4], 0x8180, 1, 1, 300);
	reply(&sent[9], 0x8180, 1, 1, 300);
	ck_assert_uint_eq(ndone, 2);
	ck_assert_int_eq(last.status, RESOLVE_OK);
	ck_assert_uint_eq(last.n, 2);
}
END_TEST

START_TEST(no_servers)
{
	resolver_ask(&r, 1, "a", now);
	ck_assert_uint_eq(nwanted, 1);
	pass(1900);
	ck_assert_uint_eq(ndone, 0);
	pass(100);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_int_eq(last.status, RESOLVE_SILENT);
	/* They come in time. */
	resolver_ask(&r, 2, "a", now);
	pass(1000);
	servers(2);
	ck_assert_uint_eq(nsent, 0);
	pass(100);
	ck_assert_uint_eq(nsent, 2);
	reply(&sent[0], 0x8180, 1, 1, 300);
	/* Others take their place in the middle of it. */
	resolver_reset(&r, now);
	pass(500);
	servers(1);
	pass(100);
	ck_assert_uint_eq(nsent, 2);
	ck_assert_uint_eq(ndone, 2);
	ck_assert_int_eq(last.status, RESOLVE_OK);
	resolver_ask(&r, 3, "b", now);
	resolver_reset(&r, now);
	reply(&sent[2], 0x8180, 1, 1, 300);
	servers(1);
	pass(100);
	ck_assert_uint_eq(nsent, 6);
	reply(&sent[4], 0x8180, 1, 1, 300);
	reply(&sent[5], 0x8180, 1, 1, 300);
	ck_assert_uint_eq(ndone, 3);
}
END_TEST

START_TEST(too_much)
{
	char name[32];
	unsigned i;

	servers(SERVERS_MAX);
	ck_assert_int_eq(resolver_add(&r, now), -1);
	for (i = 0; i < QUERIES_MAX; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		resolver_ask(&r, i, name, now);
	}
	ck_assert_uint_eq(ndone, 0);
	resolver_ask(&r, i, "one-more", now);
	ck_assert_uint_eq(ndone, 1);
	ck_assert_uint_eq(done_id, QUERIES_MAX);
	ck_assert_int_eq(last.status, RESOLVE_REFUSED);
	ck_assert_uint_eq(r.n, QUERIES_MAX);
}
END_TEST

START_TEST(bad_names)
{
	servers(1);
	resolver_ask(&r, 1, "", now);
	resolver_ask(&r, 2, "fe80::1%eth0", now);
	resolver_ask(&r, 3, "a..b", now);
	ck_assert_uint_eq(ndone, 3);
	ck_assert_int_eq(last.status, RESOLVE_NONE);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_uint_eq(nsent, 0);
}
END_TEST

START_TEST(hosts_first)
{
	static const char text[] = "192.0.2.5 a\n";

	servers(1);
	r.hosts = text;
	r.hosts_len = sizeof(text) - 1;
	resolver_ask(&r, 1, "A.", now);
	ck_assert_uint_eq(nsent, 0);
	ck_assert_uint_eq(last.n, 1);
	ck_assert_uint_eq(last.at[0].addr[3], 5);
	resolver_ask(&r, 2, "b", now);
	ck_assert_uint_eq(nsent, 2);
}
END_TEST

START_TEST(cached)
{
	char name[32];
	unsigned i;

	servers(1);
	resolver_ask(&r, 1, "a", now);
	reply(&sent[0], 0x8180, 1, 1, 40);
	reply(&sent[1], 0x8180, 1, 1, 50);
	now += 10 * SECOND;
	resolver_ask(&r, 2, "A", now);
	ck_assert_uint_eq(done_id, 2);
	ck_assert_uint_eq(last.n, 2);
	ck_assert_uint_eq(last.ttl, 30);
	now += 29 * SECOND;
	resolver_ask(&r, 3, "a", now);
	ck_assert_uint_eq(done_id, 2);
	ck_assert_uint_eq(nsent, 4);
	/* The oldest go first. */
	for (i = 0; i < CACHE_SIZE; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		last.status = RESOLVE_OK;
		cache_add(&r.cache, name, &last, 100 + i, now);
	}
	cache_add(&r.cache, "new", &last, 50, now);
	ck_assert_uint_eq(cache_count(&r.cache, now), CACHE_SIZE);
	ck_assert(!cache_find(&r.cache, "n0", now, &last));
	ck_assert(cache_find(&r.cache, "n1", now, &last));
	ck_assert(cache_find(&r.cache, "new", now, &last));
	cache_clear(&r.cache);
	ck_assert_uint_eq(cache_count(&r.cache, now), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dns_query");
	TCase *tc = tcase_create("dns_query");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, both_families);
	tcase_add_test(tc, sixteen);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, second_server);
	tcase_add_test(tc, no_servers);
	tcase_add_test(tc, too_much);
	tcase_add_test(tc, bad_names);
	tcase_add_test(tc, hosts_first);
	tcase_add_test(tc, cached);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("dns_query", suite());
}
