/* SPDX-License-Identifier: ISC */
/*
 * A link between two of warren's processes: an imsg channel on an event loop,
 * with the admission check in front of a table of handlers.  What happens on
 * a breach is decided once, here, by who the two sides are:
 *   from a sibling		FAULT to the parent, which ends the suite
 *   a sibling does not read	the same
 *   from the parent		fatal
 *   in the parent		lost() is called: that child is ended
 * A helper (resolverd) is a sibling that one can do without: if it only is
 * gone nobody else ends, and whoever talked to it is told by helper_lost().
 */
#ifndef SHARED_LINK_H
#define SHARED_LINK_H

#include <event2/event.h>

#include <stdbool.h>

#include "shared/codec.h"
#include "shared/imsg.h"

struct link;

/*
 * 0, or -1 when the content is wrong.  The handler owns m->fd: it either sets
 * it to -1 or leaves it to be closed.
 */
typedef int (*link_handler)(void *arg, struct link *, struct imsg *);

struct link_row {
	uint16_t	 type;
	link_handler	 fn;
};

struct link_host {
	struct event_base	*base;
	enum proc		 self;
	enum phase		 phase;
	enum mode		 mode;
	const struct link_row	*rows;
	size_t			 nrows;
	void			*arg;		/* of the handlers */
	/*
	 * Called in the parent on a breach or a lost link (MSG_CLOSED);
	 * children leave it NULL: losing the parent ends them at once, losing
	 * a sibling is a FAULT, and they wait for the parent's word.
	 */
	void			(*lost)(void *arg, struct link *,
				    enum msg_verdict, const char *why);
	/*
	 * The link to a helper is dead; called from inside its handlers, so
	 * that link_close() must wait.  May be NULL.
	 */
	void			(*helper_lost)(void *arg, enum proc);
	struct link		*parent;	/* where FAULT and LOG go */
};

struct link {
	struct link_host	*host;
	enum proc		 peer;
	struct imsg_chan	 chan;
	struct event		*rd;
	struct event		*wr;
	struct event		*later;		/* wr would come at once */
	bool			 dead;
	bool			 gone;		/* read still, not sent to */
	bool			 paused;
	void			(*drained)(void *arg, struct link *);
};

/* 0, or -1 (ENOMEM).  Owns fd. */
int	 link_open(struct link *, struct link_host *, enum proc peer, int fd);
void	 link_close(struct link *);
bool	 link_is_open(const struct link *);
/* Sends; a lost link is dealt with here, so that callers need not look. */
void	 link_send(struct link *, uint16_t type, uint32_t id, int fd,
	    const void *data, size_t len);
/* The same of what w holds, which is wiped; if that did not fit, fatal. */
void	 link_send_wbuf(struct link *, uint16_t type, uint32_t id, int fd,
	    struct wbuf *);
/* Stops and resumes reading, for back-pressure. */
void	 link_pause(struct link *);
void	 link_resume(struct link *);
/* Bytes that wait to be sent. */
size_t	 link_queued(const struct link *);
/* Writes all that waits, for at most ms milliseconds; for the last words. */
void	 link_flush(struct link *, int ms);
/* Reads at most max messages now, without the event loop. */
void	 link_read(struct link *, int max);
/*
 * The same when the other end is gone: what it said before, even if we found
 * out by sending to it.  Nothing is sent to it any more, nor read after this.
 */
void	 link_last_words(struct link *, int max);
/* Tells the parent that a sibling broke the rules. */
void	 link_fault(struct link *, uint16_t type, enum msg_verdict);

#endif /* SHARED_LINK_H */
