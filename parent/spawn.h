/* SPDX-License-Identifier: ISC */
/*
 * Starting the program of a child: fd 3 is its link, fd 2 a pipe of its own
 * whose lines go into our log, 0 and 1 are /dev/null, its environment is
 * empty.
 */
#ifndef PARENT_SPAWN_H
#define PARENT_SPAWN_H

#include <event2/event.h>

#include <sys/types.h>

#include "shared/msg.h"

/* Are the programs of these PROC_BIT()s there?  -1 after a line in the log. */
int	 spawn_check(unsigned procs);
/*
 * Fork and exec.  Keeps nothing of link, which the caller closes; *errfd is
 * where to read what the child writes to stderr.  The pid, or -1 with errno.
 */
pid_t	 spawn(enum proc, const char *instance, uid_t, gid_t, int link,
	    int *errfd);

/*
 * What a child says on stderr: before its link is open, or when libc or a
 * sanitizer has the last word.  line() gets each line without its newline.
 */
struct spawn_stderr {
	int		 fd;
	struct event	*ev;
	size_t		 len;
	char		 buf[512];
	void		(*line)(void *arg, const char *, size_t);
	void		*arg;
};
/* Takes fd.  -1 if there is no memory. */
int	 spawn_stderr_open(struct spawn_stderr *, struct event_base *, int fd);
/* Read at once what is there; for the last words of a dead child. */
void	 spawn_stderr_drain(struct spawn_stderr *);
void	 spawn_stderr_close(struct spawn_stderr *);

#endif /* PARENT_SPAWN_H */
