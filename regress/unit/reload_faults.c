/* SPDX-License-Identifier: ISC */
/*
 * Children that do wrong while a configuration is under way: they answer too
 * early, late, twice or out of turn, fall silent or die.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "reload_play.h"

static int	 refused_adds = -1;	/* -1: none is */

/* In the place of the library's: no memory for what is due at once. */
int
event_add(struct event *ev, const struct timeval *tv)
{
	int (*real)(struct event *, const struct timeval *);
	void *sym;

	if (refused_adds >= 0 && tv != NULL && tv->tv_sec == 0 &&
	    tv->tv_usec == 0) {
		refused_adds++;
		errno = ENOMEM;
		return -1;
	}
	sym = dlsym(RTLD_NEXT, "event_add");
	ck_assert_ptr_nonnull(sym);
	memcpy(&real, &sym, sizeof(real));
	return real(ev, tv);
}

/* The others' READY may come when all is over, even after the next BEGIN. */
START_TEST(late_answers)
{
	uint32_t id;

	start();
	NETD->say = SAY_NOTHING;
	CTLD->say = SAY_NO;
	propose(5, 4);
	refused(5, "its key");
	id = NETD->id;
	say_plain(NETD, MSG_CONF_READY, id, NULL, 0);
	turn(5);
	ck_assert_int_eq(play.faults, 0);
	CTLD->say = SAY_NO;
	propose(6, 4);
	refused(6, "its key");
	CTLD->say = SAY_NOTHING;
	propose(7, 4);
	ck_assert_int_eq(parent.reload.state, RELOAD_PREPARE);
	say_no(NETD, id + 1, "late");
	turn(5);
	ck_assert_int_eq(parent.reload.state, RELOAD_PREPARE);
	ck_assert_int_eq(play.faults, 0);
	/* But each once. */
	say_plain(NETD, MSG_CONF_READY, id + 1, NULL, 0);
	turn(5);
	ck_assert_int_eq(play.faults, 1);
}
END_TEST

/* NO in the midst of what is sent. */
START_TEST(early_no)
{
	start();
	CRYPTOD->deaf = true;
	propose(5, 60000);
	ck_assert_int_eq(parent.reload.state, RELOAD_PREPARE);
	say_no(CRYPTOD, parent.reload.id, "enough");
	turn(2);
	refused(5, "enough");
	CRYPTOD->deaf = false;
	turn(100);
	ck_assert_uint_eq(CRYPTOD->aborts, 1);
	ck_assert_uint_eq(CRYPTOD->ends, 1);
	accepted(4);
}
END_TEST

/* One wrong thing to say. */
struct breach {
	struct kid	*kid;
	uint16_t	 type;
	enum {
		THIS, LAST, NEXT, ZERO
	}		 id;		/* of which transaction */
	const char	*data;		/* NULL: as it ought to be */
	size_t		 len;
};

#define DATA(s)	(s), sizeof(s) - 1
#define N(a)	((int)(sizeof(a) / sizeof((a)[0])))

/* CRYPTOD is READY, NETD has not answered, and nothing is committed. */
static const struct breach in_prepare[] = {
	{ CRYPTOD, MSG_CONF_READY, THIS, NULL, 0 },	/* twice */
	{ CRYPTOD, MSG_CONF_NO, THIS, NULL, 0 },	/* after READY */
	{ NETD, MSG_CONF_READY, LAST, NULL, 0 },
	{ NETD, MSG_CONF_READY, NEXT, NULL, 0 },
	{ NETD, MSG_CONF_DONE, THIS, NULL, 0 },
	{ CRYPTOD, MSG_CONF_DONE, THIS, NULL, 0 },
	{ NETD, MSG_CONF_NO, THIS, DATA("\5\0abc") },	/* no text */
	{ NETD, MSG_CONF_NO, THIS, DATA("\3\0a\0c") },
	{ CRYPTOD, MSG_SLOT_WRITTEN, ZERO, DATA("\1\0\0\0\0") },
	{ CRYPTOD, MSG_SLOT_WANT, ZERO, DATA("\3") },
	{ NETD, MSG_RELOAD, ZERO, NULL, 0 },		/* not its to say */
};

/* NETD is DONE, CRYPTOD was told to commit and is not, CTLD was not told. */
static const struct breach in_commit[] = {
	{ NETD, MSG_CONF_DONE, THIS, NULL, 0 },
	{ CTLD, MSG_CONF_DONE, THIS, NULL, 0 },
	{ CRYPTOD, MSG_CONF_DONE, LAST, NULL, 0 },
	{ CRYPTOD, MSG_CONF_READY, THIS, NULL, 0 },
	{ CRYPTOD, MSG_CONF_NO, THIS, NULL, 0 },
};

/* Nobody may speak when nothing is under way. */
static const struct breach in_peace[] = {
	{ NETD, MSG_CONF_READY, THIS, NULL, 0 },
	{ NETD, MSG_CONF_NO, THIS, NULL, 0 },
	{ NETD, MSG_CONF_DONE, THIS, NULL, 0 },
	{ NETD, MSG_CONF_READY, NEXT, NULL, 0 },
	{ NETD, MSG_CONF_READY, ZERO, NULL, 0 },
};

/* It is said, and the parent finds one fault. */
static void
breach(const struct breach *br)
{
	const uint32_t ids[] = {
		[THIS] = NETD->id, [LAST] = NETD->id - 1,
		[NEXT] = NETD->id + 1, [ZERO] = 0
	};
	uint32_t id = ids[br->id];

	if (br->data == NULL && br->type == MSG_CONF_NO)
		say_no(br->kid, id, "no");
	else if (br->data == NULL && br->type == MSG_CONF_DONE)
		say_done(br->kid, id);
	else
		say_plain(br->kid, br->type, id, br->data, br->len);
	turn(5);
	ck_assert_int_eq(play.faults, 1);
}

START_TEST(breaches)
{
	start();
	NETD->say = SAY_NOTHING;
	propose(5, 4);
	breach(&in_prepare[_i]);
	ck_assert_ptr_null(strstr(play.trace, "kernel"));
}
END_TEST

START_TEST(breaches_in_commit)
{
	start();
	CRYPTOD->lazy = true;
	propose(5, 4);
	ck_assert_str_eq(play.trace, "sockets kernel sockets! dns netd "
	    "cryptod ");
	breach(&in_commit[_i]);
	ck_assert_ptr_null(strstr(play.trace, "ctld"));
	/* The end: what was prepared goes with it. */
	reload_clear(&parent.reload);
	ck_assert_ptr_nonnull(strstr(play.trace, "kernel-"));
}
END_TEST

START_TEST(breaches_in_peace)
{
	start();
	breach(&in_peace[_i]);
}
END_TEST

/* READY, before all was sent. */
START_TEST(too_early)
{
	start();
	CRYPTOD->deaf = true;
	propose(5, 60000);
	say_plain(CRYPTOD, MSG_CONF_READY, parent.reload.id, NULL, 0);
	turn(5);
	ck_assert_int_eq(play.faults, 1);
}
END_TEST

/* DONE of the first configuration, before any was to be committed. */
START_TEST(done_before_first_commit)
{
	NETD->say = SAY_NOTHING;
	parent.conf = make_conf(3, 2, false);
	reload_initial(&parent);
	turn(10);
	ck_assert_uint_eq(NETD->ends, 1);
	say_done(NETD, NETD->id);
	turn(5);
	ck_assert_int_eq(play.faults, 1);
	ck_assert_str_eq(play.trace, "");
}
END_TEST

static void
wait_end(void)
{
	struct timespec ms = { 0, 1000000 };
	int i;

	for (i = 0; i < 5000 && parent.state == SUITE_RUNNING; i++) {
		turn(1);
		nanosleep(&ms, NULL);
	}
	turn(2);
	ck_assert_int_eq(parent.state, SUITE_ENDING);
	ck_assert_int_eq(parent.status, 1);
}

START_TEST(silent)
{
	static const char *const names[] = { "netd", "cryptod", "ctld" };
	char want[64];

	start();
	parent.reload.timeout_ms = 30;
	kid[_i % 3].say = _i < 3 ? SAY_NOTHING : SAY_READY;
	kid[_i % 3].lazy = true;
	propose(5, 4);
	wait_end();
	snprintf(want, sizeof(want), "%s did not %s the configuration",
	    names[_i % 3], _i < 3 ? "prepare" : "commit");
	ck_assert_msg(strstr(play.last_log, want) != NULL, "%s",
	    play.last_log);
	ck_assert_int_eq(CTLD->error, ETIMEDOUT);
	ck_assert_uint_eq(CTLD->answer_id, 5);
	ck_assert_uint_eq(parent.conf->npeers, 3);
	/* What comes now is of no matter. */
	say_plain(&kid[_i % 3], MSG_CONF_READY, NETD->id, NULL, 0);
	say_done(&kid[_i % 3], NETD->id);
	reload_request(&parent, NULL, 0);
	turn(5);
	ck_assert_int_eq(play.faults, 0);
}
END_TEST

START_TEST(dead_child)
{
	start();
	kid[_i % 3].say = _i < 3 ? SAY_NOTHING : SAY_READY;
	kid[_i % 3].lazy = true;
	play.on_disk = make_conf(20000, 1, false);
	say_plain(CTLD, MSG_RELOAD, 5, NULL, 0);
	turn(_i < 3 ? 2 : 200);
	imsg_clear(&kid[_i % 3].chan);
	kid[_i % 3].deaf = true;
	event_base_loop(parent.base, EVLOOP_NONBLOCK);
	event_base_loop(parent.base, EVLOOP_NONBLOCK);
	ck_assert_ptr_nonnull(strstr(play.trace, "closed"));
	suite_end(&parent, 1);
	event_base_loop(parent.base, EVLOOP_NONBLOCK);
	reload_clear(&parent.reload);
	ck_assert_int_eq(play.faults, 0);
}
END_TEST

/* A configuration that is longer than a turn gets there without memory. */
START_TEST(starved)
{
	start();
	refused_adds = 0;
	play.on_disk = make_conf(20000, 1, false);
	say_plain(CTLD, MSG_RELOAD, 5, NULL, 0);
	turn(500);
	ck_assert_int_gt(refused_adds, 3);
	refused_adds = -1;
	ck_assert_int_eq(CTLD->error, 0);
	ck_assert_uint_eq(CTLD->answer_id, 5);
	ck_assert_uint_eq(parent.conf->npeers, 20000);
	ck_assert_int_eq(play.faults, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reload_faults");
	TCase *tc = play_case("reload_faults");

	tcase_add_test(tc, late_answers);
	tcase_add_test(tc, early_no);
	tcase_add_loop_test(tc, breaches, 0, N(in_prepare));
	tcase_add_loop_test(tc, breaches_in_commit, 0, N(in_commit));
	tcase_add_loop_test(tc, breaches_in_peace, 0, N(in_peace));
	tcase_add_test(tc, too_early);
	tcase_add_test(tc, done_before_first_commit);
	tcase_add_loop_test(tc, silent, 0, 6);
	tcase_add_loop_test(tc, dead_child, 0, 6);
	tcase_add_test(tc, starved);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (!play_possible("reload_faults"))
		return 0;
	return unit_run("reload_faults", suite());
}
