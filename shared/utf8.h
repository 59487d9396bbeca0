/* SPDX-License-Identifier: ISC */
/*
 * What text is: UTF-8 without control characters.
 */
#ifndef SHARED_UTF8_H
#define SHARED_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of the character at p, of which there are left (at least 1); 0 if
 * it is none: not UTF-8 in its shortest form, or U+0080 to U+009F.  Whoever
 * cares looks at the control characters of ASCII himself.
 */
size_t	 utf8_len(const uint8_t *p, size_t left);

#endif /* SHARED_UTF8_H */
