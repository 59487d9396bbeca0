#!/bin/sh
# SPDX-License-Identifier: ISC
#
# usage: coverage.sh BUILD
#
# Runs the unit tests and the fuzzers' corpora, built with --coverage, and
# prints how many lines of each file of cryptod and shared they reached, the
# lines that they did not of files below LEAST %, and the totals.
#
# A process that gave up its rights can write no counts.  So two kinds of files
# are summed up apart: `process', the main loops of the processes, which are
# exercised by regress/privsep and regress/net, and `rights', whose unit tests
# give up what they have in a child.

set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=$(cd "$1" && pwd)
LEAST=${LEAST:-90}
process='cryptod/cryptod.c cryptod/configure.c cryptod/control.c
    cryptod/events.c cryptod/sandbox_tables.c cryptod/show.c
    cryptod/slots.c shared/child.c shared/counter_show.c
    shared/link_show.c shared/sandbox_tables.c'
rights='shared/caps.c shared/landlock.c shared/priv.c shared/sandbox.c'
command -v gcov >/dev/null 2>&1 || {
	echo "SKIP coverage: gcov is not installed"
	exit 77
}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Tests that drop root write their counts, too.
find "$BUILD" -name '*.gcda' -delete
find "$BUILD" -type d -exec chmod a+rwx {} +
umask 0
for prog in "$BUILD"/regress/unit/* "$BUILD"/regress/replay/*; do
	[ -f "$prog" ] && [ -x "$prog" ] || continue
	name=${prog##*/}
	set --
	case $prog in
	*/replay/*)
		[ -d "regress/fuzz/corpus/$name" ] &&
		    set -- "regress/fuzz/corpus/$name" ;;
	esac
	TESTDIR=$work timeout 300 "$prog" "$@" >"$work/log" 2>&1 </dev/null ||
	    { echo "not counted in full: ${prog#"$BUILD"/regress/}";
	    grep '^not ok' "$work/log"; }
done

# FILE LINES RUN, a line each.
counts() {
	for room in cryptod shared; do
		for note in "$BUILD/$room"/*.gcno; do
			gcov -n "$note" 2>/dev/null
		done
	done | awk '
	    /^File / { f = $2; gsub(/\x27/, "", f); sub(/^.*\/\.\//, "", f) }
	    /^Lines executed:/ && f ~ /(cryptod|shared)\/[a-z0-9_]*\.c$/ {
		sub(/^.*\/cryptod\//, "cryptod/", f)
		sub(/^.*\/shared\//, "shared/", f)
		sub(/^Lines executed:/, "")
		sub(/%/, "")
		printf "%s %d %d\n", f, $3, $1 * $3 / 100 + 0.5
		f = ""
	    }' | sort
}

# The lines of FILE that never ran, as ranges.
missed() {
	gcov -t "$BUILD/${1%.c}.gcno" 2>/dev/null | awk -F: -v want="$1" '
	    $2 ~ /^ *0$/ && $3 == "Source" {
		here = length($4) >= length(want) &&
		    substr($4, length($4) - length(want) + 1) == want
	    }
	    !here || $2 ~ /^ *0$/ { next }
	    { gsub(/ /, "", $1); gsub(/ /, "", $2) }
	    $1 == "-" { next }
	    $1 ~ /^#####/ {
		if (from == "")
			from = $2
		to = $2
		next
	    }
	    from != "" {
		printf " %s", from == to ? from : from "-" to
		from = ""
	    }
	    END {
		if (from != "")
			printf " %s", from == to ? from : from "-" to
		print ""
	    }'
}

counts >"$work/counts"
while read -r file lines run; do
	percent=$((run * 100 / lines))
	apart=
	for f in $process; do
		[ "$f" = "$file" ] && apart=process
	done
	for f in $rights; do
		[ "$f" = "$file" ] && apart=rights
	done
	printf '%-28s %5d of %5d  %3d %%  %s\n' "$file" "$run" "$lines" \
	    "$percent" "$apart"
	[ -z "$apart" ] && [ "$percent" -lt "$LEAST" ] &&
	    echo "    not reached:$(missed "$file")"
	echo "${file%/*} $lines $run ${apart:-tested}" >>"$work/sums"
done <"$work/counts"
awk '
    $4 == "tested" { all += $2; ran += $3; a[$1] += $2; r[$1] += $3 }
    $4 != "tested" { pa[$4] += $2; pr[$4] += $3 }
    END {
	for (room in a)
		printf "%s: %.1f %% of %d lines\n", room,
		    r[room] * 100 / a[room], a[room]
	printf "total: %.1f %% of %d lines\n", ran * 100 / all, all
	for (kind in pa)
		printf "apart: %s, %d of %d lines counted\n", kind,
		    pr[kind], pa[kind]
    }' "$work/sums"
