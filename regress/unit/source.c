/* SPDX-License-Identifier: ISC */
/*
 * Sources: there and back through the 48 opaque bytes, and what of them is
 * refused when a sibling made them up.
 */
#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "netd/source.h"
#include "unit.h"

static struct source
v4(void)
{
	struct source s;

	memset(&s, 0, sizeof(s));
	ck_assert_int_eq(endpoint_parse(&s.remote, "192.0.2.7:51820"), 0);
	s.has_local = true;
	ck_assert_int_eq(inet_pton(AF_INET, "198.51.100.1", s.local), 1);
	s.ifindex = 3;
	return s;
}

static struct source
v6(void)
{
	struct source s;

	memset(&s, 0, sizeof(s));
	ck_assert_int_eq(endpoint_parse(&s.remote, "[fe80::1%9]:1"), 0);
	s.has_local = true;
	ck_assert_int_eq(inet_pton(AF_INET6, "fe80::2", s.local), 1);
	s.ifindex = 9;
	return s;
}

static void
there_and_back(const struct source *s)
{
	uint8_t a[RING_FROM_SIZE], b[RING_FROM_SIZE];
	struct source t;

	source_encode(s, a);
	ck_assert_int_eq(source_decode(&t, a), 0);
	ck_assert(source_is_same_remote(s, &t));
	ck_assert_int_eq(t.has_local, s->has_local);
	ck_assert_uint_eq(t.ifindex, s->ifindex);
	ck_assert_mem_eq(t.local, s->local, 16);
	source_encode(&t, b);
	ck_assert_mem_eq(a, b, sizeof(a));
}

START_TEST(round_trip)
{
	struct source s = v4();

	there_and_back(&s);
	source_unpin(&s);
	ck_assert(!s.has_local);
	there_and_back(&s);
	s = v6();
	/* The scope of a link-local address goes with it (P33). */
	ck_assert_uint_eq(s.remote.scope, 9);
	there_and_back(&s);
	source_unpin(&s);
	there_and_back(&s);
}
END_TEST

START_TEST(refused)
{
	static const size_t v4_zero[] = { 8, 23, 28, 39, 44, 47 };
	uint8_t a[RING_FROM_SIZE];
	struct source s = v4(), t;
	size_t i;

	memset(a, 0, sizeof(a));
	ck_assert_int_eq(source_decode(&t, a), -1);
	memset(a, 0xff, sizeof(a));
	ck_assert_int_eq(source_decode(&t, a), -1);
	for (i = 0; i < sizeof(v4_zero) / sizeof(v4_zero[0]); i++) {
		source_encode(&s, a);
		a[v4_zero[i]] = 1;
		ck_assert_int_eq(source_decode(&t, a), -1);
	}
	source_encode(&s, a);
	a[0] = AF_UNIX;
	ck_assert_int_eq(source_decode(&t, a), -1);
	source_encode(&s, a);
	a[1] = 2;
	ck_assert_int_eq(source_decode(&t, a), -1);
	a[1] = 0;			/* no source, and yet one */
	ck_assert_int_eq(source_decode(&t, a), -1);
}
END_TEST

/* Whatever is accepted is what source_encode() would have made. */
START_TEST(sane)
{
	static const char *const bad[] = { "192.0.2.7:0", "0.0.0.0:5",
	    "224.0.0.1:5", "239.255.255.255:5", "255.255.255.255:5", "[::]:5", "[ff02::1]:5",
	    "[::ffff:192.0.2.1]:5", "[fe80::1]:5", "[2001:db8::1]:0" };
	static const char *const good[] = { "192.0.2.7:5", "127.0.0.1:65535",
	    "240.0.0.1:5", "255.255.255.254:5", "0.1.2.3:5",
	    "[2001:db8::1]:5", "[::1]:5", "[fe80::1%2]:5" };
	struct source s;
	size_t i;

	memset(&s, 0, sizeof(s));
	ck_assert(!source_is_sane(&s));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(endpoint_parse(&s.remote, bad[i]), 0);
		ck_assert_msg(!source_is_sane(&s), "%s", bad[i]);
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(endpoint_parse(&s.remote, good[i]), 0);
		ck_assert_msg(source_is_sane(&s), "%s", good[i]);
	}
	s = v6();
	s.remote.addr[0] = 0x20;		/* a scope without a link */
	ck_assert(!source_is_sane(&s));
}
END_TEST

START_TEST(random_bytes)
{
	uint8_t a[RING_FROM_SIZE], b[RING_FROM_SIZE];
	struct source s;
	int turn, i, good = 0;

	srandom(1);
	for (turn = 0; turn < 200000; turn++) {
		for (i = 0; i < RING_FROM_SIZE; i++)
			a[i] = random() % 3 ? 0 : (uint8_t)random();
		a[0] = turn & 1 ? AF_INET6 : AF_INET;
		if (turn & 2)
			memset(a + 44, 0, 4);
		if (turn & 4)
			a[1] = 1;
		if (source_decode(&s, a) == -1)
			continue;
		good++;
		source_encode(&s, b);
		ck_assert_mem_eq(a, b, sizeof(a));
	}
	ck_assert_int_gt(good, 0);
}
END_TEST

START_TEST(path)
{
	uint8_t key[SOURCE_KEY_LEN] = { 1 }, other[SOURCE_KEY_LEN] = { 2 };
	uint8_t a[RING_FROM_SIZE];
	struct source s = v4();
	uint32_t p;
	uint64_t g;

	source_encode(&s, a);
	p = source_path(key, a, 0);
	ck_assert_uint_eq(source_path(key, a, 0), p);
	ck_assert_uint_ne(source_path(key, a, 1), p);
	ck_assert_uint_ne(source_path(other, a, 0), p);
	a[2] ^= 1;
	ck_assert_uint_ne(source_path(key, a, 0), p);
	for (g = 0; g < 100000; g++)
		ck_assert_uint_ne(source_path(key, a, g), 0);
}
END_TEST

START_TEST(link_local)
{
	struct source s = v6();

	ck_assert(source_is_link_local(&s));
	s.remote.addr[1] = 0xbf;
	ck_assert(source_is_link_local(&s));
	s.remote.addr[1] = 0xc0;
	ck_assert(!source_is_link_local(&s));
	s = v4();
	s.remote.addr[0] = 0xfe;
	s.remote.addr[1] = 0x80;
	ck_assert(!source_is_link_local(&s));
}
END_TEST

START_TEST(same_remote)
{
	struct source a = v6(), b = v6();

	b.ifindex = 1;
	b.has_local = false;
	ck_assert(source_is_same_remote(&a, &b));
	b.remote.scope = 1;
	ck_assert(!source_is_same_remote(&a, &b));
	b = a;
	b.remote.port++;
	ck_assert(!source_is_same_remote(&a, &b));
	b = a;
	b.remote.addr[15]++;
	ck_assert(!source_is_same_remote(&a, &b));
	b = v4();
	ck_assert(!source_is_same_remote(&a, &b));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("source");
	TCase *tc = tcase_create("source");

	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, sane);
	tcase_add_test(tc, random_bytes);
	tcase_add_test(tc, path);
	tcase_add_test(tc, link_local);
	tcase_add_test(tc, same_remote);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("source", suite());
}
