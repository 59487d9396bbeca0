/* SPDX-License-Identifier: ISC */
/*
 * The world of the sender of datagrams, played: a kernel that takes or refuses
 * what it gets as a test says, and the rest of netd, which notes what it is
 * told.
 */
#ifndef REGRESS_UNIT_UDP_SEND_PLAY_H
#define REGRESS_UNIT_UDP_SEND_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fakeclock.h"
#include "netd/netd.h"
#include "shared/clock.h"
#include "unit.h"

#define SEG	1000
#define NSEG	10
#define LEN	(SEG * (NSEG - 1) + 300)	/* of a train */
#define TRAINS	4
#define MANY	512
#define FD_V6	78			/* there is no socket of it at first */
#define MINUTE	(60 * CLOCK_NSEC_PER_SEC)

/* What the kernel got of the datagrams, and how. */
struct wire {
	uint16_t	 seg_size;		/* 0: one datagram */
	size_t		 len;
	bool		 pinned;
	const uint8_t	*data;
};

extern struct netd		 netd;
extern struct device		 dev;		/* reached by IPv4 */
extern uint8_t			 train[TRAINS][LEN];

/* What happened. */
extern struct wire		 wire[MANY];
extern unsigned			 nwire;
extern unsigned			 refusals;	/* by the kernel */
extern unsigned			 sent_v4, sent_v6;
extern unsigned			 told;		/* events */
extern int			 told_error;

/* The kernel's ways. */
extern int	 no_gso;		/* errno for a train; 0: takes it */
extern bool	 no_gso_first;		/* before it looks at the source */
extern size_t	 mtu;			/* longer ones: EMSGSIZE; 0: none */
extern int	 no_source;		/* errno for a pinned source */
extern int	 no_plain;		/* errno for a single datagram */
extern int	 no_v6;			/* errno for IPv6 */

/* Where the peer is reached, too, if it is not where it was. */
extern const struct source	*elsewhere;
extern unsigned			 looked;	/* for it */

/* Around each test: a sender, and a kernel that takes everything. */
void	 setup(void);
void	 teardown(void);

/* As outbound.c does it: records, and then the end of the batch. */
void	 send_trains(unsigned count);
/* Just these trains went out since `from', each as a whole. */
void	 check_whole(unsigned from, unsigned count);
/* And each in its pieces, in order. */
void	 check_plain(unsigned from, unsigned count);
/* So many trains were sent in all, and nothing was lost or told. */
void	 check_well(unsigned trains);

#endif /* REGRESS_UNIT_UDP_SEND_PLAY_H */
