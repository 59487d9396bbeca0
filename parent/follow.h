/* SPDX-License-Identifier: ISC */
/*
 * Following the interface wherever it is moved (P36, P37).  Events only wake
 * us; what is true is then asked of the kernel anew: the TUN device tells in
 * which namespace it is, and rtnetlink of our own namespace tells the state
 * of the link there by IFLA_TARGET_NETNSID.  We never enter that namespace.
 */
#ifndef PARENT_FOLLOW_H
#define PARENT_FOLLOW_H

#include <sys/types.h>

#include <event2/event.h>

#include "parent/netlink.h"

struct follow {
	int		 tun;		/* only asked where it is, never read */
	int		 events;	/* rtnetlink events */
	int		 requests;	/* rtnetlink questions */
	struct event	*ev;
	struct event	*again;		/* look again without an event */
	dev_t		 home_dev;	/* the namespace of birth */
	ino_t		 home_ino;
	bool		 all;		/* events of other namespaces come */
	bool		 blind;		/* the last look failed */
	bool		 hidden;	/* it is where we may not look */
	bool		 starved;	/* no descriptor or memory to look */
	bool		 gone;
	int32_t		 nsid;		/* NL_HOME, or where it is */
	struct nl_link	 link;
	uint64_t	 moves;
	uint64_t	 overruns;	/* times that events were lost */
	/* It is in another namespace or has another number; comes before
	 * changed().  May be NULL. */
	void		(*moved)(void *arg);
	void		(*changed)(void *arg, const struct nl_link *old);
	void		(*deleted)(void *arg);
	void		*arg;
};

/*
 * Open the sockets and look at the link for the first time; takes tun.  -1
 * after a line in the log.
 */
int	 follow_open(struct follow *, int tun, const char *name);
/*
 * Set what a new interface must have: MTU, no addresses by itself.  -1 after
 * a line in the log.
 */
int	 follow_dress(struct follow *, uint32_t mtu);
/* Begin to tell changes.  -1 if there is no memory. */
int	 follow_begin(struct follow *, struct event_base *);
/* Look now, whether there was an event or not. */
void	 follow_refresh(struct follow *);
void	 follow_close(struct follow *);

#endif /* PARENT_FOLLOW_H */
