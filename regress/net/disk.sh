#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A state directory that is full, or read-only: everything goes on, it is said
# once and shown, what was there before stays, and it is written when there is
# room again.

# Mounts of our own, which go with us.
if [ -z "${OWN_MOUNTS:-}" ]; then
	command -v unshare >/dev/null 2>&1 || {
		echo "SKIP disk: unshare is not installed"
		exit 0
	}
	export OWN_MOUNTS=1
	exec unshare -m sh "$0"
fi

. "$(dirname "$0")/../lib.sh"
need wg ping ip mount nsenter
# timeout: 120

host_new a b c
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b c

# state_mount HOST OPTIONS: its state directory is a file system.
state_mount() {
	mkdir -p "$STATE/$(tun "$1")"
	mount -t tmpfs -o "size=64k,mode=0700,$2" tmpfs "$STATE/$(tun "$1")" ||
	    skip_all "cannot mount a tmpfs"
}
state_umount() {
	for host in a c; do
		umount -l "$STATE/$(tun $host)" 2>/dev/null
	done
}
disk_rc=0
trap 'disk_rc=$?; set +e; state_umount; (exit $disk_rc); cleanup' EXIT
state_mount a rw
state_mount c ro

for host in a c; do
	cat >"$T/$host.conf" <<CONF
interface $(tun $host) {
	address 10.66.0.1/24
	listen port 51820
	private-key file "$T/$host.key"
}
peer "bob" {
	public-key "$(key_of b)"
	allowed-ips { 10.66.0.2/32 }
}
CONF
done
fill_up() {
	cat /dev/zero >"$STATE/$(tun a)/fill" 2>/dev/null || true
}
says() {
	"$WARRENCTL" -i "$(tun "$1")" status | grep -q "cannot be written: $2"
}

# --- read-only from the start

conf_start c
expect "read-only: it starts, and the log tells" \
    wait_for 5 grep -q 'cannot write .*/sessions: Read-only' "$T/c.log"
expect "read-only: status tells" says c Read-only

# --- full while it runs

sessions=$STATE/$(tun a)/sessions
conf_start a
warren_start b
wg_setup b 51821
peer_add b a 10.66.0.1/32 endpoint 192.0.2.1:51820
tunnel_up b 10.66.0.2/24
expect "a peer comes" ping_from b 10.66.0.1
saved() {
	[ "$(stat -c %s "$sessions" 2>/dev/null || echo 0)" -gt 120 ]
}
expect "who was there is saved soon" wait_for 5 saved
sleep 1.5		# the handshake's own news
cp "$sessions" "$T/kept"
fill_up
on b wg set "$(tun b)" listen-port 51999
expect "full: the peer moves" ping_from b 10.66.0.1
expect "full: the log tells" \
    wait_for 5 grep -q 'cannot write .*/sessions: No space' "$T/a.log"
expect "full: status tells" says a 'No space'
expect "full: the tunnel works" ping_from a 10.66.0.2
expect "full: what was there before is kept" cmp "$T/kept" "$sessions"
expect_fail "full: nothing half written is left" \
    test -s "$STATE/$(tun a)/.sessions.new"

# --- room again

rm "$STATE/$(tun a)/fill"
# Its mounts are copies of ours.
nsenter -m -t "$(pid_of c)" mount -o remount,rw "$STATE/$(tun c)"
again() {
	grep -q '/sessions is written again' "$T/$1.log"
}
expect "room again: it is written" wait_for 35 again a
expect_fail "and it is news" cmp -s "$T/kept" "$sessions"
expect_fail "and status tells no more" says a ''
expect "writable again: it is written" wait_for 35 again c
expect_fail "and status tells no more of that" says c ''
for host in a c; do
	expect_is "it was said once ($host)" 1 \
	    grep -c 'cannot write' "$T/$host.log"
done

# And it is what a restart finds.
conf_end a
conf_start a
expect "after a restart the peer is found where it was" \
    wait_for 5 ping_from a 10.66.0.2 1
expect_is "at its new port" 192.0.2.2:51999 peer_field a b endpoints

# --- full from the start, again and again

# Life after life finds the same mark on disk.  The peer cannot begin.
on b wg set "$(tun b)" peer "$(key_of a)" remove
peer_add b a 10.66.0.1/32
restart() {
	conf_end a
	conf_start a
	expect "$1: the peer answers" wait_for 3 ping_from a 10.66.0.2 1
}
restart "room"
sleep 1.5
fill_up
cp "$sessions" "$T/kept"
for life in first second third fourth fifth; do
	restart "full, the $life life"
done
expect "all of them found the same file" cmp "$T/kept" "$sessions"
rm "$STATE/$(tun a)/fill"
restart "and with room again"
expect_fail "it is another file then" cmp -s "$T/kept" "$sessions"
expect_is "no handshake was as old as one before" 0 \
    counter b drop_hs_replayed
