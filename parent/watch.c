/* SPDX-License-Identifier: ISC */
/*
 * Watching the socket's file: see watch.h.  Any event makes us look whether
 * the name still leads to our inode, so that a full queue, a renamed file or
 * directory and a file put over it need no cases of their own.
 */
#include <sys/inotify.h>

#include <errno.h>
#include <unistd.h>

#include "parent/watch.h"
#include "shared/log.h"

#define EVENTS	(IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | \
		    IN_DELETE_SELF | IN_MOVE_SELF)

int
watch_open(struct watch *w, const char *dir, const struct runtime_file *file)
{
	w->file = file;
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd != -1 &&
	    inotify_add_watch(w->fd, dir, EVENTS | IN_ONLYDIR) != -1)
		return 0;
	log_warn("cannot watch %s", dir);
	return -1;
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	char buf[8192];
	struct watch *w = arg;

	(void)what;
	if (read(fd, buf, sizeof(buf)) == -1 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	if (runtime_is_ours(w->file))
		return;
	event_del(w->ev);
	w->removed(w->arg);
}

int
watch_begin(struct watch *w, struct event_base *base)
{
	w->ev = event_new(base, w->fd, EV_READ | EV_PERSIST, on_event, w);
	if (w->ev == NULL || event_add(w->ev, NULL) == -1)
		return -1;
	return 0;
}
