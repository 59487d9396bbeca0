#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Everything through the tunnel (0.0.0.0/0, ::/0): the tunnel's own packets go
# past it, marked ones of others, too, and all is undone.

. "$(dirname "$0")/../lib.sh"
need wg ping ip

host_new a r b
link_new a r 192.0.2.1/24 192.0.2.2/24 2001:db8:1::1/64 2001:db8:1::2/64
link_new r b 198.51.100.1/24 198.51.100.2/24 2001:db8:2::1/64 2001:db8:2::2/64
router r
ip_on a route add default via 192.0.2.2
ip_on a -6 route add default via 2001:db8:1::2
ip_on b route add default via 198.51.100.1
ip_on b -6 route add default via 2001:db8:2::1
# What only b can reach.
addr_add b lo 203.0.113.7/32 2001:db8:7::7/128
keys_new a b
before=$(kernel_state a)

cat >"$T/a.conf" <<CONF
interface $(tun a) {
	address 10.66.0.1/24
	address fd66::1/64
	private-key file "$T/a.key"
}
peer "exit" {
	public-key "$(key_of b)"
	endpoint 198.51.100.2 port 51821
	allowed-ips { 0.0.0.0/0, ::/0 }
}
CONF
cat >"$T/b.conf" <<CONF
interface $(tun b) {
	address 10.66.0.2/24
	address fd66::2/64
	listen port 51821
	private-key file "$T/b.key"
}
peer "alice" {
	public-key "$(key_of a)"
	allowed-ips { 10.66.0.1/32, fd66::1/128 }
}
CONF
expect_fail "a default route without fwmark is refused" \
    "$WARREND" -n -f "$T/a.conf"
sed -i 's/^	private-key/	fwmark 51820\
&/' "$T/a.conf"
expect "with fwmark it is not" "$WARREND" -n -f "$T/a.conf"
conf_start b
conf_start a
expect "what only the exit knows, v4" ping_from a 203.0.113.7
expect "what only the exit knows, v6" ping_from a 2001:db8:7::7
expect "the host's own network stays beside the tunnel" \
    ping_from a 192.0.2.2
route() {
	on a ip route get "$@" | sed -n 's/.* dev \([^ ]*\).*/\1/p'
}
expect_is "an unmarked packet goes into the tunnel" "$(tun a)" \
    route 203.0.113.7
expect_is "a marked one does not" to-r route 203.0.113.7 mark 51820
expect_is "v6: an unmarked packet goes into the tunnel" "$(tun a)" \
    route 2001:db8:7::7
expect_is "v6: a marked one does not" to-r route 2001:db8:7::7 mark 51820
expect_fail "a marked packet does not reach the mesh" \
    on a ip route get 10.66.0.2 mark 51820
expect_fail "nor link-local addresses" \
    on a ip route get 169.254.169.254 mark 51820
expect "TCP" flow a b 10.66.0.2 1000000

# The strict reverse path filter knows the tunnel alone.
strict() {
	"$WARRENCTL" -i "$(tun a)" status |
	    grep -q 'reverse path filter of to-r is strict'
}
expect_fail "a filter that is off is no problem" strict
on a sysctl -q -w net.ipv4.conf.to-r.rp_filter=1
expect_fail "a strict one drops what comes back" \
    on a ping -n -c 2 -i 0.2 -W 1 203.0.113.7
expect "and that is told" wait_for 3 strict
on a sysctl -q -w net.ipv4.conf.to-r.rp_filter=2
expect "a loose one does not" ping_from a 203.0.113.7
expect "and is no problem" wait_for 3 not strict

# Without the default route again, and with it.
cp "$T/a.conf" "$T/full.conf"
sed -i 's,0.0.0.0/0,10.66.0.2/32,; s,::/0,fd66::2/128,' "$T/a.conf"
expect "reload without the default routes" ctl a reload
expect_is "now it goes beside the tunnel" to-r route 203.0.113.7
cp "$T/full.conf" "$T/a.conf"
expect "reload with them again" ctl a reload
expect "and into it" ping_from a 203.0.113.7

# Killed, it leaves rules; --cleanup takes them away, so does the next start.
left() {
	[ "$(kernel_state a)" != "$before" ]
}
MAY_LEAVE=1
kill -9 "$(pid_of a)"
wait_for 5 gone "$(pid_of a)"
expect "a killed parent leaves its rules" left
expect_fail "warrend --cleanup in another namespace" \
    on r "$WARREND" --cleanup "$(tun a)"
expect "says why" sh -c "ip netns exec $(ns r) '$WARREND' --cleanup \
    $(tun a) 2>&1 | grep -q 'another network namespace'"
expect "and leaves all as it is" left
expect "warrend --cleanup" on a "$WARREND" --cleanup "$(tun a)"
expect_is "takes them away" "$before" kernel_state a
expect "once more does no harm" on a "$WARREND" --cleanup "$(tun a)"
conf_start a
kill -9 "$(pid_of a)"
wait_for 5 gone "$(pid_of a)"
conf_start a
expect "the next start clears what a killed one left" \
    ping_from a 203.0.113.7
expect_fail "--cleanup refuses while it runs" \
    on a "$WARREND" --cleanup "$(tun a)"
expect "SIGTERM" conf_end a
expect_is "and nothing is left" "$before" kernel_state a
