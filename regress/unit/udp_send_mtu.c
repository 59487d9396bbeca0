/* SPDX-License-Identifier: ISC */
/*
 * Trains of datagrams out, to a path of a smaller MTU: shorter ones go on,
 * and what it may take later is tried later.
 */
#include "udp_send_play.h"

/* A path of a smaller MTU: shorter trains go on, and longer ones later. */
START_TEST(too_long)
{
	mtu = SEG - 1;
	send_trains(1);
	check_plain(0, 1);
	ck_assert_uint_eq(dev.gso_limit, SEG - 1);
	ck_assert_uint_eq(refusals, 1);
	nwire = 0;
	send_trains(2);
	check_plain(0, 2);
	ck_assert_uint_eq(refusals, 1);
	check_well(3);
	ck_assert_uint_eq(netd.count.tx_plain, 3);
	nwire = 0;
	sender_data(&netd, &dev, train[0], 5 * 500, 5, 500, 0);
	sender_flush(&netd);
	ck_assert_uint_eq(nwire, 1);
	ck_assert_uint_eq(wire[0].seg_size, 500);
	ck_assert(netd.sock[UDP_V4].gso);
}
END_TEST

/* What a router said ends without a word: nobody clears the limit for us. */
START_TEST(again)
{
	mtu = SEG - 1;
	send_trains(1);
	mtu = 0;
	fakeclock_advance(MINUTE - CLOCK_NSEC_PER_SEC);
	nwire = 0;
	send_trains(2);
	check_plain(0, 2);
	fakeclock_advance(CLOCK_NSEC_PER_SEC);
	nwire = 0;
	send_trains(2);
	check_whole(0, 2);
	ck_assert_uint_eq(dev.gso_limit, 0);
	ck_assert_uint_eq(refusals, 1);
	check_well(5);
}
END_TEST

/* It is still so: once a minute a train is sent twice, and no more. */
START_TEST(again_in_vain)
{
	unsigned i;

	mtu = SEG - 1;
	for (i = 1; i <= 3; i++) {
		nwire = 0;
		send_trains(1);
		send_trains(1);
		ck_assert_uint_eq(nwire, 2 * NSEG);
		ck_assert_uint_eq(refusals, i);
		ck_assert_uint_eq(dev.gso_limit, SEG - 1);
		fakeclock_advance(MINUTE);
	}
	check_well(6);
}
END_TEST

/* Trains of two sizes in a batch: the smaller limit is the one that holds. */
START_TEST(two_sizes)
{
	mtu = 400;
	sender_data(&netd, &dev, train[0], 5 * 500, 5, 500, 0);
	sender_data(&netd, &dev, train[1], LEN, NSEG, SEG, 0);
	sender_flush(&netd);
	ck_assert_uint_eq(dev.gso_limit, 499);
	ck_assert_uint_eq(refusals, 2);
	ck_assert_uint_eq(nwire, 5 + NSEG);
}
END_TEST

/* With a full queue in the midst, and nothing lost or twice. */
START_TEST(long_batch)
{
	unsigned i;

	mtu = SEG - 1;
	send_trains(1);
	nwire = 0;
	for (i = 0; i < 10; i++)
		sender_data(&netd, &dev, train[i % 4], LEN, NSEG, SEG, 0);
	sender_flush(&netd);
	ck_assert_uint_eq(nwire, 10 * NSEG);
	ck_assert_uint_eq(refusals, 1);
	check_well(11);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("udp_send_mtu");
	TCase *tc = tcase_create("udp_send_mtu");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, too_long);
	tcase_add_test(tc, again);
	tcase_add_test(tc, again_in_vain);
	tcase_add_test(tc, two_sizes);
	tcase_add_test(tc, long_batch);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("udp_send_mtu", suite());
}
