/* SPDX-License-Identifier: ISC */
/*
 * The allowed IPs.  A node stands for a prefix; it has an owner if that
 * prefix was inserted, and else two children.  Hence there are fewer than
 * two nodes a prefix.  Everything iterates: depth is the user's choice, 129
 * nodes at most (P48, P50).
 *
 * The writer fills a node in before it links it, and a node that is taken
 * out keeps pointing into the trie: a reader sees the state before or after
 * a change of one link, either of which is whole.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/trie.h"
#include "shared/bytes.h"

#define TRIE_DEPTH_MAX	129		/* nodes from the root to a leaf */

/* An address as a number of 128 bits; IPv4 is its uppermost 32. */
struct trie_key {
	uint64_t	hi;
	uint64_t	lo;
};

struct trie_node {
	struct trie_key		 key;
	struct trie_node	*child[2];	/* by the bit after cidr */
	void			*owner;		/* NULL: only a fork */
	struct trie_entry	*entry;		/* the writer's view of it */
	struct trie_node	*limbo;		/* next unlinked node */
	unsigned int		 cidr;
};

static int			  trie_key_set(struct trie_key *, int,
				    const void *, unsigned int);
static struct trie_node		 *trie_node_new(struct trie *,
				    const struct trie_key *, unsigned int);
static struct trie_node		**trie_descend(struct trie_node **,
				    const struct trie_key *, unsigned int);
static struct trie_node		 *trie_make(struct trie *,
				    struct trie_node **,
				    const struct trie_key *, unsigned int);
static void			  trie_unlink(struct trie *,
				    struct trie_node **, struct trie_node *);

/* Links are read and written whole, whoever else is looking. */
static inline struct trie_node *
trie_load(struct trie_node *const *link)
{
	return (__atomic_load_n(link, __ATOMIC_ACQUIRE));
}

static inline void
trie_store(struct trie_node **link, struct trie_node *n)
{
	__atomic_store_n(link, n, __ATOMIC_RELEASE);
}

/* How many leading bits have both in common, 0..128? */
static inline unsigned int
trie_common(const struct trie_key *a, const struct trie_key *b)
{
	if (a->hi != b->hi)
		return ((unsigned int)__builtin_clzll(a->hi ^ b->hi));
	if (a->lo != b->lo)
		return (64U + (unsigned int)__builtin_clzll(a->lo ^ b->lo));
	return (128);
}

/* The bit after the first n, n < 128. */
static inline unsigned int
trie_bit(const struct trie_key *k, unsigned int n)
{
	if (n < 64)
		return ((unsigned int)(k->hi >> (63 - n)) & 1);
	return ((unsigned int)(k->lo >> (127 - n)) & 1);
}

/* The upper n bits of 64; a shift by 64 would be undefined. */
static inline uint64_t
trie_mask(unsigned int n)
{
	if (n == 0)
		return (0);
	return (UINT64_MAX << (64 - (n < 64 ? n : 64)));
}

/* Make the key of a prefix, its host bits 0; -1 for nonsense. */
static int
trie_key_set(struct trie_key *k, int family, const void *addr,
    unsigned int cidr)
{
	const uint8_t *p = addr;

	if (family == AF_INET && cidr <= 32) {
		k->hi = (uint64_t)get_be32(p) << 32;
		k->lo = 0;
	} else if (family == AF_INET6 && cidr <= 128) {
		k->hi = get_be64(p);
		k->lo = get_be64(p + 8);
	} else {
		errno = EINVAL;
		return (-1);
	}
	k->hi &= trie_mask(cidr);
	k->lo &= trie_mask(cidr < 64 ? 0 : cidr - 64);
	return (0);
}

void
trie_init(struct trie *t)
{
	memset(t, 0, sizeof(*t));
}

void
trie_clear(struct trie *t)
{
	struct trie_node *stack[TRIE_DEPTH_MAX + 1], *n;
	unsigned int depth, i;

	for (i = 0; i < 2; i++) {
		depth = 0;
		if (t->root[i] != NULL)
			stack[depth++] = t->root[i];
		while (depth > 0) {
			n = stack[--depth];
			/* One node off, two on: one more a level. */
			if (n->child[0] != NULL)
				stack[depth++] = n->child[0];
			if (n->child[1] != NULL)
				stack[depth++] = n->child[1];
			free(n->entry);
			free(n);
		}
	}
	trie_reclaim(t);
	trie_init(t);
}

void
trie_take(struct trie *t, struct trie *from)
{
	trie_clear(t);
	*t = *from;
	trie_init(from);
}

void
trie_reclaim(struct trie *t)
{
	struct trie_node *n;

	while ((n = t->limbo) != NULL) {
		t->limbo = n->limbo;
		free(n);
	}
}

static struct trie_node *
trie_node_new(struct trie *t, const struct trie_key *key, unsigned int cidr)
{
	struct trie_node *n;

	n = calloc(1, sizeof(*n));
	if (n == NULL)
		return (NULL);
	n->key = *key;
	n->cidr = cidr;
	t->nnodes++;
	return (n);
}

/*
 * Follow a prefix down and return the link to its node, or, if it has none,
 * the link where that node would go.
 */
static struct trie_node **
trie_descend(struct trie_node **link, const struct trie_key *key,
    unsigned int cidr)
{
	struct trie_node *n;

	while ((n = *link) != NULL && n->cidr < cidr &&
	    trie_common(&n->key, key) >= n->cidr)
		link = &n->child[trie_bit(key, n->cidr)];
	return (link);
}

/*
 * Return the node of a prefix, made if need be; link is what
 * trie_descend() found.
 */
static struct trie_node *
trie_make(struct trie *t, struct trie_node **link, const struct trie_key *key,
    unsigned int cidr)
{
	struct trie_node *below = *link, *fork, *n;
	struct trie_key forkkey;
	unsigned int common;

	if (below != NULL && below->cidr == cidr &&
	    trie_common(&below->key, key) >= cidr)
		return (below);
	n = trie_node_new(t, key, cidr);
	if (n == NULL)
		return (NULL);
	if (below == NULL) {
		trie_store(link, n);
		return (n);
	}
	/* It cannot cover the new prefix, or the descent had gone on. */
	common = trie_common(&below->key, key);
	if (common >= cidr) {
		n->child[trie_bit(&below->key, cidr)] = below;
		trie_store(link, n);
		return (n);
	}
	forkkey.hi = key->hi & trie_mask(common);
	forkkey.lo = key->lo & trie_mask(common < 64 ? 0 : common - 64);
	fork = trie_node_new(t, &forkkey, common);
	if (fork == NULL) {
		free(n);
		t->nnodes--;
		return (NULL);
	}
	fork->child[trie_bit(key, common)] = n;
	fork->child[trie_bit(&below->key, common)] = below;
	trie_store(link, fork);
	return (n);
}

struct trie_entry *
trie_insert(struct trie *t, int family, const void *addr, unsigned int cidr,
    void *owner, void **old)
{
	struct trie_node **link, *n;
	struct trie_entry *e;
	struct trie_key key;

	if (owner == NULL) {
		errno = EINVAL;
		return (NULL);
	}
	if (trie_key_set(&key, family, addr, cidr) == -1)
		return (NULL);
	e = trie_find(t, family, addr, cidr);
	if (e == NULL) {
		/* All memory first: a failure must leave no empty leaf. */
		e = calloc(1, sizeof(*e));
		if (e == NULL)
			return (NULL);
		link = trie_descend(&t->root[family == AF_INET6], &key, cidr);
		n = trie_make(t, link, &key, cidr);
		if (n == NULL) {
			free(e);
			errno = ENOMEM;
			return (NULL);
		}
		e->family = family;
		e->cidr = (uint8_t)cidr;
		if (family == AF_INET)
			put_be32(e->addr, (uint32_t)(key.hi >> 32));
		else {
			put_be64(e->addr, key.hi);
			put_be64(e->addr + 8, key.lo);
		}
		e->node = n;
		n->entry = e;
		t->nentries++;
	}
	*old = e->owner;
	e->owner = owner;
	e->serial = ++t->serial;
	__atomic_store_n(&e->node->owner, owner, __ATOMIC_RELEASE);
	return (e);
}

/* Put a node's only child, if any, into its place. */
static void
trie_unlink(struct trie *t, struct trie_node **link, struct trie_node *n)
{
	trie_store(link, n->child[n->child[0] == NULL]);
	n->limbo = t->limbo;
	t->limbo = n;
	t->nnodes--;
}

void
trie_remove(struct trie *t, struct trie_entry *e)
{
	struct trie_node **link, **uplink = NULL, *n = e->node, *up = NULL;

	link = &t->root[e->family == AF_INET6];
	while (*link != n) {
		uplink = link;
		up = *link;
		link = &up->child[trie_bit(&n->key, up->cidr)];
	}
	__atomic_store_n(&n->owner, NULL, __ATOMIC_RELEASE);
	n->entry = NULL;
	free(e);
	t->nentries--;
	if (n->child[0] != NULL && n->child[1] != NULL)
		return;
	trie_unlink(t, link, n);
	/* A fork whose one branch is gone has no reason to be. */
	if (up != NULL && up->entry == NULL &&
	    (up->child[0] == NULL || up->child[1] == NULL))
		trie_unlink(t, uplink, up);
}

struct trie_entry *
trie_find(const struct trie *t, int family, const void *addr,
    unsigned int cidr)
{
	struct trie_node *root, *n;
	struct trie_key key;

	if (trie_key_set(&key, family, addr, cidr) == -1)
		return (NULL);
	root = t->root[family == AF_INET6];
	n = *trie_descend(&root, &key, cidr);
	if (n == NULL || n->cidr != cidr || trie_common(&n->key, &key) < cidr)
		return (NULL);
	return (n->entry);
}

/* The longest match for a whole address of so many bits. */
static inline void *
trie_lookup(const struct trie_node *n, const struct trie_key *key,
    unsigned int bits)
{
	void *best = NULL, *owner;

	while (n != NULL && trie_common(&n->key, key) >= n->cidr) {
		owner = __atomic_load_n(&n->owner, __ATOMIC_ACQUIRE);
		if (owner != NULL)
			best = owner;
		if (n->cidr >= bits)
			break;
		n = trie_load(&n->child[trie_bit(key, n->cidr)]);
	}
	return (best);
}

void *
trie_lookup4(const struct trie *t, const void *addr)
{
	struct trie_key key;

	key.hi = (uint64_t)get_be32(addr) << 32;
	key.lo = 0;
	return (trie_lookup(trie_load(&t->root[0]), &key, 32));
}

void *
trie_lookup6(const struct trie *t, const void *addr)
{
	const uint8_t *p = addr;
	struct trie_key key;

	key.hi = get_be64(p);
	key.lo = get_be64(p + 8);
	return (trie_lookup(trie_load(&t->root[1]), &key, 128));
}
