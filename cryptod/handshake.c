/* SPDX-License-Identifier: ISC */
/*
 * Handshakes: see handshake.h.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cryptod/engine.h"
#include "cryptod/handshake.h"
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "shared/bytes.h"

#define LABELS_AHEAD	90		/* seconds that are not odd */
#define CLOCK_BACK	30		/* seconds that a clock may lose */

void
handshake_clear(struct engine *e, struct remote *r)
{
	struct noise_handshake *hs = &r->secret->handshake;

	index_drop(&e->index, hs->local_index);
	noise_handshake_clear(hs);
}

/* Why a step of noise.c failed, as a counter. */
static void
count_failure(struct engine *e)
{
	switch (errno) {
	case ENOKEY:
		e->n.drop_hs_no_identity++;
		break;
	case EKEYREJECTED:
		e->n.drop_hs_low_order++;
		break;
	case ESTALE:
		e->n.drop_hs_replayed++;
		break;
	default:
		e->n.drop_hs_forged++;
	}
}

/*
 * After a restart labels begin somewhat ahead of the clock, and after many in
 * a row far ahead: only a time that there has been already shows that it is
 * the clock that went back.  That is told once: if the clock was corrected,
 * labels are ahead for as long as it had been.
 */
static void
watch_clock(struct engine *e, int64_t now, int64_t ahead)
{
	if (now > e->wall_top)
		e->wall_top = now;
	if (ahead > 1)
		e->n.clock_behind++;
	if (ahead > LABELS_AHEAD && e->wall_top - now > CLOCK_BACK) {
		log_rate(&e->log_clock, e->now, 1, 1, log_warnx,
		    "the clock is %lld seconds behind what it has been: "
		    "was it set back?", (long long)(e->wall_top - now));
		e->wall_top = now;
	}
}

/*
 * The label of the next initiation: greater than any that this key was sent
 * before, whatever the wall clock does (P11).
 */
static int
next_label(struct engine *e, struct remote *r)
{
	struct timespec ts;
	int64_t ahead;

	clock_realtime(&ts);
	ahead = tai64n_unix(r->last_label) - (int64_t)ts.tv_sec;
	if (tai64n_next(r->last_label, ts.tv_sec, (uint32_t)ts.tv_nsec,
	    r->last_label) == -1)
		return -1;
	if (tai64n_compare(r->last_label, e->label_top) > 0)
		memcpy(e->label_top, r->last_label, TAI64N_LEN);
	if (tai64n_unix(r->last_label) + ENGINE_MARK_NEAR >
	    tai64n_unix(e->label_mark))
		e->news = true;
	watch_clock(e, ts.tv_sec, ahead);
	return 0;
}

static bool
may_initiate(struct engine *e, struct remote *r)
{
	if (!e->up || !r->device->has_endpoint)
		return false;
	/* Soon, where it was last: of two at once the second is a flood. */
	if (r->device->resume)
		return false;
	if (e->now < peer_next_try(r)) {
		e->n.handshakes_suppressed++;
		peer_handshake_suppressed(e, r);
		return false;
	}
	if (!e->local[r->local]->has_identity) {
		e->n.drop_hs_no_identity++;
		return false;
	}
	remote_prepare(e, r);
	if (!r->secret->noise.ss_ok) {
		e->n.drop_hs_low_order++;
		return false;
	}
	return true;
}

/* Is it on its way?  A lost one is as one lost by the network. */
static void
emit(struct engine *e, struct remote *r, uint8_t flags, const uint8_t *msg,
    size_t len)
{
	struct device *d = r->device;

	r->last_sent_handshake = e->now;
	peer_any_sent(e, r);
	if (e->out.handshake(e->out.arg, d, flags, msg, len) == -1)
		e->n.drop_hs_ring_full++;
	else
		d->tx_bytes += len;
}

void
handshake_initiate(struct engine *e, struct remote *r, bool retry,
    uint8_t flags)
{
	struct noise_handshake *hs = &r->secret->handshake;
	uint8_t msg[NOISE_INITIATION_LEN];
	uint32_t index;

	if (!retry)
		r->timers.attempts = 0;
	if (!may_initiate(e, r))
		return;
	/* A fresh index and ephemeral for every retransmission, too. */
	handshake_clear(e, r);
	index = index_new(&e->index, INDEX_HANDSHAKE, r);
	if (index == 0 || next_label(e, r) == -1 ||
	    noise_initiation_create(hs, e->local[r->local],
	    &r->secret->noise, index, r->last_label, msg) == -1) {
		index_drop(&e->index, index);
		e->n.drop_hs_no_memory++;
		peer_handshake_initiated(e, r);	/* try again */
		return;
	}
	log_debug("%s: sending handshake initiation", r->device->name);
	emit(e, r, flags, msg, sizeof(msg));
	e->n.handshakes_initiated++;
	r->health.tries++;
	peer_handshake_initiated(e, r);
}

/* Message 2, and the session that the responder has from then on. */
static void
respond(struct engine *e, struct remote *r)
{
	struct noise_handshake *hs = &r->secret->handshake;
	uint8_t msg[NOISE_RESPONSE_LEN];
	uint32_t index;

	index = index_new(&e->index, INDEX_HANDSHAKE, r);
	if (index == 0) {
		e->n.drop_hs_no_memory++;
		handshake_clear(e, r);
		return;
	}
	if (noise_response_create(hs, e->local[r->local], &r->secret->noise,
	    index, msg) == -1) {
		count_failure(e);
		index_drop(&e->index, index);
		handshake_clear(e, r);
		return;
	}
	if (keypair_begin(e, r, false) == -1) {
		e->n.drop_hs_no_memory++;
		handshake_clear(e, r);
		return;
	}
	peer_session_derived(e, r);
	log_debug("%s: sending handshake response", r->device->name);
	emit(e, r, 0, msg, sizeof(msg));
	e->n.handshakes_answered++;
}

/* The flood rule: one initiation of a peer in 20 ms. */
static bool
is_flood(struct engine *e, const struct remote *r)
{
	return r->last_initiation != 0 &&
	    e->now - r->last_initiation < HANDSHAKE_FLOOD;
}

/* What an authentic initiation says of its sender's clock. */
static void
note_clock(struct engine *e, struct remote *r, const uint8_t *label,
    bool stale)
{
	struct timespec ts;

	clock_realtime(&ts);
	/* Its label may be any number: no signed overflow. */
	r->health.skew = (int64_t)((uint64_t)tai64n_unix(label) -
	    (uint64_t)ts.tv_sec);
	r->health.has_skew = true;
	r->health.skew_at = e->now;
	r->health.skew_is_stale = stale;
	if (!stale) {
		/* Whatever becomes of this one, it is not refused. */
		r->health.stale = 0;
		memset(r->health.stale_label, 0, TAI64N_LEN);
		return;
	}
	r->health.stale++;
	log_debug_rate(&e->log_packet, e->now, 1, 1,
	    "%s: an initiation with an old timestamp", r->device->name);
	engine_tell(e, ENGINE_STALE, r, r->public);
}

/*
 * One that went back goes on from there: it takes two labels in a row, the
 * second greater.  Somebody who repeats only one that he recorded can neither
 * feign that nor hide it; who has two, in their order, looks the same.  The
 * last one again is the network's doing.
 */
static bool
is_of_clock_back(struct remote *r, const uint8_t *label)
{
	static const uint8_t never[TAI64N_LEN];
	uint8_t *last = r->health.stale_label;
	bool goes_on = memcmp(last, never, TAI64N_LEN) != 0 &&
	    tai64n_compare(label, last) > 0;

	if (tai64n_compare(label, r->secret->noise.timestamp) >= 0)
		return false;
	memcpy(last, label, TAI64N_LEN);
	return goes_on;
}

/* Authentic or not, it will not be answered. */
static void
refuse_initiation(struct engine *e, struct remote *r,
    const struct noise_initiation *init)
{
	count_failure(e);
	if (errno == ESTALE && is_of_clock_back(r, init->timestamp))
		note_clock(e, r, init->timestamp, true);
}

/* Has its sender the key that it claims?  Wipes init.  It costs a DH. */
static bool
has_its_key(struct engine *e, const struct noise_local *local,
    struct noise_initiation *init)
{
	struct remote_secret *s = secslab_get(&e->remotes);
	uint8_t public[NOISE_KEYLEN];
	bool has;

	if (s == NULL)
		return false;
	memcpy(public, init->remote_public, sizeof(public));
	noise_remote_init(&s->noise, local, public, NULL);
	has = noise_initiation_finish(init, local, &s->noise) == 0;
	secslab_put(&e->remotes, s);
	return has;
}

/*
 * Whoever knows our public key can claim to have any key: only the owner of
 * one is remembered, and only so many are asked to prove it.
 */
static void
meet_stranger(struct engine *e, const struct noise_local *local,
    struct noise_initiation *init)
{
	uint8_t public[NOISE_KEYLEN];

	e->n.drop_hs_unknown_peer++;
	memcpy(public, init->remote_public, sizeof(public));
	if (!log_limited(&e->limit_strangers, e->now, 4 * STRANGERS_MAX, 10) &&
	    has_its_key(e, local, init)) {
		strangers_note(&e->strangers, public, engine_wall(e));
		engine_tell(e, ENGINE_STRANGER, NULL, public);
	}
	noise_initiation_clear(init);
}

static void
receive_initiation(struct engine *e, const uint8_t *msg,
    const struct origin *from)
{
	const struct noise_local *local = e->local[from->local_key];
	struct noise_initiation init;
	struct remote *r;

	if (noise_initiation_open(local, msg, &init) == -1) {
		count_failure(e);
		return;
	}
	r = remote_find(e, init.remote_public);
	if (r == NULL) {
		meet_stranger(e, local, &init);
		return;
	}
	if (from->local_key == r->local)
		remote_prepare(e, r);
	if (noise_initiation_finish(&init, local, &r->secret->noise) == -1) {
		refuse_initiation(e, r, &init);
		return;
	}
	if (is_flood(e, r)) {
		e->n.drop_hs_flood++;
		noise_initiation_clear(&init);
		return;
	}
	/*
	 * Everything is authentic and new: only now does anything change
	 * (P15), timestamp and flood mark together (P14).  A handshake of
	 * our own that waits for an answer is given up for this one.
	 */
	if (r->secret->handshake.state == NOISE_CREATED_INITIATION)
		peer_handshake_crossed(e, r);
	handshake_clear(e, r);
	if (noise_initiation_commit(&r->secret->handshake, &r->secret->noise,
	    &init) == -1) {
		count_failure(e);
		return;
	}
	r->last_initiation = e->now;
	note_clock(e, r, r->secret->noise.timestamp, false);
	r->local = from->local_key;
	log_debug("%s: received handshake initiation", r->device->name);
	r->device->rx_bytes += NOISE_INITIATION_LEN;
	engine_authentic(e, r->device, from, true);
	respond(e, r);
	peer_any_received(e, r);
}

static void
refuse_response(struct engine *e, struct remote *r)
{
	count_failure(e);
	if (errno != EBADMSG)
		return;
	r->health.bad_response++;
	log_debug_rate(&e->log_packet, e->now, 1, 1,
	    "%s: a response that does not authenticate", r->device->name);
	engine_tell(e, ENGINE_BAD_RESPONSE, r, r->public);
}

static void
receive_response(struct engine *e, const uint8_t *msg,
    const struct origin *from)
{
	struct noise_handshake *hs;
	struct remote *r;

	r = index_find(&e->index, get_le32(msg + 8), INDEX_HANDSHAKE);
	if (r == NULL || r->secret->handshake.state !=
	    NOISE_CREATED_INITIATION) {
		e->n.drop_hs_unexpected++;
		return;
	}
	hs = &r->secret->handshake;
	if (noise_response_consume(hs, e->local[r->local],
	    &r->secret->noise, msg) == -1) {
		refuse_response(e, r);
		return;
	}
	if (keypair_begin(e, r, true) == -1) {
		e->n.drop_hs_no_memory++;
		handshake_clear(e, r);
		return;
	}
	log_debug("%s: received handshake response", r->device->name);
	r->device->rx_bytes += NOISE_RESPONSE_LEN;
	engine_authentic(e, r->device, from, true);
	peer_any_received(e, r);
	peer_session_derived(e, r);
	peer_handshake_complete(e, r);
	/* What waits, or a keepalive: either confirms the key (P44). */
	outbound_keepalive(e, r->device);
}

void
handshake_receive(struct engine *e, const uint8_t *msg, size_t len,
    const struct origin *from)
{
	uint32_t type;

	if (!e->up) {
		e->n.drop_hs_down++;
		return;
	}
	if (len < 4 || from->local_key >= ENGINE_LOCAL_KEYS) {
		e->n.drop_hs_malformed++;
		return;
	}
	e->n.handshakes_received++;
	type = get_le32(msg);
	if (type == NOISE_TYPE_INITIATION && len == NOISE_INITIATION_LEN)
		receive_initiation(e, msg, from);
	else if (type == NOISE_TYPE_RESPONSE && len == NOISE_RESPONSE_LEN)
		receive_response(e, msg, from);
	else
		e->n.drop_hs_malformed++;
}
