#!/bin/sh
# SPDX-License-Identifier: ISC
#
# warren beside plain veth and Debian's wireguard-go, in interleaved rounds:
# one TCP stream each way, ping, CPU seconds a GB.  Medians and ratios; the
# numbers of another machine, or of another minute, are not comparable.
# timeout: 1200

. "$(dirname "$0")/../lib.sh"
need wg ping ip awk wireguard-go
ROUNDS=${ROUNDS:-3}
BYTES=${BYTES:-268435456}

# Each kind has two hosts of its own.
kinds="veth warren go"
for kind in $kinds; do
	host_new "${kind}a" "${kind}b"
	link_new "${kind}a" "${kind}b" 192.0.2.1/24 192.0.2.2/24
done
warren_start warrena
warren_start warrenb
theirs_start goa
theirs_start gob
for kind in warren go; do
	wg_setup "${kind}a" 51820
	wg_setup "${kind}b" 51820
	peer_add "${kind}a" "${kind}b" 10.9.0.2/32 endpoint 192.0.2.2:51820
	peer_add "${kind}b" "${kind}a" 10.9.0.1/32
	tunnel_up "${kind}a" 10.9.0.1/24
	tunnel_up "${kind}b" 10.9.0.2/24
done

# CPU ticks of a daemon and its children, both hosts.
ticks() {
	for tick_host in "${1}a" "${1}b"; do
		eval "tick_pid=\${pid_$tick_host:-}"
		[ -n "$tick_pid" ] || continue
		for p in $tick_pid $(pgrep -P "$tick_pid"); do
			awk '{ print $14 + $15 }' "/proc/$p/stat"
		done
	done | awk '{ n += $1 } END { print n + 0 }'
}
address() {
	if [ "$1" = veth ]; then echo 192.0.2.2; else echo 10.9.0.2; fi
}
median() {
	sort -g | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'
}
rate() {
	sed -n 's/.* \([0-9.]*\) Mbit\/s.*/\1/p'
}

hz=$(getconf CLK_TCK)
round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	for kind in $kinds; do
		before=$(ticks $kind)
		flow ${kind}a ${kind}b "$(address $kind)" "$BYTES" |
		    tee -a "$T/$kind.raw" | rate >>"$T/$kind.rate"
		after=$(ticks $kind)
		awk "BEGIN { print ($after - $before) / $hz / ($BYTES / 1e9) }" \
		    >>"$T/$kind.cpu"
		on ${kind}a ping -n -q -c 200 -i 0.005 "$(address $kind)" |
		    sed -n 's|^rtt.*= [0-9.]*/\([0-9.]*\)/.*|\1|p' \
		    >>"$T/$kind.ping"
	done
done
printf '# method: %s rounds of each in turn, %s bytes by one TCP stream (every\n' \
    "$ROUNDS" "$BYTES"
printf '# byte compared), 200 pings, medians; CPU of all daemon processes of both\n'
printf '# ends by /proc/PID/stat; machine: %s cores, Linux %s\n' \
    "$(nproc)" "$(uname -r)"
printf '%-8s %12s %12s %12s %10s %10s\n' kind Mbit/s "ping ms" "CPU s/GB" \
    "x veth" "x go"
for kind in $kinds; do
	printf '%-8s %12s %12s %12s %10s %10s\n' $kind \
	    "$(median <"$T/$kind.rate")" "$(median <"$T/$kind.ping")" \
	    "$(median <"$T/$kind.cpu")" \
	    "$(awk "BEGIN { printf \"%.3f\", $(median <"$T/$kind.rate") / \
	        $(median <"$T/veth.rate") }")" \
	    "$(awk "BEGIN { printf \"%.2f\", $(median <"$T/$kind.rate") / \
	        $(median <"$T/go.rate") }")"
done
ok throughput
