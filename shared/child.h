/* SPDX-License-Identifier: ISC */
/*
 * What the children have in common: how such a process begins,
 * loses its privileges, gets its links and its STARTUP, closes its sandbox
 * and says READY.  struct child is the first member of a process's context,
 * which is the argument of all its handlers.
 *
 * Order: child_begin() (drop, Landlock, first filter) -> messages of the
 * SETUP phase -> ready() says that all pieces are here -> child_ready()
 * (final filter, READY) -> GO -> traffic.
 */
#ifndef SHARED_CHILD_H
#define SHARED_CHILD_H

#include <sys/types.h>

#include "shared/codec.h"
#include "shared/link.h"
#include "shared/msg_parent.h"

#define CHILD_FD	3		/* the link to the parent */

struct child {
	struct event_base		*base;
	struct link_host		 host;
	struct link			 parent;
	struct link			 sibling[PROC_COUNT];
	struct startup			 startup;
	bool				 started;	/* STARTUP came */
	bool				 going;		/* GO came */
	const struct child_conf		*conf;
};

struct child_conf {
	enum proc			 self;
	const struct sandbox_table	*start;	/* filter until READY */
	const struct sandbox_table	*run;	/* filter from READY on */
	const struct link_row		*rows;	/* of the process; see below */
	size_t				 nrows;
	unsigned			 siblings;	/* PROC_BIT()s */
	bool				 empty_netns;
	unsigned			 nofile;
	/*
	 * Configured mode: bytes that a file may grow to, for who writes state
	 * files.  Else, and if 0, no file grows.
	 */
	off_t				 max_file;
	/* Before the drop, still root: locked memory.  0 or -1. May be NULL. */
	int				(*prepare)(void *arg);
	size_t				 locked;	/* bytes of that */
	/* Has everything else that this process waits for arrived? */
	bool				(*ready)(void *arg);
	/* GO came.  May be NULL. */
	void				(*go)(void *arg);
	/* SHUTDOWN came, or the loop ends: wipe.  May be NULL. */
	void				(*stop)(void *arg);
	/* A link to a sibling was opened.  May be NULL. */
	void				(*linked)(void *arg, enum proc);
	/*
	 * A helper is gone; its link is dead, and must not be closed in here.
	 * May be NULL.
	 */
	void				(*lost_helper)(void *arg, enum proc);
};

/*
 * Handlers of STARTUP, LINK_FD, GO, LOG_LEVEL and SHUTDOWN, the same in every
 * child: put these rows into the process's table.
 */
int	 child_on_startup(void *, struct link *, struct imsg *);
int	 child_on_link_fd(void *, struct link *, struct imsg *);
int	 child_on_go(void *, struct link *, struct imsg *);
int	 child_on_log_level(void *, struct link *, struct imsg *);
int	 child_on_shutdown(void *, struct link *, struct imsg *);
#define CHILD_ROWS						\
	{ MSG_STARTUP, child_on_startup },			\
	{ MSG_LINK_FD, child_on_link_fd },			\
	{ MSG_GO, child_on_go },				\
	{ MSG_LOG_LEVEL, child_on_log_level },			\
	{ MSG_SHUTDOWN, child_on_shutdown }

/* arg is the process's context whose first member is the struct child. */
void	 child_begin(void *arg, const struct child_conf *, int argc,
	    char **argv);
/*
 * To be called after each message of the SETUP phase that brought a piece:
 * once all are here, closes the sandbox and sends READY.
 */
void	 child_check_ready(void *arg);
/* Ends the process: stop(), links flushed and closed. */
__attribute__((noreturn)) void child_end(void *arg, int status);
/* SHOW_IMSG: one row a message type that this process sent or received. */
void	 child_show_imsg(struct child *, struct link *, uint32_t id);
/* The same rows to a function, for ctld, which no link asks. */
void	 child_imsg_rows(struct child *,
	    void (*emit)(void *arg, const struct wbuf *), void *arg);

#endif /* SHARED_CHILD_H */
