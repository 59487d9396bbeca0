#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What peers cost: with 1, 100 and 10,000 of them configured, the start, the
# memory, and the CPU time of a packet of the one that is there; what an idle
# instance does; and what memory a session takes when each of them has one.
#
#   ROUNDS=N  FULL=1  BYTES=N of a transfer  OUT=directory of TSV, SVG
#
# timeout: 900
# alone: yes

. "$(dirname "$0")/../lib.sh"
need wg ping ip pgrep python3 awk
. "$TOP/regress/bench/measure.subr"
BYTES=${BYTES:-536870912}
sizes="1 100 10000"

ms() {
	echo $(($(date +%s%N) / 1000000))
}
# names N: a, b and s become the hosts for so many peers.
names() {
	a=a$1
	b=b$1
	s=s$1
	[ "$1" = 10000 ] && a=a10k && b=b10k && s=s10k
	return 0
}
# packets HOST: what went into its tunnel's interface, so far.
packets() {
	awk -v dev="$(tun "$1"):" '$1 == dev { print $11 }' \
	    "/proc/$(pid_of "$1")/net/dev"
}

keys_new b
for n in $sizes; do
	names "$n"
	host_new "$a" "$b" "$s"
	link_new "$a" "$b" 192.0.2.1/24 192.0.2.2/24
	link_new "$a" "$s" 198.51.100.1/24 198.51.100.2/24
	ip_on "$a" route add 10.98.0.0/16 via 198.51.100.2
	ip_on "$s" route add local 10.98.0.0/16 dev lo
	keys_new "$a" "$b"
	# The peers that shake hands in the end; most here are not there.
	"$TOOLS/shakes" -c -n "$n" seed | sed -n 's/^PublicKey *= *//p' \
	    >"$T/$a.peers"
	python3 - "$T/$a.conf" "$(tun "$a")" "$T/$a.key" "$(key_of "$b")" \
	    "$T/$a.peers" <<'EOP'
import sys
path, ifname, key, bob, peers = sys.argv[1:]
peers = open(peers).read().split()
with open(path, "w") as f:
    f.write('interface %s {\n\taddress 10.9.0.1/16\n\tlisten port 51820\n'
            '\troutes none\n\tprivate-key file "%s"\n}\n'
            'peer "bob" {\n\tpublic-key "%s"\n\tendpoint 192.0.2.2 port 51820\n'
            '\tallowed-ips 10.9.0.2/32\n}\n' % (ifname, key, bob))
    for i, peer in enumerate(peers[:-1]):
        f.write('peer "p%d" {\n\tpublic-key "%s"\n\tendpoint 192.0.2.%d port %d\n'
                '\tallowed-ips 10.%d.%d.%d/32\n}\n' % (i,
                peer, 3 + i % 250,
                1024 + i, 10 + i // 60000, i // 250 % 240, 3 + i % 250))
EOP
	cat >"$T/$b.conf" <<-END
	interface $(tun "$b") {
		address 10.9.0.2/16
		listen port 51820
		private-key file "$T/$b.key"
	}
	peer "a" {
		public-key "$(key_of "$a")"
		allowed-ips 10.9.0.1/32
	}
	END
	chmod 600 "$T/$a.conf" "$T/$b.conf"
	conf_start "$b"
	t=$(ms)
	conf_start "$a"
	note "$n" start_ms $(($(ms) - t))
	note "$n" kib "$(memory VmRSS "$a")"
	expect "$n peers: ping" ping_from "$a" 10.9.0.2
done

# datagrams PEERS WHAT FROM TO ADDRESS: 64 bytes each, as many as go; received
# a second, and CPU ns for each of the end with the peers: of those that it
# took from its interface, or, since it merges them, of those that arrived.
datagrams() {
	d_packets=$(packets "$a")
	d_cpu=$(cpu_ns "$a")
	udp "$3" "$4" "$5" 64 1 >"$T/udp"
	d_cpu=$(($(cpu_ns "$a") - d_cpu))
	d_packets=$(($(packets "$a") - d_packets))
	[ "$2" = out ] || d_packets=$(awk '{ print $2 }' "$T/udp.in")
	note "$1" "pps_$2" "$(cut -d' ' -f1 "$T/udp")"
	[ "$d_packets" -eq 0 ] ||
	    note "$1" "ns_$2" "$(calc "$d_cpu / $d_packets")"
}

measure() {
	names "$1"
	before=$(cpu_ns "$a")
	if rate=$(streams "$a" "$b" 10.9.0.2 1 "$BYTES"); then
		note "$1" cpu_gb "$(calc "($(cpu_ns "$a") - $before) / $BYTES")"
		note "$1" mbit "$rate"
	fi
	datagrams "$1" out "$a" "$b" 10.9.0.2
	datagrams "$1" in "$b" "$a" 10.9.0.1
}
# shellcheck disable=SC2086
rounds measure $sizes

# After what followed the transfers: keepalives, the sessions file.
sleep 40
for n in $sizes; do
	names "$n"
	wakeups "$a" >"$T/$a.wake"
done
sleep 20
for n in $sizes; do
	names "$n"
	note "$n" wakeups "$(calc "($(wakeups "$a") - $(cat "$T/$a.wake")) / 20")"
done

# A session for each, where there are so many that what is touched once does
# not count: round by round, until all were answered.
names "$n"
before=$(memory VmRSS "$a")
on "$s" "$TOOLS/shakes" -n $((n - 1)) -w 256 -t $((n / 1000 + 2)) \
    seed "$(key_of "$a")" 198.51.100.1 51820 >"$T/shakes"
answered=$(sed -n 's/^answered \([0-9]*\) .*/\1/p' "$T/shakes")
if [ "${answered:-0}" -lt "$n" ]; then
	skip sessions "too slow: $(cat "$T/shakes")"
else
	note "$n" session "$(calc "int(($(memory VmRSS "$a") - $before) * \
	    1024 / ($n - 1))")"
fi

# --- telling

one=$(value 1 kib)
for n in $sizes; do
	note "$n" MiB "$(calc "$(value "$n" kib) / 1024")"
	[ "$n" -eq 1 ] || note "$n" peer \
	    "$(calc "int(($(value "$n" kib) - $one) * 1024 / ($n - 1))")"
done
TSV=$OUT/peers.tsv
table peers "$sizes" "start_ms MiB peer session cpu_gb mbit pps_out ns_out
    pps_in ns_in wakeups" >"$TSV"
cat <<END
# method: as many peers configured, one of them there; start: until ready (in
# steps of 50 ms); MiB: VmRSS of all processes after it, without sessions;
# peer: bytes that one adds to the first; session: bytes more a peer, at the
# end, after each has had its handshakes answered.  cpu_gb, mbit: one TCP
# stream to the one that is there, CPU s of the sending end, by schedstat;
# pps, ns: 64-byte datagrams received a second, and CPU ns for each of the end
# with the peers, as many as go out of it and into it.  $ROUNDS rounds in
# turn, medians.  wakeups: voluntary context switches a second, in 20 idle s.
END
machine
show "$TSV"
if plots_there; then
	bars "$TSV" peers-ns "CPU ns a packet of 64 bytes, by peers" \
	    ns_out ns_in
	bars "$TSV" peers-rate "64-byte datagrams a second, by peers" \
	    pps_out pps_in
	bars "$TSV" peers-memory "MiB, by peers" MiB
fi
echo "# table: $TSV"
ok peers
