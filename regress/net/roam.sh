#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Endpoints: roaming follows authenticated packets only, answers leave from
# the address that was written to, and ports and marks change under a session.

. "$(dirname "$0")/../lib.sh"
need wg ping ip

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24 2001:db8::1/64 2001:db8::2/64
warren_start a
warren_start b
wg_setup a 51820
wg_setup b 51821
peer_add a b 10.9.0.2/32 endpoint 192.0.2.2:51821
peer_add b a 10.9.0.1/32
tunnel_up a 10.9.0.1/24
tunnel_up b 10.9.0.2/24
expect "first ping" ping_from a 10.9.0.2
before=$(peer_field a b latest-handshakes)

# a moves to another address: one packet of a is enough for b.
ip_on a address del 192.0.2.1/24 dev to-b
addr_add a to-b 192.0.2.101/24
expect "a has moved" ping_from a 10.9.0.2
expect_is "b knows where to" 192.0.2.101:51820 peer_field b a endpoints
expect "and reaches it" ping_from b 10.9.0.1
expect_is "in the same session" "$before" peer_field a b latest-handshakes

# What isn't authenticated moves nothing: the right form, the wrong tag.
host_new m
link_new m b 198.51.100.1/24 198.51.100.2/24
expect "junk from elsewhere" on m "$TOOLS/junk" -n 3000 198.51.100.2 51821
expect_is "does not move the endpoint" 192.0.2.101:51820 \
    peer_field b a endpoints
expect "nor end the session" ping_from b 10.9.0.1

# The answer leaves from the address that was written to.
addr_add b to-a 192.0.2.222/24
on a wg set "$(tun a)" peer "$(key_of b)" endpoint 192.0.2.222:51821
expect "a writes to another address of b" ping_from a 10.9.0.2
expect_is "b answers from there" 192.0.2.222:51821 peer_field a b endpoints
ip_on b address del 192.0.2.222/24 dev to-a
on a wg set "$(tun a)" peer "$(key_of b)" endpoint 192.0.2.2:51821
expect "that address goes away under the session" ping_from b 10.9.0.1

# Ports.
on b wg set "$(tun b)" listen-port 51999
expect_is "wg shows the new port" 51999 on b wg show "$(tun b)" listen-port
expect "b speaks from another port" ping_from b 10.9.0.1
expect_is "a followed" 192.0.2.2:51999 peer_field a b endpoints
on b wg set "$(tun b)" listen-port 0
expect_fail "a random port is not the old one" \
    test "$(on b wg show "$(tun b)" listen-port)" = 51999
expect "and works" ping_from b 10.9.0.1
start a "$TOOLS/tcpflow" -u -l 192.0.2.101 51777
wait_for 5 sh -c "ip netns exec $(ns a) ss -Hlun | grep -q 51777"
expect_fail "a port in use is refused" on a wg set "$(tun a)" listen-port 51777
expect_is "and the old one stays" 51820 on a wg show "$(tun a)" listen-port
expect "and works, too" ping_from b 10.9.0.1

# A mark decides the route of the outer packets.
on a wg set "$(tun a)" fwmark 0x2a
expect_is "wg shows the mark" 0x2a on a wg show "$(tun a)" fwmark
ip_on a rule add fwmark 0x2a table 4242 priority 10
ip_on a route add blackhole default table 4242
expect_fail "marked packets go by the rule" \
    on a ping -n -c 1 -W 1 10.9.0.2
ip_on a rule del priority 10
expect "and without it they arrive" ping_from a 10.9.0.2
on a wg set "$(tun a)" fwmark 0
expect_is "no mark" off on a wg show "$(tun a)" fwmark
