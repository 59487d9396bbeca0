#!/bin/sh
# SPDX-License-Identifier: ISC
#
# warrend --cleanup of an instance whose interface has another name, in the
# namespace where its parent was killed and in another one, and after the
# instance ran somewhere else.
# variants: no

. "$(dirname "$0")/../lib.sh"
need ip wg

host_new a b
keys_new a b
INSTANCE=${P}lab
IF=${P}lab1
cat >"$T/lab.conf" <<CONF
interface $IF {
	address { 10.66.0.1/24, fd66::1/64 }
	private-key file "$T/a.key"
	fwmark 0x2a
}
peer "all" {
	public-key "$(key_of b)"
	allowed-ips { 0.0.0.0/0, ::/0 }
}
CONF

lab_start() {
	starts=$(conf_ready_lines "$1")
	NOTIFY_SOCKET='' start "$1" "$WARREND" -d -i "$INSTANCE" \
	    -f "$T/lab.conf"
	wait_for 15 conf_is_ready "$1" "$starts" || {
		not_ok "a start in $1" "it does not answer"
		exit 1
	}
}
lab_kill() {
	MAY_LEAVE=1
	kill -9 "$(pid_of "$1")"
	wait_for 5 gone "$(pid_of "$1")"
	# The last of its children takes the interface along.
	wait_for 5 not ip_on "$1" link show "$IF"
}
# left: the names of all that is there of it.
left() {
	for file in "$UAPI/$IF".* "$RUN/$INSTANCE".*; do
		[ ! -e "$file" ] || echo "$file"
	done
}
cleanup_in() {
	on "$1" "$WARREND" --cleanup "$INSTANCE" >>"$T/$1.log" 2>&1
}

before=$(kernel_state a)
lab_start a
lab_kill a
kernel_state a >"$T/rules"
left >"$T/left"
cp "$RUN/$INSTANCE.lock" "$T/lock"
expect "a killed parent leaves sockets, the lock and the journal" \
    [ "$(wc -l <"$T/left")" -ge 6 ]
expect_fail "cleanup in another namespace" cleanup_in b
left >"$T/again"
expect "leaves all of it" diff "$T/left" "$T/again"
expect "and the lock as it was" cmp "$T/lock" "$RUN/$INSTANCE.lock"
expect "then in the right one" cleanup_in a
expect_is "it takes away all" "" left
expect_is "and the rules" "$before" kernel_state a

lab_start a
lab_kill a
lab_start b
expect "a start in another namespace says what it leaves" grep -q \
    'left is in another network namespace' "$T/b.log"
kill "$(pid_of b)"
wait_for 5 gone "$(pid_of b)"
kernel_state a >"$T/again"
expect "and leaves it" diff "$T/rules" "$T/again"
expect "cleanup there" cleanup_in b
kernel_state a >"$T/again"
expect "has nothing to do" diff "$T/rules" "$T/again"
expect "cleanup here" cleanup_in a
expect_is "has, still" "$before" kernel_state a
expect_is "and nothing is left" "" left

# Another namespace may get the number of one that is gone.
number_of() {
	on "$1" stat -Lc %i /proc/self/ns/net
}
lab_start b
lab_kill b
lab_start a
kill "$(pid_of a)"
wait_for 5 gone "$(pid_of a)"
kernel_state b >"$T/rules"
expect "what was put by for another namespace" \
    mv "$RUN/$INSTANCE.undo.$(number_of b)" \
    "$RUN/$INSTANCE.undo.$(number_of a)"
expect "cleanup here, which has its number now" cleanup_in a
expect "says that it is gone" grep -q 'that namespace is gone' "$T/a.log"
expect_is "undoes nothing" "$before" kernel_state a
kernel_state b >"$T/again"
expect "nor there" diff "$T/rules" "$T/again"
expect_is "and does not keep it" "" left
