/* SPDX-License-Identifier: ISC */
/*
 * Watching the file of the UAPI socket: who removes it wants the instance to
 * end.
 */
#ifndef PARENT_WATCH_H
#define PARENT_WATCH_H

#include <event2/event.h>

#include "parent/runtime.h"

struct watch {
	int				 fd;	/* inotify */
	struct event			*ev;
	const struct runtime_file	*file;
	void				(*removed)(void *arg);
	void				*arg;
};

/* Watch the directory of the file.  -1 after a line in the log. */
int	 watch_open(struct watch *, const char *dir,
	    const struct runtime_file *);
/* Begin to tell.  -1 if there is no memory. */
int	 watch_begin(struct watch *, struct event_base *);

#endif /* PARENT_WATCH_H */
