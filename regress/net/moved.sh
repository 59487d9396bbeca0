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

# An interface by a configuration: away it has nothing of ours, and at home
# again all of it, also if the number that it had is another one's by then.
host_new c
keys_new c
cat >"$T/c.conf" <<CONF
interface $(tun c) {
	address { 10.66.0.1/24, fd66::1/64 }
	private-key file "$T/c.key"
}
peer "nobody" {
	public-key "$(key_of a)"
	allowed-ips { 198.51.100.0/24, 2001:db8:77::/48 }
}
CONF
keys_new a
conf_start c
seen() {
	ip_on "$1" -o address show dev "$(tun c)" | awk '{print $4}'
	ip_on "$1" -o -4 route show dev "$(tun c)" | awk '{print $1}'
	ip_on "$1" -o -6 route show dev "$(tun c)" | awk '{print $1}' |
	    grep -v -e '^fe80' -e '^multicast'
}
seen c >"$T/seen"
is_back() {
	seen c >"$T/now" 2>&1
	cmp -s "$T/seen" "$T/now"
}
index() {
	on "$1" cat "/sys/class/net/$(tun c)/ifindex"
}
problem() {
	"$WARRENCTL" -i "$(tun c)" status | grep -q 'another network namespace'
}
expect "addresses and routes" test "$(wc -l <"$T/seen")" -ge 6
old=$(index c)
ip_on c link set "$(tun c)" netns "$(ns inner)"
ip_on inner link set "$(tun c)" up
expect "that it is away is a problem" wait_for 3 problem
expect_is "there it has none of our addresses" "" \
    sh -c "ip -n $(ns inner) -o address show dev $(tun c) | grep -v fe80:"
# Its number is taken, and so it gets another one at home.
ip_on c link add taken index "$old" type veth peer name other-end
ip_on inner link set "$(tun c)" netns "$(ns c)"
expect_fail "it has another number now" [ "$(index c)" = "$old" ]
ip_on c link set "$(tun c)" up
expect "at home again all is there" wait_for 10 is_back
expect_is "and nothing on what has its number" "" \
    ip_on c -o address show dev taken
expect "it is no problem any more" wait_for 3 not problem

# Away and back while a reload is under way, and with the same number.
ip_on c link delete taken
ip_on c link set "$(tun c)" netns "$(ns inner)"
ip_on inner link set "$(tun c)" netns "$(ns c)"
ctl c reload >/dev/null 2>&1 &
reloading=$!
ip_on c link set "$(tun c)" up
wait $reloading || true
expect "once more" wait_for 10 is_back
expect "a reload there" ctl c reload
expect "changes nothing" is_back
ip_on c link set "$(tun c)" netns "$(ns inner)"
expect "a reload while it is away" ctl c reload
ip_on inner link set "$(tun c)" name other
ip_on inner link set other netns "$(ns c)"
ip_on c link set other name "$(tun c)"
ip_on c link set "$(tun c)" up
expect "and then home by another name" wait_for 10 is_back
