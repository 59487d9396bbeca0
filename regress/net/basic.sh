#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Two hosts: both families inside both families, counters, transfers, MTU and
# fragments, and what a packet without a way gets for an answer.

. "$(dirname "$0")/../lib.sh"
need wg ping ip

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24 2001:db8::1/64 2001:db8::2/64
warren_start a
warren_start b
expect_is "the interface is made down" DOWN \
    sh -c "ip -n $(ns a) -br link show dev $(tun a) | awk '{ print \$2 }'"
expect_is "its MTU is 1420" 1420 \
    on a cat "/sys/class/net/$(tun a)/mtu"
wg_setup a 51820
wg_setup b 51821
psk_new ab
peer_add a b 10.9.0.2/32,fd00:9::2/128 endpoint 192.0.2.2:51821 \
    preshared-key "$T/ab.psk"
peer_add b a 10.9.0.1/32,fd00:9::1/128 preshared-key "$T/ab.psk"
tunnel_up a 10.9.0.1/24 fd00:9::1/64
tunnel_up b 10.9.0.2/24 fd00:9::2/64
expect_is "no stray link-local address" "" \
    sh -c "ip -n $(ns a) -6 -o address show dev $(tun a) scope link"

# What wg(8) counts, to the byte: an initiation, a response, and for ten
# pings 12 datagrams of 128 bytes one way (the first confirms the key) ...
expect "v4 in v4" ping_from a 10.9.0.2 10
transfer() {
	peer_field "$1" "$2" transfer
}
counted() {
	case $(transfer a b) in
	"1372	1428"|"1372	1460") ;;
	*) echo "transfer of a: $(transfer a b)"; return 1 ;;
	esac
}
expect "ten pings are counted as everywhere" counted
expect_is "the responder learnt the endpoint" 192.0.2.1:51820 \
    peer_field b a endpoints
expect "v6 in v4" ping_from b fd00:9::1

on a wg set "$(tun a)" peer "$(key_of b)" endpoint '[2001:db8::2]:51821'
expect "v4 in v6" ping_from a 10.9.0.2
expect "v6 in v6" ping_from a fd00:9::2
expect_is "the endpoint roamed to v6" '[2001:db8::1]:51820' \
    peer_field b a endpoints

expect "TCP, v4" flow a b 10.9.0.2 33554432
expect "TCP, v6" flow b a fd00:9::1 33554432
expect "UDP, small" flow_udp a b 10.9.0.2 1
expect "UDP, fragmented inside" flow_udp a b fd00:9::2 8000

# The inner MTU may be larger than the path: then the outer packet is cut.
ip_on a link set "$(tun a)" mtu 9000
ip_on b link set "$(tun b)" mtu 9000
expect "inner MTU 9000 over a path of 1500" \
    ping_from a 10.9.0.2 3 -s 8500 -M "do"
expect "the same over v4 with TCP" flow a b 10.9.0.2 8388608
ip_on a link set "$(tun a)" mtu 1280
ip_on b link set "$(tun b)" mtu 1280
expect "MTU 1280" ping_from a fd00:9::2 3 -s 1232 -M "do"

# ICMP unreachable for no device and for no endpoint.
unreachable() {
	on a ping -n -c 1 -W 3 "$1" | grep -Eqi "$2"
}
ip_on a route add 10.10.0.0/24 dev "$(tun a)"
ip_on a route add fd00:10::/64 dev "$(tun a)"
expect "no device, v4: host unreachable" \
    unreachable 10.10.0.1 'Destination Host Unreachable'
expect "no device, v6: address unreachable" \
    unreachable fd00:10::1 'Address unreachable'
(umask 077 && wg genkey >"$T/c.key")
wg pubkey <"$T/c.key" >"$T/c.pub"
peer_add a c 10.10.0.0/24,fd00:10::/64
expect "no endpoint, v4: host unreachable" \
    unreachable 10.10.0.1 'Destination Host Unreachable'
expect "no endpoint, v6: address unreachable" \
    unreachable fd00:10::1 'Address unreachable'

# A source that is not the peer's is not let in.
on b ip address add 10.9.0.77/32 dev lo
expect_fail "a source outside of the allowed IPs" \
    on b ping -n -c 1 -W 1 -I 10.9.0.77 10.9.0.1

# Taking the link down ends the session, taking it up begins one.
ip_on a link set "$(tun a)" down
expect_fail "down is down" on b ping -n -c 1 -W 1 10.9.0.1
ip_on a link set "$(tun a)" up
ip_on a route replace 10.9.0.0/24 dev "$(tun a)"
expect "and up again" ping_from a 10.9.0.2
