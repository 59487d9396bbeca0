/* SPDX-License-Identifier: ISC */
/*
 * Endpoints by name, with peers that come, roam and fall silent, a resolver
 * that says anything at any time, and sockets that come and go.  What is asked
 * and used is held against what was said; in the end all is put right, and
 * everybody has to get an address of his name in time.
 */
#include <sys/socket.h>

#include <sodium.h>

#include "names_play.h"

#define STEPS_MAX	600
/* A question that is lost, the longest pause, another pause, and some. */
#define BOUND		(30 + 300 + 30 + 20)

static struct input	 in;

static void
address(struct endpoint *e, uint8_t b)
{
	memset(e, 0, sizeof(*e));
	e->family = (b & 1) != 0 ? AF_INET6 : AF_INET;
	e->addr[0] = (b & 1) != 0 ? 0x20 : 10;
	e->addr[3] = b >> 4;
	if ((b & 15) >= 14)		/* unspecified, or multicast */
		e->addr[0] = (b & 16) == 0 ? 0 : (b & 1) != 0 ? 0xff : 0xe0;
	if ((b & 15) == 15 && (b & 16) == 0)
		e->addr[3] = 0;
}

/* An answer of the resolver, perhaps to what nobody asked. */
static void
answer(uint8_t which, uint8_t form)
{
	static const uint32_t ttls[] = { 0, 30, 60, 3600 };
	struct resolved a;
	struct endpoint e;
	struct host *h;
	uint32_t id = 0;

	memset(&a, 0, sizeof(a));
	a.status = (form & 3) < 2 ? RESOLVE_OK : form >> 4 & 3;
	a.ttl = ttls[form >> 2 & 3];
	for (; a.status == RESOLVE_OK && a.n <= form >> 4; a.n++) {
		address(&e, input_u8(&in));
		a.at[a.n].family = e.family;
		memcpy(a.at[a.n].addr, e.addr, sizeof(e.addr));
	}
	h = &world.host[which % HOSTS];
	if (which >= 200)		/* one of late, or none yet */
		id = world.last_id + 210 - which;
	else if (h->is_asked)
		id = h->id;
	for (h = world.host; h < world.host + HOSTS; h++)
		if (h->is_asked && h->id == id)
			break;
	if (h == world.host + HOSTS) {
		MUST(names_answer(&world.names, id, &a, world.now) == -1);
		return;
	}
	host_answer(h, &a);
	/* Once is enough. */
	MUST(names_answer(&world.names, id, &a, world.now) == -1);
}

static void
roam(struct user *u, uint8_t to, bool heard)
{
	struct endpoint e;

	address(&e, to);
	if (names_is_usable(e.family, e.addr)) {
		e.port = (to & 2) != 0 ? u->user.port : 4000;
		u->at = e;
	}
	if (heard && u->at.family != 0) {
		names_heard(&u->user);
		u->silent = 0;
	}
}

static void
step(void)
{
	uint8_t op = input_u8(&in), x = input_u8(&in), i;
	struct user **u = &world.user[x % USERS];

	switch (op & 15) {
	case 0:
	case 1:
		user_attach(*u, &world.host[input_u8(&in) % HOSTS],
		    (op & 32) != 0 ? 1 : 2, (op & 16) != 0);
		break;
	case 2:
		for (i = 0; i < HOSTS; i++)
			user_attach(world.user[(x + i) % USERS],
			    &world.host[i], 1, false);
		break;
	case 3:
		if ((op & 16) != 0)
			user_reborn(u);
		else if ((op & 32) == 0)
			user_detach(*u);
		else
			for (i = 0; i < NAMES_ASKED; i++)
				user_detach(world.user[(x + i) % USERS]);
		break;
	case 4:
	case 5:
	case 6:
		answer(x, input_u8(&in));
		break;
	case 7:
	case 8:
		user_silent(*u);
		break;
	case 9:
	case 10:
		roam(*u, input_u8(&in), (op & 16) == 0);
		break;
	case 11:
		user_next(*u);
		break;
	case 12:
		world_hurry((op & 16) != 0);
		break;
	case 13:
		world.has_v4 = (x & 1) != 0;
		world.has_v6 = (x & 2) != 0;
		break;
	case 14:
		world_pass(x * SEC / 4);
		break;
	default:
		if (x == 255) {
			names_lose(&world.names);
			world.lost = true;
			for (i = 0; i < HOSTS; i++)
				world.host[i].is_asked = false;
		} else if ((op & 16) != 0)
			world_expire(world.now + x * 10 * SEC);
		else
			world_pass(x * 4 * SEC);
	}
	world_check();
}

/* All that is asked from now on is answered: where some may be already. */
static unsigned
answer_all(uint32_t since)
{
	struct resolved a;
	struct endpoint e;
	struct host *h;
	unsigned count = 0;

	memset(&a, 0, sizeof(a));
	a.status = RESOLVE_OK;
	a.ttl = 30;
	for (h = world.host; h < world.host + HOSTS; h++) {
		if (!h->is_asked || (int32_t)(h->id - since) <= 0)
			continue;
		for (a.n = 0; a.n <= (size_t)(h - world.host) % 2; a.n++) {
			address(&e, (uint8_t)((h - world.host) << 4 | a.n));
			a.at[a.n].family = e.family;
			memcpy(a.at[a.n].addr, e.addr, sizeof(e.addr));
		}
		host_answer(h, &a);
		count++;
	}
	return count;
}

static bool
is_served(const struct user *u, bool all)
{
	return u->host == NULL || (!all && u->at.family != 0) ||
	    (host_is_at(u->host, &u->at) && u->at.port == u->user.port);
}

/*
 * Until everybody had an address; or, though all are dead, was sent to one of
 * his name's, at his port.
 */
static void
liveness(bool all, uint32_t since)
{
	bool served[USERS] = { false };
	unsigned second, i, left = 1;

	for (second = 0; left > 0; second++) {
		MUST(second <= BOUND);
		while (answer_all(since) > 0)
			;
		for (i = left = 0; i < USERS; i++) {
			served[i] = served[i] || is_served(world.user[i], all);
			left += !served[i];
			if (all && second % 5 == 0)
				user_silent(world.user[i]);
		}
		world_pass(SEC);
	}
	world_check();
}

/* Once all are heard, and nobody wants an address, there is no trouble. */
static void
peace(void)
{
	unsigned i;

	for (i = 0; i < USERS; i++) {
		names_heard(&world.user[i]->user);
		world.user[i]->silent = 0;
		MUST(!world.user[i]->user.wants || world.user[i]->forced);
	}
	world_pass(BOUND * SEC);
	for (i = 0; i < HOSTS; i++)
		MUST(is_wanted(&world.host[i]) ||
		    world.host[i].state == NAME_OK ||
		    world.host[i].state == NAME_WAITING);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t size)
{
	uint64_t when;
	unsigned steps;
	uint32_t since;

	MUST(sodium_init() != -1);
	in.p = p;
	in.left = size;
	world_begin();
	for (steps = 0; in.left > 0 && steps < STEPS_MAX; steps++)
		step();
	world.has_v4 = world.has_v6 = true;
	since = world.last_id;
	if (!world.lost) {
		/* By itself, and then if nobody answers. */
		liveness(false, since);
		liveness(true, since);
		peace();
	}
	names_clear(&world.names);
	MUST(!timer_next(&world.wheel, world.now, &when));
	for (steps = 0; steps < USERS; steps++) {
		MUST(world.user[steps]->user.name == NULL);
		free(world.user[steps]);
		world.user[steps] = NULL;
	}
	return 0;
}
