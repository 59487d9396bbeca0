/* SPDX-License-Identifier: ISC */
/*
 * Rows: round trip, bounds, and what a hostile process might send as one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shared/row.h"
#include "unit.h"

static uint8_t buf[ROW_MAX + 64];
static struct wbuf w;
static struct row row;

START_TEST(round_trip)
{
	size_t i;

	row_begin(&w, buf, sizeof(buf), "peer");
	row_u64(&w, "big", UINT64_MAX);
	row_str(&w, "text", "a\033\"b");
	row_str(&w, "none", "");
	row_bool(&w, "yes", true);
	row_bool(&w, "no", false);
	ck_assert(!w.fail);
	ck_assert_int_eq(row_parse(&row, buf, w.len), 0);
	ck_assert_str_eq(row.table, "peer");
	ck_assert_uint_eq(row.n, 5);
	ck_assert_uint_eq(row_get(&row, "big")->num, UINT64_MAX);
	ck_assert_str_eq(row_get(&row, "text")->str, "a\033\"b");
	ck_assert_str_eq(row_get(&row, "none")->str, "");
	ck_assert_uint_eq(row_get(&row, "yes")->num, 1);
	ck_assert_uint_eq(row_get(&row, "no")->num, 0);
	ck_assert_int_eq(row_get(&row, "no")->kind, ROW_BOOL);
	ck_assert_ptr_null(row_get(&row, "nothing"));
	for (i = 0; i < w.len; i++) {
		/* A cut between two fields is a row of fewer fields. */
		if (row_parse(&row, buf, i) == 0)
			ck_assert_uint_lt(row.n, 5);
	}
	buf[w.len] = 0;
	ck_assert_int_eq(row_parse(&row, buf, w.len + 1), -1);
}
END_TEST

START_TEST(names)
{
	static const char *const bad[] = { "", "A", "a b", "a.b", "\xc3",
	    "a=", "a\n", "0123456789012345678901234567890123" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		row_begin(&w, buf, sizeof(buf), bad[i]);
		ck_assert_int_eq(row_parse(&row, buf, w.len), -1);
		ck_assert_int_eq(errno, EBADMSG);
		row_begin(&w, buf, sizeof(buf), "t");
		row_u64(&w, bad[i], 1);
		ck_assert_int_eq(row_parse(&row, buf, w.len), -1);
	}
	row_begin(&w, buf, sizeof(buf), "abc_xyz-09");
	ck_assert_int_eq(row_parse(&row, buf, w.len), 0);
	ck_assert_uint_eq(row.n, 0);
	/* 31 bytes is the longest. */
	row_begin(&w, buf, sizeof(buf), "0123456789012345678901234567890");
	ck_assert_int_eq(row_parse(&row, buf, w.len), 0);
	row_begin(&w, buf, sizeof(buf), "01234567890123456789012345678901");
	ck_assert_int_eq(row_parse(&row, buf, w.len), -1);
}
END_TEST

START_TEST(kinds)
{
	int kind;

	for (kind = 0; kind < 256; kind++) {
		row_begin(&w, buf, sizeof(buf), "t");
		put_u8(&w, (uint8_t)kind);
		put_str(&w, "k");
		if (kind == ROW_U64)
			put_u64(&w, 0);
		else if (kind == ROW_STR)
			put_str(&w, "");
		else
			put_u8(&w, 1);
		ck_assert_int_eq(row_parse(&row, buf, w.len),
		    kind <= ROW_BOOL ? 0 : -1);
	}
	row_begin(&w, buf, sizeof(buf), "t");
	put_u8(&w, ROW_BOOL);
	put_str(&w, "k");
	put_u8(&w, 2);
	ck_assert_int_eq(row_parse(&row, buf, w.len), -1);
}
END_TEST

START_TEST(nul)
{
	row_begin(&w, buf, sizeof(buf), "t");
	put_u8(&w, ROW_STR);
	put_str(&w, "k");
	put_u16(&w, 3);
	put_bytes(&w, "a\0b", 3);
	ck_assert_int_eq(row_parse(&row, buf, w.len), -1);
}
END_TEST

/* JSON has each key once, and "table" is taken. */
START_TEST(keys)
{
	row_begin(&w, buf, sizeof(buf), "t");
	row_str(&w, "a", "");
	row_u64(&w, "b", 1);
	ck_assert_int_eq(row_parse(&row, buf, w.len), 0);
	row_bool(&w, "a", true);
	ck_assert_int_eq(row_parse(&row, buf, w.len), -1);
	row_begin(&w, buf, sizeof(buf), "t");
	row_str(&w, "table", "u");
	ck_assert_int_eq(row_parse(&row, buf, w.len), -1);
}
END_TEST

START_TEST(bounds)
{
	char text[ROW_MAX];
	int i;

	row_begin(&w, buf, sizeof(buf), "t");
	for (i = 0; i < ROW_FIELDS_MAX; i++) {
		snprintf(text, sizeof(text), "k%d", i);
		row_str(&w, text, "");
	}
	ck_assert_int_eq(row_parse(&row, buf, w.len), 0);
	ck_assert_uint_eq(row.n, ROW_FIELDS_MAX);
	row_bool(&w, "one-more", true);
	ck_assert_int_eq(row_parse(&row, buf, w.len), -1);
	/* The longest string that fits a row, and one byte more. */
	memset(text, 'x', sizeof(text));
	text[ROW_MAX - 9] = '\0';
	row_begin(&w, buf, sizeof(buf), "t");	/* 3 + 1 + 3 + 2 bytes */
	row_str(&w, "k", text);
	ck_assert(!w.fail);
	ck_assert_uint_eq(w.len, ROW_MAX);
	ck_assert_int_eq(row_parse(&row, buf, w.len), 0);
	ck_assert_uint_eq(strlen(row_get(&row, "k")->str), ROW_MAX - 9);
	text[ROW_MAX - 9] = 'x';
	text[ROW_MAX - 8] = '\0';
	row_begin(&w, buf, sizeof(buf), "t");
	row_str(&w, "k", text);
	ck_assert(w.fail);
	wbuf_init(&w, buf, sizeof(buf));
	put_str(&w, "t");
	row_str(&w, "k", text);
	ck_assert(!w.fail);
	ck_assert_int_eq(row_parse(&row, buf, w.len), -1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("row");
	TCase *tc = tcase_create("row");

	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, names);
	tcase_add_test(tc, kinds);
	tcase_add_test(tc, nul);
	tcase_add_test(tc, keys);
	tcase_add_test(tc, bounds);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("row", suite());
}
