/* SPDX-License-Identifier: ISC */
/*
 * Two protocol cores joined by a wire: see hosts.h.
 */
#include <err.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cryptod/handshake.h"
#include "cryptod/inbound.h"
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "shared/bytes.h"
#include "fakeclock.h"
#include "hosts.h"

#define STEP	(5 * MS)

static struct datagram *
datagram_new(struct host *h, uint8_t ecn, size_t len)
{
	struct datagram *dg;

	dg = calloc(1, sizeof(*dg) + len);
	if (dg == NULL)
		err(1, "calloc");
	dg->arrives = h->e.now + h->delay;
	dg->ecn = ecn;
	dg->len = len;
	TAILQ_INSERT_TAIL(&h->out, dg, entry);
	return dg;
}

static uint8_t *
hook_data(void *arg, const struct device *d, uint8_t ecn, size_t len)
{
	struct host *h = arg;

	(void)d;
	if (h->data_full)
		return NULL;
	h->types[4]++;
	h->last[4] = h->e.now;
	return datagram_new(h, ecn, len)->data;
}

static int
hook_handshake(void *arg, const struct device *d, uint8_t flags,
    const uint8_t *msg, size_t len)
{
	struct host *h = arg;

	(void)d;
	h->types[msg[0]]++;
	h->last[msg[0]] = h->e.now;
	h->last_flags = flags;
	memcpy(datagram_new(h, 0, len)->data, msg, len);
	return 0;
}

static int
hook_auth(void *arg, const struct device *d, const struct origin *from,
    bool urgent)
{
	struct host *h = arg;

	(void)urgent;
	h->auths++;
	h->auth_path = from->path;
	memcpy(h->auth_from, from->from, ENGINE_FROM);
	h->auth_device = d->id;
	return h->auth_full ? -1 : 0;
}

static void
hook_tun(void *arg, const uint8_t *p, size_t len)
{
	struct host *h = arg;

	h->tun_id[h->ntun++ % HOST_SEEN] = get_be16(p + 4);
	h->tun_len = len;
	if (len <= sizeof(h->tun_last))
		memcpy(h->tun_last, p, len);
}

static void
hook_added(void *arg, const struct remote *r)
{
	struct host *h = arg;

	(void)r;
	h->added++;
}

static void
hook_removed(void *arg, const struct remote *r)
{
	struct host *h = arg;

	(void)r;
	h->removed++;
}

static void
hook_local(void *arg, uint8_t slot, const struct noise_local *l)
{
	struct host *h = arg;

	(void)slot;
	(void)l;
	h->locals++;
}

static void
hook_event(void *arg, const struct engine_event *ev)
{
	struct host *h = arg;

	h->events[ev->what]++;
	memcpy(h->event_key, ev->public, sizeof(h->event_key));
}

void
host_init(struct host *h, struct host *other, uint8_t n)
{
	static const struct engine_hooks hooks = {
		NULL, hook_data, hook_handshake, hook_auth, hook_tun,
		hook_added, hook_removed, hook_local, hook_event, NULL,
	};
	uint8_t private[32];

	memset(h, 0, sizeof(*h));
	if (secmem_init(&h->arena, 4U * 1024 * 1024) == -1)
		err(1, "secmem_init");
	if (engine_init(&h->e, &h->arena) == -1)
		err(1, "engine_init");
	h->e.out = hooks;
	h->e.out.arg = h;
	h->other = other;
	h->path = n;
	h->address[0] = 10;
	h->address[3] = n;
	TAILQ_INIT(&h->out);
	TAILQ_INIT(&h->kept);
	engine_tick(&h->e);
	randombytes_buf(private, sizeof(private));
	host_set_private(h, private);
}

void
host_join(struct host *h)
{
	h->d = device_new(&h->e, h->other->e.local[0]->public);
	if (h->d == NULL || device_ip_add(&h->e, h->d, AF_INET,
	    h->other->address, 32) == -1)
		err(1, "device_new");
	engine_set_link(&h->e, true, 1420);
	engine_set_endpoint(&h->e, h->d, true);
}

void
host_set_private(struct host *h, const uint8_t private[32])
{
	engine_set_private(&h->e, ENGINE_STOCK, private);
}

void
hosts_start(struct host *a, struct host *b)
{
	if (sodium_init() == -1)
		errx(1, "sodium_init");
	host_init(a, b, 1);
	host_init(b, a, 2);
	host_join(a);
	host_join(b);
}

void
wire_clear(struct wire *w)
{
	struct datagram *dg;

	while ((dg = TAILQ_FIRST(w)) != NULL) {
		TAILQ_REMOVE(w, dg, entry);
		free(dg);
	}
}

void
host_stop(struct host *h)
{
	engine_clear(&h->e);
	wire_clear(&h->out);
	wire_clear(&h->kept);
	secmem_clear(&h->arena);
}

void
hosts_stop(struct host *a, struct host *b)
{
	host_stop(a);
	host_stop(b);
}

void
host_receive(struct host *h, const uint8_t *p, size_t len, uint32_t path)
{
	uint8_t where[ENGINE_FROM] = { 0 };
	struct origin from = { path, 0, ENGINE_STOCK, where };
	/* Exactly as long as it is, so that a sanitizer sees an overrun. */
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		err(1, "malloc");
	memcpy(copy, p, len);
	put_le32(where, path);
	if (len >= 4 && get_le32(copy) == TRANSPORT_TYPE)
		inbound_packet(&h->e, copy, len, &from, OPENED_NOT);
	else
		handshake_receive(&h->e, copy, len, &from);
	free(copy);
}

static void
deliver(struct host *h)
{
	struct datagram *dg, *next;

	TAILQ_FOREACH_SAFE(dg, &h->out, entry, next) {
		if (dg->arrives > h->e.now)
			continue;
		TAILQ_REMOVE(&h->out, dg, entry);
		if (!h->lose)
			host_receive(h->other, dg->data, dg->len, h->path);
		if (h->keep)
			TAILQ_INSERT_TAIL(&h->kept, dg, entry);
		else
			free(dg);
	}
}

void
hosts_run(struct host *a, struct host *b, uint64_t ns)
{
	uint64_t end = clock_boottime() + ns;

	while (clock_boottime() < end) {
		fakeclock_advance(STEP);
		engine_tick(&a->e);
		engine_tick(&b->e);
		engine_expire(&a->e, 1000);
		engine_expire(&b->e, 1000);
		deliver(a);
		deliver(b);
	}
}

size_t
packet_make(uint8_t *p, const uint8_t *src, const uint8_t *dst, uint16_t id,
    size_t len)
{
	memset(p, 0, len);
	p[0] = 0x45;
	put_be16(p + 2, (uint16_t)len);
	put_be16(p + 4, id);
	p[8] = 64;
	p[9] = 253;			/* for experiments, RFC 3692 */
	memcpy(p + 12, src, 4);
	memcpy(p + 16, dst, 4);
	return len;
}

void
host_send(struct host *h, uint16_t id, size_t len)
{
	uint8_t buf[2048 + ENGINE_TAILROOM];

	packet_make(buf, h->address, h->other->address, id, len);
	outbound_packet(&h->e, buf, len);
}
