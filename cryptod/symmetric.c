/* SPDX-License-Identifier: ISC */
/*
 * Noise's symmetric state and its Diffie-Hellman.
 */

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "cryptod/aead.h"
#include "cryptod/symmetric.h"
#include "shared/blake2s_kdf.h"

/* Each handshake key seals one thing only, so the nonce is always 0. */
static const uint8_t nonce_zero[AEAD_NONCELEN];

int
noise_dh(uint8_t shared[NOISE_KEYLEN], const uint8_t private[NOISE_KEYLEN],
    const uint8_t public[NOISE_KEYLEN])
{
	/*
	 * libsodium refuses low-order points itself; that this also means
	 * "no all-zero result" is not left to its version.  (P13)
	 */
	if (crypto_scalarmult_curve25519(shared, private, public) == -1 ||
	    sodium_is_zero(shared, NOISE_KEYLEN) == 1) {
		sodium_memzero(shared, NOISE_KEYLEN);
		errno = EKEYREJECTED;
		return (-1);
	}
	return (0);
}

void
symmetric_init(struct symmetric *s, const char *protocol,
    const void *prologue, size_t len)
{
	blake2s(s->hash, sizeof(s->hash), protocol, strlen(protocol), NULL, 0);
	memcpy(s->ck, s->hash, sizeof(s->ck));
	symmetric_mix_hash(s, prologue, len);
}

void
symmetric_mix_hash(struct symmetric *s, const void *data, size_t len)
{
	struct blake2s	b;

	blake2s_init(&b, sizeof(s->hash), NULL, 0);
	blake2s_update(&b, s->hash, sizeof(s->hash));
	blake2s_update(&b, data, len);
	blake2s_final(&b, s->hash);
}

void
symmetric_mix_key(struct symmetric *s, uint8_t *key, const void *data,
    size_t len)
{
	blake2s_kdf(s->ck, key, NULL, s->ck, sizeof(s->ck), data, len);
}

int
symmetric_mix_dh(struct symmetric *s, uint8_t *key,
    const uint8_t private[NOISE_KEYLEN], const uint8_t public[NOISE_KEYLEN])
{
	uint8_t	shared[NOISE_KEYLEN];

	if (noise_dh(shared, private, public) == -1)
		return (-1);
	symmetric_mix_key(s, key, shared, sizeof(shared));
	sodium_memzero(shared, sizeof(shared));
	return (0);
}

void
symmetric_mix_psk(struct symmetric *s, uint8_t key[NOISE_KEYLEN],
    const uint8_t psk[NOISE_KEYLEN])
{
	uint8_t	tau[NOISE_HASHLEN];

	blake2s_kdf(s->ck, tau, key, s->ck, sizeof(s->ck), psk, NOISE_KEYLEN);
	symmetric_mix_hash(s, tau, sizeof(tau));
	sodium_memzero(tau, sizeof(tau));
}

void
symmetric_seal(struct symmetric *s, void *dst, const void *src, size_t len,
    const uint8_t key[NOISE_KEYLEN])
{
	aead_seal_ad(dst, src, len, s->hash, sizeof(s->hash), key, nonce_zero);
	symmetric_mix_hash(s, dst, len + AEAD_TAGLEN);
}

int
symmetric_open(struct symmetric *s, void *dst, const void *src, size_t len,
    const uint8_t key[NOISE_KEYLEN])
{
	if (aead_open_ad(dst, src, len, s->hash, sizeof(s->hash), key,
	    nonce_zero) == -1) {
		errno = EBADMSG;
		return (-1);
	}
	symmetric_mix_hash(s, src, len);
	return (0);
}

void
symmetric_split(const struct symmetric *s, uint8_t k1[NOISE_KEYLEN],
    uint8_t k2[NOISE_KEYLEN])
{
	blake2s_kdf(k1, k2, NULL, s->ck, sizeof(s->ck), NULL, 0);
}
