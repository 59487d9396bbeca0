/* SPDX-License-Identifier: ISC */
/*
 * Keys as text: hexadecimal (the UAPI) and base64 (wg, warrenctl).  The work
 * is libsodium's, whose time does not depend on the digits; lengths are exact
 * here, because a key is never "almost" one.
 */
#ifndef SHARED_HEX_H
#define SHARED_HEX_H

#include <stddef.h>
#include <stdint.h>

#define HEX_SIZE(n)		(2 * (n) + 1)	/* with the final NUL */
#define BASE64_KEYLEN		32
#define BASE64_KEY_CHARS	44
#define BASE64_KEY_SIZE		45		/* with the final NUL */

/*
 * Write len bytes in lower case and a NUL to dst of dstsize bytes.
 * -1 with ENOSPC if dstsize < HEX_SIZE(len).
 */
int	hex_encode(char *dst, size_t dstsize, const void *src, size_t len);
/*
 * Read exactly len bytes from the srclen characters at src (need not end in
 * NUL), either case.  -1 with EINVAL if srclen is not 2 * len or a character
 * is not a digit; dst is wiped then.
 */
int	hex_decode(void *dst, size_t len, const char *src, size_t srclen);
/* Write 44 characters and a NUL. */
void	base64_key_encode(char dst[BASE64_KEY_SIZE],
	    const uint8_t key[BASE64_KEYLEN]);
/*
 * Read a key from exactly 44 characters (need not end in NUL), RFC 4648
 * section 4 with its padding, canonical only.  -1 with EINVAL if it isn't
 * one; key is wiped then.
 */
int	base64_key_decode(uint8_t key[BASE64_KEYLEN], const char *src,
	    size_t srclen);

#endif /* SHARED_HEX_H */
