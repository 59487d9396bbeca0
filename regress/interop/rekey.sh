#!/bin/sh
# SPDX-License-Identifier: ISC
#
# One rekey, which takes 120 s: with wireguard-go, warren once as initiator
# and once as responder, and between two warrens; no ping may be lost.
# slow: beside
# timeout: 200

. "$(dirname "$0")/../lib.sh"
need wg ping ip wireguard-go

host_new a b c d e f
link_new a b 192.0.2.1/24 192.0.2.2/24
link_new c d 192.0.2.1/24 192.0.2.2/24
link_new e f 192.0.2.1/24 192.0.2.2/24
warren_start a -v
theirs_start b
theirs_start c
warren_start d -v
warren_start e -v
warren_start f -v
pair() {
	pair_up "$1" "$2"
	expect "$1 to $2: first ping" ping_from "$1" 10.9.0.2
	eval "shake_$1=$(peer_field "$1" "$2" latest-handshakes)"
	on "$1" ping -n -q -i 0.2 -c 635 -W 3 10.9.0.2 >"$T/$1.ping" 2>&1 &
	eval "pinger_$1=$!"
	PIDS="$PIDS $!"
}
result() {
	eval "wait \$pinger_$1" || true
	lost=$(sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' "$T/$1.ping")
	expect_is "$1 to $2: nothing lost over the rekey" 0 echo "$lost"
	first=0
	eval "first=\$shake_$1"
	now=$(peer_field "$1" "$2" latest-handshakes)
	expect "$1 to $2: one rekey after 120 s, not earlier ($((now - first)))" \
	    test $((now - first)) -ge 118 -a $((now - first)) -le 128
}
pair a b
pair c d
pair e f
result a b
result c d
result e f
