#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Addresses, routes and rules beside those of others: another instance that
# wants the same, or goes; programs that change what is ours in the midst of a
# reload, or make the same while our interface is in another namespace; the
# kernel's own routes to the networks of addresses, and what it does by itself
# when IPv6 comes back to a link; another name.
# timeout: 150
# variants: no

. "$(dirname "$0")/../lib.sh"
need ip
. "$TOP/regress/kernelctl.sh"

# has_route PREFIX WORDS: the main table's route has them.
has_route() {
	ip_on a route show "$1" | grep -q "$2"
}

mtu_is() {
	ip_on a -o link show "$IF" | grep -q "mtu $1 "
}

# to_other, to_home: the interface goes away and comes back.
to_other() {
	ip_on a link set "$IF" netns "$(ns other)"
	k moved
}

to_home() {
	ip_on other link set "$IF" netns "$(ns a)"
	k moved
	ip_on a link set "$IF" up
}

state_of() {
	k rows | grep "^[a-z]*|$1|" | sed 's/.*|//'
}

is_state() {
	[ "$(state_of "$1")" = "$2" ]
}

src_mark_is() {
	[ "$(src_mark)" = "$1" ]
}

SETTING=net.ipv4.conf.all.src_valid_mark
state >"$T/before"

# --- a rule that another instance has

kernel_start
names "$T/all"
apply "$T/all" >/dev/null
state >"$T/made"
use l
kernel_start
k prepare "$T/all" >"$T/why"
expect "another instance's rule is refused" grep -q \
    '^no: cannot add rule "5201: .*: File exists; another instance or' \
    "$T/why"
kernel_end
expect "a refused start leaves no journal" [ ! -e "$T/$INSTANCE.undo" ]
expect "its undo" undo
state >"$T/again"
expect "touches nothing of the other's" diff "$T/made" "$T/again"
kernel_start
k fail journal main inet6
k prepare "$T/all" >"$T/why"
expect "a journal that cannot be written is said" grep -q \
    '^no: .*No space left' "$T/why"
kernel_end
expect "and leaves no journal" [ ! -e "$T/$INSTANCE.undo" ]
state >"$T/again"
expect "and touches nothing of the other's" diff "$T/made" "$T/again"
kernel_start
apply "$T/one" >/dev/null
k prepare "$T/all" >"$T/why"
expect "a reload to the same is refused" grep -q '^no: cannot add rule' \
    "$T/why"
sed 's|fd66::1/64|fd66::1/48|' "$T/all" >"$T/all48"
k prepare "$T/all48" >"$T/why"
expect "also if an address has to wait" grep -q '^no: cannot add rule' "$T/why"
kernel_kill
expect "its undo after kill -9" undo
state >"$T/again"
expect "touches nothing either" diff "$T/made" "$T/again"

# --- src_valid_mark, which two need

sed 's/0x2a/0x2b/; s/10.66.0.1/10.67.0.1/; s/fd66/fd67/' "$T/all" >"$T/all2"
kernel_start
apply "$T/all2" >/dev/null
use k
kernel_end
use l
expect "who set src_valid_mark goes, who needs it sets it" \
    wait_for 5 src_mark_is 1
expect_is "no problem is left" "" k problems
use k
kernel_start
apply "$T/all" >/dev/null
use l
kernel_kill
expect "undo of one" undo
use k
expect "it is set again, too" wait_for 5 src_mark_is 1
kernel_kill
# A container's /proc/sys: what nobody can write may be right already.
undo_read_only() {
	on a unshare -m sh -c "mount --bind /proc/sys /proc/sys &&
	    mount -o remount,bind,ro /proc/sys &&
	    exec '$TOOLS/kernelctl' -u '$T' $INSTANCE $IF" \
	    2>>"$T/kernel.log"
}
expect_fail "an undo that would have to set it, where it cannot be set" \
    undo_read_only
on a sysctl -q -w $SETTING=0
expect "an undo that need not" undo_read_only
kernel_start
apply "$T/all" >/dev/null
log_mark
on a sysctl -q -w $SETTING=0
expect_is "by hand it is lost" lost state_of $SETTING
k problems >"$T/problems"
expect "and told" grep -q \
    "setting $SETTING was set to 0 by another program" "$T/problems"
ip_on a rule del pref 5202
expect "in the log at the next look" wait_for 15 said "$SETTING was set to 0"
expect_is "and not put back" 0 src_mark
on a sysctl -q -w $SETTING=1
expect_is "by hand it is well again" ok state_of $SETTING
k problems >"$T/problems"
expect_fail "and no problem" grep -q "$SETTING" "$T/problems"
on a sysctl -q -w $SETTING=0
use l
kernel_start
apply "$T/all2" >/dev/null
kernel_end
use k
expect "another that goes does not take it along, lost or not" \
    wait_for 5 src_mark_is 1
on a sysctl -q -w $SETTING=0
apply "$T/all" >/dev/null
expect_is "a reload puts it back" 1 src_mark
expect_is "it is well again" ok state_of $SETTING
on a sysctl -q -w $SETTING=0
apply "$T/all" >/dev/null
expect_is "a reload that nothing told of it, too" 1 src_mark
kernel_end
clean_ok "a clean end of both"

# --- in the midst of a reload

kernel_start
apply "$T/one" >/dev/null
k prepare "$T/two" >/dev/null
log_mark
ip_on a route del 203.0.113.0/24
k commit
expect "what is new and removed before it is in force is told" wait_for 5 \
    said 'route 203.0.113.0/24 in table main was removed by pid'
expect "it is lost" wait_for 5 is_state 203.0.113.0/24 lost
apply "$T/two" >/dev/null
k prepare "$T/two" >/dev/null
log_mark
ip_on a route del 203.0.113.0/24
# The look that this asks for comes before the end of the reload.
sleep 1.5
k commit
expect "what is removed meanwhile is told" wait_for 5 said \
    'route 203.0.113.0/24 in table main was removed by pid'
apply "$T/two" >/dev/null
k prepare "$T/two" >/dev/null
log_mark
ip_on a rule del pref 5200
sleep 1.5
k abort
expect "also if the reload fails" wait_for 5 said \
    'rule "5200: fwmark .*" was removed by pid'
apply "$T/two" >/dev/null

# --- who it was

log_mark
k remove "$IF" 203.0.113.0/24
expect "a socket's number is no pid" wait_for 5 said \
    'route 203.0.113.0/24 in table main was removed by another program;'
k problems >"$T/problems"
expect "in the problems neither" grep -q \
    '203.0.113.0/24 in table main was removed by another program' "$T/problems"
apply "$T/two" >/dev/null

# --- an IPv6 address with another length

ip_on a address del fd66::1/64 dev "$IF"
ip_on a address add fd66::1/128 dev "$IF"
k prepare "$T/two" >"$T/why"
expect "another's form of an address is no reason to do without ours" grep -q \
    '^no: cannot add address fd66::1/64: File exists; the interface has it' \
    "$T/why"
ip_on a address del fd66::1/128 dev "$IF"
expect_is "without it the reload is done" prepared k prepare "$T/two"
k commit
expect_is "and the address is there" "10.66.0.1/24 10.77.0.1/24 fd66::1/64 " \
    addresses
sed 's|fd66::1/64|fd66::1/48|' "$T/two" >"$T/48"
apply "$T/48" >/dev/null
expect_is "our own other length" "10.66.0.1/24 10.77.0.1/24 fd66::1/48 " \
    addresses
cat "$T/two" "$T/48" >"$T/both"
k prepare "$T/both" >"$T/why"
expect "both at once are refused" grep -q \
    '^no: cannot add address fd66::1/64: File exists' "$T/why"
expect_is "what was stays" "10.66.0.1/24 10.77.0.1/24 fd66::1/48 " addresses

# --- the networks of the addresses

apply "$T/one" >/dev/null
route_of() {
	ip_on a "$1" -o route show "$2" dev "$IF" |
	    sed -n 's/^[^ ]* *proto \([^ ]*\) .*/\1/p'
}
proto_is() {
	[ "$(route_of "$1" "$2")" = "$3" ]
}
expect_is "are the kernel's own" "kernel kernel" \
    echo "$(route_of -4 10.66.0.0/24)" "$(route_of -6 fd66::/64)"
expect "and well" is_state 10.66.0.0/24 ok
log_mark
ip_on a route del 10.66.0.0/24 dev "$IF"
expect "one that goes is told" wait_for 5 said \
    'route 10.66.0.0/24 in table main was removed by pid'
expect_is "is lost" lost state_of 10.66.0.0/24
k problems >"$T/problems"
expect "and a problem" grep -q '^problem: route 10.66.0.0/24 ' "$T/problems"
k prepare "$T/one" >/dev/null
k abort
expect_is "a refused reload leaves it so" "" route_of -4 10.66.0.0/24
ip_on a -6 route del fd66::/64 dev "$IF"
expect "one of IPv6" wait_for 5 is_state fd66::/64 lost
apply "$T/one" >/dev/null
expect_is "a reload puts them back" "119 119" \
    echo "$(route_of -4 10.66.0.0/24)" "$(route_of -6 fd66::/64)"
expect "with their source" has_route 10.66.0.0/24 "src 10.66.0.1"
expect "and their metric" sh -c \
    "ip -n $(ns a) -6 route show fd66::/64 | grep -q 'metric 256'"
expect_is "and no problem is left" "" k problems
ip_on a link set "$IF" down
ip_on a link set "$IF" up
expect "after a flap they are the kernel's again" wait_for 5 proto_is -4 \
    10.66.0.0/24 kernel
expect "of IPv6, too" wait_for 5 proto_is -6 fd66::/64 kernel

log_mark
ip_on a route replace 10.66.0.0/24 via 192.0.2.2
expect "one that is replaced is told" wait_for 5 said 'route 10.66.0.0/24'
k prepare "$T/one" >"$T/why"
expect "a reload says what stands there" grep -q \
    '^no: cannot add route 10.66.0.0/24 to .*; another program has' "$T/why"
ip_on a route del 10.66.0.0/24
apply "$T/one" >/dev/null
expect_is "without it it is put back" 119 route_of -4 10.66.0.0/24

sed 's|10.66.0.1/24|10.66.0.3/24|' "$T/one" >"$T/next"
apply "$T/next" >/dev/null
expect_is "another address of it has the kernel's" kernel \
    route_of -4 10.66.0.0/24
ip_on a route del 10.66.0.0/24 dev "$IF"
ip_on a -6 route del fd66::/64 dev "$IF"
apply "$T/next" >/dev/null
expect_is "put back again" "119 119" \
    echo "$(route_of -4 10.66.0.0/24)" "$(route_of -6 fd66::/64)"
printf 'address 10.68.0.1/32\nallowed 10.66.0.0/24\n' >"$T/host"
apply "$T/host" >/dev/null
expect_is "with the address ours goes, too" "" route_of -6 fd66::/64
expect "but not what a peer needs" has_route 10.66.0.0/24 "proto 119"
expect_is "a lone address has no network" "" state_of 10.68.0.0/32
apply "$T/one" >/dev/null
expect_is "which is the kernel's with an address" kernel \
    route_of -4 10.66.0.0/24
log_mark
ip_on a address del 10.66.0.1/24 dev "$IF"
expect "an address that goes is told" wait_for 5 said 'address 10.66.0.1/24'
expect_is "its network goes with it" waits state_of 10.66.0.0/24
apply "$T/one" >/dev/null
expect_is "and comes with it" kernel route_of -4 10.66.0.0/24
if ip_on a link add blue type vrf table 1234 2>/dev/null; then
	ip_on a link set blue up
	log_mark
	ip_on a link set "$IF" master blue
	expect "in a VRF they are elsewhere" wait_for 5 is_state \
	    10.66.0.0/24 waits
	apply "$T/one" >/dev/null
	expect_is "and stay there" "" route_of -4 10.66.0.0/24
	ip_on a link set "$IF" nomaster
	expect "and come back" wait_for 5 is_state 10.66.0.0/24 ok
	expect_fail "nobody is blamed for it" said '10.66.0.0/24'
	ip_on a link del blue
else
	skip "networks in a VRF" "this kernel has none"
fi
apply "$T/two" >/dev/null

# --- IPv6 gone and come back

gen_mode() {
	ip_on a -d link show "$IF" | sed -n 's/.*addrgenmode \([^ ]*\).*/\1/p'
}
no_link_local() {
	[ "$(gen_mode)" = none ] &&
	    ! ip_on a -6 address show dev "$IF" | grep -q fe80
}
expect "no link-local address" no_link_local
sed 's/mtu 1400/mtu 1200/; s/^address fd66.*//; /^allowed .*:/d' "$T/two" \
    >"$T/small"
log_mark
apply "$T/small" >/dev/null
expect_fail "what the MTU took away need not be removed" said "cannot remove"
apply "$T/two" >/dev/null
expect "none after a reload to a small MTU and back" no_link_local
ip_on a link set "$IF" mtu 1200
expect "an MTU of others" wait_for 5 is_state fd66::1/64 lost
ip_on a link set "$IF" mtu 1500
expect "none when they raise it" wait_for 5 no_link_local
ip_on a link set "$IF" mtu 1200
ip_on a link set "$IF" mtu 1400
sleep 0.3
expect "none after a short dip" wait_for 5 no_link_local
apply "$T/two" >/dev/null
expect "none after a reload" no_link_local
expect "and all else is back" wait_for 5 is_state fd66::1/64 ok
sed '/^address fd66/d' "$T/small" >"$T/why"
echo 'allowed 2001:db8:78::/48' >>"$T/why"
k prepare "$T/why" >"$T/said"
expect "routes of IPv6 need an MTU, too" grep -q \
    '^no: cannot add route 2001:db8:78::/48: IPv6 needs an MTU' "$T/said"
on a sysctl -q -w "net.ipv6.conf.$IF.disable_ipv6=1"
expect "no IPv6" wait_for 5 is_state fd66::1/64 lost
k prepare "$T/two" >"$T/why"
expect "what to do about it" grep -q \
    "sysctl -w net/ipv6/conf/$IF/disable_ipv6=0\" and a reload" "$T/why"
on a sysctl -q -w "net/ipv6/conf/$IF/disable_ipv6=0"
expect_is "is right" prepared k prepare "$T/two"
k commit
expect_is "it is well" "" k problems
expect "and without a link-local address" no_link_local

# --- routes of others by our interface

has_route6() {
	ip_on a -6 route show "$1" | grep -q "$2"
}
six=2001:db8:78::/48
sed '/2001:db8:78/d; /203.0.113/d' "$T/two" >"$T/less"
ip_on a -6 route add $six dev "$IF" metric 10 proto static
apply "$T/less" >/dev/null
expect_fail "beside another of less metric ours goes" has_route6 $six 119
expect "and not the other" has_route6 $six "metric 10 "
k prepare "$T/two" >/dev/null
expect "ours comes" has_route6 $six "proto 119"
k abort
expect_fail "and goes if the reload fails" has_route6 $six 119
expect "the other stays" has_route6 $six "metric 10 "
ip_on a -6 route del $six metric 10
ip_on a -6 route add $six dev "$IF" proto static
ip_on a route add 203.0.113.0/24 dev "$IF" proto static
expect_is "what is there already is as good as ours" prepared \
    k prepare "$T/two"
k commit
apply "$T/less" >/dev/null
expect "but is not ours to remove" has_route 203.0.113.0/24 "proto static"
expect "of IPv6 neither" has_route6 $six "proto static"
ip_on a -6 route del $six
ip_on a route del 203.0.113.0/24
apply "$T/two" >/dev/null

# --- looks that fail

k fail dump 1000
log_mark
ip_on a link set "$IF" down
ip_on a link set "$IF" up
expect "what cannot be seen is said" wait_for 5 said "cannot see"
expect_is "and not called well" waits state_of $six
k fail dump 0
expect "a link that was down is mended later" wait_for 10 is_state $six ok
expect "with its route" has_route6 $six "proto 119"
expect "with its address" is_state fd66::1/64 ok
sleep 1.5
expect_fail "and nobody is blamed" said "was removed"
expect_is "for anything" "" k problems
k fail dump 1000
log_mark
ip_on a route del 203.0.113.0/24
expect "again" wait_for 5 said "cannot see"
k fail dump 0
expect "what somebody removed meanwhile is told" wait_for 10 said \
    'route 203.0.113.0/24 in table main was removed'
apply "$T/two" >/dev/null
k fail dump 1000
log_mark
ip_on a link set "$IF" down
ip_on a link set "$IF" up
expect "and again" wait_for 5 said "cannot see"
k prepare "$T/two" >"$T/why"
k abort
expect "a reload is refused meanwhile" grep -q '^no: cannot see' "$T/why"
k fail dump 0
expect "which is no harm" wait_for 10 is_state $six ok
expect "the route is there" has_route6 $six "proto 119"
k fail link 1000
log_mark
ip_on a link set "$IF" mtu 1390
expect "a link that cannot be seen" wait_for 5 said "cannot see"
k problems >"$T/problems"
expect_fail "is not in another namespace" grep -q namespace "$T/problems"
k prepare "$T/two" >"$T/why"
k abort
expect "no reload without it" grep -q '^no: cannot see the link' "$T/why"
k fail link 0
expect "it is looked at again" wait_for 10 said "MTU of $IF was changed"
apply "$T/two" >/dev/null
expect_is "all is back" "" k problems

# --- another name

log_mark
ip_on a link set "$IF" name "${IF}new"
IF=${IF}new
ip_on a link set "$IF" mtu 1300
expect "is told of" wait_for 5 said "the MTU of $IF was"
k problems >"$T/problems"
expect "everywhere" grep -q "the MTU of $IF is 1300 and" "$T/problems"
ip_on a link set "$IF" name "${IF%new}"
IF=${IF%new}
apply "$T/two" >/dev/null

# --- while the interface is away

to_other
ip_on a route add 203.0.113.0/24 via 192.0.2.2 dev to-other
apply "$T/one" >/dev/null
expect "a reload leaves another's route to what was ours" \
    has_route 203.0.113.0/24 to-other
expect_is "the number 0 is no interface" "refused: No such device" \
    k remove - 203.0.113.0/24
expect "nothing went by it" has_route 203.0.113.0/24 to-other
ip_on a route del 203.0.113.0/24
to_home
expect "home again" wait_for 5 has_route 198.51.100.0/24 "$IF"
k prepare "$T/two" >/dev/null
to_other
ip_on a route add 203.0.113.0/24 via 192.0.2.2 dev to-other
k abort
expect "so does a reload that fails" has_route 203.0.113.0/24 to-other
ip_on a route del 203.0.113.0/24
log_mark
to_home
expect "its MTU is the one in force" mtu_is 1420

to_other
apply "$T/two" >/dev/null
to_home
expect "an MTU that was changed meanwhile" wait_for 5 mtu_is 1400
expect "routes, too" wait_for 5 has_route 203.0.113.0/24 "$IF"
to_other
expect_is "prepared there" prepared k prepare "$T/one"
to_home
k commit
expect "in force at home: MTU" wait_for 5 mtu_is 1420
expect "in force at home: routes" wait_for 5 has_route 198.51.100.0/24 "$IF"
sleep 0.5
expect_fail "nobody is blamed" said "was changed from"
expect_is "all is well" "" k problems
kernel_end
clean_ok "a clean end"
