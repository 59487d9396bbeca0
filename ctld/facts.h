/* SPDX-License-Identifier: ISC */
/*
 * What the other processes know to be wrong, gathered for health.h: asked for
 * once a second at most, however many clients want it.
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
	uint64_t		 when;		/* boottime, ns */
	struct health_facts	 health;	/* the last complete */
	struct health_facts	 next;		/* being gathered */
};

/*
 * Parts of a struct show_sink for SHOW_HEALTH; its done() calls facts_done()
 * first.
 */
bool	 facts_begin(struct ctld *, struct client *);
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
