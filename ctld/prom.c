/* SPDX-License-Identifier: ISC */
/*
 * Escaping for Prometheus: see prom.h.
 */
#include <stdint.h>
#include <string.h>

#include "ctld/prom.h"

bool
prom_is_name(const char *s)
{
	return *s != '\0' &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/*
 * Bytes of the UTF-8 character at s (RFC 3629), 0 if it is none: too long a
 * form, a surrogate or past the last plane.
 */
static size_t
utf8(const uint8_t *s)
{
	uint32_t c;
	size_t i, n;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	c = s[0] & (0x7fU >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;	/* the final NUL, too */
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((n == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) ||
	    (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return n;
}

static void
escape(char *dst, size_t size, const char *src, const char *special)
{
	const uint8_t *s = (const uint8_t *)src;
	const char *unit;
	char pair[2] = { '\\', 0 };
	size_t len = 0, n, step;

	for (; *s != '\0'; s += step) {
		unit = (const char *)s;
		n = step = utf8(s);
		if (strchr(special, *s) != NULL) {
			pair[1] = *s == '\n' ? 'n' : (char)*s;
			unit = pair;
			n = 2;
		} else if (n == 0 || *s < 0x20 || *s == 0x7f) {
			unit = "?";
			n = step = 1;
		}
		if (len + n >= size)
			break;
		memcpy(dst + len, unit, n);
		len += n;
	}
	dst[len] = '\0';
}

void
prom_label(char *dst, size_t size, const char *src)
{
	escape(dst, size, src, "\\\"\n");
}

void
prom_help(char *dst, size_t size, const char *src)
{
	escape(dst, size, src, "\\\n");
}
