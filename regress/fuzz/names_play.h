/* SPDX-License-Identifier: ISC */
/*
 * netd's names among peers, a resolver and sockets that are played: what is
 * known of them outside, and what has to hold whenever something is asked,
 * used or told.
 */
#ifndef REGRESS_FUZZ_NAMES_PLAY_H
#define REGRESS_FUZZ_NAMES_PLAY_H

#include "input.h"
#include "netd/names.h"

#define SEC	1000000000ULL
#define USERS	48
#define HOSTS	40		/* more than are asked at once */

struct user {
	struct name_user	 user;
	struct endpoint		 at;		/* family 0: nowhere */
	struct host		*host;		/* NULL: none */
	bool			 forced;	/* until it is used */
	unsigned		 silent;	/* times, since heard or moved */
};

struct host {
	char			 text[16];
	unsigned		 users;
	enum name_state		 state;
	bool			 is_asked;
	bool			 was_asked;
	bool			 attached;	/* since it was asked */
	bool			 hurried;	/* since it was asked */
	uint64_t		 until;		/* ns: its addresses are fresh */
	uint32_t		 id;
	uint64_t		 asked;		/* ns */
	uint64_t		 earliest;	/* ns: the pause's end */
	unsigned		 failures;	/* in a row */
	unsigned		 n;
	struct endpoint		 at[RESOLVE_ADDRS_MAX];
};

struct world {
	struct names		 names;
	struct timer_wheel	 wheel;
	uint64_t		 now;
	struct user		*user[USERS];
	struct host		 host[HOSTS];
	bool			 has_v4, has_v6;
	bool			 lost;		/* the resolver */
	uint32_t		 last_id;
};

extern struct world	 world;

/* Everybody is new, and nobody has a name. */
void	 world_begin(void);
/* Time goes by, its timers in their turn; or all at once, as after sleep. */
void	 world_pass(uint64_t ns);
void	 world_expire(uint64_t to);
/* Other routes. */
void	 world_hurry(bool reload);
/* The names agree with us. */
void	 world_check(void);

/* Is it one of the addresses that it had last? */
bool	 host_is_at(const struct host *, const struct endpoint *);
/* Does anybody want an address of it? */
bool	 is_wanted(const struct host *);
/* The answer to what it was asked, which is under way. */
void	 host_answer(struct host *, const struct resolved *);

/* Another one in its place; there may be none. */
void	 user_reborn(struct user **);
/* As the configuration says; upper: in other letters. */
void	 user_attach(struct user *, struct host *, uint16_t port, bool upper);
void	 user_detach(struct user *);
/* Its initiation is not answered. */
void	 user_silent(struct user *);
/* Where it is cannot be sent to. */
void	 user_next(struct user *);

#endif /* REGRESS_FUZZ_NAMES_PLAY_H */
