/* SPDX-License-Identifier: ISC */
/*
 * Lines of the UAPI's set: see uapi_parse.h.
 */
#include <errno.h>
#include <net/if.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctld/uapi_parse.h"
#include "shared/decimal.h"
#include "shared/hex.h"

/* A handler returns 0 or an errno; value is NUL-terminated. */
typedef int (*key_fn)(struct uapi_set *, const char *value);

struct key {
	const char	*name;
	key_fn		 fn;
};

void
uapi_set_init(struct uapi_set *s, struct uapi_budget *b, uapi_scope scope,
    void *scope_arg)
{
	memset(s, 0, sizeof(*s));
	s->budget = b;
	s->scope = scope;
	s->scope_arg = scope_arg;
	STAILQ_INIT(&s->items);
	STAILQ_INIT(&s->endpoints);
}

static void *
budget_alloc(struct uapi_set *s, size_t n)
{
	struct uapi_budget *b = s->budget;
	void *p;

	if (n > UAPI_SET_MAX - s->memory || n > b->max - b->used ||
	    (p = malloc(n)) == NULL)
		return NULL;
	s->memory += n;
	b->used += n;
	if (b->used > b->peak)
		b->peak = b->used;
	return p;
}

static void
budget_free(struct uapi_set *s, void *p, size_t n)
{
	sodium_memzero(p, n);
	free(p);
	s->memory -= n;
	s->budget->used -= n;
}

/* Gives up the chunks after this one; all if it is NULL. */
static void
items_cut(struct uapi_set *s, struct set_chunk *keep)
{
	struct set_chunk *c;

	for (;;) {
		c = keep != NULL ? STAILQ_NEXT(keep, entry) :
		    STAILQ_FIRST(&s->items);
		if (c == NULL)
			return;
		if (keep != NULL)
			STAILQ_REMOVE_AFTER(&s->items, keep, entry);
		else
			STAILQ_REMOVE_HEAD(&s->items, entry);
		budget_free(s, c, sizeof(*c));
	}
}

void
uapi_set_clear(struct uapi_set *s)
{
	struct endpoint_chunk *e;

	if (s->budget == NULL)
		return;
	items_cut(s, NULL);
	while ((e = STAILQ_FIRST(&s->endpoints)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->endpoints, entry);
		budget_free(s, e, sizeof(*e));
	}
	sodium_memzero(s, sizeof(*s));
}

void
uapi_set_shift(struct uapi_set *s)
{
	struct set_chunk *c = STAILQ_FIRST(&s->items);

	STAILQ_REMOVE_HEAD(&s->items, entry);
	budget_free(s, c, sizeof(*c));
}

static struct set_chunk *
chunk_new(struct uapi_set *s)
{
	struct set_chunk *c = budget_alloc(s, sizeof(*c));

	if (c != NULL) {
		c->len = 0;
		STAILQ_INSERT_TAIL(&s->items, c, entry);
	}
	return c;
}

static int
add_item(struct uapi_set *s, const struct set_item *i)
{
	struct set_chunk *c = STAILQ_LAST(&s->items, set_chunk, entry);
	struct wbuf w;

	if ((c == NULL || MSG_PAYLOAD - c->len < SET_ITEM_MAX) &&
	    (c = chunk_new(s)) == NULL)
		return ENOMEM;
	if (i->op == SET_PEER) {
		s->peer_chunk = c;
		s->peer_off = c->len;
	}
	wbuf_init(&w, c->data + c->len, MSG_PAYLOAD - c->len);
	put_set_item(&w, i);
	c->len += w.len;
	return w.fail ? ENOMEM : 0;
}

/* Packs the present peer anew: its flags come after its key. */
static size_t
repack_peer(struct uapi_set *s)
{
	struct wbuf w;

	wbuf_init(&w, s->peer_chunk->data + s->peer_off,
	    MSG_PAYLOAD - s->peer_off);
	put_set_item(&w, &s->peer);
	return w.len;
}

static bool
removing(const struct uapi_set *s)
{
	return (s->peer.flags & SET_F_REMOVE) != 0;
}

static int
add_key(struct uapi_set *s, enum set_op op, const char *v)
{
	struct set_item i;
	int error = EINVAL;

	memset(&i, 0, sizeof(i));
	i.op = op;
	if (hex_decode(i.key, sizeof(i.key), v, strlen(v)) == 0)
		error = add_item(s, &i);
	sodium_memzero(&i, sizeof(i));
	return error;
}

static int
add_plain(struct uapi_set *s, enum set_op op, const char *v)
{
	struct set_item i;

	if (strcmp(v, "true") != 0)
		return EINVAL;
	memset(&i, 0, sizeof(i));
	i.op = op;
	return add_item(s, &i);
}

static int
private_key(struct uapi_set *s, const char *v)
{
	return add_key(s, SET_PRIVATE_KEY, v);
}

static int
listen_port(struct uapi_set *s, const char *v)
{
	uint64_t n;

	if (decimal_parse(v, UINT16_MAX, &n) == -1)
		return EINVAL;
	s->has_port = true;
	s->port = (uint16_t)n;
	return 0;
}

static int
fwmark(struct uapi_set *s, const char *v)
{
	uint64_t n;

	if (decimal_parse(v, UINT32_MAX, &n) == -1)
		return EINVAL;
	s->has_mark = true;
	s->mark = (uint32_t)n;
	return 0;
}

static int
replace_peers(struct uapi_set *s, const char *v)
{
	return add_plain(s, SET_REPLACE_PEERS, v);
}

static int
public_key(struct uapi_set *s, const char *v)
{
	int error;

	memset(&s->peer, 0, sizeof(s->peer));
	s->peer.op = SET_PEER;
	if (hex_decode(s->peer.key, KEY_SIZE, v, strlen(v)) == -1)
		return EINVAL;
	error = add_item(s, &s->peer);
	if (error == 0)
		s->peers++;
	return error;
}

/* What came before about this peer does not matter any more. */
static int
remove_peer(struct uapi_set *s, const char *v)
{
	struct endpoint_chunk *e;

	if (strcmp(v, "true") != 0)
		return EINVAL;
	s->peer.flags |= SET_F_REMOVE;
	items_cut(s, s->peer_chunk);
	sodium_memzero(s->peer_chunk->data + s->peer_off,
	    s->peer_chunk->len - s->peer_off);
	s->peer_chunk->len = s->peer_off + repack_peer(s);
	e = STAILQ_LAST(&s->endpoints, endpoint_chunk, entry);
	if (e != NULL && e->n > 0 && e->at[e->n - 1].ordinal == s->peers - 1)
		e->n--;
	return 0;
}

static int
update_only(struct uapi_set *s, const char *v)
{
	if (strcmp(v, "true") != 0)
		return EINVAL;
	s->peer.flags |= SET_F_UPDATE_ONLY;
	repack_peer(s);
	return 0;
}

static int
preshared_key(struct uapi_set *s, const char *v)
{
	return add_key(s, SET_PSK, v);
}

/* Where the present peer's endpoint goes; the last one said counts. */
static struct set_endpoint *
endpoint_slot(struct uapi_set *s)
{
	struct endpoint_chunk *e;

	e = STAILQ_LAST(&s->endpoints, endpoint_chunk, entry);
	if (e != NULL && e->n > 0 && e->at[e->n - 1].ordinal == s->peers - 1)
		return &e->at[e->n - 1];
	if (e == NULL || e->n == ENDPOINT_CHUNK) {
		if ((e = budget_alloc(s, sizeof(*e))) == NULL)
			return NULL;
		e->n = 0;
		STAILQ_INSERT_TAIL(&s->endpoints, e, entry);
	}
	return &e->at[e->n++];
}

/* "[fe80::1%eth0]:5": the same with the number of that interface. */
static int
endpoint_by_name(struct uapi_set *s, struct endpoint *ep, const char *v)
{
	char text[ENDPOINT_TEXT], name[IF_NAMESIZE];
	const char *from = strchr(v, '%'), *to = strchr(v, ']');
	uint32_t index;
	int n;

	if (s->scope == NULL || from == NULL || to == NULL || to < from ||
	    to - from - 1 >= IF_NAMESIZE)
		return -1;
	memcpy(name, from + 1, (size_t)(to - from - 1));
	name[to - from - 1] = '\0';
	if ((index = s->scope(s->scope_arg, name)) == 0)
		return -1;
	n = snprintf(text, sizeof(text), "%.*s%%%u%s", (int)(from - v), v,
	    index, to);
	return n > 0 && (size_t)n < sizeof(text) ?
	    endpoint_parse(ep, text) : -1;
}

static int
endpoint(struct uapi_set *s, const char *v)
{
	struct set_endpoint *slot;
	struct endpoint ep;

	if (endpoint_parse(&ep, v) == -1 && endpoint_by_name(s, &ep, v) == -1)
		return EINVAL;
	if ((slot = endpoint_slot(s)) == NULL)
		return ENOMEM;
	slot->ordinal = s->peers - 1;
	slot->device = 0;
	slot->endpoint = ep;
	return 0;
}

static int
keepalive(struct uapi_set *s, const char *v)
{
	struct set_item i;
	uint64_t n;

	if (decimal_parse(v, UINT16_MAX, &n) == -1)
		return EINVAL;
	memset(&i, 0, sizeof(i));
	i.op = SET_KEEPALIVE;
	i.keepalive = (uint16_t)n;
	return add_item(s, &i);
}

static int
replace_ips(struct uapi_set *s, const char *v)
{
	return add_plain(s, SET_REPLACE_IPS, v);
}

/* A prefix has no bits beyond its length. */
static void
mask_prefix(struct prefix *p)
{
	size_t i, bits = p->cidr;

	for (i = 0; i < sizeof(p->addr); i++) {
		if (bits >= 8)
			bits -= 8;
		else {
			p->addr[i] &= (uint8_t)(0xff00 >> bits);
			bits = 0;
		}
	}
}

static int
allowed_ip(struct uapi_set *s, const char *v)
{
	struct set_item i;

	memset(&i, 0, sizeof(i));
	i.op = SET_ALLOWED_IP;
	if (*v == '-') {
		i.flags = SET_F_REMOVE;
		v++;
	}
	if (strchr(v, '/') == NULL || prefix_parse(&i.prefix, v) == -1)
		return EINVAL;
	mask_prefix(&i.prefix);
	return add_item(s, &i);
}

static int
protocol_version(struct uapi_set *s, const char *v)
{
	(void)s;
	return strcmp(v, "1") == 0 ? 0 : EINVAL;
}

static const struct key device_keys[] = {
	{ "private_key",		private_key },
	{ "listen_port",		listen_port },
	{ "fwmark",			fwmark },
	{ "replace_peers",		replace_peers },
	{ "protocol_version",		protocol_version },
	{ "public_key",			public_key },
	{ NULL,				NULL }
};

static const struct key peer_keys[] = {
	{ "allowed_ip",			allowed_ip },
	{ "public_key",			public_key },
	{ "preshared_key",		preshared_key },
	{ "endpoint",			endpoint },
	{ "persistent_keepalive_interval", keepalive },
	{ "replace_allowed_ips",	replace_ips },
	{ "remove",			remove_peer },
	{ "update_only",		update_only },
	{ "protocol_version",		protocol_version },
	{ NULL,				NULL }
};

/* Is a value of this key right?  For the lines of a peer that is removed. */
static int
check_only(struct uapi_set *in, const struct key *k, const char *v)
{
	struct uapi_budget b = { 0, 0, UAPI_SET_MAX };
	struct uapi_set s;
	char any[2 * KEY_SIZE + 1];
	int error;

	memset(any, '0', sizeof(any) - 1);
	any[sizeof(any) - 1] = '\0';
	uapi_set_init(&s, &b, in->scope, in->scope_arg);
	error = public_key(&s, any);
	if (error == 0)
		error = k->fn(&s, v);
	uapi_set_clear(&s);
	return error;
}

int
uapi_set_line(struct uapi_set *s, const char *line, size_t len)
{
	const struct key *k;
	char buf[UAPI_LINE_MAX + 1], *v;
	int error = EINVAL;

	if (len > UAPI_LINE_MAX || memchr(line, '\0', len) != NULL)
		return EINVAL;
	memcpy(buf, line, len);
	buf[len] = '\0';
	if ((v = strchr(buf, '=')) == NULL) {
		error = EPROTO;
		goto out;
	}
	*v++ = '\0';
	for (k = s->peers > 0 ? peer_keys : device_keys; k->name != NULL; k++)
		if (strcmp(k->name, buf) == 0)
			break;
	if (k->name != NULL && removing(s) && k->fn != public_key)
		error = check_only(s, k, v);
	else if (k->name != NULL)
		error = k->fn(s, v);
out:
	sodium_memzero(buf, len + 1);
	return error;
}
