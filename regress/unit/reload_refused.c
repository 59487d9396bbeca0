/* SPDX-License-Identifier: ISC */
/*
 * A configuration that is refused, by the parser, a child, the sockets or the
 * kernel, or for its key files: it is said why, the old one stays, and the
 * next one is taken.
 */
#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "reload_play.h"

START_TEST(first_refused)
{
	CRYPTOD->say = SAY_NO;
	parent.conf = make_conf(3, 2, false);
	reload_initial(&parent);
	reload_request(&parent, NULL, 0);
	turn(10);
	ck_assert_str_eq(play.trace, "end ");
	ck_assert_int_eq(parent.status, 1);
	ck_assert_str_eq(play.last_log, "the configuration cannot be had: "
	    "peer \"x\": its key?is none");
	ck_assert_uint_eq(NETD->aborts, 1);
	ck_assert_uint_eq(NETD->begins, 1);
}
END_TEST

/* What is lost with this file is time; what is wrong with a key is more. */
START_TEST(first_with_bad_slots)
{
	make_slot("sessions", 0644);
	start();
	ck_assert_uint_eq(CRYPTOD->sessions, 0);
	ck_assert_int_eq(play.warnings, 1);
	make_slot("key", 0640);
	propose(5, 2);
	refused(5, "/w0/key: group and others may read it; chmod 0600 ");
}
END_TEST

/* The key that was made is in use: another one is made at a start only. */
START_TEST(key_is_gone)
{
	start();
	ck_assert_uint_eq(CRYPTOD->make_key, 1);
	ck_assert_int_eq(unlink(slot_path("key")), 0);
	propose(5, 4);
	refused(5, "/w0/key is missing, the private key that is in use: put ");
	ck_assert_uint_eq(CRYPTOD->make_key, 0);
	ck_assert_int_ne(access(slot_path("key"), F_OK), 0);
	make_slot("key", 0600);
	accepted(4);
	ck_assert_uint_eq(CRYPTOD->private, 1);
	/* Who has the key of a file does not need it. */
	ck_assert_int_eq(unlink(slot_path("key")), 0);
	make_slot("own", 0600);
	play.on_disk = make_conf(2, 1, false);
	play.on_disk->key_file = strdup(slot_path("own"));
	ask(6);
	ck_assert_int_eq(CTLD->error, 0);
	/* And from there it is a new one that is asked for. */
	accepted(3);
	ck_assert_uint_eq(CRYPTOD->make_key, 1);
}
END_TEST

/* A key that could not be written is no problem of who has another. */
START_TEST(key_not_written)
{
	start();
	ck_assert_int_eq(mkdir(slot_path(".key.new"), 0700), 0);
	ck_assert_int_eq(slots_want(&parent.slots, SLOT_KEY), -1);
	ck_assert_ptr_nonnull(slots_problem(&parent.slots));
	CRYPTOD->say = SAY_NO;
	propose(5, 4);
	ck_assert_ptr_nonnull(slots_problem(&parent.slots));
	CRYPTOD->say = SAY_READY;
	accepted(4);
	ck_assert_ptr_null(slots_problem(&parent.slots));
}
END_TEST

START_TEST(no_from_each)
{
	start();
	kid[_i].say = SAY_NO;
	propose(5, 4);
	refused(5, "peer \"x\": its key?is none");
	ck_assert_str_eq(play.trace, "");
	ck_assert_uint_eq(NETD->aborts, 1);
	ck_assert_uint_eq(CRYPTOD->aborts, 1);
	ck_assert_uint_eq(CTLD->aborts, 1);
	kid[_i].say = SAY_READY;
	accepted(4);
}
END_TEST

START_TEST(parse)
{
	start();
	play.parse_errors = 3;
	ask(5);
	refused(5, "/etc/warren.conf:1: \"blubb\" is no word");
	ck_assert_ptr_nonnull(strstr(CTLD->text, "\n/etc/warren.conf:3: "));
	ck_assert_uint_eq(NETD->begins, 1);
	ck_assert_int_eq(play.warnings, 3);
	play.parse_errors = 1000;
	ask(6);
	refused(6, "/etc/warren.conf:1: \"blubb\" is no word");
	ck_assert_ptr_nonnull(strstr(CTLD->text, "\nand 98"));
	ck_assert_ptr_nonnull(strstr(CTLD->text, " more errors"));
	play.parse_errors = 0;
	ask(7);
	accepted(4);
}
END_TEST

START_TEST(needs_restart)
{
	start();
	play.restart = "the name has changed: this needs a restart";
	propose(5, 4);
	refused(5, "/etc/warren.conf: the name has changed: this needs a ");
	ck_assert_uint_eq(NETD->begins, 1);
	play.restart = NULL;
	accepted(4);
}
END_TEST

START_TEST(others_refuse)
{
	start();
	play.refuse_sockets = "UDP port 53: Address already in use";
	propose(5, 4);
	refused(5, play.refuse_sockets);
	ck_assert_str_eq(play.trace, "sockets ");
	play.refuse_sockets = NULL;
	play.refuse_kernel = "10.0.0.1/8: is on eth0";
	play.trace[0] = '\0';
	propose(6, 4);
	refused(6, play.refuse_kernel);
	ck_assert_str_eq(play.trace, "sockets kernel sockets- ");
	play.refuse_kernel = NULL;
	ck_assert_uint_eq(CRYPTOD->aborts, 2);
	accepted(4);
}
END_TEST

/* Every key file that is wrong is told, not just the first. */
START_TEST(key_files)
{
	start();
	make_slot("0.psk", 0600);
	make_slot("1.psk", 0644);
	play.on_disk = make_conf(3, 1, true);
	ask(5);
	refused(5, "/etc/warren.conf:11: /tmp/");
	ck_assert_ptr_nonnull(strstr(CTLD->text, "/1.psk: group and others"));
	ck_assert_ptr_nonnull(strstr(CTLD->text, "\n/etc/warren.conf:12: "));
	ck_assert_ptr_nonnull(strstr(CTLD->text, "/2.psk: No such file"));
	ck_assert_uint_eq(CRYPTOD->aborts, 1);
	ck_assert_int_eq(play.warnings, 2);
	accepted(4);
	/* Our own. */
	play.on_disk = make_conf(3, 1, false);
	play.on_disk->key_file = strdup("/nonexistent/key");
	ask(6);
	ck_assert_int_eq(CTLD->error, EINVAL);
	ck_assert_ptr_nonnull(strstr(CTLD->text, "/nonexistent/key: No such"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reload_refused");
	TCase *tc = play_case("reload_refused");

	tcase_add_test(tc, first_refused);
	tcase_add_test(tc, first_with_bad_slots);
	tcase_add_test(tc, key_is_gone);
	tcase_add_test(tc, key_not_written);
	tcase_add_loop_test(tc, no_from_each, 0, 3);
	tcase_add_test(tc, parse);
	tcase_add_test(tc, needs_restart);
	tcase_add_test(tc, others_refuse);
	tcase_add_test(tc, key_files);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (!play_possible("reload_refused"))
		return 0;
	return unit_run("reload_refused", suite());
}
