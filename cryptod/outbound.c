/* SPDX-License-Identifier: ISC */
/*
 * From the TUN to a peer: see outbound.h.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/ecn.h"
#include "cryptod/engine.h"
#include "cryptod/handshake.h"
#include "cryptod/ip.h"
#include "cryptod/keypair.h"
#include "cryptod/outbound.h"
#include "cryptod/seal.h"

/* A packet that waits for a key; len 0 is a keepalive. */
struct staged {
	STAILQ_ENTRY(staged)	 entry;		/* of its device */
	TAILQ_ENTRY(staged)	 all;		/* of all devices, by age */
	struct device		*device;
	size_t			 len;
	uint8_t			 ecn;
	uint8_t			 data[];	/* and ENGINE_TAILROOM */
};

/*
 * After a packet was sealed with the current key: is it time for another?
 * Only its initiator goes by time (P4), either side by the message limit.
 */
static void
keep_key_fresh(struct engine *e, struct remote *r)
{
	const struct keypair *kp = r->current;

	if (kp == NULL || !kp->sending)
		return;
	if (kp->send_counter > REKEY_AFTER_MESSAGES ||
	    (kp->initiator && e->now - kp->birth >= REKEY_AFTER_TIME))
		handshake_initiate(e, r, false, 0);
}

/*
 * Seals len bytes at p, padded in place, straight into the ring: only this
 * process can write there.  Counts and timers as for a datagram sent.
 */
static void
seal(struct engine *e, struct device *d, struct keypair *kp, uint8_t *p,
    size_t len, uint8_t ecn)
{
	struct remote *r = kp->remote;
	size_t pad = ip_padding(len, e->mtu);
	uint8_t *out;

	if (len + pad + TRANSPORT_OVERHEAD > DATAGRAM_MAX) {
		e->n.drop_out_too_big++;
		return;
	}
	out = e->out.data(e->out.arg, d, ecn, len + pad + TRANSPORT_OVERHEAD);
	if (out == NULL) {
		e->n.drop_out_ring_full++;
		return;
	}
	memset(p + len, 0, pad);
	/* Used up from here on, whatever becomes of the datagram (P17). */
	seal_packet(out, p, len + pad, kp->remote_index, kp->keys->send,
	    kp->send_counter++);
	d->tx_bytes += len + pad + TRANSPORT_OVERHEAD;
	peer_any_sent(e, r);
	if (len > 0) {
		/* A keepalive is not data (P2). */
		e->n.out_sent++;
		peer_data_sent(e, r);
	} else
		e->n.out_keepalives++;
	keep_key_fresh(e, r);
}

static void
unstage_first(struct engine *e, struct device *d)
{
	struct staged *s = STAILQ_FIRST(&d->staged);

	STAILQ_REMOVE_HEAD(&d->staged, entry);
	TAILQ_REMOVE(&e->staged_all, s, all);
	d->nstaged--;
	e->staged--;
	/* It is somebody's plaintext.  (P19) */
	sodium_memzero(s->data, s->len);
	free(s);
}

/*
 * At most 128 wait for a device: the oldest makes room (P44).  Of all that
 * wait the oldest is its device's first, too, so that many dead peers cannot
 * keep a live one from its first packet.
 */
static void
stage(struct engine *e, struct device *d, const uint8_t *p, size_t len,
    uint8_t ecn)
{
	struct staged *s;

	while (d->nstaged >= STAGED_MAX) {
		unstage_first(e, d);
		e->n.drop_staged_oldest++;
	}
	while (e->staged >= ENGINE_STAGED_MAX) {
		unstage_first(e, TAILQ_FIRST(&e->staged_all)->device);
		e->n.drop_staged_oldest++;
	}
	s = malloc(sizeof(*s) + len + ENGINE_TAILROOM);
	if (s == NULL) {
		e->n.drop_staged_no_memory++;
		return;
	}
	s->device = d;
	s->len = len;
	s->ecn = ecn;
	if (len > 0)
		memcpy(s->data, p, len);
	STAILQ_INSERT_TAIL(&d->staged, s, entry);
	TAILQ_INSERT_TAIL(&e->staged_all, s, all);
	d->nstaged++;
	e->staged++;
	e->n.staged++;
}

size_t
outbound_purge(struct engine *e, struct device *d)
{
	size_t n = d->nstaged;

	while (!STAILQ_EMPTY(&d->staged))
		unstage_first(e, d);
	return n;
}

void
outbound_flush(struct engine *e, struct device *d)
{
	struct remote *r = device_sender(d);
	struct staged *s;

	/* Better kept than sealed for netd to throw away. */
	if (!e->up || !d->has_endpoint)
		return;
	while ((s = STAILQ_FIRST(&d->staged)) != NULL) {
		/* Never with `next`, which nobody has confirmed (P21). */
		if (!keypair_can_send(e, r->current)) {
			if (r->current != NULL)
				r->current->sending = false;
			handshake_initiate(e, r, false, 0);
			return;
		}
		seal(e, d, r->current, s->data, s->len, s->ecn);
		unstage_first(e, d);
	}
}

void
outbound_keepalive(struct engine *e, struct device *d)
{
	if (!e->up || !d->has_endpoint)
		return;
	if (STAILQ_EMPTY(&d->staged))
		stage(e, d, NULL, 0, 0);
	outbound_flush(e, d);
}

static void
unreachable(struct engine *e, const uint8_t *p, size_t len)
{
	uint8_t answer[ICMP_UNREACH_MAX];
	size_t n;

	n = icmp_unreach(p, len, answer);
	if (n == 0)
		return;
	if (!icmp_limit_allow(&e->icmp, e->now)) {
		e->n.icmp_limited++;
		return;
	}
	e->n.icmp_sent++;
	e->out.tun(e->out.arg, answer, n);
}

/* Whose is it?  NULL if nobody's; then it was answered and counted. */
static struct device *
route(struct engine *e, const uint8_t *p, const struct ip_info *ip)
{
	struct device *d;

	if (loopguard_hit(&e->guard, &e->index, p, ip)) {
		e->n.drop_out_loop++;
		log_rate(&e->log_loop, e->now, 1, 1, log_warnx,
		    "a packet of this tunnel was routed into it: "
		    "an endpoint's route or the fwmark is missing");
		return NULL;
	}
	d = ip->version == 4 ? trie_lookup4(&e->allowed, ip->dst) :
	    trie_lookup6(&e->allowed, ip->dst);
	if (d == NULL) {
		e->n.drop_out_no_device++;
		unreachable(e, p, ip->total);
		return NULL;
	}
	if (!d->has_endpoint) {
		e->n.drop_out_no_endpoint++;
		unreachable(e, p, ip->total);
		return NULL;
	}
	return d;
}

/* Whose is it, if all is well?  The rest is for route(). */
static struct device *
find_device(struct engine *e, const uint8_t *p, size_t len,
    struct ip_info *ip)
{
	struct device *d;

	if (!e->up || ip_parse(p, len, ip) == -1 ||
	    loopguard_hit(&e->guard, &e->index, p, ip))
		return NULL;
	d = ip->version == 4 ? trie_lookup4(&e->allowed, ip->dst) :
	    trie_lookup6(&e->allowed, ip->dst);
	return d != NULL && d->has_endpoint && STAILQ_EMPTY(&d->staged) ?
	    d : NULL;
}

/* Room in the ring for every packet; how many found some. */
static size_t
reserve(struct engine *e, struct device *d, struct seal_job *job, uint8_t ecn)
{
	size_t i, len, n = 0;

	for (i = 0; i < job->seg.count; i++) {
		len = segment_len(&job->seg, i);
		len += ip_padding(len, e->mtu) + TRANSPORT_OVERHEAD;
		job->to[i] = e->out.data(e->out.arg, d, ecn, len);
		if (job->to[i] == NULL) {
			e->n.drop_out_ring_full++;
			continue;
		}
		d->tx_bytes += len;
		n++;
	}
	return n;
}

bool
outbound_train(struct engine *e, struct seal_job *job, const uint8_t *first)
{
	struct keypair *kp;
	struct ip_info ip;
	struct device *d;
	size_t n;

	if (job->seg.count > SEAL_TRAIN_MAX || job->seg.max > SEAL_PACKET_MAX)
		return false;
	d = find_device(e, first, job->seg.max, &ip);
	if (d == NULL)
		return false;
	kp = device_sender(d)->current;
	if (!keypair_can_send(e, kp) ||
	    REPLAY_REJECT_AFTER - kp->send_counter < job->seg.count)
		return false;
	n = reserve(e, d, job, ecn_encap(ip.tos));
	job->mtu = e->mtu;
	job->key = kp->keys->send;
	job->index = kp->remote_index;
	/* Used up from here on, whatever becomes of the datagrams (P17). */
	job->counter = kp->send_counter;
	kp->send_counter += job->seg.count;
	if (n == 0)
		return true;
	e->n.out_sent += n;
	peer_any_sent(e, kp->remote);
	peer_data_sent(e, kp->remote);
	keep_key_fresh(e, kp->remote);
	return true;
}

void
outbound_packet(struct engine *e, uint8_t *p, size_t len)
{
	struct ip_info ip;
	struct remote *r;
	struct device *d;
	uint8_t ecn;

	if (!e->up) {
		e->n.drop_out_down++;
		return;
	}
	if (ip_parse(p, len, &ip) == -1) {
		e->n.drop_out_not_ip++;
		return;
	}
	d = route(e, p, &ip);
	if (d == NULL)
		return;
	ecn = ecn_encap(ip.tos);
	r = device_sender(d);
	if (STAILQ_EMPTY(&d->staged) && keypair_can_send(e, r->current)) {
		seal(e, d, r->current, p, ip.total, ecn);
		return;
	}
	stage(e, d, p, ip.total, ecn);
	outbound_flush(e, d);
}
