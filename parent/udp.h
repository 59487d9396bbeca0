/* SPDX-License-Identifier: ISC */
/*
 * The UDP sockets of an instance: opened, bound and marked here, read and
 * written by netd only.  The parent keeps duplicates for SO_MARK alone.
 */
#ifndef PARENT_UDP_H
#define PARENT_UDP_H

#include <stdbool.h>
#include <stdint.h>

struct udp_pair {
	int		 v4;		/* -1: this family is not there */
	int		 v6;
	uint16_t	 port;		/* of both, host order */
};

struct udp_options {
	uint32_t	 mark;
	bool		 no_gro;	/* datagrams come one by one */
};

void	 udp_init(struct udp_pair *);
/*
 * Open a pair on this port (0: one that is free in both families) with these
 * options.  A family that the host does not have is no error (P30), none at all
 * is.  -1 with errno; the pair is then untouched.
 */
int	 udp_open(struct udp_pair *, uint16_t port,
	    const struct udp_options *);
void	 udp_close(struct udp_pair *);
/* Set the mark on what is open.  -1 with errno. */
int	 udp_mark(const struct udp_pair *, uint32_t mark);

#endif /* PARENT_UDP_H */
