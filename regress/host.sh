#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Says in one line, and exits 77, if this host cannot run the tests; $1 names
# what was wanted.  Uses nothing but what every system has.

what=${1:-check}

cannot() {
	echo "SKIP $what: $1"
	exit 77
}

[ "$(id -u)" = 0 ] || cannot "needs root: interfaces and network namespaces"
[ -c /dev/net/tun ] || modprobe tun 2>/dev/null
[ -c /dev/net/tun ] || cannot "there is no /dev/net/tun"
(: <>/dev/net/tun) 2>/dev/null || cannot "/dev/net/tun cannot be opened"
unshare -n true 2>/dev/null || cannot "network namespaces cannot be made here"
exit 0
