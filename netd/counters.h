/* SPDX-License-Identifier: ISC */
/*
 * What netd counts, for "show counters": every reason to drop has its own.
 */
#ifndef NETD_COUNTERS_H
#define NETD_COUNTERS_H

#include "shared/counter.h"

#define NETD_COUNTERS(X)						\
	X(rx_datagrams, "datagrams received, each of a train counted")	\
	X(rx_records, "records of data passed to cryptod")		\
	X(rx_handshakes, "initiations and responses passed to cryptod")	\
	X(rx_cookies, "cookie replies taken")				\
	X(rx_errors, "errors of receive calls")				\
	X(rx_truncated, "dropped: longer than the buffer")		\
	X(rx_form, "dropped: not the form of a message")		\
	X(rx_index, "dropped: unknown receiver index")			\
	X(rx_mac1, "dropped: wrong mac1")				\
	X(rx_duplicate,							\
	    "dropped: second copy of a handshake message within 1 s")	\
	X(rx_limited,							\
	    "dropped: under load and the source exceeds its rate")	\
	X(rx_share,							\
	    "dropped: too many handshake messages wait for cryptod")	\
	X(rx_cookie_bad,						\
	    "dropped: cookie reply to nothing of ours, or forged")	\
	X(rx_full, "dropped datagrams: no room in the ring")		\
	X(rx_not_ready, "dropped: the ring is not there")		\
	X(loaded, "handshake messages judged while under load")		\
	X(cookies_sent, "cookie replies sent")				\
	X(tx_datagrams, "datagrams sent")				\
	X(tx_records, "records of data taken from cryptod")		\
	X(tx_handshakes, "initiations and responses taken from cryptod") \
	X(tx_malformed, "dropped: cryptod's record is no message")	\
	X(tx_no_device, "dropped: the device is gone")			\
	X(tx_no_endpoint, "dropped: the device has no endpoint")	\
	X(tx_no_socket, "dropped: no socket of the endpoint's family")	\
	X(tx_busy, "dropped: the socket's buffer is full")		\
	X(tx_errors, "dropped: the send failed")			\
	X(tx_unpinned,							\
	    "sent again without the source address that failed")	\
	X(tx_plain, "trains sent one by one instead")			\
	X(auths, "sources that cryptod found authentic")		\
	X(roamed, "of these, changes of an endpoint")			\
	X(auth_stale, "of these, for a device that is gone")		\
	X(endpoint_stale, "endpoints set for a device that is gone")	\
	X(route_events, "changes of routes or addresses")		\
	X(route_lost, "times that such events were lost")		\
	X(route_checks, "routes looked up after them")			\
	X(route_unpinned, "source addresses forgotten because of them")

struct counters {
	NETD_COUNTERS(COUNTER_FIELD)
};

#endif /* NETD_COUNTERS_H */
