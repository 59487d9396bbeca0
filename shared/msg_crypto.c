/* SPDX-License-Identifier: ISC */
/*
 * Codecs of cryptod's messages: see msg_crypto.h.  Buffers that may have held
 * a key are wiped.
 */
#include <string.h>

#include "shared/msg_crypto.h"

#define SMALL	128

void
ring_offer_send(struct link *l, const struct ring_offer *o, int fd)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, o->worker);
	put_u32(&w, o->bulk_size);
	put_u32(&w, o->urgent_slots);
	link_send_wbuf(l, MSG_RING, 0, fd, &w);
}

int
ring_offer_recv(const struct imsg *m, struct ring_offer *o)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	o->worker = get_u16(&r);
	o->bulk_size = get_u32(&r);
	o->urgent_slots = get_u32(&r);
	return rbuf_end(&r);
}

void
index_page_send(struct link *l, int fd)
{
	link_send(l, MSG_INDEX_PAGE, 0, fd, NULL, 0);
}

void
put_set_item(struct wbuf *w, const struct set_item *i)
{
	put_u8(w, (uint8_t)i->op);
	switch (i->op) {
	case SET_PEER:
		put_u8(w, i->flags);
		/* FALLTHROUGH */
	case SET_PRIVATE_KEY:
	case SET_PSK:
		put_bytes(w, i->key, KEY_SIZE);
		break;
	case SET_KEEPALIVE:
		put_u16(w, i->keepalive);
		break;
	case SET_ALLOWED_IP:
		put_u8(w, i->flags);
		put_prefix(w, &i->prefix);
		break;
	case SET_REPLACE_PEERS:
	case SET_REPLACE_IPS:
		break;
	}
}

void
get_set_item(struct rbuf *r, struct set_item *i)
{
	memset(i, 0, sizeof(*i));
	i->op = get_u8(r);
	switch (i->op) {
	case SET_PEER:
		i->flags = get_u8(r);
		if ((i->flags & ~(SET_F_REMOVE | SET_F_UPDATE_ONLY)) != 0)
			r->fail = true;
		/* FALLTHROUGH */
	case SET_PRIVATE_KEY:
	case SET_PSK:
		get_bytes(r, i->key, KEY_SIZE);
		break;
	case SET_KEEPALIVE:
		i->keepalive = get_u16(r);
		break;
	case SET_ALLOWED_IP:
		i->flags = get_u8(r);
		if ((i->flags & ~SET_F_REMOVE) != 0)
			r->fail = true;
		get_prefix(r, &i->prefix);
		break;
	case SET_REPLACE_PEERS:
	case SET_REPLACE_IPS:
		break;
	default:
		r->fail = true;
	}
}

void
set_begin_send(struct link *l, uint32_t id)
{
	link_send(l, MSG_SET_BEGIN, id, -1, NULL, 0);
}

void
set_items_send(struct link *l, uint32_t id, const void *items, size_t len)
{
	link_send(l, MSG_SET_ITEMS, id, -1, items, len);
}

void
set_end_send(struct link *l, uint32_t id)
{
	link_send(l, MSG_SET_END, id, -1, NULL, 0);
}

void
set_ids_send(struct link *l, uint32_t id, const uint32_t *ids, size_t n)
{
	uint8_t buf[MSG_PAYLOAD];
	struct wbuf w;
	size_t i;

	wbuf_init(&w, buf, sizeof(buf));
	for (i = 0; i < n; i++)
		put_u32(&w, ids[i]);
	link_send_wbuf(l, MSG_SET_IDS, id, -1, &w);
}

int
set_ids_recv(const struct imsg *m, uint32_t *ids, size_t *n)
{
	struct rbuf r;

	*n = 0;
	rbuf_init(&r, m->data, m->len);
	while (!r.fail && r.left > 0 && *n < SET_IDS_MAX)
		ids[(*n)++] = get_u32(&r);
	return rbuf_end(&r);
}

void
set_done_send(struct link *l, uint32_t id, int error)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u32(&w, (uint32_t)error);
	link_send_wbuf(l, MSG_SET_DONE, id, -1, &w);
}

int
set_done_recv(const struct imsg *m, int *error)
{
	struct rbuf r;
	uint32_t v;

	rbuf_init(&r, m->data, m->len);
	v = get_u32(&r);
	if (v > 4095)
		r.fail = true;
	*error = (int)v;
	return rbuf_end(&r);
}

void
get_device_send(struct link *l, uint32_t id, bool secrets)
{
	uint8_t v = secrets;

	link_send(l, MSG_GET_DEVICE, id, -1, &v, 1);
}

int
get_device_recv(const struct imsg *m, bool *secrets)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*secrets = get_bool(&r);
	return rbuf_end(&r);
}

void
device_send(struct link *l, uint32_t id, const struct device_info *d)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, d->has_identity);
	put_u8(&w, d->has_secret);
	put_bytes(&w, d->private_key, KEY_SIZE);
	put_bytes(&w, d->public_key, KEY_SIZE);
	put_u32(&w, d->peers);
	link_send_wbuf(l, MSG_DEVICE, id, -1, &w);
}

int
device_recv(const struct imsg *m, struct device_info *d)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	d->has_identity = get_bool(&r);
	d->has_secret = get_bool(&r);
	get_bytes(&r, d->private_key, KEY_SIZE);
	get_bytes(&r, d->public_key, KEY_SIZE);
	d->peers = get_u32(&r);
	return rbuf_end(&r);
}

static void
put_cursor(struct wbuf *w, const struct peer_cursor *c)
{
	put_u32(w, c->device);
	put_u64(w, c->serial);
}

static void
get_cursor(struct rbuf *r, struct peer_cursor *c)
{
	c->device = get_u32(r);
	c->serial = get_u64(r);
}

void
get_peers_send(struct link *l, uint32_t id, const struct peer_cursor *c,
    bool secrets)
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_cursor(&w, c);
	put_u8(&w, secrets);
	link_send_wbuf(l, MSG_GET_PEERS, id, -1, &w);
}

int
get_peers_recv(const struct imsg *m, struct peer_cursor *c, bool *secrets)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	get_cursor(&r, c);
	*secrets = get_bool(&r);
	return rbuf_end(&r);
}

void
put_peers_head(struct wbuf *w, bool done, const struct peer_cursor *c)
{
	put_u8(w, done);
	put_cursor(w, c);
}

void
get_peers_head(struct rbuf *r, bool *done, struct peer_cursor *c)
{
	*done = get_bool(r);
	get_cursor(r, c);
}

void
put_peer_info(struct wbuf *w, const struct peer_info *p)
{
	put_u32(w, p->device);
	put_u8(w, p->more_of_it);
	put_u8(w, p->has_secret);
	put_bytes(w, p->public_key, KEY_SIZE);
	put_bytes(w, p->psk, KEY_SIZE);
	put_u16(w, p->keepalive);
	put_u64(w, p->handshake_sec);
	put_u32(w, p->handshake_nsec);
	put_u64(w, p->rx_bytes);
	put_u64(w, p->tx_bytes);
	put_u32(w, p->tries);
	put_u32(w, p->bad_response);
	put_u32(w, p->stale);
	put_u8(w, p->has_skew);
	put_u64(w, (uint64_t)p->skew);
	put_u16(w, p->nips);
}

void
get_peer_info(struct rbuf *r, struct peer_info *p)
{
	p->device = get_u32(r);
	p->more_of_it = get_bool(r);
	p->has_secret = get_bool(r);
	get_bytes(r, p->public_key, KEY_SIZE);
	get_bytes(r, p->psk, KEY_SIZE);
	p->keepalive = get_u16(r);
	p->handshake_sec = get_u64(r);
	p->handshake_nsec = get_u32(r);
	p->rx_bytes = get_u64(r);
	p->tx_bytes = get_u64(r);
	p->tries = get_u32(r);
	p->bad_response = get_u32(r);
	p->stale = get_u32(r);
	p->has_skew = get_bool(r);
	p->skew = (int64_t)get_u64(r);
	p->nips = get_u16(r);
}

void
put_remote_add(struct wbuf *w, const struct remote_id *i)
{
	put_u32(w, i->device);
	put_u16(w, i->slot);
	put_bytes(w, i->public_key, KEY_SIZE);
}

void
get_remote_add(struct rbuf *r, struct remote_id *i)
{
	i->device = get_u32(r);
	i->slot = get_u16(r);
	get_bytes(r, i->public_key, KEY_SIZE);
	if (i->device == 0)
		r->fail = true;
}

void
put_remote_del(struct wbuf *w, const struct remote_id *i)
{
	put_u32(w, i->device);
	put_u16(w, i->slot);
}

void
get_remote_del(struct rbuf *r, struct remote_id *i)
{
	memset(i, 0, sizeof(*i));
	i->device = get_u32(r);
	i->slot = get_u16(r);
	if (i->device == 0)
		r->fail = true;
}

void
local_key_send(struct link *l, uint8_t slot, bool set,
    const uint8_t public_key[KEY_SIZE])
{
	uint8_t buf[SMALL];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, slot);
	put_u8(&w, set);
	put_bytes(&w, public_key, KEY_SIZE);
	link_send_wbuf(l, MSG_LOCAL_KEY, 0, -1, &w);
}

int
local_key_recv(const struct imsg *m, uint8_t *slot, bool *set,
    uint8_t public_key[KEY_SIZE])
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*slot = get_u8(&r);
	*set = get_bool(&r);
	get_bytes(&r, public_key, KEY_SIZE);
	if (*slot >= LOCAL_KEYS)
		r.fail = true;
	return rbuf_end(&r);
}
