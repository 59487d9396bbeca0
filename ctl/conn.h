/* SPDX-License-Identifier: ISC */
/*
 * A connection to the control socket of a daemon.
 */
#ifndef CTL_CONN_H
#define CTL_CONN_H

#include "shared/ctl_proto.h"

#define CONN_TIMEOUT	10000		/* ms without a byte from the daemon */

struct conn {
	int			 fd;
	int			 timeout;	/* ms, first CONN_TIMEOUT; -1: none */
	struct ctl_welcome	 welcome;
	size_t			 len;
	size_t			 used;	/* of the frame handed out last */
	uint8_t			 buf[2 * CTL_FRAME_MAX];
};

/* Connects to a path: the fd, or -1 with errno. */
int	 conn_open(const char *path);
/*
 * Greets.  0, or -1 with errno; EPROTONOSUPPORT: the daemon's own words are
 * in *why.
 */
int	 conn_greet(struct conn *, int fd, struct ctl_done *why);
/* Sends what is in the buffer; 0 or -1. */
int	 conn_send(struct conn *, const struct wbuf *);
/* The next frame; 0, or -1 with errno: ETIMEDOUT, ECONNRESET, EBADMSG, ... */
int	 conn_next(struct conn *, struct ctl_frame *);
void	 conn_close(struct conn *);

#endif /* CTL_CONN_H */
