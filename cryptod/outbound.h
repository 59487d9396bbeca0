/* SPDX-License-Identifier: ISC */
/*
 * From the TUN to a peer: cryptokey routing, packets that wait for a key, and
 * sealing (WireGuard paper 2, 3, 5.4.6).
 */
#ifndef CRYPTOD_OUTBOUND_H
#define CRYPTOD_OUTBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAGED_MAX		128	/* packets that wait, one device */
#define TRANSPORT_HEADER	16
#define TRANSPORT_OVERHEAD	32	/* with the tag */
#define TRANSPORT_TYPE		4
#define DATAGRAM_MAX		65479	/* bytes of UDP payload, at most */
#define INNER_MAX		(DATAGRAM_MAX - TRANSPORT_OVERHEAD)

struct device;
struct engine;
struct seal_job;

/*
 * A packet from the TUN, in private memory with ENGINE_TAILROOM writable
 * bytes after it.  It is sealed, or copied and staged, or dropped.
 */
void	 outbound_packet(struct engine *, uint8_t *p, size_t len);
/*
 * A large packet that job->seg begins, of whose packets `first' is the first:
 * true if they all can go now; then there is room for them, they are counted,
 * and the job is to be run.  False: send them one by one.
 */
bool	 outbound_train(struct engine *, struct seal_job *job,
	    const uint8_t *first);
/*
 * Sends what waits, or initiates a handshake if there is no key for it.  While
 * the link is down or nobody knows the endpoint, it goes on waiting.
 */
void	 outbound_flush(struct engine *, struct device *);
/* Sends a keepalive, or what waits instead. */
void	 outbound_keepalive(struct engine *, struct device *);
/* Drops what waits; how many. */
size_t	 outbound_purge(struct engine *, struct device *);

#endif /* CRYPTOD_OUTBOUND_H */
