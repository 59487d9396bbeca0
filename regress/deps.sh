#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Installs the packages that building and testing needs, those only that are
# missing, with apt; elsewhere says what is needed.  With -n it only reports.

set -eu

build="byacc gcc libc6-dev make pkg-config libevent-dev libsodium-dev libbsd-dev
    libseccomp-dev libmnl-dev"
# The faster cipher; it exists for one architecture only, and not everywhere.
if [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] &&
    apt-cache show libipsec-mb-dev >/dev/null 2>&1; then
	build="$build libipsec-mb-dev"
fi
test="check iproute2 iputils-ping nftables procps wireguard-tools
    wireguard-go mandoc netcat-openbsd python3 systemd"

dry=0
[ "${1:-}" = -n ] && dry=1

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
	    installed ]
}

# Without dpkg: by what the packages bring.
missing_elsewhere() {
	for tool in byacc gcc pkg-config ip ping nft ps wg wireguard-go mandoc nc \
	    python3; do
		command -v $tool >/dev/null 2>&1 || echo "$tool"
	done
	for lib in libevent_core libsodium libbsd-overlay libseccomp libmnl \
	    check; do
		pkg-config --exists $lib 2>/dev/null || echo "$lib"
	done
}

if ! command -v apt-get >/dev/null 2>&1; then
	# shellcheck disable=SC2046
	set -- $(missing_elsewhere)
	[ $# -eq 0 ] && exit 0
	echo "deps: missing here: $*"
	echo "deps: please install them; Debian's names of all that is needed:"
	# shellcheck disable=SC2086
	echo $build $test
	exit 1
fi

set --
for package in $build $test; do
	# pkgconf may stand in for pkg-config.
	[ "$package" = pkg-config ] && command -v pkg-config >/dev/null && continue
	installed "$package" || set -- "$@" "$package"
done
if [ $# -eq 0 ]; then
	[ $dry -eq 1 ] && echo "deps: nothing is missing"
	exit 0
fi
echo "deps: missing: $*"
[ $dry -eq 1 ] && exit 1
if [ "$(id -u)" != 0 ]; then
	echo "deps: as root: apt-get install --no-install-recommends $*"
	exit 1
fi

# No service is to start because of a test: a policy that says no, unless
# this host has a policy already.
policy=/usr/sbin/policy-rc.d
own_policy=0
log=$(mktemp)
undo() {
	rm -f "$log"
	if [ $own_policy -eq 1 ]; then
		rm -f $policy
	fi
}
trap undo EXIT
trap 'exit 1' HUP INT TERM
if [ ! -e $policy ]; then
	own_policy=1
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi

export DEBIAN_FRONTEND=noninteractive
apt_install() {
	apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 </dev/null
}
# The lists may be there and fresh; if not, they are fetched, once.
apt_install "$@" || { apt-get update >"$log" 2>&1 && apt_install "$@"; } || {
	cat "$log" >&2
	echo "deps: apt could not install: $*" >&2
	exit 1
}
echo "deps: installed"
