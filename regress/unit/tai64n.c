/* SPDX-License-Identifier: ISC */
/*
 * TAI64N labels, and that none is sent twice whatever the clock does.
 */
#include <errno.h>
#include <string.h>

#include "shared/bytes.h"
#include "shared/tai64n.h"
#include "unit.h"
#include "vectors.h"

START_TEST(labels)
{
	struct vectors	v;
	uint8_t		want[TAI64N_LEN], out[TAI64N_LEN];
	int64_t		sec;
	int		rows = 0;

	vectors_open(&v, "tai64n.txt");
	while (vectors_next(&v, 3) == 1) {
		sec = (int64_t)vectors_number(&v, 0);
		ck_assert_uint_eq(vectors_hex(&v, 2, want, sizeof(want)),
		    sizeof(want));
		tai64n_label(out, sec, (uint32_t)vectors_number(&v, 1));
		ck_assert_mem_eq(out, want, sizeof(want));
		ck_assert_int_eq(tai64n_unix(out), sec);
		rows++;
	}
	ck_assert_int_ge(rows, 7);
}
END_TEST

START_TEST(order)
{
	uint8_t	a[TAI64N_LEN], b[TAI64N_LEN];

	tai64n_label(a, 1700000000, 999999999);
	tai64n_label(b, 1700000001, 0);
	ck_assert_int_lt(tai64n_compare(a, b), 0);
	ck_assert_int_gt(tai64n_compare(b, a), 0);
	ck_assert_int_eq(tai64n_compare(a, a), 0);
	/* Before 1970 too: the epoch is in the middle of the range. */
	tai64n_label(b, -1, 0);
	ck_assert_int_gt(tai64n_compare(a, b), 0);
	ck_assert_int_eq(tai64n_unix(b), -1);
	/* Within one tick labels are equal. */
	tai64n_label(a, 5, 0);
	tai64n_label(b, 5, TAI64N_TICK_NSEC - 1);
	ck_assert_int_eq(tai64n_compare(a, b), 0);
}
END_TEST

START_TEST(next_uses_clock)
{
	uint8_t	last[TAI64N_LEN] = { 0 }, want[TAI64N_LEN];
	uint8_t	out[TAI64N_LEN];

	tai64n_label(want, 1700000000, 500000000);
	ck_assert_int_eq(tai64n_next(last, 1700000000, 500000000, out), 0);
	ck_assert_mem_eq(out, want, sizeof(want));
}
END_TEST

/* A clock that stands still: each label is greater by one tick. */
START_TEST(next_clock_stands)
{
	uint8_t	last[TAI64N_LEN], prev[TAI64N_LEN];
	int	i;

	tai64n_label(last, 1700000000, 0);
	for (i = 0; i < 1000; i++) {
		memcpy(prev, last, sizeof(prev));
		ck_assert_int_eq(tai64n_next(last, 1700000000, 0, last), 1);
		ck_assert_int_gt(tai64n_compare(last, prev), 0);
		ck_assert_uint_lt(get_be32(last + 8), 1000000000);
		ck_assert_uint_eq(get_be32(last + 8) % TAI64N_TICK_NSEC, 0);
	}
	/* 60 labels a second: 0 and 59 ticks fit. */
	ck_assert_int_eq(tai64n_unix(last), 1700000000 + 1000 / 60);
}
END_TEST

START_TEST(next_clock_back)
{
	uint8_t	last[TAI64N_LEN], out[TAI64N_LEN], want[TAI64N_LEN];

	tai64n_label(last, 1700000000, 0);
	ck_assert_int_eq(tai64n_next(last, 0, 0, out), 1);
	tai64n_label(want, 1700000000, TAI64N_TICK_NSEC);
	ck_assert_mem_eq(out, want, sizeof(want));
	/* At the end of a second it goes on in the next one. */
	tai64n_label(last, 1700000000, 999999999);
	ck_assert_int_eq(tai64n_next(last, -5, 0, out), 1);
	tai64n_label(want, 1700000001, 0);
	ck_assert_mem_eq(out, want, sizeof(want));
}
END_TEST

/* Marks that no clock made, as a damaged file may hold. */
START_TEST(next_hostile_mark)
{
	uint8_t	last[TAI64N_LEN], out[TAI64N_LEN];

	memset(last, 0xff, sizeof(last));
	memset(out, 0x11, sizeof(out));
	errno = 0;
	ck_assert_int_eq(tai64n_next(last, 1700000000, 0, out), -1);
	ck_assert_int_eq(errno, EOVERFLOW);
	ck_assert_uint_eq(out[0], 0x11);

	tai64n_label(last, 1700000000, 0);
	put_be32(last + 8, 0xffffffff);
	ck_assert_int_eq(tai64n_next(last, 1700000000, 5, out), 1);
	ck_assert_int_gt(tai64n_compare(out, last), 0);
	ck_assert_uint_lt(get_be32(out + 8), 1000000000);
	put_be32(last + 8, 12345);
	ck_assert_int_eq(tai64n_next(last, 1700000000, 5, out), 1);
	ck_assert_int_gt(tai64n_compare(out, last), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("tai64n");
	TCase	*tc = tcase_create("tai64n");

	tcase_add_test(tc, labels);
	tcase_add_test(tc, order);
	tcase_add_test(tc, next_uses_clock);
	tcase_add_test(tc, next_clock_stands);
	tcase_add_test(tc, next_clock_back);
	tcase_add_test(tc, next_hostile_mark);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("tai64n", suite()));
}
