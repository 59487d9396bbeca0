/* SPDX-License-Identifier: ISC */
/*
 * A configuration comes into force, the first one and each that follows, in a
 * transaction over cryptod, netd and ctld (msg_conf.h):
 *
 *	PREPARE		each gets its part and says READY or NO
 *	COMMIT		sockets and kernel are prepared and the sockets taken
 *			over; then netd, cryptod and ctld, one after the other;
 *			then the kernel drops what was the old one's
 *
 * Up to the first COMMIT any error leaves all as it was.  A child that does
 * not answer in time, or does not read, ends the suite; how long it takes us to
 * open key files is not its time.
 *
 * It calls, in this order: sockets_prepare() and kernel_prepare() (or their
 * _abort()), sockets_commit(), dns_refresh(), kernel_commit(), and
 * suite_started() after the first one or suite_end(p, 1) if that fails;
 * sockets_commit() sees to it that a link that kernel_prepare() brought up has
 * its UDP sockets before it returns, since cryptod's COMMIT sends handshakes.
 * Who watches gets an event "reload": result ("done" or "failed"), text.
 */
#ifndef PARENT_RELOAD_H
#define PARENT_RELOAD_H

#include <event2/event.h>

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "parent/conf.h"
#include "parent/deliver.h"
#include "shared/imsg.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/msg_conf.h"

#define RELOAD_TIMEOUT	20		/* seconds for each answer, from the
					 * last thing that was sent for it */
#define RELOAD_CHILDREN	3

struct parent;

enum reload_state {
	RELOAD_UNBORN,			/* reload_initial() was not called */
	RELOAD_IDLE,
	RELOAD_PREPARE,			/* waiting for each READY or NO */
	RELOAD_COMMIT			/* waiting for child[committing] */
};

struct reload_child {
	struct link		*link;
	bool			 ready;
	uint32_t		 answered;	/* the last id it answered */
	struct deliver		 deliver;
};

struct reload {
	struct parent		*parent;
	enum reload_state	 state;
	bool			 initial;
	bool			 again;		/* SIGHUP came meanwhile */
	uint32_t		 id;
	struct conf		*next;		/* the one under way */
	struct link		*asker;		/* gets RELOAD_DONE; or NULL */
	uint32_t		 asker_id;
	struct event		*timer;
	unsigned		 timeout_ms;
	unsigned		 committing;
	struct reload_child	 child[RELOAD_CHILDREN];
	struct conf_done	 done;		/* cryptod's */

	/* What can be shown. */
	uint32_t		 generation;	/* 1: the first configuration */
	time_t			 when;		/* the end of the last one */
	bool			 failed;	/* it did not come into force */
	char			 text[RELOAD_TEXT_MAX];	/* how it went */
	char			 problem[RELOAD_TEXT_MAX + 128];

	struct log_limit	 asks;		/* of ctld */
	struct log_limit	 wants;		/* of cryptod */
};

/*
 * p->base, p->slots (open) and the links' addresses in p->member must be
 * final.  The reload is p->reload.  0, or -1 after a line in the log.
 */
int	 reload_init(struct reload *, struct parent *);
/* The suite ends: nothing more of a configuration is sent. */
void	 reload_stop(struct reload *);
/*
 * At the end, before kernel_close(): takes back what is only prepared.
 * p->conf is left to its owner.
 */
void	 reload_clear(struct reload *);

/*
 * After GO: hands cryptod the slot `sessions` and brings p->conf, which was
 * read before, into force.
 */
void	 reload_initial(struct parent *);
/*
 * Reads p->conf_path anew.  asker gets RELOAD_DONE with this id; NULL is
 * SIGHUP.  While one is under way, or a child has not read yet that the last
 * one was refused, SIGHUP waits for its turn and an asker gets EBUSY.
 */
void	 reload_request(struct parent *, struct link *asker, uint32_t id);

/* Handlers for parent_rows; arg is the struct parent. */
int	 reload_on_ready(void *arg, struct link *, struct imsg *);
int	 reload_on_no(void *arg, struct link *, struct imsg *);
int	 reload_on_done(void *arg, struct link *, struct imsg *);
int	 reload_on_slot_want(void *arg, struct link *, struct imsg *);
int	 reload_on_slot_written(void *arg, struct link *, struct imsg *);
int	 reload_on_reload(void *arg, struct link *, struct imsg *);
/*
 * link.drained of the three children.  A reload sets it where it is NULL; who
 * has a function of his own there calls this one from it.
 */
void	 reload_drained(void *arg, struct link *);

/*
 * Opens a file of the configuration to read it, as a reload does: that it was
 * refused for want of rights is noted in *denied, a bool.  What to say then,
 * a line after others, is added to text.
 */
int	 reload_open(void *denied, const char *path);
void	 reload_say_denied(char *text, size_t size);

/* What is wrong since the last reload, without a full stop; or NULL. */
const char	*reload_problem(struct parent *);

#endif /* PARENT_RELOAD_H */
