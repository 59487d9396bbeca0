/* SPDX-License-Identifier: ISC */
/*
 * HMAC-BLAKE2s-256 and the key derivation that Noise builds on it
 * (HKDF, RFC 5869, with an empty info): WireGuard paper 5.4.
 */
#ifndef SHARED_BLAKE2S_KDF_H
#define SHARED_BLAKE2S_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "shared/blake2s.h"

/* HMAC (RFC 2104) of len bytes of data under a key of any length. */
void	blake2s_hmac(uint8_t out[BLAKE2S_HASHLEN], const void *key,
	    size_t keylen, const void *data, size_t len);
/*
 * KDF1, KDF2 and KDF3 in one: each of t1, t2, t3 gets 32 bytes; with t2 or
 * t3 NULL the derivation ends there.  Any output may be the same memory as
 * ck or data.
 */
void	blake2s_kdf(uint8_t t1[BLAKE2S_HASHLEN], uint8_t *t2, uint8_t *t3,
	    const void *ck, size_t cklen, const void *data, size_t len);

#endif /* SHARED_BLAKE2S_KDF_H */
