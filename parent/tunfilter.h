/* SPDX-License-Identifier: ISC */
/*
 * A filter on the TUN device for packets on their way into the tunnel: those
 * that bear the mark of netd's own sockets are dropped.  Routes and rules
 * alone do not keep them out, since a datagram may name the interface that it
 * shall leave by (IP_PKTINFO and its like), and then no table is asked.
 */
#ifndef PARENT_TUNFILTER_H
#define PARENT_TUNFILTER_H

#include <stdint.h>

#define TUNFILTER_WHY	128

struct tunfilter {
	uint32_t	*marks;		/* two words, which the kernel reads */
	char		 why[TUNFILTER_WHY];	/* there is none; or "" */
};

/*
 * Before privileges are given up: CAP_BPF or CAP_SYS_ADMIN.  mark is not 0.
 * An old kernel may not be able to do it: that is a line in the log, and why
 * says it.  The rest only writes to memory.
 */
void	 tunfilter_open(struct tunfilter *, int tun, uint32_t mark);
/*
 * Drop both: while sockets bear the one or the other.  With twice the same the
 * other one is let in again.
 */
void	 tunfilter_marks(struct tunfilter *, uint32_t, uint32_t);
/* What is wrong, a sentence without a full stop; or NULL. */
const char	*tunfilter_problem(const struct tunfilter *);

#endif /* PARENT_TUNFILTER_H */
