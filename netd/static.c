/* SPDX-License-Identifier: ISC */
/*
 * The table of configured peers: see static.h.  Keys are public and others
 * choose theirs, so the hash has a random key.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "netd/static.h"
#include "shared/bytes.h"

#define STATIC_BUCKETS	64		/* at first */

static size_t
hash(const struct static_table *t, const uint8_t key[CONF_KEY_SIZE])
{
	uint8_t h[crypto_shorthash_BYTES];

	crypto_shorthash(h, key, CONF_KEY_SIZE, t->seed);
	return get_le64(h) & (t->buckets - 1);
}

struct static_table *
static_new(void)
{
	struct static_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->bucket = calloc(STATIC_BUCKETS, sizeof(*t->bucket));
	if (t->bucket == NULL) {
		free(t);
		return NULL;
	}
	t->buckets = STATIC_BUCKETS;
	randombytes_buf(t->seed, sizeof(t->seed));
	return t;
}

void
static_free(struct static_table *t)
{
	struct static_peer *p;

	if (t == NULL)
		return;
	while ((p = LIST_FIRST(&t->list)) != NULL) {
		LIST_REMOVE(p, entry);
		free(p);
	}
	free(t->bucket);
	free(t);
}

/* Without the memory for it the table only gets slower. */
static void
grow(struct static_table *t)
{
	struct static_list *b;
	struct static_peer *p;

	b = calloc(t->buckets * 4, sizeof(*b));
	if (b == NULL)
		return;
	free(t->bucket);
	t->bucket = b;
	t->buckets *= 4;
	LIST_FOREACH(p, &t->list, entry)
		LIST_INSERT_HEAD(&t->bucket[hash(t, p->key)], p, bucket);
}

int
static_add(struct static_table *t, const struct net_item *it)
{
	size_t name = strlen(it->name) + 1, host = strlen(it->host) + 1;
	struct static_peer *p;

	errno = EEXIST;
	if (static_find(t, it->key) != NULL)
		return -1;
	errno = ENOSPC;
	if (t->n == STATIC_MAX)
		return -1;
	if ((p = calloc(1, sizeof(*p) + name + host)) == NULL)
		return -1;
	memcpy(p->key, it->key, sizeof(p->key));
	p->endpoint = it->endpoint;
	p->port = it->port;
	p->name = memcpy(p->text, it->name, name);
	p->host = memcpy(p->text + name, it->host, host);
	if (t->n >= t->buckets)
		grow(t);
	LIST_INSERT_HEAD(&t->bucket[hash(t, p->key)], p, bucket);
	LIST_INSERT_HEAD(&t->list, p, entry);
	t->n++;
	return 0;
}

const struct static_peer *
static_find(const struct static_table *t, const uint8_t key[CONF_KEY_SIZE])
{
	const struct static_peer *p;

	if (t == NULL)
		return NULL;
	LIST_FOREACH(p, &t->bucket[hash(t, key)], bucket)
		if (memcmp(p->key, key, CONF_KEY_SIZE) == 0)
			return p;
	return NULL;
}

bool
static_has_place(const struct static_peer *p)
{
	return p->endpoint.family != 0 || p->host[0] != '\0';
}

bool
static_is_same_place(const struct static_peer *a, const struct static_peer *b)
{
	const struct endpoint *x = &a->endpoint, *y = &b->endpoint;

	return x->family == y->family && x->port == y->port &&
	    x->scope == y->scope &&
	    memcmp(x->addr, y->addr, sizeof(x->addr)) == 0 &&
	    a->port == b->port && strcasecmp(a->host, b->host) == 0;
}

void
static_diff(const struct static_table *old, const struct static_table *new,
    struct conf_done *d)
{
	const struct static_peer *p, *q;

	memset(d, 0, sizeof(*d));
	LIST_FOREACH(p, &new->list, entry) {
		if ((q = static_find(old, p->key)) == NULL)
			d->added++;
		else if (static_is_same_place(p, q) &&
		    strcmp(p->name, q->name) == 0)
			d->kept++;
		else
			d->changed++;
	}
	if (old != NULL)
		d->removed = (uint32_t)(old->n - d->kept - d->changed);
}
