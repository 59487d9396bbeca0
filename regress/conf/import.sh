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

# the others

#[Peer]
#PublicKey = $(pub)

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

# Whatever it translates, warrend takes; there is no third way.  NAME, VALUE,
# and what the translation says, of which "-" is: it is refused.
PUB=$(pub)
translated() {
	"$WARRENCTL" import "$T/in/odd.conf" -k "$T/keys" >"$T/odd.out" \
	    2>"$T/odd.err" ||
	    { [ "$1" = - ] || cat "$T/odd.err"; return; }
	grep -F -e "$1" "$T/odd.out" >"$T/odd.said" ||
	    { echo "no \"$1\" in: $(cat "$T/odd.out")"; return; }
	"$WARREND" -n -f "$T/odd.out" 2>&1 || true
}
while IFS='|' read -r name value want; do
	lines=$(printf '%s' "$value" | tr ';' '\n')
	case $name in
	Address|ListenPort|MTU|FwMark|Table|SaveConfig)
		printf '[Interface]\nAddress = fd07::9/64\n%s = %s\n' "$name" \
		    "$lines" >"$T/in/odd.conf" ;;
	PublicKey)
		printf '[Peer]\n%s = %s\n' "$name" "$lines" >"$T/in/odd.conf" ;;
	*)
		printf '[Interface]\nAddress=10.7.7.1/24\n[Peer]\nPublicKey=%s\n%s = %s\n' \
		    "$PUB" "$name" "$lines" >"$T/in/odd.conf" ;;
	esac
	expect_is "$name = $value" "" translated "$want"
done <<END
Endpoint|node.example.:51820|	endpoint node.example. port 51820
Endpoint|node.example..:51820|-
Endpoint|.:51820|-
Endpoint|1.2.3.4.:1|-
Endpoint|a..b:1|-
Endpoint|.a:1|-
Endpoint|a-.b:1|-
Endpoint|a.-b:1|-
Endpoint|a%b:1|-
Endpoint|port:51820|	endpoint "port" port 51820
Endpoint|[a:b]:1|-
Endpoint|$(printf %064d 0)a.b:1|-
Endpoint|$(printf %062d 0)a.b:1|a.b port 1
Endpoint|$(printf %0253d 0 | sed 's/0\{10\}/0a./g'):1|-
Endpoint|[fe80::1%lo]:51820|	endpoint fe80::1%1 port 51820
Endpoint|[fe80::1%7]:51820|	endpoint fe80::1%7 port 51820
Endpoint|[fe80::1%4294967296]:1|# not imported: Endpoint = [fe80::1%4294967296]:1
Endpoint|[fe80::1%0]:1|# not imported: Endpoint = [fe80::1%0]:1
Endpoint|[fe80::1%no-such]:1|# not imported: Endpoint = [fe80::1%no-such]:1
Endpoint|[fe80::1]:1|# not imported: Endpoint = [fe80::1]:1
Endpoint|[2001:db8::1%2]:1|# not imported: Endpoint = [2001:db8::1%2]:1
Endpoint|[::ffff:1.2.3.4]:1|	endpoint 1.2.3.4 port 1
Endpoint|[::ffff:224.0.0.1]:1|# not imported: Endpoint = [::ffff:224.0.0.1]:1
Endpoint|[::1]:1|	endpoint ::1 port 1
Endpoint|240.0.0.1:1|	endpoint 240.0.0.1 port 1
Endpoint|[::]:1|# not imported: Endpoint = [::]:1
Endpoint|[ff02::1]:1|# not imported: Endpoint = [ff02::1]:1
Endpoint|[1.2.3.4]:1|	endpoint 1.2.3.4 port 1
Endpoint|0.0.0.0:1|# not imported: Endpoint = 0.0.0.0:1
Endpoint|255.255.255.255:1|# not imported: Endpoint = 255.255.255.255:1
Endpoint|127.0.0.1:1|	endpoint 127.0.0.1 port 1
Endpoint|10.7.7.9:1|# not imported: Endpoint = 10.7.7.9 port 1, which lies in 10.7.7.0/24
AllowedIPs|192.0.2.0/24;Endpoint=192.0.2.7:1|# not imported: Endpoint = 192.0.2.7 port 1, which lies in 192.0.2.0/24
AllowedIPs|0.0.0.0/1, 128.0.0.0/1;Endpoint=192.0.2.7:1|which lies in 128.0.0.0/1
AllowedIPs|::/0;Endpoint=[2001:db8::1]:1|	endpoint 2001:db8::1 port 1
AllowedIPs|::/1;Endpoint=[2001:db8::1]:1|which lies in ::/1
AllowedIPs|::/1;Endpoint=192.0.2.7:1|	endpoint 192.0.2.7 port 1
AllowedIPs|224.0.0.0/4, 0.0.0.0/32, ::1, ::ffff:1.2.3.4/128|	allowed-ips {
AllowedIPs|10.0.0.0/8, 10.0.0.0/8|	allowed-ips { 10.0.0.0/8 }
PersistentKeepalive|65535|	keepalive 65535
PersistentKeepalive|0|	public-key
PublicKey|AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=|-
PresharedKey|AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=|	public-key
Address|127.0.0.1/8|# not imported: Address = 127.0.0.1/8
Address|10.0.0.1/0|# not imported: Address = 10.0.0.1/0
Address|0.0.0.0|# not imported: Address = 0.0.0.0
Address|224.0.0.1/4|# not imported: Address = 224.0.0.1/4
Address|::1, fd00::1|# not imported: Address = ::1
Address|::ffff:10.0.0.1|# not imported: Address = ::ffff:10.0.0.1
Address|fe80::1/64|	address fe80::1/64
Address|10.0.0.1/8, 10.0.0.1/8|# not imported: Address = 10.0.0.1/8
Address|10.0.0.1/8, 10.0.0.1/24|# not imported: Address = 10.0.0.1/24
Address|$(seq -f '10.0.0.%g' -s, 1 70)|# not imported: Address = 10.0.0.70
MTU|576|# not imported: MTU = 576
AllowedIPs|fd09::/48;[Interface];MTU = 1000|# not imported: MTU = 1000
AllowedIPs|fd09::/48;[Interface];MTU = 1000;Table = off|	mtu 1000
AllowedIPs|10.9.0.0/16;[Interface];MTU = 1000|	mtu 1000
Endpoint|[fe80::2%lo]:1;[Interface];Address = fe80::1/64|	endpoint fe80::2%1 port 1
MTU|1280|	mtu 1280
MTU|65535|# not imported: MTU = 65535
FwMark|0|interface odd
FwMark|0xffffffff|	fwmark 4294967295
ListenPort|0|interface odd
ListenPort|65535|	listen port 65535
Table|255|# not imported: Table = 255
Table|0xff|# not imported: Table = 0xff
Table|0xfe|interface odd
Table|253|	routes table 253
Table|4294967295|	routes table 4294967295
SaveConfig|"{}\\|# not imported: SaveConfig = "{}\\
END
for name in peer interface include mtu 10 1.2 a_b off none; do
	cp "$T/in/server.conf" "$T/in/$name.conf"
	imports $name
done

# Key files may stand wherever a configuration can name them.
mkdir "$T/$(printf 'k\303\244"\\ \342\202\254')" \
    "$T/$(printf 'k\377')" "$T/$(printf 'k\302\205')" "$T/$(printf 'k\177')" \
    "$T/$(printf 'k\tk')"
for k in 'k\377' 'k\302\205' 'k\177' 'k\tk'; do
	# shellcheck disable=SC2059
	expect_fail "not in $k" "$WARRENCTL" import "$T/in/laptop.conf" \
	    -k "$T/$(printf "$k")"
done
expect "in a directory in UTF-8" sh -c "'$WARRENCTL' import \
    '$T/in/laptop.conf' -k '$T/$(printf 'k\303\244"\\ \342\202\254')' \
    >'$T/utf8.out'"
expect "which is a configuration" "$WARREND" -n -f "$T/utf8.out"

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
