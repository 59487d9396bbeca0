/* SPDX-License-Identifier: ISC */
/*
 * HMAC-BLAKE2s-256 and Noise's KDF.  Keyed BLAKE2s would do as a MAC, but
 * Noise asks for the generic HMAC construction here.
 */

#include <string.h>

#include <sodium.h>

#include "shared/blake2s_kdf.h"

void
blake2s_hmac(uint8_t out[BLAKE2S_HASHLEN], const void *key, size_t keylen,
    const void *data, size_t len)
{
	struct blake2s	s;
	uint8_t		pad[BLAKE2S_BLOCKLEN], inner[BLAKE2S_HASHLEN];
	size_t		i;

	memset(pad, 0, sizeof(pad));
	if (keylen > sizeof(pad))
		blake2s(pad, BLAKE2S_HASHLEN, key, keylen, NULL, 0);
	else if (keylen > 0)
		memcpy(pad, key, keylen);

	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	blake2s_init(&s, BLAKE2S_HASHLEN, NULL, 0);
	blake2s_update(&s, pad, sizeof(pad));
	blake2s_update(&s, data, len);
	blake2s_final(&s, inner);

	for (i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	blake2s_init(&s, BLAKE2S_HASHLEN, NULL, 0);
	blake2s_update(&s, pad, sizeof(pad));
	blake2s_update(&s, inner, sizeof(inner));
	blake2s_final(&s, out);

	sodium_memzero(pad, sizeof(pad));
	sodium_memzero(inner, sizeof(inner));
}

void
blake2s_kdf(uint8_t t1[BLAKE2S_HASHLEN], uint8_t *t2, uint8_t *t3,
    const void *ck, size_t cklen, const void *data, size_t len)
{
	uint8_t	prk[BLAKE2S_HASHLEN], t[BLAKE2S_HASHLEN + 1];

	blake2s_hmac(prk, ck, cklen, data, len);
	t[0] = 1;
	blake2s_hmac(t, prk, sizeof(prk), t, 1);
	memcpy(t1, t, BLAKE2S_HASHLEN);
	if (t2 != NULL) {
		t[BLAKE2S_HASHLEN] = 2;
		blake2s_hmac(t, prk, sizeof(prk), t, sizeof(t));
		memcpy(t2, t, BLAKE2S_HASHLEN);
	}
	if (t2 != NULL && t3 != NULL) {
		t[BLAKE2S_HASHLEN] = 3;
		blake2s_hmac(t, prk, sizeof(prk), t, sizeof(t));
		memcpy(t3, t, BLAKE2S_HASHLEN);
	}
	sodium_memzero(prk, sizeof(prk));
	sodium_memzero(t, sizeof(t));
}
