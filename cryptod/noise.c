/* SPDX-License-Identifier: ISC */
/*
 * WireGuard's handshake: Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s with an index
 * in front and a timestamp as the first message's payload.
 *
 * Everything is worked out in local copies, which are wiped on every way out
 * (P19); the caller's structs change only after the last check (P15).
 */

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "cryptod/aead.h"
#include "cryptod/ephemeral.h"
#include "cryptod/noise.h"
#include "shared/bytes.h"

#define NOISE_CONSTRUCTION	"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
#define NOISE_IDENTIFIER	"WireGuard v1 zx2c4 Jason@zx2c4.com"

/* Offsets in message 1 and 2 (WireGuard paper 5.4.2, 5.4.3). */
#define INITIATION_SENDER	4
#define INITIATION_EPHEMERAL	8
#define INITIATION_STATIC	40
#define INITIATION_TIMESTAMP	88
#define RESPONSE_SENDER		4
#define RESPONSE_RECEIVER	8
#define RESPONSE_EPHEMERAL	12
#define RESPONSE_EMPTY		44

#define STATIC_SEALED_LEN	(NOISE_KEYLEN + AEAD_TAGLEN)
#define TIMESTAMP_SEALED_LEN	(TAI64N_LEN + AEAD_TAGLEN)

static void	noise_start(struct symmetric *, const uint8_t *);
static void	noise_mix_ephemeral(struct symmetric *, const uint8_t *);
static int	noise_static_dh(uint8_t *, const struct noise_local *,
		    const struct noise_remote *);

void
noise_local_set(struct noise_local *local, const uint8_t private[NOISE_KEYLEN])
{
	if (sodium_is_zero(private, NOISE_KEYLEN) == 1) {
		noise_local_clear(local);
		return;
	}
	memmove(local->private, private, NOISE_KEYLEN);
	local->private[0] &= 248;
	local->private[31] = (uint8_t)((local->private[31] & 127) | 64);
	crypto_scalarmult_curve25519_base(local->public, local->private);
	local->has_identity = true;
}

void
noise_local_clear(struct noise_local *local)
{
	sodium_memzero(local, sizeof(*local));
}

void
noise_remote_init(struct noise_remote *remote,
    const struct noise_local *local, const uint8_t public[NOISE_KEYLEN],
    const uint8_t *psk)
{
	memset(remote, 0, sizeof(*remote));
	memcpy(remote->public, public, NOISE_KEYLEN);
	noise_remote_set_psk(remote, psk);
	noise_remote_precompute(remote, local);
}

void
noise_remote_forget(struct noise_remote *remote)
{
	sodium_memzero(remote->ss, sizeof(remote->ss));
	sodium_memzero(remote->ss_local, sizeof(remote->ss_local));
	remote->ss_ok = false;
}

void
noise_remote_precompute(struct noise_remote *remote,
    const struct noise_local *local)
{
	noise_remote_forget(remote);
	memcpy(remote->ss_local, local->public, NOISE_KEYLEN);
	if (local->has_identity &&
	    noise_dh(remote->ss, local->private, remote->public) == 0)
		remote->ss_ok = true;
}

void
noise_remote_set_psk(struct noise_remote *remote, const uint8_t *psk)
{
	if (psk != NULL)
		memcpy(remote->psk, psk, NOISE_KEYLEN);
	else
		sodium_memzero(remote->psk, NOISE_KEYLEN);
}

void
noise_handshake_clear(struct noise_handshake *hs)
{
	/* All bits zero is NOISE_ZEROED. */
	sodium_memzero(hs, sizeof(*hs));
}

void
noise_initiation_clear(struct noise_initiation *init)
{
	sodium_memzero(init, sizeof(*init));
}

/* What both sides know before message 1: the responder's public key. */
static void
noise_start(struct symmetric *sym, const uint8_t *responder)
{
	symmetric_init(sym, NOISE_CONSTRUCTION, NOISE_IDENTIFIER,
	    strlen(NOISE_IDENTIFIER));
	symmetric_mix_hash(sym, responder, NOISE_KEYLEN);
}

/* The "e" token; with a psk in the pattern it is mixed into the key, too. */
static void
noise_mix_ephemeral(struct symmetric *sym, const uint8_t *ephemeral)
{
	symmetric_mix_hash(sym, ephemeral, NOISE_KEYLEN);
	symmetric_mix_key(sym, NULL, ephemeral, NOISE_KEYLEN);
}

/*
 * The static-static DH: remembered for the local key that the remote is
 * mostly used with, computed for another one (a key that rotates has two).
 */
static int
noise_static_dh(uint8_t *ss, const struct noise_local *local,
    const struct noise_remote *remote)
{
	if (!local->has_identity) {
		errno = ENOKEY;
		return (-1);
	}
	if (memcmp(remote->ss_local, local->public, NOISE_KEYLEN) != 0)
		return (noise_dh(ss, local->private, remote->public));
	if (!remote->ss_ok) {
		errno = EKEYREJECTED;
		return (-1);
	}
	memcpy(ss, remote->ss, NOISE_KEYLEN);
	return (0);
}

int
noise_initiation_create(struct noise_handshake *hs,
    const struct noise_local *local, const struct noise_remote *remote,
    uint32_t local_index, const uint8_t timestamp[TAI64N_LEN],
    uint8_t msg[NOISE_INITIATION_LEN])
{
	struct noise_handshake	new;
	uint8_t			ss[NOISE_KEYLEN], key[NOISE_KEYLEN];
	int			ret = -1;

	memset(&new, 0, sizeof(new));
	memset(msg, 0, NOISE_INITIATION_LEN);
	if (noise_static_dh(ss, local, remote) == -1)
		goto out;

	noise_start(&new.sym, remote->public);
	noise_ephemeral(new.ephemeral);
	crypto_scalarmult_curve25519_base(msg + INITIATION_EPHEMERAL,
	    new.ephemeral);
	noise_mix_ephemeral(&new.sym, msg + INITIATION_EPHEMERAL);

	if (symmetric_mix_dh(&new.sym, key, new.ephemeral,
	    remote->public) == -1)
		goto out;
	symmetric_seal(&new.sym, msg + INITIATION_STATIC, local->public,
	    NOISE_KEYLEN, key);
	symmetric_mix_key(&new.sym, key, ss, sizeof(ss));
	symmetric_seal(&new.sym, msg + INITIATION_TIMESTAMP, timestamp,
	    TAI64N_LEN, key);

	put_le32(msg, NOISE_TYPE_INITIATION);
	put_le32(msg + INITIATION_SENDER, local_index);
	new.local_index = local_index;
	new.state = NOISE_CREATED_INITIATION;
	memcpy(hs, &new, sizeof(*hs));
	ret = 0;
out:
	if (ret == -1)
		memset(msg, 0, NOISE_INITIATION_LEN);
	sodium_memzero(&new, sizeof(new));
	sodium_memzero(ss, sizeof(ss));
	sodium_memzero(key, sizeof(key));
	return (ret);
}

int
noise_initiation_open(const struct noise_local *local,
    const uint8_t msg[NOISE_INITIATION_LEN], struct noise_initiation *init)
{
	uint8_t	key[NOISE_KEYLEN];
	int	ret = -1;

	memset(init, 0, sizeof(*init));
	memset(key, 0, sizeof(key));
	if (!local->has_identity) {
		errno = ENOKEY;
		goto out;
	}
	if (get_le32(msg) != NOISE_TYPE_INITIATION) {
		errno = EBADMSG;
		goto out;
	}
	memcpy(init->remote_ephemeral, msg + INITIATION_EPHEMERAL,
	    NOISE_KEYLEN);
	memcpy(init->sealed_timestamp, msg + INITIATION_TIMESTAMP,
	    TIMESTAMP_SEALED_LEN);
	init->sender = get_le32(msg + INITIATION_SENDER);

	noise_start(&init->sym, local->public);
	noise_mix_ephemeral(&init->sym, init->remote_ephemeral);
	if (symmetric_mix_dh(&init->sym, key, local->private,
	    init->remote_ephemeral) == -1)
		goto out;
	if (symmetric_open(&init->sym, init->remote_public,
	    msg + INITIATION_STATIC, STATIC_SEALED_LEN, key) == -1)
		goto out;
	ret = 0;
out:
	if (ret == -1)
		noise_initiation_clear(init);
	sodium_memzero(key, sizeof(key));
	return (ret);
}

int
noise_initiation_finish(struct noise_initiation *init,
    const struct noise_local *local, const struct noise_remote *remote)
{
	uint8_t	ss[NOISE_KEYLEN], key[NOISE_KEYLEN], stale[TAI64N_LEN];
	int	ret = -1;

	memset(key, 0, sizeof(key));
	memset(stale, 0, sizeof(stale));
	if (init->finished || sodium_memcmp(init->remote_public,
	    remote->public, NOISE_KEYLEN) != 0) {
		errno = EINVAL;
		goto out;
	}
	if (noise_static_dh(ss, local, remote) == -1)
		goto out;
	symmetric_mix_key(&init->sym, key, ss, sizeof(ss));
	if (symmetric_open(&init->sym, init->timestamp,
	    init->sealed_timestamp, TIMESTAMP_SEALED_LEN, key) == -1)
		goto out;
	if (tai64n_compare(init->timestamp, remote->timestamp) <= 0) {
		memcpy(stale, init->timestamp, sizeof(stale));
		errno = ESTALE;
		goto out;
	}
	init->finished = true;
	ret = 0;
out:
	if (ret == -1) {
		noise_initiation_clear(init);
		memcpy(init->timestamp, stale, sizeof(stale));
	}
	sodium_memzero(ss, sizeof(ss));
	sodium_memzero(key, sizeof(key));
	return (ret);
}

int
noise_initiation_commit(struct noise_handshake *hs,
    struct noise_remote *remote, struct noise_initiation *init)
{
	int	ret = -1;

	if (!init->finished || sodium_memcmp(init->remote_public,
	    remote->public, NOISE_KEYLEN) != 0) {
		errno = EINVAL;
		goto out;
	}
	/* Tested again, so that test and commit cannot come apart.  (P14) */
	if (tai64n_compare(init->timestamp, remote->timestamp) <= 0) {
		errno = ESTALE;
		goto out;
	}
	memcpy(remote->timestamp, init->timestamp, TAI64N_LEN);
	noise_handshake_clear(hs);
	hs->sym = init->sym;
	memcpy(hs->remote_ephemeral, init->remote_ephemeral, NOISE_KEYLEN);
	hs->remote_index = init->sender;
	hs->state = NOISE_CONSUMED_INITIATION;
	ret = 0;
out:
	noise_initiation_clear(init);
	return (ret);
}

int
noise_response_create(struct noise_handshake *hs,
    const struct noise_local *local, const struct noise_remote *remote,
    uint32_t local_index, uint8_t msg[NOISE_RESPONSE_LEN])
{
	struct noise_handshake	new;
	uint8_t			key[NOISE_KEYLEN];
	int			ret = -1;

	memcpy(&new, hs, sizeof(new));
	memset(key, 0, sizeof(key));
	memset(msg, 0, NOISE_RESPONSE_LEN);
	if (!local->has_identity) {
		errno = ENOKEY;
		goto out;
	}
	if (new.state != NOISE_CONSUMED_INITIATION) {
		errno = EINVAL;
		goto out;
	}
	noise_ephemeral(new.ephemeral);
	crypto_scalarmult_curve25519_base(msg + RESPONSE_EPHEMERAL,
	    new.ephemeral);
	noise_mix_ephemeral(&new.sym, msg + RESPONSE_EPHEMERAL);
	if (symmetric_mix_dh(&new.sym, NULL, new.ephemeral,
	    new.remote_ephemeral) == -1 ||
	    symmetric_mix_dh(&new.sym, NULL, new.ephemeral,
	    remote->public) == -1)
		goto out;
	/* Always, also if it is all zero.  (P12) */
	symmetric_mix_psk(&new.sym, key, remote->psk);
	symmetric_seal(&new.sym, msg + RESPONSE_EMPTY, NULL, 0, key);

	put_le32(msg, NOISE_TYPE_RESPONSE);
	put_le32(msg + RESPONSE_SENDER, local_index);
	put_le32(msg + RESPONSE_RECEIVER, new.remote_index);
	sodium_memzero(new.ephemeral, sizeof(new.ephemeral));
	new.local_index = local_index;
	new.state = NOISE_CREATED_RESPONSE;
	memcpy(hs, &new, sizeof(*hs));
	ret = 0;
out:
	if (ret == -1)
		memset(msg, 0, NOISE_RESPONSE_LEN);
	sodium_memzero(&new, sizeof(new));
	sodium_memzero(key, sizeof(key));
	return (ret);
}

int
noise_response_consume(struct noise_handshake *hs,
    const struct noise_local *local, const struct noise_remote *remote,
    const uint8_t msg[NOISE_RESPONSE_LEN])
{
	struct noise_handshake	new;
	uint8_t			key[NOISE_KEYLEN], empty[1];
	int			ret = -1;

	memcpy(&new, hs, sizeof(new));
	memset(key, 0, sizeof(key));
	if (!local->has_identity) {
		errno = ENOKEY;
		goto out;
	}
	if (new.state != NOISE_CREATED_INITIATION) {
		errno = EINVAL;
		goto out;
	}
	if (get_le32(msg) != NOISE_TYPE_RESPONSE ||
	    get_le32(msg + RESPONSE_RECEIVER) != new.local_index) {
		errno = EBADMSG;
		goto out;
	}
	memcpy(new.remote_ephemeral, msg + RESPONSE_EPHEMERAL, NOISE_KEYLEN);
	new.remote_index = get_le32(msg + RESPONSE_SENDER);

	noise_mix_ephemeral(&new.sym, new.remote_ephemeral);
	if (symmetric_mix_dh(&new.sym, NULL, new.ephemeral,
	    new.remote_ephemeral) == -1 ||
	    symmetric_mix_dh(&new.sym, NULL, local->private,
	    new.remote_ephemeral) == -1)
		goto out;
	symmetric_mix_psk(&new.sym, key, remote->psk);
	if (symmetric_open(&new.sym, empty, msg + RESPONSE_EMPTY,
	    AEAD_TAGLEN, key) == -1)
		goto out;

	/* It must still be the handshake that the copy was made of. */
	if (hs->state != NOISE_CREATED_INITIATION ||
	    hs->local_index != new.local_index ||
	    sodium_memcmp(hs->ephemeral, new.ephemeral, NOISE_KEYLEN) != 0) {
		errno = EINVAL;
		goto out;
	}
	sodium_memzero(new.ephemeral, sizeof(new.ephemeral));
	new.state = NOISE_CONSUMED_RESPONSE;
	memcpy(hs, &new, sizeof(*hs));
	ret = 0;
out:
	sodium_memzero(&new, sizeof(new));
	sodium_memzero(key, sizeof(key));
	return (ret);
}

int
noise_session_derive(struct noise_handshake *hs, bool initiator,
    uint8_t send_key[NOISE_KEYLEN], uint8_t recv_key[NOISE_KEYLEN])
{
	if (hs->state != (initiator ? NOISE_CONSUMED_RESPONSE :
	    NOISE_CREATED_RESPONSE)) {
		errno = EINVAL;
		return (-1);
	}
	if (initiator)
		symmetric_split(&hs->sym, send_key, recv_key);
	else
		symmetric_split(&hs->sym, recv_key, send_key);
	noise_handshake_clear(hs);
	return (0);
}
