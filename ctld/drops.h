/* SPDX-License-Identifier: ISC */
/*
 * What is dropped, by its reason, while somebody watches events: all counters
 * are asked for once a second, and the growth of each whose name begins with
 * "drop_" is told.  Events that a process could not tell are told as lost.
 */
#ifndef CTLD_DROPS_H
#define CTLD_DROPS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/row.h"

#define DROPS_MAX	512		/* counters, of all processes */

struct drops_counter {
	uint8_t			 proc;
	char			 name[ROW_NAME_MAX];
	uint64_t		 value;
};

struct drops {
	bool			 asking;
	unsigned		 ncounters;
	unsigned		 cursor;	/* where the next should be */
	struct drops_counter	 counter[DROPS_MAX];
};

struct ctld;

/* From now on; what was dropped before is not told. */
void	 drops_begin(struct ctld *);
/* Asks for the counters, if that is not going on. */
void	 drops_ask(struct ctld *);

#endif /* CTLD_DROPS_H */
