#!/bin/sh
# SPDX-License-Identifier: ISC
#
# netd is no insider of the tunnel: what bears the mark of its sockets does not
# get in, whatever way the datagram names the interface.  The same without the
# mark does, so that each of these can fail.
#
# timeout: 300

. "$(dirname "$0")/../lib.sh"
need wg ping ip python3

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b
cat >"$T/a.conf" <<CONF
interface $(tun a) {
	address { 10.66.0.1/24, fd66::1/64, fe80::a/64 }
	private-key file "$T/a.key"
}
peer "bob" {
	public-key "$(key_of b)"
	endpoint 192.0.2.2 port 51821
	allowed-ips { 10.66.0.2/32, fd66::2/128, fe80::b/128 }
}
CONF
cat >"$T/b.conf" <<CONF
interface $(tun b) {
	address { 10.66.0.2/24, fd66::2/64, fe80::b/64 }
	private-key file "$T/b.key"
	listen port 51821
}
peer "alice" {
	public-key "$(key_of a)"
	allowed-ips { 10.66.0.1/32, fd66::1/128, fe80::a/128 }
}
CONF
conf_start b
conf_start a
expect "the tunnel" ping_from a 10.66.0.2

cat >"$T/echo.py" <<'PY'
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 7))
while True:
    data, at = s.recvfrom(2048)
    s.sendto(data, at)
PY
# send.py IFNAME MARK WAY: does an echo come back within a second?  The
# ancillary ones are what netd's filter of system calls lets it do.
cat >"$T/send.py" <<'PY'
import socket, struct, sys
ifname, mark, way = sys.argv[1], int(sys.argv[2], 0), sys.argv[3]
ifindex = socket.if_nametoindex(ifname)
v6 = way.endswith("6")
way = way[:-1]
family = socket.AF_INET6 if v6 else socket.AF_INET
to = ("fd66::2", 7, 0, 0) if v6 else ("10.66.0.2", 7)
cmsg = []
s = socket.socket(family, socket.SOCK_DGRAM)
if mark != 0:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
if way == "pktinfo" and v6:
    cmsg = [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO,
        struct.pack("16si", b"", ifindex))]
elif way == "pktinfo":
    cmsg = [(socket.IPPROTO_IP, 8, struct.pack("=i4s4s", ifindex, b"", b""))]
elif way == "source" and v6:
    cmsg = [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, struct.pack("16si",
        socket.inet_pton(family, "fd66::1"), ifindex))]
elif way == "source":
    cmsg = [(socket.IPPROTO_IP, 8, struct.pack("=i4s4s", ifindex,
        socket.inet_aton("10.66.0.1"), b""))]
elif way == "scope":
    to = ("fe80::b", 7, 0, ifindex)
elif way == "device":
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
        ifname.encode() + b"\0")
elif way == "unicast":
    s.setsockopt(socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP,
        76 if v6 else 50, struct.pack("!I", ifindex))
elif way == "gso":
    # Two datagrams in one packet.
    s.setsockopt(socket.IPPROTO_UDP, 103, 600)
    cmsg = [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO,
        struct.pack("16si", b"", ifindex))] if v6 else [
        (socket.IPPROTO_IP, 8, struct.pack("=i4s4s", ifindex, b"", b""))]
data = b"x" * (1200 if way == "gso" else 5)
s.settimeout(1)
try:
    s.sendmsg([data], cmsg, 0, to)
    s.recv(2048)
except (TimeoutError, OSError) as e:
    sys.exit("%s %s" % (way, e))
PY
start b python3 "$T/echo.py"
try() {
	on a python3 "$T/send.py" "$(tun a)" "$1" "$2"
}
wait_for 10 try 0 plain4 || skip_all "no echo without a mark"
mark() {
	ctl a -j show interface | python3 -c '
import json, sys
print(json.load(sys.stdin)["rows"][0]["fwmark"])'
}
WAYS="plain4 pktinfo4 source4 device4 unicast4 gso4
    plain6 pktinfo6 source6 device6 unicast6 scope6 gso6"
# all_ways WHEN MARK
all_ways() {
	for way in $WAYS; do
		expect "$1 $way" try 0 "$way"
		expect_fail "$1 $way marked" try "$2" "$way"
	done
}
dropped() {
	on a cat "/sys/class/net/$(tun a)/statistics/tx_dropped"
}

first=$(mark)
before=$(dropped)
all_ways first "$first"
# Those that say only where they go have no route: the rules' part.
expect "the device counts them" [ $(($(dropped) - before)) -ge 10 ]
expect_fail "no problem is told" sh -c "'$WARRENCTL' -i $(tun a) status |
    grep -q 'netd could send'"

# Another mark, with the same sockets.
sed -i 's/^	address/	fwmark 4711\
&/' "$T/a.conf"
expect "a reload" ctl a reload
expect_is "changes the mark" 4711 mark
all_ways reloaded 4711
expect "the old one is nobody's" try "$first" pktinfo4

# And with another port, so that the sockets are others.
sed -i 's/4711/4712/; s/^	address/	listen port 51999\
&/' "$T/a.conf"
expect "another reload" ctl a reload
expect_is "changes it again" 4712 mark
all_ways "another port" 4712
expect "the mark before is nobody's" try 4711 pktinfo4

# A reload that is refused.
sed -i 's/4712/4713/; s/^	address/	mtu 1200\
&/' "$T/a.conf"
expect_fail "a refused reload" ctl a reload
expect_is "leaves the mark" 4712 mark
expect_fail "which is dropped" try 4712 pktinfo4
expect "the refused one is not" try 4713 pktinfo4
