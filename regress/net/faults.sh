#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What the kernel refuses or takes away: no descriptor is left, sends are
# forbidden or find no room, netlink loses events, links, addresses, routes and
# namespaces vanish.  Each time traffic goes on when it can, or all ends in
# order with a line that says why, and the next start finds nothing in its way.

. "$(dirname "$0")/../lib.sh"
need wg ping ip prlimit setpriv python3
# timeout: 150

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b
before=$(kernel_state a)
IF=$(tun a)

# conf_a PORT [LINE-OF-THE-PEER]
conf_a() {
	cat >"$T/a.conf" <<-CONF
	interface $IF {
		address 10.66.0.1/24
		listen port $1
		private-key file "$T/a.key"
	}
	peer "bob" {
		public-key "$(key_of b)"
		endpoint 192.0.2.2 port 51820
		allowed-ips { 10.66.0.2/32, 198.51.100.0/24 }
		${2:-}
	}
	CONF
}

child_of() {
	ps -o pid=,args= --ppid "$1" | sed -n "s/^ *\([0-9]*\) $2:.*/\1/p"
}

# start_a: with the pids of all in $parent, $ctld and so on.
start_a() {
	conf_start a
	parent=$(pid_of a)
	cryptod=$(child_of "$parent" cryptod)
	netd=$(child_of "$parent" netd)
	ctld=$(child_of "$parent" ctld)
	resolverd=$(child_of "$parent" resolverd)
	all="$parent $cryptod $netd $ctld $resolverd"
}

log_mark() {
	log_at=$(wc -l <"$T/a.log")
}

# said TEXT: since log_mark.  lines TEXT: how often.
said() {
	tail -n "+$((log_at + 1))" "$T/a.log" | grep -q -e "$1"
}
lines() {
	tail -n "+$((log_at + 1))" "$T/a.log" | grep -c -e "$1" || true
}

# counter PROCESS NAME
counter() {
	ctl a -j show counters | python3 -c '
import json, sys
print(*[r["value"] for r in json.load(sys.stdin)["rows"]
    if r["process"] == sys.argv[1] and r["name"] == sys.argv[2]])' "$1" "$2"
}
grown() {
	[ "$(counter "$1" "$2")" -gt "$3" ]
}

# fds_full PID: it gets no more descriptors; fds_free PID: it does again.
fds_full() {
	full=0
	while [ -e "/proc/$1/fd/$full" ]; do
		full=$((full + 1))
	done
	limit "$1" $full
}
fds_free() {
	limit "$1" "$(awk '/^Max open files/ { print $5 }' "/proc/$1/limits")"
}
# As its own user: for another one's even root needs CAP_SYS_RESOURCE.
limit() {
	setpriv --reuid "$(awk '/^Uid:/ { print $2 }' "/proc/$1/status")" \
	    --regid "$(awk '/^Gid:/ { print $2 }' "/proc/$1/status")" \
	    --clear-groups \
	    prlimit --pid "$1" "--nofile=$2:"
}

# ticks PID...: of time that they have used; rests PID...: they use less than
# a tenth of a processor.
ticks() {
	for ticks_pid in "$@"; do
		sed 's/.*) //' "/proc/$ticks_pid/stat"
	done | awk '{ n += $12 + $13 } END { print n }'
}
hertz=$(getconf CLK_TCK)
rests() {
	rests_from=$(ticks "$@")
	sleep 2
	rests_used=$(($(ticks "$@") - rests_from))
	echo "$rests_used of $((2 * hertz)) ticks"
	[ $rests_used -lt $((hertz / 5)) ]
}

# ended NAME REASON: all of a are gone, the reason was told, and nothing is
# left; then it starts anew.
ended() {
	# shellcheck disable=SC2086
	expect "$1: all end" wait_for 5 gone $all
	expect "$1: the log tells why" said "$2"
	expect_is "$1: nothing is left in the kernel" "$before" kernel_state a
	expect_is "$1: nor of files" "" \
	    sh -c "ls '$RUN' '$UAPI' | grep -F '$IF.'"
	expect "$1: nor on disk, half written" sh -c \
	    "test -z \"\$(find '$STATE/$IF' -name '.*')\""
	again "$1"
}

again() {
	start_a
	expect "$1: a fresh start works" wait_for 10 ping_from a 10.66.0.2 1
}

warren_start b
conf_a 51820
start_a
wg_setup b 51820
peer_add b a 10.66.0.1/32 endpoint 192.0.2.1:51820
tunnel_up b 10.66.0.2/24
expect "ping" ping_from a 10.66.0.2

# --- no descriptor is left

# ctld: clients wait, nothing spins, and all are served in the end.
fds_full "$ctld"
waiting=
for n in 1 2 3; do
	ctl a show interface >"$T/client.$n" 2>&1 &
	waiting="$waiting $!"
done
on a wg show "$IF" >"$T/client.wg" 2>&1 &
waiting="$waiting $!"
"$WARRENCTL" -s "$RUN/$IF.read.sock" show interface >"$T/client.r" 2>&1 &
waiting="$waiting $!"
expect "ctld has no descriptor: it rests" rests "$ctld"
expect "ctld has no descriptor: the tunnel works" ping_from a 10.66.0.2
fds_free "$ctld"
bad=
for n in $waiting; do
	wait "$n" || bad="$bad $n"
done
expect_is "ctld has some again: all who waited are served" "" echo $bad
expect "ctld has some again: it answers" ctl a status

# The parent: a reload fails, sockets cannot be opened, all is tried again.
fds_full "$parent"
log_mark
conf_a 51821
expect_fail "the parent has no descriptor: a reload fails" ctl a reload
expect "the parent has no descriptor: the log tells why" \
    said 'reload failed.*Too many open files'
expect "the parent has no descriptor: the tunnel works" ping_from b 10.66.0.1
ip_on a link set "$IF" down
ip_on a link set "$IF" up
expect "the parent has no descriptor: it answers" ctl a show interface
# shellcheck disable=SC2086
expect "the parent has no descriptor: all rest" rests $all
fds_free "$parent"
expect "the parent has some again: the tunnel works" \
    wait_for 15 ping_from a 10.66.0.2 1
expect "the parent has some again: reload" ctl a reload
expect "the parent has some again: ping" wait_for 10 ping_from a 10.66.0.2 1
expect "the parent has some again: status is healthy" \
    wait_for 5 ctl a status --check

# netd and cryptod cannot go on without what they are handed: all end.
fds_full "$netd"
expect "netd has no descriptor: the tunnel works" ping_from a 10.66.0.2
conf_a 51820
log_mark
ctl a reload >/dev/null 2>&1 || true
ended "netd has no descriptor for a socket" \
    'netd: no descriptor is free for what parent sent'

fds_full "$cryptod"
expect "cryptod has no descriptor: the tunnel works" ping_from a 10.66.0.2
log_mark
ctl a reload >/dev/null 2>&1 || true
ended "cryptod has no descriptor for a key" \
    'cryptod: no descriptor is free for what parent sent'

# resolverd is a helper: the rest goes on.
fds_full "$resolverd"
log_mark
expect "resolverd has no descriptor: a reload works" ctl a reload
if [ -e /etc/hosts ]; then
	expect "resolverd has no descriptor: the log tells of its end" \
	    wait_for 5 said 'resolverd (pid [0-9]*) exited'
	expect "resolverd has no descriptor: and why" \
	    said 'resolverd: no descriptor is free for what parent sent'
else
	skip "resolverd has no descriptor" "no /etc/hosts to hand it"
fi
expect "resolverd has no descriptor: the tunnel works" ping_from a 10.66.0.2
conf_end a
start_a

# --- sends that are forbidden, or find no room

# pings: in the background for two seconds, 50 a second.
pings() {
	on a ping -n -q -i 0.02 -w 2 10.66.0.2 >/dev/null 2>&1 || true
}
if command -v nft >/dev/null 2>&1 && on a nft add table inet warren; then
	log_mark
	on a nft -f - <<-NFT
	table inet warren {
		chain out {
			type filter hook output priority 0
			udp dport 51820 drop
		}
	}
	NFT
	failed=$(counter netd drop_send)
	pings
	expect "sends are forbidden: they are counted" \
	    [ "$(counter netd drop_send)" -gt $((failed + 20)) ]
	expect "sends are forbidden: the log tells" said \
	    'peer "bob": cannot send to 192.0.2.2:51820: Operation not perm'
	expect "sends are forbidden: not for each packet" \
	    [ "$(lines 'cannot send to')" -le 12 ]
	on a nft delete table inet warren
	expect "sends are allowed again: the tunnel works" \
	    wait_for 10 ping_from a 10.66.0.2 1
	expect "sends are allowed again: that was all" ping_from b 10.66.0.1
else
	skip "sends are forbidden" "nft does not work here"
fi

# What a socket cannot send it refuses in two ways: EAGAIN, when its buffer is
# full of what waits for the link, and ENOBUFS, when the link's queue drops it.
# drop_busy counts both.  Of ENOBUFS the kernel tells only sockets that have
# IP_RECVERR (udp(7)), which ours have not, so that a drop in a queue is one in
# the network to us; netd would see it if memory for a packet was short, which
# no test can have at will.  Hence the option is put on its sockets here, from
# outside and for a while: what netd does with ENOBUFS is shown, not that it
# comes to it on this way.

# recverr 1|0: on netd's UDP sockets.
cat >"$T/recverr.py" <<'PY'
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
pid, on = int(sys.argv[1]), int(sys.argv[2])
pidfd = os.pidfd_open(pid)
IP_RECVERR, IPV6_RECVERR, n = 11, 25, 0
for fd in os.listdir("/proc/%d/fd" % pid):
    if not os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith("socket:"):
        continue
    got = libc.syscall(438, pidfd, int(fd), 0)
    if got == -1:
        sys.exit("pidfd_getfd: errno %d" % ctypes.get_errno())
    s = socket.socket(fileno=got)
    if s.type != socket.SOCK_DGRAM or s.family == socket.AF_UNIX:
        continue
    s.setsockopt(socket.IPPROTO_IP, IP_RECVERR, on)
    if s.family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, on)
    n += 1
sys.exit(n == 0)
PY
recverr() {
	python3 "$T/recverr.py" "$netd" "$1"
}
# queue_drops: packets that the link's queue has dropped.
queue_drops() {
	tc -s -n "$(ns a)" qdisc show dev to-b root |
	    sed -n 's/.*(dropped \([0-9]*\),.*/\1/p' | head -n 1
}
burst() {
	on a "$TOOLS/udpflow" -s 1300 -t "$1" 10.66.0.2 9 >/dev/null 2>&1 ||
	    true
}
if tc -n "$(ns a)" qdisc add dev to-b root tbf rate 50mbit burst 64kb \
    limit 100mb 2>/dev/null; then
	# No queue is full: what is counted is EAGAIN.
	busy=$(counter netd drop_busy)
	burst 2
	expect "a link is too slow: what the socket does not take is counted" \
	    grown netd drop_busy "$busy"
	expect_is "a link is too slow: its queue has room" 0 queue_drops
	expect "a link is too slow: TCP gets through" flow a b 10.66.0.2 500000

	# A queue that is much smaller than the socket's buffer: no EAGAIN.
	tc -n "$(ns a)" qdisc replace dev to-b root tbf rate 50mbit \
	    burst 16kb limit 16kb
	busy=$(counter netd drop_busy)
	burst 1
	expect "a queue is full: it drops" [ "$(queue_drops)" -gt 100 ]
	expect_is "a queue is full: the kernel does not tell netd" "$busy" \
	    counter netd drop_busy
	expect "a queue is full: TCP gets through" flow a b 10.66.0.2 500000
	log_mark
	expect "a queue is full: netd is told from now on" recverr 1
	failed=$(counter netd drop_send)
	busy=$(counter netd drop_busy)
	burst 1
	expect "ENOBUFS: it is counted" grown netd drop_busy $((busy + 100))
	expect_is "ENOBUFS: not as a failure" "$failed" counter netd drop_send
	expect_is "ENOBUFS: the log is silent" 0 lines 'cannot send to'
	expect "ENOBUFS: netd rests after it" rests "$netd"
	expect "ENOBUFS: TCP gets through" flow a b 10.66.0.2 500000
	expect "ENOBUFS: as it was" recverr 0

	tc -n "$(ns a)" qdisc replace dev to-b root pfifo limit 1
	expect "a link has room for one packet: TCP gets through" \
	    flow a b 10.66.0.2 500000
	tc -n "$(ns a)" qdisc del dev to-b root
	expect "the link is as before: TCP" flow a b 10.66.0.2 5000000
else
	skip "a link is too slow" "no tbf qdisc here"
fi

# --- events of netlink are lost

# storm HOST: many thousands of events.
awk 'BEGIN { for (i = 0; i < 20000; i++)
	printf "route add blackhole 10.99.%d.%d/32 table 999\n", i / 250,
	    i % 250 }' >"$T/storm.add"
sed 's/ add / del /' "$T/storm.add" >"$T/storm.del"
storm() {
	ip -n "$(ns "$1")" -batch "$T/storm.add"
	ip -n "$(ns "$1")" -batch "$T/storm.del"
}

# netd sends from the address that a packet came to, until that is gone.
addr_add a to-b 192.0.2.11/24
on b wg set "$(tun b)" peer "$(key_of a)" endpoint 192.0.2.11:51820
expect "ping to the second address" ping_from b 10.66.0.1
lost=$(counter netd route_lost)
kill -STOP "$netd"
storm a
ip_on a address del 192.0.2.11/24 dev to-b
kill -CONT "$netd"
expect "netd lost events: it knows" wait_for 5 grown netd route_lost "$lost"
expect "netd lost events: it rests" rests "$netd"
expect "netd lost events: ping" ping_from a 10.66.0.2
expect_is "netd lost events: from the address that is left" \
    192.0.2.1:51820 peer_field b a endpoints

# The parent watches its addresses, routes and rules, and the link.
lost=$(counter parent netlink_overruns)
log_mark
kill -STOP "$parent"
storm a
ip_on a route del 198.51.100.0/24
ip_on a link set "$IF" mtu 1300
kill -CONT "$parent"
expect "the parent lost events: it knows" \
    wait_for 5 grown parent netlink_overruns "$lost"
has_route() {
	ip_on a route show 198.51.100.0/24 | grep -q "dev $IF"
}
# Nobody knows who took it away: a link that was down for a moment, perhaps.
expect "the parent lost events: a route that went is made again" \
    wait_for 10 has_route
expect "the parent lost events: a change of the link, too" wait_for 10 \
    said 'MTU of .* was changed from 1420 to 1300'
# shellcheck disable=SC2086
expect "the parent lost events: all rest" rests $all
expect "the parent lost events: reload" ctl a reload
expect "the parent lost events: the route is still there" has_route
expect "the parent lost events: ping" ping_from a 10.66.0.2

# --- addresses and links come and go

# Every address of the link goes, and its routes with it; then others come.
ip_on a address del 192.0.2.1/24 dev to-b
expect_fail "no address: nothing gets through" \
    on a ping -n -c 2 -i 0.2 -W 1 10.66.0.2
addr_add a to-b 192.0.2.7/24
expect "another address: the tunnel works" \
    wait_for 10 ping_from a 10.66.0.2 1
expect_is "another address: b knows it" 192.0.2.7:51820 peer_field b a endpoints
# A neighbour of the first one in a network goes with it.
ip_on a address del 192.0.2.7/24 dev to-b
addr_add a to-b 192.0.2.1/24
expect "the first one again: the tunnel works" \
    wait_for 10 ping_from a 10.66.0.2 1

# The link goes down and up, at either end, with a flow through the tunnel.
flap() {
	for flap_pause in 0.05 0.2 0.1; do
		sleep 0.3
		ip_on a link set to-b down
		sleep $flap_pause
		ip_on a link set to-b up
		ip_on b link set to-a down
		sleep $flap_pause
		ip_on b link set to-a up
	done
}
flap &
flapping=$!
expect "the link flaps: TCP gets through" flow a b 10.66.0.2 20000000
wait $flapping
expect "the link flaps: ping" wait_for 10 ping_from b 10.66.0.1 1

# What the configuration gave the interface is taken from it.
log_mark
ip_on a address del 10.66.0.1/24 dev "$IF"
expect "the tunnel's address goes: that is told" wait_for 5 \
    said 'address 10.66.0.1/24 .*was removed by'
expect "the tunnel's address goes: status tells" \
    sh -c "'$WARRENCTL' -i '$IF' status | grep -q '10.66.0.1/24'"
expect "the tunnel's address goes: reload" ctl a reload
expect "the tunnel's address is there again: ping" ping_from a 10.66.0.2

# --- the port is another's

# taker PORT: takes it in a, until it is killed.
taker() {
	ip netns exec "$(ns a)" python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", int(sys.argv[1])))
print("bound", flush=True)
time.sleep(600)' "$1" >"$T/taker" &
	taker_pid=$!
	PIDS="$PIDS $taker_pid"
	wait_for 10 grep -q bound "$T/taker"
}
taker 51999
conf_a 51999
log_mark
ctl a reload >"$T/out" 2>&1 && not_ok "a reload to a port that is in use" \
    "it worked"
expect "a reload to a port that is in use: it says so" \
    grep -q 'cannot listen on UDP port 51999: Address already in use' "$T/out"
expect "a reload to a port that is in use: so does the log" said \
    'running configuration stays: cannot listen on UDP port 51999: Address al'
expect "a reload to a port that is in use: the tunnel works" \
    ping_from a 10.66.0.2
expect "a reload to a port that is in use: from both sides" \
    ping_from b 10.66.0.1
conf_end a
log_mark
NOTIFY_SOCKET='' start a "$WARREND" -d -f "$T/a.conf"
expect "a start with a port that is in use: it ends" wait_for 10 \
    gone "$(pid_of a)"
expect "a start with a port that is in use: the log tells why" \
    said 'cannot listen on UDP port 51999: Address already in use'
expect_is "a start with a port that is in use: nothing is left" "$before" \
    kernel_state a
kill $taker_pid
wait $taker_pid 2>/dev/null || true
again "the port is free"
conf_a 51820
expect "the first port again: reload" ctl a reload
expect "the first port again: ping" ping_from a 10.66.0.2

# --- the interface is deleted, with a flow through it

flood() {
	on a ping -n -q -i 0.002 -w 3 10.66.0.2 >/dev/null 2>&1 || true
}
flood &
flooding=$!
log_mark
ip_on a link del "$IF"
ended "the interface is deleted" "interface $IF was deleted"
wait $flooding || true

# Bare: at b.
b_parent=$(pid_of b)
b_all="$b_parent $(ps -o pid= --ppid "$b_parent" | tr '\n' ' ')"
flood &
flooding=$!
ip_on b link del "$(tun b)"
# shellcheck disable=SC2086
expect "a bare interface is deleted: all end" wait_for 5 gone $b_all
expect "a bare interface is deleted: the log tells why" \
    grep -q "interface $(tun b) was deleted" "$T/b.log"
expect "a bare interface is deleted: a lives on" ctl a status
wait $flooding || true
warren_start b
wg_setup b 51820
peer_add b a 10.66.0.1/32 endpoint 192.0.2.1:51820
tunnel_up b 10.66.0.2/24
expect "and made again: ping" wait_for 10 ping_from b 10.66.0.1 1

# --- the network goes away: its links, and its namespace

host_new d
link_new d b 203.0.113.1/24 203.0.113.2/24
keys_new d
cat >"$T/d.conf" <<CONF
interface $(tun d) {
	address 10.66.0.3/24
	private-key file "$T/d.key"
}
peer "bob" {
	public-key "$(key_of b)"
	endpoint 203.0.113.2 port 51820
	allowed-ips { 10.66.0.2/32 }
}
CONF
peer_add b d 10.66.0.3/32
conf_start d
expect "ping from d" ping_from d 10.66.0.2
ip_on d link del to-b
expect_fail "the link is deleted: nothing gets through" \
    on d ping -n -c 2 -i 0.2 -W 1 10.66.0.2
expect "the link is deleted: it answers" ctl d show interface
link_new d b 203.0.113.1/24 203.0.113.2/24
expect "the link is made again: ping" wait_for 10 ping_from d 10.66.0.2 1

# The namespace lives on as long as a process in it does, without a name.
ip netns del "$(ns d)"
HOSTS=${HOSTS% d}
expect "the namespace is deleted: the tunnel works" ping_from b 10.66.0.3
expect "the namespace is deleted: reload" ctl d reload
expect "the namespace is deleted: ping after that" ping_from b 10.66.0.3
expect "the namespace is deleted: SIGTERM" conf_end d
expect "the namespace is deleted: and is gone with the last process" \
    wait_for 5 not ip_on b link show to-d
expect "a and b live on" ping_from a 10.66.0.2
expect "a ends in order" conf_end a
expect_is "and leaves nothing" "$before" kernel_state a
