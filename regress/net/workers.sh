#!/bin/sh
# SPDX-License-Identifier: ISC
#
# More threads than one in cryptod: every byte still arrives, and datagrams in
# order, while sessions are replaced under the traffic; who says how many, and
# who refuses.
# timeout: 200

. "$(dirname "$0")/../lib.sh"
need wg ping ip

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b

# conf_of HOST OTHER N WORKERS
conf_of() {
	cat <<-END
	interface $(tun "$1") {
		address { 10.9.0.$3/24, fd09::$3/64 }
		listen port 51820
		private-key file "$T/$1.key"
		workers $4
	}
	peer other {
		public-key "$(key_of "$2")"
		${psk:-}
		endpoint 192.0.2.$((3 - $3)) port 51820
		allowed-ips { 10.9.0.$((3 - $3)), fd09::$((3 - $3)) }
	}
	END
}
# crypto HOST FIELD: a number that it shows.
crypto() {
	ctl "$1" -j show crypto |
	    sed -n "s/.*\"$2\": *\([0-9][0-9]*\).*/\1/p" | head -n 1
}
# trains FROM TO ADDRESS [ARGUMENTS]: numbered datagrams, 32 in a large packet:
# those are what threads seal and open.  TCP would hide another order.
trains() {
	trains_from=$1
	trains_to=$2
	trains_at=$3
	trains_out=$T/trains.$1
	shift 3
	rm -f "$trains_out.port"
	ip netns exec "$(ns "$trains_to")" timeout 60 "$TOOLS/udpflow" -l -c \
	    -w 2 -f "$trains_out.port" "$trains_at" >"$trains_out" 2>&1 &
	trains_pid=$!
	wait_for 5 test -s "$trains_out.port"
	on "$trains_from" timeout 30 "$TOOLS/udpflow" -c -g 32 -s 1200 "$@" \
	    "$trains_at" "$(cat "$trains_out.port")" \
	    >"$trains_out.sent" 2>&1 || true
	wait $trains_pid && trains_rc=0 || trains_rc=1
	cat "$trains_out.sent" "$trains_out"
	return "$trains_rc"
}
# helped FROM TO ADDRESS: that, and threads of both did some of it.
helped() {
	helped_from=$(crypto "$1" workers_helped)
	helped_to=$(crypto "$2" workers_helped)
	trains "$1" "$2" "$3" || return 1
	helped_from=$(($(crypto "$1" workers_helped) - helped_from))
	helped_to=$(($(crypto "$2" workers_helped) - helped_to))
	echo "threads did $helped_from pieces and $helped_to"
	[ "$(counter "$1" tun_segmented)" -gt 0 ] || return 0
	[ "$helped_from" -gt 0 ] || return 1
	# Without an offload below, what is opened comes one by one.
	[ -n "${WITHOUT:-}" ] || [ "$helped_to" -gt 0 ]
}

conf_of a b 1 3 >"$T/a.conf"
conf_of b a 2 4 >"$T/b.conf"
chmod 600 "$T/a.conf" "$T/b.conf"
conf_start a
conf_start b
expect "ping" ping_from a 10.9.0.2
expect_is "a has as many as it was told" 3 crypto a workers
expect_is "b, too" 4 crypto b workers
# The main thread is in the count; the sandbox holds all of them.
pid_c=$(pgrep -P "$(pid_of a)" -x cryptod)
expect_is "threads" 3 sh -c "ls /proc/$pid_c/task | wc -l"
expect_is "each is filtered" 3 sh -c \
    "cat /proc/$pid_c/task/*/status | grep -c '^Seccomp:[[:space:]]*2'"
expect_is "none has a right" 3 sh -c \
    "cat /proc/$pid_c/task/*/status | grep -c '^CapEff:[[:space:]]*0*\$'"

# Before anything else is large: the counters know whether UDP is.
expect "datagrams in trains, v4" helped a b 10.9.0.2
expect "datagrams in trains back, v6" helped b a fd09::1
[ "$(counter a tun_segmented)" -gt 0 ] ||
    skip "trains" "no large packets of UDP with this kernel or offload"
expect "TCP, v4" flow a b 10.9.0.2 268435456
expect "TCP back, v6" flow b a fd09::1 134217728
expect "UDP, fragmented inside" flow_udp a b fd09::2 8000
case ${WITHOUT:-} in
all)	skip "threads" "nothing is large without any offload" ;;
*)	expect "threads did some of it" \
	    test "$(crypto a workers_helped)" -gt 0
	expect "on the other side, too" \
	    test "$(crypto b workers_helped)" -gt 0 ;;
esac
expect "nothing was forged" test "$(counter a drop_in_forged)" -eq 0
expect "nor came twice" test "$(counter a drop_in_replayed)" -eq 0

# New pre-shared keys mean new sessions, each few hundred megabytes.
psk_new ab
psk="preshared-key file \"$T/ab.psk\""
conf_of a b 1 3 >"$T/a.conf"
conf_of b a 2 4 >"$T/b.conf"
(
	for _ in 1 2 3 4 5 6; do
		rm -f "$T/ab.psk"
		psk_new ab
		ctl a reload
		ctl b reload
		sleep 0.5
	done
) >"$T/reloads" 2>&1 &
reloads=$!
trains a b fd09::2 -r 20000 -t 5 >"$T/there" &
there=$!
trains b a 10.9.0.1 -t 5 >"$T/back" &
back=$!
expect "TCP while sessions change" flow a b 10.9.0.2 402653184
wait $reloads
rc=0
wait $there || rc=1
expect "and datagrams in trains" sh -c "cat '$T/there'; exit $rc"
rc=0
wait $back || rc=1
expect "back, too" sh -c "cat '$T/back'; exit $rc"
expect "all of the reloads worked" sh -c "! grep -i error '$T/reloads'"
expect "ping afterwards" ping_from b 10.9.0.1

conf_of a b 1 2 >"$T/a.conf"
expect_fail "another number needs a restart" ctl a reload
expect "and the error says so" sh -c \
    "'$WARRENCTL' -i '$(tun a)' reload 2>&1 | grep -q 'workers.*restart'"
conf_end a
conf_end b

# Bare mode.
for n in 0 17 two ''; do
	expect_fail "-w '$n' is refused" "$WARREND" -d -w "$n" "$(tun a)"
done
warren_start a -w 2
expect_is "bare mode" 2 crypto a workers
