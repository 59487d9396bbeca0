/* SPDX-License-Identifier: ISC */
/*
 * A merger whose output is checked: see merge_play.h.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/segment.h"
#include "merge_play.h"
#include "shared/bytes.h"

const struct kind	 kinds[KINDS] = {
	{ 4, 6, MERGE_TCP4 }, { 6, 6, MERGE_TCP6 },
	{ 4, 17, MERGE_UDP4 }, { 6, 17, MERGE_UDP6 }
};

struct merge		 m;
struct ledger		 ledger;
size_t			 writes;
size_t			 merged;
struct virtio_net_hdr	 last_hdr;
uint8_t			 last[PACKET_MAX];
size_t			 last_len;

static void
took(const uint8_t *p, size_t len, bool was_merged)
{
	const char	*why = ledger_take(&ledger, p, len, was_merged);

	ck_assert_msg(why == NULL, "%s", why);
}

/* The header and its pseudo header sum, summed byte by byte. */
static void
check_merged(const struct virtio_net_hdr *h, const uint8_t *p, size_t len)
{
	bool		 v4 = p[0] >> 4 == 4, tcp = p[v4 ? 9 : 6] == 6;
	size_t		 start = v4 ? 20 : 40;

	ck_assert_uint_eq(h->flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	ck_assert_uint_eq(h->csum_start, start);
	ck_assert_uint_eq(h->csum_offset, tcp ? 16 : 6);
	ck_assert_uint_eq(h->hdr_len, start +
	    (tcp ? (size_t)(p[start + 12] >> 4) * 4 : 8));
	ck_assert_uint_eq(h->gso_type, !tcp ? VIRTIO_NET_HDR_GSO_UDP_L4 :
	    v4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6);
	ck_assert_uint_gt(len, (size_t)h->hdr_len + h->gso_size);
	ck_assert_uint_eq(get_be16(p + start + h->csum_offset),
	    naive_pseudo(p, len, tcp ? 6 : 17));
	ck_assert_uint_eq(get_be16(p + (v4 ? 2 : 4)), v4 ? len : len - 40);
	if (v4)
		ck_assert_uint_eq(naive_sum(p, 20, 0), 0xffff);
	if (!tcp)
		ck_assert_uint_eq(get_be16(p + start + 4), len - start);
}

static void
sink(void *arg, const struct virtio_net_hdr *h, const uint8_t *p, size_t len)
{
	static const struct virtio_net_hdr	zero;
	static uint8_t				big[PACKET_MAX];
	static uint8_t				piece[PACKET_MAX];
	struct segment				s;
	size_t					n;

	ck_assert_ptr_eq(arg, &m);
	ck_assert_uint_le(len, 65535);
	writes++;
	last_hdr = *h;
	memcpy(last, p, len);
	last_len = len;
	if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		ck_assert_mem_eq(h, &zero, sizeof(zero));
		took(p, len, false);
		return;
	}
	merged++;
	check_merged(h, p, len);
	memcpy(big, p, len);
	ck_assert_int_eq(segment_begin(&s, h, big, len), 0);
	ck_assert_uint_gt(s.count, 1);
	while (segment_next(&s, piece, sizeof(piece), &n) == 1)
		took(piece, n, true);
}

void
reset(unsigned int what)
{
	merge_init(&m, what, sink, &m);
	ck_assert(ledger_clear(&ledger));
	writes = merged = 0;
}

/* In memory of exactly its size, which is gone after the call. */
void
add_bytes(const uint8_t *p, size_t len)
{
	uint8_t		*copy = malloc(len);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, p, len);
	ck_assert(ledger_add(&ledger, p, len));
	merge_add(&m, copy, len);
	memset(copy, 0xee, len);
	free(copy);
}

static void
add(const struct packet *k)
{
	static uint8_t	 pkt[PACKET_MAX];

	add_bytes(pkt, packet_build(k, pkt));
}

void
add_next(struct packet *k)
{
	add(k);
	packet_advance(k, k->payload);
}

void
done(size_t want_writes, size_t want_merged)
{
	merge_flush(&m);
	ck_assert(ledger_clear(&ledger));
	ck_assert_uint_eq(writes, want_writes);
	ck_assert_uint_eq(merged, want_merged);
	writes = merged = 0;
	merge_flush(&m);
	ck_assert_uint_eq(writes, 0);
}
