/* SPDX-License-Identifier: ISC */
/*
 * Codecs of a configuration's messages: see msg_conf.h.
 */
#include <errno.h>
#include <string.h>

#include "shared/codec.h"
#include "shared/msg_conf.h"

/* A string, cut to what fits into max bytes with its NUL. */
static void
put_cut(struct wbuf *w, const char *s, size_t max)
{
	size_t n = strnlen(s, max - 1);

	put_u16(w, (uint16_t)n);
	put_bytes(w, s, n);
}

void
conf_begin_send(struct link *l, uint32_t id, bool initial)
{
	uint8_t b = initial;

	link_send(l, MSG_CONF_BEGIN, id, -1, &b, 1);
}

int
conf_begin_recv(const struct imsg *m, bool *initial)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*initial = get_bool(&r);
	return rbuf_end(&r);
}

void
conf_items_send(struct link *l, uint32_t id, const void *items, size_t len)
{
	link_send(l, MSG_CONF_ITEMS, id, -1, items, len);
}

void
conf_plain_send(struct link *l, uint16_t type, uint32_t id)
{
	link_send(l, type, id, -1, NULL, 0);
}

void
conf_no_send(struct link *l, uint32_t id, const char *why)
{
	uint8_t buf[CONF_WHY_MAX + 2];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_cut(&w, why, CONF_WHY_MAX);
	link_send_wbuf(l, MSG_CONF_NO, id, -1, &w);
}

int
conf_no_recv(const struct imsg *m, char why[CONF_WHY_MAX])
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	get_str(&r, why, CONF_WHY_MAX);
	return rbuf_end(&r);
}

void
conf_done_send(struct link *l, uint32_t id, const struct conf_done *d)
{
	uint8_t buf[16];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u32(&w, d->added);
	put_u32(&w, d->removed);
	put_u32(&w, d->changed);
	put_u32(&w, d->kept);
	link_send_wbuf(l, MSG_CONF_DONE, id, -1, &w);
}

int
conf_done_recv(const struct imsg *m, struct conf_done *d)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	d->added = get_u32(&r);
	d->removed = get_u32(&r);
	d->changed = get_u32(&r);
	d->kept = get_u32(&r);
	return rbuf_end(&r);
}

void
conf_key_send(struct link *l, uint32_t id, enum conf_key kind, int fd)
{
	uint8_t b = (uint8_t)kind;

	link_send(l, MSG_CONF_KEY, id, fd, &b, 1);
}

int
conf_key_recv(const struct imsg *m, enum conf_key *kind)
{
	struct rbuf r;
	uint8_t v;

	rbuf_init(&r, m->data, m->len);
	v = get_u8(&r);
	if (v != CONF_KEY_PRIVATE && v != CONF_KEY_PSK)
		r.fail = true;
	*kind = v;
	return rbuf_end(&r);
}

void
put_crypto_item(struct wbuf *w, const struct crypto_item *it)
{
	put_u8(w, (uint8_t)it->op);
	switch (it->op) {
	case CRYPTO_MAKE_KEY:
		break;
	case CRYPTO_PEER:
		put_bytes(w, it->key, CONF_KEY_SIZE);
		put_u16(w, it->keepalive);
		put_cut(w, it->name, CONF_NAME_MAX);
		break;
	case CRYPTO_LOCAL:
	case CRYPTO_ALLOWED_IP:
		put_prefix(w, &it->prefix);
		break;
	}
}

void
get_crypto_item(struct rbuf *r, struct crypto_item *it)
{
	uint8_t op;

	memset(it, 0, sizeof(*it));
	op = get_u8(r);
	switch (op) {
	case CRYPTO_MAKE_KEY:
		break;
	case CRYPTO_PEER:
		get_bytes(r, it->key, CONF_KEY_SIZE);
		it->keepalive = get_u16(r);
		get_str(r, it->name, CONF_NAME_MAX);
		break;
	case CRYPTO_LOCAL:
	case CRYPTO_ALLOWED_IP:
		get_prefix(r, &it->prefix);
		break;
	default:
		r->fail = true;
	}
	it->op = op;
}

void
put_net_item(struct wbuf *w, const struct net_item *it)
{
	put_bytes(w, it->key, CONF_KEY_SIZE);
	put_cut(w, it->name, CONF_NAME_MAX);
	put_endpoint(w, &it->endpoint);
	put_cut(w, it->host, CONF_HOST_MAX);
	put_u16(w, it->port);
}

void
get_net_item(struct rbuf *r, struct net_item *it)
{
	memset(it, 0, sizeof(*it));
	get_bytes(r, it->key, CONF_KEY_SIZE);
	get_str(r, it->name, CONF_NAME_MAX);
	get_endpoint(r, &it->endpoint);
	get_str(r, it->host, CONF_HOST_MAX);
	it->port = get_u16(r);
	if (it->host[0] != '\0' && it->endpoint.family != 0)
		r->fail = true;
	if ((it->host[0] == '\0') != (it->port == 0))
		r->fail = true;
}

void
put_show_item(struct wbuf *w, const struct show_item *it)
{
	put_u8(w, (uint8_t)it->op);
	if (it->op == SHOW_ITEM_PEER) {
		put_bytes(w, it->key, CONF_KEY_SIZE);
		put_cut(w, it->name, CONF_NAME_MAX);
	}
	if (it->op != SHOW_ITEM_PSK)
		put_cut(w, it->text, CONF_PATH_MAX);
}

void
get_show_item(struct rbuf *r, struct show_item *it)
{
	uint8_t op;

	memset(it, 0, sizeof(*it));
	op = get_u8(r);
	if (op < SHOW_ITEM_INSTANCE || op > SHOW_ITEM_PSK)
		r->fail = true;
	it->op = op;
	if (op == SHOW_ITEM_PEER) {
		get_bytes(r, it->key, CONF_KEY_SIZE);
		get_str(r, it->name, CONF_NAME_MAX);
	}
	if (op != SHOW_ITEM_PSK)
		get_str(r, it->text, CONF_PATH_MAX);
}

static enum slot
get_slot(struct rbuf *r)
{
	uint8_t v = get_u8(r);

	if (v == 0 || v >= SLOT_COUNT)
		r->fail = true;
	return v;
}

void
slot_fd_send(struct link *l, enum slot slot, bool write, int fd)
{
	const uint8_t b[2] = { (uint8_t)slot, write };

	link_send(l, MSG_SLOT_FD, 0, fd, b, sizeof(b));
}

int
slot_fd_recv(const struct imsg *m, enum slot *slot, bool *write)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*slot = get_slot(&r);
	*write = get_bool(&r);
	return rbuf_end(&r);
}

void
slot_want_send(struct link *l, enum slot slot)
{
	uint8_t b = (uint8_t)slot;

	link_send(l, MSG_SLOT_WANT, 0, -1, &b, 1);
}

int
slot_want_recv(const struct imsg *m, enum slot *slot)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*slot = get_slot(&r);
	return rbuf_end(&r);
}

static void
slot_error_send(struct link *l, uint16_t type, enum slot slot, int error)
{
	uint8_t buf[5];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, (uint8_t)slot);
	put_u32(&w, (uint32_t)error);
	link_send_wbuf(l, type, 0, -1, &w);
}

void
slot_written_send(struct link *l, enum slot slot, int error)
{
	slot_error_send(l, MSG_SLOT_WRITTEN, slot, error);
}

void
slot_done_send(struct link *l, enum slot slot, int error)
{
	slot_error_send(l, MSG_SLOT_DONE, slot, error);
}

int
slot_error_recv(const struct imsg *m, enum slot *slot, int *error)
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*slot = get_slot(&r);
	*error = (int)get_u32(&r);
	return rbuf_end(&r);
}

void
reload_send(struct link *l, uint32_t id)
{
	link_send(l, MSG_RELOAD, id, -1, NULL, 0);
}

void
reload_done_send(struct link *l, uint32_t id, int error, const char *text)
{
	uint8_t buf[4 + 2 + RELOAD_TEXT_MAX];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u32(&w, (uint32_t)error);
	put_cut(&w, text, RELOAD_TEXT_MAX);
	link_send_wbuf(l, MSG_RELOAD_DONE, id, -1, &w);
}

int
reload_done_recv(const struct imsg *m, int *error, char text[RELOAD_TEXT_MAX])
{
	struct rbuf r;

	rbuf_init(&r, m->data, m->len);
	*error = (int)get_u32(&r);
	get_str(&r, text, RELOAD_TEXT_MAX);
	return rbuf_end(&r);
}
