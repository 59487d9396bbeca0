/* SPDX-License-Identifier: ISC */
/*
 * The envelope: forms of messages, which key a mac1 was made for, when we
 * are under load, and what then becomes of a handshake message.
 */

#include <sodium.h>
#include <string.h>

#include "netd/envelope.h"
#include "shared/bytes.h"
#include "unit.h"

#define MS	1000000ULL
#define SEC	1000000000ULL
#define T0	(100 * SEC)

static struct envelope		e;
static struct cookie_maker	maker[2];
static struct endpoint		from;
static uint8_t			pub[2][32], reply[COOKIE_REPLY_LEN], slot;
static struct ring		ours, theirs;

static void
setup(void)
{
	int fd, fd2;

	ck_assert_int_eq(envelope_init(&e, T0), 0);
	memset(pub[0], 1, 32);
	memset(pub[1], 2, 32);
	cookie_maker_init(&maker[0], pub[0]);
	cookie_maker_init(&maker[1], pub[1]);
	ck_assert_int_eq(endpoint_parse(&from, "192.0.2.1:1234"), 0);
	memset(&ours, 0, sizeof(ours));
	memset(&theirs, 0, sizeof(theirs));
	fd = ring_create(&ours, 256 * 1024, 512);
	fd2 = ring_create(&theirs, 256 * 1024, 512);
	ck_assert_int_eq(ring_attach(&theirs, fd, 256 * 1024, 512), 0);
	ck_assert_int_eq(ring_attach(&ours, fd2, 256 * 1024, 512), 0);
	ring_set_bell(&ours, -1);
}

static void
teardown(void)
{
	envelope_clear(&e);
}

/* An initiation with macs, of its own content each time. */
static void
initiation(uint8_t msg[WG_INITIATION_LEN], int to, uint64_t now)
{
	randombytes_buf(msg, WG_INITIATION_LEN);
	put_le32(msg, WG_INITIATION);
	ck_assert_int_eq(cookie_maker_fill(&maker[to], msg,
	    WG_INITIATION_LEN, now), 0);
}

static enum envelope_verdict
check(const uint8_t *msg, bool loaded, uint64_t now)
{
	slot = 99;
	return envelope_check(&e, msg, WG_INITIATION_LEN, &from, loaded, now,
	    &slot, reply);
}

START_TEST(forms)
{
	static const size_t len[] = { 0, 148, 92, 64, 32 };
	uint8_t msg[200];
	unsigned type, n;
	int i;

	for (type = 0; type < 256; type++) {
		memset(msg, 0, sizeof(msg));
		msg[0] = (uint8_t)type;
		for (n = 0; n <= sizeof(msg); n++) {
			bool ok = type >= 1 && type <= 4 && (type == 4 ?
			    n >= len[4] : n == len[type]);

			ck_assert_uint_eq(message_form(msg, n),
			    ok ? type : 0);
		}
	}
	/* A reserved byte that is not zero. */
	for (i = 1; i < 4; i++) {
		memset(msg, 0, sizeof(msg));
		msg[0] = 4;
		msg[i] = 1;
		ck_assert_uint_eq(message_form(msg, 64), 0);
	}
}
END_TEST

START_TEST(which_key)
{
	uint8_t a[WG_INITIATION_LEN], b[WG_INITIATION_LEN];

	initiation(a, 0, T0);
	initiation(b, 1, T0);
	/* No key, no entry. */
	ck_assert_int_eq(check(a, false, T0), ENVELOPE_NO_MAC1);
	envelope_set_key(&e, 0, pub[0], T0);
	envelope_set_key(&e, 3, pub[1], T0);
	ck_assert_int_eq(check(a, false, T0), ENVELOPE_PASS);
	ck_assert_uint_eq(slot, 0);
	ck_assert_int_eq(check(b, false, T0), ENVELOPE_PASS);
	ck_assert_uint_eq(slot, 3);
	envelope_set_key(&e, 0, NULL, T0);
	ck_assert_int_eq(check(a, false, T0), ENVELOPE_NO_MAC1);
	ck_assert_int_eq(check(b, false, T0), ENVELOPE_PASS);
	b[20] ^= 1;
	ck_assert_int_eq(check(b, false, T0), ENVELOPE_NO_MAC1);
}
END_TEST

START_TEST(copies)
{
	uint8_t a[WG_INITIATION_LEN];

	envelope_set_key(&e, 0, pub[0], T0);
	initiation(a, 0, T0);
	/* What was not passed on is not remembered. */
	ck_assert_int_eq(check(a, false, T0), ENVELOPE_PASS);
	ck_assert_int_eq(check(a, false, T0), ENVELOPE_PASS);
	envelope_passed(&e, a, sizeof(a), 0, T0);
	ck_assert_int_eq(check(a, false, T0 + 1), ENVELOPE_DUPLICATE);
	ck_assert_int_eq(check(a, true, T0 + 1), ENVELOPE_DUPLICATE);
	/* mac2 is not part of what makes it a copy. */
	a[WG_INITIATION_LEN - 1] ^= 1;
	ck_assert_int_eq(check(a, false, T0 + 1), ENVELOPE_DUPLICATE);
	ck_assert_int_eq(check(a, false, T0 + SEC), ENVELOPE_PASS);
}
END_TEST

START_TEST(cookies)
{
	uint8_t a[WG_INITIATION_LEN];
	int i;

	envelope_set_key(&e, 2, pub[0], T0);
	initiation(a, 0, T0);
	ck_assert_int_eq(check(a, true, T0), ENVELOPE_COOKIE);
	ck_assert_uint_eq(get_le32(reply), WG_COOKIE_REPLY);
	ck_assert_mem_eq(reply + 4, a + 4, 4);
	ck_assert_int_eq(cookie_maker_consume(&maker[0], reply, T0), 0);
	/* The next one carries mac2, and the limiter lets a burst pass. */
	for (i = 0; i < RATELIMIT_BURST; i++) {
		initiation(a, 0, T0);
		ck_assert_int_eq(check(a, true, T0), ENVELOPE_PASS);
	}
	initiation(a, 0, T0);
	ck_assert_int_eq(check(a, true, T0), ENVELOPE_LIMITED);
	/* Not under load neither counts. */
	ck_assert_int_eq(check(a, false, T0), ENVELOPE_PASS);
	/* From elsewhere the cookie is worth nothing. */
	from.port++;
	ck_assert_int_eq(check(a, true, T0), ENVELOPE_COOKIE);
	from.port--;
	from.addr[3]++;
	ck_assert_int_eq(check(a, true, T0), ENVELOPE_COOKIE);
}
END_TEST

/* As netd does: the position before it is committed. */
static void
pass(uint64_t now)
{
	uint8_t msg[WG_INITIATION_LEN];
	uint64_t pos = ours.head[RING_URGENT];
	struct ring_hdr *h = ring_open(&ours, RING_URGENT, sizeof(msg));

	ck_assert(h != NULL);
	initiation(msg, 0, now);
	h->kind = RING_HANDSHAKE;
	h->nseg = 1;
	h->seg_size = h->last_size = sizeof(msg);
	ring_commit(&ours, sizeof(msg));
	ring_publish(&ours);
	envelope_passed(&e, msg, sizeof(msg), pos, now);
}

static void
read_one(void)
{
	struct ring_rec rec;

	ck_assert_int_eq(ring_next(&theirs, RING_URGENT, &rec), 1);
	ring_done(&theirs, RING_URGENT);
	ring_acknowledge(&theirs);
}

START_TEST(load_by_age)
{
	ck_assert(!envelope_is_loaded(&e, &ours, T0));
	pass(T0);
	pass(T0 + 10 * MS);
	ck_assert(!envelope_is_loaded(&e, &ours, T0 + 20 * MS));
	read_one();
	/* The older one was read in time. */
	ck_assert(!envelope_is_loaded(&e, &ours, T0 + 30 * MS));
	ck_assert(envelope_is_loaded(&e, &ours, T0 + 31 * MS));
	read_one();
	/* And for a second after. */
	ck_assert(envelope_is_loaded(&e, &ours, T0 + 32 * MS));
	ck_assert(envelope_is_loaded(&e, &ours, T0 + 31 * MS + SEC - 1));
	ck_assert(!envelope_is_loaded(&e, &ours, T0 + 31 * MS + SEC));
	/* What was read long ago does not count. */
	ck_assert(!envelope_is_loaded(&e, &ours, T0 + 60 * SEC));
}
END_TEST

START_TEST(load_by_word)
{
	ring_set_busy(&theirs, true);
	ck_assert(envelope_is_loaded(&e, &ours, T0));
	ring_set_busy(&theirs, false);
	ck_assert(envelope_is_loaded(&e, &ours, T0 + SEC - 1));
	ck_assert(!envelope_is_loaded(&e, &ours, T0 + SEC));
}
END_TEST

/* More than can be watched at once: the oldest are forgotten, no more. */
START_TEST(load_overflow)
{
	uint8_t msg[WG_INITIATION_LEN];
	uint64_t i;

	initiation(msg, 0, T0);
	for (i = 0; i < 3 * LOAD_QUEUE; i++)
		envelope_passed(&e, msg, sizeof(msg), i, T0 + i);
	ck_assert_uint_eq(e.load.head - e.load.tail, LOAD_QUEUE);
	ck_assert(envelope_is_loaded(&e, &ours, T0 + SEC));
}
END_TEST

START_TEST(v6_and_response)
{
	uint8_t msg[WG_RESPONSE_LEN];

	envelope_set_key(&e, 0, pub[0], T0);
	ck_assert_int_eq(endpoint_parse(&from, "[2001:db8::1]:9"), 0);
	randombytes_buf(msg, sizeof(msg));
	put_le32(msg, WG_RESPONSE);
	ck_assert_int_eq(cookie_maker_fill(&maker[0], msg, sizeof(msg), T0),
	    0);
	ck_assert_int_eq(envelope_check(&e, msg, sizeof(msg), &from, true, T0,
	    &slot, reply), ENVELOPE_COOKIE);
	ck_assert_int_eq(cookie_maker_consume(&maker[0], reply, T0), 0);
	ck_assert_int_eq(cookie_maker_fill(&maker[0], msg, sizeof(msg), T0),
	    0);
	ck_assert_int_eq(envelope_check(&e, msg, sizeof(msg), &from, true, T0,
	    &slot, reply), ENVELOPE_PASS);
	/* The upper half of the address is not all of the cookie. */
	from.addr[15]++;
	ck_assert_int_eq(envelope_check(&e, msg, sizeof(msg), &from, true, T0,
	    &slot, reply), ENVELOPE_COOKIE);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("envelope");
	TCase *tc = tcase_create("envelope");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, forms);
	tcase_add_test(tc, which_key);
	tcase_add_test(tc, copies);
	tcase_add_test(tc, cookies);
	tcase_add_test(tc, load_by_age);
	tcase_add_test(tc, load_by_word);
	tcase_add_test(tc, load_overflow);
	tcase_add_test(tc, v6_and_response);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("envelope", suite());
}
