/* SPDX-License-Identifier: ISC */
/*
 * Changes of the configuration: see change.h.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/change.h"

void
change_begin(struct change *c, struct engine *e)
{
	memset(c, 0, sizeof(*c));
	c->engine = e;
}

/* After a peer's block: what was asked for happens now. */
static void
finish_peer(struct change *c)
{
	if (c->device != NULL)
		device_wake(c->engine, c->device, c->sooner);
	c->device = NULL;
	c->ignore = false;
	c->sooner = false;
}

static int
push_id(struct change *c, uint32_t id)
{
	uint32_t *ids;
	size_t room;

	if (c->nids == CHANGE_PEERS_MAX) {
		errno = ENOSPC;
		return -1;
	}
	if (c->nids == c->room) {
		room = c->room == 0 ? 64 : c->room * 2;
		ids = reallocarray(c->ids, room, sizeof(*ids));
		if (ids == NULL)
			return -1;
		c->ids = ids;
		c->room = room;
	}
	c->ids[c->nids++] = id;
	return 0;
}

static int
on_peer(struct change *c, const struct set_item *it)
{
	struct engine *e = c->engine;
	struct remote *r = remote_find(e, it->key);
	struct device *d = r == NULL ? NULL : r->device;
	const struct noise_local *self = e->local[ENGINE_STOCK];

	finish_peer(c);
	c->ignore = true;
	if ((it->flags & SET_F_REMOVE) != 0) {
		if (d != NULL)
			device_remove(e, d);
		return push_id(c, 0);
	}
	if (d == NULL && ((it->flags & SET_F_UPDATE_ONLY) != 0 ||
	    (self->has_identity &&
	    sodium_memcmp(self->public, it->key, KEY_SIZE) == 0)))
		return push_id(c, 0);
	if (d == NULL && (d = device_new(e, it->key)) == NULL) {
		push_id(c, 0);
		errno = e->devices.count >= DEVICES_MAX ? ENOSPC : ENOMEM;
		return -1;
	}
	c->device = d;
	c->ignore = false;
	return push_id(c, d->id);
}

static void
on_psk(struct change *c, const struct set_item *it)
{
	/* All zero is the same as none, and always mixed in (P12). */
	remote_set_psk(device_sender(c->device), it->key);
}

static void
on_keepalive(struct change *c, const struct set_item *it)
{
	if (device_set_keepalive(c->engine, c->device, it->keepalive))
		c->sooner = true;
	else if (it->keepalive == 0)
		c->sooner = false;
}

static int
on_allowed_ip(struct change *c, const struct set_item *it)
{
	const struct prefix *p = &it->prefix;

	if ((it->flags & SET_F_REMOVE) != 0) {
		device_ip_del(c->engine, c->device, p->family, p->addr,
		    p->cidr);
		return 0;
	}
	return device_ip_add(c->engine, c->device, p->family, p->addr,
	    p->cidr);
}

static int
peer_item(struct change *c, const struct set_item *it)
{
	switch (it->op) {
	case SET_PSK:
		on_psk(c, it);
		return 0;
	case SET_KEEPALIVE:
		on_keepalive(c, it);
		return 0;
	case SET_REPLACE_IPS:
		device_ips_clear(c->engine, c->device);
		return 0;
	default:
		return on_allowed_ip(c, it);
	}
}

static int
apply(struct change *c, const struct set_item *it)
{
	switch (it->op) {
	case SET_PRIVATE_KEY:
		/* It may remove the peer that items were about. */
		finish_peer(c);
		engine_set_private(c->engine, ENGINE_STOCK, it->key);
		return 0;
	case SET_REPLACE_PEERS:
		finish_peer(c);
		device_remove_all(c->engine);
		return 0;
	case SET_PEER:
		return on_peer(c, it);
	default:
		return c->ignore ? 0 : peer_item(c, it);
	}
}

int
change_item(struct change *c, const struct set_item *it)
{
	bool of_peer = it->op == SET_PSK || it->op == SET_KEEPALIVE ||
	    it->op == SET_REPLACE_IPS || it->op == SET_ALLOWED_IP;

	if (c->error != 0)
		return 0;
	if (of_peer && c->device == NULL && !c->ignore)
		return -1;
	if (apply(c, it) == -1)
		c->error = errno;
	return 0;
}

void
change_end(struct change *c)
{
	finish_peer(c);
}

void
change_clear(struct change *c)
{
	free(c->ids);
	memset(c, 0, sizeof(*c));
}
