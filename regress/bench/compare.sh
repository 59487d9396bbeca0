#!/bin/sh
# SPDX-License-Identifier: ISC
#
# warren beside plain veth, a relay without cryptography, wireguard-go and
# what else is installed, in interleaved rounds.  Medians and ratios: the
# numbers of another machine, or of another minute, are not comparable.
#
#   FULL=1        more rounds, longer transfers     ROUNDS=N
#   WGGO=path     one more wireguard-go             WARREN2=path/of/warrend
#   KINDS="..."   only these                        OUT=directory of the TSV
#
# timeout: 3600
# alone: yes

. "$(dirname "$0")/../lib.sh"
. "$TOP/regress/bench/kinds.subr"
need wg ping ip awk
ROUNDS=${ROUNDS:-$([ -n "${FULL:-}" ] && echo 9 || echo 3)}
# Seconds that a transfer should take.
LONG=$([ -n "${FULL:-}" ] && echo 5 || echo 1)
OUT=${OUT:-$BUILD/bench}
KINDS=${KINDS:-"veth relay warren warren2 go go2 fastd nebula tinc openvpn"}
mkdir -p "$OUT"
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

# --- what the processes of a kind cost

pids() {
	for pids_host in "${1}a" "${1}b"; do
		eval "pids_pid=\${pid_$pids_host:-}"
		[ -n "$pids_pid" ] || continue
		echo "$pids_pid"
		pgrep -P "$pids_pid" || true
	done
}
# sum KIND FILE PATTERN: of the second word of lines in files of /proc.
sum() {
	for sum_pid in $(pids "$1"); do
		cat "/proc/$sum_pid/$2" 2>/dev/null || true
	done | awk -v p="$3" '$1 ~ p { n += $2 } END { print n + 0 }'
}
cpu() {
	for cpu_pid in $(pids "$1"); do
		sed 's/.*) //' "/proc/$cpu_pid/stat" 2>/dev/null || true
	done | awk -v hz="$hz" '{ n += $12 + $13 } END { print n / hz }'
}
wakeups() {
	for wake_pid in $(pids "$1"); do
		cat "/proc/$wake_pid"/task/*/status 2>/dev/null || true
	done | awk '/^voluntary_ctxt/ { n += $2 } END { print n + 0 }'
}

# --- measuring; note KIND WHAT VALUE

note() {
	printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$T/notes"
}
address() {
	case $1:$2 in
	veth:*)	echo "192.0.2.$2" ;;
	*)	echo "10.9.0.$2" ;;
	esac
}
calc() {
	awk "BEGIN { print $* }"
}
clock() {
	date +%s.%N
}

# streams FROM TO ADDRESS N BYTES: N at a time, BYTES in all; Mbit/s.
streams() {
	streams_each=$(($5 / $4))
	streams_pids=
	streams_clients=
	for i in $(seq "$4"); do
		rm -f "$T/port.$i"
		ip netns exec "$P-$2" timeout 60 "$TOOLS/tcpflow" -l \
		    -f "$T/port.$i" "$3" >/dev/null 2>&1 &
		streams_pids="$streams_pids $!"
	done
	for i in $(seq "$4"); do
		wait_for 5 test -s "$T/port.$i"
	done
	streams_t=$(clock)
	for i in $(seq "$4"); do
		ip netns exec "$P-$1" timeout 60 "$TOOLS/tcpflow" \
		    -n $streams_each "$3" "$(cat "$T/port.$i")" \
		    >/dev/null 2>&1 &
		streams_clients="$streams_clients $!"
	done
	streams_rc=0
	for i in $streams_clients; do
		wait "$i" || streams_rc=1
	done
	streams_t=$(calc "$(clock) - $streams_t")
	# shellcheck disable=SC2086
	kill $streams_pids 2>/dev/null || true
	# shellcheck disable=SC2086
	wait $streams_pids 2>/dev/null || true
	[ $streams_rc -eq 0 ] || return 1
	calc "$5 * 8 / $streams_t / 1e6"
}

# udp KIND SIZE RATE: received a second, and per cent that were lost.
udp() {
	rm -f "$T/udp.port"
	ip netns exec "$P-${1}b" timeout 30 "$TOOLS/udpflow" -l \
	    -f "$T/udp.port" "$(address "$1" 2)" >"$T/udp.in" 2>/dev/null &
	udp_pid=$!
	wait_for 5 test -s "$T/udp.port"
	on "${1}a" "$TOOLS/udpflow" -s "$2" -t 1 ${3:+-r "$3"} \
	    "$(address "$1" 2)" "$(cat "$T/udp.port")" >"$T/udp.out"
	wait $udp_pid || true
	awk 'FNR == NR { sent = $2; next } { n = $2; rate = $6 }
	    END { printf "%.0f %.2f\n", rate, 100 - 100 * n / sent }' \
	    "$T/udp.out" "$T/udp.in"
}

# pings KIND COUNT: median and 99 % of the round trip in microseconds.
pings() {
	on "${1}a" ping -n -c "$2" -i 0.005 "$(address "$1" 2)" |
	    sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -g |
	    awk '{ v[NR] = $1 * 1000 } END { if (NR) printf "%.0f %.0f\n",
	        v[int((NR + 1) / 2)], v[int(NR * 0.99 + 0.5)] }'
}

measure() {
	m_bytes=$(cat "$T/$1.bytes")
	m_cpu=$(cpu "$1")
	m_rate=$(streams "${1}a" "${1}b" "$(address "$1" 2)" 1 "$m_bytes") ||
	    m_rate=
	note "$1" tcp1 "$m_rate"
	[ "$1" = veth ] || note "$1" cpu_gb \
	    "$(calc "($(cpu "$1") - $m_cpu) / ($m_bytes / 1e9)")"
	note "$1" tcp1_back "$(streams "${1}b" "${1}a" "$(address "$1" 1)" \
	    1 "$m_bytes")"
	note "$1" tcp4 "$(streams "${1}a" "${1}b" "$(address "$1" 2)" 4 \
	    "$m_bytes")"
	note "$1" tcp4_back "$(streams "${1}b" "${1}a" "$(address "$1" 1)" \
	    4 "$m_bytes")"
	for m_size in 64 1300; do
		udp "$1" $m_size '' >"$T/udp"
		note "$1" udp$m_size "$(cut -d' ' -f1 "$T/udp")"
	done
	udp "$1" 64 20000 >"$T/udp"
	note "$1" udp_loss "$(cut -d' ' -f2 "$T/udp")"
	pings "$1" 200 >"$T/pings"
	note "$1" ping "$(cut -d' ' -f1 "$T/pings")"
	note "$1" ping99 "$(cut -d' ' -f2 "$T/pings")"
	streams "${1}a" "${1}b" "$(address "$1" 2)" 1 $((m_bytes * 2)) \
	    >/dev/null &
	m_pid=$!
	sleep 0.2
	pings "$1" $((LONG * 150)) >"$T/pings"
	wait $m_pid || true
	note "$1" load "$(cut -d' ' -f1 "$T/pings")"
	note "$1" load99 "$(cut -d' ' -f2 "$T/pings")"
	[ "$1" = veth ] && return 0
	sleep 1
	m_wake=$(wakeups "$1")
	sleep 2
	note "$1" wakeups "$(calc "($(wakeups "$1") - $m_wake) / 2")"
	note "$1" rss "$(calc "$(sum "$1" status ^VmRSS) / 1024")"
	note "$1" peak "$(calc "$(sum "$1" status ^VmHWM) / 1024")"
}

# As many bytes as take LONG seconds, by a first try.
calibrate() {
	c_rate=$(streams "${1}a" "${1}b" "$(address "$1" 2)" 1 33554432) ||
	    c_rate=500
	calc "int($c_rate * 1e6 / 8 * $LONG / 65536) * 65536 + 1048576" \
	    >"$T/$1.bytes"
}

hz=$(getconf CLK_TCK)
: >"$T/notes"
for kind in $kinds; do
	# Without processes its CPU time and memory would be 0.
	[ "$kind" = veth ] || [ -n "$(pids "$kind")" ] ||
	    not_ok "$kind" "none of its processes is known"
	calibrate "$kind"
done
round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	for kind in $kinds; do
		measure "$kind"
	done
done

# --- telling

columns="tcp1 tcp1_back tcp4 tcp4_back cpu_gb udp64 udp1300 udp_loss ping
    ping99 load load99 rss peak wakeups"
median() {
	awk -F'\t' -v k="$1" -v w="$2" '$1 == k && $2 == w && $3 != "" {
	    print $3 }' "$T/notes" | sort -g |
	    awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'
}
{
	printf 'kind'
	for c in $columns; do printf '\t%s' "$c"; done
	echo
	for kind in $kinds; do
		printf '%s' "$kind"
		for c in $columns; do
			printf '\t%s' "$(median "$kind" "$c")"
		done
		echo
	done
} >"$TSV"
cp "$T/notes" "$OUT/compare-rounds.tsv"

cat <<END
# method: both ends on this machine, in two namespaces with a veth between;
# $ROUNDS rounds of each kind in turn, medians.  tcp1, tcp4: Mbit/s of 1 and 4
# streams for about $LONG s, every byte compared; _back: the other way.  cpu_gb:
# CPU seconds of the daemons of both ends a GB, by /proc/PID/stat.  udp64,
# udp1300: datagrams received a second while one sends as fast as it can;
# udp_loss: per cent of 20,000 a second.  ping, ping99: us, median and 99 % of
# 200 pings, 5 ms apart; load, load99: while one TCP stream runs.  rss, peak:
# MiB of the processes of both ends.  wakeups: voluntary context switches a
# second of both ends, idle.
# machine: $(nproc) CPUs, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | sed -n 1p), Linux $(uname -r), load $(cut -d' ' -f1-3 /proc/loadavg)
END
for kind in $kinds; do
	printf '# %-8s %s\n' "$kind" "$(kind_name "$kind" 2>/dev/null)"
done
awk -F'\t' '{ for (i = 1; i <= NF; i++) { v = $i
    if (v ~ /^[0-9.e+]+$/) v = v < 10 && v != int(v) ? sprintf("%.2f", v) : \
	sprintf("%.0f", v)
    printf i == 1 ? "%-8s" : " %9s", v } print "" }' "$TSV"
awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
    { for (i = 2; i <= NF; i++) v[$1, i] = $i }
    function r(a, b, col, x, y) { x = v[a, c[col]]; y = v[b, c[col]]
	return x > 0 && y > 0 ? sprintf("%.2f", x / y) : "-" }
    END { if (v["warren", 2] == "") exit
	print "# warren by veth: tcp1 " r("warren", "veth", "tcp1")
	print "# warren by relay: tcp1 " r("warren", "relay", "tcp1") \
	    ", udp64 " r("warren", "relay", "udp64")
	print "# warren by wireguard-go: tcp1 " r("warren", "go", "tcp1") \
	    ", cpu " r("warren", "go", "cpu_gb") \
	    ", udp64 " r("warren", "go", "udp64") \
	    ", ping " r("warren", "go", "ping") }' "$TSV"

# plot COLUMN TITLE
plot() {
	gnuplot <<-END 2>/dev/null || true
	set terminal svg size 700,400 background "white"
	set output "$OUT/$1.svg"
	set title "$2"
	set style fill solid 0.7
	set boxwidth 0.6
	set yrange [0:*]
	set grid ytics
	set datafile separator "\t"
	set datafile missing "-"
	column = system("sed -n 1p '$TSV' | tr '\\t' '\\n' | grep -nx $1 | cut -d: -f1") + 0
	plot "$TSV" every ::1 using 0:column:xtic(1) with boxes notitle
	END
}
if command -v gnuplot >/dev/null 2>&1; then
	plot tcp1 "one TCP stream, Mbit/s"
	plot cpu_gb "CPU seconds a GB"
	plot udp64 "64-byte datagrams received a second"
	plot ping "idle ping, microseconds"
	plot load99 "ping under load, 99 %, microseconds"
	plot peak "peak memory, MiB"
	echo "# plots: $OUT/*.svg"
else
	skip compare-plots "gnuplot is not installed"
fi
echo "# table: $TSV, every round: $OUT/compare-rounds.tsv"
ok compare
