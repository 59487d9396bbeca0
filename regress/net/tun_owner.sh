#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Local users and the TUN device: who has no rights, on a host where everybody
# may open /dev/net/tun, gets no queue of it; not of one that runs, and not by
# being quick while it is made.
# timeout: 150

. "$(dirname "$0")/../lib.sh"
need ip wg setpriv mknod

host_new a b
keys_new a b
cat >"$T/a.conf" <<CONF
interface $(tun a) {
	address 10.66.0.1/24
	private-key file "$T/a.key"
}
peer "b" {
	public-key "$(key_of b)"
	allowed-ips 10.66.0.2/32
}
CONF

# user HOST COMMAND [ARGUMENT...]: the tool, as nobody, who can run it where
# the node is.  ip-netns gives each mounts of its own.
# shellcheck disable=SC2016
user='mount -t tmpfs -o mode=755 none /dev/net &&
    mknod -m 666 /dev/net/tun c 10 200 &&
    cp "$1" /dev/net/tunattach && chmod 755 /dev/net/tunattach && shift &&
    exec setpriv --reuid 65534 --regid 65534 --clear-groups \
    --inh-caps=-all --bounding-set=-all /dev/net/tunattach "$@"'
attach_user() {
	attach_host=$1
	shift
	on "$attach_host" sh -c "$user" sh "$TOOLS/tunattach" "$@" 2>&1
}
# As root, with all rights.
attach_root() {
	on "$1" "$TOOLS/tunattach" "$(tun "$1")" 2>&1
}
# What the kernel says about its queues and who may have one.
device() {
	ip_on "$1" -d link show "$(tun "$1")" | tr -s ' ' '\n' |
	    grep -A 1 -x -e numqueues -e numdisabled -e persist -e user |
	    grep -v -e '^--' | paste -d ' ' - - | sort | paste -s -d ' '
}

[ -c /dev/net/tun ] || skip_all "there is no /dev/net/tun"
attach_out=$(attach_user b nothing) || skip_all "no node for all: $attach_out"
expect_is "the user can open the node" "queue: EPERM" \
    sh -c "echo '$attach_out' | head -n 1"
# So it is without an owner: the test could see it.
on b ip tuntap add dev "$(tun b)" mode tun multi_queue
expect_is "anybody's device is anybody's" "queue: attached" \
    sh -c "echo '$(attach_user b "$(tun b)")' | head -n 1"
ip_on b link delete "$(tun b)"

# refused NAME: the user gets nothing of the instance that runs on a.
refused() {
	expect_is "$1: a user gets no queue" "queue: EPERM
queue without header: EPERM
tun: EINVAL
tap: EINVAL
tap queue: EINVAL" attach_user a "$(tun a)"
	expect_is "$1: the device is root's, and all queues are ours" \
	    "numdisabled 0 numqueues 8 persist off user root" device a
}

warren_start a
refused "bare"
conf_end a
warren_start a -O tun-queues
expect_is "one queue: a user does not get it" "queue: EINVAL
queue without header: EINVAL
tun: EPERM
tap: EINVAL
tap queue: EINVAL" attach_user a "$(tun a)"
expect_is "one queue: nobody does" "tun: EBUSY" \
    sh -c "echo '$(attach_root a)' | sed -n 3p"
conf_end a
conf_start a
refused "configured"
conf_end a
expect_fail "nothing is left" ip_on a link show "$(tun a)"

# --- one who tries all the time

quick=
for n in 1 2; do
	ip netns exec "$(ns a)" sh -c "$user" sh "$TOOLS/tunattach" \
	    -l "$(tun a)" >"$T/quick.$n" &
	quick="$quick $!"
	PIDS="$PIDS $!"
done

# make TIMES: as warrend does, but so often too slow.
make() {
	on a "$TOOLS/tunattach" -m "$1" "$(tun a)" 2>&1
}
# He is there long before: what he holds is taken from him.
mkfifo "$T/hold"
make 2 <"$T/hold" >"$T/make.log" 2>&1 &
PIDS="$PIDS $!"
exec 9>"$T/hold"
expect "twice too slow: made" wait_for 10 grep -qx made "$T/make.log"
expect_is "twice too slow: alone, with nothing of him left" \
    "numdisabled 0 numqueues 1 persist off user root" device a
expect_is "twice too slow: he does not get back" "queue: EPERM" \
    sh -c "echo '$(attach_user a "$(tun a)")' | head -n 1"
exec 9>&-
expect "twice too slow: it goes with its maker" \
    wait_for 5 not ip_on a link show "$(tun a)"
make_in_vain() {
	make 100 </dev/null >"$T/vain.log"
}
expect_fail "always too slow: not made" make_in_vain
expect "always too slow: it says why" grep -q \
    "a process attaches to interface $(tun a) before it is ours" "$T/vain.log"
expect_fail "always too slow: nothing is left" ip_on a link show "$(tun a)"

# As fast as it is, it may win or not; it never runs with somebody else.
began=0 gave_up=0
begun_or_ended() {
	conf_is_ready a "$starts" || gone "$(pid_of a)"
}
for n in 1 2 3 4 5; do
	starts=$(conf_ready_lines a)
	NOTIFY_SOCKET='' start a "$WARREND" -d -f "$T/a.conf"
	wait_for 30 begun_or_ended || not_ok "quick $n" "neither runs nor ends"
	if conf_is_ready a "$starts"; then
		began=$((began + 1))
		refused "quick $n"
		conf_end a
	else
		gave_up=$((gave_up + 1))
	fi
	expect_fail "quick $n: nothing is left" ip_on a link show "$(tun a)"
done
expect_is "who gives up says why" $gave_up \
    sh -c "grep -c 'a process attaches to interface $(tun a)' '$T/a.log'"
# shellcheck disable=SC2086
kill $quick
# shellcheck disable=SC2086
wait_for 5 gone $quick
echo "# $began of 5 began; for a moment had it: $(cat "$T"/quick.? | paste -s)"
conf_start a
refused "after them"
conf_end a
