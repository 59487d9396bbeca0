/* SPDX-License-Identifier: ISC */
/*
 * Endpoints by name: when netd asks, what it takes, and what it leaves alone.
 */
#include <arpa/inet.h>

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "netd/names.h"
#include "unit.h"

#define SECOND	1000000000ULL
#define PEERS	100

static struct names		 n;
static struct timer_wheel	 wheel;
static uint64_t			 now;
static struct peer {
	struct name_user	 user;
	struct endpoint		 at;
	int			 used;
}				 peer[PEERS];
static bool			 has_v6, has_v4;
static unsigned			 asked;
static uint32_t			 last_id;
static char			 last_host[RESOLVE_NAME_MAX];
static enum name_state		 last_state;
static bool			 last_again;

static void
ask(void *arg, uint32_t id, const char *host)
{
	(void)arg;
	asked++;
	last_id = id;
	strcpy(last_host, host);
}

static bool
can(void *arg, uint8_t family)
{
	(void)arg;
	return family == AF_INET ? has_v4 : has_v6;
}

static const struct endpoint *
present(void *arg, void *owner)
{
	(void)arg;
	return &((struct peer *)owner)->at;
}

static void
use(void *arg, void *owner, const char *host, const struct endpoint *e,
    bool again)
{
	struct peer *p = owner;

	(void)arg;
	ck_assert(host[0] != '\0');
	last_again = again;
	p->at = *e;
	p->used++;
}

static void
told(void *arg, const char *host, enum name_state state)
{
	(void)arg;
	(void)host;
	last_state = state;
}

static void
setup(void)
{
	int i;

	now = 1000 * SECOND;
	timer_wheel_init(&wheel, now);
	ck_assert_int_eq(names_init(&n, &wheel), 0);
	n.out.ask = ask;
	n.out.can = can;
	n.out.present = present;
	n.out.use = use;
	n.out.told = told;
	memset(peer, 0, sizeof(peer));
	for (i = 0; i < PEERS; i++)
		peer[i].user.owner = &peer[i];
	has_v4 = has_v6 = true;
	asked = 0;
	last_state = NAME_NONE;
}

static void
teardown(void)
{
	names_clear(&n);
}

static void
pass(uint64_t seconds)
{
	uint64_t i;

	for (i = 0; i < seconds * 10; i++) {
		now += SECOND / 10;
		timer_expire(&wheel, now, 1000);
	}
}

static void
attach(int i, const char *host, uint16_t port, bool forced)
{
	ck_assert_int_eq(names_attach(&n, &peer[i].user, host, port, forced,
	    now), 0);
}

/* Answers a question: addresses, divided by blanks, or a status alone. */
static void
answer(uint32_t id, enum resolve_status status, const char *list)
{
	struct resolved a;
	char buf[512], *s, *next;

	memset(&a, 0, sizeof(a));
	a.status = status;
	snprintf(buf, sizeof(buf), "%s", list);
	for (s = strtok_r(buf, " ", &next); s != NULL;
	    s = strtok_r(NULL, " ", &next)) {
		a.at[a.n].family = strchr(s, ':') != NULL ? AF_INET6 : AF_INET;
		ck_assert_int_eq(inet_pton(a.at[a.n].family, s,
		    a.at[a.n].addr), 1);
		a.n++;
	}
	a.ttl = a.n > 0 ? 60 : 0;
	ck_assert_int_eq(names_answer(&n, id, &a, now), 0);
}

#define at_is(i, text)	do {						\
	char at_[ENDPOINT_TEXT];					\
	endpoint_print(&peer[i].at, at_, sizeof(at_));			\
	ck_assert_str_eq(at_, text);					\
} while (0)

static void
go(int i, const char *text)
{
	ck_assert_int_eq(endpoint_parse(&peer[i].at, text), 0);
}

START_TEST(first)
{
	attach(0, "A.Example", 51820, false);
	ck_assert_uint_eq(asked, 1);
	ck_assert_str_eq(last_host, "a.example");
	ck_assert_int_eq(names_state(&peer[0].user), NAME_WAITING);
	ck_assert_int_eq(names_state(&peer[1].user), NAME_NONE);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "192.0.2.1:51820");
	ck_assert_int_eq(names_state(&peer[0].user), NAME_OK);
	/* Nothing more happens by itself. */
	pass(4000);
	ck_assert_uint_eq(asked, 1);
	ck_assert_int_eq(peer[0].used, 1);
}
END_TEST

START_TEST(shared_name)
{
	attach(0, "a.example", 1, false);
	attach(1, "a.example", 2, false);
	ck_assert_uint_eq(asked, 1);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "192.0.2.1:1");
	at_is(1, "192.0.2.1:2");
	attach(2, "A.EXAMPLE", 3, false);
	at_is(2, "192.0.2.1:3");
	ck_assert_uint_eq(asked, 1);
	/* Too old to be used unasked. */
	pass(61);
	attach(3, "a.example", 4, false);
	ck_assert_uint_eq(asked, 2);
	ck_assert_uint_eq(n.n, 1);
	names_detach(&n, &peer[0].user);
	names_detach(&n, &peer[1].user);
	names_detach(&n, &peer[2].user);
	names_detach(&n, &peer[3].user);
	names_detach(&n, &peer[3].user);
	ck_assert_uint_eq(n.n, 0);
	ck_assert_uint_eq(n.nasked, 0);
}
END_TEST

START_TEST(families)
{
	has_v6 = false;
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "2001:db8::1 192.0.2.1");
	at_is(0, "192.0.2.1:1");
	has_v6 = true;
	attach(1, "a.example", 1, false);
	at_is(1, "[2001:db8::1]:1");
	/* No socket at all: it may come yet. */
	has_v4 = has_v6 = false;
	attach(2, "a.example", 1, false);
	at_is(2, "[2001:db8::1]:1");
}
END_TEST

START_TEST(unusable)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "0.0.0.0 224.0.0.1 255.255.255.255 :: "
	    "ff02::1 fe80::1 ::ffff:192.0.2.1");
	ck_assert_int_eq(names_state(&peer[0].user), NAME_UNKNOWN);
	ck_assert_int_eq(peer[0].used, 0);
	pass(6);
	answer(last_id, RESOLVE_OK, "fe80::1 127.0.0.1");
	at_is(0, "127.0.0.1:1");
	/* Linux routes these. */
	attach(1, "b.example", 1, false);
	answer(last_id, RESOLVE_OK, "240.0.0.1");
	at_is(1, "240.0.0.1:1");
}
END_TEST

START_TEST(heard_first)
{
	attach(0, "a.example", 1, false);
	/* A session from before a restart comes back: it is there. */
	go(0, "198.51.100.7:9");
	names_heard(&peer[0].user);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "198.51.100.7:9");
	/* But what was changed by hand is meant so. */
	attach(0, "b.example", 2, true);
	names_heard(&peer[0].user);
	answer(last_id, RESOLVE_OK, "192.0.2.2");
	at_is(0, "192.0.2.2:2");
	attach(0, "b.example", 3, true);
	names_heard(&peer[0].user);
	at_is(0, "192.0.2.2:3");
	ck_assert_uint_eq(asked, 2);
	/* The same once more is no change. */
	go(0, "198.51.100.7:9");
	attach(0, "b.example", 3, true);
	at_is(0, "198.51.100.7:9");
	ck_assert_uint_eq(asked, 2);
}
END_TEST

START_TEST(moved)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	names_heard(&peer[0].user);
	pass(5);
	/* Too soon after the last question. */
	names_silent(&n, &peer[0].user, now);
	ck_assert_uint_eq(asked, 1);
	pass(26);
	names_silent(&n, &peer[0].user, now);
	names_silent(&n, &peer[0].user, now);
	ck_assert_uint_eq(asked, 2);
	answer(last_id, RESOLVE_OK, "192.0.2.9");
	at_is(0, "192.0.2.9:1");
	names_heard(&peer[0].user);
	/* The same answer changes nothing, a new one that is late neither. */
	pass(31);
	names_silent(&n, &peer[0].user, now);
	ck_assert_uint_eq(asked, 3);
	answer(last_id, RESOLVE_OK, "192.0.2.9");
	ck_assert_int_eq(peer[0].used, 2);
	pass(31);
	names_silent(&n, &peer[0].user, now);
	names_heard(&peer[0].user);
	answer(last_id, RESOLVE_OK, "192.0.2.10");
	at_is(0, "192.0.2.9:1");
}
END_TEST

START_TEST(roamed_away)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	go(0, "198.51.100.7:9");
	names_heard(&peer[0].user);
	pass(100);
	at_is(0, "198.51.100.7:9");
	/* It may have been one lost packet. */
	names_silent(&n, &peer[0].user, now);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "198.51.100.7:9");
	names_heard(&peer[0].user);
	pass(5);
	names_silent(&n, &peer[0].user, now);
	at_is(0, "198.51.100.7:9");
	pass(5);
	names_silent(&n, &peer[0].user, now);
	at_is(0, "192.0.2.1:1");
	ck_assert_uint_eq(asked, 2);
	/* There, from another port, where it is no longer. */
	go(0, "192.0.2.1:9");
	names_heard(&peer[0].user);
	pass(100);
	names_silent(&n, &peer[0].user, now);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "192.0.2.1:1");
}
END_TEST

/* A dead peer that has the name, too, asks all the questions. */
START_TEST(roamed_beside_a_dead_one)
{
	int i;

	attach(0, "a.example", 1, false);
	attach(1, "a.example", 2, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	go(1, "192.0.2.1:9");
	names_heard(&peer[1].user);
	pass(100);
	for (i = 0; i < 2; i++) {
		at_is(1, "192.0.2.1:9");
		names_silent(&n, &peer[0].user, now);
		if (i == 0)
			answer(last_id, RESOLVE_OK, "192.0.2.1");
		names_silent(&n, &peer[1].user, now);
		pass(5);
	}
	at_is(1, "192.0.2.1:2");
	ck_assert_uint_eq(asked, 2);
}
END_TEST

START_TEST(rotates)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "2001:db8::1 192.0.2.1 192.0.2.2");
	at_is(0, "[2001:db8::1]:1");
	pass(5);
	names_silent(&n, &peer[0].user, now);
	at_is(0, "[2001:db8::1]:1");
	pass(5);
	names_silent(&n, &peer[0].user, now);
	at_is(0, "192.0.2.1:1");
	pass(10);
	names_silent(&n, &peer[0].user, now);
	at_is(0, "192.0.2.2:1");
	ck_assert_uint_eq(asked, 1);
	pass(10);
	names_silent(&n, &peer[0].user, now);
	at_is(0, "[2001:db8::1]:1");
	ck_assert_uint_eq(asked, 2);
	/* It was just changed: the answer leaves it. */
	answer(last_id, RESOLVE_OK, "192.0.2.1 2001:db8::1");
	at_is(0, "[2001:db8::1]:1");
	ck_assert(last_again);
	/* What cannot be sent to is left at once, and not tried again. */
	ck_assert(names_next(&n, &peer[0].user, now));
	at_is(0, "192.0.2.1:1");
	pass(10);
	names_silent(&n, &peer[0].user, now);
	at_is(0, "192.0.2.1:1");
	ck_assert(!names_next(&n, &peer[0].user, now));
	/* Other routes, another try. */
	names_hurry(&n, now);
	ck_assert(names_next(&n, &peer[0].user, now));
	at_is(0, "[2001:db8::1]:1");
	go(0, "198.51.100.7:9");
	ck_assert(!names_next(&n, &peer[0].user, now));
	ck_assert(!names_next(&n, &peer[1].user, now));
	at_is(0, "198.51.100.7:9");
}
END_TEST

/* One lost handshake is no reason to go where there is no socket. */
START_TEST(one_family)
{
	has_v6 = false;
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1 2001:db8::1");
	at_is(0, "192.0.2.1:1");
	ck_assert(!names_next(&n, &peer[0].user, now));
	at_is(0, "192.0.2.1:1");
	/* Nor are ten silent seconds. */
	pass(10);
	names_silent(&n, &peer[0].user, now);
	at_is(0, "192.0.2.1:1");
	pass(10);
	names_silent(&n, &peer[0].user, now);
	at_is(0, "192.0.2.1:1");
}
END_TEST

START_TEST(dead_dns)
{
	unsigned before;
	uint64_t i;

	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_SILENT, "");
	ck_assert_int_eq(names_state(&peer[0].user), NAME_SILENT);
	ck_assert_int_eq(last_state, NAME_SILENT);
	/* 5, 10, 20, ... up to 300 seconds. */
	for (i = 5; i <= 160; i *= 2) {
		before = asked;
		pass(i - 1);
		ck_assert_uint_eq(asked, before);
		pass(2);
		ck_assert_uint_eq(asked, before + 1);
		answer(last_id, RESOLVE_REFUSED, "");
	}
	ck_assert_int_eq(names_state(&peer[0].user), NAME_REFUSED);
	ck_assert_int_eq(last_state, NAME_REFUSED);
	for (i = 0; i < 3; i++) {
		before = asked;
		pass(299);
		ck_assert_uint_eq(asked, before);
		pass(2);
		ck_assert_uint_eq(asked, before + 1);
		answer(last_id, RESOLVE_NONE, "");
	}
	ck_assert_int_eq(names_state(&peer[0].user), NAME_UNKNOWN);
	/* It comes by itself: nothing is asked any more. */
	go(0, "192.0.2.1:9");
	names_heard(&peer[0].user);
	before = asked;
	pass(1000);
	ck_assert_uint_eq(asked, before);
	at_is(0, "192.0.2.1:9");
}
END_TEST

START_TEST(works_on)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	pass(100);
	names_silent(&n, &peer[0].user, now);
	answer(last_id, RESOLVE_SILENT, "");
	at_is(0, "192.0.2.1:1");
	pass(6);
	answer(last_id, RESOLVE_NONE, "");
	at_is(0, "192.0.2.1:1");
	ck_assert_int_eq(peer[0].used, 1);
	/* An old answer still does for who is new, when DNS is dead. */
	names_heard(&peer[0].user);
	pass(100);
	ck_assert_uint_eq(asked, 3);
}
END_TEST

/* A failure is no trouble once nobody wants an address any more. */
START_TEST(not_wanted)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_SILENT, "");
	ck_assert_int_eq(names_state(&peer[0].user), NAME_SILENT);
	go(0, "192.0.2.1:9");
	names_heard(&peer[0].user);
	pass(6);
	ck_assert_int_eq(names_state(&peer[0].user), NAME_WAITING);
	ck_assert_uint_eq(asked, 1);
	/* It is heard while its question is under way. */
	attach(1, "b.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.2");
	pass(100);
	names_silent(&n, &peer[1].user, now);
	names_heard(&peer[1].user);
	answer(last_id, RESOLVE_NONE, "");
	ck_assert_int_eq(names_state(&peer[1].user), NAME_OK);
	pass(1000);
	ck_assert_uint_eq(asked, 3);
}
END_TEST

START_TEST(no_answer)
{
	struct resolved a;
	uint32_t id;

	attach(0, "a.example", 1, false);
	id = last_id;
	pass(31);
	ck_assert_int_eq(names_state(&peer[0].user), NAME_SILENT);
	ck_assert_uint_eq(n.nasked, 0);
	memset(&a, 0, sizeof(a));
	a.status = RESOLVE_NONE;
	ck_assert_int_eq(names_answer(&n, id, &a, now), -1);
	ck_assert_int_eq(names_answer(&n, 12345, &a, now), -1);
	pass(6);
	ck_assert_uint_eq(asked, 2);
}
END_TEST

START_TEST(bounded)
{
	char host[32];
	uint32_t id;
	int i;

	for (i = 0; i < PEERS; i++) {
		snprintf(host, sizeof(host), "p%d.example", i);
		attach(i, host, 1, false);
	}
	ck_assert_uint_eq(asked, NAMES_ASKED);
	ck_assert_uint_eq(n.nasked, NAMES_ASKED);
	/* One that waits, and one that is asked, go away. */
	names_detach(&n, &peer[PEERS - 1].user);
	names_detach(&n, &peer[0].user);
	ck_assert_uint_eq(n.nasked, NAMES_ASKED - 1);
	for (id = 2; n.nasked > 0; id++)
		answer(id, RESOLVE_OK, "192.0.2.1");
	ck_assert_uint_eq(asked, PEERS - 1);
	for (i = 1; i < PEERS - 1; i++)
		at_is(i, "192.0.2.1:1");
}
END_TEST

/* Who waits is not forgotten if all that is under way is taken away. */
START_TEST(all_gone)
{
	char host[32];
	int i;

	for (i = 0; i < NAMES_ASKED + 2; i++) {
		snprintf(host, sizeof(host), "p%d.example", i);
		attach(i, host, 1, false);
	}
	for (i = 0; i < NAMES_ASKED; i++)
		names_detach(&n, &peer[i].user);
	ck_assert_uint_eq(n.nasked, 0);
	pass(1);
	ck_assert_uint_eq(asked, NAMES_ASKED + 2);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(NAMES_ASKED + 1, "192.0.2.1:1");
}
END_TEST

/* What is there twice must not be the next one of itself. */
START_TEST(twice)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1 192.0.2.1 192.0.2.2");
	at_is(0, "192.0.2.1:1");
	ck_assert(names_next(&n, &peer[0].user, now));
	at_is(0, "192.0.2.2:1");
	ck_assert(!names_next(&n, &peer[0].user, now));
}
END_TEST

START_TEST(hurry)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_SILENT, "");
	pass(6);
	answer(last_id, RESOLVE_SILENT, "");
	pass(11);
	answer(last_id, RESOLVE_SILENT, "");
	ck_assert_uint_eq(asked, 3);
	names_hurry(&n, now);
	pass(2);
	ck_assert_uint_eq(asked, 4);
	answer(last_id, RESOLVE_SILENT, "");
	/* A storm of changes is no storm of questions. */
	names_hurry(&n, now);
	names_hurry(&n, now);
	pass(2);
	ck_assert_uint_eq(asked, 4);
	pass(4);
	ck_assert_uint_eq(asked, 5);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	pass(60);
	names_hurry(&n, now);
	pass(60);
	ck_assert_uint_eq(asked, 5);
}
END_TEST

/* The network changes while a question is under way. */
START_TEST(hurry_asked)
{
	int i;

	attach(0, "a.example", 1, false);
	for (i = 0; i < 7; i++) {
		answer(last_id, RESOLVE_SILENT, "");
		pass((i < 6 ? 5U << i : 300) + 1);
	}
	ck_assert_uint_eq(asked, 8);
	names_hurry(&n, now);
	answer(last_id, RESOLVE_SILENT, "");
	pass(6);
	ck_assert_uint_eq(asked, 9);
}
END_TEST

/* A reload asks for what failed, however short ago the network changed. */
START_TEST(reload)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_SILENT, "");
	pass(6);
	names_hurry(&n, now);
	answer(last_id, RESOLVE_NONE, "");
	pass(2);
	names_hurry(&n, now);
	names_reload(&n, now);
	/* Not before the name servers and hosts can be there. */
	ck_assert_uint_eq(asked, 2);
	/* One after the other does not put it off. */
	now += SECOND / 2;
	names_reload(&n, now);
	pass(1);
	ck_assert_uint_eq(asked, 3);
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	at_is(0, "192.0.2.1:1");
}
END_TEST

/* A new port of a known address is used at once, whenever DNS may answer. */
START_TEST(new_port)
{
	attach(0, "a.example", 1, false);
	answer(last_id, RESOLVE_OK, "192.0.2.1 192.0.2.2");
	ck_assert(names_next(&n, &peer[0].user, now));
	at_is(0, "192.0.2.2:1");
	names_heard(&peer[0].user);
	pass(61);
	attach(0, "a.example", 2, true);
	at_is(0, "192.0.2.2:2");
	ck_assert(!last_again);
	ck_assert_uint_eq(asked, 2);
	answer(last_id, RESOLVE_SILENT, "");
	/* The answer still counts, though it is heard from the old port. */
	go(0, "192.0.2.2:1");
	names_heard(&peer[0].user);
	pass(6);
	ck_assert_uint_eq(asked, 3);
	answer(last_id, RESOLVE_OK, "192.0.2.2");
	at_is(0, "192.0.2.2:2");
	/* Where it roamed to is no address of the name: that waits. */
	names_heard(&peer[0].user);
	pass(61);
	go(0, "198.51.100.7:2");
	attach(0, "a.example", 3, true);
	at_is(0, "198.51.100.7:2");
	answer(last_id, RESOLVE_OK, "192.0.2.9");
	at_is(0, "192.0.2.9:3");
	/* A peer that comes back is where it was heard. */
	names_detach(&n, &peer[0].user);
	attach(1, "a.example", 4, false);
	answer(last_id, RESOLVE_OK, "192.0.2.9");
	pass(61);
	go(2, "192.0.2.9:7");
	attach(2, "a.example", 4, false);
	at_is(2, "192.0.2.9:7");
}
END_TEST

START_TEST(lost)
{
	char host[32];
	int i;

	for (i = 0; i < 40; i++) {
		snprintf(host, sizeof(host), "p%d.example", i);
		attach(i, host, 1, false);
	}
	answer(last_id, RESOLVE_OK, "192.0.2.1");
	names_lose(&n);
	ck_assert_uint_eq(n.nasked, 0);
	asked = 0;
	for (i = 0; i < 40; i++)
		ck_assert_int_eq(names_state(&peer[i].user),
		    i == NAMES_ASKED - 1 ? NAME_OK : NAME_SILENT);
	pass(1000);
	names_silent(&n, &peer[0].user, now);
	names_silent(&n, &peer[NAMES_ASKED - 1].user, now);
	attach(50, "new.example", 1, false);
	names_hurry(&n, now);
	pass(1000);
	ck_assert_uint_eq(asked, 0);
	at_is(NAMES_ASKED - 1, "192.0.2.1:1");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("names");
	TCase *tc = tcase_create("names");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, first);
	tcase_add_test(tc, shared_name);
	tcase_add_test(tc, families);
	tcase_add_test(tc, unusable);
	tcase_add_test(tc, heard_first);
	tcase_add_test(tc, moved);
	tcase_add_test(tc, roamed_away);
	tcase_add_test(tc, roamed_beside_a_dead_one);
	tcase_add_test(tc, rotates);
	tcase_add_test(tc, one_family);
	tcase_add_test(tc, dead_dns);
	tcase_add_test(tc, works_on);
	tcase_add_test(tc, not_wanted);
	tcase_add_test(tc, no_answer);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, all_gone);
	tcase_add_test(tc, twice);
	tcase_add_test(tc, hurry);
	tcase_add_test(tc, hurry_asked);
	tcase_add_test(tc, reload);
	tcase_add_test(tc, new_port);
	tcase_add_test(tc, lost);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("names", suite());
}
