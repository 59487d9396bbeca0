/* SPDX-License-Identifier: ISC */
/*
 * The timers of the protocol (WireGuard paper, 6): when a session is renewed,
 * a handshake tried again or given up, a keepalive sent; and that nothing of
 * it goes on when the peer is removed or the link is down.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shared/bytes.h"
#include "shared/ring.h"
#include "fakeclock.h"
#include "protocol_pair.h"

/* For so long the two, or only b, send a packet each second. */
static void
talk(unsigned seconds, bool both)
{
	while (seconds-- > 0) {
		if (both)
			host_send(&a, 0, 60);
		host_send(&b, 0, 60);
		hosts_run(&a, &b, SEC);
	}
}

START_TEST(rekey_by_initiator)
{
	shake();
	talk(118, true);
	ck_assert_uint_eq(a.types[1], 1);
	talk(250 - 118, true);
	ck_assert_uint_eq(a.types[1], 3);
	ck_assert_uint_eq(b.types[1], 0);
	ck_assert_uint_eq(a.ntun, 250);
	ck_assert_uint_eq(b.ntun, 250);
}
END_TEST

START_TEST(responder_never_rekeys_by_time)
{
	shake();
	/* Only the responder sends; the initiator renews at 165 s. */
	talk(160, false);
	ck_assert_uint_eq(a.types[1] + b.types[1], 2);
	ck_assert_uint_eq(b.types[1], 0);
	talk(10, false);
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
	link_again(&a);
	hosts_run(&a, &b, 300 * SEC);
	ck_assert_uint_gt(a.types[1], 40);
	a.lose = false;
	hosts_run(&a, &b, 30 * SEC);
	ck_assert_uint_ge(b.e.n.in_keepalives, 1);
}
END_TEST

/* One that found no room is lost, the next one comes in its time. */
START_TEST(persistent_keepalive_without_room)
{
	a.d->keepalive = 25;
	link_again(&a);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.e.n.in_keepalives, 1);
	a.data_full = true;
	hosts_run(&a, &b, 26 * SEC);
	ck_assert_uint_eq(a.e.n.drop_out_ring_full, 1);
	a.data_full = false;
	hosts_run(&a, &b, 50 * SEC);
	ck_assert_uint_eq(b.e.n.in_keepalives, 3);
}
END_TEST

/* An interval below that of handshakes outlives a peer that is away. */
START_TEST(persistent_keepalive_often)
{
	a.d->keepalive = 1;
	a.lose = true;
	link_again(&a);
	hosts_run(&a, &b, 300 * SEC);
	a.lose = false;
	hosts_run(&a, &b, 30 * SEC);
	ck_assert_uint_ge(b.e.n.in_keepalives, 20);
}
END_TEST

/* How long it is from now until the next one of ours, in seconds. */
static uint64_t
next_persistent(void)
{
	return (remote_of(&a)->timers.persistent.when - a.e.now) / SEC;
}

/* It holds from now on, also if the one before was to be much later. */
START_TEST(persistent_keepalive_is_changed)
{
	shake();
	ck_assert(device_set_keepalive(&a.e, a.d, 3600));
	device_wake(&a.e, a.d, true);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.e.n.in_keepalives, 1);
	ck_assert_uint_gt(next_persistent(), 3590);
	/* More often. */
	ck_assert(device_set_keepalive(&a.e, a.d, 25));
	device_wake(&a.e, a.d, true);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.e.n.in_keepalives, 2);
	/* In between b sends one of its own accord, which puts ours off. */
	hosts_run(&a, &b, 100 * SEC);
	ck_assert_uint_eq(b.e.n.in_keepalives, 5);
	/* The same, less often, and never: there is no hurry. */
	ck_assert(!device_set_keepalive(&a.e, a.d, 25));
	ck_assert(!device_set_keepalive(&a.e, a.d, 3600));
	ck_assert(timer_pending(&remote_of(&a)->timers.persistent));
	ck_assert_uint_le(next_persistent(), 25);
	ck_assert(!device_set_keepalive(&a.e, a.d, 0));
	ck_assert(!timer_pending(&remote_of(&a)->timers.persistent));
	ck_assert(!device_set_keepalive(&a.e, a.d, 0));
}
END_TEST

/*
 * Both begin at once, far from each other, and always have something to send:
 * that must not make each new attempt meet the other's, too (P3).
 */
START_TEST(crossing_under_load)
{
	unsigned i;

	a.delay = b.delay = 150 * MS;
	for (i = 0; i < 1000 && a.ntun == 0; i++) {
		host_send(&a, 0, 60);
		host_send(&b, 0, 60);
		hosts_run(&a, &b, 10 * MS);
	}
	ck_assert_msg(a.ntun > 0, "no session after 10 s");
	ck_assert_uint_le(a.types[1] + b.types[1], 3);
}
END_TEST

/* As above, but T1 fires less than 5 s after the response was sent. */
START_TEST(suppressed_is_armed_again)
{
	struct remote *r = remote_of(&a);
	unsigned attempts;

	a.lose = true;
	host_send(&a, 1, 60);
	a.d->auth_path = 77;
	attempts = r->timers.attempts;
	ck_assert(timer_pending(&r->timers.retransmit));
	hosts_run(&a, &b, 3 * SEC);
	r->last_sent_handshake = a.e.now;
	hosts_run(&a, &b, 4 * SEC);
	ck_assert_uint_eq(a.types[1], 1);
	ck_assert(timer_pending(&r->timers.retransmit));
	/* What was not sent is no attempt, and says nothing of the place. */
	ck_assert_uint_eq(r->timers.attempts, attempts);
	ck_assert_uint_eq(a.d->auth_path, 77);
	hosts_run(&a, &b, 1400 * MS);
	ck_assert_uint_eq(a.types[1], 2);
	ck_assert_uint_eq(a.d->auth_path, 0);
}
END_TEST

/* An initiation that crosses one long given up gives up nothing again. */
START_TEST(crossing_what_was_given_up)
{
	struct host *greater = memcmp(a.e.local[0]->public,
	    b.e.local[0]->public, NOISE_KEYLEN) > 0 ? &a : &b;
	struct timer *t1 = &remote_of(greater)->timers.retransmit;

	greater->lose = true;
	host_send(greater, 1, 60);
	hosts_run(&a, &b, 120 * SEC);
	ck_assert_uint_eq(greater->e.n.handshakes_given_up, 1);
	ck_assert(!timer_pending(t1));
	/* It answers, which is lost as well, and has nothing to say. */
	host_send(greater->other, 2, 60);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(greater->e.n.handshakes_answered, 1);
	ck_assert(!timer_pending(t1));
	hosts_run(&a, &b, 15 * SEC);
	ck_assert_uint_eq(greater->e.n.handshakes_given_up, 1);
	greater->lose = false;
	hosts_run(&a, &b, 6 * SEC);
	ck_assert_uint_eq(greater->ntun, 1);
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

static Suite *
suite(void)
{
	Suite *s = suite_create("protocol_timers");
	TCase *tc = pair_case("protocol_timers");

	tcase_add_test(tc, rekey_by_initiator);
	tcase_add_test(tc, responder_never_rekeys_by_time);
	tcase_add_test(tc, last_minute);
	tcase_add_test(tc, twenty_attempts);
	tcase_add_test(tc, passive_keepalive);
	tcase_add_test(tc, another_keepalive);
	tcase_add_test(tc, no_answer);
	tcase_add_test(tc, persistent_keepalive);
	tcase_add_test(tc, persistent_keepalive_never_gives_up);
	tcase_add_test(tc, persistent_keepalive_without_room);
	tcase_add_test(tc, persistent_keepalive_often);
	tcase_add_test(tc, persistent_keepalive_is_changed);
	tcase_add_test(tc, crossing_under_load);
	tcase_add_test(tc, suppressed_is_armed_again);
	tcase_add_test(tc, crossing_what_was_given_up);
	tcase_add_test(tc, thousands_at_once);
	tcase_add_test(tc, removal_with_timers);
	tcase_add_test(tc, link_down);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("protocol_timers", suite());
}
