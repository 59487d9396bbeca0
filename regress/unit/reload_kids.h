/* SPDX-License-Identifier: ISC */
/*
 * The three children to which a configuration goes, played: what each is to
 * do, what it was sent, and what it can say.
 */
#ifndef REGRESS_UNIT_RELOAD_KIDS_H
#define REGRESS_UNIT_RELOAD_KIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/reload.h"
#include "shared/imsg.h"
#include "shared/msg_conf.h"

#define KIDS	3

enum say {
	SAY_READY,
	SAY_NO,
	SAY_NOTHING
};

/* A child. */
struct kid {
	enum proc	 proc;
	struct imsg_chan chan;
	enum say	 say;		/* at CONF_END */
	bool		 lazy;		/* no DONE */
	bool		 deaf;		/* reads nothing */
	uint32_t	 id;
	bool		 initial;
	unsigned	 begins, ends, commits, aborts;
	/* of the last configuration */
	unsigned	 peers, psks, allowed, locals, private, make_key;
	unsigned	 sessions, writes, slot_error;
	unsigned	 wrong;		/* a key without its peer */
	bool		 after_peer;	/* the last item was a peer */
	char		 last[CONF_PATH_MAX];	/* text, host or name */
	char		 lines[4096];	/* all texts */
	/* ctld */
	unsigned	 answers;
	uint32_t	 answer_id;
	int		 error;
	char		 text[RELOAD_TEXT_MAX];
};

extern struct kid kid[KIDS];
#define NETD	(&kid[0])
#define CRYPTOD	(&kid[1])
#define CTLD	(&kid[2])

/* Reads all that the parent has sent, and does what a child does then. */
void	 kid_read(struct kid *);

/* It says this to the parent: any message, CONF_NO, CONF_DONE. */
void	 say_plain(struct kid *, uint16_t type, uint32_t id, const void *,
	    size_t);
void	 say_no(struct kid *, uint32_t id, const char *why);
void	 say_done(struct kid *, uint32_t id);

#endif /* REGRESS_UNIT_RELOAD_KIDS_H */
