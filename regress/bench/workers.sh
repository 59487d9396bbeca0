#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What more threads than one gain in cryptod, see workers.c.  No root.
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

{
	"$BUILD/regress/bench/workers" ||
	    echo "not ok workers: it ended with status $?"
} | tee "$work/out"
sed '/^#/d; /^not ok/d; s/  */\t/g' "$work/out" >"$OUT/workers.tsv"
awk '$4 == "threads" { printf "ok workers: %s with %s, %d threads: %s x\n",
    $1, $2, $3, $(NF - 1); n++ }
    /^not ok/ { n++ }
    END { if (!n) print "SKIP workers: one CPU" }' "$work/out"
