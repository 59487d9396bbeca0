/* SPDX-License-Identifier: ISC */
/*
 * What netd counts, for "show counters": every reason to drop has its own,
 * and its name begins with drop_.
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
	X(drop_socket, "inbound dropped: the socket's buffer was full")	\
	X(drop_truncated, "inbound dropped: longer than the buffer")	\
	X(drop_form, "inbound dropped: not the form of a message")	\
	X(drop_index, "inbound dropped: unknown receiver index")	\
	X(drop_mac1, "handshake dropped: made for none of our keys")	\
	X(drop_duplicate,						\
	    "handshake dropped: second copy within 1 s")		\
	X(cookies_sent,							\
	    "handshake dropped: under load, answered with a cookie")	\
	X(drop_limited,							\
	    "handshake dropped: under load, the source exceeds its rate") \
	X(drop_share,							\
	    "handshake dropped: too many of them wait for cryptod")	\
	X(drop_cookie_bad,						\
	    "cookie reply dropped: to nothing of ours, or forged")	\
	X(drop_ring_full, "inbound dropped: cryptod does not keep up")	\
	X(drop_not_ready, "inbound dropped: the ring is not there")	\
	X(loaded, "handshake messages judged while under load")		\
	X(floods, "seconds with a flood of useless handshake messages")	\
	X(tx_datagrams, "datagrams sent")				\
	X(tx_records, "records of data taken from cryptod")		\
	X(tx_handshakes, "initiations and responses taken from cryptod") \
	X(drop_malformed, "outbound dropped: cryptod's record is no message") \
	X(drop_no_device, "outbound dropped: the device is gone")	\
	X(drop_no_endpoint, "outbound dropped: the device has no endpoint") \
	X(drop_no_socket,						\
	    "outbound dropped: no socket of the endpoint's family")	\
	X(drop_busy, "outbound dropped: the socket's buffer was full")	\
	X(drop_send, "outbound dropped: the send failed")		\
	X(tx_unpinned,							\
	    "sent again without the source address that failed")	\
	X(tx_elsewhere,							\
	    "sent again to another address of the name")		\
	X(tx_plain, "trains sent one by one instead")			\
	X(auths, "sources that cryptod found authentic")		\
	X(roamed, "of these, changes of an endpoint")			\
	X(auth_stale, "of these, for a device that is gone")		\
	X(auth_refused, "of these, where nobody can be")		\
	X(endpoint_stale, "endpoints set for a device that is gone")	\
	X(names_asked, "questions to resolverd")			\
	X(names_answered, "answers of resolverd")			\
	X(names_stale, "of these, that came too late")			\
	X(names_used, "endpoints set by name")				\
	X(drop_event, "events not told: too many")			\
	X(route_events, "changes of routes or addresses")		\
	X(route_lost, "times that such events were lost")		\
	X(route_checks, "routes looked up")			\
	X(route_unpinned, "source addresses forgotten because of a route")

struct counters {
	NETD_COUNTERS(COUNTER_FIELD)
};

#endif /* NETD_COUNTERS_H */
