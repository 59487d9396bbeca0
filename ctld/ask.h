/* SPDX-License-Identifier: ISC */
/*
 * Questions that ctld has asked other processes on behalf of its clients.
 * Their number is bounded, so that no crowd of clients fills a sibling's
 * queue; who finds no place waits in line.  A question outlives its client:
 * the answer is then recognised and dropped.  Each process has places and a
 * line of its own, so that one that never answers keeps only those waiting
 * who ask it.
 */
#ifndef CTLD_ASK_H
#define CTLD_ASK_H

#include <sys/queue.h>

#include <stdint.h>

#include "ctld/client.h"
#include "shared/msg.h"

#define ASKS_MAX	16		/* of one process */

struct ctld;

/* Called when a place is free, to ask now. */
typedef void (*ask_retry)(struct ctld *, struct client *);

struct ask {
	uint32_t	 id;		/* 0: this place is free */
	uint16_t	 answer;	/* the message type that ends it */
	struct client	*client;	/* NULL: gone */
};

/* What one process was asked, and who waits to ask it. */
struct asks {
	struct ask		 ask[ASKS_MAX];
	struct client_list	 waiting;
};

/* The places of all processes. */
void		 asks_init(struct asks [PROC_COUNT]);
/*
 * The id to ask this process with, or 0: no place now, retry will be called.
 * The answer is a message of that type and id.
 */
uint32_t	 ask_begin(struct ctld *, struct client *, enum proc,
		    uint16_t answer, ask_retry);
/*
 * An answer came from this process.  -1 if nobody asked (the sender broke the
 * rules), else 0 and the client, NULL if it is gone.  Call ask_next() when it
 * is dealt with.
 */
int		 ask_end(struct ctld *, enum proc, uint16_t answer,
		    uint32_t id, struct client **);
/* Lets those who wait for this process use its free places. */
void		 ask_next(struct ctld *, enum proc);
/* Forgets a client that is gone. */
void		 ask_forget(struct ctld *, struct client *);

#endif /* CTLD_ASK_H */
