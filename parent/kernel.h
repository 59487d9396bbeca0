/* SPDX-License-Identifier: ISC */
/*
 * What a configuration asks of the kernel beside the sockets: addresses, MTU,
 * the link up, routes, rules.  A change has two steps, so that a reload that
 * is refused elsewhere leaves the host as it was:
 *
 *	kernel_prepare	adds what is new; all of it, or nothing and why
 *	kernel_commit	takes away what is no longer wanted
 *	kernel_abort	takes back what kernel_prepare added
 *
 * What is the same in both configurations is not touched, unless somebody
 * took it away: a reload puts that back.
 *
 * What would outlive the TUN device when the parent is killed (rules, and
 * routes that are no device's) is written to a journal before it is done;
 * kernel_cleanup() undoes what a journal says.
 */
#ifndef PARENT_KERNEL_H
#define PARENT_KERNEL_H

#include <event2/event.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/conf.h"

#define KERNEL_WHY	256		/* bytes of a reason */

struct kernel;

/*
 * Before any privilege is given up: sockets, the journal (run_dir is PATH_RUN,
 * already open; the instance is locked).  What a killed instance of this name
 * left is undone first.  NULL after a line in the log.
 *
 * All that comes after only uses sendto, recvfrom, recvmsg, write, pwrite,
 * ftruncate and, in kernel_close(), unlinkat.
 */
struct kernel	*kernel_open(int run_dir, const char *instance,
		    const char *ifname, uint32_t ifindex);
/* Tells when others change what we made; told once, never fought.  Only what
 * another instance of ours takes back at its end, and we need, we set again,
 * and what vanishes while events are lost we make again.  -1 if there is no
 * memory. */
int		 kernel_begin(struct kernel *, struct event_base *);
/* Who wants to know it, too: a line of text, for monitors. */
void		 kernel_on_change(struct kernel *,
		    void (*)(void *arg, const char *text), void *arg);
/*
 * Leaves conf alone; nothing of it is kept.  0, or -1 and why: what, where,
 * and what to do about it.
 */
int		 kernel_prepare(struct kernel *, const struct conf *,
		    char why[KERNEL_WHY]);
void		 kernel_commit(struct kernel *);
void		 kernel_abort(struct kernel *);
/*
 * The link went up, or down: the kernel forgets routes and addresses of a
 * link that goes down.  What events have told already is not done again.
 */
void		 kernel_link(struct kernel *, bool up);
/* The interface is in another network namespace now (0), or home again with
 * this number: what it had is made anew. */
void		 kernel_moved(struct kernel *, uint32_t ifindex);
/* The mark of every socket of netd and resolverd under this configuration. */
uint32_t	 kernel_mark(const char *instance, const struct conf *);
/*
 * Rules and routes that would stay are undone, the journal is removed, and
 * the rest goes with the TUN device.  At the end, after the children.
 */
void		 kernel_close(struct kernel *);
/* For `warrend --cleanup`: 0, also if there was nothing; -1 after a line. */
int		 kernel_cleanup(int run_dir, const char *instance);

/* Things that others took away, ever; events that were lost, ever. */
uint64_t	 kernel_lost(const struct kernel *);
uint64_t	 kernel_overruns(const struct kernel *);

/*
 * A row for SHOW_ROUTES: table "route": kind, what, routing_table ("main", a
 * number or ""), state ("ok", "lost", "waits": for the link).  The unreachable
 * routes are one row with a count, the last.  *at is 0 at first and moves on;
 * another configuration makes it void.  false: there are no more.
 */
bool		 kernel_row(const struct kernel *, size_t *at,
		    void (*)(void *arg, const void *row, size_t len),
		    void *arg);
/*
 * What is not as it should be: calls back with a problem and what to do about
 * it, both whole sentences without a full stop.
 */
void		 kernel_problems(const struct kernel *,
		    void (*)(void *arg, const char *problem,
		    const char *advice), void *arg);

#endif /* PARENT_KERNEL_H */
