/* SPDX-License-Identifier: ISC */
/*
 * The cache: see cache.h.  Small enough to be looked through.
 */
#include <string.h>
#include <strings.h>

#include "resolverd/cache.h"

#define SECOND	1000000000ULL

bool
cache_find(const struct cache *c, const char *name, uint64_t now,
    struct resolved *out)
{
	const struct cache_entry *e;
	int i;

	for (i = 0; i < CACHE_SIZE; i++) {
		e = &c->entry[i];
		if (e->name[0] == '\0' || now >= e->until ||
		    strcasecmp(e->name, name) != 0)
			continue;
		*out = e->what;
		if (out->status == RESOLVE_OK)
			out->ttl = (uint32_t)((e->until - now) / SECOND) + 1;
		return true;
	}
	return false;
}

void
cache_add(struct cache *c, const char *name, const struct resolved *what,
    uint32_t seconds, uint64_t now)
{
	struct cache_entry *e = &c->entry[0], *x;
	int i;

	for (i = 0; i < CACHE_SIZE; i++) {
		x = &c->entry[i];
		if (strcasecmp(x->name, name) == 0) {
			e = x;
			break;
		}
		if (e->name[0] != '\0' &&
		    (x->name[0] == '\0' || x->until < e->until))
			e = x;
	}
	strlcpy(e->name, name, sizeof(e->name));
	e->what = *what;
	e->until = now + seconds * SECOND;
}

void
cache_clear(struct cache *c)
{
	memset(c, 0, sizeof(*c));
}

size_t
cache_count(const struct cache *c, uint64_t now)
{
	size_t n = 0;
	int i;

	for (i = 0; i < CACHE_SIZE; i++)
		if (c->entry[i].name[0] != '\0' && now < c->entry[i].until)
			n++;
	return n;
}
