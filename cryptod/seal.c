/* SPDX-License-Identifier: ISC */
/*
 * Sealing: see seal.h.
 */
#include <sodium.h>
#include <string.h>

#include "cryptod/aead.h"
#include "cryptod/ip.h"
#include "cryptod/outbound.h"
#include "cryptod/seal.h"
#include "shared/bytes.h"

void
seal_packet(uint8_t *to, const uint8_t *p, size_t len, uint32_t index,
    const uint8_t *key, uint64_t counter)
{
	put_le32(to, TRANSPORT_TYPE);
	put_le32(to + 4, index);
	put_le64(to + 8, counter);
	aead_seal(to + TRANSPORT_HEADER, p, len, key, counter);
}

/*
 * Each packet is made in memory that nobody else sees: what is to be sealed
 * must not stand in the ring, which netd reads.
 */
void
seal_run(struct work *work)
{
	struct seal_job *job = (struct seal_job *)work;
	uint8_t piece[SEAL_PACKET_MAX + SEAL_TAILROOM];
	size_t i, len, pad;

	for (i = 0; i < job->seg.count; i++) {
		if (job->to[i] == NULL)
			continue;
		len = segment_make(&job->seg, i, piece);
		pad = ip_padding(len, job->mtu);
		memset(piece + len, 0, pad);
		seal_packet(job->to[i], piece, len + pad, job->index,
		    job->key, job->counter + i);
	}
	/* It is somebody's plaintext.  (P19) */
	sodium_memzero(piece, job->seg.max);
}
