/* SPDX-License-Identifier: ISC */
/*
 * Telling the service manager how we are, in the protocol of sd_notify(3):
 * datagrams of lines to the socket that NOTIFY_SOCKET names.
 */
#ifndef PARENT_NOTIFY_H
#define PARENT_NOTIFY_H

struct notify {
	int	 fd;			/* -1: nobody asked */
};

/*
 * Connects to $NOTIFY_SOCKET, a path or "@" and an abstract name, and takes
 * the variable out of the environment.  That there is none is no error; one
 * that cannot be reached is a line in the log.
 */
void	 notify_open(struct notify *);
/* What follows says nothing if there is nobody to hear it. */

/*
 * The start is complete, or a reload is over; status is a line for humans.
 * Waits some seconds for a manager whose queue is full; the others do not.
 */
void	 notify_ready(const struct notify *, const char *status);
void	 notify_reloading(const struct notify *);
void	 notify_stopping(const struct notify *);

#endif /* PARENT_NOTIFY_H */
