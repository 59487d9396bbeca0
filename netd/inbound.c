/* SPDX-License-Identifier: ISC */
/*
 * What a datagram is good for.  Data goes as it is, whole trains at once, to
 * the bulk lane; handshake messages that pass the envelope go to the urgent
 * lane; cookie replies end here.  All else is dropped and counted.
 */
#include <string.h>

#include "netd/netd.h"
#include "shared/bytes.h"
#include "shared/clock.h"

#define INBOUND_SEGMENTS	64	/* of a record */

struct arrival {
	const struct source	*source;
	uint8_t			 from[RING_FROM_SIZE];
	uint32_t		 path;
	uint8_t			 ecn;
	uint64_t		 now;
};

static void
fill_header(struct ring_hdr *h, enum ring_kind kind, const struct arrival *a)
{
	h->kind = (uint8_t)kind;
	h->path = a->path;
	h->ecn = a->ecn;
	memcpy(h->from, a->from, sizeof(h->from));
}

/* A run of data datagrams: one record. */
static void
pass_data(struct netd *n, const struct arrival *a, const uint8_t *data,
    size_t len, unsigned nseg, size_t seg_size)
{
	struct ring_hdr *h;

	if (nseg == 0)
		return;
	if ((len > RING_SMALL && ring_is_short(&n->ring, len)) ||
	    (h = ring_open(&n->ring, RING_BULK, len)) == NULL) {
		n->count.drop_ring_full += nseg;
		return;
	}
	fill_header(h, RING_DATA, a);
	h->nseg = (uint16_t)nseg;
	h->seg_size = (uint16_t)(nseg == 1 ? len : seg_size);
	h->last_size = (uint16_t)(len - (nseg - 1) * seg_size);
	memcpy(ring_payload(h), data, len);
	ring_commit(&n->ring, len);
	n->count.rx_records++;
}

static void
pass_handshake(struct netd *n, const struct arrival *a, const uint8_t *msg,
    size_t len, uint8_t slot)
{
	uint64_t pos = n->ring.head[RING_URGENT];
	struct ring_hdr *h;

	/* The other half of the lane is not for handshakes. */
	if (ring_unread(&n->ring, RING_URGENT) >= RING_URGENT_SLOTS / 2) {
		n->count.drop_share++;
		return;
	}
	if ((h = ring_open(&n->ring, RING_URGENT, len)) == NULL) {
		n->count.drop_ring_full++;
		return;
	}
	fill_header(h, RING_HANDSHAKE, a);
	h->nseg = 1;
	h->seg_size = h->last_size = (uint16_t)len;
	h->local_key = slot;
	memcpy(ring_payload(h), msg, len);
	ring_commit(&n->ring, len);
	envelope_passed(&n->envelope, msg, len, pos, a->now);
	n->count.rx_handshakes++;
}

/* Somebody speaks to another key than ours: "warrenctl" says who. */
static void
note_badmac(struct netd *n, const struct arrival *a)
{
	struct timespec ts;

	if (!badmac_is_due(&n->badmac, a->now))
		return;
	clock_realtime(&ts);
	badmac_note(&n->badmac, &a->source->remote, (uint64_t)ts.tv_sec);
}

static void
take_handshake(struct netd *n, const struct arrival *a, const uint8_t *msg,
    size_t len)
{
	uint8_t slot, reply[COOKIE_REPLY_LEN];
	bool loaded = envelope_is_loaded(&n->envelope, &n->ring, a->now);

	if (loaded) {
		n->count.loaded++;
		event_loaded(n, a->now);
	}
	switch (envelope_check(&n->envelope, msg, len, &a->source->remote,
	    loaded, a->now, &slot, reply)) {
	case ENVELOPE_PASS:
		pass_handshake(n, a, msg, len, slot);
		break;
	case ENVELOPE_NO_MAC1:
		n->count.drop_mac1++;
		note_badmac(n, a);
		break;
	case ENVELOPE_DUPLICATE:
		n->count.drop_duplicate++;
		break;
	case ENVELOPE_COOKIE:
		sender_reply(n, a->source, reply, sizeof(reply));
		n->count.cookies_sent++;
		break;
	case ENVELOPE_LIMITED:
		n->count.drop_limited++;
		break;
	}
	if (loaded)
		netd_start_gc(n, a->now);
	event_useless(n, a->now);
}

/* A reply to the last handshake message of a device; it moves no endpoint. */
static void
take_cookie(struct netd *n, const struct arrival *a, const uint8_t *msg)
{
	struct device *d;

	d = device_by_sender(&n->devices, get_le32(msg + WG_RECEIVER(
	    WG_COOKIE_REPLY)));
	if (d == NULL || cookie_maker_consume(&d->maker[d->sender_slot], msg,
	    a->now) == -1)
		n->count.drop_cookie_bad++;
	else
		n->count.rx_cookies++;
}

/* The type of a message worth looking at, or 0 (counted). */
static unsigned
sort_out(struct netd *n, const uint8_t *msg, size_t len)
{
	unsigned type = message_form(msg, len);

	if (type == 0) {
		n->count.drop_form++;
		return 0;
	}
	if (type != WG_INITIATION && !index_page_has(&n->page,
	    get_le32(msg + WG_RECEIVER(type)))) {
		n->count.drop_index++;
		return 0;
	}
	return type;
}

/*
 * The datagrams of a train, one after the other: data that follows data
 * without a gap stays together.
 */
static void
walk(struct netd *n, const struct arrival *a, const uint8_t *data, size_t len,
    size_t seg_size)
{
	size_t off, size, start = 0;
	unsigned type, run = 0;

	for (off = 0; off < len; off += size) {
		size = len - off < seg_size ? len - off : seg_size;
		n->count.rx_datagrams++;
		type = sort_out(n, data + off, size);
		if (type == WG_TRANSPORT) {
			if (run == 0)
				start = off;
			if (++run < INBOUND_SEGMENTS)
				continue;
			pass_data(n, a, data + start, off + size - start, run,
			    seg_size);
			run = 0;
			continue;
		}
		pass_data(n, a, data + start, off - start, run, seg_size);
		run = 0;
		if (type == WG_COOKIE_REPLY)
			take_cookie(n, a, data + off);
		else if (type != 0)
			take_handshake(n, a, data + off, size);
	}
	pass_data(n, a, data + start, len - start, run, seg_size);
}

void
inbound(struct netd *n, const struct source *s, uint8_t ecn,
    const uint8_t *data, size_t len, size_t seg_size, uint64_t now)
{
	struct arrival a;

	if (!n->has_ring || n->broken) {
		n->count.drop_not_ready++;
		return;
	}
	if (len == 0) {
		n->count.rx_datagrams++;
		n->count.drop_form++;
		return;
	}
	if (seg_size == 0 || seg_size > len)
		seg_size = len;
	a.source = s;
	a.ecn = ecn;
	a.now = now;
	source_encode(s, a.from);
	a.path = source_path(n->path_key, a.from, n->generation);
	walk(n, &a, data, len, seg_size);
}
