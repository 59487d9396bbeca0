/* SPDX-License-Identifier: ISC */
/*
 * What the tests of the protocol's state machine share: each of them has two
 * hosts, a and b, that know each other, on the fake clock.
 */
#ifndef REGRESS_UNIT_PROTOCOL_PAIR_H
#define REGRESS_UNIT_PROTOCOL_PAIR_H

#include <stdint.h>

#include "cryptod/engine.h"
#include "hosts.h"
#include "unit.h"

extern struct host	a, b;

/* A test case that starts the two hosts, and stops them. */
TCase		*pair_case(const char *name);
/* The other host, as this one sends to it. */
struct remote	*remote_of(struct host *);
/* One packet from a to b, and so a session that both have confirmed. */
void		 shake(void);
/* Its link goes down and comes up again: no session is left. */
void		 link_again(struct host *);
/* One more peer of this host, with an endpoint and one IPv4 address. */
struct device	*peer_add(struct host *, const uint8_t key[32],
		    const uint8_t address[4]);

#endif /* REGRESS_UNIT_PROTOCOL_PAIR_H */
