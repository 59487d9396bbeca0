/* SPDX-License-Identifier: ISC */
/*
 * The world of one real child process, played by a test: it is started as
 * parent/spawn.c does, and the test holds the other end of everything that
 * the child was given: of its parent, its siblings, bells, rings and sockets.
 */
#ifndef REGRESS_PRIVSEP_CHILD_H
#define REGRESS_PRIVSEP_CHILD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/index_page.h"
#include "shared/msg_parent.h"
#include "shared/msg_table.h"
#include "shared/ring.h"

/* What a child is given before it is ready; kid_give() takes a set of them. */
enum piece {
	PIECE_LINKS	= 0x01,
	PIECE_RING	= 0x02,		/* the ring, and the index page */
	PIECE_BELLS	= 0x04,
	PIECE_DEVICE	= 0x08,		/* TUN, route socket or listeners */
	PIECE_STARTUP	= 0x10,
	PIECE_ALL	= 0x1f
};

#define KID_FAULTS	64

struct kid_fault {
	enum proc	 sibling;
	uint16_t	 type;
	uint8_t		 verdict;	/* enum msg_verdict */
};

struct kid {
	enum proc		 proc;
	pid_t			 pid;		/* 0: it was waited for */
	int			 link[PROC_COUNT];	/* our ends, or -1 */
	int			 err;		/* what it says on stderr */
	int			 hear;		/* bells of who is played */
	int			 ring_bell;
	int			 listener[LISTENER_COUNT];	/* second fds
							 * of ctld's */
	int			 tun;		/* a second fd of its device */
	struct ring		 ring;		/* the played sibling's */
	struct index_page	 page;
	bool			 attached;	/* to the child's ring */
	unsigned		 memfds;	/* that the child handed out */
	bool			 writable;	/* one of them, by others */
	bool			 ready;
	uint32_t		 id;		/* of messages; 0: any */
	unsigned		 messages;	/* read, of all links */
	struct kid_fault	 fault[KID_FAULTS];
	unsigned		 faults;	/* 0..KID_FAULTS kept */
	char			 log[512];	/* its last words */
	bool			 sanitized;	/* they report errors */
};

/* Of the children that are started from now on; MODE_BARE at first. */
extern enum mode kid_mode;
/* Threads of cryptod, likewise: KID_WORKERS in the environment, or 1. */
extern uint16_t kid_workers;

/* Every child in every mode that it is started in. */
struct kid_kind {
	enum proc	 proc;
	enum mode	 mode;
};
#define KID_KINDS	7
extern const struct kid_kind kid_kinds[KID_KINDS];

/* Once a test: a network namespace of its own.  Fails the test if it can't. */
void	 kid_world(void);
/* Starts the child and hands it these pieces. */
void	 kid_start(struct kid *, enum proc, unsigned pieces);
void	 kid_give(struct kid *, unsigned pieces);
/* Starts it with all pieces, waits for READY and says GO. */
void	 kid_run(struct kid *, enum proc);
/* Kills it if it lives, and closes all. */
void	 kid_end(struct kid *);

/* Whom a child is linked to beside the parent, in kid_mode: PROC_BIT()s. */
unsigned kid_siblings(enum proc);
/*
 * Sends a message of any form.  0, or -1: the child does not read now
 * (EAGAIN) or closed the link.  fds stay ours.
 */
int	 kid_say(struct kid *, enum proc from, uint16_t type,
	    const void *data, size_t len, const int *fds, int nfds);
int	 kid_say_raw(struct kid *, enum proc from, const void *msg,
	    size_t len, const int *fds, int nfds);
/* Reads what the child says for at most ms, until something came. */
bool	 kid_pump(struct kid *, int ms);
/* Waits for READY; false after ms milliseconds. */
bool	 kid_wait_ready(struct kid *, int ms);
/* Waits for its end; its wait status, or -1 after ms milliseconds. */
int	 kid_wait_exit(struct kid *, int ms);
/*
 * Has everything that `from` said before been dealt with?  Says something
 * unknown and waits for its fault, which is not kept; says it again after a
 * while, since a fault may be dropped when there are many.
 */
bool	 kid_sync(struct kid *, enum proc from, int ms);

/* What the kernel knows of it: fds, resident KiB, ticks of CPU time. */
int	 kid_fds(const struct kid *);
long	 kid_rss(const struct kid *);
long	 kid_ticks(const struct kid *);
/* A new fd of a kind (FD_NONE: a directory), the caller's to close. */
int	 kid_fd(enum fd_kind);
/* A memfd of any size and seals. */
int	 kid_memfd(size_t size, int seals);
/* Milliseconds, monotonic. */
long	 kid_ms(void);
/* Random bytes that are the same in every run. */
void	 kid_random(void *, size_t);
uint32_t kid_random32(void);

#endif /* REGRESS_PRIVSEP_CHILD_H */
