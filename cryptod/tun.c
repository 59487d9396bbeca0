/* SPDX-License-Identifier: ISC */
/*
 * The TUN device: see tun.h.
 */
#include <sys/uio.h>

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/outbound.h"
#include "cryptod/segment.h"
#include "cryptod/tun.h"
#include "shared/clock.h"
#include "shared/msg_parent.h"

#define MERGE_TCP	(MERGE_TCP4 | MERGE_TCP6)
#define MERGE_UDP	(MERGE_UDP4 | MERGE_UDP6)

static void
tun_failed(struct tun *t)
{
	if (errno == EBADFD || errno == ENODEV)
		t->gone = true;
}

static int
put(struct tun *t, const struct virtio_net_hdr *h, const uint8_t *p,
    size_t len)
{
	struct iovec iov[2];

	iov[0].iov_base = (void *)(uintptr_t)h;
	iov[0].iov_len = sizeof(*h);
	iov[1].iov_base = (void *)(uintptr_t)p;
	iov[1].iov_len = len;
	return writev(t->fd[0], iov, 2) == -1 ? -1 : 0;
}

static void
count_write(struct tun *t, int result)
{
	struct counters *n = &t->engine->n;

	if (result == 0)
		n->tun_written++;
	else if (errno == EAGAIN || errno == ENOBUFS)
		n->drop_tun_write_full++;
	else
		n->drop_tun_write_failed++;
	if (result == -1)
		tun_failed(t);
}

static unsigned
kind_of(const struct virtio_net_hdr *h, const uint8_t *p)
{
	switch (h->gso_type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return MERGE_TCP4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return MERGE_TCP6;
	default:
		return p[0] >> 4 == 4 ? MERGE_UDP4 : MERGE_UDP6;
	}
}

/*
 * No more of this kind is made, until it is tried again: the one packet may
 * have been to blame, or what the device was just then.
 */
static void
refuse(struct tun *t, unsigned kind)
{
	t->engine->n.tun_merge_refused++;
	t->merge->what &= ~kind;
	t->refused |= kind;
	t->again = t->engine->now + TUN_MERGE_AGAIN * CLOCK_NSEC_PER_SEC;
	if ((t->told & kind) != 0)
		return;
	t->told |= kind;
	log_info("the kernel refuses merged %s packets of IPv%d; they go one "
	    "by one, and it is asked again each minute",
	    (kind & MERGE_TCP) != 0 ? "TCP" : "UDP",
	    (kind & (MERGE_TCP4 | MERGE_UDP4)) != 0 ? 4 : 6);
}

/* The kernel does not take this kind of merged packet: it gets the pieces. */
static void
put_pieces(struct tun *t, const struct virtio_net_hdr *h, const uint8_t *p,
    size_t len)
{
	static const struct virtio_net_hdr plain;
	struct segment s;
	size_t n;

	refuse(t, kind_of(h, p));
	/* It was made of what came in and is changed by nobody any more. */
	if (segment_begin(&s, h, (uint8_t *)(uintptr_t)p, len) == -1) {
		t->engine->n.drop_tun_write_failed++;
		return;
	}
	while (segment_next(&s, t->piece, sizeof(t->piece), &n) == 1)
		count_write(t, put(t, &plain, t->piece, n));
}

static void
put_merged(void *arg, const struct virtio_net_hdr *h, const uint8_t *p,
    size_t len)
{
	struct tun *t = arg;
	int r = put(t, h, p, len);

	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		if (r == -1 && errno == EINVAL) {
			put_pieces(t, h, p, len);
			return;
		}
		t->engine->n.tun_merged++;
	}
	count_write(t, r);
}

int
tun_init(struct tun *t, const int *fd, unsigned nqueues, struct engine *e,
    struct workers *workers)
{
	unsigned i;

	t->workers = workers;
	t->njobs = workers_alone(workers) ? 1 : workers->count * TUN_JOBS;
	t->next = 0;
	t->merge = calloc(1, sizeof(*t->merge));
	t->job = aligned_alloc(64, t->njobs * sizeof(*t->job));
	if (t->merge == NULL || t->job == NULL) {
		free(t->merge);
		free(t->job);
		t->merge = NULL;
		t->job = NULL;
		return -1;
	}
	for (i = 0; i < t->njobs; i++)
		atomic_init(&t->job[i].work.done, true);
	merge_init(t->merge, MERGE_TCP | MERGE_UDP, put_merged, t);
	memcpy(t->fd, fd, nqueues * sizeof(*fd));
	t->engine = e;
	t->gone = false;
	t->refused = t->told = 0;
	return 0;
}

void
tun_clear(struct tun *t)
{
	if (t->merge == NULL)
		return;
	workers_settle(t->workers);
	sodium_memzero(t->job, t->njobs * sizeof(*t->job));
	sodium_memzero(t->merge, sizeof(*t->merge));
	sodium_memzero(t->piece, sizeof(t->piece));
	free(t->job);
	free(t->merge);
	t->merge = NULL;
	t->job = NULL;
}

void
tun_without(struct tun *t, unsigned without)
{
	if ((without & OFFLOAD_TUN_TCP) != 0)
		t->merge->what &= ~(unsigned)MERGE_TCP;
	if ((without & OFFLOAD_TUN_UDP) != 0)
		t->merge->what &= ~(unsigned)MERGE_UDP;
}

void
tun_write(struct tun *t, const uint8_t *p, size_t len)
{
	merge_add(t->merge, p, len);
}

void
tun_flush(struct tun *t)
{
	merge_flush(t->merge);
	if (t->refused != 0 && t->engine->now >= t->again) {
		t->merge->what |= t->refused;
		t->refused = 0;
	}
}

/* A large packet: as a piece of work, or one packet after the other. */
static void
send_large(struct tun *t, struct seal_job *job)
{
	size_t n;

	t->engine->n.tun_segmented++;
	segment_make(&job->seg, 0, t->piece);
	if (outbound_train(t->engine, job, t->piece)) {
		job->work.run = seal_run;
		workers_put(t->workers, &job->work);
		t->next++;
		return;
	}
	while (segment_next(&job->seg, t->piece, TUN_PACKET_MAX, &n) == 1)
		outbound_packet(t->engine, t->piece, n);
}

/* What was read behind the header, as one packet or many. */
static void
send_read(struct tun *t, struct seal_job *job, size_t len)
{
	struct virtio_net_hdr h;

	memcpy(&h, job->buf + SEAL_HEADROOM - VNET_HDR_LEN, sizeof(h));
	if (segment_begin(&job->seg, &h, job->buf + SEAL_HEADROOM,
	    len) == -1) {
		t->engine->n.drop_tun_bad_header++;
		return;
	}
	if (job->seg.count == 1)
		outbound_packet(t->engine, job->seg.pkt, job->seg.len);
	else
		send_large(t, job);
}

bool
tun_read(struct tun *t, unsigned queue)
{
	struct seal_job *job;
	size_t bytes = 0;
	ssize_t n;
	int i;

	for (i = 0; i < TUN_BATCH && bytes < TUN_BATCH_BYTES; i++) {
		/* The oldest one: as a rule it is done. */
		job = &t->job[t->next % t->njobs];
		workers_wait(t->workers, &job->work);
		n = read(t->fd[queue], job->buf + SEAL_HEADROOM - VNET_HDR_LEN,
		    VNET_HDR_LEN + TUN_PACKET_MAX);
		if (n == -1) {
			tun_failed(t);
			return false;
		}
		t->engine->n.tun_read++;
		if (n <= VNET_HDR_LEN) {
			t->engine->n.drop_tun_bad_header++;
			continue;
		}
		bytes += (size_t)n;
		send_read(t, job, (size_t)n - VNET_HDR_LEN);
	}
	return true;
}
