#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The processes of a configured instance: what holds resolverd, which only
# this mode has, what more than in bare mode the parent and cryptod may do,
# whose death ends what, and what is left when the parent is killed.

. "$(dirname "$0")/../lib.sh"
need ip wg ps python3
MAY_LEAVE=1

host_new a
keys_new a
cat >"$T/a.conf" <<CONF
interface $(tun a) {
	address 10.66.0.1/24
	private-key file "$T/a.key"
}
CONF

child_of() {
	ps -o pid=,args= --ppid "$parent" |
	    sed -n "s/^ *\([0-9]*\) $1:.*/\1/p"
}

begin() {
	conf_start a
	parent=$(head -n 1 "$RUN/$(tun a).lock")
	cryptod=$(child_of cryptod)
	netd=$(child_of netd)
	ctld=$(child_of ctld)
	resolverd=$(child_of resolverd)
}

begin
if [ -z "$cryptod" ] || [ -z "$netd" ] || [ -z "$ctld" ] ||
    [ -z "$resolverd" ]; then
	not_ok "processes" "not all are there"
	exit 1
fi
expect_is "the children are four" 4 sh -c "ps -o pid= --ppid $parent | wc -l"

# status PID FIELD: of /proc/PID/status, in one line.
status() {
	sed -n "s/^$2:[	 ]*//p" "/proc/$1/status" | tr -s '	 ' ' ' |
	    sed 's/ $//'
}
limit() {
	sed -n "s/^$2  *\([^ ]*\)  *\([^ ]*\).*/\1 \2/p" "/proc/$1/limits"
}

# --- resolverd
uid=$(id -u _wres)
gid=$(id -g _wres)
expect_is "resolverd: user" "$uid $uid $uid $uid" status "$resolverd" Uid
expect_is "resolverd: group" "$gid $gid $gid $gid" status "$resolverd" Gid
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
	expect_is "resolverd: $set" 0000000000000000 status "$resolverd" $set
done
expect_is "resolverd: a system call filter" 2 status "$resolverd" Seccomp
expect_is "resolverd: no new privileges" 1 status "$resolverd" NoNewPrivs
expect_is "resolverd: one thread" 1 status "$resolverd" Threads
expect_is "resolverd: no file grows" "0 0" limit "$resolverd" "Max file size"
expect_is "resolverd: no core dump" "0 0" limit "$resolverd" \
    "Max core file size"
expect_is "resolverd: a network namespace with lo alone" "lo" \
    sed -n 's/^ *\([^ ]*\):.*/\1/p' "/proc/$resolverd/net/dev"
expect_fail "resolverd: not that of cryptod" \
    test "$(readlink "/proc/$resolverd/ns/net")" = \
    "$(readlink "/proc/$cryptod/ns/net")"
expect_is "resolverd: empty root" "" ls -A "/proc/$resolverd/root"
expect_is "resolverd: empty environment" "" cat "/proc/$resolverd/environ"

# --- the others
for pid in $netd $ctld; do
	expect_is "no file of $(tr '\0' ' ' <"/proc/$pid/cmdline" |
	    cut -d: -f1) grows" "0 0" limit "$pid" "Max file size"
done
expect "cryptod: state files grow, but not without end" sh -c "
    grep -q '^Max file size  *[1-9][0-9]*  *[1-9]' /proc/$cryptod/limits"
expect_is "parent: capabilities" 0000000000001c20 status "$parent" CapEff
expect_is "parent: a system call filter" 2 status "$parent" Seccomp
expect_is "parent: no new privileges" 1 status "$parent" NoNewPrivs

# --- what warrenctl says of all five, against what the kernel says
show=$(ctl a -j show sandbox)
# said NAME KEY: from the JSON, whose objects are flat.
said() {
	echo "$show" | tr -d '\n' | sed 's/},* *{/}\n{/g' |
	    grep "\"process\": *\"$1\"" |
	    sed -n "s/.*\"$2\": *\"*\([^\",}]*\)\"*[,}].*/\1/p"
}
# word VALUE WANTED YES NO: the word for a number of the kernel's.
word() {
	if [ "$1" = "$2" ]; then echo "$3"; else echo "$4"; fi
}
# kernel NAME PID KEY: the same word from /proc.
kernel() {
	case $3 in
	uid)	status "$2" Uid | cut -d' ' -f1 ;;
	user)	getent passwd "$(status "$2" Uid | cut -d' ' -f1)" |
		    cut -d: -f1 ;;
	caps)	kernel_caps=$(status "$2" CapEff | sed 's/^0*//')
		echo "${kernel_caps:-0}" ;;
	seccomp) word "$(status "$2" Seccomp)" 2 filter none ;;
	no_new_privs) word "$(status "$2" NoNewPrivs)" 1 true false ;;
	chroot)	readlink "/proc/$2/root" ;;
	netns)	kernel_net=$(readlink "/proc/$2/ns/net")
		if [ "$kernel_net" = "$(readlink "/proc/$parent/ns/net")" ]
		then
			echo birth
		elif [ "$(sed -n 's/^ *\([^ ]*\):.*/\1/p' \
		    "/proc/$2/net/dev")" = lo ]; then
			echo empty
		fi ;;
	# Who is not dumpable has files in /proc that are root's.
	dumpable) word "$(stat -c %u "/proc/$2/environ")" 0 false true ;;
	esac
}
for row in "parent:$parent" "cryptod:$cryptod" "netd:$netd" "ctld:$ctld" \
    "resolverd:$resolverd"; do
	p=${row%:*}
	pid=${row#*:}
	for key in uid user caps seccomp no_new_privs chroot netns dumpable; do
		# Those of the parent are root's anyway: see secrets.sh.
		[ "$p:$key" != parent:dumpable ] || continue
		expect_is "warrenctl: $key of $p" \
		    "$(kernel "$p" "$pid" $key)" said "$p" $key
	done
	case $p in
	parent)	filter="parent run configured" loaded=1 ;;
	*)	filter="$p run" loaded=2 ;;
	esac
	expect_is "warrenctl: filter of $p" "$filter" said "$p" filter
	expect "warrenctl: $p has rules" [ "$(said "$p" syscalls)" -gt 20 ]
	# Older kernels do not count them.
	if grep -q '^Seccomp_filters:' "/proc/$pid/status"; then
		expect_is "filters of $p" $loaded status "$pid" Seccomp_filters
	fi
	expect "limits of $p: no core file" sh -c "
	    grep -q '^Max core file size  *0  *0 ' /proc/$pid/limits"
done
expect_is "warrenctl: nobody else" 5 sh -c "echo '$show' |
    grep -o '\"process\":' | wc -l"

# --- when memory runs out, the parent is the last
# oom PID: how much more than the parent's.
oom() {
	echo $(($(cat "/proc/$1/oom_score_adj") - \
	    $(cat "/proc/$parent/oom_score_adj")))
}
expect_is "parent: oom_score_adj as it was" "$(cat /proc/self/oom_score_adj)" \
    cat "/proc/$parent/oom_score_adj"
expect_is "cryptod: oom_score_adj" 100 oom "$cryptod"
expect_is "netd: oom_score_adj" 200 oom "$netd"
expect_is "ctld: oom_score_adj" 200 oom "$ctld"
expect_is "resolverd: oom_score_adj" 300 oom "$resolverd"

# --- files
for row in sock:warren read.sock:warren-read metrics.sock:warren-read; do
	expect_is "mode of the ${row%:*}" "660 root ${row#*:}" \
	    stat -c '%a %U %G' "$RUN/$(tun a).${row%:*}"
done
expect_is "mode of the lock" "600 root root" \
    stat -c '%a %U %G' "$RUN/$(tun a).lock"

# --- children are the parent's
for p in cryptod netd ctld resolverd; do
	by_hand() {
		"$BUILD/libexec/warren/$p" "$@" </dev/null 2>&1
	}
	expect_is "$p by hand" "warren: fatal: $p is a part of warrend and is \
started by it" by_hand
	expect_is "$p with a wrong user" "warren: fatal: bad number \"root\"" \
	    by_hand root 1 / 1
	expect_is "$p as root" "warren: fatal: bad number \"0\"" \
	    by_hand 0 0 / 1
done

# --- one at a time
expect_fail "a second parent" on a "$WARREND" -d -f "$T/a.conf"
expect_fail "cleanup while it runs" on a "$WARREND" --cleanup "$(tun a)"
expect "and nothing was cleaned" ctl a status

# --- a helper is not missed by the others
kill -9 "$resolverd"
says() {
	ctl a show processes | grep resolverd | grep -q ended
}
expect "the death of resolverd is seen" wait_for 5 says
expect "the others go on" ps -p "$parent,$cryptod,$netd,$ctld"
expect_is "all three of them" 3 sh -c "ps -o pid= --ppid $parent | wc -l"
status_says() {
	ctl a status | grep -q resolverd
}
expect "status tells of it" wait_for 5 status_says
for topic in imsg memory counters; do
	expect "show $topic is complete without it" ctl a show $topic
done
kill -HUP "$parent"
reloaded() {
	grep -q "reloaded: " "$T/a.log"
}
expect "a reload without it" wait_for 5 reloaded
expect "an end without it" conf_end a

# --- any other is
for victim in cryptod netd ctld; do
	begin
	eval "kill -9 \$$victim"
	expect "$victim: its death ends all" wait_for 5 gone "$parent"
	expect_is "$victim: nothing is left" "" sh -c "
	    ls '$RUN' | grep '$(tun a)'"
	expect_fail "$victim: no interface" ip_on a link show "$(tun a)"
done

# --- a killed parent
begin
kill -9 "$parent"
expect "its children end with it" wait_for 5 gone "$cryptod" "$netd" "$ctld" \
    "$resolverd"
expect "its files are left" test -e "$RUN/$(tun a).read.sock"
expect "cleanup" on a "$WARREND" --cleanup "$(tun a)"
expect_is "nothing is left" "" sh -c "ls '$RUN' | grep '$(tun a)'"
expect_is "no rule is left" "0 32766 32767" sh -c "
    ip -n '$(ns a)' rule show | cut -d: -f1 | tr '\n' ' ' | sed 's/ $//'"
expect "cleanup of what is clean" on a "$WARREND" --cleanup "$(tun a)"
begin
expect "it starts again" ctl a status
expect "and ends" conf_end a
