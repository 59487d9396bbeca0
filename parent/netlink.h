/* SPDX-License-Identifier: ISC */
/*
 * The little of rtnetlink that the parent speaks.  Messages are built and
 * read with libmnl; the sockets are plain ones, made before the sandbox
 * closes, and a request is answered by the kernel before send(2) returns.
 * An nsid names another network namespace as seen from ours; NL_HOME is ours.
 */
#ifndef PARENT_NETLINK_H
#define PARENT_NETLINK_H

#include <net/if.h>

#include <stdbool.h>
#include <stdint.h>

#define NL_HOME	(-1)

struct nl_link {
	uint32_t	 ifindex;
	uint32_t	 mtu;
	uint32_t	 master;	/* netlink_parse.c: a VRF, or 0 */
	bool		 up;		/* IFF_UP */
	char		 name[IFNAMSIZ];
};

/* Who may attach to a TUN device, and how many queues are. */
struct nl_tun {
	uint32_t	 ifindex;
	uint32_t	 owner;		/* a user; UINT32_MAX: none */
	uint32_t	 group;		/* the same */
	uint32_t	 queues;	/* attached */
	uint32_t	 detached;	/* queues that could attach again */
	bool		 persists;	/* without any queue, too */
};

/* An event: something changed on this link, or its namespace loses its id. */
struct nl_event {
	int32_t		 nsid;
	uint32_t	 ifindex;	/* 0: none */
	bool		 nsid_gone;
};

/* A socket for requests; -1 with errno. */
int	 nl_open(void);
/* A socket for events of links, in all namespaces that have an nsid if
 * *all; *all becomes false if the kernel does not do that.  -1 with errno. */
int	 nl_open_links(bool *all);
/* What netd gets: events of routes and addresses, and look-ups. */
int	 nl_open_routes(void);

/* All of these: 0, or -1 with errno. */
int	 nl_link_get(int fd, int32_t nsid, const char *name, struct nl_link *);
/* Linux 4.17; ENODEV if there is none, or it is no TUN device. */
int	 nl_tun_get(int fd, const char *name, struct nl_tun *);
int	 nl_link_delete(int fd, uint32_t ifindex);
int	 nl_link_mtu(int fd, uint32_t ifindex, uint32_t mtu);
/* No link-local address by itself; must come before the link is up. */
int	 nl_link_no_autoconf(int fd, uint32_t ifindex);
/* No ICMP redirects from this interface, as WireGuard has it. */
int	 nl_link_no_redirects(int fd, uint32_t ifindex);
/*
 * The interface by which a packet with this mark leaves for the internet, and
 * whether its reverse path filter is strict.  ENETUNREACH: there is none.
 */
int	 nl_outer_link(int fd, uint32_t mark, uint32_t *ifindex, bool *strict);
/* The nsid of the namespace that netns_fd is; it gets one if it has none. */
int	 nl_nsid(int fd, int netns_fd, int32_t *nsid);
/*
 * The next event: 1, 0 if there is none now, -1 with errno (ENOBUFS: some
 * were lost).  Messages of no interest give 1 and an empty event.
 */
int	 nl_event(int fd, struct nl_event *);

#endif /* PARENT_NETLINK_H */
