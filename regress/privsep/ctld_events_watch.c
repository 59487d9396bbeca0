/* SPDX-License-Identifier: ISC */
/*
 * ctld and clients that watch events: they are slow, talk, go or are too many.
 */
#include <sys/ioctl.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/ctld_events_play.h"

/* One that crossed the word to stop is no fault. */
START_TEST(nobody_watches)
{
	uint8_t b[ROW_MAX];
	struct wbuf o;

	watched();
	close(client[0]);
	monitored(false);
	begin(&o, b, "x");
	row_u64(&o, "device", 99);
	ck_assert_int_eq(tell(PROC_NETD, &o), 0);
	ck_assert(is_silent(PROC_CRYPTOD, 200));
	watch();
	monitored(true);
	answer_peers();
	no_counters();
	ck_assert_uint_eq(kid.faults, 0);
	nclients--;
	close(client[1]);
	monitored(false);
	nclients = 0;
	kid_end(&kid);
}
END_TEST

/* Those who may only read never take the last places. */
START_TEST(too_many_watchers)
{
	int i;

	watched();
	for (i = 1; i < 12; i++)
		watch();
	ctl_end(watch(), EBUSY, "too many watch");
	for (; i < 16; i++)
		watch_at(LISTENER_CONTROL);
	ctl_end(watch_at(LISTENER_CONTROL), EBUSY, "too many watch");
	ctl_end(watch(), EBUSY, "too many watch");
	/* Only the last one that goes ends it. */
	ck_assert(is_silent(PROC_NETD, 0));
	teardown();
}
END_TEST

/* A flood, to one that reads nothing: it loses, and is told how many. */
START_TEST(slow_reader)
{
	char text[1000];
	uint8_t b[ROW_MAX];
	struct wbuf o;
	struct row row;
	uint64_t lost = 0, got = 0, told = 0;
	long rss, end;

	watched();
	rss = kid_rss(&kid);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	begin(&o, b, "flood");
	row_str(&o, "text", text);
	end = kid_ms() + 2500;
	while (kid_ms() < end) {
		if (tell(PROC_NETD, &o) == 0)
			told++;
		else
			usleep(1000);
		hear(0);
	}
	ck_assert_uint_gt(told, 2000);
	ck_assert_msg(kid_rss(&kid) - rss < 4096, "grew by %ld KiB",
	    kid_rss(&kid) - rss);
	while (got + lost < told) {
		ctl_row(client[0], &row, "event");
		if (strcmp(row_text(&row, "what"), "flood") == 0)
			got++;
		else if (strcmp(row_text(&row, "what"), "lost") == 0)
			lost += row_num(&row, "count");
	}
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(got + lost, told);
	ck_assert_uint_eq(kid.faults, 0);
	teardown();
}
END_TEST

/* The next event, whatever it is. */
static void
is_next(int fd, const char *what)
{
	struct row row;

	ctl_row(fd, &row, "event");
	ck_assert_str_eq(row_text(&row, "what"), what);
}

/* What a slow one loses is told to nobody, or there would be no end of it. */
START_TEST(slow_reader_alone)
{
	char text[ROW_MAX];
	uint8_t b[ROW_MAX];
	struct wbuf o;
	struct row row;
	int i;

	watched();
	watch();			/* and does not read */
	begin_long(&o, b, text, EVENT_MAX);
	for (i = 0; i < 200; i++) {
		ck_assert_int_eq(tell(PROC_NETD, &o), 0);
		is_next(client[0], "long");
	}
	/* ctld's own counters follow those of netd. */
	no_counters();
	begin(&o, b, "end");
	ck_assert_int_eq(tell(PROC_NETD, &o), 0);
	is_next(client[0], "end");
	ctl_row(client[1], &row, "event");
	while (strcmp(row_text(&row, "what"), "long") == 0)
		ctl_row(client[1], &row, "event");
	ck_assert_str_eq(row_text(&row, "what"), "lost");
	teardown();
}
END_TEST

/* It says something while it watches: that is its end, and only its own. */
START_TEST(talkative_watcher)
{
	uint8_t b[ROW_MAX];
	struct wbuf o;
	struct row row;
	char text[8];

	int n, fd;

	watched();
	fd = watch();
	begin(&o, b, "x");
	do {				/* until it was taken in */
		tell(PROC_NETD, &o);
		usleep(50000);
		ck_assert_int_eq(ioctl(fd, FIONREAD, &n), 0);
	} while (n < 100);		/* bytes; a WELCOME is shorter */
	event(client[1], &row);
	ck_assert_int_eq(write(client[1], "x", 1), 1);
	read_all(client[1], text, sizeof(text));
	tell(PROC_NETD, &o);
	event(client[0], &row);
	event(client[0], &row);
	teardown();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctld_events_watch");
	TCase *tc = tcase_create("ctld_events_watch");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, nobody_watches);
	tcase_add_test(tc, too_many_watchers);
	tcase_add_test(tc, slow_reader);
	tcase_add_test(tc, slow_reader_alone);
	tcase_add_test(tc, talkative_watcher);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_events_watch", suite());
}
