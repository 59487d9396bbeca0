/* SPDX-License-Identifier: ISC */
/*
 * The system users that the children become, and the group that may use the
 * control socket.
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

/*
 * Fill in the users, by process (the parent's is root), and the id of group
 * warren.  -1 after a line in the log: one is missing, is root, or two
 * processes would share one.
 */
int	 users_find(struct user[PROC_COUNT], gid_t *warren);

#endif /* PARENT_USERS_H */
