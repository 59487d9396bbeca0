#!/bin/sh
# SPDX-License-Identifier: ISC
#
# KILLS (200) times one of the processes of a host is killed, stopped for a
# while or starved of its CPU, under traffic, and what has ended is started
# again at once, as a service manager does: first each of them in each of these
# ways, then at random, and one in ten again before all is well, so that it
# comes during a start.  After each the tunnel works again within half a
# minute, one instance runs, whole, and nothing is left over; its state is
# never torn and its key stays.  The same SEED does the same things, but not at
# the same moments.
# class: check-all
# timeout: 5400
# alone: yes

. "$(dirname "$0")/../lib.sh"
need wg ping ip python3 taskset chrt renice
KILLS=${KILLS:-200}
SEED=${SEED:-$(date +%s)}
BOUND=30		# seconds until all is well again
# shellcheck disable=SC2034
MAY_LEAVE=1
echo "# SEED=$SEED KILLS=$KILLS"

# random N: R is one of 0 to N - 1.
dice=$((SEED & 2147483647))
random() {
	dice=$(((dice * 1103515245 + 12345) & 2147483647))
	R=$(((dice >> 8) % $1))
}

ms() {
	echo $(($(date +%s%N) / 1000000))
}

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new b
# a knows where b is by what it has saved, and by nothing else.
cat >"$T/a.conf" <<CONF
interface $(tun a) {
	address 10.66.0.1/24
	address fd66::1/64
	listen port 51820
	fwmark 51820
}
peer "bob" {
	public-key "$(key_of b)"
	allowed-ips { 10.66.0.2/32, fd66::2/128, 203.0.113.0/24 }
}
CONF
before=$(kernel_state a)

# --- a, and who starts it again

supervise() {
	while [ ! -e "$T/stop" ]; do
		rc=0
		NOTIFY_SOCKET='' ip netns exec "$(ns a)" "$WARREND" -d \
		    -f "$T/a.conf" >>"$T/a.log" 2>&1 || rc=$?
		echo $rc >>"$T/ends"
		sleep 0.1
	done
}
supervise &
supervisor=$!
PIDS="$PIDS $supervisor"

# Everything that belongs to this instance: NAME PID PPID.
processes() {
	ps -eo pid=,ppid=,stat=,args= | awk -v tun="$(tun a)" \
	    -v conf="$T/a.conf" '
	$3 ~ /^Z/ { next }
	$4 ~ /sbin\/warrend$/ && $NF == conf { print "parent", $1, $2 }
	{
		n = split($4, part, ":")
		if (n == 2 && part[2] == tun)
			print part[1], $1, $2
	}'
}

# One parent, and of its children each once; helpless: without resolverd.
helpless=
whole() {
	processes | sort >"$T/processes"
	whole_parent=$(sed -n 's/^parent \([0-9]*\) .*/\1/p' "$T/processes")
	whole_want='cryptod ctld netd parent resolverd '
	[ "$helpless" != "$whole_parent" ] ||
	    whole_want='cryptod ctld netd parent '
	[ "$(cut -d' ' -f1 "$T/processes" | tr '\n' ' ')" = "$whole_want" ] &&
	    ! grep -v '^parent' "$T/processes" |
	    grep -qv " $whole_parent\$"
}

pid_in() {
	processes | sed -n "s/^$1 \([0-9]*\) .*/\1/p" | head -n 1
}

# Its status names the peer, and pings go through.
well() {
	whole && ctl a status 2>/dev/null | grep -q bob &&
	    on a ping -n -q -c 1 -W 1 10.66.0.2
}

public_key() {
	ctl a -j show interface | python3 -c '
import json, sys
print(json.load(sys.stdin)["rows"][0]["public_key"])'
}

is_there() {
	[ -n "$(pid_in "$1")" ]
}

fds() {
	find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l
}

wait_for $BOUND whole || { not_ok start "it does not run"; exit 1; }
wait_for 10 public_key || { not_ok start "it does not answer"; exit 1; }
public_key >"$T/a.pub"
cat >"$T/b.conf" <<CONF
interface $(tun b) {
	address 10.66.0.2/24
	address fd66::2/64
	listen port 51821
	private-key file "$T/b.key"
}
peer "alice" {
	public-key "$(key_of a)"
	endpoint 192.0.2.1 port 51820
	allowed-ips { 10.66.0.1/32, fd66::1/128 }
}
CONF
conf_start b
expect "the tunnel works" ping_from b 10.66.0.1

# --- traffic, all the time: pings, numbered datagrams, compared transfers

pings() {
	while [ ! -e "$T/quiet" ]; do
		on a ping -n -q -i 0.05 -c 100000 -w 3600 fd66::2 || sleep 0.2
	done >/dev/null 2>&1
}

transfers() {
	while [ ! -e "$T/quiet" ]; do
		flow a b 10.66.0.2 8000000 2>&1 || sleep 0.5
		flow b a 10.66.0.1 8000000 2>&1 || sleep 0.5
	done >>"$T/tcp.out"
}

ip netns exec "$(ns a)" "$TOOLS/udpflow" -l -c -f "$T/udp.port" -w 120 \
    10.66.0.1 >"$T/udp.out" 2>&1 &
receiver=$!
PIDS="$PIDS $receiver"
wait_for 5 test -s "$T/udp.port"
ip netns exec "$(ns b)" "$TOOLS/udpflow" -c -r 1000 -s 1200 -t 7200 \
    10.66.0.1 "$(cat "$T/udp.port")" >"$T/udp.sent" 2>&1 &
sender=$!
PIDS="$PIDS $sender"
pings &
pinger=$!
transfers &
carrier=$!
PIDS="$PIDS $pinger $carrier"

# --- what is looked at now and then

expect "all is well" wait_for $BOUND well
run_files() {
	find "$RUN" "$UAPI" -name "$(tun a)*" | sort
	find "$STATE/$(tun a)" -type f ! -name '.*' | sort
}
saved() {
	[ -s "$STATE/$(tun a)/sessions" ]
}
wait_for 10 saved || not_ok "start" "no session is saved"
wait_for 5 public_key
kernel=$(kernel_state a)
files=$(run_files)
links() {
	ip_on a -o link show | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort
	on a ss -Hunl | wc -l
}
links=$(links)
for name in parent cryptod netd ctld resolverd; do
	eval "fds_$name=$(fds "$(pid_in $name)")"
done

fds_ok() {
	for name in parent cryptod netd ctld resolverd; do
		fds_most=0
		eval "fds_most=\$fds_$name"
		fds_now=$(fds "$(pid_in $name)")
		[ "$fds_now" -le "$fds_most" ] || {
			echo "$name: $fds_now fds, not $fds_most"
			return 1
		}
	done
}
same() {
	[ "$2" = "$3" ] || {
		echo "$1: '$3', not '$2'"
		return 1
	}
}
# The checks of a round; each says what is wrong.
deep() {
	same key "$(key_of a)" "$(public_key)" &&
	    same "key on disk" "$(key_of a)" \
	        "$(wg pubkey <"$STATE/$(tun a)/key")" &&
	    same files "$files" "$(run_files)" &&
	    same kernel "$kernel" "$(kernel_state a)" &&
	    same links "$links" "$(links)" &&
	    fds_ok || return 1
	if grep -e 'file is ignored' -e 'not a key' "$T/a.log"; then
		return 1
	fi
}

# --- what is done

# Each of these is done at the least once, if KILLS is not less: PROCESS FAULT.
cat >"$T/pairs" <<'END'
cryptod kill
cryptod stop
cryptod starve
netd kill
netd stop
netd starve
ctld kill
ctld stop
ctld starve
parent kill
parent stop
parent starve
resolverd stop
resolverd starve
resolverd kill
END
pairs=$(wc -l <"$T/pairs")

# Sets victim and fault, and always throws the same dice.
choose() {
	random 5
	case $R in
	0)	victim=parent ;;
	1)	victim=cryptod ;;
	2)	victim=netd ;;
	3)	victim=ctld ;;
	4)	victim=resolverd ;;
	esac
	random 10
	case $R in
	[0-5])	fault='kill' ;;
	[67])	fault=stop ;;
	*)	fault=starve ;;
	esac
	if [ $round -le "$pairs" ]; then
		sed -n "${round}p" "$T/pairs" >"$T/pair"
		read -r victim fault <"$T/pair"
	fi
}

# Signals are told apart in the log, too.
do_kill() {
	random 4
	[ $round -gt "$pairs" ] || R=0
	case $R in
	0)	sig=KILL ;;
	1)	sig=TERM ;;
	2)	sig=SEGV ;;
	3)	sig=ABRT ;;
	esac
	what="kill -$sig $victim"
	if [ "$victim" = resolverd ]; then
		helpless=$(pid_in parent)
	fi
	kill -"$sig" "$pid" 2>/dev/null || true
	# One that ends in order takes a moment.  Those who are not there to
	# be ended by this signal say so by living on.
	wait_for 2 gone "$pid" || what="$what (lives on)"
	if [ "$victim" = resolverd ] && not gone "$pid"; then
		helpless=
	fi
}

# Who carries no packets may be away, and nobody waits for it.
carried() {
	on a ping -n -q -c 3 -i 0.1 -w 5 10.66.0.2 >/dev/null 2>&1
}

do_stop() {
	random 6
	if [ "$R" -eq 0 ] || [ $round -le "$pairs" ]; then
		pause=10
	else
		random 20
		pause=$((R / 10)).$((R % 10))
	fi
	what="stop $victim for $pause s"
	end=$(($(ms) + $(echo "$pause" | awk '{ print int($1 * 1000) }')))
	kill -STOP "$pid" 2>/dev/null || true
	case $victim in
	parent|ctld|resolverd)
		# In the midst of a start nothing is carried yet.
		[ -n "$during" ] || carried || trouble "no packets while $victim is stopped" ;;
	esac
	while [ "$(ms)" -lt $end ]; do sleep 0.05; done
	kill -CONT "$pid" 2>/dev/null || true
}

cpus=$(nproc)
do_starve() {
	random "$cpus"
	cpu=$R
	random 4
	pause=$((R + 2))
	random 2
	taskset -acp "$cpu" "$pid" >/dev/null 2>&1 || true
	if [ "$R" -eq 0 ]; then
		how=idle
		chrt -a -i -p 0 "$pid" >/dev/null 2>&1 || true
	else
		how='nice'
		for task in "/proc/$pid/task"/*; do
			renice -n 19 -p "${task##*/}" >/dev/null 2>&1 || true
		done
	fi
	what="starve $victim ($how) for $pause s on cpu $cpu"
	taskset -c "$cpu" timeout "$pause" sh -c 'while :; do :; done' || true
	chrt -a -o -p 0 "$pid" >/dev/null 2>&1 || true
	for task in "/proc/$pid/task"/*; do
		renice -n 0 -p "${task##*/}" >/dev/null 2>&1 || true
	done
	taskset -acp "0-$((cpus - 1))" "$pid" >/dev/null 2>&1 || true
}

troubles=0
trouble() {
	not_ok "round $round" "SEED=$SEED: $what: $1"
	sed 's/^/#   /' "$T/processes"
	tail -n 25 "$T/a.log" | sed 's/^/#   /'
	troubles=$((troubles + 1))
	[ $troubles -lt 5 ] || exit 1
}

did=
worst=0
worst_what=
round=0
# during: the one before was not waited for.
during=
ends=0
starts=0
while [ $round -lt "$KILLS" ]; do
	round=$((round + 1))
	what=nothing
	choose
	pid=$(pid_in "$victim")
	# In the midst of a start it may be there soon.
	if [ -n "$during" ] && wait_for 5 is_there "$victim"; then
		pid=$(pid_in "$victim")
	fi
	# resolverd is not there any more.
	if [ -z "$pid" ]; then
		victim=parent
		pid=$(pid_in parent)
	fi
	case $fault in
	kill)	do_kill ;;
	stop)	do_stop ;;
	starve)	do_starve ;;
	esac
	echo "$victim $fault" >>"$T/done"
	[ -z "$during" ] || what="$what, $during"
	# Now and then it is not waited for: what comes next comes while it
	# starts, one of four such ends.
	during=
	if [ $round -gt "$pairs" ] && [ $round -lt "$KILLS" ] &&
	    [ "$fault" = kill ] && [ "$victim" != resolverd ] &&
	    gone "$pid"; then
		ends=$((ends + 1))
	fi
	if [ $ends -eq 1 ]; then
		ends=-3
		echo "# round $round: $what: not waited for"
		during="in the start after $what"
		starts=$((starts + 1))
		random 10
		sleep "$(echo "$R" | awk '{ print $1 * 0.04 }')"
		continue
	fi
	begin=$(ms)
	if wait_for $BOUND well; then
		took=$(($(ms) - begin))
		echo "# round $round: $what: well after $took ms"
		did="$did."
	else
		took=$(($(ms) - begin))
		trouble "not well after $took ms"
		wait_for $BOUND well || { trouble "nor later"; exit 1; }
	fi
	if [ $took -gt $worst ]; then
		worst=$took
		worst_what="round $round: $what"
	fi
	if [ $((round % 20)) -eq 0 ]; then
		if wait_for 10 deep; then
			echo "# round $round: key, files, kernel, fds as ever"
		else
			trouble "$(deep 2>&1)"
		fi
	fi
	random 10
	sleep "0.$R"
done
expect_is "rounds after which all was well" $((KILLS - starts)) \
    sh -c "printf %s \"$did\" | wc -c"
echo "# worst: $worst ms, $worst_what"
echo "# starts: $(grep -c 'instance ready' "$T/a.log"), not waited for: $starts"
[ "$KILLS" -lt "$pairs" ] || expect_is "each process in each way" "$pairs" \
    sh -c "sort -u '$T/done' | wc -l"

# --- the end

: >"$T/quiet"
kill $sender
wait_for 10 ping_from a 10.66.0.2 1 || true
kill -TERM $receiver
wait $receiver || true
sed 's/^/# datagrams: /' "$T/udp.out"
expect "no datagram out of order or wrong" \
    grep -q '^0 late or twice, .* 0 wrong$' "$T/udp.out"
wait $carrier || true
kill $pinger 2>/dev/null || true
echo "# transfers: $(grep -c 'all as sent' "$T/tcp.out") done," \
    "$(grep -c '^tcpflow' "$T/tcp.out" || true) broken off"
expect_fail "no byte of a transfer was wrong" \
    grep -e 'wrong bytes' -e 'arrived' "$T/tcp.out"
expect "transfers were done" grep -q 'all as sent' "$T/tcp.out"

# Started once more from what is on disk, then ended in order.
: >"$T/stop"
parent=$(pid_in parent)
kill -TERM "$parent"
expect "an orderly end" wait_for 10 gone "$supervisor" "$parent"
expect_is "with status 0" 0 tail -n 1 "$T/ends"
conf_start a
expect "a start from what is on disk finds the peer" \
    wait_for $BOUND ping_from a 10.66.0.2 1
expect_is "with the same key" "$(key_of a)" public_key
expect "an orderly end of that" conf_end a
expect_is "no process is left" "" processes
expect_is "nothing is left in the kernel" "$before" kernel_state a
expect_is "no run file is left" "" \
    find "$RUN" "$UAPI" -name "$(tun a)*"
expect_is "on disk there are the key and the sessions" "key sessions " \
    sh -c "ls -A \"$STATE/$(tun a)\" | tr '\n' ' '"
