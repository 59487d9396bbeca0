#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Bad datagrams and bad UAPI lines: silence or an error, and nothing else.

. "$(dirname "$0")/../lib.sh"
need wg ping ip nc

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24 2001:db8::1/64 2001:db8::2/64
pair_start a b
expect "ping" ping_from a 10.9.0.2

# Junk of every form, at both families, on a session that goes on.
config() {
	on a wg showconf "$(tun a)"
}
config >"$T/before"
on a ping -n -q -i 0.02 -c 150 10.9.0.2 >"$T/ping.out" 2>&1 &
pinger=$!
expect "junk, v4" on b "$TOOLS/junk" -n 20000 192.0.2.1 51820
expect "junk, v6" on b "$TOOLS/junk" -n 20000 2001:db8::1 51820
wait $pinger || true
lost=$(sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' "$T/ping.out")
expect "not more than 3 of 150 pings were lost: $lost %" \
    test "${lost%.*}" -le 2
config >"$T/after"
expect "nothing else changed" cmp "$T/before" "$T/after"
expect "the session stands" ping_from b 10.9.0.1

# Initiations that only an X25519 can tell from real ones: under load they
# are answered by cookies, the session goes on, and who knows how gets in.
on a ping -n -q -i 0.02 -c 150 10.9.0.2 >"$T/ping.out" 2>&1 &
pinger=$!
ip netns exec "$(ns b)" "$TOOLS/junk" -n 300000 -k "$(key_of a)" \
    2001:db8::1 51820 &
flood=$!
sleep 1
peer_add b a 10.9.0.1/32 endpoint 192.0.2.1:51820
again() {
	# A new key: the flood does not keep it out.  The first try gets a
	# cookie, the second is 5 s later; the kernel may drop either.
	rm "$T/b.key" && wg_setup b 51820 &&
	    peer_add a b 10.9.0.2/32 && ping_from b 10.9.0.1 3 -w 30
}
wait $pinger || true
lost=$(sed -n 's/.* \([0-9.]*\)% packet loss.*/\1/p' "$T/ping.out")
# The kernel drops some, too, before anybody sees them.
expect "flood of initiations: not more than 15 of 150 pings lost: $lost %" \
    test "${lost%.*}" -le 10
expect "flood of initiations: the flood is on" kill -0 $flood
expect "flood of initiations: a new handshake gets through" again
kill $flood 2>/dev/null || true
wait $flood || true
expect "flood of initiations: cookies were sent" sh -c \
    "'$WARRENCTL' -i $(tun a) show counters | grep -Eq 'cookies_sent +[1-9]'"
config >"$T/before"

# The UAPI.  Each of these is refused, and changes nothing.
uapi() {
	printf '%b' "$1" | timeout 5 nc -N -U "$UAPI/$(tun a).sock"
}
KEY=$(printf '%064d' 7)
refused() {
	refused_out=$(uapi "$1")
	[ "$refused_out" = "errno=$2" ] || {
		echo "answered: $refused_out"
		return 1
	}
	config >"$T/after"
	cmp "$T/before" "$T/after"
}
n=0
while IFS='|' read -r errno lines; do
	n=$((n + 1))
	# The last line of it is the bad one.
	bad=$(printf '%s' "$lines" | sed 's/\\n\\n$//; s/.*\\n//')
	expect "bad set $n: $bad" refused "$lines" "$errno"
done <<EOF
-22|set=1\nlisten_port=65536\n\n
-22|set=1\nlisten_port=\n\n
-22|set=1\nlisten_port=1x\n\n
-22|set=1\nlisten_port=-1\n\n
-22|set=1\nfwmark=4294967296\n\n
-22|set=1\nprivate_key=00\n\n
-22|set=1\nprivate_key=${KEY}00\n\n
-22|set=1\nprivate_key=zz${KEY#??}\n\n
-22|set=1\nreplace_peers=false\n\n
-22|set=1\nno_such_key=1\n\n
-71|set=1\nreplace_peers\n\n
-22|set=1\npublic_key=12\n\n
-22|set=1\npersistent_keepalive_interval=5\n\n
-22|set=1\npublic_key=$KEY\nlisten_port=5\n\n
-22|set=1\npublic_key=$KEY\nendpoint=192.0.2.300:5\n\n
-22|set=1\npublic_key=$KEY\nendpoint=192.0.2.3\n\n
-22|set=1\npublic_key=$KEY\nendpoint=example.net:5\n\n
-22|set=1\npublic_key=$KEY\nendpoint=[::1:5\n\n
-22|set=1\npublic_key=$KEY\npersistent_keepalive_interval=65536\n\n
-22|set=1\npublic_key=$KEY\nallowed_ip=10.0.0.0/33\n\n
-22|set=1\npublic_key=$KEY\nallowed_ip=10.0.0/8\n\n
-22|set=1\npublic_key=$KEY\nallowed_ip=::/129\n\n
-22|set=1\npublic_key=$KEY\nallowed_ip=\n\n
-22|set=1\npublic_key=$KEY\nremove=yes\n\n
-22|set=1\npublic_key=$KEY\nprotocol_version=2\n\n
-22|set=1\npublic_key=$KEY\npreshared_key=1\n\n
-22|set=1\npublic_key=$KEY\nallowed_ip=10.77.0.0/16\npublic_key=nonsense\n\n
EOF
expect_is "an unknown operation gets no answer" "" uapi 'get=2\n\n'
expect_is "nor does noise" "" uapi '\001\002\003\377\n\n'
long() {
	{ printf 'set=1\nprivate_key='; head -c 200000 /dev/zero |
	    tr '\0' 'a'; printf '\n\n'; } |
	    timeout 5 nc -N -U "$UAPI/$(tun a).sock" || true
	config >"$T/after"
	cmp "$T/before" "$T/after"
}
expect "a line of 200,000 bytes" long
half() {
	printf 'set=1\nreplace_peers=true\n' |
	    timeout 5 nc -N -U "$UAPI/$(tun a).sock" || true
	config >"$T/after"
	cmp "$T/before" "$T/after"
}
expect "a set that is never finished changes nothing" half

# The control socket.
ctl_junk() {
	head -c 100000 /dev/urandom |
	    timeout 5 nc -N -U "$RUN/$(tun a).sock" >/dev/null || true
	on a "$WARRENCTL" -i "$(tun a)" status
}
expect "noise on the control socket" ctl_junk
expect "and after all that, ping" ping_from a 10.9.0.2
