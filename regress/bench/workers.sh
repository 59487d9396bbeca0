#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What more threads than one gain in cryptod, see workers.c.  No root; it
# compiles what it measures as the daemons are.
# timeout: 300
# alone: yes

set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
cd "$TOP"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

cc=${CC:-gcc}
more=
if echo '#include <intel-ipsec-mb.h>' | $cc -E -x c - >/dev/null 2>&1; then
	more="-DHAVE_IPSECMB -lIPSec_MB"
fi
# shellcheck disable=SC2016
sources=$(printf '%s\n' 'include regress/objs.mk' \
    'all: ; @echo $(AEAD_OBJS:.o=.c)' | make -s -f - all)
# shellcheck disable=SC2046,SC2086
$cc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -O2 -fPIE -pie -pthread \
    -iquote . -iquote regress/unit -o "$work/workers" \
    regress/bench/workers.c $sources cryptod/checksum.c cryptod/ip.c \
    cryptod/merge.c cryptod/open.c cryptod/replay.c cryptod/seal.c \
    cryptod/segment.c cryptod/workers.c regress/unit/packets.c \
    shared/clock.c shared/spin.c \
    $(pkg-config --cflags --libs libsodium libbsd-overlay) $more
"$work/workers" | tee "$work/out"
if [ -n "${TSV:-}" ]; then
	sed 's/  */\t/g' "$work/out" | grep -v '^#' >"$TSV/workers.tsv"
fi
awk '$4 == "threads" { printf "ok workers: %s with %s, %d threads: %s x\n",
    $1, $2, $3, $(NF - 1); n++ } END { if (!n) print "SKIP workers: one CPU" }' \
    "$work/out"
