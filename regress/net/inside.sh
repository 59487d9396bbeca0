#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What is in the tunnel when its ends are routers: traffic that is forwarded
# and whose addresses are translated, other tunnels, fragments, trains of
# datagrams, and ECN, which has to come through in both directions (RFC 6040).

. "$(dirname "$0")/../lib.sh"
need wg ping ip nft
# timeout: 300

#   c --- a === m === b --- s	the tunnel is from a to b; m is on the way
host_new c a m b s
link_new c a 10.1.0.2/24 10.1.0.1/24 fd01::2/64 fd01::1/64
link_new a m 192.0.2.1/24 192.0.2.2/24 2001:db8:1::1/64 2001:db8:1::2/64
link_new m b 198.51.100.2/24 198.51.100.1/24 2001:db8:2::2/64 2001:db8:2::1/64
link_new b s 10.2.0.1/24 10.2.0.2/24 fd02::1/64 fd02::2/64
for h in a m b; do
	router $h
done
for f in -4 -6; do
	ip_on c $f route add default via "$([ $f = -4 ] && echo 10.1.0.1 ||
	    echo fd01::1)"
	ip_on s $f route add default via "$([ $f = -4 ] && echo 10.2.0.1 ||
	    echo fd02::1)"
done
ip_on a route add 198.51.100.0/24 via 192.0.2.2
ip_on a route add 2001:db8:2::/64 via 2001:db8:1::2
ip_on b route add 192.0.2.0/24 via 198.51.100.2
ip_on b route add 2001:db8:1::/64 via 2001:db8:2::2

warren_start a
warren_start b
wg_setup a 51820
wg_setup b 51820
# b knows nothing of c: without translation nothing would come through.
peer_add a b 10.9.0.2/32,10.2.0.0/24,fd09::2/128,fd02::/64 \
    endpoint 198.51.100.1:51820
peer_add b a 10.9.0.1/32,fd09::1/128
tunnel_up a 10.9.0.1/24 fd09::1/64
tunnel_up b 10.9.0.2/24 fd09::2/64
ip_on a route add 10.2.0.0/24 dev "$(tun a)"
ip_on a route add fd02::/64 dev "$(tun a)"

# TCP to port 7000 and UDP to it of a's address in the tunnel are c's.
on a nft -f - <<END
table ip nat {
	chain pre {
		type nat hook prerouting priority -100;
		iifname "$(tun a)" meta l4proto { tcp, udp } th dport 7000 \
		    dnat to 10.1.0.2
	}
	chain post {
		type nat hook postrouting priority 100;
		oifname "$(tun a)" masquerade
	}
}
table ip6 nat {
	chain pre {
		type nat hook prerouting priority -100;
		iifname "$(tun a)" meta l4proto { tcp, udp } th dport 7000 \
		    dnat to fd01::2
	}
	chain post {
		type nat hook postrouting priority 100;
		oifname "$(tun a)" masquerade
	}
}
END

# flow_back ADDRESS-OF-C ITS-NAME-FOR-S ARGUMENTS of tcpflow: from s to c.
listens() {
	on "$1" ss -Hlntu "sport = :7000" | grep -q .
}
flow_back() {
	back_addr=$1
	back_name=$2
	back_udp=
	shift 2
	[ "$1" != -u ] || back_udp=-u
	# shellcheck disable=SC2086
	ip netns exec "$(ns c)" timeout 60 "$TOOLS/tcpflow" $back_udp -l \
	    "$back_addr" 7000 &
	back_pid=$!
	back_rc=1
	if wait_for 5 listens c; then
		on s timeout 60 "$TOOLS/tcpflow" "$@" "$back_name" 7000 &&
		    back_rc=0
	fi
	kill $back_pid 2>/dev/null || true
	wait $back_pid 2>/dev/null || true
	return $back_rc
}

# pings FROM ADDRESS: of sizes on both sides of each limit; the first that is
# too large may be for the path's MTU to be learned.
pings() {
	pings_from=$1
	pings_to=$2
	for pings_size in 0 1 15 17 56 1352 1372 1373 1392 1393 1452 1473 \
	    3000 20000; do
		ping_from "$pings_from" "$pings_to" 2 -M dont \
		    -s "$pings_size" || ping_from "$pings_from" "$pings_to" \
		    2 -M dont -s "$pings_size" || return 1
	done
}

# --- forwarded, and translated on the way

expect "NAT: ping" ping_from c 10.2.0.2
for v in 4 6; do
	case $v in
	4)	there=10.2.0.2 c=10.1.0.2 name=10.9.0.1 ;;
	6)	there=fd02::2 c=fd01::2 name=fd09::1 ;;
	esac
	expect "NAT, IPv$v: pings, fragments too" pings c $there
	expect "NAT, IPv$v: TCP there" flow c s $there 20000000
	expect "NAT, IPv$v: TCP back" flow_back $c $name -n 20000000
	expect "NAT, IPv$v: UDP" flow_udp c s $there 1300
	expect "NAT, IPv$v: UDP of more than the MTU" flow_udp c s $there 1440
	expect "NAT, IPv$v: UDP in fragments" flow_udp c s $there 9000
	expect "NAT, IPv$v: UDP in fragments, back" \
	    flow_back $c $name -u -n 20 -s 9000
done
echo "# a: $(counter a tun_segmented) large packets read," \
    "$(counter a tun_merged) merged"

# --- trains of datagrams: one packet for the kernel, with UDP_SEGMENT

cat >"$T/trains.py" <<'END'
import hashlib, socket, sys
UDP_SEGMENT, N = 103, 40
# Sizes, the largest that fits among them, and how many of each; the last of a
# train is shorter.
TRAINS = [(1200, 30), (int(sys.argv[4]), 40), (100, 64), (1, 64), (1333, 2)]
def part(i, j, size):
    b = hashlib.sha256(b"%d %d" % (i, j)).digest() * (size // 32 + 1)
    return b[:size]
def train(i):
    size, n = TRAINS[i % len(TRAINS)]
    return size, [part(i, j, size if j < n - 1 else (size + 1) // 2)
        for j in range(n)]
family = socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)
if sys.argv[1] == "-l":
    s.bind((sys.argv[2], 7001))
    open(sys.argv[3], "w").write("7001\n")
    while True:
        got = {}
        s.settimeout(30)
        b, who = s.recvfrom(65536)
        i = int.from_bytes(b[:4], "big")
        s.settimeout(1)
        size, want = train(i)
        right = []
        while True:
            try:
                b, w = s.recvfrom(65536)
            except socket.timeout:
                break
            if b == b"end":
                break
            right.append(b)
        # All of them, in order.
        s.sendto(b"right" if right == want else b"%d of %d" % (len(right),
            len(want)), who)
else:
    s.connect((sys.argv[2], 7001))
    for i in range(N):
        size, parts = train(i)
        for tries in range(3):
            s.send(i.to_bytes(4, "big"))
            s.sendmsg([b"".join(parts)], [(17, UDP_SEGMENT,
                size.to_bytes(2, sys.byteorder))])
            s.send(b"end")
            s.settimeout(5)
            answer = s.recv(100)
            if answer == b"right":
                break
        else:
            sys.exit("train %d: %s" % (i, answer.decode()))
END
# trains FROM TO ADDRESS LARGEST
trains() {
	rm -f "$T/trains"
	ip netns exec "$(ns "$2")" python3 "$T/trains.py" -l "$3" \
	    "$T/trains" "$4" &
	trains_pid=$!
	trains_rc=1
	if wait_for 10 test -s "$T/trains"; then
		on "$1" timeout 30 python3 "$T/trains.py" -s "$3" - \
		    "$4" && trains_rc=0
	fi
	kill $trains_pid
	wait $trains_pid 2>/dev/null || true
	return $trains_rc
}
if command -v python3 >/dev/null; then
	expect "NAT, IPv4: trains of datagrams" trains c s 10.2.0.2 1392
	expect "NAT, IPv6: trains of datagrams" trains c s fd02::2 1372
	expect "trains of datagrams from the end itself" \
	    trains a b 10.9.0.2 1392
else
	skip "trains of datagrams" "python3 is not installed"
fi

# --- other tunnels in the tunnel

# nested NAME: what goes through it; then it is taken away.
nested() {
	expect "$1: ping" ping_from a 10.8.0.2
	expect "$1: pings, fragments too" pings a 10.8.0.2
	expect "$1: TCP there" flow a b 10.8.0.2 20000000
	expect "$1: TCP back" flow b a 10.8.0.1 20000000
	expect "$1: TCP by IPv6" flow a b fd08::2 5000000
	expect "$1: UDP in fragments" flow_udp a b 10.8.0.2 5000
	if command -v python3 >/dev/null; then
		expect "$1: trains of datagrams" trains a b 10.8.0.2 \
		    $((nested_mtu - 28))
	fi
	for nested_h in a b; do
		ip_on $nested_h link del in0
	done
}
# nested_new MTU TYPE [ARGUMENTS]: in0 of a and of b.
nested_new() {
	nested_mtu=$1
	shift
	ip_on a link add in0 mtu "$nested_mtu" type "$@" local 10.9.0.1 \
	    remote 10.9.0.2 2>"$T/err" || return 1
	ip_on b link add in0 mtu "$nested_mtu" type "$@" local 10.9.0.2 \
	    remote 10.9.0.1
	addr_add a in0 10.8.0.1/30 fd08::1/64
	addr_add b in0 10.8.0.2/30 fd08::2/64
	ip_on a link set in0 up
	ip_on b link set in0 up
}
for kind in gre vxlan; do
	case $kind in
	gre)	set -- 1396 gre ;;
	vxlan)	set -- 1370 vxlan id 9 dstport 4789 ;;
	esac
	if nested_new "$@"; then
		nested $kind
	else
		skip "$kind" "this kernel has no such device"
	fi
done

# --- ECN.  What arrives is counted at s, where only what was inside arrives.

# ce HOST V: packets with CE that it got.
ce() {
	case $2 in
	4)	on "$1" cat /proc/net/netstat | awk '/^IpExt:/ {
		    if (n == 0) for (n = 2; n <= NF; n++) at[$n] = n
		    else print $at["InCEPkts"] }' ;;
	6)	on "$1" cat /proc/net/snmp6 | awk '$1 == "Ip6InCEPkts" {
		    print $2 }' ;;
	esac
}
# told HOST: how many packets of its own others told it were marked.
told() {
	on "$1" cat /proc/net/netstat | awk '/^TcpExt:/ {
	    if (n == 0) for (n = 2; n <= NF; n++) at[$n] = n
	    else print $at["TCPDeliveredCE"] }'
}
# outer MARK: packets on the way with it.
outer() {
	on m nft list counter inet way "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}
# way RULE...: m counts what goes through, and then does that to it.
way() {
	on m nft delete table inet way 2>/dev/null || true
	{
		echo 'table inet way {'
		for way_c in none ect1 ect0 ce dscp; do
			echo "counter $way_c { }"
		done
		echo 'chain way { type filter hook forward priority 0;'
		for way_f in ip ip6; do
			echo "$way_f ecn not-ect counter name none"
			echo "$way_f ecn ect1 counter name ect1"
			echo "$way_f ecn ect0 counter name ect0"
			echo "$way_f ecn ce counter name ce"
			echo "$way_f dscp != cs0 udp length != { 100, 156 }" \
			    "counter name dscp"
		done
		printf '%s\n' "$@"
		echo '}
		}'
	} | on m nft -f -
}
# One of twenty of those that may be.
MARK4='ip ecn { ect0, ect1 } numgen inc mod 20 == 7 ip ecn set ce'
MARK6='ip6 ecn { ect0, ect1 } numgen inc mod 20 == 7 ip6 ecn set ce'
# And all, even those that must not be.
ALL4='ip ecn != ce ip ecn set ce'
ALL6='ip6 ecn != ce ip6 ecn set ce'

ecn_set() {
	for ecn_h in c s; do
		on $ecn_h sysctl -q -w "net.ipv4.tcp_ecn=$1"
	done
}
# more WHAT HOST THEN [ARGUMENT]: how much more of it there is now.
more() {
	echo $(($("$1" "$2" ${4:+"$4"}) - $3))
}

for outside in 4 6; do
	case $outside in
	4)	end=198.51.100.1 ;;
	6)	end='[2001:db8:2::1]' ;;
	esac
	on a wg set "$(tun a)" peer "$(key_of b)" endpoint "$end:51820"
	ping_from c 10.2.0.2 1 >"$T/out"
	for v in 4 6; do
		case $v in
		4)	there=10.2.0.2 c=10.1.0.2 name=10.9.0.1 ;;
		6)	there=fd02::2 c=fd01::2 name=fd09::1 ;;
		esac
		what="ECN, IPv$v in IPv$outside"

		# Nothing is marked, and nothing comes marked.
		ecn_set 1
		way
		then=$(ce s $v) then_c=$(told c)
		expect "$what: TCP" flow c s $there 5000000
		expect_is "$what: no CE from nowhere" "0 0" \
		    echo "$(more ce s "$then" $v) $(more told c "$then_c")"
		expect "$what: data is ECT(0) outside" test \
		    "$(outer ect0)" -gt 10
		expect_is "$what: and nothing is ECT(1) or CE" "0 0" \
		    echo "$(outer ect1) $(outer ce)"

		# Some are.
		way "$MARK4" "$MARK6"
		then=$(ce s $v) then_c=$(told c) back=$(ce c $v)
		expect "$what: TCP with marks" flow c s $there 5000000
		expect "$what: TCP with marks, back" \
		    flow_back $c $name -n 5000000
		expect "$what: s gets $(more ce s "$then" $v) with CE" test \
		    "$(more ce s "$then" $v)" -gt 0
		expect "$what: c gets $(more ce c "$back" $v) with CE" test \
		    "$(more ce c "$back" $v)" -gt 0
		expect "$what: and c is told of $(more told c "$then_c")" \
		    test "$(more told c "$then_c")" -gt 0

		# A ping of each kind: what it is outside, and that it comes
		# back as it was.  The DSCP stays inside.
		way
		then=$(ce s $v)
		for tos in 184 185 186 187; do
			ping_from c $there 5 -Q $tos >"$T/out" ||
			    not_ok "$what: ping with TOS $tos" "lost"
		done
		expect "$what: ECT(1) stays, CE is ECT(0) outside" test \
		    "$(outer ect1)" -ge 5 -a "$(outer ect0)" -ge 10 -a \
		    "$(outer ce)" -eq 0
		expect_is "$what: no DSCP outside" 0 outer dscp
		expect_is "$what: inside, CE stays" 5 more ce s "$then" $v

		# Who marks what must not be marked is not believed, and
		# nothing is lost.
		ecn_set 0
		way "$ALL4" "$ALL6"
		then=$(ce s $v) back=$(ce c $v)
		expect "$what: all is marked: ping" ping_from c $there 5
		expect "$what: all is marked: UDP" flow_udp c s $there 1300
		expect "$what: all is marked: TCP" flow c s $there 5000000
		expect_is "$what: what is not ECN-capable comes as it was" \
		    "0 0" echo "$(more ce s "$then" $v)" \
		    "$(more ce c "$back" $v)"
		then=$(ce s $v)
		for tos in 1 2; do
			ping_from c $there 5 -Q $tos >"$T/out" ||
			    not_ok "$what: marked ping with TOS $tos" "lost"
		done
		expect_is "$what: each other ping comes as CE" 10 \
		    more ce s "$then" $v
	done
done
way
# What is ECT(1) on the way is that at its end.
way 'ip ecn ect0 ip ecn set ect1' 'ip6 ecn ect0 ip6 ecn set ect1'
on s nft -f - <<'END'
table inet in {
	counter ect1 { }
	chain in {
		type filter hook input priority 0;
		ip protocol icmp ip ecn ect1 counter name ect1
	}
}
END
expect "ECN: ping with ECT(0)" ping_from c 10.2.0.2 5 -Q 2
expect_is "ECN: ECT(0) that became ECT(1) on the way is that" 5 sh -c \
    "ip netns exec '$(ns s)' nft list counter inet in ect1 |
    sed -n 's/.*packets \([0-9]*\).*/\1/p'"
for h in a b; do
	expect_is "nothing is broken at $h" "" \
	    grep -i -e fault -e panic -e broken "$T/$h.log"
done
