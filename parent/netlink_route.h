/* SPDX-License-Identifier: ISC */
/*
 * Items (kernel_item.h) in the words of rtnetlink: many in one send(2), dumps
 * of what is there, and events of what changed.  The sockets are opened
 * before the sandbox closes; after that only send, recv and recvmsg are used.
 * The kernel answers before send(2) returns, so nothing here ever waits.
 */
#ifndef PARENT_NETLINK_ROUTE_H
#define PARENT_NETLINK_ROUTE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parent/kernel_item.h"
#include "parent/netlink.h"

#define NLR_BATCH	200		/* messages of one send */
#define NLR_MESSAGE	128		/* bytes of the longest */
#define NLR_TEXT	96		/* bytes of the kernel's own words */

/* A socket for requests, or -1 with errno; *pid is its name on events. */
int	 nlr_open(uint32_t *pid);
/* A socket for events of addresses, routes, rules and links; those that the
 * requests of that pid cause are left out by the kernel.  -1 with errno. */
int	 nlr_open_events(uint32_t pid);

/* What the kernel refused: tag is the caller's number of the item, error an
 * errno, text what the kernel says about it or "". */
typedef void	 nlr_failed(void *arg, size_t tag, int error,
		    const char *text);

struct nlr_batch {
	int		 fd;
	uint32_t	 ifindex;
	nlr_failed	*failed;
	void		*arg;
	uint32_t	 seq;		/* of the first message */
	unsigned	 n;
	size_t		 len;
	size_t		 last;		/* where the last message is */
	size_t		 tag[NLR_BATCH];
	_Alignas(8) char buf[NLR_BATCH * NLR_MESSAGE];
};

void	 nlr_begin(struct nlr_batch *, int fd, uint32_t ifindex, nlr_failed *,
	    void *arg);
/* Add or take away an item; a full batch goes out.  What is an interface's
 * fails with ENODEV if the number is 0.  -1: the socket failed. */
int	 nlr_add(struct nlr_batch *, const struct item *, size_t tag);
int	 nlr_del(struct nlr_batch *, const struct item *, size_t tag);
/* Sends the rest.  -1 with errno: the socket failed; what could not be sent
 * has failed, each by itself. */
int	 nlr_end(struct nlr_batch *);

/* Called for each item that is there. */
typedef void	 nlr_found(void *arg, const struct item *);

/*
 * All addresses of the interface, all rules that could be ours, all routes
 * of a table that are the interface's or unreachable; own: only the former,
 * so that the kernel need not tell of a million others.  0, or -1 with errno.
 */
int	 nlr_dump_addresses(int fd, uint32_t ifindex, uint8_t family,
	    nlr_found *, void *arg);
int	 nlr_dump_rules(int fd, uint8_t family, nlr_found *, void *arg);
int	 nlr_dump_routes(int fd, uint32_t ifindex, uint8_t family,
	    uint32_t table, bool own, nlr_found *, void *arg);
/* Of such an error: the kernel has nothing of that family. */
static inline bool
nlr_no_family(int error)
{
	return error == EAFNOSUPPORT || error == EOPNOTSUPP;
}

/* The link by its number: 0, or -1 (ENODEV: not in this namespace). */
int	 nlr_link(int fd, uint32_t ifindex, struct nl_link *);
int	 nlr_link_up(int fd, uint32_t ifindex);
int	 nlr_link_down(int fd, uint32_t ifindex);

/* An event. */
struct nlr_event {
	enum {
		NLR_NOTHING,		/* of no interest */
		NLR_NEW,		/* item is there (now) */
		NLR_GONE,		/* item is not there any more */
		NLR_REPLACED,		/* item's place was taken */
		NLR_LINK		/* the link changed; see up */
	}		 what;
	bool		 up;
	bool		 away;		/* no such link here any more */
	uint32_t	 mtu;		/* of the link */
	uint32_t	 pid;		/* who did it, 0: not known */
	struct item	 item;
};
/* 1, 0 if there is none now, -1 with errno (ENOBUFS: some were lost). */
int	 nlr_event(int fd, uint32_t ifindex, struct nlr_event *);

#endif /* PARENT_NETLINK_ROUTE_H */
