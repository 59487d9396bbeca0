/* SPDX-License-Identifier: ISC */
/*
 * Where a datagram came from and which of our addresses it came to.  cryptod
 * carries it as 48 opaque bytes and hands them back once the packet proved
 * to be authentic; only then does it become the endpoint of a device.
 */
#ifndef NETD_SOURCE_H
#define NETD_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/addr.h"
#include "shared/ring.h"

#define SOURCE_KEY_LEN	16

struct source {
	struct endpoint	 remote;	/* family 0: not known */
	bool		 has_local;	/* the sticky source is known */
	uint8_t		 local[16];	/* 4 or 16 bytes by remote.family */
	uint32_t	 ifindex;	/* where it came in */
};

void	 source_encode(const struct source *, uint8_t [RING_FROM_SIZE]);
/* 0, or -1 unless it is just what source_encode() makes. */
int	 source_decode(struct source *, const uint8_t [RING_FROM_SIZE]);
/*
 * The name of a source under a generation, never 0: a keyed hash, so that
 * nobody outside can find two sources of one name.
 */
uint32_t source_path(const uint8_t key[SOURCE_KEY_LEN],
	    const uint8_t [RING_FROM_SIZE], uint64_t generation);
/* The same address, port and scope? */
bool	 source_is_same_remote(const struct source *, const struct source *);
/*
 * Could a datagram have come from there?  What cryptod hands back may be from
 * before a restart, and then it was kept in a file.
 */
bool	 source_is_sane(const struct source *);
/* Is its address link-local, so that it only means something on a link? */
bool	 source_is_link_local(const struct source *);
/* Forgets the local address. */
void	 source_unpin(struct source *);

#endif /* NETD_SOURCE_H */
