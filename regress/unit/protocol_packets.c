/* SPDX-License-Identifier: ISC */
/*
 * The way of a packet through the protocol's state machine: what it costs on
 * the wire, where it waits for a session, who hears that it cannot be sent
 * on, and how the other side's place is followed.
 */
#include <netinet/in.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/outbound.h"
#include "shared/bytes.h"
#include "shared/index_page.h"
#include "protocol_pair.h"

/* What ten pings cost is known from the kernel and from wireguard-go. */
START_TEST(ten_pings)
{
	unsigned i;

	for (i = 0; i < 10; i++) {
		host_send(&a, (uint16_t)i, 84);
		hosts_run(&a, &b, 100 * MS);
		host_send(&b, (uint16_t)i, 84);
		hosts_run(&a, &b, 900 * MS);
	}
	ck_assert_uint_eq(a.ntun, 10);
	ck_assert_uint_eq(b.ntun, 10);
	ck_assert_uint_eq(b.tun_len, 84);
	ck_assert_uint_eq(a.d->rx_bytes, 1372);
	ck_assert_uint_eq(a.d->tx_bytes, 1428);
	ck_assert_uint_eq(b.d->rx_bytes, 1428);
	ck_assert_uint_eq(b.d->tx_bytes, 1372);
	ck_assert_uint_eq(a.types[1], 1);
	ck_assert_uint_eq(b.types[1], 0);
	ck_assert_uint_eq(b.types[2], 1);
	ck_assert_uint_eq(a.e.n.handshakes_completed, 1);
	ck_assert_uint_eq(b.e.n.handshakes_completed, 1);
	ck_assert_int_gt(remote_of(&a)->completed.tv_sec, 1600000000);
}
END_TEST

/* Padded on the way, trimmed at the end; never past the MTU (P34, P35). */
START_TEST(every_length)
{
	struct datagram *dg;
	size_t len;

	shake();
	for (len = 20; len <= 1420; len++) {
		host_send(&a, (uint16_t)len, len);
		dg = TAILQ_FIRST(&a.out);
		ck_assert_uint_ge(dg->len, len + 32);
		ck_assert_uint_le(dg->len, 1420 + 32);
		hosts_run(&a, &b, MS);
		ck_assert_uint_eq(b.tun_len, len);
	}
	ck_assert_uint_eq(b.ntun, 1401);
	a.e.mtu = 0;
	host_send(&a, 1, 21);
	ck_assert_uint_eq(TAILQ_FIRST(&a.out)->len, 32 + 32);
}
END_TEST

/* Nor past what a datagram can hold, however large the MTU is. */
START_TEST(longest)
{
	static uint8_t p[65535 + ENGINE_TAILROOM];
	static const uint32_t mtus[] = { 65440, 65446, 65447, 65448, 65535 };
	size_t i, len;

	shake();
	for (i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		engine_set_link(&a.e, true, mtus[i]);
		for (len = 65430; len <= mtus[i] && len <= 65447; len++) {
			packet_make(p, a.address, b.address, 1, len);
			outbound_packet(&a.e, p, len);
			ck_assert_ptr_nonnull(TAILQ_FIRST(&a.out));
			ck_assert_uint_ge(TAILQ_FIRST(&a.out)->len, len + 32);
			ck_assert_uint_le(TAILQ_FIRST(&a.out)->len,
			    DATAGRAM_MAX);
			wire_clear(&a.out);
		}
	}
	ck_assert_uint_eq(a.e.n.drop_out_too_big, 0);
	packet_make(p, a.address, b.address, 1, 65448);
	outbound_packet(&a.e, p, 65448);
	ck_assert_uint_eq(a.e.n.drop_out_too_big, 1);
	ck_assert(TAILQ_EMPTY(&a.out));
}
END_TEST

START_TEST(oldest_is_dropped)
{
	unsigned i;

	a.lose = true;
	for (i = 0; i < 200; i++)
		host_send(&a, (uint16_t)i, 60);
	hosts_run(&a, &b, 100 * MS);
	ck_assert_uint_eq(a.d->nstaged, STAGED_MAX);
	ck_assert_uint_eq(a.e.n.drop_staged_oldest, 72);
	a.lose = false;
	hosts_run(&a, &b, 6 * SEC);
	ck_assert_uint_eq(b.ntun, STAGED_MAX);
	for (i = 0; i < STAGED_MAX; i++)
		ck_assert_uint_eq(b.tun_id[i], 72 + i);
	ck_assert_uint_eq(b.e.n.drop_in_replayed, 0);
}
END_TEST

/* Peers that never answer cannot fill the place where packets wait. */
START_TEST(dead_peers_leave_room)
{
	uint8_t packet[128 + ENGINE_TAILROOM], key[32] = { 9 };
	uint8_t addr[4] = { 172, 16, 0, 1 };
	unsigned i, n;
	size_t len;

	a.lose = true;
	for (i = 0; i < ENGINE_STAGED_MAX / STAGED_MAX + 8; i++) {
		key[1] = addr[3] = (uint8_t)(i + 1);
		peer_add(&a, key, addr);
		for (n = 0; n < STAGED_MAX; n++) {
			len = packet_make(packet, a.address, addr, 1, 60);
			outbound_packet(&a.e, packet, len);
		}
	}
	ck_assert_uint_eq(a.e.staged, ENGINE_STAGED_MAX);
	a.lose = false;
	host_send(&a, 7, 60);
	ck_assert_uint_eq(a.d->nstaged, 1);
	hosts_run(&a, &b, 100 * MS);
	ck_assert_uint_eq(b.ntun, 1);
	ck_assert_uint_eq(b.tun_id[0], 7);
}
END_TEST

/* Without an index there is no handshake now, but there is a next try. */
START_TEST(no_index)
{
	struct index_entry *slots = a.e.index.slot;
	uint32_t i;

	a.e.index.slot = calloc(INDEX_SLOTS, sizeof(*slots));
	ck_assert_ptr_nonnull(a.e.index.slot);
	for (i = 0; i < INDEX_SLOTS; i++) {
		a.e.index.slot[i].kind = INDEX_KEYPAIR;
		a.e.index.slot[i].index = i;
	}
	host_send(&a, 1, 60);
	ck_assert_uint_eq(a.e.n.drop_hs_no_memory, 1);
	ck_assert_uint_eq(a.types[1], 0);
	free(a.e.index.slot);
	a.e.index.slot = slots;
	hosts_run(&a, &b, 6 * SEC);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

START_TEST(unreachable)
{
	static const uint8_t stranger[4] = { 10, 7, 7, 7 };
	static const uint8_t group[4] = { 224, 0, 0, 1 };
	uint8_t p[84 + ENGINE_TAILROOM];

	packet_make(p, a.address, stranger, 1, 84);
	outbound_packet(&a.e, p, 84);
	ck_assert_uint_eq(a.e.n.drop_out_no_device, 1);
	ck_assert_uint_eq(a.ntun, 1);
	ck_assert_uint_eq(a.tun_last[9], IPPROTO_ICMP);
	ck_assert_uint_eq(a.tun_last[20], 3);
	ck_assert_uint_eq(a.tun_last[21], 1);
	/* From the destination itself, to the sender. */
	ck_assert_mem_eq(a.tun_last + 12, stranger, 4);
	ck_assert_mem_eq(a.tun_last + 16, a.address, 4);
	/* A sender that nobody answers. */
	packet_make(p, group, stranger, 1, 84);
	outbound_packet(&a.e, p, 84);
	ck_assert_uint_eq(a.e.n.drop_out_no_device, 2);
	ck_assert_uint_eq(a.ntun, 1);
	engine_set_endpoint(&a.e, a.d, false);
	host_send(&a, 1, 60);
	ck_assert_uint_eq(a.e.n.drop_out_no_endpoint, 1);
	ck_assert_uint_eq(a.ntun, 2);
	ck_assert_uint_eq(a.d->nstaged, 0);
	ck_assert_uint_eq(a.types[1], 0);
	outbound_keepalive(&a.e, a.d);
	ck_assert_uint_eq(a.d->nstaged, 0);
	ck_assert_uint_eq(a.types[1], 0);
}
END_TEST

/* What the host sends that cannot be sent on, and how often it is told. */
START_TEST(nobody_wants_it)
{
	static const uint8_t nobody[4] = { 10, 9, 9, 9 };
	uint8_t p[64 + ENGINE_TAILROOM];
	unsigned i;

	memset(p, 0xff, sizeof(p));
	outbound_packet(&a.e, p, 64);
	ck_assert_uint_eq(a.e.n.drop_out_not_ip, 1);
	for (i = 0; i < 1000; i++) {
		packet_make(p, a.address, nobody, (uint16_t)i, 64);
		outbound_packet(&a.e, p, 64);
	}
	ck_assert_uint_eq(a.e.n.drop_out_no_device, 1000);
	ck_assert_uint_gt(a.e.n.icmp_sent, 0);
	ck_assert_uint_gt(a.e.n.icmp_limited, 0);
	ck_assert_uint_eq(a.e.n.icmp_sent + a.e.n.icmp_limited, 1000);
	ck_assert_uint_eq(a.ntun, a.e.n.icmp_sent);
}
END_TEST

/* Our own datagrams, routed into the tunnel (P26). */
START_TEST(loop)
{
	uint8_t p[1500 + ENGINE_TAILROOM];
	struct datagram *dg;
	size_t len = 0;

	a.keep = true;
	shake();
	hosts_run(&a, &b, 130 * SEC);
	host_send(&a, 2, 60);
	TAILQ_FOREACH(dg, &a.out, entry) {
		len = 28 + dg->len;
		packet_make(p, a.address, b.address, 1, len);
		p[9] = IPPROTO_UDP;
		put_be16(p + 20, 51820);
		put_be16(p + 22, 51820);
		put_be16(p + 24, (uint16_t)(8 + dg->len));
		memcpy(p + 28, dg->data, dg->len);
		outbound_packet(&a.e, p, len);
	}
	/* The data packet, and the initiation that it brought about. */
	ck_assert_uint_eq(a.e.n.drop_out_loop, 2);
	/* Another tunnel inside this one passes. */
	p[28 + 4] ^= 1;
	outbound_packet(&a.e, p, len);
	ck_assert_uint_eq(a.e.n.drop_out_loop, 2);
}
END_TEST

START_TEST(roaming)
{
	shake();
	ck_assert_uint_eq(b.auth_path, 1);
	ck_assert_uint_eq(b.auths, 1);
	host_send(&a, 2, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.auths, 1);
	a.path = 7;
	host_send(&a, 3, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.auths, 2);
	ck_assert_uint_eq(b.auth_path, 7);
}
END_TEST

/* netd does not keep up: it is told again where the peer is. */
START_TEST(place_is_told_again)
{
	b.auth_full = true;
	shake();
	ck_assert_uint_gt(b.e.n.auth_full, 0);
	ck_assert_uint_eq(b.e.n.auth_sent, 0);
	b.auth_full = false;
	host_send(&a, 2, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.e.n.auth_sent, 1);
	ck_assert_uint_eq(b.auth_path, a.path);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("protocol_packets");
	TCase *tc = pair_case("protocol_packets");

	tcase_add_test(tc, ten_pings);
	tcase_add_test(tc, every_length);
	tcase_add_test(tc, longest);
	tcase_add_test(tc, oldest_is_dropped);
	tcase_add_test(tc, dead_peers_leave_room);
	tcase_add_test(tc, no_index);
	tcase_add_test(tc, unreachable);
	tcase_add_test(tc, nobody_wants_it);
	tcase_add_test(tc, loop);
	tcase_add_test(tc, roaming);
	tcase_add_test(tc, place_is_told_again);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("protocol_packets", suite());
}
