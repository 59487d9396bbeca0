/* SPDX-License-Identifier: ISC */
/*
 * The Internet checksum against one that adds byte by byte: every length and
 * alignment, the worst carries, and copies that write where they should.
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Once more, as for a CPU without AVX2. */
#define CHECKSUM_PORTABLE
#define checksum_add	portable_add
#define checksum_copy	portable_copy
#define checksum_pseudo	portable_pseudo
#include "cryptod/checksum.c"
#undef checksum_add
#undef checksum_copy
#undef checksum_pseudo

#include "packets.h"
#include "unit.h"

#define BIG	(64 * 1024)

uint64_t	checksum_add(uint64_t, const void *, size_t);
uint64_t	checksum_copy(uint64_t, void *, const void *, size_t);
uint64_t	checksum_pseudo(const void *, size_t, uint8_t, size_t);

static uint8_t	src[BIG + 64];
static uint8_t	dst[BIG + 256];

static void
fill_random(unsigned int seed)
{
	size_t		 i;

	srand(seed);
	for (i = 0; i < sizeof(src); i++)
		src[i] = (uint8_t)(rand() >> 7);
}

static uint16_t
folded(uint64_t sum)
{
	return (ntohs(checksum_fold(sum)));
}

static void
one(size_t from, size_t to, size_t len)
{
	uint16_t	 want = naive_sum(src + from, len, 0);

	ck_assert_uint_eq(folded(checksum_add(0, src + from, len)), want);
	ck_assert_uint_eq(folded(portable_add(0, src + from, len)), want);
	memset(dst, 0xa5, to + len + 64);
	ck_assert_uint_eq(folded(portable_copy(0, dst + to, src + from, len)),
	    want);
	ck_assert_mem_eq(dst + to, src + from, len);
	ck_assert_uint_eq(dst[to + len], 0xa5);
	memset(dst, 0xa5, to + len + 64);
	ck_assert_uint_eq(folded(checksum_copy(0, dst + to, src + from, len)),
	    want);
	ck_assert_mem_eq(dst + to, src + from, len);
	ck_assert(to == 0 || dst[to - 1] == 0xa5);
	ck_assert_uint_eq(dst[to + len], 0xa5);
}

START_TEST(lengths_and_alignments)
{
	size_t		 len, at;

	fill_random(1);
	for (len = 0; len <= 2000; len++)
		for (at = 0; at < 32; at++)
			one(at, (at * 7 + len) % 32, len);
}
END_TEST

START_TEST(large)
{
	size_t		 len;

	fill_random(2);
	for (len = BIG - 70; len <= BIG; len++)
		one(len % 5, len % 3, len);
}
END_TEST

START_TEST(carries)
{
	size_t		 len;

	memset(src, 0xff, sizeof(src));
	for (len = 0; len <= 300; len++)
		one(len % 4, 0, len);
	one(0, 0, BIG);
	ck_assert_uint_eq(folded(checksum_add(UINT32_MAX, src, BIG)), 0xffff);
	memset(src, 0, sizeof(src));
	one(0, 0, BIG);
	ck_assert_uint_eq(folded(checksum_add(0, src, BIG)), 0);
}
END_TEST

START_TEST(fold)
{
	ck_assert_uint_eq(checksum_fold(0), 0);
	ck_assert_uint_eq(checksum_fold(0xffff), 0xffff);
	ck_assert_uint_eq(checksum_fold(0x10000), 1);
	ck_assert_uint_eq(checksum_fold(0x1fffe), 0xffff);
	ck_assert_uint_eq(checksum_fold(UINT64_MAX), 0xffff);
	ck_assert_uint_eq(checksum_fold(UINT64_MAX - 1), 0xfffe);
	ck_assert_uint_eq(checksum_fold(0xffff0000ffff0000), 0xffff);
	ck_assert_uint_eq(checksum_fold(0xfffffffffffe0001), 0xffff);
}
END_TEST

/* In pieces of even length, as headers and payload are. */
START_TEST(pieces)
{
	uint64_t	 sum;
	size_t		 cut;

	fill_random(3);
	for (cut = 0; cut <= 1401; cut += 2) {
		sum = checksum_add(0, src, cut);
		sum = checksum_copy(sum, dst, src + cut, 1401 - cut);
		ck_assert_uint_eq(folded(sum), naive_sum(src, 1401, 0));
	}
	sum = checksum_add16(checksum_add(0, src, 10), 0x1234);
	ck_assert_uint_eq(folded(sum), naive_sum(src, 10, 0x1234));
}
END_TEST

/* Examples of RFC 1071 section 3 and of an IP header. */
START_TEST(known)
{
	static const uint8_t rfc[] = { 0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7 };
	uint8_t hdr[20] = { 0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0,
	    0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7 };

	ck_assert_uint_eq(folded(checksum_add(0, rfc, 8)), 0xddf2);
	checksum_put(hdr + 10, checksum_add(0, hdr, 20));
	ck_assert_uint_eq(hdr[10], 0xb8);
	ck_assert_uint_eq(hdr[11], 0x61);
	ck_assert(checksum_is_valid(checksum_add(0, hdr, 20)));
	hdr[19] ^= 1;
	ck_assert(!checksum_is_valid(checksum_add(0, hdr, 20)));
}
END_TEST

START_TEST(put)
{
	uint8_t		 b[2];

	checksum_put(b, 0xffff);
	ck_assert_uint_eq(b[0] | b[1], 0);
	checksum_put_nonzero(b, 0xffff);
	ck_assert_uint_eq(b[0] & b[1], 0xff);
	checksum_put_nonzero(b, htons(0x1234));
	ck_assert_uint_eq(b[0], 0xed);
	ck_assert_uint_eq(b[1], 0xcb);
	checksum_put_partial(b, htons(0x1234));
	ck_assert_uint_eq(b[0], 0x12);
	ck_assert_uint_eq(b[1], 0x34);
}
END_TEST

START_TEST(pseudo)
{
	uint8_t		 pkt[PACKET_MAX];
	struct packet	 k;
	size_t		 len, i;
	int		 v;

	for (v = 4; v <= 6; v += 2) {
		packet_init(&k, v, 17);
		for (i = 0; i < 65000; i += 999) {
			k.payload = i;
			len = packet_build(&k, pkt);
			ck_assert_uint_eq(folded(checksum_pseudo(
			    pkt + (v == 4 ? 12 : 8), v == 4 ? 8 : 32, 17,
			    i + 8)), naive_pseudo(pkt, len, 17));
		}
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("checksum");
	TCase *tc = tcase_create("checksum");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, lengths_and_alignments);
	tcase_add_test(tc, large);
	tcase_add_test(tc, carries);
	tcase_add_test(tc, fold);
	tcase_add_test(tc, pieces);
	tcase_add_test(tc, known);
	tcase_add_test(tc, put);
	tcase_add_test(tc, pseudo);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("checksum", suite()));
}
