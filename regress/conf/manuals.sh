#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The manuals: clean mdoc, usage as in SYNOPSIS, the table of messages complete,
# and the rights that warren(7) tells of as the sources give them.

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

# Every message of DIAGNOSTICS is one of the sources: what is between its names,
# which are in capitals, numbers and brackets.
diagnostics() {
	sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE/s/^\.It "\(.*\)"$/\1/p' \
	    "$TOP/man/warrend.8" | sed 's/([^)]*)//g; s/[A-Z0-9]\{1,\}/\n/g' |
	    sed 's/^ *//; s/ *$//' | grep '[a-z]'
}
cat "$TOP"/parent/*.c "$TOP"/shared/*.c | tr '\n\t' '  ' |
    sed 's/" *"//g' >"$T/joined"
unsaid() {
	diagnostics | while read -r piece; do
		grep -qF -e "$piece" "$T/joined" || echo "$piece"
	done
}
expect_is "the messages of DIAGNOSTICS are those of the program" "" unsaid
expect "they are some" sh -c "[ $(diagnostics | wc -l) -gt 4 ]"

# Events have their names in calls, and cryptod's in a function of its own.
makers='parent_eventf|parent_event_begin|event_begin|events_row|events_own'
cat "$TOP"/parent/*.c "$TOP"/netd/*.c "$TOP"/ctld/*.c | tr '\n\t' '  ' |
    grep -Eo "($makers)\(([^;\"(]|\([a-z]*\))*\"[a-z_]+\"" |
    sed 's/.*"\(.*\)"/\1/' >"$T/events.calls"
sed -n '/^what(/,/^}/s/.*return "\(.*\)";/\1/p' "$TOP/cryptod/events.c" |
    grep -v '^unknown$' >>"$T/events.calls"
sort -u "$T/events.calls" >"$T/events"
sed -n '/^\.Ss Events/,/^\.Ss Metrics/s/^\.It Cm //p' \
    "$TOP/man/warrenctl.8" | tr -s ' ,' '\n' | sort -u >"$T/events.man"
expect "warrenctl(8) tells of every event" diff "$T/events" "$T/events.man"

# Every message type of the program stands in warren-imsg(7).
plain "$BUILD/man/warren-imsg.7" >"$T/imsg.txt"
missing() {
	sed -n 's/^	MSG_\([A-Z_]*\)[	 ]*= 0x.*/\1/p' \
	    "$TOP/shared/msg.h" | while read -r name; do
		grep -q "^ *$name (0x" "$T/imsg.txt" || echo "$name"
	done
}
expect_is "every message stands in warren-imsg(7)" "" missing

# Each row as the table has it: "NAME (0xTYPE) FROM to TO".
table_rows() {
	tr '\n' ' ' <"$TOP/shared/msg_table.c" | grep -o '{ MSG_[^}]*}' |
	    tr -d ' 	' | awk -F, '
	    function names(mask, out) {
		out = mask
		gsub(/[|]/, ", ", out)
		gsub(/P/, "parent", out)
		gsub(/C/, "cryptod", out)
		gsub(/N/, "netd", out)
		gsub(/T/, "ctld", out)
		gsub(/R/, "resolverd", out)
		return out
	    }
	    { gsub(/"/, "", $2); print $2, names($3), "to", names($4) }'
}
page_rows() {
	awk '$2 ~ /^\(0x0[0-9a-f]*\)$/ { name = $1; next }
	    name != "" {
		sub(/^ */, "")
		sub(/;.*/, "")
		print name, $0
		name = ""
	    }' "$T/imsg.txt"
}
table_rows >"$T/imsg.rows"
page_rows >"$T/imsg.page"
expect "every row of warren-imsg(7) has its sender and receiver" \
    diff "$T/imsg.rows" "$T/imsg.page"
expect "and they are many" test "$(wc -l <"$T/imsg.rows")" -gt 50
# Who has something to say to whom has a link, and nobody else.
table_links() {
	sed 's/^[A-Z_]* //' "$T/imsg.rows" | awk -F ' to ' '{
		n = split($1, from, ", ")
		m = split($2, to, ", ")
		for (i = 1; i <= n; i++)
			for (j = 1; j <= m; j++)
				if (from[i] < to[j])
					print from[i], to[j]
				else if (from[i] > to[j])
					print to[j], from[i]
	    }' | sort -u
}
page_links() {
	sed -n '/for each of these and no other:/,/\./p' \
	    "$TOP/man/warren-imsg.7.in" | tr '\n' ' ' |
	    sed 's/.*no other://; s/\..*//' | tr ',' '\n' |
	    awk '{ print ($1 < $3) ? $1 " " $3 : $3 " " $1 }' | sort -u
}
table_links >"$T/imsg.table"
page_links >"$T/imsg.page"
expect "warren-imsg(7) tells of every link" \
    diff "$T/imsg.table" "$T/imsg.page"
# And the topics: the high bytes of the types.
sed -n 's/^	MSG_[A-Z_]*[	 ]*= 0x\(..\).*/\1/p' "$TOP/shared/msg.h" |
    sort -u >"$T/imsg.table"
sed -n '/^\.It 0.*the high byte is the topic/,/^\.It 2/p' \
    "$TOP/man/warren-imsg.7.in" | sed '$d; s/^\.It .*topic://' |
    grep -o '0[0-9a-f]' | sort -u >"$T/imsg.page"
expect "warren-imsg(7) tells of every topic" \
    diff "$T/imsg.table" "$T/imsg.page"

# The rights of each process.
sec=$TOP/man/warren.7
# rights PROCESS COLUMN: of the row in warren(7), and of those that continue
# it.
rights() {
	sed -n '/^\.It Sy process Ta/,/^\.El/p' "$sec" | awk -v want="$1" \
	    -v column="$2" '
	    /^\.(It|El)/ {
		n = split(row, cell, " *Ta *")
		if (n > 1 && cell[1] != "\"\"")
			name = cell[1]
		if (n >= column && name == want && cell[column] != "\"\"")
			print cell[column]
		row = substr($0, 5)
		next
	    }
	    { row = row " " $0 }'
}
calls() {
	sed 's/configured mode://' | tr -s ', ' '\n' | grep . | sort -u
}
# given FILE TABLE...: the calls in these arrays of rules.
given() {
	given_file=$TOP/$1
	shift
	for given_table in "$@"; do
		sed -n "/ $given_table\[\] = {/,/^};/p" "$given_file"
	done | sed -n 's/^	SOCKOPT(.*/getsockopt/p
	    s/^	SB_ALLOW\(_IF\)*(\([a-z0-9_]*\),.*/\2/p' | sort -u
}
for proc in parent cryptod netd ctld resolverd; do
	case $proc in
	parent)
		given parent/filter.c rules configured_rules >"$T/given"
		user=root ;;
	*)
		given $proc/sandbox_tables.c run_rules >"$T/given"
		upper=$(echo $proc | tr '[:lower:]' '[:upper:]')
		user=$(sed -n "s/.*\[PROC_$upper\] = \"\(.*\)\".*/\1/p" \
		    "$TOP/parent/users.c") ;;
	esac
	net="parent's"
	grep -q 'empty_netns = true' "$TOP/$proc"/*.c && net=empty
	rights $proc 5 | calls >"$T/told"
	expect "warren(7): system calls of $proc" diff "$T/given" "$T/told"
	expect "warren(7): $proc has some" test -s "$T/told"
	expect_is "warren(7): user of $proc" "$user" rights $proc 2
	expect_is "warren(7): network of $proc" "$net" rights $proc 4
done
given shared/sandbox_tables.c base_rules loop_rules >"$T/given"
sed -n '/^All of them have these system calls/,/^\.Pp/p' "$sec" |
    sed '1,2{s/.*these system calls.*//;s/^arguments only://;}; /^\.Pp/d' |
    tr -d . | calls >"$T/told"
expect "warren(7): system calls of all" diff "$T/given" "$T/told"
sed -n '/static const int keep\[\]/,/};/p' "$TOP/parent/confine.c" |
    grep -o 'CAP_[A-Z_]*' | sort >"$T/given"
grep -o 'CAP_[A-Z_]*' "$sec" | sort >"$T/told"
expect "warren(7): the parent's capabilities" diff "$T/given" "$T/told"
# The tests that it names.
unknown() {
	sed -n -E 's,^\.Pa ((unit|privsep|conf|net)/[^ ]*).*,\1,p' "$sec" |
	    sort -u | while read -r test; do
		[ -e "$TOP/regress/$test.c" ] ||
		    [ -e "$TOP/regress/$test.sh" ] || echo "$test"
	done
}
expect_is "warren(7): the tests are there" "" unknown
