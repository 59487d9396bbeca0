/* SPDX-License-Identifier: ISC */
/*
 * Health of a peer: why it does not answer, or cannot be sent to, with what to
 * do about it; and nothing of one that works.
 */
#include <errno.h>
#include <string.h>

#include "ctld_health_play.h"
#include "unit.h"

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
	{ EHOSTUNREACH, "if \"ip route get 192.0.2.7\" leads to wg0, it lies "
	    "in what the tunnel carries: the endpoint "
	    "\"alice.example.net:1234\"" },
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

/* Our own packets may have another way than what a person asks for. */
START_TEST(not_sent_with_a_mark)
{
	never();
	facts.mark = 0xca6c;
	ep.error = EHOSTUNREACH;
	of_peer();
	only(HEALTH_ERROR, "cannot be sent", "if not, see \"ip route get "
	    "192.0.2.7 mark 0xca6c\"");
	ep.error = ENETUNREACH;
	of_peer();
	only(HEALTH_ERROR, "cannot be sent", "no way there: see \"ip route "
	    "get 192.0.2.7 mark 0xca6c\"");
	ep.error = EIO;
	of_peer();
	only(HEALTH_ERROR, "cannot be sent", "192.0.2.7 mark 0xca6c\"");
	/* wg(8) makes nothing unreachable. */
	facts.configured = false;
	ep.error = EHOSTUNREACH;
	of_peer();
	only(HEALTH_ERROR, "cannot be sent", "no way there: see \"ip route "
	    "get 192.0.2.7 mark 0xca6c\"");
}
END_TEST

START_TEST(not_sent_into_the_tunnel)
{
	never();
	peer.inside = "192.0.2.1/24";
	ep.error = EHOSTUNREACH;
	of_peer();
	only(HEALTH_ERROR, "cannot be sent", "this address lies in the network "
	    "of 192.0.2.1/24, so the way to it leads into the tunnel itself: "
	    "the endpoint \"alice.example.net:1234\" must be");
	ck_assert_ptr_null(strstr(told[0].advice, "uplink"));
	/* Whatever keeps it out. */
	ep.error = EPERM;
	of_peer();
	only(HEALTH_ERROR, "cannot be sent", "into the tunnel itself");
	ep.error = 0;
	of_peer();
	silence();
}
END_TEST

/* It has no endpoint in the file: it is where it was heard. */
START_TEST(not_sent_where_it_was_heard)
{
	never();
	peer.host = "";
	ep.error = EHOSTUNREACH;
	of_peer();
	only(HEALTH_ERROR, "cannot be sent", "if \"ip route get 192.0.2.7\" "
	    "leads to wg0, an allowed IP covers the address where this peer "
	    "is: take it out of allowed-ips; if not, see \"ip route get "
	    "192.0.2.7\"");
	ck_assert_ptr_null(strstr(told[0].advice, "\"\""));
	peer.inside = "192.0.2.1/24";
	of_peer();
	only(HEALTH_ERROR, "cannot be sent", "where the peer is, lies in the "
	    "network of 192.0.2.1/24, so the way to it leads into the tunnel "
	    "itself: make that network smaller");
	ck_assert_ptr_null(strstr(told[0].advice, "\"\""));
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
	only(HEALTH_WARNING, "no answer yet to 2 handshakes; it is now "
	    "tried at 192.0.2.7:1234", "again");
	info.tries = 3;
	of_peer();
	only(HEALTH_ERROR, "no answer to 3 handshakes in a row, and never one "
	    "before; it is now tried at 192.0.2.7:1234", "UDP port 1234");
	has(told[0].advice, ours);
	has(told[0].advice, theirs);
	info.handshake_sec = NOW - 7200;
	info.tries = 40;
	of_peer();
	only(HEALTH_ERROR, "no answer to 40 handshakes in a row, the last "
	    "session began 2 h ago; it is now tried at 192.0.2.7:1234",
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
	/* The clock was set back a little: as young as can be. */
	info.handshake_sec = NOW + 170;
	of_peer();
	silence();
	/* By far: its age is not known, and it shall not stay young. */
	info.handshake_sec = NOW + 1000;
	info.tries = 40;
	of_peer();
	only(HEALTH_ERROR, "no answer to 40 handshakes", "");
	info.handshake_sec = UINT64_MAX;
	of_peer();
	only(HEALTH_ERROR, "no answer to 40 handshakes", "");
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

static Suite *
suite(void)
{
	Suite *s = suite_create("ctld_health_peer");
	TCase *tc = tcase_create("ctld_health_peer");

	tcase_add_test(tc, other_psk);
	tcase_add_loop_test(tc, other_clock, 0,
	    sizeof(skews) / sizeof(skews[0]));
	tcase_add_test(tc, clock_set_back);
	tcase_add_loop_test(tc, not_sent, 0,
	    sizeof(sends) / sizeof(sends[0]));
	tcase_add_test(tc, not_sent_with_a_mark);
	tcase_add_test(tc, not_sent_into_the_tunnel);
	tcase_add_test(tc, not_sent_where_it_was_heard);
	tcase_add_test(tc, wrong_key_for_us);
	tcase_add_test(tc, names);
	tcase_add_test(tc, no_answer);
	tcase_add_test(tc, an_endpoint_of_version_6);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_health_peer", suite());
}
