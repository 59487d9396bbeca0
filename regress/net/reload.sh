#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Reload under traffic: 1,000 packets a second flow while peers come and go,
# and none is lost; a broken file changes nothing and says why.

. "$(dirname "$0")/../lib.sh"
need wg ping ip
# timeout: 150

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b c d
psk_new ab

# conf_a PEERS...: the configuration of a with bob and these.
conf_a() {
	cat <<CONF
interface $(tun a) {
	address 10.66.0.1/24
	listen port ${port:-51820}
	private-key file "$T/a.key"
}
peer "bob" {
	public-key "$(key_of b)"
	${psk:-}
	endpoint 192.0.2.2 port 51821
	allowed-ips { 10.66.0.2/32, ${bobs:-192.0.2.128/25} }
}
CONF
	for peer in "$@"; do
		cat <<CONF
peer "$peer" {
	public-key "$(key_of "$peer")"
	allowed-ips { 203.0.113.$(printf %d "'$peer")/32 }
	keepalive 25
}
CONF
	done
}

conf_a >"$T/a.conf"
cat >"$T/b.conf" <<CONF
interface $(tun b) {
	address 10.66.0.2/24
	listen port 51821
	private-key file "$T/b.key"
}
peer "alice" {
	public-key "$(key_of a)"
	allowed-ips 10.66.0.1/32
}
CONF
conf_start a
conf_start b
expect "ping" ping_from a 10.66.0.2

# steady SECONDS: 1,000 pings a second; none may be lost.
steady() {
	on a ping -n -q -i 0.001 -c "$1"000 10.66.0.2 >"$T/steady" 2>&1
}

steady_ok() {
	grep -q ' 0% packet loss' "$T/steady" || {
		cat "$T/steady"
		return 1
	}
}

handshake() {
	peer_field a b latest-handshakes
}

first=$(handshake)
steady 6 &
flow=$!
reloads=0
while kill -0 $flow 2>/dev/null && [ $reloads -lt 60 ]; do
	conf_a c >"$T/a.conf.new" && mv "$T/a.conf.new" "$T/a.conf"
	ctl a reload >>"$T/reloads" 2>&1 || echo failed >>"$T/reloads"
	conf_a d >"$T/a.conf.new" && mv "$T/a.conf.new" "$T/a.conf"
	ctl a reload >>"$T/reloads" 2>&1 || echo failed >>"$T/reloads"
	reloads=$((reloads + 2))
done
wait $flow
expect "no packet is lost over $reloads reloads" steady_ok
expect_is "every one of them went well" 0 grep -c failed "$T/reloads"
expect "what a reload did is told" grep -q '1 peer added, 1 removed' \
    "$T/reloads"
expect_is "the session is the same" "$first" handshake
expect "the last one is in force" ctl a peers d
expect_fail "and the one before is not" ctl a peers c

# Broken files: the running configuration stays, the caller reads why.
broken() {
	broken_name=$1
	broken_word=$2
	if ctl a reload >"$T/out" 2>&1; then
		not_ok "$broken_name is refused" "reload succeeded"
	elif grep -q -- "$broken_word" "$T/out"; then
		ok "$broken_name is refused, and why is told"
	else
		not_ok "$broken_name is refused, and why is told" \
		    "$(tr '\n' ' ' <"$T/out")"
	fi
	expect "$broken_name: what ran runs on" ctl a peers d
}

{ conf_a d; echo 'peer "x" {'; } >"$T/a.conf"
broken "a cut file" "a.conf:"
{ conf_a d; echo 'relay { }'; } >"$T/a.conf"
broken "a reserved word" "not in this version"
conf_a d | sed 's/keepalive 25/keepalive 99999/' >"$T/a.conf"
broken "a number out of range" 99999
conf_a d | sed "s/^interface .*{/interface ${P}zz {/" >"$T/a.conf"
broken "another interface name" restart
# What is there keeps its place: the file would be true only after a restart.
conf_a d | sed 's|address .*|address { 10.77.0.1/24, 10.66.0.1/24 }|' \
    >"$T/a.conf"
broken "another first address" "not be in this order"
conf_a d | sed "s,$T/a.key,$T/none.key," >"$T/a.conf"
broken "a key file that is not there" none.key
cp "$T/a.key" "$T/open.key"
chmod 644 "$T/open.key"
conf_a d | sed "s,$T/a.key,$T/open.key," >"$T/a.conf"
broken "a key file that others may read" "chmod 0600"
(umask 077 && echo nonsense >"$T/bad.key")
conf_a d | sed "s,$T/a.key,$T/bad.key," >"$T/a.conf"
broken "a file that is no key" "a.conf:[0-9]*: $T/bad.key: is not a key"
psk="preshared-key file \"$T/bad.key\""
conf_a d >"$T/a.conf"
psk=
broken "a preshared key that is none" \
    "a.conf:[0-9]*: $T/bad.key: is not a key"
mkdir -p /run/warren-elsewhere.$$
{ conf_a d; echo "include \"/run/warren-elsewhere.$$/x.conf\""; } >"$T/a.conf"
echo >"/run/warren-elsewhere.$$/x.conf"
broken "a file in a directory that is new" "a new one takes a restart"
rm -r /run/warren-elsewhere.$$
rm "$T/a.conf"
broken "a missing file" "No such file"
expect "after all that: ping" ping_from a 10.66.0.2
expect_is "and the session is the same" "$first" handshake
expect "status tells of the failed reload" sh -c \
    "\"$WARRENCTL\" -i $(tun a) status | grep -q 'reload'"

# Whoever reloads and then looks is told what this reload came to, even if he
# looked just before.  A SIGHUP has come to something when the log says so.
check_rc() {
	check_rc=0
	ctl a status --check >"$T/check" 2>&1 || check_rc=$?
	echo $check_rc
}
look_fail_look() {
	conf_a d >"$T/a.conf"
	ctl a reload >/dev/null 2>&1 || echo "cannot reload"
	check_rc
	{ conf_a d; echo 'peer "x" {'; } >"$T/a.conf"
	! ctl a reload >/dev/null 2>&1 || echo "reload of nonsense"
	check_rc
}
hangups() {
	grep -c 'reload failed, ' "$T/a.log"
}
hangup_failed() {
	[ "$(hangups)" -gt "$hangups" ]
}
for again in first second third; do
	expect_is "health is as new as the reload, $again time" "0
4" look_fail_look
done
conf_a d >"$T/a.conf"
expect "mended" ctl a reload
echo 'peer "x" {' >>"$T/a.conf"
hangups=$(hangups)
expect_is "so is it before a SIGHUP" 0 check_rc
kill -HUP "$(pid_of a)"
expect "that fails" wait_for 5 hangup_failed
expect_is "and after it" 4 check_rc

# What SIGHUP does, what may change, and that it does.
psk="preshared-key file \"$T/ab.psk\""
port=51999
bobs=198.51.100.0/24
conf_a c d >"$T/a.conf"
kill -HUP "$(pid_of a)"
expect "SIGHUP reloads" wait_for 5 ctl a peers c
expect_is "the port has changed" 51999 on a wg show "$(tun a)" listen-port
expect "the new route is there" sh -c \
    "ip -n $(ns a) route show 198.51.100.0/24 | grep -q '$(tun a)'"
expect_is "the old one is not" "" ip_on a route show 192.0.2.128/25
expect "the session goes on from the new port" ping_from a 10.66.0.2
expect "a failed reload is forgotten after a good one" wait_for 5 \
    sh -c "! \"$WARRENCTL\" -i $(tun a) status | grep -q 'last reload'"
sed "s,^	allowed-ips,	preshared-key file \"$T/ab.psk\"\\
&," "$T/b.conf" >"$T/b.conf.new" && mv "$T/b.conf.new" "$T/b.conf"
expect "the other end gets the preshared key, too" ctl b reload
# The session is older than the key; a new one needs both to agree.
expect "ping goes on" ping_from a 10.66.0.2

# SIGHUP in the midst of the start is done after it.
conf_end a
starts=$(conf_ready_lines a)
reloads=$(grep -c 'reloaded: ' "$T/a.log")
NOTIFY_SOCKET='' start a "$WARREND" -d -f "$T/a.conf"
wait_for 5 test -s "$RUN/$(tun a).lock"
kill -HUP "$(pid_of a)"
expect "SIGHUP during the start does not end it" \
    wait_for 10 conf_is_ready a "$starts"
hangup_seen() {
	[ "$(grep -c 'reloaded: ' "$T/a.log")" -gt "$reloads" ]
}
expect "and is not forgotten" wait_for 5 hangup_seen
