/* SPDX-License-Identifier: ISC */
/*
 * The system calls of ctld.  From READY on it gets no more descriptors, and
 * it never opens, connects, binds or listens: sockets come from the parent.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "ctld/ctld.h"

/* The second filter is stacked on this one: what is needed later is here. */
static const struct sandbox_rule start_rules[] = {
	SB_ALLOW_IF(accept4, "clients, later", SB_NULL(1), SB_NULL(2),
	    SB_EQ32(3, SOCK_NONBLOCK | SOCK_CLOEXEC)),
	SB_ALLOW_IF(getsockopt, "what kind of socket was handed down",
	    SB_EQ32(1, SOL_SOCKET)),
	SB_ALLOW_IF(ioctl, "scope of a link-local endpoint, later",
	    SB_EQ32(1, SIOCGIFINDEX)),
	SB_ALLOW_IF(setitimer, "ends a client's lingering, later",
	    SB_EQ32(0, ITIMER_REAL)),
};

static const struct sandbox_rule run_rules[] = {
	SB_ALLOW_IF(accept4, "clients", SB_NULL(1), SB_NULL(2),
	    SB_EQ32(3, SOCK_NONBLOCK | SOCK_CLOEXEC)),
	SB_ALLOW_IF(getsockopt, "who is the client",
	    SB_EQ32(1, SOL_SOCKET), SB_EQ32(2, SO_PEERCRED)),
	SB_ALLOW_IF(ioctl, "scope of a link-local endpoint",
	    SB_EQ32(1, SIOCGIFINDEX)),
	SB_ALLOW_IF(setitimer, "ends a client's lingering",
	    SB_EQ32(0, ITIMER_REAL)),
};

const struct sandbox_table ctld_start =
    SB_TABLE("ctld start", start_rules, &sandbox_start);
const struct sandbox_table ctld_run =
    SB_TABLE("ctld run", run_rules, &sandbox_loop);
