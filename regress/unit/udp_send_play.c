/* SPDX-License-Identifier: ISC */
/*
 * Datagrams out, to a kernel that is played: see udp_send_play.h.
 */
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "udp_send_play.h"

#define FD_V4	77

struct netd		 netd;
struct device		 dev;
uint8_t			 train[TRAINS][LEN];
struct wire		 wire[MANY];
unsigned		 nwire, refusals, sent_v4, sent_v6;
unsigned		 told, looked;
int			 told_error;
int			 no_gso, no_source, no_plain, no_v6;
bool			 no_gso_first;
size_t			 mtu;
const struct source	*elsewhere;

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
	ck_assert_ptr_eq(np, &netd);
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
	/* As the real one does, by way of its owner. */
	ck_assert_ptr_eq(u, &dev.user);
	dev.at = *elsewhere;
	elsewhere = NULL;
	return true;
}

void
setup(void)
{
	unsigned i;

	memset(&netd, 0, sizeof(netd));
	memset(&dev, 0, sizeof(dev));
	ck_assert_int_eq(sender_init(&netd), 0);
	netd.sock[UDP_V4].fd = FD_V4;
	netd.sock[UDP_V4].gso = true;
	netd.sock[UDP_V6].fd = -1;
	dev.at.remote.family = AF_INET;
	dev.at.remote.addr[0] = 192;
	dev.at.remote.port = 51820;
	for (i = 0; i < TRAINS; i++)
		memset(train[i], (int)i + 1, LEN);
	nwire = refusals = told = looked = 0;
	no_gso = no_source = no_plain = no_v6 = 0;
	no_gso_first = false;
	sent_v4 = sent_v6 = 0;
	elsewhere = NULL;
	mtu = 0;
}

void
teardown(void)
{
	free(netd.sender);
}

void
send_trains(unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		sender_data(&netd, &dev, train[i], LEN, NSEG, SEG, 0);
	sender_flush(&netd);
}

void
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

void
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

void
check_well(unsigned trains)
{
	ck_assert_uint_eq(netd.count.tx_datagrams, trains * NSEG);
	ck_assert_uint_eq(netd.count.drop_send, 0);
	ck_assert_uint_eq(netd.count.drop_busy, 0);
	ck_assert_uint_eq(told, 0);
}
