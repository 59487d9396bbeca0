#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The life of an instance: how it starts, is refused, is moved, and ends, by
# every door that there is.
# timeout: 150

. "$(dirname "$0")/../lib.sh"
need ip wg

host_new a b c
# Instances that went to the background, to be ended if a check fails.
bg_pid() {
	head -n 1 "$RUN/$1.lock"
}

warren_bg() {
	on a "$WARREND" "$1" >>"$T/bg.log" 2>&1 </dev/null
}

answers() {
	wg show "$1" >/dev/null 2>&1 ||
	    on a wg show "$1" >/dev/null 2>&1
}

child_of() {
	ps -o pid=,args= --ppid "$1" | sed -n "s/^ *\([0-9]*\) $2:.*/\1/p"
}

# all_gone NAME: no socket, lock or interface of that name is left.
all_gone() {
	[ ! -e "$UAPI/$1.sock" ] && [ ! -e "$RUN/$1.sock" ] &&
	    [ ! -e "$RUN/$1.lock" ] && ! ip_on a link show "$1" 2>/dev/null
}

status_of() {
	status_rc=0
	"$@" >"$T/out" 2>&1 </dev/null || status_rc=$?
	echo $status_rc
}

one_line() {
	[ "$(wc -l <"$T/out")" -eq 1 ]
}

# usage: exit status 2, and one line that says why
expect_is "an interface and a file" 2 status_of "$WARREND" -f "$T/none" x
expect_is "an interface to check" 2 status_of "$WARREND" -n x
expect_is "no such configuration" 1 status_of "$WARREND" -f "$T/none"
expect "no such configuration is said in one line" one_line
expect_is "cleanup of nothing" 2 status_of "$WARREND" --cleanup
expect_is "two interfaces named" 2 status_of "$WARREND" x y
expect_is "unknown option" 2 status_of "$WARREND" -Q x
for bad in '' . .. a/b 'a b' 'a%d' 'a:b' sixteencharacter; do
	expect_is "bad name '$bad'" 2 status_of "$WARREND" "$bad"
	expect "bad name '$bad' is said in one line" one_line
done
expect_is "version" 0 status_of "$WARREND" --version
expect_is "name in use" 1 status_of on a "$WARREND" lo
expect "name in use is said in one line" one_line

# start: the prompt comes when the socket answers
i=${P}p
if on a sh -c "\"$WARREND\" $i >>\"$T/bg.log\" 2>&1 </dev/null &&
    wg show $i >/dev/null"; then
	ok "the socket answers when the shell has its prompt"
else
	not_ok "the socket answers when the shell has its prompt" "no answer"
	exit 1
fi
pid=$(bg_pid "$i")
expect_is "MTU" 1420 on a cat "/sys/class/net/$i/mtu"
expect_is "the interface is down" "" sh -c \
    "ip -n $(ns a) link show $i up"
expect_is "mode of the UAPI socket" "700 root root" \
    stat -c '%a %U %G' "$UAPI/$i.sock"
expect_is "mode of the control socket" "660 root warren" \
    stat -c '%a %U %G' "$RUN/$i.sock"
expect_is "a second instance" 1 status_of on a "$WARREND" "$i"
expect "a second instance is told who runs" grep -q "running already" "$T/out"
expect_is "a second instance elsewhere" 1 status_of on b "$WARREND" "$i"
expect "the first one lives on" answers "$i"
ip_on a link set "$i" up
expect_is "no address of its own" "" sh -c \
    "ip -n $(ns a) -6 address show dev $i"

# several side by side
for n in 1 2 3; do
	expect "instance $n beside it" warren_bg "${P}s$n"
done
for n in 1 2 3; do
	kill "$(bg_pid "${P}s$n")"
done
for n in 1 2 3; do
	expect "instance $n ended" wait_for 2 all_gone "${P}s$n"
done
expect "the first one stayed" answers "$i"

# moved: twice, renamed, and back, always with its sockets at home
port() {
	on a wg show "$i" listen-port
}
udp_at() {
	[ -n "$(on "$1" ss -Hunl "sport = $2")" ]
}
first=$(port)
expect "UDP sockets are at home" udp_at a "$first"
ip_on a link set "$i" netns "$(ns b)"
expect "a move closes them" wait_for 2 not udp_at a "$first"
ip_on b link set "$i" up
expect "up in another namespace opens them at home" \
    wait_for 2 udp_at a "$first"
expect_fail "and not there" udp_at b "$first"
ip_on b link set "$i" down
expect "down there closes them" wait_for 2 not udp_at a "$first"
ip_on b link set "$i" netns "$(ns c)"
ip_on c link set "$i" name "${P}new" up
expect "moved on and renamed" wait_for 2 udp_at a "$first"
ip_on c link set "${P}new" netns "$(ns a)"
expect "moved home" wait_for 2 not udp_at a "$first"
ip_on a link set "${P}new" name "$i" up
expect "and up again" wait_for 2 udp_at a "$first"

# up again at once: netd may not have closed the sockets yet
flap() {
	ip -n "$(ns a)" -batch - <<-EOF
		link set $i down
		link set $i up
	EOF
	on a wg show "$i" >/dev/null
	wait_for 4 udp_at a "$first"
}
for n in 1 2 3 4 5; do
	expect "down and up at once: UDP sockets are there ($n)" flap
done
storm() {
	for n in $(seq 100); do
		printf 'link set %s down\nlink set %s up\n' "$i" "$i"
	done | ip -n "$(ns a)" -batch - && wait_for 4 udp_at a "$first"
}
expect "100 times down and up: UDP sockets are there" storm
netd=$(child_of "$pid" netd)
kill -STOP "$netd"
storm >/dev/null || true
kill -CONT "$netd"
expect "100 times while netd hangs: all live on" wait_for 2 answers "$i"
wait_for 6 udp_at a "$first" || true
expect "and the UDP sockets are there" udp_at a "$first"
expect_is "no fd is lost" "" sh -c \
    "[ \$(ls /proc/$pid/fd | wc -l) -le 24 ] || ls -l /proc/$pid/fd"

# the doors
kill -TERM "$pid"
expect "SIGTERM" wait_for 5 gone "$pid"
expect "SIGTERM leaves nothing" all_gone "$i"

warren_bg "$i" && pid=$(bg_pid "$i")
kill -INT "$pid"
expect "SIGINT" wait_for 5 gone "$pid"
expect "SIGINT leaves nothing" all_gone "$i"

# in the foreground the end of its terminal ends it, unless nohup(1) is to keep
# that away
start a "$WARREND" -d "$i"
pid=$!
wait_for 10 answers "$i"
kill -HUP "$pid"
expect "SIGHUP in the foreground" wait_for 5 gone "$pid"
expect "SIGHUP leaves nothing" all_gone "$i"
start a sh -c 'trap "" HUP && exec "$@"' sh "$WARREND" -d "$i"
pid=$!
wait_for 10 answers "$i"
kill -HUP "$pid"
expect_fail "SIGHUP after nohup does not end it" wait_for 1 gone "$pid"
expect "and it answers" answers "$i"
kill "$pid" || true
expect "SIGTERM after nohup does" wait_for 5 gone "$pid"

# whenever it comes during the start, nothing is left
for delay in 0 0.003 0.006 0.009 0.012 0.02; do
	ip netns exec "$(ns a)" "$WARREND" -d "$i" >>"$T/bg.log" 2>&1 &
	pid=$!
	# The shell that becomes it would lose the signal, having a trap.
	while grep -qx sh "/proc/$pid/comm"; do :; done
	sleep $delay
	kill -TERM "$pid"
	wait "$pid" || true
	expect "SIGTERM after $delay s leaves nothing" all_gone "$i"
done

warren_bg "$i" && pid=$(bg_pid "$i")
rm "$UAPI/$i.sock"
expect "socket file deleted" wait_for 5 gone "$pid"
expect "socket file deleted: nothing is left" all_gone "$i"

warren_bg "$i" && pid=$(bg_pid "$i")
ip_on a link delete "$i"
expect "interface deleted" wait_for 5 gone "$pid"
expect "interface deleted: nothing is left" all_gone "$i"

warren_bg "$i" && pid=$(bg_pid "$i")
ip_on a link set "$i" netns "$(ns b)"
ip_on b link set "$i" up
ip_on b link delete "$i"
expect "interface deleted elsewhere" wait_for 5 gone "$pid"
expect "interface deleted elsewhere: nothing is left" all_gone "$i"

ip netns add "$P-d"
warren_bg "$i" && pid=$(bg_pid "$i")
ip_on a link set "$i" netns "$P-d"
ip netns del "$P-d"
expect "namespace of the interface deleted" wait_for 5 gone "$pid"

# the loss of a child ends all, half a second on a quiet host; the log names it
for victim in cryptod netd ctld; do
	start a "$WARREND" -d "$i"
	pid=$!
	wait_for 10 answers "$i"
	child=$(child_of "$pid" $victim)
	all=$(ps -o pid= --ppid "$pid")
	kill -9 "$child"
	# shellcheck disable=SC2086
	expect "$victim killed: all end" \
	    wait_for 5 gone "$pid" $all
	rc=0
	wait "$pid" || rc=$?
	expect_is "$victim killed: exit status" 1 echo $rc
	expect "$victim killed: the log names it" grep -q \
	    "$victim (pid $child) killed by signal 9" "$T/a.log"
	expect "$victim killed: nothing is left" all_gone "$i"
done

# a stopped child cannot hold up the end
start a "$WARREND" -d "$i"
pid=$!
wait_for 10 answers "$i"
all=$(ps -o pid= --ppid "$pid")
kill -STOP "$(child_of "$pid" netd)"
kill -TERM "$pid"
# shellcheck disable=SC2086
expect "a child that hangs is killed" wait_for 5 gone "$pid" $all
expect "a child that hangs: nothing is left" all_gone "$i"

# the loss of the parent: children and interface go, the next start clears
warren_bg "$i" && pid=$(bg_pid "$i")
all=$(ps -o pid= --ppid "$pid")
kill -9 "$pid"
# shellcheck disable=SC2086
expect "parent killed: the children die" wait_for 5 gone $all
expect_fail "parent killed: the interface is gone" ip_on a link show "$i"
expect "the next start clears the rest" warren_bg "$i"
pid=$(bg_pid "$i")
expect "and answers" answers "$i"
kill "$pid"
expect "and ends" wait_for 5 gone "$pid"
expect "and leaves nothing" all_gone "$i"

# the same while the kernel is slow to take the interface away: the next start
# waits for that
echo 2147483647 >"$RUN/$i.lock"
ip_on a tuntap add dev "$i" mode tun
start a "$WARREND" -d "$i"
pid=$!
wait_for 5 sh -c "[ \"\$(head -n 1 '$RUN/$i.lock')\" = $pid ]" ||
    not_ok "the next start" "it does not lock"
ip_on a link del "$i"
expect "the next start waits until the interface is gone" \
    wait_for 5 answers "$i"
kill "$pid"
expect "and ends" wait_for 5 gone "$pid"

# an instance whose interface has another name: what its killed parent left is
# found by that, also when the file names another one by now
lab=${P}lab
lab_start() {
	printf 'interface %s { }\n' "$1" >"$T/lab.conf"
	start b "$WARREND" -d -i "$lab" -f "$T/lab.conf"
	wait_for 10 "$WARRENCTL" -i "$lab" status ||
	    not_ok "an instance with interface $1" "it does not answer"
}
lab_kill() {
	kill -9 "$(pid_of b)"
	wait_for 5 gone "$(pid_of b)"
}
printf 'interface %s { }\n' "$lab" >"$T/other.conf"
start c "$WARREND" -d -i "${P}other" -f "$T/other.conf"
wait_for 10 "$WARRENCTL" -i "${P}other" status || true
expect "cleanup of what never ran, beside an interface of that name" \
    on b "$WARREND" --cleanup "$lab"
expect "which stays" on c wg show "$lab"
kill "$(pid_of c)"
wait_for 5 gone "$(pid_of c)"

lab_start "${P}lab1"
lab_kill
expect "cleanup by the name of the instance" on b "$WARREND" --cleanup "$lab"
expect "takes away the interface's socket" all_gone "${P}lab1"
expect "and what is the instance's" all_gone "$lab"

lab_start "${P}lab1"
lab_kill
lab_start "${P}lab2"
expect "the next start with another interface takes it away, too" \
    all_gone "${P}lab1"
expect_is "the lock tells which it is" "$(pid_of b) ${P}lab2" \
    sh -c "paste -sd' ' '$RUN/$lab.lock'"
lab_kill
# Somebody else has that interface's name by now.
start c "$WARREND" -d "${P}lab2"
expect "somebody else takes that name" wait_for 10 answers "${P}lab2"
lab_start "${P}lab3"
expect "and is left alone" answers "${P}lab2"
kill "$(pid_of b)" "$(pid_of c)"
expect "both end" wait_for 5 gone "$(pid_of b)" "$(pid_of c)"

# A start that fails after all leaves what the killed one's lock says.
lab_start "${P}lab1"
lab_kill
cp "$RUN/$lab.lock" "$T/lock"
ip_on b tuntap add dev "${P}tap" mode tap
printf 'interface %s { }\n' "${P}tap" >"$T/lab.conf"
expect_is "a start that fails" 1 status_of on b "$WARREND" -i "$lab" \
    -f "$T/lab.conf"
expect "leaves the lock of the killed one as it was" \
    cmp "$T/lock" "$RUN/$lab.lock"
ip_on b link del "${P}tap"
expect "its cleanup" on b "$WARREND" --cleanup "$lab"
expect "finds the interface's socket" all_gone "${P}lab1"
expect "and the rest" all_gone "$lab"

# A link that goes down while a reload is prepared: netd is told to close its
# sockets, but has the port still when all are ready.
printf 'interface %s {\n\tlisten port 51871\n}\n' "${P}lab1" >"$T/lab.conf"
start b "$WARREND" -d -f "$T/lab.conf"
pid=$!
wait_for 10 udp_at b 51871 || not_ok "an instance with a port" "it is not there"
wait_for 5 "$WARRENCTL" -i "${P}lab1" status || true
cryptod=$(child_of "$pid" cryptod)
netd=$(child_of "$pid" netd)
kill -STOP "$cryptod"
rm -f "$T/reloaded"
"$WARRENCTL" -i "${P}lab1" reload >"$T/reloaded" 2>&1 &
reload=$!
PIDS="$PIDS $reload"
# The others are ready when it has been asked.
sleep 1
kill -STOP "$netd"
ip_on b link set "${P}lab1" down
kill -CONT "$cryptod"
sleep 0.3
kill -CONT "$netd"
rc=0
wait "$reload" || rc=$?
expect_is "a reload with the link going down" 0 echo $rc
[ $rc -eq 0 ] || sed 's/^/# /' "$T/reloaded"
expect "has its port" wait_for 6 udp_at b 51871
kill "$pid"
expect "and ends" wait_for 5 gone "$pid"

# what is in the way and is not ours stays
: >"$UAPI/$i.sock"
expect_is "a file in the place of the socket" 1 status_of on a "$WARREND" "$i"
expect "that file stays" test -f "$UAPI/$i.sock"
rm -f "$UAPI/$i.sock"
expect_fail "and no interface is left" ip_on a link show "$i"

# wg(8) takes away every socket that refuses it: while it runs over and over,
# an instance must come up each time.
wg_everywhere() {
	while [ ! -e "$T/enough" ]; do
		wg show interfaces >/dev/null 2>&1 || true
	done
}
for n in 1 2 3 4; do
	wg_everywhere &
	PIDS="$PIDS $!"
done
comes_up() {
	comes_n=0
	while [ $comes_n -lt 30 ]; do
		comes_n=$((comes_n + 1))
		warren_bg "${P}p" || return 1
		[ -S "$UAPI/${P}p.sock" ] || return 1
		ip_on a link del "${P}p"
		wait_for 5 all_gone "${P}p" || return 1
	done
}
expect "wg(8) does not take away a socket that is being made" comes_up
: >"$T/enough"
