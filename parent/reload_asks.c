/* SPDX-License-Identifier: ISC */
/*
 * What children ask for: files of the state directory to write, and reloads.
 * Both keep us from all else, so that even a child that was taken over gets
 * them only so often.
 */
#include <errno.h>

#include "parent/parent.h"
#include "shared/clock.h"

/* So many at once, then one a while. */
#define ASKS		100		/* reloads */
#define ASK_SECONDS	1
#define WANTS		32		/* files to write */
#define WANT_SECONDS	5

static bool
is_too_often(struct log_limit *limit, unsigned burst, unsigned seconds)
{
	return log_limited(limit, clock_boottime() / seconds, burst, 1) != 0;
}

int
reload_on_slot_want(void *arg, struct link *l, struct imsg *m)
{
	struct parent *p = arg;
	enum slot slot;
	int fd;

	if (slot_want_recv(m, &slot) == -1)
		return -1;
	if (is_too_often(&p->reload.wants, WANTS, WANT_SECONDS)) {
		slot_done_send(l, slot, EBUSY);
		return 0;
	}
	fd = slots_want(&p->slots, slot);
	if (fd == -1)
		slot_done_send(l, slot, errno);
	else
		slot_fd_send(l, slot, true, fd);
	return 0;
}

int
reload_on_slot_written(void *arg, struct link *l, struct imsg *m)
{
	struct parent *p = arg;
	enum slot slot;
	int error;

	if (slot_error_recv(m, &slot, &error) == -1)
		return -1;
	error = slots_written(&p->slots, slot, error);
	if (error == -1)
		return -1;
	slot_done_send(l, slot, error);
	return 0;
}

int
reload_on_reload(void *arg, struct link *l, struct imsg *m)
{
	struct parent *p = arg;

	if (is_too_often(&p->reload.asks, ASKS, ASK_SECONDS))
		reload_done_send(l, m->id, EBUSY, "there were too many "
		    "reloads just now; try again in a second");
	else
		reload_request(p, l, m->id);
	return 0;
}
