/* SPDX-License-Identifier: ISC */
/*
 * netd's sender with a kernel that takes, refuses and tires as the input says,
 * and peers that come, go, and turn out to be elsewhere, in the other family,
 * too.  Each datagram goes to its peer and once at most, and all are counted.
 * A peer whose route took no train is sent none for a minute.
 */
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include "input.h"
#include "netd/netd.h"
#include "regress/unit/fakeclock.h"
#include "shared/clock.h"

#define DEVICES		4
#define SEG		100
#define SEGS		8
#define RECORDS_MAX	256		/* of a batch */
#define STEPS_MAX	600

/* The first bytes of what is sent: whose it is, and which. */
struct tag {
	uint16_t	 record;
	uint8_t		 device;
	uint8_t		 segment;
};

static struct netd	 n;
static struct input	 in;
static struct device	*dev[DEVICES];
static uint8_t		 data[RECORDS_MAX][SEG * SEGS];
static bool		 seen[RECORDS_MAX][SEGS];
static unsigned		 nrecords;	/* of this batch */
static uint64_t		 given, gone;	/* datagrams */
static uint64_t		 trains;	/* given */
static bool		 no_train[DEVICES];	/* in this batch */
static uint64_t		 until[DEVICES];	/* ns: nor in others */

enum udp_family
udp_family_of(uint8_t af)
{
	return af == AF_INET ? UDP_V4 : UDP_V6;
}

void
event_send_failed(struct netd *np, const struct device *d,
    const struct endpoint *to, int error)
{
	unsigned i;

	MUST(np == &n && error != 0 && to->family != 0);
	/* Of a link that is down there is nothing to tell. */
	MUST(n.sock[UDP_V4].fd != -1 || n.sock[UDP_V6].fd != -1);
	for (i = 0; i < DEVICES && dev[i] != d; i++)
		;
	MUST(i < DEVICES);
}

static void
place(struct device *d, uint8_t i, uint8_t form)
{
	memset(&d->at, 0, sizeof(d->at));
	d->at.remote.family = (form & 1) != 0 ? AF_INET6 : AF_INET;
	d->at.remote.port = (uint16_t)(1000 + i);
	d->at.remote.addr[0] = 10;
	d->at.remote.addr[3] = form;
	d->at.has_local = (form & 2) != 0;
}

/* It may be elsewhere, and that may be where there is no socket. */
bool
names_next(struct names *names, struct name_user *u, uint64_t now)
{
	uint8_t form = input_u8(&in), i;

	(void)names;
	(void)now;
	if ((form & 0x80) == 0)
		return false;
	for (i = 0; i < DEVICES && (dev[i] == NULL || &dev[i]->user != u); i++)
		;
	MUST(i < DEVICES);
	place(dev[i], i, form);
	return true;
}

static uint16_t
port_of(const struct msghdr *m)
{
	const struct sockaddr *sa = m->msg_name;

	MUST(sa->sa_family == AF_INET || sa->sa_family == AF_INET6);
	MUST(m->msg_namelen == (sa->sa_family == AF_INET ?
	    sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)));
	return ntohs(sa->sa_family == AF_INET ?
	    ((const struct sockaddr_in *)m->msg_name)->sin_port :
	    ((const struct sockaddr_in6 *)m->msg_name)->sin6_port);
}

static uint16_t
segment_of(const struct msghdr *m)
{
	struct cmsghdr *c;
	uint16_t size = 0;

	for (c = CMSG_FIRSTHDR(m); c != NULL;
	    c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)m, c))
		if (c->cmsg_level == IPPROTO_UDP)
			memcpy(&size, CMSG_DATA(c), sizeof(size));
	return size;
}

/* One datagram on its way. */
static void
went(const uint8_t *p, size_t len, uint16_t port)
{
	struct tag tag;

	MUST(len >= sizeof(tag) && len <= SEG);
	memcpy(&tag, p, sizeof(tag));
	MUST(tag.record < nrecords && tag.segment < SEGS);
	MUST(port == 1000 + tag.device);
	MUST(!seen[tag.record][tag.segment]);
	seen[tag.record][tag.segment] = true;
	gone++;
}

/* What the kernel says of a message: 0, and then it has gone, or an errno. */
static int
judge(int fd, const struct msghdr *m)
{
	static const int errors[] = { 0, 0, 0, 0, 0, 0, 0, 0, EIO, EMSGSIZE,
	    EINVAL, ENETUNREACH, EHOSTUNREACH, EPERM, EAGAIN, ENOBUFS };
	const struct sockaddr *sa = m->msg_name;
	const uint8_t *p = m->msg_iov[0].iov_base;
	size_t len = m->msg_iov[0].iov_len, off, step;
	uint16_t seg = segment_of(m), port = port_of(m);
	int e = errors[input_u8(&in) & 15];

	MUST(m->msg_iovlen == 1);
	MUST(fd == n.sock[udp_family_of((uint8_t)sa->sa_family)].fd);
	if (e != 0)
		return e;
	step = seg != 0 ? seg : len;
	MUST(seg == 0 || clock_boottime() >= until[port - 1000]);
	for (off = 0; off < len; off += step)
		went(p + off, len - off < step ? len - off : step, port);
	return 0;
}

/* The sender is told this of a message. */
static int
refuse(const struct msghdr *m, int e)
{
	if (e == EIO && segment_of(m) != 0)
		no_train[port_of(m) - 1000] = true;
	errno = e;
	return -1;
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	int e;

	MUST(fd != -1 && flags == MSG_DONTWAIT);
	e = judge(fd, m);
	return e == 0 ? (ssize_t)m->msg_iov[0].iov_len : refuse(m, e);
}

int
sendmmsg(int fd, struct mmsghdr *m, unsigned int count, int flags)
{
	unsigned i;
	int e = 0;

	MUST(fd != -1 && flags == MSG_DONTWAIT && count > 0);
	for (i = 0; i < count && (e = judge(fd, &m[i].msg_hdr)) == 0; i++)
		;
	if (i > 0)
		return (int)i;
	return refuse(&m[0].msg_hdr, e);
}

/* A record of so many datagrams for a device; its number. */
static unsigned
record(uint8_t device, unsigned nseg)
{
	struct tag tag = { (uint16_t)nrecords, device, 0 };

	for (tag.segment = 0; tag.segment < nseg; tag.segment++)
		memcpy(data[nrecords] + tag.segment * SEG, &tag, sizeof(tag));
	memset(seen[nrecords], 0, sizeof(seen[nrecords]));
	given += nseg;
	trains += nseg > 1;
	return nrecords++;
}

/* The end of a batch: no item of it is left, so peers may go. */
static void
end_batch(void)
{
	uint64_t lost;
	unsigned i;

	sender_flush(&n);
	nrecords = 0;
	MUST(n.count.tx_datagrams == gone);
	lost = n.count.drop_busy + n.count.drop_send +
	    n.count.drop_no_socket;
	MUST(gone + lost == given);
	MUST(n.count.tx_plain <= trains);
	for (i = 0; i < DEVICES; i++)
		if (no_train[i])
			until[i] = clock_boottime() + 60 * CLOCK_NSEC_PER_SEC;
	memset(no_train, 0, sizeof(no_train));
}

static void
come_or_go(uint8_t i, uint8_t form)
{
	end_batch();
	until[i] = 0;
	if (dev[i] != NULL) {
		free(dev[i]);
		dev[i] = NULL;
		return;
	}
	dev[i] = calloc(1, sizeof(*dev[i]));
	MUST(dev[i] != NULL);
	place(dev[i], i, form);
}

static void
step(void)
{
	uint8_t op = input_u8(&in), i = op >> 4 & (DEVICES - 1);
	unsigned nseg, r, count;

	if (nrecords > RECORDS_MAX - 80)
		end_batch();
	switch (op & 7) {
	case 0:
		come_or_go(i, input_u8(&in));
		break;
	case 1:
		end_batch();
		fakeclock_advance((uint64_t)input_u8(&in) *
		    CLOCK_NSEC_PER_SEC);
		break;
	case 2:
		end_batch();
		n.sock[i & 1].fd = n.sock[i & 1].fd == -1 ? 77 + (i & 1) : -1;
		n.sockets_come = (op & 8) != 0;
		break;
	case 3:
		n.sock[i & 1].gso = (op & 8) != 0;
		break;
	case 4:
		if (dev[i] == NULL)
			break;
		r = record(i, 1);
		sender_handshake(&n, dev[i], data[r], SEG, op & 8 ? 0x88 : 0);
		break;
	default:
		if (dev[i] == NULL)
			break;
		count = (op & 7) == 7 ? 65 : 1;
		nseg = 1 + (input_u8(&in) & (SEGS - 1));
		while (count-- > 0) {
			r = record(i, nseg);
			sender_data(&n, dev[i], data[r], (size_t)nseg * SEG -
			    (op & 8 ? SEG / 2 : 0), nseg, nseg > 1 ? SEG :
			    SEG - (op & 8 ? SEG / 2 : 0), 0);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t size)
{
	unsigned steps;
	uint8_t i;

	in.p = p;
	in.left = size;
	memset(&n, 0, sizeof(n));
	MUST(sender_init(&n) == 0);
	n.sock[UDP_V4].fd = 77;
	n.sock[UDP_V6].fd = 78;
	n.sock[UDP_V4].gso = n.sock[UDP_V6].gso = true;
	given = gone = trains = nrecords = 0;
	memset(until, 0, sizeof(until));
	fakeclock_set_boottime(1000 * CLOCK_NSEC_PER_SEC);
	for (i = 0; i < DEVICES; i++)
		dev[i] = NULL;
	for (steps = 0; in.left > 0 && steps < STEPS_MAX; steps++)
		step();
	end_batch();
	for (i = 0; i < DEVICES; i++)
		free(dev[i]);
	free(n.sender);
	return 0;
}
