/* SPDX-License-Identifier: ISC */
/*
 * Names under way: see query.h.
 */
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "resolverd/hosts.h"
#include "resolverd/query.h"

#define HALVES	2

void
resolver_init(struct resolver *r)
{
	TAILQ_INIT(&r->list);
}

void
resolver_clear(struct resolver *r)
{
	struct query *q;

	while ((q = TAILQ_FIRST(&r->list)) != NULL) {
		TAILQ_REMOVE(&r->list, q, entry);
		free(q);
	}
	r->n = 0;
}

static void
tell(struct resolver *r, uint32_t id, const struct resolved *a)
{
	switch (a->status) {
	case RESOLVE_OK:
		r->count.answered++;
		break;
	case RESOLVE_NONE:
		r->count.unknown++;
		break;
	case RESOLVE_SILENT:
		r->count.silent++;
		break;
	case RESOLVE_REFUSED:
		r->count.refused++;
		break;
	}
	r->out.done(r->out.arg, id, a);
}

static void
tell_status(struct resolver *r, uint32_t id, enum resolve_status status)
{
	struct resolved a;

	memset(&a, 0, sizeof(a));
	a.status = status;
	tell(r, id, &a);
}

static void
add_address(struct resolved *a, const struct query_half *h, size_t i)
{
	if (i >= h->answer.n || a->n == RESOLVE_ADDRS_MAX)
		return;
	a->at[a->n].family = h->q.type == DNS_A ? AF_INET : AF_INET6;
	memcpy(a->at[a->n].addr, h->answer.addr[i], 16);
	a->n++;
}

/*
 * Both families by turns, IPv6 first (RFC 8305, 4): who cannot reach the
 * first address soon comes to one of the other family.
 */
static void
merge(const struct query *q, struct resolved *a)
{
	const struct query_half *h;
	size_t i;

	memset(a, 0, sizeof(*a));
	a->ttl = TTL_MAX;
	for (i = 0; i < DNS_ADDRS_MAX; i++)
		for (h = q->half; h < q->half + HALVES; h++)
			add_address(a, h, i);
	for (h = q->half; h < q->half + HALVES; h++)
		if (h->answer.n > 0 && h->answer.ttl < a->ttl)
			a->ttl = h->answer.ttl;
	if (a->ttl < TTL_MIN)
		a->ttl = TTL_MIN;
}

static bool
is_none(const struct query *q)
{
	const struct query_half *h = q->half;

	return h[0].result == DNS_NO_NAME || h[1].result == DNS_NO_NAME ||
	    (h[0].done && h[0].result == DNS_NO_DATA &&
	    h[1].done && h[1].result == DNS_NO_DATA);
}

/* Says what is known by now, and forgets the query. */
static void
finish(struct resolver *r, struct query *q, uint64_t now)
{
	struct resolved a;

	TAILQ_REMOVE(&r->list, q, entry);
	r->n--;
	merge(q, &a);
	if (a.n > 0) {
		a.status = RESOLVE_OK;
		/* Whoever comes again when it ends shall get a new one. */
		cache_add(&r->cache, q->name, &a, a.ttl - 1, now);
	} else {
		a.ttl = 0;
		a.status = is_none(q) ? RESOLVE_NONE :
		    q->refused ? RESOLVE_REFUSED : RESOLVE_SILENT;
		if (a.status == RESOLVE_NONE)
			cache_add(&r->cache, q->name, &a, TTL_NONE, now);
	}
	tell(r, q->id, &a);
	/*
	 * Servers of another network may answer us, but not with addresses, or
	 * that there is no such name.  Or it is in the file of hosts by now.
	 */
	if (a.status != RESOLVE_OK)
		r->out.wanted(r->out.arg);
	free(q);
}

/* 0, or -1: it could not be sent. */
static int
ask_half(struct resolver *r, struct query *q, struct query_half *h)
{
	uint8_t buf[DNS_QUERY_MAX];
	size_t len;

	h->edns = !r->no_edns[q->server];
	len = dns_query_build(&h->q, h->edns, buf);
	r->count.sent++;
	h->waits = r->out.send(r->out.arg, q->server, buf, len) == 0;
	if (h->waits) {
		h->asked |= (uint8_t)(1U << q->server);
		return 0;
	}
	r->count.send_errors++;
	return -1;
}

/* Asks the query's server for what is not known yet.  0, or -1: in vain. */
static int
ask_server(struct resolver *r, struct query *q)
{
	int i, sent = -1;

	for (i = 0; i < HALVES; i++)
		if (!q->half[i].done && ask_half(r, q, &q->half[i]) == 0)
			sent = 0;
	return sent;
}

/* The next server, and so on until one can be asked; else that is the end. */
static void
advance(struct resolver *r, struct query *q, uint64_t now)
{
	struct query_half *h;

	/* One family is better than to wait for the other. */
	if (q->half[0].answer.n > 0 || q->half[1].answer.n > 0) {
		finish(r, q, now);
		return;
	}
	while (q->tries < QUERY_ROUNDS * r->servers) {
		if (q->tries == 0)
			q->first = r->best;
		q->server = (q->first + q->tries) % r->servers;
		if (q->tries == r->servers)
			for (h = q->half; h < q->half + HALVES; h++)
				dns_name_lower(&h->q);
		q->tries++;
		q->until = now + QUERY_WAIT;
		if (ask_server(r, q) == 0)
			return;
	}
	finish(r, q, now);
}

/* An id that no other question has. */
static uint16_t
new_id(const struct resolver *r)
{
	const struct query *q;
	uint16_t id;

again:
	id = (uint16_t)arc4random();
	TAILQ_FOREACH(q, &r->list, entry)
		if (q->half[0].q.id == id || q->half[1].q.id == id)
			goto again;
	return id;
}

static void
begin(struct resolver *r, uint32_t id, const char *name, uint64_t now)
{
	struct query *q = calloc(1, sizeof(*q));
	int i;

	if (q == NULL) {
		r->count.drop_full++;
		tell_status(r, id, RESOLVE_REFUSED);
		return;
	}
	q->id = id;
	q->born = now;
	strlcpy(q->name, name, sizeof(q->name));
	q->half[0].q.type = DNS_AAAA;
	q->half[1].q.type = DNS_A;
	for (i = 0; i < HALVES; i++) {
		do
			q->half[i].q.id = new_id(r);
		while (i == 1 && q->half[1].q.id == q->half[0].q.id);
		if (dns_name_encode(&q->half[i].q, name) == -1) {
			free(q);
			r->count.drop_name++;
			tell_status(r, id, RESOLVE_NONE);
			return;
		}
		dns_name_shuffle(&q->half[i].q);
	}
	TAILQ_INSERT_TAIL(&r->list, q, entry);
	r->n++;
	if (r->servers > 0) {
		/* If those here cannot be sent to, others may be coming. */
		if (now < r->settled)
			q->until = r->settled;
		else
			advance(r, q, now);
		return;
	}
	/* Perhaps they are on their way. */
	q->until = now + QUERY_WAIT;
	r->out.wanted(r->out.arg);
}

void
resolver_ask(struct resolver *r, uint32_t id, const char *text, uint64_t now)
{
	char name[RESOLVE_NAME_MAX];
	struct resolved a;
	size_t len;

	r->count.asked++;
	/* All names are absolute; with a last dot they are the same. */
	len = strlcpy(name, text, sizeof(name));
	if (len > 1 && len < sizeof(name) && name[len - 1] == '.')
		name[len - 1] = '\0';
	if (r->hosts != NULL &&
	    hosts_find(r->hosts, r->hosts_len, name, &a)) {
		r->count.from_hosts++;
		tell(r, id, &a);
	} else if (cache_find(&r->cache, name, now, &a)) {
		r->count.from_cache++;
		tell(r, id, &a);
		if (a.status != RESOLVE_OK)
			r->out.wanted(r->out.arg);
	} else if (r->n == QUERIES_MAX) {
		r->count.drop_full++;
		tell_status(r, id, RESOLVE_REFUSED);
	} else
		begin(r, id, name, now);
}

void
resolver_reset(struct resolver *r, uint64_t now)
{
	struct query *q;

	r->servers = r->best = 0;
	r->settled = now + QUERY_SETTLE;
	memset(r->no_edns, 0, sizeof(r->no_edns));
	TAILQ_FOREACH(q, &r->list, entry) {
		/* Others may come more often than a query takes. */
		if (now - q->born < QUERY_AGE)
			q->tries = 0;
		q->half[0].asked = q->half[1].asked = 0;
	}
}

int
resolver_add(struct resolver *r, uint64_t now)
{
	struct query *q;

	if (r->servers == SERVERS_MAX) {
		r->count.drop_servers++;
		return -1;
	}
	r->servers++;
	r->count.servers++;
	/*
	 * Who waits for the first one.  If that is the only one when it cannot
	 * be sent to, there is nobody else: the others come right behind it.
	 */
	TAILQ_FOREACH(q, &r->list, entry)
		if (q->tries == 0 && q->until > now + QUERY_SETTLE)
			q->until = now + QUERY_SETTLE;
	return 0;
}

/*
 * Does this query wait for a reply of this id, from this server?  A late one
 * is welcome, but who was never asked must have guessed.
 */
static struct query_half *
half_of(struct query *q, int id, unsigned server)
{
	int i;

	for (i = 0; i < HALVES; i++)
		if (!q->half[i].done && q->half[i].q.id == id &&
		    (q->half[i].asked & 1U << server) != 0)
			return &q->half[i];
	return NULL;
}

/*
 * Goes on when neither family is waited for: what one of them was told may
 * not hold for the other (RFC 4074, 4), not even that there is no such name.
 */
static void
go_on(struct resolver *r, struct query *q, uint64_t now)
{
	if (q->half[0].done && q->half[1].done)
		finish(r, q, now);
	else if (!q->half[0].waits && !q->half[1].waits)
		advance(r, q, now);
}

static void
take(struct resolver *r, struct query *q, struct query_half *h,
    unsigned server, uint64_t now)
{
	r->best = server;
	h->done = true;
	h->waits = false;
	go_on(r, q, now);
}

static void
refuse(struct resolver *r, struct query *q, struct query_half *h,
    unsigned server, uint64_t now)
{
	q->refused = true;
	/* An earlier server's no says nothing of the one asked now. */
	if (server != q->server)
		return;
	h->waits = false;
	go_on(r, q, now);
}

void
resolver_reply(struct resolver *r, unsigned server, const uint8_t *msg,
    size_t len, uint64_t now)
{
	struct query_half *h = NULL;
	struct query *q;
	int id = dns_reply_id(msg, len);

	r->count.received++;
	if (id == -1) {
		r->count.drop_form++;
		return;
	}
	TAILQ_FOREACH(q, &r->list, entry)
		if ((h = half_of(q, id, server)) != NULL)
			break;
	if (h == NULL) {
		r->count.drop_foreign++;
		return;
	}
	h->result = dns_reply_parse(&h->q, msg, len, &h->answer);
	if (h->answer.truncated)
		r->count.truncated++;
	switch (h->result) {
	case DNS_FORM:
		r->count.drop_form++;
		break;
	case DNS_FOREIGN:
		r->count.drop_foreign++;
		break;
	case DNS_ANSWER:
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		take(r, q, h, server, now);
		break;
	case DNS_NO_EDNS:
		if (server == q->server && h->edns) {
			r->no_edns[server] = true;
			if (ask_half(r, q, h) == 0)
				break;
		}
		/* FALLTHROUGH */
	case DNS_REFUSED:
		refuse(r, q, h, server, now);
		break;
	}
}

void
resolver_failed(struct resolver *r, unsigned server, uint64_t now)
{
	struct query *q, *next;

	TAILQ_FOREACH_SAFE(q, &r->list, entry, next)
		if (q->tries > 0 && q->server == server)
			advance(r, q, now);
}

void
resolver_tick(struct resolver *r, uint64_t now)
{
	struct query *q, *next;

	TAILQ_FOREACH_SAFE(q, &r->list, entry, next) {
		if (now < q->until)
			continue;
		if (q->tries > 0)
			r->count.timeouts++;
		advance(r, q, now);
	}
}

bool
resolver_next(const struct resolver *r, uint64_t *when)
{
	const struct query *q;

	*when = UINT64_MAX;
	TAILQ_FOREACH(q, &r->list, entry)
		if (q->until < *when)
			*when = q->until;
	return !TAILQ_EMPTY(&r->list);
}
