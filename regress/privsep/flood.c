/* SPDX-License-Identifier: ISC */
/*
 * Siblings that talk without end and never listen: 20,000 messages of each
 * kind that they may send, and as many that they may not.  The child neither
 * hangs nor grows without bound, and can still be ended.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "regress/privsep/child.h"
#include "regress/unit/unit.h"
#include "shared/codec.h"
#include "shared/msg_parent.h"
#include "shared/row.h"

#define SLOW		2000		/* ms: longer is a hang */
#define FLOOD		20000
/*
 * KiB.  A queue of 1024 rows, of 4096 keys of devices, and what netd keeps of
 * 20,000 devices.
 */
#define GROWTH		(48 * 1024)

static const enum proc kids[] = { PROC_CRYPTOD, PROC_NETD, PROC_CTLD };

/* Content that gets as far as it can: the i-th message of a flood. */
static size_t
content(uint8_t *buf, const struct msg_row *row, unsigned i)
{
	struct wbuf w;

	memset(buf, 0, row->max);
	wbuf_init(&w, buf, MSG_PAYLOAD);
	switch (row->type) {
	case MSG_SHOW:
		put_u8(&w, (uint8_t)(SHOW_IMSG + i % 3));
		return 1;
	case MSG_GET_DEVICE:
		put_u8(&w, 1);
		return 1;
	case MSG_REMOTE_ADD:
		put_u32(&w, i + 1);
		put_u16(&w, 0);
		kid_random(buf + w.len, 32);
		return row->min;
	case MSG_GET_ENDPOINTS:
		put_u16(&w, 1);
		put_u32(&w, i + 1);
		return row->min;
	case MSG_HAS_ENDPOINT:
	case MSG_ENDPOINT_SET:
	case MSG_REMOTE_DEL:
		put_u32(&w, i + 1);
		return row->min;
	default:
		kid_random(buf, row->min);
		return row->min;
	}
}

/*
 * Says it as fast as it can.  Who does not read for a while, though we do
 * not wait for an answer, has stopped to listen to us: that is allowed.
 */
static unsigned
flood(struct kid *k, enum proc from, const struct msg_row *row)
{
	struct pollfd p = { .fd = k->link[from], .events = POLLOUT };
	uint8_t buf[MSG_PAYLOAD];
	unsigned i;
	size_t len;

	for (i = 0; i < FLOOD; i++) {
		len = content(buf, row, i);
		while (kid_say(k, from, row->type, buf, len, NULL, 0) == -1) {
			if (errno != EAGAIN || poll(&p, 1, 50) != 1)
				return i;
		}
	}
	return i;
}

static void
check_lives(struct kid *k, enum proc other, const char *what)
{
	int status;

	if (kid_sync(k, other, SLOW))
		return;
	status = kid_wait_exit(k, 0);
	ck_abort_msg("%s: wait status %04x (ffffffff: hangs): %s", what,
	    (unsigned)status, k->log);
}

/*
 * Rows for one who asks and does not read: either he is not listened to until
 * he reads, which he does now, or the parent was told.
 */
static void
check_unread(struct kid *k, enum proc from, const char *what)
{
	unsigned i;

	for (i = 0; i < k->faults; i++)
		if (k->fault[i].sibling == from &&
		    k->fault[i].verdict == MSG_UNREAD)
			return;
	ck_assert_msg(kid_sync(k, from, SLOW), "%s: the link is dead, and "
	    "nobody was told", what);
}

static void
one_flood(enum proc p, enum proc from, const struct msg_row *row)
{
	enum proc other = (enum proc)(PROC_CRYPTOD + PROC_NETD + PROC_CTLD -
	    (int)p - (int)from);
	char what[96];
	struct kid k;
	unsigned said;
	long rss;

	kid_run(&k, p);
	ck_assert(kid_sync(&k, from, SLOW));
	rss = kid_rss(&k);
	/* Nobody listens: neither the siblings nor the parent. */
	said = flood(&k, from, row);
	snprintf(what, sizeof(what), "%u %s from %s to %s", said, row->name,
	    proc_name(from), proc_name(p));
	ck_assert_msg(said > 16, "%s: it stopped to read", what);
	rss = kid_rss(&k) - rss;
	ck_assert_msg(rss < GROWTH, "%s: it grew by %ld KiB", what, rss);
	check_lives(&k, other, what);
	if (row->type == MSG_SHOW)
		check_unread(&k, from, what);
	kid_end(&k);
}

static void
floods_of(enum proc p)
{
	const struct msg_row *rows;
	size_t i, n;
	int from;

	kid_world();
	rows = msg_rows(&n);
	for (from = PROC_PARENT + 1; from < PROC_COUNT; from++)
		for (i = 0; i < n; i++)
			if ((kid_siblings(p) & PROC_BIT(from)) != 0 &&
			    rows[i].fd == FD_NONE &&
			    (rows[i].mode & MODE_BIT(kid_mode)) != 0 &&
			    (rows[i].phase & PHASE_BIT(PHASE_RUN)) != 0 &&
			    (rows[i].from & PROC_BIT(from)) != 0 &&
			    (rows[i].to & PROC_BIT(p)) != 0)
				one_flood(p, (enum proc)from, &rows[i]);
}

START_TEST(valid_messages)
{
	floods_of(kids[_i]);
}
END_TEST

/* Each of them makes a FAULT and a line of the log for a deaf parent. */
START_TEST(bad_messages)
{
	const struct msg_row *row = msg_row(MSG_GO);
	enum proc from = kids[(_i + 1) % 3];
	struct kid k;
	long rss;

	kid_world();
	kid_run(&k, kids[_i]);
	ck_assert(kid_sync(&k, from, SLOW));
	rss = kid_rss(&k);
	ck_assert_uint_eq(flood(&k, from, row), FLOOD);
	rss = kid_rss(&k) - rss;
	ck_assert_msg(rss < GROWTH, "it grew by %ld KiB", rss);
	check_lives(&k, from, "bad messages");
	ck_assert_uint_gt(k.faults, 0);
	kid_end(&k);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("flood");
	TCase *tc = tcase_create("flood");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, valid_messages, 0, 3);
	tcase_add_loop_test(tc, bad_messages, 0, 3);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("flood", suite());
}
