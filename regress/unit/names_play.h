/* SPDX-License-Identifier: ISC */
/*
 * The world of endpoints by name, played: peers that are where the tests put
 * them, a resolver that says what they give it, and time that passes when they
 * say so.
 */
#ifndef REGRESS_UNIT_NAMES_PLAY_H
#define REGRESS_UNIT_NAMES_PLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "netd/names.h"
#include "unit.h"

#define SECOND	1000000000ULL
#define PEERS	100

struct peer {
	struct name_user	 user;
	struct endpoint		 at;
	int			 used;		/* addresses it was given */
};

extern struct names	 names;
extern uint64_t		 now;			/* ns */
extern struct peer	 peer[PEERS];
extern bool		 has_v6, has_v4;	/* sockets */

/* What happened. */
extern unsigned		 asked;
extern uint32_t		 last_id;
extern char		 last_host[RESOLVE_NAME_MAX];
extern enum name_state	 last_state;		/* that was told */
extern bool		 last_again;		/* of the last use */

/* Around each test: no names, and peers that are nowhere. */
void	 setup(void);
void	 teardown(void);

void	 pass(uint64_t seconds);
/* Gives the peer a name. */
void	 attach(int i, const char *host, uint16_t port, bool forced);
/* Answers a question: addresses, divided by blanks, or a status alone. */
void	 answer(uint32_t id, enum resolve_status, const char *list);
/* The peer is heard from there. */
void	 go(int i, const char *text);

/* Is the peer there? */
#define at_is(i, text)	do {						\
	char at_[ENDPOINT_TEXT];					\
	endpoint_print(&peer[i].at, at_, sizeof(at_));			\
	ck_assert_str_eq(at_, text);					\
} while (0)

#endif /* REGRESS_UNIT_NAMES_PLAY_H */
