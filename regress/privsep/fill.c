/* SPDX-License-Identifier: ISC */
/*
 * Content of messages, by their number: see fill.h.
 */
#include <sys/socket.h>

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "regress/privsep/fill.h"
#include "regress/privsep/play.h"
#include "shared/bytes.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "shared/msg_helper.h"
#include "shared/msg_net.h"

/* n of these, none of which was in the messages before the i-th. */
static void
fill_each(struct wbuf *w, unsigned i, unsigned n, fill_fn one)
{
	unsigned k;

	for (k = 0; k < n; k++)
		one(w, i * n + k);
}

void
fill_nothing(struct wbuf *w, unsigned i)
{
	(void)w;
	(void)i;
}

void
fill_bool(struct wbuf *w, unsigned i)
{
	put_u8(w, i % 2 == 0);
}

static void
fill_random_key(uint8_t key[KEY_SIZE], unsigned i)
{
	kid_random(key, KEY_SIZE);
	put_le32(key, i);		/* no two are the same */
}

void
fill_topic(struct wbuf *w, unsigned i)
{
	put_u8(w, (uint8_t)(SHOW_IMSG + i % 3));
}

void
fill_get_device(struct wbuf *w, unsigned i)
{
	(void)i;
	put_u8(w, kid_mode == MODE_BARE);
}

void
fill_get_peers(struct wbuf *w, unsigned i)
{
	put_u32(w, i % 2);
	put_u64(w, i);
	put_u8(w, kid_mode == MODE_BARE);
}

/* An address that no message before had. */
static void
fill_prefix(struct prefix *p, unsigned i)
{
	memset(p, 0, sizeof(*p));
	p->family = AF_INET6;
	p->cidr = 128;
	kid_random(p->addr, 12);
	put_be32(p->addr + 12, i);
}

static void
fill_set_ip(struct wbuf *w, unsigned i)
{
	struct set_item it;

	memset(&it, 0, sizeof(it));
	it.op = SET_ALLOWED_IP;
	fill_prefix(&it.prefix, i);
	put_set_item(w, &it);
}

static void
fill_set_peer(struct wbuf *w, unsigned i)
{
	struct set_item it;

	memset(&it, 0, sizeof(it));
	it.op = SET_PEER;
	fill_random_key(it.key, i);
	put_set_item(w, &it);
}

/* All of one peer, whom the first message names. */
void
fill_set_ips(struct wbuf *w, unsigned i)
{
	if (i == 0)
		fill_set_peer(w, i);
	fill_each(w, i, FILL_IPS, fill_set_ip);
}

void
fill_set_peers(struct wbuf *w, unsigned i)
{
	fill_each(w, i, FILL_PEERS, fill_set_peer);
}

/* One that comes and goes at once. */
void
fill_set_removed(struct wbuf *w, unsigned i)
{
	struct set_item it;

	memset(&it, 0, sizeof(it));
	it.op = SET_PEER;
	fill_random_key(it.key, i);
	put_set_item(w, &it);
	it.flags = SET_F_REMOVE;
	put_set_item(w, &it);
}

void
fill_crypto_peer(struct wbuf *w, unsigned i)
{
	struct crypto_item it;

	memset(&it, 0, sizeof(it));
	it.op = CRYPTO_PEER;
	fill_random_key(it.key, i);
	snprintf(it.name, sizeof(it.name), "p%u", i);
	put_crypto_item(w, &it);
}

void
fill_crypto_peers(struct wbuf *w, unsigned i)
{
	fill_each(w, i, FILL_PEERS, fill_crypto_peer);
}

static void
fill_crypto_ip(struct wbuf *w, unsigned i)
{
	struct crypto_item it;

	memset(&it, 0, sizeof(it));
	it.op = CRYPTO_ALLOWED_IP;
	fill_prefix(&it.prefix, i);
	put_crypto_item(w, &it);
}

/* As fill_set_ips(). */
void
fill_crypto_ips(struct wbuf *w, unsigned i)
{
	if (i == 0)
		fill_crypto_peer(w, i);
	fill_each(w, i, FILL_IPS, fill_crypto_ip);
}

void
fill_net_item(struct wbuf *w, unsigned i)
{
	struct net_item it;

	memset(&it, 0, sizeof(it));
	put_le32(it.key, i + 1);
	snprintf(it.name, sizeof(it.name), "p%u", i);
	snprintf(it.host, sizeof(it.host), "h%u.example.net", i);
	it.port = 51820;
	put_net_item(w, &it);
}

void
fill_net_items(struct wbuf *w, unsigned i)
{
	fill_each(w, i, 3, fill_net_item);
}

void
fill_net_many(struct wbuf *w, unsigned i)
{
	fill_each(w, i, FILL_PEERS, fill_net_item);
}

static void
fill_show_item(struct wbuf *w, unsigned i)
{
	struct show_item it;

	memset(&it, 0, sizeof(it));
	it.op = SHOW_ITEM_PEER;
	fill_random_key(it.key, i);
	snprintf(it.name, sizeof(it.name), "p%u", i);
	snprintf(it.text, sizeof(it.text), "an.endpoint.example.net:51820");
	put_show_item(w, &it);
}

void
fill_show_items(struct wbuf *w, unsigned i)
{
	fill_each(w, i, FILL_PEERS, fill_show_item);
}

void
fill_conf_key(struct wbuf *w, unsigned i)
{
	(void)i;
	put_u8(w, CONF_KEY_PRIVATE);
}

/* A file of sessions, which is none. */
void
fill_slot_fd(struct wbuf *w, unsigned i)
{
	(void)i;
	put_u8(w, SLOT_SESSIONS);
	put_u8(w, 0);
}

void
fill_slot_done(struct wbuf *w, unsigned i)
{
	(void)i;
	put_u8(w, SLOT_KEY);
	put_u32(w, 0);
}

void
fill_link_state(struct wbuf *w, unsigned i)
{
	put_u8(w, i % 2 == 0);
	put_u32(w, 1280 + i % 200);
	put_u32(w, 5);
	put_str(w, "wg0");
}

void
fill_socket_state(struct wbuf *w, unsigned i)
{
	put_u16(w, 51820);
	put_u32(w, i);
}

void
fill_error(struct wbuf *w, unsigned i)
{
	(void)i;
	put_u32(w, 0);
}

void
fill_reload_done(struct wbuf *w, unsigned i)
{
	fill_error(w, i);
	put_str(w, "all is well");
}

static void
fill_remote(struct wbuf *w, unsigned i)
{
	struct remote_id id;

	memset(&id, 0, sizeof(id));
	id.device = i + 1;
	put_le32(id.public_key, id.device);
	put_remote_add(w, &id);
}

void
fill_remotes(struct wbuf *w, unsigned i)
{
	fill_each(w, i, FILL_PEERS, fill_remote);
}

void
fill_remote_del(struct wbuf *w, unsigned i)
{
	struct remote_id id;

	memset(&id, 0, sizeof(id));
	id.device = i + 1;
	put_remote_del(w, &id);
}

void
fill_local_key(struct wbuf *w, unsigned i)
{
	uint8_t key[KEY_SIZE];

	fill_random_key(key, i);
	put_u8(w, (uint8_t)(i % LOCAL_KEYS));
	put_u8(w, 1);
	put_bytes(w, key, sizeof(key));
}

/* Of devices that there are. */
void
fill_endpoints(struct wbuf *w, unsigned i)
{
	struct device_endpoint de;
	unsigned k;

	memset(&de, 0, sizeof(de));
	de.endpoint.family = AF_INET;
	de.endpoint.port = 1;
	for (k = 0; k < 16; k++) {
		de.device = (i + k) % FILL_NAMES + 1;
		put_be32(de.endpoint.addr, 0x0a000000 + i);
		put_device_endpoint(w, &de);
	}
}

void
fill_get_endpoints(struct wbuf *w, unsigned i)
{
	put_u16(w, 2);
	put_u32(w, i % FILL_NAMES + 1);
	put_u32(w, i + 1);
}

void
fill_has_endpoint(struct wbuf *w, unsigned i)
{
	struct has_endpoint h;

	h.device = i + 1;
	h.path = 0;
	h.has = true;
	put_has_endpoint(w, &h);
}

void
fill_resolve(struct wbuf *w, unsigned i)
{
	char name[RESOLVE_NAME_MAX];

	snprintf(name, sizeof(name), "h%u.example.net", i);
	put_str(w, name);
}

void
fill_resolved(struct wbuf *w, unsigned i)
{
	uint8_t addr[16];
	unsigned k;

	kid.id = i % (2 * FILL_NAMES) + 1;
	put_u8(w, RESOLVE_OK);
	put_u32(w, 60);
	put_u8(w, RESOLVE_ADDRS_MAX);
	for (k = 0; k < RESOLVE_ADDRS_MAX; k++) {
		kid_random(addr, sizeof(addr));
		put_u8(w, AF_INET6);
		put_bytes(w, addr, sizeof(addr));
	}
}

void
fill_udp(struct wbuf *w, unsigned i)
{
	(void)i;
	put_u8(w, AF_INET);
	put_u16(w, 51820);
}

void
fill_server(struct wbuf *w, unsigned i)
{
	struct endpoint e;

	memset(&e, 0, sizeof(e));
	e.family = AF_INET;
	put_be32(e.addr, INADDR_LOOPBACK);
	e.port = (uint16_t)(i + 1);
	put_endpoint(w, &e);
}

void
fill_ids(struct wbuf *w, unsigned i)
{
	put_u32(w, i + 1);
}

void
fill_device(struct wbuf *w, unsigned i)
{
	uint8_t key[KEY_SIZE] = { 0 };

	put_u8(w, 0);
	put_u8(w, 0);
	put_bytes(w, key, sizeof(key));
	put_bytes(w, key, sizeof(key));
	put_u32(w, i);
}

void
fill_peers(struct wbuf *w, unsigned i)
{
	struct peer_cursor cur = { i + 1, 0 };
	struct peer_info p;

	memset(&p, 0, sizeof(p));
	p.device = i + 1;
	put_peers_head(w, false, &cur);
	put_peer_info(w, &p);
}

void
fill_no_endpoints(struct wbuf *w, unsigned i)
{
	(void)i;
	put_u16(w, 0);
}

/* A kilobyte of text. */
static const char *
long_text(void)
{
	static char text[1001];

	memset(text, 'x', sizeof(text) - 1);
	return text;
}

/* A long row, and no two are the same. */
void
fill_row(struct wbuf *w, unsigned i)
{
	row_begin(w, w->p, MSG_PAYLOAD, "counter");
	row_str(w, "process", "netd");
	row_str(w, "name", long_text());
	row_u64(w, "value", i);
}

/* About a device of which nobody has heard. */
void
fill_event(struct wbuf *w, unsigned i)
{
	row_begin(w, w->p, MSG_PAYLOAD, "event");
	row_str(w, "process", "netd");
	row_str(w, "what", "handshake");
	row_u64(w, "device", i + 1);
	row_str(w, "why", long_text());
}
