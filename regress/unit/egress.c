/* SPDX-License-Identifier: ISC */
/*
 * cryptod's side of the ring: how datagrams share records, what order things
 * keep, and what a hostile netd can put in.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/egress.h"
#include "cryptod/ingress.h"
#include "cryptod/outbound.h"
#include "unit.h"

#define BULK	(256U * 1024)
#define SLOTS	8U

static struct ring mine, theirs;
static struct egress g;
static struct ingress *in;
static struct workers workers;
static struct engine e;
static struct secmem arena;
static struct device one = { .id = 1 }, two = { .id = 2 };

static void
setup(void)
{
	int fd;

	ck_assert_int_ne(sodium_init(), -1);
	memset(&mine, 0, sizeof(mine));
	memset(&theirs, 0, sizeof(theirs));
	fd = ring_create(&mine, BULK, SLOTS);
	ck_assert_int_eq(ring_attach(&theirs, fd, BULK, SLOTS), 0);
	close(fd);
	fd = ring_create(&theirs, BULK, SLOTS);
	ck_assert_int_eq(ring_attach(&mine, fd, BULK, SLOTS), 0);
	close(fd);
	egress_init(&g, &mine);
	ck_assert_int_eq(secmem_init(&arena, 1U << 20), 0);
	ck_assert_int_eq(engine_init(&e, &arena), 0);
	e.up = true;
	in = malloc(sizeof(*in));
	ck_assert_ptr_nonnull(in);
	ck_assert_int_eq(workers_start(&workers, 1, NULL, NULL), 0);
	ck_assert_int_eq(ingress_init(in, &mine, &e, &workers), 0);
}

static void
teardown(void)
{
	ingress_clear(in);
	workers_stop(&workers);
	free(in);
	engine_clear(&e);
	secmem_clear(&arena);
}

static void
put(const struct device *d, uint8_t ecn, size_t len, uint8_t fill)
{
	uint8_t *p = egress_data(&g, d, ecn, len);

	ck_assert_ptr_nonnull(p);
	memset(p, fill, len);
}

static void
expect(uint32_t device, uint8_t ecn, unsigned nseg, size_t seg, size_t last)
{
	struct ring_rec rec;

	ck_assert_int_eq(ring_next(&theirs, RING_BULK, &rec), 1);
	ck_assert_uint_eq(rec.hdr.kind, RING_DATA);
	ck_assert_uint_eq(rec.hdr.device, device);
	ck_assert_uint_eq(rec.hdr.ecn, ecn);
	ck_assert_uint_eq(rec.hdr.nseg, nseg);
	ck_assert_uint_eq(rec.hdr.seg_size, seg);
	ck_assert_uint_eq(rec.hdr.last_size, last);
	ck_assert_uint_eq(rec.hdr.len, (nseg - 1) * seg + last);
	ring_done(&theirs, RING_BULK);
	ring_acknowledge(&theirs);
}

static void
expect_end(void)
{
	struct ring_rec rec;

	ck_assert_int_eq(ring_next(&theirs, RING_BULK, &rec), 0);
}

START_TEST(grouping)
{
	unsigned i;

	put(&one, 0, 100, 1);
	put(&one, 0, 100, 2);
	put(&one, 0, 60, 3);		/* shorter: the last one */
	put(&one, 0, 60, 4);
	put(&one, 0, 100, 5);		/* longer: another record */
	put(&two, 0, 100, 6);
	put(&two, 2, 100, 7);
	egress_publish(&g);
	expect(1, 0, 3, 100, 60);
	expect(1, 0, 1, 60, 60);
	expect(1, 0, 1, 100, 100);
	expect(2, 0, 1, 100, 100);
	expect(2, 2, 1, 100, 100);
	for (i = 0; i < EGRESS_SEGMENTS + 1; i++)
		put(&one, 0, 100, 1);
	for (i = 0; i < 46; i++)
		put(&two, 0, 1452, 1);
	egress_publish(&g);
	expect(1, 0, EGRESS_SEGMENTS, 100, 100);
	expect(1, 0, 1, 100, 100);
	/* No datagram longer than UDP takes in one call. */
	expect(2, 0, 45, 1452, 1452);
	expect(2, 0, 1, 1452, 1452);
	expect_end();
}
END_TEST

/* A handshake in the middle ends the record; nothing of it is lost. */
START_TEST(interruption)
{
	static const uint8_t from[ENGINE_FROM] = { 1, 2, 3 };
	struct origin o = { 77, 0, 0, from };
	uint8_t msg[NOISE_INITIATION_LEN] = { 1 };
	struct ring_rec rec;

	put(&one, 0, 100, 1);
	ck_assert_int_eq(egress_handshake(&g, &one, RING_F_CLEAR_SOURCE, msg,
	    sizeof(msg)), 0);
	put(&one, 0, 100, 2);
	ck_assert_int_eq(egress_auth(&g, &two, &o, false), 0);
	egress_publish(&g);
	ck_assert_int_eq(ring_next(&theirs, RING_URGENT, &rec), 1);
	ck_assert_uint_eq(rec.hdr.kind, RING_HANDSHAKE);
	ck_assert_uint_eq(rec.hdr.flags, RING_F_CLEAR_SOURCE);
	ck_assert_uint_eq(rec.hdr.len, sizeof(msg));
	ck_assert_mem_eq(rec.payload, msg, sizeof(msg));
	ring_done(&theirs, RING_URGENT);
	ck_assert_int_eq(ring_next(&theirs, RING_URGENT, &rec), 1);
	ck_assert_uint_eq(rec.hdr.kind, RING_CONTROL);
	ck_assert_uint_eq(rec.hdr.device, 2);
	ck_assert_uint_eq(rec.hdr.path, 77);
	ck_assert_mem_eq(rec.hdr.from, from, sizeof(from));
	expect(1, 0, 1, 100, 100);
	expect(1, 0, 1, 100, 100);
	expect_end();
}
END_TEST

START_TEST(full)
{
	uint8_t msg[NOISE_RESPONSE_LEN] = { 2 };
	unsigned i, n = 0, small = 0;

	/* Large ones go while a train fits, small ones use what is left. */
	while (egress_data(&g, &one, 0, 1000) != NULL)
		n++;
	ck_assert_uint_gt(n, (BULK - BULK / 16 - DATAGRAM_MAX) / 1100);
	while (egress_data(&g, &one, 0, 100) != NULL)
		small++;
	ck_assert_uint_gt(small, BULK / 16 / 192 - 2);
	for (i = 0; i < SLOTS; i++)
		ck_assert_int_eq(egress_handshake(&g, &one, 0, msg,
		    sizeof(msg)), 0);
	ck_assert_int_eq(egress_handshake(&g, &one, 0, msg, sizeof(msg)),
	    -1);
	ck_assert_ptr_null(egress_data(&g, &one, 0, DATAGRAM_MAX + 1));
	egress_publish(&g);
}
END_TEST

/*
 * Who has a session can make as many reports as packets, by two addresses in
 * turn: half of the lane is for handshakes alone.
 */
START_TEST(reports_leave_room)
{
	static const uint8_t from[ENGINE_FROM] = { 1 };
	struct origin o = { 0, 0, 0, from };
	uint8_t msg[NOISE_RESPONSE_LEN] = { 2 };
	struct ring_rec rec;
	unsigned i;

	for (i = 0; i < 100; i++) {
		o.path = 7 + i % 2;
		ck_assert_int_eq(egress_auth(&g, &two, &o, false),
		    i < SLOTS / 2 ? 0 : -1);
	}
	ck_assert_int_eq(egress_auth(&g, &two, &o, true), 0);
	for (i = 0; i < SLOTS / 2 - 1; i++)
		ck_assert_int_eq(egress_handshake(&g, &one, 0, msg,
		    sizeof(msg)), 0);
	ck_assert_int_eq(egress_handshake(&g, &one, 0, msg, sizeof(msg)),
	    -1);
	ck_assert_int_eq(egress_auth(&g, &two, &o, true), -1);
	/* One that has to wait does not end the record that is open. */
	put(&one, 0, 100, 1);
	ck_assert_int_eq(egress_auth(&g, &two, &o, false), -1);
	put(&one, 0, 100, 2);
	egress_publish(&g);
	expect(1, 0, 2, 100, 100);
	/* Once netd has read them there is room for the next. */
	for (i = 0; i < SLOTS / 2 + 1; i++) {
		ck_assert_int_eq(ring_next(&theirs, RING_URGENT, &rec), 1);
		ck_assert_uint_eq(rec.hdr.kind, RING_CONTROL);
		ring_done(&theirs, RING_URGENT);
	}
	ring_acknowledge(&theirs);
	ck_assert_int_eq(egress_auth(&g, &two, &o, false), 0);
	ck_assert_int_eq(egress_auth(&g, &two, &o, false), -1);
	ck_assert_int_eq(ring_next(&theirs, RING_URGENT, &rec), 1);
	ck_assert_uint_eq(rec.hdr.kind, RING_HANDSHAKE);
	ring_done(&theirs, RING_URGENT);
	ring_acknowledge(&theirs);
	ck_assert_int_eq(egress_auth(&g, &two, &o, false), 0);
}
END_TEST

/* A record as netd writes it. */
static void
netd_put(enum ring_lane lane, const struct ring_hdr *h, size_t len)
{
	struct ring_hdr *r = ring_open(&theirs, lane, len);

	ck_assert_ptr_nonnull(r);
	memcpy(r, h, sizeof(*r));
	memset(ring_payload(r), 4, len);
	ring_commit(&theirs, len);
	ring_publish(&theirs);
}

static const struct ring_hdr good_data = {
	.kind = RING_DATA, .path = 9, .nseg = 3, .seg_size = 100,
	.last_size = 50,
};
static const struct ring_hdr good_handshake = {
	.kind = RING_HANDSHAKE, .path = 9, .nseg = 1, .seg_size = 148,
	.last_size = 148,
};

START_TEST(well_formed)
{
	netd_put(RING_BULK, &good_data, 250);
	netd_put(RING_URGENT, &good_handshake, 148);
	ck_assert_int_eq(ingress_serve(in), INGRESS_WORK);
	ck_assert_int_eq(ingress_serve(in), INGRESS_IDLE);
	ck_assert_uint_eq(e.n.drop_in_malformed, 3);
	ck_assert_uint_eq(e.n.handshakes_received, 1);
	ck_assert_uint_eq(e.n.drop_hs_malformed, 1);
}
END_TEST

/* Few records may be many packets: a turn ends all the same (P46). */
START_TEST(bounded)
{
	struct ring_hdr h = good_data;
	unsigned i;

	h.nseg = 64;
	h.seg_size = h.last_size = 40;
	for (i = 0; i < 5; i++)
		netd_put(RING_BULK, &h, 64 * 40);
	ck_assert_int_eq(ingress_serve(in), INGRESS_WORK);
	ck_assert_uint_eq(e.n.drop_in_malformed, INGRESS_PACKETS);
	/* What was read makes room at once. */
	ck_assert_uint_lt(ring_unread(&theirs, RING_BULK), 4 * 64 * 40);
	ck_assert_int_eq(ingress_serve(in), INGRESS_WORK);
	ck_assert_int_eq(ingress_serve(in), INGRESS_WORK);
	ck_assert_int_eq(ingress_serve(in), INGRESS_IDLE);
	ck_assert_uint_eq(e.n.drop_in_malformed, 5 * 64);
}
END_TEST

/* Handshakes that used up their share wait for data, data does not (P16). */
START_TEST(share)
{
	in->spent = INGRESS_SHARE + 1;
	netd_put(RING_URGENT, &good_handshake, 148);
	netd_put(RING_URGENT, &good_handshake, 148);
	netd_put(RING_BULK, &good_data, 250);
	ck_assert(!ingress_is_busy(in));
	ck_assert_int_eq(ingress_serve(in), INGRESS_WORK);
	ck_assert(ingress_is_busy(in));
	ck_assert(ring_peer_busy(&theirs));
	ck_assert_uint_eq(e.n.hs_busy, 1);
	ck_assert_uint_eq(e.n.handshakes_received, 0);
	ck_assert_uint_eq(e.n.drop_in_malformed, 3);
	ck_assert(!ingress_is_ready(in));
	netd_put(RING_BULK, &good_data, 250);
	ck_assert(ingress_is_ready(in));
	ck_assert_int_eq(ingress_serve(in), INGRESS_WORK);
	ck_assert_int_eq(ingress_serve(in), INGRESS_IDLE);
	ck_assert_uint_eq(e.n.handshakes_received, 0);
	ck_assert_uint_eq(e.n.drop_in_malformed, 6);
	/* What the TUN device has is data, too. */
	e.now += INGRESS_QUIET - 1;
	e.n.tun_read++;
	ck_assert_int_eq(ingress_serve(in), INGRESS_IDLE);
	e.now += INGRESS_QUIET - 1;
	ck_assert_int_eq(ingress_serve(in), INGRESS_IDLE);
	ck_assert_uint_eq(e.n.hs_busy, 1);
	/* With no data at all there is nothing to wait for: one a turn. */
	e.now++;
	ck_assert_int_eq(ingress_serve(in), INGRESS_WORK);
	ck_assert(!ingress_is_busy(in));
	ck_assert(!ring_peer_busy(&theirs));
	ck_assert_uint_eq(e.n.handshakes_received, 1);
	netd_put(RING_BULK, &good_data, 250);
	ck_assert_int_eq(ingress_serve(in), INGRESS_WORK);
	ck_assert(ingress_is_busy(in));
	ck_assert_uint_eq(e.n.hs_busy, 2);
	ck_assert_uint_eq(e.n.handshakes_received, 1);
	/* Or a new window begins. */
	e.now += INGRESS_WINDOW;
	netd_put(RING_BULK, &good_data, 250);
	ck_assert_int_eq(ingress_serve(in), INGRESS_WORK);
	ck_assert(!ingress_is_busy(in));
	ck_assert_uint_eq(e.n.handshakes_received, 2);
	ck_assert_uint_eq(e.n.hs_busy, 2);
}
END_TEST

/* And a turn of theirs ends before a packet has waited for long. */
START_TEST(stretch)
{
	unsigned i;

	for (i = 0; i < SLOTS; i++)
		netd_put(RING_URGENT, &good_handshake, 148);
	ck_assert_int_eq(ingress_serve(in), INGRESS_WORK);
	ck_assert_uint_le(e.n.handshakes_received, INGRESS_URGENT);
	ck_assert_uint_gt(e.n.handshakes_received, 0);
	for (i = 0; i < SLOTS && ring_has(&mine, RING_URGENT); i++)
		ingress_serve(in);
	ck_assert_uint_eq(e.n.handshakes_received, SLOTS);
}
END_TEST

/* Each a breach: told once, and the ring is not read again. */
START_TEST(hostile)
{
	struct ring_hdr h = good_data;
	enum ring_lane lane = RING_BULK;
	size_t len = 250;

	switch (_i) {
	case 0:
		h.nseg = 0;
		break;
	case 1:
		h.seg_size = 0;
		break;
	case 2:
		h.nseg = 65535;
		break;
	case 3:
		h.last_size = 101;
		break;
	case 4:
		h.kind = RING_HANDSHAKE;
		break;
	case 5:
		h.kind = RING_CONTROL;
		break;
	case 6:
		h.ecn = 4;
		break;
	case 7:
		h.path = 0;
		break;
	case 8:
		len = 249;
		break;
	default:
		h = good_handshake;
		lane = RING_URGENT;
		len = 148;
		if (_i == 9)
			h.local_key = 4;
		else if (_i == 10)
			h.kind = RING_DATA;
		else if (_i == 11)
			h.path = 0;
		else {
			h.seg_size = h.last_size = 147;
			len = 147;
		}
	}
	netd_put(lane, &h, len);
	ck_assert_int_eq(ingress_serve(in), INGRESS_FAULT);
	netd_put(RING_URGENT, &good_handshake, 148);
	ck_assert_int_eq(ingress_serve(in), INGRESS_IDLE);
	ck_assert_uint_eq(e.n.handshakes_received, 0);
	ck_assert_uint_eq(e.n.drop_in_malformed, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("egress");
	TCase *t = tcase_create("egress");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, grouping);
	tcase_add_test(t, interruption);
	tcase_add_test(t, full);
	tcase_add_test(t, reports_leave_room);
	tcase_add_test(t, well_formed);
	tcase_add_test(t, bounded);
	tcase_add_test(t, share);
	tcase_add_test(t, stretch);
	tcase_add_loop_test(t, hostile, 0, 13);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("egress", suite());
}
