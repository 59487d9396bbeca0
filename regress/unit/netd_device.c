/* SPDX-License-Identifier: ISC */
/*
 * netd's table of devices: keys come and go, the last handshake is found by
 * its index, and a walk bears removals.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

#include "netd/device.h"
#include "unit.h"

static struct device_table	t;
static const uint8_t		pub[32] = { 7 };

static void
setup(void)
{
	ck_assert_int_eq(device_table_init(&t), 0);
}

static void
teardown(void)
{
	device_table_clear(&t);
}

START_TEST(keys)
{
	struct device *d;
	uint8_t slot;

	ck_assert(device_find(&t, 5) == NULL);
	d = device_add_key(&t, 5, 1, pub);
	ck_assert(d != NULL && device_find(&t, 5) == d);
	ck_assert(device_maker(d, &slot) == &d->maker[1]);
	ck_assert_uint_eq(slot, 1);
	ck_assert(device_add_key(&t, 5, 0, pub) == d);
	ck_assert(device_maker(d, &slot) == &d->maker[0]);
	/* Same bucket, another device. */
	ck_assert(device_add_key(&t, 5 + DEVICE_BUCKETS, 0, pub) != d);
	ck_assert_uint_eq(t.n, 2);
	device_del_key(&t, 5, 0);
	ck_assert(device_find(&t, 5) == d);
	device_del_key(&t, 5, 0);
	ck_assert(device_find(&t, 5) == d);
	device_del_key(&t, 5, 1);
	ck_assert(device_find(&t, 5) == NULL);
	ck_assert(device_find(&t, 5 + DEVICE_BUCKETS) != NULL);
	device_del_key(&t, 5, 1);
	ck_assert_uint_eq(t.n, 1);
}
END_TEST

START_TEST(senders)
{
	struct device *a = device_add_key(&t, 1, 0, pub);
	struct device *b = device_add_key(&t, 2, 0, pub);

	ck_assert(device_by_sender(&t, 77) == NULL);
	ck_assert(device_by_sender(&t, 0) == NULL);
	device_set_sender(&t, a, 0, 77);
	device_set_sender(&t, b, 0, 77 + DEVICE_BUCKETS);
	ck_assert(device_by_sender(&t, 77) == a);
	ck_assert(device_by_sender(&t, 77 + DEVICE_BUCKETS) == b);
	/* Only the last one counts. */
	device_set_sender(&t, a, 0, 78);
	ck_assert(device_by_sender(&t, 77) == NULL);
	ck_assert(device_by_sender(&t, 78) == a);
	device_add_key(&t, 1, 1, pub);
	device_del_key(&t, 1, 0);
	ck_assert(device_by_sender(&t, 78) == NULL);
	device_del_key(&t, 2, 0);
	ck_assert(device_by_sender(&t, 77 + DEVICE_BUCKETS) == NULL);
}
END_TEST

static void
count_gone(void *arg, struct device *d)
{
	/* Still whole. */
	ck_assert(device_find(&t, d->id) == d);
	++*(int *)arg;
}

START_TEST(gone)
{
	uint8_t other[32] = { 9 };
	struct device *d;
	int n = 0;

	t.gone = count_gone;
	t.arg = &n;
	d = device_add_key(&t, 1, 0, pub);
	ck_assert_mem_eq(d->key, pub, 32);
	ck_assert(d->user.owner == d && d->peer == NULL);
	device_add_key(&t, 1, 1, other);
	ck_assert_mem_eq(d->key, pub, 32);
	device_del_key(&t, 1, 0);
	ck_assert_int_eq(n, 0);
	device_del_key(&t, 1, 1);
	ck_assert_int_eq(n, 1);
	device_del_key(&t, 1, 1);
	ck_assert_int_eq(n, 1);
}
END_TEST

START_TEST(walk)
{
	struct device *d;
	uint32_t i, seen = 0;

	for (i = 1; i <= 100; i++)
		device_add_key(&t, i, 0, pub);
	device_walk_begin(&t);
	for (i = 1; i <= 50; i++) {
		d = device_walk(&t);
		ck_assert_uint_eq(d->id, i);
	}
	/* The next one, the one before and the last one go. */
	device_del_key(&t, 51, 0);
	device_del_key(&t, 50, 0);
	device_del_key(&t, 100, 0);
	d = device_walk(&t);
	ck_assert_uint_eq(d->id, 52);
	while ((d = device_walk(&t)) != NULL)
		seen = d->id;
	ck_assert_uint_eq(seen, 99);
	ck_assert(device_walk(&t) == NULL);
}
END_TEST

START_TEST(many)
{
	uint32_t i;

	for (i = 1; i <= 65536; i++)
		device_set_sender(&t, device_add_key(&t, i, 0, pub), 0,
		    i * 2654435761U);
	for (i = 1; i <= 65536; i++) {
		ck_assert(device_find(&t, i)->id == i);
		ck_assert(device_by_sender(&t, i * 2654435761U)->id == i);
	}
	/* Whoever makes up ids gets no more of our memory. */
	errno = 0;
	ck_assert(device_add_key(&t, i, 0, pub) == NULL);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_eq(t.n, DEVICE_MAX);
	ck_assert(device_add_key(&t, 1, 1, pub) != NULL);
	device_del_key(&t, 2, 0);
	ck_assert(device_add_key(&t, i, 0, pub) != NULL);
}
END_TEST

/* What was refused on the way to one address says nothing of another. */
START_TEST(another_address)
{
	struct device *d = device_add_key(&t, 1, 0, pub);
	struct source s;

	memset(&s, 0, sizeof(s));
	s.remote.family = AF_INET;
	s.remote.addr[3] = 1;
	s.remote.port = 5;
	s.has_local = true;
	s.local[3] = 7;
	s.ifindex = 9;
	ck_assert(!device_is_path(d, &s));
	d->at = s;
	ck_assert(device_is_path(d, &s));
	d->refused.family = s.remote.family;
	memcpy(d->refused.local, s.local, sizeof(s.local));
	d->refused.ifindex = s.ifindex;
	d->asked = d->refused;
	/* A port is no other address. */
	s.remote.port = 6;
	ck_assert(device_is_path(d, &s));
	device_leads(d, &s.remote);
	ck_assert(device_is_way(&d->refused, &s));
	ck_assert(!d->unchecked);
	s.local[3] = 8;
	ck_assert(!device_is_path(d, &s));
	s.local[3] = 7;
	s.ifindex = 8;
	ck_assert(!device_is_path(d, &s));
	s.ifindex = 9;
	s.remote.addr[3] = 2;
	ck_assert(!device_is_path(d, &s));
	device_leads(d, &s.remote);
	ck_assert_uint_eq(d->refused.family, 0);
	ck_assert(d->unchecked);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("netd_device");
	TCase *tc = tcase_create("netd_device");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, keys);
	tcase_add_test(tc, senders);
	tcase_add_test(tc, gone);
	tcase_add_test(tc, walk);
	tcase_add_test(tc, many);
	tcase_add_test(tc, another_address);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("netd_device", suite());
}
