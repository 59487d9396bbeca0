/* SPDX-License-Identifier: ISC */
/*
 * netd's system calls: before STARTUP, and then datagrams only.  No socket,
 * bind, connect or ioctl: what it has, the parent opened.
 */
#include <sys/socket.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include "netd/netd.h"

#define SOCKOPT(opt, reason)						\
	SB_ALLOW_IF(getsockopt, reason, SB_EQ32(1, SOL_SOCKET),		\
	    SB_EQ32(2, opt))

static const struct sandbox_rule start_rules[] = {
	SB_ALLOW_IF(fcntl, "seal the ring", SB_EQ32(1, F_ADD_SEALS)),
	SB_ALLOW(ftruncate, "size of the ring"),
	SB_ALLOW(memfd_create, "memory of the ring"),
};

static const struct sandbox_rule run_rules[] = {
	SOCKOPT(SO_DOMAIN, "admission of a socket"),
	SOCKOPT(SO_TYPE, "admission of a socket"),
	SOCKOPT(SO_ACCEPTCONN, "admission of a socket"),
	SOCKOPT(SO_MEMINFO, "datagrams that found no room"),
	SB_ALLOW_IF(getsockopt, "does segmentation offload work",
	    SB_EQ32(1, IPPROTO_UDP), SB_EQ32(2, UDP_SEGMENT)),
	SB_ALLOW_IF(recvmmsg, "datagrams in, without waiting",
	    SB_MASK(3, MSG_DONTWAIT, MSG_DONTWAIT), SB_NULL(4)),
	SB_ALLOW_IF(sendmmsg, "datagrams out, without waiting",
	    SB_MASK(3, MSG_DONTWAIT, MSG_DONTWAIT)),
};

/* The second filter is stacked on the first, which must allow as much. */
static const struct sandbox_table netd_early =
	SB_TABLE("netd run", run_rules, &sandbox_start);

const struct sandbox_table netd_start =
	SB_TABLE("netd start", start_rules, &netd_early);
const struct sandbox_table netd_run =
	SB_TABLE("netd run", run_rules, &sandbox_loop);
