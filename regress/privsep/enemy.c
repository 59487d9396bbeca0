/* SPDX-License-Identifier: ISC */
/*
 * The ring between cryptod and netd with an enemy on one side: memory that
 * is not sealed or not of its size, indices and headers that lie, records of
 * random bytes at full speed, and a header that changes while it is read.
 * The other side drops it or reports a fault, and never more.
 *
 * ENEMY_SECONDS in the environment: as long as each of the two that go on at
 * full speed takes, for each victim.  KID_WORKERS: threads of cryptod, where
 * the test does not choose them itself.
 */
#include <sys/socket.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/child.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/codec.h"
#include "shared/msg_crypto.h"
#include "shared/msg_net.h"
#include "shared/msg_parent.h"

#define SLOW		2000		/* ms: longer is a hang */
#define FULL_SPEED	800		/* ms of records */
#define ROUNDS		5		/* of headers that change */
#define GROWTH		(16 * 1024)	/* KiB */
#define RING_BYTES	(4096 + RING_BULK_SIZE + RING_URGENT_SLOTS * RING_SLOT)
#define SEALS		(F_SEAL_GROW | F_SEAL_SHRINK | \
			    F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

#define HELPED		2	/* the victim with threads, and how many */
#define HELPED_WORKERS	3

static const enum proc victims[] = { PROC_CRYPTOD, PROC_NETD, PROC_CRYPTOD };
#define NVICTIMS	((int)(sizeof(victims) / sizeof(victims[0])))

static enum proc
enemy_of(enum proc p)
{
	return p == PROC_NETD ? PROC_CRYPTOD : PROC_NETD;
}

static long
enemy_ms(void)
{
	const char *s = getenv("ENEMY_SECONDS");

	return s == NULL ? 0 : strtol(s, NULL, 10) * 1000;
}

static void
check_lives(struct kid *k, const char *what)
{
	int status;

	if (kid_sync(k, PROC_CTLD, SLOW))
		return;
	status = kid_wait_exit(k, 0);
	ck_abort_msg("%s: wait status %04x (ffffffff: hangs): %s", what,
	    (unsigned)status, k->log);
}

/* An offer that must be refused; fault: whether it is one of content. */
struct offer {
	const char	*what;
	size_t		 size;
	int		 seals;
	uint16_t	 worker;
	uint32_t	 bulk;
	uint32_t	 slots;
};

static const struct offer offers[] = {
	{ "no seals", RING_BYTES, 0, 0, RING_BULK_SIZE, RING_URGENT_SLOTS },
	{ "may shrink", RING_BYTES, F_SEAL_GROW | F_SEAL_FUTURE_WRITE |
	    F_SEAL_SEAL, 0, RING_BULK_SIZE, RING_URGENT_SLOTS },
	{ "may grow", RING_BYTES, F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE |
	    F_SEAL_SEAL, 0, RING_BULK_SIZE, RING_URGENT_SLOTS },
	{ "others may write", RING_BYTES, F_SEAL_GROW | F_SEAL_SHRINK |
	    F_SEAL_SEAL, 0, RING_BULK_SIZE, RING_URGENT_SLOTS },
	{ "may be sealed further", RING_BYTES, F_SEAL_GROW | F_SEAL_SHRINK |
	    F_SEAL_FUTURE_WRITE, 0, RING_BULK_SIZE, RING_URGENT_SLOTS },
	{ "a byte short", RING_BYTES - 1, SEALS, 0, RING_BULK_SIZE,
	    RING_URGENT_SLOTS },
	{ "a byte long", RING_BYTES + 1, SEALS, 0, RING_BULK_SIZE,
	    RING_URGENT_SLOTS },
	{ "empty", 0, SEALS, 0, RING_BULK_SIZE, RING_URGENT_SLOTS },
	{ "a page", 4096, SEALS, 0, 0, 0 },
	{ "another worker", RING_BYTES, SEALS, 1, RING_BULK_SIZE,
	    RING_URGENT_SLOTS },
	{ "not a power of two", 4096 + 3 * 262144 + 8 * RING_SLOT, SEALS, 0,
	    3 * 262144, 8 },
	{ "lanes too small", 4096 + 4096 + 8 * RING_SLOT, SEALS, 0, 4096, 8 },
	{ "lanes too large", 4096, SEALS, 0, 0x80000000, 0x80000000 },
	{ "a sum that wraps", 4096, SEALS, 0, 0xfffff000, 0xffffffff },
};

static void
say_offer(struct kid *k, const struct offer *o)
{
	uint8_t buf[16];
	struct wbuf w;
	int fd = kid_memfd(o->size, o->seals);

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, o->worker);
	put_u32(&w, o->bulk);
	put_u32(&w, o->slots);
	ck_assert_int_eq(kid_say(k, enemy_of(k->proc), MSG_RING, w.p, w.len,
	    &fd, 1), 0);
	close(fd);
}

START_TEST(bad_memory)
{
	const size_t n = sizeof(offers) / sizeof(offers[0]);
	struct kid k;
	size_t i;
	int fd;

	kid_world();
	kid_start(&k, victims[_i], PIECE_LINKS);
	for (i = 0; i < n; i++) {
		k.faults = 0;
		say_offer(&k, &offers[i]);
		ck_assert(kid_sync(&k, enemy_of(k.proc), SLOW));
		ck_assert_msg(k.faults == 1 && k.fault[0].type == MSG_RING,
		    "%s: it was taken", offers[i].what);
	}
	for (i = 0; k.proc == PROC_NETD && i < n; i++) {
		if (offers[i].size == sizeof(struct index_memory))
			continue;
		k.faults = 0;
		fd = kid_memfd(offers[i].size, offers[i].seals);
		ck_assert_int_eq(kid_say(&k, PROC_CRYPTOD, MSG_INDEX_PAGE,
		    NULL, 0, &fd, 1), 0);
		close(fd);
		ck_assert(kid_sync(&k, PROC_CRYPTOD, SLOW));
		ck_assert_msg(k.faults == 1 &&
		    k.fault[0].type == MSG_INDEX_PAGE,
		    "index page: %s: it was taken", offers[i].what);
	}
	/* The right one is still welcome, and a second one is not. */
	kid_give(&k, PIECE_RING);
	k.faults = 0;
	ck_assert(kid_sync(&k, enemy_of(k.proc), SLOW));
	ck_assert_uint_eq(k.faults, 0);
	kid_give(&k, PIECE_RING);
	ck_assert(kid_sync(&k, enemy_of(k.proc), SLOW));
	ck_assert_uint_eq(k.faults, k.proc == PROC_NETD ? 2 : 1);
	kid_end(&k);
}
END_TEST

/* What the child hands out can not be written by who gets it. */
START_TEST(its_memory_is_read_only)
{
	struct kid k;

	kid_world();
	kid_start(&k, victims[_i], PIECE_LINKS);
	ck_assert(kid_sync(&k, PROC_CTLD, SLOW));
	ck_assert_uint_eq(k.memfds, k.proc == PROC_CRYPTOD ? 2 : 1);
	ck_assert_msg(k.attached && !k.writable, "its memory is writable");
	kid_end(&k);
}
END_TEST

/* --- a child that has something to do */

static void
say(struct kid *k, enum proc from, uint16_t type, const struct wbuf *w)
{
	while (kid_say(k, from, type, w->p, w->len, NULL, 0) == -1)
		ck_assert(kid_pump(k, SLOW));
}

static void
give_udp(struct kid *k)
{
	uint8_t buf[8];
	struct wbuf w;
	int fd = kid_fd(FD_UDP);

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, AF_INET);
	put_u16(&w, 0);
	ck_assert_int_eq(kid_say(k, PROC_PARENT, MSG_UDP_FD, w.p, w.len, &fd,
	    1), 0);
	close(fd);
}

/* Devices 1 to 3, reached at the discard port of this host. */
static void
configure_netd(struct kid *k)
{
	uint8_t buf[512], key[KEY_SIZE];
	struct device_endpoint e;
	struct remote_id id;
	struct wbuf w;
	uint32_t i;

	give_udp(k);
	kid_random(key, sizeof(key));
	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, 0);
	put_u8(&w, 1);
	put_bytes(&w, key, sizeof(key));
	say(k, PROC_CRYPTOD, MSG_LOCAL_KEY, &w);
	memset(&id, 0, sizeof(id));
	wbuf_init(&w, buf, sizeof(buf));
	for (i = 1; i <= 3; i++) {
		id.device = i;
		kid_random(id.public_key, KEY_SIZE);
		put_remote_add(&w, &id);
	}
	say(k, PROC_CRYPTOD, MSG_REMOTE_ADD, &w);
	memset(&e, 0, sizeof(e));
	wbuf_init(&w, buf, sizeof(buf));
	e.endpoint.family = AF_INET;
	e.endpoint.port = 9;
	e.endpoint.addr[0] = 127;
	e.endpoint.addr[3] = 1;
	for (i = 1; i <= 3; i++) {
		e.device = i;
		put_device_endpoint(&w, &e);
	}
	ck_assert(kid_sync(k, PROC_CRYPTOD, SLOW));
	say(k, PROC_CTLD, MSG_ENDPOINT_SET, &w);
}

static void
configure_cryptod(struct kid *k)
{
	struct has_endpoint h = { .has = true };
	uint8_t buf[512], state[32];
	struct set_item it;
	struct wbuf w;
	int i;

	wbuf_init(&w, state, sizeof(state));
	put_u8(&w, 1);
	put_u32(&w, 1420);
	put_u32(&w, 1);
	put_str(&w, "x");
	say(k, PROC_PARENT, MSG_LINK_STATE, &w);
	wbuf_init(&w, buf, sizeof(buf));
	memset(&it, 0, sizeof(it));
	it.op = SET_PRIVATE_KEY;
	kid_random(it.key, KEY_SIZE);
	put_set_item(&w, &it);
	for (i = 0; i < 3; i++) {
		memset(&it, 0, sizeof(it));
		it.op = SET_PEER;
		kid_random(it.key, KEY_SIZE);
		put_set_item(&w, &it);
		it.op = SET_KEEPALIVE;
		it.keepalive = 1;
		put_set_item(&w, &it);
	}
	k->id = 7;
	kid_say(k, PROC_CTLD, MSG_SET_BEGIN, NULL, 0, NULL, 0);
	say(k, PROC_CTLD, MSG_SET_ITEMS, &w);
	kid_say(k, PROC_CTLD, MSG_SET_END, NULL, 0, NULL, 0);
	ck_assert(kid_sync(k, PROC_CTLD, SLOW));
	kid_say(k, PROC_NETD, MSG_SYNCED, NULL, 0, NULL, 0);
	k->id = 0;
	wbuf_init(&w, buf, sizeof(buf));
	for (h.device = 1; h.device <= 3; h.device++)
		put_has_endpoint(&w, &h);
	say(k, PROC_NETD, MSG_HAS_ENDPOINT, &w);
}

static unsigned
threads_of(const struct kid *k)
{
	struct dirent *e;
	char path[64];
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)k->pid);
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void
run(struct kid *k, int victim)
{
	enum proc p = victims[victim];

	if (victim == HELPED)
		kid_workers = HELPED_WORKERS;
	kid_run(k, p);
	if (p == PROC_CRYPTOD)
		ck_assert_uint_eq(threads_of(k), kid_workers);
	if (p == PROC_NETD)
		configure_netd(k);
	else
		configure_cryptod(k);
	check_lives(k, "configuration");
	ck_assert_msg(k->attached, "no ring of it came");
	ck_assert_msg(k->faults == 0, "configuration: type %04x refused",
	    k->fault[0].type);
}

/*
 * A header that adds up, over a payload of random bytes with a true type.
 * It is made apart and then copied: a thread may be scribbling over it.
 */
static void
fill(struct ring_hdr *dst, enum ring_lane lane, enum proc victim, size_t *len)
{
	static const uint16_t hs[] = { 148, 92 };
	uint8_t *p = ring_payload(dst);
	unsigned i, r = kid_random32() % 2;
	struct ring_hdr h;

	memset(&h, 0, sizeof(h));
	h.device = kid_random32() % 5;
	h.path = kid_random32() | 1;
	h.ecn = kid_random32() & 3;
	h.local_key = kid_random32() & 3;
	kid_random(h.from, sizeof(h.from));
	h.kind = lane == RING_BULK ? RING_DATA : RING_HANDSHAKE;
	*len = 0;
	if (victim == PROC_NETD && kid_random32() % 4 == 0) {
		h.kind = RING_CONTROL;
		memcpy(dst, &h, sizeof(h));
		return;
	}
	h.nseg = (uint16_t)(lane == RING_BULK ? 1 + kid_random32() % 64 : 1);
	h.seg_size = (uint16_t)(lane == RING_BULK ?
	    1 + kid_random32() % 1000 : hs[r]);
	h.last_size = (uint16_t)(lane == RING_BULK ?
	    1 + kid_random32() % h.seg_size : h.seg_size);
	*len = (size_t)(h.nseg - 1) * h.seg_size + h.last_size;
	memcpy(dst, &h, sizeof(h));
	for (i = 0; i < 64 && i < *len; i++)
		p[i] = (uint8_t)kid_random32();
	for (i = 0; i < h.nseg; i++)
		if (h.last_size >= 4)
			put_le32(p + (size_t)i * h.seg_size,
			    lane == RING_BULK ? 4 : r + 1);
}

static unsigned
send_records(struct kid *k, int n)
{
	enum ring_lane lane;
	struct ring_hdr *h;
	unsigned sent = 0;
	size_t len;

	while (n-- > 0) {
		lane = kid_random32() % 2 == 0 ? RING_BULK : RING_URGENT;
		h = ring_open(&k->ring, lane, lane == RING_BULK ?
		    RING_PAYLOAD_MAX : 256);
		if (h == NULL)
			continue;
		fill(h, lane, k->proc, &len);
		ring_commit(&k->ring, len);
		sent++;
	}
	ring_publish(&k->ring);
	return sent;
}

/* What it sent us is taken, or only said to be: where we are is our word. */
static void
lie_about_tails(struct kid *k)
{
	int lane = (int)(kid_random32() % RING_LANES);

	atomic_store(&k->ring.own->tail[lane], kid_random32() % 3 == 0 ?
	    UINT64_MAX - kid_random32() : kid_random32() % 4096);
}

START_TEST(records_at_full_speed)
{
	struct kid k;
	unsigned sent = 0;
	long end, rss;

	kid_world();
	run(&k, _i);
	rss = kid_rss(&k);
	end = kid_ms() + (enemy_ms() > 0 ? enemy_ms() : FULL_SPEED);
	while (kid_ms() < end) {
		sent += send_records(&k, 16);
		lie_about_tails(&k);
		kid_pump(&k, 0);
	}
	check_lives(&k, "records");
	ck_assert_msg(sent > 500, "only %u records were taken", sent);
	ck_assert_msg(k.faults == 0, "a fault of type %04x",
	    k.fault[0].type);
	/* The ring itself is touched for the first time here. */
	rss = kid_rss(&k) - rss;
	ck_assert_msg(rss < GROWTH, "it grew by %ld KiB", rss);
	kid_end(&k);
}
END_TEST

/* --- lies: each must be a fault of the ring */

static struct ring_hdr *
first(struct kid *k, enum ring_lane lane)
{
	return (struct ring_hdr *)(void *)k->ring.own_lane[lane];
}

/* One segment of len bytes, of the kind that this lane carries. */
static struct ring_hdr *
honest(struct kid *k, enum ring_lane lane, uint32_t len)
{
	struct ring_hdr *h = first(k, lane);

	memset(h, 0, sizeof(*h));
	h->kind = lane == RING_BULK ? RING_DATA : RING_HANDSHAKE;
	h->nseg = 1;
	h->path = 1;
	h->len = len;
	h->seg_size = h->last_size = (uint16_t)len;
	return h;
}

static void
publish(struct kid *k, enum ring_lane lane, uint64_t head)
{
	atomic_store(&k->ring.own->head[lane], head);
	(void)!write(k->ring_bell, "", 1);
}

static void
bulk_head_too_far(struct kid *k)
{
	honest(k, RING_BULK, 32);
	publish(k, RING_BULK, RING_BULK_SIZE + RING_ALIGN);
}

static void
urgent_head_too_far(struct kid *k)
{
	honest(k, RING_URGENT, 148);
	publish(k, RING_URGENT, RING_URGENT_SLOTS + 1);
}

static void
head_at_the_end_of_time(struct kid *k)
{
	publish(k, RING_BULK, UINT64_MAX);
}

static void
head_goes_back(struct kid *k)
{
	honest(k, RING_BULK, 32);
	publish(k, RING_BULK, 128);
	check_lives(k, "an honest record");
	ck_assert_uint_eq(k->faults, 0);
	publish(k, RING_BULK, 64);
}

static void
head_inside_a_record(struct kid *k)
{
	honest(k, RING_BULK, 200);
	publish(k, RING_BULK, 192);
}

static void
head_not_aligned(struct kid *k)
{
	honest(k, RING_BULK, 32);
	publish(k, RING_BULK, 1);
}

static void
length_past_the_head(struct kid *k)
{
	honest(k, RING_BULK, 4096);
	publish(k, RING_BULK, 128);
}

static void
length_of_4_gib(struct kid *k)
{
	honest(k, RING_BULK, 32)->len = UINT32_MAX;
	publish(k, RING_BULK, 128);
}

static void
length_that_wraps_to_the_truth(struct kid *k)
{
	honest(k, RING_BULK, 32)->len = UINT32_MAX - 63;
	publish(k, RING_BULK, RING_BULK_SIZE);
}

static void
slot_too_long(struct kid *k)
{
	honest(k, RING_URGENT, RING_URGENT_PAYLOAD + 1);
	publish(k, RING_URGENT, 1);
}

static void
pad_in_a_slot(struct kid *k)
{
	honest(k, RING_URGENT, 148)->kind = RING_PAD;
	publish(k, RING_URGENT, 1);
}

static void
pad_too_short(struct kid *k)
{
	struct ring_hdr *h = honest(k, RING_BULK, 64);

	h->kind = RING_PAD;
	publish(k, RING_BULK, 128);
}

static void
pad_of_nothing(struct kid *k)
{
	struct ring_hdr *h = honest(k, RING_BULK, 0);

	h->kind = RING_PAD;
	publish(k, RING_BULK, 128);
}

static void
pad_after_pad(struct kid *k)
{
	honest(k, RING_BULK, RING_BULK_SIZE)->kind = RING_PAD;
	publish(k, RING_BULK, RING_BULK_SIZE);
	check_lives(k, "a pad over all of the lane");
	k->faults = 0;
	publish(k, RING_BULK, 2UL * RING_BULK_SIZE + RING_ALIGN);
}

static void
no_segments(struct kid *k)
{
	honest(k, RING_BULK, 32)->nseg = 0;
	publish(k, RING_BULK, 128);
}

static void
too_many_segments(struct kid *k)
{
	honest(k, RING_BULK, 32)->nseg = UINT16_MAX;
	publish(k, RING_BULK, 128);
}

static void
last_segment_larger(struct kid *k)
{
	honest(k, RING_BULK, 32)->seg_size = 16;
	publish(k, RING_BULK, 128);
}

static void
empty_last_segment(struct kid *k)
{
	struct ring_hdr *h = honest(k, RING_BULK, 32);

	h->nseg = 2;
	h->last_size = 0;
	publish(k, RING_BULK, 128);
}

static const struct lie {
	const char	*what;
	void		(*tell)(struct kid *);
} lies[] = {
	{ "head of the bulk lane too far", bulk_head_too_far },
	{ "head of the urgent lane too far", urgent_head_too_far },
	{ "head at the end of time", head_at_the_end_of_time },
	{ "head goes back", head_goes_back },
	{ "head inside a record", head_inside_a_record },
	{ "head not aligned", head_not_aligned },
	{ "length past the head", length_past_the_head },
	{ "length of 4 GiB", length_of_4_gib },
	{ "length that wraps", length_that_wraps_to_the_truth },
	{ "slot too long", slot_too_long },
	{ "pad in a slot", pad_in_a_slot },
	{ "pad too short", pad_too_short },
	{ "pad of nothing", pad_of_nothing },
	{ "pad after pad", pad_after_pad },
	{ "no segments", no_segments },
	{ "too many segments", too_many_segments },
	{ "last segment larger", last_segment_larger },
	{ "empty last segment", empty_last_segment },
};
#define NLIES	(sizeof(lies) / sizeof(lies[0]))

/* One fault, no more use of that ring, and not a busy wait after it. */
static void
tell_lie(enum proc p, const struct lie *lie)
{
	struct kid k;
	long ticks;
	int i;

	kid_run(&k, p);
	ck_assert(kid_sync(&k, PROC_CTLD, SLOW));
	lie->tell(&k);
	for (i = 0; i < 20 && k.faults == 0; i++)
		kid_pump(&k, 100);
	ck_assert_msg(k.faults == 1 && k.fault[0].type == MSG_RING &&
	    k.fault[0].sibling == enemy_of(p), "%s: %u faults, log \"%s\"",
	    lie->what, k.faults, k.log);
	ticks = kid_ticks(&k);
	ck_assert_int_eq(kid_wait_exit(&k, 100), -1);
	ck_assert_msg(kid_ticks(&k) - ticks < 6, "%s: it is busy", lie->what);
	check_lives(&k, lie->what);
	ck_assert_msg(k.faults == 1, "%s: %u faults", lie->what, k.faults);
	kid_end(&k);
}

START_TEST(lies_of_netd)
{
	kid_world();
	tell_lie(PROC_CRYPTOD, &lies[_i]);
}
END_TEST

START_TEST(lies_of_cryptod)
{
	kid_world();
	tell_lie(PROC_NETD, &lies[_i]);
}
END_TEST

/* --- headers that change while they are read */

static _Atomic bool	 stop;

static void *
scribble(void *arg)
{
	struct kid *k = arg;
	uint8_t *bulk = k->ring.own_lane[RING_BULK];
	uint8_t *urgent = k->ring.own_lane[RING_URGENT];
	uint64_t x = 88172645463325252;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		/* Lengths, kinds and segment sizes; rarely in most records. */
		bulk[(x >> 8) % RING_BULK_SIZE] = (uint8_t)x;
		urgent[((x >> 8) % (RING_URGENT_SLOTS * RING_SLOT)) &
		    ~(uint64_t)(RING_SLOT - 32)] = (uint8_t)x;
	}
	return NULL;
}

START_TEST(headers_that_change)
{
	pthread_t thread;
	struct kid k;
	int i, round;
	long end;

	kid_world();
	end = kid_ms() + enemy_ms();
	for (round = 0; round < ROUNDS || kid_ms() < end; round++) {
		run(&k, _i);
		atomic_store(&stop, false);
		ck_assert_int_eq(pthread_create(&thread, NULL, scribble, &k),
		    0);
		for (i = 0; i < 100 && k.faults == 0; i++) {
			send_records(&k, 16);
			kid_pump(&k, 1);
		}
		atomic_store(&stop, true);
		pthread_join(thread, NULL);
		check_lives(&k, "headers that change");
		kid_end(&k);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("enemy");
	TCase *tc = tcase_create("enemy");

	tcase_set_timeout(tc, 60 + (double)enemy_ms() / 1000);
	tcase_add_loop_test(tc, bad_memory, 0, 2);
	tcase_add_loop_test(tc, its_memory_is_read_only, 0, 2);
	tcase_add_loop_test(tc, records_at_full_speed, 0, NVICTIMS);
	tcase_add_loop_test(tc, lies_of_netd, 0, (int)NLIES);
	tcase_add_loop_test(tc, lies_of_cryptod, 0, (int)NLIES);
	tcase_add_loop_test(tc, headers_that_change, 0, NVICTIMS);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("enemy", suite());
}
