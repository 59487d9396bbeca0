/* SPDX-License-Identifier: ISC */
/*
 * Does an outbound packet carry this very tunnel (P26)?  In bare mode no rule
 * of the parent keeps netd's datagrams out of the TUN when a peer's endpoint
 * is routed into it, so each would be sealed again for ever.  They are told
 * by their indices: those of our sessions, seen from either side.
 */
#ifndef CRYPTOD_LOOPGUARD_H
#define CRYPTOD_LOOPGUARD_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOPGUARD_BUCKETS	16384

struct index_table;
struct ip_info;
struct keypair;
LIST_HEAD(loopguard_bucket, keypair);

struct loopguard {
	struct loopguard_bucket	*bucket;
	uint8_t			 key[16];	/* of SipHash, random */
};

/* 0, or -1 (ENOMEM). */
int	 loopguard_init(struct loopguard *);
void	 loopguard_clear(struct loopguard *);
/* By the keypair's remote_index, which the other side chose. */
void	 loopguard_add(struct loopguard *, struct keypair *);
void	 loopguard_del(struct keypair *);
/* Is the packet p, which ip_parse() read, one of our own datagrams? */
bool	 loopguard_hit(const struct loopguard *, const struct index_table *,
	    const uint8_t *p, const struct ip_info *);

#endif /* CRYPTOD_LOOPGUARD_H */
