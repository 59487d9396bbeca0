/* SPDX-License-Identifier: ISC */
/*
 * Sockets that no descriptor can be sent to.  The kernel closes what nobody
 * takes in the context of the reader, and who had the last one of it waits as
 * long as its sender likes: l_linger seconds for a TCP socket, O_NONBLOCK or
 * not.  Since Linux 6.16 it is the sender who fails instead, with EPERM.
 */
#ifndef SHARED_PASSRIGHTS_H
#define SHARED_PASSRIGHTS_H

#include <sys/socket.h>

#include <stdbool.h>

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS	83
#endif

/*
 * Of one end, or of a socket before it listens, whose connections then are
 * the same.  0, or -1 (ENOPROTOOPT: the kernel is older).
 */
static inline int
passrights_off(int fd)
{
	static const int off;

	return setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
}

/* Was that done, by a kernel that knows it? */
static inline bool
passrights_are_off(int fd)
{
	socklen_t len = sizeof(int);
	int on;

	return getsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &on, &len) == 0 &&
	    on == 0;
}

#endif /* SHARED_PASSRIGHTS_H */
