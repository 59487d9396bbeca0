/* SPDX-License-Identifier: ISC */
/*
 * Health: each thing that can be wrong is told with its severity, its place
 * and a mend, and nothing is told of what works.
 */
#include <errno.h>
#include <string.h>

#include "ctld/health.h"
#include "unit.h"

#define NOW	1800000000ULL
#define MAX	64

static struct health_facts facts;
static struct peer_info info;
static struct endpoint_info ep;
static struct health_peer peer;
static struct health told[MAX];
static unsigned n;
static char ours[BASE64_KEY_SIZE], theirs[BASE64_KEY_SIZE];

static void
emit(void *arg, const struct health *h)
{
	ck_assert_ptr_eq(arg, told);
	ck_assert_uint_lt(n, MAX);
	ck_assert(h->problem[0] != '\0' && h->advice[0] != '\0');
	ck_assert(memchr(h->problem, '\0', sizeof(h->problem)) != NULL);
	ck_assert(memchr(h->advice, '\0', sizeof(h->advice)) != NULL);
	told[n++] = *h;
}

/* All is well: a configured instance and a peer with a session. */
static void
fresh(void)
{
	memset(&facts, 0, sizeof(facts));
	facts.now = NOW;
	facts.configured = true;
	facts.file = "/etc/warren.conf";
	facts.key_source = "file /etc/warren/k";
	facts.ifname = "wg0";
	facts.up = facts.has_key = true;
	facts.port = 51820;
	facts.peers = 1;
	memset(facts.key, 1, sizeof(facts.key));
	memset(&info, 0, sizeof(info));
	memset(info.public_key, 2, sizeof(info.public_key));
	info.device = 1;
	info.handshake_sec = NOW - 20;
	memset(&ep, 0, sizeof(ep));
	ep.at.device = 1;
	ck_assert_int_eq(endpoint_parse(&ep.at.endpoint, "192.0.2.7:1234"),
	    0);
	peer.name = "alice";
	peer.host = "alice.example.net:1234";
	peer.psk = false;
	peer.info = &info;
	peer.ep = &ep;
	base64_key_encode(ours, facts.key);
	base64_key_encode(theirs, info.public_key);
}

static void
never(void)
{
	fresh();
	info.handshake_sec = 0;
}

static void
of_peer(void)
{
	n = 0;
	ck_assert_uint_eq(health_peer(&facts, &peer, emit, told), n);
}

static void
of_interface(void)
{
	n = 0;
	ck_assert_uint_eq(health_interface(&facts, emit, told), n);
}

static void
has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in: %s", part,
	    text);
}

/* The i-th is of that severity and says these things. */
static void
says(unsigned i, enum health_severity s, const char *problem,
    const char *advice)
{
	ck_assert_uint_lt(i, n);
	ck_assert_msg(told[i].severity == s, "severity of: %s",
	    told[i].problem);
	has(told[i].problem, problem);
	has(told[i].advice, advice);
}

static void
only(enum health_severity s, const char *problem, const char *advice)
{
	ck_assert_msg(n == 1, "%u problems, the first: %s", n,
	    n > 0 ? told[0].problem : "");
	says(0, s, problem, advice);
}

static void
silence(void)
{
	ck_assert_msg(n == 0, "told: %s", told[0].problem);
}

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
}
END_TEST

START_TEST(other_psk)
{
	never();
	info.tries = info.bad_response = 5;
	of_peer();
	only(HEALTH_ERROR, "(5 so far): the preshared keys of the two sides "
	    "differ", "here it has no preshared-key");
	ck_assert_str_eq(told[0].peer, "alice");
	peer.psk = true;
	of_peer();
	only(HEALTH_ERROR, "preshared keys", "compare the preshared-key "
	    "files");
	facts.configured = false;
	peer.name = "";
	of_peer();
	only(HEALTH_ERROR, "preshared keys", "wg set wg0 peer ");
	has(told[0].advice, theirs);
	ck_assert_str_eq(told[0].peer, theirs);
	/* It answers no longer. */
	info.tries = 50;
	of_peer();
	ck_assert_uint_eq(n, 2);
	says(1, HEALTH_ERROR, "no answer", theirs);
	info.handshake_sec = NOW - 1;
	of_peer();
	says(0, HEALTH_WARNING, "preshared keys", "");
}
END_TEST

static const struct {
	int64_t		 skew;
	const char	*text;		/* NULL: it is near enough */
} skews[] = {
	{ 0, NULL }, { 179, NULL }, { -179, NULL },
	{ 180, "its clock is 3 min ahead of ours" },
	{ -180, "its clock is 3 min behind ours" },
	{ -3 * 3600, "its clock is 3 h behind ours" },
	{ 86400 * 365, "its clock is 365 days ahead of ours" },
	{ INT64_MIN, "days behind ours" }, { INT64_MAX, "days ahead of ours" },
};

START_TEST(other_clock)
{
	fresh();
	info.has_skew = true;
	info.skew = skews[_i].skew;
	of_peer();
	if (skews[_i].text == NULL)
		silence();
	else
		only(HEALTH_WARNING, skews[_i].text, "date -u");
	info.has_skew = false;
	of_peer();
	silence();
}
END_TEST

START_TEST(clock_set_back)
{
	never();
	info.stale = 4;
	info.tries = 9;
	of_peer();
	only(HEALTH_ERROR, "refused (4 so far)", "set the clock of that host");
	info.has_skew = true;
	info.skew = -7200;
	of_peer();
	only(HEALTH_ERROR, "was set back and is now 2 h behind ours, or",
	    "date -u");
	info.handshake_sec = NOW - 1;
	of_peer();
	only(HEALTH_WARNING, "older than its last one", "date -u");
}
END_TEST

static const struct {
	int		 error;
	const char	*advice;
} sends[] = {
	{ ENETUNREACH, "ip route get 192.0.2.7" },
	{ EHOSTUNREACH, "ip route get 192.0.2.7" },
	{ EPERM, "firewall of this host" },
	{ EACCES, "UDP to 192.0.2.7:1234" },
	{ EAFNOSUPPORT, "no address" },
	{ EADDRNOTAVAIL, "no address" },
	{ EMSGSIZE, "lower the mtu of wg0" },
	{ EIO, "ip route get 192.0.2.7" },
};

START_TEST(not_sent)
{
	never();
	info.tries = 9;
	ep.error = (uint16_t)sends[_i].error;
	of_peer();
	only(HEALTH_ERROR, strerror(sends[_i].error), sends[_i].advice);
	has(told[0].problem, "packets to 192.0.2.7:1234 cannot be sent");
	info.handshake_sec = NOW - 1;
	of_peer();
	only(HEALTH_WARNING, "cannot be sent", sends[_i].advice);
	/* An error of an endpoint that it has no longer. */
	memset(&ep.at.endpoint, 0, sizeof(ep.at.endpoint));
	of_peer();
	silence();
}
END_TEST

START_TEST(wrong_key_for_us)
{
	never();
	info.tries = 9;
	facts.nbadmacs = 2;
	endpoint_parse(&facts.badmac[0].from, "192.0.2.8:1");
	facts.badmac[0].last = NOW;
	endpoint_parse(&facts.badmac[1].from, "192.0.2.7:999");
	facts.badmac[1].count = 3;
	facts.badmac[1].last = NOW - 5;
	of_peer();
	only(HEALTH_ERROR, "the host at 192.0.2.7 uses a public key for us "
	    "that is not ours (3 handshakes, the last 5 s ago)", ours);
	facts.has_key = false;
	of_peer();
	only(HEALTH_ERROR, "not ours", "set our private key first");
	facts.has_key = true;
	/* Long ago, before it worked, and after. */
	facts.badmac[1].last = NOW - 3600;
	of_peer();
	only(HEALTH_ERROR, "no answer", "");
	info.tries = 0;
	facts.badmac[1].last = NOW - 30;
	info.handshake_sec = NOW - 20;
	of_peer();
	silence();
	facts.badmac[1].last = NOW - 10;
	of_peer();
	only(HEALTH_WARNING, "not ours", "somebody forges the address");
	/* One at rest, and one that is missed. */
	info.handshake_sec = NOW - 500;
	of_peer();
	only(HEALTH_WARNING, "not ours", ours);
	info.tries = 1;
	of_peer();
	only(HEALTH_ERROR, "not ours", ours);
	/* The same bytes in another family. */
	facts.badmac[1].from.family = AF_INET6;
	of_peer();
	silence();
}
END_TEST

START_TEST(names)
{
	never();
	ep.name = NAME_UNKNOWN;
	of_peer();
	only(HEALTH_WARNING, "no host \"alice.example.net\" in the DNS; "
	    "still in use: 192.0.2.7:1234", "/etc/warren.conf");
	ep.name = NAME_REFUSED;
	of_peer();
	only(HEALTH_WARNING, "would not say", "getent hosts alice.example.net");
	ep.name = NAME_SILENT;
	of_peer();
	only(HEALTH_WARNING, "no name server answers", "while resolverd runs");
	memset(&ep.at.endpoint, 0, sizeof(ep.at.endpoint));
	of_peer();
	only(HEALTH_ERROR, "\"alice.example.net\"", "/etc/resolv.conf");
	ep.name = NAME_UNKNOWN;
	of_peer();
	only(HEALTH_ERROR, "\"alice.example.net\" in the DNS",
	    "getent hosts alice.example.net");
	ep.name = NAME_WAITING;
	of_peer();
	silence();
	/* While it works nobody cares. */
	fresh();
	ep.name = NAME_SILENT;
	of_peer();
	silence();
	/* Both: the old address does not answer either. */
	never();
	ep.name = NAME_UNKNOWN;
	info.tries = 9;
	of_peer();
	ck_assert_uint_eq(n, 2);
	says(0, HEALTH_WARNING, "in the DNS", "");
	says(1, HEALTH_ERROR, "no answer", "");
}
END_TEST

START_TEST(no_answer)
{
	never();
	info.tries = 2;
	of_peer();
	only(HEALTH_WARNING, "no answer yet from 192.0.2.7:1234", "again");
	info.tries = 3;
	of_peer();
	only(HEALTH_ERROR, "no answer from 192.0.2.7:1234: 3 handshakes were "
	    "sent and none was ever answered", "UDP port 1234");
	has(told[0].advice, ours);
	has(told[0].advice, theirs);
	info.handshake_sec = NOW - 7200;
	info.tries = 40;
	of_peer();
	only(HEALTH_ERROR, "to 40 handshakes; the last session began 2 h ago",
	    "it worked before");
	has(told[0].advice, ours);
	/* It still has a session. */
	info.handshake_sec = NOW - 170;
	of_peer();
	only(HEALTH_WARNING, "began 2 min ago", "");
	info.tries = 2;
	of_peer();
	silence();
	/* At the border of the session's life. */
	info.handshake_sec = NOW - 180;
	of_peer();
	only(HEALTH_WARNING, "no answer yet", "");
	/* The clock was set back: as young as can be. */
	info.handshake_sec = NOW + 1000;
	of_peer();
	silence();
	/* Without an endpoint nothing was sent to it. */
	memset(&ep.at.endpoint, 0, sizeof(ep.at.endpoint));
	info.handshake_sec = 0;
	info.tries = 9;
	of_peer();
	silence();
}
END_TEST

START_TEST(an_endpoint_of_version_6)
{
	never();
	endpoint_parse(&ep.at.endpoint, "[2001:db8::7]:1234");
	ep.error = ENETUNREACH;
	of_peer();
	only(HEALTH_ERROR, "packets to [2001:db8::7]:1234 cannot",
	    "ip route get 2001:db8::7\"");
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
	tcase_add_test(tc, other_psk);
	tcase_add_loop_test(tc, other_clock, 0,
	    sizeof(skews) / sizeof(skews[0]));
	tcase_add_test(tc, clock_set_back);
	tcase_add_loop_test(tc, not_sent, 0,
	    sizeof(sends) / sizeof(sends[0]));
	tcase_add_test(tc, wrong_key_for_us);
	tcase_add_test(tc, names);
	tcase_add_test(tc, no_answer);
	tcase_add_test(tc, an_endpoint_of_version_6);
	tcase_add_test(tc, the_longest);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_health", suite());
}
