/* SPDX-License-Identifier: ISC */
/*
 * Events of addresses, routes, rules and links: see netlink_route.h.
 */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "parent/netlink_parse.h"
#include "parent/netlink_route.h"

#define BUFFER	32768
#define PID_MAX	4194304U	/* of Linux, whatever the host's limit is */

static void
read_link_event(const struct nlmsghdr *nlh, uint32_t ifindex,
    struct nlr_event *ev)
{
	struct nl_link l;

	/* Bridges tell of their ports by the same message. */
	if (!nlp_link(nlh, &l) || l.ifindex != ifindex ||
	    ((const struct ifinfomsg *)mnl_nlmsg_get_payload(nlh))->
	    ifi_family != AF_UNSPEC)
		return;
	ev->what = NLR_LINK;
	ev->up = l.up;
	ev->mtu = l.mtu;
	ev->away = nlh->nlmsg_type == RTM_DELLINK;
}

static void
read_change(const struct nlmsghdr *nlh, uint32_t ifindex,
    struct nlr_event *ev)
{
	/* A process's first socket bears its pid, others any large number. */
	ev->pid = nlh->nlmsg_pid <= PID_MAX ? nlh->nlmsg_pid : 0;
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		read_link_event(nlh, ifindex, ev);
		return;
	case RTM_DELADDR:
	case RTM_DELROUTE:
	case RTM_DELRULE:
		if (nlp_item(nlh, ifindex, &ev->item))
			ev->what = NLR_GONE;
		return;
	case RTM_NEWROUTE:
		/* What was there before is told of by nothing else. */
		if ((nlh->nlmsg_flags & NLM_F_REPLACE) != 0) {
			if (nlp_route_place(nlh, &ev->item))
				ev->what = NLR_REPLACED;
			return;
		}
		break;
	}
	if (nlp_item(nlh, ifindex, &ev->item))
		ev->what = NLR_NEW;
}

int
nlr_event(int fd, uint32_t ifindex, struct nlr_event *ev)
{
	union {
		struct nlmsghdr	 hdr;
		char		 buf[BUFFER];
	} u;
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
	memset(ev, 0, sizeof(*ev));
	n = recvmsg(fd, &mh, MSG_DONTWAIT);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	/* One message a datagram; nobody but the kernel is listened to. */
	if (mh.msg_namelen == sizeof(from) && from.nl_pid == 0 &&
	    mnl_nlmsg_ok(&u.hdr, (int)n))
		read_change(&u.hdr, ifindex, ev);
	return 1;
}
