#!/bin/sh
# SPDX-License-Identifier: ISC
#
# 10,000 peers with three allowed IPs and a preshared key each: start, reload
# of the same, reload with one more, end.  The times are printed; what is
# asserted is generous, as this may run on a slow and busy machine.

. "$(dirname "$0")/../lib.sh"
need wg ping ip python3 awk ps
# alone: yes
# timeout: 120

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b
mkdir -m 700 "$T/psk"

python3 - "$T" "$(tun a)" "$(key_of b)" <<'EOP'
import base64, os, sys
top, ifname, bob = sys.argv[1:]
random = os.urandom(32 * 20000)
with open(top + "/many.conf", "w") as f:
    f.write('interface %s {\n\taddress 10.66.0.1/16\n'
            '\tprivate-key file "%s/a.key"\n}\n' % (ifname, top))
    f.write('peer "bob" {\n\tpublic-key "%s"\n'
            '\tendpoint 192.0.2.2 port 51821\n'
            '\tallowed-ips 10.66.255.2/32\n}\n' % bob)
    for i in range(10000):
        key = base64.b64encode(random[64 * i:64 * i + 32]).decode()
        psk = base64.b64encode(random[64 * i + 32:64 * i + 64]).decode()
        path = "%s/psk/%d" % (top, i)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, (psk + "\n").encode())
        os.close(fd)
        f.write('peer "p%d" {\n\tpublic-key "%s"\n'
                '\tpreshared-key file "%s"\n'
                '\tendpoint 192.0.2.%d port %d\n'
                '\tallowed-ips { 10.66.%d.%d/32, 100.%d.%d.0/24, '
                'fd66:%x::/64 }\n}\n' % (i, key, path, 3 + i % 250,
                1024 + i, i // 250, 3 + i % 250, 64 + i // 250, i % 250, i))
EOP
cp "$T/many.conf" "$T/a.conf"
cat >"$T/b.conf" <<CONF
interface $(tun b) {
	address 10.66.255.2/16
	listen port 51821
	private-key file "$T/b.key"
}
peer "alice" {
	public-key "$(key_of a)"
	allowed-ips 10.66.0.1/32
}
CONF

ms() {
	echo $(($(date +%s%N) / 1000000))
}

# within MS NAME COMMAND...: it succeeds, and not slower than that.
within() {
	within_max=$1
	within_name=$2
	shift 2
	within_t=$(ms)
	if ! "$@" >"$T/out" 2>&1; then
		not_ok "$within_name" "$(tail -n 3 "$T/out" | tr '\n' ' ')"
		return 0
	fi
	within_t=$(($(ms) - within_t))
	echo "# $within_name: $within_t ms"
	if [ $within_t -le "$within_max" ]; then
		ok "$within_name"
	else
		not_ok "$within_name" "$within_t ms"
	fi
}

# kib HOST: what its processes have resident.
kib() {
	for kib_pid in $(pid_of "$1") $(ps -o pid= --ppid "$(pid_of "$1")"); do
		cat "/proc/$kib_pid/status"
	done | awk '/^VmRSS/ { n += $2 } END { print n }'
}

before=$(kernel_state a)
within 2000 "10,000 peers: the check of the file" \
    "$WARREND" -n -f "$T/a.conf"
conf_start b
within 10000 "10,000 peers: the start" conf_start a
expect "ping" ping_from a 10.66.255.2
# The other end has one peer, and is like this one in all else.
if sanitized; then
	skip "memory of a peer" "the sanitizers have more than that for it"
else
	one=$(kib b) all=$(kib a)
	peer=$(((all - one) * 1024 / 10000))
	expect "10,000 peers: $peer bytes each ($one KiB, $all KiB)" \
	    test $peer -lt 4096
fi
routes() {
	ip_on a route show dev "$(tun a)" | wc -l
}
expect_is "routes of them" 10001 routes
shown() {
	ctl a show routes | grep -c -e '^ *route .*ok' || true
}
expect_is "all of them, and the one of the address, are shown" 20001 shown
within 10000 "10,000 peers: a reload of the same" ctl a reload
sed 's/keepalive/&/; s/^peer "p7" {/&\
	keepalive 25/' "$T/many.conf" >"$T/a.conf"
within 10000 "10,000 peers: a reload that changes one" ctl a reload
expect "what changed is told" grep -q '1 changed' "$T/out"
# What a reload interrupts is not taken for all of it.
(for n in 1 2 3 4 5 6; do
	ctl a reload
done >/dev/null 2>&1
touch "$T/reloaded") &
PIDS="$PIDS $!"
peers=$(ctl a show config | grep -c '^peer')
bad=
while [ ! -e "$T/reloaded" ]; do
	if ctl a show config >"$T/out" 2>"$T/err"; then
		[ "$(grep -c '^peer' "$T/out")" = "$peers" ] ||
		    bad="$bad short"
	else
		grep -q 'the configuration changed meanwhile' "$T/err" ||
		    bad="$bad $(cat "$T/err")"
	fi
done
expect_is "10,000 peers: show config is whole, or refused" "" echo $bad
within 10000 "10,000 peers: status" ctl a status
within 5000 "10,000 peers: one of them" ctl a peers p9999
within 10000 "10,000 peers: metrics" ctl a metrics
head -n 20 "$T/many.conf" | sed -n '1,/^}/p' >"$T/a.conf"
sed -n '/^peer "bob"/,/^}/p' "$T/many.conf" >>"$T/a.conf"
within 10000 "10,000 peers: a reload without them" ctl a reload
expect "ping goes on" ping_from a 10.66.255.2
expect_is "their routes are gone" 1 routes
cp "$T/many.conf" "$T/a.conf"
within 10000 "10,000 peers: and again with them" ctl a reload
within 10000 "10,000 peers: the end" conf_end a
expect_is "nothing is left in the kernel" "$before" kernel_state a
