/* SPDX-License-Identifier: ISC */
/*
 * Merging: what comes out, segmented again, is what went in, in order; each
 * rule has a pair of packets that it keeps apart (P42).
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/merge.h"
#include "cryptod/segment.h"
#include "packets.h"
#include "shared/bytes.h"
#include "unit.h"

#define ALL	(MERGE_TCP4 | MERGE_TCP6 | MERGE_UDP4 | MERGE_UDP6)

static struct merge		m;
static struct ledger		ledger;
static size_t			writes;		/* since the last reset */
static size_t			merged;		/* of those, with a header */
static struct virtio_net_hdr	last_hdr;
static uint8_t			last[PACKET_MAX];
static size_t			last_len;

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

static void
reset(unsigned int what)
{
	merge_init(&m, what, sink, &m);
	ck_assert(ledger_clear(&ledger));
	writes = merged = 0;
}

/* In memory of exactly its size, which is gone after the call. */
static void
add_bytes(const uint8_t *p, size_t len)
{
	uint8_t		*copy = malloc(len + 1);

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

static void
add_next(struct packet *k)
{
	add(k);
	packet_advance(k, k->payload);
}

static void
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

static const struct {
	int		 version;
	uint8_t		 proto;
	unsigned int	 flag;
} kinds[] = {
	{ 4, 6, MERGE_TCP4 }, { 6, 6, MERGE_TCP6 },
	{ 4, 17, MERGE_UDP4 }, { 6, 17, MERGE_UDP6 }
};

START_TEST(merges)
{
	struct packet	 k;
	int		 i;

	reset(ALL);
	packet_init(&k, kinds[_i].version, kinds[_i].proto);
	add_next(&k);
	done(1, 0);
	for (i = 0; i < 40; i++)
		add_next(&k);
	done(1, 1);
	ck_assert_uint_eq(last_hdr.gso_size, 1000);
	ck_assert_uint_eq(last_len, packet_hdr_len(&k) + 40000);
	/* A byte is payload, too. */
	k.payload = 1;
	for (i = 0; i < 5; i++)
		add_next(&k);
	done(1, 1);
}
END_TEST

START_TEST(switched_off)
{
	struct packet	 k;
	int		 i;

	reset(ALL & ~kinds[_i].flag);
	packet_init(&k, kinds[_i].version, kinds[_i].proto);
	for (i = 0; i < 5; i++)
		add_next(&k);
	ck_assert_uint_eq(writes, 5);
	done(5, 0);
	reset(kinds[_i].flag);
	for (i = 0; i < 5; i++)
		add_next(&k);
	ck_assert_uint_eq(writes, 0);
	done(1, 1);
}
END_TEST

/* A short one is the last; PSH too; the next begins anew. */
START_TEST(ends)
{
	struct packet	 k;

	reset(ALL);
	packet_init(&k, kinds[_i].version, kinds[_i].proto);
	add_next(&k);
	add_next(&k);
	k.payload = 999;
	add_next(&k);
	ck_assert_uint_eq(writes, 1);
	k.payload = 1000;
	add_next(&k);
	add_next(&k);
	done(2, 2);
	/* A longer one does not follow a short one. */
	k.payload = 10;
	add_next(&k);
	k.payload = 11;
	add_next(&k);
	done(2, 0);
	if (k.proto != 6)
		return;
	add_next(&k);
	k.flags |= 8;
	add_next(&k);
	ck_assert_uint_eq(writes, 1);
	ck_assert_uint_eq(last[packet_start(&k) + 13], 0x18);
	add_next(&k);
	ck_assert_uint_eq(writes, 2);
	k.flags = 0x10;
	add_next(&k);
	done(3, 1);
}
END_TEST

START_TEST(room)
{
	struct packet	 k;
	size_t		 most;
	int		 i;

	reset(ALL);
	packet_init(&k, kinds[_i].version, kinds[_i].proto);
	k.payload = 1400;
	most = (65535 - packet_hdr_len(&k)) / 1400;
	for (i = 0; i < 100; i++)
		add_next(&k);
	done((100 + most - 1) / most, (100 + most - 1) / most);
	/* As large as an IP packet can be, to the byte. */
	k.payload = (65535 - packet_hdr_len(&k)) / 5;
	most = 65535 - packet_hdr_len(&k) - 4 * k.payload;
	for (i = 0; i < 4; i++)
		add_next(&k);
	k.payload = most < k.payload ? most : k.payload;
	add_next(&k);
	done(1, 1);
	k.payload = 40000;
	add_next(&k);
	add_next(&k);
	done(2, 0);
	k.payload = 65535 - packet_hdr_len(&k);
	add_next(&k);
	add_next(&k);
	done(2, 0);
}
END_TEST

START_TEST(udp_count)
{
	struct packet	 k;
	int		 i;

	reset(ALL);
	packet_init(&k, 4, 17);
	k.payload = 20;
	for (i = 0; i < 128; i++)
		add_next(&k);
	done(2, 2);
	ck_assert_uint_eq(last_len, 28 + 64 * 20);
}
END_TEST

/*
 * The rules.  Each changes the second of two packets that would merge:
 * a field of what is built, or a byte of what was built.
 */
#define TCP	1
#define UDP	2
#define V4	4
#define V6	8
#define ANY	15

static const struct rule {
	const char	*name;
	int		 on;
	size_t		 field;		/* offset in struct packet, */
	size_t		 width;		/* its size or 0, */
	uint64_t	 xor;		/* and what changes */
	int		 byte;		/* else one of the packet; < 0: end */
} rules[] = {
#define FIELD(f)	offsetof(struct packet, f), \
			sizeof(((struct packet *)0)->f)
	{ "source", ANY, FIELD(host), 1, 0 },
	{ "source port", ANY, FIELD(sport), 1, 0 },
	{ "destination port", ANY, FIELD(dport), 0x100, 0 },
	{ "TOS", ANY, FIELD(tos), 4, 0 },
	{ "ECN", ANY, FIELD(tos), 3, 0 },
	{ "TTL", ANY, FIELD(ttl), 1, 0 },
	{ "flow label", TCP | UDP | V6, FIELD(label), 0x40001, 0 },
	{ "DF", TCP | UDP | V4, FIELD(frag), 0x4000, 0 },
	{ "reserved bit", TCP | UDP | V4, FIELD(frag), 0x8000, 0 },
	{ "more fragments", TCP | UDP | V4, FIELD(frag), 0x2000, 0 },
	{ "fragment offset", TCP | UDP | V4, FIELD(frag), 1, 0 },
	{ "IP options", TCP | UDP | V4, FIELD(ip_options), 4, 0 },
	{ "extension header", TCP | UDP | V6, FIELD(ext), 1, 0 },
	{ "gap", TCP | V4 | V6, FIELD(seq), 0x80, 0 },
	{ "far sequence", TCP | V4 | V6, FIELD(seq), 0x80000000, 0 },
	{ "acknowledgement", TCP | V4 | V6, FIELD(ack), 1, 0 },
	{ "high acknowledgement", TCP | V4 | V6, FIELD(ack), 1 << 24, 0 },
	{ "window", TCP | V4 | V6, FIELD(window), 1, 0 },
	{ "urgent pointer", TCP | V4 | V6, FIELD(urgent), 1, 0 },
	{ "option bytes", TCP | V4 | V6, FIELD(option), 3, 0 },
	{ "option length", TCP | V4 | V6, FIELD(tcp_options), 4, 0 },
	{ "FIN", TCP | V4 | V6, FIELD(flags), 0x01, 0 },
	{ "SYN", TCP | V4 | V6, FIELD(flags), 0x02, 0 },
	{ "RST", TCP | V4 | V6, FIELD(flags), 0x04, 0 },
	{ "no ACK", TCP | V4 | V6, FIELD(flags), 0x10, 0 },
	{ "URG", TCP | V4 | V6, FIELD(flags), 0x20, 0 },
	{ "ECE", TCP | V4 | V6, FIELD(flags), 0x40, 0 },
	{ "CWR", TCP | V4 | V6, FIELD(flags), 0x80, 0 },
	{ "AE", TCP | V4 | V6, FIELD(reserved), 1, 0 },
	{ "a longer one", ANY, FIELD(payload), 0x400, 0 },
	{ "no payload", ANY, FIELD(payload), 1000, 0 },
	{ "corrupt payload", ANY, 0, 0, 1, -1 },
	{ "corrupt TCP checksum", TCP | V4, 0, 0, 0x80, 20 + 16 },
	{ "corrupt TCP checksum", TCP | V6, 0, 0, 1, 40 + 17 },
	{ "corrupt UDP checksum", UDP | V4, 0, 0, 1, 20 + 6 },
	{ "corrupt UDP checksum", UDP | V6, 0, 0, 0x80, 40 + 7 },
	{ "corrupt IP checksum", TCP | UDP | V4, 0, 0, 1, 11 },
	{ "IP length", TCP | UDP | V4, 0, 0, 1, 3 },
	{ "IP length", TCP | UDP | V6, 0, 0, 1, 5 },
	{ "UDP length", UDP | V4, 0, 0, 1, 25 },
	{ "UDP length", UDP | V6, 0, 0, 1, 45 },
	{ "data offset", TCP | V4, 0, 0, 0xc0, 32 },
	{ "data offset", TCP | V6, 0, 0, 0x70, 52 }
};

static bool
applies(const struct rule *r, const struct packet *k)
{
	return ((r->on & (k->proto == 6 ? TCP : UDP)) != 0 &&
	    (r->on & (k->version == 4 ? V4 : V6)) != 0);
}

static void
change_field(struct packet *k, const struct rule *r)
{
	void		*f = (uint8_t *)k + r->field;

	switch (r->width) {
	case 1:
		*(uint8_t *)f ^= (uint8_t)r->xor;
		break;
	case 2:
		*(uint16_t *)f ^= (uint16_t)r->xor;
		break;
	case 4:
		*(uint32_t *)f ^= (uint32_t)r->xor;
		break;
	default:
		*(size_t *)f ^= (size_t)r->xor;
		break;
	}
}

static void
add_changed(const struct packet *k, const struct rule *r)
{
	static uint8_t	 pkt[PACKET_MAX];
	struct packet	 c = *k;
	size_t		 len;

	if (r->width != 0)
		change_field(&c, r);
	len = packet_build(&c, pkt);
	if (r->width == 0)
		pkt[r->byte < 0 ? len - 1 : (size_t)r->byte] ^=
		    (uint8_t)r->xor;
	add_bytes(pkt, len);
}

/* Whether what is apart comes second, first or between. */
START_TEST(apart)
{
	const struct rule	*r = &rules[_i];
	struct packet		 k;
	size_t			 j, ran = 0;

	for (j = 0; j < 4; j++) {
		packet_init(&k, kinds[j].version, kinds[j].proto);
		if (!applies(r, &k))
			continue;
		ran++;
		reset(ALL);
		add_next(&k);
		add_next(&k);
		done(1, 1);
		add_next(&k);
		add_changed(&k, r);
		merge_flush(&m);
		ck_assert_msg(merged == 0 && writes == 2, "%s", r->name);
		done(2, 0);

		packet_advance(&k, 1000);
		add_changed(&k, r);
		packet_advance(&k, 1000);
		add_next(&k);
		merge_flush(&m);
		ck_assert_msg(merged <= (r->xor == 0x400), "%s", r->name);
		writes = merged = 0;
		done(0, 0);

		add_next(&k);
		add_next(&k);
		add_changed(&k, r);
		packet_advance(&k, 1000);
		add_next(&k);
		add_next(&k);
		merge_flush(&m);
		ck_assert(ledger_clear(&ledger));
		ck_assert_msg(writes <= 3 && merged >= 1, "%s", r->name);
	}
	ck_assert_uint_gt(ran, 0);
}
END_TEST

/* Two and the same header that none of the rules would let pass as first. */
START_TEST(never)
{
	static const uint8_t	 flags[] = { 0x00, 0x02, 0x11, 0x12, 0x14,
	    0x30, 0x50, 0x90, 0x18 };
	struct packet		 k;
	size_t			 i, n = sizeof(flags);

	reset(ALL);
	for (i = 0; i < n; i++) {
		packet_init(&k, 4, 6);
		k.flags = flags[i];
		add_next(&k);
		add_next(&k);
		done(2, 0);
	}
	packet_init(&k, 4, 6);
	k.ip_options = 4;
	add_next(&k);
	add_next(&k);
	done(2, 0);
	packet_init(&k, 4, 17);
	k.frag = 0x2000;
	add_next(&k);
	add_next(&k);
	done(2, 0);
	packet_init(&k, 6, 6);
	k.ext = true;
	add_next(&k);
	add_next(&k);
	done(2, 0);
	packet_init(&k, 4, 6);
	k.reserved = 1;
	add_next(&k);
	add_next(&k);
	done(2, 0);
}
END_TEST

/* Make all checksums right again, for the length that it has. */
static void
repair(uint8_t *p, size_t len, uint8_t proto)
{
	bool		 v4 = p[0] >> 4 == 4;
	size_t		 hdr = v4 ? (size_t)(p[0] & 15) * 4 : 40;
	uint8_t		*check = p + hdr + (proto == 6 ? 16 : 6);

	put_be16(check, 0);
	put_be16(check, (uint16_t)~naive_sum(p + hdr, len - hdr,
	    naive_pseudo(p, len, proto)));
	if (v4) {
		put_be16(p + 10, 0);
		put_be16(p + 10, (uint16_t)~naive_sum(p, hdr, 0));
	}
}

/* Two that are wrong in the same way, but for which all sums are right. */
static void
two_wrong(struct packet *k, size_t at, uint8_t xor, size_t step)
{
	static uint8_t	 pkt[PACKET_MAX];
	size_t		 len;
	int		 i;

	for (i = 0; i < 2; i++) {
		len = packet_build(k, pkt);
		pkt[at] ^= xor;
		repair(pkt, len, k->proto);
		add_bytes(pkt, len);
		packet_advance(k, step);
	}
	done(2, 0);
}

START_TEST(wrong_lengths)
{
	struct packet	 k;
	uint8_t		 pkt[PACKET_MAX];
	size_t		 len;
	int		 i;

	reset(ALL);
	packet_init(&k, kinds[_i].version, kinds[_i].proto);
	two_wrong(&k, k.version == 4 ? 3 : 5, 4, 1000);
	if (k.proto == 17) {
		two_wrong(&k, packet_start(&k) + 5, 4, 1000);
		return;
	}
	/* 16 and 0 bytes of TCP header. */
	k.tcp_options = 0;
	two_wrong(&k, packet_start(&k) + 12, 0x10, 1004);
	two_wrong(&k, packet_start(&k) + 12, 0x50, 1020);
	/* IPv4 options of zeros don't show in the sum of the first 20. */
	if (k.version == 6)
		return;
	k.ip_options = 4;
	for (i = 0; i < 2; i++) {
		len = packet_build(&k, pkt);
		memset(pkt + 20, 0, 4);
		repair(pkt, len, 6);
		add_bytes(pkt, len);
		packet_advance(&k, 1000);
	}
	done(2, 0);
}
END_TEST

/* Without DF the identification has to ascend; with it, it is nothing. */
START_TEST(identification)
{
	struct packet	 k;

	reset(ALL);
	packet_init(&k, 4, 6);
	k.id = 0xffff;
	k.frag = 0;
	add_next(&k);
	add_next(&k);
	done(1, 1);
	add_next(&k);
	k.id--;
	add_next(&k);
	done(2, 0);
	k.frag = 0x4000;
	add_next(&k);
	k.id = 0;
	add_next(&k);
	done(1, 1);
}
END_TEST

/* UDP without checksum: nothing says that it is right. */
START_TEST(udp_no_checksum)
{
	uint8_t		 pkt[PACKET_MAX];
	struct packet	 k;
	size_t		 len;
	int		 i;

	reset(ALL);
	packet_init(&k, 4, 17);
	for (i = 0; i < 3; i++) {
		len = packet_build(&k, pkt);
		put_be16(pkt + 26, 0);
		add_bytes(pkt, len);
	}
	done(3, 0);
	/* Nor if the sum happens to be the one that 0 would stand for. */
	for (k.payload = 2; get_be16(pkt + 26) != 0xffff; k.at++) {
		k.sport = (uint16_t)(k.at * 5);
		packet_build(&k, pkt);
	}
	put_be16(pkt + 26, 0);
	add_bytes(pkt, 30);
	add_bytes(pkt, 30);
	done(2, 0);
}
END_TEST

START_TEST(sequence_wraps)
{
	struct packet	 k;
	int		 i;

	reset(ALL);
	packet_init(&k, 4, 6);
	k.seq = 0xfffff000;
	for (i = 0; i < 10; i++)
		add_next(&k);
	done(1, 1);
}
END_TEST

/* More flows than slots; all are mixed. */
START_TEST(many_flows)
{
	struct packet	 k[MERGE_FLOWS + 4];
	size_t		 n, i, round;

	for (n = MERGE_FLOWS; n <= MERGE_FLOWS + 4; n += 4) {
		reset(ALL);
		for (i = 0; i < n; i++) {
			packet_init(&k[i], kinds[i % 4].version,
			    kinds[i % 4].proto);
			k[i].sport = (uint16_t)(5000 + i);
		}
		for (round = 0; round < 4; round++)
			for (i = 0; i < n; i++)
				add_next(&k[i]);
		merge_flush(&m);
		ck_assert(ledger_clear(&ledger));
		if (n == MERGE_FLOWS)
			ck_assert_uint_eq(writes, n);
	}
}
END_TEST

/* What has no ports goes behind all of its hosts, and before nothing else. */
/* A TCP header that is not whole, in a packet that says so itself. */
START_TEST(cut_short)
{
	uint8_t	 p[60];
	size_t	 n;

	reset(ALL);
	for (n = 0; n < 20; n++) {
		memset(p, 0, sizeof(p));
		p[0] = 0x60;
		put_be16(p + 4, (uint16_t)n);
		p[6] = 6;
		p[52] = 0x50;
		add_bytes(p, 40 + n);
	}
	done(20, 0);
}
END_TEST

START_TEST(hosts)
{
	struct packet	 a, b, c;
	uint8_t		 icmp[PACKET_MAX];
	size_t		 len;

	reset(ALL);
	packet_init(&a, 4, 6);
	packet_init(&b, 4, 17);
	packet_init(&c, 4, 6);
	c.host = 9;
	add_next(&a);
	add_next(&b);
	add_next(&c);
	add_next(&a);
	add_next(&b);
	add_next(&c);
	len = packet_build(&a, icmp);
	icmp[9] = 1;
	add_bytes(icmp, len);
	ck_assert_uint_eq(writes, 3);
	add_next(&c);
	done(4, 3);
	ck_assert_uint_eq(last_hdr.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	ck_assert_uint_eq(last[15], 9);
}
END_TEST

/* Noise in every byte of the headers, any length; order must hold. */
START_TEST(hostile)
{
	static uint8_t	 pkt[PACKET_MAX];
	struct packet	 k[4];
	size_t		 i, j, len;

	srand(7);
	reset(ALL);
	for (j = 0; j < 4; j++)
		packet_init(&k[j], kinds[j].version, kinds[j].proto);
	for (i = 0; i < 60000; i++) {
		j = (size_t)rand() % 4;
		k[j].payload = rand() % 4 == 0 ? (size_t)rand() % 100 : 50;
		len = packet_build(&k[j], pkt);
		packet_advance(&k[j], k[j].payload);
		switch (rand() % 4) {
		case 0:
			pkt[rand() % 64] = (uint8_t)rand();
			break;
		case 1:
			pkt[rand() % 64] = rand() % 2 == 0 ? 0xff : 0;
			break;
		case 2:
			if (rand() % 4 == 0)
				len = (size_t)rand() % len;
			break;
		}
		add_bytes(pkt, len);
		if (rand() % 50 == 0 || ledger.n == LEDGER_MAX) {
			merge_flush(&m);
			ck_assert(ledger_clear(&ledger));
		}
	}
	merge_flush(&m);
	ck_assert_uint_gt(merged, 1000);
	ck_assert(ledger_clear(&ledger));
}
END_TEST

/* Random flows, mostly in order, with random changes now and then. */
static void
random_round(struct packet *k, size_t n)
{
	size_t		 i, count = 1 + (size_t)rand() % 128;
	struct packet	*f;

	for (i = 0; i < count; i++) {
		f = &k[(size_t)rand() % n];
		switch (rand() % 24) {
		case 0:
			f->payload = 1 + (size_t)rand() % 1400;
			break;
		case 1:
			f->flags ^= 8;
			break;
		case 2:
			f->ack += 1448;
			break;
		case 3:
			packet_advance(f, (size_t)rand() % 3 * 1000);
			break;
		case 4:
			f->tos ^= 3;
			break;
		case 5:
			f->flags ^= rand() % 4 == 0 ? 1 : 0;
			break;
		case 6:
			f->payload = 1000;
			f->flags = 0x10;
			break;
		}
		add_next(f);
	}
}

START_TEST(round_trip)
{
	struct packet	 k[24];
	size_t		 i, n, round;

	srand(11);
	for (round = 0; round < 600; round++) {
		n = 1 + (size_t)rand() % 24;
		for (i = 0; i < n; i++) {
			packet_init(&k[i], kinds[(round + i) % 4].version,
			    kinds[(round + i) % 4].proto);
			k[i].sport = (uint16_t)(1000 + i / 4);
			k[i].seq = (uint32_t)rand() * 3;
			k[i].tcp_options = (size_t)(rand() % 11) * 4;
			k[i].frag = rand() % 2 == 0 ? 0x4000 : 0;
			k[i].payload = 1 + (size_t)rand() % 1400;
		}
		reset((unsigned int)rand() % 16);
		random_round(k, n);
		merge_flush(&m);
		ck_assert(ledger_clear(&ledger));
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("merge");
	TCase *tc = tcase_create("merge");
	int n = (int)(sizeof(rules) / sizeof(rules[0]));

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, merges, 0, 4);
	tcase_add_loop_test(tc, switched_off, 0, 4);
	tcase_add_loop_test(tc, ends, 0, 4);
	tcase_add_loop_test(tc, room, 0, 4);
	tcase_add_test(tc, udp_count);
	tcase_add_loop_test(tc, apart, 0, n);
	tcase_add_test(tc, never);
	tcase_add_loop_test(tc, wrong_lengths, 0, 4);
	tcase_add_test(tc, identification);
	tcase_add_test(tc, udp_no_checksum);
	tcase_add_test(tc, sequence_wraps);
	tcase_add_test(tc, many_flows);
	tcase_add_test(tc, cut_short);
	tcase_add_test(tc, hosts);
	tcase_add_test(tc, hostile);
	tcase_add_test(tc, round_trip);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("merge", suite()));
}
