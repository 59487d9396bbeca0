/* SPDX-License-Identifier: ISC */
/*
 * Segmentation of what was read from the TUN device.  Fields that differ
 * from segment to segment are zeroed in the packet read, which so becomes
 * the template of all headers, and its sums are taken once.
 */
#include <netinet/in.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cryptod/checksum.h"
#include "cryptod/ip.h"
#include "cryptod/segment.h"
#include "shared/bytes.h"

#define TCP_HDR_LEN	20
#define TCP_CHECK	16
#define TCP_FLAGS	13
#define TCP_FIN		0x01
#define TCP_PSH		0x08
#define TCP_CWR		0x80
#define UDP_HDR_LEN	8
#define UDP_CHECK	6
#define IP_LEN_MAX	65535

static int
segment_fail(struct segment *s, enum segment_error error)
{
	s->error = error;
	s->count = 0;
	s->next = 0;
	return (-1);
}

/* A packet that is whole; at most its checksum is missing. */
static int
segment_whole(struct segment *s, const struct virtio_net_hdr *h)
{
	size_t		 start = h->csum_start, at = start + h->csum_offset;

	s->count = 1;
	s->max = s->len;
	if ((h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0)
		return (0);
	if (at + 2 > s->len)
		return (segment_fail(s, SEGMENT_BAD_CHECKSUM));
	/*
	 * The field holds the sum of the pseudo header and is summed along,
	 * whatever the protocol is (P45).
	 */
	checksum_put_nonzero(s->pkt + at,
	    checksum_add(0, s->pkt + start, s->len - start));
	return (0);
}

/* Does the IP header agree with the type and with where it ends? */
static int
segment_ip(struct segment *s, const struct virtio_net_hdr *h, uint8_t type)
{
	struct ip_info	 info;

	if (ip_parse_exact(s->pkt, s->len, &info) == -1 ||
	    !info.has_transport || info.payload != h->csum_start)
		return (-1);
	if ((type == VIRTIO_NET_HDR_GSO_TCPV4 && info.version != 4) ||
	    (type == VIRTIO_NET_HDR_GSO_TCPV6 && info.version != 6))
		return (-1);
	s->is_tcp = type != VIRTIO_NET_HDR_GSO_UDP_L4;
	if (info.proto != (s->is_tcp ? IPPROTO_TCP : IPPROTO_UDP))
		return (-1);
	s->version = info.version;
	s->start = info.payload;
	return (0);
}

static int
segment_transport(struct segment *s)
{
	size_t		 left = s->len - s->start, hdr = UDP_HDR_LEN;

	if (s->is_tcp) {
		if (left < TCP_HDR_LEN)
			return (-1);
		hdr = (size_t)(s->pkt[s->start + 12] >> 4) * 4;
		if (hdr < TCP_HDR_LEN)
			return (-1);
	}
	if (left < hdr)
		return (-1);
	s->hdr_len = s->start + hdr;
	return (0);
}

/*
 * The sum of the pseudo header without the length.  After IPv6 extension
 * headers the destination may be another than the one in the IP header
 * (routing header), but the kernel's partial sum has the right one.
 */
static uint64_t
segment_pseudo(const struct segment *s, const uint8_t *check)
{
	uint8_t		 proto = s->is_tcp ? IPPROTO_TCP : IPPROTO_UDP;
	uint64_t	 sum;

	if (s->version == 4)
		return (checksum_pseudo(s->pkt + 12, 8, proto, 0));
	if (s->start == IP_V6_HDR_LEN)
		return (checksum_pseudo(s->pkt + 8, 32, proto, 0));
	sum = checksum_add(0, check, 2);
	return (checksum_add16(sum, (uint16_t)~(s->len - s->start)));
}

/* Remember what differs, zero it, and sum up the rest of the headers. */
static void
segment_template(struct segment *s)
{
	uint8_t		*p = s->pkt, *t = s->pkt + s->start;
	uint8_t		*check = t + (s->is_tcp ? TCP_CHECK : UDP_CHECK);

	s->sum = segment_pseudo(s, check);
	memset(check, 0, 2);
	if (s->version == 4) {
		s->id = get_be16(p + 4);
		memset(p + 2, 0, 4);
		memset(p + 10, 0, 2);
		s->ip_sum = checksum_add(0, p, s->start);
	}
	if (s->is_tcp) {
		s->seq = get_be32(t + 4);
		s->flags = t[TCP_FLAGS];
		memset(t + 4, 0, 4);
		t[TCP_FLAGS] = 0;
	} else
		memset(t + 4, 0, 2);
	s->sum = checksum_add(s->sum, t, s->hdr_len - s->start);
}

static void
segment_put_ip(const struct segment *s, uint8_t *dst, size_t i, size_t len)
{
	uint64_t	 sum = s->ip_sum;
	uint16_t	 id;

	if (s->version == 6) {
		put_be16(dst + 4, (uint16_t)(len - IP_V6_HDR_LEN));
		return;
	}
	id = (uint16_t)(s->id + i);
	put_be16(dst + 2, (uint16_t)len);
	put_be16(dst + 4, id);
	sum = checksum_add16(sum, (uint16_t)len);
	checksum_put(dst + 10, checksum_add16(sum, id));
}

/* The flags of segment i: an end is said by the last, CWR by the first. */
static uint8_t
segment_flags(const struct segment *s, size_t i)
{
	uint8_t		 flags = s->flags;

	if (i != 0)
		flags &= (uint8_t)~TCP_CWR;
	if (i + 1 != s->count)
		flags &= (uint8_t)~(TCP_FIN | TCP_PSH);
	return (flags);
}

/* sum is that of the payload and of all headers but the fields put here. */
static void
segment_put_transport(const struct segment *s, uint8_t *t, size_t i,
    uint16_t len, uint64_t sum)
{
	uint32_t	 seq;
	uint8_t		 flags;

	sum = checksum_add16(sum, len);
	if (!s->is_tcp) {
		put_be16(t + 4, len);
		sum = checksum_add16(sum, len);
		checksum_put_nonzero(t + UDP_CHECK, sum);
		return;
	}
	/* Sequence numbers wrap at 32 bits. */
	seq = s->seq + (uint32_t)(i * s->size);
	flags = segment_flags(s, i);
	put_be32(t + 4, seq);
	t[TCP_FLAGS] = flags;
	sum = checksum_add16(sum, (uint16_t)(seq >> 16));
	sum = checksum_add16(sum, (uint16_t)seq);
	sum = checksum_add16(sum, flags);
	checksum_put(t + TCP_CHECK, sum);
}

/* Segment i to dst, which is s->pkt itself if there is only one. */
static size_t
segment_emit(const struct segment *s, uint8_t *dst, size_t i)
{
	size_t		 from = s->hdr_len + i * s->size, n = s->len - from;
	uint64_t	 sum;

	if (n > s->size)
		n = s->size;
	if (dst != s->pkt) {
		memcpy(dst, s->pkt, s->hdr_len);
		sum = checksum_copy(s->sum, dst + s->hdr_len, s->pkt + from, n);
	} else
		sum = checksum_add(s->sum, s->pkt + from, n);
	segment_put_ip(s, dst, i, s->hdr_len + n);
	segment_put_transport(s, dst + s->start, i,
	    (uint16_t)(s->hdr_len - s->start + n), sum);
	return (s->hdr_len + n);
}

static int
segment_large(struct segment *s, const struct virtio_net_hdr *h, uint8_t type)
{
	size_t		 payload;

	if (segment_ip(s, h, type) == -1)
		return (segment_fail(s, SEGMENT_BAD_IP));
	if (segment_transport(s) == -1)
		return (segment_fail(s, SEGMENT_BAD_TRANSPORT));
	if (h->csum_offset != (s->is_tcp ? TCP_CHECK : UDP_CHECK))
		return (segment_fail(s, SEGMENT_BAD_CHECKSUM));
	s->size = h->gso_size;
	payload = s->len - s->hdr_len;
	if (s->size == 0)
		return (segment_fail(s, SEGMENT_BAD_SIZE));
	s->count = payload == 0 ? 1 : (payload + s->size - 1) / s->size;
	s->max = s->hdr_len + (payload < s->size ? payload : s->size);
	if (s->max > IP_LEN_MAX)
		return (segment_fail(s, SEGMENT_BAD_SIZE));
	segment_template(s);
	if (s->count == 1)
		segment_emit(s, s->pkt, 0);
	return (0);
}

int
segment_begin(struct segment *s, const struct virtio_net_hdr *h, uint8_t *pkt,
    size_t len)
{
	uint8_t		 type = h->gso_type;

	memset(s, 0, sizeof(*s));
	s->pkt = pkt;
	s->len = len;
	if (type == VIRTIO_NET_HDR_GSO_NONE)
		return (segment_whole(s, h));
	/* It says that CWR is set, which we see ourselves. */
	if (type == (VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN) ||
	    type == (VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN))
		type &= (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	switch (type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return (segment_large(s, h, type));
	default:
		return (segment_fail(s, SEGMENT_BAD_TYPE));
	}
}

int
segment_next(struct segment *s, uint8_t *dst, size_t cap, size_t *len)
{
	if (s->next == s->count)
		return (0);
	if (segment_len(s, s->next) > cap)
		return (-1);
	*len = segment_make(s, s->next++, dst);
	return (1);
}

size_t
segment_len(const struct segment *s, size_t i)
{
	return (i != 0 && i + 1 == s->count ? s->len - i * s->size : s->max);
}

size_t
segment_make(const struct segment *s, size_t i, uint8_t *dst)
{
	if (s->count > 1)
		return (segment_emit(s, dst, i));
	/* One packet alone is complete already. */
	memcpy(dst, s->pkt, s->max);
	return (s->max);
}
