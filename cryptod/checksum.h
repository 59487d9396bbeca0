/* SPDX-License-Identifier: ISC */
/*
 * The Internet checksum (RFC 1071).  A sum under way is 64 bits wide and in
 * memory order: words are added as they lie in the packet, so that neither
 * end of a machine has to swap them.  It is folded once, at the end.
 */
#ifndef CRYPTOD_CHECKSUM_H
#define CRYPTOD_CHECKSUM_H

#include <arpa/inet.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Adds len bytes at p, of any alignment, to sum.  If they are odd in number,
 * nothing can be added behind them.  A sum may grow by 2^29 such bytes.
 */
uint64_t	checksum_add(uint64_t sum, const void *p, size_t len);

/* The same, and copies them to dst in the same pass; no overlap. */
uint64_t	checksum_copy(uint64_t sum, void *dst, const void *src,
		    size_t len);

/*
 * The pseudo header of both addresses (8 or 32 bytes, source first), the
 * protocol and the length of the transport packet: RFC 9293 3.1, RFC 8200 8.1.
 */
uint64_t	checksum_pseudo(const void *addrs, size_t addrs_len,
		    uint8_t proto, size_t len);

/* Adds a number in host order. */
static inline uint64_t
checksum_add16(uint64_t sum, uint16_t x)
{
	return (sum + htons(x));
}

/* Down to 16 bits, in memory order.  0 only if nothing but zeros was added. */
static inline uint16_t
checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)sum);
}

/* True if the sum over data and its checksum says that nothing changed. */
static inline int
checksum_is_valid(uint64_t sum)
{
	return (checksum_fold(sum) == 0xffff);
}

/* Stores the finished checksum at p. */
static inline void
checksum_put(void *p, uint64_t sum)
{
	uint16_t	x = (uint16_t)~checksum_fold(sum);

	memcpy(p, &x, sizeof(x));
}

/* The same, where 0 would mean that there is none (UDP); 0xffff is equal. */
static inline void
checksum_put_nonzero(void *p, uint64_t sum)
{
	uint16_t	x = (uint16_t)~checksum_fold(sum);

	if (x == 0)
		x = 0xffff;
	memcpy(p, &x, sizeof(x));
}

/* Stores the sum so far at p, not inverted, for someone else to finish. */
static inline void
checksum_put_partial(void *p, uint64_t sum)
{
	uint16_t	x = checksum_fold(sum);

	memcpy(p, &x, sizeof(x));
}

#endif /* CRYPTOD_CHECKSUM_H */
