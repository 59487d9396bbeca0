/* SPDX-License-Identifier: ISC */
/*
 * Keys as text, both ways, with exact lengths.
 */

#include <errno.h>
#include <stdint.h>

#include <sodium.h>

#include "shared/hex.h"

int
hex_encode(char *dst, size_t dstsize, const void *src, size_t len)
{
	/* libsodium aborts if there is no room, so ask first. */
	if (len >= SIZE_MAX / 2 || dstsize < HEX_SIZE(len)) {
		errno = ENOSPC;
		return (-1);
	}
	sodium_bin2hex(dst, dstsize, src, len);
	return (0);
}

int
hex_decode(void *dst, size_t len, const char *src, size_t srclen)
{
	size_t	n;

	if (len > SIZE_MAX / 2 || srclen != 2 * len)
		goto fail;
	if (sodium_hex2bin(dst, len, src, srclen, NULL, &n, NULL) == -1 ||
	    n != len)
		goto fail;
	return (0);
fail:
	sodium_memzero(dst, len);
	errno = EINVAL;
	return (-1);
}

void
base64_key_encode(char dst[BASE64_KEY_SIZE], const uint8_t key[BASE64_KEYLEN])
{
	sodium_bin2base64(dst, BASE64_KEY_SIZE, key, BASE64_KEYLEN,
	    sodium_base64_VARIANT_ORIGINAL);
}

int
base64_key_decode(uint8_t key[BASE64_KEYLEN], const char *src, size_t srclen)
{
	char	again[BASE64_KEY_SIZE];
	size_t	n;
	int	differs;

	if (srclen != BASE64_KEY_CHARS)
		goto fail;
	if (sodium_base642bin(key, BASE64_KEYLEN, src, srclen, NULL, &n, NULL,
	    sodium_base64_VARIANT_ORIGINAL) == -1 || n != BASE64_KEYLEN)
		goto fail;
	/* libsodium takes some bytes above 127 for digits, so compare. */
	base64_key_encode(again, key);
	differs = sodium_memcmp(again, src, BASE64_KEY_CHARS);
	sodium_memzero(again, sizeof(again));
	if (differs != 0)
		goto fail;
	return (0);
fail:
	sodium_memzero(key, BASE64_KEYLEN);
	errno = EINVAL;
	return (-1);
}
