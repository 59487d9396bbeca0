#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Somebody on this host sends more to one peer than fits through: another
# peer's stream and pings go on, and two streams share what there is.
# class: check-all
# alone: yes
# timeout: 150

. "$(dirname "$0")/../lib.sh"
need wg ping ip awk

host_new a b c
link_new a b 192.0.2.1/24 192.0.2.2/24
link_new a c 198.51.100.1/24 198.51.100.2/24
for h in a b c; do
	warren_start $h
	wg_setup $h 51820
done
peer_add a b 10.9.0.2/32 endpoint 192.0.2.2:51820
peer_add a c 10.9.0.3/32 endpoint 198.51.100.2:51820
peer_add b a 10.9.0.1/32
peer_add c a 10.9.0.1/32
tunnel_up a 10.9.0.1/24
tunnel_up b 10.9.0.2/24
tunnel_up c 10.9.0.3/24
expect "ping b" ping_from a 10.9.0.2
expect "ping c" ping_from a 10.9.0.3

# listen HOST ADDRESS PORTFILE TOOL [FLAG...]: until its port is known.
listen() {
	listen_host=$1
	listen_addr=$2
	listen_file=$3
	listen_tool=$4
	shift 4
	on "$listen_host" "$TOOLS/$listen_tool" -l "$@" -f "$listen_file" \
	    "$listen_addr" >"$listen_file.out" 2>&1 &
	PIDS="$PIDS $!"
	wait_for 10 test -s "$listen_file"
}
# mbits FILE: what a sender says of its rate.
mbits() {
	sed -n 's/.*: \([0-9]*\)[.0-9]* Mbit.*/\1/p' "$1"
}

# p99 FILE: milliseconds in which 99 % of ping's answers came.
p99() {
	sed -n 's/.* time=\([0-9.]*\) ms.*/\1/p' "$1" | sort -g |
	    awk '{ v[NR] = $1 } END { print NR ? v[int(NR * 0.99 + 0.5)] : 0 }'
}

listen b 10.9.0.2 "$T/b.port" tcpflow
listen c 10.9.0.3 "$T/c.port" tcpflow
on a "$TOOLS/tcpflow" -n 600000000 10.9.0.2 "$(cat "$T/b.port")" >"$T/b.sent" &
one=$!
on a "$TOOLS/tcpflow" -n 600000000 10.9.0.3 "$(cat "$T/c.port")" >"$T/c.sent" &
two=$!
wait $one || not_ok "a stream to b" "it failed"
wait $two || not_ok "a stream to c" "it failed"
b=$(mbits "$T/b.sent")
c=$(mbits "$T/c.sent")
expect "two streams share: $b and $c Mbit/s" \
    test "$((b * 4))" -gt "$c" -a "$((c * 4))" -gt "$b"

# What the machine does besides.
cpu_idle() {
	awk '/^cpu / { for (i = 2; i <= 9; i++) n += $i; print $5, n }' /proc/stat
}
idle=$(cpu_idle)
on a ping -n -i 0.02 -c 100 10.9.0.3 >"$T/pings" 2>&1 || true
idle=$(echo "$idle $(cpu_idle)" |
    awk '{ printf "%d", 100 * ($3 - $1) / ($4 - $2) }')
quiet=$(p99 "$T/pings")
echo "# pings to c without anything else: 99 % within $quiet ms;" \
    "the machine is $idle % idle"
# beside_flood: $lost per cent of the pings to c, and $slow ms.
beside_flood() {
	rm -f "$T/u.port" "$T/d.port"
	listen b 10.9.0.2 "$T/u.port" udpflow
	listen c 10.9.0.3 "$T/d.port" tcpflow
	on a "$TOOLS/udpflow" -s 1300 -t 8 10.9.0.2 "$(cat "$T/u.port")" \
	    >"$T/u.sent" 2>&1 &
	flood=$!
	on a ping -n -i 0.02 -c 200 10.9.0.3 >"$T/pings" 2>&1 &
	pings=$!
	expect "a stream to c beside a flood to b" \
	    on a "$TOOLS/tcpflow" -n 100000000 10.9.0.3 "$(cat "$T/d.port")"
	wait $pings || true
	wait $flood || true
	lost=$(sed -n 's/.* received, \([0-9.]*\)% packet loss.*/\1/p' "$T/pings")
	slow=$(p99 "$T/pings")
	echo "# $(cat "$T/u.sent"); pings to c: $lost % lost, 99 % within" \
	    "$slow ms; $(tail -n 1 "$T/pings")"
}
few_lost() {
	awk "BEGIN { exit !($lost <= 5) }"
}

beside_flood
if on a ip -d link show "$(tun a)" | grep -q 'multi_queue numqueues 8'; then
	# By their hashes, one flood of eight has the same queue as the pings:
	# then another one, from another port.
	few_lost || beside_flood
	few_lost || beside_flood
	expect "pings to c beside it: $lost % lost, at most 5" few_lost
	if [ "$idle" -lt 60 ]; then
		skip "pings beside it: 99 % within $slow ms" \
		    "the machine was busy before ($idle % idle)"
	else
		expect "pings to c beside it: 99 % within $slow ms, at most 100" \
		    awk "BEGIN { exit !($slow > 0 && $slow <= 100) }"
	fi
else
	skip "pings beside it" "the TUN device has one queue"
fi
expect "ping b afterwards" ping_from a 10.9.0.2
