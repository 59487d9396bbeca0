/* SPDX-License-Identifier: ISC */
/*
 * The sessions file, and what a restart with it is like: for the labels of
 * both sides, under a clock that goes back, and for a peer that has roamed.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "cryptod/resume.h"
#include "shared/bytes.h"
#include "fakeclock.h"
#include "hosts.h"
#include "unit.h"

#define EPOCH	1700000000

static struct host a, b;
static struct resume rs;
static uint8_t file[65536];
static size_t file_len;

static void
setup(void)
{
	hosts_start(&a, &b);
	resume_init(&rs, &b.e);
	rs.ready = true;
}

static void
teardown(void)
{
	resume_clear(&rs);
	hosts_stop(&a, &b);
}

/* As if it had been written. */
static void
save(struct host *h)
{
	struct sessions s;

	ck_assert_int_eq(resume_collect(&h->e, &s), 0);
	file_len = SESSIONS_SIZE(s.n);
	ck_assert_uint_le(file_len, sizeof(file));
	sessions_encode(&s, file);
	memcpy(h->e.label_mark, s.mark, TAI64N_LEN);
	h->e.news = false;
	sessions_clear(&s);
}

/* b dies and is born again, with what is in the file. */
static void
restart(void)
{
	uint8_t private[32];
	struct sessions s;

	memcpy(private, b.e.local[0]->private, sizeof(private));
	resume_clear(&rs);
	host_stop(&b);
	wire_clear(&a.out);
	host_init(&b, &a, 2);
	host_set_private(&b, private);
	host_join(&b);
	engine_set_link(&b.e, false, 1420);
	resume_init(&rs, &b.e);
	ck_assert_int_eq(sessions_decode(&s, file, file_len), 0);
	resume_restore(&rs, &s);
	sessions_clear(&s);
}

/* As a new life does before it says a word. */
static void
raise_on_disk(void)
{
	struct sessions s;

	ck_assert_int_eq(sessions_decode(&s, file, file_len), 0);
	resume_raise(&b.e, s.mark);
	sessions_encode(&s, file);
	sessions_clear(&s);
}

static void
come_up(void)
{
	rs.ready = true;
	engine_set_link(&b.e, true, 1420);
	resume_kick(&rs);
}

static void
set_clock(int64_t sec)
{
	struct timespec ts = { .tv_sec = sec };

	fakeclock_set_realtime(&ts);
}

static void
fill(struct sessions *s, size_t n)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	s->note = calloc(n + 1, sizeof(*s->note));
	ck_assert_ptr_nonnull(s->note);
	s->n = n;
	tai64n_label(s->mark, EPOCH, 5 << 24);
	for (i = 0; i < n; i++) {
		randombytes_buf(&s->note[i], sizeof(s->note[i]));
		s->note[i].heard = (int64_t)(randombytes_random() & 0xffff);
		s->note[i].has_from = i % 3 != 0;
	}
}

START_TEST(codec)
{
	struct sessions s, t;
	size_t i, n;

	for (n = 0; n < 50; n++) {
		fill(&s, n);
		sessions_encode(&s, file);
		ck_assert_int_eq(sessions_decode(&t, file, SESSIONS_SIZE(n)),
		    0);
		ck_assert_uint_eq(t.n, n);
		ck_assert_mem_eq(t.mark, s.mark, TAI64N_LEN);
		for (i = 0; i < n; i++) {
			ck_assert_mem_eq(t.note[i].public, s.note[i].public,
			    32);
			ck_assert_mem_eq(t.note[i].timestamp,
			    s.note[i].timestamp, TAI64N_LEN);
			ck_assert_int_eq(t.note[i].heard, s.note[i].heard);
			ck_assert_int_eq(t.note[i].has_from,
			    s.note[i].has_from);
			ck_assert_mem_eq(t.note[i].from, s.note[i].from,
			    ENGINE_FROM);
		}
		sessions_clear(&s);
		sessions_clear(&t);
		ck_assert_ptr_null(t.note);
	}
}
END_TEST

/* Every bit and every length wrong: no file. */
START_TEST(damaged)
{
	uint8_t sum[32];
	struct sessions s, t;
	size_t i, len;

	fill(&s, 3);
	sessions_encode(&s, file);
	len = SESSIONS_SIZE(3);
	for (i = 0; i < len * 8; i++) {
		file[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(sessions_decode(&t, file, len), -1);
		ck_assert_int_eq(errno, EBADMSG);
		ck_assert_ptr_null(t.note);
		file[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (i = 0; i <= len + 200; i++)
		if (i != len)
			ck_assert_int_eq(sessions_decode(&t, file, i), -1);
	ck_assert_int_eq(sessions_decode(&t, file, len), 0);
	sessions_clear(&t);
	/* Made with the right hash, but by nobody we know. */
	put_le64(file + SESSIONS_HEAD + 44, UINT64_MAX);
	crypto_generichash(sum, 32, file, len - 32, NULL, 0);
	memcpy(file + len - 32, sum, 32);
	ck_assert_int_eq(sessions_decode(&t, file, len), -1);
	memset(s.mark, 0xff, TAI64N_LEN);
	sessions_encode(&s, file);
	ck_assert_int_eq(sessions_decode(&t, file, len), -1);
	memset(s.mark, 0, TAI64N_LEN);
	sessions_encode(&s, file);
	ck_assert_int_eq(sessions_decode(&t, file, len), -1);
	sessions_clear(&s);
}
END_TEST

START_TEST(what_is_news)
{
	b.e.news = false;
	memcpy(b.e.label_mark, b.e.label_top, TAI64N_LEN);
	host_send(&a, 1, 84);
	hosts_run(&a, &b, 100 * MS);
	/* Its timestamp and where it was. */
	ck_assert(b.e.news);
	save(&b);
	host_send(&a, 2, 84);
	host_send(&b, 2, 84);
	hosts_run(&a, &b, SEC);
	/* Packets are none. */
	ck_assert(!b.e.news);
	a.path = 9;
	host_send(&a, 3, 84);
	hosts_run(&a, &b, SEC);
	ck_assert(b.e.news);
	/* A label far below the mark is none; one near it is. */
	save(&a);
	engine_set_link(&a.e, false, 1420);
	engine_set_link(&a.e, true, 1420);
	host_send(&a, 4, 84);
	ck_assert(!a.e.news);
	engine_set_link(&a.e, false, 1420);
	engine_set_link(&a.e, true, 1420);
	hosts_run(&a, &b, 31 * SEC);
	a.e.news = false;
	host_send(&a, 5, 84);
	ck_assert(a.e.news);
}
END_TEST

/* The mark is never below a label that was sent, nor does it run away. */
START_TEST(marks)
{
	struct sessions s;
	int i;

	for (i = 0; i < 200; i++) {
		if (i == 100)
			set_clock(EPOCH - 100000000);
		engine_set_link(&b.e, false, 1420);
		engine_set_link(&b.e, true, 1420);
		host_send(&b, 1, 84);
		hosts_run(&a, &b, SEC);
		ck_assert_int_eq(resume_collect(&b.e, &s), 0);
		ck_assert_int_gt(tai64n_compare(s.mark, b.e.label_top), 0);
		ck_assert_int_eq(tai64n_compare(device_sender(b.d)->last_label,
		    b.e.label_top), 0);
		if (i < 100)
			ck_assert_int_le(tai64n_unix(s.mark), engine_wall(
			    &b.e) + RESUME_MARK + 1);
		else
			ck_assert_int_le(tai64n_unix(s.mark), EPOCH + 400);
		sessions_clear(&s);
	}
	/* A crash loop moves it by seconds. */
	set_clock(EPOCH);
	for (i = 0; i < 50; i++) {
		save(&b);
		restart();
		come_up();
		b.d->resume = false;
		host_send(&b, 1, 84);
	}
	ck_assert_int_le(tai64n_unix(b.e.label_top), EPOCH + 400 + 200);
}
END_TEST

/*
 * Killed again and again, in the same second and before anything else is
 * written: each life's labels are above the last one's.
 */
START_TEST(killed_in_a_row)
{
	uint8_t top[TAI64N_LEN];
	int i;

	host_send(&b, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.ntun, 1);
	save(&b);
	for (i = 0; i < 10; i++) {
		memcpy(top, b.e.label_top, sizeof(top));
		restart();
		raise_on_disk();
		come_up();
		host_send(&b, 1, 84);
		hosts_run(&a, &b, 50 * MS);
		ck_assert_int_gt(tai64n_compare(b.e.label_top, top), 0);
		ck_assert_uint_eq(a.e.n.drop_hs_replayed, 0);
		ck_assert_uint_eq(a.ntun, i + 2);
		/* In some lives there is time for more. */
		if (i % 3 == 0)
			save(&b);
	}
	ck_assert_int_le(tai64n_unix(b.e.label_top), engine_wall(&b.e) +
	    RESUME_MARK + 10 * 2 * RESUME_STEP);
}
END_TEST

/* Has it told that the clock was set back? */
static bool
told(const struct host *h)
{
	return h->e.log_clock.tat != 0;
}

/*
 * Many starts in a second: the labels run ahead of the clock, which is not to
 * blame.
 */
START_TEST(drift_is_no_clock)
{
	int i;

	host_send(&b, 1, 84);
	hosts_run(&a, &b, SEC);
	save(&b);
	for (i = 0; i < 100; i++) {
		restart();
		raise_on_disk();
		come_up();
		host_send(&b, 1, 84);
		hosts_run(&a, &b, 20 * MS);
		ck_assert(!told(&b));
	}
	ck_assert_int_gt(tai64n_unix(b.e.label_top), engine_wall(&b.e) + 150);
	/* While it runs, too. */
	set_clock(EPOCH - 3600);
	engine_set_link(&b.e, false, 1420);
	engine_set_link(&b.e, true, 1420);
	host_send(&b, 1, 84);
	ck_assert(told(&b));
}
END_TEST

/* What it was between two lives shows, with and without a peer. */
START_TEST(set_back_is_told)
{
	struct sessions s;

	host_send(&b, 1, 84);
	hosts_run(&a, &b, SEC);
	save(&b);
	set_clock(EPOCH - 3600);
	restart();
	come_up();
	host_send(&b, 1, 84);
	hosts_run(&a, &b, 20 * MS);
	ck_assert(told(&b));
	/* By the file alone. */
	fill(&s, 0);
	tai64n_label(s.mark, EPOCH + 60, 0);
	s.written = EPOCH;
	sessions_encode(&s, file);
	file_len = SESSIONS_SIZE(0);
	restart();
	resume_restore(&rs, &s);
	sessions_clear(&s);
	come_up();
	host_send(&b, 1, 84);
	hosts_run(&a, &b, 20 * MS);
	ck_assert(told(&b));
	/* A clock that is right again is no news. */
	set_clock(EPOCH + 1);
	restart();
	come_up();
	host_send(&b, 1, 84);
	hosts_run(&a, &b, 20 * MS);
	ck_assert(!told(&b));
}
END_TEST

/* A mark that is written before any label is above those to come. */
START_TEST(saved_before_a_label)
{
	struct sessions s;

	host_send(&b, 1, 84);
	hosts_run(&a, &b, SEC);
	save(&b);
	restart();
	ck_assert_int_eq(resume_collect(&b.e, &s), 0);
	come_up();
	host_send(&b, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_int_gt(tai64n_compare(s.mark, b.e.label_top), 0);
	sessions_clear(&s);
}
END_TEST

/* An initiation that was recorded before the restart. */
START_TEST(replay_after_restart)
{
	struct sessions none;
	struct datagram *dg;

	a.keep = true;
	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
	dg = TAILQ_FIRST(&a.kept);
	ck_assert_uint_eq(dg->data[0], 1);
	save(&b);
	restart();
	come_up();
	host_receive(&b, dg->data, dg->len, 66);
	ck_assert_uint_eq(b.e.n.drop_hs_replayed, 1);
	ck_assert_uint_eq(b.types[2], 0);
	/* The network's copy says nothing about the clock. */
	ck_assert_uint_eq(device_sender(b.d)->health.stale, 0);
	/* A new one is welcome. */
	engine_set_link(&a.e, false, 1420);
	engine_set_link(&a.e, true, 1420);
	host_send(&a, 2, 84);
	hosts_run(&a, &b, 10 * SEC);	/* both began */
	ck_assert_uint_eq(b.ntun, 1);
	/* Without a file the old one would be, too. */
	fill(&none, 0);
	sessions_encode(&none, file);
	sessions_clear(&none);
	file_len = SESSIONS_SIZE(0);
	restart();
	come_up();
	host_receive(&b, dg->data, dg->len, 66);
	ck_assert_uint_eq(b.types[2], 1);
}
END_TEST

/* Labels go on above the old ones, though the clock lost a year. */
START_TEST(clock_back_a_year)
{
	uint8_t last[TAI64N_LEN];
	int i;

	host_send(&b, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.ntun, 1);
	memcpy(last, b.e.label_top, sizeof(last));
	save(&b);
	/* More labels after the last write, but below the mark. */
	hosts_run(&a, &b, 20 * SEC);
	engine_set_link(&b.e, false, 1420);
	engine_set_link(&b.e, true, 1420);
	host_send(&b, 2, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.ntun, 2);
	set_clock(EPOCH - 365 * 86400);
	restart();
	come_up();
	a.ntun = 0;
	/* What it was told lies in its future: it counts as alive. */
	ck_assert_uint_eq(rs.left, 1);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.e.n.drop_hs_replayed, 0);
	for (i = 0; i < 3; i++) {
		host_send(&b, 3, 84);
		hosts_run(&a, &b, SEC);
		ck_assert_int_gt(tai64n_compare(b.e.label_top, last), 0);
		memcpy(last, b.e.label_top, sizeof(last));
		engine_set_link(&b.e, false, 1420);
		engine_set_link(&b.e, true, 1420);
	}
	ck_assert_uint_eq(a.ntun, 3);
}
END_TEST

/*
 * The peer has roamed, and never begins: the gap is a round trip, as b calls
 * it where it was.
 */
START_TEST(called_where_it_was)
{
	uint32_t before;

	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	a.path = 4711;
	host_send(&a, 2, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(get_le32(b.d->from), 4711);
	save(&b);
	hosts_run(&a, &b, 20 * SEC);
	restart();
	b.d->has_endpoint = false;
	ck_assert_uint_eq(rs.left, 1);
	/* The link is down, or netd does not know the devices: not yet. */
	resume_kick(&rs);
	rs.ready = true;
	resume_kick(&rs);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.auths + b.types[1], 0);
	before = a.ntun;
	come_up();
	hosts_run(&a, &b, 50 * MS);
	ck_assert_uint_eq(b.e.n.sessions_resumed, 1);
	ck_assert_uint_eq(b.types[1], 1);
	ck_assert_uint_eq(a.e.n.handshakes_completed, 2);
	ck_assert(keypair_can_send(&b.e, device_sender(b.d)->current));
	ck_assert_uint_eq(rs.left, 0);
	ck_assert_uint_eq(b.auth_device, b.d->id);
	ck_assert_uint_eq(get_le32(b.auth_from), 4711);
	/* Nobody lost a packet for longer than that. */
	host_send(&a, 3, 84);
	host_send(&b, 3, 84);
	hosts_run(&a, &b, 50 * MS);
	ck_assert_uint_eq(b.ntun, 1);
	ck_assert_uint_eq(a.ntun, before + 1);
	/* Once is enough. */
	engine_set_link(&b.e, false, 1420);
	come_up();
	hosts_run(&a, &b, 10 * SEC);
	ck_assert_uint_eq(b.e.n.sessions_resumed, 1);
}
END_TEST

START_TEST(who_is_not_called)
{
	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	save(&b);
	/* Too long ago: it is known, and not called. */
	hosts_run(&a, &b, 700 * SEC);
	restart();
	come_up();
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.types[1], 0);
	ck_assert(b.d->has_from);
	ck_assert(!sodium_is_zero(device_sender(b.d)->secret->noise.timestamp,
	    TAI64N_LEN));
	/* It was quicker than we. */
	host_send(&a, 2, 84);
	hosts_run(&a, &b, SEC);
	save(&b);
	restart();
	engine_set_link(&b.e, true, 1420);
	engine_set_link(&a.e, false, 1420);
	engine_set_link(&a.e, true, 1420);
	host_send(&a, 3, 84);
	hosts_run(&a, &b, SEC);
	come_up();
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.types[1], 0);
	ck_assert_uint_eq(b.e.n.sessions_resumed, 0);
	/* Gone from the configuration: nothing comes of it. */
	save(&b);
	restart();
	device_remove(&b.e, b.d);
	come_up();
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(rs.left, 0);
	ck_assert_uint_eq(b.types[1] + b.auths, 0);
}
END_TEST

/* Thousands are called a few at a time, and a full lane is waited for. */
START_TEST(many)
{
	struct sessions s;
	struct device *d;
	size_t i;

	fill(&s, 300);
	for (i = 0; i < s.n; i++) {
		s.note[i].heard = engine_wall(&b.e) - 5;
		s.note[i].has_from = true;
		d = device_new(&b.e, s.note[i].public);
		ck_assert_ptr_nonnull(d);
	}
	engine_set_link(&b.e, false, 1420);
	resume_restore(&rs, &s);
	ck_assert_uint_eq(rs.left, 300);
	b.auth_full = true;
	come_up();
	hosts_run(&a, &b, 100 * MS);
	ck_assert_uint_eq(b.types[1], 0);
	ck_assert_uint_eq(rs.left, 300);
	b.auth_full = false;
	b.auths = 0;
	hosts_run(&a, &b, 15 * MS);
	ck_assert_uint_gt(b.auths, 0);
	ck_assert_uint_le(b.auths, 4 * RESUME_BURST);
	hosts_run(&a, &b, 200 * MS);
	ck_assert_uint_eq(b.auths, 300);
	ck_assert_uint_eq(b.types[1], 300);
	ck_assert_uint_eq(rs.left, 0);
	sessions_clear(&s);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("sessions");
	TCase *t = tcase_create("sessions");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, codec);
	tcase_add_test(t, damaged);
	tcase_add_test(t, what_is_news);
	tcase_add_test(t, marks);
	tcase_add_test(t, killed_in_a_row);
	tcase_add_test(t, drift_is_no_clock);
	tcase_add_test(t, set_back_is_told);
	tcase_add_test(t, saved_before_a_label);
	tcase_add_test(t, replay_after_restart);
	tcase_add_test(t, clock_back_a_year);
	tcase_add_test(t, called_where_it_was);
	tcase_add_test(t, who_is_not_called);
	tcase_add_test(t, many);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("sessions", suite());
}
