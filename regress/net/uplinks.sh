#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A host with two uplinks, and providers that drop what bears an address of
# the other: whoever takes the route away from one uplink, by a word or by
# taking its link down, the source address goes with it, though the peer still
# writes to the old one.

. "$(dirname "$0")/../lib.sh"
need wg ping ip nft

host_new a b m n
link_new a m 192.168.1.2/24 192.168.1.1/24
link_new a n 192.168.2.2/24 192.168.2.1/24
link_new b m 203.0.113.2/24 203.0.113.1/24
link_new b n 192.0.2.2/24 192.0.2.1/24
router m
router n
# IPv6 would tell of a link that goes down.
for host in a b m n; do
	on "$host" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 \
	    net.ipv4.conf.all.rp_filter=0
	for link in $(on "$host" ls /proc/sys/net/ipv4/conf); do
		on "$host" sysctl -q -w "net.ipv4.conf.$link.rp_filter=0"
	done
done
addr_add b lo 198.51.100.2/32
ip_on m route add 198.51.100.2 via 203.0.113.2
ip_on n route add 198.51.100.2 via 192.0.2.2
ip_on b route add 192.168.1.0/24 via 203.0.113.1
ip_on b route add 192.168.2.0/24 via 192.0.2.1
for host in m n; do
	other=192.168.2.0/24
	[ $host = m ] || other=192.168.1.0/24
	on $host nft -f - <<-NFT
	table ip filter {
		chain forward {
			type filter hook forward priority 0
			ip saddr $other drop
		}
	}
	NFT
done

warren_start a
warren_start b
wg_setup a 51820
wg_setup b 51820
peer_add a b 10.9.0.2/32 endpoint 198.51.100.2:51820
peer_add b a 10.9.0.1/32
tunnel_up a 10.9.0.1/24
tunnel_up b 10.9.0.2/24

b_sees_a_at() {
	[ "$(peer_field b a endpoints)" = "$1:51820" ]
}

# via ROUTER: the route is replaced while b goes on to write to where a was.
via() {
	case $1 in
	m) ip_on a route replace 198.51.100.2 via 192.168.1.1 ;;
	n) ip_on a route replace 198.51.100.2 via 192.168.2.1 ;;
	esac
}

via m
expect "by one uplink" ping_from a 10.9.0.2
expect "it writes from there" b_sees_a_at 192.168.1.2
start b ping -n -q -i 0.005 -s 64 10.9.0.1
sleep 1
via n
expect "the other way, with traffic from the first" \
    wait_for 3 b_sees_a_at 192.168.2.2
expect "both ways" ping_from a 10.9.0.2
via m
expect "and back" wait_for 3 b_sees_a_at 192.168.1.2
via n
expect "and forth" wait_for 3 b_sees_a_at 192.168.2.2

# A link that goes down takes its routes along.
ip_on a route del 198.51.100.2
ip_on a route add default via 192.168.1.1 metric 10
ip_on a route add default via 192.168.2.1 metric 20
expect "the better of two ways" wait_for 5 b_sees_a_at 192.168.1.2
start a ping -n -q -i 0.2 10.9.0.2
# What came before shall not be what it looks at the routes for.
sleep 2
ip_on a link set to-m down
expect "its link goes down" wait_for 3 b_sees_a_at 192.168.2.2

# Rules choose routes, too.
ip_on a link set to-m up
ip_on a route replace default via 192.168.2.1
ip_on a route add default via 192.168.1.1 table 77
sleep 2
ip_on a rule add to 198.51.100.2 lookup 77 priority 1000
expect "a rule" wait_for 3 b_sees_a_at 192.168.1.2

# Who only answers: nothing changes here while the other one begins, and the
# route back is by the other uplink than the one that he wrote to.
ends() {
	kill "$(pid_of "$1")"
	wait_for 5 gone "$(pid_of "$1")"
}
ends a
ends b
ip_on a rule del priority 1000
ip_on a route flush table 77
ip_on a route replace default via 192.168.1.1
on a wg set "$(tun a)" peer "$(key_of b)" remove
peer_add a b 10.9.0.2/32
ip_on b route replace 192.168.1.0/24 via 203.0.113.1 src 198.51.100.2
ip_on b route replace 192.168.2.0/24 via 192.0.2.1 src 198.51.100.2
b_begins_at() {
	on b wg set "$(tun b)" peer "$(key_of a)" remove
	peer_add b a 10.9.0.1/32 endpoint "$1:51820"
}
sleep 2
b_begins_at 192.168.2.2
expect "a first word by the wrong uplink is answered by the right one" \
    ping_from b 10.9.0.1
expect "from its address" b_sees_a_at 192.168.1.2

# What is wrong on the way to one address of the peer may be right on the way
# to another.
addr_add a to-n 192.168.2.3/24
addr_add b lo 198.51.100.3/32
ip_on a route add 198.51.100.3 via 192.168.2.1
ip_on n route add 198.51.100.3 via 192.0.2.2
sleep 2
on b wg set "$(tun b)" peer "$(key_of a)" endpoint 192.168.2.3:51820
expect "a second address, by the wrong uplink" ping_from b 10.9.0.1
expect "is not answered from" b_sees_a_at 192.168.1.2
ip_on b route replace 192.168.2.0/24 via 192.0.2.1 src 198.51.100.3
ip_on b address del 198.51.100.2/32 dev lo
on b wg set "$(tun b)" peer "$(key_of a)" endpoint 192.168.2.3:51820
expect "it writes there from where the route back is right" \
    ping_from b 10.9.0.1
expect "and is answered from there" b_sees_a_at 192.168.2.3
