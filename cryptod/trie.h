/* SPDX-License-Identifier: ISC */
/*
 * The allowed IPs: longest-prefix match from an address to its owner, a
 * path-compressed binary trie for each of IPv4 and IPv6.  One thread writes;
 * lookups take no lock and allocate nothing, and may run in other threads
 * while it writes, see trie_reclaim().
 */
#ifndef CRYPTOD_TRIE_H
#define CRYPTOD_TRIE_H

#include <sys/queue.h>

#include <stddef.h>
#include <stdint.h>

struct trie_node;

/*
 * One prefix.  It is made by trie_insert() and freed by trie_remove(); only
 * `entry' is the caller's, for the owner's list in order of insertion.
 */
struct trie_entry {
	TAILQ_ENTRY(trie_entry)	 entry;
	void			*owner;
	struct trie_node	*node;		/* private */
	uint64_t		 serial;	/* order of insertion or move */
	int			 family;	/* AF_INET or AF_INET6 */
	uint8_t			 cidr;		/* 0..32 or 0..128 */
	uint8_t			 addr[16];	/* masked; IPv4: first 4 */
};
TAILQ_HEAD(trie_list, trie_entry);

struct trie {
	struct trie_node	*root[2];	/* IPv4, IPv6 */
	struct trie_node	*limbo;		/* unlinked, maybe being read */
	size_t			 nentries;
	size_t			 nnodes;	/* linked; < 2 * nentries */
	uint64_t		 serial;	/* the last one given */
};

void	trie_init(struct trie *t);

/*
 * Free all nodes and entries at once; the owners' lists are void then.
 * Nobody may be looking anything up.
 */
void	trie_clear(struct trie *t);

/*
 * Give the prefix addr/cidr (4 or 16 bytes by family; host bits are masked
 * off) to owner, not NULL.  A prefix has one owner: *old is set to the one
 * it had so far, or to NULL if the prefix is new.  The caller then takes
 * the entry out of the old owner's list and puts it at the end of the new
 * one's (P50).  Returns the entry, or NULL with errno EINVAL or ENOMEM and
 * nothing changed.
 */
struct trie_entry *trie_insert(struct trie *t, int family, const void *addr,
	    unsigned int cidr, void *owner, void **old);

/* Make t what `from' is, which is empty then; t's own prefixes are freed. */
void	trie_take(struct trie *t, struct trie *from);

/*
 * Remove a prefix and free its entry, which the caller has taken out of the
 * owner's list before.  Its nodes are kept until trie_reclaim().
 */
void	trie_remove(struct trie *t, struct trie_entry *e);

/*
 * Free the nodes of removed prefixes.  To be called when no lookup that
 * began before the removal can still be running; where the writer is the
 * only reader, that is any time.
 */
void	trie_reclaim(struct trie *t);

/* The entry of exactly this prefix (host bits masked off), or NULL. */
struct trie_entry *trie_find(const struct trie *t, int family,
	    const void *addr, unsigned int cidr);

/*
 * The owner of the longest prefix that covers the address (4 or 16 bytes,
 * network order, any alignment), or NULL.
 */
void	*trie_lookup4(const struct trie *t, const void *addr);
void	*trie_lookup6(const struct trie *t, const void *addr);

#endif /* CRYPTOD_TRIE_H */
