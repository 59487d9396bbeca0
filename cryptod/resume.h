/* SPDX-License-Identifier: ISC */
/*
 * How a restart loses session keys and nothing else: before it, what there is
 * to remember; after it, that no label is sent twice and none accepted twice,
 * and that those that were there a moment ago are called where they were, so
 * that the gap is a round trip, also for one that has roamed.
 */
#ifndef CRYPTOD_RESUME_H
#define CRYPTOD_RESUME_H

#include "cryptod/sessions.h"

#define RESUME_ALIVE	600		/* s: heard of later than that ago */
#define RESUME_BURST	16		/* calls in a row, then others */
#define RESUME_MARK	60		/* s: the mark is so far ahead */
#define RESUME_STEP	2		/* s: and so far above any label */
#define RESUME_TRUST	86400		/* s: above its file, or itself */

struct resume {
	struct engine	*engine;
	struct timer	 timer;
	uint32_t	 next;		/* device id to go on from */
	size_t		 left;		/* devices yet to be called */
	bool		 ready;		/* netd knows them */
};

/* From a label (zero: none) to a mark that those to come stay below. */
void	 resume_raise(const struct engine *, uint8_t mark[TAI64N_LEN]);
/* After they were read, `written` too: the mark as this life begins at it. */
void	 resume_age(struct sessions *);
/* What there is to remember now.  0, or -1 (ENOMEM). */
int	 resume_collect(struct engine *, struct sessions *);

void	 resume_init(struct resume *, struct engine *);
/* After the devices were made: what another life knew of them. */
void	 resume_restore(struct resume *, const struct sessions *);
/* Calls those that were alive, a few at a time, once the link is up. */
void	 resume_kick(struct resume *);
void	 resume_clear(struct resume *);

#endif /* CRYPTOD_RESUME_H */
