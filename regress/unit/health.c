/* SPDX-License-Identifier: ISC */
/*
 * What a core knows of peers that do not come about: for the health lines of
 * warrenctl, and the events that it tells.
 */
#include <sys/socket.h>

#include <sodium.h>
#include <string.h>

#include "cryptod/handshake.h"
#include "cryptod/outbound.h"
#include "shared/bytes.h"
#include "shared/log.h"
#include "fakeclock.h"
#include "hosts.h"
#include "unit.h"

static struct host a, b;

static void
setup(void)
{
	hosts_start(&a, &b);
	a.e.watched = b.e.watched = true;
}

static void
teardown(void)
{
	hosts_stop(&a, &b);
}

static struct remote_health *
health(struct host *h)
{
	return &device_sender(h->d)->health;
}

static void
shake(void)
{
	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
}

START_TEST(nobody_answers)
{
	a.lose = true;
	host_send(&a, 1, 84);
	hosts_run(&a, &b, 18 * SEC);
	ck_assert_uint_eq(health(&a)->tries, 4);
	hosts_run(&a, &b, 100 * SEC);
	ck_assert_uint_eq(health(&a)->tries, 20);
	ck_assert_uint_eq(a.events[ENGINE_HANDSHAKE_FAILED], 1);
	ck_assert_mem_eq(a.event_key, b.e.local[0]->public, 32);
	a.lose = false;
	host_send(&a, 1, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(health(&a)->tries, 0);
	ck_assert_uint_eq(a.events[ENGINE_HANDSHAKE], 1);
	ck_assert_uint_eq(b.events[ENGINE_HANDSHAKE], 1);
	hosts_run(&a, &b, 600 * SEC);
	ck_assert_uint_eq(a.events[ENGINE_EXPIRED], 1);
	ck_assert_uint_eq(b.events[ENGINE_EXPIRED], 1);
}
END_TEST

START_TEST(wrong_psk)
{
	uint8_t psk[32];

	memset(psk, 0x55, sizeof(psk));
	noise_remote_set_psk(&device_sender(a.d)->secret->noise, psk);
	host_send(&a, 1, 84);
	hosts_run(&a, &b, 12 * SEC);
	/* The responder cannot know. */
	ck_assert_uint_eq(health(&a)->bad_response, 3);
	ck_assert_uint_eq(health(&a)->tries, 3);
	ck_assert_uint_eq(a.events[ENGINE_BAD_RESPONSE], 3);
	ck_assert_uint_eq(health(&b)->bad_response, 0);
	noise_remote_set_psk(&device_sender(b.d)->secret->noise, psk);
	/* The same again is no news, another one is. */
	remote_set_psk(device_sender(a.d), psk);
	ck_assert_uint_eq(health(&a)->bad_response, 3);
	remote_set_psk(device_sender(a.d), NULL);
	ck_assert_uint_eq(health(&a)->bad_response, 0);
	ck_assert_uint_eq(health(&a)->tries, 0);
	remote_set_psk(device_sender(a.d), psk);
	hosts_run(&a, &b, 8 * SEC);
	ck_assert_uint_eq(b.ntun, 1);
	ck_assert_uint_eq(health(&a)->bad_response, 0);
	ck_assert_uint_eq(health(&a)->tries, 0);
}
END_TEST

/* What our clock said before it was put right proves nothing. */
START_TEST(clock_corrected)
{
	struct timespec ts = { .tv_sec = 1700000000 };

	shake();
	ck_assert(health(&b)->has_skew);
	ts.tv_sec += 100000;
	fakeclock_set_realtime(&ts);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.e.n.clock_jumps, 1);
	ck_assert(!health(&b)->has_skew);
}
END_TEST

/* What happened a while ago did so whatever the clock says since. */
START_TEST(ages_stay)
{
	static const int64_t to[] = {
		1600000000, 1900000000, 1700000100, 0
	};
	struct stranger *s = b.e.strangers.at;
	struct timespec ts = { .tv_sec = 1700000000 };
	const struct remote *r = device_sender(b.d);
	size_t i;

	fakeclock_set_realtime(&ts);
	engine_tick(&a.e);
	engine_tick(&b.e);
	shake();
	strangers_note(&b.e.strangers, a.e.local[0]->public,
	    engine_wall(&b.e));
	hosts_run(&a, &b, 20 * SEC);
	ck_assert_int_ge(engine_wall(&b.e) - r->completed.tv_sec, 20);
	for (i = 0; to[i] != 0; i++) {
		ts.tv_sec = to[i];
		fakeclock_set_realtime(&ts);
		engine_tick(&b.e);
		ck_assert_int_eq(engine_wall(&b.e), to[i]);
		ck_assert_int_ge(ts.tv_sec - r->completed.tv_sec, 20);
		ck_assert_int_le(ts.tv_sec - r->completed.tv_sec, 22);
		ck_assert_int_ge(ts.tv_sec - s->last, 20);
		ck_assert_int_le(ts.tv_sec - s->last, 22);
	}
	/* Never is not moved, and nothing becomes never or huge. */
	ck_assert_int_eq(s[1].last, 0);
	ts.tv_sec = 10;
	fakeclock_set_realtime(&ts);
	engine_tick(&b.e);
	ck_assert_int_eq(r->completed.tv_sec, 1);
	ck_assert_int_eq(s->last, 0);
}
END_TEST

START_TEST(never_stays_never)
{
	struct timespec ts = { .tv_sec = 1900000000 };

	fakeclock_set_realtime(&ts);
	engine_tick(&b.e);
	ck_assert_uint_eq(b.e.n.clock_jumps, 1);
	ck_assert_int_eq(device_sender(b.d)->completed.tv_sec, 0);
	ck_assert_int_eq(b.e.strangers.at[0].last, 0);
}
END_TEST

/* Nothing is told while nobody watches. */
START_TEST(unwatched)
{
	a.e.watched = b.e.watched = false;
	shake();
	ck_assert_uint_eq(a.events[ENGINE_HANDSHAKE], 0);
	ck_assert_uint_eq(b.events[ENGINE_HANDSHAKE], 0);
}
END_TEST

/* a begins anew at that time of its own. */
static void
begin_at(int64_t sec)
{
	struct timespec ts = { .tv_sec = 1700000001 };

	/* That it went back to there is no jump in the midst of it. */
	fakeclock_set_realtime(&ts);
	engine_tick(&a.e);
	ts.tv_sec = sec;
	fakeclock_set_realtime(&ts);
	memset(device_sender(a.d)->last_label, 0, TAI64N_LEN);
	engine_set_link(&a.e, false, 1420);
	engine_set_link(&a.e, true, 1420);
	host_send(&a, 2, 84);
	ts.tv_sec = 1700000001;
	fakeclock_set_realtime(&ts);
	hosts_run(&a, &b, SEC);
}

/* The peer began anew with a clock that went back. */
START_TEST(stale)
{

	shake();
	ck_assert(health(&b)->has_skew);
	ck_assert_int_eq(health(&b)->skew, 0);
	begin_at(1700000000 - 7200);
	ck_assert_uint_eq(b.e.n.drop_hs_replayed, 1);
	/* One that somebody recorded would look the same, also repeated... */
	ck_assert_uint_eq(health(&b)->stale, 0);
	begin_at(1700000000 - 7200);
	begin_at(1700000000 - 7300);
	ck_assert_uint_eq(b.e.n.drop_hs_replayed, 3);
	ck_assert_uint_eq(health(&b)->stale, 0);
	ck_assert_int_eq(health(&b)->skew, 0);
	ck_assert_uint_eq(b.events[ENGINE_STALE], 0);
	/* ...but a clock goes on. */
	begin_at(1700000000 - 7195);
	ck_assert_uint_eq(b.e.n.drop_hs_replayed, 4);
	ck_assert_uint_eq(health(&b)->stale, 1);
	ck_assert(health(&b)->has_skew);
	ck_assert_int_le(health(&b)->skew, -7195);
	ck_assert_int_ge(health(&b)->skew, -7197);
	ck_assert_uint_eq(b.events[ENGINE_STALE], 1);
	/* The other way round there is a handshake: all is well then. */
	engine_set_link(&b.e, false, 1420);
	engine_set_link(&b.e, true, 1420);
	host_send(&b, 3, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(health(&b)->stale, 0);
	ck_assert(!health(&b)->has_skew);
}
END_TEST

/* One that somebody repeats must not hide a clock that goes on below it. */
START_TEST(stale_after_replay)
{
	unsigned i;

	shake();
	begin_at(1700000000 - 60);
	for (i = 0; i < 12; i++)
		begin_at(1700000000 - 7200 + 5 * i);
	ck_assert_uint_eq(b.e.n.drop_hs_replayed, 13);
	ck_assert_uint_eq(health(&b)->stale, 11);
	ck_assert_uint_eq(b.events[ENGINE_STALE], 11);
	ck_assert_int_le(health(&b)->skew, -7140);
}
END_TEST

/* What was said of a clock is old after a while, that it went back, too. */
START_TEST(stale_ends)
{
	uint8_t psk[32] = { 7 };

	shake();
	begin_at(1700000000 - 7200);
	begin_at(1700000000 - 7195);
	ck_assert_uint_eq(health(&b)->stale, 1);
	ck_assert(remote_clock_is_fresh(device_sender(b.d)));
	a.lose = true;
	hosts_run(&a, &b, 590 * SEC);
	ck_assert(remote_clock_is_fresh(device_sender(b.d)));
	hosts_run(&a, &b, 20 * SEC);
	ck_assert(!remote_clock_is_fresh(device_sender(b.d)));
	/* One that is accepted ends it, whatever comes of it. */
	a.lose = false;
	begin_at(1700000000 - 7190);
	ck_assert_uint_eq(health(&b)->stale, 2);
	ck_assert(remote_clock_is_fresh(device_sender(b.d)));
	noise_remote_set_psk(&device_sender(a.d)->secret->noise, psk);
	begin_at(1700000100);
	ck_assert_uint_eq(health(&a)->bad_response, 1);
	ck_assert_uint_eq(health(&b)->stale, 0);
	ck_assert(remote_clock_is_fresh(device_sender(b.d)));
	ck_assert_int_ge(health(&b)->skew, 98);
	begin_at(1700000000 - 7185);
	ck_assert_uint_eq(health(&b)->stale, 0);
}
END_TEST

static unsigned told;			/* lines on the clock */

static void
count_lines(void *arg, int level, const char *line)
{
	(void)arg;
	(void)level;
	if (strstr(line, "was it set back?") != NULL)
		told++;
}

/* a begins again at that time; was it told that the clock was set back? */
static unsigned
told_at(int64_t sec)
{
	struct timespec ts = { .tv_sec = sec };

	told = 0;
	fakeclock_advance(10 * SEC);
	fakeclock_set_realtime(&ts);
	engine_tick(&a.e);
	engine_set_link(&a.e, false, 1420);
	engine_set_link(&a.e, true, 1420);
	host_send(&a, 2, 84);
	return told;
}

/* Once, although the labels stay ahead for an hour; and again if it is so. */
START_TEST(set_back_is_told_once)
{
	uint64_t behind;
	unsigned i;

	log_init("health", count_lines, NULL);
	ck_assert_uint_eq(told_at(1700000000), 0);
	ck_assert_uint_eq(told_at(1700000000 - 3600), 1);
	behind = a.e.n.clock_behind;
	for (i = 1; i < 20; i++)
		ck_assert_uint_eq(told_at(1700000000 - 3600 + 60 * i), 0);
	ck_assert_uint_eq(a.e.n.clock_behind, behind + 19);
	ck_assert_uint_eq(told_at(1700000000 - 3600), 1);
	ck_assert_uint_eq(told_at(1700000000 - 3590), 0);
	ck_assert_uint_eq(told_at(1700000000 - 3640), 1);
}
END_TEST

/* A clock ahead is no obstacle now, and one later: it stays known. */
START_TEST(ahead)
{
	struct timespec ts = { .tv_sec = 1700003600 };

	fakeclock_set_realtime(&ts);
	host_send(&a, 1, 84);
	ts.tv_sec = 1700000000;
	fakeclock_set_realtime(&ts);
	hosts_run(&a, &b, SEC);
	ck_assert_uint_eq(b.ntun, 1);
	ck_assert(health(&b)->has_skew);
	ck_assert_int_ge(health(&b)->skew, 3599);
	ck_assert_int_le(health(&b)->skew, 3600);
	ck_assert_uint_eq(health(&b)->stale, 0);
}
END_TEST

/* A label can be any number. */
START_TEST(absurd_labels)
{
	static const uint8_t top[] = { 0xff, 0xc0, 0xbf, 0x80, 0x7f };
	size_t i;

	for (i = sizeof(top); i-- > 0;) {
		memset(device_sender(a.d)->last_label, 0xff, 4);
		device_sender(a.d)->last_label[0] = top[i];
		memset(device_sender(b.d)->secret->noise.timestamp, 0,
		    TAI64N_LEN);
		engine_set_link(&a.e, false, 1420);
		engine_set_link(&a.e, true, 1420);
		host_send(&a, 1, 84);
		hosts_run(&a, &b, SEC);
		ck_assert(health(&b)->has_skew);
	}
}
END_TEST

/* An initiation that claims a key without having it leaves no trace. */
START_TEST(false_strangers)
{
	static struct noise_handshake hs;
	static struct noise_remote remote;
	static struct noise_local local;
	uint8_t msg[NOISE_INITIATION_LEN], private[32] = { 9 };
	uint8_t label[TAI64N_LEN], from[ENGINE_FROM] = { 0 };
	struct origin origin = { .path = 1, .from = from };

	noise_local_set(&local, private);
	noise_remote_init(&remote, &local, b.e.local[0]->public, NULL);
	tai64n_label(label, 1700000000, 0);
	ck_assert_int_eq(noise_initiation_create(&hs, &local, &remote, 7,
	    label, msg), 0);
	msg[88] ^= 1;			/* in the sealed timestamp */
	handshake_receive(&b.e, msg, sizeof(msg), &origin);
	ck_assert_uint_eq(b.e.n.drop_hs_unknown_peer, 1);
	ck_assert_uint_eq(b.e.strangers.at[0].count, 0);
	ck_assert_uint_eq(b.events[ENGINE_STRANGER], 0);
	msg[88] ^= 1;
	handshake_receive(&b.e, msg, sizeof(msg), &origin);
	ck_assert_uint_eq(b.e.strangers.at[0].count, 1);
	ck_assert_mem_eq(b.e.strangers.at[0].public, local.public, 32);
}
END_TEST

START_TEST(strangers)
{
	uint8_t private[32];
	const struct stranger *s;
	unsigned i, n;

	/* Twelve strangers, the first of them again and again. */
	for (i = 0; i < 12; i++) {
		memset(private, 0, sizeof(private));
		private[5] = (uint8_t)(i + 1);
		for (n = 0; n < 2; n++) {
			host_set_private(&a, private);
			engine_set_link(&a.e, false, 1420);
			engine_set_link(&a.e, true, 1420);
			host_send(&a, 1, 84);
			hosts_run(&a, &b, 100 * MS);
			private[5] = 1;
		}
	}
	ck_assert_uint_eq(b.e.n.drop_hs_unknown_peer, 24);
	ck_assert_uint_eq(b.events[ENGINE_STRANGER], 24);
	for (s = b.e.strangers.at, n = 0; s < b.e.strangers.at +
	    STRANGERS_MAX; s++) {
		ck_assert_int_ge(s->last, 1700000000);
		if (s->count > 1) {
			ck_assert_uint_eq(s->count, 13);
			ck_assert_mem_eq(s->public, a.e.local[0]->public, 32);
			n++;
		}
	}
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(b.e.devices.count, 1);
}
END_TEST

/* Where and when it was heard of last. */
START_TEST(heard)
{
	ck_assert_int_eq(b.d->heard, 0);
	ck_assert(!b.d->has_from);
	shake();
	ck_assert_int_ge(b.d->heard, 1700000000);
	ck_assert(b.d->has_from);
	ck_assert_uint_eq(get_le32(b.d->from), a.path);
	a.path = 99;
	hosts_run(&a, &b, 5 * SEC);
	host_send(&a, 2, 84);
	hosts_run(&a, &b, SEC);
	ck_assert_int_ge(b.d->heard, 1700000005);
	ck_assert_uint_eq(get_le32(b.d->from), 99);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("health");
	TCase *t = tcase_create("health");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, nobody_answers);
	tcase_add_test(t, wrong_psk);
	tcase_add_test(t, unwatched);
	tcase_add_test(t, clock_corrected);
	tcase_add_test(t, ages_stay);
	tcase_add_test(t, never_stays_never);
	tcase_add_test(t, stale);
	tcase_add_test(t, stale_after_replay);
	tcase_add_test(t, stale_ends);
	tcase_add_test(t, set_back_is_told_once);
	tcase_add_test(t, ahead);
	tcase_add_test(t, absurd_labels);
	tcase_add_test(t, false_strangers);
	tcase_add_test(t, strangers);
	tcase_add_test(t, heard);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("health", suite());
}
