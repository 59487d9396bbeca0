#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The manuals: clean mdoc, usage as in SYNOPSIS, and the table of messages
# complete.

. "$(dirname "$0")/../lib.sh"
need mandoc

pages() {
	for page in "$TOP"/man/*.[1-9] "$BUILD"/man/*.[1-9]; do
		[ -e "$page" ] && echo "$page"
	done
}
for page in $(pages); do
	expect_is "mandoc lint: $(basename "$page")" "" \
	    mandoc -Tlint -Wwarning "$page"
done
for page in warrend.8 warrenctl.8 warren.7 warren-imsg.7; do
	expect "there is a $page" sh -c "ls '$TOP/man/$page' '$BUILD/man/$page' \
	    2>/dev/null | grep -q ."
done

# plain PAGE: as text, without overstriking.
plain() {
	mandoc -Tascii "$1" | sed 's/.\x08//g'
}

# usage() and SYNOPSIS name the same options and words.
words() {
	tr -cs 'a-zA-Z0-9-' '\n' | grep -Ev '^(usage|warren.*|or|)$' | sort -u
}
synopsis() {
	plain "$1" |
	    sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' | sed '1d;$d' | words
}
usage() {
	"$@" 2>&1 | sed -n 's/^usage://p; /^       /p' | words
}
for prog in warrend warrenctl; do
	case $prog in
	warrend) bin=$WARREND ;;
	*) bin=$WARRENCTL ;;
	esac
	synopsis "$TOP/man/$prog.8" >"$T/$prog.man"
	usage "$bin" -? >"$T/$prog.usage" || true
	expect "$prog: usage says what the SYNOPSIS says" \
	    diff "$T/$prog.man" "$T/$prog.usage"
done

# Every message type of the program stands in warren-imsg(7).
plain "$BUILD/man/warren-imsg.7" >"$T/imsg.txt"
missing() {
	sed -n 's/^	MSG_\([A-Z_]*\)[	 ]*= 0x.*/\1/p' \
	    "$TOP/shared/msg.h" | while read -r name; do
		grep -q "^ *$name (0x" "$T/imsg.txt" || echo "$name"
	done
}
expect_is "every message stands in warren-imsg(7)" "" missing
