/* SPDX-License-Identifier: ISC */
/*
 * cryptod's records: datagrams to send, handshake messages that lack their
 * macs, and the word that a source was authentic.  Only what has the form of
 * a message is sent, and only to the endpoint of a device.
 */
#include <string.h>

#include "netd/netd.h"
#include "shared/bytes.h"

#define OUT_URGENT	32		/* records a turn (P46) */
#define OUT_BULK	64
#define OUT_MESSAGES	64		/* read ahead for an unknown device */
#define OUT_SEGMENTS	64		/* of a record; all kernels can */
#define OUT_BYTES	65507		/* of a record; UDP over IPv4 */

/*
 * A record may overtake the message that it depends on, for they travel by
 * different ways; but what was sent first is there to be read.
 */
static struct device *
known_device(struct netd *n, uint32_t id)
{
	struct device *d = device_find(&n->devices, id);

	if (d != NULL)
		return d;
	/* Messages may take devices away that are queued for sending. */
	sender_flush(n);
	link_read(&n->child.sibling[PROC_CRYPTOD], OUT_MESSAGES);
	return device_find(&n->devices, id);
}

static void
take_source(struct netd *n, struct device *d, const struct source *s)
{
	bool is_known = device_is_path(d, s);

	d->at = *s;
	if (!is_known)
		route_check(n, d);
}

/* An authentic packet came from there: that is where the device is (P27). */
static void
take_auth(struct netd *n, const struct ring_hdr *h)
{
	struct device *d = known_device(n, h->device);
	struct source s;

	n->count.auths++;
	if (d == NULL) {
		n->count.auth_stale++;
		return;
	}
	/* It may be from another life of ours, by way of a file. */
	if (source_decode(&s, h->from) == -1 || !source_is_sane(&s)) {
		n->count.auth_refused++;
		/* cryptod believes that there is one now. */
		has_tell(n, d);
		return;
	}
	/*
	 * From before the sources were last put in doubt, or from before a
	 * restart: our own address is what may have changed since.
	 */
	if (source_path(n->path_key, h->from, n->generation) != h->path)
		source_unpin(&s);
	device_leads(d, &s.remote);
	/* Where it came in is not where our answers would leave. */
	if (device_is_way(&d->refused, &s))
		source_unpin(&s);
	names_heard(&d->user);
	memset(&d->other, 0, sizeof(d->other));
	if (source_is_same_remote(&d->at, &s)) {
		take_source(n, d, &s);
		return;
	}
	n->count.roamed++;
	/* A path of 0 is a memory, and the file may know better since. */
	if (h->path == 0)
		d->other = d->at.remote;
	d->gso_limit = 0;
	d->told = false;
	d->error = 0;
	take_source(n, d, &s);
	event_roamed(n, d);
}

/* It did not answer there; if there is another place, that one has its turn. */
static void
turn_to_other(struct device *d)
{
	struct endpoint e = d->other;

	if (e.family == 0)
		return;
	d->other = d->at.remote;
	device_leads(d, &e);
	d->at.remote = e;
	d->gso_limit = 0;
	d->told = false;
	d->error = 0;
}

/* Else so many datagrams of it are dropped. */
static bool
has_place(struct netd *n, const struct device *d, unsigned nseg)
{
	if (d->at.remote.family == 0)
		n->count.drop_no_endpoint += nseg;
	return d->at.remote.family != 0;
}

static uint8_t
tos_of(const struct ring_hdr *h)
{
	return (uint8_t)(h->dscp << 2 | (h->ecn & 3));
}

static void
send_handshake(struct netd *n, const struct ring_rec *r, uint64_t now)
{
	struct cookie_maker *m;
	struct device *d;
	uint8_t msg[WG_INITIATION_LEN], slot;
	unsigned type = 0;

	/* Private before the macs are made over it; it is judged here, too. */
	if (r->hdr.len <= sizeof(msg)) {
		memcpy(msg, r->payload, r->hdr.len);
		type = message_form(msg, r->hdr.len);
	}
	if (type != WG_INITIATION && type != WG_RESPONSE) {
		n->count.drop_malformed++;
		return;
	}
	if ((d = known_device(n, r->hdr.device)) == NULL ||
	    (m = device_maker(d, &slot)) == NULL) {
		n->count.drop_no_device++;
		return;
	}
	if ((r->hdr.flags & RING_F_CLEAR_SOURCE) != 0) {
		source_unpin(&d->at);
		turn_to_other(d);
		names_silent(&n->names, &d->user, now);
	}
	if (!has_place(n, d, 1))
		return;
	if (cookie_maker_fill(m, msg, r->hdr.len, now) == -1) {
		n->count.drop_malformed++;
		return;
	}
	device_set_sender(&n->devices, d, slot, get_le32(msg + WG_SENDER));
	n->count.tx_handshakes++;
	sender_handshake(n, d, msg, r->hdr.len, tos_of(&r->hdr));
}

static bool
data_ok(const struct ring_rec *r)
{
	const struct ring_hdr *h = &r->hdr;
	unsigned i;

	if (h->nseg > OUT_SEGMENTS || h->len > OUT_BYTES ||
	    h->last_size < WG_TRANSPORT_MIN)
		return false;
	for (i = 0; i < h->nseg; i++)
		if (get_le32(r->payload + (size_t)i * h->seg_size) !=
		    WG_TRANSPORT)
			return false;
	return true;
}

static void
send_data(struct netd *n, const struct ring_rec *r)
{
	struct device *d;

	if (!data_ok(r)) {
		n->count.drop_malformed++;
		return;
	}
	if ((d = known_device(n, r->hdr.device)) == NULL) {
		n->count.drop_no_device += r->hdr.nseg;
		return;
	}
	if (!has_place(n, d, r->hdr.nseg))
		return;
	n->count.tx_records++;
	sender_data(n, d, r->payload, r->hdr.len, r->hdr.nseg,
	    r->hdr.seg_size, tos_of(&r->hdr));
}

static void
take_record(struct netd *n, const struct ring_rec *r, uint64_t now)
{
	switch (r->hdr.kind) {
	case RING_DATA:
		send_data(n, r);
		break;
	case RING_HANDSHAKE:
		send_handshake(n, r, now);
		break;
	case RING_CONTROL:
		take_auth(n, &r->hdr);
		break;
	default:
		n->count.drop_malformed++;
	}
}

/* At most max records of a lane; how many there were. */
static int
drain(struct netd *n, enum ring_lane lane, int max, uint64_t now)
{
	struct ring_rec r;
	int i, got;

	for (i = 0; i < max; i++) {
		got = ring_next(&n->ring, lane, &r);
		if (got == 0)
			break;
		if (got == -1) {
			n->broken = true;
			link_fault(&n->child.sibling[PROC_CRYPTOD], MSG_RING,
			    MSG_CONTENT);
			break;
		}
		take_record(n, &r, now);
		ring_done(&n->ring, lane);
	}
	return i;
}

bool
outbound_turn(struct netd *n, uint64_t now)
{
	int records;

	if (!n->has_ring || n->broken)
		return false;
	/*
	 * The parent sends the sockets before cryptod hears of the link: one
	 * by one, and then their state.
	 */
	if ((n->sockets_come || (n->sock[UDP_V4].fd == -1 &&
	    n->sock[UDP_V6].fd == -1)) && ring_is_ready(&n->ring))
		link_read(&n->child.parent, OUT_MESSAGES);
	records = drain(n, RING_URGENT, OUT_URGENT, now);
	if (!n->broken)
		records += drain(n, RING_BULK, OUT_BULK, now);
	/* Records may be overwritten once acknowledged: send them first. */
	sender_flush(n);
	ring_acknowledge(&n->ring);
	return records > 0;
}
