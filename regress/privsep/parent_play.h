/* SPDX-License-Identifier: ISC */
/*
 * The world of the parent, played by a test: the suite, the dispatch, the
 * transaction of a configuration and the answers are the real ones, in this
 * process; the children, the kernel and the sockets are played.  A child is
 * an end of a link and a number that kill(2) and wait4(2) know here.
 */
#ifndef REGRESS_PRIVSEP_PARENT_PLAY_H
#define REGRESS_PRIVSEP_PARENT_PLAY_H

#include <stdbool.h>

#include "parent/parent.h"
#include "regress/privsep/child.h"
#include "shared/imsg.h"

/* What a played child has heard, and what it does by itself. */
struct played {
	struct imsg_chan chan;		/* its end; fd -1: closed */
	bool		 started;
	bool		 alive;
	bool		 reaped;
	bool		 deaf;		/* reads nothing */
	bool		 mute;		/* does not end at SHUTDOWN */
	int		 killed;	/* the signal; 0: none */
	int		 status;	/* of wait4(2) */
	int		 err;		/* its stderr, which the parent reads */
	unsigned	 heard, gos, shutdowns, ends, shows;
	unsigned	 late;		/* messages after SHUTDOWN */
	char		 advice[128];	/* of the last row of health */
};

struct world {
	struct parent	 p;
	struct kid	 k;		/* its links: for say_try() */
	struct played	 child[PROC_COUNT];
	char		 log[8192];	/* what the parent said */
	size_t		 len;
	unsigned	 lines;
	int		 fds;		/* that this process had before */
};

extern struct world world;

/*
 * The files of a configuration, and their end: fixtures that are not checked,
 * so that they go also when a test fails.
 */
void	 world_files(void);
void	 world_no_files(void);
/* Its children are started, and none is ready. */
void	 world_start(enum mode);
/* They say READY, all but this one (PROC_PARENT: all). */
void	 world_ready(enum proc but);
/* Started, ready, and in configured mode the configuration is in force. */
void	 world_run(enum mode);
/* So many peers more in the first configuration, before it is read. */
void	 world_peers(unsigned n);
/* The parent and the children do all that there is to do. */
void	 world_turn(void);
/* For at most ms, until the suite has ended; has it? */
bool	 world_wait(int ms);
/* All is freed; what was open is closed. */
void	 world_end(void);

/* This child's report as it ought to be, and a READY of it as bytes. */
void	 world_report(enum proc, struct sandbox_report *);
size_t	 world_ready_bytes(const struct sandbox_report *, uint8_t *,
	    size_t size);
void	 world_say(enum proc, uint16_t type, const void *, size_t);
/* It ends by itself with this wait status; it closes its link and no more. */
void	 world_die(enum proc, int status);
void	 world_close(enum proc);
/* ctld asks, and hears the end of the answer. */
bool	 world_answers(void);
int	 world_fds(void);

#endif /* REGRESS_PRIVSEP_PARENT_PLAY_H */
