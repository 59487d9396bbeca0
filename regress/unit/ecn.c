/* SPDX-License-Identifier: ISC */
/*
 * ECN: every pair of inner and outer marks, and the IPv4 checksum against
 * one made anew.
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/ecn.h"
#include "shared/bytes.h"
#include "unit.h"

/* What comes out, by [inner][outer]: Not-ECT, ECT(1), ECT(0), CE. */
static const uint8_t	decap[4][4] = {
	{ 0, 0, 0, 0 },		/* unchanged, whatever the outer says */
	{ 1, 1, 1, 3 },
	{ 2, 1, 2, 3 },
	{ 3, 3, 3, 3 },
};

static uint16_t
checksum(const uint8_t *p)
{
	uint32_t sum = 0;
	unsigned int i;

	for (i = 0; i < 20; i += 2)
		if (i != 10)
			sum += get_be16(p + i);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)~sum);
}

START_TEST(encap)
{
	unsigned int tos;

	for (tos = 0; tos < 256; tos++)
		ck_assert_uint_eq(ecn_encap((uint8_t)tos),
		    (tos & 3) == 3 ? 2 : (tos & 3));
}
END_TEST

START_TEST(decap_v4)
{
	unsigned int tos, outer, turn, i;
	uint8_t p[20], q[20];

	srandom(3);
	for (turn = 0; turn < 300; turn++) {
		for (i = 0; i < 20; i++)
			p[i] = (uint8_t)random();
		/* An all but empty one too: sums near 0 and 0xffff. */
		if (turn == 0)
			memset(p, 0, 20);
		if (turn == 1)
			memset(p, 0xff, 20);
		p[0] = 0x45;
		for (tos = 0; tos < 256; tos++)
			for (outer = 0; outer < 256; outer += 17) {
				p[1] = (uint8_t)tos;
				put_be16(p + 10, checksum(p));
				memcpy(q, p, 20);
				q[1] = (uint8_t)((tos & 0xfc) |
				    decap[tos & 3][outer & 3]);
				put_be16(q + 10, checksum(q));
				ecn_decap(p, (uint8_t)outer);
				if (memcmp(p, q, 20) != 0)
					ck_abort_msg("%x %x", tos, outer);
			}
	}
}
END_TEST

/* A wrong checksum is not repaired: its error stays the same. */
START_TEST(decap_v4_bad_sum)
{
	uint8_t p[20] = { 0x45, 2, 0, 20, 1, 2, 0, 0, 64, 17 };

	put_be16(p + 10, (uint16_t)(checksum(p) ^ 0x0100));
	ecn_decap(p, 3);
	ck_assert_uint_eq(p[1], 3);
	ck_assert_uint_ne(get_be16(p + 10), checksum(p));
}
END_TEST

START_TEST(decap_v6)
{
	unsigned int tos, outer;
	uint8_t p[40], q[40];

	for (tos = 0; tos < 256; tos++)
		for (outer = 0; outer < 256; outer++) {
			memset(p, 0xa5, 40);
			p[0] = (uint8_t)(0x60 | tos >> 4);
			p[1] = (uint8_t)(tos << 4 | 0x0d);
			memcpy(q, p, 40);
			q[1] = (uint8_t)((p[1] & 0xcf) |
			    decap[tos & 3][outer & 3] << 4);
			ecn_decap(p, (uint8_t)outer);
			ck_assert_mem_eq(p, q, 40);
		}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ecn");
	TCase *tc = tcase_create("ecn");

	tcase_add_test(tc, encap);
	tcase_add_test(tc, decap_v4);
	tcase_add_test(tc, decap_v4_bad_sum);
	tcase_add_test(tc, decap_v6);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("ecn", suite()));
}
