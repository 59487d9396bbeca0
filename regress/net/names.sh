#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Endpoints by name: resolverd asks a name server that is played here; an
# address without a route is passed over; a peer that moved is found again by
# its name; nothing that works needs DNS.
# slow: beside

. "$(dirname "$0")/../lib.sh"
need wg ping ip python3 unshare
# timeout: 240

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b

# The name server: "NAME ADDRESS..." a line, read anew for each question; a
# name without a line does not exist.  It logs what it was asked for.
cat >"$T/dns.py" <<'PYTHON'
import socket, struct, sys
names, log = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
while True:
    q, who = s.recvfrom(4096)
    at, labels = 12, []
    while q[at]:
        labels.append(q[at + 1:at + 1 + q[at]].decode().lower())
        at += q[at] + 1
    kind = struct.unpack("!H", q[at + 1:at + 3])[0]
    name, found, known = ".".join(labels), [], False
    for line in open(names):
        words = line.split()
        if words and words[0] == name:
            known = True
            found = [w for w in words[1:] if (":" in w) == (kind == 28)]
    with open(log, "a") as f:
        f.write("%s %d\n" % (name, kind))
    out = q[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1,
        len(found), 0, 0) + q[12:at + 5]
    for w in found:
        data = socket.inet_pton(
            socket.AF_INET6 if kind == 28 else socket.AF_INET, w)
        out += struct.pack("!HHHIH", 0xc00c, kind, 1, 1, len(data)) + data
    s.sendto(out, who)
PYTHON
: >"$T/asked"
echo "bob.example.net 2001:db8:ffff::2 192.0.2.2" >"$T/names"

dns_start() {
	start a python3 "$T/dns.py" "$T/names" "$T/asked"
	dns_pid=$!
	wait_for 5 sh -c "ip netns exec $(ns a) ss -Hlun | grep -q '127.0.0.1:53 '"
}

dns_stop() {
	kill "$dns_pid"
	wait_for 5 gone "$dns_pid"
}

asked() {
	wc -l <"$T/asked"
}

# a sees other files in the place of two of /etc.
echo "nameserver 127.0.0.1" >"$T/resolv.conf"
printf '127.0.0.1 localhost\n192.0.2.3 by-hosts\n' >"$T/hosts"
# They need not be there: what is mounted on is a copy.
cp -a /etc "$T/etc.dns"
rm -f "$T/etc.dns/resolv.conf" "$T/etc.dns/hosts"
touch "$T/etc.dns/resolv.conf" "$T/etc.dns/hosts"
cat >"$T/with-dns" <<SH
#!/bin/sh
exec unshare -m --propagation private sh -c '
	mount --bind "$T/etc.dns" /etc &&
	mount --bind "$T/resolv.conf" /etc/resolv.conf &&
	mount --bind "$T/hosts" /etc/hosts &&
	exec "$WARREND" "\$@"' sh "\$@"
SH
chmod +x "$T/with-dns"

# conf_a ENDPOINT...
conf_a() {
	cat >"$T/a.conf" <<CONF
interface $(tun a) {
	address 10.66.0.1/24
	listen port 51820
	private-key file "$T/a.key"
}
peer "bob" {
	public-key "$(key_of b)"
	endpoint $*
	allowed-ips 10.66.0.2/32
}
CONF
}
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

# endpoint_is ADDRESS: where a says that b is.
endpoint_is() {
	ctl a -j status | grep -q "\"$1\""
}

dns_start
conf_start b
conf_a "bob.example.net port 51821"
WARREND=$T/with-dns conf_start a
expect "the tunnel comes up by name" wait_for 10 ping_from a 10.66.0.2 1
expect "at the address that can be sent to" endpoint_is 192.0.2.2:51821
expect "not by waiting: the other one was passed over at once" \
    sh -c "'$WARRENCTL' -i $(tun a) show counters |
    grep -Eq 'tx_elsewhere +1'"
expect_is "one name, two questions" 2 asked

before=$(asked)
expect "reload" ctl a reload
expect "ping after it" ping_from a 10.66.0.2
expect_is "a name that stays is not asked for again" "$before" asked

# b is elsewhere and cannot say so: it has forgotten where a was.
echo "bob.example.net 192.0.2.3" >"$T/names"
conf_end b
rm -rf "${STATE:?}/$(tun b)"
ip_on b address del 192.0.2.2/24 dev to-a
addr_add b to-a 192.0.2.3/24
conf_start b
expect "b moved: a finds it by its name" \
    wait_for 100 ping_from a 10.66.0.2 1 -W 1
expect "at its new address" endpoint_is 192.0.2.3:51821

dns_stop
before=$(asked)
expect "DNS is dead: the tunnel is not" ping_from a 10.66.0.2
conf_a "gone.example.net port 51821"
expect "a reload with a name that cannot be resolved" ctl a reload
expect "leaves the peer where it is" ping_from a 10.66.0.2
expect "status says why" wait_for 15 sh -c \
    "'$WARRENCTL' -i $(tun a) status | grep -i -q 'gone.example.net'"
conf_a "by-hosts port 51821"
expect "a name of the file of hosts" ctl a reload
expect "needs no DNS" ping_from a 10.66.0.2
expect "and counts" sh -c "'$WARRENCTL' -i $(tun a) show counters |
    grep -Eq 'from_hosts +[1-9]'"
expect_is "nobody was asked" "$before" asked

dns_start
conf_a "unknown.example.net port 51821"
expect "a name that does not exist" ctl a reload
expect "harms nothing" ping_from a 10.66.0.2
expect "DNS is back" wait_for 30 grep -q unknown.example.net "$T/asked"

# A reload is for those that failed, too: it need not be their turn.
dns_stop
silent_min() {
	[ "$(counter a silent)" -ge "$1" ]
}
silent=$(counter a silent)
conf_a "late.example.net port 51821"
expect "another name, and DNS is dead again" ctl a reload
expect "it is asked for several times" \
    wait_for 60 silent_min $((silent + 3))
echo "late.example.net 192.0.2.3" >>"$T/names"
dns_start
expect "a reload when DNS is back" ctl a reload
expect "does not wait for its turn" wait_for 8 endpoint_is 192.0.2.3:51821
expect "and it is there" ping_from a 10.66.0.2

# --- at boot resolv.conf may lead to what is not there yet

late_end() {
	late_pid=$(cat "$RUN/$(tun a).lock")
	kill -TERM "$late_pid"
	wait_for 5 gone "$late_pid"
}
late_end
conf_a "bob.example.net port 51821"
# Not below a directory that the configuration names anyway.
late=$(mktemp -d)
cp -a /etc "$T/etc"
ln -sf "$late/resolv.conf" "$T/etc/resolv.conf"
cat >"$T/with-etc" <<SH
#!/bin/sh
exec unshare -m --propagation private sh -c '
	mount --bind "$T/etc" /etc &&
	exec "$WARREND" "\$@"' sh "\$@"
SH
chmod +x "$T/with-etc"
: >"$T/a.log"
late_start() {
	NOTIFY_SOCKET='' start a "$T/with-etc" -d -f "$T/a.conf"
	wait_for 15 conf_is_ready a 0
}
expect "a start without resolv.conf" late_start
echo "nameserver 127.0.0.1" >"$late/resolv.conf"
: >"$T/asked"
expect "and a reload when it is there" ctl a reload
expect "it is read then" wait_for 30 test -s "$T/asked"
mkdir "$late.new"
echo "nameserver 127.0.0.1" >"$late.new/resolv.conf"
ln -sf "$late.new/resolv.conf" "$T/etc/resolv.conf"
conf_a "moved.example.net port 51821"
expect "a reload when it leads to where it may not be read" ctl a reload
expect "is told" grep -q 'resolv.conf: .*stay in use' "$T/a.log"
conf_a "again.example.net port 51821"
expect "another reload, and another name" ctl a reload
expect "is asked of the name server that was there before" \
    wait_for 30 grep -q again.example.net "$T/asked"
# The file of hosts is another one, and then none.
printf '192.0.2.3 one.by-hosts two.by-hosts\n' >"$T/etc/hosts.new"
mv "$T/etc/hosts.new" "$T/etc/hosts"
conf_a "one.by-hosts port 51821"
expect "a file of hosts that is new" ctl a reload
expect "counts" wait_for 10 endpoint_is 192.0.2.3:51821
rm "$T/etc/hosts"
expect "one that is gone" ctl a reload
conf_a "two.by-hosts port 51821"
expect "and then another name" ctl a reload
expect "says nothing" wait_for 10 grep -q '^two.by-hosts ' "$T/asked"
late_end
rm -rf "$late.new"
ln -sf "$late/resolv.conf" "$T/etc/resolv.conf"
mv "$late" "$late.away"
: >"$T/a.log"
expect "a start without its directory" late_start
mv "$late.away" "$late"
expect "another reload" ctl a reload
expect "what cannot be read says what to do" grep -q \
    'resolv.conf: .*restart' "$T/a.log"
late_end
rm -rf "$late"
dns_stop
