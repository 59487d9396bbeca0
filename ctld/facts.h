/* SPDX-License-Identifier: ISC */
/*
 * What the other processes know to be wrong, gathered for health.h.  Nobody is
 * told what was gathered before he asked: who mends something and then looks
 * sees what has come of it.  It is gathered by one asker after another, and all
 * who asked before that began are content with it, so that many clients cause
 * not much more than one.
 */
#ifndef CTLD_FACTS_H
#define CTLD_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "ctld/client.h"
#include "ctld/health.h"
#include "shared/row.h"

struct facts {
	bool			 known;
	uint64_t		 when;		/* it was begun: boottime, ns */
	struct health_facts	 health;	/* the last complete */
	struct health_facts	 next;		/* being gathered */
};

/*
 * Parts of a struct show_sink for SHOW_HEALTH; its done() calls facts_done()
 * first.
 */
bool	 facts_begin(struct ctld *, struct client *, uint64_t asked);
void	 facts_row(struct ctld *, struct client *, enum proc,
	    const struct row *, const void *, size_t);
void	 facts_done(struct ctld *);

/* What cryptod says of the device. */
void	 facts_device(struct ctld *, const struct device_info *);
/*
 * All that is known at this moment; what it points to lives until the next
 * message comes.
 */
struct health_facts	*facts_now(struct ctld *);

#endif /* CTLD_FACTS_H */
