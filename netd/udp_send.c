/* SPDX-License-Identifier: ISC */
/*
 * Datagrams out: one message a record with UDP_SEGMENT, sendmmsg over many.
 * No error is fatal (P32): what can be mended is sent again once, all else
 * is counted, and logged once a device.
 */
#include <netinet/in.h>
#include <netinet/udp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/netd.h"
#include "shared/clock.h"

#define SEND_BATCH	64
/* A limit that a router told is forgotten by the kernel, too: silently. */
#define GSO_AGAIN	(60 * CLOCK_NSEC_PER_SEC)
#define GSO_NONE	1		/* as limit: shorter than any datagram */
#define SEND_CONTROL	(CMSG_SPACE(sizeof(struct in6_pktinfo)) +	\
			    CMSG_SPACE(sizeof(int)) +			\
			    CMSG_SPACE(sizeof(uint16_t)))

struct send_item {
	struct device		*dev;		/* NULL: a reply */
	struct source		 to;
	const uint8_t		*data;
	size_t			 len;
	unsigned		 nseg;
	unsigned		 lost;		/* of them, by the last try */
	uint16_t		 seg_size;
	uint8_t			 tos;
	uint8_t			 copy[WG_INITIATION_LEN];
	struct sockaddr_storage	 name;
	struct iovec		 iov;
	_Alignas(struct cmsghdr)
	uint8_t			 control[SEND_CONTROL];
};

struct send_queue {
	unsigned		 n;
	struct mmsghdr		 msg[SEND_BATCH];
	struct send_item	 item[SEND_BATCH];
};

struct sender {
	uint64_t		 now;		/* ns; 0: not asked for */
	struct send_queue	 queue[UDP_FAMILIES];
};

int
sender_init(struct netd *n)
{
	n->sender = calloc(1, sizeof(*n->sender));
	return n->sender != NULL ? 0 : -1;
}

static void
put_control(struct msghdr *m, struct cmsghdr **next, int level, int type,
    const void *data, size_t len)
{
	struct cmsghdr *c = *next;

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	m->msg_controllen += CMSG_SPACE(len);
	*next = (struct cmsghdr *)(void *)((uint8_t *)c + CMSG_SPACE(len));
}

/*
 * The local address only, so that a change of routes takes effect (P25); a
 * link-local one needs its link.
 */
static void
put_local(struct msghdr *m, struct cmsghdr **next, const struct source *s)
{
	struct in6_pktinfo pi6;
	struct in_pktinfo pi;

	if (s->remote.family == AF_INET) {
		memset(&pi, 0, sizeof(pi));
		memcpy(&pi.ipi_spec_dst, s->local, 4);
		put_control(m, next, IPPROTO_IP, IP_PKTINFO, &pi, sizeof(pi));
		return;
	}
	memset(&pi6, 0, sizeof(pi6));
	memcpy(&pi6.ipi6_addr, s->local, 16);
	if (source_is_link_local(s))
		pi6.ipi6_ifindex = s->ifindex;
	put_control(m, next, IPPROTO_IPV6, IPV6_PKTINFO, &pi6, sizeof(pi6));
}

/* From scratch for each send: nothing stale can be in it (P29). */
static void
build(struct send_item *it, struct msghdr *m)
{
	struct cmsghdr *next = (struct cmsghdr *)(void *)it->control;
	int tos = it->tos;

	memset(m, 0, sizeof(*m));
	memset(it->control, 0, sizeof(it->control));
	it->iov.iov_base = (void *)(uintptr_t)it->data;
	it->iov.iov_len = it->len;
	endpoint_to_sockaddr(&it->to.remote, &it->name, &m->msg_namelen);
	m->msg_name = &it->name;
	m->msg_iov = &it->iov;
	m->msg_iovlen = 1;
	m->msg_control = it->control;
	if (it->to.has_local)
		put_local(m, &next, &it->to);
	if (tos != 0 && it->to.remote.family == AF_INET)
		put_control(m, &next, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	else if (tos != 0)
		put_control(m, &next, IPPROTO_IPV6, IPV6_TCLASS, &tos,
		    sizeof(tos));
	if (it->nseg > 1)
		put_control(m, &next, IPPROTO_UDP, UDP_SEGMENT,
		    &it->seg_size, sizeof(it->seg_size));
	if (m->msg_controllen == 0)
		m->msg_control = NULL;
}

/* 0 or an errno. */
static int
send_one(struct netd *n, struct send_item *it)
{
	int fd = n->sock[udp_family_of(it->to.remote.family)].fd;
	struct msghdr m;
	ssize_t r;

	if (fd == -1)
		return EAFNOSUPPORT;
	build(it, &m);
	do
		r = sendmsg(fd, &m, MSG_DONTWAIT);
	while (r == -1 && errno == EINTR);
	if (r == -1)
		return errno;
	n->count.tx_datagrams += it->nseg;
	return 0;
}

/* One call a datagram.  The first error is told, the rest still goes out. */
static int
send_plain(struct netd *n, struct send_item *train)
{
	struct send_item it = *train;
	size_t off;
	int error = 0, e;

	it.nseg = 1;
	train->lost = 0;
	for (off = 0; off < train->len; off += train->seg_size) {
		it.data = train->data + off;
		it.len = train->len - off < train->seg_size ?
		    train->len - off : train->seg_size;
		e = send_one(n, &it);
		train->lost += e != 0;
		if (error == 0)
			error = e;
	}
	n->count.tx_plain += train->lost < train->nseg;
	return error;
}

/* What kernels say of a source address that is not ours any more (P24). */
static bool
is_source_error(int e)
{
	return e == EINVAL || e == ENETUNREACH || e == EADDRNOTAVAIL ||
	    e == ENODEV || e == EPERM;
}

/* Nothing can be sent to a device: once is enough for the log. */
static void
tell(struct netd *n, struct device *d, const struct endpoint *to, int error)
{
	d->error = (uint16_t)error;
	if (d->told)
		return;
	d->told = true;
	event_send_failed(n, d, to, error);
}

static void
send_failed(struct netd *n, struct send_item *it, int error)
{
	if (error == EAGAIN || error == ENOBUFS) {
		n->count.drop_busy += it->lost;
		return;
	}
	n->count.drop_send += it->lost;
	if (it->dev != NULL)
		tell(n, it->dev, &it->to.remote, error);
}

/*
 * A handshake message may find the peer at another address of its name, if
 * there is, say, no IPv6 here.  Once: the next one goes on from there.
 */
static int
send_elsewhere(struct netd *n, struct send_item *it, int error)
{
	struct device *d = it->dev;

	if (d == NULL || it->data != it->copy || error == EAGAIN ||
	    error == ENOBUFS || !source_is_same_remote(&d->at, &it->to) ||
	    !names_next(&n->names, &d->user, clock_boottime()))
		return error;
	it->to = d->at;
	n->count.tx_elsewhere++;
	return send_one(n, it);
}

static void
sent_to(struct send_item *it)
{
	/* The error may be forgotten already: routes have changed. */
	if (it->dev != NULL && it->dev->told) {
		it->dev->error = 0;
		it->dev->told = false;
	}
}

/* For a while its trains are of datagrams that are no longer than this. */
static void
limit(struct device *d, size_t max)
{
	if (d->gso_limit == 0 || max < d->gso_limit)
		d->gso_limit = (uint16_t)max;
	d->gso_again = clock_boottime() + GSO_AGAIN;
}

static bool
is_train_error(const struct send_item *it, int e)
{
	return it->nseg > 1 && (e == EIO || e == EMSGSIZE || e == EINVAL);
}

/* A train was refused. */
static int
send_in_pieces(struct netd *n, struct send_item *it, int error)
{
	struct device *d = it->dev;
	int e;

	/*
	 * Its route is by an interface that sums no checksums (up to Linux
	 * 6.10), or through IPsec; that of another peer need not be.
	 */
	if (error == EIO && d != NULL)
		limit(d, GSO_NONE);
	/* Longer than the route's MTU: fragments only without GSO. */
	if (error == EMSGSIZE && d != NULL)
		limit(d, it->seg_size - 1U);
	e = send_plain(n, it);
	/* What is EMSGSIZE now was EINVAL before Linux 6.14. */
	if (e == 0 && error == EINVAL && d != NULL)
		limit(d, it->seg_size - 1U);
	return e;
}

/* The send of an item failed: mend it and send it once more, or give up. */
static void
mend(struct netd *n, struct send_item *it, int error)
{
	it->lost = it->nseg;
	if (is_train_error(it, error))
		error = send_in_pieces(n, it, error);
	/* If some have gone, it is not their source. */
	if (it->lost == it->nseg && it->to.has_local &&
	    is_source_error(error)) {
		n->count.tx_unpinned++;
		source_unpin(&it->to);
		if (it->dev != NULL) {
			source_unpin(&it->dev->at);
			n->generation++;
		}
		error = send_one(n, it);
		if (is_train_error(it, error))
			error = send_in_pieces(n, it, error);
	}
	if (error != 0)
		error = send_elsewhere(n, it, error);
	if (error != 0)
		send_failed(n, it, error);
	else
		sent_to(it);
}

static void
flush(struct netd *n, enum udp_family f)
{
	struct send_queue *q = &n->sender->queue[f];
	unsigned off = 0, i;
	int sent;

	while (off < q->n) {
		sent = sendmmsg(n->sock[f].fd, q->msg + off, q->n - off,
		    MSG_DONTWAIT);
		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && errno == EAGAIN) {
			/* The rest would fare no better. */
			for (; off < q->n; off++)
				n->count.drop_busy += q->item[off].nseg;
			break;
		}
		if (sent == -1) {
			mend(n, &q->item[off++], errno);
			continue;
		}
		for (i = 0; i < (unsigned)sent; i++) {
			n->count.tx_datagrams +=
			    q->item[off + i].nseg;
			sent_to(&q->item[off + i]);
		}
		off += (unsigned)sent;
	}
	q->n = 0;
}

void
sender_flush(struct netd *n)
{
	int f;

	for (f = 0; f < UDP_FAMILIES; f++)
		if (n->sender->queue[f].n > 0)
			flush(n, f);
	n->sender->now = 0;
}

/*
 * So many datagrams stay here.  While the link is down there is no socket at
 * all, and no word of it; nor is there while another may come.  Else this is
 * a host of the other IP version only.
 */
static void
no_socket(struct netd *n, struct device *d, unsigned nseg)
{
	n->count.drop_no_socket += nseg;
	if (!n->sockets_come &&
	    (n->sock[UDP_V4].fd != -1 || n->sock[UDP_V6].fd != -1))
		tell(n, d, &d->at.remote, EAFNOSUPPORT);
}

/*
 * A free item for a device; NULL if there is no socket for its endpoint, nor,
 * if it may go elsewhere, for another address of its name.
 */
static struct send_item *
item_new(struct netd *n, struct device *d, uint8_t tos, bool elsewhere)
{
	struct send_queue *q;
	struct send_item *it;
	enum udp_family f;

	/* A flush may find that the device is better reached elsewhere. */
	for (;;) {
		f = udp_family_of(d->at.remote.family);
		q = &n->sender->queue[f];
		if (n->sock[f].fd == -1) {
			/* Once, as in send_elsewhere(). */
			if (!elsewhere || n->sockets_come ||
			    !names_next(&n->names, &d->user, clock_boottime()))
				return NULL;
			elsewhere = false;
			continue;
		}
		if (q->n < SEND_BATCH)
			break;
		flush(n, f);
	}
	it = &q->item[q->n];
	it->dev = d;
	it->to = d->at;
	it->tos = tos;
	it->nseg = 1;
	it->seg_size = 0;
	return it;
}

static void
item_queue(struct netd *n, struct send_item *it)
{
	struct send_queue *q =
	    &n->sender->queue[udp_family_of(it->to.remote.family)];

	build(it, &q->msg[q->n].msg_hdr);
	q->n++;
}

/* Must trains of datagrams so long go out one by one? */
static bool
is_limited(struct netd *n, struct device *d, uint16_t seg_size)
{
	struct sender *s = n->sender;

	if (!n->sock[udp_family_of(d->at.remote.family)].gso)
		return true;
	if (d->gso_limit == 0 || seg_size <= d->gso_limit)
		return false;
	/* Once a batch. */
	if (s->now == 0)
		s->now = clock_boottime();
	if (s->now < d->gso_again)
		return true;
	d->gso_limit = 0;
	return false;
}

void
sender_data(struct netd *n, struct device *d, const uint8_t *data, size_t len,
    unsigned nseg, uint16_t seg_size, uint8_t tos)
{
	bool plain = nseg > 1 && is_limited(n, d, seg_size);
	struct send_item *it;
	size_t step = plain ? seg_size : len;
	unsigned left = nseg;

	for (; len > 0; data += step, len -= step) {
		if (step > len)
			step = len;
		if ((it = item_new(n, d, tos, false)) == NULL) {
			no_socket(n, d, left);
			break;
		}
		it->data = data;
		it->len = step;
		if (step > seg_size) {
			it->nseg = nseg;
			it->seg_size = seg_size;
		}
		item_queue(n, it);
		left -= it->nseg;
	}
	n->count.tx_plain += plain && left < nseg;
}

void
sender_handshake(struct netd *n, struct device *d, const uint8_t *msg,
    size_t len, uint8_t tos)
{
	struct send_item *it;

	if (len > sizeof(it->copy))
		return;
	if ((it = item_new(n, d, tos, true)) == NULL) {
		no_socket(n, d, 1);
		return;
	}
	memcpy(it->copy, msg, len);
	it->data = it->copy;
	it->len = len;
	item_queue(n, it);
}

void
sender_reply(struct netd *n, const struct source *to, const uint8_t *msg,
    size_t len)
{
	struct send_item it;
	int error;

	memset(&it, 0, sizeof(it));
	it.to = *to;
	it.data = msg;
	it.len = len;
	it.nseg = 1;
	if ((error = send_one(n, &it)) != 0)
		mend(n, &it, error);
}
