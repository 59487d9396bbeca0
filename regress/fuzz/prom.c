/* SPDX-License-Identifier: ISC */
/*
 * Labels and help texts of metrics from any bytes: one line, every quote and
 * backslash escaped, always UTF-8, never longer than the buffer.
 */
#include <stdbool.h>

#include "ctld/prom.h"
#include "input.h"

/* Continuation bytes that must follow; -1: it begins no character. */
static int
tail(uint8_t c)
{
	if (c < 0x80)
		return 0;
	if (c >= 0xc2 && c <= 0xdf)
		return 1;
	if (c >= 0xe0 && c <= 0xef)
		return 2;
	return c >= 0xf0 && c <= 0xf4 ? 3 : -1;
}

static void
check(const char *s, size_t size, bool quoted)
{
	const uint8_t *p = (const uint8_t *)s;
	int n;

	MUST(strlen(s) < size);
	while (*p != '\0') {
		MUST(*p >= 0x20 && *p != 0x7f);
		if (*p == '\\') {
			p++;
			MUST(*p == '\\' || *p == 'n' ||
			    (quoted && *p == '"'));
		} else
			MUST(!quoted || *p != '"');
		n = tail(*p++);
		MUST(n >= 0);
		for (; n > 0; n--, p++)
			MUST((*p & 0xc0) == 0x80);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	size_t room = 1 + input_u8(&in);
	char *text, *out;

	MUST((text = malloc(in.left + 1)) != NULL);
	MUST((out = malloc(room)) != NULL);
	if (in.left > 0)
		memcpy(text, in.p, in.left);
	text[in.left] = '\0';
	prom_label(out, room, text);
	check(out, room, true);
	prom_help(out, room, text);
	check(out, room, false);
	if (prom_is_name(text))
		MUST(text[0] != '\0' && strpbrk(text, " \n\"{}\\#") == NULL);
	free(out);
	free(text);
	return 0;
}
