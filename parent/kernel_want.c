/* SPDX-License-Identifier: ISC */
/*
 * What a configuration asks of the kernel's routing, as a list of items.
 *
 * Two things are wanted of the routes.  What the tunnel carries goes by our
 * interface, unless an address there already made such a route; wg-quick does
 * the same.  And what the tunnel carries must not be reached by netd's own
 * sockets, which bear the mark: table T makes it unreachable for them, so
 * that neither a routing loop nor a netd that was taken over sends plaintext
 * into the tunnel.  169.254.0.0/16 is there because clouds hand out secrets
 * on it.  fe80::/10 is not: endpoints on the local link are legitimate.
 */
#include <errno.h>
#include <string.h>

#include "parent/kernel_item.h"

static const struct prefix link_local4 = { AF_INET, 16, { 169, 254 } };
static const struct prefix link_local6 = { AF_INET6, 10, { 0xfe, 0x80 } };

struct want {
	struct items		*to;
	const struct conf	*conf;
	uint32_t		 table;		/* T */
	uint32_t		 table_default;	/* T2 */
	uint32_t		 mark;
	bool			 inet6;
	size_t			 skipped;
};

bool
prefix_covers(const struct prefix *a, const struct prefix *b)
{
	unsigned bytes = a->cidr / 8, bits = a->cidr % 8;

	if (a->family != b->family || a->cidr > b->cidr ||
	    memcmp(a->addr, b->addr, bytes) != 0)
		return false;
	return bits == 0 || (a->addr[bytes] ^ b->addr[bytes]) >> (8 - bits) ==
	    0;
}

struct prefix
prefix_network(const struct prefix *address)
{
	struct prefix p = *address;
	unsigned i;

	for (i = 0; i < sizeof(p.addr); i++) {
		if (i * 8 >= p.cidr)
			p.addr[i] = 0;
		else if (i * 8 + 8 > p.cidr)
			p.addr[i] &= (uint8_t)(0xff << (i * 8 + 8 - p.cidr));
	}
	return p;
}

static int
put(struct want *w, enum item_kind kind, const struct prefix *p,
    uint32_t table, uint32_t mark)
{
	struct item it;

	if (p->family == AF_INET6 && !w->inet6 && kind != ITEM_ADDRESS) {
		w->skipped++;
		return 0;
	}
	memset(&it, 0, sizeof(it));
	it.kind = (uint8_t)kind;
	it.prefix = *p;
	it.table = table;
	it.mark = mark;
	return items_add(w->to, &it);
}

/*
 * The kernel makes a route to an address's network, in table main, but of /32
 * it does not.  It is watched as our own are: without it packets would leave
 * by another way, as they are.  One to the address alone carries nothing.
 */
static int
want_connected(struct want *w, const struct prefix *address)
{
	const struct prefix net = prefix_network(address);

	if (net.cidr == 0 || net.cidr == (net.family == AF_INET ? 32 : 128))
		return 0;
	/* Without IPv6 the address itself is refused. */
	if (net.family == AF_INET6 && !w->inet6)
		return 0;
	if (put(w, ITEM_ROUTE, &net, ITEM_TABLE_MAIN, 0) == -1)
		return -1;
	w->to->at[w->to->n - 1].connected = true;
	return 0;
}

static int
want_addresses(struct want *w)
{
	const struct conf_prefixes *a = &w->conf->address;
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (put(w, ITEM_ADDRESS, &a->at[i], 0, 0) == -1)
			return -1;
		w->to->at[w->to->n - 1].order = (uint16_t)i;
		if (want_connected(w, &a->at[i]) == -1)
			return -1;
	}
	return 0;
}

/* What the kernel's route to an address's network covers needs none of ours. */
static bool
is_connected(const struct conf *conf, const struct prefix *p)
{
	const struct prefix *a;
	struct prefix net;
	size_t i;

	for (i = 0; i < conf->address.n; i++) {
		a = &conf->address.at[i];
		if (a->family == AF_INET && a->cidr == 32)
			continue;
		net = prefix_network(a);
		if (prefix_covers(&net, p))
			return true;
	}
	return false;
}

static int
want_route(struct want *w, const struct prefix *p)
{
	switch (w->conf->routes) {
	case CONF_ROUTES_NONE:
		return 0;
	case CONF_ROUTES_TABLE:
		return put(w, ITEM_ROUTE, p, w->conf->table, 0);
	default:
		break;
	}
	if (p->cidr == 0)
		return put(w, ITEM_ROUTE, p, w->table_default, 0);
	if (is_connected(w->conf, p))
		return 0;
	return put(w, ITEM_ROUTE, p, ITEM_TABLE_MAIN, 0);
}

static int
want_unreachable(struct want *w, const struct prefix *p)
{
	if (p->cidr == 0 || prefix_covers(&link_local6, p))
		return 0;
	return put(w, ITEM_UNREACHABLE, p, w->table, 0);
}

/* For each family with 0.0.0.0/0 or ::/0, as wg-quick has it. */
static int
want_default(struct want *w, uint8_t family)
{
	struct prefix p = { .family = family };

	if (put(w, ITEM_RULE_MAIN, &p, ITEM_TABLE_MAIN, w->mark) == -1 ||
	    put(w, ITEM_RULE_DEFAULT, &p, w->table_default, w->mark) == -1)
		return -1;
	if (family == AF_INET)
		return put(w, ITEM_SRC_MARK, &p, 0, 0);
	return 0;
}

static int
want_peers(struct want *w, bool *has4, bool *has6)
{
	const struct conf_peer *peer;
	const struct prefix *p;
	size_t i;

	TAILQ_FOREACH(peer, &w->conf->peers, entry) {
		for (i = 0; i < peer->allowed.n; i++) {
			p = &peer->allowed.at[i];
			if (p->cidr == 0)
				*(p->family == AF_INET ? has4 : has6) = true;
			if (want_route(w, p) == -1)
				return -1;
			if (w->conf->routes != CONF_ROUTES_NONE &&
			    want_unreachable(w, p) == -1)
				return -1;
		}
	}
	return 0;
}

static int
want_marks(struct want *w)
{
	const struct prefix v4 = { .family = AF_INET };
	const struct prefix v6 = { .family = AF_INET6 };
	struct prefix net;
	size_t i;

	for (i = 0; i < w->conf->address.n; i++) {
		net = prefix_network(&w->conf->address.at[i]);
		if (want_unreachable(w, &net) == -1)
			return -1;
	}
	if (want_unreachable(w, &link_local4) == -1 ||
	    put(w, ITEM_RULE_MARK, &v4, w->table, w->mark) == -1)
		return -1;
	return put(w, ITEM_RULE_MARK, &v6, w->table, w->mark);
}

/*
 * Drop what another prefix of table T covers.  In the sorted list a prefix
 * comes right before those inside it, so the last one kept is the only one
 * that can cover the next.
 */
static void
drop_covered(struct items *l)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++) {
		if (n > 0 && l->at[i].kind == ITEM_UNREACHABLE &&
		    l->at[n - 1].kind == ITEM_UNREACHABLE &&
		    prefix_covers(&l->at[n - 1].prefix, &l->at[i].prefix))
			continue;
		l->at[n++] = l->at[i];
	}
	l->n = n;
}

int
items_want(struct items *to, const struct conf *conf, const char *instance,
    bool inet6, size_t *skipped)
{
	struct want w = { .to = to, .conf = conf, .inet6 = inet6 };
	bool has4 = false, has6 = false;

	memset(to, 0, sizeof(*to));
	w.table = item_table(instance);
	w.table_default = item_table_default(instance);
	w.mark = conf->has_fwmark && conf->fwmark != 0 ? conf->fwmark :
	    w.table;
	if (want_marks(&w) == -1 || want_addresses(&w) == -1 ||
	    want_peers(&w, &has4, &has6) == -1)
		goto fail;
	if (conf->routes == CONF_ROUTES_MAIN &&
	    ((has4 && want_default(&w, AF_INET) == -1) ||
	    (has6 && want_default(&w, AF_INET6) == -1)))
		goto fail;
	items_sort(to);
	drop_covered(to);
	*skipped = w.skipped;
	return 0;
fail:
	items_free(to);
	errno = ENOMEM;
	return -1;
}
