/* SPDX-License-Identifier: ISC */
/*
 * The symmetric state of the Noise framework, revision 34, section 5.2, for
 * X25519, ChaCha20-Poly1305 and BLAKE2s: chaining key and handshake hash, and
 * what the tokens of a pattern do to them.  Every handshake here is built
 * from it.
 */
#ifndef CRYPTOD_SYMMETRIC_H
#define CRYPTOD_SYMMETRIC_H

#include <stddef.h>
#include <stdint.h>

#define NOISE_KEYLEN	32	/* of every kind */
#define NOISE_HASHLEN	32

/* Holds secrets: locked memory, or the stack and wiped. */
struct symmetric {
	uint8_t	ck[NOISE_HASHLEN];
	uint8_t	hash[NOISE_HASHLEN];
};

/*
 * shared = X25519(private, public).  -1 with EKEYREJECTED and shared wiped if
 * the result is all zero, that is, if public has a low order.  The one
 * wrapper for all the DHs of all handshakes (P13).
 */
int	noise_dh(uint8_t shared[NOISE_KEYLEN],
	    const uint8_t private[NOISE_KEYLEN],
	    const uint8_t public[NOISE_KEYLEN]);

/* Start; protocol is Noise's name for it, longer than 32 characters. */
void	symmetric_init(struct symmetric *, const char *protocol,
	    const void *prologue, size_t len);
/* MixHash. */
void	symmetric_mix_hash(struct symmetric *, const void *data, size_t len);
/*
 * MixKey.  key gets the AEAD key of the payloads up to the next MixKey; NULL
 * if there are none.  Each such key is used once, with nonce 0.
 */
void	symmetric_mix_key(struct symmetric *, uint8_t *key, const void *data,
	    size_t len);
/* MixKey of a noise_dh; -1 as noise_dh, and then nothing was mixed. */
int	symmetric_mix_dh(struct symmetric *, uint8_t *key,
	    const uint8_t private[NOISE_KEYLEN],
	    const uint8_t public[NOISE_KEYLEN]);
/* MixKeyAndHash, for the psk token. */
void	symmetric_mix_psk(struct symmetric *, uint8_t key[NOISE_KEYLEN],
	    const uint8_t psk[NOISE_KEYLEN]);
/* EncryptAndHash: len bytes of src become len + 16 at dst. */
void	symmetric_seal(struct symmetric *, void *dst, const void *src,
	    size_t len, const uint8_t key[NOISE_KEYLEN]);
/*
 * DecryptAndHash: len bytes, tag included, become len - 16 at dst, which must
 * not overlap src.  -1 with EBADMSG if forged, and then nothing was mixed.
 */
int	symmetric_open(struct symmetric *, void *dst, const void *src,
	    size_t len, const uint8_t key[NOISE_KEYLEN]);
/* Split: the keys of the initiator's and of the responder's direction. */
void	symmetric_split(const struct symmetric *, uint8_t k1[NOISE_KEYLEN],
	    uint8_t k2[NOISE_KEYLEN]);

#endif /* CRYPTOD_SYMMETRIC_H */
