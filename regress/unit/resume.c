/* SPDX-License-Identifier: ISC */
/*
 * Lives that cannot write: the file of sessions is what an earlier one left,
 * and still no label is sent twice, nor do labels run away from the clock.
 */
#include <stdlib.h>
#include <string.h>

#include "cryptod/resume.h"
#include "fakeclock.h"
#include "hosts.h"
#include "unit.h"

#define EPOCH	1700000000

static struct host a, b;
static struct resume rs;
static uint8_t file[4096];
static size_t file_len;
static int64_t written;		/* its time */
static uint16_t pings;

static void
set_clock(int64_t sec)
{
	struct timespec ts = { .tv_sec = sec };

	fakeclock_set_realtime(&ts);
}

static void
keep(const struct sessions *s)
{
	struct timespec ts;

	clock_realtime(&ts);
	written = ts.tv_sec;
	file_len = SESSIONS_SIZE(s->n);
	ck_assert_uint_le(file_len, sizeof(file));
	sessions_encode(s, file);
}

static void
save(void)
{
	struct sessions s;

	ck_assert_int_eq(resume_collect(&b.e, &s), 0);
	keep(&s);
	sessions_clear(&s);
}

/* b dies and is born again; can it write? */
static void
restart(bool full)
{
	uint8_t private[32], mark[TAI64N_LEN];
	struct sessions s;

	memcpy(private, b.e.local[0]->private, sizeof(private));
	resume_clear(&rs);
	host_stop(&b);
	wire_clear(&a.out);
	host_init(&b, &a, 2);
	host_set_private(&b, private);
	host_join(&b);
	resume_init(&rs, &b.e);
	ck_assert_int_eq(sessions_decode(&s, file, file_len), 0);
	s.written = written;
	resume_age(&s);
	memcpy(mark, s.mark, sizeof(mark));
	if (!full) {
		resume_raise(&b.e, s.mark);
		keep(&s);
		memcpy(s.mark, mark, sizeof(mark));
	}
	resume_restore(&rs, &s);
	sessions_clear(&s);
	rs.ready = true;
	resume_kick(&rs);
}

/* Whoever hears it answers: it was not sent before. */
static void
is_heard(void)
{
	unsigned n = a.ntun;

	host_send(&b, ++pings, 84);
	hosts_run(&a, &b, 50 * MS);
	ck_assert_uint_eq(a.e.n.drop_hs_replayed, 0);
	ck_assert_uint_eq(a.ntun, n + 1);
}

/* How far labels are ahead of the clock. */
static int64_t
ahead(void)
{
	struct timespec ts;

	clock_realtime(&ts);
	return tai64n_unix(b.e.label_top) - ts.tv_sec;
}

static void
setup(void)
{
	set_clock(EPOCH);
	hosts_start(&a, &b);
	resume_init(&rs, &b.e);
	is_heard();
	save();
}

static void
teardown(void)
{
	resume_clear(&rs);
	hosts_stop(&a, &b);
}

START_TEST(full)
{
	int i;

	for (i = 0; i < 50; i++) {
		restart(true);
		is_heard();
		ck_assert_int_le(ahead(), RESUME_MARK + 2);
	}
	/* The clock overtakes them, and then they are its own. */
	for (i = 0; i < 20; i++) {
		restart(true);
		is_heard();
		ck_assert_int_le(ahead(), RESUME_MARK + 2);
		hosts_run(&a, &b, 10 * SEC);
	}
	ck_assert_int_eq(ahead(), -10);
}
END_TEST

/* The life that can write again begins above those that could not. */
START_TEST(room_again)
{
	int i;

	for (i = 0; i < 200; i++) {
		restart(i % 7 != 6);
		is_heard();
		if (i % 20 == 0)
			hosts_run(&a, &b, 6 * SEC);
		/* No more than a step for each that could, at the worst. */
		ck_assert_int_le(ahead(), RESUME_MARK + 2 + i / 7 *
		    RESUME_STEP);
	}
	save();
	hosts_run(&a, &b, 300 * SEC);
	restart(false);
	is_heard();
	ck_assert_int_le(ahead(), 0);
}
END_TEST

/* What resume_age() makes of this mark, relative to it. */
static int64_t
aged(int64_t mark, int64_t time)
{
	uint8_t before[TAI64N_LEN];
	struct session_note note;
	struct sessions s = { .note = &note, .written = time };

	tai64n_label(s.mark, mark, 5 << 24);
	memcpy(before, s.mark, sizeof(before));
	resume_age(&s);
	ck_assert_int_ge(tai64n_compare(s.mark, before), 0);
	ck_assert_int_eq(s.written, time);
	return tai64n_unix(s.mark) - mark;
}

START_TEST(ages)
{
	struct timespec ts = { .tv_sec = EPOCH, .tv_nsec = 999999999 };

	fakeclock_set_realtime(&ts);
	ck_assert_int_eq(aged(EPOCH + 60, EPOCH), 0);
	ck_assert_int_eq(aged(EPOCH + 60, EPOCH - 1), 0);
	ck_assert_int_eq(aged(EPOCH + 60, EPOCH - 2), 1);
	ck_assert_int_eq(aged(EPOCH - 40, EPOCH - 100), 50);
	/* After two days the clock is past it: no need to go further. */
	ck_assert_int_eq(aged(EPOCH + 60 - 2 * RESUME_TRUST,
	    EPOCH - 2 * RESUME_TRUST), RESUME_TRUST);
	ck_assert_int_eq(aged(EPOCH - 200000, EPOCH - 200000), RESUME_TRUST);
	ck_assert_int_eq(aged(0, 1), RESUME_TRUST);
	/* The clock was set back since: the mark is not lowered. */
	ck_assert_int_eq(aged(EPOCH + 3660, EPOCH + 3600), 0);
	ck_assert_int_eq(aged(EPOCH - 9, EPOCH + 1), 0);
	ck_assert_int_eq(aged(EPOCH - 9, INT64_MAX), 0);
	/* It was set back before, or the file's time is no time. */
	ck_assert_int_eq(aged(EPOCH + 365 * 86400, EPOCH - 100), 0);
	ck_assert_int_eq(aged(EPOCH - 100, 1), 0);
	ck_assert_int_eq(aged(EPOCH - 100, 0), 0);
	ck_assert_int_eq(aged(EPOCH - 100, -1), 0);
	ck_assert_int_eq(aged(EPOCH - 100, INT64_MIN), 0);
	ck_assert_int_eq(aged(EPOCH - 50, EPOCH - 50 - RESUME_TRUST),
	    (RESUME_TRUST + 50) / 2);
	ck_assert_int_eq(aged(EPOCH - 50, EPOCH - 51 - RESUME_TRUST), 0);
}
END_TEST

/* Set back between two lives that can write: the mark alone is enough. */
START_TEST(set_back)
{
	restart(false);
	is_heard();
	set_clock(EPOCH - 3600);
	restart(false);
	is_heard();
	restart(true);
	is_heard();
	/* And forth again. */
	set_clock(EPOCH + 10);
	restart(true);
	is_heard();
}
END_TEST

/* A boot by a clock that is years ahead, until it is put right. */
START_TEST(years_ahead)
{
	int i;

	set_clock(EPOCH + 3650LL * 86400);
	restart(true);
	set_clock(EPOCH + 100);
	hosts_run(&a, &b, 10 * MS);
	is_heard();
	ck_assert_int_le(ahead(), RESUME_TRUST);
	save();
	for (i = 0; i < 20; i++) {
		restart(i % 2 == 0);
		is_heard();
		hosts_run(&a, &b, 10 * SEC);
	}
	ck_assert_int_le(ahead(), RESUME_TRUST + 20 * RESUME_STEP);
	/* And two days later there is nothing of it. */
	set_clock(EPOCH + 200 + 2 * RESUME_TRUST);
	restart(true);
	is_heard();
	ck_assert_int_le(ahead(), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("resume");
	TCase *t = tcase_create("resume");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, full);
	tcase_add_test(t, room_again);
	tcase_add_test(t, ages);
	tcase_add_test(t, set_back);
	tcase_add_test(t, years_ahead);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("resume", suite());
}
