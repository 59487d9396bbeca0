#!/bin/sh
# SPDX-License-Identifier: ISC
#
# warren beside plain veth, a relay without cryptography, wireguard-go and
# what else is installed, in interleaved rounds.  Medians and ratios: the
# numbers of another machine, or of another minute, are not comparable.
#
#   FULL=1        more rounds, longer transfers     ROUNDS=N
#   WGGO=path     one more wireguard-go             WARREN2=path/of/warrend
#   KINDS="..."   only these                        OUT=directory of TSV, SVG
#
# timeout: 7200
# alone: yes

. "$(dirname "$0")/../lib.sh"
. "$TOP/regress/bench/kinds.subr"
need wg ping ip awk
. "$TOP/regress/bench/measure.subr"
# Seconds that a transfer should take.
LONG=$([ -n "${FULL:-}" ] && echo 5 || echo 1)
KINDS=${KINDS:-"veth relay warren warren2 go go2 fastd nebula tinc openvpn"}
TSV=$OUT/compare.tsv

kinds=
for kind in $KINDS; do
	kind_there "$kind" || continue
	if kind_start "$kind"; then
		kinds="$kinds $kind"
	else
		skip "compare-$kind" "it does not start"
	fi
done

address() {
	case $1:$2 in
	veth:*)	echo "192.0.2.$2" ;;
	*)	echo "10.9.0.$2" ;;
	esac
}

# loaded KIND WHAT COMMAND...: pings while that runs.
loaded() {
	l_kind=$1
	l_what=$2
	shift 2
	"$@" >/dev/null &
	l_pid=$!
	sleep 0.3
	pings "${l_kind}a" "$(address "$l_kind" 2)" $((LONG * 150)) >"$T/pings"
	wait $l_pid || true
	note "$l_kind" "$l_what" "$(cut -d' ' -f1 "$T/pings")"
	note "$l_kind" "${l_what}99" "$(cut -d' ' -f2 "$T/pings")"
	note "$l_kind" "${l_what}_lost" "$(cut -d' ' -f3 "$T/pings")"
}

# long RATE: bytes for twice as long as LONG, so that the pings end first.
long() {
	whole "int(${1:-100} * 1e6 / 8 * $LONG) * 2"
}

measure() {
	m_a=${1}a
	m_b=${1}b
	m_there=$(address "$1" 2)
	m_here=$(address "$1" 1)
	m_bytes=$(cat "$T/$1.bytes")
	m_cpu=$(cpu_ns "$m_a" "$m_b")
	m_rate=$(streams "$m_a" "$m_b" "$m_there" 1 "$m_bytes") || m_rate=
	note "$1" tcp1 "$m_rate"
	[ "$1" = veth ] || note "$1" cpu_gb \
	    "$(calc "($(cpu_ns "$m_a" "$m_b") - $m_cpu) / $m_bytes")"
	m_back=$(streams "$m_b" "$m_a" "$m_here" 1 "$m_bytes") || m_back=
	note "$1" tcp1_back "$m_back"
	m_four=$(streams "$m_a" "$m_b" "$m_there" 4 "$m_bytes") || m_four=
	note "$1" tcp4 "$m_four"
	note "$1" tcp4_back "$(streams "$m_b" "$m_a" "$m_here" 4 "$m_bytes")"
	for m_size in 64 1300; do
		udp "$m_a" "$m_b" "$m_there" $m_size 1 >"$T/udp"
		note "$1" udp$m_size "$(cut -d' ' -f1 "$T/udp")"
	done
	udp "$m_a" "$m_b" "$m_there" 64 1 -r 20000 >"$T/udp"
	note "$1" udp_loss "$(cut -d' ' -f2 "$T/udp")"
	pings "$m_a" "$m_there" 200 >"$T/pings"
	note "$1" ping "$(cut -d' ' -f1 "$T/pings")"
	note "$1" ping99 "$(cut -d' ' -f2 "$T/pings")"
	loaded "$1" load streams "$m_a" "$m_b" "$m_there" 1 "$(long "$m_rate")"
	loaded "$1" back streams "$m_b" "$m_a" "$m_here" 1 "$(long "$m_back")"
	loaded "$1" four streams "$m_a" "$m_b" "$m_there" 4 "$(long "$m_four")"
	[ -z "$trains" ] || loaded "$1" flood udp "$m_a" "$m_b" "$m_there" \
	    1300 $((LONG + 1)) -g $trains
	[ "$1" = veth ] && return 0
	sleep 1
	m_wake=$(wakeups "$m_a" "$m_b")
	sleep 2
	note "$1" wakeups "$(calc "($(wakeups "$m_a" "$m_b") - $m_wake) / 2")"
	note "$1" rss "$(calc "$(memory VmRSS "$m_a" "$m_b") / 1024")"
	note "$1" peak "$(calc "$(memory VmHWM "$m_a" "$m_b") / 1024")"
}

trains=44
udp_trains || {
	skip flood "udpflow sends no trains"
	trains=
}
for kind in $kinds; do
	# Without processes its CPU time and memory would be 0.
	[ "$kind" = veth ] || [ -n "$(family "${kind}a")" ] ||
	    not_ok "$kind" "none of its processes is known"
	bytes_for "${kind}a" "${kind}b" "$(address "$kind" 2)" "$LONG" \
	    >"$T/$kind.bytes"
done
# shellcheck disable=SC2086
rounds measure $kinds

# --- telling

table kind "$kinds" "tcp1 tcp1_back tcp4 tcp4_back cpu_gb udp64 udp1300
    udp_loss ping ping99 load load99 back back99 four four99 flood flood99
    flood_lost rss peak wakeups" >"$TSV"
cp "$T/notes" "$OUT/compare-rounds.tsv"

tell "$TSV" "$kinds" <<END
# tcp1, tcp4: Mbit/s of 1 and 4 streams for about $LONG s, every byte compared;
# _back: the other way.  cpu_gb: CPU seconds of the daemons of both ends a GB, by
# /proc/PID/task/*/schedstat.
# udp64, udp1300: datagrams received a second while one sends as fast as it
# can; udp_loss: per cent of 20,000 a second.  ping, ping99: us, median and
# 99 % of 200 pings, 5 ms apart; the same of $((LONG * 150)) of them beside: load, a TCP
# stream; back, one the other way; four, 4 streams; flood, datagrams of 1300
# bytes as fast as trains of ${trains:-no} (UDP_SEGMENT) are sent, and flood_lost: per
# cent of those pings that were lost.  rss, peak: MiB of the processes of both
# ends.  wakeups: voluntary context switches a second of both ends, idle.
END
case " $kinds " in
*" warren "*)
	ratios "warren by veth" warren veth tcp1
	ratios "warren by relay" warren relay tcp1 udp64
	ratios "warren by wireguard-go" warren go tcp1 cpu_gb udp64 ping ;;
esac

if plots_there; then
	bars "$TSV" tcp1 "TCP, Mbit/s, one stream and four" tcp1 tcp4
	bars "$TSV" cpu_gb "CPU seconds a GB" cpu_gb
	bars "$TSV" udp64 "64-byte datagrams received a second" udp64
	bars "$TSV" ping "idle ping, microseconds" ping ping99
	bars "$TSV" load "ping beside load, median, microseconds" \
	    load back four ${trains:+flood}
	bars "$TSV" load99 "ping beside load, 99 %, microseconds" \
	    load99 back99 four99 ${trains:+flood99}
	bars "$TSV" peak "peak memory, MiB" peak
fi
echo "# table: $TSV, every round: $OUT/compare-rounds.tsv"
ok compare
