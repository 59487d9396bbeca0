#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A flood from one core: 100,000 datagrams of junk a second and 10,000
# initiations that only an X25519 tells from real ones, half of all with
# spoofed sources.  A session goes on, a new peer gets in, the process with
# the keys has most of its time left, and no memory is lost.  With and without
# a configuration.  And where all initiations are right, of a thousand peers
# that shake hands as fast as they are answered, a stream goes on.
# class: check-all
# alone: yes
# timeout: 180

. "$(dirname "$0")/../lib.sh"
need wg ping ip taskset awk ps

# Sent a second; what arrives is counted.  With TRAIN=1 each datagram comes by
# itself, which costs both ends more than this rate on a small machine.
JUNK=${JUNK:-125000}
KNOWN=${KNOWN:-12500}
TRAIN=${TRAIN:-64}
WANT_JUNK=100000
WANT_KNOWN=10000
SECS=${SECS:-20}
hz=$(getconf CLK_TCK)
# The last CPU is the generator's.
cpu=$(taskset -cp $$ | sed 's/.*[ ,-]//')

clock() {
	date +%s.%N
}
calc() {
	awk "BEGIN { print $* }"
}
# true_that CONDITION: of awk.
true_that() {
	awk "BEGIN { exit !($*) }"
}
# counter HOST NAME...: their sum.
counter() {
	counter_host=$1
	shift
	ctl "$counter_host" show counters | awk -v names=" $* " '
	    { for (i = 1; i < NF; i++) if (index(names, " " $i " ") > 0) {
		n += $(i + 1); break } } END { printf "%.0f\n", n }'
}
known() {
	counter "$1" rx_handshakes cookies_sent drop_duplicate drop_limited \
	    drop_share
}
pids() {
	echo "$(pid_of "$1") $(ps -o pid= --ppid "$(pid_of "$1")" |
	    tr '\n' ' ')"
}
child_of() {
	ps -o pid=,args= --ppid "$1" | sed -n "s/^ *\([0-9]*\) $2:.*/\1/p"
}
# kib HOST: memory of its processes.
kib() {
	for kib_pid in $(pids "$1"); do
		cat "/proc/$kib_pid/status"
	done | awk '/^VmRSS/ { n += $2 } END { print n }'
}
ticks() {
	sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}
# seconds that the CPU of a process took since it began, of both kinds
share() {
	calc "($(ticks "$1") - $2) / $hz / ($(clock) - $3)"
}

# The target by a file of its own, or by wg(8).
target_conf() {
	cat >"$T/$1.conf" <<-CONF
	interface $(tun "$1") {
		address 10.9.0.1/24
		listen port 51820
		private-key file "$T/$1.key"
	}
	peer "old" {
		public-key "$(key_of "$2")"
		endpoint 192.0.2.2 port 51820
		allowed-ips 10.9.0.2/32
	}
	peer "new" {
		public-key "$(key_of "$3")"
		allowed-ips 10.9.0.3/32
	}
	CONF
	chmod 600 "$T/$1.conf"
	conf_start "$1"
}
target_bare() {
	warren_start "$1"
	wg_setup "$1" 51820
	peer_add "$1" "$2" 10.9.0.2/32 endpoint 192.0.2.2:51820
	peer_add "$1" "$3" 10.9.0.3/32
	tunnel_up "$1" 10.9.0.1/24
}

# shaken HOST PEER: there was a handshake.
shaken() {
	[ "$(peer_field "$1" "$2" latest-handshakes)" -gt 0 ]
}

# A new peer in the middle of it: how long its first handshake takes.
new_peer() {
	np_t=$(clock)
	on "$new" ping -n -q -i 0.5 -c 60 -w 20 10.9.0.1 >/dev/null 2>&1 &
	np_pid=$!
	wait_for 15 shaken "$new" "$a" || true
	np_t=$(calc "int(10 * ($(clock) - $np_t)) / 10")
	kill $np_pid 2>/dev/null || true
	wait $np_pid 2>/dev/null || true
}

# run_flood: its figures go to variables.
run_flood() {
	crypt=$(child_of "$(pid_of "$a")" cryptod)
	on "$old" ping -n -q -i 0.1 -c $((SECS * 10)) -w $((SECS + 10)) \
	    10.9.0.1 >"$T/ping.out" 2>&1 &
	pinger=$!
	ip netns exec "$(ns "$foe")" taskset -c "$cpu" "$TOOLS/flood" \
	    -j "$JUNK" -n "$TRAIN" -k "$(key_of "$a")" -i "$KNOWN" -s 10.99.0.0 \
	    -t $((SECS + 2)) 203.0.113.1 51820 >"$T/flood.out" &
	generator=$!
	sleep 1
	t=$(clock)
	all=$(counter "$a" rx_datagrams)
	good=$(known "$a")
	crypt_ticks=$(ticks "$crypt")
	sleep 2
	new_peer
	sleep $((5 - $(awk "BEGIN { n = int($(clock) - $t)
	    print n < 5 ? n : 5 }")))
	early=$(kib "$a")
	wait $pinger || true
	late=$(kib "$a")
	share=$(share "$crypt" "$crypt_ticks" "$t")
	good=$(($(known "$a") - good))
	all=$(($(counter "$a" rx_datagrams) - all))
	t=$(calc "$(clock) - $t")
	wait $generator || not_ok "$mode: the generator" "it failed"
	junk_rate=$(calc "int(($all - $good) / $t)")
	good_rate=$(calc "int($good / $t)")
	lost=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' \
	    "$T/ping.out" | awk '{ print $1 - $2 }')
}

# A stream each way beside peers that are all in order.
FLOOR=20		# Mbit/s
# answers N: so many have been answered.
answers() {
	[ "$(counter "$a" handshakes_answered)" -ge "$1" ]
}
streams_beside_storm() {
	ip_on "$a" route add 10.98.0.0/16 via 203.0.113.2
	ip_on "$foe" route add local 10.98.0.0/16 dev lo
	"$TOOLS/shakes" -c -n 1000 seed >"$T/peers"
	on "$a" wg addconf "$(tun "$a")" "$T/peers"
	ip netns exec "$(ns "$foe")" taskset -c "$cpu" "$TOOLS/shakes" \
	    -n 1000 -w 1000 -t 300 seed "$(key_of "$a")" 203.0.113.1 51820 \
	    >"$T/storm.out" 2>&1 &
	storm=$!
	PIDS="$PIDS $storm"
	expect "$mode: a storm begins" wait_for 15 answers 1000
	answered=$(counter "$a" handshakes_answered)
	t=$(clock)
	for way in into out; do
		case $way in
		into)	from=$old to=$a addr=10.9.0.1 ;;
		out)	from=$a to=$old addr=10.9.0.2 ;;
		esac
		if flow $from $to $addr 100000000 >"$T/flow" 2>&1; then
			ok "$mode: a stream $way beside a storm of handshakes"
		else
			not_ok "$mode: a stream $way beside a storm" \
			    "$(cat "$T/flow")"
		fi
		rate=$(sed -n 's/.* \([0-9]*\)[.0-9]* Mbit.*/\1/p' "$T/flow")
		expect "$mode: $way, it has ${rate:=0} Mbit/s, at least $FLOOR" \
		    test "$rate" -ge $FLOOR
	done
	rate=$(calc "int(($(counter "$a" handshakes_answered) - $answered) / \
	    ($(clock) - $t))")
	kill $storm || not_ok "$mode: the storm" "$(cat "$T/storm.out")"
	wait $storm 2>/dev/null || true
	expect "$mode: it is a storm: $rate a second" test "$rate" -ge 100
	echo "# $mode: load $(cut -d' ' -f1-2 /proc/loadavg)"
}

# A peer with a new key, after the flood.
normal_again() {
	rm "$T/$new.key"
	wg_setup "$new" 51820
	if [ "$mode" = conf ]; then
		target_reload
	else
		peer_add "$a" "$new" 10.9.0.3/32
	fi
	ping_from "$new" 10.9.0.1 3
}
target_reload() {
	sed "/^peer \"new\"/,/}/s|public-key .*|public-key \"$(key_of "$new")\"|" \
	    "$T/$a.conf" >"$T/$a.new"
	cat "$T/$a.new" >"$T/$a.conf"
	ctl "$a" reload
}

for mode in ${MODES:-conf bare}; do
	a=a$mode old=o$mode new=n$mode foe=f$mode
	host_new $a $old $new $foe
	link_new $a $old 192.0.2.1/24 192.0.2.2/24
	link_new $a $new 198.51.100.1/24 198.51.100.2/24
	link_new $a $foe 203.0.113.1/24 203.0.113.2/24
	# Answers to spoofed sources go where the flood is from.
	ip_on $a route add 10.99.0.0/16 via 203.0.113.2
	for dev in all default to-$foe; do
		on $a sysctl -q -w "net.ipv4.conf.$dev.rp_filter=0"
	done
	keys_new $a
	warren_start $old
	wg_setup $old 51820
	warren_start $new
	wg_setup $new 51820
	target_$mode $a $old $new
	peer_add $old $a 10.9.0.1/32 endpoint 192.0.2.1:51820
	peer_add $new $a 10.9.0.1/32 endpoint 198.51.100.1:51820
	tunnel_up $old 10.9.0.2/24
	tunnel_up $new 10.9.0.3/24
	expect "$mode: ping" ping_from $old 10.9.0.1
	lines=$(wc -l <"$T/$a.log")

	run_flood
	sed "s/^/# $mode: generator: /" "$T/flood.out"
	echo "# $mode: arrived a second: $junk_rate junk, $good_rate with a" \
	    "right mac1; lost pings: $lost of $((SECS * 10));" \
	    "a new handshake: $np_t s;" \
	    "cryptod: $share of a core; memory: $early KiB, then $late KiB;" \
	    "socket dropped $(counter $a drop_socket) trains;" \
	    "load $(cut -d' ' -f1-2 /proc/loadavg)"
	if [ "$junk_rate" -ge $WANT_JUNK ] &&
	    [ "$good_rate" -ge $WANT_KNOWN ]; then
		ok "$mode: the flood is one: $junk_rate, $good_rate a second"
		expect "$mode: $lost of $((SECS * 10)) pings are lost, at most 1" \
		    true_that "$lost <= 1"
		expect "$mode: a new handshake takes $np_t s, at most 10" \
		    true_that "$np_t <= 10"
	else
		# Then the machine is short of time, and both say nothing.
		skip "$mode: the rate" "$junk_rate junk and $good_rate \
initiations a second arrived, not $WANT_JUNK and $WANT_KNOWN; pings lost: $lost, a new handshake took $np_t s"
	fi
	expect "$mode: cryptod has $share of a core, under 0.5" \
	    true_that "$share < 0.5"
	expect "$mode: memory is flat ($early KiB, $late KiB)" \
	    true_that "$late - $early <= 2048"
	lines=$(($(wc -l <"$T/$a.log") - lines))
	expect "$mode: $lines lines of log, at most 60" \
	    test $lines -le 60
	expect "$mode: afterwards the session stands" ping_from $old 10.9.0.1
	expect "$mode: and one more peer comes at once" normal_again
	[ $mode = conf ] || streams_beside_storm
	expect_is "$mode: nothing is broken" "" \
	    grep -i -e fault -e panic -e broken "$T/$a.log"
	for host in $a $old $new; do
		kill -TERM "$(pid_of "$host")"
		wait_for 5 gone "$(pid_of "$host")" ||
		    not_ok "$mode: the end of $host" "it does not end"
	done
done
