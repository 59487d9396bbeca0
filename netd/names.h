/* SPDX-License-Identifier: ISC */
/*
 * Endpoints by name: when to ask for one, which address to take, and when to
 * try the next.  The rules:
 *
 *	a name is asked once, however many peers have it
 *	nothing is asked while nobody wants an address
 *	an address that works is never taken away, and none for no answer
 *	the address in use is kept if it is still among the answers, unless
 *	the peer does not answer there: then it is the next one's turn (P28)
 *	a peer that roamed is left where it was heard from, until it is silent
 *	a new port of a known address needs no answer
 *
 * A leaf: the time is passed in, and all effects go out by hooks.
 */
#ifndef NETD_NAMES_H
#define NETD_NAMES_H

#include <sys/queue.h>

#include "shared/msg_helper.h"
#include "shared/msg_net.h"
#include "shared/timer.h"

#define NAMES_BUCKETS	4096U
#define NAMES_ASKED	32		/* questions under way */
#define NAMES_PAUSE	(30 * 1000000000ULL)	/* ns between two of a name */
#define NAMES_PATIENCE	(10 * 1000000000ULL)	/* ns with one address */
#define NAMES_WAIT	(30 * 1000000000ULL)	/* ns for an answer */
#define NAMES_SILENT	2		/* times: it is not there any more */
#define NAMES_RETRY_MIN	(5 * 1000000000ULL)	/* ns after a failure */
#define NAMES_RETRY_MAX	(300 * 1000000000ULL)

struct name;

/* Embedded in whoever has an endpoint by name; all zero is the right start. */
struct name_user {
	LIST_ENTRY(name_user)	 entry;
	struct name		*name;		/* NULL: none */
	void			*owner;
	uint16_t		 port;
	bool			 wants;		/* an address */
	bool			 forced;	/* the configuration changed */
	uint8_t			 silent;	/* initiations in a row */
	uint64_t		 since;		/* ns: at this address */
};

struct names_hooks {
	void	 *arg;
	/* Sends a question, to be answered with names_answer(). */
	void	(*ask)(void *, uint32_t id, const char *host);
	/* Is there a socket of this family? */
	bool	(*can)(void *, uint8_t family);
	/* Where the owner is now; family 0: not known. */
	const struct endpoint *(*present)(void *, void *owner);
	/* Let the owner be there from now on; again: it was known before. */
	void	(*use)(void *, void *owner, const char *host,
		    const struct endpoint *, bool again);
	/* The state of a name changed. */
	void	(*told)(void *, const char *host, enum name_state);
};

LIST_HEAD(name_bucket, name);
TAILQ_HEAD(name_queue, name);

struct names {
	struct names_hooks	 out;
	struct timer_wheel	*wheel;
	uint8_t			 seed[16];
	struct name_bucket	*bucket;
	struct name_queue	 waiting;	/* to be asked */
	struct name_queue	 asked;
	struct timer		 room;		/* for what waits */
	unsigned		 nasked;
	size_t			 n;
	uint32_t		 last_id;
	bool			 lost;		/* nobody is left to ask */
	uint64_t		 hurried;
};

/* 0, or -1 (ENOMEM).  The hooks are set by the caller.  sodium_init() first. */
int	 names_init(struct names *, struct timer_wheel *);
/* Its users are forgotten, too. */
void	 names_clear(struct names *);
/*
 * Gives a user another name: nothing happens if it is the same host and port.
 * forced: an answer counts even if the peer is heard from meanwhile, as its
 * configuration was changed.  0, or -1 (ENOMEM); then it has no name.
 */
int	 names_attach(struct names *, struct name_user *, const char *host,
	    uint16_t port, bool forced, uint64_t now);
void	 names_detach(struct names *, struct name_user *);
/* An authentic packet came: where it is is known, it wants nothing. */
void	 names_heard(struct name_user *);
/* An initiation is sent again, for the last was not answered. */
void	 names_silent(struct names *, struct name_user *, uint64_t now);
/*
 * The present address cannot even be sent to: is there another of this name?
 * Then it is in use already.
 */
bool	 names_next(struct names *, struct name_user *, uint64_t now);
/* An answer.  -1 if nothing asked for it, or no longer. */
int	 names_answer(struct names *, uint32_t id, const struct resolved *,
	    uint64_t now);
/* The network changed: what failed may work now, but it may change often. */
void	 names_hurry(struct names *, uint64_t now);
/*
 * Somebody wants it all anew: whatever failed is asked for in a second, when
 * the resolver will have the name servers and hosts of now.
 */
void	 names_reload(struct names *, uint64_t now);
/* The resolver is gone, for good. */
void	 names_lose(struct names *);
enum name_state	 names_state(const struct name_user *);
/* Bytes that the names take. */
size_t	 names_memory(const struct names *);
/* Can this be a peer's address?  Not unspecified, multicast, mapped, ... */
bool	 names_is_usable(uint8_t family, const uint8_t addr[16]);

#endif /* NETD_NAMES_H */
