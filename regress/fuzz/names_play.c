/* SPDX-License-Identifier: ISC */
/*
 * The surroundings of netd's names: see names_play.h.
 */
#include <sys/socket.h>

#include "names_play.h"

struct world		 world;
static uint64_t		 hurried;
static struct user	*silent, *next;		/* whose turn it is */
static struct user	*attached;

static struct host *
host_of(const char *text)
{
	unsigned i;

	for (i = 0; i < HOSTS && strcmp(world.host[i].text, text) != 0; i++)
		;
	MUST(i < HOSTS);
	return &world.host[i];
}

bool
host_is_at(const struct host *h, const struct endpoint *at)
{
	unsigned i;

	for (i = 0; i < h->n; i++)
		if (h->at[i].family == at->family &&
		    memcmp(h->at[i].addr, at->addr, sizeof(at->addr)) == 0)
			return true;
	return false;
}

static void
on_ask(void *arg, uint32_t id, const char *text)
{
	struct host *h = host_of(text);
	uint64_t since = world.now - h->asked;

	MUST(arg == &world && !world.lost && id == world.last_id + 1);
	world.last_id = id;
	MUST(h->users > 0 && !h->is_asked);
	MUST(world.now >= h->earliest);
	if (h->was_asked && !h->attached) {
		MUST(since >= (h->hurried ? SEC : NAMES_RETRY_MIN));
		MUST(silent == NULL || silent->host != h ||
		    since >= NAMES_PAUSE);
	}
	h->is_asked = h->was_asked = true;
	h->attached = h->hurried = false;
	h->id = id;
	h->asked = world.now;
}

static bool
on_can(void *arg, uint8_t family)
{
	MUST(arg == &world && (family == AF_INET || family == AF_INET6));
	return family == AF_INET ? world.has_v4 : world.has_v6;
}

static const struct endpoint *
on_present(void *arg, void *owner)
{
	MUST(arg == &world);
	return &((struct user *)owner)->at;
}

static void
on_use(void *arg, void *owner, const char *text, const struct endpoint *e,
    bool again)
{
	struct user *u = owner;
	struct host *h = host_of(text);
	bool is_old;
	unsigned i;

	MUST(u->host == h && host_is_at(h, e) && e->port == u->user.port);
	for (i = 0; i < h->n; i++)
		MUST(on_can(arg, e->family) || !on_can(arg, h->at[i].family));
	MUST(silent == NULL || silent == u);
	/* What works is not taken away, nor for one lost packet. */
	if (next != NULL)
		MUST(next == u && again);
	else if (u->at.family != 0 && !u->forced)
		MUST(u->silent >= (host_is_at(h, &u->at) ? 1 : NAMES_SILENT));
	is_old = attached != NULL && world.now >= h->until;
	/* By an old answer he only comes to another port. */
	if (is_old)
		MUST(attached == u && u->at.port != e->port &&
		    host_is_at(h, &u->at));
	u->at = *e;
	u->silent = 0;
	/* By what was known before, the change has not come about. */
	if (silent == NULL && next == NULL && !is_old)
		u->forced = false;
}

static void
on_told(void *arg, const char *text, enum name_state state)
{
	struct host *h = host_of(text);

	MUST(arg == &world && state != h->state && state != NAME_NONE);
	h->state = state;
}

/* Nobody knows the name any more if nobody has it. */
static void
host_check(struct host *h)
{
	char text[sizeof(h->text)];

	if (h->users > 0)
		return;
	memcpy(text, h->text, sizeof(text));
	memset(h, 0, sizeof(*h));
	memcpy(h->text, text, sizeof(text));
	h->state = NAME_WAITING;
}

bool
is_wanted(const struct host *h)
{
	unsigned i;

	for (i = 0; i < USERS; i++)
		if (world.user[i]->host == h && world.user[i]->user.wants)
			return true;
	return false;
}

static void
host_failed(struct host *h)
{
	uint64_t pause = NAMES_RETRY_MIN << (h->failures < 6 ?
	    h->failures : 6);

	h->is_asked = false;
	h->failures++;
	h->earliest = 0;
	if (is_wanted(h))
		h->earliest = world.now + (pause < NAMES_RETRY_MAX ? pause :
		    NAMES_RETRY_MAX);
}

/* The timers at this time: those of lost questions are known before. */
void
world_expire(uint64_t to)
{
	struct host *h;
	uint64_t end;

	world.now = to;
	for (h = world.host; h < world.host + HOSTS; h++) {
		end = (h->asked + NAMES_WAIT + TIMER_TICK - 1) / TIMER_TICK;
		if (h->is_asked && end <= world.now / TIMER_TICK)
			host_failed(h);
	}
	timer_expire(&world.wheel, world.now, 1000);
}

void
world_pass(uint64_t ns)
{
	uint64_t end = world.now + ns, when;

	while (timer_next(&world.wheel, world.now, &when) && when < end)
		world_expire(when > world.now ? when : world.now + 1);
	world_expire(end > world.now ? end : world.now);
}

void
user_detach(struct user *u)
{
	struct host *h = u->host;

	names_detach(&world.names, &u->user);
	u->host = NULL;
	u->forced = false;
	u->silent = 0;
	if (h == NULL)
		return;
	h->users--;
	host_check(h);
}

void
user_attach(struct user *u, struct host *h, uint16_t port, bool upper)
{
	struct host *old = u->host;
	char text[sizeof(h->text)];
	bool is_known;

	memcpy(text, h->text, sizeof(text));
	if (upper)
		text[0] = 'N';
	is_known = (old != h || u->user.port != port) &&
	    host_is_at(h, &u->at);
	if (old != h || u->user.port != port) {
		/* Only a changed configuration moves who is somewhere. */
		u->forced = u->at.family != 0;
		u->silent = 0;
		h->attached = true;
	}
	u->host = h;
	h->users++;
	attached = u;
	MUST(names_attach(&world.names, &u->user, text, port,
	    u->at.family != 0, world.now) == 0);
	attached = NULL;
	/* At once, if the host is the same but for the port. */
	MUST(!is_known || u->at.port == port);
	if (old != NULL) {
		old->users--;
		host_check(old);
	}
}

void
host_answer(struct host *h, const struct resolved *a)
{
	struct endpoint e, at[RESOLVE_ADDRS_MAX];
	struct user **u;
	unsigned i, k = 0;

	for (i = 0; a->status == RESOLVE_OK && i < a->n; i++) {
		memset(&e, 0, sizeof(e));
		e.family = a->at[i].family;
		memcpy(e.addr, a->at[i].addr, sizeof(e.addr));
		if (names_is_usable(e.family, e.addr))
			at[k++] = e;
	}
	if (k == 0) {
		host_failed(h);
		MUST(names_answer(&world.names, h->id, a, world.now) == 0);
		return;
	}
	memcpy(h->at, at, k * sizeof(at[0]));
	h->n = k;
	h->until = world.now + a->ttl * SEC;
	h->is_asked = false;
	h->failures = 0;
	h->earliest = 0;
	MUST(names_answer(&world.names, h->id, a, world.now) == 0);
	MUST(h->state == NAME_OK);
	for (u = world.user; u < world.user + USERS; u++)
		if ((*u)->host == h) {
			(*u)->forced = false;
			MUST((*u)->at.family != 0);
		}
}

void
user_silent(struct user *u)
{
	silent = u->host != NULL ? u : NULL;
	if (u->host != NULL)
		u->silent++;
	names_silent(&world.names, &u->user, world.now);
	silent = NULL;
}

void
world_hurry(bool reload)
{
	struct host *h;

	if (reload) {
		names_reload(&world.names, world.now);
		if (world.now - hurried >= 2 * SEC)
			hurried = 0;
	} else
		names_hurry(&world.names, world.now);
	if (world.names.n == 0 || world.lost ||
	    (hurried != 0 && world.now - hurried < NAMES_RETRY_MIN))
		return;
	hurried = world.now;
	for (h = world.host; h < world.host + HOSTS; h++) {
		h->failures = 0;
		h->hurried = true;
		if (h->earliest > world.now + SEC)
			h->earliest = world.now + SEC;
	}
}

void
user_next(struct user *u)
{
	struct endpoint was = u->at;
	bool is_other;

	next = u;
	is_other = names_next(&world.names, &u->user, world.now);
	next = NULL;
	if (is_other)
		MUST(on_can(&world, u->at.family) &&
		    memcmp(&was, &u->at, sizeof(was)) != 0);
	else
		MUST(memcmp(&was, &u->at, sizeof(was)) == 0);
}

/* A new one in its place. */
void
user_reborn(struct user **u)
{
	if (*u != NULL) {
		user_detach(*u);
		free(*u);
	}
	*u = calloc(1, sizeof(**u));
	MUST(*u != NULL);
	(*u)->user.owner = *u;
}

void
world_check(void)
{
	unsigned i, count = 0, asked = 0;
	struct user *u;

	for (i = 0; i < HOSTS; i++) {
		count += world.host[i].users > 0;
		asked += world.host[i].is_asked;
	}
	MUST(world.names.n == count && world.names.nasked == asked);
	MUST(asked <= NAMES_ASKED);
	for (i = 0; i < USERS; i++) {
		u = world.user[i];
		MUST(names_state(&u->user) == (u->host != NULL ?
		    u->host->state : NAME_NONE));
	}
}

void
world_begin(void)
{
	struct host *h;
	unsigned i;

	world.now = 1000 * SEC;
	timer_wheel_init(&world.wheel, world.now);
	MUST(names_init(&world.names, &world.wheel) == 0);
	memset(world.names.seed, 0, sizeof(world.names.seed));
	world.names.out = (struct names_hooks){ &world, on_ask, on_can,
	    on_present, on_use, on_told };
	world.has_v4 = world.has_v6 = true;
	world.lost = false;
	hurried = world.last_id = 0;
	memset(world.host, 0, sizeof(world.host));
	for (i = 0; i < USERS; i++)
		user_reborn(&world.user[i]);
	for (i = 0; i < HOSTS; i++) {
		h = &world.host[i];
		snprintf(h->text, sizeof(h->text), "n%u.example", i);
		host_check(h);
	}
}
