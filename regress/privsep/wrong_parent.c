/* SPDX-License-Identifier: ISC */
/*
 * Each real child in each mode with a parent that is wrong: every row of the
 * permission table, in both phases, with sizes at and past its limits and
 * every kind of descriptor.  What a parent may not say ends the child, by
 * itself and with a reason; nothing may crash or hang.
 */
#include <string.h>

#include "regress/privsep/child.h"
#include "regress/privsep/tries.h"
#include "regress/unit/unit.h"
#include "shared/msg_parent.h"

/* The parent says this: the end, but for what it may say. */
static void
parent_tries(struct kid *k, const struct try *t, enum phase phase)
{
	const struct try end = { PROC_PARENT, 0xffff, 0, -1 };
	char what[WHAT];
	enum proc p = k->proc;
	int may = is_admissible(t, p, phase), status;

	if (may && t->type == MSG_SHUTDOWN)
		return;
	start_in(k, p, phase, 0);
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

static void
wrong_parent(enum proc p, enum phase phase)
{
	const struct broken *b;
	struct kid k;

	kid_world();
	open_kinds();
	walk_anew(p, PROC_PARENT, phase, parent_tries);
	for (b = broken; b < broken + NBROKEN; b++) {
		start_in(&k, p, phase, 0);
		ck_assert_int_eq(say_broken(&k, PROC_PARENT, b), 0);
		check_end(&k, b->what, kid_wait_exit(&k, SLOW));
		kid_end(&k);
	}
}

START_TEST(before_ready)
{
	kid_mode = kid_kinds[_i].mode;
	wrong_parent(kid_kinds[_i].proc, PHASE_SETUP);
}
END_TEST

START_TEST(after_ready)
{
	kid_mode = kid_kinds[_i].mode;
	wrong_parent(kid_kinds[_i].proc, PHASE_RUN);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("wrong_parent");
	TCase *tc = tcase_create("wrong_parent");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, before_ready, 0, KID_KINDS);
	tcase_add_loop_test(tc, after_ready, 0, KID_KINDS);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("wrong_parent", suite());
}
