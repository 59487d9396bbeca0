/* SPDX-License-Identifier: ISC */
/*
 * The surroundings of resolverd's questions: see query_play.h.
 */
#include <sys/socket.h>

#include <ctype.h>

#include "query_play.h"
#include "shared/bytes.h"

struct world		 world;

/* So few ids that some come twice. */
uint32_t
arc4random(void)
{
	world.random = world.random * 1103515245 + 12345;
	return world.random >> 16 & 0x1ff;
}

void
arc4random_buf(void *p, size_t n)
{
	uint8_t *b = p;

	while (n-- > 0)
		*b++ = (uint8_t)arc4random();
}

static void
name_text(unsigned name, char text[RESOLVE_NAME_MAX])
{
	static const char *const bad[] = { "", ".", "a..b", "a b" };
	size_t i;

	if (name == NAME_HOSTS)
		strlcpy(text, "h.example", RESOLVE_NAME_MAX);
	else if (name >= NAME_BAD && name < NAME_PLAIN)
		strlcpy(text, bad[name - NAME_BAD], RESOLVE_NAME_MAX);
	else
		snprintf(text, RESOLVE_NAME_MAX, "n%u.example", name);
	if (name != NAME_LONG)
		return;
	for (i = 0; i < RESOLVE_NAME_MAX - 2; i++)
		text[i] = i % 63 == 62 ? '.' : 'x';
	text[i] = '\0';
}

/* Whose question has this id; NULL: nobody's that waits. */
static struct question *
question_of(int id, int *half)
{
	struct question *found = NULL;
	const struct query *q;
	int i;

	TAILQ_FOREACH(q, &world.r.list, entry)
		for (i = 0; i < 2; i++) {
			if (q->half[i].q.id != id)
				continue;
			/* No two have the same. */
			MUST(found == NULL && q->id < world.nquestions);
			found = &world.question[q->id];
			*half = q->half[i].done ? -1 : i;
		}
	return found;
}

static int
on_send(void *arg, unsigned server, const uint8_t *msg, size_t len)
{
	struct question *q;
	struct sent *s = &world.sent[world.nsent % SENT_MAX];
	size_t i;
	int half;

	MUST(arg == &world && server < world.r.servers);
	MUST(len > 17 && len <= DNS_QUERY_MAX);
	q = question_of(get_be16(msg), &half);
	MUST(q != NULL && q->waits && half != -1);
	q->half[half].exact = false;
	for (i = 12; i < len && msg[i] != 0; i++)
		if (isupper(msg[i]))
			q->half[half].exact = true;
	q->server = server;
	q->half[half].waits = (world.unreachable & 1U << server) == 0 &&
	    (!world.is_full || half == 1);
	if (!q->half[half].waits)
		return -1;
	q->half[half].asked |= 1U << server;
	s->server = server;
	s->len = len;
	memcpy(s->msg, msg, len);
	world.nsent++;
	return 0;
}

/* Has one of the servers said so? */
static bool
was_said(const struct question *q, uint8_t family, const uint8_t addr[16])
{
	const struct half *h = &q->half[family == AF_INET];
	size_t i, len = family == AF_INET ? 4 : 16;

	for (i = 0; i < h->answer.n; i++)
		if (memcmp(h->answer.addr[i], addr, len) == 0)
			return true;
	return false;
}

/* Without a server: of the cache, the file of hosts, or no name at all. */
static void
check_at_once(const struct question *q, const struct resolved *a)
{
	struct known *k = &world.known[q->name];

	if (a->status == RESOLVE_REFUSED)
		MUST(world.r.n == QUERIES_MAX);
	else if (q->name == NAME_HOSTS && world.r.hosts != NULL) {
		MUST(a->status == RESOLVE_OK && a->n == 2);
		MUST(a->at[0].addr[3] == 9 && a->at[1].addr[15] == 9);
	} else if (world.now < k->until) {
		MUST(a->status == k->what.status && a->n == k->what.n);
		MUST(memcmp(a->at, k->what.at, sizeof(a->at)) == 0);
		MUST(a->ttl <= (k->until - world.now) / SEC + 1);
	} else
		MUST(a->status == RESOLVE_NONE &&
		    q->name >= NAME_BAD && q->name < NAME_PLAIN);
}

static void
check_answer(const struct question *q, const struct resolved *a)
{
	const struct half *h = q->half;
	struct known *k = &world.known[q->name];
	size_t i, n = h[0].answer.n + h[1].answer.n;

	MUST(a->n == (n < RESOLVE_ADDRS_MAX ? n : RESOLVE_ADDRS_MAX));
	for (i = 0; i < a->n; i++)
		MUST(was_said(q, a->at[i].family, a->at[i].addr));
	if (a->status == RESOLVE_NONE)
		MUST(h[0].no_name || h[1].no_name ||
		    (h[0].no_data && h[1].no_data));
	if (a->status == RESOLVE_OK)
		MUST(a->ttl >= TTL_MIN);
	if (a->status != RESOLVE_OK && a->status != RESOLVE_NONE)
		return;
	k->what = *a;
	k->until = world.now + (a->status == RESOLVE_OK ? a->ttl - 1 :
	    TTL_NONE) * SEC;
}

static void
on_done(void *arg, uint32_t id, const struct resolved *a)
{
	struct question *q = &world.question[id];

	MUST(arg == &world && id < world.nquestions && q->waits);
	MUST((a->status == RESOLVE_OK) == (a->n > 0));
	MUST(a->ttl <= TTL_MAX && (a->ttl > 0) == (a->n > 0));
	q->waits = false;
	world.ndone++;
	/* It is silence at once if none of the servers can be reached. */
	if (q->at_once && a->status != RESOLVE_SILENT) {
		check_at_once(q, a);
		return;
	}
	check_answer(q, a);
	world.nunserved += a->status == RESOLVE_SILENT ||
	    a->status == RESOLVE_REFUSED;
}

static void
on_wanted(void *arg)
{
	MUST(arg == &world);
	world.nwanted++;
}

void
world_begin(uint32_t seed)
{
	memset(&world, 0, offsetof(struct world, question));
	memset(world.known, 0, sizeof(world.known));
	world.now = 1000 * SEC;
	world.random = seed;
	resolver_init(&world.r);
	world.r.out = (struct query_hooks){ &world, on_send, on_done,
	    on_wanted };
}

void
world_check(void)
{
	const struct counters *c = &world.r.count;
	const struct query *q;
	struct question *w;
	uint64_t when;
	unsigned n = 0;
	int half;

	TAILQ_FOREACH(q, &world.r.list, entry) {
		w = question_of(q->half[0].q.id, &half);
		MUST(w == &world.question[q->id] && w->waits);
		MUST(question_of(q->half[1].q.id, &half) == w);
		/* Somebody may still say something. */
		MUST(q->tries == 0 || w->half[0].waits || w->half[1].waits);
		MUST(q->until <= world.now + QUERY_WAIT);
		MUST(q->until <= w->since + (1 + QUERY_ROUNDS *
		    SERVERS_MAX) * QUERY_WAIT);
		n++;
	}
	MUST(n == world.r.n && n <= QUERIES_MAX);
	MUST(world.nquestions - world.ndone == n && c->asked ==
	    world.nquestions);
	MUST(c->answered + c->unknown + c->silent + c->refused == world.ndone);
	MUST(resolver_next(&world.r, &when) == (n > 0));
	MUST(world.nwanted >= world.nunserved);
	MUST(cache_count(&world.r.cache, world.now) <= CACHE_SIZE);
}

void
world_leap(uint64_t ns)
{
	unsigned i;

	/* Nobody's time is up before he is looked at. */
	for (i = 0; i < world.nquestions; i++)
		world.question[i].since += ns;
	world.now += ns;
	resolver_tick(&world.r, world.now);
}

void
world_pass(uint64_t ns)
{
	uint64_t end = world.now + ns, when;

	while (resolver_next(&world.r, &when) && when <= end) {
		if (when > world.now)
			world.now = when;
		resolver_tick(&world.r, world.now);
		MUST(!resolver_next(&world.r, &when) || when > world.now);
	}
	world.now = end;
}

void
world_ask(unsigned name, uint8_t form)
{
	struct question *q = &world.question[world.nquestions];
	char text[RESOLVE_NAME_MAX];

	if (world.nquestions == QUESTIONS_MAX)
		return;
	name_text(name, text);
	if ((form & 1) != 0 && strlen(text) < sizeof(text) - 1)
		strlcat(text, ".", sizeof(text));
	if ((form & 2) != 0)
		text[0] = (char)toupper((unsigned char)text[0]);
	/* Neither is a name, but one may become the other. */
	if (name >= NAME_BAD && name < NAME_PLAIN)
		name_text(name, text);
	memset(q, 0, sizeof(*q));
	q->name = name;
	q->since = q->born = world.now;
	q->waits = q->at_once = true;
	resolver_ask(&world.r, world.nquestions++, text, world.now);
	q->at_once = false;
}

void
world_servers(unsigned n, bool another)
{
	unsigned i;

	resolver_reset(&world.r, world.now);
	for (i = 0; i < world.nquestions; i++) {
		/* An old one does not begin anew. */
		if (world.now - world.question[i].born < QUERY_AGE)
			world.question[i].since = world.now;
		world.question[i].half[0].asked = 0;
		world.question[i].half[1].asked = 0;
	}
	if (another) {
		cache_clear(&world.r.cache);
		memset(world.known, 0, sizeof(world.known));
	}
	while (n-- > 0)
		resolver_add(&world.r, world.now);
	MUST(world.r.servers <= SERVERS_MAX);
}

/* Rightly asked, it may mean something: what it says is kept. */
static bool
judge(unsigned server, const uint8_t *msg, size_t len)
{
	struct dns_question asked;
	struct dns_answer a;
	struct question *q;
	const struct query *p;
	struct half *h;
	int i;

	q = question_of(dns_reply_id(msg, len), &i);
	if (q == NULL || i == -1 || (q->half[i].asked & 1U << server) == 0)
		return false;
	h = &q->half[i];
	TAILQ_FOREACH(p, &world.r.list, entry)
		if (&world.question[p->id] == q)
			asked = p->half[i].q;
	MUST(asked.exact || !h->exact);
	if (h->exact && len >= 12 + asked.len && get_be16(msg + 4) == 1 &&
	    memcmp(msg + 12, asked.name, asked.len) != 0)
		return false;
	switch (dns_reply_parse(&asked, msg, len, &a)) {
	case DNS_FORM:
	case DNS_FOREIGN:
		return false;
	case DNS_ANSWER:
		h->answer = a;
		h->waits = false;
		break;
	case DNS_NO_NAME:
		h->no_name = true;
		h->waits = false;
		break;
	case DNS_NO_DATA:
		h->no_data = true;
		h->waits = false;
		break;
	default:
		if (server == q->server)
			h->waits = false;
		break;
	}
	return true;
}

void
world_deliver(unsigned server, const uint8_t *msg, size_t len)
{
	struct counters *c = &world.r.count, was = *c;
	unsigned ndone = world.ndone, best = world.r.best;
	uint8_t *copy = input_dup(msg, len);
	bool is_ours = judge(server, copy, len);

	resolver_reply(&world.r, server, copy, len, world.now);
	free(copy);
	MUST(c->received == was.received + 1);
	MUST((c->drop_form + c->drop_foreign > was.drop_form +
	    was.drop_foreign) == !is_ours);
	/* Whatever it is, nothing comes of it. */
	if (!is_ours)
		MUST(world.ndone == ndone && c->sent == was.sent &&
		    world.r.best == best);
}
