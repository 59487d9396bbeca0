#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Addresses, routes and rules where it is easy to be wrong about whose they are
# or why they went: events that were lost, a link that goes while it is looked
# at, another instance's rule in the place of ours, questions that the kernel
# does not answer, and what was left in another network namespace.
# timeout: 120
# variants: no

. "$(dirname "$0")/../lib.sh"
need ip
. "$TOP/regress/kernelctl.sh"

awk 'BEGIN { for (i = 0; i < 20000; i++)
	printf "route add 198.18.%d.%d/32 dev to-other\n", i / 250, i % 250
    }' >"$T/flood"
sed 's/ add / del /' "$T/flood" >"$T/ebb"

# pause, flood FILE, resume: more events than can wait are waiting then.
pause() {
	eval "kill -STOP \$kernel_pid_$FD"
}

flood() {
	ip_on a -batch "$1"
}

resume() {
	eval "kill -CONT \$kernel_pid_$FD"
}

all_there() {
	[ "$(routes -4)" = "10.66.0.0/24 198.51.100.0/24 198.51.100.128/25 " ] &&
	    [ "$(routes -6)" = "2001:db8:77::/48 fd66::/64 " ] &&
	    [ "$(addresses)" = "10.66.0.1/24 fd66::1/64 " ]
}

overran() {
	[ "$(k overruns)" -gt "$1" ]
}

is_state() {
	[ "$(k rows | grep "^[a-z]*|$1|" | sed 's/.*|//')" = "$2" ]
}

src_mark_is() {
	[ "$(src_mark)" = "$1" ]
}

link_is_down() {
	ip_on "$1" -o link show dev "$IF" | grep -q 'state DOWN'
}

# look_and N COMMAND: the next look finds the world as it is after COMMAND, that
# comes just before its Nth question.
look_and() {
	k at "$1" "$2"
	# A look that was due anyway may have moved it.
	ip_on a link set "$IF" alias "$(date +%N)" 2>/dev/null || true
}

main_rules() {
	{
		ip_on a rule
		ip_on a -6 rule
	} | grep -c ^5201:
}

main_rules_are() {
	[ "$(main_rules)" = "$1" ]
}

take_main_rules() {
	ip_on a rule del pref 5201
	ip_on a -6 rule del pref 5201
}

sed 's/10.66/10.67/; s/fd66/fd67/' "$T/all" >"$T/same"
sed 's/0x2a/0x2b/' "$T/same" >"$T/differs"
state >"$T/before"

# --- events that were lost

kernel_start
names "$T/one"
apply "$T/one" >/dev/null
before=$(k overruns)
pause
flood "$T/flood"
ip_on a link set "$IF" down
ip_on a link set "$IF" up
log_mark
resume
expect "events are lost" wait_for 10 overran "$before"
expect "a flap that none of them tells of is mended" wait_for 10 all_there
expect_is "it is no problem" "" k problems
expect_fail "and nobody is blamed" said "was removed"
log_mark
ip_on a route del 198.51.100.0/24 || true
expect "what is removed later is told" wait_for 5 said \
    'route 198.51.100.0/24 in table main was removed'
before=$(k overruns)
pause
flood "$T/ebb"
resume
expect "more are lost" wait_for 10 overran "$before"
expect "the rest is seen again" wait_for 10 is_state 198.51.100.128/25 ok
ip_on a route del 198.51.100.128/25 dev "$IF"
expect "and the next" wait_for 10 said '198.51.100.128/25'
expect_is "what was lost before is not put back by lost events" "" \
    ip_on a route show 198.51.100.0/24
kernel_end

use l
kernel_start
apply "$T/differs" >/dev/null
use k
kernel_start
apply "$T/all" >/dev/null
pause
flood "$T/flood"
use l
kernel_end
expect_is "who set src_valid_mark goes" 0 src_mark
use k
resume
expect "who needs it sets it, without the event" wait_for 10 src_mark_is 1
flood "$T/ebb"
kernel_end
clean_ok "a clean end after lost events"

# --- a link that goes while it is looked at

kernel_start
apply "$T/one" >/dev/null
log_mark
for n in 1 3; do
	look_and $n "ip link set $IF down"
	wait_for 5 link_is_down a || not_ok "down, $n" "it is not"
	expect_is "down at question $n is no problem" "" k problems
	ip_on a link set "$IF" up
	expect "up after question $n all is there" wait_for 5 all_there
	look_and $n "ip link set $IF netns $(ns other)"
	wait_for 5 link_is_down other || not_ok "away, $n" "it is not"
	k moved
	ip_on other link set "$IF" netns "$(ns a)"
	k moved
	ip_on a link set "$IF" up
	expect "home after question $n all is there" wait_for 5 all_there
done
expect_is "nothing is lost by it" "" k problems
expect_fail "nobody is blamed" said "was removed"
look_and 1 "ip route del 198.51.100.0/24 dev $IF"
expect "what another removes just then is told" wait_for 5 said \
    'route 198.51.100.0/24 in table main was removed'
kernel_end
clean_ok "a clean end after a link that went"

# --- another's rule in the place of ours

other_end() {
	use l
	kernel_end
	use k
}
for end in kernel_end "kernel_kill undo"; do
	kernel_start
	apply "$T/all" >/dev/null
	log_mark
	take_main_rules
	expect "rules of ours that go are told, $end" wait_for 5 said \
	    'rule "5201: .*(IPv6)" was\|rule "5201: .* more like it'
	use l
	kernel_start
	expect_is "another may make the same, $end" prepared \
	    k prepare "$T/same"
	k commit
	use k
	expect "which is seen, $end" wait_for 5 said "is there again"
	for step in $end; do
		$step
	done
	expect_is "and they stay when we end, $end" 2 main_rules
	other_end
	clean_ok "a clean end of both, $end"
done

kernel_start
apply "$T/all" >/dev/null
take_main_rules
expect "gone" wait_for 5 main_rules_are 0
apply "$T/all" >/dev/null
expect_is "put back by a reload" 2 main_rules
kernel_kill
expect "they are ours again" undo
clean_ok "and go with us"

# --- rules that somebody puts back as they were

save_rules() {
	ip_on a rule save >"$T/rules4"
	ip_on a -6 rule save >"$T/rules6"
}
flush_rules() {
	ip_on a rule flush
	ip_on a -6 rule flush
}
# A flush leaves the first rule, so that it is there twice then.
restore_rules() {
	ip_on a rule restore <"$T/rules4"
	ip_on a -6 rule restore <"$T/rules6"
	ip_on a rule del pref 0
	ip_on a -6 rule del pref 0
}
for end in kernel_end "kernel_kill undo"; do
	for reload in '' 'and a reload, '; do
		kernel_start
		apply "$T/all" >/dev/null
		ip_on a rule >"$T/made"
		log_mark
		save_rules
		flush_rules
		expect "rules that are flushed are told, $reload$end" \
		    wait_for 5 said 'was removed by'
		restore_rules
		ip_on a rule >"$T/again"
		expect "and restored, $reload$end" diff "$T/made" "$T/again"
		expect "are there again, $reload$end" wait_for 10 said \
		    'is there again'
		[ -z "$reload" ] || apply "$T/all" >/dev/null
		expect_is "with no problem, $reload$end" "" k problems
		for step in $end; do
			$step
		done
		expect_is "they go with us, $reload$end" 0 main_rules
		clean_ok "and all else, $reload$end"
	done
done
kernel_start
apply "$T/all" >/dev/null
save_rules
flush_rules
restore_rules
kernel_kill
kernel_start
expect_is "a start takes them for its own" prepared k prepare "$T/all"
k commit
kernel_end
clean_ok "a clean end of that"

# --- questions that the kernel does not answer

expect_fail "a start that cannot see whether there is IPv6" \
    env KERNELCTL_DUMP6=1000 ip netns exec "$(ns a)" \
    "$TOOLS/kernelctl" "$T" "$INSTANCE" "$IF" </dev/null
KERNELCTL_DUMP6=2
export KERNELCTL_DUMP6
kernel_start
apply "$T/all" >/dev/null
expect_is "one that sees it at the third attempt" 2 main_rules
kernel_kill
KERNELCTL_DUMP6=1000
expect_fail "an undo that cannot see routes of IPv6" undo
expect "keeps the journal" [ -e "$T/$INSTANCE.undo" ]
KERNELCTL_DUMP6=2
expect "one that sees them at the third attempt" undo
clean_ok "does all of it"
KERNELCTL_DUMP6=1000
KERNELCTL_NO_IPV6=1
export KERNELCTL_NO_IPV6
kernel_start
sed '/::/d' "$T/all" >"$T/all4"
expect_is "a kernel without IPv6" prepared k prepare "$T/all4"
k commit
expect_is "gets no rules of it" 1 main_rules
kernel_kill
expect "its undo" undo
unset KERNELCTL_DUMP6 KERNELCTL_NO_IPV6
clean_ok "is complete"

# --- what the kernel does not let go at once

sed 's/0x2a/0x2b/' "$T/all" >"$T/other"
marks() {
	ip_on a rule | sed -n 's/^520.*fwmark \(0x[0-9a-f]*\).*/\1/p' | sort |
	    uniq -c | tr -s '\n ' ' '
}
marks_are() {
	[ "$(marks)" = "$1" ]
}
no_problems() {
	[ -z "$(k problems)" ]
}
for what in del answer; do
	kernel_start
	apply "$T/all" >/dev/null
	state >"$T/made"
	k fail $what 1
	apply "$T/other" >/dev/null
	expect_is "a commit that fails once, $what" " 3 0x2b " marks
	expect_is "is no problem, $what" "" k problems
	expect_is "nor is the way back, $what" prepared k prepare "$T/all"
	k fail $what 1
	k abort
	expect_is "which is given up, $what" " 3 0x2b " marks
	apply "$T/all" >/dev/null
	state >"$T/again"
	expect "or gone, $what" diff "$T/made" "$T/again"
	k fail $what 1
	kernel_end
	clean_ok "a clean end, $what"
done

kernel_start
apply "$T/all" >/dev/null
state >"$T/made"
log_mark
k fail del 1000
apply "$T/other" >/dev/null
expect_is "a commit that fails" " 3 0x2a 3 0x2b " marks
expect "says so" said 'cannot remove .*, and [0-9]* more: No buffer'
k problems >"$T/problems"
expect "which is a problem" grep -q \
    '^problem: rule "520.*0x2a.*more like it, is still there' "$T/problems"
expect_is "that keeps nobody from the way back" prepared k prepare "$T/all"
k abort
expect_is "given up it is as it was" " 3 0x2a 3 0x2b " marks
apply "$T/all" >/dev/null
k problems >"$T/problems"
expect "what is wanted again is none" not grep -q 0x2a "$T/problems"
expect "but the other is" grep -q 0x2b "$T/problems"
k fail del 0
expect "which goes when it can" wait_for 20 no_problems
state >"$T/again"
expect "and nothing else" diff "$T/made" "$T/again"
expect_is "nor is it told" "" sh -c "tail -n +$((log_at + 1)) \
    '$T/kernel.log' | grep 'was removed by' || true"

# What was lost is made again, and given up, and does not go.
apply "$T/all" >/dev/null
ip_on a rule del pref 5202
is_lost() {
	k problems | grep -q '^problem: rule "5202: .*was removed'
}
expect "a rule is lost" wait_for 5 is_lost
expect_is "and made again" prepared k prepare "$T/all"
k fail del 1000
k abort
k fail del 0
expect "given up it is there, and none that has to go" wait_for 10 no_problems
sleep 2
state >"$T/again"
expect "nor does it go later" diff "$T/made" "$T/again"

# Rules that go at last take nothing of the interface with them.
k fail del 1000
apply "$T/other" >/dev/null
log_mark
k fail del 0
ip_on a route del default dev "$IF" table "$TABLE2"
expect "a route that is removed just then is told" wait_for 20 said \
    'route 0.0.0.0/0 in table .* was removed'
expect "when rules go that could not" wait_for 20 said 'is gone now'
apply "$T/all" >/dev/null
log_mark

# The address that stays has the place of the one that comes.
sed 's|fd66::1/64|fd66::1/48|; s|10.66.0.1/24|10.66.0.3/24|' "$T/one" \
    >"$T/moved"
apply "$T/one" >/dev/null
k fail del 1000
apply "$T/moved" >/dev/null
# Looked at, and it waits.
ip_on a link set "$IF" alias look
sleep 2
expect_fail "an address that has to wait is not lost" said "was removed"
k fail del 0
has_moved() {
	[ "$(addresses)" = "10.66.0.3/24 fd66::1/48 " ] &&
	    [ "$(routes -6)" = "2001:db8:77::/48 fd66::/48 " ] &&
	    no_problems
}
expect "and comes when the other goes" wait_for 20 has_moved
apply "$T/all" >/dev/null
k fail del 1000
kernel_end
expect "an end that leaves something says so" said \
    "warrend --cleanup $INSTANCE"
expect "an undo" undo
clean_ok "takes it away"

# --- what is refused for two reasons

kernel_start
ip_on a address add 10.66.0.1/24 dev "$IF"
on a sysctl -q -w "net.ipv6.conf.$IF.disable_ipv6=1"
k prepare "$T/one" >"$T/why"
expect "each has its own" grep -q '^no: cannot add address fd66::1/64: Perm' \
    "$T/why"
expect "and the advice that belongs to it" grep -q disable_ipv6=0 "$T/why"
kernel_end
clean_ok "a clean end of a start that was refused"

# --- left in another network namespace

kernel_start
apply "$T/all" >/dev/null
kernel_kill
state >"$T/left"
undo_in() {
	on "$1" "$TOOLS/kernelctl" -u "$T" "$INSTANCE" "$IF" \
	    2>>"$T/kernel.log"
}
HERE=other
log_mark
kernel_start
expect "a start elsewhere says so" said "left is in another network namespace"
apply "$T/all" >/dev/null
kernel_end
state >"$T/again"
expect "and leaves it alone" diff "$T/left" "$T/again"
expect "an undo there" undo_in other
expect "has nothing to do" diff "$T/left" "$T/again"
HERE=a
expect "an undo here" undo
clean_ok "has it all"
expect_is "and no journal is left" "" \
    sh -c "ls '$T' | grep -F '$INSTANCE.undo' || true"
kernel_start
apply "$T/all" >/dev/null
kernel_kill
HERE=other
kernel_start
kernel_kill
HERE=a
kernel_start
expect_is "a start here takes it away, too" 0 main_rules
kernel_end
clean_ok "and nothing is left"

# --- put by for a namespace that is gone, whose number another one has

# put_by: what was left here, as if it were of one with our number.
put_by() {
	kernel_start
	apply "$T/all" >/dev/null
	kernel_kill
	mv "$T/$INSTANCE.undo" "$T/$INSTANCE.undo.$(on a stat -Lc %i \
	    /proc/self/ns/net)"
}
put_by_is_gone() {
	! ls "$T/$INSTANCE.undo".* >/dev/null 2>&1
}
put_by
expect "what was put by for here" undo
clean_ok "is undone"
expect "once" put_by_is_gone
put_by
flush_all() {
	for family in -4 -6; do
		while ip_on a $family rule del pref "$1" 2>/dev/null; do
			:
		done
	done
}
# All that a namespace does not have that is new.
flush_all 5200
flush_all 5202
ip_on a route flush table "$TABLE"
ip_on a -6 route flush table "$TABLE"
state >"$T/made"
expect_is "a rule like ours, and the setting" "2 1" \
    sh -c "echo $(main_rules) $(src_mark)"
log_mark
expect "what was put by for one that is gone" undo
expect "says so" said "that namespace is gone"
expect "and is removed" put_by_is_gone
state >"$T/again"
expect "but nothing else" diff "$T/made" "$T/again"
flush_all 5201
on a sysctl -q -w net.ipv4.conf.all.src_valid_mark=0
clean_ok "nor is there more"
put_by
name=$(ls "$T/$INSTANCE.undo".*)
mv "$name" "$T/here"
HERE=other
kernel_start
apply "$T/all" >/dev/null
kernel_kill
HERE=a
# With the name of ours, but of the other one by its own words.
mv "$T/$INSTANCE.undo" "$name"
state >"$T/made"
expect "one that names another" undo
expect "is removed" put_by_is_gone
state >"$T/again"
expect "and undoes nothing" diff "$T/made" "$T/again"
mv "$T/here" "$name"
expect "the right one" undo
clean_ok "does"
