/* SPDX-License-Identifier: ISC */
/*
 * A prepared configuration comes into force.  This is one turn of a single
 * thread: no packet sees half of it.  What is the same before and after keeps
 * its sessions, counters and endpoint.
 */
#include <sodium.h>
#include <string.h>

#include "cryptod/stage.h"

/* Has it the same allowed IPs as before, in whatever order? */
static bool
has_same_ips(struct engine *e, const struct stage_peer *p)
{
	const struct trie_entry *a = TAILQ_FIRST(&p->device->ips);
	const struct trie_entry *b = TAILQ_FIRST(&p->ips), *te;
	size_t n = 0, m = 0;

	for (; a != NULL && b != NULL && a->family == b->family &&
	    a->cidr == b->cidr && memcmp(a->addr, b->addr,
	    sizeof(a->addr)) == 0; a = TAILQ_NEXT(a, entry))
		b = TAILQ_NEXT(b, entry);
	for (; a != NULL; a = TAILQ_NEXT(a, entry))
		n++;
	for (; b != NULL; b = TAILQ_NEXT(b, entry), m++) {
		te = trie_find(&e->allowed, b->family, b->addr, b->cidr);
		if (te == NULL || te->owner != p->device)
			return false;
	}
	return n == m;
}

static bool
loses_psk(const struct stage_peer *p)
{
	return !p->has_psk && !p->fresh && sodium_is_zero(device_sender(
	    p->device)->secret->noise.psk, NOISE_KEYLEN) == 0;
}

/* Before anything moves: added, changed or kept? */
static void
count(struct stage *s, struct conf_done *done)
{
	struct stage_peer *p;
	char name[REMOTE_NAME];

	memset(done, 0, sizeof(*done));
	STAILQ_FOREACH(p, &s->peers, entry) {
		if (p->fresh) {
			done->added++;
			continue;
		}
		strlcpy(name, p->device->name, sizeof(name));
		device_rename(p->device, p->name);
		if (p->psk != NULL || loses_psk(p) ||
		    p->keepalive != p->device->keepalive ||
		    strcmp(name, p->device->name) != 0 ||
		    !has_same_ips(s->engine, p))
			done->changed++;
		else
			done->kept++;
	}
	done->removed = (uint32_t)s->engine->devices.count - done->changed -
	    done->kept;
}

/* All prefixes at once, so that none is missing for a moment. */
static void
replace_ips(struct stage *s)
{
	struct engine *e = s->engine;
	struct device *d;

	for (d = device_from(e, 0); d != NULL; d = device_next(d))
		TAILQ_INIT(&d->ips);
	trie_take(&e->allowed, &s->allowed);
}

static void
remove_gone(struct engine *e)
{
	struct device *d, *next;

	for (d = device_from(e, 0); d != NULL; d = next) {
		next = device_next(d);
		if (d->coming == NULL)
			device_remove(e, d);
	}
}

static void
apply_peer(struct stage *s, struct stage_peer *p)
{
	struct engine *e = s->engine;
	struct device *d = p->device;
	bool on = false;

	TAILQ_CONCAT(&d->ips, &p->ips, entry);
	if (p->psk != NULL || loses_psk(p))
		remote_set_psk(device_sender(d),
		    p->psk != NULL ? p->psk->key : NULL);
	if (p->fresh) {
		/* From now on it is found there, and not here. */
		device_rename(d, p->name);
		remote_unhash(device_sender(d));
		device_install(e, d);
		p->fresh = false;
	}
	if (p->keepalive != d->keepalive)
		on = device_set_keepalive(e, d, p->keepalive);
	device_wake(e, d, on);
}

void
stage_commit(struct stage *s, struct conf_done *done)
{
	struct engine *e = s->engine;
	struct stage_peer *p;

	count(s, done);
	replace_ips(s);
	remove_gone(e);
	if (s->secret->local.has_identity)
		engine_set_private(e, ENGINE_STOCK, s->secret->local.private);
	memcpy(e->own, s->own, sizeof(e->own));
	e->nown = s->nown;
	STAILQ_FOREACH(p, &s->peers, entry)
		apply_peer(s, p);
	e->news = true;
	stage_clear(s);
}
