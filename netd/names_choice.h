/* SPDX-License-Identifier: ISC */
/*
 * What is known of a name, and which of its addresses each user gets: the
 * first that can be sent to, and the next one when a peer does not answer
 * there.  Nothing is asked here; only names.c needs this.
 */
#ifndef NETD_NAMES_CHOICE_H
#define NETD_NAMES_CHOICE_H

#include "netd/names.h"

enum name_where {
	NAME_IDLE,			/* maybe until its timer runs */
	NAME_QUEUED,
	NAME_ASKED
};

struct name {
	LIST_ENTRY(name)	  bucket;
	TAILQ_ENTRY(name)	  entry;
	LIST_HEAD(, name_user)	  users;
	struct names		 *names;
	struct timer		  timer;	/* ask again; no answer came */
	enum name_where		  where;
	enum name_state		  state;
	uint32_t		  id;
	bool			  was_asked;
	uint64_t		  asked;	/* ns */
	uint64_t		  until;	/* ns: they are fresh */
	unsigned		  failures;	/* in a row */
	uint8_t			  n;
	uint16_t		  bad;		/* bits: cannot be sent to */
	struct endpoint		  at[RESOLVE_ADDRS_MAX];
	char			  host[RESOLVE_NAME_MAX];
};

/*
 * There are addresses, and this user waits for one.  It keeps the one that it
 * has, or where it roamed to, unless it is silent there.
 */
void	 name_give(struct names *, struct name_user *, uint64_t now);
/* What is known by now does for a new port, whenever DNS may answer. */
void	 name_give_port(struct names *, struct name_user *, uint64_t now);
/*
 * The user is silent: after a while it gets the next address of what is known,
 * without a question.  Those of a name are bounded, and others who have it may
 * take them all.
 */
void	 name_give_another(struct names *, struct name_user *, uint64_t now);
/* The usable ones of an answer, each once; how many there are. */
uint8_t	 name_take(struct name *, const struct resolved *);

#endif /* NETD_NAMES_CHOICE_H */
