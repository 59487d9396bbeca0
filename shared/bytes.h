/* SPDX-License-Identifier: ISC */
/*
 * Integers in wire order.  Every access goes byte by byte, so that neither
 * the alignment of the buffer nor the host's byte order matters; compilers
 * make a single load or store of it.
 */
#ifndef SHARED_BYTES_H
#define SHARED_BYTES_H

#include <stdint.h>

static inline uint16_t
get_le16(const void *v)
{
	const uint8_t	*p = v;

	return ((uint16_t)(p[0] | (uint16_t)p[1] << 8));
}

static inline uint32_t
get_le32(const void *v)
{
	const uint8_t	*p = v;

	return ((uint32_t)p[0] | (uint32_t)p[1] << 8 |
	    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

static inline uint64_t
get_le64(const void *v)
{
	const uint8_t	*p = v;

	return ((uint64_t)get_le32(p) | (uint64_t)get_le32(p + 4) << 32);
}

static inline uint16_t
get_be16(const void *v)
{
	const uint8_t	*p = v;

	return ((uint16_t)((uint16_t)p[0] << 8 | p[1]));
}

static inline uint32_t
get_be32(const void *v)
{
	const uint8_t	*p = v;

	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | (uint32_t)p[3]);
}

static inline uint64_t
get_be64(const void *v)
{
	const uint8_t	*p = v;

	return ((uint64_t)get_be32(p) << 32 | (uint64_t)get_be32(p + 4));
}

static inline void
put_le16(void *v, uint16_t x)
{
	uint8_t	*p = v;

	p[0] = (uint8_t)x;
	p[1] = (uint8_t)(x >> 8);
}

static inline void
put_le32(void *v, uint32_t x)
{
	uint8_t	*p = v;

	p[0] = (uint8_t)x;
	p[1] = (uint8_t)(x >> 8);
	p[2] = (uint8_t)(x >> 16);
	p[3] = (uint8_t)(x >> 24);
}

static inline void
put_le64(void *v, uint64_t x)
{
	uint8_t	*p = v;

	put_le32(p, (uint32_t)x);
	put_le32(p + 4, (uint32_t)(x >> 32));
}

static inline void
put_be16(void *v, uint16_t x)
{
	uint8_t	*p = v;

	p[0] = (uint8_t)(x >> 8);
	p[1] = (uint8_t)x;
}

static inline void
put_be32(void *v, uint32_t x)
{
	uint8_t	*p = v;

	p[0] = (uint8_t)(x >> 24);
	p[1] = (uint8_t)(x >> 16);
	p[2] = (uint8_t)(x >> 8);
	p[3] = (uint8_t)x;
}

static inline void
put_be64(void *v, uint64_t x)
{
	uint8_t	*p = v;

	put_be32(p, (uint32_t)(x >> 32));
	put_be32(p + 4, (uint32_t)x);
}

#endif /* SHARED_BYTES_H */
