/* SPDX-License-Identifier: ISC */
/*
 * Trains of datagrams out, and a kernel that refuses them: by this route, of
 * this form or from this source.  They go in other ways, nothing of it twice.
 */
#include <errno.h>

#include "udp_send_play.h"

START_TEST(whole)
{
	send_trains(4);
	check_whole(0, 4);
	check_well(4);
	ck_assert_uint_eq(netd.count.tx_plain, 0);
}
END_TEST

/*
 * The route's device sums no checksums: no trains by it for a while, but to
 * other peers, and to this one when its route changed.
 */
START_TEST(eio)
{
	struct device other = { .at = dev.at };

	no_gso = EIO;
	send_trains(3);
	check_plain(0, 3);
	check_well(3);
	ck_assert_uint_eq(netd.count.tx_plain, 3);
	ck_assert_uint_eq(refusals, 3);
	/* Nor is it tried again, be they ever so short. */
	nwire = 0;
	send_trains(3);
	check_plain(0, 3);
	sender_data(&netd, &dev, train[0], 2 * 32, 2, 32, 0);
	sender_flush(&netd);
	ck_assert_uint_eq(nwire, 3 * NSEG + 2);
	ck_assert_uint_eq(refusals, 3);
	ck_assert(netd.sock[UDP_V4].gso);
	no_gso = 0;
	nwire = 0;
	sender_data(&netd, &other, train[0], LEN, NSEG, SEG, 0);
	sender_flush(&netd);
	check_whole(0, 1);
	dev.gso_limit = 0;			/* as route.c does */
	nwire = 0;
	send_trains(2);
	check_whole(0, 2);
}
END_TEST

/* This train, says EINVAL; the next one may do. */
START_TEST(einval)
{
	no_gso = EINVAL;
	send_trains(2);
	check_plain(0, 2);
	check_well(2);
	ck_assert_uint_eq(netd.count.tx_plain, 2);
	ck_assert(netd.sock[UDP_V4].gso);
	/* It may have been too long, as for EMSGSIZE. */
	ck_assert_uint_eq(dev.gso_limit, SEG - 1);
	no_gso = 0;
	nwire = 0;
	fakeclock_advance(MINUTE);
	send_trains(2);
	check_whole(0, 2);
	check_well(4);
}
END_TEST

/* It may be the source as well as the train; what is to blame is given up. */
START_TEST(einval_pinned)
{
	dev.at.has_local = true;
	no_source = EINVAL;
	send_trains(1);
	check_whole(0, 1);
	ck_assert(!wire[0].pinned && !dev.at.has_local);
	ck_assert_uint_eq(netd.count.tx_unpinned, 1);
	ck_assert_uint_eq(dev.gso_limit, 0);
	ck_assert_uint_eq(netd.generation, 1);
	check_well(1);
	dev.at.has_local = true;
	no_source = 0;
	no_gso = EINVAL;
	nwire = 0;
	send_trains(1);
	check_plain(0, 1);
	ck_assert(wire[0].pinned && dev.at.has_local);
	ck_assert_uint_eq(netd.count.tx_unpinned, 1);
	ck_assert_uint_eq(dev.gso_limit, SEG - 1);
	check_well(2);
}
END_TEST

/* A minute is enough to find out once more, and nothing is lost by that. */
START_TEST(eio_again)
{
	unsigned i;

	no_gso = EIO;
	for (i = 1; i <= 3; i++) {
		nwire = 0;
		send_trains(1);
		send_trains(1);
		ck_assert_uint_eq(nwire, 2 * NSEG);
		ck_assert_uint_eq(refusals, i);
		fakeclock_advance(MINUTE);
	}
	check_well(6);
	no_gso = 0;
	nwire = 0;
	send_trains(2);
	check_whole(0, 2);
	ck_assert_uint_eq(dev.gso_limit, 0);
}
END_TEST

/* EIO behind a source that is gone: the peer is marked all the same. */
START_TEST(eio_pinned)
{
	dev.at.has_local = true;
	no_source = ENETUNREACH;
	no_gso = EIO;
	send_trains(1);
	check_plain(0, 1);
	check_well(1);
	ck_assert_uint_eq(netd.count.tx_plain, 1);
	nwire = refusals = 0;
	send_trains(1);
	check_plain(0, 1);
	ck_assert_uint_eq(refusals, 0);
}
END_TEST

/* Each way has its own: it counts as one that was sent in pieces. */
START_TEST(eio_both_ways)
{
	dev.at.has_local = true;
	no_gso_first = true;
	no_source = ENETUNREACH;
	no_gso = EIO;
	send_trains(1);
	check_plain(0, 1);
	check_well(1);
	ck_assert_uint_eq(netd.count.tx_unpinned, 1);
	ck_assert_uint_eq(netd.count.tx_plain, 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("udp_send_trains");
	TCase *tc = tcase_create("udp_send_trains");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, whole);
	tcase_add_test(tc, eio);
	tcase_add_test(tc, einval);
	tcase_add_test(tc, einval_pinned);
	tcase_add_test(tc, eio_again);
	tcase_add_test(tc, eio_pinned);
	tcase_add_test(tc, eio_both_ways);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("udp_send_trains", suite());
}
