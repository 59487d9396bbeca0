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

title "warrend on both, each by a file"
keys_new a b
# conf HOST NUMBER PEER PEERS-NUMBER ENDPOINT
conf() {
	cat >"$T/$1.conf" <<CONF
interface $(tun "$1") {
	address 10.9.0.$2/24
	address fd00:9::$2/64
	listen port 51820
	private-key file "$T/$1.key"
}
peer "$3" {
	public-key "$(key_of "$3")"
	endpoint $5 port 51820
	allowed-ips { 10.9.0.$4/32, fd00:9::$4/128 }
}
CONF
	conf_start "$1"
}
conf a 1 b 2 192.0.2.2
conf b 2 a 1 2001:db8::1
cat "$T/a.conf"
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
