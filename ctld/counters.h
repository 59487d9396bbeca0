/* SPDX-License-Identifier: ISC */
/*
 * What ctld counts, for "show counters".
 */
#ifndef CTLD_COUNTERS_H
#define CTLD_COUNTERS_H

#include "shared/counter.h"

#define CTLD_COUNTERS(X)						\
	X(clients, "connections that were accepted")			\
	X(clients_closed_idle,						\
	    "idle connections closed to make room for new ones")	\
	X(clients_closed_stalled,					\
	    "connections closed because the other side did not go on")	\
	X(clients_closed_full,						\
	    "connections closed because an answer was not read")	\
	X(clients_late,							\
	    "requests given up because a process did not answer")	\
	X(accept_paused, "times that accepting had to wait for room")	\
	X(accept_errors, "connections lost in accept")			\
	X(uapi_gets, "UAPI get operations")				\
	X(uapi_sets, "UAPI set operations that were applied")		\
	X(uapi_errors, "UAPI operations that failed")			\
	X(uapi_refused, "UAPI set operations refused: a file configures") \
	X(control_requests, "requests on the control sockets")		\
	X(control_errors,						\
	    "frames on the control sockets that were wrong")		\
	X(control_refused, "changes refused on the socket for reading")	\
	X(metrics, "times that the metrics were told")			\
	X(metrics_bad, "requests for metrics that were none")		\
	X(watchers, "clients that began to watch events")		\
	X(events, "events that came while somebody watched")		\
	X(drop_events_many, "events dropped: a process told too many")	\
	X(drop_events_held, "events dropped: too many waited for names") \
	X(drop_events_bad, "events dropped: they do not fit")		\
	X(drop_events_slow, "events dropped: a client did not read them") \
	X(drop_facts, "rows about health dropped: they make no sense")	\
	X(drop_metrics, "rows for metrics dropped: they make no sense")

struct counters {
	CTLD_COUNTERS(COUNTER_FIELD)
};

#endif /* CTLD_COUNTERS_H */
