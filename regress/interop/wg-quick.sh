#!/bin/sh
# SPDX-License-Identifier: ISC
#
# wg-quick(8) up and down with warrend as its userspace implementation, with
# a default route through the tunnel, and against wireguard-go.

. "$(dirname "$0")/../lib.sh"
need wg wg-quick ping ip wireguard-go
if [ -e /sys/module/wireguard ]; then
	skip_all "wg-quick would use the kernel's WireGuard"
fi

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
for host in a b; do
	(umask 077 && wg genkey >"$T/$host.key")
	wg pubkey <"$T/$host.key" >"$T/$host.pub"
done
umask 077
cat >"$T/$(tun a).conf" <<EOF
[Interface]
PrivateKey = $(cat "$T/a.key")
Address = 10.9.0.1/24, fd00:9::1/64
ListenPort = 51820
MTU = 1400

[Peer]
PublicKey = $(cat "$T/b.pub")
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = 192.0.2.2:51820
PersistentKeepalive = 1
EOF
cat >"$T/$(tun b).conf" <<EOF
[Interface]
PrivateKey = $(cat "$T/b.key")
Address = 10.9.0.2/24, fd00:9::2/64
ListenPort = 51820

[Peer]
PublicKey = $(cat "$T/a.pub")
AllowedIPs = 10.9.0.1/32, fd00:9::1/128
EOF
quick() {
	quick_host=$1
	quick_prog=$2
	ip netns exec "$(ns "$quick_host")" env \
	    WG_QUICK_USERSPACE_IMPLEMENTATION="$quick_prog" \
	    wg-quick "$3" "$T/$(tun "$quick_host").conf" </dev/null
}
log_pids() {
	PIDS="$PIDS $(ip netns pids "$(ns "$1")" | tr '\n' ' ')"
}
# Without link-local addresses, which come when it pleases the kernel.
ruleset() {
	ip_on a rule
	ip_on a -6 rule
	ip_on a route show table all | grep -v fe80
	ip_on a -br link
	on a nft list ruleset
}
gone_if() {
	! ip_on "$1" link show dev "$(tun "$1")" &&
	    ! [ -e "$UAPI/$(tun "$1").sock" ]
}

ruleset >"$T/before" 2>&1
expect "up" quick a "$WARREND" up
log_pids a
expect "up, wireguard-go" quick b wireguard-go up
log_pids b
expect "the default route leads into the tunnel" \
    sh -c "ip -n $(ns a) route get 203.0.113.9 | grep -q $(tun a)"
expect "ping through it" ping_from a 10.9.0.2
expect "and v6" ping_from b fd00:9::1
expect_is "MTU" 1400 on a cat "/sys/class/net/$(tun a)/mtu"
ip_on b address add 203.0.113.9/32 dev lo
expect "to anywhere" ping_from a 203.0.113.9
expect "TCP" flow a b 10.9.0.2 4194304
expect "down" quick a "$WARREND" down
expect "interface and socket are gone" wait_for 3 gone_if a
ruleset >"$T/after" 2>&1
expect "and nothing else is left" diff "$T/before" "$T/after"
expect "up again" quick a "$WARREND" up
log_pids a
expect "ping again" ping_from a 10.9.0.2
expect "down again" quick a "$WARREND" down
expect "down, wireguard-go" quick b wireguard-go down
expect "all gone" wait_for 3 gone_if a
