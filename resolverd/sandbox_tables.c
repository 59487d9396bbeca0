/* SPDX-License-Identifier: ISC */
/*
 * resolverd's system calls: before STARTUP, and then the loop alone, for its
 * sockets come connected.  No socket, connect, bind, open or fcntl.
 */
#include <sys/socket.h>

#include "resolverd/resolverd.h"

#define SOCKOPT(opt, reason)						\
	SB_ALLOW_IF(getsockopt, reason, SB_EQ32(1, SOL_SOCKET),		\
	    SB_EQ32(2, opt))

/* The file of hosts is admitted by fstat, which every process may. */
static const struct sandbox_rule run_rules[] = {
	SOCKOPT(SO_DOMAIN, "admission of a socket"),
	SOCKOPT(SO_TYPE, "admission of a socket"),
	SOCKOPT(SO_ACCEPTCONN, "admission of a socket"),
};

/* The second filter is stacked on the first, which must allow as much. */
const struct sandbox_table resolverd_start =
	SB_TABLE("resolverd start", run_rules, &sandbox_start);
const struct sandbox_table resolverd_run =
	SB_TABLE("resolverd run", run_rules, &sandbox_loop);
