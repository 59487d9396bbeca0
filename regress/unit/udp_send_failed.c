/* SPDX-License-Identifier: ISC */
/*
 * Datagrams that do not go out in any way: refused, without room or without a
 * socket.  It is counted and told once, and a name may have another address.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>

#include "udp_send_play.h"

#define BATCH	64			/* datagrams of a family wait at most */

/* In pieces it is refused, too: counted, and told once. */
START_TEST(all_refused)
{
	no_gso = EINVAL;
	no_plain = EACCES;
	send_trains(2);
	ck_assert_uint_eq(nwire, 0);
	ck_assert_uint_eq(netd.count.tx_datagrams, 0);
	ck_assert_uint_eq(netd.count.drop_send, 2 * NSEG);
	ck_assert_uint_eq(netd.count.tx_plain, 0);
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(told_error, EACCES);
	ck_assert_uint_eq(dev.error, EACCES);
	no_gso = no_plain = 0;
	send_trains(1);
	ck_assert_uint_eq(dev.error, 0);
	ck_assert(!dev.told);
}
END_TEST

/* Routes have changed meanwhile, so that its error is forgotten. */
START_TEST(told_again)
{
	no_plain = EHOSTUNREACH;
	sender_data(&netd, &dev, train[0], SEG, 1, SEG, 0);
	sender_flush(&netd);
	ck_assert(dev.told);
	dev.error = 0;
	sender_data(&netd, &dev, train[0], SEG, 1, SEG, 0);
	sender_flush(&netd);
	ck_assert_uint_eq(dev.error, EHOSTUNREACH);
	ck_assert_uint_eq(told, 1);
	dev.error = 0;
	no_plain = 0;
	sender_data(&netd, &dev, train[0], SEG, 1, SEG, 0);
	sender_flush(&netd);
	ck_assert(!dev.told);
}
END_TEST

/* An IPv6 address on a host without IPv6. */
START_TEST(no_socket)
{
	struct source v4 = dev.at, v6 = dev.at;
	uint8_t handshake[148] = { 1 };

	v6.remote.family = AF_INET6;
	dev.at = v6;
	send_trains(2);
	sender_handshake(&netd, &dev, handshake, sizeof(handshake), 0);
	sender_flush(&netd);
	ck_assert_uint_eq(nwire, 0);
	ck_assert_uint_eq(netd.count.drop_no_socket, 2 * NSEG + 1);
	ck_assert_uint_eq(dev.error, EAFNOSUPPORT);
	ck_assert_uint_eq(told, 1);
	/* Its name has another address, which a handshake goes to. */
	ck_assert_uint_eq(looked, 1);
	elsewhere = &v4;
	sender_handshake(&netd, &dev, handshake, sizeof(handshake), 0);
	sender_flush(&netd);
	ck_assert_uint_eq(nwire, 1);
	ck_assert_uint_eq(looked, 2);
	ck_assert_uint_eq(dev.error, 0);
	ck_assert(!dev.told);
	/* Another without a socket is the end. */
	dev.at = v6;
	elsewhere = &v6;
	sender_handshake(&netd, &dev, handshake, sizeof(handshake), 0);
	ck_assert_uint_eq(looked, 3);
	ck_assert_uint_eq(netd.count.drop_no_socket, 2 * NSEG + 2);
}
END_TEST

/* Of what goes out one by one there is none to count as sent so. */
START_TEST(no_socket_plain)
{
	dev.at.remote.family = AF_INET6;
	netd.sock[UDP_V6].gso = false;
	send_trains(1);
	ck_assert_uint_eq(netd.count.drop_no_socket, NSEG);
	ck_assert_uint_eq(netd.count.tx_plain, 0);
}
END_TEST

/*
 * The parent has not said yet whether there is another socket: that the peer
 * cannot be reached is not known, and nobody hears of it.
 */
START_TEST(sockets_come)
{
	uint8_t handshake[148] = { 1 };

	netd.sockets_come = true;
	dev.at.remote.family = AF_INET6;
	send_trains(2);
	sender_handshake(&netd, &dev, handshake, sizeof(handshake), 0);
	sender_flush(&netd);
	ck_assert_uint_eq(netd.count.drop_no_socket, 2 * NSEG + 1);
	ck_assert_uint_eq(dev.error, 0);
	ck_assert_uint_eq(looked, 0);
	ck_assert_uint_eq(told, 0);
	netd.sockets_come = false;
	sender_handshake(&netd, &dev, handshake, sizeof(handshake), 0);
	ck_assert_uint_eq(dev.error, EAFNOSUPPORT);
	ck_assert_uint_eq(looked, 1);
	ck_assert_uint_eq(told, 1);
}
END_TEST

/* The link is down. */
START_TEST(no_socket_at_all)
{
	uint8_t handshake[148] = { 1 };

	netd.sock[UDP_V4].fd = -1;
	send_trains(1);
	sender_handshake(&netd, &dev, handshake, sizeof(handshake), 0);
	sender_flush(&netd);
	ck_assert_uint_eq(netd.count.drop_no_socket, NSEG + 1);
	ck_assert_uint_eq(dev.error, 0);
	ck_assert_uint_eq(told, 0);
}
END_TEST

/* No room: dropped, and nothing else is tried. */
START_TEST(no_room)
{
	no_gso = EAGAIN;
	send_trains(3);
	ck_assert_uint_eq(nwire, 0);
	ck_assert_uint_eq(refusals, 1);
	ck_assert_uint_eq(netd.count.drop_busy, 3 * NSEG);
	no_gso = ENOBUFS;
	send_trains(3);
	ck_assert_uint_eq(netd.count.drop_busy, 6 * NSEG);
	ck_assert_uint_eq(netd.count.tx_plain, 0);
	ck_assert_uint_eq(told, 0);
}
END_TEST

/*
 * The queue of IPv6 is full, and so is the one of IPv4; the flush finds that
 * the peer is better reached by IPv4.
 */
START_TEST(another_family)
{
	struct device *other = calloc(1, sizeof(*other));
	struct source v4 = dev.at;
	uint8_t handshake[148] = { 1 };
	unsigned i;

	netd.sock[UDP_V6].fd = FD_V6;
	other->at = v4;
	other->at.remote.port++;
	/* What its items say of it must not be asked when it is gone. */
	for (i = 0; i < BATCH; i++)
		sender_data(&netd, other, train[0], SEG, 1, SEG, 0);
	sender_flush(&netd);
	free(other);
	ck_assert_uint_eq(sent_v4, BATCH);
	for (i = 0; i < 3; i++)
		sender_data(&netd, &dev, train[0], SEG, 1, SEG, 0);
	dev.at.remote.family = AF_INET6;
	dev.at.remote.addr[0] = 0x20;
	sender_handshake(&netd, &dev, handshake, sizeof(handshake), 0);
	for (i = 1; i < BATCH; i++)
		sender_data(&netd, &dev, train[1], SEG, 1, SEG, 0);
	no_v6 = ENETUNREACH;
	elsewhere = &v4;
	nwire = 0;
	sender_data(&netd, &dev, train[2], SEG, 1, SEG, 0);
	sender_flush(&netd);
	/* The handshake at once, the three that waited, and the last one. */
	ck_assert_uint_eq(nwire, 5);
	ck_assert_uint_eq(wire[0].len, sizeof(handshake));
	ck_assert_ptr_eq(wire[1].data, train[0]);
	ck_assert_ptr_eq(wire[3].data, train[0]);
	ck_assert_ptr_eq(wire[4].data, train[2]);
	ck_assert_uint_eq(sent_v6, 0);
	ck_assert_uint_eq(netd.count.tx_elsewhere, 1);
	ck_assert_uint_eq(netd.count.tx_datagrams, BATCH + 5);
	ck_assert_uint_eq(told, 1);
}
END_TEST

/* And the other way round, into a queue that is full as well. */
START_TEST(another_family_full)
{
	struct source v4 = dev.at, v6 = dev.at;
	uint8_t handshake[148] = { 1 };
	unsigned i;

	netd.sock[UDP_V6].fd = FD_V6;
	v6.remote.family = AF_INET6;
	for (i = 0; i < BATCH; i++)
		sender_data(&netd, &dev, train[0], SEG, 1, SEG, 0);
	dev.at = v6;
	sender_handshake(&netd, &dev, handshake, sizeof(handshake), 0);
	for (i = 1; i < BATCH; i++)
		sender_data(&netd, &dev, train[1], SEG, 1, SEG, 0);
	no_v6 = EHOSTUNREACH;
	elsewhere = &v4;
	sender_data(&netd, &dev, train[2], SEG, 1, SEG, 0);
	sender_flush(&netd);
	ck_assert_uint_eq(sent_v4, BATCH + 2);
	ck_assert_ptr_eq(wire[nwire - 1].data, train[2]);
	ck_assert_uint_eq(netd.count.tx_datagrams, BATCH + 2);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("udp_send_failed");
	TCase *tc = tcase_create("udp_send_failed");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_refused);
	tcase_add_test(tc, told_again);
	tcase_add_test(tc, no_socket);
	tcase_add_test(tc, no_socket_plain);
	tcase_add_test(tc, sockets_come);
	tcase_add_test(tc, no_socket_at_all);
	tcase_add_test(tc, no_room);
	tcase_add_test(tc, another_family);
	tcase_add_test(tc, another_family_full);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("udp_send_failed", suite());
}
