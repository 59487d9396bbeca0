/* SPDX-License-Identifier: ISC */
/*
 * The memory of mac1 values: a copy within a second is known, an old one is
 * not, and a flood can make it forget but never invent.
 */
#include <sodium.h>

#include "netd/dedupe.h"
#include "unit.h"

#define SEC	1000000000ULL

static struct dedupe	d;

static void
setup(void)
{
	dedupe_init(&d);
}

START_TEST(window)
{
	uint8_t a[16] = { 1 }, b[16] = { 2 }, zero[16] = { 0 };

	ck_assert(!dedupe_seen(&d, a, 5 * SEC));
	ck_assert(!dedupe_seen(&d, zero, SEC / 2));
	dedupe_remember(&d, a, 5 * SEC);
	ck_assert(dedupe_seen(&d, a, 5 * SEC));
	ck_assert(dedupe_seen(&d, a, 6 * SEC - 1));
	ck_assert(!dedupe_seen(&d, a, 6 * SEC));
	ck_assert(!dedupe_seen(&d, b, 5 * SEC));
	a[15] ^= 1;
	ck_assert(!dedupe_seen(&d, a, 5 * SEC));
	/* Asking remembers nothing. */
	ck_assert(!dedupe_seen(&d, b, 5 * SEC));
}
END_TEST

START_TEST(flood)
{
	uint8_t mac[16], first[16];
	uint32_t i;

	randombytes_buf(first, sizeof(first));
	dedupe_remember(&d, first, SEC);
	for (i = 0; i < 200; i++) {
		randombytes_buf(mac, sizeof(mac));
		dedupe_remember(&d, mac, SEC + i + 1);
	}
	/* 200 in 1024 sets of 4: hardly a set is full. */
	ck_assert(dedupe_seen(&d, first, SEC + 300));
	for (i = 0; i < 100000; i++) {
		randombytes_buf(mac, sizeof(mac));
		ck_assert(!dedupe_seen(&d, mac, SEC + i));
		dedupe_remember(&d, mac, SEC + i);
		ck_assert(dedupe_seen(&d, mac, SEC + i));
	}
}
END_TEST

/* Four of one set stay, the fifth takes the oldest one's place. */
START_TEST(oldest_goes)
{
	uint8_t mac[16] = { 0 };
	int known = 0, i;

	for (i = 0; i < DEDUPE_WAYS * DEDUPE_SETS; i++) {
		mac[0] = (uint8_t)i;
		mac[1] = (uint8_t)(i >> 8);
		dedupe_remember(&d, mac, SEC + (uint64_t)i);
	}
	for (i = 0; i < DEDUPE_WAYS * DEDUPE_SETS; i++) {
		mac[0] = (uint8_t)i;
		mac[1] = (uint8_t)(i >> 8);
		known += dedupe_seen(&d, mac, SEC + 5000);
	}
	/* A random spread keeps some 80 %. */
	ck_assert_int_gt(known, DEDUPE_WAYS * DEDUPE_SETS / 2);
	mac[0] = (uint8_t)(i - 1);
	mac[1] = (uint8_t)((i - 1) >> 8);
	ck_assert(dedupe_seen(&d, mac, SEC + 5000));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dedupe");
	TCase *tc = tcase_create("dedupe");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, window);
	tcase_add_test(tc, flood);
	tcase_add_test(tc, oldest_goes);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("dedupe", suite());
}
