/* SPDX-License-Identifier: ISC */
/*
 * The world of a configuration's transaction, played: the rest of the parent,
 * which only notes what it is told, configurations that were never read from
 * a file, and the words that the tests of reload share.
 */
#ifndef REGRESS_UNIT_RELOAD_PLAY_H
#define REGRESS_UNIT_RELOAD_PLAY_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/parent.h"
#include "parent/reload.h"
#include "reload_kids.h"
#include "unit.h"

struct play {
	char		 dir[32];	/* the state; slots are in dir/w0 */
	/* What happened. */
	char		 trace[1024];	/* each step, a word */
	char		 last_log[LOG_LINE_MAX];
	int		 warnings, faults, events;
	int		 reloading;	/* systemd waits for READY */
	int		 confs;		/* that were made and not freed */
	size_t		 queued_most;	/* bytes, for one child */
	/* What is to happen. */
	struct conf	*on_disk;	/* what conf_read() gives next */
	unsigned	 parse_errors;
	const char	*refuse_sockets, *refuse_kernel, *restart;
	size_t		 psk_files;	/* peers share so many */
};

extern struct parent	parent;
extern struct play	play;

/* Slots and key files are root's: if this is not root, SKIP is said. */
bool		 play_possible(const char *name);
/* A test case with a parent and its children that have no configuration. */
TCase		*play_case(const char *name);

/* One more step of the trace. */
void		 note(const char *);
/* The parent's loop and the children go round n times. */
void		 turn(int n);

/* Peers with nallowed prefixes each and, if psk, a file of a key. */
struct conf	*make_conf(size_t npeers, unsigned nallowed, bool psk);
/* The path of a file in the directory of slots; valid until the next call. */
const char	*slot_path(const char *name);
/* Makes it, empty. */
void		 make_slot(const char *name, mode_t);

/* Begin with three peers, and get there. */
void		 start(void);
/* ctld asks for a reload, of what is on the disk or of so many peers. */
void		 ask(uint32_t id);
void		 propose(uint32_t id, size_t npeers);
/* It was refused, ctld was told, and the old one stays. */
void		 refused(uint32_t id, const char *says);
/* And the next one is taken. */
void		 accepted(size_t npeers);

#endif /* REGRESS_UNIT_RELOAD_PLAY_H */
