/* SPDX-License-Identifier: ISC */
/*
 * From a peer to the TUN: opening, replay, confirmation of keys, and whether
 * the inner source is the peer's (WireGuard paper 3, 5.4.6, 6.2).
 */
#ifndef CRYPTOD_INBOUND_H
#define CRYPTOD_INBOUND_H

#include <stddef.h>
#include <stdint.h>

#include "cryptod/open.h"

struct engine;
struct origin;

/*
 * A transport datagram in private memory, opened already or now, in place.
 * Datagrams are to come here in the order of their arrival.
 */
void	 inbound_packet(struct engine *, uint8_t *p, size_t len,
	    const struct origin *, enum opened);
/*
 * Which key to try on a record's datagrams, from the 8 bytes at p, which may
 * be anything: job->index and job->key.
 */
void	 inbound_guess(const struct engine *, struct open_job *job,
	    const uint8_t *p);

#endif /* CRYPTOD_INBOUND_H */
