/* SPDX-License-Identifier: ISC */
/*
 * The permission table: one row a message says who may send it to whom, in
 * which phase, with what size and file descriptor, and what happens when its
 * receiver does not keep up.  warren-imsg(7) is printed from these rows.
 */
#ifndef SHARED_MSG_TABLE_H
#define SHARED_MSG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/msg.h"

enum fd_kind {
	FD_NONE,
	FD_LINK,			/* connected AF_UNIX SOCK_SEQPACKET */
	FD_LISTENER,			/* listening AF_UNIX SOCK_STREAM */
	FD_UDP,				/* AF_INET or AF_INET6 SOCK_DGRAM */
	FD_NETLINK,			/* NETLINK_ROUTE */
	FD_PIPE,			/* one end of a pipe */
	FD_MEMFD,			/* GROW|SHRINK|FUTURE_WRITE|SEAL */
	FD_TUN,				/* character device */
	FD_FILE				/* regular file */
};

enum overflow {
	OVER_CLOSE,			/* the link is lost: the suite ends */
	OVER_DROP,			/* the message is dropped, counted */
	OVER_COALESCE			/* it replaces the one that waits */
};

struct msg_row {
	uint16_t	 type;
	const char	*name;
	unsigned	 from;		/* PROC_BIT()s */
	unsigned	 to;
	unsigned	 phase;		/* PHASE_BIT()s of the receiver */
	unsigned	 mode;		/* MODE_BIT()s of the instance */
	uint16_t	 min;		/* payload bytes */
	uint16_t	 max;
	enum fd_kind	 fd;
	uint16_t	 queue;		/* messages waiting at the sender */
	enum overflow	 over;
	const char	*what;
};

enum msg_verdict {
	MSG_OK,
	MSG_UNKNOWN,			/* no such type */
	MSG_FORBIDDEN,			/* not from this one to that one */
	MSG_PHASE,			/* not now */
	MSG_MODE,			/* not in this mode */
	MSG_SIZE,
	MSG_FD,				/* missing, unwanted, another kind */
	MSG_UNREAD,			/* said to it, and it does not read */
	MSG_CLOSED,			/* its end of the link is gone */
	MSG_CONTENT			/* its handler could not read it */
};

/* Is there a message of `from` that brings a descriptor to `to`? */
bool			 msg_brings_fd(enum proc from, enum proc to);
/* The rows, sorted by type; *n is their number. */
const struct msg_row	*msg_rows(size_t *n);
/* The row of a type or NULL. */
const struct msg_row	*msg_row(uint16_t type);
/* Position of a row in the table, for counters. */
size_t			 msg_row_index(const struct msg_row *);
/*
 * May `from` say this to `to` in `phase` of an instance in `mode`, with this
 * payload size and this fd (-1: none)?  The one check before any handler runs.
 */
enum msg_verdict	 msg_admit(uint16_t type, enum proc from, enum proc to,
			    enum phase phase, enum mode mode, size_t size,
			    int fd);
const char		*msg_verdict_name(enum msg_verdict);
const char		*fd_kind_name(enum fd_kind);
const char		*overflow_name(enum overflow);
/* Is fd what the kind promises (fstat, socket type, access mode, seals)? */
int			 fd_is(int fd, enum fd_kind);

#endif /* SHARED_MSG_TABLE_H */
