#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Addresses, routes and rules of a configuration: made, changed, taken back,
# left alone, put back by a reload, told when others change them, and undone
# after a kill -9.
# timeout: 240
# variants: no

. "$(dirname "$0")/../lib.sh"
need ip
. "$TOP/regress/kernelctl.sh"

state >"$T/before"

# --- made, and made again

kernel_start
names "$T/one"
expect_is "prepared" "prepared" k prepare "$T/one"
k commit
expect_is "addresses" "10.66.0.1/24 fd66::1/64 " addresses
expect "mtu and up" sh -c "ip -n $(ns a) -o link show $IF |
    grep -q '[<,]UP[,>].*mtu 1420'"
expect_is "routes" "10.66.0.0/24 198.51.100.0/24 198.51.100.128/25 " routes -4
expect_is "routes6" "2001:db8:77::/48 fd66::/64 " routes -6
expect_is "rules" "5200: from all fwmark M lookup T proto 119;" rules 4
expect_is "rules6" "5200: from all fwmark M lookup T proto 119;" rules 6
expect_is "unreachable with the mark" "unreachable 10.66.0.0/24;unreachable \
169.254.0.0/16;unreachable 198.51.100.0/24;" table 4 $TABLE
expect_is "unreachable with the mark, v6" "unreachable 2001:db8:77::/48;\
unreachable fd66::/64;" table 6 $TABLE
expect "no IPv6 address waits for anything" \
    not sh -c "ip -n $(ns a) -6 address show $IF | grep -q tentative"
expect "the mark goes past" sh -c "ip -n $(ns a) route get 203.0.113.1 \
    mark $MARK | grep -q 'dev to-other'"
expect_fail "the mark does not enter" ip_on a route get 198.51.100.1 \
    mark "$MARK"
expect_fail "nor do clouds' secrets" ip_on a route get 169.254.169.254 \
    mark "$MARK"
expect "others do" sh -c "ip -n $(ns a) route get 198.51.100.1 |
    grep -q 'dev $IF'"

state >"$T/made"
# What ip says on stderr is about the names in /run/netns, others' too.
ip -n "$(ns a)" monitor address route rule link >"$T/monitor" \
    2>"$T/monitor.err" &
monitor=$!
PIDS="$PIDS $monitor"
sleep 0.2
apply "$T/one" >/dev/null
k prepare "$T/one" >/dev/null
k abort
ip_on a address add 192.0.2.9/32 dev lo
wait_for 5 grep -q 192.0.2.9 "$T/monitor" || true
expect_is "a reload without a change touches nothing" "" \
    sh -c "grep -v -e 192.0.2.9 -e valid_lft '$T/monitor' || true"
kill $monitor
wait $monitor 2>/dev/null || true
ip_on a address del 192.0.2.9/32 dev lo

# --- changes

expect_is "another is prepared" "prepared" k prepare "$T/two"
expect_is "additions only" \
    "10.66.0.0/24 10.77.0.0/24 198.51.100.0/24 198.51.100.128/25 \
203.0.113.0/24 " routes -4
k abort
state >"$T/aborted"
expect "abort takes all back" diff "$T/made" "$T/aborted"
apply "$T/two" >/dev/null
expect_is "changed" "10.66.0.0/24 10.77.0.0/24 203.0.113.0/24 " routes -4
expect_is "changed6" "2001:db8:78::/48 fd66::/64 " routes -6
expect_is "changed addresses" "10.66.0.1/24 10.77.0.1/24 fd66::1/64 " addresses
expect_is "changed table" "unreachable 10.66.0.0/24;unreachable \
10.77.0.0/24;unreachable 169.254.0.0/16;unreachable 203.0.113.0/24;" \
    table 4 $TABLE
expect "changed mtu" sh -c "ip -n $(ns a) -o link show $IF |
    grep -q 'mtu 1400'"

# A neighbour of the same network, and an IPv6 address in another one.
sed 's|10.66.0.1/24|10.66.0.3/24|; s|fd66::1/64|fd66::1/48|; /10.77/d' \
    "$T/two" >"$T/three"
apply "$T/three" >/dev/null
expect_is "another address of the network" "10.66.0.3/24 fd66::1/48 " addresses
expect_is "its routes" "10.66.0.0/24 203.0.113.0/24 " routes -4
sed '/^address 10/d' "$T/two" >"$T/four"
apply "$T/four" >/dev/null
expect_is "the last IPv4 address goes, routes stay" \
    "10.66.0.2 203.0.113.0/24 " routes -4
apply "$T/one" >/dev/null
state >"$T/again"
expect "back to the first" diff "$T/made" "$T/again"

# --- refused

ip_on a route add 203.0.113.0/24 dev to-other
state >"$T/made"
expect_is "a foreign route is named" "no: cannot add route 203.0.113.0/24 to \
table main: File exists; another program has a route to it: \"ip route show \
203.0.113.0/24\"" k prepare "$T/two"
state >"$T/again"
expect "and all is as before" diff "$T/made" "$T/again"
ip_on a route del 203.0.113.0/24
state >"$T/made"
sed 's/mtu 1400/mtu 1200/' "$T/two" >"$T/small"
k prepare "$T/small" >"$T/why"
state >"$T/again"
expect "too small for IPv6" grep -q \
    '^no: cannot add address fd66::1/64: IPv6 needs an MTU of 1280' "$T/why"
expect "all is as before again" diff "$T/made" "$T/again"

# --- told, not fought

log_mark
ip_on a route del 198.51.100.0/24
expect "a route that went is told" wait_for 5 said \
    'route 198.51.100.0/24 in table main was removed by pid [0-9]\{1,7\}; "'
expect_fail "and not put back" sh -c "ip -n $(ns a) route |
    grep -q '^198.51.100.0/24'"
k problems >"$T/problems"
expect "it is a problem" grep -q "198.51.100.0/24" "$T/problems"
expect "in the rows, too" sh -c "echo '$(k rows)' |
    grep -qF 'route|198.51.100.0/24|main|lost'"
k prepare "$T/one" >/dev/null
k abort
expect_fail "a refused reload leaves it lost" sh -c "ip -n $(ns a) route |
    grep -q '^198.51.100.0/24'"
apply "$T/one" >/dev/null
state >"$T/again"
expect "a reload puts it back" diff "$T/made" "$T/again"
expect_is "no problem is left" "" k problems
log_mark
ip_on a rule del pref 5200
ip_on a -6 address del fd66::1/64 dev "$IF"
ip_on a link set "$IF" mtu 1300
expect "a rule" wait_for 5 said 'rule "5200: fwmark'
expect "an address" wait_for 5 said 'address fd66::1/64\|more like it'
expect "an MTU" wait_for 5 said 'was changed from 1420 to 1300'
apply "$T/one" >/dev/null
state >"$T/again"
expect "all is back" diff "$T/made" "$T/again"
log_mark
ip_on a route replace 198.51.100.0/24 dev to-other
expect "a replaced route" wait_for 5 said 'route 198.51.100.0/24'
ip_on a route replace 198.51.100.0/24 dev "$IF"
expect "who mends it is seen" wait_for 5 said "is there again"
expect_is "and no problem is left" "" k problems
apply "$T/one" >/dev/null
ip_on a route flush dev "$IF"
log_mark
expect "a flush" wait_for 5 said "more like it"
k problems >"$T/problems"
expect_is "is few problems" 1 sh -c "grep -c . '$T/problems'"
apply "$T/one" >/dev/null

# --- the link

ip_on a link set "$IF" down
ip_on a link set "$IF" up
up_again() {
	up_four="10.66.0.0/24 198.51.100.0/24 198.51.100.128/25 "
	[ "$(routes -4)" = "$up_four" ] &&
	[ "$(routes -6)" = "2001:db8:77::/48 fd66::/64 " ] &&
	[ "$(addresses)" = "10.66.0.1/24 fd66::1/64 " ]
}
expect "a flap is mended" wait_for 5 up_again
ip_on a link set "$IF" down
sleep 0.3
expect_is "a link that is down is no problem of ours" "" k problems
apply "$T/one" >/dev/null
expect "a reload sets it up" up_again
ip_on a link set "$IF" netns "$(ns other)"
sleep 0.5
k problems >"$T/problems"
expect "elsewhere" grep -q "another network namespace" "$T/problems"
k moved
expect_is "a reload meanwhile" prepared k prepare "$T/two"
k commit
expect_is "does not touch it" 0 sh -c "ip -n $(ns other) -o address \
    show dev $IF | wc -l"
apply "$T/one" >/dev/null
ip_on other link set "$IF" netns "$(ns a)"
k moved
ip_on a link set "$IF" up
expect "home again" wait_for 5 up_again
sleep 0.5
expect_is "home again without a problem" "" k problems
kernel_end
clean_ok "a clean end"

# --- other tables

kernel_start
sed '$a routes none' "$T/one" >"$T/none"
apply "$T/none" >/dev/null
expect_is "routes none" "10.66.0.0/24 " routes -4
expect_is "only what is connected is barred" \
    "unreachable 10.66.0.0/24;unreachable 169.254.0.0/16;" table 4 $TABLE
sed '$a routes 51' "$T/one" >"$T/51"
printf 'allowed 0.0.0.0/0\nfwmark 51\n' >>"$T/51"
apply "$T/51" >/dev/null
expect_is "routes table" "10.66.0.0/24 " routes -4
expect_is "all are there" "default dev;10.66.0.2 dev;198.51.100.0/24 dev;\
198.51.100.128/25 dev;" table 4 51
MARK=0x33
expect_is "one rule, with the mark of the file" \
    "5200: from all fwmark M lookup T proto 119;" rules 4
apply "$T/one" >/dev/null
kernel_end
clean_ok "a clean end after other tables"

# --- all of it

MARK=0x2a
kernel_start
apply "$T/all" >/dev/null
expect_is "rules of all" "5200: from all fwmark M lookup T proto 119;\
5201: not from all fwmark M lookup main suppress_prefixlength 0 proto 119;\
5202: not from all fwmark M lookup T2 proto 119;" rules 4
expect_is "rules6 of all" "5200: from all fwmark M lookup T proto 119;\
5201: not from all fwmark M lookup main suppress_prefixlength 0 proto 119;\
5202: not from all fwmark M lookup T2 proto 119;" rules 6
expect "unmarked goes in" sh -c "ip -n $(ns a) route get 203.0.113.1 |
    grep -q 'dev $IF'"
expect "marked goes past" sh -c "ip -n $(ns a) route get 203.0.113.1 \
    mark 0x2a | grep -q 'dev to-other'"
expect "what is near stays near" sh -c "ip -n $(ns a) route get 192.0.2.2 |
    grep -q 'dev to-other'"
expect "unmarked goes in, v6" sh -c "ip -n $(ns a) route get 2001:db8:9::1 |
    grep -q 'dev $IF'"
expect "marked goes past, v6" sh -c "ip -n $(ns a) route get 2001:db8:9::1 \
    mark 0x2a | grep -q 'dev to-other'"
expect_is "src_valid_mark" 1 src_mark
kernel_kill
printf '+ rule mark in' >>"$T/$INSTANCE.undo"
expect "undo after kill -9" undo
clean_ok "nothing is left after kill -9"
expect "undo of nothing" undo

kernel_start
apply "$T/all" >/dev/null
apply "$T/one" >/dev/null
expect_is "src_valid_mark is restored" 0 src_mark
on a sysctl -q -w net.ipv4.conf.all.src_valid_mark=1
apply "$T/all" >/dev/null
apply "$T/one" >/dev/null
expect_is "what another set stays" 1 src_mark
on a sysctl -q -w net.ipv4.conf.all.src_valid_mark=0
k prepare "$T/all" >/dev/null
kernel_kill
kernel_start
expect_is "the next one undoes it" "" rules 4
kernel_end
clean_ok "killed between prepare and commit"

# --- many

awk 'BEGIN { print "address 10.66.0.1/24\naddress fd66::1/64"
	for (i = 0; i < 10000; i++) {
		printf "allowed 10.%d.%d.0/24\n", 100 + i / 256, i % 256
		printf "allowed 172.16.%d.%d/32\n", i / 256, i % 256
		printf "allowed fd77:%x::/64\n", i
	} }' >"$T/many"
kernel_start
apply "$T/many" >/dev/null
expect_is "30,000 routes" 30002 sh -c "ip -n $(ns a) -4 route show dev $IF \
    >'$T/r4'; ip -n $(ns a) -6 route show dev $IF | grep -v fe80 >'$T/r6'
    cat '$T/r4' '$T/r6' | grep -vc multicast"
apply "$T/many" >/dev/null
apply "$T/one" >/dev/null
expect_is "all removed" "10.66.0.0/24 198.51.100.0/24 198.51.100.128/25 " \
    routes -4
k prepare "$T/many" >/dev/null
k abort
apply "$T/many" >/dev/null
expect_is "our own events are not ours to read" 0 k overruns
ip_on a link set "$IF" down
ip_on a link set "$IF" up
many_again() {
	[ "$(ip_on a -4 route show dev "$IF" | wc -l)" -eq 20001 ]
}
expect "a flap of 10,000 peers" wait_for 10 many_again
kernel_end
clean_ok "a clean end of 10,000 peers"
echo "# 10,000 peers, 30,000 routes, ms: add $(sed -n 's/^took \(.*\) ms/\1/p' \
    "$OUT" | tr '\n' ' ')(prepare and commit of many, many," \
    "one; many and abort, many; close)"
expect "no step took ten seconds" sh -c "sed -n 's/^took \(.*\) ms/\1/p' \
    '$OUT' | awk '\$1 >= 10000 { bad = 1 } END { exit bad }'"
