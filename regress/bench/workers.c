/* SPDX-License-Identifier: ISC */
/*
 * What more threads than one gain in cryptod: large packets cut and sealed,
 * records opened and merged, with the code of the packet path, and memory in
 * the place of the TUN device and of netd.  The rounds of all numbers of
 * threads take turns; medians.
 *
 * What the main thread does alone is measured, too (its pieces of work do
 * nothing then): it bounds what any number of threads can gain.  With s for
 * it and p for the rest, n threads take max(s, (s + p) / n); the column
 * "model" says so for numbers of CPUs that this host does not have.
 */
#include <err.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cryptod/aead.h"
#include "cryptod/merge.h"
#include "cryptod/open.h"
#include "cryptod/outbound.h"
#include "cryptod/replay.h"
#include "cryptod/seal.h"
#include "packets.h"
#include "shared/bytes.h"
#include "shared/vnet.h"

#define ROUNDS	21
#define BATCHES	200			/* large packets a round */
#define SEGS	44
#define SIZE	1368
/* With TCP's options; as long as the MTU, so there is no padding. */
#define SEALED	(SIZE + 40 + 12 + TRANSPORT_OVERHEAD)
#define RECORD	(SEGS * SEALED)
#define DEPTH	12			/* pieces under way */
#define SETTLE	8			/* and settled after so many */

static struct workers workers;
static struct seal_job *seal;
static struct open_job *opener;
static struct merge *merge;
static struct replay replay;
static struct virtio_net_hdr vnet;
static uint8_t big[PACKET_MAX], key[32];
static size_t big_len;
static uint8_t *records;		/* as netd's ring holds them */
static uint8_t *ring;
static uint64_t counter;
static size_t merged;

static void
nothing(struct work *work)
{
	(void)work;
}

/* The stand-in for read(): what the kernel would copy. */
static void
put_large(struct seal_job *job, uint8_t *to, void (*run)(struct work *))
{
	size_t i;

	workers_wait(&workers, &job->work);
	memcpy(job->buf + SEAL_HEADROOM, big, big_len);
	if (segment_begin(&job->seg, &vnet, job->buf + SEAL_HEADROOM,
	    big_len) == -1 || job->seg.count != SEGS)
		errx(1, "segment");
	for (i = 0; i < SEGS; i++)
		job->to[i] = to + i * SEALED;
	job->mtu = 1420;
	job->key = key;
	job->counter = counter;
	counter += SEGS;
	job->work.run = run;
	workers_put(&workers, &job->work);
}

static void
sealing(void (*run)(struct work *))
{
	unsigned i;

	for (i = 0; i < BATCHES; i++) {
		put_large(&seal[i % DEPTH], ring + i % 24 * RECORD, run);
		if (i % SETTLE == SETTLE - 1)
			workers_settle(&workers);
	}
	workers_settle(&workers);
}

static void
take(struct open_job *job, bool real)
{
	unsigned i;
	uint8_t *p;

	workers_wait(&workers, &job->work);
	for (i = 0; i < SEGS; i++) {
		p = job->buf + i * SEALED;
		if (real && (job->opened[i] != OPENED_GOOD ||
		    !replay_check_and_set(&replay, get_le64(p + 8))))
			errx(1, "a packet was not opened");
		p += TRANSPORT_HEADER;
		merge_add(merge, p, SEALED - TRANSPORT_OVERHEAD);
	}
	merge_flush(merge);
}

static void
opening(void (*run)(struct work *))
{
	unsigned i, first = 0;
	struct open_job *job;

	replay_init(&replay);
	for (i = 0; i < BATCHES; i++) {
		if (i - first == DEPTH)
			take(&opener[first++ % DEPTH], run != nothing);
		job = &opener[i % DEPTH];
		job->rec.hdr.nseg = SEGS;
		job->rec.hdr.seg_size = job->rec.hdr.last_size = SEALED;
		job->rec.hdr.len = RECORD;
		job->rec.payload = records + (size_t)i * RECORD;
		job->key = key;
		job->index = get_le32(job->rec.payload + 4);
		job->work.run = run;
		workers_put(&workers, &job->work);
	}
	while (first < i)
		take(&opener[first++ % DEPTH], run != nothing);
}

static void
on_merged(void *arg, const struct virtio_net_hdr *h, const uint8_t *p,
    size_t len)
{
	(void)arg;
	(void)h;
	/* The stand-in for write(). */
	memcpy(ring, p, len);
	merged += len;
}

static void *
pages(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) / 4096 * 4096);

	if (p == NULL)
		err(1, "memory");
	memset(p, 0, size);
	return p;
}

static void
prepare(void)
{
	struct packet k;
	unsigned i;

	seal = pages(DEPTH * sizeof(*seal));
	opener = pages(DEPTH * sizeof(*opener));
	merge = pages(sizeof(*merge));
	ring = pages(24 * RECORD);
	records = pages((size_t)BATCHES * RECORD);
	merge_init(merge, MERGE_TCP4, on_merged, NULL);
	randombytes_buf(key, sizeof(key));
	packet_init(&k, 4, 6);
	k.payload = SEGS * SIZE;
	big_len = packet_build(&k, big);
	vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vnet.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	vnet.gso_size = SIZE;
	vnet.csum_start = 20;
	vnet.csum_offset = 16;
	for (i = 0; i < DEPTH; i++) {
		atomic_init(&seal[i].work.done, true);
		atomic_init(&opener[i].work.done, true);
	}
	if (workers_start(&workers, 1, NULL, NULL) == -1)
		err(1, "workers");
	for (i = 0; i < BATCHES; i++)
		put_large(&seal[0], records + (size_t)i * RECORD, seal_run);
	workers_stop(&workers);
}

/* Nanoseconds a large packet, by n threads. */
static double
once(unsigned n, void (*path)(void (*)(struct work *)),
    void (*run)(struct work *))
{
	double t;

	if (workers_start(&workers, n, aead_thread_begin,
	    aead_thread_end) == -1)
		err(1, "workers");
	path(run);		/* caches; threads awake */
	t = bench_now();
	path(run);
	t = (bench_now() - t) / BATCHES;
	workers_stop(&workers);
	return t;
}

/* ns for a large packet, and how that compares with one thread's. */
static void
print(const char *what, const char *kind, unsigned n, double ns, double one)
{
	printf("%-5s %-10s %2u %-8s %8.1f us %8.0f MB/s", what,
	    strstr(aead_name(), "ipsec") != NULL ? "ipsec-mb" : "libsodium",
	    n, kind, ns / 1e3, (double)big_len * 1e3 / ns);
	if (one > 0)
		printf(" %6.2f x", one / ns);
	putchar('\n');
}

static void
bench(const char *what, void (*path)(void (*)(struct work *)),
    void (*run)(struct work *), unsigned cpus)
{
	static double t[WORKERS_MAX + 1][ROUNDS], serial[ROUNDS];
	static const unsigned more[] = { 2, 4, 8 };
	double one, s, now_n;
	unsigned n, i;

	for (i = 0; i < ROUNDS; i++) {
		for (n = 1; n <= cpus; n++)
			t[n][i] = once(n, path, run);
		serial[i] = once(1, path, nothing);
	}
	one = bench_median(t[1], ROUNDS);
	s = bench_median(serial, ROUNDS);
	for (n = 1; n <= cpus; n++) {
		now_n = n == 1 ? one : bench_median(t[n], ROUNDS);
		print(what, n == 1 ? "thread" : "threads", n, now_n, one);
	}
	print(what, "alone", 1, s, 0);
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		print(what, "model", more[i],
		    one / more[i] > s ? one / more[i] : s, one);
}

int
main(void)
{
	cpu_set_t set;
	unsigned cpus = 1;

	if (sodium_init() == -1 || aead_init() == -1)
		return 1;
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		cpus = (unsigned)CPU_COUNT(&set);
	if (cpus > WORKERS_MAX)
		cpus = WORKERS_MAX;
	prepare();
	printf("# a large packet of %zu bytes as %d datagrams, there and back; "
	    "median of %d\n# rounds of %d; memory for TUN and netd; %u CPUs\n",
	    big_len, SEGS, ROUNDS, BATCHES, cpus);
	bench("seal", sealing, seal_run, cpus);
	bench("open", opening, open_run, cpus);
	if (strstr(aead_name(), "ipsec") != NULL &&
	    aead_force("libsodium") == 0) {
		bench("seal", sealing, seal_run, cpus);
		bench("open", opening, open_run, cpus);
	}
	return merged == 0;
}
