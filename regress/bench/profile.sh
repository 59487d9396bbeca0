#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Where the time of one TCP stream through a tunnel goes: CPU time of each
# thread, system calls, and the functions that take most of it.
#
#   KIND=warren  SECS=N  FUNCTIONS=N  FULL=1  OUT=directory of profile.txt
#
# timeout: 600
# alone: yes

. "$(dirname "$0")/../lib.sh"
need wg ping ip awk pgrep
. "$TOP/regress/bench/kinds.subr"
. "$TOP/regress/bench/measure.subr"
KIND=${KIND:-warren}
SECS=${SECS:-$([ -n "${FULL:-}" ] && echo 20 || echo 4)}
FUNCTIONS=${FUNCTIONS:-12}
a=${KIND}a
b=${KIND}b

if ! kind_there "$KIND"; then
	skip_all "$KIND is not there"
elif ! kind_start "$KIND"; then
	not_ok "$KIND" "it does not start"
	exit 1
fi
bytes=$(bytes_for "$a" "$b" 10.9.0.2 "$SECS")

# stream BYTES: its rate; what fails is said.
stream() {
	streams "$a" "$b" 10.9.0.2 1 "$1" || not_ok stream "it was cut off"
}

# --- the time of each thread

threads() {
	tasks "$a" >"$T/a.before"
	tasks "$b" >"$T/b.before"
	begun=$(clock)
	rate=$(stream "$bytes")
	took=$(calc "$(clock) - $begun")
	tasks "$a" >"$T/a.after"
	tasks "$b" >"$T/b.after"
	cat <<-END

	# CPU time: $(calc "int($bytes / 1e6)") MB from one end to the other, $rate Mbit/s; time by
	# /proc/PID/task/*/schedstat; user and system are its ticks' shares.
	END
	printf '%-8s %-12s %6s %14s %7s %7s %9s\n' end process thread \
	    ns_a_GB user% system% of_a_CPU%
	for end in a b; do
		spent "$T/$end.before" "$T/$end.after" | awk -v e=$end \
		    -v b="$bytes" -v s="$took" '{ t = $4 + $5
		    n = e == "a" ? "send" : "receive"; sum += $3
		    if ($3 < b / 1e6) next
		    printf "%-8s %-12s %6d %14.0f %7.0f %7.0f %9.1f\n", n, $1,
			$2, $3 / b * 1e9, t ? 100 * $4 / t : 0,
			t ? 100 * $5 / t : 0, $3 / s / 1e7 }
		    END { printf "%-8s %-12s %6s %14.0f\n", n, "all", "",
			sum / b * 1e9 }'
	done
}

# --- system calls, in a run of its own for each end

traced() {
	! grep -q '^TracerPid:	0$' "/proc/$1/status"
}
# calls END HOST: those of its processes.
calls() {
	calls_bytes=$((bytes / 8))
	calls_pids=
	for pid in $(family "$2"); do
		strace -q -c -f -p "$pid" -o "$T/strace.$pid" 2>/dev/null &
		calls_pids="$calls_pids $!"
	done
	for pid in $(family "$2"); do
		wait_for 5 traced "$pid" || echo "# $pid cannot be traced"
	done
	calls_rate=$(stream "$calls_bytes")
	# shellcheck disable=SC2086
	kill -INT $calls_pids 2>/dev/null || true
	# shellcheck disable=SC2086
	wait $calls_pids 2>/dev/null || true
	echo
	echo "# system calls, $1: strace -c -f, which slows it down, so that"
	echo "# more is done at a time: $(calc "int($calls_bytes / 1e6)") MB at $calls_rate Mbit/s"
	printf '%-8s %-12s %-18s %12s %12s\n' end process call a_GB errors
	for pid in $(family "$2"); do
		name=$(cat "/proc/$pid/comm")
		awk -v e="$1" -v n="$name" -v b="$calls_bytes" '
		    $1 ~ /^[0-9.]+$/ && $NF != "total" && $4 * 1e9 / b >= 10 {
			printf "%-8s %-12s %-18s %12.0f %12.0f\n", e, n, $NF,
			    $4 * 1e9 / b, (NF > 5 ? $5 * 1e9 / b : 0) }' \
		    "$T/strace.$pid" 2>/dev/null | sort -k4,4nr
	done
}

# --- functions

# top HOST: of each of its processes, while the stream goes on.
top() {
	streams "$a" "$b" 10.9.0.2 1 $((bytes * 2)) >/dev/null &
	top_pid=$!
	sleep 0.3
	perf record -q -e cpu-clock -F 999 -o "$T/perf.$1" \
	    -p "$(family "$1" | paste -sd,)" -- sleep "$SECS" \
	    >/dev/null 2>"$T/perf.err" || {
		not_ok perf "$(tail -n 1 "$T/perf.err")"
		kill $top_pid 2>/dev/null || true
	}
	wait $top_pid 2>/dev/null || true
}
# functions END HOST: those that took most of each of its processes.
functions() {
	top "$2"
	echo
	echo "# functions, $1: perf record -e cpu-clock -F 999, per cent of each"
	echo "# process; the kernel's work for it is in [k]; of a library without"
	echo "# symbols it is the exported name before the place"
	printf '%-8s %-12s %6s %-20s %s\n' end process % object symbol
	perf report --stdio -q -i "$T/perf.$2" -F sample,comm,dso,sym -t '|' \
	    2>/dev/null | awk -F'|' -v e="$1" -v lines="$FUNCTIONS" '
	    { for (i = 1; i <= 4; i++) gsub(/^ +| +$/, "", $i) }
	    $1 ~ /^[0-9]+$/ { n++; v[n] = $1; c[n] = $2; d[n] = $3; s[n] = $4
		if (!($2 in sum)) order[++k] = $2
		sum[$2] += $1; all += $1 }
	    END { for (j = 1; j <= k; j++) {
		p = order[j]
		if (sum[p] < all / 100) continue
		for (i = m = 1; i <= n && m <= lines; i++)
			if (c[i] == p) {
				m++
				printf "%-8s %-12s %6.1f %-20s %s\n", e, p,
				    100 * v[i] / sum[p], d[i], s[i]
			} } }'
}

{
	echo "# method: $KIND, $(kind_name "$KIND" 2>/dev/null); both ends on this"
	echo "# machine, one TCP stream from one to the other for about $SECS s"
	machine
	threads
	if ! command -v strace >/dev/null 2>&1; then
		skip calls "strace is not installed"
	else
		calls send "$a"
		calls receive "$b"
	fi
	if ! command -v perf >/dev/null 2>&1; then
		skip functions "perf is not installed"
	else
		functions send "$a"
		functions receive "$b"
	fi
} >"$OUT/profile.txt"
cat "$OUT/profile.txt"
! grep -q '^not ok' "$OUT/profile.txt" || FAILED=1
echo "# text: $OUT/profile.txt"
ok profile
