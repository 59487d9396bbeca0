/* SPDX-License-Identifier: ISC */
/*
 * The system calls of cryptod.  What every process may is in
 * shared/sandbox_tables.c; beside that cryptod needs next to nothing: it has
 * no socket of its own and opens nothing.
 */
#include <fcntl.h>

#include "cryptod/cryptod.h"

static const struct sandbox_rule start_rules[] = {
	SB_ALLOW_IF(fcntl, "seal ring and index page",
	    SB_EQ32(1, F_ADD_SEALS)),
	SB_ALLOW(ftruncate, "size of ring and index page"),
	SB_ALLOW(getsockopt, "what kind of socket is this link"),
	SB_ALLOW(memfd_create, "ring and index page"),
};

static const struct sandbox_rule run_rules[] = {
	SB_ALLOW(read, "packets from the TUN device; bell, timer, key files"),
	SB_ALLOW(write, "ring netd's bell; state files"),
	SB_ALLOW(writev, "packets to the TUN device"),
};

const struct sandbox_table cryptod_start =
    SB_TABLE("cryptod start", start_rules, &sandbox_start);
const struct sandbox_table cryptod_run =
    SB_TABLE("cryptod run", run_rules, &sandbox_loop);
