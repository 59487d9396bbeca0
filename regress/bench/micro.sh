#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What the parts of the packet path cost on one core: trie, splitting, merging,
# handshakes; and the ring, on one and on two.  No root.
# timeout: 300
# alone: yes

set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$TOP/build/check}
OUT=${OUT:-$BUILD/bench}
mkdir -p "$OUT"
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
	"$BUILD/regress/bench/rings" 2>>"$work/err" ||
	    echo "not ok rings: it ended with status $?"
} | tee "$work/out"
sed -E '/^#|^ok|^not ok|^SKIP/d; s/  +/\t/g' "$work/out" >"$OUT/micro.tsv"
awk '/^ring: its two copies/ { copies[$(NF - 3)] = $(NF - 2) }
    /^ring: two threads/ && copies[$(NF - 3)] > 0 {
	printf "# %s, %d bytes: %.2f of the time of two copies\n", "two threads",
	    $(NF - 3), $(NF - 2) / copies[$(NF - 3)] }
    /^handshake/ { printf "ok micro: %d handshakes answered a second " \
    "on one core\n", $NF }' "$work/out"
[ ! -s "$work/err" ] || sed 's/^/# /' "$work/err" | sort | uniq -c | head -3
