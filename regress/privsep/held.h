/* SPDX-License-Identifier: ISC */
/*
 * A process that is held as one of warren's: forked, it goes through the real
 * drop of child_begin() and child_check_ready(), or the parent's confine(),
 * with all filters, and then does one thing of ours.
 */
#ifndef REGRESS_PRIVSEP_HELD_H
#define REGRESS_PRIVSEP_HELD_H

#include <stdbool.h>

#include "shared/msg.h"
#include "shared/sandbox.h"

/* The states that a process of warren can be in; bit n is held[n]. */
#define CS	0x01
#define CR	0x02
#define NS	0x04
#define NR	0x08
#define TS	0x10
#define TR	0x20
#define PB	0x40			/* in bare mode */
#define PC	0x80			/* in configured mode */
#define RS	0x100
#define RR	0x200
#define PR	(PB | PC)
#define START	(CS | NS | TS | RS)

struct held {
	const char			*name;
	enum proc			 proc;
	enum mode			 mode;
	const char			*user;	/* NULL: root, a parent */
	bool				 own_net;
	const struct sandbox_table	*first;
	const struct sandbox_table	*last;	/* NULL: not yet READY */
};
#define HELD		10
extern const struct held held[HELD];

enum verdict {
	DEAD,				/* the filter killed it */
	CRASHED,			/* by SIGSEGV */
	PASSED,
	FAILED				/* with an errno */
};

/*
 * The directories that they live in, made before the first test and taken
 * away after the last one: fixtures that are not checked.
 */
void	 world_new(void);
void	 world_end(void);
/* Puts back what a try may have moved or removed. */
void	 world_fill(void);
/*
 * So many directories with a key file each belong to the configuration, too:
 * their names, from 0, as world() takes them.
 */
extern unsigned	 world_key_dirs;
const char	*world_key(unsigned);
/* Where this is in the world; good until the next call but three. */
const char	*world(const char *);
/* The parent's descriptor of its state directory, in a parent. */
int	 world_state(void);

/* Does Landlock bind here?  If not, paths are bound by nothing. */
bool	 has_landlock(void);

/*
 * What became of fn(arg) in a process that is held so; *err is the errno of a
 * FAILED one.  It aborts the test if the process cannot be held.
 */
enum verdict	 held_ask(const struct held *, const char *what,
		    long (*fn)(const void *), const void *arg, int *err);

#endif /* REGRESS_PRIVSEP_HELD_H */
