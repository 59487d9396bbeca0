/* SPDX-License-Identifier: ISC */
/*
 * Which daemon is meant.
 */
#ifndef CTL_INSTANCE_H
#define CTL_INSTANCE_H

#include <sys/types.h>

/* One of these, or none: the only one that runs. */
struct target {
	const char	*instance;
	const char	*socket;	/* a path */
	pid_t		 pid;		/* of its warrend, or 0 */
};

/*
 * The connected control socket; the one for reading only if the caller may not
 * use the other, unless a path was given.  Says what is wrong and returns -1
 * with the exit status in *status.
 */
int	 instance_connect(const struct target *, int *status);

#endif /* CTL_INSTANCE_H */
