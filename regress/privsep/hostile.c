/* SPDX-License-Identifier: ISC */
/*
 * Each real child with hostile siblings and with a parent that is wrong:
 * every row of the permission table from every sender, in both phases, with
 * sizes at and past its limits and every kind of descriptor.  A sibling's
 * breach is told to the parent and survived; the parent's ends the child.
 * Nothing may crash, hang, or leak a descriptor.
 */
#include <sys/wait.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "regress/privsep/child.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/msg_parent.h"

#define SLOW		2000		/* ms: longer is a hang */
#define SIGSYS_STATUS	159		/* of a sandbox debug build */
#define SIZES		5
#define KINDS		(FD_FILE + 1)
#define GROWTH		(16 * 1024)	/* KiB */

static const enum proc kids[] = { PROC_CRYPTOD, PROC_NETD, PROC_CTLD };

/* One try: what is said, and by whom. */
struct try {
	enum proc	 from;
	uint16_t	 type;
	size_t		 len;
	int		 fd;		/* enum fd_kind, or -1: none */
};

static int	kind_fd[KINDS];		/* one of each */

static void
open_kinds(void)
{
	int i;

	for (i = 0; i < KINDS; i++)
		kind_fd[i] = kid_fd((enum fd_kind)i);
}

/*
 * What the rules say, read from the row and not by the function under test.
 * 0: to be refused; 1: it may be taken, if the content is right.
 */
static int
is_admissible(const struct try *t, enum proc to, enum phase phase)
{
	const struct msg_row *row = msg_row(t->type);

	if (row == NULL || (row->from & PROC_BIT(t->from)) == 0 ||
	    (row->to & PROC_BIT(to)) == 0 ||
	    (row->phase & PHASE_BIT(phase)) == 0 ||
	    (row->mode & MODE_BIT(kid_mode)) == 0)
		return 0;
	if (t->len < row->min || t->len > row->max)
		return 0;
	return t->fd == (row->fd == FD_NONE ? -1 : (int)row->fd);
}

static void
describe(char *buf, size_t size, const struct kid *k, const struct try *t,
    enum phase phase)
{
	const struct msg_row *row = msg_row(t->type);

	snprintf(buf, size, "%s (%04x) of %zu bytes with %s from %s to %s "
	    "%s READY", row != NULL ? row->name : "?", t->type, t->len,
	    t->fd == -1 ? "no fd" : t->fd == FD_NONE ? "directory" :
	    fd_kind_name((enum fd_kind)t->fd), proc_name(t->from),
	    proc_name(k->proc), phase == PHASE_RUN ? "after" : "before");
}

static int
say_try(struct kid *k, const struct try *t)
{
	uint8_t data[MSG_MAX + 1];

	kid_random(data, t->len);
	return kid_say(k, t->from, t->type, data, t->len,
	    t->fd == -1 ? NULL : &kind_fd[t->fd], t->fd == -1 ? 0 : 1);
}

/* How a dead child must have ended: by itself, and saying so. */
static void
check_end(struct kid *k, const char *what, int status)
{
	ck_assert_msg(status != -1, "%s: it lives on", what);
	ck_assert_msg(!WIFSIGNALED(status), "%s: killed by signal %d: %s",
	    what, WTERMSIG(status), k->log);
	ck_assert_msg(WEXITSTATUS(status) != SIGSYS_STATUS,
	    "%s: its sandbox killed it: %s", what, k->log);
	ck_assert_msg(WEXITSTATUS(status) == 1, "%s: exit status %d: %s",
	    what, WEXITSTATUS(status), k->log);
}

static void
check_lives(struct kid *k, const char *what, enum proc from)
{
	int status;

	if (kid_sync(k, from, SLOW))
		return;
	status = kid_wait_exit(k, 0);
	if (status == -1)
		ck_abort_msg("%s: it hangs", what);
	if (WIFSIGNALED(status))
		ck_abort_msg("%s: killed by signal %d: %s", what,
		    WTERMSIG(status), k->log);
	ck_abort_msg("%s: it exited with status %d: %s", what,
	    WEXITSTATUS(status), k->log);
}

/* A sibling says this: it's refused with one fault, or it may be taken. */
static void
sibling_tries(struct kid *k, const struct try *t, enum phase phase)
{
	uint16_t type = t->len > MSG_PAYLOAD ? 0 : t->type;
	char what[160];
	unsigned i;

	describe(what, sizeof(what), k, t, phase);
	k->faults = 0;
	while (say_try(k, t) == -1) {
		ck_assert_msg(errno == EAGAIN, "%s: %s", what,
		    strerror(errno));
		kid_pump(k, 1);
	}
	check_lives(k, what, t->from);
	if (!is_admissible(t, k->proc, phase))
		ck_assert_msg(k->faults == 1, "%s: %u faults", what,
		    k->faults);
	for (i = 0; i < k->faults; i++) {
		ck_assert_msg(k->fault[i].sibling == t->from &&
		    k->fault[i].type == type && k->fault[i].verdict != MSG_OK,
		    "%s: fault of %s, type %04x, verdict %d", what,
		    proc_name(k->fault[i].sibling), k->fault[i].type,
		    k->fault[i].verdict);
	}
}

/* Sizes at the limits of a row and past them; how many. */
static int
sizes_of(const struct msg_row *row, size_t *size)
{
	int n = 0;

	size[n++] = row->min;
	if (row->max != row->min)
		size[n++] = row->max;
	size[n++] = (size_t)row->max + 1;
	if (row->min > 0)
		size[n++] = row->min - 1U;
	if (row->max - row->min > 2)
		size[n++] = row->min + kid_random32() %
		    (unsigned)(row->max - row->min);
	return n;
}

static void
walk_row(struct kid *k, enum proc from, const struct msg_row *row,
    enum phase phase, void (*fn)(struct kid *, const struct try *,
    enum phase))
{
	struct try t = { .from = from, .type = row->type };
	size_t size[SIZES];
	int i, n = sizes_of(row, size), want;

	want = row->fd == FD_NONE ? -1 : (int)row->fd;
	for (i = 0; i < n; i++) {
		t.len = size[i];
		t.fd = want;
		fn(k, &t, phase);
	}
	for (i = -1; i < KINDS; i++) {
		t.len = row->min;
		t.fd = i;
		if (i != want)
			fn(k, &t, phase);
	}
}

static void
walk_unknown(struct kid *k, enum proc from, enum phase phase,
    void (*fn)(struct kid *, const struct try *, enum phase))
{
	static const uint16_t types[] = { 0, 1, 0x0100, 0x0116, 0x01ff,
	    0x0203, 0x0400, 0x0500, 0x8101, 0xffff };
	struct try t = { .from = from, .fd = -1 };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		t.type = types[i];
		t.len = i * 7;
		fn(k, &t, phase);
	}
}

/* Datagrams that are no messages: the header lies or is not whole. */
struct broken {
	const char	*what;
	size_t		 len;
	uint16_t	 flags;
	uint32_t	 claim;		/* payload length in the header */
	int		 nfds;
};

static const struct broken broken[] = {
	{ "one byte", 1, 0, 0, 0 },
	{ "half a header", 6, 0, 0, 0 },
	{ "a header that lacks a byte", MSG_HEADER - 1, 0, 0, 0 },
	{ "flags", MSG_HEADER, 1, 0, 0 },
	{ "other flags", MSG_HEADER, 0x8000, 0, 0 },
	{ "length too large", MSG_HEADER + 4, 0, 5, 0 },
	{ "length too small", MSG_HEADER + 4, 0, 3, 0 },
	{ "length of 4 GiB", MSG_HEADER + 4, 0, 0xffffffff, 0 },
	{ "two descriptors", MSG_HEADER, 0, 0, 2 },
	{ "eight descriptors", MSG_HEADER, 0, 0, 8 },
	{ "a byte and a descriptor", 1, 0, 0, 1 },
	{ "one byte more than fits", MSG_MAX + 1, 0,
	    MSG_PAYLOAD + 1, 0 },
};
#define NBROKEN	(sizeof(broken) / sizeof(broken[0]))

static int
say_broken(struct kid *k, enum proc from, const struct broken *b)
{
	uint8_t msg[MSG_MAX + 1];

	memset(msg, 0, sizeof(msg));
	put_le16(msg, MSG_SHOW);
	put_le16(msg + 2, b->flags);
	put_le32(msg + 4, b->claim);
	return kid_say_raw(k, from, msg, b->len, kind_fd, b->nfds);
}

static void
sibling_breaks(struct kid *k, enum proc from)
{
	const struct broken *b;

	for (b = broken; b < broken + NBROKEN; b++) {
		k->faults = 0;
		ck_assert_int_eq(say_broken(k, from, b), 0);
		check_lives(k, b->what, from);
		ck_assert_msg(k->faults == 1 && k->fault[0].type == 0 &&
		    k->fault[0].sibling == from, "%s: %u faults", b->what,
		    k->faults);
	}
}

static void
hostile_sibling(enum proc p, enum proc from, enum phase phase)
{
	const struct msg_row *rows;
	struct kid k;
	size_t i, n;
	int fds;
	long rss;

	if (phase == PHASE_RUN)
		kid_run(&k, p);
	else
		kid_start(&k, p, PIECE_LINKS);
	check_lives(&k, "start", from);
	fds = kid_fds(&k);
	rss = kid_rss(&k);
	rows = msg_rows(&n);
	for (i = 0; i < n; i++)
		walk_row(&k, from, &rows[i], phase, sibling_tries);
	walk_unknown(&k, from, phase, sibling_tries);
	sibling_breaks(&k, from);
	ck_assert_msg(kid_fds(&k) == fds, "%s had %d fds and has %d",
	    proc_name(p), fds, kid_fds(&k));
	ck_assert_msg(kid_rss(&k) - rss < GROWTH, "%s grew by %ld KiB",
	    proc_name(p), kid_rss(&k) - rss);
	kid_end(&k);
}

static void
every_sibling_of(enum proc p)
{
	int from;

	kid_world();
	open_kinds();
	for (from = PROC_PARENT + 1; from < PROC_COUNT; from++) {
		if ((kid_siblings(p) & PROC_BIT(from)) == 0)
			continue;
		hostile_sibling(p, (enum proc)from, PHASE_SETUP);
		hostile_sibling(p, (enum proc)from, PHASE_RUN);
	}
}

START_TEST(siblings_of_cryptod)
{
	every_sibling_of(PROC_CRYPTOD);
}
END_TEST

/* With other rows, and secrets that are none of ctld's business. */
START_TEST(siblings_of_configured_cryptod)
{
	kid_mode = MODE_CONFIGURED;
	every_sibling_of(PROC_CRYPTOD);
}
END_TEST

START_TEST(siblings_of_netd)
{
	every_sibling_of(PROC_NETD);
}
END_TEST

START_TEST(siblings_of_ctld)
{
	every_sibling_of(PROC_CTLD);
}
END_TEST

static void
start_in(struct kid *k, enum proc p, enum phase phase)
{
	if (phase == PHASE_RUN)
		kid_run(k, p);
	else
		kid_start(k, p, 0);
}

/* The parent says this: the end, but for what it may say. */
static void
parent_tries(struct kid *k, const struct try *t, enum phase phase)
{
	const struct try end = { PROC_PARENT, 0xffff, 0, -1 };
	char what[160];
	enum proc p = k->proc;
	int may = is_admissible(t, p, phase), status;

	if (may && t->type == MSG_SHUTDOWN)
		return;
	start_in(k, p, phase);
	describe(what, sizeof(what), k, t, phase);
	ck_assert_int_eq(say_try(k, t), 0);
	if (may)
		(void)say_try(k, &end);
	status = kid_wait_exit(k, SLOW);
	check_end(k, what, status);
	ck_assert_msg(strstr(k->log, "parent") != NULL ||
	    strstr(k->log, "build") != NULL, "%s: it said \"%s\"", what,
	    k->log);
	kid_end(k);
}

/* What is not the parent's is refused for that alone: once is enough. */
static void
wrong_parent(enum proc p, enum phase phase)
{
	const struct broken *b;
	const struct msg_row *rows;
	struct try t = { .from = PROC_PARENT };
	struct kid k = { .proc = p };
	size_t i, n;

	kid_world();
	open_kinds();
	rows = msg_rows(&n);
	for (i = 0; i < n; i++) {
		if ((rows[i].from & PROC_BIT(PROC_PARENT)) != 0 &&
		    (rows[i].to & PROC_BIT(p)) != 0 &&
		    (rows[i].phase & PHASE_BIT(phase)) != 0 &&
		    (rows[i].mode & MODE_BIT(kid_mode)) != 0) {
			walk_row(&k, PROC_PARENT, &rows[i], phase,
			    parent_tries);
			continue;
		}
		t.type = rows[i].type;
		t.len = rows[i].min;
		t.fd = rows[i].fd == FD_NONE ? -1 : (int)rows[i].fd;
		parent_tries(&k, &t, phase);
	}
	for (b = broken; b < broken + NBROKEN; b++) {
		start_in(&k, p, phase);
		ck_assert_int_eq(say_broken(&k, PROC_PARENT, b), 0);
		check_end(&k, b->what, kid_wait_exit(&k, SLOW));
		kid_end(&k);
	}
}

START_TEST(wrong_parent_before_ready)
{
	wrong_parent(kids[_i], PHASE_SETUP);
}
END_TEST

START_TEST(wrong_parent_after_ready)
{
	wrong_parent(kids[_i], PHASE_RUN);
}
END_TEST

START_TEST(wrong_parent_of_configured_cryptod)
{
	kid_mode = MODE_CONFIGURED;
	wrong_parent(PROC_CRYPTOD, PHASE_RUN);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("hostile");
	TCase *tc = tcase_create("hostile");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, siblings_of_cryptod);
	tcase_add_test(tc, siblings_of_configured_cryptod);
	tcase_add_test(tc, siblings_of_netd);
	tcase_add_test(tc, siblings_of_ctld);
	tcase_add_loop_test(tc, wrong_parent_before_ready, 0, 3);
	tcase_add_loop_test(tc, wrong_parent_after_ready, 0, 3);
	tcase_add_test(tc, wrong_parent_of_configured_cryptod);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("hostile", suite());
}
