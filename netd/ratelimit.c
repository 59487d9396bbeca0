/* SPDX-License-Identifier: ISC */
/*
 * The source rate limiter: a hash table with a fixed pool of entries, linked
 * by index.  Chains are short and cannot be aimed at, since the hash is
 * keyed; a flood from many addresses fills the pool and no more.
 */
#include <sys/socket.h>

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "netd/ratelimit.h"
#include "shared/bytes.h"

#define RATELIMIT_BUCKETS	8192
#define RATELIMIT_COST		(1000000000U / RATELIMIT_RATE)
#define RATELIMIT_CAP		(RATELIMIT_COST * RATELIMIT_BURST)
#define RATELIMIT_IDLE		1000000000ULL

/* Indices count from 1, so that 0 ends a chain. */
struct ratelimit_entry {
	uint64_t	prefix;		/* IPv4 address or upper half of IPv6 */
	uint64_t	last;		/* ns */
	uint32_t	tokens;		/* ns worth of credit */
	uint32_t	next;
	int		family;
};

struct ratelimit {
	struct ratelimit_entry	*pool;	/* RATELIMIT_SOURCES */
	uint64_t		 last_gc;
	uint32_t		 bucket[RATELIMIT_BUCKETS];
	uint32_t		 unused;	/* chain of returned entries */
	uint32_t		 fresh;		/* pool entries ever used */
	uint32_t		 count;
	uint8_t			 key[crypto_shorthash_KEYBYTES];
};

static uint32_t	*ratelimit_bucket(struct ratelimit *, int, uint64_t);
static uint32_t	 ratelimit_take(struct ratelimit *, uint64_t);
static void	 ratelimit_sweep(struct ratelimit *, uint32_t *, uint64_t);
static bool	 ratelimit_charge(struct ratelimit_entry *, uint64_t);

struct ratelimit *
ratelimit_new(uint64_t now)
{
	struct ratelimit *rl;

	rl = calloc(1, sizeof(*rl));
	if (rl == NULL)
		return (NULL);
	rl->pool = calloc(RATELIMIT_SOURCES, sizeof(*rl->pool));
	if (rl->pool == NULL) {
		free(rl);
		return (NULL);
	}
	rl->last_gc = now;
	crypto_shorthash_keygen(rl->key);
	return (rl);
}

void
ratelimit_free(struct ratelimit *rl)
{
	if (rl == NULL)
		return;
	sodium_memzero(rl->key, sizeof(rl->key));
	free(rl->pool);
	free(rl);
}

static uint32_t *
ratelimit_bucket(struct ratelimit *rl, int family, uint64_t prefix)
{
	uint8_t in[9], hash[crypto_shorthash_BYTES];

	in[0] = family == AF_INET ? 4 : 6;
	put_le64(in + 1, prefix);
	crypto_shorthash(hash, in, sizeof(in), rl->key);
	return (&rl->bucket[get_le64(hash) % RATELIMIT_BUCKETS]);
}

/* Return the idle entries of a chain to the pool. */
static void
ratelimit_sweep(struct ratelimit *rl, uint32_t *link, uint64_t now)
{
	struct ratelimit_entry *e;
	uint32_t idx;

	while ((idx = *link) != 0) {
		e = &rl->pool[idx - 1];
		if (now <= e->last || now - e->last <= RATELIMIT_IDLE) {
			link = &e->next;
			continue;
		}
		*link = e->next;
		e->next = rl->unused;
		rl->unused = idx;
		rl->count--;
	}
}

size_t
ratelimit_gc(struct ratelimit *rl, uint64_t now)
{
	size_t i;

	rl->last_gc = now;
	for (i = 0; i < RATELIMIT_BUCKETS && rl->count > 0; i++)
		ratelimit_sweep(rl, &rl->bucket[i], now);
	return (rl->count);
}

/* Get a free entry; 0 if there is none. */
static uint32_t
ratelimit_take(struct ratelimit *rl, uint64_t now)
{
	uint32_t idx;

	/* A full sweep costs; a flood must not buy one a packet. */
	if (rl->count == RATELIMIT_SOURCES && now > rl->last_gc &&
	    now - rl->last_gc > RATELIMIT_IDLE)
		ratelimit_gc(rl, now);
	if (rl->unused != 0) {
		idx = rl->unused;
		rl->unused = rl->pool[idx - 1].next;
	} else if (rl->fresh < RATELIMIT_SOURCES)
		idx = ++rl->fresh;
	else
		return (0);
	rl->count++;
	return (idx);
}

static bool
ratelimit_charge(struct ratelimit_entry *e, uint64_t now)
{
	uint64_t tokens;

	tokens = e->tokens;
	if (now > e->last) {
		if (now - e->last >= RATELIMIT_CAP)
			tokens = RATELIMIT_CAP;
		else
			tokens += now - e->last;
		if (tokens > RATELIMIT_CAP)
			tokens = RATELIMIT_CAP;
		e->last = now;
	}
	e->tokens = (uint32_t)tokens;
	if (tokens < RATELIMIT_COST)
		return (false);
	e->tokens -= RATELIMIT_COST;
	return (true);
}

bool
ratelimit_allow(struct ratelimit *rl, int family, const void *addr,
    uint64_t now)
{
	struct ratelimit_entry *e;
	uint64_t prefix;
	uint32_t *bucket, idx;

	if (family == AF_INET)
		prefix = get_be32(addr);
	else if (family == AF_INET6)
		prefix = get_be64(addr);	/* /64: one host's */
	else
		return (false);
	bucket = ratelimit_bucket(rl, family, prefix);
	for (idx = *bucket; idx != 0; idx = e->next) {
		e = &rl->pool[idx - 1];
		if (e->prefix == prefix && e->family == family)
			return (ratelimit_charge(e, now));
	}
	/* New: make room in this chain, which we touched anyway. */
	ratelimit_sweep(rl, bucket, now);
	idx = ratelimit_take(rl, now);
	if (idx == 0)
		return (false);
	e = &rl->pool[idx - 1];
	*e = (struct ratelimit_entry){ .prefix = prefix, .family = family,
	    .last = now, .tokens = RATELIMIT_CAP - RATELIMIT_COST,
	    .next = *bucket };
	*bucket = idx;
	return (true);
}
