/* SPDX-License-Identifier: ISC */
/*
 * What cryptod counts.  Every packet that is dropped is counted under the
 * reason for it, in a counter whose name begins with drop_; "warrenctl show
 * counters" prints name, value and help.
 */
#ifndef CRYPTOD_COUNTERS_H
#define CRYPTOD_COUNTERS_H

#include "shared/counter.h"

#define CRYPTOD_COUNTERS(X)						\
	X(tun_read, "packets read from the TUN device")			\
	X(tun_written, "packets written to the TUN device")		\
	X(drop_tun_write_failed, "packets that the TUN device refused")	\
	X(drop_tun_write_full, "packets dropped, the TUN queue was full") \
	X(drop_tun_bad_header, "packets with an impossible virtio header") \
	X(tun_segmented, "large packets read and cut")			\
	X(tun_merged, "large packets merged and written")		\
	X(tun_merge_refused, "merged packets that the kernel refused")	\
	X(out_sent, "data packets sealed and handed to netd")		\
	X(out_keepalives, "keepalives sealed and handed to netd")	\
	X(drop_out_not_ip, "outbound dropped: not an IP packet")	\
	X(drop_out_down, "outbound dropped: the link is down")		\
	X(drop_out_loop, "outbound dropped: it carries our own tunnel")	\
	X(drop_out_no_device, "outbound dropped: no peer has this address") \
	X(drop_out_no_endpoint, "outbound dropped: no endpoint is known") \
	X(drop_out_too_big, "outbound dropped: longer than a datagram")	\
	X(drop_out_ring_full, "outbound dropped: netd does not keep up") \
	X(staged, "packets that waited for a handshake")		\
	X(drop_staged_oldest, "waiting packets dropped for newer ones")	\
	X(drop_staged_purged, "waiting packets dropped: no handshake")	\
	X(drop_staged_no_memory, "packets dropped: no room to wait")	\
	X(icmp_sent, "ICMP unreachable messages written")		\
	X(icmp_limited, "ICMP unreachable messages not written: too many") \
	X(in_received, "data packets opened and accepted")		\
	X(in_keepalives, "keepalives opened and accepted")		\
	X(drop_in_malformed, "inbound dropped: not a transport message") \
	X(drop_in_down, "inbound dropped: the link is down")		\
	X(drop_in_unknown_index, "inbound dropped: no such session")	\
	X(drop_in_expired, "inbound dropped: the session is too old")	\
	X(drop_in_forged, "inbound dropped: authentication failed")	\
	X(drop_in_replayed, "inbound dropped: replayed or too late")	\
	X(drop_in_not_ip, "inbound dropped: no IP packet inside")	\
	X(drop_in_wrong_source, "inbound dropped: not the peer's address") \
	X(drop_in_own_source, "inbound dropped: the source is this host") \
	X(handshakes_initiated, "initiations sent")			\
	X(handshakes_answered, "responses sent")			\
	X(handshakes_completed, "handshakes completed, in both roles")	\
	X(handshakes_received, "initiations and responses received")	\
	X(handshakes_suppressed, "initiations put off: one is on its way") \
	X(handshakes_given_up, "handshakes given up after 20 attempts")	\
	X(drop_hs_malformed, "handshake dropped: wrong length or type")	\
	X(drop_hs_down, "handshake dropped: the link is down")		\
	X(drop_hs_no_identity, "handshake dropped: no private key")	\
	X(drop_hs_low_order, "handshake dropped: low-order public key")	\
	X(drop_hs_forged, "handshake dropped: authentication failed")	\
	X(drop_hs_unknown_peer, "handshake dropped: no such peer")	\
	X(drop_hs_replayed, "handshake dropped: old timestamp")		\
	X(drop_hs_flood, "handshake dropped: less than 20 ms after another") \
	X(drop_hs_unexpected, "response dropped: nothing waits for it")	\
	X(drop_hs_no_memory, "handshake dropped: no memory or index")	\
	X(drop_hs_ring_full, "handshake lost: netd does not keep up")	\
	X(hs_busy, "times that handshakes had used up their share")	\
	X(auth_sent, "peers' new endpoints reported to netd")		\
	X(auth_full, "endpoint reports put off: netd does not keep up")	\
	X(clock_behind, "initiations labelled ahead of the wall clock")	\
	X(clock_jumps, "jumps of the wall clock that expired keys")	\
	X(sessions_written, "times that the sessions file was written")	\
	X(sessions_failed, "times that it could not be written")	\
	X(sessions_resumed, "peers called at once after a restart")	\
	X(drop_event, "events not told: too many")

struct counters {
	CRYPTOD_COUNTERS(COUNTER_FIELD)
};

#endif /* CRYPTOD_COUNTERS_H */
