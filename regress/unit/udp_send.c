/* SPDX-License-Identifier: ISC */
/*
 * Datagrams out, to a kernel that is played: what it refuses of a train is
 * sent in other ways, nothing of it twice, and what it may take later is
 * tried later.
 */
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "fakeclock.h"
#include "netd/netd.h"
#include "shared/clock.h"
#include "unit.h"

#define SEG	1000
#define NSEG	10
#define LEN	(SEG * (NSEG - 1) + 300)	/* of a train */
#define MANY	512
#define FD_V4	77
#define FD_V6	78
#define BATCH	64			/* datagrams of a family wait at most */
#define MINUTE	(60 * CLOCK_NSEC_PER_SEC)

/* What the kernel got of the datagrams, and how. */
struct wire {
	uint16_t	 seg_size;		/* 0: one datagram */
	size_t		 len;
	bool		 pinned;
	const uint8_t	*data;
};

static struct netd n;
static struct device dev;
static uint8_t train[4][LEN];
static struct wire wire[MANY];
static unsigned nwire;
static unsigned refusals;		/* by the kernel */
static unsigned told;
static int told_error;

/* The kernel's ways. */
static int no_gso;			/* errno for a train; 0: takes it */
static bool no_gso_first;		/* before it looks at the source */
static size_t mtu;			/* longer ones: EMSGSIZE; 0: none */
static int no_source;			/* errno for a pinned source */
static int no_plain;			/* errno for a single datagram */
static int no_v6;			/* errno for IPv6 */
static unsigned sent_v4, sent_v6;

/* Where the peer is reached, too, if it is not where it was. */
static const struct source *elsewhere;
static unsigned looked;			/* for it */

static int
judge(const struct msghdr *m)
{
	struct wire *w = &wire[nwire];
	struct cmsghdr *c;

	ck_assert_uint_lt(nwire, MANY);
	ck_assert_uint_eq(m->msg_iovlen, 1);
	memset(w, 0, sizeof(*w));
	w->data = m->msg_iov[0].iov_base;
	w->len = m->msg_iov[0].iov_len;
	for (c = CMSG_FIRSTHDR(m); c != NULL;
	    c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			w->pinned = true;
		if (c->cmsg_level != IPPROTO_UDP)
			continue;
		ck_assert_int_eq(c->cmsg_type, UDP_SEGMENT);
		memcpy(&w->seg_size, CMSG_DATA(c), sizeof(w->seg_size));
	}
	if (((const struct sockaddr *)m->msg_name)->sa_family == AF_INET6) {
		if (no_v6 != 0)
			return no_v6;
		sent_v6++;
	} else
		sent_v4++;
	if (no_gso_first && w->seg_size != 0 && no_gso != 0)
		return no_gso;
	if (w->pinned && no_source != 0)
		return no_source;
	if (w->seg_size != 0 && no_gso != 0)
		return no_gso;
	if (w->seg_size != 0 && mtu != 0 && w->seg_size > mtu)
		return EMSGSIZE;
	if (w->seg_size == 0 && no_plain != 0)
		return no_plain;
	nwire++;
	return 0;
}

/* In the place of the C library's. */
ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	ck_assert(fd == FD_V4 || fd == FD_V6);
	ck_assert_int_eq(flags, MSG_DONTWAIT);
	errno = judge(m);
	if (errno == 0)
		return (ssize_t)m->msg_iov[0].iov_len;
	refusals++;
	return -1;
}

int
sendmmsg(int fd, struct mmsghdr *m, unsigned int count, int flags)
{
	unsigned i;
	int e = 0;

	ck_assert(fd == FD_V4 || fd == FD_V6);
	ck_assert_int_eq(flags, MSG_DONTWAIT);
	for (i = 0; i < count; i++)
		if ((e = judge(&m[i].msg_hdr)) != 0)
			break;
	if (e != 0)
		refusals++;
	if (i == 0) {
		errno = e;
		return -1;
	}
	return (int)i;
}

/* In the place of the rest of netd. */
enum udp_family
udp_family_of(uint8_t af)
{
	return af == AF_INET ? UDP_V4 : UDP_V6;
}

void
event_send_failed(struct netd *np, const struct device *d,
    const struct endpoint *to, int error)
{
	ck_assert_ptr_eq(np, &n);
	ck_assert_ptr_eq(d, &dev);
	ck_assert_int_eq(to->family, no_v6 != 0 || error == EAFNOSUPPORT ?
	    AF_INET6 : AF_INET);
	told++;
	told_error = error;
}

bool
names_next(struct names *names, struct name_user *u, uint64_t now)
{
	(void)names;
	(void)now;
	looked++;
	if (elsewhere == NULL)
		return false;
	/* As names.c does, by way of its owner. */
	ck_assert_ptr_eq(u, &dev.user);
	dev.at = *elsewhere;
	elsewhere = NULL;
	return true;
}

static void
setup(void)
{
	unsigned i;

	memset(&n, 0, sizeof(n));
	memset(&dev, 0, sizeof(dev));
	ck_assert_int_eq(sender_init(&n), 0);
	n.sock[UDP_V4].fd = FD_V4;
	n.sock[UDP_V4].gso = true;
	n.sock[UDP_V6].fd = -1;
	dev.at.remote.family = AF_INET;
	dev.at.remote.addr[0] = 192;
	dev.at.remote.port = 51820;
	for (i = 0; i < 4; i++)
		memset(train[i], (int)i + 1, LEN);
	nwire = refusals = told = looked = 0;
	no_gso = no_source = no_plain = no_v6 = 0;
	no_gso_first = false;
	sent_v4 = sent_v6 = 0;
	elsewhere = NULL;
	mtu = 0;
}

static void
teardown(void)
{
	free(n.sender);
}

/* As outbound.c does it: records, and then the end of the batch. */
static void
send_trains(unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		sender_data(&n, &dev, train[i], LEN, NSEG, SEG, 0);
	sender_flush(&n);
}

/* Just these trains went out since `from', each as a whole. */
static void
check_whole(unsigned from, unsigned count)
{
	unsigned i;

	ck_assert_uint_eq(nwire, from + count);
	for (i = 0; i < count; i++) {
		ck_assert_uint_eq(wire[from + i].seg_size, SEG);
		ck_assert_uint_eq(wire[from + i].len, LEN);
		ck_assert_ptr_eq(wire[from + i].data, train[i]);
	}
}

/* And each in its pieces, in order. */
static void
check_plain(unsigned from, unsigned count)
{
	const struct wire *w = wire + from;
	unsigned i, j;

	ck_assert_uint_eq(nwire, from + count * NSEG);
	for (i = 0; i < count; i++)
		for (j = 0; j < NSEG; j++, w++) {
			ck_assert_uint_eq(w->seg_size, 0);
			ck_assert_uint_eq(w->len, j < NSEG - 1 ? SEG : 300);
			ck_assert_ptr_eq(w->data, train[i] + j * SEG);
		}
}

static void
check_well(unsigned trains)
{
	ck_assert_uint_eq(n.count.tx_datagrams, trains * NSEG);
	ck_assert_uint_eq(n.count.drop_send, 0);
	ck_assert_uint_eq(n.count.drop_busy, 0);
	ck_assert_uint_eq(told, 0);
}

START_TEST(whole)
{
	send_trains(4);
	check_whole(0, 4);
	check_well(4);
	ck_assert_uint_eq(n.count.tx_plain, 0);
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
	ck_assert_uint_eq(n.count.tx_plain, 3);
	ck_assert_uint_eq(refusals, 3);
	/* Nor is it tried again, be they ever so short. */
	nwire = 0;
	send_trains(3);
	check_plain(0, 3);
	sender_data(&n, &dev, train[0], 2 * 32, 2, 32, 0);
	sender_flush(&n);
	ck_assert_uint_eq(nwire, 3 * NSEG + 2);
	ck_assert_uint_eq(refusals, 3);
	ck_assert(n.sock[UDP_V4].gso);
	no_gso = 0;
	nwire = 0;
	sender_data(&n, &other, train[0], LEN, NSEG, SEG, 0);
	sender_flush(&n);
	check_whole(0, 1);
	dev.gso_limit = 0;			/* as route.c does */
	nwire = 0;
	send_trains(2);
	check_whole(0, 2);
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

/* This train, says EINVAL; the next one may do. */
START_TEST(einval)
{
	no_gso = EINVAL;
	send_trains(2);
	check_plain(0, 2);
	check_well(2);
	ck_assert_uint_eq(n.count.tx_plain, 2);
	ck_assert(n.sock[UDP_V4].gso);
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
	ck_assert_uint_eq(n.count.tx_unpinned, 1);
	ck_assert_uint_eq(dev.gso_limit, 0);
	ck_assert_uint_eq(n.generation, 1);
	check_well(1);
	dev.at.has_local = true;
	no_source = 0;
	no_gso = EINVAL;
	nwire = 0;
	send_trains(1);
	check_plain(0, 1);
	ck_assert(wire[0].pinned && dev.at.has_local);
	ck_assert_uint_eq(n.count.tx_unpinned, 1);
	ck_assert_uint_eq(dev.gso_limit, SEG - 1);
	check_well(2);
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
	ck_assert_uint_eq(n.count.tx_plain, 1);
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
	ck_assert_uint_eq(n.count.tx_unpinned, 1);
	ck_assert_uint_eq(n.count.tx_plain, 1);
}
END_TEST

/* In pieces it is refused, too: counted, and told once. */
START_TEST(all_refused)
{
	no_gso = EINVAL;
	no_plain = EACCES;
	send_trains(2);
	ck_assert_uint_eq(nwire, 0);
	ck_assert_uint_eq(n.count.tx_datagrams, 0);
	ck_assert_uint_eq(n.count.drop_send, 2 * NSEG);
	ck_assert_uint_eq(n.count.tx_plain, 0);
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
	sender_data(&n, &dev, train[0], SEG, 1, SEG, 0);
	sender_flush(&n);
	ck_assert(dev.told);
	dev.error = 0;
	sender_data(&n, &dev, train[0], SEG, 1, SEG, 0);
	sender_flush(&n);
	ck_assert_uint_eq(dev.error, EHOSTUNREACH);
	ck_assert_uint_eq(told, 1);
	dev.error = 0;
	no_plain = 0;
	sender_data(&n, &dev, train[0], SEG, 1, SEG, 0);
	sender_flush(&n);
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
	sender_handshake(&n, &dev, handshake, sizeof(handshake), 0);
	sender_flush(&n);
	ck_assert_uint_eq(nwire, 0);
	ck_assert_uint_eq(n.count.drop_no_socket, 2 * NSEG + 1);
	ck_assert_uint_eq(dev.error, EAFNOSUPPORT);
	ck_assert_uint_eq(told, 1);
	/* Its name has another address, which a handshake goes to. */
	ck_assert_uint_eq(looked, 1);
	elsewhere = &v4;
	sender_handshake(&n, &dev, handshake, sizeof(handshake), 0);
	sender_flush(&n);
	ck_assert_uint_eq(nwire, 1);
	ck_assert_uint_eq(looked, 2);
	ck_assert_uint_eq(dev.error, 0);
	ck_assert(!dev.told);
	/* Another without a socket is the end. */
	dev.at = v6;
	elsewhere = &v6;
	sender_handshake(&n, &dev, handshake, sizeof(handshake), 0);
	ck_assert_uint_eq(looked, 3);
	ck_assert_uint_eq(n.count.drop_no_socket, 2 * NSEG + 2);
}
END_TEST

/* Of what goes out one by one there is none to count as sent so. */
START_TEST(no_socket_plain)
{
	dev.at.remote.family = AF_INET6;
	n.sock[UDP_V6].gso = false;
	send_trains(1);
	ck_assert_uint_eq(n.count.drop_no_socket, NSEG);
	ck_assert_uint_eq(n.count.tx_plain, 0);
}
END_TEST

/*
 * The parent has not said yet whether there is another socket: that the peer
 * cannot be reached is not known, and nobody hears of it.
 */
START_TEST(sockets_come)
{
	uint8_t handshake[148] = { 1 };

	n.sockets_come = true;
	dev.at.remote.family = AF_INET6;
	send_trains(2);
	sender_handshake(&n, &dev, handshake, sizeof(handshake), 0);
	sender_flush(&n);
	ck_assert_uint_eq(n.count.drop_no_socket, 2 * NSEG + 1);
	ck_assert_uint_eq(dev.error, 0);
	ck_assert_uint_eq(looked, 0);
	ck_assert_uint_eq(told, 0);
	n.sockets_come = false;
	sender_handshake(&n, &dev, handshake, sizeof(handshake), 0);
	ck_assert_uint_eq(dev.error, EAFNOSUPPORT);
	ck_assert_uint_eq(looked, 1);
	ck_assert_uint_eq(told, 1);
}
END_TEST

/* The link is down. */
START_TEST(no_socket_at_all)
{
	uint8_t handshake[148] = { 1 };

	n.sock[UDP_V4].fd = -1;
	send_trains(1);
	sender_handshake(&n, &dev, handshake, sizeof(handshake), 0);
	sender_flush(&n);
	ck_assert_uint_eq(n.count.drop_no_socket, NSEG + 1);
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
	ck_assert_uint_eq(n.count.drop_busy, 3 * NSEG);
	no_gso = ENOBUFS;
	send_trains(3);
	ck_assert_uint_eq(n.count.drop_busy, 6 * NSEG);
	ck_assert_uint_eq(n.count.tx_plain, 0);
	ck_assert_uint_eq(told, 0);
}
END_TEST

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
	ck_assert_uint_eq(n.count.tx_plain, 3);
	nwire = 0;
	sender_data(&n, &dev, train[0], 5 * 500, 5, 500, 0);
	sender_flush(&n);
	ck_assert_uint_eq(nwire, 1);
	ck_assert_uint_eq(wire[0].seg_size, 500);
	ck_assert(n.sock[UDP_V4].gso);
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
	sender_data(&n, &dev, train[0], 5 * 500, 5, 500, 0);
	sender_data(&n, &dev, train[1], LEN, NSEG, SEG, 0);
	sender_flush(&n);
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
		sender_data(&n, &dev, train[i % 4], LEN, NSEG, SEG, 0);
	sender_flush(&n);
	ck_assert_uint_eq(nwire, 10 * NSEG);
	ck_assert_uint_eq(refusals, 1);
	check_well(11);
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

	n.sock[UDP_V6].fd = FD_V6;
	other->at = v4;
	other->at.remote.port++;
	/* What its items say of it must not be asked when it is gone. */
	for (i = 0; i < BATCH; i++)
		sender_data(&n, other, train[0], SEG, 1, SEG, 0);
	sender_flush(&n);
	free(other);
	ck_assert_uint_eq(sent_v4, BATCH);
	for (i = 0; i < 3; i++)
		sender_data(&n, &dev, train[0], SEG, 1, SEG, 0);
	dev.at.remote.family = AF_INET6;
	dev.at.remote.addr[0] = 0x20;
	sender_handshake(&n, &dev, handshake, sizeof(handshake), 0);
	for (i = 1; i < BATCH; i++)
		sender_data(&n, &dev, train[1], SEG, 1, SEG, 0);
	no_v6 = ENETUNREACH;
	elsewhere = &v4;
	nwire = 0;
	sender_data(&n, &dev, train[2], SEG, 1, SEG, 0);
	sender_flush(&n);
	/* The handshake at once, the three that waited, and the last one. */
	ck_assert_uint_eq(nwire, 5);
	ck_assert_uint_eq(wire[0].len, sizeof(handshake));
	ck_assert_ptr_eq(wire[1].data, train[0]);
	ck_assert_ptr_eq(wire[3].data, train[0]);
	ck_assert_ptr_eq(wire[4].data, train[2]);
	ck_assert_uint_eq(sent_v6, 0);
	ck_assert_uint_eq(n.count.tx_elsewhere, 1);
	ck_assert_uint_eq(n.count.tx_datagrams, BATCH + 5);
	ck_assert_uint_eq(told, 1);
}
END_TEST

/* And the other way round, into a queue that is full as well. */
START_TEST(another_family_full)
{
	struct source v4 = dev.at, v6 = dev.at;
	uint8_t handshake[148] = { 1 };
	unsigned i;

	n.sock[UDP_V6].fd = FD_V6;
	v6.remote.family = AF_INET6;
	for (i = 0; i < BATCH; i++)
		sender_data(&n, &dev, train[0], SEG, 1, SEG, 0);
	dev.at = v6;
	sender_handshake(&n, &dev, handshake, sizeof(handshake), 0);
	for (i = 1; i < BATCH; i++)
		sender_data(&n, &dev, train[1], SEG, 1, SEG, 0);
	no_v6 = EHOSTUNREACH;
	elsewhere = &v4;
	sender_data(&n, &dev, train[2], SEG, 1, SEG, 0);
	sender_flush(&n);
	ck_assert_uint_eq(sent_v4, BATCH + 2);
	ck_assert_ptr_eq(wire[nwire - 1].data, train[2]);
	ck_assert_uint_eq(n.count.tx_datagrams, BATCH + 2);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("udp_send");
	TCase *t = tcase_create("udp_send");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, whole);
	tcase_add_test(t, eio);
	tcase_add_test(t, einval);
	tcase_add_test(t, einval_pinned);
	tcase_add_test(t, eio_again);
	tcase_add_test(t, eio_pinned);
	tcase_add_test(t, eio_both_ways);
	tcase_add_test(t, all_refused);
	tcase_add_test(t, told_again);
	tcase_add_test(t, no_socket);
	tcase_add_test(t, no_socket_plain);
	tcase_add_test(t, sockets_come);
	tcase_add_test(t, no_socket_at_all);
	tcase_add_test(t, no_room);
	tcase_add_test(t, too_long);
	tcase_add_test(t, again);
	tcase_add_test(t, again_in_vain);
	tcase_add_test(t, two_sizes);
	tcase_add_test(t, long_batch);
	tcase_add_test(t, another_family);
	tcase_add_test(t, another_family_full);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("udp_send", suite());
}
