/* SPDX-License-Identifier: ISC */
/*
 * ChaCha20-Poly1305 (RFC 8439), and the only place that knows which library
 * does it.  dst and src are the same memory or do not overlap at all.
 * Both must be private to this process while a call runs: the tag is computed
 * over what is read back (DESIGN 3, the ring).
 */

#ifndef CRYPTOD_AEAD_H
#define CRYPTOD_AEAD_H

#include <stddef.h>
#include <stdint.h>

#define AEAD_KEYLEN	32
#define AEAD_NONCELEN	12
#define AEAD_TAGLEN	16

/* The name of the backend, for logs. */
const char	*aead_name(void);
/*
 * Seal and open a known answer, and see that a forgery is refused.
 * -1 if the backend is wrong; the process must not go on then.
 */
int	aead_selftest(void);

/*
 * Transport: no AAD, nonce = 4 zero bytes || LE64 counter (WIREGUARD.md 1.1).
 * Seals len bytes of src into len + AEAD_TAGLEN bytes at dst.
 */
void	aead_seal(void *dst, const void *src, size_t len,
	    const uint8_t key[AEAD_KEYLEN], uint64_t counter);
/*
 * Opens len bytes, tag included, into len - AEAD_TAGLEN bytes at dst.
 * -1 if it is too short or forged; dst then holds nothing of use.
 */
int	aead_open(void *dst, const void *src, size_t len,
	    const uint8_t key[AEAD_KEYLEN], uint64_t counter);

/* The same with AAD (NULL if adlen is 0) and the nonce spelled out. */
void	aead_seal_ad(void *dst, const void *src, size_t len, const void *ad,
	    size_t adlen, const uint8_t key[AEAD_KEYLEN],
	    const uint8_t nonce[AEAD_NONCELEN]);
int	aead_open_ad(void *dst, const void *src, size_t len, const void *ad,
	    size_t adlen, const uint8_t key[AEAD_KEYLEN],
	    const uint8_t nonce[AEAD_NONCELEN]);

#endif /* CRYPTOD_AEAD_H */
