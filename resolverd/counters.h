/* SPDX-License-Identifier: ISC */
/*
 * What resolverd counts, for "show counters".
 */
#ifndef RESOLVERD_COUNTERS_H
#define RESOLVERD_COUNTERS_H

#include "shared/counter.h"

#define RESOLVERD_COUNTERS(X)						\
	X(asked, "names that netd asked for")				\
	X(from_hosts, "answered from the file of hosts")		\
	X(from_cache, "answered from the cache")			\
	X(answered, "names with an address")				\
	X(unknown, "names that do not exist or have no address")	\
	X(silent, "names for which no name server answered")		\
	X(refused, "names for which no name server would say")		\
	X(sent, "questions sent to name servers")			\
	X(send_errors, "of these, that could not be sent")		\
	X(received, "datagrams from name servers")			\
	X(timeouts, "times that a name server did not answer in 2 s")	\
	X(truncated, "answers that were cut short")			\
	X(drop_form, "answers dropped: not the form of one")		\
	X(drop_foreign, "answers dropped: to no question of ours")	\
	X(drop_full, "names refused: too many at a time")		\
	X(drop_name, "names refused: not the name of a host")		\
	X(drop_servers, "name servers not used: too many")		\
	X(servers, "name servers that the parent gave us")		\
	X(wanted, "times that the parent was asked for others")

struct counters {
	RESOLVERD_COUNTERS(COUNTER_FIELD)
};

#endif /* RESOLVERD_COUNTERS_H */
