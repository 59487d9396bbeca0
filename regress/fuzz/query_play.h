/* SPDX-License-Identifier: ISC */
/*
 * A resolver among name servers and an asker that are played: what was asked,
 * what the servers asked have said, and what follows from it.
 */
#ifndef REGRESS_FUZZ_QUERY_PLAY_H
#define REGRESS_FUZZ_QUERY_PLAY_H

#include "input.h"
#include "resolverd/query.h"

#define SEC		1000000000ULL
#define NAMES		400		/* more than the cache has room for */
#define QUESTIONS_MAX	600
#define SENT_MAX	512		/* the last of them */

/* Beside plain ones; a name of this number: */
enum {
	NAME_HOSTS	= 1,		/* is in the file of hosts */
	NAME_LONG,
	NAME_BAD,			/* is no name: four of them */
	NAME_PLAIN	= NAME_BAD + 4
};

struct question {
	unsigned	 name;
	bool		 waits;
	bool		 at_once;	/* it is being asked right now */
	uint64_t	 born;		/* ns */
	uint64_t	 since;		/* ns: asked, or the servers' reset */
	unsigned	 server;	/* asked last */
	struct half {
		unsigned	 asked;		/* bits: of these servers */
		bool		 waits;		/* for the last of them */
		bool		 exact;
		bool		 no_name, no_data;
		struct dns_answer answer;
	}		 half[2];
};

/* What a name server got. */
struct sent {
	unsigned	 server;
	size_t		 len;
	uint8_t		 msg[DNS_QUERY_MAX];
};

struct world {
	struct resolver	 r;
	uint64_t	 now;
	uint32_t	 random;
	unsigned	 unreachable;		/* bits: servers */
	bool		 is_full;		/* one of two gets away */
	unsigned	 nquestions, ndone, nwanted, nsent;
	unsigned	 nunserved;		/* silence and refusals */
	struct question	 question[QUESTIONS_MAX];
	struct sent	 sent[SENT_MAX];	/* nsent % SENT_MAX is next */
	struct known {
		uint64_t	 until;		/* ns */
		struct resolved	 what;
	}		 known[NAMES];
};

extern struct world	 world;

void	 world_begin(uint32_t seed);
/* What holds whenever resolverd goes back to sleep. */
void	 world_check(void);
/* Time goes by, with its timer; or all at once. */
void	 world_pass(uint64_t ns);
void	 world_leap(uint64_t ns);
/* form: how it is spelled. */
void	 world_ask(unsigned name, uint8_t form);
/* From now on so many other servers; another: of another network. */
void	 world_servers(unsigned n, bool another);
/* A datagram of a server; it is judged here, too. */
void	 world_deliver(unsigned server, const uint8_t *, size_t);

#endif /* REGRESS_FUZZ_QUERY_PLAY_H */
