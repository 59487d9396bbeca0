/* SPDX-License-Identifier: ISC */
/*
 * The parent's context: one instance, its children and what it holds open.
 */
#ifndef PARENT_PARENT_H
#define PARENT_PARENT_H

#include <sys/types.h>

#include <stdbool.h>

#include "parent/conf.h"
#include "parent/counters.h"
#include "parent/daemon.h"
#include "parent/dns.h"
#include "parent/follow.h"
#include "parent/kernel.h"
#include "parent/notify.h"
#include "parent/reload.h"
#include "parent/runtime.h"
#include "parent/slots.h"
#include "parent/spawn.h"
#include "parent/tunfilter.h"
#include "parent/udp.h"
#include "parent/users.h"
#include "parent/watch.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/msg_parent.h"
#include "shared/sandbox.h"

#define HELPER_SHOWS	8		/* questions to a helper at once */
#define LONG_SHOWS	4		/* long answers at once */

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

/* A SHOW of ctld's that a helper's rows belong to, too; by show.c. */
struct helper_show {
	struct parent		*parent;
	struct event		*timer;
	uint32_t		 id;		/* ours; 0: not in use */
	uint32_t		 asker_id;	/* ctld's */
	unsigned		 rows;
};

/* SHOW_CONFIG and SHOW_ROUTES, whose answers go as fast as ctld reads. */
struct long_show {
	bool			 used;
	uint8_t			 topic;
	uint32_t		 id;
	uint32_t		 generation;	/* of the configuration */
	struct conf_cursor	 text;
	size_t			 route;
	unsigned		 routes;	/* that were sent */
};

struct parent {
	const char		*instance;
	const char		*ifname;
	enum mode		 mode;
	unsigned		 procs;		/* PROC_BIT()s, no parent */
	bool			 foreground;
	bool			 nohup;		/* who started us ignores it */
	uint8_t			 without;	/* OFFLOAD_ bits */
	enum conf_aead		 aead;		/* as given */
	uint16_t		 workers;	/* 0: not given */
	int			 queue[TUN_QUEUES];	/* from 1; 0: none */
	bool			 check;		/* read the file only */
	bool			 cleanup;	/* after a killed one */
	struct event_base	*base;
	struct link_host	 host;
	struct daemon		 daemon;
	struct notify		 notify;

	/* Configured mode. */
	char			*conf_path;
	struct conf		*conf;		/* in force, or the first */
	struct slots		 slots;
	struct kernel		*kernel;
	struct reload		 reload;
	struct dns		 dns;
	struct tunfilter	 tunfilter;

	/* suite.c */
	enum suite_state	 state;
	bool			 started;	/* and this was reported */
	int			 status;	/* our exit status */
	bool			 killing;	/* SHUTDOWN was not enough */
	struct member		 member[PROC_COUNT];
	struct event		*signals;
	struct event		*timer;		/* of the start, of the end */
	int			 signal_fd;
	uint64_t		 since;
	struct sandbox_report	 report;	/* of the parent itself */

	struct user		 user[PROC_COUNT];
	struct groups		 groups;
	struct runtime		 run;
	struct follow		 follow;
	struct watch		 watch;

	/* sockets.c */
	struct udp_pair		 udp;
	uint16_t		 port;		/* asked for; 0: any */
	uint32_t		 mark;
	struct event		*retry;
	int			 bind_error;	/* an errno, has been said */
	int			 soon;		/* tries left after an up */
	uint64_t		 udp_closed;	/* ns, netd was told so; 0 */
	struct log_limit	 listens;	/* of the line about a port */
	struct udp_pair		 next;		/* of a configuration to come */
	uint16_t		 next_port;
	uint32_t		 next_mark;
	bool			 next_keep;
	bool			 keep_port;	/* the kernel chose it */
	bool			 changing;	/* there is one to come */

	bool			 monitoring;	/* ctld wants events */
	struct helper_show	 helper[HELPER_SHOWS];
	uint32_t		 helper_id;	/* of the last one */
	uint64_t		 helper_late;	/* when it did not answer; 0 */
	struct long_show	 longs[LONG_SHOWS];
	struct counters		 count;
};

/* options.c: exits by itself on a wrong one, and for -h and -V. */
void	 options_read(struct parent *, int argc, char **argv);

/* suite.c, suite_start.c: the children, from their start to their end. */

/*
 * Before the first file is made: signals wait until suite_run() reads them,
 * so that none ends us without our taking away what we made.  0 or -1.
 */
int	 suite_hold_signals(struct parent *);
/* Start them and hand down what each is for.  -1 after a line in the log. */
int	 suite_start(struct parent *, int tun);
/* All is in force: tells the shell and the service manager, once. */
void	 suite_started(struct parent *);
/*
 * End in order, with this exit status, or with 1 if all was not in force yet:
 * SHUTDOWN, half a second at most, then SIGKILL.  The first call counts.  The
 * reason is in the log already.
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
/* Another process says that it broke the rules; only for helpers. */
void	 suite_kill(struct member *);
/*
 * The children of this mode, one after the other: that after m, the first one
 * if it is NULL.  NULL: there are no more.
 */
struct member	*suite_next(struct parent *, struct member *m);
/* The process at the other end of a link. */
struct member	*suite_member(struct parent *, struct link *);

/* confine.c: what the parent keeps of its powers when all children run. */

/* -1 after a line in the log. */
int	 confine(struct parent *);

/* sockets.c: the UDP sockets and what each child hears of the link. */

int	 sockets_init(struct parent *);
/* After GO: the state of the link and of the sockets, as it is. */
void	 sockets_begin(struct parent *);
/* The link went up, down or otherwise changed: struct follow's callback. */
void	 sockets_link(void *, const struct nl_link *old);
/* It has another number, or is elsewhere: the other one. */
void	 sockets_moved(void *);
/* Bare mode: 0 or an errno. */
int	 sockets_listen(struct parent *, uint16_t port);
int	 sockets_mark(struct parent *, uint32_t mark);
/*
 * Configured mode: opens what the configuration needs and the running one does
 * not have; nothing else changes.  0, or -1 and why.
 */
int	 sockets_prepare(struct parent *, const struct conf *, char *why,
	    size_t size);
/*
 * They take the old ones' place.  A link that is up by now, even if nobody has
 * told us yet, has its sockets when this returns.
 */
void	 sockets_commit(struct parent *);
void	 sockets_abort(struct parent *);

/* dispatch.c: a handler for each message that children may send. */
extern const struct link_row	 parent_rows[];
extern const size_t		 parent_nrows;
/* A line that a child wrote, by LOG or on stderr. */
void	 parent_relay(struct member *, int level, const char *, size_t);

/* events.c: what who watches hears of us. */

/* Begins a row of table "event": process parent, and what. */
void	 parent_event_begin(struct wbuf *, void *buf, size_t size,
	    const char *what);
void	 parent_event(struct parent *, const struct wbuf *);
/* One with a text; text is printf's. */
void	 parent_eventf(struct parent *, const char *what, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

/* show.c: answers for warrenctl; -1 if the topic is unknown. */
int	 parent_show(struct parent *, struct link *, uint32_t id,
	    uint8_t topic);
/* ctld reads again: go on with what did not fit. */
void	 parent_show_more(struct parent *);
/* A helper's part of an answer; -1 if it is not what it may say. */
int	 parent_helper_row(struct parent *, const struct imsg *);
int	 parent_helper_show_end(struct parent *, const struct imsg *);
/* It is gone: its answers are complete. */
void	 parent_helper_lost(struct parent *);

/* cleanup.c: `warrend --cleanup`; the exit status. */
int	 cleanup(struct parent *);

/* filter.c: what the parent may still ask of the kernel when all runs. */
extern const struct sandbox_table	 parent_run;
extern const struct sandbox_table	 parent_run_configured;

#endif /* PARENT_PARENT_H */
