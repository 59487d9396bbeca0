/* SPDX-License-Identifier: ISC */
/*
 * The parent's one filter, loaded when all children are ready: no program is
 * run and no file opened any more, sockets are UDP only, and the only signal
 * that it sends is SIGKILL.  A filter cannot see paths or fds: that the
 * parent never reads the TUN device or a UDP socket is a matter of its code.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>

#include <linux/if_tun.h>

#include "parent/parent.h"

static const struct sandbox_rule rules[] = {
	SB_ALLOW(bind, "UDP sockets: their port"),
	SB_ALLOW(dup, "a queued message keeps its fd"),
	SB_ALLOW(dup3, "give up the caller's terminal"),
	SB_ALLOW_IF(fcntl, "UDP sockets: a duplicate for netd",
	    SB_EQ32(1, F_DUPFD_CLOEXEC)),
	SB_ALLOW(getrusage, "show memory"),
	SB_ALLOW(getsockname, "UDP sockets: the port"),
	SB_ALLOW_IF(ioctl, "follow: name of the interface",
	    SB_EQ32(1, TUNGETIFF)),
	SB_ALLOW_IF(ioctl, "follow: namespace of the interface",
	    SB_EQ32(1, TUNGETDEVNETNS)),
	SB_ALLOW_IF(kill, "end children", SB_EQ32(1, SIGKILL)),
	SB_ALLOW_IF(newfstatat, "is the socket's file still ours",
	    SB_EQ32(3, AT_SYMLINK_NOFOLLOW)),
	SB_ALLOW_IF(recvfrom, "netlink, no sender asked for", SB_NULL(4)),
	SB_ALLOW_IF(sendto, "netlink, no receiver named",
	    SB_NULL(4)),
	SB_ALLOW_IF(setsockopt, "UDP sockets: mark, buffers",
	    SB_EQ32(1, SOL_SOCKET)),
	SB_ALLOW_IF(setsockopt, "UDP sockets: IPv4",
	    SB_EQ32(1, IPPROTO_IP)),
	SB_ALLOW_IF(setsockopt, "UDP sockets: IPv6",
	    SB_EQ32(1, IPPROTO_IPV6)),
	SB_ALLOW_IF(setsockopt, "UDP sockets: GRO",
	    SB_EQ32(1, IPPROTO_UDP)),
	SB_ALLOW_IF(socket, "UDP over IPv4", SB_EQ32(0, AF_INET),
	    SB_MASK(1, 0xf, SOCK_DGRAM), SB_EQ32(2, 0)),
	SB_ALLOW_IF(socket, "UDP over IPv6", SB_EQ32(0, AF_INET6),
	    SB_MASK(1, 0xf, SOCK_DGRAM), SB_EQ32(2, 0)),
	SB_ALLOW(unlinkat, "remove our sockets and the lock"),
	SB_ALLOW(wait4, "how a child ended"),
};

const struct sandbox_table parent_run =
    SB_TABLE("parent run", rules, &sandbox_loop);
