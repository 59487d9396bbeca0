/* SPDX-License-Identifier: ISC */
/*
 * Before and after a restart: see resume.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/engine.h"
#include "cryptod/handshake.h"
#include "cryptod/outbound.h"
#include "cryptod/resume.h"

#define LOOK_AT		1024		/* devices a turn */
/* While netd's lane is full. */
#define NAP		(10 * CLOCK_NSEC_PER_MSEC)

static void	on_timer(void *, uint64_t);

/*
 * Labels follow the wall clock or, where that went back, are a tick greater
 * than the last: a few a minute for each peer, 60 ticks a second.
 */
void
resume_raise(const struct engine *e, uint8_t mark[TAI64N_LEN])
{
	static const uint8_t never[TAI64N_LEN];
	uint8_t ahead[TAI64N_LEN];

	memcpy(ahead, mark, TAI64N_LEN);
	tai64n_label(mark, engine_wall(e) + RESUME_MARK, 0);
	if (memcmp(ahead, never, TAI64N_LEN) == 0)
		return;
	tai64n_label(ahead, tai64n_unix(ahead) + RESUME_STEP, 0);
	if (tai64n_compare(ahead, mark) > 0)
		memcpy(mark, ahead, TAI64N_LEN);
}

/*
 * On a disk that is full or read-only the mark cannot be raised, and life after
 * life finds the same one.  So labels do not begin at it, but above it by half
 * of its age: that is past all that the lives between have sent, and the clock
 * soon overtakes it, so that it ends by itself.  A mark far above the time of
 * its file is one of a clock that was set back, or the file has another one's
 * time; and one of the future has no age.
 *
 * Once it is twice RESUME_TRUST old, the clock is past it and all this.  So it
 * is never more, lest a clock that is years ahead, until it is put right, take
 * the labels along.
 */
void
resume_age(struct sessions *s)
{
	uint8_t aged[TAI64N_LEN];
	struct timespec ts;
	int64_t age, lead;

	clock_realtime(&ts);
	if (s->written <= 0 || ts.tv_sec < s->written ||
	    tai64n_unix(s->mark) - s->written > RESUME_TRUST)
		return;
	age = (int64_t)ts.tv_sec - s->written;
	lead = age / 2 < RESUME_TRUST ? age / 2 : RESUME_TRUST;
	tai64n_label(aged, tai64n_unix(s->mark) + lead, (uint32_t)
	    ((age % 2 * (int64_t)CLOCK_NSEC_PER_SEC + ts.tv_nsec) / 2));
	if (tai64n_compare(aged, s->mark) > 0)
		memcpy(s->mark, aged, TAI64N_LEN);
}

/* Above all that was sent, or that labels begin at. */
static void
next_mark(const struct engine *e, uint8_t mark[TAI64N_LEN])
{
	const uint8_t *top = e->label_top;

	if (tai64n_compare(e->label_floor, top) > 0)
		top = e->label_floor;
	memcpy(mark, top, TAI64N_LEN);
	resume_raise(e, mark);
}

static bool
is_notable(struct device *d)
{
	static const uint8_t never[TAI64N_LEN];

	return d->has_from || memcmp(device_sender(d)->secret->noise.timestamp,
	    never, TAI64N_LEN) != 0;
}

int
resume_collect(struct engine *e, struct sessions *s)
{
	struct session_note *n;
	struct device *d;
	struct remote *r;

	memset(s, 0, sizeof(*s));
	s->note = calloc(e->devices.count + 1, sizeof(*s->note));
	if (s->note == NULL)
		return -1;
	next_mark(e, s->mark);
	for (d = device_from(e, 0); d != NULL; d = device_next(d)) {
		if (!is_notable(d))
			continue;
		r = device_sender(d);
		n = &s->note[s->n++];
		memcpy(n->public, r->public, NOISE_KEYLEN);
		memcpy(n->timestamp, r->secret->noise.timestamp, TAI64N_LEN);
		n->heard = d->heard > 0 ? d->heard : 0;
		n->has_from = d->has_from;
		memcpy(n->from, d->from, ENGINE_FROM);
	}
	return 0;
}

void
resume_init(struct resume *rs, struct engine *e)
{
	memset(rs, 0, sizeof(*rs));
	rs->engine = e;
	timer_init(&rs->timer, on_timer, rs);
}

void
resume_clear(struct resume *rs)
{
	timer_del(&rs->engine->wheel, &rs->timer);
	rs->left = 0;
}

/* Our own labels go on above all that another life may have sent (P11). */
static void
raise_labels(struct engine *e, const uint8_t mark[TAI64N_LEN])
{
	struct device *d;
	struct remote *r;
	int i;

	if (tai64n_compare(mark, e->label_floor) > 0)
		memcpy(e->label_floor, mark, TAI64N_LEN);
	for (d = device_from(e, 0); d != NULL; d = device_next(d))
		for (i = 0; i < DEVICE_REMOTES; i++) {
			r = d->remote[i];
			if (r != NULL &&
			    tai64n_compare(mark, r->last_label) > 0)
				memcpy(r->last_label, mark, TAI64N_LEN);
		}
}

/* Unlike a mark, these are times that the clock has shown. */
static void
learn_time(struct engine *e, const struct sessions *s)
{
	size_t i;

	if (s->written > e->wall_top)
		e->wall_top = s->written;
	for (i = 0; i < s->n; i++)
		if (s->note[i].heard > e->wall_top)
			e->wall_top = s->note[i].heard;
}

static bool
was_alive(const struct engine *e, const struct session_note *n)
{
	/* One of the future is one of a clock that was set back since. */
	return n->has_from && n->heard > 0 &&
	    n->heard >= engine_wall(e) - RESUME_ALIVE;
}

static void
restore(struct resume *rs, const struct session_note *n)
{
	struct engine *e = rs->engine;
	struct remote *r = remote_find(e, n->public);
	struct device *d;

	if (r == NULL)
		return;
	d = r->device;
	if (tai64n_compare(n->timestamp, r->secret->noise.timestamp) > 0)
		memcpy(r->secret->noise.timestamp, n->timestamp, TAI64N_LEN);
	/* It may have been quicker than we. */
	if (d->has_from)
		return;
	d->heard = n->heard;
	d->has_from = n->has_from;
	memcpy(d->from, n->from, ENGINE_FROM);
	if (was_alive(e, n) && !d->resume) {
		d->resume = true;
		rs->left++;
	}
}

void
resume_restore(struct resume *rs, const struct sessions *s)
{
	size_t i;

	raise_labels(rs->engine, s->mark);
	learn_time(rs->engine, s);
	for (i = 0; i < s->n; i++)
		restore(rs, &s->note[i]);
}

void
resume_kick(struct resume *rs)
{
	if (rs->left == 0 || !rs->ready || !rs->engine->up ||
	    timer_pending(&rs->timer))
		return;
	rs->next = 0;
	timer_add(&rs->engine->wheel, &rs->timer, rs->engine->now);
}

/* 0, or -1: netd's lane is full, the same again later. */
static int
call(struct engine *e, struct device *d)
{
	struct origin from;

	memset(&from, 0, sizeof(from));
	from.from = d->from;
	/* It has called us meanwhile; what waited for that still does. */
	if (d->auth_path != 0) {
		d->resume = false;
		outbound_flush(e, d);
		return 0;
	}
	if (e->out.auth(e->out.arg, d, &from, false) == -1) {
		e->n.auth_full++;
		return -1;
	}
	engine_set_endpoint(e, d, true);
	e->n.sessions_resumed++;
	d->resume = false;
	handshake_initiate(e, device_sender(d), false, 0);
	return 0;
}

static void
on_timer(void *arg, uint64_t now)
{
	struct resume *rs = arg;
	struct engine *e = rs->engine;
	struct device *d;
	int looks = 0, calls = 0;

	e->now = now;
	if (!e->up)
		return;			/* the next kick begins anew */
	for (d = device_from(e, rs->next); d != NULL && rs->left > 0 &&
	    looks < LOOK_AT && calls < RESUME_BURST; d = device_next(d)) {
		looks++;
		rs->next = d->id + 1;
		if (!d->resume)
			continue;
		if (call(e, d) == -1) {
			rs->next = d->id;
			timer_add(&e->wheel, &rs->timer, now + NAP);
			return;
		}
		calls++;
		d->resume = false;
		rs->left--;
	}
	if (d == NULL)
		rs->left = 0;		/* those left were removed */
	else if (rs->left > 0)
		timer_add(&e->wheel, &rs->timer, now);
}
