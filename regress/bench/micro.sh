#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What the parts of the packet path cost on one core: ring, trie, splitting,
# merging, handshakes.  No root.
# timeout: 300
# alone: yes

set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$TOP/build/check}
cd "$TOP"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

pin=
if command -v taskset >/dev/null 2>&1; then
	pin='taskset -c 0'
fi
{
	$pin "$BUILD/regress/bench/micro" 2>"$work/err" ||
	    echo "not ok micro: it ended with status $?"
} | tee "$work/out"
if [ -n "${TSV:-}" ]; then
	sed 's/  */\t/g' "$work/out" | grep -v '^#' >"$TSV/micro.tsv"
fi
awk '/^handshake/ { printf "ok micro: %d handshakes answered a second " \
    "on one core\n", $NF }' "$work/out"
[ ! -s "$work/err" ] || sed 's/^/# /' "$work/err" | sort | uniq -c | head -3
