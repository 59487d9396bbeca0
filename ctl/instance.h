/* SPDX-License-Identifier: ISC */
/*
 * Which daemon is meant.
 */
#ifndef CTL_INSTANCE_H
#define CTL_INSTANCE_H

/*
 * The connected control socket of the instance of that name, or, if it is
 * NULL, of the only one that runs.  Says what is wrong and returns -1 with
 * the exit status in *status.
 */
int	 instance_connect(const char *name, int *status);

#endif /* CTL_INSTANCE_H */
