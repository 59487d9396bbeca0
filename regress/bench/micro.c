/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the packet path cost, one by one, on one core: the lookup
 * of an address, splitting and merging of large packets, and the answer to a
 * handshake; the ring is in rings.c.  Medians of rounds.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "cryptod/aead.h"
#include "cryptod/handshake.h"
#include "cryptod/merge.h"
#include "cryptod/segment.h"
#include "cryptod/trie.h"
#include "fakeclock.h"
#include "hosts.h"
#include "packets.h"
#include "shared/bytes.h"

/* One line; bytes is what a unit of work moves, 0: nothing. */
static void
print(const char *what, struct bench_sample *s, size_t bytes)
{
	double ns = bench_median(s->ns, BENCH_ROUNDS);
	double ticks = bench_median(s->ticks, BENCH_ROUNDS);

	printf("%-34s %7zu %10.1f %10.2f %12.0f\n", what, bytes, ns,
	    bytes > 0 ? ticks / (double)bytes : ticks, 1e9 / ns);
}

/* Runs fn, which does n units, in rounds. */
static void
measure(const char *what, size_t bytes, double n, void (*fn)(void *),
    void *arg)
{
	struct bench_sample s;
	struct bench_mark m;
	int i;

	memset(&s, 0, sizeof(s));
	fn(arg);
	for (i = 0; i < BENCH_ROUNDS; i++) {
		bench_begin(&m);
		fn(arg);
		bench_end(&m, &s, i, n);
	}
	print(what, &s, bytes);
}

/* --- the trie */

#define LOOKUPS	100000

struct trie_work {
	struct trie	 t;
	uint8_t		 addr[LOOKUPS][16];
	size_t		 found;
};

static void
trie_run4(void *arg)
{
	struct trie_work *w = arg;
	size_t i;

	for (i = 0; i < LOOKUPS; i++)
		w->found += trie_lookup4(&w->t, w->addr[i]) != NULL;
}

static void
trie_run6(void *arg)
{
	struct trie_work *w = arg;
	size_t i;

	for (i = 0; i < LOOKUPS; i++)
		w->found += trie_lookup6(&w->t, w->addr[i]) != NULL;
}

/* The address of the i-th host: one of a row, in the last four bytes. */
static void
host_address(uint8_t a[16], size_t len, uint32_t i)
{
	memset(a, 0, 16);
	a[0] = 0xfd;
	put_be32(a + len - 4, 0x0a000000 + i);
}

/* Hosts in a row, as they are where addresses are given one by one. */
static void
bench_row(struct trie_work *w, size_t len, uint32_t size)
{
	int family = len == 4 ? AF_INET : AF_INET6;
	char what[64];
	uint8_t a[16];
	uint32_t i;
	void *old;

	trie_init(&w->t);
	for (i = 0; i < size; i++) {
		host_address(a, len, i);
		if (trie_insert(&w->t, family, a, (unsigned)len * 8, w,
		    &old) == NULL)
			err(1, "trie");
	}
	for (i = 0; i < LOOKUPS; i++)
		host_address(w->addr[i], len, randombytes_uniform(size));
	snprintf(what, sizeof(what), "trie: IPv%c, %u hosts in a row",
	    len == 4 ? '4' : '6', size);
	measure(what, 0, LOOKUPS, len == 4 ? trie_run4 : trie_run6, w);
	trie_clear(&w->t);
}

/*
 * Random prefixes of random sizes; half of the addresses looked up are in
 * one of them, the others anywhere.
 */
static void
bench_random(struct trie_work *w, size_t len, uint32_t size)
{
	int family = len == 4 ? AF_INET : AF_INET6;
	unsigned bits = (unsigned)len * 8, least = len == 4 ? 8 : 16;
	char what[64];
	uint8_t a[16];
	uint32_t i;
	void *old;

	trie_init(&w->t);
	randombytes_buf(w->addr, sizeof(w->addr));
	for (i = 0; i < size; i++) {
		randombytes_buf(a, sizeof(a));
		if (trie_insert(&w->t, family, a, least +
		    randombytes_uniform(bits - least + 1), w, &old) == NULL)
			err(1, "trie");
		if (i % 2 == 0)
			memcpy(w->addr[i % LOOKUPS], a, sizeof(a));
	}
	snprintf(what, sizeof(what), "trie: IPv%c, %u of random size",
	    len == 4 ? '4' : '6', size);
	measure(what, 0, LOOKUPS, len == 4 ? trie_run4 : trie_run6, w);
	trie_clear(&w->t);
}

static void
bench_trie(void)
{
	static const uint32_t sizes[] = { 1, 100, 10000, 100000 };
	static const size_t lens[] = { 4, 16 };
	static struct trie_work w;
	size_t i, k;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
			bench_row(&w, lens[i], sizes[k]);
		bench_random(&w, lens[i], LOOKUPS);
	}
	if (w.found == 0)
		errx(1, "the trie finds nothing");
}

/* --- splitting and merging */

#define TIMES	20

struct cut_work {
	struct virtio_net_hdr	 h;
	uint8_t			 big[PACKET_MAX], copy[PACKET_MAX];
	size_t			 len;
	uint8_t			 piece[64][2048];
	size_t			 piece_len[64];
	size_t			 n;
	struct merge		 m;
	size_t			 merged;
};

static void
cut_run(void *arg)
{
	struct cut_work *w = arg;
	struct segment s;
	int i;

	for (i = 0; i < TIMES; i++) {
		memcpy(w->copy, w->big, w->len);
		if (segment_begin(&s, &w->h, w->copy, w->len) == -1)
			errx(1, "segment");
		for (w->n = 0; segment_next(&s, w->piece[w->n],
		    sizeof(w->piece[0]), &w->piece_len[w->n]) == 1; w->n++)
			;
	}
}

static void
on_merged(void *arg, const struct virtio_net_hdr *h, const uint8_t *p,
    size_t len)
{
	struct cut_work *w = arg;

	(void)h;
	(void)p;
	w->merged += len;
}

static void
merge_run(void *arg)
{
	struct cut_work *w = arg;
	size_t i;
	int k;

	for (k = 0; k < TIMES; k++) {
		for (i = 0; i < w->n; i++)
			merge_add(&w->m, w->piece[i], w->piece_len[i]);
		merge_flush(&w->m);
	}
}

static void
bench_cut(uint8_t proto)
{
	static struct cut_work w;
	struct packet p;
	size_t start;

	packet_init(&p, 4, proto);
	p.payload = 44 * 1368;
	w.len = packet_build(&p, w.big);
	start = packet_start(&p);
	memset(&w.h, 0, sizeof(w.h));
	w.h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	w.h.gso_type = proto == 6 ? VIRTIO_NET_HDR_GSO_TCPV4 :
	    VIRTIO_NET_HDR_GSO_UDP_L4;
	w.h.gso_size = 1368;
	w.h.hdr_len = (uint16_t)packet_hdr_len(&p);
	w.h.csum_start = (uint16_t)start;
	w.h.csum_offset = proto == 6 ? 16 : 6;
	put_be16(w.big + start + w.h.csum_offset,
	    naive_pseudo(w.big, w.len, proto));
	measure(proto == 6 ? "split: TCP, 44 segments" :
	    "split: UDP, 44 datagrams", w.len, TIMES, cut_run, &w);
	merge_init(&w.m, MERGE_TCP4 | MERGE_UDP4, on_merged, &w);
	measure(proto == 6 ? "merge: TCP, 44 segments" :
	    "merge: UDP, 44 datagrams", w.len, TIMES, merge_run, &w);
	if (w.n != 44 || w.merged == 0)
		errx(1, "nothing was split or merged");
}

/* --- handshakes: an initiation to its response, all keys made */

static void
forget(struct wire *w, uint8_t *msg, size_t *len)
{
	struct datagram *dg = TAILQ_LAST(w, wire);

	*len = 0;
	if (dg != NULL && dg->len <= 256) {
		memcpy(msg, dg->data, dg->len);
		*len = dg->len;
	}
	wire_clear(w);
}

static void
bench_handshake(void)
{
	static struct host a, b;
	struct bench_sample s;
	struct bench_mark m;
	uint8_t msg[256];
	size_t len;
	int i, k;

	memset(&s, 0, sizeof(s));
	hosts_start(&a, &b);
	for (i = 0; i < BENCH_ROUNDS; i++)
		for (k = 0; k < 16; k++) {
			fakeclock_advance(10 * SEC);
			engine_tick(&a.e);
			engine_tick(&b.e);
			wire_clear(&a.out);
			handshake_initiate(&a.e, device_sender(a.d),
			    false, 0);
			forget(&a.out, msg, &len);
			bench_begin(&m);
			host_receive(&b, msg, len, 1);
			bench_end(&m, &s, i, 16);
			forget(&b.out, msg, &len);
			if (len == 0)
				errx(1, "a handshake was not answered");
		}
	print("handshake: initiation answered", &s, 0);
	hosts_stop(&a, &b);
}

int
main(void)
{
	if (sodium_init() == -1 || aead_init() == -1)
		return 1;
	printf("# median of %d rounds, one core; ticks of the TSC are those "
	    "of a byte, or\n# of the whole where no bytes are moved\n",
	    BENCH_ROUNDS);
	printf("%-34s %7s %10s %10s %12s\n", "what", "bytes", "ns", "ticks",
	    "a second");
	bench_trie();
	bench_cut(6);
	bench_cut(17);
	bench_handshake();
	return 0;
}
