#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Killed at every stage, restarted as a service manager would do it: nothing
# on disk is lost, nothing is left in the kernel, and sessions come back by
# themselves, also towards a peer that has moved meanwhile.

. "$(dirname "$0")/../lib.sh"
need wg ping ip python3
# timeout: 240

host_new a r b
link_new a r 192.0.2.1/24 192.0.2.2/24
link_new r b 198.51.100.1/24 198.51.100.2/24
addr_add b to-r 198.51.100.77/24
router r
ip_on a route add default via 192.0.2.2
ip_on b route add default via 198.51.100.1
keys_new a b
before=$(kernel_state a)

cat >"$T/a.conf" <<CONF
interface $(tun a) {
	address 10.66.0.1/24
	fwmark 51820
	listen port 51820
}
peer "bob" {
	public-key "$(key_of b)"
	allowed-ips { 10.66.0.2/32, 203.0.113.0/24 }
}
CONF
conf_start a
# wg(8) derives the public key from the private one, which it is not told.
public_key() {
	ctl a -j show interface | python3 -c '
import json, sys
print(json.load(sys.stdin)["rows"][0]["public_key"])'
}
public_key >"$T/a.pub"

# b is a stock peer that began by itself and is not in any file of a.
theirs_start b
wg_setup b 51821
peer_add b a 10.66.0.1/32 endpoint 192.0.2.1:51820
tunnel_up b 10.66.0.2/24
expect "the stock peer begins" ping_from b 10.66.0.1

child_of() {
	ps -o pid=,args= --ppid "$1" | sed -n "s/^ *\([0-9]*\) $2:.*/\1/p"
}

saved() {
	[ -s "$STATE/$(tun a)/sessions" ]
}
expect "who was there is saved soon" wait_for 5 saved

# It moves, and a hears of it by an authentic packet.
sleep 1.5		# the handshake's own news
newest() {
	find "$STATE/$(tun a)/sessions" -newer "$T/moved" | grep -q .
}
touch "$T/moved"
on b wg set "$(tun b)" listen-port 51999
expect "the stock peer has moved" ping_from b 10.66.0.1
expect "where it is now is saved soon" wait_for 5 newest

# a restarts, killed in the worst way; only a knows where b is, and b keeps
# silent.
# shellcheck disable=SC2034
MAY_LEAVE=1
kill -9 "$(pid_of a)"
wait_for 5 gone "$(pid_of a)"
conf_start a
expect "after kill -9 a finds the peer where it was" \
    wait_for 10 ping_from a 10.66.0.2 1
expect_is "at its new port" 198.51.100.2:51999 peer_field a b endpoints

# It moves again; a is ended at once, in order, and that is saved, too.
on b wg set "$(tun b)" listen-port 51998
expect "the stock peer has moved again" ping_from b 10.66.0.1 1
conf_end a
expect_fail "nothing half written is left" \
    test -e "$STATE/$(tun a)/.sessions.new"
conf_start a
expect "after an orderly restart a finds it, too" \
    wait_for 5 ping_from a 10.66.0.2 1
expect_is "at that port" 198.51.100.2:51998 peer_field a b endpoints

# Again and again, before anything is saved at leisure: no label is sent twice.
bad=
for n in 1 2 3 4 5 6; do
	if [ $((n % 2)) -eq 0 ]; then
		conf_end a
	else
		kill -9 "$(pid_of a)"
		wait_for 5 gone "$(pid_of a)"
	fi
	conf_start a
	ping_from a 10.66.0.2 1 -w 4 >/dev/null || bad="$bad $n"
done
expect_is "each of six restarts in a row is answered at once" "" echo $bad

# Every child killed, then the parent, at every stage of the start: the
# moment is swept over the time that a start takes.
stage() {
	ip netns exec "$(ns a)" "$WARREND" -d -f "$T/a.conf" \
	    >>"$T/a.log" 2>&1 &
	stage_pid=$!
	PIDS="$PIDS $stage_pid"
	sleep "$2"
	case $1 in
	parent)	kill -9 $stage_pid 2>/dev/null || true ;;
	*)	kill -9 "$(child_of $stage_pid "$1")" 2>/dev/null ||
		    kill $stage_pid 2>/dev/null || true ;;
	esac
	wait_for 5 gone $stage_pid
}

clean() {
	on a "$WARREND" --cleanup "$(tun a)" >>"$T/a.log" 2>&1 &&
	    [ "$(kernel_state a)" = "$before" ] &&
	    not ip_on a link show "$(tun a)" 2>/dev/null
}

conf_end a
for victim in parent cryptod netd ctld; do
	bad=
	for delay in 0.005 0.01 0.015 0.02 0.03 0.04 0.05 0.07 0.1 0.2; do
		stage $victim $delay || bad="$bad $delay(lives)"
		clean || bad="$bad $delay(left)"
	done
	expect_is "$victim killed at every stage: nothing is left" "" \
	    echo $bad
done
conf_start a
expect "and it starts as ever" wait_for 10 ping_from a 10.66.0.2 1

# One that hangs is asked once in ten seconds, by whom it costs one.
helper=$(child_of "$(pid_of a)" resolverd)
kill -STOP "$helper"
expect "resolverd hangs: the others answer" ctl a show counters
expect "resolverd hangs: the log tells" \
    wait_for 5 grep -q 'resolverd does not answer' "$T/a.log"
begin=$(date +%s%N)
for n in 1 2 3 4 5 6; do
	ctl a show counters >/dev/null
done
expect "resolverd hangs: who asks next does not wait" \
    test $((($(date +%s%N) - begin) / 1000000)) -lt 4000
expect "resolverd hangs: status tells" sh -c "\"$WARRENCTL\" -i $(tun a) status |
    grep -q 'resolverd does not answer'"
kill -CONT "$helper"
expect "resolverd goes on: the log tells" \
    wait_for 5 grep -q 'resolverd answers again' "$T/a.log"
expect "resolverd goes on: it is asked again" sh -c \
    "\"$WARRENCTL\" -i $(tun a) show counters | grep -q '^resolverd'"
silent() {
	ctl a status >"$T/status" && not grep -q 'does not answer' "$T/status"
}
expect "resolverd goes on: status is silent" wait_for 5 silent

# resolverd is a helper: its loss is told, and nothing else happens.
kill -9 "$(child_of "$(pid_of a)" resolverd)"
expect "resolverd killed: the log names it" \
    wait_for 5 grep -q 'resolverd.*killed by signal 9' "$T/a.log"
expect "resolverd killed: the tunnel works" ping_from a 10.66.0.2
expect "resolverd killed: status tells" wait_for 5 \
    sh -c "\"$WARRENCTL\" -i $(tun a) status | grep -q resolverd"

# A restart loop as a service manager has it, twenty times.
bad=
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	case $((n % 4)) in
	0)	kill -9 "$(pid_of a)" ;;
	1)	kill -9 "$(child_of "$(pid_of a)" cryptod)" ;;
	2)	kill -9 "$(child_of "$(pid_of a)" netd)" ;;
	3)	kill -9 "$(child_of "$(pid_of a)" ctld)" ;;
	esac
	wait_for 5 gone "$(pid_of a)" || bad="$bad $n(lives)"
	on a "$WARREND" --cleanup "$(tun a)" >>"$T/a.log" 2>&1 ||
	    bad="$bad $n(cleanup)"
	conf_start a
done
expect_is "killed and restarted 20 times" "" echo $bad
expect_fail "and that is no clock that was set back" \
    grep 'was it set back' "$T/a.log"
expect "the tunnel works after that" wait_for 10 ping_from a 10.66.0.2 1
expect_is "the private key is the same" "$(key_of a)" public_key

# It moves while a is down, and only the file tells where to: what a remembers
# is tried first, then the file has its turn.
conf_end a
on b wg set "$(tun b)" listen-port 52001
sed -i 's/^	allowed-ips/	endpoint 198.51.100.2 port 52001\
&/' "$T/a.conf"
conf_start a
expect "a peer that moved meanwhile is found by the file" \
    wait_for 30 ping_from a 10.66.0.2 1
expect_is "there" 198.51.100.2:52001 peer_field a b endpoints

# What is damaged on disk is told and does no harm.  The stock peer finds by
# its own timers that its session is gone.
conf_end a
ignored() {
	grep -c 'sessions file is ignored' "$T/a.log" || true
}
n=$(ignored)
for damage in '' 'warren' 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; do
	printf %s "$damage" >"$STATE/$(tun a)/sessions"
	conf_start a
	n=$((n + 1))
	expect_is "damaged sessions ('$damage'): it starts and says so" $n \
	    ignored
	[ -n "$damage" ] ||
	    expect "and the peer comes back by itself" \
		wait_for 30 ping_from b 10.66.0.1
	conf_end a
done
echo nonsense >"$STATE/$(tun a)/key"
if on a timeout 10 "$WARREND" -d -f "$T/a.conf" >"$T/out" 2>&1; then
	not_ok "a damaged private key is refused" "it started"
else
	expect "a damaged private key is refused" \
	    grep -q "not a key" "$T/out"
fi
expect_is "and not replaced" nonsense cat "$STATE/$(tun a)/key"
