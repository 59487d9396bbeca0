/* SPDX-License-Identifier: ISC */
/*
 * BLAKE2s (RFC 7693): the hash of WireGuard's Noise handshake and, keyed with
 * a 16-byte output, its MAC.  No process knowledge, no allocation.
 */
#ifndef SHARED_BLAKE2S_H
#define SHARED_BLAKE2S_H

#include <stddef.h>
#include <stdint.h>

#define BLAKE2S_BLOCKLEN	64
#define BLAKE2S_HASHLEN		32
#define BLAKE2S_KEYLEN		32	/* longest key */

struct blake2s {
	uint32_t	h[8];
	uint64_t	count;		/* bytes compressed so far */
	uint8_t		buf[BLAKE2S_BLOCKLEN];
	size_t		buflen;
	size_t		outlen;
};

/*
 * Start a hash of outlen bytes (1..32), keyed if keylen (0..32) is not 0.
 * Lengths out of range are a bug of the caller and end the process.
 */
void	blake2s_init(struct blake2s *, size_t outlen, const void *key,
	    size_t keylen);
/* Add len bytes; data may be NULL if len is 0. */
void	blake2s_update(struct blake2s *, const void *data, size_t len);
/* Write the outlen bytes of blake2s_init to out and wipe the state. */
void	blake2s_final(struct blake2s *, void *out);
/* All of the above at once; out may overlap data and key. */
void	blake2s(void *out, size_t outlen, const void *data, size_t len,
	    const void *key, size_t keylen);

#endif /* SHARED_BLAKE2S_H */
