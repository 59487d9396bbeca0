/* SPDX-License-Identifier: ISC */
/*
 * What cryptod reads from netd's ring.  netd is not believed: every record is
 * checked, and copied to private memory before anything else looks at it.
 */
#ifndef CRYPTOD_INGRESS_H
#define CRYPTOD_INGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cryptod/engine.h"
#include "cryptod/open.h"
#include "cryptod/workers.h"
#include "shared/ring.h"

#define INGRESS_URGENT		32	/* records in a row, at most */
#define INGRESS_BULK		64	/* records a turn (P46), and no more */
#define INGRESS_PACKETS		128	/* once so many packets a worker */
#define INGRESS_JOBS		3	/* records under way a worker */
/* A record below this costs less than to hand it over. */
#define INGRESS_ALONE		4096
/*
 * Handshakes may have this much of each window, data has the rest; while
 * there is no data for so long, they have that, too.
 */
#define INGRESS_WINDOW		(50 * CLOCK_NSEC_PER_MSEC)
#define INGRESS_SHARE		(20 * CLOCK_NSEC_PER_MSEC)
#define INGRESS_QUIET		CLOCK_NSEC_PER_MSEC
/* And no packet waits longer than this for handshakes of one turn. */
#define INGRESS_STRETCH		(500 * 1000ULL)

struct ingress {
	struct ring	*ring;
	struct engine	*engine;
	uint64_t	 window;	/* when it began */
	uint64_t	 spent;		/* on handshakes in it */
	uint64_t	 data;		/* when there was some */
	uint64_t	 tun_read;	/* the counter, then */
	unsigned	 packets;	/* opened this turn */
	bool		 busy;		/* they wait, for data goes first */
	bool		 broken;	/* nonsense in the ring: read no more */
	struct workers	*workers;
	/* Records under way, a ring: from `first' up to `next'. */
	struct open_job	*job;
	unsigned	 njobs;
	unsigned	 first, next;
	/* A handshake, copied. */
	uint8_t		 buf[RING_URGENT_PAYLOAD];
};

enum ingress_result {
	INGRESS_IDLE,			/* nothing was there */
	INGRESS_WORK,			/* something was: look again */
	INGRESS_FAULT			/* netd broke the rules */
};

/* 0, or -1 (ENOMEM).  Before the last filter: it maps memory. */
int	 ingress_init(struct ingress *, struct ring *, struct engine *,
	    struct workers *);
/* Wipes what was opened.  Nothing is served afterwards. */
void	 ingress_clear(struct ingress *);
/* Serves one bounded turn of both lanes. */
enum ingress_result ingress_serve(struct ingress *);
/* Is there something that would be served now? */
bool	 ingress_is_ready(const struct ingress *);
/* Do handshakes wait, for data goes first? */
bool	 ingress_is_busy(const struct ingress *);

#endif /* CRYPTOD_INGRESS_H */
