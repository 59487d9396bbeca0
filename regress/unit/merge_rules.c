/* SPDX-License-Identifier: ISC */
/*
 * What must not be merged: each rule has a pair of packets that it keeps
 * apart (P42).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "merge_play.h"
#include "shared/bytes.h"
#include "unit.h"

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

	for (j = 0; j < KINDS; j++) {
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

static Suite *
suite(void)
{
	Suite *s = suite_create("merge_rules");
	TCase *tc = tcase_create("merge_rules");
	int n = (int)(sizeof(rules) / sizeof(rules[0]));

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, apart, 0, n);
	tcase_add_test(tc, never);
	tcase_add_loop_test(tc, wrong_lengths, 0, KINDS);
	tcase_add_test(tc, identification);
	tcase_add_test(tc, udp_no_checksum);
	tcase_add_test(tc, cut_short);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("merge_rules", suite()));
}
