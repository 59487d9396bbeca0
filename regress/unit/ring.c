/* SPDX-License-Identifier: ISC */
/*
 * The ring with both ends in one process: what goes in comes out in order,
 * a full one says so, nothing that the other side writes leads out of the
 * mapping or into an endless loop, and no wake-up is lost between threads.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/bytes.h"
#include "shared/ring.h"
#include "unit.h"

#define BULK	(256U * 1024)
#define SLOTS	8U

static struct ring	a, b;		/* a produces, b consumes */
static int		fd_a, fd_b, bell_a[2], bell_b[2];

static void
setup_sizes(uint32_t bulk, uint32_t slots)
{
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	fd_a = ring_create(&a, bulk, slots);
	fd_b = ring_create(&b, bulk, slots);
	ck_assert_int_ne(fd_a, -1);
	ck_assert_int_ne(fd_b, -1);
	ck_assert_int_eq(ring_attach(&a, fd_b, bulk, slots), 0);
	ck_assert_int_eq(ring_attach(&b, fd_a, bulk, slots), 0);
	ck_assert_int_eq(pipe2(bell_a, O_NONBLOCK), 0);
	ck_assert_int_eq(pipe2(bell_b, O_NONBLOCK), 0);
	ring_set_bell(&a, bell_b[1]);
	ring_set_bell(&b, bell_a[1]);
}

static void
setup(void)
{
	setup_sizes(BULK, SLOTS);
}

/* Bytes that tell the record and the place in it. */
static void
pattern(uint8_t *p, size_t len, uint32_t seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)(seed * 131 + i * 7 + (i >> 8));
}

static bool
pattern_ok(const uint8_t *p, size_t len, uint32_t seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != (uint8_t)(seed * 131 + i * 7 + (i >> 8)))
			return false;
	return true;
}

/* One segment of len bytes, device is its number; false when full. */
static bool
put(struct ring *r, enum ring_lane lane, size_t len, uint32_t number)
{
	struct ring_hdr *h = ring_open(r, lane, len);

	if (h == NULL)
		return false;
	h->kind = RING_DATA;
	h->device = number;
	h->nseg = 1;
	h->seg_size = h->last_size = (uint16_t)len;
	pattern(ring_payload(h), len, number);
	ring_commit(r, len);
	return true;
}

static void
expect(struct ring *r, enum ring_lane lane, size_t len, uint32_t number)
{
	struct ring_rec rec;

	ck_assert_int_eq(ring_next(r, lane, &rec), 1);
	ck_assert_uint_eq(rec.hdr.device, number);
	ck_assert_uint_eq(rec.hdr.len, len);
	ck_assert(pattern_ok(rec.payload, len, number));
	ring_done(r, lane);
}

static void
expect_nothing(struct ring *r)
{
	struct ring_rec rec;

	ck_assert_int_eq(ring_next(r, RING_BULK, &rec), 0);
	ck_assert_int_eq(ring_next(r, RING_URGENT, &rec), 0);
}

START_TEST(order)
{
	uint32_t i;

	expect_nothing(&b);
	for (i = 0; i < 5; i++) {
		ck_assert(put(&a, RING_BULK, 100 + i, i));
		ck_assert(put(&a, RING_URGENT, 148, 100 + i));
	}
	/* Nothing is seen before it is published. */
	expect_nothing(&b);
	ck_assert(!ring_is_ready(&b));
	ring_publish(&a);
	ck_assert(ring_is_ready(&b));
	ck_assert_uint_eq(ring_unread(&a, RING_URGENT), 5);
	for (i = 0; i < 5; i++)
		expect(&b, RING_URGENT, 148, 100 + i);
	for (i = 0; i < 5; i++)
		expect(&b, RING_BULK, 100 + i, i);
	expect_nothing(&b);
	ck_assert(!ring_is_read(&a, RING_URGENT, 0));
	ring_acknowledge(&b);
	ck_assert(ring_is_read(&a, RING_URGENT, 4));
	ck_assert(!ring_is_read(&a, RING_URGENT, 5));
	ck_assert_uint_eq(ring_unread(&a, RING_BULK), 0);
}
END_TEST

START_TEST(full)
{
	uint32_t i, n;

	for (n = 0; put(&a, RING_URGENT, 1, n); n++)
		;
	ck_assert_uint_eq(n, SLOTS);
	ck_assert_uint_eq(a.counts.full[RING_URGENT], 1);
	for (n = 0; put(&a, RING_BULK, 4000, n); n++)
		;
	ck_assert_uint_eq(n, BULK / 4096);
	ck_assert(ring_open(&a, RING_BULK, 0) == NULL);
	ring_publish(&a);
	for (i = 0; i < n; i++)
		expect(&b, RING_BULK, 4000, i);
	expect(&b, RING_URGENT, 1, 0);
	/* Read, but not yet said so: still full. */
	ck_assert(!put(&a, RING_BULK, 4000, 0));
	ring_acknowledge(&b);
	ck_assert(put(&a, RING_BULK, 4000, 0));
	ck_assert(put(&a, RING_URGENT, 1, 0));
	ck_assert(!put(&a, RING_URGENT, 1, 0));
	/* Larger than what a record may be. */
	ck_assert(ring_open(&a, RING_BULK, RING_PAYLOAD_MAX + 1) == NULL);
	ck_assert(ring_open(&a, RING_URGENT, RING_URGENT_PAYLOAD + 1) ==
	    NULL);
}
END_TEST

/* Bulk leaves the last of the room to what is small. */
START_TEST(crowded)
{
	struct ring_rec rec;
	uint32_t n;

	ck_assert(!ring_is_short(&a, 0));
	ck_assert(!ring_is_short(&a, BULK - BULK / 16));
	ck_assert(ring_is_short(&a, BULK - BULK / 16 + 1));
	for (n = 0; !ring_is_short(&a, 4096); n++)
		ck_assert(put(&a, RING_BULK, 4000, n));
	ck_assert_uint_eq(n, BULK / 4096 - BULK / 16 / 4096);
	for (n = 0; n < 64; n++)
		ck_assert(put(&a, RING_BULK, 100, n));
	ring_publish(&a);
	ck_assert_int_eq(ring_next(&b, RING_BULK, &rec), 1);
	ring_done(&b, RING_BULK);
	ck_assert(ring_is_short(&a, 4096));
	while (ring_next(&b, RING_BULK, &rec) == 1)
		ring_done(&b, RING_BULK);
	ring_acknowledge(&b);
	ck_assert(!ring_is_short(&a, 4096));
}
END_TEST

/* All sizes in a row, so that pads of all lengths come up. */
START_TEST(wrap)
{
	uint32_t i, sent = 0, seen = 0;
	size_t len[64];

	srandom(7);
	for (i = 0; i < 20000; i++) {
		len[sent % 64] = 1 + (size_t)random() %
		    (i % 10 == 0 ? 65535 : 1500);
		if (sent - seen < 64 &&
		    put(&a, RING_BULK, len[sent % 64], sent)) {
			sent++;
			ring_publish(&a);
			if (random() % 3 != 0)
				continue;
		}
		while (seen < sent) {
			expect(&b, RING_BULK, len[seen % 64], seen);
			seen++;
		}
		expect_nothing(&b);
		ring_acknowledge(&b);
	}
	ck_assert_uint_gt(sent, 10000);
	ck_assert_uint_gt(a.head[RING_BULK], 20ULL * BULK);
}
END_TEST

/* 64 bytes before the end there is no room for a header, only for a pad. */
START_TEST(shortest_pad)
{
	size_t left = BULK - 64;
	uint32_t n = 0;

	while (left > 0) {
		size_t take = left > 32768 ? 32768 : left;

		ck_assert(put(&a, RING_BULK, take - sizeof(struct ring_hdr),
		    n++));
		left -= take;
	}
	ring_publish(&a);
	for (n = 0; ring_is_ready(&b); n++)
		expect(&b, RING_BULK, a.head[RING_BULK] - b.tail[RING_BULK] >
		    32768 ? 32768 - 80 : a.head[RING_BULK] -
		    b.tail[RING_BULK] - 80, n);
	ring_acknowledge(&b);
	ck_assert(put(&a, RING_BULK, 10, 77));
	ck_assert_uint_eq(a.head[RING_BULK], BULK + 128);
	ring_publish(&a);
	expect(&b, RING_BULK, 10, 77);
	expect_nothing(&b);
}
END_TEST

/* A record may turn out shorter than it was opened for, or not come. */
START_TEST(shorter)
{
	struct ring_hdr *h;

	ck_assert(ring_open(&a, RING_BULK, 60000) != NULL);
	h = ring_open(&a, RING_BULK, 60000);
	ck_assert(h != NULL);
	h->kind = RING_DATA;
	h->device = 3;
	h->nseg = 1;
	h->seg_size = h->last_size = 20;
	pattern(ring_payload(h), 20, 3);
	ring_commit(&a, 20);
	ring_commit(&a, 20);
	ring_publish(&a);
	ck_assert_uint_eq(a.head[RING_BULK], 128);
	expect(&b, RING_BULK, 20, 3);
	expect_nothing(&b);
}
END_TEST

static int
read_hdr(enum ring_lane lane, uint8_t kind, uint32_t len, uint16_t nseg,
    uint16_t seg, uint16_t last)
{
	struct ring_hdr *h = ring_open(&a, lane, 1000);
	struct ring_rec rec;
	int got;

	ck_assert(h != NULL);
	h->kind = kind;
	h->nseg = nseg;
	h->seg_size = seg;
	h->last_size = last;
	ring_commit(&a, 1000);
	h->len = len;
	ring_publish(&a);
	got = ring_next(&b, lane, &rec);
	/* Begin anew. */
	a.head[lane] = b.tail[lane] = 0;
	atomic_store(&a.own->head[lane], 0);
	return got;
}

START_TEST(hostile_headers)
{
	int lane;

	for (lane = 0; lane < RING_LANES; lane++) {
		ck_assert_int_eq(read_hdr(lane, RING_DATA, 1000, 10, 100,
		    100), 1);
		ck_assert_int_eq(read_hdr(lane, RING_DATA, 910, 10, 100, 10),
		    1);
		ck_assert_int_eq(read_hdr(lane, RING_DATA, 1000, 10, 100, 99),
		    -1);
		ck_assert_int_eq(read_hdr(lane, RING_DATA, 1000, 1, 100, 1000),
		    -1);
		ck_assert_int_eq(read_hdr(lane, RING_DATA, 1000, 0, 0, 0),
		    -1);
		ck_assert_int_eq(read_hdr(lane, RING_DATA, 0, 1, 0, 0), -1);
		ck_assert_int_eq(read_hdr(lane, RING_DATA, UINT32_MAX, 65535,
		    65535, 65535), -1);
		ck_assert_int_eq(read_hdr(lane, RING_CONTROL, 0, 0, 0, 0), 1);
		ck_assert_int_eq(read_hdr(lane, RING_CONTROL, 4, 0, 0, 0),
		    -1);
		ck_assert_int_eq(read_hdr(lane, RING_PAD, 64, 0, 0, 0), -1);
		ck_assert_int_eq(read_hdr(lane, RING_PAD, 0, 0, 0, 0), -1);
	}
	/* Longer than what is there, and than a slot. */
	ck_assert_int_eq(read_hdr(RING_BULK, RING_DATA, 2000, 1, 2000, 2000),
	    -1);
	ck_assert_int_eq(read_hdr(RING_URGENT, RING_DATA, 1969, 1, 1969,
	    1969), -1);
	ck_assert_int_eq(read_hdr(RING_URGENT, RING_DATA, 1968, 1, 1968,
	    1968), 1);
}
END_TEST

START_TEST(hostile_indices)
{
	static const uint64_t bulk[] = { 1, 63, 65, BULK + 64, UINT64_MAX,
	    1ULL << 63 };
	struct ring_rec rec;
	size_t i;

	put(&a, RING_BULK, 10, 1);
	put(&a, RING_URGENT, 10, 1);
	for (i = 0; i < sizeof(bulk) / sizeof(bulk[0]); i++) {
		b.tail[RING_BULK] = 0;
		atomic_store(&a.own->head[RING_BULK], bulk[i]);
		/* 65 bytes hold no record of 128. */
		ck_assert_int_eq(ring_next(&b, RING_BULK, &rec), -1);
	}
	atomic_store(&a.own->head[RING_URGENT], SLOTS + 1);
	ck_assert_int_eq(ring_next(&b, RING_URGENT, &rec), -1);
	/* Back: what was read cannot become unread. */
	b.tail[RING_URGENT] = 5;
	atomic_store(&a.own->head[RING_URGENT], 4);
	ck_assert_int_eq(ring_next(&b, RING_URGENT, &rec), -1);
	/* A consumer that lies about its position makes the ring full. */
	atomic_store(&b.own->tail[RING_BULK], UINT64_MAX);
	ck_assert(ring_open(&a, RING_BULK, 10) == NULL);
	atomic_store(&b.own->tail[RING_URGENT], 99);
	ck_assert(ring_open(&a, RING_URGENT, 10) == NULL);
	ck_assert_uint_eq(ring_unread(&a, RING_URGENT), SLOTS);
}
END_TEST

/* Every pad leads to another pad: the reader must give up. */
START_TEST(hostile_pads)
{
	struct ring_rec rec;
	struct ring_hdr *h;
	uint32_t off;

	for (off = 0; off < BULK; off += 64) {
		h = (struct ring_hdr *)(void *)(a.own_lane[RING_BULK] + off);
		h->kind = RING_PAD;
		h->len = BULK - off;
	}
	atomic_store(&a.own->head[RING_BULK], BULK);
	ck_assert_int_eq(ring_next(&b, RING_BULK, &rec), 0);
	b.tail[RING_BULK] = BULK - 64;
	atomic_store(&a.own->head[RING_BULK], 2 * BULK - 64);
	ck_assert_int_eq(ring_next(&b, RING_BULK, &rec), -1);
}
END_TEST

/*
 * Random bytes over all of the other side's memory.  The lanes lie between
 * pages of other mappings only by luck, so each record is checked by hand.
 */
START_TEST(hostile_random)
{
	uint8_t *page = (uint8_t *)a.own;
	size_t total = 4096 + BULK + SLOTS * RING_SLOT, i;
	struct ring_rec rec;
	volatile uint8_t sum = 0;
	int turn, lane, steps, got;

	srandom(42);
	for (turn = 0; turn < 3000; turn++) {
		for (i = 0; i < 4096; i++)
			page[4096 + (size_t)random() % (total - 4096)] =
			    (uint8_t)(random() & (turn & 1 ? 0xff : 3));
		for (lane = 0; lane < RING_LANES; lane++) {
			b.tail[lane] = (uint64_t)random() %
			    (lane == RING_BULK ? BULK / 64 : SLOTS) *
			    (lane == RING_BULK ? 64 : 1);
			atomic_store(&a.own->head[lane], b.tail[lane] +
			    (uint64_t)random() % (lane == RING_BULK ?
			    BULK : SLOTS) / 64 * 64);
			for (steps = 0; steps < 10000; steps++) {
				got = ring_next(&b, lane, &rec);
				if (got != 1)
					break;
				ck_assert(rec.payload >=
				    b.peer_lane[lane] + 80);
				ck_assert(rec.payload + rec.hdr.len <=
				    b.peer_lane[lane] + (lane == RING_BULK ?
				    BULK : SLOTS * RING_SLOT));
				for (i = 0; i < rec.hdr.len; i++)
					sum = (uint8_t)(sum + rec.payload[i]);
				ring_done(&b, lane);
			}
			ck_assert_int_lt(steps, 10000);
		}
	}
}
END_TEST

START_TEST(refused)
{
	const int most = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
	size_t size = 4096 + BULK + SLOTS * RING_SLOT;
	struct ring r;
	int fd;

	memset(&r, 0, sizeof(r));
	ck_assert_int_eq(ring_create(&r, BULK + 1, SLOTS), -1);
	ck_assert_int_eq(ring_create(&r, BULK / 2, SLOTS), -1);
	ck_assert_int_eq(ring_create(&r, BULK, 7), -1);
	ck_assert_int_eq(ring_create(&r, 1U << 31, SLOTS), -1);
	ck_assert_int_eq(ring_attach(&r, fd_a, BULK * 2, SLOTS), -1);
	ck_assert_int_eq(ring_attach(&r, fd_a, BULK, SLOTS * 2), -1);
	ck_assert_int_eq(ring_attach(&r, fd_a, 0, 0), -1);
	ck_assert_int_eq(ring_attach(&r, bell_a[0], BULK, SLOTS), -1);
	/* The right size, and all seals but the one that counts. */
	fd = memfd_create("test", MFD_ALLOW_SEALING);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert_int_eq(ring_attach(&r, fd, BULK, SLOTS), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, most), 0);
	ck_assert_int_eq(ring_attach(&r, fd, BULK, SLOTS), -1);
	ck_assert_int_eq(ring_attach(&r, fd_a, BULK, SLOTS), 0);
}
END_TEST

/* The law: whoever got the fd can only read. */
START_TEST(one_writer)
{
	size_t size = 4096 + BULK + SLOTS * RING_SLOT;
	uint8_t c = 1;
	void *p;

	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_a, 0);
	ck_assert(p == MAP_FAILED);
	p = mmap(NULL, size, PROT_WRITE, MAP_SHARED, fd_a, 0);
	ck_assert(p == MAP_FAILED);
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd_a, 0);
	ck_assert(p != MAP_FAILED);
	ck_assert_int_eq(mprotect(p, size, PROT_READ | PROT_WRITE), -1);
	ck_assert_int_eq(pwrite(fd_a, &c, 1, 4096), -1);
	ck_assert_int_eq(ftruncate(fd_a, 4096), -1);
	ck_assert_int_eq(ftruncate(fd_a, (off_t)size * 2), -1);
	ck_assert_int_eq(fallocate(fd_a, FALLOC_FL_PUNCH_HOLE |
	    FALLOC_FL_KEEP_SIZE, 4096, 4096), -1);
	/* Its maker still can. */
	ck_assert(put(&a, RING_BULK, 100, 1));
	ring_publish(&a);
	expect(&b, RING_BULK, 100, 1);
}
END_TEST

/*
 * Who claims to have read what it was not shown gets no memory to be written
 * in twice.
 */
START_TEST(read_ahead)
{
	size_t i, room = BULK / 2048;

	for (i = 0; i < room / 2; i++)
		put(&a, RING_BULK, 1500, 1);
	/* None of it is published; b says that it has it all. */
	atomic_store(&b.own->tail[RING_BULK], a.head[RING_BULK]);
	ck_assert_ptr_null(ring_open(&a, RING_BULK, 1500));
	ck_assert_uint_eq(ring_unread(&a, RING_BULK), BULK);
	atomic_store(&b.own->tail[RING_BULK], 0);
	ck_assert_ptr_nonnull(ring_open(&a, RING_BULK, 1500));
	/* What was shown may be read. */
	ring_publish(&a);
	atomic_store(&b.own->tail[RING_BULK], a.head[RING_BULK]);
	ck_assert_uint_eq(ring_unread(&a, RING_BULK), 0);
}
END_TEST

START_TEST(bell)
{
	uint8_t c[8];

	put(&a, RING_BULK, 10, 1);
	ring_publish(&a);
	ck_assert_int_eq(read(bell_b[0], c, sizeof(c)), -1);
	/* Something is there already: no sleep. */
	ck_assert(!ring_sleep(&b));
	ck_assert(ring_sleep_bulk(&b) == !ring_has(&b, RING_BULK));
	ring_wake(&b);
	expect(&b, RING_BULK, 10, 1);
	ck_assert(ring_sleep(&b));
	ring_publish(&a);			/* no news, no bell */
	ck_assert_int_eq(read(bell_b[0], c, sizeof(c)), -1);
	put(&a, RING_URGENT, 10, 2);
	ring_publish(&a);
	ck_assert_int_eq(read(bell_b[0], c, sizeof(c)), 1);
	ring_wake(&b);
	put(&a, RING_URGENT, 10, 3);
	ring_publish(&a);
	ck_assert_int_eq(read(bell_b[0], c, sizeof(c)), -1);
	ck_assert_uint_eq(a.counts.bells, 1);
	ck_assert(!ring_peer_busy(&a));
	ring_set_busy(&b, true);
	ck_assert(ring_peer_busy(&a));
}
END_TEST

/* The number of a nap is never the one that says: nobody sleeps. */
START_TEST(naps)
{
	put(&a, RING_URGENT, 10, 1);
	ring_publish(&a);
	b.naps = UINT32_MAX;
	/* What is urgent does not keep the other lane's reader awake. */
	ck_assert(ring_sleep_bulk(&b));
	ck_assert_uint_eq(b.naps, 1);
	ck_assert_uint_eq(atomic_load(&b.own->sleeping), 1);
	ring_wake(&b);
	ck_assert_uint_eq(atomic_load(&b.own->sleeping), 0);
}
END_TEST

/* Never blocks: a consumer that does not drain its pipe only harms itself. */
START_TEST(bell_full)
{
	uint8_t junk[4096] = { 0 };
	uint32_t i;

	while (write(bell_b[1], junk, sizeof(junk)) > 0)
		;
	ck_assert(ring_sleep(&b));
	for (i = 0; i < SLOTS; i++) {
		ck_assert(put(&a, RING_URGENT, 10, i));
		ring_publish(&a);
	}
}
END_TEST

#define RECORDS	1000000U

static uint32_t
size_of(uint32_t i)
{
	return 1 + i * 2654435761U % 700 + (i % 1000 == 0 ? 60000 : 0);
}

static void *
produce(void *arg)
{
	uint32_t i, size;
	struct ring_hdr *h;

	(void)arg;
	for (i = 0; i < RECORDS; ) {
		size = size_of(i);
		h = ring_open(&a, RING_BULK, size);
		if (h == NULL) {
			ring_publish(&a);
			sched_yield();
			continue;
		}
		h->kind = RING_DATA;
		h->device = i;
		h->nseg = 1;
		h->seg_size = h->last_size = (uint16_t)size;
		put_le32(h->from, i);
		memset(ring_payload(h), (int)(i & 0xff), size);
		ring_commit(&a, size);
		if (i++ % 7 == 0)
			ring_publish(&a);
	}
	ring_publish(&a);
	return NULL;
}

static void
check_record(const struct ring_rec *rec, uint32_t i)
{
	uint32_t k;

	if (rec->hdr.device != i || rec->hdr.len != size_of(i) ||
	    get_le32(rec->hdr.from) != i)
		ck_abort_msg("record %u is not as it was sent", i);
	for (k = 0; k < rec->hdr.len; k++)
		if (rec->payload[k] != (uint8_t)i)
			ck_abort_msg("byte %u of record %u", k, i);
}

/* A wake-up that is lost makes poll() run into its limit. */
START_TEST(threads)
{
	struct pollfd p = { bell_b[0], POLLIN, 0 };
	struct ring_rec rec;
	uint8_t junk[512];
	uint32_t i = 0, sleeps = 0;
	pthread_t t;
	int got;

	ck_assert_int_eq(pthread_create(&t, NULL, produce, NULL), 0);
	while (i < RECORDS) {
		got = ring_next(&b, RING_BULK, &rec);
		ck_assert_int_ne(got, -1);
		if (got == 1) {
			check_record(&rec, i++);
			ring_done(&b, RING_BULK);
			if (i % 16 == 0)
				ring_acknowledge(&b);
			continue;
		}
		ring_acknowledge(&b);
		if (!ring_sleep(&b))
			continue;
		sleeps++;
		if (poll(&p, 1, 20000) != 1)
			ck_abort_msg("nobody rang after record %u", i);
		ring_wake(&b);
		while (read(bell_b[0], junk, sizeof(junk)) > 0)
			;
	}
	pthread_join(t, NULL);
	expect_nothing(&b);
	ck_assert_uint_gt(sleeps, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ring");
	TCase *tc = tcase_create("ring");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, order);
	tcase_add_test(tc, full);
	tcase_add_test(tc, crowded);
	tcase_add_test(tc, wrap);
	tcase_add_test(tc, shortest_pad);
	tcase_add_test(tc, shorter);
	tcase_add_test(tc, hostile_headers);
	tcase_add_test(tc, hostile_indices);
	tcase_add_test(tc, hostile_pads);
	tcase_add_test(tc, hostile_random);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, one_writer);
	tcase_add_test(tc, read_ahead);
	tcase_add_test(tc, bell);
	tcase_add_test(tc, naps);
	tcase_add_test(tc, bell_full);
	tcase_add_test(tc, threads);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ring", suite());
}
