#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What the parts of the packet path cost on one core: ring, trie, splitting,
# merging, handshakes.  No root; it compiles what it measures as the daemons
# are.
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
# The objects of the protocol core, by the list that the unit tests use.
# shellcheck disable=SC2016
sources=$(printf '%s\n' 'include regress/objs.mk' \
    'all: ; @echo $(CORE_OBJS:.o=.c)' | make -s -f - all)
# shellcheck disable=SC2046,SC2086
$cc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -O2 -fPIE -pie -iquote . -iquote regress/unit \
    -o "$work/micro" regress/bench/micro.c $sources \
    cryptod/merge.c shared/ring.c regress/unit/fakeclock.c \
    regress/unit/hosts.c regress/unit/packets.c \
    $(pkg-config --cflags --libs libsodium libbsd-overlay) $more
if command -v taskset >/dev/null 2>&1; then
	taskset -c 0 "$work/micro"
else
	"$work/micro"
fi 2>"$work/err" | tee "$work/out"
if [ -n "${TSV:-}" ]; then
	sed 's/  */\t/g' "$work/out" | grep -v '^#' >"$TSV/micro.tsv"
fi
awk '/^handshake/ { printf "ok micro: %d handshakes answered a second " \
    "on one core\n", $NF; n++ } END { if (!n) print "not ok micro: ended " \
    "early" }' "$work/out"
[ ! -s "$work/err" ] || sed 's/^/# /' "$work/err" | sort | uniq -c | head -3
