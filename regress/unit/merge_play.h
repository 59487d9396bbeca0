/* SPDX-License-Identifier: ISC */
/*
 * A merger whose output is checked as it comes: what was merged is segmented
 * again, and each packet has to be one that went in, in order (packets.h).
 */
#ifndef REGRESS_UNIT_MERGE_PLAY_H
#define REGRESS_UNIT_MERGE_PLAY_H

#include <stddef.h>
#include <stdint.h>

#include "cryptod/merge.h"
#include "packets.h"

#define ALL	(MERGE_TCP4 | MERGE_TCP6 | MERGE_UDP4 | MERGE_UDP6)

/* What can be merged, and the flag of each. */
#define KINDS	4
struct kind {
	int		 version;
	uint8_t		 proto;
	unsigned int	 flag;
};
extern const struct kind	kinds[KINDS];

extern struct merge		m;
extern struct ledger		ledger;		/* of m: what is inside */
extern size_t			writes;		/* since the last reset */
extern size_t			merged;		/* of those, with a header */
extern struct virtio_net_hdr	last_hdr;	/* of the last write */
extern uint8_t			last[PACKET_MAX];
extern size_t			last_len;

/* m begins anew, with a set of MERGE_ flags; everything must be out. */
void	 reset(unsigned int what);
/* A packet goes in; its memory is exact, and gone after the call. */
void	 add_bytes(const uint8_t *, size_t);
/* So does this one, which then is the next of its stream. */
void	 add_next(struct packet *);
/* Flushes: everything is out, in so many writes since the last done(). */
void	 done(size_t want_writes, size_t want_merged);

#endif /* REGRESS_UNIT_MERGE_PLAY_H */
