/* SPDX-License-Identifier: ISC */
/*
 * Capabilities by the bare system calls: the parent keeps a short list, the
 * children keep none.  Without libcap there is less code in the parent.
 */
#ifndef SHARED_CAPS_H
#define SHARED_CAPS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Keep only the n listed capabilities (CAP_NET_ADMIN, ...) as effective and
 * permitted; inheritable, ambient and bounding sets become empty, and uid 0
 * no longer means anything at exec (SECBIT_NOROOT, locked).  Needs CAP_SETPCAP;
 * read back and verified.  Call it before the first thread.  -1 with errno;
 * EPERM if a listed one was not there to keep.
 */
int	caps_keep(const int *, size_t);

/* Empty the ambient and the bounding set.  Needs CAP_SETPCAP.  -1, errno. */
int	caps_drop_bounding(void);

/* Empty effective, permitted and inheritable, for ever.  -1, errno. */
int	caps_drop_all(void);

#define CAPS_LEFT	128		/* bytes for four sets, all full */

/*
 * 0 if effective, permitted, inheritable and bounding sets are all empty.  If
 * not, -1 with EPERM, and the text names them, in hexadecimal as in
 * /proc/PID/status: "inheritable 1000, bounding 1ffffffffff".
 */
int	caps_verify_none(char *left, size_t);

/* The effective set of this thread, bit n for capability n.  -1, errno. */
int	caps_current(uint64_t *);

/* Effective | permitted | inheritable: all that this thread could use. */
int	caps_any(uint64_t *);

#endif /* SHARED_CAPS_H */
