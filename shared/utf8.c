/* SPDX-License-Identifier: ISC */
/*
 * UTF-8: see utf8.h.
 */
#include "shared/utf8.h"

size_t
utf8_len(const uint8_t *p, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t i, n;

	if (*p < 0x80)
		return 1;
	n = *p >= 0xf8 ? 0 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 :
	    *p >= 0xc0 ? 2 : 0;
	if (n == 0 || n > left)
		return 0;
	c = *p & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	/* Neither too long, nor a control, a surrogate or beyond Unicode. */
	if (c < least[n] || c < 0xa0 || (c >= 0xd800 && c < 0xe000) ||
	    c > 0x10ffff)
		return 0;
	return n;
}
