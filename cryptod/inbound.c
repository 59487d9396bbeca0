/* SPDX-License-Identifier: ISC */
/*
 * From a peer to the TUN: see inbound.h.
 */
#include "cryptod/aead.h"
#include "cryptod/ecn.h"
#include "cryptod/engine.h"
#include "cryptod/handshake.h"
#include "cryptod/inbound.h"
#include "cryptod/ip.h"
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "shared/bytes.h"

/* The initiator's last chance, once, before a key ends: 180 - 10 - 5 s. */
#define LAST_MINUTE	(REJECT_AFTER_TIME - KEEPALIVE_TIMEOUT - REKEY_TIMEOUT)

static void
keep_key_fresh(struct engine *e, struct remote *r)
{
	const struct keypair *kp = r->current;

	if (r->timers.sent_lastminute || kp == NULL || !kp->sending ||
	    !kp->initiator || e->now - kp->birth < LAST_MINUTE)
		return;
	r->timers.sent_lastminute = true;
	handshake_initiate(e, r, false, 0);
}

/* The session, if the datagram opens with it and is new; else NULL. */
static struct keypair *
authenticate(struct engine *e, uint8_t *p, size_t len, enum opened opened)
{
	struct keypair *kp;
	uint64_t counter = get_le64(p + 8);

	kp = index_find(&e->index, get_le32(p + 4), INDEX_KEYPAIR);
	if (kp == NULL) {
		e->n.drop_in_unknown_index++;
		return NULL;
	}
	if (!keypair_can_receive(e, kp)) {
		e->n.drop_in_expired++;
		return NULL;
	}
	if (opened == OPENED_NOT && aead_open(p + TRANSPORT_HEADER,
	    p + TRANSPORT_HEADER, len - TRANSPORT_HEADER, kp->keys->recv,
	    counter) == -1)
		opened = OPENED_FORGED;
	if (opened == OPENED_FORGED) {
		e->n.drop_in_forged++;
		return NULL;
	}
	/* After the tag, in the order of arrival, once a packet (P18). */
	if (!replay_check_and_set(&kp->replay, counter)) {
		e->n.drop_in_replayed++;
		return NULL;
	}
	return kp;
}

/* The inner packet of `sealed` bytes, padding included. */
static void
deliver(struct engine *e, struct device *d, uint8_t *p, size_t sealed,
    uint8_t ecn)
{
	struct ip_info ip;
	const struct device *owner;

	/* Both bounds of the inner length; padding is trimmed off (P34). */
	if (ip_parse(p, sealed, &ip) == -1) {
		e->n.drop_in_not_ip++;
		return;
	}
	owner = ip.version == 4 ? trie_lookup4(&e->allowed, ip.src) :
	    trie_lookup6(&e->allowed, ip.src);
	if (owner != d) {
		e->n.drop_in_wrong_source++;
		log_debug_rate(&e->log_packet, e->now, 1, 1,
		    "%s: a packet with a source that is not its own",
		    d->name);
		return;
	}
	/* Whatever it may use, not ours: this host trusts its own addresses. */
	if (engine_is_own(e, ip.version, ip.src)) {
		e->n.drop_in_own_source++;
		return;
	}
	ecn_decap(p, ecn);
	e->n.in_received++;
	d->rx_bytes += sealed + TRANSPORT_OVERHEAD;
	e->out.tun(e->out.arg, p, ip.total);
}

void
inbound_packet(struct engine *e, uint8_t *p, size_t len,
    const struct origin *from, enum opened opened)
{
	struct keypair *kp;
	struct remote *r;
	struct device *d;

	if (!e->up) {
		e->n.drop_in_down++;
		return;
	}
	if (len < TRANSPORT_OVERHEAD || get_le32(p) != TRANSPORT_TYPE) {
		e->n.drop_in_malformed++;
		return;
	}
	kp = authenticate(e, p, len, opened);
	if (kp == NULL)
		return;
	r = kp->remote;
	d = r->device;
	engine_authentic(e, d, from, false);
	if (keypair_confirm(e, kp)) {
		peer_handshake_complete(e, r);
		outbound_flush(e, d);
	}
	keep_key_fresh(e, r);
	peer_any_received(e, r);
	if (len == TRANSPORT_OVERHEAD) {
		e->n.in_keepalives++;
		d->rx_bytes += len;
		return;
	}
	peer_data_received(e, r);
	deliver(e, d, p + TRANSPORT_HEADER, len - TRANSPORT_OVERHEAD,
	    from->ecn);
}

void
inbound_guess(const struct engine *e, struct open_job *job, const uint8_t *p)
{
	const struct keypair *kp = NULL;

	job->index = get_le32(p + 4);
	if (e->up && get_le32(p) == TRANSPORT_TYPE)
		kp = index_find(&e->index, job->index, INDEX_KEYPAIR);
	job->key = kp != NULL && keypair_can_receive(e, kp) ?
	    kp->keys->recv : NULL;
}
