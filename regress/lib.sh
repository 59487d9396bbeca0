# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# What the tests in shell share: hosts that are network namespaces, links
# between them, tunnels on them, and the three words that regress/run counts.
# A test sources this, does its work, and ends; all that it made goes away
# with it.  Run one alone with: sh regress/net/NAME.sh
#
#   host_new a; host_new b; link_new a b 192.0.2.1/24 192.0.2.2/24
#   warren_start a; theirs_start b
#   wg_setup a 51820; wg_setup b 51820
#   peer_add a b 10.0.0.2/32 endpoint 192.0.2.2:51820
#   peer_add b a 10.0.0.1/32
#   tunnel_up a 10.0.0.1/24; tunnel_up b 10.0.0.2/24
#   expect "ping through the tunnel" ping_from a 10.0.0.2

set -eu

TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${BUILD:-$TOP/build/check}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
WARREND=${WARREND:-$BUILD/sbin/warrend}
WARRENCTL=${WARRENCTL:-$BUILD/bin/warrenctl}
THEIRS=${THEIRS:-wireguard-go}
TOOLS=$BUILD/regress/tools
UAPI=/var/run/wireguard

NAME=$(basename "$0" .sh)
# Every name of this run: namespaces $P-HOST, interfaces ${P}HOST.  UAPI
# sockets are shared by all namespaces, so interface names must differ, too;
# they have 15 characters at most: HOST has up to 7.
P=w$$
[ -z "${NAMES:-}" ] || echo "$P" >>"$NAMES"
# Run alone, a test also takes away the directories of the run.
ALONE=1
[ -n "${TESTDIR:-}" ] && ALONE=0
T=${TESTDIR:-$BUILD/tmp/$NAME.$$}
. "$TOP/regress/tidy.sh"
HOSTS=
PIDS=
FAILED=0
# A test that kills the parent leaves sockets and says so with MAY_LEAVE=1.
MAY_LEAVE=0

# The directory of runtime files that is compiled in.
run_dir() {
	sed -n 's/.*WARREN_RUNSTATEDIR *"\(.*\)"/\1/p' "$BUILD/config.h" \
	    2>/dev/null || echo /run
}
RUN=$(run_dir)/warren
# The directory of the instances' states.
STATE=$(sed -n 's/.*WARREN_LOCALSTATEDIR *"\(.*\)"/\1/p' "$BUILD/config.h" \
    2>/dev/null)/lib/warren
mkdir -p "$T" "$(run_dir)"

# Any test can be run with every warrend that it starts in another way:
# WORKERS=3 threads, WITHOUT=tun-tcp that offload, AEAD=libsodium encrypts.
if [ -n "${WORKERS:-}${WITHOUT:-}${AEAD:-}" ]; then
	cat >"$T/warrend" <<-END
	#!/bin/sh
	exec "$WARREND" ${WORKERS:+-w $WORKERS} ${WITHOUT:+-O $WITHOUT} \
	    ${AEAD:+-a $AEAD} "\$@"
	END
	chmod 755 "$T/warrend"
	WARREND=$T/warrend
fi

# --- saying what happened

ok() {
	echo "ok $NAME/$1"
}

not_ok() {
	echo "not ok $NAME/$1: $2"
	FAILED=1
}

skip() {
	echo "SKIP $NAME/$1: $2"
}

# skip_all WHY: this test cannot be done here.
skip_all() {
	echo "SKIP $NAME: $1"
	exit 0
}

# need COMMAND...: or skip the whole test.
need() {
	for need_c in "$@"; do
		command -v "$need_c" >/dev/null 2>&1 ||
		    skip_all "$need_c is not installed"
	done
}

# expect NAME COMMAND...: it must succeed; its output is shown if not.
expect() {
	expect_name=$1
	shift
	if expect_out=$("$@" 2>&1); then
		ok "$expect_name"
	else
		not_ok "$expect_name" "failed: $*"
		echo "$expect_out" | sed 's/^/# /'
	fi
}

# expect_fail NAME COMMAND...: it must fail.
expect_fail() {
	expect_name=$1
	shift
	if expect_out=$("$@" 2>&1); then
		not_ok "$expect_name" "should have failed: $*"
		echo "$expect_out" | sed 's/^/# /'
	else
		ok "$expect_name"
	fi
}

# expect_is NAME WANTED COMMAND...: it must print exactly this.
expect_is() {
	expect_name=$1
	expect_want=$2
	shift 2
	expect_out=$("$@" 2>&1) || true
	if [ "$expect_out" = "$expect_want" ]; then
		ok "$expect_name"
	else
		not_ok "$expect_name" "'$expect_out', not '$expect_want'"
	fi
}

# wait_for SECONDS COMMAND...: until it succeeds; 1 if it never does.  It
# looks at the clock, since the commands take time themselves.
wait_for() {
	wait_end=$(($(date +%s%N) / 1000000 + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $(($(date +%s%N) / 1000000)) -lt $wait_end ] || return 1
		sleep 0.05
	done
}

not() {
	if "$@"; then return 1; else return 0; fi
}

# Whether the programs were built with the sanitizers, which have memory and
# system calls of their own.
sanitized() {
	grep -q -a __asan_init "$BUILD/sbin/warrend" 2>/dev/null
}

# --- hosts and links

ns() {
	echo "$P-$1"
}

# on HOST COMMAND...
on() {
	on_host=$1
	shift
	ip netns exec "$P-$on_host" "$@"
}

# ip_on HOST ARGUMENTS...: ip(8) in that host.
ip_on() {
	ip_host=$1
	shift
	ip -n "$P-$ip_host" "$@"
}

# host_new HOST...
host_new() {
	for host in "$@"; do
		HOSTS="$HOSTS $host"
		ip netns add "$P-$host"
		ip -n "$P-$host" link set lo up
		# No router advertisement makes a test depend on its neighbours.
		on "$host" sysctl -q -w net.ipv6.conf.all.accept_ra=0 \
		    2>/dev/null || true
	done
}

# addr_add HOST INTERFACE ADDRESS/LEN...
addr_add() {
	addr_host=$1
	addr_if=$2
	shift 2
	for addr in "$@"; do
		case $addr in
		*:*)	ip_on "$addr_host" address add "$addr" dev "$addr_if" \
			    nodad ;;
		*)	ip_on "$addr_host" address add "$addr" dev "$addr_if" ;;
		esac
	done
}

# link_new A B [ADDRESS-OF-A ADDRESS-OF-B]...: a cable; in A it is called
# to-B, in B to-A.
link_new() {
	link_a=$1
	link_b=$2
	shift 2
	ip link add "to-$link_b" netns "$P-$link_a" type veth \
	    peer name "to-$link_a" netns "$P-$link_b"
	ip_on "$link_a" link set "to-$link_b" up
	ip_on "$link_b" link set "to-$link_a" up
	while [ $# -ge 2 ]; do
		addr_add "$link_a" "to-$link_b" "$1"
		addr_add "$link_b" "to-$link_a" "$2"
		shift 2
	done
}

# router HOST: it forwards both families.
router() {
	on "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
	    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
}

# --- tunnels

# tun HOST: the name of its tunnel's interface.
tun() {
	echo "$P$1"
}

uapi_answers() {
	[ -S "$UAPI/$P$1.sock" ] && on "$1" wg show "$P$1" >/dev/null 2>&1
}

# start HOST PROGRAM...: in the background, its output in $T/HOST.log;
# pid_of HOST tells the pid.
start() {
	start_host=$1
	shift
	ip netns exec "$P-$start_host" "$@" >>"$T/$start_host.log" 2>&1 &
	PIDS="$PIDS $!"
	eval "pid_$start_host=$!"
}

pid_of() {
	eval "echo \$pid_$1"
}

# warren_start HOST [FLAG...]: warrend in the foreground, until it answers.
warren_start() {
	warren_host=$1
	shift
	start "$warren_host" "$WARREND" -d "$@" "$P$warren_host"
	tunnel_wait "$warren_host"
}

# keys_new HOST...: a key pair for each in $T/HOST.key and $T/HOST.pub.
keys_new() {
	for keys_host in "$@"; do
		[ ! -e "$T/$keys_host.key" ] || continue
		(umask 077 && wg genkey >"$T/$keys_host.key")
		wg pubkey <"$T/$keys_host.key" >"$T/$keys_host.pub"
	done
}

# conf_start HOST [FLAG...]: warrend by $T/HOST.conf, until it says that it is
# ready.  conf_end HOST: and its end, in order.
conf_start() {
	conf_host=$1
	shift
	conf_starts=$(conf_ready_lines "$conf_host")
	NOTIFY_SOCKET='' start "$conf_host" "$WARREND" -d \
	    -f "$T/$conf_host.conf" "$@"
	wait_for 15 conf_is_ready "$conf_host" "$conf_starts" && return 0
	not_ok "start of $conf_host" "it does not answer"
	exit 1
}

conf_ready_lines() {
	grep -cs ', instance ready' "$T/$1.log" || true
}

# conf_is_ready HOST [LINES]: it has said so more often than that.
conf_is_ready() {
	[ "$(conf_ready_lines "$1")" -gt "${2:-0}" ]
}

conf_end() {
	conf_pid=$(pid_of "$1")
	kill -TERM "$conf_pid"
	wait_for 5 gone "$conf_pid"
}

# ctl HOST ARGUMENTS...: warrenctl for that host's instance.
ctl() {
	ctl_host=$1
	shift
	"$WARRENCTL" -i "$P$ctl_host" "$@"
}

# counter HOST NAME: a counter, the sum over its processes.
counter() {
	ctl "$1" show counters | awk -v n="$2" '$2 == n { s += $3; there = 1 }
	    END { print there ? s : "none" }'
}

# kernel_state HOST: what others could see of it in the kernel's tables.
kernel_state() {
	for family in -4 -6; do
		ip_on "$1" $family rule show
		ip_on "$1" $family route show table all | grep -v -e ' linkdown' -e fe80:
	done
	on "$1" cat /proc/sys/net/ipv4/conf/all/src_valid_mark
}

# theirs_start HOST: the same with wireguard-go.
theirs_start() {
	LOG_LEVEL=verbose start "$1" "$THEIRS" -f "$P$1"
	tunnel_wait "$1"
}

tunnel_wait() {
	wait_for 10 uapi_answers "$1" && return 0
	not_ok "start of $1" "no answer on $UAPI/$P$1.sock"
	exit 1
}

# wg_setup HOST PORT [ARGUMENTS of wg set]: a new key pair, and the port.
wg_setup() {
	setup_host=$1
	setup_port=$2
	shift 2
	keys_new "$setup_host"
	on "$setup_host" wg set "$P$setup_host" listen-port "$setup_port" \
	    private-key "$T/$setup_host.key" "$@"
}

key_of() {
	cat "$T/$1.pub"
}

# psk_new NAME: a preshared key in $T/NAME.psk.
psk_new() {
	(umask 077 && wg genpsk >"$T/$1.psk")
}

# peer_add HOST PEER ALLOWED-IPS [ARGUMENTS of wg set]
peer_add() {
	peer_host=$1
	peer_key=$(key_of "$2")
	peer_ips=$3
	shift 3
	on "$peer_host" wg set "$P$peer_host" peer "$peer_key" \
	    allowed-ips "$peer_ips" "$@"
}

# tunnel_up HOST ADDRESS/LEN...
tunnel_up() {
	up_host=$1
	shift
	addr_add "$up_host" "$P$up_host" "$@"
	ip_on "$up_host" link set "$P$up_host" up
}

# pair_up A B [PREFIX]: the plain tunnel, between two daemons that have been
# started, on hosts with a cable from 192.0.2.1 (A) to 192.0.2.2 (B).  Each gets
# a new key pair, port 51820, and the other as its one peer; only A is told the
# other's endpoint.  Inside A is 10.9.0.1/24 and B 10.9.0.2/24; with a PREFIX,
# for example fd00:9::, they are its ::1/64 and ::2/64, too.
pair_up() {
	wg_setup "$1" 51820
	wg_setup "$2" 51820
	peer_add "$1" "$2" "10.9.0.2/32${3:+,${3}2/128}" \
	    endpoint 192.0.2.2:51820
	peer_add "$2" "$1" "10.9.0.1/32${3:+,${3}1/128}"
	tunnel_up "$1" 10.9.0.1/24 ${3:+"${3}1/64"}
	tunnel_up "$2" 10.9.0.2/24 ${3:+"${3}2/64"}
}

# pair_start A B [PREFIX]: the same with a bare warrend on each, which it
# starts.
pair_start() {
	warren_start "$1"
	warren_start "$2"
	pair_up "$@"
}

# peer_field HOST PEER FIELD: one column of wg show, for example endpoints
# or transfer.
peer_field() {
	field_key=$(key_of "$2")
	on "$1" wg show "$P$1" "$3" | sed -n "s|^${field_key}[	 ]*||p"
}

# ping_from HOST ADDRESS [COUNT [ARGUMENTS of ping]]: all must come back,
# but the first may wait for the handshake.
ping_from() {
	ping_host=$1
	ping_addr=$2
	ping_n=${3:-3}
	shift $(($# > 3 ? 3 : $#))
	on "$ping_host" ping -n -q -c "$ping_n" -i 0.1 -w 8 "$@" "$ping_addr"
}

# flow FROM TO ADDRESS BYTES: a TCP transfer whose every byte is compared;
# prints the rate.  flow_udp: datagrams that must come back, BYTES each.
flow() {
	flow_run "$1" "$2" "$3" -n "$4"
}

flow_udp() {
	flow_run "$1" "$2" "$3" -u -n 20 -s "$4"
}

flow_run() {
	flow_from=$1
	flow_to=$2
	flow_addr=$3
	shift 3
	flow_udp=
	[ "$1" = -u ] && flow_udp=-u
	rm -f "$T/flow.port"
	# shellcheck disable=SC2086
	ip netns exec "$P-$flow_to" timeout 60 "$TOOLS/tcpflow" $flow_udp -l \
	    -f "$T/flow.port" "$flow_addr" &
	flow_pid=$!
	flow_rc=1
	if wait_for 5 test -s "$T/flow.port"; then
		on "$flow_from" timeout 60 "$TOOLS/tcpflow" "$@" "$flow_addr" \
		    "$(cat "$T/flow.port")" && flow_rc=0
	fi
	kill $flow_pid 2>/dev/null || true
	wait $flow_pid 2>/dev/null || true
	return $flow_rc
}

# --- the end

gone() {
	for gone_pid in "$@"; do
		# A zombie is gone; whoever forked it may still have to wait.
		case $(sed 's/.*) //' "/proc/$gone_pid/stat" 2>/dev/null) in
		''|Z*) ;;
		*) return 1 ;;
		esac
	done
}

# Of those that this test started: who has a number that one of them had
# before is somebody else.
ours_of() {
	for pid in "$@"; do
		case $(sed 's/.*) . //' "/proc/$pid/stat" 2>/dev/null) in
		"$$ "*)	echo "$pid" ;;
		esac
	done | tr '\n' ' '
}

cleanup() {
	clean_rc=$?
	trap - EXIT
	trap '' HUP INT TERM
	set +e
	# shellcheck disable=SC2086
	clean_pids=$(ours_of $PIDS)
	for host in $HOSTS; do
		clean_pids="$clean_pids $(ip netns pids "$P-$host" 2>/dev/null |
		    tr '\n' ' ')"
	done
	# shellcheck disable=SC2086
	if [ -n "${clean_pids# }" ]; then
		kill $clean_pids 2>/dev/null
		wait_for 5 gone $clean_pids || {
			not_ok "end" "had to be killed: $(ps -o pid=,args= \
			    -p "$(echo $clean_pids | tr ' ' ,)" | tr '\n' ';')"
			kill -9 $clean_pids 2>/dev/null
		}
	fi
	# A report may be of what happened at the end.
	if grep -qs -e 'Sanitizer:' -e 'runtime error:' "$T"/*.log; then
		not_ok "end" "a sanitizer reports"
	fi
	# States are meant to stay; the test's own go with it, and not those of
	# one whose number is longer.
	[ "$STATE" = /lib/warren ] || rm -rf "${STATE:?}/$P"[!0-9]*
	for left in "$UAPI/$P"[!0-9]*.sock "$RUN/$P"[!0-9]*; do
		[ -e "$left" ] || continue
		[ $MAY_LEAVE -eq 1 ] || not_ok "end" "left behind: $left"
		rm -rf "$left"
	done
	for host in $HOSTS; do
		[ ! -e "/run/netns/$P-$host" ] || ip netns del "$P-$host"
	done
	if [ $clean_rc -ne 0 ] && [ $FAILED -eq 0 ]; then
		not_ok "end" "the script stopped with status $clean_rc"
	fi
	if [ $FAILED -ne 0 ]; then
		for log in "$T"/*.log; do
			[ -e "$log" ] || continue
			echo "# --- $(basename "$log")"
			tail -n 60 "$log" | sed 's/^/# /'
		done
	fi
	[ -n "${KEEP:-}" ] || rm -rf "$T"
	[ $ALONE -eq 0 ] || tidy "$(run_dir)"
	exit $FAILED
}

trap cleanup EXIT
trap 'exit 1' HUP INT TERM
