#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Full rate for MINUTES (10) in configured mode, and for half as long in bare
# mode: TCP both ways at once and numbered datagrams, with reloads, changes of
# keys and rekeys under them.  Every byte is compared, no datagram overtakes
# another, no process is lost, and memory and fds stay flat.
# timeout: 7200

. "$(dirname "$0")/../lib.sh"
need wg ping ip
MINUTES=${MINUTES:-10}
BYTES=268435456			# of a transfer

host_new a b c d
link_new a b 192.0.2.1/24 192.0.2.2/24
link_new c d 192.0.2.1/24 192.0.2.2/24

# --- what stays flat: the processes, their memory (KiB) and their fds

# Session indices are random: cryptod's table of them and the page that it
# shares with netd are touched little by little, up to 20 MiB.
TABLES=24576
HEAP=512

# sizes HOST...: PID NAME HEAP RSS FDS, a line a process.
sizes() {
	for host in "$@"; do
		for p in $(pid_of "$host") $(pgrep -P "$(pid_of "$host")"); do
			echo "$p $host/$(cat "/proc/$p/comm")" \
			    "$(awk '/\[heap\]/ { heap = 1 }
			    heap && /^Rss/ { n = $2; exit }
			    END { print n + 0 }' "/proc/$p/smaps")" \
			    "$(awk '/^VmRSS/ { print $2 }' "/proc/$p/status")" \
			    "$(find "/proc/$p/fd" -mindepth 1 | wc -l)"
		done
	done | sort
}

# flat REFERENCE HOST...
flat() {
	flat_reference=$1
	shift
	sizes "$@" >"$T/sizes"
	join "$flat_reference" "$T/sizes" | awk -v heap=$HEAP -v all=$TABLES '
	    { n++ }
	    $7 > $3 + heap { print $2 "\047s heap: " $3 ", now " $7 " KiB" }
	    $8 > $4 + all { print $2 " grew from " $4 " to " $8 " KiB" }
	    $9 > $5 { print $2 " had " $5 " fds and has " $9 }
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

# datagrams FROM TO ADDRESS [ARGUMENTS]: they arrive in order, as sent.
datagrams() {
	dgram_from=$1
	dgram_to=$2
	dgram_addr=$3
	dgram_out=$T/datagrams.$1
	shift 3
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

running() {
	for job in "$@"; do
		! kill -0 "$job" 2>/dev/null || return 0
	done
	return 1
}

# soak MODE MINUTES A B ADDRESS-OF-A ADDRESS-OF-B: MODE_change is called all
# the time, with pauses, and MODE_rekey once a round.
soak() {
	mode=$1 left=$3 right=$4 left_at=$5 right_at=$6
	end=$(($(date +%s) + $2 * 60))
	round=0 changes=0 shakes=0 shake='' problems=0
	while [ "$(date +%s)" -lt $end ] && [ $problems -eq 0 ]; do
		round=$((round + 1))
		what="$mode, round $round"
		rm -f "$T/enough"
		transfers "$left" "$right" "$right_at" &
		one=$!
		transfers "$right" "$left" "$left_at" &
		two=$!
		datagrams "$left" "$right" "$right_at" -r 3000 -s 1200 -t 10 &
		three=$!
		datagrams "$right" "$left" "$left_at" -r 3000 -s 200 -t 10 &
		four=$!
		"${mode}_rekey"
		while running $three $four; do
			changes=$((changes + 1))
			"${mode}_change" $changes >"$T/change" 2>&1 || {
				not_ok "$what" "change: $(cat "$T/change")"
				problems=$((problems + 1))
			}
			sleep "$pause"
		done
		: >"$T/enough"
		finish $one "$T/transfers.$left" $two "$T/transfers.$right" \
		    $three "$T/datagrams.$left" $four "$T/datagrams.$right"
		# As fast as it can, when most of them are lost.
		datagrams "$left" "$right" "$right_at" -s 64 -t 1 &
		finish $! "$T/datagrams.$left"
		datagrams "$right" "$left" "$left_at" -s 1300 -t 1 &
		finish $! "$T/datagrams.$right"
		now=$(peer_field "$left" "$right" latest-handshakes)
		[ "$now" = "$shake" ] || shakes=$((shakes + 1))
		shake=$now
		[ $round -ne 2 ] || sizes "$left" "$right" >"$T/first"
		echo "# $what: $(rate "$left"), back $(rate "$right");" \
		    "$changes changes; $(sizes "$left" "$right" |
		    awk '{ n += $3 } END { print n }') KiB of heap"
	done
	expect_is "$mode: rounds ($round) that were not well" 0 echo $problems
	expect "$mode: there were rounds" test $round -ge 3
	expect "$mode: sessions were new in $shakes of them" \
	    test $shakes -ge $((round / 3))
	expect "$mode: processes, memory and fds as before" \
	    wait_for 10 flat "$T/first" "$left" "$right"
	join "$T/first" "$T/sizes" |
	    awk '{ print "# " $2 ": heap " $3 ", then " $7 " KiB; RSS " $4 \
	    ", " $8 "; fds " $5 ", " $9 }'
	expect_fail "$mode: no fault is in the logs" grep -h -e 'killed by' \
	    -e 'broke the rules' -e 'fault' "$T/$left.log" "$T/$right.log"
}

# --- configured

# conf HOST NUMBER PEER NUMBER-OF-PEER PRESHARED-KEY [OTHER]: OTHER is one more
# peer, a reload's difference.
conf() {
	cat <<CONF
interface $(tun "$1") {
	address 10.9.0.$2/24
	listen port 5182$2
	private-key file "$T/$1.key"
}
peer "$3" {
	public-key "$(key_of "$3")"
	preshared-key file "$T/$5.psk"
	endpoint 192.0.2.$4 port 5182$4
	allowed-ips 10.9.0.$4/32
}
CONF
	[ -z "${6:-}" ] || cat <<CONF
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
	conf a 1 b 2 "$psk" "${1:-}" >"$T/a.conf.new"
	conf b 2 a 1 "$psk" "${1:-}" >"$T/b.conf.new"
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
		peer_add d c 10.9.0.3/32 endpoint 192.0.2.1:51820
		on d wg set "$(tun d)" peer "$old" remove
	fi
	on c wg set "$(tun c)" peer "$(key_of d)" preshared-key "$T/cd.psk"
	on d wg set "$(tun d)" peer "$(key_of c)" preshared-key "$T/cd.psk"
}

warren_start c
warren_start d
wg_setup c 51820
wg_setup d 51820
peer_add c d 10.9.0.4/32 endpoint 192.0.2.2:51820
peer_add d c 10.9.0.3/32 endpoint 192.0.2.1:51820
tunnel_up c 10.9.0.3/24
tunnel_up d 10.9.0.4/24
expect "bare: ping" ping_from c 10.9.0.4
pause=0.1
soak bare $(((MINUTES + 1) / 2)) c d 10.9.0.3 10.9.0.4
