/* SPDX-License-Identifier: ISC */
/*
 * One message a datagram over a SOCK_SEQPACKET pair: sending with a bounded
 * queue, receiving with at most one descriptor.  Knows no event loop; link.h
 * ties it to one.  Buffers that held a message are wiped.
 */
#ifndef SHARED_IMSG_H
#define SHARED_IMSG_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "shared/msg_table.h"

#define IMSG_ROWS_MAX	96		/* rows of the permission table */

struct imsg {
	uint16_t	 type;
	uint32_t	 id;		/* of the asker, echoed in answers */
	size_t		 len;
	int		 fd;		/* -1, or owned by the reader */
	const uint8_t	*data;		/* valid until the next imsg_recv */
};

struct imsg_out;
TAILQ_HEAD(imsg_queue, imsg_out);

struct imsg_counts {
	uint64_t	 sent;
	uint64_t	 received;
	uint64_t	 dropped;	/* by the queue limit */
	uint64_t	 refused;	/* by admission or content */
};

struct imsg_chan {
	int			 fd;
	struct imsg_queue	 queue;
	uint16_t		 waiting[IMSG_ROWS_MAX];
	struct imsg_counts	 counts[IMSG_ROWS_MAX];
	size_t			 queued;	/* bytes in the queue */
	/* What refused the last one was not a full socket: poll(2) says that
	 * it can be written, so that one has to wait for time to pass. */
	bool			 stuck;
	bool			 no_fds;	/* no message brings one */
	uint8_t			 buf[MSG_MAX];
};

/* Takes a connected SEQPACKET fd; the channel owns it. */
void	 imsg_init(struct imsg_chan *, int fd);
void	 imsg_clear(struct imsg_chan *);
/*
 * Sends, or queues what the socket does not take now, by the queue limit of
 * the message's row.  fd (or -1) is closed here once sent, dropped or failed.
 * 0, or -1: the link is lost (errno; ENOBUFS: its queue limit says close).
 */
int	 imsg_send(struct imsg_chan *, uint16_t type, uint32_t id, int fd,
	    const void *data, size_t len);
/* Sends what is queued; 0, or -1: the link is lost. */
int	 imsg_flush(struct imsg_chan *);
/*
 * Reads one message: 1, 0 when there is none now, -1 when the link is lost
 * (errno 0: the other side closed it) or what came is not a message (EBADMSG)
 * or came without its descriptor, for which there was no room (EMFILE), or
 * with one over a channel that brings none (EPERM, and m->type is set).
 * Admission is the caller's.
 */
int	 imsg_recv(struct imsg_chan *, struct imsg *);

#endif /* SHARED_IMSG_H */
