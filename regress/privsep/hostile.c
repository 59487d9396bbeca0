/* SPDX-License-Identifier: ISC */
/*
 * Each real child in each mode with hostile siblings: every row of the
 * permission table from every sender, in both phases, with sizes at and past
 * its limits and every kind of descriptor.  A breach is told to the parent
 * and survived; a helper's ends its link and no more.  Nothing may crash,
 * hang, or leak a descriptor.
 */
#include <errno.h>
#include <string.h>

#include "regress/privsep/child.h"
#include "regress/privsep/tries.h"
#include "regress/unit/unit.h"

#define GROWTH		(16 * 1024)	/* KiB */

/* A sibling says this: it's refused with one fault, or it may be taken. */
static void
sibling_tries(struct kid *k, const struct try *t, enum phase phase)
{
	uint16_t type = t->len > MSG_PAYLOAD ? 0 : t->type;
	char what[WHAT];
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

/* That there were too many is not seen where there is no room for any. */
static uint16_t
type_of(const struct broken *b, enum proc from, enum proc to)
{
	return b->nfds > 1 && !msg_brings_fd(from, to) ? MSG_SHOW : 0;
}

static void
sibling_breaks(struct kid *k, enum proc from)
{
	const struct broken *b;

	for (b = broken; b < broken + NBROKEN; b++) {
		k->faults = 0;
		ck_assert_int_eq(say_broken(k, from, b), 0);
		check_lives(k, b->what, from);
		ck_assert_msg(k->faults == 1 &&
		    k->fault[0].type == type_of(b, from, k->proc) &&
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

/*
 * A helper's first breach is its last: what it said is told to the parent, no
 * word of it is read any more, and the others are served as before.
 */
static void
check_helper(struct kid *k, const char *what, uint16_t type)
{
	ck_assert_msg(k->faults == 1 && k->fault[0].sibling ==
	    PROC_RESOLVERD && k->fault[0].type == type, "%s: %u faults, the "
	    "first of %s, type %04x", what, k->faults,
	    proc_name(k->fault[0].sibling), k->fault[0].type);
	check_lives(k, what, PROC_CRYPTOD);
	check_lives(k, what, PROC_CTLD);
}

static void
wait_fault(struct kid *k)
{
	long end = kid_ms() + SLOW;

	while (k->faults == 0 && kid_ms() < end)
		kid_pump(k, 20);
}

static void
helper_tries(struct kid *k, const struct try *t, enum phase phase)
{
	char what[WHAT];
	int n;

	start_in(k, k->proc, phase, PIECE_LINKS);
	describe(what, sizeof(what), k, t, phase);
	ck_assert_int_eq(say_try(k, t), 0);
	if (!is_admissible(t, k->proc, phase)) {
		wait_fault(k);
		check_helper(k, what, t->len > MSG_PAYLOAD ? 0 : t->type);
	}
	/* Taken, or its content is wrong, and this is not read any more. */
	for (n = 0; n < 10 && k->faults == 0; n++)
		if (kid_sync(k, t->from, SLOW / 10))
			break;
	ck_assert_msg(n < 10, "%s: it hangs", what);
	check_lives(k, what, PROC_CRYPTOD);
	kid_end(k);
}

static void
helper_breaks(enum proc p, enum phase phase)
{
	const struct broken *b;
	struct kid k;

	for (b = broken; b < broken + NBROKEN; b++) {
		start_in(&k, p, phase, PIECE_LINKS);
		ck_assert_int_eq(say_broken(&k, PROC_RESOLVERD, b), 0);
		wait_fault(&k);
		check_helper(&k, b->what, type_of(b, PROC_RESOLVERD, p));
		kid_end(&k);
	}
}

static void
hostile_helper(enum proc p, enum phase phase)
{
	walk_anew(p, PROC_RESOLVERD, phase, helper_tries);
	helper_breaks(p, phase);
}

static void
every_sibling_of(enum proc p)
{
	int from;

	kid_world();
	open_kinds();
	for (from = PROC_PARENT + 1; from < PROC_COUNT; from++) {
		if ((kid_siblings(p) & PROC_BIT(from)) == 0 ||
		    from == PROC_RESOLVERD)
			continue;
		hostile_sibling(p, (enum proc)from, PHASE_SETUP);
		hostile_sibling(p, (enum proc)from, PHASE_RUN);
	}
}

START_TEST(siblings)
{
	kid_mode = kid_kinds[_i].mode;
	every_sibling_of(kid_kinds[_i].proc);
}
END_TEST

START_TEST(helper_before_ready)
{
	kid_mode = MODE_CONFIGURED;
	kid_world();
	open_kinds();
	hostile_helper(PROC_NETD, PHASE_SETUP);
}
END_TEST

START_TEST(helper_after_ready)
{
	kid_mode = MODE_CONFIGURED;
	kid_world();
	open_kinds();
	hostile_helper(PROC_NETD, PHASE_RUN);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("hostile");
	TCase *tc = tcase_create("hostile");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, siblings, 0, KID_KINDS);
	tcase_add_test(tc, helper_before_ready);
	tcase_add_test(tc, helper_after_ready);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("hostile", suite());
}
