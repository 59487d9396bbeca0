/* SPDX-License-Identifier: ISC */
/*
 * A resolver whose name servers are played by the test, and whose time is the
 * test's.
 */
#ifndef REGRESS_UNIT_DNS_PLAY_H
#define REGRESS_UNIT_DNS_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolverd/query.h"

#define SECOND		1000000000ULL
#define SENT_MAX	200

/* A question, and which server it went to. */
struct sent {
	unsigned	server;
	size_t		len;
	uint8_t		msg[DNS_QUERY_MAX];
};

extern struct resolver	r;
extern uint64_t		now;
extern struct sent	sent[SENT_MAX];
extern unsigned		nsent, ndone, nwanted;
extern uint32_t		done_id;	/* of the last answer, */
extern struct resolved	last;		/* and what it says */
/* These cannot be sent to. */
extern bool		unreachable[SERVERS_MAX];

/* The fixture of every test: nothing is asked, and there is no server. */
void	 setup(void);
void	 teardown(void);
/* So many more of them. */
void	 servers(unsigned n);
/* Time goes by, in ms. */
void	 pass(uint64_t ms);
/* DNS_A or DNS_AAAA */
unsigned type_of(const struct sent *);
/* Answers with these flags and n addresses, counted from the last byte on. */
void	 reply(const struct sent *, unsigned flags, unsigned n, uint8_t from,
	    uint32_t ttl);

#endif /* REGRESS_UNIT_DNS_PLAY_H */
