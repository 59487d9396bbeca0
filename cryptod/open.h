/* SPDX-License-Identifier: ISC */
/*
 * Opening of a record's datagrams (WireGuard paper 5.4.6), apart from what
 * they are good for, as a piece of work for whoever has time.
 */
#ifndef CRYPTOD_OPEN_H
#define CRYPTOD_OPEN_H

#include <stddef.h>
#include <stdint.h>

#include "cryptod/workers.h"
#include "shared/ring.h"

#define OPEN_SEGMENTS	1024		/* datagrams of one record */

/* What was found out about a datagram. */
enum opened {
	OPENED_NOT,		/* nothing: it is as it came */
	OPENED_GOOD,		/* it is plaintext now, behind its header */
	OPENED_FORGED
};

struct open_job {
	struct work	 work;
	/*
	 * A record of netd's.  Its payload is still netd's, who may write
	 * there; nothing is looked at before it was copied.
	 */
	struct ring_rec	 rec;
	/* A guess, from what netd showed us: the copy says if it is right. */
	uint32_t	 index;
	const uint8_t	*key;		/* NULL: no guess */
	uint8_t		 opened[OPEN_SEGMENTS];
	_Alignas(64) uint8_t	 buf[RING_PAYLOAD_MAX];
};

/* The length of the record's datagram i. */
size_t	 open_len(const struct open_job *, unsigned i);
/* The work: copies the payload and opens in place; to be work.run. */
void	 open_run(struct work *);

#endif /* CRYPTOD_OPEN_H */
