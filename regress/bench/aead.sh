#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The AEAD backends beside each other, by length of the packet; no root, and
# nothing but one core.  It compiles what it measures as the daemon is, and
# as the last line says whether this CPU gains from the second library.
# alone: yes

set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
cd "$TOP"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

cc=${CC:-gcc}
more=
if echo '#include <intel-ipsec-mb.h>' | $cc -E -x c - >/dev/null 2>&1; then
	more="-DHAVE_IPSECMB -lIPSec_MB"
fi
# shellcheck disable=SC2046,SC2086
$cc -std=gnu11 -D_GNU_SOURCE -O2 -fPIE -pie -iquote . -o "$work/aead" \
    regress/bench/aead.c cryptod/aead*.c \
    $(pkg-config --cflags --libs libsodium) $more
if command -v taskset >/dev/null 2>&1; then
	taskset -c 0 "$work/aead"
else
	"$work/aead"
fi | tee "$work/out"
awk '$NF ~ /^[0-9]+$/ && / 1420 / { n[$1] += $(NF - 2); m = $1 }
    END { printf "ok aead: ns there and back at 1420 bytes: libsodium %d",
	n["libsodium"]
	if (m != "libsodium") printf ", %s %d, %.2f times as fast", m, n[m],
	    n["libsodium"] / n[m]
	print "" }' "$work/out"
