/* SPDX-License-Identifier: ISC */
/*
 * ChaCha20-Poly1305 by libsodium.
 */

#include <string.h>

#include <sodium.h>

#include "cryptod/aead.h"
#include "shared/bytes.h"

const char *
aead_name(void)
{
	return ("libsodium");
}

void
aead_seal(void *dst, const void *src, size_t len,
    const uint8_t key[AEAD_KEYLEN], uint64_t counter)
{
	uint8_t	nonce[AEAD_NONCELEN] = { 0 };

	put_le64(nonce + 4, counter);
	aead_seal_ad(dst, src, len, NULL, 0, key, nonce);
}

int
aead_open(void *dst, const void *src, size_t len,
    const uint8_t key[AEAD_KEYLEN], uint64_t counter)
{
	uint8_t	nonce[AEAD_NONCELEN] = { 0 };

	put_le64(nonce + 4, counter);
	return (aead_open_ad(dst, src, len, NULL, 0, key, nonce));
}

void
aead_seal_ad(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t key[AEAD_KEYLEN],
    const uint8_t nonce[AEAD_NONCELEN])
{
	crypto_aead_chacha20poly1305_ietf_encrypt(dst, NULL, src, len, ad,
	    adlen, NULL, nonce, key);
}

int
aead_open_ad(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t key[AEAD_KEYLEN],
    const uint8_t nonce[AEAD_NONCELEN])
{
	if (len < AEAD_TAGLEN)
		return (-1);
	return (crypto_aead_chacha20poly1305_ietf_decrypt(dst, NULL, NULL,
	    src, len, ad, adlen, nonce, key));
}

/*
 * The keepalive and the first data packet of our handshake vector "plain":
 * the forms that every tunnel starts with.
 */
int
aead_selftest(void)
{
	static const uint8_t	key[AEAD_KEYLEN] = {
		0x6e, 0xfb, 0x2c, 0xc2, 0x4c, 0x67, 0x8e, 0x2a,
		0xf0, 0x4d, 0xb3, 0xd3, 0x86, 0xa9, 0xea, 0xca,
		0xf0, 0xee, 0x0f, 0xe2, 0xe4, 0x4f, 0xfe, 0xe0,
		0xfb, 0xb2, 0xa1, 0xb2, 0x45, 0x48, 0x02, 0x1f
	};
	static const uint8_t	keepalive[AEAD_TAGLEN] = {
		0xae, 0xba, 0x46, 0xb8, 0x9a, 0xfa, 0xc3, 0xd3,
		0x30, 0xc4, 0x90, 0x39, 0xda, 0x47, 0x0e, 0x0d
	};
	static const uint8_t	inner[32] = {
		0x45, 0x00, 0x00, 0x1d, 0x00, 0x01, 0x00, 0x00,
		0x40, 0x11, 0x66, 0xcd, 0x0a, 0x00, 0x00, 0x01,
		0x0a, 0x00, 0x00, 0x02, 0x00, 0x01, 0x02, 0x03,
		0x04, 0x05, 0x06, 0x07, 0x08, 0x00, 0x00, 0x00
	};
	static const uint8_t	packet[32 + AEAD_TAGLEN] = {
		0x33, 0xbd, 0xfe, 0xde, 0xf2, 0x7e, 0x8b, 0x4a,
		0x50, 0x56, 0xcf, 0x52, 0x96, 0x15, 0xdb, 0xaa,
		0x79, 0xe8, 0xb2, 0x4f, 0x9d, 0xec, 0xc7, 0xc9,
		0x56, 0x1b, 0xf7, 0xbb, 0xf1, 0x92, 0xed, 0x7a,
		0x6f, 0x83, 0xd7, 0x74, 0x49, 0x62, 0xfd, 0x30,
		0x47, 0x72, 0xd1, 0x50, 0x41, 0x90, 0x0e, 0x12
	};
	uint8_t			buf[sizeof(packet)];

	aead_seal(buf, NULL, 0, key, 0);
	if (memcmp(buf, keepalive, sizeof(keepalive)) != 0)
		return (-1);
	if (aead_open(buf, buf, sizeof(keepalive), key, 0) == -1 ||
	    aead_open(buf, keepalive, sizeof(keepalive), key, 1) != -1)
		return (-1);

	/* In place, as the packet path does it. */
	memcpy(buf, inner, sizeof(inner));
	aead_seal(buf, buf, sizeof(inner), key, 1);
	if (memcmp(buf, packet, sizeof(packet)) != 0)
		return (-1);
	if (aead_open(buf, buf, sizeof(packet), key, 1) == -1 ||
	    memcmp(buf, inner, sizeof(inner)) != 0)
		return (-1);
	memcpy(buf, packet, sizeof(packet));
	buf[0] ^= 1;
	if (aead_open(buf, buf, sizeof(packet), key, 1) != -1)
		return (-1);
	return (0);
}
