/* SPDX-License-Identifier: ISC */
/*
 * Threads that compute for the main thread.  It alone knows devices,
 * sessions and rings: it puts pieces of work that depend on nothing but their
 * own memory, in the order of the packets, and takes the results in that
 * order.  So a flow keeps its order, a session its one nonce space, replay is
 * checked as packets came, and no state of the engine needs a lock.
 *
 * The main thread computes, too, rather than wait: with one worker, itself,
 * work is done when it is put, and nothing here costs anything.
 */
#ifndef CRYPTOD_WORKERS_H
#define CRYPTOD_WORKERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/msg_parent.h"

#define WORKERS_QUEUE	64		/* pieces put and not waited for */

/* The head of a piece of work, which stays until it is done. */
struct work {
	void		(*run)(struct work *);
	_Atomic bool	 done;
};

struct workers {
	unsigned		 count;		/* the main thread, too */
	int			(*begin)(void);
	void			(*end)(void);
	pthread_t		 thread[WORKERS_MAX];
	struct work		*queue[WORKERS_QUEUE];
	uint64_t		 settled;	/* all before it is done */
	uint64_t		 put;		/* the main thread's head */
	bool			 able;		/* there are CPUs to spin on */
	_Alignas(64) _Atomic uint64_t	 head;	/* put so far */
	_Alignas(64) _Atomic uint64_t	 next;	/* nobody has taken it yet */
	_Alignas(64) _Atomic unsigned	 asleep;
	_Atomic uint64_t	 helped;	/* pieces that threads did */
	_Atomic uint64_t	 woken;		/* times one had to be */
	/* Below: only with the lock. */
	_Alignas(64) pthread_mutex_t	 lock;
	pthread_cond_t		 wake;		/* there is work, or the end */
	pthread_cond_t		 begun;
	unsigned		 nbegun;
	bool			 failed;	/* begin() did, somewhere */
	bool			 ending;
};

/*
 * Starts count - 1 threads, 1 <= count <= WORKERS_MAX, and waits until each
 * has done begin(); before it ends it does end().  Both may be NULL.  0, or
 * -1: a thread could not be made or begin() failed in it; then none is left.
 */
int	 workers_start(struct workers *, unsigned count, int (*begin)(void),
	    void (*end)(void));
/* Ends the threads.  All work must be done. */
void	 workers_stop(struct workers *);
/* Is the main thread the only one? */
bool	 workers_alone(const struct workers *);
/*
 * Puts a piece of work; run is set.  Alone, it is done at the return.  At
 * most WORKERS_QUEUE may be unsettled: then it waits for the oldest.
 */
void	 workers_put(struct workers *, struct work *);
/* Does it here and now, whatever else is under way. */
void	 workers_run(struct work *);
/* Returns when this piece is done, and computes meanwhile. */
void	 workers_wait(struct workers *, struct work *);
/* Returns when everything that was put is done. */
void	 workers_settle(struct workers *);

#endif /* CRYPTOD_WORKERS_H */
