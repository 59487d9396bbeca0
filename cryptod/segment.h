/* SPDX-License-Identifier: ISC */
/*
 * What one read of the TUN device holds, cut into IP packets that are
 * complete: a whole packet, whose checksum may be missing, or a large one of
 * TCP or UDP that the kernel left to us to segment.
 */
#ifndef CRYPTOD_SEGMENT_H
#define CRYPTOD_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/vnet.h"

enum segment_error {
	SEGMENT_OK,
	SEGMENT_BAD_TYPE,	/* a kind of segmentation not asked for */
	SEGMENT_BAD_CHECKSUM,	/* its place is not in the packet */
	SEGMENT_BAD_IP,		/* IP header: not what the type says */
	SEGMENT_BAD_TRANSPORT,	/* TCP or UDP header: cut off */
	SEGMENT_BAD_SIZE	/* segments of zero bytes or too large */
};

struct segment {
	/* For the caller to read. */
	uint8_t			*pkt;
	size_t			 len;
	size_t			 count;		/* packets in all; at least 1 */
	size_t			 max;		/* length of the longest */
	enum segment_error	 error;

	/* Ours. */
	size_t			 next;		/* number of the next one */
	size_t			 start;		/* where TCP or UDP begins */
	size_t			 hdr_len;	/* all headers */
	size_t			 size;		/* payload of each */
	uint64_t		 ip_sum;	/* of what all have in common */
	uint64_t		 sum;
	uint32_t		 seq;
	uint16_t		 id;
	uint8_t			 flags;		/* TCP's */
	uint8_t			 version;
	bool			 is_tcp;
};

/*
 * Begin with the len bytes at pkt that were read behind the header h.  They
 * are changed and must stay until the last segment is out.  Every number of
 * h is checked, and its hdr_len ignored: forwarded packets have it wrong
 * (P39).  How many segments are too many is for the caller to say.
 * 0, or -1 and s->error.
 *
 * If s->count is 1 the packet is complete after this, in place: the s->len
 * bytes at s->pkt, with no copy.
 */
int	segment_begin(struct segment *s, const struct virtio_net_hdr *h,
	    uint8_t *pkt, size_t len);

/*
 * Write the next packet to dst, which does not overlap the one read.
 * 1 and its length, 0 after the last one, or -1 if cap is less than it needs
 * (s->max is always enough); then it stays the next one.
 */
int	segment_next(struct segment *s, uint8_t *dst, size_t cap, size_t *len);

/* The length of packet i, and the same packet to dst, in any order. */
size_t	segment_len(const struct segment *s, size_t i);
size_t	segment_make(const struct segment *s, size_t i, uint8_t *dst);

#endif /* CRYPTOD_SEGMENT_H */
