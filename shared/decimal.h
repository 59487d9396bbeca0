/* SPDX-License-Identifier: ISC */
/*
 * Decimal numbers as text.
 */
#ifndef SHARED_DECIMAL_H
#define SHARED_DECIMAL_H

#include <stdint.h>
#include <string.h>

/*
 * Digits only, at most ten, no sign and no blank.  0, or -1 if it is anything
 * else or more than max; *out is untouched then.
 */
static inline int
decimal_parse(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (*s == '\0' || strlen(s) > 10)
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	if (v > max)
		return -1;
	*out = v;
	return 0;
}

#endif /* SHARED_DECIMAL_H */
