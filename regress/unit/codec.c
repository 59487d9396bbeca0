/* SPDX-License-Identifier: ISC */
/*
 * The fields of messages: what is written into a buffer is read again, and
 * nothing beyond the end of either.
 */
#include <string.h>

#include "shared/codec.h"
#include "unit.h"

START_TEST(fields)
{
	static char endless[UINT16_MAX + 2];
	uint8_t buf[64], b[4];
	struct wbuf w;
	struct rbuf r;
	char s[8];
	size_t n;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, 1);
	put_u16(&w, 0x0203);
	put_u32(&w, 0x04050607);
	put_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
	put_str(&w, "seven77");
	put_bytes(&w, "", 0);
	ck_assert_uint_eq(w.len, 24);
	for (n = 0; n <= w.len; n++) {
		rbuf_init(&r, buf, n);
		get_u8(&r);
		get_u16(&r);
		get_u32(&r);
		get_u64(&r);
		get_str(&r, s, sizeof(s));
		ck_assert_int_eq(rbuf_end(&r), n == w.len ? 0 : -1);
	}
	ck_assert_str_eq(s, "seven77");
	/* Its length has 16 bits. */
	memset(endless, 'x', sizeof(endless) - 1);
	put_str(&w, endless);
	ck_assert(w.fail);
	ck_assert_uint_eq(w.len, 24);
	rbuf_init(&r, buf, 15);
	ck_assert_uint_eq(get_u8(&r), 1);
	ck_assert_uint_eq(get_u16(&r), 0x0203);
	ck_assert_uint_eq(get_u32(&r), 0x04050607);
	ck_assert_uint_eq(get_u64(&r), UINT64_C(0x08090a0b0c0d0e0f));
	ck_assert_int_eq(rbuf_end(&r), 0);
	/* After a failure everything reads as zero. */
	memset(b, 0xff, sizeof(b));
	get_bytes(&r, b, 4);
	ck_assert_mem_eq(b, "\0\0\0\0", 4);
	ck_assert_uint_eq(get_u8(&r), 0);
	ck_assert_ptr_null(get_ref(&r, 0));
	/* A string one byte too long for its place. */
	rbuf_init(&r, buf + 15, 9);
	get_str(&r, s, 7);
	ck_assert_int_eq(rbuf_end(&r), -1);
}
END_TEST

START_TEST(writing)
{
	uint8_t buf[8];
	struct wbuf w;
	size_t cap;

	for (cap = 0; cap < 8; cap++) {
		wbuf_init(&w, buf, cap);
		put_u64(&w, 1);
		ck_assert(w.fail);
		ck_assert_uint_eq(w.len, 0);
		put_u8(&w, 1);		/* would fit, but is not the first */
		ck_assert_uint_eq(w.len, 0);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("codec");
	TCase *tc = tcase_create("codec");

	tcase_add_test(tc, fields);
	tcase_add_test(tc, writing);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("codec", suite());
}
