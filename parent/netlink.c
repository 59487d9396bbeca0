/* SPDX-License-Identifier: ISC */
/*
 * rtnetlink: see netlink.h.
 */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "parent/netlink.h"
#include "parent/netlink_parse.h"

#define BUFFER	32768		/* more than the kernel says of one link */
#define ROOM	256		/* of a request */
#define EVENTS	(1024 * 1024)	/* bytes of events that may wait */

/* In kernel headers that are older than the kernel these may be missing. */
#ifndef IFLA_TARGET_NETNSID
#define IFLA_TARGET_NETNSID	46
#endif

struct request {
	union {
		struct nlmsghdr	 hdr;
		char		 buf[ROOM];
	} u;
};

static int
open_groups(unsigned groups)
{
	struct sockaddr_nl sa;
	int fd, saved;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    NETLINK_ROUTE);
	if (fd == -1)
		return -1;
	memset(&sa, 0, sizeof(sa));
	sa.nl_family = AF_NETLINK;
	sa.nl_groups = groups;
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
nl_open(void)
{
	return open_groups(0);
}

static void
more_buffer(int fd)
{
	int v = EVENTS;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &v, sizeof(v)) == -1)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &v, sizeof(v));
}

int
nl_open_links(bool *all)
{
	int fd, on = 1;

	fd = open_groups(RTMGRP_LINK | 1U << (RTNLGRP_NSID - 1));
	if (fd == -1)
		return -1;
	more_buffer(fd);
	if (*all && setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on,
	    sizeof(on)) == -1)
		*all = false;
	return fd;
}

int
nl_open_routes(void)
{
	int fd;

	/* With a link that goes down, IPv4 routes go without a word. */
	fd = open_groups(RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE |
	    RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_LINK |
	    RTMGRP_IPV4_RULE | 1U << (RTNLGRP_IPV6_RULE - 1));
	if (fd != -1)
		more_buffer(fd);
	return fd;
}

/*
 * Send the request and read its answers up to the acknowledgement; fn (may
 * be NULL) sees each.  0, or -1 with the kernel's errno.
 */
static int
talk(int fd, struct request *rq, mnl_cb_t fn, void *arg)
{
	static uint32_t seq;
	_Alignas(8) char buf[BUFFER];
	ssize_t n;
	int rc;

	rq->u.hdr.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	rq->u.hdr.nlmsg_seq = ++seq;
	if (send(fd, &rq->u.hdr, rq->u.hdr.nlmsg_len, 0) == -1)
		return -1;
	for (;;) {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		rc = mnl_cb_run(buf, (size_t)n, seq, 0, fn, arg);
		if (rc == MNL_CB_STOP)
			return 0;
		/* An answer to a request that failed before is skipped. */
		if (rc == MNL_CB_ERROR && errno != ESRCH && errno != EPROTO)
			return -1;
	}
}

static struct nlmsghdr *
begin(struct request *rq, uint16_t type)
{
	struct nlmsghdr *nlh;

	memset(rq, 0, sizeof(*rq));
	nlh = mnl_nlmsg_put_header(rq->u.buf);
	nlh->nlmsg_type = type;
	return nlh;
}

static struct nlmsghdr *
begin_link(struct request *rq, uint16_t type, uint32_t ifindex)
{
	struct nlmsghdr *nlh = begin(rq, type);
	struct ifinfomsg *ifi;

	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)ifindex;
	return nlh;
}

static int
on_link_attr(const struct nlattr *a, void *arg)
{
	struct nl_link *l = arg;

	switch (mnl_attr_get_type(a)) {
	case IFLA_MTU:
		if (mnl_attr_validate(a, MNL_TYPE_U32) == 0)
			l->mtu = mnl_attr_get_u32(a);
		break;
	case IFLA_IFNAME:
		if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == 0)
			strncpy(l->name, mnl_attr_get_str(a),
			    sizeof(l->name) - 1);
		break;
	}
	return MNL_CB_OK;
}

static int
on_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct nl_link *l = arg;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return MNL_CB_OK;
	l->ifindex = (uint32_t)ifi->ifi_index;
	l->up = (ifi->ifi_flags & IFF_UP) != 0;
	return mnl_attr_parse(nlh, sizeof(*ifi), on_link_attr, l);
}

int
nl_link_get(int fd, int32_t nsid, const char *name, struct nl_link *l)
{
	struct nlmsghdr *nlh;
	struct request rq;

	memset(l, 0, sizeof(*l));
	nlh = begin_link(&rq, RTM_GETLINK, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	if (nsid != NL_HOME)
		mnl_attr_put_u32(nlh, IFLA_TARGET_NETNSID, (uint32_t)nsid);
	if (talk(fd, &rq, on_link, l) == -1)
		return -1;
	if (l->ifindex != 0)
		return 0;
	errno = ENODEV;
	return -1;
}

static int
on_tun(const struct nlmsghdr *nlh, void *arg)
{
	struct nl_tun t;

	if (nlp_tun(nlh, &t))
		memcpy(arg, &t, sizeof(t));
	return MNL_CB_OK;
}

int
nl_tun_get(int fd, const char *name, struct nl_tun *t)
{
	struct nlmsghdr *nlh;
	struct request rq;

	memset(t, 0, sizeof(*t));
	nlh = begin_link(&rq, RTM_GETLINK, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	if (talk(fd, &rq, on_tun, t) == -1)
		return -1;
	if (t->ifindex != 0)
		return 0;
	errno = ENODEV;
	return -1;
}

int
nl_link_delete(int fd, uint32_t ifindex)
{
	struct request rq;

	begin_link(&rq, RTM_DELLINK, ifindex);
	return talk(fd, &rq, NULL, NULL);
}

int
nl_link_mtu(int fd, uint32_t ifindex, uint32_t mtu)
{
	struct nlmsghdr *nlh;
	struct request rq;

	nlh = begin_link(&rq, RTM_NEWLINK, ifindex);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return talk(fd, &rq, NULL, NULL);
}

int
nl_link_no_autoconf(int fd, uint32_t ifindex)
{
	struct nlattr *spec, *inet6;
	struct nlmsghdr *nlh;
	struct request rq;

	nlh = begin_link(&rq, RTM_NEWLINK, ifindex);
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	return talk(fd, &rq, NULL, NULL);
}

int
nl_link_no_redirects(int fd, uint32_t ifindex)
{
	struct nlattr *spec, *inet, *conf;
	struct nlmsghdr *nlh;
	struct request rq;

	nlh = begin_link(&rq, RTM_NEWLINK, ifindex);
	spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	inet = mnl_attr_nest_start(nlh, AF_INET);
	conf = mnl_attr_nest_start(nlh, IFLA_INET_CONF);
	mnl_attr_put_u32(nlh, IPV4_DEVCONF_SEND_REDIRECTS, 0);
	mnl_attr_nest_end(nlh, conf);
	mnl_attr_nest_end(nlh, inet);
	mnl_attr_nest_end(nlh, spec);
	return talk(fd, &rq, NULL, NULL);
}

/* A u32 among the attributes behind a header; 0 if it is not there. */
struct wanted {
	uint16_t	 type;		/* of the message */
	size_t		 header;
	uint16_t	 attr;
	uint32_t	 value;
};

static int
on_wanted_attr(const struct nlattr *a, void *arg)
{
	struct wanted *w = arg;

	if (mnl_attr_get_type(a) == w->attr &&
	    mnl_attr_validate(a, MNL_TYPE_U32) == 0)
		w->value = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int
on_wanted(const struct nlmsghdr *nlh, void *arg)
{
	const struct wanted *w = arg;

	if (nlh->nlmsg_type != w->type)
		return MNL_CB_OK;
	return mnl_attr_parse(nlh, (unsigned)w->header, on_wanted_attr, arg);
}

static int
rp_filter(int fd, int ifindex, uint32_t *value)
{
	struct wanted w = { RTM_NEWNETCONF, sizeof(struct netconfmsg),
	    NETCONFA_RP_FILTER, 0 };
	struct netconfmsg *ncm;
	struct nlmsghdr *nlh;
	struct request rq;

	nlh = begin(&rq, RTM_GETNETCONF);
	ncm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ncm));
	ncm->ncm_family = AF_INET;
	mnl_attr_put_u32(nlh, NETCONFA_IFINDEX, (uint32_t)ifindex);
	if (talk(fd, &rq, on_wanted, &w) == -1)
		return -1;
	*value = w.value;
	return 0;
}

int
nl_outer_link(int fd, uint32_t mark, uint32_t *ifindex, bool *strict)
{
	/* Somewhere far away; nothing is sent there. */
	static const uint8_t far[4] = { 1, 1, 1, 1 };
	struct wanted w = { RTM_NEWROUTE, sizeof(struct rtmsg), RTA_OIF, 0 };
	uint32_t all, own;
	struct nlmsghdr *nlh;
	struct request rq;
	struct rtmsg *rt;

	nlh = begin(&rq, RTM_GETROUTE);
	rt = mnl_nlmsg_put_extra_header(nlh, sizeof(*rt));
	rt->rtm_family = AF_INET;
	rt->rtm_dst_len = 32;
	mnl_attr_put(nlh, RTA_DST, sizeof(far), far);
	mnl_attr_put_u32(nlh, RTA_MARK, mark);
	if (talk(fd, &rq, on_wanted, &w) == -1 ||
	    rp_filter(fd, (int)w.value, &own) == -1 ||
	    rp_filter(fd, NETCONFA_IFINDEX_ALL, &all) == -1)
		return -1;
	*ifindex = w.value;
	/* The larger one is in force: 0 is off, 1 strict, 2 loose. */
	*strict = (own > all ? own : all) == 1;
	return 0;
}

static int
on_nsid_attr(const struct nlattr *a, void *arg)
{
	int32_t *nsid = arg;

	if (mnl_attr_get_type(a) == NETNSA_NSID &&
	    mnl_attr_validate(a, MNL_TYPE_U32) == 0)
		*nsid = (int32_t)mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static int
on_nsid(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type != RTM_NEWNSID)
		return MNL_CB_OK;
	return mnl_attr_parse(nlh, sizeof(struct rtgenmsg), on_nsid_attr, arg);
}

static int
nsid_request(int fd, uint16_t type, int netns_fd, int32_t *nsid)
{
	struct rtgenmsg *gen;
	struct nlmsghdr *nlh;
	struct request rq;

	nlh = begin(&rq, type);
	gen = mnl_nlmsg_put_extra_header(nlh, sizeof(*gen));
	gen->rtgen_family = AF_UNSPEC;
	mnl_attr_put_u32(nlh, NETNSA_FD, (uint32_t)netns_fd);
	if (type == RTM_NEWNSID)
		mnl_attr_put_u32(nlh, NETNSA_NSID,
		    (uint32_t)NETNSA_NSID_NOT_ASSIGNED);
	return talk(fd, &rq, on_nsid, nsid);
}

int
nl_nsid(int fd, int netns_fd, int32_t *nsid)
{
	int tries;

	for (tries = 0; tries < 2; tries++) {
		*nsid = NETNSA_NSID_NOT_ASSIGNED;
		if (nsid_request(fd, RTM_GETNSID, netns_fd, nsid) == -1)
			return -1;
		if (*nsid >= 0)
			return 0;
		/* Only namespaces that have an id here send us events. */
		if (nsid_request(fd, RTM_NEWNSID, netns_fd, nsid) == -1 &&
		    errno != EEXIST)
			return -1;
	}
	errno = ENOENT;
	return -1;
}

static int32_t
nsid_of(struct msghdr *mh)
{
	struct cmsghdr *cm;
	int nsid = NL_HOME;

	for (cm = CMSG_FIRSTHDR(mh); cm != NULL; cm = CMSG_NXTHDR(mh, cm))
		if (cm->cmsg_level == SOL_NETLINK &&
		    cm->cmsg_type == NETLINK_LISTEN_ALL_NSID &&
		    cm->cmsg_len == CMSG_LEN(sizeof(nsid)))
			memcpy(&nsid, CMSG_DATA(cm), sizeof(nsid));
	return nsid;
}

/* One message a datagram; nobody but the kernel is listened to. */
static void
read_event(struct nl_event *ev, const struct nlmsghdr *nlh, int32_t nsid)
{
	const struct ifinfomsg *ifi;

	if (nlh->nlmsg_type == RTM_DELNSID && nsid == NL_HOME) {
		ev->nsid_gone = true;
		return;
	}
	if ((nlh->nlmsg_type != RTM_NEWLINK &&
	    nlh->nlmsg_type != RTM_DELLINK) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return;
	ifi = mnl_nlmsg_get_payload(nlh);
	ev->nsid = nsid;
	ev->ifindex = (uint32_t)ifi->ifi_index;
}

int
nl_event(int fd, struct nl_event *ev)
{
	union {
		struct nlmsghdr	 hdr;
		char		 buf[BUFFER];
	} u;
	char control[CMSG_SPACE(sizeof(int)) * 2];
	struct sockaddr_nl from;
	struct msghdr mh;
	struct iovec iov;
	ssize_t n;

	memset(&mh, 0, sizeof(mh));
	iov.iov_base = u.buf;
	iov.iov_len = sizeof(u.buf);
	mh.msg_name = &from;
	mh.msg_namelen = sizeof(from);
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	mh.msg_control = control;
	mh.msg_controllen = sizeof(control);
	memset(ev, 0, sizeof(*ev));
	n = recvmsg(fd, &mh, MSG_DONTWAIT);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (mh.msg_namelen == sizeof(from) && from.nl_pid == 0 &&
	    mnl_nlmsg_ok(&u.hdr, (int)n))
		read_event(ev, &u.hdr, nsid_of(&mh));
	return 1;
}
