/* SPDX-License-Identifier: ISC */
/*
 * The Internet checksum, 64 bytes at a step.  Each 64-bit lane takes up the
 * two 32-bit halves of what it loads, so that no carry is ever lost and none
 * needs to be looked for.  One body is compiled for the baseline and, on
 * amd64, for AVX2; the compiler lowers the vectors to what the target has.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cryptod/checksum.h"

#define CHECKSUM_INLINE	static inline __attribute__((always_inline))

typedef uint64_t	checksum_vec __attribute__((vector_size(32)));
/* The same anywhere in memory. */
typedef uint64_t	checksum_mem __attribute__((vector_size(32),
			    aligned(1), may_alias));

/* Less than one step of the vector loop. */
CHECKSUM_INLINE uint64_t
checksum_tail(uint64_t sum, uint8_t *dst, const uint8_t *src, size_t len,
    bool copy)
{
	uint64_t	 w;
	uint32_t	 d;
	uint16_t	 h = 0;

	if (copy)
		memcpy(dst, src, len);
	for (; len >= 8; src += 8, len -= 8) {
		memcpy(&w, src, 8);
		sum += (w & 0xffffffff) + (w >> 32);
	}
	if ((len & 4) != 0) {
		memcpy(&d, src, 4);
		sum += d;
		src += 4;
	}
	if ((len & 2) != 0) {
		memcpy(&h, src, 2);
		sum += h;
		src += 2;
	}
	if ((len & 1) != 0) {
		/* The first byte of a word whose second is zero. */
		h = 0;
		memcpy(&h, src, 1);
		sum += h;
	}
	return (sum);
}

CHECKSUM_INLINE uint64_t
checksum_run(uint64_t sum, uint8_t *dst, const uint8_t *src, size_t len,
    bool copy)
{
	const checksum_vec	 low = { 0xffffffff, 0xffffffff, 0xffffffff,
				    0xffffffff };
	checksum_vec		 a = { 0 }, b = { 0 }, x, y;

	if (len >= 64) {
		do {
			x = *(const checksum_mem *)src;
			y = *(const checksum_mem *)(src + 32);
			if (copy) {
				*(checksum_mem *)dst = x;
				*(checksum_mem *)(dst + 32) = y;
				dst += 64;
			}
			a += (x & low) + (x >> 32);
			b += (y & low) + (y >> 32);
			src += 64;
			len -= 64;
		} while (len >= 64);
		a += b;
		sum += a[0] + a[1] + a[2] + a[3];
	}
	return (checksum_tail(sum, dst, src, len, copy));
}

/* A test compiles this file without the branch that its CPU would take. */
#if defined(__x86_64__) && !defined(CHECKSUM_PORTABLE)
#define CHECKSUM_HAS_AVX2()	__builtin_cpu_supports("avx2")

__attribute__((target("avx2"))) static uint64_t
checksum_add_avx2(uint64_t sum, const uint8_t *src, size_t len)
{
	return (checksum_run(sum, NULL, src, len, false));
}

__attribute__((target("avx2"))) static uint64_t
checksum_copy_avx2(uint64_t sum, uint8_t *dst, const uint8_t *src, size_t len)
{
	return (checksum_run(sum, dst, src, len, true));
}
#else
#define CHECKSUM_HAS_AVX2()	0
#define checksum_add_avx2(sum, src, len)	(sum)
#define checksum_copy_avx2(sum, dst, src, len)	(sum)
#endif

uint64_t
checksum_add(uint64_t sum, const void *p, size_t len)
{
	if (len >= 64 && CHECKSUM_HAS_AVX2())
		return (checksum_add_avx2(sum, p, len));
	return (checksum_run(sum, NULL, p, len, false));
}

uint64_t
checksum_copy(uint64_t sum, void *dst, const void *src, size_t len)
{
	if (len >= 64 && CHECKSUM_HAS_AVX2())
		return (checksum_copy_avx2(sum, dst, src, len));
	return (checksum_run(sum, dst, src, len, true));
}

uint64_t
checksum_pseudo(const void *addrs, size_t addrs_len, uint8_t proto, size_t len)
{
	uint64_t	 sum;

	sum = checksum_add(0, addrs, addrs_len);
	sum = checksum_add16(sum, (uint16_t)(len >> 16));
	sum = checksum_add16(sum, (uint16_t)len);
	return (checksum_add16(sum, proto));
}
