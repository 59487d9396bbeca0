/* SPDX-License-Identifier: ISC */
/*
 * Segmenting what the TUN device gave: every segment is compared with a
 * packet built for its place, and impossible headers are refused.
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/segment.h"
#include "packets.h"
#include "shared/bytes.h"
#include "unit.h"

#define NONE	VIRTIO_NET_HDR_GSO_NONE
#define TCP4	VIRTIO_NET_HDR_GSO_TCPV4
#define TCP6	VIRTIO_NET_HDR_GSO_TCPV6
#define UDP4	VIRTIO_NET_HDR_GSO_UDP_L4
#define ECN	VIRTIO_NET_HDR_GSO_ECN

static uint8_t			pkt[PACKET_MAX];
static uint8_t			out[PACKET_MAX];
static uint8_t			want[PACKET_MAX];
static struct virtio_net_hdr	hdr;
static struct segment		seg;

/* The sum of the pseudo header where the checksum would be. */
static void
make_partial(uint8_t *p, size_t len, const struct packet *k)
{
	size_t		 at = packet_start(k) + (k->proto == 6 ? 16 : 6);

	put_be16(p + at, naive_pseudo(p,
	    k->ext ? len - 8 : len, k->proto));
}

/*
 * The packet k as the kernel hands it over, and its virtio header.  To be
 * segmented, it gets its checksum from its addresses alone.
 */
static size_t
make_large(const struct packet *k, uint16_t size)
{
	size_t		 len = packet_build(k, pkt);

	make_partial(pkt, len, k);
	memset(&hdr, 0, sizeof(hdr));
	hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr.gso_type = k->proto == 17 ? UDP4 : k->version == 4 ? TCP4 : TCP6;
	hdr.gso_size = size;
	hdr.hdr_len = (uint16_t)(len * 31);	/* is not to be believed */
	hdr.csum_start = (uint16_t)packet_start(k);
	hdr.csum_offset = k->proto == 6 ? 16 : 6;
	if (size != 0 && !k->ext)
		pkt[hdr.csum_start + hdr.csum_offset] ^= 0x55;
	return (len);
}

/* Segment i of n of what k describes. */
static size_t
make_piece(const struct packet *k, size_t size, size_t i, size_t n)
{
	struct packet	 piece = *k;

	piece.at += i * size;
	piece.seq += (uint32_t)(i * size);
	piece.id = (uint16_t)(piece.id + i);
	if (i + 1 < n) {
		piece.payload = size;
		piece.flags &= (uint8_t)~0x09;
	} else
		piece.payload -= i * size;
	if (i > 0)
		piece.flags &= 0x7f;
	return (packet_build(&piece, want));
}

static void
check_large(const struct packet *k, uint16_t size)
{
	size_t		 len = make_large(k, size), n, i, got, expect;

	n = k->payload == 0 ? 1 : (k->payload + size - 1) / size;
	if ((k->flags & 0x80) != 0)
		hdr.gso_type |= ECN;
	ck_assert_int_eq(segment_begin(&seg, &hdr, pkt, len), 0);
	ck_assert_int_eq(seg.error, SEGMENT_OK);
	ck_assert_uint_eq(seg.count, n);
	for (i = 0; i < n; i++) {
		expect = make_piece(k, size, i, n);
		ck_assert_uint_le(expect, seg.max);
		if (n == 1) {
			ck_assert_uint_eq(seg.len, expect);
			ck_assert_mem_eq(seg.pkt, want, expect);
		}
		ck_assert_int_eq(segment_next(&seg, out, expect - 1, &got),
		    -1);
		out[expect] = 0x5a;
		ck_assert_int_eq(segment_next(&seg, out, expect, &got), 1);
		ck_assert_uint_eq(out[expect], 0x5a);
		ck_assert_uint_eq(got, expect);
		ck_assert_mem_eq(out, want, got);
	}
	ck_assert_int_eq(segment_next(&seg, out, sizeof(out), &got), 0);
	ck_assert_int_eq(segment_next(&seg, out, sizeof(out), &got), 0);
}

static void
check_sizes(const struct packet *k)
{
	static const uint16_t	sizes[] = { 1, 2, 7, 536, 999, 1000, 1001,
	    1368, 1448, 65535 };
	struct packet		c = *k;
	size_t			i, p;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (p = 0; p < 5; p++) {
			c.payload = (size_t)sizes[i] * p;
			if (c.payload > 60000)
				break;
			check_large(&c, sizes[i]);
			c.payload++;
			check_large(&c, sizes[i]);
			c.payload += sizes[i] / 2;
			check_large(&c, sizes[i]);
		}
	}
	c.payload = 65535 - packet_hdr_len(&c);
	check_large(&c, 1448);
	check_large(&c, 65535);
}

START_TEST(tcp)
{
	struct packet	 k;
	int		 v;

	for (v = 4; v <= 6; v += 2) {
		packet_init(&k, v, 6);
		check_sizes(&k);
		k.tcp_options = 0;
		check_sizes(&k);
		k.tcp_options = 40;
		k.tos = 0x03;
		k.flags = 0x19;			/* FIN, PSH, ACK */
		check_sizes(&k);
		k.flags = 0xd8;			/* CWR, ECE, PSH, ACK */
		k.reserved = 1;
		k.urgent = 9;
		check_sizes(&k);
	}
}
END_TEST

START_TEST(udp)
{
	struct packet	 k;
	int		 v;

	for (v = 4; v <= 6; v += 2) {
		packet_init(&k, v, 17);
		check_sizes(&k);
		k.tos = 0xb9;
		k.label = 0xabcde;
		check_sizes(&k);
	}
}
END_TEST

/* Sequence numbers wrap at 32 bits, identifications at 16. */
START_TEST(wraps)
{
	struct packet	 k;

	packet_init(&k, 4, 6);
	k.payload = 20000;
	k.seq = 0xfffff000;
	k.id = 0xfffc;
	k.frag = 0;
	check_large(&k, 1000);
	k.seq = 0x0000ffff;
	check_large(&k, 1000);
}
END_TEST

START_TEST(options_and_extensions)
{
	struct packet	 k;

	packet_init(&k, 4, 6);
	k.ip_options = 40;
	check_sizes(&k);
	k.proto = 17;
	check_sizes(&k);
	packet_init(&k, 6, 6);
	k.ext = true;
	check_sizes(&k);
	k.proto = 17;
	check_sizes(&k);
}
END_TEST

/* The final destination is in a routing header: only the kernel's sum knows. */
START_TEST(other_destination)
{
	struct packet	 k;
	size_t		 len, n, count = 0;
	uint16_t	 pseudo;

	packet_init(&k, 6, 6);
	k.ext = true;
	len = make_large(&k, 300);
	put_be16(pkt + 64, (uint16_t)(get_be16(pkt + 64) + 3));
	ck_assert_int_eq(segment_begin(&seg, &hdr, pkt, len), 0);
	while (segment_next(&seg, out, sizeof(out), &n) == 1) {
		pseudo = (uint16_t)(naive_pseudo(out, n - 8, 6) + 3);
		ck_assert_uint_eq(naive_sum(out + 48, n - 48, pseudo),
		    0xffff);
		count++;
	}
	ck_assert_uint_eq(count, 4);
}
END_TEST

START_TEST(whole)
{
	struct packet	 k;
	size_t		 len, got;

	packet_init(&k, 4, 6);
	len = packet_build(&k, want);
	want[len - 1] ^= 1;		/* what is corrupt stays so */
	memcpy(pkt, want, len);
	memset(&hdr, 0, sizeof(hdr));
	hdr.gso_size = hdr.csum_start = hdr.csum_offset = 0xffff;
	ck_assert_int_eq(segment_begin(&seg, &hdr, pkt, len), 0);
	ck_assert_uint_eq(seg.count, 1);
	ck_assert_uint_eq(seg.len, len);
	ck_assert_uint_eq(seg.max, len);
	ck_assert_ptr_eq(seg.pkt, pkt);
	ck_assert_mem_eq(pkt, want, len);
	ck_assert_int_eq(segment_next(&seg, out, len - 1, &got), -1);
	ck_assert_int_eq(segment_next(&seg, out, len, &got), 1);
	ck_assert_uint_eq(got, len);
	ck_assert_mem_eq(out, want, len);
	ck_assert_int_eq(segment_next(&seg, out, len, &got), 0);
}
END_TEST

START_TEST(partial_checksum)
{
	struct packet	 k;
	size_t		 len;
	int		 v, proto;

	for (v = 4; v <= 6; v += 2) {
		for (proto = 6; proto <= 17; proto += 11) {
			packet_init(&k, v, (uint8_t)proto);
			for (k.payload = 0; k.payload < 100; k.payload++) {
				len = make_large(&k, 0);
				hdr.gso_type = NONE;
				ck_assert_int_eq(segment_begin(&seg, &hdr,
				    pkt, len), 0);
				packet_build(&k, want);
				ck_assert_mem_eq(pkt, want, len);
			}
		}
	}
}
END_TEST

/* TCP in GRE: what is summed is not what the IP header names (P45). */
START_TEST(partial_checksum_gre)
{
	struct packet	 k;
	size_t		 len;

	packet_init(&k, 4, 6);
	len = packet_build(&k, want + 24);
	memset(want, 0, 24);
	want[0] = 0x45;
	want[9] = 47;
	put_be16(want + 2, (uint16_t)(len + 24));
	put_be16(want + 22, 0x0800);
	memcpy(pkt, want, len + 24);
	make_partial(pkt + 24, len, &k);
	memset(&hdr, 0, sizeof(hdr));
	hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr.csum_start = 44;
	hdr.csum_offset = 16;
	ck_assert_int_eq(segment_begin(&seg, &hdr, pkt, len + 24), 0);
	ck_assert_mem_eq(pkt, want, len + 24);
}
END_TEST

/* A UDP checksum that comes out as 0 is sent as 0xffff. */
START_TEST(zero_checksum)
{
	struct packet	 k;
	size_t		 len, size = 2, i, zeros = 0;

	packet_init(&k, 4, 17);
	k.payload = size;
	for (i = 0; i < 65536; i++) {
		k.at = i;
		k.sport = (uint16_t)(i * 5);
		len = packet_build(&k, want);
		if (get_be16(want + 26) != 0xffff)
			continue;
		zeros++;
		make_large(&k, 0);
		hdr.gso_type = NONE;
		ck_assert_int_eq(segment_begin(&seg, &hdr, pkt, len), 0);
		ck_assert_mem_eq(pkt, want, len);
		check_large(&k, 2);
	}
	ck_assert_uint_gt(zeros, 0);
}
END_TEST

/* Each number one less and more than can be (P39); exact buffers for ASan. */
START_TEST(checksum_bounds)
{
	static const uint16_t	nums[] = { 0, 1, 19, 20, 37, 38, 39, 40, 41,
	    0x7fff, 0x8000, 0xfffe, 0xffff };
	size_t			i, j, n = sizeof(nums) / sizeof(nums[0]);
	uint8_t			*p;
	int			r;

	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++) {
			ck_assert_ptr_nonnull(p = calloc(1, 40));
			memset(&hdr, 0, sizeof(hdr));
			hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
			hdr.csum_start = nums[i];
			hdr.csum_offset = nums[j];
			r = segment_begin(&seg, &hdr, p, 40);
			ck_assert_int_eq(r,
			    nums[i] + nums[j] + 2 <= 40 ? 0 : -1);
			ck_assert_int_eq(seg.error, r == 0 ? SEGMENT_OK :
			    SEGMENT_BAD_CHECKSUM);
			free(p);
		}
	}
}
END_TEST

static void
refused(const struct packet *k, uint16_t size, size_t at, uint8_t value,
    enum segment_error error)
{
	size_t		 len = make_large(k, size), got;

	pkt[at] = value;
	ck_assert_int_eq(segment_begin(&seg, &hdr, pkt, len), -1);
	ck_assert_int_eq(seg.error, error);
	ck_assert_int_eq(segment_next(&seg, out, sizeof(out), &got), 0);
}

START_TEST(bad_headers)
{
	struct packet	 k;

	packet_init(&k, 4, 6);
	refused(&k, 0, 0, 0x45, SEGMENT_BAD_SIZE);
	refused(&k, 100, 0, 0x65, SEGMENT_BAD_IP);
	refused(&k, 100, 0, 0x55, SEGMENT_BAD_IP);
	refused(&k, 100, 0, 0x46, SEGMENT_BAD_IP);	/* start elsewhere */
	refused(&k, 100, 0, 0x44, SEGMENT_BAD_IP);
	refused(&k, 100, 9, 17, SEGMENT_BAD_IP);
	refused(&k, 100, 2, 0, SEGMENT_BAD_IP);
	refused(&k, 100, 7, 1, SEGMENT_BAD_IP);		/* fragment */
	refused(&k, 100, 32, 0x40, SEGMENT_BAD_TRANSPORT);
	k.payload = 0;
	refused(&k, 100, 32, 0x90, SEGMENT_BAD_TRANSPORT);
	packet_init(&k, 6, 17);
	refused(&k, 100, 6, 6, SEGMENT_BAD_IP);
	refused(&k, 100, 6, 44, SEGMENT_BAD_IP);
	refused(&k, 100, 5, 0, SEGMENT_BAD_IP);
	refused(&k, 0, 0, 0x60, SEGMENT_BAD_SIZE);
	/* More than 65535 bytes in one segment, as IPv6 could have. */
	k.payload = 65500;
	refused(&k, 65500, 0, 0x60, SEGMENT_BAD_SIZE);
	check_large(&k, 1400);
}
END_TEST

START_TEST(bad_types)
{
	struct packet	 k;
	size_t		 len;
	unsigned int	 type;
	bool		 good;

	packet_init(&k, 4, 6);
	for (type = 0; type < 256; type++) {
		len = make_large(&k, 500);
		hdr.gso_type = (uint8_t)type;
		good = type == NONE || type == TCP4 || type == (TCP4 | ECN);
		ck_assert_int_eq(segment_begin(&seg, &hdr, pkt, len),
		    good ? 0 : -1);
		if (type != TCP6 && type != (TCP6 | ECN) && type != UDP4)
			ck_assert_int_eq(seg.error,
			    good ? SEGMENT_OK : SEGMENT_BAD_TYPE);
	}
	len = make_large(&k, 500);
	hdr.csum_offset = 6;
	ck_assert_int_eq(segment_begin(&seg, &hdr, pkt, len), -1);
	ck_assert_int_eq(seg.error, SEGMENT_BAD_CHECKSUM);
}
END_TEST

/* Every length of a packet that is cut off, in a buffer of that size. */
START_TEST(cut_off)
{
	struct packet	 k;
	size_t		 len, n;
	uint8_t		*p;
	int		 v, proto;

	for (v = 4; v <= 6; v += 2) {
		for (proto = 6; proto <= 17; proto += 11) {
			packet_init(&k, v, (uint8_t)proto);
			k.payload = 10;
			len = make_large(&k, 4);
			for (n = 0; n < len; n++) {
				ck_assert_ptr_nonnull(p = malloc(n + 1));
				memcpy(p, pkt, n);
				ck_assert_int_eq(segment_begin(&seg, &hdr, p,
				    n), -1);
				/* Its IP length says the truth now. */
				if (n >= 40) {
					put_be16(p + (v == 4 ? 2 : 4),
					    (uint16_t)(v == 4 ? n : n - 40));
					segment_begin(&seg, &hdr, p, n);
				}
				free(p);
			}
		}
	}
}
END_TEST

/* Extremes and noise in every field; only ASan and UBSan judge. */
START_TEST(hostile)
{
	struct packet	 k;
	size_t		 len, i, j, got, sum;
	uint8_t		*p, *q;

	srand(5);
	for (i = 0; i < 40000; i++) {
		packet_init(&k, rand() % 2 * 2 + 4, rand() % 2 * 11 + 6);
		k.payload = (size_t)rand() % 300;
		len = make_large(&k, (uint16_t)(rand() % 400));
		for (j = (size_t)rand() % 3; j > 0; j--)
			((uint8_t *)&hdr)[rand() % 10] =
			    (uint8_t)(rand() % 3 == 0 ? 0xff : rand());
		for (j = (size_t)rand() % 3; j > 0; j--)
			pkt[rand() % 60] =
			    (uint8_t)(rand() % 3 == 0 ? 0xff : rand());
		if (rand() % 2 == 0)
			len = (size_t)rand() % (len + 1);
		ck_assert_ptr_nonnull(p = malloc(len + 1));
		memcpy(p, pkt, len);
		sum = 0;
		if (segment_begin(&seg, &hdr, p, len) == 0) {
			ck_assert_ptr_nonnull(q = malloc(seg.max + 1));
			while (segment_next(&seg, q, seg.max, &got) == 1)
				sum++;
			ck_assert_uint_eq(sum, seg.count);
			free(q);
		}
		free(p);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("segment");
	TCase *tc = tcase_create("segment");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, tcp);
	tcase_add_test(tc, udp);
	tcase_add_test(tc, wraps);
	tcase_add_test(tc, options_and_extensions);
	tcase_add_test(tc, other_destination);
	tcase_add_test(tc, whole);
	tcase_add_test(tc, partial_checksum);
	tcase_add_test(tc, partial_checksum_gre);
	tcase_add_test(tc, zero_checksum);
	tcase_add_test(tc, checksum_bounds);
	tcase_add_test(tc, bad_headers);
	tcase_add_test(tc, bad_types);
	tcase_add_test(tc, cut_off);
	tcase_add_test(tc, hostile);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("segment", suite()));
}
