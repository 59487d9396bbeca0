/* SPDX-License-Identifier: ISC */
/*
 * Inner IP headers: RFC 791, RFC 8200.  All lengths are size_t, so that no
 * sum of a 16-bit field and a header length can wrap (P34).
 */
#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cryptod/ip.h"
#include "shared/bytes.h"

#define IP_V4_MF	0x2000
#define IP_V4_OFFMASK	0x1fff
#define IP_V6_FRAG_LEN	8
#define IP_V6_EXT_MAX	16	/* headers that we follow */
#define IP_PAD		16
#define IP_UDP_HDR_LEN	8

/* Extension headers that <netinet/in.h> does not know. */
#define IP_PROTO_HIP	139
#define IP_PROTO_SHIM6	140

static int	ip_parse_v4(const uint8_t *, size_t, struct ip_info *);
static int	ip_parse_v6(const uint8_t *, size_t, struct ip_info *);
static bool	ip_v6_fragment(const uint8_t *, struct ip_info *);
static bool	ip_v6_next(const uint8_t *, struct ip_info *);
static bool	ip_v6_is_extension(uint8_t);

static int
ip_parse_v4(const uint8_t *p, size_t len, struct ip_info *info)
{
	uint16_t off;

	if (len < IP_V4_HDR_LEN)
		return (-1);
	info->version = 4;
	info->addr_len = 4;
	info->hdr_len = (size_t)(p[0] & 0x0f) * 4;
	info->total = get_be16(p + 2);
	if (info->hdr_len < IP_V4_HDR_LEN || info->total < info->hdr_len ||
	    info->total > len)
		return (-1);
	off = get_be16(p + 6);
	info->frag_off = (size_t)(off & IP_V4_OFFMASK) * 8;
	info->more_frags = (off & IP_V4_MF) != 0;
	info->tos = p[1];
	info->proto = p[9];
	info->src = p + 12;
	info->dst = p + 16;
	info->payload = info->hdr_len;
	info->has_transport = info->frag_off == 0;
	return (0);
}

/* Those that begin with a next header and a length. */
static bool
ip_v6_is_extension(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case IP_PROTO_HIP:
	case IP_PROTO_SHIM6:
		return (true);
	default:
		return (false);
	}
}

/* Read a fragment header; false if nothing that we know follows it. */
static bool
ip_v6_fragment(const uint8_t *p, struct ip_info *info)
{
	const uint8_t *ext = p + info->payload;
	uint16_t off;

	if (info->total - info->payload < IP_V6_FRAG_LEN)
		return (false);
	off = get_be16(ext + 2);
	info->frag_off = off & 0xfff8;
	info->more_frags = (off & 1) != 0;
	info->proto = ext[0];
	info->payload += IP_V6_FRAG_LEN;
	return (info->frag_off == 0);
}

/* Step over one extension header; false if that is not possible. */
static bool
ip_v6_next(const uint8_t *p, struct ip_info *info)
{
	const uint8_t *ext = p + info->payload;
	size_t left, extlen;

	left = info->total - info->payload;
	if (info->proto == IPPROTO_FRAGMENT)
		return (ip_v6_fragment(p, info));
	if (left < 8)
		return (false);
	/* AH counts in words of 4 bytes less 2, the others of 8 less 1. */
	if (info->proto == IPPROTO_AH)
		extlen = ((size_t)ext[1] + 2) * 4;
	else
		extlen = ((size_t)ext[1] + 1) * 8;
	if (left < extlen)
		return (false);
	info->proto = ext[0];
	info->payload += extlen;
	return (true);
}

static int
ip_parse_v6(const uint8_t *p, size_t len, struct ip_info *info)
{
	unsigned int i;

	if (len < IP_V6_HDR_LEN)
		return (-1);
	info->version = 6;
	info->addr_len = 16;
	info->hdr_len = IP_V6_HDR_LEN;
	info->total = (size_t)get_be16(p + 4) + IP_V6_HDR_LEN;
	if (info->total > len)
		return (-1);
	info->tos = (uint8_t)(p[0] << 4 | p[1] >> 4);
	info->proto = p[6];
	info->src = p + 8;
	info->dst = p + 24;
	info->payload = IP_V6_HDR_LEN;
	for (i = 0; ip_v6_is_extension(info->proto); i++) {
		if (i == IP_V6_EXT_MAX || !ip_v6_next(p, info))
			return (0);
	}
	info->has_transport = true;
	return (0);
}

int
ip_parse(const uint8_t *p, size_t len, struct ip_info *info)
{
	memset(info, 0, sizeof(*info));
	if (len == 0)
		return (-1);
	switch (p[0] >> 4) {
	case 4:
		return (ip_parse_v4(p, len, info));
	case 6:
		return (ip_parse_v6(p, len, info));
	default:
		return (-1);
	}
}

int
ip_parse_exact(const uint8_t *p, size_t len, struct ip_info *info)
{
	if (ip_parse(p, len, info) == -1 || info->total != len)
		return (-1);
	return (0);
}

int
ip_udp_parse(const uint8_t *p, const struct ip_info *info, struct ip_udp *udp)
{
	const uint8_t *hdr = p + info->payload;
	size_t left, len;

	if (!info->has_transport || info->proto != IPPROTO_UDP)
		return (-1);
	left = info->total - info->payload;
	if (left < IP_UDP_HDR_LEN)
		return (-1);
	len = get_be16(hdr + 4);
	if (len < IP_UDP_HDR_LEN)
		return (-1);
	if (len > left) {
		if (!info->more_frags)
			return (-1);
		len = left;
	}
	udp->sport = get_be16(hdr);
	udp->dport = get_be16(hdr + 2);
	udp->data = hdr + IP_UDP_HDR_LEN;
	udp->len = len - IP_UDP_HDR_LEN;
	return (0);
}

size_t
ip_padding(size_t len, size_t mtu)
{
	size_t padded;

	/* Of a packet larger than the MTU only the last piece counts. */
	if (mtu != 0 && len > mtu)
		len %= mtu;	/* mtu is not 0 here (P35) */
	padded = (len + IP_PAD - 1) & ~(size_t)(IP_PAD - 1);
	if (mtu != 0 && padded > mtu)
		padded = mtu;
	return (padded - len);
}
