/* SPDX-License-Identifier: ISC */
/*
 * What the ring between two processes costs: records in and copied out, by
 * one thread that is both ends, and by two on CPUs of their own; and beside
 * it the two copies alone, through memory of the ring's size.
 */
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "shared/ring.h"

#define RECORDS		2000
#define BATCH		8		/* published at once */

struct work {
	size_t	 len;
	uint8_t	 in[RING_PAYLOAD_MAX], out[RING_PAYLOAD_MAX];
};

static struct ring	ring_a, ring_b;
static uint8_t		memory[RING_BULK_OUT];
static struct work	work;
static _Atomic int	due;		/* rounds that the other may take */
static _Atomic int	taken;

/* Takes what there is; how many. */
static int
take(struct work *w)
{
	struct ring_rec rec;
	int n = 0;

	while (ring_next(&ring_b, RING_BULK, &rec) == 1) {
		memcpy(w->out, rec.payload, rec.hdr.len);
		ring_done(&ring_b, RING_BULK);
		if (++n % BATCH == 0)
			ring_acknowledge(&ring_b);
	}
	if (n > 0)
		ring_acknowledge(&ring_b);
	return n;
}

/* False: there is no room. */
static bool
put(const struct work *w)
{
	struct ring_hdr *h = ring_open(&ring_a, RING_BULK, w->len);

	if (h == NULL)
		return false;
	h->kind = RING_DATA;
	h->nseg = 1;
	h->seg_size = h->last_size = (uint16_t)w->len;
	memcpy(ring_payload(h), w->in, w->len);
	ring_commit(&ring_a, w->len);
	return true;
}

static void
one_thread(struct work *w)
{
	int i;

	for (i = 0; i < RECORDS; i++) {
		if (!put(w))
			errx(1, "the ring is full");
		if (i % BATCH != BATCH - 1)
			continue;
		ring_publish(&ring_a);
		take(w);
	}
	ring_publish(&ring_a);
	take(w);
}

/* The same bytes into the memory and out of it again. */
static void
copies(struct work *w)
{
	size_t step = (w->len + RING_ALIGN - 1) / RING_ALIGN * RING_ALIGN;
	size_t at = 0;
	int i, k;

	for (i = 0; i < RECORDS; i += BATCH) {
		if (at + BATCH * step > sizeof(memory))
			at = 0;
		for (k = 0; k < BATCH; k++)
			memcpy(memory + at + (size_t)k * step, w->in, w->len);
		/* Neither copy may be left out. */
		__asm__ volatile("" : : "r"(memory) : "memory");
		for (k = 0; k < BATCH; k++)
			memcpy(w->out, memory + at + (size_t)k * step, w->len);
		__asm__ volatile("" : : "r"(w->out) : "memory");
		at += BATCH * step;
	}
}

/* --- two threads: they never sleep, each looks until there is something */

static void
spin(void)
{
#if defined(__x86_64__)
	__asm__ volatile("pause");
#endif
}

static bool
pin(int nth)
{
	cpu_set_t all, one;
	int cpu;

	if (sched_getaffinity(0, sizeof(all), &all) == -1)
		return false;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && nth-- == 0)
			break;
	CPU_ZERO(&one);
	if (cpu == CPU_SETSIZE)
		return false;
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) == 0;
}

static void *
consumer(void *arg)
{
	int round = 0, n;

	if (!pin(1))
		errx(1, "there is no second CPU");
	for (;;) {
		while (atomic_load(&due) == round)
			spin();
		if (atomic_load(&due) == -1)
			return arg;
		round++;
		for (n = 0; n < RECORDS; n += take(&work))
			spin();
		atomic_store(&taken, round);
	}
}

static void
two_threads(struct work *w)
{
	int i, full, round = atomic_load(&due) + 1;

	atomic_store(&due, round);
	for (i = 0; i < RECORDS; i++) {
		for (full = 0; !put(w); full++) {
			if (full == 0)
				ring_publish(&ring_a);
			spin();
		}
		if (i % BATCH == BATCH - 1)
			ring_publish(&ring_a);
	}
	ring_publish(&ring_a);
	while (atomic_load(&taken) != round)
		spin();
}

/* --- */

static void
measure(const char *what, void (*fn)(struct work *))
{
	static const size_t lens[] = { 96, 1452, 65340 };
	struct bench_sample s;
	struct bench_mark m;
	double ns;
	size_t k;
	int i;

	for (k = 0; k < sizeof(lens) / sizeof(lens[0]); k++) {
		work.len = lens[k];
		memset(&s, 0, sizeof(s));
		fn(&work);
		for (i = 0; i < BENCH_ROUNDS; i++) {
			bench_begin(&m);
			fn(&work);
			bench_end(&m, &s, i, RECORDS);
		}
		ns = bench_median(s.ns, BENCH_ROUNDS);
		printf("%-34s %7zu %10.1f %10.2f %12.0f\n", what, work.len, ns,
		    bench_median(s.ticks, BENCH_ROUNDS) / (double)work.len,
		    1e9 / ns);
	}
}

static void
make_rings(void)
{
	int fd_a, fd_b;

	fd_a = ring_create(&ring_a, RING_BULK_OUT, RING_URGENT_SLOTS);
	fd_b = ring_create(&ring_b, RING_BULK_OUT, RING_URGENT_SLOTS);
	if (fd_a == -1 || fd_b == -1 ||
	    ring_attach(&ring_a, fd_b, RING_BULK_OUT, RING_URGENT_SLOTS) ==
	    -1 || ring_attach(&ring_b, fd_a, RING_BULK_OUT,
	    RING_URGENT_SLOTS) == -1)
		err(1, "ring");
}

int
main(void)
{
	pthread_t thread;
	cpu_set_t set;

	make_rings();
	memset(work.in, 1, sizeof(work.in));
	measure("ring: one thread is both ends", one_thread);
	measure("ring: its two copies alone", copies);
	if (sched_getaffinity(0, sizeof(set), &set) == -1 ||
	    CPU_COUNT(&set) < 2) {
		printf("SKIP rings: two threads need two CPUs\n");
		return 0;
	}
	if (pthread_create(&thread, NULL, consumer, NULL) != 0 || !pin(0))
		errx(1, "thread");
	measure("ring: two threads, a CPU each", two_threads);
	atomic_store(&due, -1);
	return pthread_join(thread, NULL) != 0;
}
