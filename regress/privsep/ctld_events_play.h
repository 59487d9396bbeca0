/* SPDX-License-Identifier: ISC */
/*
 * A conversation with ctld about events: clients watch on one side, and its
 * parent and siblings tell on the other.  It has a configuration of one peer,
 * "alice", which is device 5 of cryptod.
 */
#ifndef REGRESS_PRIVSEP_CTLD_EVENTS_PLAY_H
#define REGRESS_PRIVSEP_CTLD_EVENTS_PLAY_H

#include "ctld/events.h"
#include "regress/privsep/play.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "unit.h"

#define CLIENTS		32

extern const uint8_t	alice_key[KEY_SIZE];
extern int		client[CLIENTS];	/* those that watch */
extern int		nclients;

/* ctld, with one client that watches, and all is quiet. */
void	 watched(void);
void	 teardown(void);

/* One more client that watches; its socket. */
int	 watch(void);
int	 watch_at(enum listener);

/* Parent and siblings are told to tell, or to stop. */
void	 monitored(bool on);
/* Answers the first question about counters with nothing. */
void	 no_counters(void);
/* Answers what cryptod is asked: it has one peer. */
void	 answer_peers(void);

/* Begins an event; tells it, or -1 if the link is full. */
void	 begin(struct wbuf *, uint8_t b[ROW_MAX], const char *what);
/* A row of EVENT_MAX bytes and some, by the length of its text. */
void	 begin_long(struct wbuf *, uint8_t b[ROW_MAX], char text[ROW_MAX],
	    size_t len);
int	 tell(enum proc from, const struct wbuf *);
/* The next event that is not about drops of ctld itself. */
void	 event(int fd, struct row *);

#endif /* REGRESS_PRIVSEP_CTLD_EVENTS_PLAY_H */
