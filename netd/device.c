/* SPDX-License-Identifier: ISC */
/*
 * The table of devices: see device.h.  Ids count up and sender indices are
 * random numbers of cryptod's, so neither hash needs a key.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/device.h"

static struct device_bucket *
bucket(struct device_bucket *table, uint32_t key)
{
	return &table[key % DEVICE_BUCKETS];
}

int
device_table_init(struct device_table *t)
{
	memset(t, 0, sizeof(*t));
	TAILQ_INIT(&t->list);
	/* All zero is an empty LIST_HEAD; pages are touched as needed. */
	t->by_id = calloc(DEVICE_BUCKETS, sizeof(*t->by_id));
	t->by_sender = calloc(DEVICE_BUCKETS, sizeof(*t->by_sender));
	if (t->by_id == NULL || t->by_sender == NULL) {
		free(t->by_id);
		free(t->by_sender);
		return -1;
	}
	return 0;
}

static void
device_free(struct device_table *t, struct device *d)
{
	unsigned i;

	if (t->gone != NULL)
		t->gone(t->arg, d);
	if (t->cursor == d)
		t->cursor = TAILQ_NEXT(d, entry);
	if (d->sender != 0)
		LIST_REMOVE(d, by_sender);
	LIST_REMOVE(d, by_id);
	TAILQ_REMOVE(&t->list, d, entry);
	t->n--;
	for (i = 0; i < DEVICE_SLOTS; i++)
		cookie_maker_clear(&d->maker[i]);
	free(d);
}

void
device_table_clear(struct device_table *t)
{
	struct device *d;

	while ((d = TAILQ_FIRST(&t->list)) != NULL)
		device_free(t, d);
	free(t->by_id);
	free(t->by_sender);
	t->by_id = t->by_sender = NULL;
}

struct device *
device_find(const struct device_table *t, uint32_t id)
{
	struct device *d;

	LIST_FOREACH(d, bucket(t->by_id, id), by_id)
		if (d->id == id)
			return d;
	return NULL;
}

struct device *
device_add_key(struct device_table *t, uint32_t id, unsigned slot,
    const uint8_t pub[COOKIE_KEY_LEN])
{
	struct device *d = device_find(t, id);

	if (d == NULL) {
		errno = ENOSPC;
		if (t->n == DEVICE_MAX || (d = calloc(1, sizeof(*d))) == NULL)
			return NULL;
		d->id = id;
		d->user.owner = d;
		memcpy(d->key, pub, sizeof(d->key));
		LIST_INSERT_HEAD(bucket(t->by_id, id), d, by_id);
		TAILQ_INSERT_TAIL(&t->list, d, entry);
		t->n++;
	}
	cookie_maker_init(&d->maker[slot], pub);
	d->has_key[slot] = true;
	return d;
}

void
device_del_key(struct device_table *t, uint32_t id, unsigned slot)
{
	struct device *d = device_find(t, id);
	unsigned i;

	if (d == NULL)
		return;
	cookie_maker_clear(&d->maker[slot]);
	d->has_key[slot] = false;
	if (d->sender != 0 && d->sender_slot == slot) {
		LIST_REMOVE(d, by_sender);
		d->sender = 0;
	}
	for (i = 0; i < DEVICE_SLOTS; i++)
		if (d->has_key[i])
			return;
	device_free(t, d);
}

struct cookie_maker *
device_maker(struct device *d, uint8_t *slot)
{
	uint8_t i;

	for (i = 0; i < DEVICE_SLOTS; i++) {
		if (d->has_key[i]) {
			*slot = i;
			return &d->maker[i];
		}
	}
	return NULL;
}

void
device_set_sender(struct device_table *t, struct device *d, uint8_t slot,
    uint32_t index)
{
	if (d->sender != 0)
		LIST_REMOVE(d, by_sender);
	d->sender = index;
	d->sender_slot = slot;
	if (index != 0)
		LIST_INSERT_HEAD(bucket(t->by_sender, index), d, by_sender);
}

struct device *
device_by_sender(const struct device_table *t, uint32_t index)
{
	struct device *d;

	LIST_FOREACH(d, bucket(t->by_sender, index), by_sender)
		if (d->sender == index)
			return d;
	return NULL;
}

static bool
is_same_host(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && a->scope == b->scope &&
	    memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

bool
device_is_path(const struct device *d, const struct source *s)
{
	return is_same_host(&d->at.remote, &s->remote) &&
	    d->at.has_local == s->has_local &&
	    d->at.ifindex == s->ifindex &&
	    memcmp(d->at.local, s->local, sizeof(s->local)) == 0;
}

void
device_leads(struct device *d, const struct endpoint *to)
{
	if (is_same_host(&d->at.remote, to))
		return;
	memset(&d->refused, 0, sizeof(d->refused));
	/* The answer is still to come. */
	if (d->asked.family != 0)
		d->unchecked = true;
}

bool
device_is_way(const struct device_way *w, const struct source *s)
{
	return w->family != 0 && s->has_local &&
	    w->family == s->remote.family && w->ifindex == s->ifindex &&
	    memcmp(w->local, s->local, sizeof(w->local)) == 0;
}

void
device_walk_begin(struct device_table *t)
{
	t->cursor = TAILQ_FIRST(&t->list);
}

struct device *
device_walk(struct device_table *t)
{
	struct device *d = t->cursor;

	if (d != NULL)
		t->cursor = TAILQ_NEXT(d, entry);
	return d;
}
