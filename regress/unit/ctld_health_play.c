/* SPDX-License-Identifier: ISC */
/*
 * Facts for the judgement on health: see ctld_health_play.h.
 */
#include <string.h>

#include "ctld_health_play.h"
#include "unit.h"

#define MAX	64

struct health_facts facts;
struct peer_info info;
struct endpoint_info ep;
struct health_peer peer;
struct health told[MAX];
unsigned n;
char ours[BASE64_KEY_SIZE], theirs[BASE64_KEY_SIZE];

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

void
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
	peer.inside = "";
	peer.info = &info;
	peer.ep = &ep;
	base64_key_encode(ours, facts.key);
	base64_key_encode(theirs, info.public_key);
}

void
never(void)
{
	fresh();
	info.handshake_sec = 0;
}

void
of_peer(void)
{
	n = 0;
	ck_assert_uint_eq(health_peer(&facts, &peer, emit, told), n);
}

void
of_interface(void)
{
	n = 0;
	ck_assert_uint_eq(health_interface(&facts, emit, told), n);
}

void
has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in: %s", part,
	    text);
}

void
says(unsigned i, enum health_severity s, const char *problem,
    const char *advice)
{
	ck_assert_uint_lt(i, n);
	ck_assert_msg(told[i].severity == s, "severity of: %s",
	    told[i].problem);
	has(told[i].problem, problem);
	has(told[i].advice, advice);
}

void
only(enum health_severity s, const char *problem, const char *advice)
{
	ck_assert_msg(n == 1, "%u problems, the first: %s", n,
	    n > 0 ? told[0].problem : "");
	says(0, s, problem, advice);
}

void
silence(void)
{
	ck_assert_msg(n == 0, "told: %s", told[0].problem);
}
