#!/bin/sh
# SPDX-License-Identifier: ISC
#
# warrenctl import: files of wg-quick become configurations that warrend takes,
# and no key reaches the terminal.

. "$(dirname "$0")/../lib.sh"
need wg

mkdir "$T/in" "$T/keys"
chmod 700 "$T/keys"
umask 077
key() {
	wg genkey
}
pub() {
	wg genkey | wg pubkey
}

# imports NAME: $T/in/NAME.conf, which warrend takes; nothing secret is shown.
imports() {
	imports_rc=0
	"$WARRENCTL" import "$T/in/$1.conf" -k "$T/keys" >"$T/$1.out" \
	    2>"$T/$1.err" || imports_rc=$?
	expect_is "$1 is imported" 0 echo $imports_rc
	expect "$1 is a configuration" "$WARREND" -n -f "$T/$1.out"
	sed -n 's/^ *\(PrivateKey\|PresharedKey\) *= *\([^ #]*\).*/\2/p' \
	    "$T/in/$1.conf" | tr -d '\r' | grep -v none >"$T/$1.secret" || true
	expect_fail "$1: no key is shown" \
	    grep -F -f "$T/$1.secret" "$T/$1.out" "$T/$1.err"
}

# A laptop's, as providers hand them out.
cat >"$T/in/laptop.conf" <<END
[Interface]
PrivateKey = $(key)
Address = 10.2.0.2/32, fd00:2::2/128
DNS = 10.2.0.1

[Peer]
PublicKey = $(pub)
PresharedKey = $(wg genpsk)
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = 192.0.2.7:51820
END
imports laptop
expect "a default route has its mark" grep -q 'fwmark 51820' "$T/laptop.out"
expect "what is left out is told" grep -q '1 setting was not imported' \
    "$T/laptop.err"
expect_is "the key is the same" \
    "$(sed -n 's/^PrivateKey = //p' "$T/in/laptop.conf")" \
    cat "$T/keys/laptop.key"
expect_is "key files are for root alone" "600 600" sh -c \
    "stat -c %a '$T/keys/laptop.key' '$T/keys/laptop-peer1.psk' |
    paste -sd' '"
expect "the output is the packaged form's kin" \
    "$WARREND" -nv -f "$T/laptop.out"

# A server's, with everything.
cat >"$T/in/server.conf" <<END
# our office
[Interface]
Address = 10.3.0.1/24
Address = fd00:3::1/64
ListenPort = 51820
PrivateKey = $(key)
MTU = 1380
FwMark = 0xca6c
Table = 1234
PreUp = sysctl -w net.ipv4.ip_forward=1
PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
PostDown = iptables -D FORWARD -i %i -j ACCEPT
SaveConfig = false

### begin alice ###
[Peer]
# friendly_name = alice
PublicKey = $(pub)
PresharedKey = $(wg genpsk)
AllowedIPs = 10.3.0.2/32,fd00:3::2/128
### end alice ###

# Bob's phone
[Peer]
PublicKey = $(pub)
AllowedIPs = 10.3.0.3/24
Endpoint = bob.example.net:51820
PersistentKeepalive = 25

[Peer]
# disabled: PresharedKey = $(wg genpsk)
PublicKey = $(pub)
AllowedIPs = 10.3.0.0/24, 10.3.0.4/32
Endpoint = [2001:db8::7]:51820
PersistentKeepalive = off
END
imports server
expect_is "its peers" "alice Bob-s-phone peer1" sh -c \
    "sed -n 's/^peer \"\(.*\)\" {/\1/p' '$T/server.out' | paste -sd' '"
expect_is "its hooks are comments" 3 \
    grep -c '^	# not imported: P' "$T/server.out"
expect "an allowed IP of two is the later one's" \
    grep -q 'AllowedIPs = 10.3.0.0/24, which peer "peer1" has' \
    "$T/server.out"

# From Windows, in capitals, without a newline at the end.
printf '[INTERFACE]\r\nPRIVATEKEY=%s\r\nADDRESS=10.4.0.1/24\r\nTABLE=off\r\n[PEER]\r\nPUBLICKEY=%s\r\nALLOWEDIPS=0.0.0.0/0' \
    "$(key)" "$(pub)" >"$T/in/windows.conf"
imports windows

# What wg showconf prints, ten thousand peers of it.
awk -v n=10000 'BEGIN {
	print "[Interface]\nListenPort = 51820\nPrivateKey = K\n"
	for (i = 0; i < n; i++)
		printf "[Peer]\nPublicKey = %s\nAllowedIPs = 10.%d.%d.%d/32\n" \
		    "Endpoint = 192.0.2.1:1000\nPersistentKeepalive = 25\n\n",
		    sprintf("%05dAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", i),
		    i / 65536, i / 256 % 256, i % 256 }' |
    sed "s|= K|= $(key)|" >"$T/in/many.conf"
imports many
expect_is "all of them" 10000 grep -c '^peer ' "$T/many.out"

# Standard input, again, and with an other key.
"$WARRENCTL" import -k "$T/keys" - <"$T/in/laptop.conf" >"$T/stdin.out" 2>&1
expect "standard input is warren0" grep -q '^interface warren0 {' "$T/stdin.out"
expect "its keys, too" test -s "$T/keys/warren0.key"
imports laptop
sed "s|^PrivateKey.*|PrivateKey = $(key)|" "$T/in/laptop.conf" >"$T/other"
cp "$T/other" "$T/in/laptop.conf"
cp "$T/keys/laptop.key" "$T/before"
expect_fail "another key is not written over" \
    "$WARRENCTL" import "$T/in/laptop.conf" -k "$T/keys"
expect "that one stays" cmp "$T/before" "$T/keys/laptop.key"

# What is wrong is said with its line, and writes nothing.
ls "$T/keys" >"$T/ls"
while read -r name want; do
	printf '%b' "${want#*|}" >"$T/in/$name.conf"
	expect_is "$name" "warrenctl: $T/in/$name.conf:${want%%|*}" \
	    "$WARRENCTL" import "$T/in/$name.conf" -k "$T/keys"
done <<END
no-section 1: a setting before the first section|PrivateKey = $(key)\n
no-key 2: this [Peer] has no PublicKey|\n[Peer]\n\n
bad-key 2: PrivateKey: this is not a key in base64|[Interface]\nPrivateKey = s3cr3t\n
unknown 3: unknown setting of [Interface]|[Interface]\nPrivateKey = $(key)\nJc = 4\n
END
expect "no key file was made" sh -c "ls '$T/keys' | cmp - '$T/ls'"
expect_fail "a file that is not there" "$WARRENCTL" import "$T/none"
expect_fail "a directory that is not there" \
    "$WARRENCTL" import "$T/in/server.conf" -k "$T/none"
printf '[Interface]\n' >"$T/in/a bad name.conf"
expect_fail "a name that no interface has" \
    "$WARRENCTL" import "$T/in/a bad name.conf" -k "$T/keys"
expect_fail "a full disk" sh -c \
    "'$WARRENCTL' import '$T/in/server.conf' -k '$T/keys' >/dev/full"
expect_fail "what never ends" sh -c \
    "'$WARRENCTL' import - -k '$T/keys' </dev/zero"
