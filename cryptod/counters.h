/* SPDX-License-Identifier: ISC */
/*
 * What cryptod counts.  Every packet that is dropped is counted under the
 * reason for it; "warrenctl show counters" prints name, value and help.
 */
#ifndef CRYPTOD_COUNTERS_H
#define CRYPTOD_COUNTERS_H

#include "shared/counter.h"

#define CRYPTOD_COUNTERS(X)						\
	X(tun_read, "packets read from the TUN device")			\
	X(tun_written, "packets written to the TUN device")		\
	X(tun_write_failed, "packets that the TUN device refused")	\
	X(tun_write_full, "packets dropped, the TUN queue was full")	\
	X(tun_bad_header, "packets with an impossible virtio header")	\
	X(tun_segmented, "large packets read and cut")			\
	X(tun_merged, "large packets merged and written")		\
	X(tun_merge_refused, "merged packets that the kernel refused")	\
	X(out_sent, "data packets sealed and handed to netd")		\
	X(out_keepalives, "keepalives sealed and handed to netd")	\
	X(out_not_ip, "outbound dropped: not an IP packet")		\
	X(out_down, "outbound dropped: the link is down")		\
	X(out_loop, "outbound dropped: it carries our own tunnel")	\
	X(out_no_device, "outbound dropped: no peer has this address")	\
	X(out_no_endpoint, "outbound dropped: the peer's endpoint is unknown") \
	X(out_too_big, "outbound dropped: longer than a datagram")	\
	X(out_ring_full, "outbound dropped: netd does not keep up")	\
	X(staged, "packets that waited for a handshake")		\
	X(staged_dropped, "oldest waiting packets dropped for newer ones") \
	X(staged_purged, "waiting packets dropped: no handshake came about") \
	X(staged_no_memory, "packets dropped: no room to let them wait") \
	X(icmp_sent, "ICMP unreachable messages written")		\
	X(icmp_limited, "ICMP unreachable messages not written: too many") \
	X(in_received, "data packets opened and accepted")		\
	X(in_keepalives, "keepalives opened and accepted")		\
	X(in_malformed, "inbound dropped: not a transport message")	\
	X(in_down, "inbound dropped: the link is down")			\
	X(in_unknown_index, "inbound dropped: no such session")		\
	X(in_expired, "inbound dropped: the session is too old")	\
	X(in_forged, "inbound dropped: authentication failed")		\
	X(in_replayed, "inbound dropped: replayed or too late")		\
	X(in_not_ip, "inbound dropped: no IP packet inside")		\
	X(in_wrong_source, "inbound dropped: the source is not the peer's") \
	X(handshakes_initiated, "initiations sent")			\
	X(handshakes_answered, "responses sent")			\
	X(handshakes_completed, "handshakes completed, in both roles")	\
	X(handshakes_received, "initiations and responses received")	\
	X(handshakes_suppressed, "initiations put off: one is on its way") \
	X(handshakes_given_up, "handshakes given up after 20 attempts")	\
	X(hs_malformed, "handshake dropped: wrong length or type")	\
	X(hs_no_identity, "handshake dropped: there is no private key")	\
	X(hs_low_order, "handshake dropped: the public key has a low order") \
	X(hs_forged, "handshake dropped: authentication failed")	\
	X(hs_unknown_peer, "handshake dropped: no such peer")		\
	X(hs_replayed, "handshake dropped: old timestamp")		\
	X(hs_flood, "handshake dropped: less than 20 ms after another")	\
	X(hs_unexpected, "response dropped: no initiation waits for it") \
	X(hs_no_memory, "handshake dropped: no memory or index")	\
	X(hs_ring_full, "handshake lost: netd does not keep up")	\
	X(hs_busy, "times that handshakes had used up their share")	\
	X(auth_sent, "peers' new endpoints reported to netd")		\
	X(auth_full, "endpoint reports put off: netd does not keep up")	\
	X(clock_behind, "initiations labelled ahead of the wall clock")	\
	X(clock_jumps, "jumps of the wall clock that expired keys")

struct counters {
	CRYPTOD_COUNTERS(COUNTER_FIELD)
};

#endif /* CRYPTOD_COUNTERS_H */
