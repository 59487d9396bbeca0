#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Each offload can be left out, and the tunnel does the same without it: what
# it moves at once, the counters say.  And with each library that encrypts.
# timeout: 240
# variants: no

. "$(dirname "$0")/../lib.sh"
need wg ping ip

traffic() {
	expect "$1: ping" ping_from a 10.9.0.2
	expect "$1: long ping" ping_from a 10.9.0.2 3 -s 3000
	expect "$1: TCP there" flow a b 10.9.0.2 20000000
	expect "$1: TCP back" flow b a 10.9.0.1 20000000
	expect "$1: TCP by IPv6" flow a b fd09::2 5000000
	expect "$1: UDP" flow_udp a b 10.9.0.2 1300
}
# trains FROM TO ADDRESS: numbered datagrams, 32 to a call, all in order.
trains() {
	rm -f "$T/trains.port"
	ip netns exec "$(ns "$2")" timeout 60 "$TOOLS/udpflow" -l -c -w 1 \
	    -f "$T/trains.port" "$3" >"$T/trains" 2>&1 &
	trains_pid=$!
	wait_for 5 test -s "$T/trains.port"
	on "$1" timeout 30 "$TOOLS/udpflow" -c -g 32 -s 1201 -t 0.4 "$3" \
	    "$(cat "$T/trains.port")" || true
	trains_rc=0
	wait $trains_pid || trains_rc=1
	cat "$T/trains"
	return "$trains_rc"
}
# changed NAME HOST COUNTER BEFORE yes|no
changed() {
	case $5 in
	yes)	expect "$1" test "$(counter "$2" "$3")" -gt "$4" ;;
	no)	expect_is "$1: not so" "$4" counter "$2" "$3" ;;
	esac
}
# udp_trains NAME FROM TO ADDRESS READ MERGED: nothing but them moves these
# counters now, or does not.
udp_trains() {
	udp_read=$(counter "$2" tun_segmented)
	udp_merged=$(counter "$3" tun_merged)
	expect "$1: datagrams in trains" trains "$2" "$3" "$4"
	[ $uso -eq 1 ] || return 0
	changed "$1: UDP is read large" "$2" tun_segmented "$udp_read" "$5"
	changed "$1: UDP is merged" "$3" tun_merged "$udp_merged" "$6"
}
# TUN devices have it since Linux 6.2.
uso_is_here() {
	trains a b 10.9.0.2 >"$T/uso" 2>&1 &&
	    [ "$(counter a tun_segmented)" -gt 0 ] && return 0
	if printf '6.2\n%s\n' "$(uname -r)" | sort -V -C; then
		not_ok "none: UDP is read large" "$(cat "$T/uso")"
	else
		skip "trains" "UDP is not read large: no USO in $(uname -r)"
	fi
	return 1
}
down() {
	for host in a b; do
		down_pid=$(pid_of $host)
		kill -TERM "$down_pid"
		wait_for 5 gone "$down_pid" || not_ok end "$host lives on"
	done
}

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
uso=0
for off in none tun-tcp tun-udp tun-queues udp-send udp-receive all \
    tun-tcp,udp-send; do
	# One end without, the other with: what they send is the same.
	case $off in
	none)	warren_start a
		warren_start b ;;
	all)	warren_start a -O all
		warren_start b -O all ;;
	*)	warren_start a -O "$off"
		warren_start b ;;
	esac
	pair_up a b fd09::
	[ $off != none ] || ! uso_is_here || uso=1
	traffic "$off"
	case $off in
	*tun-tcp*|all)
		expect_is "$off: nothing large is read" 0 \
		    counter a tun_segmented
		expect_is "$off: nothing is merged" 0 counter a tun_merged ;;
	tun-queues)
		expect "$off: a has no multi queue" sh -c \
		    "! ip netns exec '$P-a' ip -d link show '$(tun a)' |
		    grep -q 'multi_queue numqueues 8'"
		expect "$off: b has" sh -c \
		    "ip netns exec '$P-b' ip -d link show '$(tun b)' |
		    grep -q 'multi_queue numqueues 8'" ;;
	tun-udp)
		expect "$off: TCP is large" test \
		    "$(counter a tun_segmented)" -gt 0
		expect_is "$off: trains stay trains" 0 counter a tx_plain ;;
	esac
	case $off in
	*udp-send*|all)
		expect "$off: trains are sent one by one" test \
		    "$(counter a tx_plain)" -gt 0 ;;
	udp-receive)
		# A few may have found no room.
		expect "$off: a datagram a record" test \
		    $(($(counter a rx_records) * 100)) -ge \
		    $(($(counter a rx_datagrams) * 90)) ;;
	esac
	a_large=yes b_large=yes
	case $off in
	tun-udp)
		a_large=no ;;
	all)	a_large=no b_large=no ;;
	esac
	udp_trains "$off, v4" a b 10.9.0.2 $a_large $b_large
	udp_trains "$off, v6" a b fd09::2 $a_large $b_large
	udp_trains "$off, back, v4" b a 10.9.0.1 $b_large $a_large
	udp_trains "$off, back, v6" b a fd09::1 $b_large $a_large
	for host in a b; do
		expect_is "$off: $host's kernel takes what is merged" 0 \
		    counter $host tun_merge_refused
	done
	down
done
expect_fail "an offload that does not exist" "$WARREND" -d -O tun "${P}a"
expect_fail "an empty name" "$WARREND" -d -O tun-tcp, "${P}a"

# The libraries, by configuration.
keys_new a b
conf_of() {
	cat <<-END
	interface $P$1 {
		address $3
		listen port 51820
		private-key file "$T/$1.key"
		aead $6
	}
	peer other {
		public-key "$(key_of "$2")"
		endpoint $5 port 51820
		allowed-ips $4
	}
	END
}
for lib in libsodium ipsec-mb auto; do
	conf_of a b "{ 10.9.0.1/24, fd09::1/64 }" "{ 10.9.0.2, fd09::2 }" \
	    192.0.2.2 $lib >"$T/a.conf"
	conf_of b a "{ 10.9.0.2/24, fd09::2/64 }" "{ 10.9.0.1, fd09::1 }" \
	    192.0.2.1 libsodium >"$T/b.conf"
	chmod 600 "$T/a.conf" "$T/b.conf"
	if [ $lib = ipsec-mb ]; then
		NOTIFY_SOCKET='' start a "$WARREND" -d -f "$T/a.conf"
		if ! wait_for 10 conf_is_ready a 1; then
			wait_for 5 gone "$(pid_of a)" ||
			    not_ok "ipsec-mb" "neither starts nor ends"
			expect "a library that is not there is told" \
			    grep -q 'aead ipsec-mb: not' "$T/a.log"
			skip "ipsec-mb" "not for this CPU or build"
			continue
		fi
	else
		conf_start a
	fi
	conf_start b
	ctl a show crypto >"$T/crypto" || true
	case $lib in
	auto)	expect "auto: measured" grep -qv forced "$T/crypto" ;;
	*)	expect "$lib: it says so" grep -q forced "$T/crypto"
		expect "$lib: it is used" grep -qi "$lib" "$T/crypto" ;;
	esac
	traffic $lib
	if [ $lib = libsodium ]; then
		sed -i 's/aead libsodium/aead auto/' "$T/a.conf"
		expect_fail "another library needs a restart" ctl a reload
	fi
	conf_end a
	conf_end b
done

# And by a flag, where the configuration says auto.
expect_fail "a library that does not exist" "$WARREND" -d -a openssl "${P}a"
sed -i 's/aead .*/aead auto/' "$T/a.conf"
conf_start a -a libsodium
ctl a show crypto >"$T/crypto"
expect "-a libsodium: it says so" grep -q forced "$T/crypto"
expect "-a libsodium: it is used" grep -qi libsodium "$T/crypto"
conf_end a
sed -i 's/aead auto/aead libsodium/' "$T/a.conf"
conf_start a -a auto
expect "the configuration goes before the flag" \
    sh -c "'$WARRENCTL' -i '$(tun a)' show crypto | grep -q forced"
conf_end a
