/* SPDX-License-Identifier: ISC */
/*
 * What must hold for a host of fuzz/pair after each step.
 */
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "input.h"
#include "pair.h"

static size_t
sessions_of(const struct remote *r)
{
	return (size_t)(r->previous != NULL) + (r->current != NULL) +
	    (r->next != NULL);
}

/* No key stays for longer after the newest was made than T4 is (P8, P19). */
static void
fresh(const struct side *s, const struct remote *r)
{
	const struct keypair *kp[3] = { r->previous, r->current, r->next };
	uint64_t newest = 0;
	int i;

	for (i = 0; i < 3; i++)
		if (kp[i] != NULL && kp[i]->birth > newest)
			newest = kp[i]->birth;
	MUST(newest == 0 || s->e.now - newest <=
	    ZERO_KEYS_TIMEOUT + 2 * TIMER_TICK);
}

/* Packets do not wait for ever: something is under way for them. */
static void
moving(const struct side *s, struct device *d)
{
	const struct remote *r = device_sender(d);

	if (d->nstaged == 0)
		return;
	MUST(s->e.up);
	if (d->has_endpoint && s->e.local[0]->has_identity)
		MUST(timer_pending(&r->timers.retransmit) ||
		    timer_pending(&r->timers.persistent) ||
		    (d->resume && timer_pending(&s->resume.timer)));
}

/* The numbers add up, whatever came. */
/* Nothing that waits is forgotten: some timer is there for it. */
static void
awake(const struct side *s, struct device *d)
{
	const struct remote *r = device_sender(d);

	MUST(d->keepalive == 0 || timer_pending(&r->timers.persistent));
	if (d->nstaged == 0 || d->resume || !r->secret->noise.ss_ok ||
	    !s->e.local[r->local]->has_identity)
		return;
	MUST(timer_pending(&r->timers.retransmit) ||
	    timer_pending(&r->timers.persistent));
}

void
side_check(struct side *s)
{
	size_t sessions = 0, handshakes = 0, staged = 0, devices = 0;
	struct engine *e = &s->e;
	struct device *d;
	struct remote *r;

	for (d = device_from(e, 0); d != NULL; d = device_next(d)) {
		r = device_sender(d);
		MUST(d == s->d || d == s->decoy);
		devices++;
		sessions += sessions_of(r);
		handshakes += r->secret->handshake.local_index != 0;
		MUST(d->nstaged <= STAGED_MAX);
		staged += d->nstaged;
		MUST(r->next == NULL || !r->next->initiator);
		MUST(sessions_of(r) == 0 ||
		    timer_pending(&r->timers.zero_keys));
		MUST(d->keepalive > 0 || s->d != d || d->nstaged > 0 ||
		    e->up || !timer_pending(&r->timers.persistent));
		if (e->up && d->has_endpoint)
			awake(s, d);
		fresh(s, r);
		moving(s, d);
	}
	MUST(devices == e->devices.count && devices == s->devices);
	MUST(e->remotes.used == devices && e->remotes.bad == 0);
	MUST(e->keypairs == sessions && e->sessions.used == sessions);
	MUST(e->index.used == sessions + handshakes);
	MUST(e->staged == staged);
	MUST(e->n.out_sent == s->tally.data);
	MUST(e->n.out_keepalives == s->tally.keepalives);
	MUST(e->n.in_received == s->tally.delivered);
	MUST(e->n.handshakes_initiated == s->tally.initiations);
	MUST(e->n.handshakes_answered == s->tally.answers);
}

bool
packet_passed(uint8_t from)
{
	unsigned i;

	for (i = 0; i < world.npackets; i++)
		if (world.packet[i].after && world.packet[i].from == from &&
		    world.packet[i].delivered != 0)
			return true;
	return false;
}
