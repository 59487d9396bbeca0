/* SPDX-License-Identifier: ISC */
/*
 * Handshakes of remote keys: when one may begin, what an initiation and a
 * response do to the state (WireGuard paper 5.1, 6.3, 6.4).  The messages are
 * made and read by noise.c.
 */
#ifndef CRYPTOD_HANDSHAKE_H
#define CRYPTOD_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/clock.h"

#define HANDSHAKE_FLOOD		(20 * CLOCK_NSEC_PER_MSEC)

struct engine;
struct origin;
struct remote;

/*
 * Sends an initiation, unless one (or a response) went out less than 5 s ago;
 * then T1 sees to it.  retry: by T1.  flags: RING_F_*.
 */
void	 handshake_initiate(struct engine *, struct remote *, bool retry,
	    uint8_t flags);
/* Message 1 or 2 came in; msg is private memory.  Any len is fine. */
void	 handshake_receive(struct engine *, const uint8_t *msg, size_t len,
	    const struct origin *);
/* Forgets and wipes a handshake in progress. */
void	 handshake_clear(struct engine *, struct remote *);

#endif /* CRYPTOD_HANDSHAKE_H */
