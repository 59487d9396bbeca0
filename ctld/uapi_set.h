/* SPDX-License-Identifier: ISC */
/*
 * Sets that wait to be applied, one at a time: first the port and the mark by
 * the parent, then keys and peers by cryptod, then endpoints by netd.  A set
 * that was read whole is applied whole, even if its client is gone.  It is
 * handed over no faster than the others read (P47).
 */
#ifndef CTLD_UAPI_SET_H
#define CTLD_UAPI_SET_H

#include <sys/queue.h>

#include "ctld/client.h"
#include "ctld/uapi_parse.h"
#include "shared/link.h"

#define SETS_MAX	512		/* that wait */

struct set_job;
TAILQ_HEAD(set_jobs, set_job);

struct set_queue {
	struct set_jobs	 jobs;		/* the first is being applied */
	unsigned	 n;
};

void	 set_queue_init(struct set_queue *);
void	 set_queue_clear(struct set_queue *);
/* Takes the set over; the (busy) client is answered when it is applied. */
void	 set_queue_add(struct ctld *, struct client *, struct uapi_set *);
/* The client is gone, the set stays. */
void	 set_queue_forget(struct ctld *, struct client *);
/* The client was told that it failed: so it must, unless it is at work. */
void	 set_queue_drop(struct ctld *, struct client *);
/* The next step, if none is waited for; after ctld_again(), drained links. */
void	 set_queue_go_on(struct ctld *);
/* 1 if SOCKET_DONE with this id was for a set, else 0. */
int	 set_queue_socket(struct ctld *, uint32_t id, int error);

/* Handlers of the answers. */
int	 set_on_ids(void *, struct link *, struct imsg *);
int	 set_on_done(void *, struct link *, struct imsg *);
int	 set_on_synced(void *, struct link *, struct imsg *);

#endif /* CTLD_UAPI_SET_H */
