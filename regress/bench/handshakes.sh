#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Handshakes answered a second on one core: 1,000 stock peers, each with an
# address of its own, shake hands as fast as they are answered.  Alone, and
# while one more peer has a TCP stream and pings go on.
#
#   ROUNDS=N  FULL=1  WINDOW="64 1000"  N=peers  KINDS="warren go"  SECS=N
#
# timeout: 1800
# alone: yes

. "$(dirname "$0")/../lib.sh"
need wg ping ip taskset awk ps
. "$TOP/regress/bench/measure.subr"
SECS=${SECS:-$([ -n "${FULL:-}" ] && echo 5 || echo 3)}
KINDS=${KINDS:-"warren go"}
WINDOW=${WINDOW:-"64 1000"}
N=${N:-1000}
hz=$(getconf CLK_TCK)
# The first CPU is the target's, the last one everybody else's.
cpus=$(taskset -cp $$ | sed 's/.*: //')
first=${cpus%%[,-]*}
last=${cpus##*[,-]}

# cpu HOST: ticks of its processes, "NAME TICKS" each.
cpu() {
	for cpu_pid in $(pid_of "$1") $(pgrep -P "$(pid_of "$1")"); do
		sed 's/^[0-9]* (\(.*\)) /\1 /' "/proc/$cpu_pid/stat"
	done | awk '{ print $1, $13 + $14 }'
}
# counters KIND: those that tell why there are no more.
counters() {
	[ "$1" = warren ] || return 0
	ctl "a$1" show counters | awk '{ for (i = 1; i < NF; i++)
	    if ($i ~ /^(hs_busy|loaded|cookies_sent|drop_limited|drop_share|drop_duplicate|drop_socket|drop_hs_flood|handshakes_answered)$/)
		print $i, $(i + 1) }'
}
# difference BEFORE AFTER: of two such lists, in a line.
difference() {
	awk 'FNR == NR { v[$1] = $2; next } { printf " %s %d", $1, $2 - v[$1] }' \
	    "$1" "$2"
}

# storm KIND SECONDS WINDOW: handshakes a second; $T/storm has the line.
storm() {
	ip netns exec "$(ns "s$1")" taskset -c "$last" "$TOOLS/shakes" \
	    -n "$N" -w "$3" -t "$2" seed "$(key_of "a$1")" 198.51.100.1 51820 \
	    >"$T/storm"
	sed -n 's/.* s: \([0-9]*\) a second.*/\1/p' "$T/storm"
}

# stream_start KIND FROM TO ADDRESS: TCP, as much as goes, without end.
stream_start() {
	rm -f "$T/port"
	ip netns exec "$(ns "$3$1")" taskset -c "$(cpu_of "$3")" \
	    "$TOOLS/tcpflow" -l -f "$T/port" "$4" >/dev/null 2>&1 &
	stream_pids=$!
	wait_for 5 test -s "$T/port"
	ip netns exec "$(ns "$2$1")" taskset -c "$(cpu_of "$2")" \
	    "$TOOLS/tcpflow" -n 1000000000000 "$4" "$(cat "$T/port")" \
	    >/dev/null 2>&1 &
	stream_pids="$stream_pids $!"
}
stream_end() {
	# shellcheck disable=SC2086
	kill $stream_pids 2>/dev/null || true
	# shellcheck disable=SC2086
	wait $stream_pids 2>/dev/null || true
}
cpu_of() {
	case $1 in
	a)	echo "$first" ;;
	*)	echo "$last" ;;
	esac
}
# passed KIND HOST: bytes that came in through its tunnel, and the time.
passed() {
	cat "/proc/$(pid_of "$2$1")/net/dev" | awk -v dev="$(tun "$2$1"):" \
	    -v now="$(date +%s.%N)" '$1 == dev { print $2, now }'
}
mbit() {
	echo "$1 $2" | awk '{ printf "%.1f", ($3 - $1) * 8 / ($4 - $2) / 1e6 }'
}

lost_of() {
	sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' "$1"
}

kind_up() {
	host_new "a$1" "b$1" "s$1"
	link_new "a$1" "b$1" 192.0.2.1/24 192.0.2.2/24
	link_new "a$1" "s$1" 198.51.100.1/24 198.51.100.2/24
	ip_on "a$1" route add 10.98.0.0/16 via 198.51.100.2
	ip_on "s$1" route add local 10.98.0.0/16 dev lo
	case $1 in
	warren)	start "a$1" taskset -c "$first" "$WARREND" -d "$(tun "a$1")" ;;
	go)	start "a$1" taskset -c "$first" "$THEIRS" -f "$(tun "a$1")" ;;
	esac
	tunnel_wait "a$1"
	start "b$1" taskset -c "$last" "$WARREND" -d "$(tun "b$1")"
	tunnel_wait "b$1"
	pair_up "a$1" "b$1"
	"$TOOLS/shakes" -c -n "$N" seed >"$T/a$1.wg"
	on "a$1" wg addconf "$(tun "a$1")" "$T/a$1.wg"
	expect "$1: ping" ping_from "a$1" 10.9.0.2
}

# alone KIND WINDOW: nothing else is to be done.
alone() {
	cpu "a$1" >"$T/cpu"
	counters "$1" >"$T/counters"
	note "$1" "rate$2" "$(storm "$1" "$SECS" "$2")"
	cpu "a$1" >"$T/cpu2"
	counters "$1" >"$T/counters2"
	echo "# $1, window $2: $(cat "$T/storm")"
	echo "#     CPU in ticks of 1/$hz s:$(difference "$T/cpu" "$T/cpu2")"
	[ "$1" != warren ] ||
	    echo "#    $(difference "$T/counters" "$T/counters2")"
}

# window KIND HOST SECONDS WINDOW: Mbit/s into that host, meanwhile a storm
# (or none, with window 0), into $T/rate and $T/mbit.
window() {
	win=$(passed "$1" "$2")
	if [ "$4" -eq 0 ]; then
		sleep "$3"
		echo >"$T/rate"
	else
		storm "$1" "$3" "$4" >"$T/rate"
	fi
	mbit "$win" "$(passed "$1" "$2")" >"$T/mbit"
}

# beside KIND: a stream out of the target and one into it, each without and
# with a storm; pings beside the second.
beside() {
	stream_start "$1" a b 10.9.0.2
	sleep 0.5
	window "$1" b "$SECS" 0
	note "$1" out "$(cat "$T/mbit")"
	window "$1" b "$SECS" 1000
	note "$1" out_storm "$(cat "$T/mbit")"
	note "$1" rate_out "$(cat "$T/rate")"
	stream_end
	stream_start "$1" b a 10.9.0.1
	sleep 0.5
	window "$1" a "$SECS" 0
	note "$1" in "$(cat "$T/mbit")"
	window "$1" a "$SECS" 1000
	note "$1" in_storm "$(cat "$T/mbit")"
	note "$1" rate_in "$(cat "$T/rate")"
	stream_end
	ip netns exec "$(ns "b$1")" ping -n -q -i 0.01 -c $((SECS * 90)) \
	    -w $((SECS + 5)) 10.9.0.1 >"$T/ping.out" 2>&1 &
	beside_pid=$!
	storm "$1" "$SECS" 1000 >"$T/rate"
	wait $beside_pid || true
	note "$1" ping_lost "$(lost_of "$T/ping.out")"
	note "$1" rate_ping "$(cat "$T/rate")"
}

kinds=
for kind in $KINDS; do
	case $kind in
	warren|go) ;;
	*)	skip "$kind" "not for handshakes"
		continue ;;
	esac
	if [ "$kind" = go ] && ! command -v "$THEIRS" >/dev/null; then
		skip "$kind" "$THEIRS is not installed"
		continue
	fi
	kind_up "$kind"
	kinds="$kinds $kind"
done
measure() {
	for w in $WINDOW; do
		alone "$1" "$w"
	done
	beside "$1"
}
# shellcheck disable=SC2086
rounds measure $kinds

columns="$(for w in $WINDOW; do printf 'rate%s ' "$w"; done) out out_storm rate_out
    in in_storm rate_in ping_lost rate_ping"
TSV=$OUT/handshakes.tsv
table kind "$kinds" "$columns" >"$TSV"
cat <<END
# method: $N stock peers with an address each (regress/tools/shakes.c) shake
# hands with one target, whose processes are all pinned to CPU $first; all else
# is pinned to CPU $last, which limits the streams, too.  $ROUNDS rounds of
# $SECS s each in turn, medians.  rateW: handshakes answered a second, W of
# them under way at a time, nothing else to do; out, in: Mbit/s of one TCP
# stream out of the target and into it, out_storm and in_storm: while 1000
# handshakes are under way, of which rate_out and rate_in are answered a
# second; ping_lost: per cent of pings, 10 ms apart, in such a storm.
END
machine
show "$TSV"
if plots_there; then
	rates=
	for w in $WINDOW; do
		rates="$rates rate$w"
	done
	# shellcheck disable=SC2086
	bars "$TSV" handshakes "handshakes answered a second" $rates \
	    rate_out rate_in rate_ping
	bars "$TSV" handshakes-stream "Mbit/s beside a storm of handshakes" \
	    out out_storm in in_storm
fi
echo "# table: $TSV"
ok handshakes
