/* SPDX-License-Identifier: ISC */
/*
 * "show TOPIC": the rows of every process that has any, one process after
 * another and one client after another, so that no sibling ever has more than
 * one answer to write.
 */
#ifndef CTLD_SHOW_H
#define CTLD_SHOW_H

#include <sys/queue.h>

#include "ctld/client.h"
#include "shared/link.h"
#include "shared/row.h"

struct show_job;
TAILQ_HEAD(show_jobs, show_job);

struct show_queue {
	struct show_jobs	 jobs;		/* the first is at work */
};

void	 show_queue_init(struct show_queue *);
void	 show_queue_clear(struct show_queue *);
/* Begins, or waits in line; the (busy) client is idle when it is done. */
void	 show_begin(struct ctld *, struct client *, enum show_topic);
void	 show_forget(struct ctld *, struct client *);
/* The next step, if none is waited for; after ctld_again(). */
void	 show_go_on(struct ctld *);

/* Handlers of the answers. */
int	 show_on_row(void *, struct link *, struct imsg *);
int	 show_on_end(void *, struct link *, struct imsg *);

#endif /* CTLD_SHOW_H */
