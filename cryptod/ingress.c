/* SPDX-License-Identifier: ISC */
/*
 * Reading records: see ingress.h.
 */
#include <string.h>

#include "cryptod/handshake.h"
#include "cryptod/inbound.h"
#include "cryptod/ingress.h"
#include "shared/clock.h"

void
ingress_init(struct ingress *in, struct ring *ring, struct engine *e)
{
	in->ring = ring;
	in->engine = e;
	in->window = e->now;
	in->spent = 0;
	in->busy = in->broken = false;
}

bool
ingress_is_busy(const struct ingress *in)
{
	return in->busy;
}

static void
origin_of(struct origin *o, const struct ring_hdr *h)
{
	o->path = h->path;
	o->ecn = h->ecn;
	o->local_key = h->local_key;
	o->from = h->from;
}

/*
 * A datagram flood of handshakes must leave time for data (P16): their share
 * of each window is measured, and netd told when it is used up.
 */
static void
account(struct ingress *in, uint64_t began)
{
	uint64_t now = clock_boottime();

	in->spent += now - began;
	if (in->spent <= INGRESS_SHARE || in->busy)
		return;
	in->busy = true;
	in->engine->n.hs_busy++;
	ring_set_busy(in->ring, true);
}

static void
begin_window(struct ingress *in)
{
	if (in->engine->now - in->window < INGRESS_WINDOW)
		return;
	in->window = in->engine->now;
	in->spent = 0;
	if (in->busy)
		ring_set_busy(in->ring, false);
	in->busy = false;
}

static int
serve_handshake(struct ingress *in, const struct ring_rec *rec)
{
	const struct ring_hdr *h = &rec->hdr;
	struct origin from;
	uint64_t began;

	if (h->kind != RING_HANDSHAKE || h->nseg != 1 ||
	    (h->len != NOISE_INITIATION_LEN && h->len != NOISE_RESPONSE_LEN) ||
	    h->local_key >= ENGINE_LOCAL_KEYS || h->ecn > 3 || h->path == 0)
		return -1;
	memcpy(in->buf, rec->payload, h->len);
	origin_of(&from, h);
	began = clock_boottime();
	handshake_receive(in->engine, in->buf, h->len, &from);
	account(in, began);
	return 0;
}

static int
serve_data(struct ingress *in, const struct ring_rec *rec)
{
	const struct ring_hdr *h = &rec->hdr;
	struct origin from;
	size_t off, len;
	unsigned i;

	if (h->kind != RING_DATA || h->nseg > 1024 || h->ecn > 3 ||
	    h->path == 0)
		return -1;
	/*
	 * The copy comes before the tag check: whoever can still write where
	 * a tag is computed chooses what it is computed over.
	 */
	memcpy(in->buf, rec->payload, h->len);
	origin_of(&from, h);
	in->packets += h->nseg;
	for (i = 0, off = 0; i < h->nseg; i++, off += len) {
		len = i + 1U < h->nseg ? h->seg_size : h->last_size;
		inbound_packet(in->engine, in->buf + off, len, &from);
	}
	return 0;
}

static int
serve_lane(struct ingress *in, enum ring_lane lane, int max,
    int (*serve)(struct ingress *, const struct ring_rec *))
{
	struct ring_rec rec;
	int got, n;

	for (n = 0; n < max; n++) {
		if (lane == RING_URGENT ? in->busy :
		    in->packets >= INGRESS_PACKETS)
			break;
		got = ring_next(in->ring, lane, &rec);
		if (got == 0)
			break;
		if (got == -1 || serve(in, &rec) == -1)
			return -1;
		ring_done(in->ring, lane);
	}
	return n;
}

enum ingress_result
ingress_serve(struct ingress *in)
{
	int urgent, bulk;

	if (in->broken)
		return INGRESS_IDLE;
	begin_window(in);
	in->packets = 0;
	urgent = serve_lane(in, RING_URGENT, INGRESS_URGENT, serve_handshake);
	bulk = urgent == -1 ? -1 :
	    serve_lane(in, RING_BULK, INGRESS_BULK, serve_data);
	if (bulk == -1) {
		in->broken = true;
		return INGRESS_FAULT;
	}
	ring_acknowledge(in->ring);
	return urgent + bulk > 0 ? INGRESS_WORK : INGRESS_IDLE;
}
