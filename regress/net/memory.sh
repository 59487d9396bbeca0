#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The memory of one end, as the sum of what its processes have resident (so
# that what two of them share is counted twice): after a gigabyte with one
# peer, beside a storm of handshakes while four streams go, and how much many
# new sessions add.
# class: check-all

. "$(dirname "$0")/../lib.sh"
need wg ping ip awk ps
# alone: yes
# timeout: 180

! sanitized || skip_all \
    "the sanitizers' own memory is more than all of ours"

MAX=24576		# KiB after the gigabyte
MAX_STORM=35840		# KiB beside a storm
MAX_NEW=1024		# KiB that new sessions add
PEERS=1000

# kib HOST: of all its processes.
kib() {
	for kib_pid in $(pid_of "$1") $(ps -o pid= --ppid "$(pid_of "$1")"); do
		cat "/proc/$kib_pid/status"
	done | awk '/^VmRSS/ { n += $2 } END { print n }'
}
# each HOST: the same in parts.
each() {
	for each_pid in $(pid_of "$1") $(ps -o pid= --ppid "$(pid_of "$1")"); do
		awk '/^Name/ { n = $2 } /^VmRSS/ { r = $2 } /^RssShmem/ {
		    s = $2 } END { printf "%s %d (%d shared) ", n, r, s }' \
		    "/proc/$each_pid/status"
	done
}
# at_most NAME KIB MAX
at_most() {
	expect "$1: $2 KiB, at most $3" test "$2" -le "$3"
}

host_new a b s
link_new a b 192.0.2.1/24 192.0.2.2/24
link_new a s 198.51.100.1/24 198.51.100.2/24
# Each peer of the storm has an address of its own.
ip_on a route add 10.98.0.0/16 via 198.51.100.2
ip_on s route add local 10.98.0.0/16 dev lo
pair_start a b
expect "ping" ping_from a 10.9.0.2
echo "# after the start: $(each a)"

# --- a gigabyte: sender and receiver

for quarter in 1 2 3 4; do
	expect "a gigabyte, quarter $quarter" flow a b 10.9.0.2 250000000
done
at_most "the sender of a gigabyte" "$(kib a)" $MAX
at_most "the receiver of a gigabyte" "$(kib b)" $MAX
echo "# a: $(each a)"
echo "# b: $(each b)"

# --- new sessions with the one peer: forgotten and made known again

shaken() {
	[ "$(peer_field "$1" "$2" latest-handshakes)" -gt 0 ]
}
again() {
	on a wg set "$(tun a)" peer "$(key_of b)" remove
	peer_add a b 10.9.0.2/32 endpoint 192.0.2.2:51820 \
	    persistent-keepalive 25
	wait_for 10 shaken a b
}
was_a=$(kib a) was_b=$(kib b)
n=0
while [ $n -lt 40 ] && again; do
	n=$((n + 1))
done
expect_is "a peer is made known again" 40 echo $n
expect "ping by the last session" ping_from a 10.9.0.2
at_most "$n new sessions, who asks" $(($(kib a) - was_a)) $MAX_NEW
at_most "$n new sessions, who answers" $(($(kib b) - was_b)) $MAX_NEW

# --- 200 and more handshakes of a few peers, after the first ones

# storm SECONDS PEERS WINDOW: how many were answered.
storm() {
	ip netns exec "$(ns s)" timeout 60 "$TOOLS/shakes" -n "$2" -w "$3" \
	    -t "$1" seed "$(key_of a)" 198.51.100.1 51820 | tee "$T/storm" |
	    sed -n 's/^answered \([0-9]*\) .*/\1/p'
}
"$TOOLS/shakes" -c -n $PEERS seed >"$T/peers"
head -n 30 "$T/peers" >"$T/few"		# ten of them
on a wg addconf "$(tun a)" "$T/few"
# The first fill the rings between the processes, which go round.
expect "the first handshakes" test "$(storm 5 10 10)" -ge 10
was=$(kib a)
some=0 tries=0
while [ $some -lt 200 ] && [ $tries -lt 10 ]; do
	done_now=$(storm 1 10 10)
	some=$((some + ${done_now:-0}))
	tries=$((tries + 1))
done
expect "$some handshakes" test $some -ge 200
at_most "$some handshakes add" $(($(kib a) - was)) $MAX_NEW
echo "# a: $(each a)"

# --- four streams, and a storm

on a wg addconf "$(tun a)" "$T/peers"
expect "$PEERS peers more" test \
    "$(on a wg show "$(tun a)" peers | wc -l)" -eq $((PEERS + 1))
echo "# with $PEERS peers: $(each a)"
for i in 1 2 3 4; do
	on a "$TOOLS/tcpflow" -l -f "$T/port$i" 10.9.0.1 \
	    >"$T/stream$i" 2>&1 &
	PIDS="$PIDS $!"
	wait_for 5 test -s "$T/port$i"
	on b "$TOOLS/tcpflow" -n 1000000000000 10.9.0.1 "$(cat "$T/port$i")" \
	    >/dev/null 2>&1 &
	PIDS="$PIDS $!"
done
most=0
storm 5 $PEERS $PEERS >"$T/some" &
storming=$!
while kill -0 $storming 2>/dev/null; do
	now=$(kib a)
	[ "$now" -le $most ] || most=$now
	sleep 0.2
done
wait $storming
some=$(cat "$T/some")
expect "$some handshakes beside four streams" test "$some" -ge 200
at_most "four streams and a storm of handshakes, $PEERS peers" $most $MAX_STORM
echo "# a: $(each a)"
sed 's/^/# /' "$T/storm"
expect_is "nothing is broken" "" grep -i -e fault -e panic -e broken "$T/a.log"
