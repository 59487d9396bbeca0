#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The UAPI with wg(8): everything that it can set comes back, many allowed
# IPs, many and slow clients, and data that never waits for a get.
# timeout: 240

. "$(dirname "$0")/../lib.sh"
need wg ping ip nc

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
pair_start a b
peer_add b a 10.9.0.1/32 endpoint 192.0.2.1:51820
psk_new ab
expect "ping" ping_from a 10.9.0.2

wga() {
	on a wg "$@"
}
dev=$(tun a)
expect_is "the public key is that of the private one" "$(key_of a)" \
    wga show "$dev" public-key
wga set "$dev" peer "$(key_of b)" preshared-key "$T/ab.psk" \
    persistent-keepalive 25
expect_is "preshared key" "$(cat "$T/ab.psk")" peer_field a b preshared-keys
expect_is "keepalive" 25 peer_field a b persistent-keepalive
wga set "$dev" peer "$(key_of b)" preshared-key /dev/null \
    persistent-keepalive off
expect_is "no preshared key" "(none)" peer_field a b preshared-keys
expect_is "no keepalive" off peer_field a b persistent-keepalive

# Moving a prefix, host bits, /0, removing.
(umask 077 && wg genkey >"$T/c.key")
wg pubkey <"$T/c.key" >"$T/c.pub"
peer_add a c 10.20.30.40/8,::/0
expect_is "host bits are cut" "10.0.0.0/8 ::/0" peer_field a c allowed-ips
peer_add a c 10.9.0.2/32
expect_is "a prefix moves to the last one who asks" "10.9.0.2/32" \
    peer_field a c allowed-ips
expect_is "and leaves the other" "(none)" peer_field a b allowed-ips
wga set "$dev" peer "$(key_of c)" remove
expect_is "removed" "$(key_of b)" wga show "$dev" peers
peer_add a b 10.9.0.2/32
expect "and ping again" ping_from a 10.9.0.2

# showconf, setconf and syncconf.
wga showconf "$dev" >"$T/conf"
wga setconf "$dev" "$T/conf"
wga showconf "$dev" >"$T/conf2"
expect "setconf of showconf is the same" cmp "$T/conf" "$T/conf2"
expect "the replaced peer shakes hands again" ping_from a 10.9.0.2
shake=$(peer_field a b latest-handshakes)
wga syncconf "$dev" "$T/conf"
expect_is "syncconf keeps the session" "$shake" \
    peer_field a b latest-handshakes
expect_fail "an interface that is not there" wga show "nope$$"

# 130,560 allowed IPs in one set, and back, while pings go on.
{
	printf '[Peer]\nPublicKey = %s\n' "$(key_of c)"
	awk 'BEGIN { for (i = 0; i < 130560; i++)
	    printf "AllowedIPs = 172.%d.%d.%d/32\n", 16 + int(i / 65536),
	    int(i / 256) % 256, i % 256 }'
} >"$T/big.conf"
on b ping -n -q -i 0.02 -c 200 10.9.0.1 >"$T/ping.out" 2>&1 &
pinger=$!
expect "130,560 allowed IPs in one set" wga addconf "$dev" "$T/big.conf"
expect_is "all come back" 130561 \
    sh -c "ip netns exec $(ns a) wg show $dev allowed-ips | tr ' \t' '\n\n' |
        grep -c /32"
wait $pinger || true
lost=$(sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' "$T/ping.out")
expect "and data did not wait (lost: $lost %)" test "${lost%.*}" -le 2

# Clients that ask and do not read; a hundred of them.
slow_start() {
	i=0
	while [ $i -lt 100 ]; do
		{ printf 'get=1\n\n'; sleep 30; } |
		    nc -U "$UAPI/$dev.sock" | { sleep 30; cat; } >/dev/null &
		PIDS="$PIDS $!"
		i=$((i + 1))
	done
}
slow_start 2>/dev/null
expect "wg is served beside 100 clients that do not read" \
    timeout 10 ip netns exec "$(ns a)" wg show "$dev" peers
on b ping -n -q -i 0.02 -c 100 10.9.0.1 >"$T/ping.out" 2>&1 || true
lost=$(sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' "$T/ping.out")
expect "and data passes (lost: $lost %)" test "${lost%.*}" -le 2

# Change of the private key: a new identity, the same peers.
wga setconf "$dev" "$T/conf"
rm "$T/a.key"
wg_setup a 51820
peer_add b a 10.9.0.1/32 endpoint 192.0.2.1:51820
expect "a new private key" ping_from a 10.9.0.2
on a wg set "$dev" private-key /dev/null
expect_is "no key at all" "(none)" wga show "$dev" public-key
