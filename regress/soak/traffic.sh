#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Traffic for MINUTES (10) with rekeys, key changes and configuration under
# it: every byte is compared, and memory must stay flat.
# timeout: 7200

. "$(dirname "$0")/../lib.sh"
need wg ping ip
MINUTES=${MINUTES:-10}

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
warren_start a
warren_start b
wg_setup a 51820
wg_setup b 51820
peer_add a b 10.9.0.2/32 endpoint 192.0.2.2:51820
peer_add b a 10.9.0.1/32 endpoint 192.0.2.1:51820
tunnel_up a 10.9.0.1/24
tunnel_up b 10.9.0.2/24

# Resident KiB of the four processes of a.
memory() {
	for p in $(pid_of a) $(pgrep -P "$(pid_of a)"); do
		awk '/^VmRSS/ { print $2 }' "/proc/$p/status"
	done | awk '{ n += $1 } END { print n }'
}
end=$(($(date +%s) + MINUTES * 60))
round=0
while [ "$(date +%s)" -lt $end ]; do
	round=$((round + 1))
	flow a b 10.9.0.2 268435456 >"$T/flow.out" ||
	    { not_ok "round $round" "$(cat "$T/flow.out")"; break; }
	flow b a 10.9.0.1 67108864 >>"$T/flow.out" ||
	    { not_ok "round $round back" "$(cat "$T/flow.out")"; break; }
	psk_new ab
	on a wg set "$(tun a)" peer "$(key_of b)" preshared-key "$T/ab.psk"
	on b wg set "$(tun b)" peer "$(key_of a)" preshared-key "$T/ab.psk"
	[ $round -eq 2 ] && first=$(memory)
	echo "# round $round: $(memory) KiB"
done
expect "rounds: $round" test $round -ge 3
last=$(memory)
expect "memory is flat: ${first:-0} KiB, then $last KiB" \
    test "$last" -le $((${first:-0} + 4096))
