/* SPDX-License-Identifier: ISC */
/*
 * The system users that the children become, and the groups that may use
 * the control sockets.
 */
#ifndef PARENT_USERS_H
#define PARENT_USERS_H

#include <sys/types.h>

#include "shared/msg.h"

struct user {
	const char	*name;
	uid_t		 uid;
	gid_t		 gid;
};

struct groups {
	gid_t		 warren;	/* may use the control socket */
	gid_t		 readers;	/* may use the sockets that only tell */
};

/*
 * Fill in the users of these PROC_BIT()s, by process (the parent's is root),
 * and the groups; one without warren-read has warren in its place.  -1 after
 * a line in the log: one is missing, is root, or two processes would share
 * one.
 */
int	 users_find(unsigned procs, struct user[PROC_COUNT],
	    struct groups *);

#endif /* PARENT_USERS_H */
