#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two hosts joined by their configurations alone: keys, addresses, routes and
# endpoints come from files, and all of it goes away at the end.

. "$(dirname "$0")/../lib.sh"
need wg ping ip

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24 2001:db8::1/64 2001:db8::2/64
keys_new a

before=$(kernel_state a)
cat >"$T/a.conf" <<CONF
# No peer yet.  The key is made on the first start.
interface $(tun a) {
	address 10.66.0.1/24
	address fd66::1/64
	private-key file "$T/a.key"
}
CONF
cat >"$T/b.conf" <<CONF
interface $(tun b) {
	address 10.66.0.2/24
	address fd66::2/64
	listen port 51821
	mtu 1400
}
CONF
conf_start a
conf_start b -v

field() {
	ctl "$1" -j show interface | python3 -c '
import json, sys
print(json.load(sys.stdin)["rows"][0][sys.argv[1]])' "$2"
}
expect_is "the key of the file is in force" "$(key_of a)" field a public_key
field b public_key >"$T/b.pub"
expect_is "a key was made on the first start" 44 \
    sh -c "printf %s \"$(key_of b)\" | wc -c"
expect_is "mode of the state directory" "700 root" \
    stat -c '%a %U' "$STATE/$(tun b)"
expect_is "mode of the key's slot" "600 root" \
    stat -c '%a %U' "$STATE/$(tun b)/key"
expect_is "the slot holds that key" "$(key_of b)" \
    sh -c "wg pubkey <\"$STATE/$(tun b)/key\""
expect "status says that there are no peers" \
    sh -c "\"$WARRENCTL\" -i $(tun a) status | grep -qi 'no peers'"
expect_is "MTU" 1400 on b cat "/sys/class/net/$(tun b)/mtu"
expect_is "mode" configured field a mode
port=$(field a listen_port)

cat >>"$T/a.conf" <<CONF
peer "bob" {
	public-key "$(key_of b)"
	endpoint 192.0.2.2 port 51821
	allowed-ips { 10.66.0.2/32, fd66::2/128, 198.51.100.0/24 }
}
CONF
cat >>"$T/b.conf" <<CONF
peer "alice" {
	public-key "$(key_of a)"
	allowed-ips { 10.66.0.1/32, fd66::1/128 }
}
CONF
expect "reload" ctl a reload
expect "reload of the other" ctl b reload
expect "ping, v4" ping_from a 10.66.0.2
expect "ping, v6" ping_from b fd66::1
expect "route of an allowed IP" sh -c \
    "ip -n $(ns a) route show 198.51.100.0/24 | grep -q 'dev $(tun a)'"
expect_is "no route for what the address covers" "" \
    ip_on a route show 10.66.0.2/32
expect "peers by name" sh -c \
    "\"$WARRENCTL\" -i $(tun a) peers | grep -q '^bob '"
expect "one peer by name" ctl a peers bob
expect_fail "a peer that there is not" ctl a peers carol
expect "status is healthy" ctl a status --check
expect "the log names the peer" grep -q 'peer alice' "$T/b.log"

# wg(8) may look, but neither change anything nor see a secret.
expect "wg show" on a wg show "$(tun a)"
expect_is "wg does not see the private key" "(none)" \
    on a wg show "$(tun a)" private-key
expect_fail "wg set is refused" \
    on a wg set "$(tun a)" peer "$(key_of b)" remove
expect "and the peer is still there" ping_from a 10.66.0.2
expect "the refusal is in the log" grep -q 'configured by' "$T/a.log"

# The canonical form reads back to the same.
ctl a show config >"$T/shown.conf"
expect "show config is a configuration" "$WARREND" -n -f "$T/shown.conf"
"$WARREND" -nv -f "$T/shown.conf" >"$T/again.conf" 2>/dev/null
expect "and canonical" cmp "$T/shown.conf" "$T/again.conf"

# netd is no insider of the tunnel: what bears its mark does not get in.
mark=$(field a fwmark)
expect_fail "a marked packet does not enter the tunnel, v4" \
    on a ping -n -c 1 -W 1 -m "$mark" 10.66.0.2
expect_fail "a marked packet does not enter the tunnel, v6" \
    on a ping -n -c 1 -W 1 -m "$mark" fd66::2
expect "an unmarked one does" ping_from a 10.66.0.2

# The end leaves the host as it was, and the next start has the same port.
expect "SIGTERM ends it" conf_end a
expect_is "nothing is left in the kernel" "$before" kernel_state a
conf_start a
expect_is "a random port is kept over restarts" "$port" field a listen_port
expect "ping after a restart" ping_from b 10.66.0.1

# The key that was made stays: without its file a reload makes no other one,
# which no peer would know.
key=$STATE/$(tun b)/key
mv "$key" "$T/kept.key"
expect_fail "a reload without the key that is in use" ctl b reload
expect "says what is missing" \
    sh -c "'$WARRENCTL' -i $(tun b) reload 2>&1 | grep -q '$key is missing'"
expect_fail "and makes no other" test -e "$key"
expect "what ran runs on" ping_from b 10.66.0.1
ln -sf "$T/kept.key" "$key"
expect "a link is not followed, and that is said" \
    sh -c "'$WARRENCTL' -i $(tun b) reload 2>&1 | grep -q 'symbolic link'"
if "$WARREND" -n -f "$T/b.conf" >"$T/out" 2>&1; then
	not_ok "warrend -n says the same" "it found nothing"
else
	expect "warrend -n says the same" grep -q 'symbolic link' "$T/out"
fi
rm "$key"
mv "$T/kept.key" "$key"
expect "with the key there it reloads" ctl b reload
expect "and warrend -n is content" "$WARREND" -n -f "$T/b.conf"
expect "ping goes on" ping_from b 10.66.0.1

# A random port that cannot be kept stays as long as the instance does.
dir=$STATE/$(tun a)
mkdir "$dir/.port.new"
if [ "$port" = 40000 ]; then echo 40001; else echo 40000; fi >"$dir/port"
port_problem() {
	ctl a status | grep -q '/port cannot be written'
}
expect "reload, and a port that cannot be kept" ctl a reload
expect_is "the port stays" "$port" field a listen_port
expect "that it cannot be kept is told" wait_for 5 port_problem
sed -i 's/^	address fd66::1.*/&\
	listen port 51820/' "$T/a.conf"
expect "a port of the file" ctl a reload
expect_is "is taken" 51820 field a listen_port
expect "and no other one has to be kept" wait_for 5 not port_problem

# Without any socket nothing works, which is more than a warning.
ip_on a link set "$(tun a)" down
expect "the port is given up" wait_for 5 not sh -c \
    "ip netns exec $(ns a) ss -Hlun | grep -q :51820"
ip netns exec "$(ns a)" python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 51820))
open(sys.argv[1], "w")
time.sleep(60)' "$T/bound" &
thief=$!
PIDS="$PIDS $thief"
wait_for 5 test -e "$T/bound" || not_ok "another program's port" "no socket"
ip_on a link set "$(tun a)" up
no_port() {
	rc=0
	"$WARRENCTL" -i "$(tun a)" status --check >"$T/check" 2>&1 || rc=$?
	[ $rc -eq 5 ] &&
	    grep -q 'CRITICAL.*cannot listen on UDP port 51820' "$T/check"
}
expect "no UDP port at all is an error" wait_for 5 no_port
kill $thief
wait $thief 2>/dev/null || true
port_again() {
	"$WARRENCTL" -i "$(tun a)" status >"$T/check" 2>&1
	! grep -q 'cannot listen' "$T/check"
}
expect "it is tried again" wait_for 10 port_again
expect "and all works" ping_from a 10.66.0.2
