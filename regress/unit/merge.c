/* SPDX-License-Identifier: ISC */
/*
 * Merging: what goes together and where it ends, flows beside each other, and
 * packets at random.  All that comes out, segmented again, is what went in,
 * in order.
 */
#include <stdint.h>
#include <stdlib.h>

#include "merge_play.h"
#include "unit.h"

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
	for (j = 0; j < KINDS; j++)
		packet_init(&k[j], kinds[j].version, kinds[j].proto);
	for (i = 0; i < 60000; i++) {
		j = (size_t)rand() % KINDS;
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

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, merges, 0, KINDS);
	tcase_add_loop_test(tc, switched_off, 0, KINDS);
	tcase_add_loop_test(tc, ends, 0, KINDS);
	tcase_add_loop_test(tc, room, 0, KINDS);
	tcase_add_test(tc, udp_count);
	tcase_add_test(tc, sequence_wraps);
	tcase_add_test(tc, many_flows);
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
