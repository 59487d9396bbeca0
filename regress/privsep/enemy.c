/* SPDX-License-Identifier: ISC */
/*
 * The ring between cryptod and netd with an enemy on one side: records of
 * random bytes at full speed, and a header that changes while it is read.
 * The other side drops it or reports a fault, and never more.
 *
 * ENEMY_SECONDS in the environment: as long as each of the two that go on at
 * full speed takes, for each victim.  KID_WORKERS: threads of cryptod, where
 * the test does not choose them itself.
 */
#include <sys/socket.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/enemy_play.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/codec.h"
#include "shared/msg_crypto.h"
#include "shared/msg_net.h"
#include "shared/msg_parent.h"

#define FULL_SPEED	800		/* ms of records */
#define ROUNDS		5		/* of headers that change */
#define GROWTH		(16 * 1024)	/* KiB */

#define HELPED		2	/* the victim with threads, and how many */
#define HELPED_WORKERS	3

static const enum proc victims[] = { PROC_CRYPTOD, PROC_NETD, PROC_CRYPTOD };
#define NVICTIMS	((int)(sizeof(victims) / sizeof(victims[0])))

static long
enemy_ms(void)
{
	const char *s = getenv("ENEMY_SECONDS");

	return s == NULL ? 0 : strtol(s, NULL, 10) * 1000;
}

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
		bulk[(x >> 8) % RING_BULK_OUT] = (uint8_t)x;
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
	tcase_add_loop_test(tc, records_at_full_speed, 0, NVICTIMS);
	tcase_add_loop_test(tc, headers_that_change, 0, NVICTIMS);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("enemy", suite());
}
