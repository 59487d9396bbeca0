#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Full rate for MINUTES (10) in configured mode, and for half as long in bare
# mode: TCP both ways at once and numbered datagrams, alone and in trains, with
# reloads, changes of keys and rekeys under them.  Every byte is compared, no
# datagram overtakes another, no process is lost, and memory, mappings and fds
# stay flat.  One side has three threads, however few CPUs there are, unless
# WORKERS says how many both have.
# timeout: 7200

. "$(dirname "$0")/../lib.sh"
need wg ping ip
MINUTES=${MINUTES:-10}
BYTES=268435456			# of a transfer
WIDE=${WORKERS:-3}		# threads of a's and c's cryptod
# What may become more, by process (KiB; mappings).  Session indices are
# random: the page of them that cryptod shares with netd is touched little by
# little, up to 4 MiB.
HEAP=512
RSS_TUNNEL=4096			# cryptod and netd
RSS_OTHER=1024
MAPS=0

host_new a b c d
link_new a b 192.0.2.1/24 192.0.2.2/24
link_new c d 192.0.2.1/24 192.0.2.2/24

# --- what stays flat: the processes, their memory (KiB), fds and mappings

# sizes HOST...: PID NAME HEAP RSS FDS MAPS, a line a process.
sizes() {
	for host in "$@"; do
		for p in $(pid_of "$host") $(pgrep -P "$(pid_of "$host")"); do
			echo "$p $host/$(cat "/proc/$p/comm")" \
			    "$(awk '/\[heap\]/ { heap = 1 }
			    heap && /^Rss/ { n = $2; exit }
			    END { print n + 0 }' "/proc/$p/smaps")" \
			    "$(awk '/^VmRSS/ { print $2 }' "/proc/$p/status")" \
			    "$(find "/proc/$p/fd" -mindepth 1 | wc -l)" \
			    "$(wc -l <"/proc/$p/maps")"
		done
	done | sort
}

# flat REFERENCE HOST...
flat() {
	flat_reference=$1
	shift
	sizes "$@" >"$T/sizes"
	join "$flat_reference" "$T/sizes" | awk -v heap="$HEAP" \
	    -v tunnel="$RSS_TUNNEL" -v other="$RSS_OTHER" -v maps="$MAPS" '
	    { n++; all = $2 ~ /\/(cryptod|netd)$/ ? tunnel : other }
	    $8 > $3 + heap { print $2 "\047s heap: " $3 ", now " $8 " KiB" }
	    $9 > $4 + all { print $2 " grew from " $4 " to " $9 " KiB" }
	    $10 > $5 { print $2 " had " $5 " fds and has " $10 }
	    $11 > $6 + maps { print $2 " had " $6 " mappings and has " $11 }
	    END { print n " processes" }' >"$T/flat"
	if [ "$(cat "$T/flat")" = "$(wc -l <"$flat_reference") processes" ]
	then
		return 0
	fi
	cat "$T/flat"
	return 1
}

# --- traffic

# transfers FROM TO ADDRESS: one after another until it is enough; what flow
# does, with a port file of its own.
transfers() {
	(
		enough=$T/enough
		T=$T/$1-$2
		mkdir -p "$T"
		until [ -e "$enough" ]; do
			flow "$1" "$2" "$3" $BYTES || exit 1
		done
	) >"$T/transfers.$1" 2>&1
}

# rate FROM: how many there were, and the mean.
rate() {
	awk '/all as sent/ { n++; sum += $(NF - 1) }
	    END { printf "%d transfers, %d Mbit/s\n", n, n ? sum / n : 0 }' \
	    "$T/transfers.$1"
}

# datagrams WORD FROM TO ADDRESS [ARGUMENTS]: they arrive in order, as sent.
datagrams() {
	dgram_from=$2
	dgram_to=$3
	dgram_addr=$4
	dgram_out=$T/$1.$2
	shift 4
	rm -f "$dgram_out.port"
	ip netns exec "$(ns "$dgram_to")" timeout 120 "$TOOLS/udpflow" -l -c \
	    -w 5 -f "$dgram_out.port" "$dgram_addr" >"$dgram_out" 2>&1 &
	dgram_pid=$!
	wait_for 5 test -s "$dgram_out.port"
	on "$dgram_from" timeout 90 "$TOOLS/udpflow" -c "$@" "$dgram_addr" \
	    "$(cat "$dgram_out.port")" >"$dgram_out.sent" 2>&1
	wait $dgram_pid
}

# finish {PID FILE}...: jobs must end well; the file is what one has said.
finish() {
	while [ $# -ge 2 ]; do
		wait "$1" || {
			not_ok "$what" "$(cat "$2")"
			problems=$((problems + 1))
		}
		shift 2
	done
}

# crypto HOST FIELD: a number that it shows.
crypto() {
	ctl "$1" -j show crypto |
	    sed -n "s/.*\"$2\": *\([0-9][0-9]*\).*/\1/p" | head -n 1
}

running() {
	for job in "$@"; do
		! kill -0 "$job" 2>/dev/null || return 0
	done
	return 1
}

# soak MODE MINUTES A B ADDRESS-OF-A ADDRESS-OF-B: MODE_change is called all
# the time, with pauses, and MODE_rekey once a round, of which there are three
# at least.
soak() {
	mode=$1 left=$3 right=$4 left_at=$5 right_at=$6
	left_at6=fd09::${left_at##*.} right_at6=fd09::${right_at##*.}
	end=$(($(date +%s) + $2 * 60))
	round=0 changes=0 shakes=0 shake='' problems=0
	while [ $problems -eq 0 ] &&
	    { [ "$(date +%s)" -lt $end ] || [ $round -lt 3 ]; }; do
		round=$((round + 1))
		what="$mode, round $round"
		rm -f "$T/enough"
		transfers "$left" "$right" "$right_at" &
		one=$!
		transfers "$right" "$left" "$left_at" &
		two=$!
		datagrams alone "$left" "$right" "$right_at" \
		    -r 3000 -s 1200 -t 10 &
		three=$!
		datagrams alone "$right" "$left" "$left_at" \
		    -r 3000 -s 200 -t 10 &
		four=$!
		# What threads seal and open; TCP would hide another order.
		datagrams trains "$left" "$right" "$right_at6" \
		    -g 32 -r 6000 -s 1200 -t 10 &
		five=$!
		datagrams trains "$right" "$left" "$left_at6" \
		    -g 12 -r 6000 -s 1300 -t 10 &
		six=$!
		"${mode}_rekey"
		while running $three $four $five $six; do
			changes=$((changes + 1))
			"${mode}_change" $changes >"$T/change" 2>&1 || {
				not_ok "$what" "change: $(cat "$T/change")"
				problems=$((problems + 1))
			}
			sleep "$pause"
		done
		: >"$T/enough"
		finish $one "$T/transfers.$left" $two "$T/transfers.$right" \
		    $three "$T/alone.$left" $four "$T/alone.$right" \
		    $five "$T/trains.$left" $six "$T/trains.$right"
		# As fast as it can, when most of them are lost.
		datagrams alone "$left" "$right" "$right_at" -s 64 -t 1 &
		three=$!
		datagrams trains "$right" "$left" "$left_at6" \
		    -g 48 -s 600 -t 1 &
		finish $three "$T/alone.$left" $! "$T/trains.$right"
		datagrams alone "$right" "$left" "$left_at" -s 1300 -t 1 &
		four=$!
		datagrams trains "$left" "$right" "$right_at6" \
		    -g 32 -s 1200 -t 1 &
		finish $four "$T/alone.$right" $! "$T/trains.$left"
		now=$(peer_field "$left" "$right" latest-handshakes)
		[ "$now" = "$shake" ] || shakes=$((shakes + 1))
		shake=$now
		[ $round -ne 2 ] || sizes "$left" "$right" >"$T/first"
		echo "# $what: $(rate "$left"), back $(rate "$right");" \
		    "$changes changes; $(sizes "$left" "$right" |
		    awk '{ n += $3 } END { print n }') KiB of heap"
	done
	expect_is "$mode: rounds ($round) that were not well" 0 echo $problems
	expect "$mode: sessions were new in $shakes of them" \
	    test $shakes -ge $((round / 3))
	! grep -H 'one by one' "$T/trains.$left.sent" "$T/trains.$right.sent" ||
	    skip "$mode, trains" "the kernel sends none"
	expect_is "$mode: threads of $left" "$WIDE" crypto "$left" workers
	[ "$WIDE" -eq 1 ] || expect "$mode: they did some of it" \
	    test "$(crypto "$left" workers_helped)" -gt 0
	expect "$mode: processes, memory, mappings and fds as before" \
	    wait_for 10 flat "$T/first" "$left" "$right"
	join "$T/first" "$T/sizes" |
	    awk '{ print "# " $2 ": heap " $3 ", then " $8 " KiB; RSS " $4 \
	    ", " $9 "; fds " $5 ", " $10 "; mappings " $6 ", " $11 }'
	expect_fail "$mode: no fault is in the logs" grep -h -e 'killed by' \
	    -e 'broke the rules' -e 'fault' "$T/$left.log" "$T/$right.log"
}

# --- configured

# conf HOST NUMBER PEER NUMBER-OF-PEER PRESHARED-KEY OTHER WORKERS: OTHER is
# one more peer, or none, a reload's difference.
conf() {
	cat <<CONF
interface $(tun "$1") {
	address { 10.9.0.$2/24, fd09::$2/64 }
	listen port 5182$2
	private-key file "$T/$1.key"
	workers $7
}
peer "$3" {
	public-key "$(key_of "$3")"
	preshared-key file "$T/$5.psk"
	endpoint 192.0.2.$4 port 5182$4
	allowed-ips { 10.9.0.$4/32, fd09::$4/128 }
}
CONF
	[ -z "$6" ] || cat <<CONF
peer "other" {
	public-key "$(key_of "$6")"
	allowed-ips { 203.0.113.0/24, 2001:db8:9::/48 }
	keepalive 25
}
CONF
}

# confs [OTHER]: both files, of which either may be reloaded.
psk=ab0
confs() {
	conf a 1 b 2 "$psk" "${1:-}" "$WIDE" >"$T/a.conf.new"
	conf b 2 a 1 "$psk" "${1:-}" "${WORKERS:-auto}" >"$T/b.conf.new"
	mv "$T/a.conf.new" "$T/a.conf"
	mv "$T/b.conf.new" "$T/b.conf"
}

configured_change() {
	case $(($1 % 4)) in
	0)	confs ;;
	1)	confs y ;;
	2)	confs z ;;
	3)	confs ;;
	esac
	ctl a reload && ctl b reload
}

# Each time another preshared key, and another key of a's every third time.
configured_rekey() {
	psk=ab$((round % 2))
	rm -f "$T/$psk.psk"
	psk_new $psk
	if [ $((round % 3)) -eq 0 ]; then
		rm "$T/a.key" "$T/a.pub"
		keys_new a
	fi
}

keys_new a b y z
psk_new ab0
confs
conf_start a
conf_start b
expect "configured: ping" ping_from a 10.9.0.2
pause=1.1			# reloads have a limit
soak configured "$MINUTES" a b 10.9.0.1 10.9.0.2
conf_end a
conf_end b

# --- bare

bare_change() {
	on c wg set "$(tun c)" peer "$(key_of y)" \
	    allowed-ips "203.0.113.$(($1 % 256))/32"
	on d wg set "$(tun d)" peer "$(key_of z)" \
	    allowed-ips "203.0.113.$(($1 % 256))/32"
	[ $(($1 % 2)) -eq 0 ] ||
	    on c wg set "$(tun c)" peer "$(key_of y)" remove
}

bare_rekey() {
	rm -f "$T/cd.psk"
	psk_new cd
	if [ $((round % 3)) -eq 0 ]; then
		old=$(key_of c)
		rm "$T/c.key" "$T/c.pub"
		keys_new c
		on c wg set "$(tun c)" private-key "$T/c.key"
		# It takes the address over from the old one.
		peer_add d c 10.9.0.3/32,fd09::3/128 \
		    endpoint 192.0.2.1:51820
		on d wg set "$(tun d)" peer "$old" remove
	fi
	on c wg set "$(tun c)" peer "$(key_of d)" preshared-key "$T/cd.psk"
	on d wg set "$(tun d)" peer "$(key_of c)" preshared-key "$T/cd.psk"
}

warren_start c -w "$WIDE"
warren_start d
wg_setup c 51820
wg_setup d 51820
peer_add c d 10.9.0.4/32,fd09::4/128 endpoint 192.0.2.2:51820
peer_add d c 10.9.0.3/32,fd09::3/128 endpoint 192.0.2.1:51820
tunnel_up c 10.9.0.3/24 fd09::3/64
tunnel_up d 10.9.0.4/24 fd09::4/64
expect "bare: ping" ping_from c 10.9.0.4
pause=0.1
soak bare $(((MINUTES + 1) / 2)) c d 10.9.0.3 10.9.0.4
