/* SPDX-License-Identifier: ISC */
/*
 * Reading what rtnetlink says: leaves, no sockets.
 */
#ifndef PARENT_NETLINK_PARSE_H
#define PARENT_NETLINK_PARSE_H

#include <linux/netlink.h>

#include "parent/kernel_item.h"
#include "parent/netlink.h"

/*
 * The item that a message about an address, route or rule means; false if it
 * is none that we would make: another interface (ifindex), a route with a
 * gateway, a rule of another form.  A message that says that something is
 * gone is read in the same way.
 */
bool	 nlp_item(const struct nlmsghdr *, uint32_t ifindex, struct item *);
/*
 * The same, but whatever way the route takes: the item of ours whose place
 * it has, as a route and not as an unreachable one.
 */
bool	 nlp_route_place(const struct nlmsghdr *, struct item *);
/* A message about a link; false if it is none. */
bool	 nlp_link(const struct nlmsghdr *, struct nl_link *);
/* The same, about a TUN device: false also if it is another link. */
bool	 nlp_tun(const struct nlmsghdr *, struct nl_tun *);
/*
 * The errno of an answer that ends something, 0: it went well.  What is none
 * is EBADMSG.
 */
int	 nlp_error(const struct nlmsghdr *);
/* What the kernel says about an error, or "". */
void	 nlp_error_text(const struct nlmsghdr *, char *, size_t);

#endif /* PARENT_NETLINK_PARSE_H */
