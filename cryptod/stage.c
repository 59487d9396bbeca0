/* SPDX-License-Identifier: ISC */
/*
 * Preparing a configuration: see stage.h.
 */
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/stage.h"

static void	refuse(struct stage *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

static void
refuse(struct stage *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
}

static bool
is_refused(const struct stage *s)
{
	return s->why[0] != '\0';
}

int
stage_init(struct stage *s, struct engine *e, struct secmem *arena)
{
	memset(s, 0, sizeof(*s));
	s->engine = e;
	STAILQ_INIT(&s->peers);
	s->secret = secmem_alloc(arena, sizeof(*s->secret));
	if (s->secret == NULL)
		return -1;
	return secslab_init(&s->psks, arena, sizeof(struct stage_psk),
	    "preshared keys to come");
}

void
stage_begin(struct stage *s)
{
	trie_init(&s->allowed);
	/* An answer that is under way goes on after a serial. */
	s->allowed.serial = s->engine->allowed.serial;
	s->open = true;
	/* What runs must not end because what is to come cannot be had. */
	if (device_table_init(&s->fresh) == -1)
		refuse(s, "out of memory for peers");
}

static void
free_peer(struct stage *s, struct stage_peer *p)
{
	p->device->coming = NULL;
	if (p->fresh) {
		remote_unhash(device_sender(p->device));
		device_discard(s->engine, p->device);
	}
	if (secslab_put(&s->psks, p->psk) == -1)
		fatalx("the memory of preshared keys is corrupt");
	free(p);
}

void
stage_clear(struct stage *s)
{
	struct stage_peer *p;

	while ((p = STAILQ_FIRST(&s->peers)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->peers, entry);
		free_peer(s, p);
	}
	trie_clear(&s->allowed);
	device_table_clear(&s->fresh);
	sodium_memzero(s->secret, sizeof(*s->secret));
	s->npeers = s->nfresh = s->nown = 0;
	s->open = s->make_key = false;
	s->why[0] = '\0';
}

static struct stage_peer *
at_hand(struct stage *s)
{
	return STAILQ_LAST(&s->peers, stage_peer, entry);
}

/* What a message calls it: as the configuration that is to come does. */
static const char *
name_of(const struct stage_peer *p)
{
	return p->name[0] != '\0' ? p->name : p->device->name;
}

static const uint8_t *
own_public(const struct stage *s)
{
	const struct noise_local *l = &s->secret->local;

	if (!l->has_identity)
		l = s->engine->local[ENGINE_STOCK];
	return l->has_identity ? l->public : NULL;
}

static int
may_set_key(const struct stage *s)
{
	return s->npeers == 0 && !s->secret->local.has_identity;
}

static int
make_key(struct stage *s)
{
	struct stage_secret *x = s->secret;

	if (!may_set_key(s))
		return -1;
	randombytes_buf(x->psk, sizeof(x->psk));
	noise_local_set(&x->local, x->psk);
	sodium_memzero(x->psk, sizeof(x->psk));
	s->make_key = true;
	return 0;
}

static int
add_own(struct stage *s, const struct prefix *p)
{
	struct engine_own *o;

	if (s->npeers > 0)
		return -1;
	if (s->nown == ENGINE_OWN_MAX) {
		refuse(s, "there are more than %d addresses of this host",
		    ENGINE_OWN_MAX);
		return 0;
	}
	o = &s->own[s->nown++];
	memset(o, 0, sizeof(*o));
	o->version = p->family == AF_INET ? 4 : 6;
	memcpy(o->addr, p->addr, sizeof(o->addr));
	return 0;
}

/* The device with this key, or a new one that is not installed yet. */
static struct device *
device_for(struct stage *s, struct stage_peer *p, const uint8_t *public)
{
	struct remote *r;
	struct device *d;

	r = remote_find(s->engine, public);
	if (r == NULL)
		r = remote_find_in(&s->fresh, public);
	if (r != NULL)
		return r->device;
	d = device_alloc(s->engine, public);
	if (d == NULL)
		return NULL;
	remote_hash(&s->fresh, device_sender(d));
	p->fresh = true;
	return d;
}

/* May there be a peer with this key?  Else it is refused. */
static bool
is_welcome(struct stage *s, const struct crypto_item *it)
{
	const uint8_t *own = own_public(s);

	if (s->npeers == DEVICES_MAX)
		refuse(s, "there are more than %d peers", DEVICES_MAX);
	else if (sodium_is_zero(it->key, sizeof(it->key)) == 1)
		refuse(s, "peer %s: its public key is all zero", it->name);
	else if (own != NULL &&
	    sodium_memcmp(own, it->key, NOISE_KEYLEN) == 0)
		refuse(s, "peer %s: its public key is the one of this host",
		    it->name);
	return !is_refused(s);
}

static int
add_peer(struct stage *s, const struct crypto_item *it)
{
	struct stage_peer *p;
	struct device *d;

	if (!is_welcome(s, it))
		return 0;
	p = calloc(1, sizeof(*p));
	d = p == NULL ? NULL : device_for(s, p, it->key);
	if (d == NULL) {
		refuse(s, "out of memory for peers");
		free(p);
		return 0;
	}
	if (d->coming != NULL) {
		refuse(s, "peer %s: peer %s has the same public key",
		    it->name, name_of(d->coming));
		free(p);
		return 0;
	}
	TAILQ_INIT(&p->ips);
	p->device = d;
	d->coming = p;
	p->keepalive = it->keepalive;
	memcpy(p->name, it->name, sizeof(p->name));
	STAILQ_INSERT_TAIL(&s->peers, p, entry);
	s->npeers++;
	s->nfresh += p->fresh;
	return 0;
}

static int
add_ip(struct stage *s, const struct prefix *px)
{
	struct stage_peer *p = at_hand(s), *other;
	char text[PREFIX_TEXT];
	struct trie_entry *te;
	struct device *old;

	if (p == NULL)
		return -1;
	te = device_own(&s->allowed, p->device, px->family, px->addr,
	    px->cidr, &old);
	if (te == NULL && errno == ENOSPC)
		refuse(s, "there are more than %d allowed IPs",
		    DEVICE_IPS_MAX);
	else if (te == NULL)
		refuse(s, "out of memory for allowed IPs");
	if (te == NULL)
		return 0;
	if (old != NULL) {
		other = old->coming;
		TAILQ_REMOVE(&other->ips, te, entry);
		prefix_print(px, text, sizeof(text));
		if (other != p)
			refuse(s, "peer %s: peer %s has the allowed IPs %s, "
			    "too", name_of(p), name_of(other), text);
	}
	TAILQ_INSERT_TAIL(&p->ips, te, entry);
	return 0;
}

int
stage_item(struct stage *s, const struct crypto_item *it)
{
	if (is_refused(s))
		return 0;
	switch (it->op) {
	case CRYPTO_MAKE_KEY:
		return make_key(s);
	case CRYPTO_LOCAL:
		return add_own(s, &it->prefix);
	case CRYPTO_PEER:
		return add_peer(s, it);
	case CRYPTO_ALLOWED_IP:
		return add_ip(s, &it->prefix);
	}
	return -1;
}

/* Reads it to the scratch; or refuses it. */
static int
read_key(struct stage *s, int fd, const char *whose, const char *what,
    const char *tool)
{
	if (keytext_read(fd, s->secret->text, s->secret->psk) == 0)
		return 0;
	if (errno == EINVAL)
		refuse(s, "%s%s file is not a key: 44 characters of base64 "
		    "and a newline, as \"warrenctl %s\" prints", whose, what,
		    tool);
	else
		refuse(s, "%s%s file cannot be read: %s", whose, what,
		    strerror(errno));
	return -1;
}

static int
set_private(struct stage *s, int fd)
{
	struct stage_secret *x = s->secret;

	if (!may_set_key(s))
		return -1;
	if (read_key(s, fd, "", "the private-key", "genkey") == 0)
		noise_local_set(&x->local, x->psk);
	return 0;
}

static int
set_psk(struct stage *s, int fd)
{
	struct stage_peer *p = at_hand(s);
	char whose[CONF_NAME_MAX + 16];
	uint8_t *now;

	if (p == NULL || p->has_psk || !TAILQ_EMPTY(&p->ips))
		return -1;
	snprintf(whose, sizeof(whose), "peer %s: ", name_of(p));
	if (read_key(s, fd, whose, "its preshared-key", "genpsk") == -1)
		return 0;
	p->has_psk = true;
	now = device_sender(p->device)->secret->noise.psk;
	if (p->fresh) {
		memcpy(now, s->secret->psk, NOISE_KEYLEN);
		return 0;
	}
	if (sodium_memcmp(now, s->secret->psk, NOISE_KEYLEN) == 0)
		return 0;
	p->psk = secslab_get(&s->psks);
	if (p->psk == NULL)
		refuse(s, "out of locked memory for preshared keys");
	else
		memcpy(p->psk->key, s->secret->psk, NOISE_KEYLEN);
	return 0;
}

int
stage_key(struct stage *s, enum conf_key kind, int fd)
{
	int ret;

	if (is_refused(s))
		return 0;
	ret = kind == CONF_KEY_PRIVATE ? set_private(s, fd) : set_psk(s, fd);
	sodium_memzero(s->secret->psk, sizeof(s->secret->psk));
	return ret;
}

bool
stage_end(struct stage *s)
{
	struct engine *e = s->engine;

	if (is_refused(s))
		return false;
	if (own_public(s) == NULL)
		refuse(s, "there is no private key");
	else if (UINT32_MAX - e->devices.last_id < s->nfresh)
		refuse(s, "all numbers of peers were used: it takes a "
		    "restart");
	return !is_refused(s);
}
