#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The interface lives in another namespace than the daemon: traffic, MTU and
# the answers to packets without a way, there; and many instances at once.

. "$(dirname "$0")/../lib.sh"
need wg ping ip

host_new a b inner
link_new a b 192.0.2.1/24 192.0.2.2/24
warren_start a
warren_start b
wg_setup a 51820
wg_setup b 51820
peer_add a b 10.9.0.2/32,fd00:9::2/128 endpoint 192.0.2.2:51820
peer_add b a 10.9.0.1/32,fd00:9::1/128
ip_on a link set "$(tun a)" netns "$(ns inner)"
addr_add inner "$(tun a)" 10.9.0.1/24 fd00:9::1/64
ip_on inner link set "$(tun a)" up
tunnel_up b 10.9.0.2/24 fd00:9::2/64
expect "v4 from inside" ping_from inner 10.9.0.2
expect "v6 to the inside" ping_from b fd00:9::1
expect "the sockets are at home" \
    sh -c "ip netns exec $(ns a) ss -Hlun | grep -q :51820"
expect_fail "and not inside" \
    sh -c "ip netns exec $(ns inner) ss -Hlun | grep -q :51820"
ip_on inner link set "$(tun a)" mtu 9000
ip_on b link set "$(tun b)" mtu 9000
expect "its MTU is followed there" \
    ping_from inner 10.9.0.2 3 -s 8500 -M "do"
unreachable() {
	on inner ping -n -c 1 -W 3 "$1" | grep -Eqi "$2"
}
ip_on inner route add 10.10.0.0/24 dev "$(tun a)"
ip_on inner route add fd00:10::/64 dev "$(tun a)"
expect "no device, v4, told inside" \
    unreachable 10.10.0.1 'Destination Host Unreachable'
expect "no device, v6, told inside" \
    unreachable fd00:10::1 'Address unreachable'
on inner sysctl -q -w net.ipv4.conf.all.rp_filter=1
expect "with the strict reverse path filter, too" \
    unreachable 10.10.0.2 'Destination Host Unreachable'
ip_on inner link set "$(tun a)" down
expect_fail "down" on b ping -n -c 1 -W 1 10.9.0.1
ip_on inner link set "$(tun a)" netns "$(ns a)"
addr_add a "$(tun a)" 10.9.0.1/24
ip_on a link set "$(tun a)" up
expect "at home again" ping_from a 10.9.0.2
