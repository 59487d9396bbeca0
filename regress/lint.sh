#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Runs the linters that are installed over the tree; the arguments are the
# compiler's include flags.  One that is missing is named and skipped.

cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
failed=0

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

if there mandoc; then
	mandoc -Tlint -Wwarning man/*.[1-9] "$BUILD"/man/*.[1-9]
	verdict mandoc $?
fi
if there shellcheck; then
	find . -path ./build -prune -o \( -name '*.sh' -o -path ./regress/run \
	    -o -path ./.ci/run \) -type f -exec shellcheck -S warning -x -P regress \
	    -e SC1090,SC1091 {} +
	verdict shellcheck $?
fi
rooms=
for room in shared parent cryptod netd ctld ctl; do
	[ -d $room ] && rooms="$rooms $room"
done
# It does not know queue(3) and tree(3), what they set, the mask that a shift is
# bounded by, or an arena that stays for the life of the process.
if there cppcheck; then
	# shellcheck disable=SC2086
	cppcheck -q --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,portability --suppress=missingInclude \
	    --suppress=syntaxError --suppress=getpwnamCalled \
	    --suppress=shiftTooManyBits --suppress=memleak \
	    --suppress=uninitvar --suppress=unknownMacro \
	    --suppress=missingIncludeSystem -D_GNU_SOURCE -I. -Ishared $rooms
	verdict cppcheck $?
fi
checks='-*,clang-analyzer-*,bugprone-*'
for check in analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
    analyzer-unix.Malloc "analyzer-valist.*"; do
	checks="$checks,-clang-$check"
done
for check in assignment-in-if-condition easily-swappable-parameters \
    implicit-widening-of-multiplication-result macro-parentheses \
    narrowing-conversions reserved-identifier; do
	checks="$checks,-bugprone-$check"
done
if there clang-tidy; then
	# shellcheck disable=SC2046,SC2086
	clang-tidy --quiet --warnings-as-errors='*' --checks="$checks" \
	    $(find $rooms -name '*.c' | sort) -- -std=gnu11 -D_GNU_SOURCE \
	    "$@" 2>/dev/null
	verdict clang-tidy $?
fi
exit $failed
