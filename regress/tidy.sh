# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# Directories that come into being with the tests but belong to others, too:
# they go again if they were not there before, and are empty.

tidy_uapi=0 tidy_netns=0 tidy_mount=0
[ -d /run/wireguard ] && tidy_uapi=1
[ -d /run/netns ] && tidy_netns=1
[ -d /run/mount ] && tidy_mount=1

# tidy RUNSTATEDIR: that of the build under test, and the shared ones.
tidy() {
	rmdir "$1/state/lib/warren" "$1/state/lib" "$1/state" 2>/dev/null
	rmdir "$1/warren/empty" "$1/warren" "$1" 2>/dev/null
	[ $tidy_uapi = 1 ] || rmdir /run/wireguard 2>/dev/null
	if [ $tidy_netns = 0 ] && [ -d /run/netns ] &&
	    [ -z "$(ls /run/netns)" ]; then
		umount -n /run/netns 2>/dev/null
		rmdir /run/netns 2>/dev/null
	fi
	# umount(8) makes it.
	[ $tidy_mount = 1 ] || rmdir /run/mount 2>/dev/null
	return 0
}
