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
	X(clients_late,							\
	    "requests given up because a process did not answer")	\
	X(accept_paused, "times that accepting had to wait for room")	\
	X(accept_errors, "connections lost in accept")			\
	X(uapi_gets, "UAPI get operations")				\
	X(uapi_sets, "UAPI set operations that were applied")		\
	X(uapi_errors, "UAPI operations that failed")			\
	X(control_requests, "requests on the control socket")		\
	X(control_errors,						\
	    "frames on the control socket that were wrong")

struct counters {
	CTLD_COUNTERS(COUNTER_FIELD)
};

#endif /* CTLD_COUNTERS_H */
