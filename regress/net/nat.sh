#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A host behind a NAT whose mappings are short-lived: its keepalives keep the
# way open, so that the host outside can speak first; three hosts in a row.

. "$(dirname "$0")/../lib.sh"
need wg ping ip nft

host_new in gw out third
link_new in gw 10.1.0.2/24 10.1.0.1/24
link_new gw out 192.0.2.1/24 192.0.2.2/24
link_new third out 198.51.100.1/24 198.51.100.2/24
router gw
ip_on in route add default via 10.1.0.1
on gw nft -f - <<EOF || skip_all "nftables cannot do NAT here"
table ip nat {
	chain post {
		type nat hook postrouting priority srcnat
		oifname "to-out" masquerade fully-random
	}
}
table ip guard {
	chain forwarded {
		type filter hook forward priority filter
		iifname "to-out" ct state established accept
		iifname "to-out" drop
	}
}
EOF
echo 4 | on gw tee /proc/sys/net/netfilter/nf_conntrack_udp_timeout \
    >/dev/null 2>&1 || skip_all "no conntrack in a namespace"
echo 4 | on gw tee /proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream \
    >/dev/null

for host in in out third; do
	warren_start $host
	wg_setup $host 51820
done
peer_add in out 10.9.0.0/24 endpoint 192.0.2.2:51820 persistent-keepalive 1
peer_add out in 10.9.0.1/32
peer_add out third 10.9.0.3/32
peer_add third out 10.9.0.0/24 endpoint 198.51.100.2:51820
tunnel_up in 10.9.0.1/24
tunnel_up out 10.9.0.2/24
tunnel_up third 10.9.0.3/24
router out

known() {
	case $(peer_field out in endpoints) in
	192.0.2.1:51820|'(none)'|'') return 1 ;;
	192.0.2.1:*) ;;
	*) return 1 ;;
	esac
}
expect "the keepalive alone makes the session" wait_for 10 known
sleep 6		# longer than the mapping lives without keepalives
expect "the host outside can speak first" ping_from out 10.9.0.1
expect "three hosts: through the one in the middle" ping_from third 10.9.0.1
expect "and back" ping_from in 10.9.0.3
expect "TCP from behind the NAT" flow in third 10.9.0.3 4194304
# The way is cut for longer than the mapping lives; then there is another.
ip_on gw link set to-in down
on gw nft flush ruleset
on gw nft -f - <<EOF
table ip nat {
	chain post {
		type nat hook postrouting priority srcnat
		oifname "to-out" meta l4proto udp snat to 192.0.2.1:40000-40100
	}
}
EOF
sleep 6
ip_on gw link set to-in up
moved() {
	case $(peer_field out in endpoints) in
	192.0.2.1:400[0-9][0-9]) ;;
	192.0.2.1:40100) ;;
	*) return 1 ;;
	esac
}
expect "a new mapping is followed" wait_for 15 moved
expect "and works" ping_from out 10.9.0.1
