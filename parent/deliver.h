/* SPDX-License-Identifier: ISC */
/*
 * A configuration on its way to one child: a cursor over it that goes on as
 * fast as that child reads, so that nothing is copied and no queue grows.
 * Which child gets what is in msg_conf.h.
 */
#ifndef PARENT_DELIVER_H
#define PARENT_DELIVER_H

#include <event2/event.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/conf.h"
#include "parent/slots.h"
#include "shared/codec.h"
#include "shared/link.h"

#define DELIVER_QUEUE	(256 * 1024)	/* bytes that may wait in a link */

struct deliver {
	struct link		*link;		/* to cryptod, netd or ctld */
	struct slots		*slots;		/* where the private key is */
	/* Called once, from the event loop, if a key file cannot be had. */
	void			(*failed)(void *arg, struct link *,
				    const char *why);
	void			*arg;
	/* What is not in the slot may be made; or the key in use is gone. */
	bool			 may_make_key;

	struct event		*more;
	const struct conf	*conf;		/* NULL: nothing is under way */
	uint32_t		 id;
	unsigned		 part;
	const struct conf_peer	*peer;
	size_t			 at;
	bool			 complete;	/* CONF_END was sent */
	uint64_t		 moved;		/* clock_boottime(), when it
						 * last sent something */
	struct wbuf		 w;
	uint8_t			 buf[MSG_PAYLOAD];
};

/*
 * link, slots, failed and arg are set by the caller, and may_make_key before
 * each start.  0, or -1 (ENOMEM).
 */
int	 deliver_init(struct deliver *, struct event_base *);
void	 deliver_clear(struct deliver *);
/*
 * Sends CONF_BEGIN; the rest follows from the event loop.  conf must stay as
 * it is until the delivery is complete or deliver_stop() was called.
 */
void	 deliver_start(struct deliver *, const struct conf *, uint32_t id,
	    bool initial);
/* The link's queue is empty: go on. */
void	 deliver_drained(struct deliver *);
/* Sends nothing more. */
void	 deliver_stop(struct deliver *);

#endif /* PARENT_DELIVER_H */
