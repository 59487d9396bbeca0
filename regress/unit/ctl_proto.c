/* SPDX-License-Identifier: ISC */
/*
 * Frames of the control socket: what was written is read, and nothing else.
 */
#include <errno.h>
#include <string.h>

#include "shared/bytes.h"
#include "shared/ctl_proto.h"
#include "unit.h"

static uint8_t buf[2 * CTL_FRAME_MAX];
static struct wbuf w;

static void
fresh(void)
{
	wbuf_init(&w, buf, sizeof(buf));
}

static struct ctl_frame
frame(uint16_t type, uint32_t id)
{
	struct ctl_frame f;
	size_t used = 0, i;

	ck_assert(!w.fail);
	for (i = 0; i < w.len; i++)
		ck_assert_int_eq(ctl_frame_read(buf, i, &f, &used), 0);
	ck_assert_uint_eq(used, 0);
	ck_assert_int_eq(ctl_frame_read(buf, w.len, &f, &used), 1);
	ck_assert_uint_eq(used, w.len);
	ck_assert_uint_eq(f.type, type);
	ck_assert_uint_eq(f.id, id);
	return f;
}

/* Every shorter and one longer payload, and another type, are refused. */
#define CHECK_EDGES(f, call) do {					\
	struct ctl_frame _f = (f), *e = &_f;				\
	size_t _n = _f.len;						\
	for (_f.len = 0; _f.len < _n; _f.len++)				\
		ck_assert_int_eq((call), -1);				\
	_f.len = _n + 1;						\
	ck_assert_int_eq((call), -1);					\
	_f.len = _n;							\
	_f.type++;							\
	ck_assert_int_eq((call), -1);					\
	_f.type--;							\
	ck_assert_int_eq((call), 0);					\
} while (0)

START_TEST(hello)
{
	uint16_t min, max;

	fresh();
	ctl_hello_write(&w, 77, 1, 3);
	CHECK_EDGES(frame(CTL_HELLO, 77), ctl_hello_read(e, &min, &max));
	ck_assert_uint_eq(min, 1);
	ck_assert_uint_eq(max, 3);
	fresh();
	ctl_hello_write(&w, 77, 3, 1);
	ck_assert_int_eq(ctl_hello_read(&(struct ctl_frame){ CTL_HELLO, 77,
	    buf + CTL_HEADER, 4 }, &min, &max), -1);
}
END_TEST

START_TEST(versions)
{
	ck_assert_uint_eq(ctl_version(0, UINT16_MAX), CTL_VERSION_MAX);
	ck_assert_uint_eq(ctl_version(CTL_VERSION_MAX, CTL_VERSION_MAX),
	    CTL_VERSION_MAX);
	ck_assert_uint_eq(ctl_version(CTL_VERSION_MAX + 1, 99), 0);
	ck_assert_uint_eq(ctl_version(0, CTL_VERSION_MIN - 1), 0);
}
END_TEST

START_TEST(welcome)
{
	struct ctl_welcome a, b;

	memset(&a, 0, sizeof(a));
	a.version = 1;
	memcpy(a.daemon, "0.1", 4);
	memset(a.instance, 'x', sizeof(a.instance) - 1);
	fresh();
	ctl_welcome_write(&w, 0, &a);
	CHECK_EDGES(frame(CTL_WELCOME, 0), ctl_welcome_read(e, &b));
	ck_assert_str_eq(a.daemon, b.daemon);
	ck_assert_str_eq(a.instance, b.instance);
}
END_TEST

START_TEST(show)
{
	enum show_topic t;
	int i;

	for (i = 0; i <= SHOW_TOPICS; i++) {
		fresh();
		ctl_show_write(&w, 5, i);
		if (i == 0 || i == SHOW_TOPICS) {
			struct ctl_frame f = frame(CTL_SHOW, 5);

			ck_assert_int_eq(ctl_show_read(&f, &t), -1);
			continue;
		}
		CHECK_EDGES(frame(CTL_SHOW, 5), ctl_show_read(e, &t));
		ck_assert_int_eq((int)t, i);
	}
}
END_TEST

START_TEST(logging)
{
	struct ctl_frame f;
	bool v = false;

	fresh();
	ctl_log_write(&w, 6, true);
	CHECK_EDGES(frame(CTL_LOG, 6), ctl_log_read(e, &v));
	ck_assert(v);
	f = frame(CTL_LOG, 6);
	buf[CTL_HEADER] = 2;
	ck_assert_int_eq(ctl_log_read(&f, &v), -1);
}
END_TEST

START_TEST(peer_of)
{
	char name[CTL_TEXT_MAX], text[CTL_TEXT_MAX + 1];
	struct ctl_frame f;

	fresh();
	ctl_peer_write(&w, 8, "alice");
	CHECK_EDGES(frame(CTL_PEER, 8), ctl_peer_read(e, name));
	ck_assert_str_eq(name, "alice");
	/* One byte too long for the reader. */
	memset(text, 'a', CTL_TEXT_MAX);
	text[CTL_TEXT_MAX] = '\0';
	fresh();
	ctl_peer_write(&w, 8, text);
	f = frame(CTL_PEER, 8);
	ck_assert_int_eq(ctl_peer_read(&f, name), -1);
}
END_TEST

/* Types without a payload. */
START_TEST(plain)
{
	fresh();
	ctl_plain_write(&w, 9, CTL_RELOAD);
	CHECK_EDGES(frame(CTL_RELOAD, 9), ctl_plain_read(e, CTL_RELOAD));
}
END_TEST

START_TEST(finished)
{
	struct ctl_done d;
	char text[CTL_TEXT_MAX + 1];
	struct ctl_frame f;

	fresh();
	ctl_done_write(&w, UINT32_MAX, EPERM, "configured by a file");
	CHECK_EDGES(frame(CTL_DONE, UINT32_MAX), ctl_done_read(e, &d));
	ck_assert_uint_eq(d.error, EPERM);
	ck_assert_str_eq(d.text, "configured by a file");
	/* One byte too long for the reader. */
	memset(text, 'a', CTL_TEXT_MAX);
	text[CTL_TEXT_MAX] = '\0';
	fresh();
	ctl_done_write(&w, 1, 0, text);
	f = frame(CTL_DONE, 1);
	ck_assert_int_eq(ctl_done_read(&f, &d), -1);
}
END_TEST

/* The length is refused before it is waited for. */
START_TEST(headers)
{
	struct ctl_frame f;
	size_t used;

	memset(buf, 0, sizeof(buf));
	put_le32(buf, CTL_PAYLOAD);
	ck_assert_int_eq(ctl_frame_read(buf, CTL_HEADER, &f, &used), 0);
	ck_assert_int_eq(ctl_frame_read(buf, CTL_FRAME_MAX, &f, &used), 1);
	put_le32(buf, CTL_PAYLOAD + 1);
	errno = 0;
	ck_assert_int_eq(ctl_frame_read(buf, CTL_HEADER, &f, &used), -1);
	ck_assert_int_eq(errno, EBADMSG);
	put_le32(buf, UINT32_MAX);
	ck_assert_int_eq(ctl_frame_read(buf, CTL_HEADER, &f, &used), -1);
	put_le32(buf, 0);
	buf[7] = 1;
	ck_assert_int_eq(ctl_frame_read(buf, CTL_HEADER, &f, &used), -1);
}
END_TEST

START_TEST(writing)
{
	fresh();
	ctl_frame_write(&w, CTL_ROW, 1, buf, CTL_PAYLOAD + 1);
	ck_assert(w.fail);
	wbuf_init(&w, buf, CTL_HEADER + 3);
	ctl_frame_write(&w, CTL_ROW, 1, "abcd", 4);
	ck_assert(w.fail);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctl_proto");
	TCase *tc = tcase_create("ctl_proto");

	tcase_add_test(tc, hello);
	tcase_add_test(tc, versions);
	tcase_add_test(tc, welcome);
	tcase_add_test(tc, show);
	tcase_add_test(tc, logging);
	tcase_add_test(tc, peer_of);
	tcase_add_test(tc, plain);
	tcase_add_test(tc, finished);
	tcase_add_test(tc, headers);
	tcase_add_test(tc, writing);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctl_proto", suite());
}
