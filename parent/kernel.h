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
 * already open).  What a killed instance of this name left is undone first.
 * NULL after a line in the log.
 */
struct kernel	*kernel_open(int run_dir, const char *instance,
		    const char *ifname, uint32_t ifindex);
/* Tells when others change what we made; told once, never fought. */
int		 kernel_begin(struct kernel *, struct event_base *);
/* Leaves conf alone; it must live until commit or abort.  0, or -1 and why. */
int		 kernel_prepare(struct kernel *, const struct conf *,
		    char why[KERNEL_WHY]);
void		 kernel_commit(struct kernel *);
void		 kernel_abort(struct kernel *);
/* The link went up, or down: the kernel forgets addresses and routes. */
void		 kernel_link(struct kernel *, bool up);
/* The mark of every socket of netd and resolverd under this configuration. */
uint32_t	 kernel_mark(const char *instance, const struct conf *);
/* Everything is undone and the journal removed; at the end. */
void		 kernel_close(struct kernel *);
/* For `warrend --cleanup`: 0, also if there was nothing; -1 after a line. */
int		 kernel_cleanup(int run_dir, const char *instance);

/* Rows for SHOW_ROUTES: table "route": kind, what, table, state. */
void		 kernel_rows(const struct kernel *,
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
