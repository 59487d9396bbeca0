/* SPDX-License-Identifier: ISC */
/*
 * What ctld and netd may ask of cryptod: changes and views of the
 * configuration.  A handler that returns -1 makes its sender at fault.
 */
#include <sodium.h>
#include <string.h>

#include "cryptod/cryptod.h"
#include "shared/log.h"
#include "shared/msg_net.h"

/*
 * Bytes for netd that may wait before ctld is not read any more.  So few that
 * even messages of one entry do not reach the limit of their queue.
 */
#define NETD_WAITING	(64U * 1024)

static struct link *
netd_link(struct cryptod *c)
{
	return &c->child.sibling[PROC_NETD];
}

void
control_flush(struct cryptod *c)
{
	struct link *netd = netd_link(c);

	if (c->batch_type != 0 && c->batch.len > 0)
		link_send(netd, c->batch_type, 0, -1, c->batch.p,
		    c->batch.len);
	c->batch_type = 0;
}

/*
 * Each message from ctld may be work for a millisecond, so that a handler
 * pauses ctld when it is done, and data comes first (P46).  It stays paused
 * while netd is behind with changes or ctld leaves answers waiting.
 */
void
control_pace(struct cryptod *c)
{
	struct link *ctld = &c->child.sibling[PROC_CTLD];

	link_resume(&c->child.parent);
	if (link_queued(netd_link(c)) > NETD_WAITING || link_queued(ctld) > 0)
		link_pause(ctld);
	else
		link_resume(ctld);
}

void
control_drained(void *arg, struct link *l)
{
	(void)l;
	control_pace(arg);
}

/* Room for one more entry of a batch of this type. */
static struct wbuf *
batch_for(struct cryptod *c, uint16_t type, size_t size)
{
	if (c->batch_type != type || c->batch.cap - c->batch.len < size) {
		control_flush(c);
		wbuf_init(&c->batch, c->batch_buf, sizeof(c->batch_buf));
		c->batch_type = type;
	}
	return &c->batch;
}

void
control_remote_added(void *arg, const struct remote *r)
{
	struct remote_id id;

	id.device = r->device->id;
	id.slot = r->slot;
	memcpy(id.public_key, r->public, KEY_SIZE);
	put_remote_add(batch_for(arg, MSG_REMOTE_ADD, REMOTE_ADD_WIRE), &id);
}

void
control_remote_removed(void *arg, const struct remote *r)
{
	struct remote_id id;

	memset(&id, 0, sizeof(id));
	id.device = r->device->id;
	id.slot = r->slot;
	put_remote_del(batch_for(arg, MSG_REMOTE_DEL, REMOTE_DEL_WIRE), &id);
}

void
control_local_changed(void *arg, uint8_t slot, const struct noise_local *l)
{
	struct cryptod *c = arg;

	control_flush(c);
	local_key_send(netd_link(c), slot, l->has_identity, l->public);
}

int
on_set_begin(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;

	(void)l;
	if (c->change_state != CHANGE_NONE)
		return -1;
	change_begin(&c->change, &c->engine);
	c->change_id = m->id;
	c->change_state = CHANGE_OPEN;
	return 0;
}

int
on_set_items(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct set_item item;
	struct rbuf r;
	int bad = 0;

	if (c->change_state != CHANGE_OPEN || m->id != c->change_id)
		return -1;
	engine_tick(&c->engine);
	rbuf_init(&r, m->data, m->len);
	while (r.left > 0 && !r.fail && bad == 0) {
		get_set_item(&r, &item);
		if (!r.fail)
			bad = change_item(&c->change, &item);
	}
	sodium_memzero(&item, sizeof(item));
	control_flush(c);
	link_pause(l);
	return bad == -1 || rbuf_end(&r) == -1 ? -1 : 0;
}

int
on_set_end(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;

	(void)l;
	if (c->change_state != CHANGE_OPEN || m->id != c->change_id)
		return -1;
	engine_tick(&c->engine);
	change_end(&c->change);
	control_flush(c);
	/* ctld hears of it when netd knows it all, too. */
	c->change_state = CHANGE_SYNC;
	sync_send(netd_link(c), c->change_id);
	return 0;
}

int
on_synced(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct link *ctld = &c->child.sibling[PROC_CTLD];
	struct change *ch = &c->change;
	size_t i, n;

	(void)l;
	if (c->child.startup.mode == MODE_CONFIGURED)
		return configure_synced(c, m);
	if (c->change_state != CHANGE_SYNC || m->id != c->change_id)
		return -1;
	for (i = 0; i < ch->nids; i += n) {
		n = ch->nids - i < SET_IDS_MAX ? ch->nids - i : SET_IDS_MAX;
		set_ids_send(ctld, c->change_id, ch->ids + i, n);
	}
	set_done_send(ctld, c->change_id, ch->error);
	change_clear(ch);
	c->change_state = CHANGE_NONE;
	return 0;
}

/* Keys are exported in bare mode only: to ask for them is a fault else. */
static bool
is_refused(const struct cryptod *c, bool secrets)
{
	return secrets && c->child.startup.mode != MODE_BARE;
}

int
on_get_device(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	const struct noise_local *local = c->engine.local[ENGINE_STOCK];
	struct device_info info;
	bool secrets;

	if (get_device_recv(m, &secrets) == -1 || is_refused(c, secrets))
		return -1;
	memset(&info, 0, sizeof(info));
	info.has_identity = local->has_identity;
	info.peers = (uint32_t)c->engine.devices.count;
	memcpy(info.public_key, local->public, KEY_SIZE);
	if (secrets && local->has_identity) {
		info.has_secret = true;
		memcpy(info.private_key, local->private, KEY_SIZE);
	}
	device_send(l, m->id, &info);
	sodium_memzero(&info, sizeof(info));
	link_pause(l);
	return 0;
}

static void
fill_info(struct peer_info *p, struct device *d, bool secrets)
{
	struct remote *r = device_sender(d);
	bool fresh = remote_clock_is_fresh(r);

	memset(p, 0, sizeof(*p));
	p->device = d->id;
	memcpy(p->public_key, r->public, KEY_SIZE);
	if (secrets) {
		p->has_secret = true;
		memcpy(p->psk, r->secret->noise.psk, KEY_SIZE);
	}
	p->keepalive = d->keepalive;
	p->handshake_sec = (uint64_t)r->completed.tv_sec;
	p->handshake_nsec = (uint32_t)r->completed.tv_nsec;
	p->rx_bytes = d->rx_bytes;
	p->tx_bytes = d->tx_bytes;
	p->tries = r->health.tries;
	p->bad_response = r->health.bad_response;
	p->stale = fresh ? r->health.stale : 0;
	p->has_skew = fresh && r->health.has_skew;
	p->skew = p->has_skew ? r->health.skew : 0;
}

/*
 * One peer with the prefixes after `serial` that fit.  Returns the serial to
 * go on after, or 0 if the peer is complete.
 */
static uint64_t
put_peer(struct wbuf *w, struct device *d, uint64_t serial, bool secrets)
{
	struct trie_entry *te, *first;
	struct peer_info info;
	struct prefix p;
	uint64_t last = 0;
	size_t room, n;

	fill_info(&info, d, secrets);
	info.more_of_it = serial != 0;
	TAILQ_FOREACH(first, &d->ips, entry)
		if (first->serial > serial)
			break;
	room = (w->cap - w->len - PEER_INFO_WIRE) / PREFIX_WIRE;
	for (te = first, n = 0; te != NULL && n < room; n++)
		te = TAILQ_NEXT(te, entry);
	info.nips = (uint16_t)n;
	put_peer_info(w, &info);
	sodium_memzero(&info, sizeof(info));
	for (te = first; n > 0; n--, te = TAILQ_NEXT(te, entry)) {
		memset(&p, 0, sizeof(p));
		p.family = (uint8_t)te->family;
		p.cidr = te->cidr;
		memcpy(p.addr, te->addr, sizeof(p.addr));
		put_prefix(w, &p);
		last = te->serial;
	}
	return te == NULL ? 0 : last;
}

/* Room that makes it worth while to begin another peer. */
#define PEER_ROOM	(PEER_INFO_WIRE + PREFIX_WIRE)

int
on_get_peers(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct peer_cursor cur, next;
	uint8_t buf[MSG_PAYLOAD];
	struct wbuf w, head;
	struct device *d;
	bool secrets;

	if (get_peers_recv(m, &cur, &secrets) == -1 || is_refused(c, secrets))
		return -1;
	memset(&next, 0, sizeof(next));
	wbuf_init(&w, buf, sizeof(buf));
	put_peers_head(&w, true, &next);	/* filled in at the end */
	d = device_from(&c->engine, cur.device);
	if (d != NULL && d->id != cur.device)
		cur.serial = 0;
	for (; d != NULL && w.cap - w.len >= PEER_ROOM; d = device_next(d)) {
		cur.serial = put_peer(&w, d, cur.serial, secrets);
		if (cur.serial != 0)
			break;
	}
	if (d != NULL) {
		next.device = d->id;
		next.serial = cur.serial;
	}
	wbuf_init(&head, buf, sizeof(buf));
	put_peers_head(&head, d == NULL, &next);
	link_send(l, MSG_PEERS, m->id, -1, buf, w.len);
	sodium_memzero(buf, sizeof(buf));
	link_pause(l);
	return 0;
}

int
on_has_endpoint(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct has_endpoint h;
	struct device *d;
	struct rbuf r;

	(void)l;
	engine_tick(&c->engine);
	rbuf_init(&r, m->data, m->len);
	while (r.left > 0 && !r.fail) {
		get_has_endpoint(&r, &h);
		if (r.fail)
			break;
		/* One that is gone crossed the message on its way. */
		d = device_find(&c->engine, h.device);
		if (d != NULL)
			engine_set_endpoint(&c->engine, d, h.has);
	}
	return rbuf_end(&r);
}

int
on_link_state(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct link_state s;

	(void)l;
	if (link_state_recv(m, &s) == -1)
		return -1;
	engine_tick(&c->engine);
	engine_set_link(&c->engine, s.up, s.mtu);
	resume_kick(&c->resume);
	return 0;
}
