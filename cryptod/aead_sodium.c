/* SPDX-License-Identifier: ISC */
/*
 * ChaCha20-Poly1305 by libsodium: everywhere, and the reference for others.
 */
#include <sodium.h>

#include "cryptod/aead_backend.h"

static const char *
sodium_detail(void)
{
	return aead_sodium.name;
}

static int
sodium_begin(void)
{
	return 0;
}

/* It keeps no state. */
static void
sodium_nothing(void)
{
}

static void
sodium_seal(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t *key, const uint8_t *nonce)
{
	crypto_aead_chacha20poly1305_ietf_encrypt(dst, NULL, src, len, ad,
	    adlen, NULL, nonce, key);
}

static int
sodium_open(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t *key, const uint8_t *nonce)
{
	if (len < AEAD_TAGLEN)
		return -1;
	return crypto_aead_chacha20poly1305_ietf_decrypt(dst, NULL, NULL,
	    src, len, ad, adlen, nonce, key);
}

const struct aead_backend aead_sodium = {
	.name = "libsodium",
	.detail = sodium_detail,
	.begin = sodium_begin,
	.end = sodium_nothing,
	.trim = sodium_nothing,
	.seal = sodium_seal,
	.open = sodium_open,
};
