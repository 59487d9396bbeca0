/* SPDX-License-Identifier: ISC */
/*
 * "monitor": what happens, to clients that watch.  Siblings tell events only
 * while somebody does.  Their rows are hostile input: the process is taken
 * from the link, the rest is checked, and a client that does not keep up loses
 * some and is told how many.
 */
#ifndef CTLD_EVENTS_H
#define CTLD_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "ctld/client.h"
#include "ctld/devmap.h"
#include "ctld/drops.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/row.h"

#define EVENTS_WATCHERS	16
#define EVENTS_READERS	12	/* of them on the socket for reading */
#define EVENTS_OUT	65536	/* bytes that wait for a client */
#define EVENT_MAX	3072	/* bytes of a row as it comes */
#define EVENTS_RATE	500	/* a second and process */
#define EVENTS_HELD	256	/* wait until the peers are known */

/* Part of the state of each client that can watch. */
struct watcher {
	bool			 on;
	uint64_t		 lost;		/* since the last it got */
};

struct event_held;
STAILQ_HEAD(events_held, event_held);

struct events {
	unsigned		 n;
	struct client		*watcher[EVENTS_WATCHERS];
	struct event		*tick;		/* each second */
	struct log_limit	 limit[PROC_COUNT];
	/* Names of peers. */
	struct devmap		 map;
	struct devmap		 next;		/* being filled */
	struct client		*walker;	/* on whose behalf, or NULL */
	uint64_t		 walked;	/* boottime of the last, ns */
	struct events_held	 held;
	unsigned		 nheld;
	struct drops		 drops;
};

/* 0, or -1 (ENOMEM). */
int	 events_init(struct ctld *);
/* For the end of the process. */
void	 events_clear(struct ctld *);
/* The (busy) client watches from now on; 0, or -1: there are too many. */
int	 events_watch(struct ctld *, struct client *);
/* It is gone.  May come twice, and for one that never watched. */
void	 events_forget(struct ctld *, struct client *);
/* There is room in its output again. */
void	 events_room(struct client *);
/* An event of ctld itself. */
void	 events_own(struct ctld *, const char *what, const char *text);

/*
 * For drops.c: begins a row with the time (UNIX, seconds), the process and
 * what happened; then the row goes to all who watch.
 */
uint64_t events_time(void);
void	 events_row(struct wbuf *, uint8_t buf[ROW_MAX], uint64_t time,
	    enum proc, const char *what);
void	 events_tell(struct ctld *, const struct wbuf *);
/* So many were lost for all who watch; they are told before the next. */
void	 events_lost(struct ctld *, uint64_t n);

/* Handler. */
int	 events_on_event(void *, struct link *, struct imsg *);

#endif /* CTLD_EVENTS_H */
