/* SPDX-License-Identifier: ISC */
/*
 * What only the whole file shows: see import_value.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/import_value.h"

/* A peer, or an allowed IP of one; sorted so that equals are neighbours. */
struct ref {
	struct import_peer	*peer;
	const struct prefix	*prefix;
	size_t			 order;		/* in the file */
	size_t			 i;		/* in the peer's list */
};

static int
order_cmp(const struct ref *a, const struct ref *b)
{
	return a->order < b->order ? -1 : a->order > b->order;
}

static int
key_cmp(const void *va, const void *vb)
{
	const struct ref *a = va, *b = vb;
	int r;

	r = memcmp(a->peer->key, b->peer->key, sizeof(a->peer->key));
	return r != 0 ? r : order_cmp(a, b);
}

static int
name_cmp(const void *va, const void *vb)
{
	const struct ref *a = va, *b = vb;
	int r = strcmp(a->peer->name, b->peer->name);

	return r != 0 ? r : order_cmp(a, b);
}

static int
prefix_order(const struct prefix *a, const struct prefix *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->cidr != b->cidr)
		return a->cidr < b->cidr ? -1 : 1;
	return memcmp(a->addr, b->addr, sizeof(a->addr));
}

static int
prefix_cmp(const void *va, const void *vb)
{
	const struct ref *a = va, *b = vb;
	int r = prefix_order(a->prefix, b->prefix);

	return r != 0 ? r : order_cmp(a, b);
}

/* All peers, in the order of the file. */
static struct ref *
peer_refs(struct import *im)
{
	struct import_peer *p;
	struct ref *refs;
	size_t n = 0;

	refs = calloc(im->npeers + 1, sizeof(*refs));
	if (refs == NULL)
		return NULL;
	TAILQ_FOREACH(p, &im->peers, entry) {
		refs[n].peer = p;
		refs[n].order = n;
		n++;
	}
	return refs;
}

static int
check_keys(struct import *im, struct ref *refs, const char *file,
    char why[IMPORT_WHY])
{
	size_t i;

	qsort(refs, im->npeers, sizeof(*refs), key_cmp);
	for (i = 1; i < im->npeers; i++) {
		if (memcmp(refs[i - 1].peer->key, refs[i].peer->key,
		    sizeof(refs[i].peer->key)) != 0)
			continue;
		snprintf(why, IMPORT_WHY, "%.256s:%u: this PublicKey is that "
		    "of the [Peer] in line %u, too", file,
		    refs[i].peer->line, refs[i - 1].peer->line);
		return -1;
	}
	return 0;
}

static bool
has_name(const struct ref *sorted, size_t n, const char *name)
{
	size_t low = 0, mid;
	int r;

	while (low < n) {
		mid = low + (n - low) / 2;
		r = strcmp(name, sorted[mid].peer->name);
		if (r == 0)
			return true;
		if (r > 0)
			low = mid + 1;
		else
			n = mid;
	}
	return false;
}

/* BASE with a number behind it, cut so that it fits. */
static void
numbered(char dst[IMPORT_NAME], const char *base, const char *gap, size_t n)
{
	char tail[24];

	snprintf(tail, sizeof(tail), "%s%zu", gap, n);
	snprintf(dst, IMPORT_NAME, "%.*s%s",
	    (int)(IMPORT_NAME - 1 - strlen(tail)), base, tail);
}

/*
 * New names, in given, for peers that have none or one that was said before:
 * such as nobody else has.  Two new ones cannot be the same: those of a comment
 * are short, so that none is cut.
 */
static void
find_names(const struct ref *sorted, size_t n, char (*given)[IMPORT_NAME])
{
	const char *base;
	size_t i, count = 1;
	bool first;

	for (i = 0; i < n; i++) {
		base = sorted[i].peer->name;
		given[i][0] = '\0';
		first = i == 0 || strcmp(sorted[i - 1].peer->name, base) != 0;
		if (first)
			count = *base == '\0' ? 1 : 2;
		if (first && *base != '\0')
			continue;
		do {
			if (*base == '\0')
				numbered(given[i], "peer", "", count++);
			else
				numbered(given[i], base, "-", count++);
		} while (has_name(sorted, n, given[i]));
	}
}

/* Kept apart until all are found: the table is sorted by what is there now. */
static int
give_names(struct import *im, struct ref *refs)
{
	char (*given)[IMPORT_NAME];
	size_t i;

	given = calloc(im->npeers + 1, sizeof(*given));
	if (given == NULL)
		return -1;
	qsort(refs, im->npeers, sizeof(*refs), name_cmp);
	find_names(refs, im->npeers, given);
	for (i = 0; i < im->npeers; i++)
		if (given[i][0] != '\0')
			memcpy(refs[i].peer->name, given[i], IMPORT_NAME);
	free(given);
	return 0;
}

/* Every allowed IP of every peer; *n is how many. */
static struct ref *
prefix_refs(struct import *im, size_t *n)
{
	struct import_peer *p;
	struct ref *refs;
	size_t i, all = 0;

	TAILQ_FOREACH(p, &im->peers, entry)
		all += p->allowed.n;
	refs = calloc(all + 1, sizeof(*refs));
	if (refs == NULL)
		return NULL;
	*n = 0;
	TAILQ_FOREACH(p, &im->peers, entry)
		for (i = 0; i < p->allowed.n; i++) {
			refs[*n].peer = p;
			refs[*n].prefix = &p->allowed.at[i];
			refs[*n].order = *n;
			refs[(*n)++].i = i;
		}
	return refs;
}

/* Who is told later has it; the comment says so. */
static int
taken(struct ref *loser, const struct ref *winner)
{
	char line[PREFIX_TEXT + IMPORT_NAME + 64];
	struct text v = { line, 0 };
	size_t n;

	loser->peer->allowed.taken[loser->i] = true;
	if (loser->peer == winner->peer)
		return 0;
	prefix_print(loser->prefix, line, sizeof(line));
	n = strlen(line);
	snprintf(line + n, sizeof(line) - n, ", which peer \"%s\" has, too",
	    winner->peer->name);
	v.len = strlen(line);
	return notes_add(&loser->peer->notes, "AllowedIPs", v);
}

static int
share_prefixes(struct import *im)
{
	struct ref *refs;
	size_t i, n, last;
	int rc = 0;

	refs = prefix_refs(im, &n);
	if (refs == NULL)
		return -1;
	qsort(refs, n, sizeof(*refs), prefix_cmp);
	last = n;
	for (i = n; i-- > 0 && rc == 0; ) {
		if (last < n && prefix_order(refs[i].prefix,
		    refs[last].prefix) == 0)
			rc = taken(&refs[i], &refs[last]);
		else
			last = i;
	}
	free(refs);
	return rc;
}

/* As wg-quick(8), which chooses a mark of its own for a default route. */
static void
need_mark(struct import *im)
{
	const struct import_peer *p;
	size_t i;

	if (im->fwmark != 0)
		return;
	TAILQ_FOREACH(p, &im->peers, entry)
		for (i = 0; i < p->allowed.n; i++)
			if (p->allowed.at[i].cidr == 0)
				im->fwmark = IMPORT_FWMARK;
}

static bool
has_inet6(const struct import_ips *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->at[i].family == AF_INET6)
			return true;
	return false;
}

/* IPv6 needs 1280, for addresses and for routes. */
static int
check_mtu(struct import *im)
{
	bool six = has_inet6(&im->address);
	const struct import_peer *p;
	struct text v;
	char text[16];

	if (im->mtu == 0 || im->mtu >= 1280)
		return 0;
	if (im->routes != IMPORT_ROUTES_NONE)
		TAILQ_FOREACH(p, &im->peers, entry)
			six = six || has_inet6(&p->allowed);
	if (!six)
		return 0;
	snprintf(text, sizeof(text), "%u", im->mtu);
	im->mtu = 0;
	v.p = text;
	v.len = strlen(text);
	return notes_add(&im->notes, "MTU", v);
}

/* --- endpoints that no packet of the tunnel would reach */

/* All prefixes that take packets into it but /0, which has its mark. */
struct carried {
	struct prefix	*at;		/* sorted */
	size_t		 n;
	bool		 has[2][129];	/* of this length; IPv4, IPv6 */
};

static int
carried_cmp(const void *va, const void *vb)
{
	return prefix_order(va, vb);
}

static void
carried_add(struct carried *c, const struct import_ips *ips)
{
	size_t i;

	for (i = 0; i < ips->n; i++) {
		if (ips->at[i].cidr == 0)
			continue;
		c->has[ips->at[i].family == AF_INET6][ips->at[i].cidr] = true;
		c->at[c->n] = ips->at[i];
		prefix_mask(&c->at[c->n++]);
	}
}

static int
carried_init(struct carried *c, const struct import *im)
{
	const struct import_peer *p;
	size_t all = im->address.n;

	memset(c, 0, sizeof(*c));
	TAILQ_FOREACH(p, &im->peers, entry)
		all += p->allowed.n;
	if ((c->at = calloc(all + 1, sizeof(*c->at))) == NULL)
		return -1;
	carried_add(c, &im->address);
	if (im->routes != IMPORT_ROUTES_NONE)
		TAILQ_FOREACH(p, &im->peers, entry)
			carried_add(c, &p->allowed);
	qsort(c->at, c->n, sizeof(*c->at), carried_cmp);
	return 0;
}

/* The smallest prefix that the host lies in, or NULL; names are not known. */
static const struct prefix *
carried_find(const struct carried *c, const char *host)
{
	const struct prefix *found;
	struct prefix p;

	/* With a %, it is link-local. */
	if (prefix_parse(&p, host) == -1)
		return NULL;
	for (; p.cidr > 0; p.cidr--) {
		prefix_mask(&p);
		if (c->has[p.family == AF_INET6][p.cidr] &&
		    (found = bsearch(&p, c->at, c->n, sizeof(p),
		    carried_cmp)) != NULL)
			return found;
	}
	return NULL;
}

/* warrend(8) keeps 169.254.0.0/16 from the tunnel's packets. */
static bool
is_kept(const char *host)
{
	struct prefix p;

	return prefix_parse(&p, host) == 0 && p.family == AF_INET &&
	    addr_is_link_local(AF_INET, p.addr);
}

/* Why packets to the host would not get there, or false. */
static bool
is_unreachable(const struct carried *c, const char *host, char *why,
    size_t size)
{
	const struct prefix *in;
	char prefix[PREFIX_TEXT];

	if (is_kept(host)) {
		snprintf(why, size, "169.254.0.0/16, which is kept from the "
		    "tunnel's packets");
		return true;
	}
	if ((in = carried_find(c, host)) == NULL)
		return false;
	prefix_print(in, prefix, sizeof(prefix));
	snprintf(why, size, "%s and would be looked for in the tunnel",
	    prefix);
	return true;
}

static int
check_endpoints(struct import *im)
{
	char text[IMPORT_HOST + PREFIX_TEXT + 80], why[PREFIX_TEXT + 48];
	struct import_peer *p;
	struct text v = { text, 0 };
	struct carried c;
	int rc = 0;

	if (carried_init(&c, im) == -1)
		return -1;
	TAILQ_FOREACH(p, &im->peers, entry) {
		if (p->host[0] == '\0' ||
		    !is_unreachable(&c, p->host, why, sizeof(why)))
			continue;
		snprintf(text, sizeof(text), "%s port %u, which lies in %s",
		    p->host, p->port, why);
		p->host[0] = '\0';
		v.len = strlen(text);
		if ((rc = notes_add(&p->notes, "Endpoint", v)) == -1)
			break;
	}
	free(c.at);
	return rc;
}

int
import_finish(struct import *im, const char *file, char why[IMPORT_WHY])
{
	struct ref *refs = peer_refs(im);
	int rc = -1;

	why[0] = '\0';
	if (refs != NULL && check_keys(im, refs, file, why) == 0 &&
	    give_names(im, refs) == 0 && share_prefixes(im) == 0 &&
	    check_mtu(im) == 0 && check_endpoints(im) == 0) {
		need_mark(im);
		rc = 0;
	}
	free(refs);
	return rc;
}
