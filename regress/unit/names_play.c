/* SPDX-License-Identifier: ISC */
/*
 * Endpoints by name: see names_play.h.
 */
#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>

#include "names_play.h"

struct names			 names;
uint64_t			 now;
struct peer			 peer[PEERS];
bool				 has_v6, has_v4;
unsigned			 asked;
uint32_t			 last_id;
char				 last_host[RESOLVE_NAME_MAX];
enum name_state			 last_state;
bool				 last_again;

static struct timer_wheel	 wheel;

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

void
setup(void)
{
	int i;

	now = 1000 * SECOND;
	timer_wheel_init(&wheel, now);
	ck_assert_int_eq(names_init(&names, &wheel), 0);
	names.out.ask = ask;
	names.out.can = can;
	names.out.present = present;
	names.out.use = use;
	names.out.told = told;
	memset(peer, 0, sizeof(peer));
	for (i = 0; i < PEERS; i++)
		peer[i].user.owner = &peer[i];
	has_v4 = has_v6 = true;
	asked = 0;
	last_state = NAME_NONE;
}

void
teardown(void)
{
	names_clear(&names);
}

void
pass(uint64_t seconds)
{
	uint64_t i;

	for (i = 0; i < seconds * 10; i++) {
		now += SECOND / 10;
		timer_expire(&wheel, now, 1000);
	}
}

void
attach(int i, const char *host, uint16_t port, bool forced)
{
	ck_assert_int_eq(names_attach(&names, &peer[i].user, host, port, forced,
	    now), 0);
}

void
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
	ck_assert_int_eq(names_answer(&names, id, &a, now), 0);
}

void
go(int i, const char *text)
{
	ck_assert_int_eq(endpoint_parse(&peer[i].at, text), 0);
}
