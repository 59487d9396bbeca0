/* SPDX-License-Identifier: ISC */
/*
 * The timers of a peer: see peer_timers.h.
 */
#include <sodium.h>
#include <string.h>

#include "cryptod/engine.h"
#include "cryptod/handshake.h"
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "cryptod/peer_timers.h"
#include "shared/ring.h"

static void	on_retransmit(void *, uint64_t);
static void	on_keepalive(void *, uint64_t);
static void	on_new_handshake(void *, uint64_t);
static void	on_zero_keys(void *, uint64_t);
static void	on_persistent(void *, uint64_t);

void
peer_timers_init(struct remote *r)
{
	struct peer_timers *t = &r->timers;

	timer_init(&t->retransmit, on_retransmit, r);
	timer_init(&t->keepalive, on_keepalive, r);
	timer_init(&t->new_handshake, on_new_handshake, r);
	timer_init(&t->zero_keys, on_zero_keys, r);
	timer_init(&t->persistent, on_persistent, r);
}

void
peer_timers_stop(struct engine *e, struct remote *r)
{
	struct peer_timers *t = &r->timers;

	timer_del(&e->wheel, &t->retransmit);
	timer_del(&e->wheel, &t->keepalive);
	timer_del(&e->wheel, &t->new_handshake);
	timer_del(&e->wheel, &t->zero_keys);
	timer_del(&e->wheel, &t->persistent);
	t->attempts = 0;
	t->spared = t->was_spared = false;
	t->need_another_keepalive = false;
	t->sent_lastminute = false;
}

/*
 * So that two sides do not keep in step (P7); from the CSPRNG, many at once:
 * a timer is set for each packet that follows one from the other side.
 */
static uint64_t
jitter(struct engine *e)
{
	if (e->ndice == 0) {
		e->ndice = sizeof(e->dice) / sizeof(e->dice[0]);
		randombytes_buf(e->dice, sizeof(e->dice));
	}
	return (uint64_t)(e->dice[--e->ndice] % REKEY_JITTER_MS) *
	    CLOCK_NSEC_PER_MSEC;
}

/* Any authenticated packet, either way, puts the persistent one off. */
static void
any_traversal(struct engine *e, struct remote *r)
{
	const struct device *d = r->device;

	if (d->keepalive > 0)
		timer_add(&e->wheel, &r->timers.persistent,
		    e->now + d->keepalive * CLOCK_NSEC_PER_SEC);
}

void
peer_data_sent(struct engine *e, struct remote *r)
{
	struct peer_timers *t = &r->timers;

	/* It counts from the first packet that is not answered (P1). */
	if (!timer_pending(&t->new_handshake))
		timer_add(&e->wheel, &t->new_handshake, e->now +
		    KEEPALIVE_TIMEOUT + REKEY_TIMEOUT + jitter(e));
}

void
peer_data_received(struct engine *e, struct remote *r)
{
	struct peer_timers *t = &r->timers;

	if (!timer_pending(&t->keepalive))
		timer_add(&e->wheel, &t->keepalive,
		    e->now + KEEPALIVE_TIMEOUT);
	else
		t->need_another_keepalive = true;
}

/* Handshake messages count, too (P6). */
void
peer_any_sent(struct engine *e, struct remote *r)
{
	timer_del(&e->wheel, &r->timers.keepalive);
	any_traversal(e, r);
}

void
peer_any_received(struct engine *e, struct remote *r)
{
	timer_del(&e->wheel, &r->timers.new_handshake);
	any_traversal(e, r);
}

void
peer_handshake_initiated(struct engine *e, struct remote *r)
{
	r->timers.spared = false;
	timer_add(&e->wheel, &r->timers.retransmit,
	    e->now + REKEY_TIMEOUT + jitter(e));
}

uint64_t
peer_next_try(const struct remote *r)
{
	uint64_t at = r->last_sent_handshake;

	if (at != 0)
		at += REKEY_TIMEOUT;
	return at > r->not_before ? at : r->not_before;
}

void
peer_handshake_suppressed(struct engine *e, struct remote *r)
{
	struct timer *t1 = &r->timers.retransmit;

	/*
	 * Both sides may have begun at the same time and overwritten each
	 * other's handshake: somebody has to try again (P3).
	 */
	if (!timer_pending(t1))
		timer_add(&e->wheel, t1, peer_next_try(r) + jitter(e));
}

void
peer_wake(struct engine *e, struct remote *r)
{
	timer_add(&e->wheel, &r->timers.persistent, e->now);
}

void
peer_handshake_crossed(struct engine *e, struct remote *r)
{
	struct timer *t1 = &r->timers.retransmit;

	/* One that was given up already will not be tried again. */
	if (!timer_pending(t1))
		return;
	/*
	 * Jitter does not part two that are further away from each other
	 * than it is long: the one with the greater key waits longer (P3), also
	 * if there is always a packet that would begin the next at once.
	 */
	if (memcmp(e->local[r->local]->public, r->public,
	    NOISE_KEYLEN) <= 0)
		return;
	r->not_before = e->now + REKEY_TIMEOUT + CROSSED_DELAY;
	timer_add(&e->wheel, t1, r->not_before + jitter(e));
}

void
peer_handshake_complete(struct engine *e, struct remote *r)
{
	struct peer_timers *t = &r->timers;

	timer_del(&e->wheel, &t->retransmit);
	t->attempts = 0;
	t->spared = t->was_spared = false;
	t->sent_lastminute = false;
	r->not_before = 0;
	clock_realtime(&r->completed);
	r->health.tries = r->health.bad_response = r->health.stale = 0;
	memset(r->health.stale_label, 0, TAI64N_LEN);
	if (r->health.skew_is_stale)
		r->health.has_skew = r->health.skew_is_stale = false;
	e->n.handshakes_completed++;
	log_debug("%s: handshake completed", r->device->name);
	engine_tell(e, ENGINE_HANDSHAKE, r, r->public);
}

void
peer_session_derived(struct engine *e, struct remote *r)
{
	/* A session that is never confirmed is wiped as well (P8). */
	timer_add(&e->wheel, &r->timers.zero_keys,
	    e->now + ZERO_KEYS_TIMEOUT);
}

static void
give_up(struct engine *e, struct remote *r)
{
	struct peer_timers *t = &r->timers;

	log_debug("%s: no answer to %u handshakes, giving up",
	    r->device->name, t->attempts + 1);
	e->n.handshakes_given_up++;
	engine_tell(e, ENGINE_HANDSHAKE_FAILED, r, r->public);
	timer_del(&e->wheel, &t->keepalive);
	e->n.drop_staged_purged += outbound_purge(e, r->device);
	if (!timer_pending(&t->zero_keys))
		timer_add(&e->wheel, &t->zero_keys,
		    e->now + ZERO_KEYS_TIMEOUT);
}

/* T1 */
static void
on_retransmit(void *arg, uint64_t now)
{
	struct remote *r = arg;
	struct engine *e = r->device->engine;
	struct peer_timers *t = &r->timers;

	e->now = now;
	if (t->attempts > HANDSHAKES_MAX ||
	    !r->device->has_endpoint) {
		give_up(e, r);
		return;
	}
	if (now < peer_next_try(r)) {
		peer_handshake_suppressed(e, r);
		return;
	}
	/* What our own clock undid counts as well, so that there is an end. */
	t->attempts++;
	t->was_spared = t->spared;
	if (t->spared) {
		/* But the place of the other side is not in doubt. */
		handshake_initiate(e, r, true, 0);
		return;
	}
	r->device->auth_path = 0;
	handshake_initiate(e, r, true, RING_F_CLEAR_SOURCE);
}

/* T2 */
static void
on_keepalive(void *arg, uint64_t now)
{
	struct remote *r = arg;
	struct engine *e = r->device->engine;

	e->now = now;
	outbound_keepalive(e, r->device);
	if (r->timers.need_another_keepalive) {
		r->timers.need_another_keepalive = false;
		timer_add(&e->wheel, &r->timers.keepalive,
		    now + KEEPALIVE_TIMEOUT);
	}
}

/* T3: we sent data and heard nothing since. */
static void
on_new_handshake(void *arg, uint64_t now)
{
	struct remote *r = arg;
	struct engine *e = r->device->engine;

	e->now = now;
	log_debug("%s: no answer for 15 seconds, new handshake",
	    r->device->name);
	r->device->auth_path = 0;
	handshake_initiate(e, r, false, RING_F_CLEAR_SOURCE);
}

/* T4 */
static void
on_zero_keys(void *arg, uint64_t now)
{
	struct remote *r = arg;
	struct engine *e = r->device->engine;

	e->now = now;
	handshake_clear(e, r);
	if (r->previous != NULL || r->current != NULL || r->next != NULL)
		engine_tell(e, ENGINE_EXPIRED, r, r->public);
	keypairs_clear(e, r);
}

/* T5, or peer_wake() */
static void
on_persistent(void *arg, uint64_t now)
{
	struct remote *r = arg;
	struct engine *e = r->device->engine;

	e->now = now;
	if (r->device->keepalive == 0) {
		outbound_flush(e, r->device);
		return;
	}
	/* T1 tries again in its own time, lest both sides do at once (P3). */
	if (!timer_pending(&r->timers.retransmit))
		outbound_keepalive(e, r->device);
	/* It may have found no room, or have to wait: the next is due still. */
	if (e->up && r->device->has_endpoint &&
	    !timer_pending(&r->timers.persistent))
		any_traversal(e, r);
}
