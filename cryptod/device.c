/* SPDX-License-Identifier: ISC */
/*
 * Devices, their remote keys and allowed IPs: see device.h.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/engine.h"
#include "cryptod/handshake.h"
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "shared/bytes.h"

static int
device_cmp(const struct device *a, const struct device *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

RB_PROTOTYPE(device_tree, device, entry, device_cmp)
RB_GENERATE(device_tree, device, entry, device_cmp)

int
device_table_init(struct device_table *t)
{
	memset(t, 0, sizeof(*t));
	RB_INIT(&t->tree);
	randombytes_buf(t->key, sizeof(t->key));
	t->bucket = calloc(DEVICE_BUCKETS, sizeof(*t->bucket));
	return t->bucket == NULL ? -1 : 0;
}

void
device_table_clear(struct device_table *t)
{
	free(t->bucket);
	t->bucket = NULL;
}

static struct remote_bucket *
bucket_of(struct device_table *t, const uint8_t *public)
{
	uint8_t out[crypto_shorthash_BYTES];

	crypto_shorthash(out, public, NOISE_KEYLEN, t->key);
	return &t->bucket[get_le32(out) % DEVICE_BUCKETS];
}

struct remote *
remote_find_in(struct device_table *t, const uint8_t *public)
{
	struct remote *r;

	LIST_FOREACH(r, bucket_of(t, public), entry)
		if (sodium_memcmp(r->public, public, NOISE_KEYLEN) == 0)
			return r;
	return NULL;
}

struct remote *
remote_find(struct engine *e, const uint8_t *public)
{
	return remote_find_in(&e->devices, public);
}

void
remote_hash(struct device_table *t, struct remote *r)
{
	LIST_INSERT_HEAD(bucket_of(t, r->public), r, entry);
}

void
remote_unhash(struct remote *r)
{
	LIST_REMOVE(r, entry);
}

void
remote_set_psk(struct remote *r, const uint8_t *psk)
{
	static const uint8_t none[NOISE_KEYLEN];

	if (psk == NULL)
		psk = none;
	if (sodium_memcmp(r->secret->noise.psk, psk, NOISE_KEYLEN) != 0)
		r->health.tries = r->health.bad_response = 0;
	noise_remote_set_psk(&r->secret->noise, psk);
}

bool
remote_clock_is_fresh(const struct remote *r)
{
	return r->health.skew_at != 0 &&
	    r->device->engine->now - r->health.skew_at < SKEW_FRESH;
}

struct remote *
device_sender(struct device *d)
{
	return d->remote[0];
}

/* Without a name: the first eight characters of the key, as wg(8) has it. */
void
device_rename(struct device *d, const char *name)
{
	char text[sodium_base64_ENCODED_LEN(6,
	    sodium_base64_VARIANT_ORIGINAL)];

	if (*name == '\0') {
		sodium_bin2base64(text, sizeof(text), d->remote[0]->public, 6,
		    sodium_base64_VARIANT_ORIGINAL);
		name = text;
	}
	snprintf(d->name, sizeof(d->name), "peer %s", name);
}

static struct remote *
remote_new(struct engine *e, struct device *d, uint16_t slot,
    const uint8_t *public)
{
	static const struct noise_local nobody;
	struct remote *r;

	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->secret = secslab_get(&e->remotes);
	if (r->secret == NULL) {
		free(r);
		errno = ENOMEM;
		return NULL;
	}
	/* Without a key of ours no DH is done yet: see remote_prepare(). */
	noise_remote_init(&r->secret->noise, &nobody, public, NULL);
	memcpy(r->public, public, NOISE_KEYLEN);
	r->device = d;
	r->slot = slot;
	r->local = ENGINE_STOCK;
	peer_timers_init(r);
	return r;
}

static void
remote_free(struct engine *e, struct remote *r)
{
	if (secslab_put(&e->remotes, r->secret) == -1)
		fatalx("the memory of remote keys is corrupt");
	free(r);
}

/* It takes part no more. */
static void
remote_remove(struct engine *e, struct remote *r)
{
	if (tai64n_compare(r->last_label, e->label_floor) > 0)
		memcpy(e->label_floor, r->last_label, TAI64N_LEN);
	remote_unhash(r);
	/* One thread owns the timers: none can run after this.  (P9) */
	peer_timers_stop(e, r);
	handshake_clear(e, r);
	keypairs_clear(e, r);
}

void
remote_prepare(struct engine *e, struct remote *r)
{
	const struct noise_local *local = e->local[r->local];

	if (memcmp(r->secret->noise.ss_local, local->public,
	    NOISE_KEYLEN) != 0)
		noise_remote_precompute(&r->secret->noise, local);
}

struct device *
device_alloc(struct engine *e, const uint8_t *public)
{
	struct device *d;

	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	d->engine = e;
	TAILQ_INIT(&d->ips);
	STAILQ_INIT(&d->staged);
	d->remote[0] = remote_new(e, d, 0, public);
	if (d->remote[0] == NULL) {
		free(d);
		return NULL;
	}
	device_rename(d, "");
	return d;
}

void
device_install(struct engine *e, struct device *d)
{
	struct device_table *t = &e->devices;

	memcpy(d->remote[0]->last_label, e->label_floor, TAI64N_LEN);
	remote_hash(t, d->remote[0]);
	d->id = ++t->last_id;
	RB_INSERT(device_tree, &t->tree, d);
	t->count++;
	e->out.remote_added(e->out.arg, d->remote[0]);
}

void
device_discard(struct engine *e, struct device *d)
{
	int i;

	for (i = 0; i < DEVICE_REMOTES; i++)
		if (d->remote[i] != NULL)
			remote_free(e, d->remote[i]);
	free(d);
}

struct device *
device_new(struct engine *e, const uint8_t *public)
{
	struct device_table *t = &e->devices;
	struct device *d;

	if (t->count >= DEVICES_MAX || t->last_id == UINT32_MAX) {
		errno = ENOSPC;
		return NULL;
	}
	d = device_alloc(e, public);
	if (d != NULL)
		device_install(e, d);
	return d;
}

void
device_remove(struct engine *e, struct device *d)
{
	int i;

	RB_REMOVE(device_tree, &e->devices.tree, d);
	e->devices.count--;
	device_ips_clear(e, d);
	e->n.drop_staged_purged += outbound_purge(e, d);
	for (i = 0; i < DEVICE_REMOTES; i++) {
		if (d->remote[i] == NULL)
			continue;
		e->out.remote_removed(e->out.arg, d->remote[i]);
		remote_remove(e, d->remote[i]);
	}
	device_discard(e, d);
}

void
device_remove_all(struct engine *e)
{
	struct device *d;

	while ((d = RB_MIN(device_tree, &e->devices.tree)) != NULL)
		device_remove(e, d);
}

struct device *
device_find(struct engine *e, uint32_t id)
{
	struct device key;

	key.id = id;
	return RB_FIND(device_tree, &e->devices.tree, &key);
}

struct device *
device_from(struct engine *e, uint32_t id)
{
	struct device key;

	key.id = id;
	return RB_NFIND(device_tree, &e->devices.tree, &key);
}

struct device *
device_next(struct device *d)
{
	return RB_NEXT(device_tree, NULL, d);
}

bool
device_set_keepalive(struct engine *e, struct device *d, uint16_t seconds)
{
	bool sooner = d->keepalive == 0 || seconds < d->keepalive;

	d->keepalive = seconds;
	if (seconds == 0)
		timer_del(&e->wheel, &device_sender(d)->timers.persistent);
	return sooner && seconds > 0;
}

void
device_wake(struct engine *e, struct device *d, bool keepalive)
{
	/* At once, not after the first interval (P5). */
	if (e->up && (keepalive || d->nstaged > 0))
		peer_wake(e, device_sender(d));
}

struct trie_entry *
device_own(struct trie *t, struct device *d, int family, const uint8_t *addr,
    unsigned cidr, struct device **old)
{
	struct trie_entry *te;
	void *owner = NULL;

	/* Whoever sends them has no end of them, and memory has. */
	if (t->nentries >= DEVICE_IPS_MAX &&
	    trie_find(t, family, addr, cidr) == NULL) {
		errno = ENOSPC;
		return NULL;
	}
	te = trie_insert(t, family, addr, cidr, d, &owner);
	*old = owner;
	return te;
}

int
device_ip_add(struct engine *e, struct device *d, int family,
    const uint8_t *addr, unsigned cidr)
{
	struct trie_entry *te;
	struct device *old;

	te = device_own(&e->allowed, d, family, addr, cidr, &old);
	if (te == NULL)
		return -1;
	/* A prefix has one owner; it must be in that one's list only (P50). */
	if (old != NULL)
		TAILQ_REMOVE(&old->ips, te, entry);
	TAILQ_INSERT_TAIL(&d->ips, te, entry);
	return 0;
}

void
device_ip_del(struct engine *e, struct device *d, int family,
    const uint8_t *addr, unsigned cidr)
{
	struct trie_entry *te;

	te = trie_find(&e->allowed, family, addr, cidr);
	if (te == NULL || te->owner != d)
		return;
	TAILQ_REMOVE(&d->ips, te, entry);
	trie_remove(&e->allowed, te);
	trie_reclaim(&e->allowed);
}

void
device_ips_clear(struct engine *e, struct device *d)
{
	struct trie_entry *te;

	while ((te = TAILQ_FIRST(&d->ips)) != NULL) {
		TAILQ_REMOVE(&d->ips, te, entry);
		trie_remove(&e->allowed, te);
	}
	/* This thread is the only one that looks anything up. */
	trie_reclaim(&e->allowed);
}
