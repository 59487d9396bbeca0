/* SPDX-License-Identifier: ISC */
/*
 * The parent with children of good will: what it owes them, and who asks how
 * it is, while it is busy, ends, or cannot do its own part.
 */
#include <errno.h>
#include <string.h>

#include "regress/privsep/parent_play.h"
#include "regress/unit/unit.h"
#include "shared/row.h"

#define MOMENT		2000		/* ms: longer is a hang */

/*
 * All have ended, but the parent was busy all the while and sees first that
 * the time is over.
 */
START_TEST(obeyed_meanwhile)
{
	int i;

	world_run((enum mode)_i);
	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++)
		world.child[i].mute = true;
	suite_end(&world.p, 0);
	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++)
		if (world.child[i].alive)
			world_die((enum proc)i, 0);
	event_active(world.p.timer, EV_TIMEOUT, 1);
	ck_assert(world_wait(MOMENT));
	ck_assert_msg(strstr(world.log, "does not end") == NULL, "%s",
	    world.log);
	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++)
		ck_assert_int_eq(world.child[i].killed, 0);
	ck_assert_int_eq(world.p.status, 0);
	world_end();
}
END_TEST

/* Most of a configuration is still to come when the end does. */
START_TEST(nothing_after_shutdown)
{
	struct played *c = &world.child[kid_kinds[_i].proc];
	enum proc proc = kid_kinds[_i].proc;

	if (kid_kinds[_i].mode == MODE_BARE || proc == PROC_RESOLVERD)
		return;
	world_start(MODE_CONFIGURED);
	world_peers(30000);
	c->deaf = c->mute = true;
	world_ready(PROC_PARENT);
	ck_assert_int_eq(world.p.reload.state, RELOAD_PREPARE);
	suite_end(&world.p, 0);
	c->deaf = false;
	world_turn();
	ck_assert_uint_eq(c->shutdowns, 1);
	ck_assert_uint_eq(c->late, 0);
	world_die(proc, 0);
	ck_assert(world_wait(MOMENT));
	world_end();
}
END_TEST

/* Who has no port learns what can be done about that, and nothing else. */
START_TEST(advice_about_a_port)
{
	static const struct {
		int		 error;
		const char	*advice;
	} about[] = {
		{ EADDRINUSE, "take another port, or end the program that "
		    "uses this one" },
		{ EMFILE, "see the log; it is tried again every 5 seconds" },
		{ EACCES, "see the log; it is tried again every 5 seconds" },
	};
	static const uint8_t topic = SHOW_HEALTH;
	size_t i;

	world_run(MODE_CONFIGURED);
	for (i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
		world.p.bind_error = about[i].error;
		world_say(PROC_CTLD, MSG_SHOW, &topic, 1);
		world_turn();
		ck_assert_str_eq(world.child[PROC_CTLD].advice,
		    about[i].advice);
	}
	suite_end(&world.p, 0);
	ck_assert(world_wait(MOMENT));
	world_end();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("parent_duties");
	TCase *tc = tcase_create("parent_duties");

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, world_files, world_no_files);
	tcase_add_loop_test(tc, obeyed_meanwhile, MODE_BARE,
	    MODE_CONFIGURED + 1);
	tcase_add_loop_test(tc, nothing_after_shutdown, 0, KID_KINDS);
	tcase_add_test(tc, advice_about_a_port);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("parent_duties", suite());
}
