#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The known pitfalls of WireGuard implementations, pitfalls.txt: each is named
# where the code or a test meets it, or stands below with the reason why it
# does not concern us yet; and no tag is without a line there.

. "$(dirname "$0")/../lib.sh"

not_ours() {
	case $1 in
	P52) echo "routing of the host; see warrend(8)" ;;
	*) return 1 ;;
	esac
}
named() {
	grep -rqE "(^|[^A-Za-z0-9])$1([^0-9]|\$)" "$TOP"/shared "$TOP"/parent \
	    "$TOP"/cryptod "$TOP"/netd "$TOP"/resolverd "$TOP"/ctld \
	    "$TOP"/ctl "$TOP"/regress/unit
}
for tag in $(sed -n 's/^\(P[0-9]*\)	.*/\1/p' "$TOP/regress/conf/pitfalls.txt")
do
	if named "$tag"; then
		ok "$tag"
	elif why=$(not_ours "$tag"); then
		skip "$tag" "$why"
	else
		not_ok "$tag" "no line and no test names it"
	fi
done
strays() {
	grep -rhoE "\(P[0-9]+[,)]" "$TOP"/shared "$TOP"/parent "$TOP"/cryptod \
	    "$TOP"/netd "$TOP"/ctld "$TOP"/ctl "$TOP"/regress/unit |
	    tr -d '(,)' | sort -u | while read -r tag; do
		grep -q "^$tag	" "$TOP/regress/conf/pitfalls.txt" ||
		    echo "$tag"
	done
}
expect_is "every tag has its line" "" strays
