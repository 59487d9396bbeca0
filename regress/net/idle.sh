#!/bin/sh
# SPDX-License-Identifier: ISC
#
# After some traffic, with nothing to do and no keepalive configured, no
# process wakes up: not by a timer, not by a poll, not by its neighbour.  With
# and without a configuration file.  What follows the last packet is over when
# this looks: its receiver sends a keepalive 10 s later, and one more after 10
# more if it was not the only one; the timer of the 15 s in which an answer has
# to come runs out, too.
# Nothing in warren is periodic, configured or not.  cryptod and netd have a
# timer each, which is set to the next thing that is due (of a session 120, 180
# and 540 s after it began); ctld's two of 1 s run only while there are clients
# that say nothing, or that watch; the sessions file is written after new
# sessions, at most each 30 s on average; names are asked again, and the
# parent's things tried again, after something failed.
#
# A parent also looks when the directory of the sockets changes, which others
# on this machine may do: here it is the test's own, in a mount namespace.
# slow: beside

if [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	OWN_MOUNTS=1 exec unshare -m sh "$0"
fi
. "$(dirname "$0")/../lib.sh"
need wg ping ip awk ps mount
# timeout: 120
[ -n "${OWN_MOUNTS:-}" ] || skip_all "mount namespaces cannot be made here"
mkdir -p "$UAPI"
mount -t tmpfs -o mode=700 tmpfs "$UAPI"

SECS=${SECS:-5}

# NAME SWITCHES of each process of a host.
switches() {
	for sw_pid in $(pid_of "$1") $(ps -o pid= --ppid "$(pid_of "$1")"); do
		sw_name=$(sed -n 's/^Name:[	 ]*//p' "/proc/$sw_pid/status")
		cat "/proc/$sw_pid"/task/*/status | awk -v p="$sw_pid" \
		    -v n="$sw_name" '/^voluntary_ctxt/ { s += $2 }
		    END { print n "." p, s }'
	done
}
threads() {
	for th_pid in $(pid_of "$1") $(ps -o pid= --ppid "$(pid_of "$1")"); do
		ls "/proc/$th_pid/task"
	done | wc -l
}
# sent HOST PEER: bytes.
sent() {
	peer_field "$1" "$2" transfer | awk '{ print $2 }'
}
more_than() {
	[ "$(sent "$1" "$2")" -gt "$3" ]
}

# The hosts a and b are told by wg(8), c and d by files.
host_new a b c d
for h in a b c d; do
	# The kernel looks for routers and listeners by itself; that is traffic.
	on $h sysctl -q -w net.ipv6.conf.default.disable_ipv6=1 \
	    net.ipv6.conf.all.disable_ipv6=1
done
link_new a b 192.0.2.1/24 192.0.2.2/24
link_new c d 192.0.2.1/24 192.0.2.2/24
pair_start a b
keys_new c d
conf_of() {
	cat <<-END
	interface $(tun "$1") {
		address 10.9.0.$3/24
		listen port 51820
		private-key file "$T/$1.key"
	}
	peer "other" {
		public-key "$(key_of "$2")"
		endpoint 192.0.2.$4 port 51820
		allowed-ips 10.9.0.$4/32
	}
	END
}
conf_of c d 1 2 >"$T/c.conf"
conf_of d c 2 1 >"$T/d.conf"
chmod 600 "$T/c.conf" "$T/d.conf"
conf_start c
conf_start d

for h in a c; do
	[ $h = a ] && other=b || other=d
	expect "$h: ping" ping_from $h 10.9.0.2
	expect "$h: TCP" flow $h $other 10.9.0.2 50000000
	expect "$h: TCP back" flow $other $h 10.9.0.1 50000000
	ctl $h status >/dev/null
done
# The last that comes is an answer: who gets it says with a keepalive that it
# is there, and with one more that it got more than one.
expect "a: ping again" ping_from a 10.9.0.2
was_a=$(sent a b)
expect "c: ping again" ping_from c 10.9.0.2
was_c=$(sent c d)
last=$(date +%s)
expect "a: a last keepalive" wait_for 20 more_than a b "$was_a"
expect "c: a last keepalive" wait_for 20 more_than c d "$was_c"
rest=$((last + 23 - $(date +%s)))
[ $rest -le 0 ] || sleep $rest

for h in a b c d; do
	switches $h >"$T/$h.before"
done
sleep "$SECS"
for h in a b c d; do
	switches $h >"$T/$h.after"
done
for h in a b c d; do
	[ $h = a ] || [ $h = b ] && how=bare || how=configured
	# One is no period; a wake-up each second would be five.
	awk 'FNR == NR { was[$1] = $2; next }
	    { d = $2 - was[$1]; n++; if (d > 1) printf "%s %d, ", $1, d }
	    END { if (n < 4) print "only " n " processes" }' \
	    "$T/$h.before" "$T/$h.after" >"$T/$h.awake"
	all=$(awk 'FNR == NR { was[$1] = $2; next } { d += $2 - was[$1] }
	    END { print d }' "$T/$h.before" "$T/$h.after")
	expect_is "$how $h: $(wc -l <"$T/$h.after") processes with \
$(threads $h) threads woke up $all times in $SECS s" "" cat "$T/$h.awake"
	expect "$how $h: and not more than one of them did" test "$all" -le 1
done
# It is idle, not dead.
expect "a: ping at the end" ping_from a 10.9.0.2
expect "c: ping at the end" ping_from c 10.9.0.2
