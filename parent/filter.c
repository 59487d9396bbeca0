/* SPDX-License-Identifier: ISC */
/*
 * The parent's one filter, loaded when all children are ready: no program is
 * run, sockets are UDP only, and the only signal that it sends is SIGKILL.  In
 * bare mode no file is opened any more; in configured mode files are read and
 * new ones made, and Landlock decides where.  A filter cannot see paths or fds:
 * that the parent never reads the TUN device or a UDP socket, and of a key file
 * only what kind of file it is, is a matter of its code.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>

#include <linux/if_tun.h>
#include <linux/sockios.h>

#include "parent/parent.h"

static const struct sandbox_rule rules[] = {
	SB_ALLOW(bind, "UDP sockets: their port"),
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

/* O_TMPFILE would want to write, too. */
#define READ_ONLY	SB_CLEAR(2, O_ACCMODE | O_CREAT | O_TRUNC)
#define NEW_FILE	SB_MASK(2, O_ACCMODE | O_CREAT | O_EXCL | O_NOFOLLOW, \
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)

static const struct sandbox_rule configured_rules[] = {
	SB_ALLOW(connect, "UDP sockets: to a name server"),
	SB_ALLOW(fsync, "state files: on disk"),
	SB_ALLOW(ftruncate, "journal of routes and rules"),
	SB_ALLOW_IF(ioctl, "name server: its interface",
	    SB_EQ32(1, SIOCGIFINDEX)),
	SB_ALLOW(lseek, "stdio, files of the configuration"),
	SB_ALLOW_IF(newfstatat, "what is wrong with a key file",
	    SB_EQ32(3, 0)),
	SB_ALLOW_IF(openat, "configuration, key files for cryptod",
	    READ_ONLY),
	SB_ALLOW_IF(openat, "state files: a new one", NEW_FILE),
	SB_ALLOW(pread64, "src_valid_mark: as it is"),
	SB_ALLOW(pwrite64, "journal of routes and rules"),
	SB_ALLOW(renameat, "state files: take the old one's place"),
	SB_ALLOW(sysinfo, "qsort(3) of a large configuration"),
};

const struct sandbox_table parent_run =
    SB_TABLE("parent run", rules, &sandbox_loop);
const struct sandbox_table parent_run_configured =
    SB_TABLE("parent run configured", configured_rules, &parent_run);
