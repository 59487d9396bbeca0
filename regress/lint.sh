#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Runs the linters that are installed over the tree; the arguments are the
# compiler's include flags.  One that is missing is named and skipped.  What
# is known to be wrong is in suppressions.txt.

cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
JOBS=${JOBS:-2}
failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

there() {
	command -v "$1" >/dev/null 2>&1 && return 0
	echo "SKIP $1: not installed"
	return 1
}

verdict() {
	if [ "$2" -eq 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1"
		failed=1
	fi
}

# judge CHECKER: its findings, a line each, are standard input; ok if all are
# known and all that are known were found.
judge() {
	awk -v checker="$1" '
	    FNR == NR && $1 == checker {
		n++; file[n] = $2; pattern[n] = $3; line[n] = $0 }
	    FNR == NR { next }
	    {
		known = 0
		for (i = 1; i <= n; i++)
			if (index($0, file[i] ":") == 1 && $0 ~ pattern[i])
				known = used[i] = 1
		if (!known) { print; bad = 1 }
	    }
	    END {
		for (i = 1; i <= n; i++)
			if (!used[i]) {
				print "not needed any more: " line[i]
				bad = 1
			}
		exit bad
	    }' regress/suppressions.txt -
	verdict "$1" $?
}

# each COMMAND...: runs it on every source, and prints what it warns of.
each() {
	printf '%s\n' $sources | xargs -P "$JOBS" -I{} sh -c '
	    src=$1; shift
	    timeout 300 "$@" "$src" >"$0.$(echo "$src" | tr / .)" 2>&1
	    [ $? = 124 ] && echo "$src: ran out of time"
	    exit 0' "$work/out" {} "$@"
	cat "$work"/out.* | grep -E '(warning|error):'
	rm -f "$work"/out.*
}

rooms=
for room in shared parent cryptod netd ctld resolverd ctl; do
	[ -d $room ] && rooms="$rooms $room"
done
# shellcheck disable=SC2086
sources=$(find $rooms -name '*.c' | sort)

if there mandoc; then
	mandoc -Tlint -Wwarning man/*.[1-9] "$BUILD"/man/*.[1-9]
	verdict mandoc $?
fi
# SC2034: what a script sets for lib.sh.
if there shellcheck; then
	find . -path ./build -prune -o \( -name '*.sh' -o -path ./regress/run \
	    -o -path ./.ci/run \) -type f -exec shellcheck -S warning -x -P regress \
	    -e SC1090,SC1091,SC2034 {} +
	verdict shellcheck $?
fi

# Functions that have no good use: they know no bounds, keep state for all,
# run a shell or cannot say that they failed.
banned='strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof'
banned="$banned|system|popen|mktemp|tmpnam|tempnam|alloca|rand|srand|random"
banned="$banned|srandom|drand48|rand_r"
# shellcheck disable=SC2086
find $rooms -name '*.[chy]' | sort | xargs awk '
    # Without strings and comments.
    {
	line = $0
	gsub(/\\"/, "", line)
	gsub(/"[^"]*"/, "\"\"", line)
	gsub(/\/\*.*\*\//, "", line)
	if (line ~ /^[ \t]*\/?\*/)
		next
	if (line ~ /(^|[^A-Za-z0-9_>.])('"$banned"')[ \t]*\(/)
		print FILENAME ":" FNR ": " $0
    }' | judge banned

# A comparison that stops at the first difference tells where that was.
secret='psk|preshared|priv|private|secret|mac|mac1|mac2|tag|cookie|key'
secret="$secret|send|recv|ephemeral|ss|session"
# shellcheck disable=SC2086
find $rooms -name '*.[chy]' | sort | xargs awk '
    FNR == 1 { open = "" }
    {
	if (open == "" && $0 ~ /(^|[^A-Za-z0-9_])(b?memcmp|bcmp)[ \t]*\(/)
		at = FNR
	else if (open == "")
		next
	open = open " " $0
	if ($0 !~ /[;{]/ && FNR - at < 6)
		next
	text = open; open = ""
	sub(/.*[^A-Za-z0-9_](b?memcmp|bcmp)[ \t]*\(/, "", text)
	gsub(/[ \t]+/, " ", text)
	depth = 1
	for (i = 1; i <= length(text) && depth > 0; i++) {
		c = substr(text, i, 1)
		depth += c == "(" ? 1 : c == ")" ? -1 : 0
	}
	text = substr(text, 1, i - 1)
	# Also as a part of a name: session_key.
	gsub(/public_key/, "public", text)
	if (text ~ /(^|[^A-Za-z0-9])('"$secret"')([^A-Za-z0-9]|$)/)
		print FILENAME ":" at ": memcmp(" text
    }' | judge memcmp

# It does not know what queue(3) and tree(3) set, nor members that are set one
# by one, the mask that a shift is bounded by, or an arena that stays for the
# life of the process.  Without their macros it would give up such a file.
bsd=$(pkg-config --variable=includedir libbsd-overlay)/bsd
if there cppcheck; then
	# shellcheck disable=SC2086
	cppcheck -q --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,portability --suppress=missingInclude \
	    --suppress=getpwnamCalled \
	    --suppress=shiftTooManyBits --suppress=memleak \
	    --suppress=uninitvar --suppress=ctuuninitvar \
	    --suppress=missingIncludeSystem -D_GNU_SOURCE -I. -Ishared \
	    --include="$bsd/sys/queue.h" --include="$bsd/sys/tree.h" $rooms
	verdict cppcheck $?
fi

if there gcc; then
	each gcc -std=gnu11 -D_GNU_SOURCE -O1 -fanalyzer "$@" -S \
	    -o /dev/null | judge analyzer
fi

# What scan-build runs, without building.  It takes an object of queue(3) and
# tree(3) that was freed for one that is still in them.
if there scan-build && there clang; then
	each clang --analyze --analyzer-output text -Xclang \
	    -analyzer-disable-checker=unix.Malloc -std=gnu11 \
	    -D_GNU_SOURCE "$@" | judge clang
fi

checks='-*,clang-analyzer-*,bugprone-*'
for check in analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
    analyzer-unix.Malloc "analyzer-valist.*"; do
	checks="$checks,-clang-$check"
done
# Seen above, with its suppressions; and order in a struct is for the reader.
checks="$checks,-clang-analyzer-core.*,-clang-analyzer-optin.performance.*"
for check in assignment-in-if-condition easily-swappable-parameters \
    implicit-widening-of-multiplication-result macro-parentheses \
    narrowing-conversions reserved-identifier; do
	checks="$checks,-bugprone-$check"
done
if there clang-tidy; then
	# shellcheck disable=SC2086
	clang-tidy --quiet --checks="$checks" $sources -- -std=gnu11 \
	    -D_GNU_SOURCE "$@" 2>/dev/null | sed "s|^$PWD/||" |
	    grep -E '^[^ ]*(warning|error):|: (warning|error): ' | judge tidy
fi
exit $failed
