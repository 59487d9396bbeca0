/* SPDX-License-Identifier: ISC */
/*
 * Coalescing (GRO) of the inner packets of one batch into large ones, each
 * of which the kernel takes with one write to the TUN device and does not
 * verify again.  What comes out, cut up again, is what came in, bit by bit,
 * but for the identification of IPv4 packets with DF (P42).
 */
#ifndef CRYPTOD_MERGE_H
#define CRYPTOD_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "shared/vnet.h"

#define MERGE_FLOWS	16		/* gathered at a time */
#define MERGE_ROOM	65536		/* the longest IP packet fits */
#define MERGE_UDP_MAX	64		/* pieces, as in the kernel's GRO */

/*
 * What may be merged: what the kernel accepted with TUNSETOFFLOAD, and nobody
 * asked to leave out.  A kernel that takes UDP_L4 in one direction takes it in
 * the other; the parent, which makes the device, says what it refused.
 */
#define MERGE_TCP4	0x01
#define MERGE_TCP6	0x02
#define MERGE_UDP4	0x04
#define MERGE_UDP6	0x08

/*
 * Gets a packet to be written to the TUN device behind the header h.  Both
 * are gone when it returns.  An unmerged packet has a header of zeros.
 */
typedef void	merge_write(void *arg, const struct virtio_net_hdr *h,
		    const uint8_t *pkt, size_t len);

/* Ports come first: they tell most flows apart with one comparison. */
struct merge_key {
	uint8_t		 ports[4];	/* 0 unless version, proto have them */
	uint8_t		 version;
	uint8_t		 proto;
	uint8_t		 zero[2];
	uint8_t		 addrs[32];	/* IPv4: 8, and zeros */
};

struct merge_flow {
	struct merge_key key;
	uint64_t	 pseudo;	/* sum of addresses and protocol */
	size_t		 len;		/* of the packet gathered so far */
	uint32_t	 next_seq;
	unsigned int	 pieces;
	uint16_t	 start;		/* where TCP or UDP begins */
	uint16_t	 hdr_len;	/* all headers */
	uint16_t	 size;		/* payload of each piece */
	uint16_t	 next_id;	/* IPv4 */
};

/* 1 MiB and little more; memory of flows that never were is never touched. */
struct merge {
	merge_write	*write;
	void		*arg;
	unsigned int	 what;			/* MERGE_* */
	unsigned int	 used;			/* bit i: flow[i] holds some */
	unsigned int	 nflows;
	uint8_t		 order[MERGE_FLOWS];	/* the oldest first */
	struct merge_flow flow[MERGE_FLOWS];
	uint8_t		 buf[MERGE_FLOWS][MERGE_ROOM];
};

void	merge_init(struct merge *, unsigned int what, merge_write *, void *arg);

/*
 * Add a packet, len being its IP length: whatever padded it is cut off
 * before.  It is copied once, or written at once and not copied; the caller
 * has its memory back.  Packets of a flow are written in the order in which
 * they were added.
 */
void	merge_add(struct merge *, const uint8_t *pkt, size_t len);

/* Write all that is held.  To be called at the end of each batch. */
void	merge_flush(struct merge *);

#endif /* CRYPTOD_MERGE_H */
