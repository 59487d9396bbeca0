/* SPDX-License-Identifier: ISC */
/*
 * Going to the background: the shell gets its prompt when the instance is
 * ready, and an error on its terminal when it is not.
 */
#ifndef PARENT_DAEMON_H
#define PARENT_DAEMON_H

#include <stdbool.h>

struct daemon {
	int	 ready;			/* where to tell the waiting process */
	int	 null;			/* /dev/null */
	bool	 attached;		/* stderr is still the caller's */
};

/* Open /dev/null in place of a standard fd that the caller closed. 0 or -1. */
int	 daemon_stdio(void);
/*
 * Fork.  Returns 0 in the daemon; the caller's process stays inside, waits
 * for daemon_ready() and exits with 0, or with 1 if the daemon ends before.
 * -1 with errno.
 */
int	 daemon_start(struct daemon *);
/*
 * Let the caller's process exit and give up its terminal.  -1 (EPIPE) if
 * nobody waits any more: the start was interrupted.
 */
int	 daemon_ready(struct daemon *);
/*
 * A sink for log_init(), arg is the struct daemon: everything goes to syslog,
 * and until the daemon is ready warnings go to stderr, too.
 */
void	 daemon_sink(void *, int, const char *);

#endif /* PARENT_DAEMON_H */
