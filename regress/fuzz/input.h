/* SPDX-License-Identifier: ISC */
/*
 * What the fuzzers share: the input as a stream of small numbers, which has
 * zeros after its end, and the check of an invariant.
 */
#ifndef REGRESS_FUZZ_INPUT_H
#define REGRESS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* A violated invariant ends the program where a debugger sees it. */
#define MUST(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: violated: %s\n",	\
			    __FILE__, __LINE__, #cond);			\
			abort();					\
		}							\
	} while (0)

struct input {
	const uint8_t	*p;
	size_t		 left;
};

static inline uint64_t
input_int(struct input *in, size_t bytes)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < bytes && in->left > 0; i++, in->left--)
		v |= (uint64_t)*in->p++ << 8 * i;
	return v;
}

static inline uint8_t
input_u8(struct input *in)
{
	return (uint8_t)input_int(in, 1);
}

/* Copy n bytes, zeros for those that are not there; how many were. */
static inline size_t
input_copy(struct input *in, void *dst, size_t n)
{
	size_t have = n < in->left ? n : in->left;

	memset(dst, 0, n);
	if (have > 0)
		memcpy(dst, in->p, have);
	in->p += have;
	in->left -= have;
	return have;
}

/* XOR up to n bytes into dst: a message that is almost right. */
static inline void
input_xor(struct input *in, uint8_t *dst, size_t n)
{
	for (; n > 0 && in->left > 0; n--, in->left--)
		*dst++ ^= *in->p++;
}

/* A copy of exactly that size, so that ASan sees a read past its end. */
static inline uint8_t *
input_dup(const void *p, size_t n)
{
	uint8_t *d = malloc(n > 0 ? n : 1);

	MUST(d != NULL);
	if (n > 0)
		memcpy(d, p, n);
	return d;
}

#endif /* REGRESS_FUZZ_INPUT_H */
