/* SPDX-License-Identifier: ISC */
/*
 * What only the whole of a configuration shows: things that are there twice,
 * and endpoints that could be reached only through the tunnel itself.  All of
 * it by sorting: there may be tens of thousands of peers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parent/conf_parse.h"

#define NONE	UINT32_MAX

static int
compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* --- peers that are there twice */

/* A peer and its place in the file, since sorting forgets it. */
struct numbered {
	const struct conf_peer	*peer;
	size_t			 i;
};

static int
by_name(const void *va, const void *vb)
{
	const struct numbered *a = va, *b = vb;
	int cmp = strcmp(a->peer->name, b->peer->name);

	return cmp != 0 ? cmp : compare(a->i, b->i);
}

static int
by_key(const void *va, const void *vb)
{
	const struct numbered *a = va, *b = vb;
	int cmp = memcmp(a->peer->public_key, b->peer->public_key, CONF_KEY);

	return cmp != 0 ? cmp : compare(a->i, b->i);
}

static void
check_names(struct conf_errors *e, struct numbered *at, size_t n)
{
	const struct conf_peer *first, *p;
	size_t i;

	qsort(at, n, sizeof(*at), by_name);
	for (i = 1; i < n; i++) {
		first = at[i - 1].peer;
		p = at[i].peer;
		if (strcmp(first->name, p->name) == 0)
			conf_error(e, &p->where, "peer \"%s\" is there twice: "
			    "first at %s:%u", p->name, first->where.file,
			    first->where.line);
	}
}

static void
check_keys(struct conf_errors *e, struct numbered *at, size_t n)
{
	const struct conf_peer *first, *p;
	size_t i;

	qsort(at, n, sizeof(*at), by_key);
	for (i = 1; i < n; i++) {
		first = at[i - 1].peer;
		p = at[i].peer;
		if (memcmp(first->public_key, p->public_key, CONF_KEY) == 0)
			conf_error(e, &p->where, "peer \"%s\" has the public "
			    "key of peer \"%s\" at %s:%u", p->name,
			    first->name, first->where.file,
			    first->where.line);
	}
}

static void
check_peers(const struct conf_reading *r)
{
	const struct conf_peer *p;
	struct numbered *at;
	size_t n = 0;

	if (r->conf->npeers == 0)
		return;
	at = reallocarray(NULL, r->conf->npeers, sizeof(*at));
	if (at == NULL) {
		conf_error_memory(r->errors);
		return;
	}
	TAILQ_FOREACH(p, &r->conf->peers, entry) {
		at[n].peer = p;
		at[n].i = n;
		n++;
	}
	check_names(r->errors, at, n);
	check_keys(r->errors, at, n);
	free(at);
}

/* --- allowed IPs */

static bool
covers(const struct prefix *p, int family, const uint8_t addr[16])
{
	unsigned bytes = p->cidr / 8, bits = p->cidr % 8;

	return p->family == family && memcmp(p->addr, addr, bytes) == 0 &&
	    (bits == 0 || ((p->addr[bytes] ^ addr[bytes]) >> (8 - bits)) == 0);
}

static int
prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int cmp = compare(a->family, b->family);

	if (cmp == 0)
		cmp = memcmp(a->addr, b->addr, 16);
	return cmp != 0 ? cmp : compare(a->cidr, b->cidr);
}

/* A prefix comes before all that lie in it; equal ones as in the files. */
static int
by_prefix(const void *va, const void *vb)
{
	const struct conf_ref *a = va, *b = vb;
	int cmp = prefix_cmp(&a->prefix, &b->prefix);

	return cmp != 0 ? cmp : compare(a->order, b->order);
}

/* An allowed IP belongs to one peer; said twice of one is said once. */
static void
check_allowed(struct conf_reading *r)
{
	const struct conf_ref *first, *ref;
	char text[PREFIX_TEXT];
	size_t i, n = 0;

	for (i = 0; i < r->nrefs; i++) {
		first = n > 0 ? &r->ref[n - 1] : NULL;
		ref = &r->ref[i];
		if (first == NULL ||
		    prefix_cmp(&first->prefix, &ref->prefix) != 0) {
			r->ref[n++] = *ref;
			continue;
		}
		if (first->peer == ref->peer) {
			/* No length is that large: taken out below. */
			ref->peer->allowed.at[ref->i].cidr = UINT8_MAX;
			continue;
		}
		prefix_print(&ref->prefix, text, sizeof(text));
		conf_error(r->errors, &ref->where, "%s is an allowed IP of "
		    "peer \"%s\" and, at %s:%u, of peer \"%s\"", text,
		    ref->peer->name, first->where.file, first->where.line,
		    first->peer->name);
	}
	r->nrefs = n;
}

static void
take_out_doubles(struct conf *c)
{
	struct conf_peer *p;
	size_t i, n;

	TAILQ_FOREACH(p, &c->peers, entry) {
		for (i = n = 0; i < p->allowed.n; i++)
			if (p->allowed.at[i].cidr != UINT8_MAX)
				p->allowed.at[n++] = p->allowed.at[i];
		p->allowed.n = n;
	}
}

static void
check_default(const struct conf_reading *r)
{
	const struct conf_ref *ref;
	size_t i;

	if (r->conf->has_fwmark || r->conf->routes == CONF_ROUTES_NONE)
		return;
	for (i = 0; i < r->nrefs; i++) {
		ref = &r->ref[i];
		if (ref->prefix.cidr == 0)
			conf_error(r->errors, &ref->where, "%s needs a fwmark "
			    "in the interface (fwmark 51820), so that the "
			    "tunnel's own packets go past it",
			    ref->prefix.family == AF_INET ? "0.0.0.0/0" :
			    "::/0");
	}
}

/* --- endpoints */

/*
 * Sorted prefixes are a forest written down from its roots: up[i] is the
 * smallest one that i lies in.
 */
static uint32_t *
make_up(const struct conf_reading *r)
{
	uint32_t *up, at, i;

	if ((up = reallocarray(NULL, r->nrefs, sizeof(*up))) == NULL)
		return NULL;
	for (i = 0; i < r->nrefs; i++) {
		at = i == 0 ? NONE : i - 1;
		while (at != NONE && !covers(&r->ref[at].prefix,
		    r->ref[i].prefix.family, r->ref[i].prefix.addr))
			at = up[at];
		up[i] = at;
	}
	return up;
}

/* The smallest allowed IP but /0 that the address lies in, or NULL. */
static const struct conf_ref *
find_cover(const struct conf_reading *r, const uint32_t *up,
    const struct endpoint *e)
{
	struct prefix key = { .family = e->family, .cidr = UINT8_MAX };
	size_t low = 0, high = r->nrefs, mid;
	uint32_t at;

	memcpy(key.addr, e->addr, 16);
	while (low < high) {
		mid = low + (high - low) / 2;
		if (prefix_cmp(&r->ref[mid].prefix, &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	at = low == 0 ? NONE : (uint32_t)low - 1;
	while (at != NONE && !covers(&r->ref[at].prefix, e->family, e->addr))
		at = up[at];
	return at == NONE || r->ref[at].prefix.cidr == 0 ? NULL : &r->ref[at];
}

static void
endpoint_text(const struct endpoint *e, char text[PREFIX_TEXT])
{
	struct prefix p = { .family = e->family };

	memcpy(p.addr, e->addr, 16);
	prefix_print(&p, text, PREFIX_TEXT);
	*strchr(text, '/') = '\0';
}

/*
 * There the table of the mark is unreachable always, also with routes none:
 * clouds hand out secrets on it.
 */
static bool
check_kept(const struct conf_reading *r, const struct conf_peer *p)
{
	char addr[PREFIX_TEXT];

	if (p->endpoint.family != AF_INET ||
	    !addr_is_link_local(AF_INET, p->endpoint.addr))
		return true;
	endpoint_text(&p->endpoint, addr);
	conf_error(r->errors, &p->endpoint_where, "endpoint %s lies in "
	    "169.254.0.0/16, which is kept from the tunnel's packets, since "
	    "clouds hand out secrets there: give the peer's address outside "
	    "of it", addr);
	return false;
}

/* What the interface itself is connected to never goes out elsewhere. */
static bool
check_connected(const struct conf_reading *r, const struct conf_peer *p)
{
	const struct conf_prefixes *own = &r->conf->address;
	char addr[PREFIX_TEXT], text[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < own->n; i++) {
		if (!covers(&own->at[i], p->endpoint.family,
		    p->endpoint.addr))
			continue;
		endpoint_text(&p->endpoint, addr);
		prefix_print(&own->at[i], text, sizeof(text));
		conf_error(r->errors, &p->endpoint_where, "endpoint %s lies "
		    "in the interface's own %s, so it would be looked for in "
		    "the tunnel: give the peer's address outside of it",
		    addr, text);
		return false;
	}
	return true;
}

static void
check_carried(const struct conf_reading *r, const struct conf_peer *p,
    const uint32_t *up)
{
	const struct conf_ref *ref = find_cover(r, up, &p->endpoint);
	char addr[PREFIX_TEXT], text[PREFIX_TEXT];

	if (ref == NULL)
		return;
	endpoint_text(&p->endpoint, addr);
	prefix_print(&ref->prefix, text, sizeof(text));
	conf_error(r->errors, &p->endpoint_where, "endpoint %s lies in %s, "
	    "which goes to peer \"%s\" through the tunnel (%s:%u): take it out "
	    "of these allowed-ips, or write routes none", addr, text,
	    ref->peer->name, ref->where.file, ref->where.line);
}

static void
check_endpoints(const struct conf_reading *r)
{
	const struct conf_peer *p;
	uint32_t *up = NULL;

	if (r->nrefs > 0 && r->conf->routes != CONF_ROUTES_NONE &&
	    (up = make_up(r)) == NULL) {
		conf_error_memory(r->errors);
		return;
	}
	TAILQ_FOREACH(p, &r->conf->peers, entry)
		/* With a scope it is looked for on that link alone. */
		if (p->endpoint.family != 0 && p->endpoint.scope == 0 &&
		    check_kept(r, p) && check_connected(r, p) && up != NULL)
			check_carried(r, p, up);
	free(up);
}

/* --- all of it */

/* Below 1280 the kernel ends IPv6 on a link: no addresses, and no routes. */
static void
check_mtu(const struct conf_reading *r)
{
	const struct conf *c = r->conf;
	char text[PREFIX_TEXT];
	size_t i;

	if (c->mtu >= 1280)
		return;
	for (i = 0; i < c->address.n; i++)
		if (c->address.at[i].family == AF_INET6) {
			conf_error(r->errors, &r->mtu_where, "mtu %u is less "
			    "than 1280, which IPv6 needs, and the interface "
			    "has an IPv6 address", c->mtu);
			return;
		}
	for (i = 0; i < r->nrefs && c->routes != CONF_ROUTES_NONE; i++)
		if (r->ref[i].prefix.family == AF_INET6) {
			prefix_print(&r->ref[i].prefix, text, sizeof(text));
			conf_error(r->errors, &r->mtu_where, "mtu %u is less "
			    "than 1280, which IPv6 needs, and %s is an "
			    "allowed IP of peer \"%s\"", c->mtu, text,
			    r->ref[i].peer->name);
			return;
		}
}

void
conf_check(struct conf_reading *r)
{
	if (!r->has_interface) {
		conf_error(r->errors, NULL, "%s: there is no interface: at "
		    "least \"interface warren0 { }\" must be there",
		    r->conf->path);
		return;
	}
	check_mtu(r);
	check_peers(r);
	if (r->nrefs > 0)
		qsort(r->ref, r->nrefs, sizeof(*r->ref), by_prefix);
	check_allowed(r);
	take_out_doubles(r->conf);
	check_default(r);
	check_endpoints(r);
}
