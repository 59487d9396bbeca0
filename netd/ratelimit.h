/* SPDX-License-Identifier: ISC */
/*
 * How many handshake messages a source may send while we are under load: a
 * token bucket for every IPv4 address and every IPv6 /64.
 */
#ifndef NETD_RATELIMIT_H
#define NETD_RATELIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATELIMIT_RATE		20	/* messages a second */
#define RATELIMIT_BURST		5
#define RATELIMIT_SOURCES	65536	/* at once; one more is refused */

struct ratelimit;

/*
 * Make an empty table with a hash key of its own, as outsiders choose what
 * goes in.  Its memory (2 MiB) is touched only as sources come.  NULL: no
 * memory.  sodium_init() has been called before.
 */
struct ratelimit *ratelimit_new(uint64_t now);
void	ratelimit_free(struct ratelimit *rl);

/*
 * May a message from this source (4 or 16 bytes by AF_INET or AF_INET6) be
 * processed at now (ns)?  If so it is charged.  False as well if the table
 * is full.  The port does not matter.
 */
bool	ratelimit_allow(struct ratelimit *rl, int family, const void *addr,
	    uint64_t now);

/*
 * Forget the sources that were silent for over a second; returns how many
 * are left.  ratelimit_allow() does it by itself when it needs room.
 */
size_t	ratelimit_gc(struct ratelimit *rl, uint64_t now);

#endif /* NETD_RATELIMIT_H */
