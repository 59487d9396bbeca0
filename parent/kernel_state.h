/* SPDX-License-Identifier: ISC */
/*
 * What kernel*.c share with each other, and with nobody else.
 */
#ifndef PARENT_KERNEL_STATE_H
#define PARENT_KERNEL_STATE_H

#include <net/if.h>

#include "parent/journal.h"
#include "parent/kernel.h"
#include "parent/kernel_item.h"
#include "parent/netlink_route.h"
#include "shared/log.h"

/* The journal as a file. */
struct undo {
	int		 dir;
	int		 fd;
	size_t		 size;
	char		 instance[IFNAMSIZ];
	char		 name[IFNAMSIZ + 32];	/* of the file */
	struct journal_netns here;	/* the namespace that we are in */
	struct journal	 now;		/* what it says */
};

struct kernel {
	char		 ifname[IFNAMSIZ];
	uint32_t	 ifindex;
	int		 requests;
	int		 events;
	int		 src_mark;	/* fd of the setting, or -1 */
	int		 src_mark_error;	/* why we cannot set it, or 0 */
	bool		 src_mark_set;	/* by us */
	bool		 src_mark_refused;
	struct undo	 undo;
	bool		 inet6;		/* the kernel has it */
	bool		 told_inet6;

	struct items	 have;		/* the running configuration */
	struct items	 next;		/* from prepare to commit or abort */
	struct items	 stale;		/* ADDED, to go, and not gone yet: none
					 * is of have */
	bool		 prepared;
	uint32_t	 mtu;		/* wanted; 0: nothing runs yet */
	uint32_t	 mtu_next;
	uint32_t	 mtu_before;	/* what abort sets, or 0 */
	bool		 set_up;	/* abort sets it down again */

	bool		 up;
	bool		 flapped;	/* down since the last good look */
	bool		 away;		/* in another namespace */
	bool		 in_vrf;	/* its own routes are elsewhere */
	uint32_t	 mtu_now;
	bool		 mtu_lost;	/* that was told */

	struct event	*ev;
	struct event	*timer;
	bool		 dirty;		/* events say: look again */
	bool		 deaf;		/* events are lost until all are read */
	bool		 waiting;	/* the timer runs */
	bool		 blind;		/* the last look failed */
	uint64_t	 looked;	/* when */
	uint64_t	 pause;		/* until the next look, in ns */
	uint64_t	 lost;
	uint64_t	 overruns;
	struct log_limit limit;
	void		(*changed)(void *arg, const char *text);
	void		*changed_arg;

	struct items	 stray;		/* addresses that must go, at once */

	/* Of one run through a list. */
	struct items	*list;
	int		 error;		/* the first one */
	size_t		 failed;	/* its item */
	char		 text[NLR_TEXT];
	struct nlr_batch batch;
};

/* kernel_link.c */

#define INET6_MTU	1280	/* with less the kernel ends IPv6 on a link */

/* The MTU is this now, by whomever.  What the kernel does by itself when IPv6
 * comes back to the link is taken back. */
void	 kernel_mtu_is(struct kernel *, uint32_t mtu);
/* Set it: 0, or -1 with errno. */
int	 kernel_set_mtu(struct kernel *, uint32_t mtu);
/* The link gets the MTU that is in force, if it has another one. */
void	 kernel_keep_mtu(struct kernel *);
/* What follow_dress() had set stays behind when a link goes elsewhere, and
 * what a reload wanted since could not be set. */
void	 kernel_dress(struct kernel *);
/* Where the link is and how.  -1 with errno: the kernel does not say, what was
 * known stays, and kernel_catch_up() must follow. */
int	 kernel_look_link(struct kernel *);

/* kernel_apply.c */

/*
 * Add the items of l that are ITEM_MISSING and not in `but`, of one kind.
 * Those that the kernel took get ITEM_ADDED instead, others ITEM_FAILED, and
 * k->error is the first error or 0.  -1 with errno: the socket or the journal
 * failed.
 */
int	 kernel_add(struct kernel *, struct items *l, enum item_kind,
	    uint8_t but);
/* The first address of a connected route's network that is there, or NULL. */
const struct item *kernel_address_in(const struct items *,
	    const struct item *route);
/* Must this address wait until its other form, with another prefix, goes? */
bool	 kernel_is_deferred(const struct kernel *, const struct item *);
/* src_valid_mark: is it set?  And set it: 0, also if it cannot be set here;
 * -1 with errno. */
bool	 kernel_src_mark(const struct kernel *);
int	 kernel_set_src_mark(struct kernel *);
/* Make what is missing on the interface and not lost to others.  If that
 * fails the next look does it: kernel_catch_up() must follow. */
void	 kernel_relink(struct kernel *);
/* Why an item could not be added. */
void	 kernel_why(const struct kernel *, const struct item *, int error,
	    const char *text, char why[KERNEL_WHY]);

/* kernel_del.c */

/* Take away what is ITEM_ADDED, in the opposite order; what is gone already is
 * no error, nor what went with the interface.  What the kernel does not let go
 * is told and kept in k->stale: kernel_catch_up() must follow. */
void	 kernel_del(struct kernel *, struct items *l);
/* Try again what is kept there; what went with an address may be missing. */
void	 kernel_del_stale(struct kernel *);
/* What is in force is not to go any more; it is there, also if it was lost:
 * kernel_catch_up() must follow. */
void	 kernel_want_stale(struct kernel *);
/* This rule is not in the kernel, or not ours: the journal shall not say so. */
void	 kernel_forget(struct kernel *, const struct item *);
/* Is a rule that is there another instance's, 1, or ours, 0?  -1 with errno. */
int	 kernel_is_anothers(int requests, const char *instance,
	    const struct item *);
/* Is anything in this namespace surely this instance's?  Also true if that
 * cannot be seen. */
bool	 kernel_has_ours(int requests, const char *instance);

/* kernel_watch.c */

#define KERNEL_TRIES	5	/* of a dump that was interrupted */

/* Read all events that wait; kernel_drain() also looks if they say so. */
void	 kernel_read(struct kernel *);
void	 kernel_drain(struct kernel *);
/* What changed while a reload was under way, or could not be seen, is looked
 * at soon. */
void	 kernel_catch_up(struct kernel *);
/* Say, once, that something cannot be seen; errno tells why. */
void	 kernel_blind(struct kernel *, const char *what);
/* What is there of a list: SEEN is set or cleared; kernel_look() says by it
 * what is MISSING, or not LOST any more.  -1 with errno. */
int	 kernel_see(struct kernel *, struct items *);
int	 kernel_look(struct kernel *, struct items *);
/* The same for src_valid_mark alone, of which no event tells. */
void	 kernel_look_src_mark(struct kernel *);

/* kernel_show.c */

/* To the log, and to who wants to know it: what was lost, the first of n, or
 * is there again; and, once, that the MTU is another. */
void	 kernel_tell_lost(struct kernel *, const struct item *, size_t n);
void	 kernel_tell_back(struct kernel *, const struct item *, size_t n);
void	 kernel_check_mtu(struct kernel *);

/* kernel_undo.c */

/* The journal of an instance; what it says is undone.  -1 after a line. */
int	 undo_open(struct undo *, int dir, const char *instance, bool make);
/* Is it of another network namespace than ours? */
bool	 undo_is_elsewhere(const struct undo *);
/* Then it is put by for that one, and there is a new one.  And: what was put
 * by for ours is undone, if there is any; what was for one that is gone and
 * had our number is removed.  -1 after a line. */
int	 undo_put_by(struct undo *);
int	 undo_kept(int dir, const char *instance, int requests);
/* Undo what it says, by this socket.  -1 after a line. */
int	 undo_all(struct undo *, int requests);
/* An empty journal.  -1 with errno. */
int	 undo_reset(struct undo *);
/* Write that something is done or undone; done twice is written once.  -1
 * with errno. */
int	 undo_note(struct undo *, bool made, const struct journal_deed *);
/* The deed of a rule. */
void	 undo_deed(struct journal_deed *, const struct item *);
void	 undo_close(struct undo *, bool remove);

#endif /* PARENT_KERNEL_STATE_H */
