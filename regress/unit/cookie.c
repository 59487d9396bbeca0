/* SPDX-License-Identifier: ISC */
/*
 * mac1, mac2 and cookies: a known exchange, then both sides against each
 * other and against forgers.
 */
#include <arpa/inet.h>

#include <check.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "netd/cookie.h"
#include "unit.h"

#define SEC	1000000000ULL
#define PORT	0xca6c		/* 51820 */

/* The third handshake of the known answers: psk and cookie. */
static const char	known_pub[] =
    "5ea64e5088aabf85ed325d90f483a88940bdf124531fc7f91e34470a0db5344e";
static const char	known_pub_i[] =
    "2f43d390a53594c258afe14c7fe69d3ae11fc3e9d7cf6e258fe8a1be8d12d146";
static const char	known_mac1_key[] =
    "e479323690c042f8cc65da0e04e2c33945b6dadcd0bb0c625d36d37efa735026";
static const char	known_cookie_key[] =
    "c8af7b1cff52079029645eca77045d5cd86790d6d7da0c230659784abecae2ee";
static const char	known_secret[] =
    "700313011d0817c94ea498f961b090261634266780fde2b328fed57f0e95ead4";
static const char	known_cookie[] = "27fbf23b7df9e3a974f163b33dd208b7";
static const char	known_cookie6[] = "967496e34d37833a894061afa18bdca6";
static const char	known_reply[] =
    "0300000006030201daacfe94290f09cbea8786680c1412e3c13d44b9f83d7706"
    "6bc828b1ad4cb3962877b164df6f0b503f892c71eead2a257482ece39ae8368f";
static const char	known_msg1[] =
    "01000000060302012205bd767b48350a2bd4819310de404347903617c4f21838"
    "b7a64dcca6643e3d6373f4aa9f367b019dea5feca11344795d46b0be355f99a4"
    "f06191aa4fc5bb992768be34d7f2706a5d90555aa5cb32d1cedeaf2571a09314"
    "9532c959baa53bede64b9ba1f1a92efbb57662dd7f8c870e2519848cf903c18c"
    "1befa7c3348c24dde416599ca877f2082609c9c2";
static const char	known_msg2[] =
    "02000000d6c3b2a106030201231704e020504c70b3db112d1c100486c86ef571"
    "e755783b05523fdc0fea0a4728686108dd782a33fc5e16c3ece77a2067968dbc"
    "b9b9c1794a5d8456be17482f00000000000000000000000000000000";

static const uint8_t	zero[32];
static uint8_t		pub[32], msg1[148], msg2[92], addr4[4], addr6[16];
static struct cookie_checker	checker;
static struct cookie_maker	maker;

static void
hex(uint8_t *out, size_t len, const char *in)
{
	size_t n;

	ck_assert_int_eq(sodium_hex2bin(out, len, in, strlen(in), NULL, &n,
	    NULL), 0);
	ck_assert_uint_eq(n, len);
}

static void
setup(void)
{
	ck_assert_int_ne(sodium_init(), -1);
	hex(pub, sizeof(pub), known_pub);
	hex(msg1, sizeof(msg1), known_msg1);
	hex(msg2, sizeof(msg2), known_msg2);
	ck_assert_int_eq(inet_pton(AF_INET, "192.0.2.7", addr4), 1);
	ck_assert_int_eq(inet_pton(AF_INET6, "2001:db8::7", addr6), 1);
	cookie_checker_init(&checker, pub, 100 * SEC);
	cookie_maker_init(&maker, pub);
}

static bool
mac2_ok(const uint8_t *msg, size_t len, uint64_t now)
{
	return (cookie_checker_mac2_ok(&checker, msg, len, addr4, 4,
	    htons(PORT), now));
}

static int
reply_make(const uint8_t *msg, size_t len, uint64_t now, uint8_t *out)
{
	return (cookie_reply_make(&checker, msg, len, addr4, 4, htons(PORT),
	    now, out));
}

START_TEST(known)
{
	uint8_t want[64], got[64], fill[148];

	hex(want, 32, known_mac1_key);
	ck_assert_mem_eq(checker.mac1_key, want, 32);
	ck_assert_mem_eq(maker.mac1_key, want, 32);
	hex(want, 32, known_cookie_key);
	ck_assert_mem_eq(checker.cookie_key, want, 32);
	ck_assert_mem_eq(maker.cookie_key, want, 32);

	hex(checker.secret, 32, known_secret);
	cookie_make(&checker, addr4, 4, htons(PORT), 100 * SEC, got);
	hex(want, 16, known_cookie);
	ck_assert_mem_eq(got, want, 16);
	cookie_make(&checker, addr6, 16, htons(PORT), 100 * SEC, got);
	hex(want, 16, known_cookie6);
	ck_assert_mem_eq(got, want, 16);

	/* Without a cookie, the reply, then with it. */
	memset(fill, 0xee, sizeof(fill));
	memcpy(fill, msg1, 116);
	ck_assert_int_eq(cookie_maker_fill(&maker, fill, 148, 100 * SEC), 0);
	ck_assert_mem_eq(fill, msg1, 132);
	ck_assert_mem_eq(fill + 132, zero, 16);
	ck_assert(cookie_checker_mac1_ok(&checker, fill, 148));
	ck_assert(!mac2_ok(fill, 148, 100 * SEC));
	hex(want, 64, known_reply);
	ck_assert_int_eq(cookie_maker_consume(&maker, want, 100 * SEC), 0);
	ck_assert_int_eq(cookie_maker_fill(&maker, fill, 148, 101 * SEC), 0);
	ck_assert_mem_eq(fill, msg1, 148);
	ck_assert(mac2_ok(msg1, 148, 101 * SEC));
}
END_TEST

/* mac1 and mac2 of a response, at its own offsets. */
START_TEST(response)
{
	uint8_t fill[92], reply[64], other[32];

	hex(other, 32, known_pub_i);
	cookie_checker_init(&checker, other, 100 * SEC);
	cookie_maker_init(&maker, other);
	ck_assert(cookie_checker_mac1_ok(&checker, msg2, 92));
	memset(fill, 0xee, sizeof(fill));
	memcpy(fill, msg2, 60);
	ck_assert_int_eq(cookie_maker_fill(&maker, fill, 92, 100 * SEC), 0);
	ck_assert_mem_eq(fill, msg2, 92);
	ck_assert_int_eq(reply_make(fill, 92, 100 * SEC, reply), 0);
	ck_assert_mem_eq(reply + 4, msg2 + 4, 4);
	ck_assert_int_eq(cookie_maker_consume(&maker, reply, 100 * SEC), 0);
	ck_assert_int_eq(cookie_maker_fill(&maker, fill, 92, 100 * SEC), 0);
	ck_assert_mem_eq(fill, msg2, 76);
	ck_assert(mac2_ok(fill, 92, 100 * SEC));
}
END_TEST

START_TEST(mac1_wrong)
{
	uint8_t bad[149], other[32];
	size_t i;

	ck_assert(cookie_checker_mac1_ok(&checker, msg1, 148));
	for (i = 0; i < 132; i++) {
		memcpy(bad, msg1, 148);
		bad[i] ^= 0x10;
		ck_assert(!cookie_checker_mac1_ok(&checker, bad, 148));
	}
	/* mac2 is no part of it. */
	memcpy(bad, msg1, 148);
	bad[140] ^= 1;
	ck_assert(cookie_checker_mac1_ok(&checker, bad, 148));
	/* Lengths that do not belong to the type; short ones unread. */
	for (i = 0; i < 150; i++)
		if (i != 148)
			ck_assert(!cookie_checker_mac1_ok(&checker, bad,
			    i));
	hex(other, 32, known_pub_i);
	cookie_checker_init(&checker, other, 0);
	ck_assert(!cookie_checker_mac1_ok(&checker, msg1, 148));
}
END_TEST

START_TEST(other_types)
{
	uint8_t msg[148], reply[64];

	memcpy(msg, msg1, 148);
	msg[0] = 4;
	ck_assert_int_eq(cookie_maker_fill(&maker, msg, 148, SEC), -1);
	ck_assert_int_eq(reply_make(msg, 148, SEC, reply), -1);
	ck_assert(!mac2_ok(msg, 148, SEC));
	msg[0] = 2;
	ck_assert_int_eq(cookie_maker_fill(&maker, msg, 148, SEC), -1);
	msg[0] = 1;
	msg[3] = 1;
	ck_assert_int_eq(cookie_maker_fill(&maker, msg, 148, SEC), -1);
	msg[3] = 0;
	ck_assert_int_eq(cookie_maker_fill(&maker, msg, 92, SEC), -1);
	ck_assert_int_eq(cookie_maker_fill(&maker, msg, 0, SEC), -1);
	ck_assert(!maker.have_last);
}
END_TEST

START_TEST(mac2_binds_source)
{
	uint64_t now = 100 * SEC;
	uint8_t reply[64];

	ck_assert_int_eq(cookie_maker_fill(&maker, msg1, 148, now), 0);
	ck_assert_int_eq(reply_make(msg1, 148, now, reply), 0);
	ck_assert_int_eq(cookie_maker_consume(&maker, reply, now), 0);
	ck_assert_int_eq(cookie_maker_fill(&maker, msg1, 148, now), 0);
	ck_assert(mac2_ok(msg1, 148, now));
	ck_assert(!cookie_checker_mac2_ok(&checker, msg1, 148, addr4, 4,
	    htons(PORT + 1), now));
	ck_assert(!cookie_checker_mac2_ok(&checker, msg1, 148, addr6, 16,
	    htons(PORT), now));
	addr4[3]++;
	ck_assert(!mac2_ok(msg1, 148, now));
	addr4[3]--;
	msg1[147] ^= 1;
	ck_assert(!mac2_ok(msg1, 148, now));
}
END_TEST

/* The secret changes after 120 s; the maker gives up 5 s before that. */
START_TEST(ages)
{
	uint64_t now = 100 * SEC;
	uint8_t reply[64];

	ck_assert_int_eq(cookie_maker_fill(&maker, msg1, 148, now), 0);
	ck_assert_int_eq(reply_make(msg1, 148, now, reply), 0);
	ck_assert_int_eq(cookie_maker_consume(&maker, reply, now), 0);
	now += 115 * SEC - 1;
	ck_assert_int_eq(cookie_maker_fill(&maker, msg1, 148, now), 0);
	ck_assert(mac2_ok(msg1, 148, now));
	ck_assert(mac2_ok(msg1, 148, 220 * SEC - 1));
	ck_assert(!mac2_ok(msg1, 148, 220 * SEC));
	now += 1;
	ck_assert_int_eq(cookie_maker_fill(&maker, msg1, 148, now), 0);
	ck_assert_mem_eq(msg1 + 132, zero, 16);
	ck_assert_mem_eq(maker.cookie, zero, 16);
	/* Not even if the time goes backwards is it used again. */
	ck_assert_int_eq(cookie_maker_fill(&maker, msg1, 148, 100 * SEC), 0);
	ck_assert_mem_eq(msg1 + 132, zero, 16);
}
END_TEST

START_TEST(consume_once)
{
	uint8_t reply[64], again[64];
	uint64_t now = 100 * SEC;

	/* Nothing sent, nothing taken. */
	ck_assert_int_eq(reply_make(msg1, 148, now, reply), 0);
	ck_assert_int_eq(cookie_maker_consume(&maker, reply, now), -1);
	ck_assert_int_eq(cookie_maker_fill(&maker, msg1, 148, now), 0);
	ck_assert_int_eq(reply_make(msg1, 148, now, reply), 0);
	ck_assert_int_eq(reply_make(msg1, 148, now, again), 0);
	ck_assert_mem_ne(reply + 8, again + 8, 24);
	ck_assert_int_eq(cookie_maker_consume(&maker, reply, now), 0);
	ck_assert_int_eq(cookie_maker_consume(&maker, reply, now + SEC), -1);
	ck_assert_int_eq(cookie_maker_consume(&maker, again, now + SEC), -1);
	ck_assert_uint_eq(maker.birth, now);
	/* The answer to an older message is none to the newest. */
	msg1[10] ^= 1;
	ck_assert_int_eq(cookie_maker_fill(&maker, msg1, 148, now), 0);
	ck_assert_int_eq(cookie_maker_consume(&maker, again, now), -1);
}
END_TEST

START_TEST(forged)
{
	uint8_t reply[64], bad[64];
	uint64_t now = 100 * SEC;
	size_t i;

	ck_assert_int_eq(cookie_maker_fill(&maker, msg1, 148, now), 0);
	ck_assert_int_eq(reply_make(msg1, 148, now, reply), 0);
	for (i = 0; i < 64; i++) {
		/* The receiver index is the caller's affair. */
		if (i >= 4 && i < 8)
			continue;
		memcpy(bad, reply, 64);
		bad[i] ^= 1;
		ck_assert_int_eq(cookie_maker_consume(&maker, bad, now), -1);
		ck_assert(!maker.have_cookie);
	}
	/* A forgery does not use up the right to the true one. */
	ck_assert_int_eq(cookie_maker_consume(&maker, reply, now), 0);
}
END_TEST

START_TEST(clear)
{
	static const struct cookie_checker nochecker;
	static const struct cookie_maker nomaker;

	cookie_checker_clear(&checker);
	cookie_maker_clear(&maker);
	ck_assert_mem_eq(&checker, &nochecker, sizeof(checker));
	ck_assert_mem_eq(&maker, &nomaker, sizeof(maker));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cookie");
	TCase *tc = tcase_create("cookie");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, known);
	tcase_add_test(tc, response);
	tcase_add_test(tc, mac1_wrong);
	tcase_add_test(tc, other_types);
	tcase_add_test(tc, mac2_binds_source);
	tcase_add_test(tc, ages);
	tcase_add_test(tc, consume_once);
	tcase_add_test(tc, forged);
	tcase_add_test(tc, clear);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("cookie", suite()));
}
