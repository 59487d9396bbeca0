#!/bin/sh
# SPDX-License-Identifier: ISC
#
# usage: demo.sh BUILD
#
# Shows warren at work: two hosts, which are network namespaces, joined by a
# tunnel; then all is taken away.

TOP=$(cd "$(dirname "$0")/.." && pwd)
BUILD=$1
sh "$TOP/regress/host.sh" demo || exit
. "$TOP/regress/lib.sh"

title() {
	printf '\n== %s\n' "$*"
}

# show HOST COMMAND...: what is typed, and what it says.
show() {
	show_host=$1
	shift
	echo "$show_host# $(basename "$1")$(shift; printf ' %s' "$@")"
	on "$show_host" "$@"
}

title "two hosts, a and b, and a cable between them"
host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24 2001:db8::1/64 2001:db8::2/64
echo "a 192.0.2.1 2001:db8::1 ---- 192.0.2.2 2001:db8::2 b"

title "warrend on both, set up with wg(8)"
for host in a b; do
	warren_start $host
	wg_setup $host 51820
done
peer_add a b 10.9.0.2/32,fd00:9::2/128 endpoint 192.0.2.2:51820
peer_add b a 10.9.0.1/32,fd00:9::1/128 endpoint '[2001:db8::1]:51820'
tunnel_up a 10.9.0.1/24 fd00:9::1/64
tunnel_up b 10.9.0.2/24 fd00:9::2/64
show b wg show "$(tun b)"

title "ping through the tunnel"
show a ping -n -c 3 -i 0.3 -w 10 10.9.0.2
show b ping -n -c 3 -i 0.3 -w 10 fd00:9::1

title "256 MiB by TCP through the tunnel"
flow a b 10.9.0.2 268435456
flow b a fd00:9::1 268435456

title "status of both"
show a "$WARRENCTL" -i "$(tun a)" status
show b "$WARRENCTL" -i "$(tun b)" status

title "the processes of one, their users and sandboxes"
show a "$WARRENCTL" -i "$(tun a)" show processes
show a "$WARRENCTL" -i "$(tun a)" show sandbox

title "the end: all of it is taken away"
