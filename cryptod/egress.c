/* SPDX-License-Identifier: ISC */
/*
 * Writing records: see egress.h.  Consecutive datagrams of one device, one
 * ECN mark and one size share a record; a shorter one ends it.
 */
#include <string.h>

#include "cryptod/egress.h"
#include "cryptod/outbound.h"

_Static_assert(ENGINE_FROM == RING_FROM_SIZE, "netd's note fits");

void
egress_init(struct egress *g, struct ring *ring)
{
	memset(g, 0, sizeof(*g));
	g->ring = ring;
}

/* Only one record is open at a time, whatever the lane. */
static void
egress_close(struct egress *g)
{
	if (g->open == NULL)
		return;
	g->open->kind = RING_DATA;
	g->open->device = g->device;
	g->open->ecn = g->ecn;
	g->open->nseg = g->nseg;
	g->open->seg_size = g->seg_size;
	g->open->last_size = g->last_size;
	ring_commit(g->ring, g->used);
	g->open = NULL;
}

/*
 * A small packet ends a train of large ones; when the ring fills, it goes
 * apart, for trains are what is dropped then.
 */
static bool
egress_is_apart(const struct egress *g, size_t len)
{
	return len <= RING_SMALL && g->seg_size > RING_SMALL &&
	    ring_is_short(g->ring, g->ring->own_size[RING_BULK] / 2);
}

static bool
egress_fits(const struct egress *g, const struct device *d, uint8_t ecn,
    size_t len)
{
	return g->device == d->id && g->ecn == ecn &&
	    g->nseg < EGRESS_SEGMENTS && g->last_size == g->seg_size &&
	    len <= g->seg_size && g->used + len <= g->cap &&
	    !egress_is_apart(g, len);
}

static int
egress_open(struct egress *g, const struct device *d, uint8_t ecn, size_t len)
{
	/* Room for a whole train, or for a small one alone. */
	g->cap = DATAGRAM_MAX;
	if (ring_is_short(g->ring, g->cap)) {
		if (len > RING_SMALL) {
			g->ring->counts.full[RING_BULK]++;
			return -1;
		}
		g->cap = len;
	}
	g->open = ring_open(g->ring, RING_BULK, g->cap);
	if (g->open == NULL)
		return -1;
	g->device = d->id;
	g->ecn = ecn;
	g->used = 0;
	g->nseg = 0;
	g->seg_size = (uint16_t)len;
	g->last_size = (uint16_t)len;
	return 0;
}

uint8_t *
egress_data(struct egress *g, const struct device *d, uint8_t ecn, size_t len)
{
	uint8_t *p;

	if (len > DATAGRAM_MAX)
		return NULL;
	if (g->open != NULL && !egress_fits(g, d, ecn, len))
		egress_close(g);
	if (g->open == NULL && egress_open(g, d, ecn, len) == -1)
		return NULL;
	p = ring_payload(g->open) + g->used;
	g->used += len;
	g->nseg++;
	g->last_size = (uint16_t)len;
	return p;
}

int
egress_handshake(struct egress *g, const struct device *d, uint8_t flags,
    const uint8_t *msg, size_t len)
{
	struct ring_hdr *h;

	egress_close(g);
	h = ring_open(g->ring, RING_URGENT, len);
	if (h == NULL)
		return -1;
	h->kind = RING_HANDSHAKE;
	h->flags = flags;
	h->device = d->id;
	h->nseg = 1;
	h->seg_size = h->last_size = (uint16_t)len;
	memcpy(ring_payload(h), msg, len);
	ring_commit(g->ring, len);
	return 0;
}

int
egress_auth(struct egress *g, const struct device *d,
    const struct origin *from, bool urgent)
{
	struct ring_hdr *h;

	/*
	 * A peer makes as many as it sends packets, if its address changes
	 * each time: the other half of the lane is for handshakes and for
	 * what belongs to them.
	 */
	if (!urgent && ring_unread(g->ring, RING_URGENT) >=
	    g->ring->own_size[RING_URGENT] / 2)
		return -1;
	egress_close(g);
	h = ring_open(g->ring, RING_URGENT, 0);
	if (h == NULL)
		return -1;
	h->kind = RING_CONTROL;
	h->device = d->id;
	h->path = from->path;
	memcpy(h->from, from->from, sizeof(h->from));
	ring_commit(g->ring, 0);
	return 0;
}

void
egress_publish(struct egress *g)
{
	egress_close(g);
	ring_publish(g->ring);
}
