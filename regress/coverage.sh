#!/bin/sh
# SPDX-License-Identifier: ISC
#
# usage: coverage.sh BUILD
#
# Runs the tests of a check (CLASS names another class, ONLY=PATTERN some of
# them) and the fuzzers' corpora on a tree that clang built to count, and
# prints how many lines of each file of cryptod and shared were reached, those
# that were not, and the totals.  A total below LEAST percent is a failure.
#
# The processes under test give up their rights and can write no file.  They
# need not: the counters lie in a file that is mapped before main() begins, so
# that a root, a user, a filter of system calls or a SIGKILL takes nothing of
# them away, and the kernel has them when the process is gone.  The file's name
# is compiled in, as the children's environment is empty, and all runs of a
# program share one.  A test that changes its user before it runs a program
# may find no file that it can open; it then counts nothing and goes on.
#
# uncovered.txt says of lines that no test reaches why that is so.  One that it
# does not explain is a failure, and so is a row that explains nothing.

set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=$(cd "$1" && pwd)
LEAST=${LEAST:-90}
CLASS=${CLASS:-check}
raw=$BUILD/prof
clang=${CC:-clang}
profdata=$("$clang" -print-prog-name=llvm-profdata 2>/dev/null)
cov=$("$clang" -print-prog-name=llvm-cov 2>/dev/null)
for tool in "$profdata" "$cov"; do
	command -v "$tool" >/dev/null 2>&1 && continue
	echo "SKIP coverage: clang's ${tool:-llvm-cov} is not installed"
	exit 77
done
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Programs run by other users count, too.
rm -rf "$raw"
mkdir -p "$raw"
chmod 777 "$raw"
# What tests themselves make is none of ours.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
begin=$(date +%s)
for prog in "$BUILD"/regress/replay/*; do
	if [ ! -f "$prog" ] || [ ! -x "$prog" ]; then
		continue
	fi
	name=${prog##*/}
	set --
	[ -d "regress/fuzz/corpus/$name" ] && set -- "regress/fuzz/corpus/$name"
	timeout 300 "$prog" "$@" >"$work/log" 2>&1 </dev/null ||
	    echo "not counted in full: replay/$name"
done
# What fails here is told; whether it is a fault is for a check to say.
sh regress/run "$BUILD" "$CLASS" >"$BUILD/run.log" 2>&1
grep '^not ok' "$BUILD/run.log"
echo "the tests: $(tail -n 1 "$BUILD/run.log")," \
    "$(($(date +%s) - begin)) s; see $BUILD/run.log"

# One torn in the middle does not take the others with it.
"$profdata" merge -failure-mode=all -o "$work/all" "$raw"/*.profraw ||
    exit 1
set --
for obj in "$BUILD"/cryptod/*.o "$BUILD"/shared/*.o; do
	set -- "$@" -object "$obj"
done
shift
"$cov" export -format=lcov -instr-profile="$work/all" "$@" \
    >"$work/lcov" || exit 1

# FILE LINE COUNT FUNCTION, a line each.
awk -F '[:,]' -v top="$PWD/" '
    /^SF:/ {
	file = substr($0, 4)
	if (index(file, top) == 1)
		file = substr(file, length(top) + 1)
	ours = file ~ /^(cryptod|shared)\/[a-z0-9_]*\.c$/
	split("", at)
	n = 0
	next
    }
    !ours { next }
    /^FN:/ { at[++n] = $2 + 0; name[n] = $NF; next }
    /^DA:/ {
	best = 0
	for (i = 1; i <= n; i++)
		if (at[i] <= $2 && (!best || at[i] > at[best]))
			best = i
	print file, $2, $3, best ? name[best] : "-"
    }' "$work/lcov" | sort -k1,1 -k2,2n >"$BUILD/coverage.lines"

# A line of uncovered.txt: FILE FUNCTION LINES why.
awk -v least="$LEAST" '
    function flush_range(    key) {
	if (from == 0)
		return
	key = file " " rangefunc
	if (!(key in missed)) {
		of_file[file] = of_file[file] SUBSEP key
		name[key] = rangefunc
	}
	missed[key] += to - from + 1
	range[key] = range[key] (from == to ? " " from : " " from "-" to)
	from = 0
    }
    # What of a file is left to explain, as text.
    function unexplained(f,    list, i, n, key, open, text) {
	n = split(of_file[f], list, SUBSEP)
	for (i = 2; i <= n; i++) {
		key = list[i]
		open = missed[key]
		if (key in limit) {
			used[key] = 1
			if (open <= limit[key]) {
				known += open
				continue
			}
			known += limit[key]
			open -= limit[key]
		}
		to_explain += open
		text = text sprintf("\n    %s():%s", name[key], range[key])
		if (key in limit)
			text = text sprintf(": only %d are excused",
			    limit[key])
	}
	return text
    }
    function wrong(what) {
	print "not ok coverage: " what
	bad = 1
    }
    FILENAME == ARGV[1] {
	if ($0 ~ /^#/ || NF == 0)
		next
	key = $1 " " $2
	if ($3 !~ /^[1-9][0-9]*[?]?$/ || NF < 4)
		wrong("uncovered.txt, line " FNR ": not FILE FUNCTION LINES why")
	if (key in limit)
		wrong("uncovered.txt, line " FNR ": " key " comes twice")
	rows[++nrows] = key
	limit[key] = $3 + 0
	seldom[key] = $3 ~ /[?]$/
	next
    }
    {
	if ($1 != file) {
		flush_range()
		file = $1
		files[++n] = file
	}
	all[file]++
	if ($3 > 0) {
		flush_range()
		ran[file]++
		next
	}
	if (from && (rangefunc != $4 || $2 != to + 1))
		flush_range()
	if (!from)
		from = $2
	to = $2
	rangefunc = $4
    }
    END {
	flush_range()
	for (j = 1; j <= n; j++) {
		f = files[j]
		room = f
		sub(/\/.*/, "", room)
		printf "%-28s %5d of %5d  %5.1f %%%s\n", f, ran[f], all[f],
		    ran[f] * 100 / all[f], unexplained(f)
		a[room] += all[f]
		r[room] += ran[f]
		ta += all[f]
		tr += ran[f]
	}
	printf "not reached: %d lines, of which uncovered.txt explains %d\n",
	    ta - tr, known
	for (room in a)
		printf "%s: %.1f %% of %d lines\n", room,
		    r[room] * 100 / a[room], a[room]
	printf "total: %.1f %% of %d lines\n", ta ? tr * 100 / ta : 0, ta
	for (room in a)
		if (r[room] * 100 < least * a[room])
			wrong(room " is below " least " %")
	if (ta == 0)
		wrong("nothing was counted")
	if (to_explain > 0)
		wrong(to_explain " lines are neither reached nor explained")
	for (i = 1; i <= nrows; i++)
		if (!used[rows[i]] && !seldom[rows[i]])
			wrong("reached, so that its row can go: " rows[i])
	if (!bad)
		print "ok coverage"
	exit bad + 0
    }' regress/uncovered.txt "$BUILD/coverage.lines"
