/* SPDX-License-Identifier: ISC */
/*
 * Sealing of transport datagrams (WireGuard paper 5.4.6), apart from who gets
 * them: one packet at once, or a large packet of TCP or UDP, cut on the way,
 * as a piece of work for whoever has time.
 */
#ifndef CRYPTOD_SEAL_H
#define CRYPTOD_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "cryptod/segment.h"
#include "cryptod/workers.h"

#define SEAL_TRAIN_MAX	128		/* packets that one piece of work cuts */
#define SEAL_PACKET_MAX	9216		/* and their length: jumbo frames */
#define SEAL_HEADROOM	64
#define SEAL_TAILROOM	16		/* for padding */

/* Only this process may write where `to' points. */
struct seal_job {
	struct work	 work;
	struct segment	 seg;
	uint32_t	 mtu;		/* of the link, as padding wants it */
	const uint8_t	*key;		/* must stay until it is done */
	uint32_t	 index;		/* the receiver's */
	uint64_t	 counter;	/* of the first packet */
	uint8_t		*to[SEAL_TRAIN_MAX];	/* NULL: there was no room */
	/* What seg cuts: 64 bytes for a header before it, then the packet. */
	_Alignas(64) uint8_t	 buf[SEAL_HEADROOM + 65536 + SEAL_TAILROOM];
};

/* Seals len bytes at p, padding included, to len + 32 bytes at `to'. */
void	 seal_packet(uint8_t *to, const uint8_t *p, size_t len,
	    uint32_t index, const uint8_t *key, uint64_t counter);
/* The work of a job: to be its work.run. */
void	 seal_run(struct work *);

#endif /* CRYPTOD_SEAL_H */
