/* SPDX-License-Identifier: ISC */
/*
 * The runtime files of an instance: its lock, its sockets, and the empty
 * directory that the children are chrooted into.
 */
#ifndef PARENT_RUNTIME_H
#define PARENT_RUNTIME_H

#include <sys/types.h>

#include <net/if.h>

#include <stdbool.h>

#define RUNTIME_NAME	32		/* INSTANCE and ".metrics.sock" */
#define RUNTIME_HOLDER	32		/* a pid and an interface's name */

/* A file that we made: it is ours as long as the inode is. */
struct runtime_file {
	int	 dir;			/* fd of its directory */
	char	 name[RUNTIME_NAME];
	bool	 made;
	dev_t	 dev;
	ino_t	 ino;
};

struct runtime {
	int			 run_dir;	/* PATH_RUN */
	int			 uapi_dir;	/* PATH_UAPI */
	int			 lock_fd;
	struct runtime_file	 lock;
	bool			 killed;	/* who held it last */
	char			 left[IFNAMSIZ]; /* and its interface's name */
	char			 found[RUNTIME_HOLDER + 1];	/* that text */
	struct runtime_file	 uapi;
	struct runtime_file	 control;
	struct runtime_file	 read;		/* configured mode: these two */
	struct runtime_file	 metrics;
	int			 uapi_fd;	/* -1 once handed down */
	int			 control_fd;
	int			 read_fd;
	int			 metrics_fd;
};

/* All of these: -1 after a line in the log that says what is wrong. */

/* The directories, made if they are missing, and checked. */
int	 runtime_dirs(struct runtime *);
/*
 * Only one instance of a name runs: the lock is held until we end.  Says in
 * `killed` if the last one that held it did not end in order, and in `left`
 * what its interface was called.  ifname is ours; NULL: there will be none.
 */
int	 runtime_lock(struct runtime *, const char *instance,
	    const char *ifname);
/* Until the interface of an instance that was killed is gone: some seconds. */
void	 runtime_wait(const struct runtime *, const char *ifname);
/*
 * Bind the UAPI and the control socket, which is group warren's, and listen.
 * What a killed instance left is cleared; a socket that somebody answers on is
 * an error.
 */
int	 runtime_listen(struct runtime *, const char *instance,
	    const char *ifname, gid_t warren);
/* After it: the same with the two sockets that only tell. */
int	 runtime_listen_readers(struct runtime *, gid_t readers);
/*
 * What a killed instance left of all these, for `warrend --cleanup`; the UAPI
 * socket by the name in `left`.
 */
int	 runtime_clear_leftovers(struct runtime *, const char *instance);

/* Does the name still lead to the file that we made? */
bool	 runtime_is_ours(const struct runtime_file *);
/*
 * A start that failed: who was killed stays in the lock, as it was found, for
 * the next start and for `warrend --cleanup`.  Before runtime_clear().
 */
void	 runtime_give_back(struct runtime *);
/* Remove what is still ours; another instance may have the name by now. */
void	 runtime_clear(struct runtime *);

#endif /* PARENT_RUNTIME_H */
