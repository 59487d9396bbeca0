/* SPDX-License-Identifier: ISC */
/*
 * Places for stream clients: each listening socket has so many, and accepts
 * nobody while all are taken.  Who does nothing loses its place, in seconds if
 * another waits for it, and later anyway.
 */
#ifndef CTLD_ACCEPTOR_H
#define CTLD_ACCEPTOR_H

#include <sys/queue.h>

#include <event2/event.h>

#include <stdbool.h>

#include "ctld/client.h"
#include "shared/log.h"

#define CLIENTS_MAX	256		/* a listener; others have less: */
#define CLIENTS_READ	64
#define CLIENTS_METRICS	16
#define CLIENTS_ALL	(2 * CLIENTS_MAX + CLIENTS_READ + CLIENTS_METRICS)

struct acceptor {
	struct ctld			*ctx;
	const struct client_ops		*ops;
	int				 fd;	/* -1: not here yet */
	struct event			*ev;
	unsigned			 n;
	unsigned			 max;
	bool				 readonly;	/* may change nothing */
	bool				 unlinger;	/* see unlinger.h */
	bool				 paused;
	bool				 starved;	/* accept(2) fails */
};

TAILQ_HEAD(client_list, client);

struct clients {
	struct client_list	 live;
	struct client_list	 dead;
	struct event		*sweep;
	struct event		*reap;
	struct client		*big;		/* it has a big answer */
	struct log_limit	 senders;	/* of descriptors */
};

/* 0, or -1 (errno). */
int	 clients_init(struct ctld *);
/*
 * Takes over a listening socket.  Before READY: the filter that is in force
 * then does not let us ask what kind it is.
 */
void	 acceptor_take(struct acceptor *, int fd);
/* Begins to accept; 0 or -1 (ENOMEM). */
int	 acceptor_open(struct ctld *, struct acceptor *);
/* Closes and wipes everything; for the end of the process. */
void	 clients_clear(struct ctld *);

#endif /* CTLD_ACCEPTOR_H */
