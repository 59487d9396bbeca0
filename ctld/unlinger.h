/* SPDX-License-Identifier: ISC */
/*
 * To read from a client that can send descriptors (a kernel before 6.16, see
 * shared/passrights.h), and not to wait for what becomes of them.  Such a wait
 * ends when a signal comes, so one comes every 10 ms while we are there.
 * Knows no other part of ctld.
 */
#ifndef CTLD_UNLINGER_H
#define CTLD_UNLINGER_H

#include <sys/types.h>

/* Before anything else: the handler of that signal.  0, or -1 (errno). */
int	 unlinger_init(void);
/*
 * read(2) of a socket that does not block; EPERM: there was a descriptor with
 * it, which is closed, and what was said with it is not to be used.
 */
ssize_t	 unlinger_read(int fd, void *, size_t);
/* close(2): what was never read of it may hold descriptors, too. */
void	 unlinger_close(int fd);

#endif /* CTLD_UNLINGER_H */
