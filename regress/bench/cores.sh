#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What more CPUs and more threads gain from end to end: warren with -w 1 and
# -w 2, as it comes, and on the first CPUs only, in interleaved rounds; and
# which thread would be the first to have no time left.
#
#   ROUNDS=N  FULL=1  CORES="w1 w2 1cpu warren go1cpu go"  OUT=directory
#
# timeout: 1800
# alone: yes

. "$(dirname "$0")/../lib.sh"
need wg ping ip awk pgrep taskset
. "$TOP/regress/bench/kinds.subr"
. "$TOP/regress/bench/measure.subr"
LONG=$([ -n "${FULL:-}" ] && echo 5 || echo 2)
TSV=$OUT/cores.tsv
all=$(nproc)
fewer=
for n in 1 2 4 8 16; do
	[ $n -ge "$all" ] || fewer="$fewer ${n}cpu"
done
CORES=${CORES:-"w1 w2 $fewer warren go1cpu go"}

# pin_of KIND: what keeps its streams on the CPUs that it may use itself.
pin_of() {
	case $1 in
	*cpu)	pin_n=${1#go}
		echo "taskset -c $(first_cpus "${pin_n%cpu}")" ;;
	esac
}
cpus_of() {
	case $1 in
	*cpu)	pin_n=${1#go}
		echo "${pin_n%cpu}" ;;
	*)	echo "$all" ;;
	esac
}

# share KIND BYTES END HOST: what its threads took of $T/HOST.before.
share() {
	tasks "$4" >"$T/$4.after"
	spent "$T/$4.before" "$T/$4.after" | awk -v k="$1" -v b="$2" -v e="$3" '
	    { printf "%s\t%s.%s.%s.ns\t%.5f\n", k, e, $1, $2, $3 / b
	      t = $4 + $5
	      printf "%s\t%s.%s.%s.sys\t%.5f\n", k, e, $1, $2,
		t ? $3 / b * $5 / t : 0 }' >>"$T/notes"
}

measure() {
	m_bytes=$(cat "$T/$1.bytes")
	PIN=$(pin_of "$1")
	tasks "${1}a" >"$T/${1}a.before"
	tasks "${1}b" >"$T/${1}b.before"
	m_cpu=$(cpu_ns "${1}a" "${1}b")
	if m_rate=$(streams "${1}a" "${1}b" 10.9.0.2 1 "$m_bytes"); then
		m_spent=$(($(cpu_ns "${1}a" "${1}b") - m_cpu))
		share "$1" "$m_bytes" send "${1}a"
		share "$1" "$m_bytes" receive "${1}b"
		note "$1" tcp1 "$m_rate"
		note "$1" cpu_gb "$(calc "$m_spent / $m_bytes")"
	fi
	note "$1" tcp4 "$(streams "${1}a" "${1}b" 10.9.0.2 4 "$m_bytes")"
	note "$1" tcp4_back "$(streams "${1}b" "${1}a" 10.9.0.1 4 "$m_bytes")"
	pings "${1}a" 10.9.0.2 200 >"$T/pings"
	note "$1" ping "$(cut -d' ' -f1 "$T/pings")"
	PIN=
}

kinds=
for kind in $CORES; do
	if ! kind_there "$kind"; then
		skip "$kind" "not installed"
	elif kind_start "$kind"; then
		kinds="$kinds $kind"
		note "$kind" cpus "$(cpus_of "$kind")"
		PIN=$(pin_of "$kind")
		bytes_for "${kind}a" "${kind}b" 10.9.0.2 "$LONG" \
		    >"$T/$kind.bytes"
		PIN=
	else
		not_ok "$kind" "it does not start"
	fi
done
# shellcheck disable=SC2086
rounds measure $kinds

# --- telling

table kind "$kinds" "cpus tcp1 tcp4 tcp4_back cpu_gb ping" >"$TSV"
tell "$TSV" "$kinds" <<END
# Kinds Ncpu: both ends and the streams on N CPUs.  tcp1, tcp4: Mbit/s of 1
# and 4 streams; cpu_gb: CPU s of both ends' daemons a GB of tcp1, by
# schedstat; ping: us, idle, median of 200.
END

# shares: KIND END PROCESS THREAD, CPU s a GB, of that in the kernel.
for kind in $kinds; do
	case $kind in go*) continue ;; esac
	awk -F'\t' -v k="$kind" '$1 == k && $2 ~ /\.ns$/ && !seen[$2]++ {
	    sub(/\.ns$/, "", $2); print $2 }' "$T/notes" |
	    while read -r what; do
		printf '%s\t%s\t%s\t%s\n' "$kind" "$(echo "$what" | tr . \\t)" \
		    "$(value "$kind" "$what.ns")" \
		    "$(value "$kind" "$what.sys")"
	done
done | awk -F'\t' '$5 >= 0.001' >"$T/shares"
{
	printf 'kind\tend\tprocess\tthread\ts_a_GB\tsystem\tGbit\n'
	awk -F'\t' '{ printf "%s\t%.2f\n", $0, 8 / $5 }' "$T/shares"
} >"$OUT/cores-threads.tsv"
cat <<END
# CPU s a GB of each thread (1: the main thread, which has the TUN device), of
# that in system calls, and the Gbit/s at which it would have no time left.
END
awk -F'\t' '{ printf "%-8s %-8s %-10s %-7s %8.7s %8.7s %8s\n", $1, $2, $3, $4,
    $5, $6, $7 }' "$OUT/cores-threads.tsv"
awk -F'\t' '{ k = $1 " " $2
    if (!(k in most)) order[++n] = k
    if ($5 > most[k]) { most[k] = $5; who[k] = $3 ", thread " $4 } }
    END { for (i = 1; i <= n; i++)
	printf "# first without time: %s: %s, at %.1f Gbit/s\n", order[i],
	    who[order[i]], 8 / most[order[i]] }' "$T/shares"

# The model: each thread has a CPU of its own.  In cryptod system calls (TUN,
# the bells) are the main thread's, the rest is shared by n threads; netd is
# one thread.
model=$OUT/cores-model.tsv
awk -F'\t' '$1 == "w1" && $3 == "cryptod" { c[$2] += $5; s[$2] += $6 }
    $1 == "w1" && $3 == "netd" { d[$2] += $5 }
    function limit(end, n, x) { x = s[end] + (c[end] - s[end]) / n
	return x > 0 ? 8 / x : 0 }
    function of(x) { return x > 0 ? 8 / x : 0 }
    function least(a, b) { return a < b ? a : b }
    END { if (!c["send"] || !d["send"]) exit
	print "threads\tcryptod_send\tnetd_send\tcryptod_receive\t" \
	    "netd_receive\ttunnel"
	for (n = 1; n <= 8; n *= 2)
		printf "%d\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\n", n,
		    limit("send", n), of(d["send"]), limit("receive", n),
		    of(d["receive"]),
		    least(least(limit("send", n), of(d["send"])),
		    least(limit("receive", n), of(d["receive"]))) }' \
    "$T/shares" >"$model"
if [ -s "$model" ]; then
	cat <<-END
	# model, Gbit/s, from w1: every thread on a CPU of its own; of cryptod's
	# time what is in system calls stays with the main thread, the rest is
	# shared by so many, as if that cost nothing: a bound, not a forecast.
	END
	awk -F'\t' '{ for (i = 1; i <= NF; i++) printf "%-16s", $i
	    print "" }' "$model"
fi
ratios "all CPUs by one, warren" warren 1cpu tcp1 tcp4
ratios "all CPUs by one, wireguard-go" go go1cpu tcp1 tcp4
ratios "-w 2 by -w 1" w2 w1 tcp1 tcp4 cpu_gb

# Lines against CPUs: what is pinned, and what comes as it is.
for kind in $fewer warren; do
	awk -F'\t' -v k="$kind" '$1 == k { print $2 "\t" $3 "\t" $4 "\t" $5 }' \
	    "$TSV"
done >"$T/against"
if plots_there; then
	[ ! -s "$T/against" ] || plot cores "warren, Mbit/s against CPUs" \
	    'set xlabel "CPUs for both ends and the streams"' \
	    "set xtics 1" "set xrange [0.5:$all.5]" \
	    "plot \"$T/against\" using 1:2 with linespoints title \"1 stream\", \
\"\" using 1:3 with linespoints title \"4 streams\", \
\"\" using 1:4 with linespoints title \"4 streams, other way\""
	bars "$TSV" cores-kinds "Mbit/s by kind" tcp1 tcp4 tcp4_back
	[ ! -s "$model" ] || plot cores-model \
	    "model: Gbit/s at which a part has no time left" \
	    'set xlabel "threads of cryptod, each on a CPU of its own"' \
	    "set logscale x 2" \
	    "plot for [i=2:5] \"$model\" using 1:i with linespoints \
title columnheader(i) noenhanced"
fi
echo "# tables: $TSV, $OUT/cores-threads.tsv, $model"
ok cores
