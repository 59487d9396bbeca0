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
};

struct badmac {
	struct badmac_source	 source[BADMAC_SOURCES];
	uint64_t		 window;	/* ns: began */
	unsigned		 looked;	/* at, in it */
};

/* now in ns since boot. */
bool	 badmac_is_due(struct badmac *, uint64_t now);
/* If it is: one more from there, in place of who was silent the longest. */
void	 badmac_note(struct badmac *, const struct endpoint *, uint64_t when);

#endif /* NETD_BADMAC_H */
