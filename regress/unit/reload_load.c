/* SPDX-License-Identifier: ISC */
/*
 * The transaction of a configuration under load: readers that are slow, many
 * peers, the longest of everything, and who asks too often.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reload_play.h"

#ifdef SANITIZER
#define LIMIT	5.0		/* seconds for 10,000 peers */
#else
#define LIMIT	1.0
#endif

/* However often they ask: files are not touched that often. */
START_TEST(too_often)
{
	unsigned i, done = 0;

	start();
	for (i = 0; i < 300; i++) {
		play.trace[0] = '\0';
		play.parse_errors = 1;
		ask(1000 + i);
		ck_assert_uint_eq(CTLD->answer_id, 1000 + i);
		done += CTLD->error == EINVAL;
	}
	ck_assert_int_eq(CTLD->error, EBUSY);
	ck_assert_ptr_nonnull(strstr(CTLD->text, "try again"));
	ck_assert_uint_ge(done, 60);
	ck_assert_uint_lt(done, 150);
	for (i = 0, done = 0; i < 300; i++) {
		play.trace[0] = '\0';
		CRYPTOD->writes = 0;
		say_plain(CRYPTOD, MSG_SLOT_WANT, 0, "\2", 1);
		turn(5);
		done += CRYPTOD->writes;
	}
	ck_assert_uint_eq(CRYPTOD->slot_error, EBUSY);
	ck_assert_uint_ge(done, 8);
	ck_assert_uint_lt(done, 100);
	ck_assert_int_eq(play.faults, 0);
}
END_TEST

/* Who reads nothing is not sent more than fits the queue. */
START_TEST(slow_reader)
{
	struct kid *k = &kid[_i];

	start();
	play.psk_files = 1;
	make_slot("0.psk", 0600);
	k->deaf = true;
	play.on_disk = make_conf(20000, 3, true);
	ask(5);
	turn(300);
	ck_assert_uint_eq(k->ends, 1);
	ck_assert_uint_gt(play.queued_most, 0);
	ck_assert_uint_lt(play.queued_most, DELIVER_QUEUE + MSG_MAX);
	ck_assert_int_eq(parent.reload.state, RELOAD_PREPARE);
	/* The loop turned all the while: others are served. */
	ck_assert_uint_eq(kid[(_i + 1) % 3].ends, 2);
	k->deaf = false;
	turn(5000);
	ck_assert_uint_eq(parent.conf->npeers, 20000);
	ck_assert_uint_eq(CRYPTOD->psks, 20000);
	ck_assert_uint_eq(CRYPTOD->allowed, 60000);
	ck_assert_uint_eq(CRYPTOD->wrong, 0);
	ck_assert_uint_eq(CTLD->psks, 20000);
	ck_assert_uint_eq(NETD->peers, 20000);
	ck_assert_int_eq(play.faults, 0);
}
END_TEST

/* A good one on the disk for the next reload, in place of what was there. */
static void
put_on_disk(size_t npeers)
{
	conf_free(play.on_disk);
	play.on_disk = make_conf(npeers, 1, false);
}

/*
 * One that is refused needs no word of a child that is held up.  However many
 * there are, it is sent no more than fits its queue, and is not ended for it.
 */
START_TEST(refused_again_and_again)
{
	unsigned i, begins, done = 0;

	start();
	kid[_i].deaf = true;
	kid[(_i + 1) % 3].say = SAY_NO;
	for (i = 0; i < 400; i++) {
		put_on_disk(300);
		reload_request(&parent, NULL, 0);
		turn(10);
		ck_assert_int_eq(parent.reload.state, RELOAD_IDLE);
		ck_assert_int_eq(play.faults, 0);
		done += play.on_disk == NULL;
	}
	ck_assert_uint_ge(done, 3);
	ck_assert_uint_lt(done, 400);
	/* The last SIGHUP waits until it has read. */
	kid[(_i + 1) % 3].say = SAY_READY;
	begins = NETD->begins + CRYPTOD->begins + CTLD->begins;
	put_on_disk(4);
	reload_request(&parent, NULL, 0);
	turn(10);
	ck_assert_ptr_nonnull(play.on_disk);
	ck_assert_uint_eq(NETD->begins + CRYPTOD->begins + CTLD->begins,
	    begins);
	kid[_i].deaf = false;
	turn(50);
	ck_assert_uint_eq(parent.reload.generation, 2);
	ck_assert_uint_eq(parent.conf->npeers, 4);
	ck_assert_uint_eq(kid[_i].wrong, 0);
	ck_assert_uint_eq(kid[_i].aborts, done);
	accepted(5);
}
END_TEST

/* And who asks meanwhile is told for whom it would have to wait. */
START_TEST(asks_before_it_is_read)
{
	unsigned i, id = 1000;

	start();
	CRYPTOD->deaf = true;
	NETD->say = SAY_NO;
	for (i = 0; i < 90 && CTLD->error != EBUSY; i++) {
		put_on_disk(300);
		ask(++id);
		ck_assert_uint_eq(CTLD->answer_id, id);
	}
	ck_assert_int_eq(CTLD->error, EBUSY);
	ck_assert_str_eq(CTLD->text, "cryptod has not read yet that the last "
	    "reload was refused; try again in a moment");
	NETD->say = SAY_READY;
	CRYPTOD->deaf = false;
	turn(50);
	conf_free(play.on_disk);
	play.on_disk = NULL;
	ck_assert_uint_eq(parent.reload.generation, 1);
	accepted(4);
}
END_TEST

static void
pause_ms(long ms)
{
	struct timespec ts = { 0, ms * 1000000 };

	nanosleep(&ts, NULL);
}

/* What goes on takes its time: only who stands still is ended. */
START_TEST(slow_but_reading)
{
	int i;

	start();
	parent.reload.timeout_ms = 1000;
	play.psk_files = 1;
	make_slot("0.psk", 0600);
	CRYPTOD->deaf = true;
	play.on_disk = make_conf(20000, 3, true);
	ask(5);
	for (i = 0; i < 40; i++) {
		pause_ms(50);
		CRYPTOD->deaf = false;
		turn(1);
		CRYPTOD->deaf = true;
	}
	ck_assert_int_eq(parent.reload.state, RELOAD_PREPARE);
	ck_assert_uint_eq(CRYPTOD->ends, 1);
	ck_assert_int_eq(parent.state, SUITE_RUNNING);
	/* And then it does not read any more. */
	for (i = 0; i < 5000 && parent.state == SUITE_RUNNING; i++) {
		pause_ms(1);
		turn(1);
	}
	ck_assert_int_eq(parent.state, SUITE_ENDING);
	ck_assert_ptr_nonnull(strstr(play.last_log, "cryptod did not prepare "
	    "the configuration within 1 seconds"));
}
END_TEST

/* A slow disk: each file that is opened for a key takes this long. */
static long	 slow_ms;
static unsigned	 opened;

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	if (slow_ms > 0 && strstr(path, ".psk") != NULL) {
		pause_ms(slow_ms);
		opened++;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* It is no child's fault, and the loop goes round meanwhile. */
START_TEST(slow_disk)
{
	unsigned before, most = 0, i;

	start();
	parent.reload.timeout_ms = 1000;
	play.psk_files = 1;
	make_slot("0.psk", 0600);
	play.on_disk = make_conf(120, 1, true);
	slow_ms = 20;
	say_plain(CTLD, MSG_RELOAD, 5, NULL, 0);
	for (i = 0; i < 5000 && CTLD->answers == 0; i++) {
		before = opened;
		event_base_loop(parent.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
		kid_read(NETD);
		kid_read(CRYPTOD);
		kid_read(CTLD);
		if (opened - before > most)
			most = opened - before;
	}
	ck_assert_msg(CTLD->error == 0, "%s", CTLD->text);
	ck_assert_int_eq(parent.state, SUITE_RUNNING);
	ck_assert_uint_eq(parent.conf->npeers, 120);
	ck_assert_uint_eq(opened, 120);
	ck_assert_uint_le(most, 3);
}
END_TEST

/* A turn of the loop sends a part, however much there is room for (P46). */
START_TEST(turns)
{
	start();
	play.on_disk = make_conf(1500, 1, false);
	reload_request(&parent, NULL, 0);
	event_base_loop(parent.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	kid_read(NETD);
	ck_assert_uint_eq(NETD->begins, 2);
	ck_assert_uint_eq(NETD->ends, 1);
	turn(20);
	ck_assert_uint_eq(parent.conf->npeers, 1500);
	ck_assert_uint_eq(NETD->peers, 1500);
}
END_TEST

/* Of our CPU: how busy the host is must not matter. */
static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

START_TEST(ten_thousand)
{
	char name[16];
	double t;
	int i;

	start();
	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "%d.psk", i);
		make_slot(name, 0600);
	}
	play.on_disk = make_conf(10000, 2, true);
	t = now();
	say_plain(CTLD, MSG_RELOAD, 5, NULL, 0);
	for (i = 0; i < 10000 && CTLD->answers == 0; i++)
		turn(1);
	t = now() - t;
	ck_assert_int_eq(CTLD->error, 0);
	ck_assert_uint_eq(CRYPTOD->psks, 10000);
	ck_assert_msg(t < LIMIT, "took %.3f s", t);
	if (getenv("VERBOSE") != NULL)
		fprintf(stderr, "10,000 peers with key files: %.3f s\n", t);
}
END_TEST

/* The longest of everything, and a peer with very many prefixes. */
START_TEST(huge)
{
	struct conf_peer *peer;
	char big[4096];

	start();
	memset(big, 'x', sizeof(big));
	big[0] = '/';
	big[sizeof(big) - 1] = '\0';
	play.on_disk = make_conf(2, CONF_ALLOWED_MAX, false);
	free(play.on_disk->path);
	play.on_disk->path = strdup(big);
	TAILQ_FOREACH(peer, &play.on_disk->peers, entry) {
		memset(peer->name, 'n', CONF_PEER_NAME - 1);
		peer->host = strndup(big + 1, CONF_HOST_MAX - 1);
		peer->port = 65535;
		peer->keepalive = 65535;
	}
	ask(5);
	turn(2000);
	ck_assert_int_eq(CTLD->error, 0);
	ck_assert_uint_eq(CRYPTOD->allowed, 2 * CONF_ALLOWED_MAX);
	ck_assert_uint_eq(strlen(NETD->last), CONF_HOST_MAX - 1);
	ck_assert_int_eq(play.faults, 0);
	/* And a name of a key file that fits nowhere. */
	play.on_disk = make_conf(2, 1, false);
	play.on_disk->key_file = strdup(big);
	ask(6);
	ck_assert_int_eq(CTLD->error, EINVAL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reload_load");
	TCase *tc = play_case("reload_load");

	tcase_add_test(tc, too_often);
	tcase_add_loop_test(tc, slow_reader, 0, 3);
	tcase_add_loop_test(tc, refused_again_and_again, 0, 3);
	tcase_add_test(tc, asks_before_it_is_read);
	tcase_add_test(tc, slow_but_reading);
	tcase_add_test(tc, slow_disk);
	tcase_add_test(tc, turns);
	tcase_add_test(tc, ten_thousand);
	tcase_add_test(tc, huge);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (!play_possible("reload_load"))
		return 0;
	return unit_run("reload_load", suite());
}
