/* SPDX-License-Identifier: ISC */
/*
 * Who sends handshake messages that are made for none of our public keys:
 * most likely a peer with a wrong one of ours.  A few sources, sampled, so
 * that a flood of them costs nothing.
 */
#ifndef NETD_BADMAC_H
#define NETD_BADMAC_H

#include "shared/addr.h"

#define BADMAC_SOURCES	8
#define BADMAC_RATE	10		/* looked at in a second */

struct badmac_source {
	struct endpoint	 at;		/* family 0: unused */
	uint64_t	 count;
	uint64_t	 last;		/* s since 1970 */
	int64_t		 offset;	/* of that clock to boot time, s */
	uint64_t	 serial;	/* of the last of them */
};

struct badmac {
	struct badmac_source	 source[BADMAC_SOURCES];
	uint64_t		 serial;
	uint64_t		 window;	/* ns: began */
	unsigned		 looked;	/* at, in it */
};

/* now in ns since boot. */
bool	 badmac_is_due(struct badmac *, uint64_t now);
/*
 * If it is: one more from there, in place of who was silent the longest.  when
 * in s since 1970.
 */
void	 badmac_note(struct badmac *, const struct endpoint *, uint64_t when);
/*
 * Its last one in s since 1970, by the clock as it is now, which may have been
 * set since.  now in ns since boot, wall in s since 1970.
 */
uint64_t badmac_last(const struct badmac_source *, uint64_t now,
	    uint64_t wall);

#endif /* NETD_BADMAC_H */
