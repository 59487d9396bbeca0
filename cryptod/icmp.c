/* SPDX-License-Identifier: ISC */
/*
 * ICMP unreachable.  Its source is the address that could not be reached:
 * one of our own would be dropped as martian when it comes out of the TUN.
 */
#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cryptod/icmp.h"
#include "cryptod/ip.h"
#include "shared/bytes.h"

#define ICMP_HDR_LEN		8
#define ICMP_V4_MAX		576	/* RFC 1812 4.3.2.3 */
#define ICMP_V4_UNREACH		3
#define ICMP_V4_UNREACH_HOST	1
#define ICMP_V6_UNREACH		1
#define ICMP_V6_UNREACH_ADDR	3
#define ICMP_V6_INFO		128	/* types from here are no errors */
#define ICMP_V6_REDIRECT	137	/* but this is not answered either */
#define ICMP_TOS		0xc0	/* internetwork control */
#define ICMP_TTL		64

#define ICMP_LIMIT_COST		(1000000000ULL / ICMP_LIMIT_RATE)
#define ICMP_LIMIT_CAP		(ICMP_LIMIT_COST * ICMP_LIMIT_BURST)

static bool	icmp_v4_is_error(uint8_t);
static bool	icmp_is_error(const uint8_t *, const struct ip_info *);
static bool	icmp_v4_answerable(const struct ip_info *);
static bool	icmp_v6_answerable(const struct ip_info *);
static uint32_t	icmp_sum(uint32_t, const uint8_t *, size_t);
static uint16_t	icmp_fold(uint32_t);
static size_t	icmp_build_v4(const uint8_t *, const struct ip_info *,
		    uint8_t *);
static size_t	icmp_build_v6(const uint8_t *, const struct ip_info *,
		    uint8_t *);

static bool
icmp_v4_is_error(uint8_t type)
{
	/*
	 * Unreachable, source quench, redirect, time exceeded, parameter
	 * problem.
	 */
	return (type == 3 || type == 4 || type == 5 || type == 11 ||
	    type == 12);
}

/*
 * Could this be an ICMP error?  What cannot be read could, and that includes
 * every later fragment, which is not to be answered anyway.
 */
static bool
icmp_is_error(const uint8_t *p, const struct ip_info *info)
{
	uint8_t type;

	if (!info->has_transport)
		return (true);
	if (info->proto != (info->version == 4 ? IPPROTO_ICMP :
	    IPPROTO_ICMPV6))
		return (false);
	if (info->payload >= info->total)
		return (true);
	type = p[info->payload];
	if (info->version == 4)
		return (icmp_v4_is_error(type));
	return (type < ICMP_V6_INFO || type == ICMP_V6_REDIRECT);
}

/* RFC 1122 3.2.2: both addresses have to name a single host. */
static bool
icmp_v4_answerable(const struct ip_info *info)
{
	/* 0/8, loopback, and multicast, class E and broadcast from 224 up. */
	if (info->src[0] == 0 || info->src[0] == 127 || info->src[0] >= 224)
		return (false);
	if (info->dst[0] == 0 || info->dst[0] == 127 || info->dst[0] >= 224)
		return (false);
	return (true);
}

static bool
icmp_v6_answerable(const struct ip_info *info)
{
	static const uint8_t zero[15];

	if (info->src[0] == 0xff || info->dst[0] == 0xff)
		return (false);
	/* :: and ::1 */
	if (memcmp(info->src, zero, 15) == 0 && info->src[15] <= 1)
		return (false);
	if (memcmp(info->dst, zero, 15) == 0 && info->dst[15] <= 1)
		return (false);
	return (true);
}

/* Add the 16-bit words of len bytes, at most some 64 KiB of them. */
static uint32_t
icmp_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += get_be16(p + i);
	if (i < len)
		sum += (uint32_t)p[i] << 8;
	return (sum);
}

static uint16_t
icmp_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ((uint16_t)~sum);
}

static size_t
icmp_build_v4(const uint8_t *p, const struct ip_info *info, uint8_t *out)
{
	uint8_t *icmp = out + IP_V4_HDR_LEN;
	size_t quote, total;

	quote = info->total;
	if (quote > ICMP_V4_MAX - IP_V4_HDR_LEN - ICMP_HDR_LEN)
		quote = ICMP_V4_MAX - IP_V4_HDR_LEN - ICMP_HDR_LEN;
	total = IP_V4_HDR_LEN + ICMP_HDR_LEN + quote;
	memset(out, 0, IP_V4_HDR_LEN + ICMP_HDR_LEN);
	out[0] = 0x45;
	out[1] = ICMP_TOS;
	put_be16(out + 2, (uint16_t)total);
	out[8] = ICMP_TTL;
	out[9] = IPPROTO_ICMP;
	memcpy(out + 12, info->dst, 4);
	memcpy(out + 16, info->src, 4);
	put_be16(out + 10, icmp_fold(icmp_sum(0, out, IP_V4_HDR_LEN)));
	icmp[0] = ICMP_V4_UNREACH;
	icmp[1] = ICMP_V4_UNREACH_HOST;
	memcpy(icmp + ICMP_HDR_LEN, p, quote);
	put_be16(icmp + 2, icmp_fold(icmp_sum(0, icmp,
	    ICMP_HDR_LEN + quote)));
	return (total);
}

static size_t
icmp_build_v6(const uint8_t *p, const struct ip_info *info, uint8_t *out)
{
	uint8_t *icmp = out + IP_V6_HDR_LEN;
	size_t quote, len;
	uint32_t sum;

	quote = info->total;
	if (quote > ICMP_UNREACH_MAX - IP_V6_HDR_LEN - ICMP_HDR_LEN)
		quote = ICMP_UNREACH_MAX - IP_V6_HDR_LEN - ICMP_HDR_LEN;
	len = ICMP_HDR_LEN + quote;
	memset(out, 0, IP_V6_HDR_LEN + ICMP_HDR_LEN);
	out[0] = 0x60;
	put_be16(out + 4, (uint16_t)len);
	out[6] = IPPROTO_ICMPV6;
	out[7] = ICMP_TTL;
	memcpy(out + 8, info->dst, 16);
	memcpy(out + 24, info->src, 16);
	icmp[0] = ICMP_V6_UNREACH;
	icmp[1] = ICMP_V6_UNREACH_ADDR;
	memcpy(icmp + ICMP_HDR_LEN, p, quote);
	/* The pseudo header: both addresses, length, next header. */
	sum = icmp_sum((uint32_t)len + IPPROTO_ICMPV6, out + 8, 32);
	put_be16(icmp + 2, icmp_fold(icmp_sum(sum, icmp, len)));
	return (IP_V6_HDR_LEN + len);
}

size_t
icmp_unreach(const uint8_t *p, size_t len, uint8_t out[ICMP_UNREACH_MAX])
{
	struct ip_info info;

	if (ip_parse(p, len, &info) == -1)
		return (0);
	if (icmp_is_error(p, &info))
		return (0);
	if (info.version == 4) {
		if (!icmp_v4_answerable(&info))
			return (0);
		return (icmp_build_v4(p, &info, out));
	}
	if (!icmp_v6_answerable(&info))
		return (0);
	return (icmp_build_v6(p, &info, out));
}

void
icmp_limit_init(struct icmp_limit *l, uint64_t now)
{
	l->tokens = ICMP_LIMIT_CAP;
	l->last = now;
}

bool
icmp_limit_allow(struct icmp_limit *l, uint64_t now)
{
	uint64_t passed;

	/* A time before the last one earns nothing and is no new start. */
	passed = now > l->last ? now - l->last : 0;
	if (passed > ICMP_LIMIT_CAP - l->tokens)
		l->tokens = ICMP_LIMIT_CAP;
	else
		l->tokens += passed;
	if (now > l->last)
		l->last = now;
	if (l->tokens < ICMP_LIMIT_COST)
		return (false);
	l->tokens -= ICMP_LIMIT_COST;
	return (true);
}
