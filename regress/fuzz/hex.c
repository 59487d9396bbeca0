/* SPDX-License-Identifier: ISC */
/*
 * Keys as text: what is accepted is the only text of that key (but for the
 * case of hex digits), what is refused leaves zeros.
 */
#include <strings.h>

#include <sodium.h>

#include "input.h"
#include "shared/hex.h"

static void
hex(const char *text, size_t len, size_t want)
{
	uint8_t *bin = malloc(want > 0 ? want : 1);
	char *back = malloc(HEX_SIZE(want));
	size_t i;

	MUST(bin != NULL && back != NULL);
	memset(bin, 0xa5, want);
	if (hex_decode(bin, want, text, len) == 0) {
		MUST(len == 2 * want);
		MUST(hex_encode(back, HEX_SIZE(want), bin, want) == 0);
		MUST(strlen(back) == len &&
		    strncasecmp(back, text, len) == 0);
		MUST(hex_encode(back, HEX_SIZE(want) - 1, bin, want) == -1);
	} else
		for (i = 0; i < want; i++)
			MUST(bin[i] == 0);
	free(back);
	free(bin);
}

static void
base64(const char *text, size_t len)
{
	static const uint8_t zero[BASE64_KEYLEN];
	uint8_t key[BASE64_KEYLEN];
	char back[BASE64_KEY_SIZE];

	memset(key, 0xa5, sizeof(key));
	if (base64_key_decode(key, text, len) == -1) {
		MUST(memcmp(key, zero, sizeof(key)) == 0);
		return;
	}
	MUST(len == BASE64_KEY_CHARS);
	base64_key_encode(back, key);
	MUST(memcmp(back, text, len) == 0 && back[len] == '\0');
}

/* And the other way: every key has a text that is read back. */
static void
keys(const uint8_t *data, size_t size)
{
	uint8_t key[BASE64_KEYLEN] = { 0 }, back[BASE64_KEYLEN];
	char text[HEX_SIZE(BASE64_KEYLEN)];

	memcpy(key, data, size < sizeof(key) ? size : sizeof(key));
	base64_key_encode(text, key);
	MUST(base64_key_decode(back, text, strlen(text)) == 0);
	MUST(memcmp(key, back, sizeof(key)) == 0);
	MUST(hex_encode(text, sizeof(text), key, sizeof(key)) == 0);
	MUST(hex_decode(back, sizeof(back), text, strlen(text)) == 0);
	MUST(memcmp(key, back, sizeof(key)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text;

	if (size < 1 || sodium_init() == -1)
		return 0;
	text = (const char *)data + 1;
	hex(text, size - 1, data[0]);
	hex(text, size - 1, (size - 1) / 2);
	base64(text, size - 1);
	keys(data + 1, size - 1);
	return 0;
}
