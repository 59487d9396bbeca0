#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The known pitfalls of WireGuard implementations, P1 to P52: each is named
# where the code or a test meets it, or stands below with the reason why it
# does not concern us yet.

. "$(dirname "$0")/../lib.sh"

not_ours() {
	case $1 in
	P28) echo "resolving names again belongs to the configured mode" ;;
	P41) echo "switches for offloads belong to the configured mode" ;;
	P52) echo "routing of the host; see warrend(8)" ;;
	*) return 1 ;;
	esac
}
i=1
while [ $i -le 52 ]; do
	tag=P$i
	if grep -rqE "(^|[^A-Za-z0-9])$tag([^0-9]|\$)" "$TOP"/shared "$TOP"/parent \
	    "$TOP"/cryptod "$TOP"/netd "$TOP"/ctld "$TOP"/ctl "$TOP"/regress/unit; then
		ok "$tag"
	elif why=$(not_ours $tag); then
		skip "$tag" "$why"
	else
		not_ok "$tag" "no line and no test names it"
	fi
	i=$((i + 1))
done
