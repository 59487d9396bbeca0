/* SPDX-License-Identifier: ISC */
/*
 * Keys of the protocol: how one session follows another, when one may no
 * longer send or receive, what a new key of our own changes, and that nothing
 * of a key stays in memory when its time is over.
 */
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cryptod/handshake.h"
#include "cryptod/keypair.h"
#include "shared/ring.h"
#include "fakeclock.h"
#include "protocol_pair.h"

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

/*
 * A snapshot of the time between an initiation and its response: what was
 * derived from that response in the first life would be so again in the
 * second, and with it all counters from 0 (P23).
 */
START_TEST(clock_jump_in_a_handshake)
{
	struct timespec ts = { .tv_sec = 1800000000 };
	struct remote *r = remote_of(&a);
	struct datagram *response;

	host_send(&a, 1, 84);
	ck_assert_int_eq(r->secret->handshake.state,
	    NOISE_CREATED_INITIATION);
	b.delay = SEC;
	hosts_run(&a, &b, 100 * MS);
	response = TAILQ_FIRST(&b.out);
	ck_assert_ptr_nonnull(response);
	ck_assert_uint_eq(response->data[0], NOISE_TYPE_RESPONSE);
	fakeclock_set_realtime(&ts);
	engine_tick(&a.e);
	ck_assert(sodium_is_zero(r->secret->handshake.ephemeral,
	    NOISE_KEYLEN));
	host_receive(&a, response->data, response->len, 2);
	ck_assert_ptr_null(r->current);
	ck_assert_uint_eq(a.e.keypairs + a.e.index.used, 0);
	ck_assert_uint_eq(a.e.n.drop_hs_unexpected, 1);
	ck_assert_uint_eq(a.types[4], 0);
	/* Another one is not long in coming. */
	wire_clear(&b.out);
	b.delay = 0;
	hosts_run(&a, &b, 400 * MS);
	ck_assert_uint_eq(a.types[1], 2);
	ck_assert_uint_eq(b.ntun, 1);
	ck_assert(keypair_can_send(&a.e, r->current));
}
END_TEST

/*
 * What we forgot is not the other side's silence: it keeps its source.  Of a
 * clock that is set again and again only every second one is so excused.
 */
START_TEST(clock_jump_is_ours)
{
	struct timespec ts = { .tv_sec = 1800000000 };
	unsigned i, told = 0, n;

	a.lose = true;
	host_send(&a, 1, 84);
	for (i = 0; i < 2; i++) {
		/* The second is no reason to try again soon. */
		ts.tv_sec += 1000;
		fakeclock_set_realtime(&ts);
		a.last_flags = 0xff;
		hosts_run(&a, &b, 500 * MS);
		ck_assert_uint_eq(a.types[1], 2);
		ck_assert_uint_eq(a.last_flags, i == 0 ? 0 : 0xff);
	}
	/* To that one there was indeed no answer. */
	hosts_run(&a, &b, 5 * SEC);
	ck_assert_uint_eq(a.types[1], 3);
	ck_assert_uint_eq(a.last_flags, RING_F_CLEAR_SOURCE);
	for (i = 0; i < 120 && a.e.n.handshakes_given_up == 0; i++) {
		n = a.types[1];
		ts.tv_sec += 1000;
		fakeclock_set_realtime(&ts);
		hosts_run(&a, &b, SEC);
		if (a.types[1] != n)
			told += a.last_flags == RING_F_CLEAR_SOURCE;
	}
	ck_assert_uint_eq(a.e.n.handshakes_given_up, 1);
	ck_assert_uint_eq(a.types[1], 20);
	ck_assert_uint_ge(told, 8);
	ck_assert_uint_le(told, 9);
}
END_TEST

/* A clock that is set for ever makes one more handshake in five seconds. */
START_TEST(clock_jumps_for_ever)
{
	struct timespec ts = { .tv_sec = 1800000000 };
	int i;

	a.lose = true;
	host_send(&a, 1, 84);
	for (i = 0; i < 40; i++) {
		ts.tv_sec += 1000;
		fakeclock_set_realtime(&ts);
		hosts_run(&a, &b, 500 * MS);
	}
	ck_assert_uint_ge(a.e.n.clock_jumps, 40);
	ck_assert_uint_ge(a.types[1], 4);
	ck_assert_uint_le(a.types[1], 10);
	/* None is begun for one that was given up. */
	hosts_run(&a, &b, 200 * SEC);
	i = (int)a.types[1];
	ts.tv_sec += 1000;
	fakeclock_set_realtime(&ts);
	hosts_run(&a, &b, 20 * SEC);
	ck_assert_uint_eq(a.types[1], (unsigned)i);
}
END_TEST

/* Nor does a responder seal with what it had not begun to use. */
START_TEST(clock_jump_unconfirmed)
{
	struct timespec ts = { .tv_sec = 1800000000 };
	struct remote *r = remote_of(&b);

	host_send(&a, 1, 84);
	b.delay = SEC;
	hosts_run(&a, &b, 100 * MS);
	ck_assert(r->next != NULL && r->next->sending);
	fakeclock_set_realtime(&ts);
	engine_tick(&b.e);
	ck_assert(!r->next->sending);
	/* For a, which was not restored, it is a session like any other. */
	a.e.wall_known = false;
	hosts_run(&a, &b, 2 * SEC);
	ck_assert_uint_eq(b.ntun, 1);
	ck_assert(!keypair_can_send(&b.e, r->current));
	host_send(&b, 2, 84);
	ck_assert_uint_eq(b.types[4], 0);
	hosts_run(&a, &b, REKEY_TIMEOUT + 2 * SEC);
	ck_assert_uint_eq(a.ntun, 1);
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
	b.d = peer_add(&b, a.e.local[0]->public, a.address);
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

static Suite *
suite(void)
{
	Suite *s = suite_create("protocol_keys");
	TCase *tc = pair_case("protocol_keys");

	tcase_add_test(tc, key_succession);
	tcase_add_test(tc, both_begin);
	tcase_add_test(tc, unconfirmed_is_not_used);
	tcase_add_test(tc, unconfirmed_ends_with_our_key);
	tcase_add_test(tc, message_limits);
	tcase_add_test(tc, session_ends);
	tcase_add_test(tc, clock_jump);
	tcase_add_test(tc, clock_jump_in_a_handshake);
	tcase_add_test(tc, clock_jump_is_ours);
	tcase_add_test(tc, clock_jumps_for_ever);
	tcase_add_test(tc, clock_jump_unconfirmed);
	tcase_add_test(tc, keys_are_wiped);
	tcase_add_test(tc, replaced_keys_are_wiped);
	tcase_add_test(tc, old_key_leaves_nothing);
	tcase_add_test(tc, private_key_changes);
	tcase_add_test(tc, no_identity);
	tcase_add_test(tc, preshared_key);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("protocol_keys", suite());
}
