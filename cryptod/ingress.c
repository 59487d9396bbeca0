/* SPDX-License-Identifier: ISC */
/*
 * Reading records: see ingress.h.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/handshake.h"
#include "cryptod/inbound.h"
#include "cryptod/ingress.h"
#include "shared/clock.h"

int
ingress_init(struct ingress *in, struct ring *ring, struct engine *e,
    struct workers *workers)
{
	memset(in, 0, sizeof(*in));
	in->ring = ring;
	in->engine = e;
	in->workers = workers;
	in->window = e->now;
	in->njobs = workers_alone(workers) ? 1 :
	    workers->count * INGRESS_JOBS;
	in->job = aligned_alloc(64, in->njobs * sizeof(*in->job));
	return in->job == NULL ? -1 : 0;
}

void
ingress_clear(struct ingress *in)
{
	if (in->job == NULL)
		return;
	workers_settle(in->workers);
	sodium_memzero(in->job, in->njobs * sizeof(*in->job));
	free(in->job);
	in->job = NULL;
	in->broken = true;
}

bool
ingress_is_ready(const struct ingress *in)
{
	return in->busy ? ring_has(in->ring, RING_BULK) :
	    ring_is_ready(in->ring);
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

static void
set_busy(struct ingress *in, bool busy)
{
	if (busy == in->busy)
		return;
	if (busy)
		in->engine->n.hs_busy++;
	in->busy = busy;
	ring_set_busy(in->ring, busy);
}

/* Was there any in either direction, just now? */
static bool
is_data(struct ingress *in)
{
	const struct engine *e = in->engine;

	if (ring_has(in->ring, RING_BULK) || e->n.tun_read != in->tun_read) {
		in->tun_read = e->n.tun_read;
		in->data = e->now;
	}
	return e->now - in->data < INGRESS_QUIET;
}

/*
 * A flood of handshakes must leave time for data (P16): their share of each
 * window is measured.  Once it is used up they wait, and netd is told; but if
 * there is no data to wait for, one a turn is served, however many come.
 */
static int
handshakes_now(struct ingress *in)
{
	bool data = is_data(in);

	if (in->engine->now - in->window >= INGRESS_WINDOW) {
		in->window = in->engine->now;
		in->spent = 0;
	}
	set_busy(in, in->spent > INGRESS_SHARE && data);
	if (in->busy)
		return 0;
	return in->spent > INGRESS_SHARE ? 1 : INGRESS_URGENT;
}

static int
serve_handshake(struct ingress *in, const struct ring_rec *rec)
{
	const struct ring_hdr *h = &rec->hdr;
	struct origin from;

	if (h->kind != RING_HANDSHAKE || h->nseg != 1 ||
	    (h->len != NOISE_INITIATION_LEN && h->len != NOISE_RESPONSE_LEN) ||
	    h->local_key >= ENGINE_LOCAL_KEYS || h->ecn > 3 || h->path == 0)
		return -1;
	memcpy(in->buf, rec->payload, h->len);
	origin_of(&from, h);
	handshake_receive(in->engine, in->buf, h->len, &from);
	return 0;
}

/* The datagrams of the oldest record under way, in order. */
static void
deliver_oldest(struct ingress *in)
{
	struct open_job *job = &in->job[in->first++ % in->njobs];
	const struct ring_hdr *h = &job->rec.hdr;
	struct origin from;
	size_t off, len;
	unsigned i;

	workers_wait(in->workers, &job->work);
	origin_of(&from, h);
	for (i = 0, off = 0; i < h->nseg; i++, off += len) {
		len = open_len(job, i);
		inbound_packet(in->engine, job->buf + off, len, &from,
		    job->opened[i]);
	}
}

/* A free job; with all under way the oldest becomes one. */
static struct open_job *
next_job(struct ingress *in)
{
	if (in->next - in->first == in->njobs)
		deliver_oldest(in);
	return &in->job[in->next % in->njobs];
}

static void
start_job(struct ingress *in, struct open_job *job)
{
	const struct ring_hdr *h = &job->rec.hdr;
	uint8_t hint[8];

	/* Whatever stands there, it only says which key to try. */
	memset(hint, 0, sizeof(hint));
	if (h->len >= sizeof(hint))
		memcpy(hint, job->rec.payload, sizeof(hint));
	inbound_guess(in->engine, job, hint);
	in->packets += h->nseg;
	in->next++;
	job->work.run = open_run;
	if (h->len < INGRESS_ALONE)
		workers_run(&job->work);
	else
		workers_put(in->workers, &job->work);
}

static int
serve_data(struct ingress *in)
{
	unsigned limit = INGRESS_PACKETS * in->workers->count;
	struct open_job *job;
	const struct ring_hdr *h;
	int got = 0, n;

	for (n = 0; n < INGRESS_BULK && in->packets < limit; n++) {
		job = next_job(in);
		h = &job->rec.hdr;
		got = ring_next(in->ring, RING_BULK, &job->rec);
		if (got == 1 && (h->kind != RING_DATA || h->ecn > 3 ||
		    h->nseg > OPEN_SEGMENTS || h->path == 0))
			got = -1;
		if (got != 1)
			break;
		start_job(in, job);
		ring_done(in->ring, RING_BULK);
	}
	while (in->first != in->next)
		deliver_oldest(in);
	in->first = in->next = 0;
	/* All is done; so that nothing waits for what is used again. */
	workers_settle(in->workers);
	return got == -1 ? -1 : n;
}

static int
serve_urgent(struct ingress *in)
{
	uint64_t began, took = 0;
	struct ring_rec rec;
	int got, n, max = handshakes_now(in);

	if (!ring_has(in->ring, RING_URGENT))
		return 0;
	began = clock_thread();
	for (n = 0; n < max && took < INGRESS_STRETCH; n++) {
		got = ring_next(in->ring, RING_URGENT, &rec);
		if (got == 0)
			break;
		if (got == -1 || serve_handshake(in, &rec) == -1)
			return -1;
		ring_done(in->ring, RING_URGENT);
		took = clock_thread() - began;
	}
	in->spent += took;
	return n;
}

enum ingress_result
ingress_serve(struct ingress *in)
{
	int urgent, bulk;

	if (in->broken)
		return INGRESS_IDLE;
	in->packets = 0;
	urgent = serve_urgent(in);
	bulk = urgent == -1 ? -1 : serve_data(in);
	if (bulk == -1) {
		in->broken = true;
		return INGRESS_FAULT;
	}
	ring_acknowledge(in->ring);
	return urgent + bulk > 0 ? INGRESS_WORK : INGRESS_IDLE;
}
