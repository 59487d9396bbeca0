/* SPDX-License-Identifier: ISC */
/*
 * The session keys of a remote key: previous, current and next (WireGuard
 * paper 6.2, 6.3).  The keys themselves are in locked memory; counter and
 * replay window are not secret.
 */
#ifndef CRYPTOD_KEYPAIR_H
#define CRYPTOD_KEYPAIR_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "cryptod/replay.h"
#include "cryptod/symmetric.h"
#include "shared/clock.h"

#define REKEY_AFTER_MESSAGES	(1ULL << 60)
#define REKEY_AFTER_TIME	(120 * CLOCK_NSEC_PER_SEC)
#define REJECT_AFTER_TIME	(180 * CLOCK_NSEC_PER_SEC)

struct engine;
struct remote;

/* In locked memory. */
struct session_keys {
	uint8_t			 send[NOISE_KEYLEN];
	uint8_t			 recv[NOISE_KEYLEN];
};

struct keypair {
	LIST_ENTRY(keypair)	 entry;		/* of the loop guard */
	struct remote		*remote;
	struct session_keys	*keys;
	uint32_t		 local_index;
	uint32_t		 remote_index;
	uint64_t		 birth;		/* CLOCK_BOOTTIME */
	/* 64 bits wherever it is held; only ever grows.  (P17) */
	uint64_t		 send_counter;
	bool			 initiator;
	bool			 sending;	/* may seal; else only open */
	struct replay		 replay;
};

/*
 * Turns the remote's finished handshake into a keypair and puts it where the
 * role says.  The handshake is wiped, its index names the keypair then.
 * 0, or -1 (ENOMEM, EINVAL) and the handshake is as it was.
 */
int	 keypair_begin(struct engine *, struct remote *, bool initiator);
/*
 * A packet was authenticated with this keypair: if it is `next`, the other
 * side has confirmed it and it becomes current; then true.
 */
bool	 keypair_confirm(struct engine *, struct keypair *);
/* May it seal now?  NULL may not. */
bool	 keypair_can_send(const struct engine *, const struct keypair *);
/* May it open now? */
bool	 keypair_can_receive(const struct engine *, const struct keypair *);
/* Neither current nor next may seal any more; they still open. */
void	 keypairs_expire_sending(struct remote *);
/* Drops and wipes all three. */
void	 keypairs_clear(struct engine *, struct remote *);

#endif /* CRYPTOD_KEYPAIR_H */
