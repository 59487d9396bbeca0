#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The AEAD backends beside each other, by length of the packet; no root, and
# nothing but one core.  The last line says whether this CPU gains from the
# second library.
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
	$pin "$BUILD/regress/bench/aead" ||
	    echo "not ok aead: it ended with status $?"
} | tee "$work/out"
awk '$NF ~ /^[0-9]+$/ && / 1420 / { n[$1] += $(NF - 2); m = $1 }
    /^not ok/ { bad = 1 }
    END { if (bad) exit
	printf "ok aead: ns there and back at 1420 bytes: libsodium %d",
	n["libsodium"]
	if (m != "libsodium") printf ", %s %d, %.2f times as fast", m, n[m],
	    n["libsodium"] / n[m]
	print "" }' "$work/out"
