/* SPDX-License-Identifier: ISC */
/*
 * A batch of packets: a few flows whose fields and bytes the input changes.
 * Whatever is written, segmented again, is what was added, in the order of
 * each flow.
 */
#include "cryptod/merge.h"
#include "cryptod/segment.h"
#include "input.h"
#include "packets.h"

#define FLOWS	6

static struct merge	m;
static struct ledger	ledger;

static void
took(const uint8_t *p, size_t len, bool merged)
{
	const char *why = ledger_take(&ledger, p, len, merged);

	if (why != NULL)
		fprintf(stderr, "%s\n", why);
	MUST(why == NULL);
}

static void
sink(void *arg, const struct virtio_net_hdr *h, const uint8_t *p, size_t len)
{
	static uint8_t piece[PACKET_MAX];
	struct segment s;
	uint8_t *big;
	size_t n;

	MUST(arg == &ledger);
	if (h->gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		MUST(h->flags == 0 && h->hdr_len == 0 && h->gso_size == 0 &&
		    h->csum_start == 0 && h->csum_offset == 0);
		took(p, len, false);
		return;
	}
	MUST(len <= 65535 && h->flags == VIRTIO_NET_HDR_F_NEEDS_CSUM);
	big = input_dup(p, len);
	MUST(segment_begin(&s, h, big, len) == 0);
	MUST(s.count > 1 && h->hdr_len == s.hdr_len);
	while (segment_next(&s, piece, sizeof(piece), &n) == 1)
		took(piece, n, true);
	free(big);
}

static void
add(const uint8_t *p, size_t len)
{
	uint8_t *copy = input_dup(p, len);

	MUST(ledger_add(&ledger, p, len));
	merge_add(&m, copy, len);
	free(copy);
}

static void
change(struct input *in, struct packet *k)
{
	uint8_t v = input_u8(in);

	switch (v >> 4) {
	case 0: k->payload = 1 + (size_t)(v & 15) * 100; break;
	case 1: k->flags ^= (uint8_t)(1 << (v & 7)); break;
	case 2: k->ack += v & 15; break;
	case 3: k->seq += v & 15; break;
	case 4: k->tos ^= v & 15; break;
	case 5: k->ttl ^= v & 15; break;
	case 6: k->frag ^= (uint16_t)((v & 15) << 12); break;
	case 7: k->ip_options = (size_t)(v & 3) * 4; break;
	case 8: k->tcp_options = (size_t)(v & 7) * 4; break;
	case 9: k->ext = (v & 1) != 0; break;
	case 10: k->id ^= v & 15; break;
	case 11: k->window ^= v & 15; break;
	case 12: k->payload = 1 + (size_t)input_int(in, 2) % 20000; break;
	case 13: k->reserved ^= v & 15; break;
	case 14: k->label ^= v & 15; break;
	default: k->sport ^= v & 1; break;
	}
}

static void
one(struct input *in, struct packet *k)
{
	static uint8_t pkt[PACKET_MAX];
	uint8_t op = input_u8(in);
	size_t len;

	k += (op & 15) % FLOWS;
	if ((op & 0x10) != 0)
		change(in, k);
	len = packet_build(k, pkt);
	packet_advance(k, k->payload);
	if ((op & 0x20) != 0)
		pkt[input_u8(in) % len] ^= input_u8(in);
	if ((op & 0xc0) == 0x40)
		len -= input_u8(in) % len;
	add(pkt, len);
	if ((op & 0xc0) == 0xc0)
		merge_flush(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct packet k[FLOWS];
	size_t i;

	for (i = 0; i < FLOWS; i++) {
		packet_init(&k[i], i % 2 == 0 ? 4 : 6, i % 4 < 2 ? 6 : 17);
		k[i].dport = (uint16_t)i;
		k[i].payload = 100;
	}
	merge_init(&m, input_u8(&in), sink, &ledger);
	while (in.left > 0 && ledger.n < LEDGER_MAX)
		one(&in, k);
	merge_flush(&m);
	MUST(ledger_clear(&ledger));
	return 0;
}
