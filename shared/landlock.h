/* SPDX-License-Identifier: ISC */
/*
 * Landlock: a second wall behind chroot and seccomp.  It binds the calling
 * thread and what it starts later, so it comes before the first thread.
 */
#ifndef SHARED_LANDLOCK_H
#define SHARED_LANDLOCK_H

#include <stddef.h>

/* The newest ABI that we know; of a newer kernel we use this much. */
#define LANDLOCK_ABI_OURS	7

/* The kernel's ABI, or -1 with ENOSYS or EOPNOTSUPP if there is none. */
int	landlock_abi(void);

/*
 * Deny every path, TCP bind and connect (ABI 4), and abstract unix sockets of
 * and signals to others (ABI 6), as far as min(kernel's ABI, ours) goes.  Sets
 * NO_NEW_PRIVS.  Open fds and memfds stay usable.  *abi (may be NULL) is the
 * ABI that was used, 0 on failure.  -1 with errno: ENOSYS or EOPNOTSUPP means
 * that the kernel cannot, and the caller decides between warning and death.
 */
int	landlock_deny_all(int *);

/* What may be done beneath a directory, or with a file. */
#define LANDLOCK_MAY_READ	0x1	/* read regular files */
#define LANDLOCK_MAY_WRITE	0x2	/* write and truncate them */
#define LANDLOCK_MAY_MAKE	0x4	/* make and rename them */
#define LANDLOCK_MAY_REMOVE	0x8	/* remove them, rename over them */

struct landlock_rule {
	int		 fd;		/* open, O_PATH is enough */
	unsigned	 may;
};

/*
 * The same, but for what the n rules allow; nothing may be executed, and no
 * directory, link or device made.  With `signals` others may be signalled:
 * the parent must end its children.  EBADF: an fd is none.
 */
int	landlock_only(const struct landlock_rule *, size_t n, int signals,
	    int *abi);

#endif /* SHARED_LANDLOCK_H */
