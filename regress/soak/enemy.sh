#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The ring as an enemy for MINUTES (3): first with a test on one side of it
# (regress/privsep/enemy), then in a tunnel with traffic, where netd's memory
# is scribbled over while cryptod reads it, and the other way round.  Whatever
# a peer accepts is what was sent; the victim neither crashes nor stalls; the
# memory of the other can not be written, resized or sealed further.  The victim
# has three threads, unless WORKERS says how many both have.
# timeout: 7200

. "$(dirname "$0")/../lib.sh"
need wg ping ip
MINUTES=${MINUTES:-3}
# shellcheck disable=SC2034
MAY_LEAVE=1

# --- a test on one side: two victims, each met by records at full speed and by
# headers that change

ENEMY_SECONDS=$((MINUTES * 15)) \
    "$BUILD/regress/privsep/enemy" >"$T/enemy.out" 2>&1 || true
grep -e '^ok ' -e '^not ok ' -e '^SKIP ' "$T/enemy.out" | sort |
    uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2 (\1)/'
# shellcheck disable=SC2034 # of lib.sh
! grep -q '^not ok ' "$T/enemy.out" || FAILED=1
expect "the test with an enemy came to its end" \
    grep -q '^ok enemy/headers_that_change' "$T/enemy.out"

# --- a living tunnel; a is started again as by a service manager

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b
# conf HOST NUMBER PEER NUMBER WORKERS
conf() {
	cat <<CONF
interface $(tun "$1") {
	address 10.66.0.$2/24
	listen port 5182$2
	private-key file "$T/$1.key"
	workers $5
}
peer "$3" {
	public-key "$(key_of "$3")"
	endpoint 192.0.2.$4 port 5182$4
	allowed-ips 10.66.0.$4/32
}
CONF
}
conf a 1 b 2 "${WORKERS:-3}" >"$T/a.conf"
conf b 2 a 1 "${WORKERS:-auto}" >"$T/b.conf"

supervise() {
	while [ ! -e "$T/stop" ]; do
		NOTIFY_SOCKET='' ip netns exec "$(ns a)" "$WARREND" -d \
		    -f "$T/a.conf" >>"$T/a.log" 2>&1 || true
		sleep 0.1
	done
}
supervise &
supervisor=$!
PIDS="$PIDS $supervisor"
conf_start b

# child NAME: its pid.
child() {
	ps -eo pid=,stat=,args= | awk -v name="$1:$(tun a)" \
	    '$2 !~ /^Z/ && $3 == name { print $1; exit }'
}
well() {
	[ -n "$(child cryptod)" ] && [ -n "$(child netd)" ] &&
	    ctl a status | grep -q '^' && ping_from a 10.66.0.2 1 -W 1
}
expect "the tunnel works" wait_for 15 well
for name in cryptod netd; do
	expect "$name: what is shared can not be written or resized" \
	    "$TOOLS/scribble" -s "$(child $name)"
done

# datagrams FROM TO ADDRESS SECONDS TRAIN: numbered ones, compared; so many of
# them at once.
datagrams() {
	dgram_out=$T/datagrams.$1
	rm -f "$dgram_out.port"
	ip netns exec "$(ns "$2")" "$TOOLS/udpflow" -l -c -w 30 \
	    -f "$dgram_out.port" "$3" >"$dgram_out" 2>&1 &
	dgram_pid=$!
	wait_for 5 test -s "$dgram_out.port"
	on "$1" "$TOOLS/udpflow" -c -g "$5" -r 8000 -s 1300 -t "$4" "$3" \
	    "$(cat "$dgram_out.port")" >"$dgram_out.sent" 2>&1
	sleep 1
	kill -TERM $dgram_pid 2>/dev/null || true
	wait $dgram_pid
}

# transfers FILE: what TCP makes of it; they may break off, but not differ.
transfers() {
	while [ ! -e "$1" ]; do
		flow a b 10.66.0.2 4000000 2>&1 || sleep 0.2
		flow b a 10.66.0.1 4000000 2>&1 || sleep 0.2
	done >>"$T/tcp.out"
}

# enemy NAME FLAG SECONDS: scribbles in the memory of NAME, in each instance.
enemy() {
	enemy_end=$(($(date +%s) + $3))
	while [ "$(date +%s)" -lt $enemy_end ]; do
		enemy_pid=$(child "$1")
		[ -z "$enemy_pid" ] || "$TOOLS/scribble" "$2" \
		    -t $((enemy_end - $(date +%s))) "$enemy_pid" 2>&1 || true
		sleep 0.1
	done
}

instances() {
	grep -c 'instance ready' "$T/a.log"
}

# A sibling is refused by a fault and the suite is ended, in order; one killed
# by a signal (but for the parent's own SIGKILL) has crashed.
crashes() {
	grep -E 'killed by signal|runtime error|Sanitizer|assert' "$T/a.log"
}

# number FILE WORD: what follows the word.
number() {
	awk -v word="$2" '{ for (i = 1; i < NF; i++)
	    if ($i == word) { print int($(i + 1)); exit } }' "$1"
}

# At least a fifth of what FROM sent arrived.
arrived() {
	[ $(($(number "$T/datagrams.$1" received) * 5)) -ge \
	    "$(number "$T/datagrams.$1.sent" sent)" ]
}

# under WHO FLAG SECONDS WHAT
under() {
	under_what="$4 of $1"
	under_starts=$(instances)
	rm -f "$T/done"
	: >"$T/tcp.out"
	datagrams a b 10.66.0.2 "$3" 1 &
	out=$!
	datagrams b a 10.66.0.1 "$3" 24 &
	in=$!
	transfers "$T/done" &
	tcp=$!
	enemy "$1" "$2" "$3" >"$T/enemy.$1$2"
	: >"$T/done"
	for job in $out $in; do
		wait $job || not_ok "$under_what" "datagrams are not as sent"
	done
	wait $tcp || true
	for from in a b; do
		expect "$under_what: datagrams of $from: $(tr '\n' ' ' \
		    <"$T/datagrams.$from")" \
		    grep -q '^0 late or twice, .* 0 wrong$' \
		    "$T/datagrams.$from"
	done
	expect_fail "$under_what: no byte of TCP was wrong" \
	    grep -e 'wrong bytes' -e 'arrived' "$T/tcp.out"
	! grep 'one by one' "$T/datagrams.b.sent" ||
	    skip "$under_what, trains" "the kernel sends none"
	echo "# $under_what: transfers done:" \
	    "$(grep -c 'all as sent' "$T/tcp.out" || true); starts:" \
	    "$(($(instances) - under_starts)); writes:" \
	    "$(awk '{ n += $2 } END { print n }' "$T/enemy.$1$2")"
	expect "$under_what: it was done" grep -q '^wrote [1-9]' \
	    "$T/enemy.$1$2"
	expect "$under_what: TCP goes on" grep -q 'all as sent' "$T/tcp.out"
	# With wrong headers the instance ends and comes back again and again.
	if [ "$2" = -p ]; then
		expect "$under_what: most goes on from a" arrived a
		expect "$under_what: most goes on from b" arrived b
	fi
	expect "$under_what: all is well again" wait_for 30 well
	expect_fail "$under_what: nobody crashed" crashes
}

# A quarter of the time each.  Payloads alone are no reason to end.
for name in netd cryptod; do
	pids=$(child cryptod)$(child netd)
	# Ciphertext that a sibling changed is thrown away where it is opened.
	opener=a
	[ $name = netd ] || opener=b
	forged=$(counter $opener drop_in_forged)
	under $name -p $((MINUTES * 15)) "payloads"
	expect_is "payloads of $name: the same processes" "$pids" \
	    sh -c "printf %s%s '$(child cryptod)' '$(child netd)'"
	expect "payloads of $name: they were met" test \
	    "$(counter $opener drop_in_forged)" -gt "$forged"
	under $name -h $((MINUTES * 15)) "headers and indices"
done
sed -n 's/^warrend: //p' "$T/a.log" | sed 's/(pid [0-9]*)//' |
    grep -v -e ready -e 'is up' -e listening -e 'in force' | sort | uniq -c |
    sort -rn | head -n 20 | sed 's/^/# /'

: >"$T/stop"
a_pid=$(head -n 1 "$RUN/$(tun a).lock")
kill -TERM "$a_pid"
expect "an orderly end" wait_for 10 gone "$supervisor" "$a_pid"
