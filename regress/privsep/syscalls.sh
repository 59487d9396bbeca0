#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What holds the processes of a running instance, as the kernel tells it:
# users, capabilities, filters, roots, namespaces, limits and descriptors,
# while the link is down and while it is up; and whether warrenctl agrees.

. "$(dirname "$0")/../lib.sh"
need ip wg ps ss nsenter

host_new a
warren_start a
parent=
for pid in $(ip netns pids "$(ns a)"); do
	case $(readlink "/proc/$pid/exe") in
	*/sbin/warrend) parent=$pid ;;
	esac
done
child_of() {
	ps -o pid=,args= --ppid "$parent" |
	    sed -n "s/^ *\([0-9]*\) $1:.*/\1/p"
}
cryptod=$(child_of cryptod)
netd=$(child_of netd)
ctld=$(child_of ctld)
if [ -z "$cryptod" ] || [ -z "$netd" ] || [ -z "$ctld" ]; then
	not_ok "processes" "not all are there"
	exit 1
fi
expect_is "the children are three" 3 sh -c \
    "ps -o pid= --ppid $parent | wc -l"

# pid_named NAME
pid_named() {
	eval "echo \$$1"
}

# status NAME FIELD: of /proc/PID/status, in one line.
status() {
	sed -n "s/^$2:[	 ]*//p" "/proc/$(pid_named "$1")/status" |
	    tr -s '	 ' ' ' | sed 's/ $//'
}

# mask CAP...: the word of /proc/PID/status with these capabilities.
mask() {
	mask_v=0
	for mask_cap in "$@"; do
		mask_v=$((mask_v | 1 << mask_cap))
	done
	printf '%016x\n' "$mask_v"
}

# limit NAME WORDS: soft and hard limit.
limit() {
	sed -n "s/^$2  *\([^ ]*\)  *\([^ ]*\).*/\1 \2/p" \
	    "/proc/$(pid_named "$1")/limits"
}

# --- all four
for p in parent cryptod netd ctld; do
	expect_is "$p: a system call filter" 2 status $p Seccomp
	expect_is "$p: no new privileges" 1 status $p NoNewPrivs
	expect_is "$p: one thread" 1 status $p Threads
	expect_is "$p: nobody traces it" 0 status $p TracerPid
	expect_is "$p: no core dump" "0 0" limit $p "Max core file size"
	expect_is "$p: nothing inherits capabilities" "$(mask) $(mask)" \
	    sh -c "sed -n 's/^Cap\(Inh\|Amb\):.//p' \
	    /proc/$(pid_named $p)/status | tr '\n' ' ' | sed 's/ $//'"
	# Not dumpable: its files in /proc are root's.
	expect_is "$p: not dumpable" 0 stat -c %u \
	    "/proc/$(pid_named $p)/environ"
done

# CAP_KILL 5, CAP_NET_BIND_SERVICE 10, CAP_NET_BROADCAST 11, CAP_NET_ADMIN 12
for set in CapEff CapPrm; do
	expect_is "parent: $set" "$(mask 5 10 11 12)" status parent $set
done

# --- the children
for row in cryptod:_wcrypt netd:_wnet ctld:_wctl; do
	p=${row%:*}
	user=${row#*:}
	uid=$(id -u "$user")
	gid=$(id -g "$user")
	expect_is "$p: user" "$uid $uid $uid $uid" status "$p" Uid
	expect_is "$p: group" "$gid $gid $gid $gid" status "$p" Gid
	expect "$p: no other group" sh -c "test -z '$(status "$p" Groups)' \
	    -o '$(status "$p" Groups)' = $gid"
	for set in CapEff CapPrm; do
		expect_is "$p: $set" "$(mask)" status "$p" $set
	done
	expect_is "$p: no file grows" "0 0" limit "$p" "Max file size"
	expect_is "$p: empty root" "" ls -A "/proc/$(pid_named "$p")/root"
	expect_is "$p: the root is root's" "755 0 0" stat -L -c '%a %u %g' \
	    "/proc/$(pid_named "$p")/root"
	expect_is "$p: works in it" "$(readlink \
	    "/proc/$(pid_named "$p")/root")" readlink \
	    "/proc/$(pid_named "$p")/cwd"
	expect_is "$p: empty environment" "" cat \
	    "/proc/$(pid_named "$p")/environ"
	expect_is "$p: no memory is writable and executable" "" sh -c \
	    "awk '\$2 ~ /wx/' /proc/$(pid_named "$p")/maps"
done
expect "each has a user of its own" sh -c "test $(id -u _wcrypt) -ne \
    $(id -u _wnet) -a $(id -u _wnet) -ne $(id -u _wctl) -a \
    $(id -u _wcrypt) -ne $(id -u _wctl)"

# --- network namespaces
netns() {
	readlink "/proc/$(pid_named "$1")/ns/net"
}
for p in netd ctld; do
	expect_is "$p: the namespace of the parent" "$(netns parent)" netns $p
done
expect_fail "cryptod: a namespace of its own" \
    test "$(netns cryptod)" = "$(netns parent)"
expect_fail "cryptod: not that of the test either" \
    test "$(netns cryptod)" = "$(readlink /proc/self/ns/net)"
expect_is "cryptod: lo is all there is" "lo" sh -c \
    "sed -n 's/^ *\([^ ]*\):.*/\1/p' /proc/$cryptod/net/dev"
expect_is "cryptod: and it is down" "" nsenter -t "$cryptod" -n \
    ip -o link show up
expect_is "cryptod: no route" "" nsenter -t "$cryptod" -n ip route show \
    table all

# --- descriptors: socket:[N] is told apart by the tables of its namespace.
# kinds NAME: one line a descriptor above 2, sorted.
kinds() {
	kinds_pid=$(pid_named "$1")
	for kinds_fd in "/proc/$kinds_pid"/fd/*; do
		[ "${kinds_fd##*/}" -gt 2 ] || continue
		kinds_to=$(readlink "$kinds_fd") || continue
		case $kinds_to in
		socket:*)
			kinds_of_socket "${kinds_to#socket:\[}" ;;
		pipe:*)
			# libevent wakes itself by a pipe of which it has
			# both ends; of a bell there is one.
			if [ "$(readlink "/proc/$kinds_pid"/fd/* |
			    grep -cF "$kinds_to")" -eq 2 ]; then
				echo own pipe
			else
				echo bell
			fi ;;
		*)	echo "$kinds_to" | sed 's/^anon_inode://' ;;
		esac
	done | sort | uniq -c | sed 's/^ *//'
}

# Unix sockets belong to the namespace where they were made.
kinds_of_socket() {
	kinds_ino=${1%]}
	for kinds_t in unix udp udp6 netlink tcp tcp6 raw raw6 packet; do
		case $kinds_t in
		unix)	kinds_col=7 ;;
		netlink) kinds_col=10 ;;
		packet)	kinds_col=9 ;;
		*)	kinds_col=10 ;;
		esac
		kinds_row=$(awk -v c=$kinds_col -v i="$kinds_ino" \
		    '$c == i { print; exit }' "/proc/$parent/net/$kinds_t")
		[ -n "$kinds_row" ] || continue
		if [ $kinds_t = unix ]; then
			# shellcheck disable=SC2086
			set -- $kinds_row
			case $5-$4 in
			0005-*)	echo "unix seqpacket" ;;
			0001-00010000) echo "unix listener" ;;
			*)	echo "unix other" ;;
			esac
		else
			echo $kinds_t
		fi
		return
	done
	echo "unknown socket"
}

kinds_are() {
	kinds_have=$(kinds "$2" | tr '\n' ',')
	if [ "$kinds_have" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "$kinds_have not $3"
	fi
}

kinds_are "cryptod: its descriptors" cryptod \
    "8 /dev/net/tun,1 [eventpoll],1 [timerfd],2 bell,2 own pipe,3 unix seqpacket,"
kinds_are "netd: its descriptors while down" netd \
    "1 [eventpoll],1 [timerfd],2 bell,1 netlink,2 own pipe,3 unix seqpacket,"
kinds_are "ctld: its descriptors" ctld \
    "1 [eventpoll],2 own pipe,2 unix listener,3 unix seqpacket,"

wg_setup a 0
tunnel_up a 10.0.0.1/24
port=$(on a wg show "$(tun a)" listen-port)
udp_is_up() {
	[ -n "$(on a ss -Hunl "sport = $port")" ]
}
wait_for 3 udp_is_up || not_ok "up" "no UDP sockets"
kinds_are "cryptod: the same while up" cryptod \
    "8 /dev/net/tun,1 [eventpoll],1 [timerfd],2 bell,2 own pipe,3 unix seqpacket,"
kinds_are "netd: UDP sockets while up" netd \
    "1 [eventpoll],1 [timerfd],2 bell,1 netlink,2 own pipe,1 udp,1 udp6,3 unix seqpacket,"
kinds_are "ctld: the same while up" ctld \
    "1 [eventpoll],2 own pipe,2 unix listener,3 unix seqpacket,"
ip_on a link set "$(tun a)" down
expect "down" wait_for 3 not udp_is_up
kinds_are "netd: no UDP socket after that" netd \
    "1 [eventpoll],1 [timerfd],2 bell,1 netlink,2 own pipe,3 unix seqpacket,"
expect_is "the parent holds no pipe to ring with" "" sh -c \
    "for fd in /proc/$parent/fd/*; do readlink \$fd; done | grep ^pipe: |
    while read p; do for c in $cryptod $netd; do
    for fd in /proc/\$c/fd/[3-9]* /proc/\$c/fd/1[0-9]; do
    [ \"\$(readlink \$fd)\" = \"\$p\" ] && echo \$p; done; done; done"

# --- what warrenctl says of it
show=$(on a "$WARRENCTL" -i "$(tun a)" show sandbox -j 2>/dev/null) ||
    show=$(on a "$WARRENCTL" -j -i "$(tun a)" show sandbox)
# said NAME KEY: from the JSON, whose objects are flat.
said() {
	echo "$show" | tr -d '\n' | sed 's/},* *{/}\n{/g' |
	    grep "\"process\": *\"$1\"" |
	    sed -n "s/.*\"$2\": *\"*\([^\",}]*\)\"*[,}].*/\1/p"
}
for p in parent cryptod netd ctld; do
	expect_is "warrenctl: seccomp of $p" filter said $p seccomp
	expect_is "warrenctl: no new privileges of $p" true said $p \
	    no_new_privs
	expect_is "warrenctl: dumpable of $p" false said $p dumpable
	expect_is "warrenctl: uid of $p" "$(status $p Uid | cut -d' ' -f1)" \
	    said $p uid
	expect_is "warrenctl: filter of $p" "$p run" said $p filter
	caps=$(status $p CapEff | sed 's/^0*//')
	expect_is "warrenctl: capabilities of $p" "${caps:-0}" said $p caps
done
expect_is "warrenctl: namespace of cryptod" empty said cryptod netns
expect_is "warrenctl: namespace of netd" birth said netd netns
expect_is "warrenctl: root of netd" "$(readlink "/proc/$netd/root")" \
    said netd chroot
