/* SPDX-License-Identifier: ISC */
/*
 * Bounded reading of an inner IP packet, in both directions: what came from
 * the TUN, and what a peer sealed.  Nothing in it is trusted.
 */
#ifndef CRYPTOD_IP_H
#define CRYPTOD_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_V4_HDR_LEN	20
#define IP_V6_HDR_LEN	40

struct ip_info {
	const uint8_t	*src;		/* 4 or 16 bytes, in the packet */
	const uint8_t	*dst;
	size_t		 total;		/* by the IP header, <= given length */
	size_t		 payload;	/* offset of what proto names */
	size_t		 frag_off;	/* bytes; 0: whole or first fragment */
	size_t		 hdr_len;	/* IPv4 with options; IPv6 always 40 */
	uint8_t		 version;	/* 4 or 6 */
	uint8_t		 addr_len;	/* 4 or 16 */
	uint8_t		 proto;		/* the last next header understood */
	uint8_t		 tos;		/* TOS or traffic class */
	bool		 more_frags;
	/*
	 * At payload begins the header of proto.  False for a later fragment
	 * and for a chain of IPv6 extension headers that is cut off or too
	 * long to follow: proto is not to be judged then.
	 */
	bool		 has_transport;
};

/*
 * Read the headers of the len bytes at p; len may exceed the IP length by
 * padding, which is then cut by using info->total (P34).  Returns 0, or -1
 * if it is not a packet of IP 4 or 6 or does not fit in len.
 */
int	ip_parse(const uint8_t *p, size_t len, struct ip_info *info);

/* The same, and -1 too if any byte follows the packet. */
int	ip_parse_exact(const uint8_t *p, size_t len, struct ip_info *info);

struct ip_udp {
	const uint8_t	*data;		/* payload, in the packet */
	size_t		 len;		/* of it, as far as it is there */
	uint16_t	 sport;		/* host order */
	uint16_t	 dport;
};

/*
 * Find the UDP ports and payload of the packet at p that ip_parse() read.
 * The payload of a first fragment ends with the fragment.  Returns 0, or -1
 * if it is not UDP, is a later fragment or is malformed.
 */
int	ip_udp_parse(const uint8_t *p, const struct ip_info *info,
	    struct ip_udp *udp);

/*
 * How many zero bytes to append to len bytes before sealing: up to the next
 * multiple of 16, but not past the MTU; mtu 0 means that none is known.
 */
size_t	ip_padding(size_t len, size_t mtu);

#endif /* CRYPTOD_IP_H */
