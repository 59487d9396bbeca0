/* SPDX-License-Identifier: ISC */
/*
 * What ctld counts, for "show counters".
 */
#ifndef CTLD_COUNTERS_H
#define CTLD_COUNTERS_H

#define COUNTERS(X)							\
	X(CLIENTS, "clients", "connections that were accepted")		\
	X(CLIENTS_IDLE, "clients_closed_idle",				\
	    "idle connections closed to make room for new ones")	\
	X(CLIENTS_STALLED, "clients_closed_stalled",			\
	    "connections closed because the other side did not go on")	\
	X(ACCEPT_PAUSED, "accept_paused",				\
	    "times that accepting had to wait for room")		\
	X(ACCEPT_ERRORS, "accept_errors", "connections lost in accept")	\
	X(UAPI_GETS, "uapi_gets", "UAPI get operations")		\
	X(UAPI_SETS, "uapi_sets", "UAPI set operations that were applied") \
	X(UAPI_ERRORS, "uapi_errors", "UAPI operations that failed")	\
	X(CONTROL_REQUESTS, "control_requests",				\
	    "requests on the control socket")				\
	X(CONTROL_ERRORS, "control_errors",				\
	    "frames on the control socket that were wrong")

enum counter {
#define X(id, name, help)	COUNTER_##id,
	COUNTERS(X)
#undef X
	COUNTER_COUNT
};

/* Name and explanation of a counter. */
const char	*counter_name(enum counter);
const char	*counter_help(enum counter);

#endif
