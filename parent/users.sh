#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Makes the system users of warren.sysusers that are missing; says nothing
# if there is nothing to do.

set -eu
# An absolute path, since systemd-sysusers looks for others in its own places.
conf=$(cd "$(dirname "$0")" && pwd)/warren.sysusers
nologin=/usr/sbin/nologin
[ -x $nologin ] || nologin=/sbin/nologin

have() {
	[ -n "$(getent "$1" "$2")" ]
}

all_there() {
	have group warren && have group warren-read &&
	    have passwd _wcrypt && have passwd _wnet &&
	    have passwd _wctl && have passwd _wres
}

all_there && exit 0
if [ "$(id -u)" != 0 ]; then
	echo "users.sh: the users of warren are missing; run it as root" >&2
	exit 1
fi
if command -v systemd-sysusers >/dev/null 2>&1 && systemd-sysusers "$conf" &&
    all_there; then
	exit 0
fi
for group in warren warren-read; do
	have group $group || groupadd -r $group
done
for user in _wcrypt _wnet _wctl _wres; do
	have passwd $user || useradd -r -U -M -d /nonexistent -s "$nologin" \
	    -c "warren" $user
done
all_there
