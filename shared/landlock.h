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

/*
 * The same, but below the open directory `dirfd` regular files may be made,
 * read, written, truncated, renamed and removed; nothing may be executed.
 */
int	landlock_only_beneath(int, int *);

/*
 * For the parent: deny every path, but files in the n open directories may be
 * removed; others may still be signalled, since children must be ended.
 */
int	landlock_only_remove(const int *, size_t, int *);

#endif /* SHARED_LANDLOCK_H */
