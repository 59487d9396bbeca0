/* SPDX-License-Identifier: ISC */
/*
 * WireGuard's handshake, Noise_IKpsk2 (WireGuard paper 5.4), and nothing
 * else: no sockets, timers, tables or indices of its own, and no mac1 or
 * mac2, which stay zero for netd to fill.  Every struct here holds secrets
 * and belongs into locked memory.
 *
 *	initiator			responder
 *	noise_initiation_create
 *			  --- message 1 -->
 *					noise_initiation_open
 *					(find the remote by its public key)
 *					noise_initiation_finish
 *					(flood rule)
 *					noise_initiation_commit
 *					noise_response_create
 *			  <-- message 2 ---
 *	noise_response_consume		noise_session_derive
 *	noise_session_derive
 *
 * All return 0, or -1 with errno: EBADMSG (malformed or forged), ENOKEY (no
 * private key), EKEYREJECTED (low-order public key), ESTALE (replayed
 * timestamp), EINVAL (wrong state or wrong remote).  A failed call changes
 * neither handshake nor remote; a message that it was to make is zeroed.
 */
#ifndef CRYPTOD_NOISE_H
#define CRYPTOD_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "cryptod/symmetric.h"
#include "shared/tai64n.h"

#define NOISE_INITIATION_LEN	148
#define NOISE_RESPONSE_LEN	92

#define NOISE_TYPE_INITIATION	1
#define NOISE_TYPE_RESPONSE	2

/* A key pair of this host. */
struct noise_local {
	uint8_t	private[NOISE_KEYLEN];	/* clamped */
	uint8_t	public[NOISE_KEYLEN];
	bool	has_identity;		/* false: all else is zero */
};

/* A public key of another host. */
struct noise_remote {
	uint8_t	public[NOISE_KEYLEN];
	uint8_t	psk[NOISE_KEYLEN];	/* all zero: none */
	uint8_t	ss[NOISE_KEYLEN];	/* DH of both static keys */
	uint8_t	ss_local[NOISE_KEYLEN];	/* our public key that ss is for */
	bool	ss_ok;			/* false: no handshake is possible */
	uint8_t	timestamp[TAI64N_LEN];	/* greatest one accepted from it */
};

enum noise_state {
	NOISE_ZEROED = 0,
	NOISE_CREATED_INITIATION,
	NOISE_CONSUMED_INITIATION,
	NOISE_CREATED_RESPONSE,
	NOISE_CONSUMED_RESPONSE
};

/* One handshake in progress; a peer has one for both roles. */
struct noise_handshake {
	enum noise_state	state;
	struct symmetric	sym;
	uint8_t			ephemeral[NOISE_KEYLEN];	/* private */
	uint8_t			remote_ephemeral[NOISE_KEYLEN];
	uint32_t		local_index;
	uint32_t		remote_index;
};

/* A message 1 on its way in, before anything of it is believed. */
struct noise_initiation {
	struct symmetric	sym;
	uint8_t			remote_public[NOISE_KEYLEN];
	uint8_t			remote_ephemeral[NOISE_KEYLEN];
	uint8_t			sealed_timestamp[TAI64N_LEN + 16];
	uint8_t			timestamp[TAI64N_LEN];
	uint32_t		sender;
	bool			finished;	/* timestamp is authentic */
};

/*
 * Set (clamped) or, if private is all zero, remove the identity.  Afterwards
 * noise_remote_precompute is due for every remote, and their handshakes are
 * to be cleared (P22).
 */
void	noise_local_set(struct noise_local *,
	    const uint8_t private[NOISE_KEYLEN]);
void	noise_local_clear(struct noise_local *);

/*
 * psk may be NULL for none; neither it nor public may point into the remote.
 * A low-order public key is accepted, with ss_ok false.  Forgets timestamp.
 */
void	noise_remote_init(struct noise_remote *, const struct noise_local *,
	    const uint8_t public[NOISE_KEYLEN], const uint8_t *psk);
/* Wipe ss: the local key that it was for is gone (P19). */
void	noise_remote_forget(struct noise_remote *);
/* Compute ss for this local key; handshakes with another one cost a DH. */
void	noise_remote_precompute(struct noise_remote *,
	    const struct noise_local *);
/* Replace the preshared key; NULL for none. */
void	noise_remote_set_psk(struct noise_remote *, const uint8_t *psk);

void	noise_handshake_clear(struct noise_handshake *);
void	noise_initiation_clear(struct noise_initiation *);

/*
 * Make message 1 with a fresh ephemeral; also for a retransmission, with a
 * fresh local_index.  It replaces whatever the handshake was.
 */
int	noise_initiation_create(struct noise_handshake *,
	    const struct noise_local *, const struct noise_remote *,
	    uint32_t local_index, const uint8_t timestamp[TAI64N_LEN],
	    uint8_t msg[NOISE_INITIATION_LEN]);

/* Step 1: decrypt the sender's public key into init->remote_public. */
int	noise_initiation_open(const struct noise_local *,
	    const uint8_t msg[NOISE_INITIATION_LEN],
	    struct noise_initiation *init);
/*
 * Step 2: authenticate the sender and its timestamp, and refuse one that is
 * not greater than the remote's last.  init is wiped if it fails, but for the
 * timestamp after ESTALE: it is authentic and tells of the sender's clock.
 */
int	noise_initiation_finish(struct noise_initiation *,
	    const struct noise_local *, const struct noise_remote *);
/*
 * Step 3: believe it.  The handshake's earlier local_index is void: take it
 * out of the index table before.  init is wiped.
 */
int	noise_initiation_commit(struct noise_handshake *,
	    struct noise_remote *, struct noise_initiation *);

/* Make message 2. */
int	noise_response_create(struct noise_handshake *,
	    const struct noise_local *, const struct noise_remote *,
	    uint32_t local_index, uint8_t msg[NOISE_RESPONSE_LEN]);
/* Take message 2; the caller found the handshake by the receiver's index. */
int	noise_response_consume(struct noise_handshake *,
	    const struct noise_local *, const struct noise_remote *,
	    const uint8_t msg[NOISE_RESPONSE_LEN]);

/*
 * The session's keys, once the handshake is a CREATED_RESPONSE (responder) or
 * CONSUMED_RESPONSE (initiator).  The handshake is wiped, so read its indices
 * before.
 */
int	noise_session_derive(struct noise_handshake *, bool initiator,
	    uint8_t send_key[NOISE_KEYLEN], uint8_t recv_key[NOISE_KEYLEN]);

#endif /* CRYPTOD_NOISE_H */
