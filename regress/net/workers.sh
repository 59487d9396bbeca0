#!/bin/sh
# SPDX-License-Identifier: ISC
#
# More threads than one in cryptod: every byte still arrives, in order, while
# sessions are replaced under the traffic; who says how many, and who refuses.
# timeout: 150

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

expect "TCP, v4" flow a b 10.9.0.2 268435456
expect "TCP back, v6" flow b a fd09::1 134217728
expect "UDP, fragmented inside" flow_udp a b fd09::2 8000
expect "threads did some of it" test "$(crypto a workers_helped)" -gt 0
expect "on the other side, too" test "$(crypto b workers_helped)" -gt 0
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
expect "TCP while sessions change" flow a b 10.9.0.2 402653184
wait $reloads
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
