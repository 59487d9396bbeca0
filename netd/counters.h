/* SPDX-License-Identifier: ISC */
/*
 * What netd counts, for "show counters": every reason to drop has its own.
 */
#ifndef NETD_COUNTERS_H
#define NETD_COUNTERS_H

#include <stdint.h>

#define COUNTERS(X)							\
	X(RX_DATAGRAMS, "rx_datagrams",					\
	    "datagrams received, each of a train counted")		\
	X(RX_RECORDS, "rx_records", "records of data passed to cryptod") \
	X(RX_HANDSHAKES, "rx_handshakes",				\
	    "initiations and responses passed to cryptod")		\
	X(RX_COOKIES, "rx_cookies", "cookie replies taken")		\
	X(RX_ERRORS, "rx_errors", "errors of receive calls")		\
	X(RX_TRUNCATED, "rx_truncated", "dropped: longer than the buffer") \
	X(RX_FORM, "rx_form", "dropped: not the form of a message")	\
	X(RX_INDEX, "rx_index", "dropped: unknown receiver index")	\
	X(RX_MAC1, "rx_mac1", "dropped: wrong mac1")			\
	X(RX_DUPLICATE, "rx_duplicate",					\
	    "dropped: second copy of a handshake message within 1 s")	\
	X(RX_LIMITED, "rx_limited",					\
	    "dropped: under load and the source exceeds its rate")	\
	X(RX_SHARE, "rx_share",						\
	    "dropped: too many handshake messages wait for cryptod")	\
	X(RX_COOKIE_BAD, "rx_cookie_bad",				\
	    "dropped: cookie reply to nothing of ours, or forged")	\
	X(RX_FULL, "rx_full", "dropped datagrams: no room in the ring")	\
	X(RX_NOT_READY, "rx_not_ready", "dropped: the ring is not there") \
	X(LOADED, "loaded",						\
	    "handshake messages judged while under load")		\
	X(COOKIES_SENT, "cookies_sent", "cookie replies sent")		\
	X(TX_DATAGRAMS, "tx_datagrams", "datagrams sent")		\
	X(TX_RECORDS, "tx_records", "records of data taken from cryptod") \
	X(TX_HANDSHAKES, "tx_handshakes",				\
	    "initiations and responses taken from cryptod")		\
	X(TX_MALFORMED, "tx_malformed",					\
	    "dropped: cryptod's record is no message")			\
	X(TX_NO_DEVICE, "tx_no_device", "dropped: the device is gone")	\
	X(TX_NO_ENDPOINT, "tx_no_endpoint",				\
	    "dropped: the device has no endpoint")			\
	X(TX_NO_SOCKET, "tx_no_socket",					\
	    "dropped: no socket of the endpoint's family")		\
	X(TX_BUSY, "tx_busy", "dropped: the socket's buffer is full")	\
	X(TX_ERRORS, "tx_errors", "dropped: the send failed")		\
	X(TX_UNPINNED, "tx_unpinned",					\
	    "sent again without the source address that failed")	\
	X(TX_PLAIN, "tx_plain", "trains sent one by one instead")	\
	X(AUTHS, "auths", "sources that cryptod found authentic")	\
	X(ROAMED, "roamed", "of these, changes of an endpoint")		\
	X(AUTH_STALE, "auth_stale", "of these, for a device that is gone") \
	X(ENDPOINT_STALE, "endpoint_stale",				\
	    "endpoints set for a device that is gone")			\
	X(ROUTE_EVENTS, "route_events", "changes of routes or addresses") \
	X(ROUTE_LOST, "route_lost", "times that such events were lost")	\
	X(ROUTE_CHECKS, "route_checks", "routes looked up after them")	\
	X(ROUTE_UNPINNED, "route_unpinned",				\
	    "source addresses forgotten because of them")

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
