/* SPDX-License-Identifier: ISC */
/*
 * ICMP unreachable: what is built, what is never answered, how often.
 */
#include <check.h>
#include <stdint.h>
#include <string.h>

#include "cryptod/icmp.h"
#include "shared/bytes.h"
#include "unit.h"

#define SEC	1000000000ULL

static uint8_t	pkt[2048], out[ICMP_UNREACH_MAX];

/* The sum over all words, folded: 0xffff if a checksum in it is right. */
static uint16_t
sum(uint32_t start, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		start += (uint32_t)p[i] << (i % 2 == 0 ? 8 : 0);
	while (start > 0xffff)
		start = (start & 0xffff) + (start >> 16);
	return ((uint16_t)start);
}

/* 10.0.0.1 to 192.0.2.2 */
static size_t
make_v4(uint8_t proto, size_t total)
{
	size_t i;

	for (i = 0; i < sizeof(pkt); i++)
		pkt[i] = (uint8_t)(i * 7);
	memset(pkt, 0, 20);
	pkt[0] = 0x45;
	put_be16(pkt + 2, (uint16_t)total);
	pkt[8] = 63;
	pkt[9] = proto;
	put_be32(pkt + 12, 0x0a000001);
	put_be32(pkt + 16, 0xc0000202);
	return (total);
}

static size_t
make_v6(uint8_t proto, size_t total)
{
	size_t i;

	for (i = 0; i < sizeof(pkt); i++)
		pkt[i] = (uint8_t)(i * 5);
	memset(pkt, 0, 40);
	pkt[0] = 0x60;
	put_be16(pkt + 4, (uint16_t)(total - 40));
	pkt[6] = proto;
	pkt[7] = 63;
	pkt[8] = 0xfd;
	pkt[23] = 1;
	pkt[24] = 0xfd;
	pkt[39] = 2;
	return (total);
}

START_TEST(build_v4)
{
	static const size_t len[] = { 20, 28, 29, 547, 548, 549, 1420 };
	size_t i, quote, n;

	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		make_v4(17, len[i]);
		quote = len[i] < 548 ? len[i] : 548;
		/* Padding after the packet is not quoted. */
		n = icmp_unreach(pkt, len[i] + 7, out);
		ck_assert_uint_eq(n, 28 + quote);
		ck_assert_uint_eq(out[0], 0x45);
		ck_assert_uint_eq(get_be16(out + 2), n);
		ck_assert_uint_eq(out[9], 1);
		ck_assert_mem_eq(out + 12, pkt + 16, 4);
		ck_assert_mem_eq(out + 16, pkt + 12, 4);
		ck_assert_uint_eq(sum(0, out, 20), 0xffff);
		ck_assert_uint_eq(out[20], 3);
		ck_assert_uint_eq(out[21], 1);
		ck_assert_uint_eq(get_be32(out + 24), 0);
		ck_assert_uint_eq(sum(0, out + 20, n - 20), 0xffff);
		ck_assert_mem_eq(out + 28, pkt, quote);
	}
}
END_TEST

START_TEST(build_v6)
{
	static const size_t len[] = { 40, 48, 49, 1231, 1232, 1233, 1500 };
	size_t i, quote, n;
	uint32_t pseudo;

	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		make_v6(17, len[i]);
		quote = len[i] < 1232 ? len[i] : 1232;
		n = icmp_unreach(pkt, len[i] + 7, out);
		ck_assert_uint_eq(n, 48 + quote);
		ck_assert_uint_eq(out[0], 0x60);
		ck_assert_uint_eq(get_be16(out + 4), n - 40);
		ck_assert_uint_eq(out[6], 58);
		ck_assert_mem_eq(out + 8, pkt + 24, 16);
		ck_assert_mem_eq(out + 24, pkt + 8, 16);
		ck_assert_uint_eq(out[40], 1);
		ck_assert_uint_eq(out[41], 3);
		pseudo = sum((uint32_t)(n - 40) + 58, out + 8, 32);
		ck_assert_uint_eq(sum(pseudo, out + 40, n - 40), 0xffff);
		ck_assert_mem_eq(out + 48, pkt, quote);
	}
}
END_TEST

START_TEST(no_ip)
{
	size_t len;

	memset(pkt, 0x11, sizeof(pkt));
	for (len = 0; len < 100; len++)
		ck_assert_uint_eq(icmp_unreach(pkt, len, out), 0);
	make_v4(17, 60);
	ck_assert_uint_eq(icmp_unreach(pkt, 59, out), 0);
}
END_TEST

START_TEST(icmp_errors)
{
	unsigned int type;
	bool answer;

	for (type = 0; type < 256; type++) {
		make_v4(1, 28);
		pkt[20] = (uint8_t)type;
		answer = icmp_unreach(pkt, 28, out) != 0;
		ck_assert_msg(answer == !(type == 3 || type == 4 ||
		    type == 5 || type == 11 || type == 12), "v4 %u", type);
		make_v6(58, 48);
		pkt[40] = (uint8_t)type;
		answer = icmp_unreach(pkt, 48, out) != 0;
		ck_assert_msg(answer == (type >= 128 && type != 137),
		    "v6 %u", type);
	}
	/* ICMP whose type cannot be read. */
	ck_assert_uint_eq(icmp_unreach(pkt, make_v4(1, 20), out), 0);
	ck_assert_uint_eq(icmp_unreach(pkt, make_v6(58, 40), out), 0);
	/* An error behind an extension header; and a cut off chain. */
	make_v6(60, 56);
	pkt[40] = 58;
	pkt[41] = 0;
	pkt[48] = 1;
	ck_assert_uint_eq(icmp_unreach(pkt, 56, out), 0);
	pkt[48] = 128;
	ck_assert_uint_ne(icmp_unreach(pkt, 56, out), 0);
	pkt[41] = 9;
	ck_assert_uint_eq(icmp_unreach(pkt, 56, out), 0);
}
END_TEST

START_TEST(fragments)
{
	make_v4(17, 60);
	put_be16(pkt + 6, 0x2000);
	ck_assert_uint_ne(icmp_unreach(pkt, 60, out), 0);
	put_be16(pkt + 6, 1);
	ck_assert_uint_eq(icmp_unreach(pkt, 60, out), 0);
	make_v6(44, 60);
	memset(pkt + 40, 0, 8);
	pkt[40] = 17;
	pkt[43] = 1;
	ck_assert_uint_ne(icmp_unreach(pkt, 60, out), 0);
	pkt[43] = 8;
	ck_assert_uint_eq(icmp_unreach(pkt, 60, out), 0);
}
END_TEST

START_TEST(addresses)
{
	static const uint32_t bad[] = { 0x00000000, 0x00000001, 0x7f000001,
	    0xe0000001, 0xefffffff, 0xf0000000, 0xffffffff };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make_v4(17, 60);
		put_be32(pkt + 12, bad[i]);
		ck_assert_uint_eq(icmp_unreach(pkt, 60, out), 0);
		make_v4(17, 60);
		put_be32(pkt + 16, bad[i]);
		ck_assert_uint_eq(icmp_unreach(pkt, 60, out), 0);
	}
	for (i = 8; i <= 24; i += 16) {
		make_v6(17, 60);
		pkt[i] = 0xff;
		ck_assert_uint_eq(icmp_unreach(pkt, 60, out), 0);
		make_v6(17, 60);
		memset(pkt + i, 0, 16);
		ck_assert_uint_eq(icmp_unreach(pkt, 60, out), 0);
		pkt[i + 15] = 1;
		ck_assert_uint_eq(icmp_unreach(pkt, 60, out), 0);
		pkt[i + 15] = 2;
		ck_assert_uint_ne(icmp_unreach(pkt, 60, out), 0);
	}
}
END_TEST

/* Never an answer to our own answer. */
START_TEST(no_echo)
{
	size_t n;

	n = icmp_unreach(pkt, make_v4(17, 100), out);
	memcpy(pkt, out, n);
	ck_assert_uint_eq(icmp_unreach(pkt, n, out), 0);
	n = icmp_unreach(pkt, make_v6(17, 100), out);
	memcpy(pkt, out, n);
	ck_assert_uint_eq(icmp_unreach(pkt, n, out), 0);
}
END_TEST

START_TEST(limit)
{
	uint64_t now = 50 * SEC;
	struct icmp_limit l;
	unsigned int i, n;

	icmp_limit_init(&l, now);
	for (i = 0; i < ICMP_LIMIT_BURST; i++)
		ck_assert(icmp_limit_allow(&l, now));
	ck_assert(!icmp_limit_allow(&l, now));
	ck_assert(!icmp_limit_allow(&l, now - SEC));
	ck_assert(!icmp_limit_allow(&l, now + SEC / ICMP_LIMIT_RATE - 1));
	ck_assert(icmp_limit_allow(&l, now + SEC / ICMP_LIMIT_RATE));
	/* Asked ever so often: the rate. */
	now += SEC;
	icmp_limit_init(&l, now);
	for (i = n = 0; i < 100000; i++)
		n += icmp_limit_allow(&l, now + i * 100000ULL);
	ck_assert_uint_ge(n, 10 * ICMP_LIMIT_RATE + ICMP_LIMIT_BURST - 2);
	ck_assert_uint_le(n, 10 * ICMP_LIMIT_RATE + ICMP_LIMIT_BURST + 1);
	/* A year of silence is worth one burst. */
	now += 365 * 86400 * SEC;
	for (i = n = 0; i < 1000; i++)
		n += icmp_limit_allow(&l, now);
	ck_assert_uint_eq(n, ICMP_LIMIT_BURST);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("icmp");
	TCase *tc = tcase_create("icmp");

	tcase_add_test(tc, build_v4);
	tcase_add_test(tc, build_v6);
	tcase_add_test(tc, no_ip);
	tcase_add_test(tc, icmp_errors);
	tcase_add_test(tc, fragments);
	tcase_add_test(tc, addresses);
	tcase_add_test(tc, no_echo);
	tcase_add_test(tc, limit);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("icmp", suite()));
}
