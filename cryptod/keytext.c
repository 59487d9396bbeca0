/* SPDX-License-Identifier: ISC */
/*
 * Keys in files: see keytext.h.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/keytext.h"
#include "shared/hex.h"

static int
parse(const char *text, size_t len, uint8_t key[BASE64_KEYLEN])
{
	size_t i;

	/* As much as is ever read may be more than is shown to us. */
	if (len < BASE64_KEY_CHARS || len == KEYTEXT_READ)
		return -1;
	for (i = BASE64_KEY_CHARS; i < len; i++)
		if (memchr(" \t\r\n", text[i], 4) == NULL)
			return -1;
	if (base64_key_decode(key, text, BASE64_KEY_CHARS) == -1)
		return -1;
	return sodium_is_zero(key, BASE64_KEYLEN) == 1 ? -1 : 0;
}

int
keytext_read(int fd, char text[KEYTEXT_READ], uint8_t key[BASE64_KEYLEN])
{
	ssize_t n;
	int ret = -1;

	n = read(fd, text, KEYTEXT_READ);
	if (n == -1)
		goto out;
	ret = parse(text, (size_t)n, key);
	if (ret == -1)
		errno = EINVAL;
out:
	if (ret == -1)
		sodium_memzero(key, BASE64_KEYLEN);
	sodium_memzero(text, KEYTEXT_READ);
	return ret;
}

void
keytext_write(char text[KEYTEXT_SIZE], const uint8_t key[BASE64_KEYLEN])
{
	/* The NUL makes room for the newline. */
	base64_key_encode(text, key);
	text[KEYTEXT_SIZE - 1] = '\n';
}
