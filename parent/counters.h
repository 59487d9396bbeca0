/* SPDX-License-Identifier: ISC */
/*
 * What the parent counts, each with the words that "show counters" and the
 * manual have for it.
 */
#ifndef PARENT_COUNTERS_H
#define PARENT_COUNTERS_H

#include "shared/counter.h"

#define PARENT_COUNTERS(X)						\
	X(link_up, "times that the interface came up")			\
	X(link_down, "times that the interface went down")		\
	X(link_moves, "moves to another network namespace")		\
	X(netlink_overruns, "times that events of links and routes were lost") \
	X(routes_lost, "addresses, routes and rules that others took away") \
	X(udp_opened, "pairs of UDP sockets opened")			\
	X(udp_failed, "UDP ports that could not be opened")		\
	X(port_changes, "requests for another UDP port")		\
	X(mark_changes, "requests for another firewall mark")		\
	X(helper_deaths, "helpers (resolverd) that ended on their own")	\
	X(name_servers_wanted, "times that resolverd asked for others")	\
	X(reloads, "configurations that came into force")		\
	X(log_lines, "lines that children wrote")			\
	X(log_suppressed, "lines of children over their rate")

struct counters {
	PARENT_COUNTERS(COUNTER_FIELD)
};

#endif /* PARENT_COUNTERS_H */
