/* SPDX-License-Identifier: ISC */
/*
 * The parent's context: one instance, its children and what it holds open.
 */
#ifndef PARENT_PARENT_H
#define PARENT_PARENT_H

#include <sys/types.h>

#include <stdbool.h>

#include "parent/counters.h"
#include "parent/daemon.h"
#include "parent/follow.h"
#include "parent/runtime.h"
#include "parent/spawn.h"
#include "parent/udp.h"
#include "parent/users.h"
#include "parent/watch.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/msg_parent.h"
#include "shared/sandbox.h"

struct parent;

struct member {
	struct parent		*parent;
	enum proc		 proc;
	pid_t			 pid;		/* 0: not started or reaped */
	uint64_t		 since;		/* clock_boottime() */
	struct link		 link;
	struct spawn_stderr	 err;
	struct event		*doom;		/* it closed its link */
	struct log_limit	 limit;
	bool			 ready;
	struct sandbox_report	 report;
};

enum suite_state {
	SUITE_STARTING,
	SUITE_RUNNING,
	SUITE_ENDING
};

struct parent {
	const char		*instance;
	bool			 foreground;
	struct event_base	*base;
	struct link_host	 host;
	struct daemon		 daemon;

	/* suite.c */
	enum suite_state	 state;
	int			 status;	/* our exit status */
	bool			 killing;	/* SHUTDOWN was not enough */
	struct member		 member[PROC_COUNT];
	struct event		*signals;
	struct event		*timer;		/* of the start, of the end */
	int			 signal_fd;
	uint64_t		 since;
	struct sandbox_report	 report;	/* of the parent itself */

	struct user		 user[PROC_COUNT];
	gid_t			 warren;
	struct runtime		 run;
	struct follow		 follow;
	struct watch		 watch;

	/* sockets.c */
	struct udp_pair		 udp;
	uint16_t		 port;		/* asked for; 0: any */
	uint32_t		 mark;
	struct event		*retry;
	bool			 bind_failed;	/* has been said */
	int			 soon;		/* tries left after an up */

	struct counters		 count;
};

/* suite.c: the children, from their start to their end. */

/*
 * Before the first file is made: signals wait until suite_run() reads them,
 * so that none ends us without our taking away what we made.  0 or -1.
 */
int	 suite_hold_signals(void);
/* Start them and hand down what each is for.  -1 after a line in the log. */
int	 suite_start(struct parent *, int tun);
/*
 * End in order, with this exit status: SHUTDOWN, half a second at most, then
 * SIGKILL.  The first call counts.  The reason is in the log already.
 */
void	 suite_end(struct parent *, int status);
/* The event loop, until the last child ended or was given up. */
void	 suite_run(struct parent *);
/* READY came; when all are, the parent closes its own sandbox and says GO. */
void	 suite_ready(struct member *, const struct sandbox_report *);
/* The link_host's lost(): a breach, or the child is dead. */
void	 suite_lost(void *, struct link *, enum msg_verdict, const char *why);
/* The child is said to have closed a link: it is dying, or is made to. */
void	 suite_doom(struct member *);
/* The process at the other end of a link. */
struct member	*suite_member(struct parent *, struct link *);

/* sockets.c: the UDP sockets and what each child hears of the link. */

int	 sockets_init(struct parent *);
/* After GO: the state of the link and of the sockets, as it is. */
void	 sockets_begin(struct parent *);
/* The link_up, down or otherwise changed: struct follow's callback. */
void	 sockets_link(void *, const struct nl_link *old);
/* 0 or an errno. */
int	 sockets_listen(struct parent *, uint16_t port);
int	 sockets_mark(struct parent *, uint32_t mark);

/* dispatch.c: a handler for each message that children may send. */
extern const struct link_row	 parent_rows[];
extern const size_t		 parent_nrows;
/* A line that a child wrote, by LOG or on stderr. */
void	 parent_relay(struct member *, int level, const char *, size_t);

/* show.c: answers for warrenctl; -1 if the topic is unknown. */
int	 parent_show(struct parent *, struct link *, uint32_t id,
	    uint8_t topic);

/* filter.c: what the parent may still ask of the kernel when all runs. */
extern const struct sandbox_table	 parent_run;

#endif /* PARENT_PARENT_H */
