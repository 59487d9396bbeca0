/* SPDX-License-Identifier: ISC */
/*
 * Clients on stream sockets: wg(8) on the UAPI socket, warrenctl(8) on the
 * control sockets, a collector on the metrics socket.  Buffers are our own and
 * not bufferevents, because keys pass through them and every byte is wiped
 * when it is done with.  A client that does not read or does not go on stalls
 * only itself.
 */
#ifndef CTLD_CLIENT_H
#define CTLD_CLIENT_H

#include <sys/queue.h>
#include <sys/types.h>

#include <event2/event.h>

#include <stdbool.h>
#include <stdint.h>

#include "shared/msg.h"

#define CLIENT_IN	8192		/* bytes of the input buffer */
#define CLIENT_LOW	65536		/* go on below this much output */
#define CLIENT_OUT_MAX	(1U << 20)	/* more output than this: closed */
#define CLIENT_BIG_MAX	(64U << 20)	/* the same for one with a big answer */
/* ns: it may do nothing for so long when others wait for its place */
#define CLIENT_IDLE_AFTER	5000000000ULL

struct acceptor;
struct client;
struct ctld;

struct client_ops {
	size_t	  state;		/* bytes of the protocol's state */
	uint64_t  hurry;		/* ns to ask in, or 0: any time */
	bool	  paged;		/* people read the answers in a pager */
	/*
	 * Takes bytes of input and returns how many it used; 0: more are
	 * needed.  Not called while the client is busy.
	 */
	size_t	(*input)(struct ctld *, struct client *, const uint8_t *,
		    size_t);
	/* There is room for more output.  Called while busy. */
	void	(*room)(struct ctld *, struct client *);
	/* Is it in the middle of saying something? */
	bool	(*midway)(const struct client *);
	/* Another process owes the answer for too long: say so and finish. */
	void	(*late)(struct ctld *, struct client *);
	/*
	 * It is gone: forget it everywhere, wipe and free what it held.  May
	 * come twice.
	 */
	void	(*gone)(struct ctld *, struct client *);
};

struct client {
	TAILQ_ENTRY(client)	 entry;
	TAILQ_ENTRY(client)	 waiting;	/* for ask.h */
	void			(*retry)(struct ctld *, struct client *);
	enum proc		 retry_at;	/* whom it waits to ask */
	struct acceptor		*acceptor;
	int			 fd;
	uid_t			 uid;
	pid_t			 pid;
	struct event		*rd;
	struct event		*wr;
	struct event		*more;	/* there is input already */
	uint64_t		 since;		/* boottime of its coming, ns */
	uint64_t		 progress;	/* and of the last progress */
	bool			 busy;		/* we work for it */
	bool			 patient;	/* busy: it may take any time */
	bool			 watching;	/* patient, until it hangs up */
	bool			 big;		/* its answer may be big */
	bool			 eof;		/* it has said all */
	bool			 closing;	/* close when all is sent */
	bool			 lingering;	/* reads and drops its input */
	bool			 dead;
	uint8_t			*out;
	size_t			 out_off;
	size_t			 out_len;	/* end of what is in out */
	size_t			 out_cap;
	size_t			 in_len;
	uint8_t			 in[CLIENT_IN];
	uint64_t		 state[];	/* of the protocol */
};

/*
 * Takes over a connection that was accepted, and one of its acceptor's places.
 * NULL: there is no memory, and it is closed.
 */
struct client	*client_new(struct acceptor *, int fd);
/* Wipes and frees one that is dead. */
void	 client_free(struct client *);

/* Output; it is sent by client_flush().  A lack of memory ends the client. */
void	 client_put(struct client *, const void *, size_t);
void	 client_printf(struct client *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
void	 client_flush(struct client *);
/* Bytes of output that wait. */
size_t	 client_pending(const struct client *);
/* Takes up a request: no more input until client_idle(). */
void	 client_busy(struct client *);
/*
 * A busy client gets output from now on until it hangs up.  What it may say
 * meanwhile ends it.
 */
void	 client_watch(struct client *);
/* The request is done: sends, and goes on with the input. */
void	 client_idle(struct client *);
/* Sends what waits, then closes. */
void	 client_finish(struct client *);
/*
 * Closes at once, and its place is free.  The memory stays until the loop
 * comes round, so that a caller further up may still look at c->dead.
 */
void	 client_kill(struct client *);

#endif /* CTLD_CLIENT_H */
