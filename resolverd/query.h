/* SPDX-License-Identifier: ISC */
/*
 * Names under way to their answers: which name server is asked, how long it
 * is waited for, and what is made of the two answers, for A and for AAAA.
 *
 * A server has 2 seconds, or until it has refused whatever it did not answer;
 * then the next one is asked; each twice.  The first round asks with letters
 * of random case, which must come back (forging an answer takes more guesses);
 * the second without, for servers that change it.
 *
 * A leaf: the time is passed in, effects go out by hooks.
 */
#ifndef RESOLVERD_QUERY_H
#define RESOLVERD_QUERY_H

#include <sys/queue.h>

#include "resolverd/cache.h"
#include "resolverd/counters.h"
#include "resolverd/dnsmsg.h"
#include "shared/msg_helper.h"

#define QUERIES_MAX	64
#define SERVERS_MAX	8
#define QUERY_WAIT	(2 * 1000000000ULL)	/* ns for a server */
#define QUERY_ROUNDS	2U
#define QUERY_SETTLE	(10 * 1000000ULL)	/* ns for all servers to come */
#define QUERY_AGE	(15 * 1000000000ULL)	/* ns: it begins anew before */
#define TTL_MIN		30U
#define TTL_MAX		3600U
#define TTL_NONE	30U		/* that there is no such name */

struct query {
	TAILQ_ENTRY(query)	 entry;
	uint32_t		 id;		/* the asker's */
	uint64_t		 born;		/* ns */
	unsigned		 tries;		/* servers asked so far */
	unsigned		 first;		/* of them */
	unsigned		 server;	/* the last of them */
	bool			 refused;	/* one answered, but in vain */
	uint64_t		 until;		/* ns */
	struct query_half {
		struct dns_question	 q;
		bool			 edns;	/* it was sent with it */
		bool			 waits;	/* for the last server */
		uint8_t			 asked;	/* bits: servers */
		bool			 done;
		enum dns_result		 result;
		struct dns_answer	 answer;
	}			 half[2];	/* AAAA and A */
	char			 name[RESOLVE_NAME_MAX];
};
TAILQ_HEAD(query_list, query);

struct query_hooks {
	void	 *arg;
	/* 0, or -1: it could not be sent. */
	int	(*send)(void *, unsigned server, const uint8_t *, size_t);
	void	(*done)(void *, uint32_t id, const struct resolved *);
	/* No name server answers, or has an address, or there is none. */
	void	(*wanted)(void *);
};

struct resolver {
	struct query_hooks	 out;
	struct counters		 count;
	struct query_list	 list;
	unsigned		 n;
	unsigned		 servers;
	unsigned		 best;		/* answered last */
	uint64_t		 settled;	/* ns: by then all have come */
	bool			 no_edns[SERVERS_MAX];
	const char		*hosts;		/* the caller's; may be NULL */
	size_t			 hosts_len;
	struct cache		 cache;
};

/* It is all zero; the hooks are set by the caller. */
void	 resolver_init(struct resolver *);
void	 resolver_clear(struct resolver *);
/*
 * The servers are forgotten; names wait for others, and begin anew with them
 * unless they are old.
 */
void	 resolver_reset(struct resolver *, uint64_t now);
/*
 * One more server, number r->servers - 1 then; -1: there are too many.  Who
 * waits for it goes on at the next tick.
 */
int	 resolver_add(struct resolver *, uint64_t now);
/* done() will be called once, perhaps before this returns. */
void	 resolver_ask(struct resolver *, uint32_t id, const char *name,
	    uint64_t now);
void	 resolver_reply(struct resolver *, unsigned server,
	    const uint8_t *msg, size_t len, uint64_t now);
/* A server cannot be reached. */
void	 resolver_failed(struct resolver *, unsigned server, uint64_t now);
/* What is late goes on to the next server. */
void	 resolver_tick(struct resolver *, uint64_t now);
/* When to call that again (ns); false: nothing is under way. */
bool	 resolver_next(const struct resolver *, uint64_t *when);

#endif /* RESOLVERD_QUERY_H */
