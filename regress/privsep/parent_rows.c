/* SPDX-License-Identifier: ISC */
/*
 * The parent with hostile children: every row of the permission table from
 * every child, in both phases of both modes, with sizes at and past its
 * limits and every kind of descriptor; children that never say READY, or lie
 * in it; that close, never read, or talk without end.  What one may not say
 * ends it, and the instance with it in order; but for a helper's, while the
 * others run.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "regress/privsep/parent_play.h"
#include "regress/privsep/tries.h"
#include "regress/unit/unit.h"
#include "shared/row.h"
#include "shared/version.h"

#define HEAP		(64UL * 1024)	/* bytes that a walk may leave */
#define QUEUED		(1024UL * 1024)	/* bytes that wait for one child */
#define MOMENT		2000		/* ms: longer is a hang */

static unsigned tries;

static bool
said(const char *text)
{
	return strstr(world.log, text) != NULL;
}

/* The suite has ended; `but` was made to, all others were asked. */
static void
check_all_end(const char *what, enum proc but, int status)
{
	const struct played *c;
	int i;

	ck_assert_msg(world_wait(MOMENT), "%s: not all end: %s", what,
	    world.log);
	ck_assert_msg(world.p.status == status, "%s: exit status %d: %s",
	    what, world.p.status, world.log);
	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++) {
		c = &world.child[i];
		if (!c->started || i == (int)but)
			continue;
		ck_assert_msg(c->reaped && c->killed == 0 &&
		    c->shutdowns == 1, "%s: %s was not ended in order: %s",
		    what, proc_name((enum proc)i), world.log);
	}
}

/* It is killed for its word, and that is told. */
static void
check_refused(const char *what, enum proc from, enum phase phase)
{
	char line[80];

	snprintf(line, sizeof(line), "%s broke the rules (",
	    proc_name(from));
	ck_assert_msg(world.child[from].killed == SIGKILL, "%s: it was not "
	    "killed: %s", what, world.log);
	ck_assert_msg(said(line), "%s: the log says \"%s\"", what, world.log);
	if (from != PROC_RESOLVERD || phase == PHASE_SETUP) {
		check_all_end(what, from, 1);
		return;
	}
	ck_assert_msg(world.p.state == SUITE_RUNNING && world_answers(),
	    "%s: the others do not go on: %s", what, world.log);
}

/* It is alive and does its work; before READY, that is to become ready. */
static void
check_goes_on(const char *what, enum phase phase)
{
	ck_assert_msg(!said("broke the rules"), "%s: %s", what, world.log);
	if (phase == PHASE_SETUP)
		world_ready(PROC_PARENT);
	ck_assert_msg(world.p.state == SUITE_RUNNING && world_answers(),
	    "%s: it does not go on: %s", what, world.log);
}

static void
start_parent(enum phase phase)
{
	int i;

	if (phase == PHASE_RUN)
		world_run(kid_mode);
	else
		world_start(kid_mode);
	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++)
		if (world.child[i].started)
			let_send_fds(proc_name((enum proc)i),
			    world.p.member[i].link.chan.fd);
}

/* A child says this: it is its end, or it may be taken. */
static void
child_tries(struct kid *k, const struct try *t, enum phase phase)
{
	char what[WHAT];

	start_parent(phase);
	describe(what, sizeof(what), k, t, phase);
	ck_assert_int_eq(say_try(&world.k, t), 0);
	world_turn();
	if (!is_admissible(t, PROC_PARENT, phase) ||
	    world.child[t->from].killed != 0)
		check_refused(what, t->from, phase);
	else if (world.p.state == SUITE_ENDING)
		/* It may say so; the last of TUN_GONE is no failure. */
		check_all_end(what, PROC_PARENT, t->type != MSG_TUN_GONE);
	else
		check_goes_on(what, phase);
	world_end();
	tries++;
}

static void
child_breaks(enum proc from, enum phase phase)
{
	const struct broken *b;

	for (b = broken; b < broken + NBROKEN; b++) {
		start_parent(phase);
		ck_assert_int_eq(say_broken(&world.k, from, b), 0);
		world_turn();
		check_refused(b->what, from, phase);
		world_end();
	}
}

static void
hostile_child(const struct kid_kind *kind, enum phase phase)
{
	struct mallinfo2 before, after;

	kid_mode = kind->mode;
	open_kinds();
	/* What libraries keep for good they take now. */
	child_breaks(kind->proc, phase);
	before = mallinfo2();
	walk_anew(PROC_PARENT, kind->proc, phase, child_tries);
	child_breaks(kind->proc, phase);
	after = mallinfo2();
	ck_assert_uint_gt(tries, 80);
	ck_assert_msg(after.uordblks < before.uordblks + HEAP,
	    "the heap had %zu bytes and has %zu", before.uordblks,
	    after.uordblks);
}

START_TEST(before_ready)
{
	hostile_child(&kid_kinds[_i], PHASE_SETUP);
}
END_TEST

START_TEST(after_ready)
{
	hostile_child(&kid_kinds[_i], PHASE_RUN);
}
END_TEST

/* --- READY */

static void
check_no_go(const char *what)
{
	int i;

	for (i = 0; i < PROC_COUNT; i++)
		ck_assert_msg(world.child[i].gos == 0, "%s: GO to %s", what,
		    proc_name((enum proc)i));
}

static void
lie_euid(struct sandbox_report *r)
{
	r->euid++;
}

static void
lie_root(struct sandbox_report *r)
{
	r->euid = 0;
}

static void
lie_egid(struct sandbox_report *r)
{
	r->egid = 0;
}

static void
lie_caps(struct sandbox_report *r)
{
	r->caps = 1UL << 63;
}

static void
lie_nofilter(struct sandbox_report *r)
{
	r->seccomp_mode = -1;
}

static void
lie_strict(struct sandbox_report *r)
{
	r->seccomp_mode = 1;
}

static void
lie_open(struct sandbox_report *r)
{
	r->closed = 0;
}

static void
lie_nnp(struct sandbox_report *r)
{
	r->no_new_privs = 0;
}

static void
lie_dump(struct sandbox_report *r)
{
	r->dumpable = 1;
}

static const struct lie {
	const char	*told;		/* in the log */
	void		(*tell)(struct sandbox_report *);
} lies[] = {
	{ "runs as another user; ending", lie_euid },
	{ "runs as another user; ending", lie_root },
	{ "runs as another user; ending", lie_egid },
	{ "has capabilities; ending", lie_caps },
	{ "has no system call filter; ending", lie_nofilter },
	{ "has no system call filter; ending", lie_strict },
	{ "has no system call filter; ending", lie_open },
	{ "could gain privileges or be traced; ending", lie_nnp },
	{ "could gain privileges or be traced; ending", lie_dump },
};
#define NLIES	(sizeof(lies) / sizeof(lies[0]))

/* The last one of all that is waited for. */
START_TEST(a_sandbox_that_is_none)
{
	const enum proc proc = kid_kinds[_i].proc;
	struct sandbox_report r;
	uint8_t data[128];
	char line[128];
	size_t i, len;

	for (i = 0; i < NLIES; i++) {
		world_start(kid_kinds[_i].mode);
		world_ready(proc);
		world_report(proc, &r);
		lies[i].tell(&r);
		len = world_ready_bytes(&r, data, sizeof(data));
		world_say(proc, MSG_READY, data, len);
		snprintf(line, sizeof(line), "%s %s", proc_name(proc),
		    lies[i].told);
		check_all_end(line, PROC_PARENT, 1);
		check_no_go(line);
		ck_assert_msg(said(line), "not \"%s\" but \"%s\"", line,
		    world.log);
		world_end();
	}
}
END_TEST

/* Its version and its build id come first. */
START_TEST(another_build)
{
	const enum proc proc = kid_kinds[_i].proc;
	struct sandbox_report r;
	uint8_t data[128];
	size_t at, len;

	for (at = 0; at < 2 + BUILD_ID_SIZE; at++) {
		world_start(kid_kinds[_i].mode);
		world_ready(proc);
		world_report(proc, &r);
		len = world_ready_bytes(&r, data, sizeof(data));
		data[at] ^= 0x40;
		world_say(proc, MSG_READY, data, len);
		world_turn();
		check_refused("another build", proc, PHASE_SETUP);
		check_no_go("another build");
		world_end();
	}
}
END_TEST

static void
ready_twice(enum proc proc, enum phase phase)
{
	struct sandbox_report r;
	uint8_t data[128];
	size_t len;
	int n;

	start_parent(phase);
	world_report(proc, &r);
	len = world_ready_bytes(&r, data, sizeof(data));
	for (n = phase == PHASE_RUN; n < 2; n++)
		world_say(proc, MSG_READY, data, len);
	world_turn();
	check_refused("READY twice", proc, phase);
	if (phase == PHASE_SETUP)
		check_no_go("READY twice");
	world_end();
}

START_TEST(twice_ready)
{
	kid_mode = kid_kinds[_i].mode;
	ready_twice(kid_kinds[_i].proc, PHASE_SETUP);
	ready_twice(kid_kinds[_i].proc, PHASE_RUN);
}
END_TEST

/* The time is over; it ends in order if it still can. */
START_TEST(never_ready)
{
	const enum proc proc = kid_kinds[_i].proc;
	struct played *c = &world.child[proc];
	char line[128];
	int hangs;

	snprintf(line, sizeof(line), "%s was not ready within",
	    proc_name(proc));
	for (hangs = 0; hangs < 2; hangs++) {
		world_start(kid_kinds[_i].mode);
		world_ready(proc);
		ck_assert_int_eq(world.p.state, SUITE_STARTING);
		ck_assert(event_pending(world.p.timer, EV_TIMEOUT, NULL));
		c->deaf = c->mute = hangs;
		world.lines = 0;
		event_active(world.p.timer, EV_TIMEOUT, 1);
		check_all_end(line, hangs ? proc : PROC_PARENT, 1);
		ck_assert_msg(said(line), "not \"%s\" but \"%s\"", line,
		    world.log);
		ck_assert_msg(world.lines == 1U + (unsigned)hangs,
		    "%u lines: %s", world.lines, world.log);
		ck_assert_int_eq(c->killed, hangs ? SIGKILL : 0);
		ck_assert_int_eq(said("does not end; killing it"), hangs);
		check_no_go(line);
		world_end();
	}
}
END_TEST

START_TEST(dead_before_ready)
{
	static const int how[] = { W_EXITCODE(1, 0), W_EXITCODE(0, 0),
	    SIGSYS, SIGSEGV, SIGKILL };
	const enum proc proc = kid_kinds[_i].proc;
	size_t i;

	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		world_start(kid_kinds[_i].mode);
		world_ready(proc);
		world_die(proc, how[i]);
		check_all_end("a death", proc, 1);
		check_no_go("a death");
		ck_assert_msg(said("exited with status") !=
		    said("killed by signal"), "%s", world.log);
		world_end();
	}
}
END_TEST

/* --- links that are closed, on one side or both */

static void
closes(enum proc proc, enum phase phase, int how)
{
	char what[80], line[80];

	start_parent(phase);
	snprintf(what, sizeof(what), "%s closes (%d) in phase %d",
	    proc_name(proc), how, phase);
	snprintf(line, sizeof(line), "%s closed a link; killing it",
	    proc_name(proc));
	world.child[proc].deaf = true;
	if (how == -1)
		world_close(proc);
	else
		ck_assert_int_eq(shutdown(world.k.link[proc], how), 0);
	/* It does not read: we hear of it when something is said to it. */
	if (how == SHUT_RD && phase == PHASE_SETUP)
		world_ready(PROC_PARENT);
	if (how == SHUT_RD)
		log_level_send(&world.p.member[proc].link, true);
	if (proc == PROC_RESOLVERD && world.p.state == SUITE_RUNNING) {
		while (world.child[proc].alive)
			world_turn();
		ck_assert_msg(world.p.state == SUITE_RUNNING &&
		    world_answers(), "%s: %s", what, world.log);
	} else
		check_all_end(what, proc, 1);
	ck_assert_msg(said(line), "%s: %s", what, world.log);
	world_end();
}

START_TEST(closed)
{
	static const int how[] = { -1, SHUT_RD, SHUT_WR, SHUT_RDWR };
	size_t i;

	kid_mode = kid_kinds[_i].mode;
	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		closes(kid_kinds[_i].proc, PHASE_SETUP, how[i]);
		closes(kid_kinds[_i].proc, PHASE_RUN, how[i]);
	}
}
END_TEST

/* --- too much */

/*
 * It asks and asks and reads no answer: what waits for it is bounded, and its
 * end comes of it.  n: how often it may take until then.
 */
static void
never_reads(enum proc proc, uint16_t type, const void *data, size_t len,
    unsigned n)
{
	struct link *l = &world.p.member[proc].link;
	size_t most = 0;
	unsigned i;
	int fds;

	world_run(kid_mode);
	fds = world_fds();
	world.child[proc].deaf = true;
	for (i = 0; i < n && world.child[proc].alive; i++) {
		world_say(proc, type, data, len);
		world_turn();
		if (link_queued(l) > most)
			most = link_queued(l);
		ck_assert_msg(world_fds() < fds + 16, "%d descriptors wait",
		    world_fds() - fds);
	}
	ck_assert_msg(most < QUEUED, "%zu bytes wait", most);
	ck_assert_msg(!world.child[proc].alive, "after %u times %04x it "
	    "lives, %zu bytes wait", n, type, most);
	ck_assert_msg(said("(not read in time)"), "%s", world.log);
	check_refused("it reads no answer", proc, PHASE_RUN);
	world_end();
}

START_TEST(no_answer_is_read)
{
	static const uint8_t topics[] = { SHOW_PROCESSES, SHOW_SANDBOX,
	    SHOW_IMSG, SHOW_MEMORY, SHOW_COUNTERS, SHOW_CONFIG, SHOW_HEALTH };
	static const uint8_t yes = 1, slot = SLOT_SESSIONS;
	size_t i;

	kid_mode = (enum mode)_i;
	for (i = 0; i < sizeof(topics); i++)
		never_reads(PROC_CTLD, MSG_SHOW, &topics[i], 1, 20000);
	never_reads(PROC_CTLD, MSG_LOG_SET, &yes, 1, 20000);
	if (kid_mode == MODE_BARE) {
		never_reads(PROC_CTLD, MSG_LISTEN_SET, "\0\0", 2, 20000);
		never_reads(PROC_CTLD, MSG_FWMARK_SET, "\0\0\0\0", 4, 20000);
		return;
	}
	never_reads(PROC_CTLD, MSG_RELOAD, NULL, 0, 20000);
	never_reads(PROC_CRYPTOD, MSG_SLOT_WANT, &slot, 1, 20000);
}
END_TEST

/* Valid, and without end: it costs no memory, and the log stays short. */
START_TEST(without_end)
{
	static const uint8_t line[] = { LOG_LEVEL_WARN, 5, 0, 'h', 'e', 'l',
	    'l', 'o' };
	const struct kid_kind *kind = &kid_kinds[_i];
	struct mallinfo2 before, after;
	unsigned i;
	int fds;

	world_run(kind->mode);
	before = mallinfo2();
	fds = world_fds();
	world.lines = 0;
	for (i = 0; i < 100000; i++) {
		if (kid_say(&world.k, kind->proc, MSG_LOG, line,
		    sizeof(line), NULL, 0) == -1)
			world_turn();
		/* Nobody else waits for it to end. */
		if (i % 20000 == 0)
			ck_assert_msg(world_answers(), "%s", world.log);
	}
	check_goes_on("talk without end", PHASE_RUN);
	ck_assert_uint_ge(world.lines, 100);
	ck_assert_msg(world.lines < 20000, "%u lines", world.lines);
	ck_assert_int_eq(world_fds(), fds);
	after = mallinfo2();
	ck_assert_msg(after.uordblks < before.uordblks + HEAP,
	    "the heap had %zu bytes and has %zu", before.uordblks,
	    after.uordblks);
	world_end();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("parent_rows");
	TCase *tc = tcase_create("parent_rows");

	tcase_set_timeout(tc, 120);
	tcase_add_unchecked_fixture(tc, world_files, world_no_files);
	tcase_add_loop_test(tc, before_ready, 0, KID_KINDS);
	tcase_add_loop_test(tc, after_ready, 0, KID_KINDS);
	tcase_add_loop_test(tc, a_sandbox_that_is_none, 0, KID_KINDS);
	tcase_add_loop_test(tc, another_build, 0, KID_KINDS);
	tcase_add_loop_test(tc, twice_ready, 0, KID_KINDS);
	tcase_add_loop_test(tc, never_ready, 0, KID_KINDS);
	tcase_add_loop_test(tc, dead_before_ready, 0, KID_KINDS);
	tcase_add_loop_test(tc, closed, 0, KID_KINDS);
	tcase_add_loop_test(tc, no_answer_is_read, MODE_BARE,
	    MODE_CONFIGURED + 1);
	tcase_add_loop_test(tc, without_end, 0, KID_KINDS);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("parent_rows", suite());
}
