/* SPDX-License-Identifier: ISC */
/*
 * The answer to an outbound packet that no peer can take: ICMP destination
 * unreachable (RFC 792, RFC 1122 3.2.2, RFC 4443 2.4), to be written to the
 * TUN, and the limit of how often.
 */
#ifndef CRYPTOD_ICMP_H
#define CRYPTOD_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest answer; a buffer of this size is always enough. */
#define ICMP_UNREACH_MAX	1280

/*
 * Write to out the packet "host unreachable" (IPv4) or "address
 * unreachable" (IPv6) about the packet of len bytes at p.  Returns its
 * length, or 0 if there shall be none: not IP, about an ICMP error, a later
 * fragment, multicast or broadcast, or a source that cannot be answered.
 */
size_t	icmp_unreach(const uint8_t *p, size_t len,
	    uint8_t out[ICMP_UNREACH_MAX]);

/* A token bucket for all answers of an instance. */
struct icmp_limit {
	uint64_t	tokens;		/* ns worth of credit */
	uint64_t	last;		/* when it was reckoned, ns */
};

#define ICMP_LIMIT_RATE		100	/* answers a second */
#define ICMP_LIMIT_BURST	50

void	icmp_limit_init(struct icmp_limit *l, uint64_t now);

/* May one be sent at now (ns)?  If so it is charged. */
bool	icmp_limit_allow(struct icmp_limit *l, uint64_t now);

#endif /* CRYPTOD_ICMP_H */
