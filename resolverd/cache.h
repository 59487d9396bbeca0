/* SPDX-License-Identifier: ISC */
/*
 * A few answers, until they are too old.
 */
#ifndef RESOLVERD_CACHE_H
#define RESOLVERD_CACHE_H

#include "shared/msg_helper.h"

#define CACHE_SIZE	256

struct cache {
	struct cache_entry {
		char		 name[RESOLVE_NAME_MAX];	/* "": free */
		uint64_t	 until;		/* ns since boot */
		struct resolved	 what;		/* OK or NONE */
	}	 entry[CACHE_SIZE];
};

/* The answer with the seconds that are left of it; false: there is none. */
bool	 cache_find(const struct cache *, const char *name, uint64_t now,
	    struct resolved *);
/* Keeps it for so many seconds, in the place of the oldest. */
void	 cache_add(struct cache *, const char *name, const struct resolved *,
	    uint32_t seconds, uint64_t now);
void	 cache_clear(struct cache *);
/* How many are there that are not too old. */
size_t	 cache_count(const struct cache *, uint64_t now);

#endif /* RESOLVERD_CACHE_H */
