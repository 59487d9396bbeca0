/* SPDX-License-Identifier: ISC */
/*
 * Sealing and opening as pieces of work: whoever does them, and in whatever
 * order, the same packets arrive in the order in which they were sent.
 */
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cryptod/inbound.h"
#include "cryptod/keypair.h"
#include "cryptod/open.h"
#include "cryptod/outbound.h"
#include "cryptod/seal.h"
#include "fakeclock.h"
#include "hosts.h"
#include "packets.h"
#include "shared/bytes.h"
#include "shared/vnet.h"
#include "unit.h"

#define SIZE	1000			/* payload of a segment */
#define HDR	52			/* with TCP options */

static struct host *a, *b;
static struct seal_job *seal[2];
static struct open_job *opener[2];
static uint8_t wire[2][RING_PAYLOAD_MAX];
static unsigned settled;
static unsigned room;			/* datagrams that the ring takes */
static uint8_t	*(*data)(void *, const struct device *, uint8_t, size_t);

static void *
aligned(size_t size)
{
	void *p = aligned_alloc(64, (size + 63) / 64 * 64);

	ck_assert_ptr_nonnull(p);
	memset(p, 0xa5, size);
	return p;
}

static void
setup(void)
{
	int i;

	ck_assert_int_ne(sodium_init(), -1);
	a = aligned(sizeof(*a));
	b = aligned(sizeof(*b));
	for (i = 0; i < 2; i++) {
		seal[i] = aligned(sizeof(*seal[i]));
		opener[i] = aligned(sizeof(*opener[i]));
	}
	hosts_start(a, b);
	data = a->e.out.data;
}

static void
teardown(void)
{
	int i;

	hosts_stop(a, b);
	free(a);
	free(b);
	for (i = 0; i < 2; i++) {
		free(seal[i]);
		free(opener[i]);
	}
}

static void
session(void)
{
	host_send(a, 1, 100);
	hosts_run(a, b, SEC);
	host_send(b, 1, 100);
	hosts_run(a, b, SEC);
	ck_assert_uint_eq(b->ntun, 1);
	a->ntun = b->ntun = 0;
	memset(a->types, 0, sizeof(a->types));
}

/* A large packet of TCP from a to b in the job's memory; n payload bytes. */
static void
fill(struct seal_job *job, uint16_t id, size_t n)
{
	uint8_t *p = job->buf + SEAL_HEADROOM;
	struct virtio_net_hdr h;
	struct packet k;
	size_t len;

	packet_init(&k, 4, 6);
	k.id = id;
	k.payload = n;
	len = packet_build(&k, p);
	ck_assert_uint_eq(len, HDR + n);
	memcpy(p + 12, a->address, 4);
	memcpy(p + 16, b->address, 4);
	memset(&h, 0, sizeof(h));
	h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	h.gso_size = SIZE;
	h.csum_start = 20;
	h.csum_offset = 16;
	ck_assert_int_eq(segment_begin(&job->seg, &h, p, len), 0);
}

static bool
train(struct seal_job *job)
{
	uint8_t first[SEAL_PACKET_MAX];

	if (job->seg.max > sizeof(first))
		memcpy(first, job->seg.pkt, sizeof(first));
	else
		segment_make(&job->seg, 0, first);
	return outbound_train(&a->e, job, first);
}

START_TEST(any_order)
{
	uint8_t last[SIZE + HDR];
	unsigned i;
	size_t n;

	session();
	fill(seal[0], 100, 30 * SIZE);
	fill(seal[1], 200, 9 * SIZE + 1);
	ck_assert_uint_eq(seal[0]->seg.count, 30);
	ck_assert_uint_eq(seal[1]->seg.count, 10);
	n = segment_make(&seal[1]->seg, 9, last);
	ck_assert(train(seal[0]));
	ck_assert(train(seal[1]));
	/* A packet after them has a later nonce, whenever they are sealed. */
	host_send(a, 300, 60);
	seal_run(&seal[1]->work);
	seal_run(&seal[0]->work);
	ck_assert_uint_eq(a->types[4], 41);
	hosts_run(a, b, SEC);
	ck_assert_uint_eq(b->ntun, 41);
	for (i = 0; i < 30; i++)
		ck_assert_uint_eq(b->tun_id[i], 100 + i);
	for (i = 0; i < 10; i++)
		ck_assert_uint_eq(b->tun_id[30 + i], 200 + i);
	ck_assert_uint_eq(b->tun_id[40], 300);
	ck_assert_uint_eq(a->e.n.out_sent, 1 + 41);
	ck_assert_uint_eq(b->e.n.in_received, 1 + 41);
	/* And once more, for the bytes of one. */
	b->ntun = 0;
	fill(seal[1], 200, 9 * SIZE + 1);
	ck_assert(train(seal[1]));
	seal_run(&seal[1]->work);
	hosts_run(a, b, SEC);
	ck_assert_uint_eq(b->tun_len, n);
	ck_assert_mem_eq(b->tun_last, last, n);
}
END_TEST

static uint8_t *
hook_some(void *arg, const struct device *d, uint8_t ecn, size_t len)
{
	if (room == 0)
		return NULL;
	room--;
	return data(arg, d, ecn, len);
}

START_TEST(ring_full)
{
	unsigned i;

	session();
	a->e.out.data = hook_some;
	room = 7;
	fill(seal[0], 100, 12 * SIZE);
	ck_assert(train(seal[0]));
	seal_run(&seal[0]->work);
	room = 0;
	fill(seal[0], 150, 12 * SIZE);
	ck_assert(train(seal[0]));
	seal_run(&seal[0]->work);
	room = 100;
	fill(seal[0], 200, 3 * SIZE);
	ck_assert(train(seal[0]));
	seal_run(&seal[0]->work);
	hosts_run(a, b, SEC);
	ck_assert_uint_eq(b->ntun, 10);
	for (i = 0; i < 10; i++)
		ck_assert_uint_eq(b->tun_id[i], i < 7 ? 100 + i : 193 + i);
	ck_assert_uint_eq(a->e.n.drop_out_ring_full, 5 + 12);
	ck_assert_uint_eq(a->e.n.out_sent, 1 + 10);
}
END_TEST

/* What is no plain case goes packet by packet, and changes nothing. */
START_TEST(not_as_train)
{
	struct remote *r;
	uint64_t counter;

	fill(seal[0], 1, 5 * SIZE);
	ck_assert(!train(seal[0]));		/* no session */
	session();
	r = device_sender(a->d);
	counter = r->current->send_counter;
	fill(seal[0], 1, 5 * SIZE);
	a->e.up = false;
	ck_assert(!train(seal[0]));
	a->e.up = true;
	a->d->has_endpoint = false;
	ck_assert(!train(seal[0]));
	a->d->has_endpoint = true;
	seal[0]->buf[SEAL_HEADROOM + 16] ^= 1;	/* nobody's */
	ck_assert(!train(seal[0]));
	seal[0]->buf[SEAL_HEADROOM + 16] ^= 1;
	seal[0]->seg.count = SEAL_TRAIN_MAX + 1;
	ck_assert(!train(seal[0]));
	fill(seal[0], 1, 5 * SIZE);
	seal[0]->seg.max = SEAL_PACKET_MAX + 1;
	ck_assert(!train(seal[0]));
	fill(seal[0], 1, 5 * SIZE);
	r->current->send_counter = REPLAY_REJECT_AFTER - 4;
	ck_assert(!train(seal[0]));
	ck_assert_uint_eq(r->current->send_counter, REPLAY_REJECT_AFTER - 4);
	r->current->send_counter = counter;
	r->current->sending = false;
	ck_assert(!train(seal[0]));
	r->current->sending = true;
	ck_assert_uint_eq(a->types[4], 0);
	ck_assert_uint_eq(r->current->send_counter, counter);
	ck_assert(train(seal[0]));
	seal_run(&seal[0]->work);
	hosts_run(a, b, SEC);
	ck_assert_uint_eq(b->ntun, 5);
}
END_TEST

/* What a sent becomes a record of b's netd. */
static void
record(struct open_job *job, uint8_t *at)
{
	struct ring_hdr *h = &job->rec.hdr;
	struct datagram *dg;

	memset(h, 0, sizeof(*h));
	h->kind = RING_DATA;
	h->path = 1;
	while ((dg = TAILQ_FIRST(&a->out)) != NULL) {
		TAILQ_REMOVE(&a->out, dg, entry);
		memcpy(at + h->len, dg->data, dg->len);
		h->len += (uint32_t)dg->len;
		if (h->nseg++ == 0)
			h->seg_size = (uint16_t)dg->len;
		h->last_size = (uint16_t)dg->len;
		free(dg);
	}
	job->rec.payload = at;
	inbound_guess(&b->e, job, at);
}

static void
send_record(int i, uint16_t id, size_t n)
{
	fill(seal[i], id, n);
	ck_assert(train(seal[i]));
	seal_run(&seal[i]->work);
	record(opener[i], wire[i]);
}

static void
take_in(struct open_job *job)
{
	uint8_t where[ENGINE_FROM] = { 0 };
	struct origin from = { 1, 0, ENGINE_STOCK, where };
	unsigned i;
	size_t off = 0;

	for (i = 0; i < job->rec.hdr.nseg; off += open_len(job, i++))
		inbound_packet(&b->e, job->buf + off, open_len(job, i), &from,
		    job->opened[i]);
}

START_TEST(opened_in_any_order)
{
	unsigned i;

	session();
	send_record(0, 100, 20 * SIZE);
	send_record(1, 200, 20 * SIZE + 10);
	open_run(&opener[1]->work);
	open_run(&opener[0]->work);
	/* What netd's memory holds by now is of no interest any more. */
	memset(wire, 0, sizeof(wire));
	take_in(opener[0]);
	take_in(opener[1]);
	ck_assert_uint_eq(b->ntun, 41);
	for (i = 0; i < 41; i++)
		ck_assert_uint_eq(b->tun_id[i], i < 20 ? 100 + i : 180 + i);
	/* The same once more is a replay, every one. */
	send_record(0, 300, 3 * SIZE);
	open_run(&opener[0]->work);
	memcpy(opener[1], opener[0], sizeof(*opener[0]));
	take_in(opener[0]);
	take_in(opener[1]);
	ck_assert_uint_eq(b->ntun, 44);
	ck_assert_uint_eq(b->e.n.drop_in_replayed, 3);
}
END_TEST

static atomic_bool enough;

/* One byte of a datagram's text after the other, there and back. */
static void *
scribble(void *arg)
{
	volatile uint8_t *p = wire[0];
	size_t i = 0, n, size = *(size_t *)arg;

	while (!atomic_load(&enough)) {
		i = (i + 389) % size;
		p[i] ^= 0x80;
		/* About as long as a datagram takes. */
		for (n = 0; n < 300; n++)
			(void)p[(i + n) % size];
		p[i] ^= 0x80;
	}
	return NULL;
}

/* netd writes while we open: what counts as good is what was sent. */
START_TEST(scribbled_meanwhile)
{
	static uint8_t sent[RING_PAYLOAD_MAX];
	struct open_job *job = opener[0];
	unsigned good = 0, bad = 0, run, i;
	size_t len, off;
	pthread_t netd;

	session();
	send_record(0, 100, 20 * SIZE);
	len = job->rec.hdr.len;
	open_run(&job->work);
	memcpy(sent, job->buf, len);
	atomic_store(&enough, false);
	ck_assert_int_eq(pthread_create(&netd, NULL, scribble, &len), 0);
	for (run = 0; run < 100000 && (run < 10000 || bad == 0); run++) {
		open_run(&job->work);
		for (i = 0, off = 0; i < job->rec.hdr.nseg;
		    off += open_len(job, i++)) {
			if (job->opened[i] != OPENED_GOOD) {
				bad++;
				continue;
			}
			good++;
			/* Its header and its text; the tag was used up. */
			ck_assert_mem_eq(job->buf + off, sent + off,
			    open_len(job, i) - 16);
		}
	}
	atomic_store(&enough, true);
	pthread_join(netd, NULL);
	ck_assert_uint_gt(good, 0);
	if (bad == 0)
		unit_skip("scribbled_meanwhile", "nothing ran beside it");
}
END_TEST

START_TEST(forged_or_strange)
{
	size_t size;

	session();
	send_record(0, 100, 10 * SIZE);
	size = opener[0]->rec.hdr.seg_size;
	wire[0][3 * size + 100] ^= 1;		/* its text */
	wire[0][5 * size + 4] ^= 1;		/* its index */
	wire[0][6 * size] = 1;			/* its type */
	wire[0][7 * size + 8] ^= 0x40;		/* its counter */
	open_run(&opener[0]->work);
	ck_assert_uint_eq(opener[0]->opened[2], OPENED_GOOD);
	ck_assert_uint_eq(opener[0]->opened[3], OPENED_FORGED);
	ck_assert_uint_eq(opener[0]->opened[5], OPENED_NOT);
	ck_assert_uint_eq(opener[0]->opened[6], OPENED_NOT);
	ck_assert_uint_eq(opener[0]->opened[7], OPENED_FORGED);
	take_in(opener[0]);
	ck_assert_uint_eq(b->ntun, 6);
	ck_assert_uint_eq(b->e.n.drop_in_forged, 2);
	ck_assert_uint_eq(b->e.n.drop_in_unknown_index, 1);
	ck_assert_uint_eq(b->e.n.drop_in_malformed, 1);
}
END_TEST

/* A netd that shows one thing first and another then gains nothing. */
START_TEST(guess_was_wrong)
{
	uint8_t other[16];
	unsigned i;

	session();
	send_record(0, 100, 4 * SIZE);
	memset(other, 0, sizeof(other));
	inbound_guess(&b->e, opener[0], other);
	ck_assert_ptr_null(opener[0]->key);
	open_run(&opener[0]->work);
	for (i = 0; i < 4; i++)
		ck_assert_uint_eq(opener[0]->opened[i], OPENED_NOT);
	take_in(opener[0]);
	ck_assert_uint_eq(b->ntun, 4);
	/* Another's key: another's index, too, so it is not even tried. */
	send_record(0, 200, 4 * SIZE);
	opener[0]->index ^= 1;
	open_run(&opener[0]->work);
	take_in(opener[0]);
	ck_assert_uint_eq(b->ntun, 8);
	/* The session ends between opening and delivery. */
	send_record(0, 300, 4 * SIZE);
	open_run(&opener[0]->work);
	keypairs_clear(&b->e, device_sender(b->d));
	take_in(opener[0]);
	ck_assert_uint_eq(b->ntun, 8);
	ck_assert_uint_eq(b->e.n.drop_in_unknown_index, 4);
	/* No guess for a link that is down. */
	b->e.up = false;
	inbound_guess(&b->e, opener[0], wire[0]);
	ck_assert_ptr_null(opener[0]->key);
	b->e.up = true;
}
END_TEST

static void
hook_settle(void *arg)
{
	(void)arg;
	settled++;
}

/* Keys are wiped only when nobody computes with them. */
START_TEST(keys_stay)
{
	session();
	b->e.out.settle = hook_settle;
	settled = 0;
	keypairs_clear(&b->e, device_sender(b->d));
	ck_assert_uint_gt(settled, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("train");
	TCase *t = tcase_create("train");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, any_order);
	tcase_add_test(t, ring_full);
	tcase_add_test(t, not_as_train);
	tcase_add_test(t, opened_in_any_order);
	tcase_add_test(t, scribbled_meanwhile);
	tcase_add_test(t, forged_or_strange);
	tcase_add_test(t, guess_was_wrong);
	tcase_add_test(t, keys_stay);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("train", suite());
}
