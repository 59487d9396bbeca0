/* SPDX-License-Identifier: ISC */
/*
 * What strangers, and peers with bad manners, send: what is corrupt, replayed
 * or forged changes nothing, and labels never repeat.
 */
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/handshake.h"
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "cryptod/seal.h"
#include "fakeclock.h"
#include "protocol_pair.h"

/* What of the state an attacker could want to change. */
struct snapshot {
	uint64_t	rx, tx;
	unsigned	ntun, auths, types;
	size_t		keypairs, indices;
	struct remote	remote;
	struct remote_secret secret;
	uint32_t	auth_path;
};

static void
snapshot(struct snapshot *s, struct host *h)
{
	memset(s, 0, sizeof(*s));
	s->rx = h->d->rx_bytes;
	s->tx = h->d->tx_bytes;
	s->ntun = h->ntun;
	s->auths = h->auths;
	s->types = h->types[1] + h->types[2] + h->types[4];
	s->keypairs = h->e.keypairs;
	s->indices = h->e.index.used;
	memcpy(&s->remote, remote_of(h), sizeof(s->remote));
	/* That something is wrong is counted, and that is no change. */
	memset(&s->remote.health, 0, sizeof(s->remote.health));
	memcpy(&s->secret, remote_of(h)->secret, sizeof(s->secret));
	s->auth_path = h->d->auth_path;
}

static void
assert_unchanged(const struct snapshot *before, struct host *h)
{
	struct snapshot now;

	snapshot(&now, h);
	ck_assert_mem_eq(before, &now, sizeof(now));
}

/* Sends the datagram once for each bit of bytes [from, to), that bit wrong. */
static void
receive_corrupt(struct host *h, const struct datagram *dg, size_t from,
    size_t to)
{
	uint8_t copy[2048];
	size_t bit;

	for (bit = from * 8; bit < to * 8; bit++) {
		memcpy(copy, dg->data, dg->len);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		host_receive(h, copy, dg->len, 99);
	}
}

/* Sends again all that this host has sent, from elsewhere. */
static void
replay(struct host *h)
{
	struct datagram *dg;

	TAILQ_FOREACH(dg, &h->kept, entry)
		host_receive(h->other, dg->data, dg->len, 99);
}

START_TEST(bad_datagrams_change_nothing)
{
	struct snapshot before;
	struct datagram *dg;
	size_t len;

	a.keep = b.keep = true;
	shake();
	host_send(&b, 9, 60);
	hosts_run(&a, &b, SEC);
	/* Replayed, whole, from elsewhere. */
	snapshot(&before, &b);
	replay(&a);
	assert_unchanged(&before, &b);
	ck_assert_uint_gt(b.e.n.drop_in_replayed, 0);
	ck_assert_uint_eq(b.e.n.drop_hs_replayed, 1);
	snapshot(&before, &a);
	replay(&b);
	assert_unchanged(&before, &a);
	/* Each bit wrong, and every length. */
	snapshot(&before, &b);
	TAILQ_FOREACH(dg, &a.kept, entry) {
		/* mac1 and mac2 are netd's to check. */
		receive_corrupt(&b, dg, 0, dg->len == NOISE_INITIATION_LEN ?
		    116 : dg->len);
		for (len = 0; len < dg->len; len++)
			host_receive(&b, dg->data, len, 99);
	}
	assert_unchanged(&before, &b);
}
END_TEST

/* A fresh initiation or response, corrupted before it ever arrived. */
START_TEST(corrupt_handshakes_change_nothing)
{
	struct snapshot before;
	struct datagram *dg;

	host_send(&a, 1, 60);
	dg = TAILQ_FIRST(&a.out);
	/* What is only remembered for the next time is no change. */
	remote_prepare(&b.e, remote_of(&b));
	snapshot(&before, &b);
	/* The sender's index, from byte 4 on, is covered by mac1 only. */
	receive_corrupt(&b, dg, 0, 4);
	receive_corrupt(&b, dg, 8, 116);
	assert_unchanged(&before, &b);
	host_receive(&b, dg->data, dg->len, 5);
	ck_assert_uint_eq(b.auths, 1);
	ck_assert_uint_eq(b.auth_path, 5);
	dg = TAILQ_FIRST(&b.out);
	snapshot(&before, &a);
	receive_corrupt(&a, dg, 0, 4);
	receive_corrupt(&a, dg, 8, 60);
	assert_unchanged(&before, &a);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

/* Two initiations in less than 20 ms: the second changes nothing. */
START_TEST(flood)
{
	struct datagram *first, *second;
	struct snapshot before;

	host_send(&a, 1, 60);
	remote_of(&a)->last_sent_handshake = 0;
	handshake_initiate(&a.e, remote_of(&a), false, 0);
	first = TAILQ_FIRST(&a.out);
	second = TAILQ_NEXT(first, entry);
	host_receive(&b, first->data, first->len, 1);
	snapshot(&before, &b);
	host_receive(&b, second->data, second->len, 2);
	assert_unchanged(&before, &b);
	ck_assert_uint_eq(b.e.n.drop_hs_flood, 1);
	fakeclock_advance(20 * MS);
	engine_tick(&b.e);
	host_receive(&b, second->data, second->len, 2);
	ck_assert_uint_eq(b.types[2], 2);
}
END_TEST

/* Delivered in a random order: each exactly once (P18). */
START_TEST(reordered)
{
	struct datagram *all[500], *dg, *swap;
	unsigned i, j;

	shake();
	for (i = 0; i < 500; i++)
		host_send(&a, (uint16_t)i, 60);
	i = 0;
	while ((dg = TAILQ_FIRST(&a.out)) != NULL) {
		TAILQ_REMOVE(&a.out, dg, entry);
		all[i++] = dg;
	}
	ck_assert_uint_eq(i, 500);
	for (i = 499; i > 0; i--) {
		j = randombytes_uniform(i + 1);
		swap = all[i];
		all[i] = all[j];
		all[j] = swap;
	}
	for (i = 0; i < 500; i++) {
		host_receive(&b, all[i]->data, all[i]->len, 1);
		host_receive(&b, all[i]->data, all[i]->len, 1);
	}
	ck_assert_uint_eq(b.ntun, 500);
	ck_assert_uint_eq(b.e.n.drop_in_replayed, 500);
	for (i = 0; i < 500; i++)
		free(all[i]);
}
END_TEST

START_TEST(labels_never_repeat)
{
	struct timespec back = { .tv_sec = 1600000000 };
	uint8_t last[TAI64N_LEN];
	unsigned i;

	shake();
	fakeclock_set_realtime(&back);
	for (i = 0; i < 5; i++) {
		memcpy(last, remote_of(&a)->last_label, sizeof(last));
		link_again(&a);
		host_send(&a, 1, 60);
		ck_assert_int_gt(tai64n_compare(remote_of(&a)->last_label,
		    last), 0);
		hosts_run(&a, &b, SEC);
	}
	ck_assert_uint_eq(b.ntun, 5);
	ck_assert_uint_gt(a.e.n.clock_behind, 0);
}
END_TEST

/* A removed peer that comes back does not repeat its labels either. */
START_TEST(labels_survive_removal)
{
	struct timespec back = { .tv_sec = 1600000000 };

	shake();
	fakeclock_set_realtime(&back);
	device_remove(&a.e, a.d);
	a.d = peer_add(&a, b.e.local[0]->public, b.address);
	host_send(&a, 1, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

/* A low-order public key is taken, but there is no handshake with it. */
START_TEST(low_order)
{
	static const uint8_t zero[32], address[4] = { 10, 9, 9, 9 };
	uint8_t p[64 + ENGINE_TAILROOM];

	peer_add(&a, zero, address);
	packet_make(p, a.address, address, 1, 64);
	outbound_packet(&a.e, p, 64);
	hosts_run(&a, &b, 10 * SEC);
	ck_assert_uint_eq(a.types[1], 0);
	ck_assert_uint_gt(a.e.n.drop_hs_low_order, 0);
}
END_TEST

/* The one-time key in a message that nobody had to sign (P13). */
static void
send_low_order(struct host *from, struct host *to, size_t at)
{
	struct datagram *dg = TAILQ_FIRST(&from->out);
	uint8_t msg[256];
	size_t len;

	ck_assert_ptr_nonnull(dg);
	len = dg->len;
	memcpy(msg, dg->data, len);
	memset(msg + at, 0, 32);
	host_receive(to, msg, len, from->path);
	ck_assert_uint_eq(to->e.n.drop_hs_low_order, 1);
	ck_assert_uint_eq(to->e.n.drop_hs_forged, 0);
}

START_TEST(low_order_one_time_keys)
{
	host_send(&a, 1, 84);
	send_low_order(&a, &b, 8);
	ck_assert_uint_eq(b.types[2], 0);
	/* And in an answer, which leaves the handshake as it was. */
	b.delay = 100 * MS;
	hosts_run(&a, &b, 10 * MS);
	ck_assert_uint_eq(b.types[2], 1);
	send_low_order(&b, &a, 12);
	ck_assert_uint_eq(a.e.n.handshakes_completed, 0);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.e.n.handshakes_completed, 1);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

/* Authentic, and yet no packet: it is received, and goes nowhere. */
START_TEST(not_ip)
{
	static const uint8_t inner[][32] = { { 0x05 }, { 0x45 }, { 0x60 } };
	uint8_t dg[32 + sizeof(inner[0])];
	struct keypair *kp;
	unsigned i;

	shake();
	kp = remote_of(&a)->current;
	for (i = 0; i < 3; i++) {
		/* The last is cut off within its header. */
		seal_packet(dg, inner[i], i < 2 ? 32 : 16, kp->remote_index,
		    kp->keys->send, kp->send_counter++);
		host_receive(&b, dg, i < 2 ? 64 : 48, 0);
		ck_assert_uint_eq(b.e.n.drop_in_not_ip, i + 1);
		ck_assert_uint_eq(b.ntun, 0);
	}
	ck_assert_uint_eq(b.e.n.drop_in_replayed, 0);
	host_receive(&b, dg, 48, 0);
	ck_assert_uint_eq(b.e.n.drop_in_replayed, 1);
}
END_TEST

START_TEST(wrong_source)
{
	static const uint8_t stranger[4] = { 10, 7, 7, 7 };
	uint8_t p[84 + ENGINE_TAILROOM];
	uint64_t rx;

	shake();
	rx = b.d->rx_bytes;
	packet_make(p, stranger, b.address, 1, 84);
	outbound_packet(&a.e, p, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 0);
	ck_assert_uint_eq(b.e.n.drop_in_wrong_source, 1);
	ck_assert_uint_eq(b.d->rx_bytes, rx);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("protocol_hostile");
	TCase *tc = pair_case("protocol_hostile");

	tcase_add_test(tc, bad_datagrams_change_nothing);
	tcase_add_test(tc, corrupt_handshakes_change_nothing);
	tcase_add_test(tc, flood);
	tcase_add_test(tc, reordered);
	tcase_add_test(tc, labels_never_repeat);
	tcase_add_test(tc, labels_survive_removal);
	tcase_add_test(tc, low_order);
	tcase_add_test(tc, low_order_one_time_keys);
	tcase_add_test(tc, not_ip);
	tcase_add_test(tc, wrong_source);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("protocol_hostile", suite());
}
