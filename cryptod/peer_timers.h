/* SPDX-License-Identifier: ISC */
/*
 * The five timers of a peer and the events that move them: the whole state
 * machine of the WireGuard paper, 6.  T1 retransmit, T2 keepalive, T3 new
 * handshake, T4 zero key material, T5 persistent keepalive.
 */
#ifndef CRYPTOD_PEER_TIMERS_H
#define CRYPTOD_PEER_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/clock.h"
#include "shared/timer.h"

#define REKEY_TIMEOUT		(5 * CLOCK_NSEC_PER_SEC)
#define REKEY_JITTER_MS		334	/* 0..333 ms */
#define CROSSED_DELAY		(2 * CLOCK_NSEC_PER_SEC)
#define KEEPALIVE_TIMEOUT	(10 * CLOCK_NSEC_PER_SEC)
#define ZERO_KEYS_TIMEOUT	(540 * CLOCK_NSEC_PER_SEC)
#define HANDSHAKES_MAX		18	/* 90 s / 5 s; two more are sent */

struct engine;
struct remote;

struct peer_timers {
	struct timer	 retransmit;		/* T1 */
	struct timer	 keepalive;		/* T2 */
	struct timer	 new_handshake;		/* T3 */
	struct timer	 zero_keys;		/* T4 */
	struct timer	 persistent;		/* T5 */
	unsigned	 attempts;		/* retransmissions */
	bool		 spared;		/* the next one is our doing */
	bool		 was_spared;		/* so was the last one */
	bool		 need_another_keepalive;
	bool		 sent_lastminute;	/* once before a key ends */
};

void	 peer_timers_init(struct remote *);
/* Stops all five; to be called before the remote goes (P9). */
void	 peer_timers_stop(struct engine *, struct remote *);

/* Events.  Data has a payload; a keepalive is not data (P2). */
void	 peer_data_sent(struct engine *, struct remote *);
void	 peer_data_received(struct engine *, struct remote *);
void	 peer_any_sent(struct engine *, struct remote *);
void	 peer_any_received(struct engine *, struct remote *);
void	 peer_handshake_initiated(struct engine *, struct remote *);
void	 peer_handshake_complete(struct engine *, struct remote *);
void	 peer_session_derived(struct engine *, struct remote *);
/* When the next initiation may be sent at the earliest, ns; 0: at any time. */
uint64_t peer_next_try(const struct remote *);
/* An initiation was due but came too soon: try again when it is not (P3). */
void	 peer_handshake_suppressed(struct engine *, struct remote *);
/*
 * It is to be sent what waits, or its first persistent keepalive, soon: by a
 * timer, since thousands at once would each cost a handshake (P46).
 */
void	 peer_wake(struct engine *, struct remote *);
/* The other side's initiation came while ours was on its way (P3). */
void	 peer_handshake_crossed(struct engine *, struct remote *);

#endif /* CRYPTOD_PEER_TIMERS_H */
