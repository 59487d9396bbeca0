/* SPDX-License-Identifier: ISC */
/*
 * Health: each thing that can be wrong with the whole is told with its
 * severity, its place and a mend, and nothing is told of what works.
 */
#include <string.h>

#include "ctld_health_play.h"
#include "unit.h"

START_TEST(all_is_well)
{
	fresh();
	of_peer();
	silence();
	of_interface();
	silence();
	/* Nothing is known of the link yet. */
	facts.ifname = "";
	facts.up = facts.has_key = false;
	facts.peers = 0;
	of_interface();
	silence();
}
END_TEST

START_TEST(never_tried_is_fine)
{
	never();
	of_peer();
	silence();
	info.tries = 1;			/* one is under way */
	of_peer();
	silence();
	memset(&ep.at.endpoint, 0, sizeof(ep.at.endpoint));
	info.tries = 0;
	of_peer();
	silence();
	info.handshake_sec = NOW - 100000;	/* idle since */
	of_peer();
	silence();
}
END_TEST

START_TEST(no_key)
{
	fresh();
	facts.has_key = false;
	of_interface();
	only(HEALTH_ERROR, "wg0 has no private key", "file /etc/warren/k");
	facts.key_source = "";
	of_interface();
	only(HEALTH_ERROR, "no private key", "state directory");
	facts.configured = false;
	of_interface();
	only(HEALTH_ERROR, "no private key", "wg set wg0 private-key FILE");
	ck_assert_str_eq(told[0].peer, "");
}
END_TEST

START_TEST(no_peers)
{
	fresh();
	facts.peers = 0;
	of_interface();
	only(HEALTH_WARNING, "wg0 has no peers", "/etc/warren.conf");
	facts.configured = false;
	of_interface();
	only(HEALTH_WARNING, "wg0 has no peers", "wg set wg0 peer");
}
END_TEST

START_TEST(down_or_without_port)
{
	fresh();
	facts.up = false;
	facts.port = 0;
	of_interface();
	only(HEALTH_ERROR, "wg0 is down", "ip link set wg0 up");
	facts.up = true;
	of_interface();
	only(HEALTH_ERROR, "no UDP port is open", "ss -lunp");
}
END_TEST

START_TEST(what_the_parent_told)
{
	fresh();
	facts.ntold = 2;
	facts.told[0].severity = HEALTH_ERROR;
	strcpy(facts.told[0].problem, "somebody took a route");
	strcpy(facts.told[0].advice, "give it back");
	facts.told[1].severity = HEALTH_WARNING;
	memset(facts.told[1].problem, 'x', HEALTH_PROBLEM - 1);
	memset(facts.told[1].advice, 'y', HEALTH_ADVICE - 1);
	of_interface();
	ck_assert_uint_eq(n, 2);
	says(0, HEALTH_ERROR, "took a route", "give it back");
	says(1, HEALTH_WARNING, "xxx", "yyy");
}
END_TEST

START_TEST(a_stranger)
{
	fresh();
	facts.nstrangers = 2;
	memset(facts.stranger[0].key, 3, KEY_SIZE);
	facts.stranger[0].count = 7;
	facts.stranger[0].last = NOW - 60;
	facts.stranger[1].last = NOW - 3600;	/* went away */
	of_interface();
	only(HEALTH_WARNING, "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=",
	    "is wrong in /etc/warren.conf:");
	has(told[0].problem, "7 times, the last 60 s ago");
	/* It may be an attacker's: nobody shall just copy it. */
	has(told[0].advice, "look on your hosts, for it may be anybody");
	ck_assert_ptr_null(strstr(told[0].advice, "never connected"));
	facts.unseen = 1;
	strcpy(facts.unseen_name[0], "alice");
	of_interface();
	has(told[0].advice, "(never connected so far: alice):");
	facts.unseen = 10000;
	strcpy(facts.unseen_name[1], "bob");
	memset(facts.unseen_name[2], 'c', HEALTH_WHO - 1);
	of_interface();
	has(told[0].advice, "alice, bob, ccc");
	has(told[0].advice, "and 9997 more):");
	facts.stranger[0].last = NOW + 5;	/* the clock was set */
	of_interface();
	has(told[0].problem, "the last 0 s ago");
	/* By far: nobody knows when that was, but it is not news for ever. */
	facts.stranger[0].last = NOW + 3600;
	of_interface();
	silence();
	facts.stranger[0].last = UINT64_MAX;
	of_interface();
	silence();
}
END_TEST

/* All at once, with texts as long as they get. */
START_TEST(the_longest)
{
	char name[HEALTH_WHO], file[CONF_PATH_MAX], host[CONF_HOST_MAX];
	unsigned i;

	never();
	memset(name, 'n', sizeof(name) - 1);
	memset(file, 'f', sizeof(file) - 1);
	memset(host, 'h', sizeof(host) - 1);
	name[sizeof(name) - 1] = file[sizeof(file) - 1] =
	    host[sizeof(host) - 1] = '\0';
	peer.name = name;
	peer.host = host;
	facts.file = facts.key_source = file;
	facts.has_key = facts.up = false;
	facts.peers = 0;
	facts.nstrangers = HEALTH_STRANGERS;
	for (i = 0; i < HEALTH_STRANGERS; i++)
		facts.stranger[i].last = NOW;
	facts.nbadmacs = HEALTH_BADMACS;
	facts.badmac[HEALTH_BADMACS - 1].from = ep.at.endpoint;
	facts.badmac[HEALTH_BADMACS - 1].last = NOW;
	endpoint_parse(&ep.at.endpoint,
	    "[fe80:1234:1234:1234:1234:1234:1234:1234%4294967295]:65535");
	facts.badmac[HEALTH_BADMACS - 1].from = ep.at.endpoint;
	info.tries = info.stale = UINT32_MAX;
	info.bad_response = UINT32_MAX / 2;
	info.has_skew = true;
	info.skew = INT64_MIN;
	ep.error = 65535;
	ep.name = NAME_UNKNOWN;
	of_peer();
	ck_assert_uint_eq(n, 5);
	of_interface();
	ck_assert_uint_eq(n, 3 + HEALTH_STRANGERS);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctld_health");
	TCase *tc = tcase_create("ctld_health");

	tcase_add_test(tc, all_is_well);
	tcase_add_test(tc, never_tried_is_fine);
	tcase_add_test(tc, no_key);
	tcase_add_test(tc, no_peers);
	tcase_add_test(tc, down_or_without_port);
	tcase_add_test(tc, what_the_parent_told);
	tcase_add_test(tc, a_stranger);
	tcase_add_test(tc, the_longest);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_health", suite());
}
