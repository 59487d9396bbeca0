/* SPDX-License-Identifier: ISC */
/*
 * The UAPI's set from any text: what is accepted is packed items that
 * cryptod reads, and printed as text again gives the same items.
 */
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>

#include <sodium.h>

#include "ctld/uapi_parse.h"
#include "input.h"
#include "shared/hex.h"

#define TEXT_MAX (1024 * 1024)

/* The codecs of items stand beside those that send. */
void
link_send(struct link *l, uint16_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	(void)l;
	(void)type;
	(void)id;
	(void)fd;
	(void)data;
	(void)len;
	abort();
}

void
link_send_wbuf(struct link *l, uint16_t type, uint32_t id, int fd,
    struct wbuf *w)
{
	MUST(!w->fail);
	link_send(l, type, id, fd, w->p, w->len);
}

/* Every interface whose name begins with an e is there. */
static uint32_t
scope(void *arg, const char *name)
{
	MUST(arg == NULL && strlen(name) < IF_NAMESIZE);
	return name[0] == 'e' ? UINT32_MAX - (uint8_t)name[1] : 0;
}

/* Feed lines until one is refused; 0, or its errno. */
static int
feed(struct uapi_set *s, const uint8_t *text, size_t len)
{
	const uint8_t *nl;
	uint8_t *line;
	size_t n;
	int error = 0;

	while (len > 0 && error == 0) {
		nl = memchr(text, '\n', len);
		n = nl != NULL ? (size_t)(nl - text) : len;
		line = input_dup(text, n);
		error = uapi_set_line(s, (char *)line, n);
		MUST(error == 0 || error == EINVAL || error == EPROTO ||
		    error == ENOMEM);
		free(line);
		n += nl != NULL;
		text += n;
		len -= n;
	}
	return error;
}

static void
print_key(FILE *fp, const char *name, const uint8_t *key)
{
	char hex[HEX_SIZE(KEY_SIZE)];

	MUST(hex_encode(hex, sizeof(hex), key, KEY_SIZE) == 0);
	fprintf(fp, "%s=%s\n", name, hex);
}

/* The bits that a prefix does not have are zero. */
static void
check_prefix(const struct prefix *p)
{
	unsigned int bit;

	for (bit = p->cidr; bit < 128; bit++)
		MUST((p->addr[bit / 8] >> (7 - bit % 8) & 1) == 0);
}

static void
print_item(FILE *fp, const struct set_item *i)
{
	char text[PREFIX_TEXT];

	switch (i->op) {
	case SET_PRIVATE_KEY:
		print_key(fp, "private_key", i->key);
		break;
	case SET_REPLACE_PEERS:
		fputs("replace_peers=true\n", fp);
		break;
	case SET_PEER:
		print_key(fp, "public_key", i->key);
		if ((i->flags & SET_F_UPDATE_ONLY) != 0)
			fputs("update_only=true\n", fp);
		if ((i->flags & SET_F_REMOVE) != 0)
			fputs("remove=true\n", fp);
		break;
	case SET_PSK:
		print_key(fp, "preshared_key", i->key);
		break;
	case SET_KEEPALIVE:
		fprintf(fp, "persistent_keepalive_interval=%u\n",
		    i->keepalive);
		break;
	case SET_REPLACE_IPS:
		fputs("replace_allowed_ips=true\n", fp);
		break;
	case SET_ALLOWED_IP:
		check_prefix(&i->prefix);
		prefix_print(&i->prefix, text, sizeof(text));
		fprintf(fp, "allowed_ip=%s%s\n",
		    (i->flags & SET_F_REMOVE) != 0 ? "-" : "", text);
		break;
	}
}

static const struct set_endpoint *
endpoint_of(const struct uapi_set *s, uint32_t ordinal)
{
	const struct endpoint_chunk *c;
	size_t i;

	STAILQ_FOREACH(c, &s->endpoints, entry)
		for (i = 0; i < c->n; i++)
			if (c->at[i].ordinal == ordinal)
				return &c->at[i];
	return NULL;
}

static void
print_endpoint(FILE *fp, const struct uapi_set *s, uint32_t ordinal,
    bool removed)
{
	const struct set_endpoint *e = endpoint_of(s, ordinal);
	char text[ENDPOINT_TEXT];

	if (e == NULL)
		return;
	MUST(!removed && e->device == 0);
	endpoint_print(&e->endpoint, text, sizeof(text));
	fprintf(fp, "endpoint=%s\n", text);
}

/* Read all items as cryptod does, and print them as they came. */
static size_t
print_set(const struct uapi_set *s, char *buf)
{
	const struct set_chunk *c;
	struct set_item i;
	struct rbuf r;
	uint32_t peers = 0;
	bool removed = false;
	long end;
	FILE *fp;

	MUST((fp = fmemopen(buf, TEXT_MAX, "w")) != NULL);
	if (s->has_port)
		fprintf(fp, "listen_port=%u\n", s->port);
	if (s->has_mark)
		fprintf(fp, "fwmark=%u\n", s->mark);
	STAILQ_FOREACH(c, &s->items, entry) {
		MUST(c->len > 0 && c->len <= sizeof(c->data));
		rbuf_init(&r, c->data, c->len);
		while (r.left > 0) {
			get_set_item(&r, &i);
			MUST(!r.fail);
			MUST(!removed || i.op == SET_PEER);
			MUST(peers > 0 || i.op <= SET_PEER);
			print_item(fp, &i);
			if (i.op != SET_PEER)
				continue;
			removed = (i.flags & SET_F_REMOVE) != 0;
			print_endpoint(fp, s, peers++, removed);
		}
	}
	MUST(peers == s->peers);
	end = ftell(fp);
	MUST(end >= 0 && end < TEXT_MAX);
	fclose(fp);
	return (size_t)end;
}

/* The endpoints are in order, one a peer, and the memory is accounted. */
static void
check_set(const struct uapi_set *s)
{
	const struct endpoint_chunk *e;
	const struct set_chunk *c;
	size_t i, memory = 0;
	int64_t last = -1;

	STAILQ_FOREACH(c, &s->items, entry)
		memory += sizeof(*c);
	STAILQ_FOREACH(e, &s->endpoints, entry) {
		memory += sizeof(*e);
		for (i = 0; i < e->n; i++) {
			MUST((int64_t)e->at[i].ordinal > last);
			last = e->at[i].ordinal;
			MUST(e->at[i].ordinal < s->peers);
		}
	}
	MUST(memory == s->memory && memory == s->budget->used);
}

static void
same_items(const struct uapi_set *a, const struct uapi_set *b)
{
	const struct set_chunk *c = STAILQ_FIRST(&a->items);
	const struct set_chunk *d = STAILQ_FIRST(&b->items);

	for (; c != NULL && d != NULL; c = STAILQ_NEXT(c, entry),
	    d = STAILQ_NEXT(d, entry))
		MUST(c->len == d->len && memcmp(c->data, d->data,
		    c->len) == 0);
	MUST(c == NULL && d == NULL && a->peers == b->peers);
	MUST(a->has_port == b->has_port && a->port == b->port);
	MUST(a->has_mark == b->has_mark && a->mark == b->mark);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX], again[TEXT_MAX];
	struct uapi_budget budget = { 0, 0, UAPI_ALL_MAX }, other = budget;
	struct uapi_set s, t;
	size_t len;

	MUST(sodium_init() != -1);
	uapi_set_init(&s, &budget, scope, NULL);
	if (feed(&s, data, size) == 0) {
		check_set(&s);
		len = print_set(&s, text);
		uapi_set_init(&t, &other, NULL, NULL);
		MUST(feed(&t, (uint8_t *)text, len) == 0);
		check_set(&t);
		same_items(&s, &t);
		MUST(print_set(&t, again) == len &&
		    memcmp(text, again, len) == 0);
		uapi_set_clear(&t);
		MUST(other.used == 0);
	}
	if (!STAILQ_EMPTY(&s.items))
		uapi_set_shift(&s);
	uapi_set_clear(&s);
	uapi_set_clear(&s);
	MUST(budget.used == 0 && budget.peak <= UAPI_ALL_MAX);
	return 0;
}
