/* SPDX-License-Identifier: ISC */
/*
 * The transaction of a configuration, as it goes well: what each child is
 * sent, in which order the sockets and the kernel hear of it, and what comes
 * of being asked again meanwhile.  The children are played (reload_kids.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reload_play.h"

START_TEST(first)
{
	parent.conf = make_conf(3, 2, false);
	reload_initial(&parent);
	turn(10);
	ck_assert_str_eq(play.trace, "sockets kernel sockets! dns netd "
	    "cryptod ctld kernel! started ");
	ck_assert(NETD->initial && CRYPTOD->initial && CTLD->initial);
	ck_assert_uint_eq(CRYPTOD->make_key, 1);
	ck_assert_uint_eq(CRYPTOD->private, 0);
	ck_assert_uint_eq(CRYPTOD->sessions, 0);
	ck_assert_uint_eq(CRYPTOD->locals, 2);
	ck_assert_uint_eq(CRYPTOD->peers, 3);
	ck_assert_uint_eq(CRYPTOD->allowed, 6);
	ck_assert_uint_eq(NETD->peers, 3);
	ck_assert_uint_eq(CTLD->peers, 3);
	ck_assert_str_eq(CTLD->lines, "/etc/warren.conf|state directory|main|"
	    "10.66.0.1/24|fd66::1/64||||");
	ck_assert_int_eq(play.warnings, 0);
	ck_assert_int_eq(play.events, 1);
	accepted(5);
	ck_assert(!NETD->initial && !CRYPTOD->initial && !CTLD->initial);
	ck_assert_uint_eq(parent.reload.generation, 2);
}
END_TEST

START_TEST(first_with_slots)
{
	make_slot("key", 0600);
	make_slot("sessions", 0600);
	start();
	ck_assert_uint_eq(CRYPTOD->make_key, 0);
	ck_assert_uint_eq(CRYPTOD->private, 1);
	ck_assert_uint_eq(CRYPTOD->sessions, 1);
	accepted(2);
	ck_assert_uint_eq(CRYPTOD->private, 1);
	ck_assert_uint_eq(CRYPTOD->sessions, 1);
}
END_TEST

START_TEST(streams)
{
	static const char *const routes[] = { "|main|", "|none|",
	    "|table 51|" };
	struct conf_peer *peer;

	start();
	play.on_disk = make_conf(4, 1, false);
	make_slot("own", 0600);
	make_slot("alice.psk", 0400);
	play.on_disk->key_file = strdup(slot_path("own"));
	play.on_disk->routes = _i;
	play.on_disk->table = 51;
	peer = TAILQ_FIRST(&play.on_disk->peers);
	peer->psk_file = strdup(slot_path("alice.psk"));
	peer = TAILQ_NEXT(peer, entry);
	endpoint_parse(&peer->endpoint, "192.0.2.1:7");
	peer->port = 7;
	peer = TAILQ_NEXT(peer, entry);
	endpoint_parse(&peer->endpoint, "[2001:db8::1]:8");
	peer->port = 8;
	peer = TAILQ_NEXT(peer, entry);
	peer->host = strdup("alice.example.net");
	peer->port = 51820;
	ask(1);
	ck_assert_int_eq(CTLD->error, 0);
	ck_assert_ptr_nonnull(strstr(CTLD->lines, routes[_i]));
	ck_assert_ptr_nonnull(strstr(CTLD->lines, "|file /tmp/"));
	ck_assert_ptr_nonnull(strstr(CTLD->lines,
	    "|||192.0.2.1:7|[2001:db8::1]:8|alice.example.net:51820|"));
	ck_assert_str_eq(NETD->last, "alice.example.net");
	ck_assert_uint_eq(CRYPTOD->private, 1);
	ck_assert_uint_eq(CRYPTOD->psks, 1);
	ck_assert_uint_eq(CTLD->psks, 1);
	ck_assert_uint_eq(CRYPTOD->wrong, 0);
}
END_TEST

START_TEST(asked_meanwhile)
{
	start();
	NETD->say = SAY_NOTHING;
	propose(5, 4);
	ck_assert_uint_eq(CTLD->answers, 0);
	ck_assert_int_eq(play.reloading, 1);
	ask(6);
	ck_assert_uint_eq(CTLD->answers, 1);
	ck_assert_uint_eq(CTLD->answer_id, 6);
	ck_assert_int_eq(CTLD->error, EBUSY);
	/* SIGHUP thrice, and one reload after this. */
	reload_request(&parent, NULL, 0);
	reload_request(&parent, NULL, 0);
	reload_request(&parent, NULL, 0);
	turn(5);
	ck_assert_uint_eq(NETD->begins, 2);
	play.on_disk = make_conf(5, 1, false);
	NETD->say = SAY_READY;
	say_plain(NETD, MSG_CONF_READY, NETD->id, NULL, 0);
	turn(20);
	ck_assert_uint_eq(NETD->begins, 3);
	ck_assert_uint_eq(parent.reload.generation, 3);
	ck_assert_uint_eq(parent.conf->npeers, 5);
	ck_assert_uint_eq(CTLD->answers, 2);
	ck_assert_uint_eq(CTLD->answer_id, 5);
	ck_assert_int_eq(play.faults, 0);
	/* Also after one that failed. */
	NETD->say = SAY_NOTHING;
	propose(8, 4);
	reload_request(&parent, NULL, 0);
	play.on_disk = make_conf(6, 1, false);
	say_no(NETD, NETD->id, "no");
	NETD->say = SAY_READY;
	turn(20);
	ck_assert_uint_eq(parent.conf->npeers, 6);
	ck_assert_int_eq(play.faults, 0);
}
END_TEST

START_TEST(asked_before)
{
	reload_request(&parent, NULL, 0);
	ask(5);
	ck_assert_int_eq(CTLD->error, EBUSY);
	parent.conf = make_conf(3, 2, false);
	play.on_disk = make_conf(4, 2, false);
	reload_initial(&parent);
	turn(20);
	ck_assert_uint_eq(parent.reload.generation, 2);
	ck_assert_uint_eq(parent.conf->npeers, 4);
}
END_TEST

START_TEST(slot_writes)
{
	char cmd[64];

	start();
	say_plain(CRYPTOD, MSG_SLOT_WANT, 0, "\1", 1);
	turn(5);
	ck_assert_uint_eq(CRYPTOD->writes, 1);
	ck_assert_str_eq(play.trace, "slot-done ");
	ck_assert_uint_eq(CRYPTOD->slot_error, 0);
	ck_assert_int_eq(access(slot_path("key"), R_OK), 0);
	/* At the end, too: it is a child's last word. */
	parent.state = SUITE_ENDING;
	say_plain(CRYPTOD, MSG_SLOT_WANT, 0, "\2", 1);
	turn(5);
	ck_assert_int_eq(access(slot_path("sessions"), R_OK), 0);
	/* A directory that is gone: an error, not the end. */
	snprintf(cmd, sizeof(cmd), "rm -rf %s/w0", play.dir);
	ck_assert_int_eq(system(cmd), 0);
	say_plain(CRYPTOD, MSG_SLOT_WANT, 0, "\2", 1);
	turn(5);
	ck_assert_uint_eq(CRYPTOD->slot_error, ENOENT);
	ck_assert_int_eq(play.faults, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reload");
	TCase *tc = play_case("reload");

	tcase_add_test(tc, first);
	tcase_add_test(tc, first_with_slots);
	tcase_add_loop_test(tc, streams, 0, 3);
	tcase_add_test(tc, asked_meanwhile);
	tcase_add_test(tc, asked_before);
	tcase_add_test(tc, slot_writes);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (!play_possible("reload"))
		return 0;
	return unit_run("reload", suite());
}
