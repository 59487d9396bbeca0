/* SPDX-License-Identifier: ISC */
/*
 * Reading inner packets: good ones, each bound, and garbage in buffers of
 * exactly its size, where the sanitizer sees every byte read too far.
 */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/ip.h"
#include "unit.h"

static uint8_t		pkt[2048];
static struct ip_info	info;
static struct ip_udp	udp;

/* 10.0.0.1 to 10.0.0.2, UDP 1000 to 51820, 8 bytes of data: 36 bytes. */
static const uint8_t	v4[] = {
	0x45, 0xb9, 0x00, 0x24, 0x12, 0x34, 0x40, 0x00, 0x40, 0x11, 0x00, 0x00,
	10, 0, 0, 1, 10, 0, 0, 2,
	0x03, 0xe8, 0xca, 0x6c, 0x00, 0x10, 0x00, 0x00,
	1, 2, 3, 4, 5, 6, 7, 8
};

static size_t
make_v6(uint8_t next, const uint8_t *ext, size_t len)
{
	memset(pkt, 0, sizeof(pkt));
	pkt[0] = 0x6b;
	pkt[1] = 0x90;
	pkt[4] = (uint8_t)(len >> 8);
	pkt[5] = (uint8_t)len;
	pkt[6] = next;
	pkt[7] = 64;
	pkt[8] = 0xfd;
	pkt[23] = 1;
	pkt[24] = 0xfd;
	pkt[39] = 2;
	memcpy(pkt + 40, ext, len);
	return (40 + len);
}

START_TEST(good_v4)
{
	memcpy(pkt, v4, sizeof(v4));
	ck_assert_int_eq(ip_parse(pkt, 36, &info), 0);
	ck_assert_uint_eq(info.version, 4);
	ck_assert_uint_eq(info.addr_len, 4);
	ck_assert_uint_eq(info.total, 36);
	ck_assert_uint_eq(info.hdr_len, 20);
	ck_assert_uint_eq(info.payload, 20);
	ck_assert_uint_eq(info.proto, 17);
	ck_assert_uint_eq(info.tos, 0xb9);
	ck_assert_uint_eq(info.frag_off, 0);
	ck_assert(!info.more_frags);
	ck_assert(info.has_transport);
	ck_assert_ptr_eq(info.src, pkt + 12);
	ck_assert_ptr_eq(info.dst, pkt + 16);
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), 0);
	ck_assert_uint_eq(udp.sport, 1000);
	ck_assert_uint_eq(udp.dport, 51820);
	ck_assert_uint_eq(udp.len, 8);
	ck_assert_ptr_eq(udp.data, pkt + 28);
}
END_TEST

START_TEST(trim)
{
	memset(pkt, 0, sizeof(pkt));
	memcpy(pkt, v4, sizeof(v4));
	ck_assert_int_eq(ip_parse(pkt, 48, &info), 0);
	ck_assert_uint_eq(info.total, 36);
	ck_assert_int_eq(ip_parse_exact(pkt, 48, &info), -1);
	ck_assert_int_eq(ip_parse_exact(pkt, 36, &info), 0);
	ck_assert_int_eq(ip_parse_exact(pkt, 35, &info), -1);
}
END_TEST

START_TEST(bounds_v4)
{
	size_t len;

	ck_assert_int_eq(ip_parse(pkt, 0, &info), -1);
	memcpy(pkt, v4, sizeof(v4));
	for (len = 0; len < 36; len++)
		ck_assert_int_eq(ip_parse(pkt, len, &info), -1);
	pkt[0] = 0x44;		/* header too short */
	ck_assert_int_eq(ip_parse(pkt, 36, &info), -1);
	pkt[0] = 0x4a;		/* 40 bytes, more than the total */
	ck_assert_int_eq(ip_parse(pkt, 36, &info), -1);
	pkt[0] = 0x49;		/* all of it is header */
	ck_assert_int_eq(ip_parse(pkt, 36, &info), 0);
	ck_assert_uint_eq(info.payload, 36);
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), -1);
	pkt[0] = 0x45;
	pkt[3] = 19;		/* total less than the header */
	ck_assert_int_eq(ip_parse(pkt, 36, &info), -1);
	pkt[3] = 20;
	ck_assert_int_eq(ip_parse(pkt, 36, &info), 0);
	pkt[2] = pkt[3] = 0xff;	/* (P34) */
	ck_assert_int_eq(ip_parse(pkt, sizeof(pkt), &info), -1);
	pkt[0] = 0x55;
	ck_assert_int_eq(ip_parse(pkt, 36, &info), -1);
	pkt[0] = 0x05;
	ck_assert_int_eq(ip_parse(pkt, 36, &info), -1);
}
END_TEST

START_TEST(bounds_v6)
{
	static const uint8_t ext[8] = { 0 };
	size_t len, total;

	total = make_v6(59, ext, 8);
	for (len = 0; len < total; len++)
		ck_assert_int_eq(ip_parse(pkt, len, &info), -1);
	ck_assert_int_eq(ip_parse(pkt, total, &info), 0);
	ck_assert_uint_eq(info.version, 6);
	ck_assert_uint_eq(info.addr_len, 16);
	ck_assert_uint_eq(info.tos, 0xb9);
	ck_assert_uint_eq(info.total, 48);
	ck_assert_uint_eq(info.payload, 40);
	ck_assert_ptr_eq(info.src, pkt + 8);
	ck_assert_ptr_eq(info.dst, pkt + 24);
	/* 65535 + 40 is not 39 (P34). */
	pkt[4] = pkt[5] = 0xff;
	ck_assert_int_eq(ip_parse(pkt, sizeof(pkt), &info), -1);
}
END_TEST

START_TEST(fragments_v4)
{
	memcpy(pkt, v4, sizeof(v4));
	pkt[6] = 0x20;
	ck_assert_int_eq(ip_parse(pkt, 36, &info), 0);
	ck_assert(info.more_frags);
	ck_assert(info.has_transport);
	/* The UDP length speaks of the whole datagram. */
	pkt[24] = 0x05;
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), 0);
	ck_assert_uint_eq(udp.len, 8);
	pkt[6] = 0x00;
	ck_assert_int_eq(ip_parse(pkt, 36, &info), 0);
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), -1);
	pkt[6] = 0x1f;
	pkt[7] = 0xff;
	ck_assert_int_eq(ip_parse(pkt, 36, &info), 0);
	ck_assert_uint_eq(info.frag_off, 65528);
	ck_assert(!info.has_transport);
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), -1);
}
END_TEST

START_TEST(udp_bounds)
{
	memcpy(pkt, v4, sizeof(v4));
	pkt[25] = 7;		/* less than its own header */
	ck_assert_int_eq(ip_parse(pkt, 36, &info), 0);
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), -1);
	pkt[25] = 8;
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), 0);
	ck_assert_uint_eq(udp.len, 0);
	pkt[25] = 17;
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), -1);
	pkt[25] = 16;
	pkt[3] = 27;		/* seven bytes of header */
	ck_assert_int_eq(ip_parse(pkt, 36, &info), 0);
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), -1);
	pkt[3] = 36;
	pkt[9] = 6;
	ck_assert_int_eq(ip_parse(pkt, 36, &info), 0);
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), -1);
}
END_TEST

/* Hop-by-hop, destination options of 16, AH of 12, then UDP. */
START_TEST(extensions)
{
	uint8_t ext[8 + 16 + 12 + 10] = { 0 };
	size_t len, total;

	ext[0] = 60;
	ext[8] = 51;
	ext[9] = 1;
	ext[24] = 17;
	ext[25] = 1;
	ext[37] = 53;
	ext[39] = 54;
	ext[41] = 10;
	total = make_v6(0, ext, sizeof(ext));
	ck_assert_int_eq(ip_parse(pkt, total, &info), 0);
	ck_assert(info.has_transport);
	ck_assert_uint_eq(info.proto, 17);
	ck_assert_uint_eq(info.payload, 76);
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), 0);
	ck_assert_uint_eq(udp.sport, 53);
	ck_assert_uint_eq(udp.dport, 54);
	ck_assert_uint_eq(udp.len, 2);
	/* Cut anywhere in the chain it is a packet, but of what? */
	for (len = 0; len < 36; len++) {
		total = make_v6(0, ext, len);
		ck_assert_int_eq(ip_parse(pkt, total, &info), 0);
		ck_assert(!info.has_transport);
		ck_assert_uint_le(info.payload, total);
		ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), -1);
	}
}
END_TEST

START_TEST(extension_chain)
{
	uint8_t ext[8 * 20] = { 0 };
	unsigned int n;

	/* All are hop-by-hop (0) but the last. */
	for (n = 1; n <= 20; n++) {
		memset(ext, 0, sizeof(ext));
		ext[8 * (n - 1)] = 58;
		ck_assert_int_eq(ip_parse(pkt, make_v6(0, ext, 8 * n), &info),
		    0);
		ck_assert(info.has_transport == (n <= 16));
		if (n <= 16)
			ck_assert_uint_eq(info.proto, 58);
	}
}
END_TEST

START_TEST(fragments_v6)
{
	uint8_t ext[16] = { 17, 0, 0, 1 };

	ext[13] = 9;
	ck_assert_int_eq(ip_parse(pkt, make_v6(44, ext, 16), &info), 0);
	ck_assert(info.more_frags);
	ck_assert(info.has_transport);
	ck_assert_uint_eq(info.proto, 17);
	ck_assert_uint_eq(info.payload, 48);
	ck_assert_int_eq(ip_udp_parse(pkt, &info, &udp), 0);
	ext[2] = 0x01;
	ext[3] = 0x08;
	ck_assert_int_eq(ip_parse(pkt, make_v6(44, ext, 16), &info), 0);
	ck_assert(!info.more_frags);
	ck_assert(!info.has_transport);
	ck_assert_uint_eq(info.frag_off, 0x108);
	ck_assert_int_eq(ip_parse(pkt, make_v6(44, ext, 7), &info), 0);
	ck_assert(!info.has_transport);
}
END_TEST

START_TEST(garbage)
{
	unsigned int step, i, parsed = 0;
	size_t len;
	uint8_t *p;

	srandom(7);
	for (step = 0; step < 300000; step++) {
		len = (size_t)random() % 120;
		p = malloc(len == 0 ? 1 : len);
		ck_assert_ptr_nonnull(p);
		for (i = 0; i < len; i++)
			p[i] = (uint8_t)(random() % 3 == 0 ? random() : 0);
		if (len > 0)
			p[0] = random() % 2 == 0 ? 0x60 : 0x45;
		if (len > 6 && p[0] == 0x60) {
			p[4] = 0;
			p[5] = (uint8_t)(len - 40);
			p[6] = "\0\x2b\x2c\x33\x3c\x11"[random() % 6];
		}
		if (ip_parse(p, len, &info) == 0) {
			parsed++;
			if (info.total > len || info.payload > info.total ||
			    info.hdr_len > info.payload)
				ck_abort_msg("step %u", step);
			if (ip_udp_parse(p, &info, &udp) == 0 &&
			    udp.data + udp.len > p + info.total)
				ck_abort_msg("udp, step %u", step);
		}
		free(p);
	}
	ck_assert_uint_gt(parsed, 1000);
}
END_TEST

START_TEST(padding)
{
	static const struct { size_t len, mtu, pad; } t[] = {
		{ 0, 1420, 0 }, { 1, 1420, 15 }, { 15, 1420, 1 },
		{ 16, 1420, 0 }, { 17, 1420, 15 }, { 1408, 1420, 0 },
		{ 1409, 1420, 11 }, { 1419, 1420, 1 }, { 1420, 1420, 0 },
		/* over the MTU: the last piece counts */
		{ 1421, 1420, 15 }, { 2840, 1420, 0 }, { 2839, 1420, 1 },
		{ 1436, 1420, 0 },
		/* no MTU: only the alignment (P35) */
		{ 0, 0, 0 }, { 1, 0, 15 }, { 1420, 0, 4 }, { 65535, 0, 1 },
		/* a silly one */
		{ 5, 1, 0 }, { 1, 1, 0 }, { 9, 10, 1 },
	};
	size_t i, len, mtu, pad;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		ck_assert_msg(ip_padding(t[i].len, t[i].mtu) == t[i].pad,
		    "%zu %zu", t[i].len, t[i].mtu);
	for (mtu = 0; mtu < 200; mtu++)
		for (len = 0; len < 1000; len++) {
			pad = ip_padding(len, mtu);
			if (pad > 15 || (mtu != 0 && len <= mtu &&
			    len + pad > mtu))
				ck_abort_msg("%zu %zu", len, mtu);
		}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ip");
	TCase *tc = tcase_create("ip");

	tcase_add_test(tc, good_v4);
	tcase_add_test(tc, trim);
	tcase_add_test(tc, bounds_v4);
	tcase_add_test(tc, bounds_v6);
	tcase_add_test(tc, fragments_v4);
	tcase_add_test(tc, udp_bounds);
	tcase_add_test(tc, extensions);
	tcase_add_test(tc, extension_chain);
	tcase_add_test(tc, fragments_v6);
	tcase_add_test(tc, garbage);
	tcase_add_test(tc, padding);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("ip", suite()));
}
