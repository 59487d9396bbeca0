/* SPDX-License-Identifier: ISC */
/*
 * Coalescing of received packets.  There is at most one packet under way for
 * a flow, of which later ones only extend the end; whatever does not fit
 * behind it makes it go out first.  Its headers stay those of the first
 * piece until then, so that a piece is compared with what it is to join.
 */
#include <netinet/in.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cryptod/checksum.h"
#include "cryptod/ip.h"
#include "cryptod/merge.h"
#include "shared/bytes.h"

#define TCP_HDR_LEN	20
#define TCP_CHECK	16
#define TCP_FLAGS	13
#define TCP_PSH		0x08
#define TCP_ACK		0x10
#define UDP_HDR_LEN	8
#define UDP_CHECK	6
#define IP_LEN_MAX	65535
#define IP_V4_DF	0x40		/* in byte 6 */

_Static_assert(sizeof(struct merge) <= 1536 * 1024, "bound of memory");
_Static_assert(sizeof(struct merge_key) == 40, "no hole to compare");

/* What a packet has to do with flows. */
enum merge_kind {
	MERGE_NOT_IP,
	MERGE_OF_HOSTS,		/* its ports are not to be known */
	MERGE_OF_FLOW,		/* has ports, but is not to be merged */
	MERGE_CANDIDATE
};

struct merge_pkt {
	const uint8_t	*p;
	size_t		 len;
	size_t		 start;
	size_t		 hdr_len;
	struct merge_key key;
	bool		 psh;
};

static bool
merge_is_wanted(const struct merge *m, const struct merge_key *k)
{
	unsigned int	 bit;

	if (k->proto == IPPROTO_TCP)
		bit = k->version == 4 ? MERGE_TCP4 : MERGE_TCP6;
	else
		bit = k->version == 4 ? MERGE_UDP4 : MERGE_UDP6;
	return ((m->what & bit) != 0);
}

/* Payload, no flag but ACK and PSH, no reserved bit. */
static bool
merge_parse_tcp(struct merge_pkt *k)
{
	const uint8_t	*t = k->p + k->start;
	size_t		 hdr;

	if (k->len - k->start < TCP_HDR_LEN)
		return (false);
	hdr = (size_t)(t[12] >> 4) * 4;
	if ((t[12] & 0x0f) != 0 || hdr < TCP_HDR_LEN ||
	    k->len - k->start <= hdr)
		return (false);
	k->psh = (t[TCP_FLAGS] & TCP_PSH) != 0;
	k->hdr_len = k->start + hdr;
	return ((t[TCP_FLAGS] & ~TCP_PSH) == TCP_ACK);
}

/* Payload, and a checksum: without one there is nothing to verify. */
static bool
merge_parse_udp(struct merge_pkt *k)
{
	const uint8_t	*t = k->p + k->start;

	k->hdr_len = k->start + UDP_HDR_LEN;
	return (k->len > k->hdr_len &&
	    get_be16(t + 4) == k->len - k->start &&
	    get_be16(t + UDP_CHECK) != 0);
}

/* With addresses known: ports, if there are any. */
static enum merge_kind
merge_parse_ports(const struct merge *m, struct merge_pkt *k, bool plain)
{
	if ((k->key.proto != IPPROTO_TCP && k->key.proto != IPPROTO_UDP) ||
	    k->len < k->start + 4)
		return (MERGE_OF_HOSTS);
	memcpy(k->key.ports, k->p + k->start, 4);
	if (!plain || !merge_is_wanted(m, &k->key))
		return (MERGE_OF_FLOW);
	if (k->key.proto == IPPROTO_TCP ? merge_parse_tcp(k) :
	    k->len >= k->start + UDP_HDR_LEN && merge_parse_udp(k))
		return (MERGE_CANDIDATE);
	return (MERGE_OF_FLOW);
}

static enum merge_kind
merge_parse_v4(const struct merge *m, struct merge_pkt *k)
{
	const uint8_t	*p = k->p;
	bool		 plain;

	if (k->len < IP_V4_HDR_LEN)
		return (MERGE_NOT_IP);
	k->key.version = 4;
	k->key.proto = p[9];
	memcpy(k->key.addrs, p + 12, 8);
	k->start = (size_t)(p[0] & 0x0f) * 4;
	/* Only the first fragment has ports: order all by the hosts. */
	if ((get_be16(p + 6) & 0x3fff) != 0 || k->start < IP_V4_HDR_LEN)
		return (MERGE_OF_HOSTS);
	plain = p[0] == 0x45 && get_be16(p + 2) == k->len &&
	    checksum_is_valid(checksum_add(0, p, IP_V4_HDR_LEN));
	return (merge_parse_ports(m, k, plain));
}

static enum merge_kind
merge_parse_v6(const struct merge *m, struct merge_pkt *k)
{
	const uint8_t	*p = k->p;

	if (k->len < IP_V6_HDR_LEN)
		return (MERGE_NOT_IP);
	k->key.version = 6;
	k->key.proto = p[6];
	memcpy(k->key.addrs, p + 8, 32);
	k->start = IP_V6_HDR_LEN;
	/* An extension header is a protocol without ports here. */
	return (merge_parse_ports(m, k,
	    (size_t)get_be16(p + 4) + IP_V6_HDR_LEN == k->len));
}

static enum merge_kind
merge_parse(const struct merge *m, struct merge_pkt *k, const uint8_t *p,
    size_t len)
{
	memset(k, 0, sizeof(*k));
	k->p = p;
	k->len = len;
	if (len == 0 || len > IP_LEN_MAX)
		return (MERGE_NOT_IP);
	switch (p[0] >> 4) {
	case 4:
		return (merge_parse_v4(m, k));
	case 6:
		return (merge_parse_v6(m, k));
	default:
		return (MERGE_NOT_IP);
	}
}

/* The slot of that flow, or -1. */
static int
merge_find(const struct merge *m, const struct merge_key *key)
{
	unsigned int	 i;

	for (i = m->nflows; i-- > 0;) {
		if (memcmp(&m->flow[m->order[i]].key, key, sizeof(*key)) == 0)
			return (m->order[i]);
	}
	return (-1);
}

/* The headers of what was merged, to be finished by the kernel. */
static void
merge_finish(const struct merge_flow *f, uint8_t *p, struct virtio_net_hdr *h)
{
	uint8_t		*t = p + f->start;
	size_t		 left = f->len - f->start;
	bool		 is_tcp = f->key.proto == IPPROTO_TCP;

	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->hdr_len = f->hdr_len;
	h->gso_size = f->size;
	h->csum_start = f->start;
	h->csum_offset = is_tcp ? TCP_CHECK : UDP_CHECK;
	if (!is_tcp) {
		h->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
		put_be16(t + 4, (uint16_t)left);
	} else if (f->key.version == 4)
		h->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	else
		h->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	if (f->key.version == 4) {
		put_be16(p + 2, (uint16_t)f->len);
		memset(p + 10, 0, 2);
		checksum_put(p + 10, checksum_add(0, p, IP_V4_HDR_LEN));
	} else
		put_be16(p + 4, (uint16_t)(f->len - IP_V6_HDR_LEN));
	checksum_put_partial(t + h->csum_offset,
	    checksum_add16(f->pseudo, (uint16_t)left));
}

static void
merge_emit(struct merge *m, unsigned int slot)
{
	struct merge_flow	*f = &m->flow[slot];
	struct virtio_net_hdr	 h;
	unsigned int		 i = 0;

	while (m->order[i] != slot)
		i++;
	m->nflows--;
	memmove(m->order + i, m->order + i + 1, m->nflows - i);
	m->used &= ~(1U << slot);
	memset(&h, 0, sizeof(h));
	if (f->pieces > 1)
		merge_finish(f, m->buf[slot], &h);
	m->write(m->arg, &h, m->buf[slot], f->len);
}

/* Write what is held between these hosts, whichever flow it is of. */
static void
merge_emit_hosts(struct merge *m, const struct merge_key *key)
{
	const struct merge_flow	*f;
	unsigned int		 i = 0;

	while (i < m->nflows) {
		f = &m->flow[m->order[i]];
		if (f->key.version == key->version &&
		    memcmp(f->key.addrs, key->addrs, 32) == 0)
			merge_emit(m, m->order[i]);
		else
			i++;
	}
}

static void
merge_pass(const struct merge *m, const uint8_t *p, size_t len)
{
	struct virtio_net_hdr	 h;

	memset(&h, 0, sizeof(h));
	m->write(m->arg, &h, p, len);
}

/* TOS, TTL, DF, and whatever else the header of the first piece decides. */
static bool
merge_is_same_ip(const struct merge_flow *f, const uint8_t *a,
    const uint8_t *b)
{
	if (f->key.version == 6)
		return (memcmp(a, b, 4) == 0 && a[7] == b[7]);
	/*
	 * With DF the identification means nothing (RFC 6864); without it,
	 * it must be the one that segmentation would make.
	 */
	return (a[1] == b[1] && memcmp(a + 6, b + 6, 3) == 0 &&
	    ((a[6] & IP_V4_DF) != 0 || get_be16(b + 4) == f->next_id));
}

/* Acknowledgement and header length; then window, urgent pointer, options. */
static bool
merge_is_same_tcp(const uint8_t *a, const uint8_t *b, size_t hdr)
{
	return (memcmp(a + 8, b + 8, 5) == 0 &&
	    memcmp(a + 14, b + 14, 2) == 0 &&
	    memcmp(a + 18, b + 18, 2 + hdr - TCP_HDR_LEN) == 0);
}

static bool
merge_is_next(const struct merge_flow *f, const uint8_t *buf,
    const struct merge_pkt *k)
{
	const uint8_t	*t = k->p + k->start;
	size_t		 n = k->len - k->hdr_len;

	if (n > f->size || f->len + n > IP_LEN_MAX ||
	    !merge_is_same_ip(f, buf, k->p))
		return (false);
	if (f->key.proto == IPPROTO_UDP)
		return (f->pieces < MERGE_UDP_MAX);
	return (get_be32(t + 4) == f->next_seq &&
	    merge_is_same_tcp(buf + f->start, t, k->hdr_len - k->start));
}

/* Copy the payload to dst; false if the transport checksum is wrong. */
static bool
merge_copy(uint8_t *dst, const struct merge_pkt *k, uint64_t pseudo)
{
	uint64_t	 sum;

	sum = checksum_add16(pseudo, (uint16_t)(k->len - k->start));
	sum = checksum_add(sum, k->p + k->start, k->hdr_len - k->start);
	return (checksum_is_valid(checksum_copy(sum, dst, k->p + k->hdr_len,
	    k->len - k->hdr_len)));
}

/* 0 if the packet is now part of what is in that slot. */
static int
merge_append(struct merge *m, unsigned int slot, const struct merge_pkt *k)
{
	struct merge_flow	*f = &m->flow[slot];
	uint8_t			*buf = m->buf[slot];
	size_t			 n = k->len - k->hdr_len;

	/* Bytes behind len are nothing yet if the checksum is wrong (P42). */
	if (!merge_is_next(f, buf, k) ||
	    !merge_copy(buf + f->len, k, f->pseudo))
		return (-1);
	f->len += n;
	f->next_seq += (uint32_t)n;
	f->next_id++;
	f->pieces++;
	if (k->psh)
		buf[f->start + TCP_FLAGS] |= TCP_PSH;
	/* Nothing goes behind a short one, a PSH, or the end of the room. */
	if (n < f->size || k->psh || f->len + f->size > IP_LEN_MAX)
		merge_emit(m, slot);
	return (0);
}

/* 0 if the packet is now the first of a flow. */
static int
merge_start(struct merge *m, const struct merge_pkt *k)
{
	struct merge_flow	*f;
	uint64_t		 pseudo;
	unsigned int		 slot;

	pseudo = checksum_pseudo(k->key.addrs, 32, k->key.proto, 0);
	if (m->nflows == MERGE_FLOWS)
		merge_emit(m, m->order[0]);
	/* The lowest: memory that is warm. */
	slot = (unsigned int)__builtin_ctz(~m->used);
	if (!merge_copy(m->buf[slot] + k->hdr_len, k, pseudo))
		return (-1);
	memcpy(m->buf[slot], k->p, k->hdr_len);
	m->used |= 1U << slot;
	m->order[m->nflows++] = (uint8_t)slot;
	f = &m->flow[slot];
	f->key = k->key;
	f->pseudo = pseudo;
	f->len = k->len;
	f->start = (uint16_t)k->start;
	f->hdr_len = (uint16_t)k->hdr_len;
	f->size = (uint16_t)(k->len - k->hdr_len);
	f->pieces = 1;
	f->next_seq = get_be32(k->p + k->start + 4) + f->size;
	f->next_id = (uint16_t)(get_be16(k->p + 4) + 1);
	return (0);
}

void
merge_init(struct merge *m, unsigned int what, merge_write *write, void *arg)
{
	m->write = write;
	m->arg = arg;
	m->what = what;
	m->used = 0;
	m->nflows = 0;
}

void
merge_add(struct merge *m, const uint8_t *pkt, size_t len)
{
	struct merge_pkt	 k;
	int			 slot;

	switch (merge_parse(m, &k, pkt, len)) {
	case MERGE_NOT_IP:
		break;
	case MERGE_OF_HOSTS:
		merge_emit_hosts(m, &k.key);
		break;
	case MERGE_OF_FLOW:
		if ((slot = merge_find(m, &k.key)) != -1)
			merge_emit(m, (unsigned int)slot);
		break;
	case MERGE_CANDIDATE:
		if ((slot = merge_find(m, &k.key)) != -1) {
			if (merge_append(m, (unsigned int)slot, &k) == 0)
				return;
			merge_emit(m, (unsigned int)slot);
		}
		/* Nothing would follow a PSH: don't copy it. */
		if (!k.psh && merge_start(m, &k) == 0)
			return;
		break;
	}
	merge_pass(m, pkt, len);
}

void
merge_flush(struct merge *m)
{
	while (m->nflows > 0)
		merge_emit(m, m->order[0]);
}
