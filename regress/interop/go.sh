#!/bin/sh
# SPDX-License-Identifier: ISC
#
# warren and Debian's wireguard-go: each as initiator, over both families,
# with and without a preshared key, roaming, restarts of either side.

. "$(dirname "$0")/../lib.sh"
need wg ping ip wireguard-go

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24 2001:db8::1/64 2001:db8::2/64
warren_start a
theirs_start b
pair_up a b fd00:9::
expect "warren initiates, v4" ping_from a 10.9.0.2
expect "v6 inside" ping_from b fd00:9::1
expect "TCP to wireguard-go" flow a b 10.9.0.2 16777216
expect "TCP from wireguard-go" flow b a fd00:9::1 16777216

# With a preshared key, and the other way round: wireguard-go initiates.
restart_b() {
	on b wg set "$(tun b)" peer "$(key_of a)" remove
	on a wg set "$(tun a)" peer "$(key_of b)" remove
}
psk_new ab
restart_b
peer_add a b 10.9.0.2/32,fd00:9::2/128 preshared-key "$T/ab.psk"
peer_add b a 10.9.0.1/32,fd00:9::1/128 preshared-key "$T/ab.psk" \
    endpoint 192.0.2.1:51820
expect "wireguard-go initiates, with a preshared key" ping_from b 10.9.0.1
restart_b
peer_add a b 10.9.0.2/32,fd00:9::2/128 preshared-key "$T/ab.psk"
peer_add b a 10.9.0.1/32,fd00:9::1/128 preshared-key "$T/ab.psk" \
    endpoint '[2001:db8::1]:51820'
expect "wireguard-go initiates over v6" ping_from b fd00:9::1
restart_b
peer_add a b 10.9.0.2/32,fd00:9::2/128 preshared-key "$T/ab.psk" \
    endpoint '[2001:db8::2]:51820'
peer_add b a 10.9.0.1/32,fd00:9::1/128 preshared-key "$T/ab.psk"
expect "warren initiates over v6" ping_from a fd00:9::2
psk_new other
on a wg set "$(tun a)" peer "$(key_of b)" preshared-key "$T/other.psk"
restart_b
peer_add a b 10.9.0.2/32 preshared-key "$T/other.psk" \
    endpoint 192.0.2.2:51820
peer_add b a 10.9.0.1/32 preshared-key "$T/ab.psk"
expect_fail "different preshared keys" on a ping -n -c 2 -W 1 10.9.0.2
on a wg set "$(tun a)" peer "$(key_of b)" preshared-key "$T/ab.psk"
agreed() {
	on a ping -n -c 1 -W 1 10.9.0.2
}
expect "the same again" wait_for 15 agreed

# The other side forgets everything: wireguard-go is started anew.
kill "$(pid_of b)"
wait_for 5 gone "$(pid_of b)"
theirs_start b
wg_setup b 51820
peer_add b a 10.9.0.1/32 preshared-key "$T/ab.psk" endpoint 192.0.2.1:51820
tunnel_up b 10.9.0.2/24
expect "wireguard-go was started anew" ping_from b 10.9.0.1
kill "$(pid_of a)"
wait_for 5 gone "$(pid_of a)"
warren_start a
wg_setup a 51820
peer_add a b 10.9.0.2/32 preshared-key "$T/ab.psk" endpoint 192.0.2.2:51820
tunnel_up a 10.9.0.1/24
expect "warren was started anew" ping_from a 10.9.0.2
