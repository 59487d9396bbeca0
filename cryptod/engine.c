/* SPDX-License-Identifier: ISC */
/*
 * The protocol core: its life, its clock, its link and its keys.
 */
#include <sodium.h>
#include <string.h>
#include <time.h>

#include "cryptod/engine.h"
#include "cryptod/handshake.h"
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "shared/clock.h"

#define WALL_JUMP	60	/* seconds that are no usual correction */

int
engine_init(struct engine *e, struct secmem *arena)
{
	int i;

	memset(e, 0, sizeof(*e));
	e->now = clock_boottime();
	timer_wheel_init(&e->wheel, e->now);
	TAILQ_INIT(&e->staged_all);
	trie_init(&e->allowed);
	icmp_limit_init(&e->icmp, e->now);
	if (secslab_init(&e->remotes, arena, sizeof(struct remote_secret),
	    "remote keys") == -1 ||
	    secslab_init(&e->sessions, arena, sizeof(struct session_keys),
	    "session keys") == -1 ||
	    device_table_init(&e->devices) == -1 ||
	    index_init(&e->index) == -1 ||
	    loopguard_init(&e->guard) == -1)
		return -1;
	for (i = 0; i < ENGINE_LOCAL_KEYS; i++) {
		e->local[i] = secmem_alloc(arena, sizeof(*e->local[i]));
		if (e->local[i] == NULL)
			return -1;
	}
	return 0;
}

void
engine_clear(struct engine *e)
{
	int i;

	device_remove_all(e);
	for (i = 0; i < ENGINE_LOCAL_KEYS; i++)
		noise_local_clear(e->local[i]);
	device_table_clear(&e->devices);
	trie_clear(&e->allowed);
	loopguard_clear(&e->guard);
	index_clear(&e->index);
}

/*
 * What one could send with may have been used already, in another life; so
 * may the session of a handshake that is under way: that life had the
 * response, and whoever repeats it here makes the same keys of it (P23).
 */
static void
expire_remote(struct engine *e, struct remote *r, bool soon)
{
	struct timer *t1 = &r->timers.retransmit;

	keypairs_expire_sending(r);
	if (r->secret->handshake.state != NOISE_CREATED_INITIATION)
		return;
	handshake_clear(e, r);
	if (!timer_pending(t1))
		return;
	/*
	 * That there is no answer now is our doing.  But under a clock that is
	 * set again and again silence must be told as such in between.
	 */
	r->timers.spared = !r->timers.was_spared;
	if (!soon)
		return;
	/* Its answer was perhaps on its way: another one need not wait. */
	r->last_sent_handshake = 0;
	r->not_before = e->now;
	timer_del(&e->wheel, t1);
	peer_handshake_suppressed(e, r);
}

/* By the clock as it is now things happened as long ago as before. */
static void
move_times(struct remote *r, int64_t jump)
{
	time_t *completed = &r->completed.tv_sec;

	/* Measured by a clock that was wrong. */
	r->health.has_skew = false;
	/* Zero is never, and stays so. */
	if (*completed != 0)
		*completed = *completed + jump > 0 ? *completed + jump : 1;
}

static void
clock_jumped(struct engine *e, int64_t jump)
{
	struct device *d;
	bool soon;
	int i;

	/* A clock that is set again and again shall make no flood. */
	soon = e->jumped == 0 || e->now - e->jumped >= REKEY_TIMEOUT;
	e->jumped = e->now;
	/* When a device was heard stays: another life may have written it. */
	strangers_move(&e->strangers, jump);
	for (d = device_from(e, 0); d != NULL; d = device_next(d))
		for (i = 0; i < DEVICE_REMOTES; i++)
			if (d->remote[i] != NULL) {
				expire_remote(e, d->remote[i], soon);
				move_times(d->remote[i], jump);
			}
}

/*
 * The wall clock jumps when the snapshot of a virtual machine is restored,
 * and then counters that were used since would be used again (P23).  After a
 * correction of the clock it costs one needless handshake a peer.
 */
static void
check_wall(struct engine *e)
{
	struct timespec ts;
	int64_t offset, jump;

	clock_realtime(&ts);
	offset = (int64_t)ts.tv_sec - (int64_t)(e->now / CLOCK_NSEC_PER_SEC);
	jump = offset - e->wall_offset;
	e->wall_offset = offset;
	if (!e->wall_known) {
		e->wall_known = true;
		return;
	}
	if (jump < WALL_JUMP && jump > -WALL_JUMP)
		return;
	e->n.clock_jumps++;
	log_info("the wall clock jumped by %lld seconds: session keys are "
	    "replaced", (long long)jump);
	clock_jumped(e, jump);
}

void
engine_tick(struct engine *e)
{
	uint64_t now = clock_boottime();

	if (now > e->now)
		e->now = now;
	check_wall(e);
}

size_t
engine_expire(struct engine *e, size_t max)
{
	return timer_expire(&e->wheel, e->now, max);
}

static void
link_up(struct engine *e)
{
	struct device *d;

	/* At once, not after the first interval (P5); nothing waits yet. */
	for (d = device_from(e, 0); d != NULL; d = device_next(d))
		if (d->keepalive > 0)
			peer_wake(e, device_sender(d));
}

static void
link_down(struct engine *e)
{
	struct device *d;
	struct remote *r;
	int i;

	for (d = device_from(e, 0); d != NULL; d = device_next(d)) {
		e->n.drop_staged_purged += outbound_purge(e, d);
		d->auth_path = 0;
		for (i = 0; i < DEVICE_REMOTES; i++) {
			r = d->remote[i];
			if (r == NULL)
				continue;
			peer_timers_stop(e, r);
			handshake_clear(e, r);
			keypairs_clear(e, r);
			r->last_sent_handshake = r->not_before = 0;
		}
	}
}

void
engine_set_link(struct engine *e, bool up, uint32_t mtu)
{
	bool was_up = e->up;

	/* Padding goes up to it, but not past what a datagram can hold. */
	e->mtu = mtu < INNER_MAX ? mtu : INNER_MAX;
	e->up = up;
	if (up && !was_up)
		link_up(e);
	else if (!up && was_up)
		link_down(e);
}

void
engine_set_endpoint(struct engine *e, struct device *d, bool has)
{
	bool had = d->has_endpoint;

	d->has_endpoint = has;
	if (!has) {
		d->auth_path = 0;
		return;
	}
	if (had || !e->up)
		return;
	if (d->keepalive > 0 || d->nstaged > 0)
		peer_wake(e, device_sender(d));
}

/* What was agreed upon with the old key is void (P22). */
static void
rekey_remotes(struct engine *e, uint8_t slot)
{
	struct device *d;
	struct remote *r;
	int i;

	for (d = device_from(e, 0); d != NULL; d = device_next(d))
		for (i = 0; i < DEVICE_REMOTES; i++) {
			r = d->remote[i];
			if (r == NULL || r->local != slot)
				continue;
			handshake_clear(e, r);
			noise_remote_forget(&r->secret->noise);
			keypairs_expire_sending(r);
			r->last_sent_handshake = r->not_before = 0;
			r->health.tries = r->health.bad_response = 0;
		}
}

static void
wake_waiting(struct engine *e)
{
	struct device *d;

	for (d = device_from(e, 0); d != NULL; d = device_next(d))
		if (d->nstaged > 0)
			peer_wake(e, device_sender(d));
}

void
engine_set_private(struct engine *e, uint8_t slot,
    const uint8_t private[NOISE_KEYLEN])
{
	struct noise_local *local = e->local[slot], new;
	struct remote *self;
	bool first = !local->has_identity;

	noise_local_clear(&new);
	noise_local_set(&new, private);
	if (sodium_memcmp(&new.private, &local->private,
	    sizeof(new.private)) == 0) {
		noise_local_clear(&new);
		return;
	}
	/* Nobody is a peer of itself. */
	self = new.has_identity ? remote_find(e, new.public) : NULL;
	if (self != NULL)
		device_remove(e, self->device);
	memcpy(local, &new, sizeof(*local));
	noise_local_clear(&new);
	rekey_remotes(e, slot);
	e->out.local_changed(e->out.arg, slot, local);
	if (first && e->up)
		wake_waiting(e);
}

int64_t
engine_wall(const struct engine *e)
{
	return (int64_t)(e->now / CLOCK_NSEC_PER_SEC) + e->wall_offset;
}

bool
engine_is_own(const struct engine *e, uint8_t version, const uint8_t *addr)
{
	const struct engine_own *o;

	for (o = e->own; o < e->own + e->nown; o++)
		if (o->version == version &&
		    memcmp(o->addr, addr, version == 4 ? 4 : 16) == 0)
			return true;
	return false;
}

void
engine_tell(struct engine *e, int what, const struct remote *r,
    const uint8_t *public)
{
	struct engine_event ev;

	if (!e->watched || e->out.event == NULL)
		return;
	ev.what = what;
	ev.remote = r;
	ev.public = public;
	e->out.event(e->out.arg, &ev);
}

void
engine_authentic(struct engine *e, struct device *d,
    const struct origin *from, bool always)
{
	d->heard = engine_wall(e);
	if (!always && from->path == d->auth_path)
		return;
	memcpy(d->from, from->from, sizeof(d->from));
	d->has_from = true;
	e->news = true;
	/* Only what was authenticated, and is no replay, moves it (P27). */
	if (e->out.auth(e->out.arg, d, from, always) == -1) {
		e->n.auth_full++;
		return;
	}
	e->n.auth_sent++;
	d->auth_path = from->path;
	/* What waits does not depend on this handshake's success. */
	if (!d->has_endpoint && d->nstaged > 0)
		peer_wake(e, device_sender(d));
	d->has_endpoint = true;
}
