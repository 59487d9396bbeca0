/* SPDX-License-Identifier: ISC */
/*
 * What the files of ctld share: the context of the process.  Its first member
 * is struct child, so that it is the argument of every message handler.
 */
#ifndef CTLD_CTLD_H
#define CTLD_CTLD_H

#include "ctld/acceptor.h"
#include "ctld/ask.h"
#include "ctld/client.h"
#include "ctld/conf.h"
#include "ctld/counters.h"
#include "ctld/events.h"
#include "ctld/facts.h"
#include "ctld/show.h"
#include "ctld/uapi_parse.h"
#include "ctld/uapi_set.h"
#include "shared/child.h"
#include "shared/log.h"
#include "shared/sandbox.h"

struct ctld {
	struct child		 child;
	struct acceptor		 acceptor[LISTENER_COUNT];
	struct clients		 clients;
	struct asks		 asks[PROC_COUNT];	/* by who is asked */
	struct uapi_budget	 budget;	/* of all sets being read */
	struct set_queue	 sets;
	struct show_queue	 shows;
	struct conf_state	 conf;		/* empty in bare mode */
	struct facts		 facts;
	struct events		 events;
	struct log_limit	 refusals;
	struct link_state	 link_state;
	uint16_t		 port;		/* as the parent bound it */
	uint32_t		 mark;
	uint32_t		 next_id;
	struct event		*again;
	struct counters		 count;
};

/* Is it a file, and not wg(8), that configures this instance? */
bool		 ctld_is_configured(const struct ctld *);
/* Goes on with queued work in the next turn of the loop. */
void		 ctld_again(struct ctld *);
/* A new id for a question to another process; never 0. */
uint32_t	 ctld_id(struct ctld *);

/* The filters of the process: until READY, and from READY on. */
extern const struct sandbox_table ctld_start;
extern const struct sandbox_table ctld_run;

#endif /* CTLD_CTLD_H */
