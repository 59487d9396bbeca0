/* SPDX-License-Identifier: ISC */
/*
 * The rows of a topic of every process that has any, one process after another
 * and, of a topic, one asker after another.  No sibling ever has more than one
 * answer to write; one that does not answer stops only who wants its rows.
 * Askers are clients ("show TOPIC") and ctld itself.
 */
#ifndef CTLD_SHOW_H
#define CTLD_SHOW_H

#include <sys/queue.h>

#include "ctld/client.h"
#include "shared/link.h"
#include "shared/row.h"

/* What becomes of the rows.  The client is NULL if ctld itself asks. */
struct show_sink {
	/*
	 * It begins now and was asked for then (boottime, ns); false: there is
	 * no need to ask.  May be NULL.
	 */
	bool	(*begin)(struct ctld *, struct client *, uint64_t);
	/* A row; of whom, and as it came. */
	void	(*row)(struct ctld *, struct client *, enum proc,
		    const struct row *, const void *, size_t);
	void	(*done)(struct ctld *, struct client *);
	/* Instead, if it is not all that there was.  NULL: done is called. */
	void	(*cut)(struct ctld *, struct client *);
};

struct show_job;
TAILQ_HEAD(show_jobs, show_job);

struct show_queue {
	struct show_jobs	 jobs;		/* in the order of asking */
};

void	 show_queue_init(struct show_queue *);
void	 show_queue_clear(struct show_queue *);
/* Begins, or waits in line.  0, or -1 (ENOMEM). */
int	 show_ask(struct ctld *, struct client *, enum show_topic,
	    const struct show_sink *);
/* "show TOPIC" of a (busy) client, which is idle when it is done. */
void	 show_begin(struct ctld *, struct client *, enum show_topic);
/* The client is gone: nothing more for it. */
void	 show_forget(struct ctld *, struct client *);
/* The next step, if none is waited for; after ctld_again(). */
void	 show_go_on(struct ctld *);

/* Fields of a row; "" and 0 if there is none of that key and kind. */
const char	*show_str(const struct row *, const char *key);
uint64_t	 show_num(const struct row *, const char *key);

/* Handlers of the answers. */
int	 show_on_row(void *, struct link *, struct imsg *);
int	 show_on_end(void *, struct link *, struct imsg *);

#endif /* CTLD_SHOW_H */
