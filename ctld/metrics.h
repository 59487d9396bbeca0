/* SPDX-License-Identifier: ISC */
/*
 * Metrics for Prometheus: the numbers of all processes and of each peer as
 * text, to a collector on the metrics socket and to "warrenctl metrics".  The
 * format wants all samples of a metric together, so the peers are gone through
 * once for each of theirs; nobody holds more than a buffer of it.
 */
#ifndef CTLD_METRICS_H
#define CTLD_METRICS_H

#include "ctld/client.h"
#include "ctld/health.h"
#include "ctld/walk.h"

#define METRICS_PIECE	3072		/* bytes at once: whole lines */
#define METRICS_PROCS	(PROC_COUNT + 3)

/* Where the text goes. */
struct metrics_sink {
	void	(*piece)(struct client *, const char *, size_t);
	/* All was said, or it failed (ENOMEM). */
	void	(*end)(struct ctld *, struct client *, int error);
};

struct metrics_proc {
	char			 name[16];
	bool			 running;
	uint64_t		 uptime;	/* seconds */
};

/* At the beginning of the state of every client that can ask for metrics. */
struct metrics {
	struct walk		 walk;		/* first: see walk_of() */
	const struct metrics_sink *sink;
	size_t			 family;	/* of the peers, at work */
	unsigned		 nprocs;
	struct metrics_proc	 proc[METRICS_PROCS];
	uint64_t		 problems[HEALTH_SEVERITIES];
	bool			 begun;		/* something was sent */
	size_t			 len;
	char			 text[METRICS_PIECE];
};

extern const struct client_ops metrics_ops;

/* Begins to tell a (busy) client. */
void	 metrics_begin(struct ctld *, struct client *,
	    const struct metrics_sink *);

#endif /* CTLD_METRICS_H */
