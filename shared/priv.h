/* SPDX-License-Identifier: ISC */
/*
 * The one way in which a child stops being root.  Each step is checked, and
 * priv_error() names the one that failed.  Landlock, seccomp and secmem are
 * the caller's next steps: see landlock.h, sandbox.h, secmem.h.
 */
#ifndef SHARED_PRIV_H
#define SHARED_PRIV_H

#include <sys/types.h>
#include <sys/resource.h>

struct priv_conf {
	uid_t		 uid;		/* never 0 */
	gid_t		 gid;		/* never 0; the only group kept */
	const char	*chroot;	/* absolute; NULL: stay */
	pid_t		 parent;	/* die with it; 0: do not watch */
	int		 want_netns_empty; /* live in a new, empty netns */
	rlim_t		 nofile;	/* open fds, > 0 */
	rlim_t		 memlock;	/* bytes, usually 0; or PRIV_KEEP */
};

#define PRIV_KEEP	RLIM_INFINITY	/* leave memlock as it is */

/*
 * New network namespace if wanted, chroot, chdir, capabilities, groups and
 * user; then proof that root cannot come back, NO_NEW_PRIVS, not dumpable,
 * SIGKILL when the parent dies, umask 077, limits (no core, nofile, memlock).
 * The chroot must be a directory of root or of conf->uid that neither group
 * nor others can write.  Before the first thread.  -1 with errno and
 * priv_error(); the process is then half changed and must end.
 */
int	priv_drop(const struct priv_conf *);

/*
 * RLIMIT_FSIZE: no file grows beyond this many bytes, 0: none grows at all.
 * After the memfds have their sizes; sockets, pipes and mapped memory are not
 * concerned.  -1 with errno.
 */
int	priv_file_max(off_t);

/* Close every fd above `keep_upto`.  -1 with errno. */
int	priv_close_fds(int);

/*
 * Parent: the ids of a system user.  -1 with priv_error() if there is no such
 * user, it cannot be looked up, or it is root or of root's group.
 */
int	priv_lookup(const char *, uid_t *, gid_t *);

/* What failed last: "setgroups: Operation not permitted".  Never NULL. */
const char	*priv_error(void);

#endif /* SHARED_PRIV_H */
