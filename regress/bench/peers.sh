#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What peers cost: with 1, 100 and 10,000 of them configured, the start, the
# memory, and the CPU time of a packet of the one that is there; and what an
# idle instance does.
# timeout: 900
# alone: yes

. "$(dirname "$0")/../lib.sh"
need wg ping ip python3 awk
ROUNDS=${ROUNDS:-$([ -n "${FULL:-}" ] && echo 9 || echo 3)}
OUT=${OUT:-$BUILD/bench}
BYTES=${BYTES:-536870912}
sizes="1 100 10000"
mkdir -p "$OUT"
hz=$(getconf CLK_TCK)

median() {
	sort -g | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'
}
ms() {
	echo $(($(date +%s%N) / 1000000))
}
pids() {
	echo "$(pid_of "$1") $(pgrep -P "$(pid_of "$1")" | tr '\n' ' ')"
}
# kib HOST: memory of its processes.
kib() {
	for p in $(pids "$1"); do
		cat "/proc/$p/status"
	done | awk '/^VmRSS/ { n += $2 } END { print n }'
}
ticks() {
	for p in $(pids "$1"); do
		sed 's/.*) //' "/proc/$p/stat"
	done | awk '{ n += $12 + $13 } END { print n }'
}
wakeups() {
	for p in $(pids "$1"); do
		cat "/proc/$p"/task/*/status
	done | awk '/^voluntary_ctxt/ { n += $2 } END { print n }'
}

keys_new b
for n in $sizes; do
	a=a$n
	b=b$n
	[ "$n" = 10000 ] && a=a10k && b=b10k
	host_new "$a" "$b"
	link_new "$a" "$b" 192.0.2.1/24 192.0.2.2/24
	keys_new "$a" "$b"
	python3 - "$T/$a.conf" "$(tun "$a")" "$T/$a.key" "$(key_of "$b")" "$n" <<'EOP'
import base64, os, sys
path, ifname, key, bob, n = sys.argv[1:]
with open(path, "w") as f:
    f.write('interface %s {\n\taddress 10.9.0.1/16\n\tlisten port 51820\n'
            '\troutes none\n\tprivate-key file "%s"\n}\n'
            'peer "bob" {\n\tpublic-key "%s"\n\tendpoint 192.0.2.2 port 51820\n'
            '\tallowed-ips 10.9.0.2/32\n}\n' % (ifname, key, bob))
    for i in range(int(n) - 1):
        f.write('peer "p%d" {\n\tpublic-key "%s"\n\tendpoint 192.0.2.%d port %d\n'
                '\tallowed-ips 10.%d.%d.%d/32\n}\n' % (i,
                base64.b64encode(os.urandom(32)).decode(), 3 + i % 250,
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
	echo "$n start_ms $(($(ms) - t))" >>"$T/notes"
	kib "$a" >"$T/$a.kib"
	echo "$n kib $(cat "$T/$a.kib")" >>"$T/notes"
	expect "$n peers: ping" ping_from "$a" 10.9.0.2
done

round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	for n in $sizes; do
		a=a$n
		b=b$n
		[ "$n" = 10000 ] && a=a10k && b=b10k
		before=$(ticks "$a")
		flow "$a" "$b" 10.9.0.2 "$BYTES" >"$T/flow"
		after=$(ticks "$a")
		awk "BEGIN { print \"$n cpu_gb\", ($after - $before) / $hz / \
		    ($BYTES / 1e9) }" >>"$T/notes"
		sed -n "s/.* \([0-9.]*\) Mbit.*/$n mbit \1/p" "$T/flow" \
		    >>"$T/notes"
	done
done
# After what followed the transfers: keepalives, the sessions file.
sleep 40
for n in $sizes; do
	a=a$n
	[ "$n" = 10000 ] && a=a10k
	wakeups "$a" >"$T/$a.wake"
done
sleep 20
for n in $sizes; do
	a=a$n
	[ "$n" = 10000 ] && a=a10k
	awk "BEGIN { print \"$n wakeups\", ($(wakeups "$a") - \
	    $(cat "$T/$a.wake")) / 20 }" >>"$T/notes"
done
value() {
	awk -v n="$1" -v w="$2" '$1 == n && $2 == w { print $3 }' "$T/notes" |
	    median
}
echo "# method: as many peers configured, one of them there; start: until"
echo "# ready (in steps of 50 ms); memory: VmRSS of all processes after it,"
echo "# and what a peer adds to the first; cpu_gb and Mbit/s: one TCP stream"
echo "# to that one, median of $ROUNDS rounds in turn, CPU of the sending end;"
echo "# wakeups: voluntary context switches a second of all, in 20 idle s"
{
	printf 'peers\tstart_ms\tMiB\tbytes_a_peer\tcpu_gb\tMbit\twakeups\n'
	one=$(value 1 kib)
	for n in $sizes; do
		awk -v n="$n" -v s="$(value "$n" start_ms)" \
		    -v k="$(value "$n" kib)" -v one="$one" \
		    -v c="$(value "$n" cpu_gb)" -v m="$(value "$n" mbit)" \
		    -v w="$(value "$n" wakeups)" 'BEGIN {
		    printf "%d\t%d\t%.1f\t%.0f\t%.2f\t%.0f\t%.2f\n", n, s,
		    k / 1024, (n > 1 ? (k - one) * 1024 / (n - 1) : 0), c, m, w }'
	done
} | tee "$OUT/peers.tsv"
ok peers
