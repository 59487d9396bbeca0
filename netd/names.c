/* SPDX-License-Identifier: ISC */
/*
 * Endpoints by name, see names.h: who has which, and when one is asked for.
 */
#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "netd/names.h"
#include "netd/names_choice.h"
#include "shared/bytes.h"

static struct name_bucket *
bucket(const struct names *s, const char *host)
{
	uint8_t h[crypto_shorthash_BYTES];

	crypto_shorthash(h, (const uint8_t *)host, strlen(host), s->seed);
	return &s->bucket[get_le64(h) % NAMES_BUCKETS];
}

static void	on_room(void *, uint64_t);

int
names_init(struct names *s, struct timer_wheel *wheel)
{
	memset(s, 0, sizeof(*s));
	s->wheel = wheel;
	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->asked);
	timer_init(&s->room, on_room, s);
	randombytes_buf(s->seed, sizeof(s->seed));
	s->bucket = calloc(NAMES_BUCKETS, sizeof(*s->bucket));
	return s->bucket != NULL ? 0 : -1;
}

/* Takes a name out of the queue that it is in, and stops its timer. */
static void
settle(struct names *s, struct name *nm)
{
	timer_del(s->wheel, &nm->timer);
	if (nm->where == NAME_QUEUED)
		TAILQ_REMOVE(&s->waiting, nm, entry);
	if (nm->where == NAME_ASKED) {
		TAILQ_REMOVE(&s->asked, nm, entry);
		s->nasked--;
	}
	nm->where = NAME_IDLE;
}

static void
name_free(struct names *s, struct name *nm)
{
	/* A question less under way: no answer will come to ask the next. */
	if (nm->where == NAME_ASKED && !TAILQ_EMPTY(&s->waiting))
		timer_add(s->wheel, &s->room, 0);
	settle(s, nm);
	LIST_REMOVE(nm, bucket);
	s->n--;
	free(nm);
}

void
names_clear(struct names *s)
{
	struct name_user *u;
	struct name *nm;
	unsigned i;

	if (s->bucket == NULL)
		return;
	for (i = 0; i < NAMES_BUCKETS; i++) {
		while ((nm = LIST_FIRST(&s->bucket[i])) != NULL) {
			while ((u = LIST_FIRST(&nm->users)) != NULL) {
				LIST_REMOVE(u, entry);
				u->name = NULL;
			}
			name_free(s, nm);
		}
	}
	timer_del(s->wheel, &s->room);
	free(s->bucket);
	s->bucket = NULL;
}

static bool
is_wanted(const struct name *nm)
{
	const struct name_user *u;

	LIST_FOREACH(u, &nm->users, entry)
		if (u->wants)
			return true;
	return false;
}

static void
set_state(struct names *s, struct name *nm, enum name_state state)
{
	if (nm->state == state)
		return;
	nm->state = state;
	s->out.told(s->out.arg, nm->host, state);
}

/* Nobody wants an address of it: a question that failed is no trouble. */
static void
rest(struct names *s, struct name *nm)
{
	set_state(s, nm, nm->n > 0 ? NAME_OK : NAME_WAITING);
}

/* Asks what waits, as far as there is room. */
static void
pump(struct names *s, uint64_t now)
{
	struct name *nm;

	while (s->nasked < NAMES_ASKED &&
	    (nm = TAILQ_FIRST(&s->waiting)) != NULL) {
		TAILQ_REMOVE(&s->waiting, nm, entry);
		TAILQ_INSERT_TAIL(&s->asked, nm, entry);
		s->nasked++;
		nm->where = NAME_ASKED;
		nm->id = ++s->last_id;
		nm->asked = now;
		nm->was_asked = true;
		timer_add(s->wheel, &nm->timer, now + NAMES_WAIT);
		s->out.ask(s->out.arg, nm->id, nm->host);
	}
}

static void
on_room(void *arg, uint64_t now)
{
	pump(arg, now);
}

static void
want(struct names *s, struct name *nm, uint64_t now)
{
	if (s->lost) {
		set_state(s, nm, NAME_SILENT);
		return;
	}
	/* Asked already, or it has to wait after a failure. */
	if (nm->where != NAME_IDLE || timer_pending(&nm->timer))
		return;
	nm->where = NAME_QUEUED;
	TAILQ_INSERT_TAIL(&s->waiting, nm, entry);
	pump(s, now);
}

/* An address that is there already needs no question. */
static void
give_or_ask(struct names *s, struct name_user *u, uint64_t now)
{
	if (u->name->n > 0 && now < u->name->until)
		name_give(s, u, now);
	else
		want(s, u->name, now);
}

static void
failed(struct names *s, struct name *nm, enum name_state state, uint64_t now)
{
	uint64_t pause = NAMES_RETRY_MIN << (nm->failures < 6 ?
	    nm->failures : 6);

	nm->failures++;
	if (!is_wanted(nm)) {
		rest(s, nm);
		return;
	}
	timer_add(s->wheel, &nm->timer, now +
	    (pause < NAMES_RETRY_MAX ? pause : NAMES_RETRY_MAX));
	set_state(s, nm, state);
}

static void
on_timer(void *arg, uint64_t now)
{
	struct name *nm = arg;
	struct names *s = nm->names;

	if (nm->where == NAME_ASKED) {
		settle(s, nm);
		failed(s, nm, NAME_SILENT, now);
		pump(s, now);
	} else if (is_wanted(nm))
		want(s, nm, now);
	else
		rest(s, nm);
}

/* The name of a host, made if it is new; NULL (ENOMEM). */
static struct name *
name_get(struct names *s, const char *host)
{
	char low[RESOLVE_NAME_MAX];
	struct name_bucket *b;
	struct name *nm;
	size_t i;

	for (i = 0; i < sizeof(low) - 1 && host[i] != '\0'; i++)
		low[i] = (char)tolower((unsigned char)host[i]);
	low[i] = '\0';
	b = bucket(s, low);
	LIST_FOREACH(nm, b, bucket)
		if (strcmp(nm->host, low) == 0)
			return nm;
	if ((nm = calloc(1, sizeof(*nm))) == NULL)
		return NULL;
	memcpy(nm->host, low, i + 1);
	nm->names = s;
	nm->state = NAME_WAITING;
	timer_init(&nm->timer, on_timer, nm);
	LIST_INSERT_HEAD(b, nm, bucket);
	s->n++;
	return nm;
}

int
names_attach(struct names *s, struct name_user *u, const char *host,
    uint16_t port, bool forced, uint64_t now)
{
	struct name *nm = name_get(s, host);

	if (nm != NULL && u->name == nm && u->port == port)
		return 0;
	if (nm != u->name)
		names_detach(s, u);
	if (nm == NULL)
		return -1;
	if (u->name == NULL) {
		LIST_INSERT_HEAD(&nm->users, u, entry);
		u->name = nm;
	}
	u->port = port;
	u->wants = true;
	u->forced = forced;
	u->silent = 0;
	if (forced && now >= nm->until)
		name_give_port(s, u, now);
	give_or_ask(s, u, now);
	return 0;
}

void
names_detach(struct names *s, struct name_user *u)
{
	struct name *nm = u->name;

	if (nm == NULL)
		return;
	LIST_REMOVE(u, entry);
	u->name = NULL;
	u->wants = u->forced = false;
	u->silent = 0;
	if (LIST_EMPTY(&nm->users))
		name_free(s, nm);
}

void
names_heard(struct name_user *u)
{
	u->silent = 0;
	if (!u->forced)
		u->wants = false;
}

void
names_silent(struct names *s, struct name_user *u, uint64_t now)
{
	struct name *nm = u->name;

	if (nm == NULL)
		return;
	if (u->silent < UINT8_MAX)
		u->silent++;
	if (nm->n > 0)
		name_give_another(s, u, now);
	if (nm->was_asked && now - nm->asked < NAMES_PAUSE)
		return;
	u->wants = true;
	want(s, nm, now);
}

/* Of a name whose answer has no address for us. */
static enum name_state
state_of(enum resolve_status status)
{
	switch (status) {
	case RESOLVE_SILENT:
		return NAME_SILENT;
	case RESOLVE_REFUSED:
		return NAME_REFUSED;
	default:
		return NAME_UNKNOWN;
	}
}

int
names_answer(struct names *s, uint32_t id, const struct resolved *a,
    uint64_t now)
{
	struct name_user *u, *next;
	struct name *nm;

	TAILQ_FOREACH(nm, &s->asked, entry)
		if (nm->id == id)
			break;
	if (nm == NULL)
		return -1;
	settle(s, nm);
	if (a->status == RESOLVE_OK && name_take(nm, a) > 0) {
		nm->failures = 0;
		nm->until = now + a->ttl * 1000000000ULL;
		set_state(s, nm, NAME_OK);
		LIST_FOREACH_SAFE(u, &nm->users, entry, next)
			if (u->wants)
				name_give(s, u, now);
	} else
		failed(s, nm, state_of(a->status), now);
	pump(s, now);
	return 0;
}

void
names_reload(struct names *s, uint64_t now)
{
	/* What was put off a moment ago shall not be put off again. */
	if (now - s->hurried >= 2000000000ULL)
		s->hurried = 0;
	names_hurry(s, now);
}

void
names_hurry(struct names *s, uint64_t now)
{
	struct name *nm;
	unsigned i;

	if (s->n == 0 || s->lost ||
	    (s->hurried != 0 && now - s->hurried < NAMES_RETRY_MIN))
		return;
	s->hurried = now;
	for (i = 0; i < NAMES_BUCKETS; i++) {
		LIST_FOREACH(nm, &s->bucket[i], bucket) {
			nm->bad = 0;
			/* What is asked now may fail as of before, too. */
			nm->failures = 0;
			if (nm->where != NAME_IDLE ||
			    !timer_pending(&nm->timer))
				continue;
			/* Routes come one by one: let the others come, too. */
			timer_add(s->wheel, &nm->timer, now + 1000000000ULL);
		}
	}
}

void
names_lose(struct names *s)
{
	struct name *nm;

	s->lost = true;
	while ((nm = TAILQ_FIRST(&s->asked)) != NULL ||
	    (nm = TAILQ_FIRST(&s->waiting)) != NULL) {
		settle(s, nm);
		if (is_wanted(nm))
			set_state(s, nm, NAME_SILENT);
		else
			rest(s, nm);
	}
}

enum name_state
names_state(const struct name_user *u)
{
	return u->name != NULL ? u->name->state : NAME_NONE;
}

size_t
names_memory(const struct names *s)
{
	return s->n * sizeof(struct name);
}
