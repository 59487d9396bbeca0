/* SPDX-License-Identifier: ISC */
/*
 * Datagrams in: recvmmsg into buffers that hold the longest train (P43), and
 * the control messages that say where it came in, its ECN bits and the size
 * of its segments.
 */
#include <netinet/in.h>
#include <netinet/udp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/netd.h"
#include "shared/clock.h"

#define RECV_BATCH	16
#define RECV_TURNS	4		/* batches a turn and socket (P46) */
#define RECV_SIZE	65536
#define RECV_CONTROL	256

struct receiver {
	struct mmsghdr		 msg[RECV_BATCH];
	struct iovec		 iov[RECV_BATCH];
	struct sockaddr_storage	 name[RECV_BATCH];
	_Alignas(struct cmsghdr)
	uint8_t			 control[RECV_BATCH][RECV_CONTROL];
	uint8_t			 data[RECV_BATCH][RECV_SIZE];
};

int
receiver_init(struct netd *n)
{
	n->receiver = calloc(1, sizeof(*n->receiver));
	return n->receiver != NULL ? 0 : -1;
}

/* The kernel writes into all of these, so they are set for each call. */
static void
prepare(struct receiver *r, int i)
{
	struct msghdr *m = &r->msg[i].msg_hdr;

	r->iov[i].iov_base = r->data[i];
	r->iov[i].iov_len = RECV_SIZE;
	memset(m, 0, sizeof(*m));
	m->msg_name = &r->name[i];
	m->msg_namelen = sizeof(r->name[i]);
	m->msg_iov = &r->iov[i];
	m->msg_iovlen = 1;
	m->msg_control = r->control[i];
	m->msg_controllen = RECV_CONTROL;
	r->msg[i].msg_len = 0;
}

static void
local_v4(struct source *s, const void *data)
{
	struct in_pktinfo pi;

	memcpy(&pi, data, sizeof(pi));
	if (pi.ipi_spec_dst.s_addr == INADDR_ANY)
		return;
	memcpy(s->local, &pi.ipi_spec_dst, 4);
	s->ifindex = (uint32_t)pi.ipi_ifindex;
	s->has_local = true;
}

static void
local_v6(struct source *s, const void *data)
{
	struct in6_pktinfo pi;

	memcpy(&pi, data, sizeof(pi));
	if (IN6_IS_ADDR_UNSPECIFIED(&pi.ipi6_addr) ||
	    IN6_IS_ADDR_MULTICAST(&pi.ipi6_addr))
		return;
	memcpy(s->local, &pi.ipi6_addr, 16);
	s->ifindex = pi.ipi6_ifindex;
	s->has_local = true;
}

static int
int_of(const struct cmsghdr *c)
{
	int v = 0;

	if (c->cmsg_len >= CMSG_LEN(sizeof(v)))
		memcpy(&v, CMSG_DATA(c), sizeof(v));
	else if (c->cmsg_len >= CMSG_LEN(1))
		v = *CMSG_DATA(c);		/* IP_TOS is one byte */
	return v;
}

static bool
is(const struct cmsghdr *c, int level, int type, size_t len)
{
	return c->cmsg_level == level && c->cmsg_type == type &&
	    c->cmsg_len >= CMSG_LEN(len);
}

static void
read_control(struct msghdr *m, struct source *s, uint8_t *ecn, size_t *seg)
{
	struct cmsghdr *c;
	int v;

	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (is(c, IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo)))
			local_v4(s, CMSG_DATA(c));
		else if (is(c, IPPROTO_IPV6, IPV6_PKTINFO,
		    sizeof(struct in6_pktinfo)))
			local_v6(s, CMSG_DATA(c));
		else if (is(c, IPPROTO_IP, IP_TOS, 1) ||
		    is(c, IPPROTO_IPV6, IPV6_TCLASS, 1))
			*ecn = (uint8_t)int_of(c) & 3;
		else if (is(c, IPPROTO_UDP, UDP_GRO, sizeof(int)) &&
		    (v = int_of(c)) > 0)
			*seg = (size_t)v;
	}
}

static void
take(struct netd *n, int i, uint64_t now)
{
	struct receiver *r = n->receiver;
	struct msghdr *m = &r->msg[i].msg_hdr;
	size_t len = r->msg[i].msg_len, seg = 0;
	struct source s;
	uint8_t ecn = 0;

	if ((m->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		n->count.drop_truncated++;
		return;
	}
	memset(&s, 0, sizeof(s));
	/* Scope of a link-local source included (P33). */
	if (endpoint_from_sockaddr(&s.remote,
	    (const struct sockaddr *)&r->name[i]) == -1) {
		n->count.drop_form++;
		return;
	}
	read_control(m, &s, &ecn, &seg);
	inbound(n, &s, ecn, r->data[i], len, seg, now);
}

void
receiver_turn(struct netd *n, enum udp_family f)
{
	struct receiver *r = n->receiver;
	uint64_t now = clock_boottime();
	const uint64_t *records = n->ring.counts.records;
	uint64_t passed = records[RING_BULK];
	uint64_t all = passed + records[RING_URGENT];
	uint64_t datagrams = n->count.rx_datagrams;
	int turn, i, got;

	/* The next turn looks at the ring: no bell until then. */
	ring_wake(&n->ring);
	/* Not for strangers: what they send would wake cryptod for nothing. */
	if (n->has_ring && !n->broken && n->welcome)
		ring_announce(&n->ring);
	n->welcome = false;
	for (turn = 0; turn < RECV_TURNS; turn++) {
		for (i = 0; i < RECV_BATCH; i++)
			prepare(r, i);
		got = recvmmsg(n->sock[f].fd, r->msg, RECV_BATCH,
		    MSG_DONTWAIT, NULL);
		if (got == -1) {
			if (errno != EAGAIN && errno != EINTR)
				n->count.rx_errors++;
			return;
		}
		for (i = 0; i < got; i++)
			take(n, i, now);
		if (n->has_ring && !n->broken)
			ring_publish(&n->ring);
		n->welcome = records[RING_BULK] != passed;
		/* What strangers send is nothing to wait for. */
		if (records[RING_BULK] + records[RING_URGENT] != all) {
			spin_work(&n->spin, SPIN_INBOUND, now);
			spin_did(&n->spin, n->count.rx_datagrams - datagrams);
		}
		if (got < RECV_BATCH)
			return;
	}
}
