/* SPDX-License-Identifier: ISC */
/*
 * The protocol's state machine: two cores against each other on the fake
 * clock, through all timers and key rules of the WireGuard paper, 6.
 */
#include <sys/socket.h>

#include <netinet/in.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/handshake.h"
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "cryptod/seal.h"
#include "shared/bytes.h"
#include "shared/index_page.h"
#include "shared/ring.h"
#include "fakeclock.h"
#include "hosts.h"
#include "unit.h"

static struct host a, b;

static void
setup(void)
{
	hosts_start(&a, &b);
}

static void
teardown(void)
{
	hosts_stop(&a, &b);
}

static struct remote *
remote_of(struct host *h)
{
	return device_sender(h->d);
}

static void
shake(void)
{
	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
	b.ntun = 0;
}

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

START_TEST(rekey_by_initiator)
{
	unsigned i;

	shake();
	for (i = 0; i < 118; i++) {
		host_send(&a, 0, 60);
		host_send(&b, 0, 60);
		hosts_run(&a, &b, SEC);
	}
	ck_assert_uint_eq(a.types[1], 1);
	for (; i < 250; i++) {
		host_send(&a, 0, 60);
		host_send(&b, 0, 60);
		hosts_run(&a, &b, SEC);
	}
	ck_assert_uint_eq(a.types[1], 3);
	ck_assert_uint_eq(b.types[1], 0);
	ck_assert_uint_eq(a.ntun, 250);
	ck_assert_uint_eq(b.ntun, 250);
}
END_TEST

START_TEST(responder_never_rekeys_by_time)
{
	unsigned i;

	shake();
	/* Only the responder sends; the initiator renews at 165 s. */
	for (i = 0; i < 160; i++) {
		host_send(&b, 0, 60);
		hosts_run(&a, &b, SEC);
	}
	ck_assert_uint_eq(a.types[1] + b.types[1], 2);
	ck_assert_uint_eq(b.types[1], 0);
	for (; i < 170; i++) {
		host_send(&b, 0, 60);
		hosts_run(&a, &b, SEC);
	}
	ck_assert_uint_eq(b.types[1], 0);
	ck_assert_uint_eq(a.ntun, 170);
}
END_TEST

/* Without a passive keepalive in between it is the last minute that does. */
START_TEST(last_minute)
{
	shake();
	hosts_run(&a, &b, 163 * SEC);
	ck_assert_uint_eq(a.types[1], 1);
	host_send(&b, 1, 60);
	hosts_run(&a, &b, SEC / 2);
	ck_assert_uint_eq(a.types[1], 1);
	hosts_run(&a, &b, SEC);
	host_send(&b, 2, 60);
	hosts_run(&a, &b, SEC / 2);
	ck_assert_uint_eq(a.types[1], 2);
	ck_assert_uint_eq(b.types[1], 0);
}
END_TEST

START_TEST(twenty_attempts)
{
	uint64_t began = a.e.now;

	a.lose = true;
	host_send(&a, 1, 60);
	ck_assert_uint_eq(a.types[1], 1);
	ck_assert_uint_eq(a.last_flags, 0);
	hosts_run(&a, &b, 6 * SEC);
	ck_assert_uint_eq(a.types[1], 2);
	ck_assert_uint_eq(a.last_flags, RING_F_CLEAR_SOURCE);
	hosts_run(&a, &b, 96 * SEC - (a.e.now - began));
	ck_assert_uint_eq(a.d->nstaged, 1);
	hosts_run(&a, &b, 110 * SEC - (a.e.now - began));
	ck_assert_uint_eq(a.types[1], 20);
	ck_assert_uint_ge(a.last[1] - began, 95 * SEC);
	ck_assert_uint_le(a.last[1] - began, 102 * SEC);
	ck_assert_uint_eq(a.d->nstaged, 0);
	ck_assert_uint_eq(a.e.staged, 0);
	ck_assert_uint_eq(a.e.n.handshakes_given_up, 1);
	/* Then silence, and the half-open state goes, too (P8). */
	hosts_run(&a, &b, 600 * SEC);
	ck_assert_uint_eq(a.types[1], 20);
	ck_assert_uint_eq(a.e.index.used, 0);
	/* New traffic begins again. */
	a.lose = false;
	host_send(&a, 2, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

START_TEST(passive_keepalive)
{
	shake();
	ck_assert_uint_eq(b.e.n.out_keepalives, 0);
	hosts_run(&a, &b, 8 * SEC);
	ck_assert_uint_eq(b.e.n.out_keepalives, 0);
	hosts_run(&a, &b, 2 * SEC);
	ck_assert_uint_eq(b.e.n.out_keepalives, 1);
	ck_assert_uint_eq(a.e.n.in_keepalives, 1);
	/* A keepalive is not answered, nor missed (P2). */
	hosts_run(&a, &b, 100 * SEC);
	ck_assert_uint_eq(a.e.n.out_keepalives, 0);
	ck_assert_uint_eq(b.e.n.out_keepalives, 1);
	ck_assert_uint_eq(a.types[1] + b.types[1], 1);
	ck_assert_uint_eq(a.ntun, 0);
}
END_TEST

START_TEST(another_keepalive)
{
	shake();
	hosts_run(&a, &b, 5 * SEC);
	/* Data while T2 runs: one more keepalive 10 s after the first. */
	host_send(&a, 2, 60);
	hosts_run(&a, &b, 30 * SEC);
	ck_assert_uint_eq(b.e.n.out_keepalives, 2);
}
END_TEST

START_TEST(no_answer)
{
	shake();
	hosts_run(&a, &b, 20 * SEC);
	b.lose = true;
	host_send(&a, 2, 60);
	/* It counts from the first unanswered packet (P1). */
	hosts_run(&a, &b, 10 * SEC);
	host_send(&a, 3, 60);
	hosts_run(&a, &b, 4900 * MS);
	ck_assert_uint_eq(a.types[1], 1);
	a.d->auth_path = 77;
	hosts_run(&a, &b, 500 * MS);
	ck_assert_uint_eq(a.types[1], 2);
	ck_assert_uint_eq(a.last_flags, RING_F_CLEAR_SOURCE);
	ck_assert_uint_eq(a.d->auth_path, 0);
}
END_TEST

#define PIECE	8

/* What is free may not be read otherwise. */
__attribute__((no_sanitize("address")))
static bool
is_in(const uint8_t *mem, size_t len, const uint8_t piece[PIECE])
{
	size_t i, n;

	for (i = 0; i + PIECE <= len; i++) {
		for (n = 0; n < PIECE && mem[i + n] == piece[n]; n++)
			;
		if (n == PIECE)
			return true;
	}
	return false;
}

/* Is anything of it left in the host's memory, maybe not all? */
static bool
holds(const struct host *h, const void *secret, size_t len)
{
	const uint8_t *p = secret;
	size_t i;

	for (i = 0; i + PIECE <= len; i += PIECE)
		if (is_in(h->arena.base, h->arena.used, p + i) ||
		    is_in((const uint8_t *)h, sizeof(*h), p + i))
			return true;
	return false;
}

START_TEST(keys_are_wiped)
{
	struct session_keys of_a, of_b;

	shake();
	of_a = *remote_of(&a)->current->keys;
	of_b = *remote_of(&b)->current->keys;
	ck_assert_mem_eq(of_a.send, of_b.recv, sizeof(of_a.send));
	ck_assert_mem_eq(of_a.recv, of_b.send, sizeof(of_a.recv));
	ck_assert_uint_eq(a.e.keypairs, 1);
	ck_assert_uint_eq(a.e.sessions.used, 1);
	hosts_run(&a, &b, 538 * SEC);
	ck_assert_uint_eq(a.e.keypairs, 1);
	ck_assert(holds(&a, &of_a.send, sizeof(of_a.send)));
	ck_assert(holds(&a, &of_a.recv, sizeof(of_a.recv)));
	ck_assert(holds(&b, &of_b, sizeof(of_b)));
	hosts_run(&a, &b, 3 * SEC);
	ck_assert_uint_eq(a.e.keypairs + b.e.keypairs, 0);
	ck_assert(!holds(&a, &of_a, sizeof(of_a)));
	ck_assert(!holds(&b, &of_b, sizeof(of_b)));
	ck_assert_uint_eq(a.e.sessions.used + b.e.sessions.used, 0);
	ck_assert_uint_eq(a.e.index.used + b.e.index.used, 0);
}
END_TEST

/* Two sessions later nothing is left of the first, nor of its handshake. */
START_TEST(replaced_keys_are_wiped)
{
	const struct remote *of_a = remote_of(&a);
	struct session_keys first, third;
	uint8_t ephemeral[NOISE_KEYLEN];
	int i;

	host_send(&a, 1, 84);
	memcpy(ephemeral, of_a->secret->handshake.ephemeral,
	    sizeof(ephemeral));
	ck_assert(!sodium_is_zero(ephemeral, sizeof(ephemeral)));
	ck_assert(holds(&a, ephemeral, sizeof(ephemeral)));
	hosts_run(&a, &b, SEC);
	ck_assert(!holds(&a, ephemeral, sizeof(ephemeral)));
	first = *of_a->current->keys;
	for (i = 0; i < 400 && a.types[1] < 3; i++) {
		host_send(&a, 1, 84);
		hosts_run(&a, &b, SEC);
		ck_assert_int_eq(holds(&a, &first, sizeof(first)),
		    a.types[1] < 3);
	}
	hosts_run(&a, &b, SEC);
	third = *of_a->current->keys;
	ck_assert_uint_eq(a.types[1], 3);
	ck_assert(!holds(&b, &first, sizeof(first)));
	ck_assert(holds(&a, &third, sizeof(third)));
	engine_set_link(&a.e, false, 1420);
	ck_assert(!holds(&a, &third, sizeof(third)));
}
END_TEST

START_TEST(persistent_keepalive)
{
	a.d->keepalive = 25;
	engine_set_endpoint(&a.e, a.d, false);
	engine_set_endpoint(&a.e, a.d, true);
	/* At once (P5), and it takes a handshake. */
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.e.n.in_keepalives, 1);
	hosts_run(&a, &b, 101 * SEC);
	ck_assert_uint_eq(b.e.n.in_keepalives, 5);
	ck_assert_uint_eq(b.types[4], 0);
}
END_TEST

START_TEST(persistent_keepalive_never_gives_up)
{
	a.d->keepalive = 25;
	a.lose = true;
	engine_set_link(&a.e, false, 1420);
	engine_set_link(&a.e, true, 1420);
	hosts_run(&a, &b, 300 * SEC);
	ck_assert_uint_gt(a.types[1], 40);
	a.lose = false;
	hosts_run(&a, &b, 30 * SEC);
	ck_assert_uint_ge(b.e.n.in_keepalives, 1);
}
END_TEST

/* Both begin at once over a slow link and overwrite each other (P3). */
START_TEST(both_begin)
{
	int i;

	for (i = 0; i < 20; i++) {
		a.delay = b.delay = (uint64_t)(10 + 40 * i) * MS;
		host_send(&a, 1, 60);
		host_send(&b, 2, 60);
		/* One round more, and five times over the wire. */
		hosts_run(&a, &b, 6 * SEC + 5 * a.delay);
		ck_assert_uint_eq(b.ntun, 1);
		ck_assert_uint_eq(a.ntun, 1);
		a.ntun = b.ntun = 0;
		engine_set_link(&a.e, false, 1420);
		engine_set_link(&b.e, false, 1420);
		wire_clear(&a.out);
		wire_clear(&b.out);
		engine_set_link(&a.e, true, 1420);
		engine_set_link(&b.e, true, 1420);
	}
}
END_TEST

/* As above, but T1 fires less than 5 s after the response was sent. */
START_TEST(suppressed_is_armed_again)
{
	struct remote *r = remote_of(&a);

	a.lose = true;
	host_send(&a, 1, 60);
	ck_assert(timer_pending(&r->timers.retransmit));
	hosts_run(&a, &b, 3 * SEC);
	r->last_sent_handshake = a.e.now;
	hosts_run(&a, &b, 4 * SEC);
	ck_assert_uint_eq(a.types[1], 1);
	ck_assert(timer_pending(&r->timers.retransmit));
	hosts_run(&a, &b, 1400 * MS);
	ck_assert_uint_eq(a.types[1], 2);
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
	struct device *d;
	unsigned i, n;
	size_t len;

	a.lose = true;
	for (i = 0; i < ENGINE_STAGED_MAX / STAGED_MAX + 8; i++) {
		key[1] = addr[3] = (uint8_t)(i + 1);
		d = device_new(&a.e, key);
		ck_assert_ptr_nonnull(d);
		ck_assert_int_eq(device_ip_add(&a.e, d, AF_INET, addr, 32), 0);
		engine_set_endpoint(&a.e, d, true);
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

START_TEST(unconfirmed_is_not_used)
{
	a.delay = 0;
	host_send(&a, 1, 60);
	b.lose = true;			/* the response is lost */
	hosts_run(&a, &b, SEC);
	ck_assert_ptr_nonnull(remote_of(&b)->next);
	ck_assert_ptr_null(remote_of(&b)->current);
	host_send(&b, 2, 60);
	hosts_run(&a, &b, SEC);
	/* Not sealed with `next` (P21), nor a handshake within 5 s. */
	ck_assert_uint_eq(b.types[4], 0);
	ck_assert_uint_eq(b.types[1], 0);
	a.lose = true;
	b.lose = false;
	hosts_run(&a, &b, 4 * SEC);
	ck_assert_uint_eq(b.types[1], 1);
	a.lose = false;
	hosts_run(&a, &b, 12 * SEC);
	ck_assert_uint_eq(a.ntun, 1);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

/* A session of the old key may not seal when it is confirmed later. */
START_TEST(unconfirmed_ends_with_our_key)
{
	const struct keypair *next;
	uint8_t key[32];

	b.lose = true;
	host_send(&a, 1, 60);
	hosts_run(&a, &b, SEC);
	next = remote_of(&b)->next;
	ck_assert(next != NULL && next->sending);
	randombytes_buf(key, sizeof(key));
	host_set_private(&b, key);
	ck_assert_ptr_eq(remote_of(&b)->next, next);
	ck_assert(!next->sending);
	ck_assert(!keypair_can_send(&b.e, next));
	ck_assert(keypair_can_receive(&b.e, next));
}
END_TEST

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

START_TEST(bad_datagrams_change_nothing)
{
	uint8_t copy[2048];
	struct snapshot before;
	struct datagram *dg;
	size_t bit;

	a.keep = b.keep = true;
	shake();
	host_send(&b, 9, 60);
	hosts_run(&a, &b, SEC);
	/* Replayed, whole, from elsewhere. */
	snapshot(&before, &b);
	TAILQ_FOREACH(dg, &a.kept, entry)
		host_receive(&b, dg->data, dg->len, 99);
	assert_unchanged(&before, &b);
	ck_assert_uint_gt(b.e.n.drop_in_replayed, 0);
	ck_assert_uint_eq(b.e.n.drop_hs_replayed, 1);
	snapshot(&before, &a);
	TAILQ_FOREACH(dg, &b.kept, entry)
		host_receive(&a, dg->data, dg->len, 99);
	assert_unchanged(&before, &a);
	/* Each bit wrong, and every length. */
	snapshot(&before, &b);
	TAILQ_FOREACH(dg, &a.kept, entry) {
		for (bit = 0; bit < dg->len * 8; bit++) {
			/* mac1 and mac2 are netd's to check. */
			if (dg->len == NOISE_INITIATION_LEN &&
			    bit / 8 >= 116)
				break;
			memcpy(copy, dg->data, dg->len);
			copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
			host_receive(&b, copy, dg->len, 99);
		}
		for (bit = 0; bit < dg->len; bit++)
			host_receive(&b, dg->data, bit, 99);
	}
	assert_unchanged(&before, &b);
}
END_TEST

/* A fresh initiation or response, corrupted before it ever arrived. */
START_TEST(corrupt_handshakes_change_nothing)
{
	uint8_t copy[NOISE_INITIATION_LEN];
	struct snapshot before;
	struct datagram *dg;
	size_t bit;

	host_send(&a, 1, 60);
	dg = TAILQ_FIRST(&a.out);
	/* What is only remembered for the next time is no change. */
	remote_prepare(&b.e, remote_of(&b));
	snapshot(&before, &b);
	for (bit = 0; bit < 116 * 8; bit++) {
		/* The sender's index is covered by mac1 only. */
		if (bit / 8 >= 4 && bit / 8 < 8)
			continue;
		memcpy(copy, dg->data, dg->len);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		host_receive(&b, copy, dg->len, 99);
	}
	assert_unchanged(&before, &b);
	host_receive(&b, dg->data, dg->len, 5);
	ck_assert_uint_eq(b.auths, 1);
	ck_assert_uint_eq(b.auth_path, 5);
	dg = TAILQ_FIRST(&b.out);
	snapshot(&before, &a);
	for (bit = 0; bit < 60 * 8; bit++) {
		if (bit / 8 >= 4 && bit / 8 < 8)
			continue;
		memcpy(copy, dg->data, dg->len);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		host_receive(&a, copy, dg->len, 99);
	}
	assert_unchanged(&before, &a);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
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

START_TEST(labels_never_repeat)
{
	struct timespec back = { .tv_sec = 1600000000 };
	uint8_t last[TAI64N_LEN];
	unsigned i;

	shake();
	fakeclock_set_realtime(&back);
	for (i = 0; i < 5; i++) {
		memcpy(last, remote_of(&a)->last_label, sizeof(last));
		engine_set_link(&a.e, false, 1420);
		engine_set_link(&a.e, true, 1420);
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
	a.d = device_new(&a.e, b.e.local[0]->public);
	ck_assert_int_eq(device_ip_add(&a.e, a.d, AF_INET, b.address, 32), 0);
	engine_set_endpoint(&a.e, a.d, true);
	host_send(&a, 1, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

START_TEST(clock_jump)
{
	struct timespec ts = { .tv_sec = 1800000000 };

	shake();
	ck_assert(keypair_can_send(&a.e, remote_of(&a)->current));
	fakeclock_set_realtime(&ts);
	engine_tick(&a.e);
	/* Counters may have been used in another life (P23). */
	ck_assert(!keypair_can_send(&a.e, remote_of(&a)->current));
	ck_assert_uint_eq(a.e.n.clock_jumps, 1);
	hosts_run(&a, &b, 6 * SEC);
	host_send(&a, 2, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.types[1], 2);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

START_TEST(private_key_changes)
{
	uint8_t key[32];
	unsigned locals = a.locals;

	shake();
	/* The same key again is no change. */
	memcpy(key, a.e.local[0]->private, sizeof(key));
	key[0] |= 7;
	host_set_private(&a, key);
	ck_assert_uint_eq(a.locals, locals);
	randombytes_buf(key, sizeof(key));
	host_set_private(&a, key);
	ck_assert_uint_eq(a.locals, locals + 1);
	/* What was sealed with the old session still opens. */
	host_send(&b, 5, 60);
	hosts_run(&a, &b, 100 * MS);
	ck_assert_uint_eq(a.ntun, 1);
	/* To send takes a handshake at once, which b does not know yet. */
	host_send(&a, 6, 60);
	ck_assert_uint_eq(a.types[1], 2);
	hosts_run(&a, &b, 100 * MS);
	ck_assert_uint_eq(b.e.n.drop_hs_unknown_peer, 1);
	device_remove(&b.e, b.d);
	b.d = device_new(&b.e, a.e.local[0]->public);
	ck_assert_int_eq(device_ip_add(&b.e, b.d, AF_INET, a.address, 32), 0);
	engine_set_endpoint(&b.e, b.d, true);
	hosts_run(&a, &b, 6 * SEC);
	ck_assert_uint_eq(b.ntun, 1);
	/* A peer with our own new key goes. */
	memcpy(key, b.e.local[0]->private, sizeof(key));
	host_set_private(&a, key);
	ck_assert_uint_eq(a.e.devices.count, 0);
	ck_assert_uint_eq(a.removed, 1);
	ck_assert_uint_eq(a.e.index.used, 0);
}
END_TEST

START_TEST(no_identity)
{
	static const uint8_t none[32];
	uint8_t key[32];

	memcpy(key, a.e.local[0]->private, sizeof(key));
	host_set_private(&a, none);
	ck_assert(!a.e.local[0]->has_identity);
	host_send(&a, 1, 60);
	hosts_run(&a, &b, 10 * SEC);
	ck_assert_uint_eq(a.types[1], 0);
	ck_assert_uint_eq(a.d->nstaged, 1);
	host_send(&b, 1, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.types[2], 0);
	/* With a key what waits is sent. */
	b.lose = true;
	host_set_private(&a, key);
	hosts_run(&a, &b, 10 * MS);
	ck_assert_uint_eq(a.types[1], 1);
}
END_TEST

/* What up, a key or an endpoint sets off is done by timers, a few a turn. */
START_TEST(thousands_at_once)
{
	uint8_t key[32] = { 9 };
	struct device *d;
	unsigned i;

	engine_set_link(&a.e, false, 1420);
	for (i = 0; i < 300; i++) {
		put_le32(key + 4, i);
		d = device_new(&a.e, key);
		ck_assert_ptr_nonnull(d);
		d->keepalive = 25;
		engine_set_endpoint(&a.e, d, true);
	}
	engine_set_link(&a.e, true, 1420);
	ck_assert_uint_eq(a.types[1], 0);
	fakeclock_advance(5 * MS);
	engine_tick(&a.e);
	ck_assert_uint_eq(engine_expire(&a.e, 32), 32);
	ck_assert_uint_eq(a.types[1], 32);
	/* One that goes down or away meanwhile is forgotten (P9). */
	device_remove(&a.e, d);
	ck_assert_uint_eq(engine_expire(&a.e, 1000), 267);
	ck_assert_uint_eq(a.types[1], 299);
	for (d = device_from(&a.e, 0); d != NULL; d = device_next(d))
		engine_set_endpoint(&a.e, d, false);
	for (d = device_from(&a.e, 0); d != NULL; d = device_next(d))
		engine_set_endpoint(&a.e, d, true);
	engine_set_link(&a.e, false, 1420);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.types[1], 299);
}
END_TEST

/* The DH with a key that is gone does not stay either (P19). */
START_TEST(old_key_leaves_nothing)
{
	static const uint8_t none[32];
	struct noise_remote *n = &remote_of(&a)->secret->noise;
	uint8_t key[32];
	int i;

	for (i = 0; i < 2; i++) {
		host_send(&a, 1, 60);
		hosts_run(&a, &b, 6 * SEC);
		ck_assert(n->ss_ok);
		ck_assert(!sodium_is_zero(n->ss, sizeof(n->ss)));
		randombytes_buf(key, sizeof(key));
		host_set_private(&a, i == 0 ? key : none);
		ck_assert(!n->ss_ok);
		ck_assert(sodium_is_zero(n->ss, sizeof(n->ss)));
		ck_assert(sodium_is_zero(n->ss_local, sizeof(n->ss_local)));
	}
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

/* A low-order public key is taken, but there is no handshake with it. */
START_TEST(low_order)
{
	static const uint8_t zero[32], address[4] = { 10, 9, 9, 9 };
	uint8_t p[64 + ENGINE_TAILROOM];
	struct device *d;

	d = device_new(&a.e, zero);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(device_ip_add(&a.e, d, AF_INET, address, 32), 0);
	engine_set_endpoint(&a.e, d, true);
	packet_make(p, a.address, address, 1, 64);
	outbound_packet(&a.e, p, 64);
	hosts_run(&a, &b, 10 * SEC);
	ck_assert_uint_eq(a.types[1], 0);
	ck_assert_uint_gt(a.e.n.drop_hs_low_order, 0);
}
END_TEST

START_TEST(preshared_key)
{
	uint8_t psk[32];

	memset(psk, 0x55, sizeof(psk));
	noise_remote_set_psk(&remote_of(&a)->secret->noise, psk);
	host_send(&a, 1, 60);
	hosts_run(&a, &b, 8 * SEC);
	ck_assert_uint_eq(b.ntun, 0);
	ck_assert_uint_gt(a.e.n.drop_hs_forged, 0);
	ck_assert_uint_eq(a.e.n.handshakes_completed, 0);
	noise_remote_set_psk(&remote_of(&b)->secret->noise, psk);
	hosts_run(&a, &b, 8 * SEC);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

START_TEST(message_limits)
{
	shake();
	hosts_run(&a, &b, 6 * SEC);
	/* The responder, too, renews by the number of messages. */
	remote_of(&b)->current->send_counter = REKEY_AFTER_MESSAGES + 1;
	host_send(&b, 1, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.ntun, 1);
	ck_assert_uint_eq(b.types[1], 1);
	hosts_run(&a, &b, 6 * SEC);
	/* At the end nothing is sealed any more, but kept (P17). */
	remote_of(&a)->current->send_counter = REPLAY_REJECT_AFTER;
	host_send(&a, 2, 60);
	ck_assert_uint_eq(a.d->nstaged, 1);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.types[1], 2);
	ck_assert_uint_eq(b.ntun, 1);
}
END_TEST

START_TEST(session_ends)
{
	struct datagram *dg;

	shake();
	host_send(&a, 7, 60);
	dg = TAILQ_FIRST(&a.out);
	dg->arrives += 1000 * SEC;
	hosts_run(&a, &b, 178 * SEC);
	ck_assert(keypair_can_receive(&b.e, remote_of(&b)->current));
	hosts_run(&a, &b, 3 * SEC);
	host_receive(&b, dg->data, dg->len, 1);
	ck_assert_uint_eq(b.ntun, 0);
	ck_assert_uint_eq(b.e.n.drop_in_expired, 1);
	host_send(&b, 8, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.ntun, 1);
}
END_TEST

START_TEST(removal_with_timers)
{
	struct device *d = a.d;

	d->keepalive = 25;
	shake();
	host_send(&a, 2, 60);
	host_send(&b, 3, 60);
	hosts_run(&a, &b, 121 * SEC);
	host_send(&a, 4, 60);
	b.lose = true;
	a.lose = true;
	host_send(&a, 5, 60);
	device_remove(&a.e, d);
	ck_assert_uint_eq(a.e.index.used, 0);
	ck_assert_uint_eq(a.e.keypairs, 0);
	ck_assert_uint_eq(a.e.staged, 0);
	ck_assert_uint_eq(a.e.remotes.used + a.e.sessions.used, 0);
	ck_assert_uint_eq(a.e.allowed.nentries, 0);
	a.types[1] = a.types[4] = 0;
	hosts_run(&a, &b, 700 * SEC);
	ck_assert_uint_eq(a.types[1] + a.types[4], 0);
	/* Its datagrams are strangers now. */
	a.lose = b.lose = false;
	host_send(&b, 6, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.e.n.drop_hs_unknown_peer, 1);
}
END_TEST

START_TEST(link_down)
{
	shake();
	a.d->keepalive = 25;
	host_send(&a, 2, 60);
	engine_set_link(&a.e, false, 1420);
	ck_assert_uint_eq(a.e.index.used, 0);
	ck_assert_uint_eq(a.e.keypairs, 0);
	a.types[1] = a.types[2] = a.types[4] = 0;
	host_send(&a, 3, 60);
	ck_assert_uint_eq(a.e.n.drop_out_down, 1);
	hosts_run(&a, &b, 100 * SEC);
	host_send(&b, 4, 60);
	hosts_run(&a, &b, 100 * SEC);
	ck_assert_uint_eq(a.types[1] + a.types[2] + a.types[4], 0);
	engine_set_link(&a.e, true, 1420);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(a.types[1], 1);
	ck_assert_uint_eq(b.e.n.in_keepalives, 1);
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

START_TEST(key_succession)
{
	struct remote *r = remote_of(&a), *s = remote_of(&b);
	struct keypair *first;
	unsigned i;

	shake();
	first = r->current;
	for (i = 0; i < 5; i++) {
		hosts_run(&a, &b, 6 * SEC);
		handshake_initiate(&a.e, r, false, 0);
		hosts_run(&a, &b, SEC);
		ck_assert_ptr_nonnull(r->current);
		ck_assert_ptr_null(r->next);
		ck_assert(r->current->initiator);
		ck_assert(!s->current->initiator);
		/* No more than three a remote key, each with one index. */
		ck_assert_uint_le(a.e.keypairs, 3);
		ck_assert_uint_eq(a.e.index.used, a.e.keypairs);
		ck_assert_uint_eq(b.e.index.used, b.e.keypairs);
	}
	ck_assert_ptr_ne(first, r->current);
	ck_assert_uint_eq(r->current->local_index, s->current->remote_index);
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

static Suite *
suite(void)
{
	Suite *s = suite_create("protocol");
	TCase *t = tcase_create("protocol");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, ten_pings);
	tcase_add_test(t, rekey_by_initiator);
	tcase_add_test(t, responder_never_rekeys_by_time);
	tcase_add_test(t, last_minute);
	tcase_add_test(t, twenty_attempts);
	tcase_add_test(t, passive_keepalive);
	tcase_add_test(t, another_keepalive);
	tcase_add_test(t, no_answer);
	tcase_add_test(t, keys_are_wiped);
	tcase_add_test(t, replaced_keys_are_wiped);
	tcase_add_test(t, persistent_keepalive);
	tcase_add_test(t, persistent_keepalive_never_gives_up);
	tcase_add_test(t, both_begin);
	tcase_add_test(t, suppressed_is_armed_again);
	tcase_add_test(t, oldest_is_dropped);
	tcase_add_test(t, dead_peers_leave_room);
	tcase_add_test(t, unconfirmed_is_not_used);
	tcase_add_test(t, unconfirmed_ends_with_our_key);
	tcase_add_test(t, bad_datagrams_change_nothing);
	tcase_add_test(t, corrupt_handshakes_change_nothing);
	tcase_add_test(t, roaming);
	tcase_add_test(t, flood);
	tcase_add_test(t, labels_never_repeat);
	tcase_add_test(t, labels_survive_removal);
	tcase_add_test(t, clock_jump);
	tcase_add_test(t, private_key_changes);
	tcase_add_test(t, no_identity);
	tcase_add_test(t, thousands_at_once);
	tcase_add_test(t, old_key_leaves_nothing);
	tcase_add_test(t, no_index);
	tcase_add_test(t, low_order);
	tcase_add_test(t, preshared_key);
	tcase_add_test(t, message_limits);
	tcase_add_test(t, session_ends);
	tcase_add_test(t, removal_with_timers);
	tcase_add_test(t, link_down);
	tcase_add_test(t, unreachable);
	tcase_add_test(t, not_ip);
	tcase_add_test(t, wrong_source);
	tcase_add_test(t, loop);
	tcase_add_test(t, key_succession);
	tcase_add_test(t, reordered);
	tcase_add_test(t, nobody_wants_it);
	tcase_add_test(t, place_is_told_again);
	tcase_add_test(t, low_order_one_time_keys);
	tcase_add_test(t, every_length);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("protocol", suite());
}
