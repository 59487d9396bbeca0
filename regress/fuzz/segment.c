/* SPDX-License-Identifier: ISC */
/*
 * A virtio header and a packet of any content: the segments are as many and
 * as long as promised, hold every byte of the payload once, and are IP
 * packets of their own that need no more work.
 */
#include "cryptod/segment.h"
#include "input.h"
#include "packets.h"
#include "shared/bytes.h"

#define SEGMENTS_MAX	512		/* of one input, for speed */

/* Is the checksum of an output right, if it has no extension header? */
static void
check_sums(const uint8_t *p, size_t len, bool tcp)
{
	size_t start = p[0] >> 4 == 4 ? (size_t)(p[0] & 15) * 4 : 40;
	uint8_t proto = tcp ? 6 : 17;

	if (p[0] >> 4 == 4) {
		MUST(get_be16(p + 2) == len);
		MUST(naive_sum(p, start, 0) == 0xffff);
	} else {
		MUST((size_t)get_be16(p + 4) + 40 == len);
		if (p[6] != proto)
			return;
	}
	MUST(naive_sum(p + start, len - start,
	    naive_pseudo(p, len, proto)) == 0xffff);
}

static void
all_segments(struct segment *s, const uint8_t *orig, bool large, bool tcp)
{
	size_t i, n, at = s->hdr_len;
	uint8_t *dst = input_dup(orig, s->max);

	for (i = 0; i < s->count && i < SEGMENTS_MAX; i++) {
		MUST(segment_next(s, dst, 0, &n) == -1);
		MUST(segment_next(s, dst, s->max, &n) == 1);
		MUST(n > 0 && n <= s->max);
		if (!large)
			continue;
		MUST(n >= s->hdr_len);
		MUST(memcmp(dst + s->hdr_len, orig + at, n - s->hdr_len) == 0);
		at += n - s->hdr_len;
		check_sums(dst, n, tcp);
	}
	if (i == s->count) {
		MUST(segment_next(s, dst, s->max, &n) == 0);
		MUST(!large || at == s->len);
	}
	free(dst);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct virtio_net_hdr h;
	struct segment s;
	uint8_t *p, *orig, type;
	size_t len, n;

	input_copy(&in, &h, sizeof(h));
	len = in.left;
	if (len == 0)
		return 0;
	p = input_dup(in.p, len);
	orig = input_dup(in.p, len);
	type = h.gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	if (segment_begin(&s, &h, p, len) == -1) {
		MUST(s.error != SEGMENT_OK);
		MUST(segment_next(&s, orig, len, &n) == 0);
		/* What is refused is not changed. */
		MUST(memcmp(p, orig, len) == 0);
	} else {
		MUST(s.error == SEGMENT_OK && s.count >= 1 && s.max <= len);
		MUST(s.pkt == p && s.len == len);
		all_segments(&s, orig, type != VIRTIO_NET_HDR_GSO_NONE,
		    type != VIRTIO_NET_HDR_GSO_UDP_L4);
	}
	free(p);
	free(orig);
	return 0;
}
