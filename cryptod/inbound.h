/* SPDX-License-Identifier: ISC */
/*
 * From a peer to the TUN: opening, replay, confirmation of keys, and whether
 * the inner source is the peer's (WireGuard paper 3, 5.4.6, 6.2).
 */
#ifndef CRYPTOD_INBOUND_H
#define CRYPTOD_INBOUND_H

#include <stddef.h>
#include <stdint.h>

struct engine;
struct origin;

/* A transport datagram in private memory; it is opened in place. */
void	 inbound_packet(struct engine *, uint8_t *p, size_t len,
	    const struct origin *);

#endif /* CRYPTOD_INBOUND_H */
