#!/bin/sh
# SPDX-License-Identifier: ISC
#
# No memory is left, for one process or for the whole instance, while much is
# set by UAPI or reloaded.  Either it is done, or it is refused and all goes
# on, or all ends with a line that says why; then a start is as ever, and what
# is on disk is whole.

. "$(dirname "$0")/../lib.sh"
need wg ping ip python3 prlimit setpriv
# class: check-all
# alone: yes
# timeout: 300

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b
before=$(kernel_state a)
IF=$(tun a)
# Who is killed for want of memory may be the parent.
# shellcheck disable=SC2034
MAY_LEAVE=1

# Many peers: 130,560 allowed IPs for wg(8), 3000 peers with routes for us.
python3 - "$T" "$IF" "$(key_of b)" <<'EOP'
import base64, os, sys
top, ifname, bob = sys.argv[1:]
def key():
    return base64.b64encode(os.urandom(32)).decode()
with open(top + "/big.wg", "w") as f:
    for i in range(510):
        f.write("[Peer]\nPublicKey = %s\nAllowedIPs = %s\n" % (key(),
            ", ".join("%d.%d.%d.0/24" % (100 + i // 256, i % 256, j)
            for j in range(256))))
with open(top + "/small.conf", "w") as f:
    f.write('interface %s {\n\taddress 10.66.0.1/24\n'
            '\tlisten port 51820\n}\n'
            'peer "bob" {\n\tpublic-key "%s"\n'
            '\tendpoint 192.0.2.2 port 51820\n'
            '\tallowed-ips 10.66.0.2/32\n}\n' % (ifname, bob))
with open(top + "/small.conf") as small, open(top + "/big.conf", "w") as f:
    f.write(small.read())
    for i in range(3000):
        f.write('peer "p%d" {\n\tpublic-key "%s"\n'
                '\tallowed-ips { 100.%d.%d.0/24, fd77:%x::/64 }\n}\n' %
                (i, key(), 64 + i // 250, i % 250, i))
EOP

child_of() {
	ps -o pid=,args= --ppid "$1" | sed -n "s/^ *\([0-9]*\) $2:.*/\1/p"
}
everyone() {
	all="$(pid_of a) $(ps -o pid= --ppid "$(pid_of a)" | tr '\n' ' ')"
	log_at=$(wc -l <"$T/a.log")
}
said() {
	tail -n "+$((log_at + 1))" "$T/a.log" | grep -q -e "$1"
}

bare_start() {
	warren_start a
	wg_setup a 51820
	peer_add a b 10.66.0.2/32 endpoint 192.0.2.2:51820
	tunnel_up a 10.66.0.1/24
	# b takes the address from the key that the state directory has.
	peer_add b a 10.66.0.1/32 endpoint 192.0.2.1:51820
	everyone
}
key_is() {
	ctl a -j show interface | python3 -c '
import json, sys
print(json.load(sys.stdin)["rows"][0]["public_key"])'
}
by_file() {
	cp "$T/small.conf" "$T/a.conf"
	conf_start a
	everyone
	key_is >"$T/file.pub"
	peer_add b file 10.66.0.1/32 endpoint 192.0.2.1:51820
}

# The work: 0 if it was done.
set_big() {
	on a timeout 60 wg addconf "$IF" "$T/big.wg"
}
reload_big() {
	cp "$T/big.conf" "$T/a.conf"
	ctl a reload
}

# some_gone: of the processes of a, other than the helper.
some_gone() {
	for some in $all; do
		[ "$some" = "$(cat "$T/helper")" ] || not gone "$some" ||
		    return 0
	done
	return 1
}
answers() {
	[ -S "$RUN/$IF.sock" ] && ctl a show interface >/dev/null 2>&1
}
# Who waited for it once cannot do so again.
was_killed() {
	killed_rc=0
	wait "$1" || killed_rc=$?
	[ $killed_rc -eq 137 ]
}

# Either all are there and each of them answers, or all are gone.
settled() {
	if some_gone; then
		# shellcheck disable=SC2086
		gone $all
	else
		# A client, too, takes memory.
		$LIFT
		ctl a show counters && ! some_gone
	fi
}

# fate NAME: what became of it, after the work; LIFT takes the limit away.
# 1: it ended.
fate() {
	child_of "$(pid_of a)" resolverd >"$T/helper" || true
	expect "$1: all answer, or all end" wait_for 15 settled
	if some_gone; then
		if said 'fatal: .*memory\|killed by signal 9 \|cannot .*memory'
		then
			ok "$1: the log tells why"
		elif [ -n "$CG" ] && was_killed "$(pid_of a)"; then
			ok "$1: the parent was killed: nobody can tell"
		else
			not_ok "$1: the log tells why" \
			    "$(tail -n 1 "$T/a.log")"
		fi
		on a "$WARREND" --cleanup "$IF" >>"$T/a.log" 2>&1 || true
		expect_is "$1: nothing is left in the kernel" "$before" \
		    kernel_state a
		echo "# $1: ended"
		$LIFT
		return 1
	fi
	$LIFT
	expect "$1: it answers" wait_for 10 answers
	expect "$1: the tunnel works" wait_for 10 ping_from a 10.66.0.2 1
}

# end_a: and the state is whole.
end_a() {
	conf_end a
	expect_is "$1: nothing is left in the kernel" "$before" kernel_state a
}

# attempt NAME START WORK: with the limit that SQUEEZE sets.
attempt() {
	$2
	expect "$1: ping before" wait_for 10 ping_from a 10.66.0.2 1
	sum=
	[ "${2#bare}" != "$2" ] || sum=$(cksum <"$STATE/$IF/key")
	$SQUEEZE
	if $3 >"$T/out" 2>&1; then
		done=0
	else
		done=1
		echo "# $1: $(tail -n 1 "$T/out" | cut -c 1-120)"
	fi
	if fate "$1"; then
		if [ $done -eq 0 ]; then
			echo "# $1: done"
		else
			expect "$1: and then it is done" "$3"
			expect "$1: the tunnel works after that" \
			    wait_for 10 ping_from a 10.66.0.2 1
		fi
		end_a "$1"
	fi
	if [ -n "$sum" ]; then
		expect_is "$1: the key on disk is whole" "$sum" \
		    sh -c "cksum <'$STATE/$IF/key'"
		by_file
		expect "$1: a fresh start works" \
		    wait_for 10 ping_from a 10.66.0.2 1
		end_a "$1, started afresh"
	fi
}

warren_start b
wg_setup b 51820
tunnel_up b 10.66.0.2/24

# --- one process gets no more address space

squeeze_as() {
	as_pid=$(pid_of a)
	[ "$victim" = parent ] || as_pid=$(child_of "$as_pid" "$victim")
	as_now=$(awk '/^VmSize/ { print $2 }' "/proc/$as_pid/status")
	limit_as $(((as_now + slack) * 1024))
}
limit_as() {
	setpriv --reuid "$(awk '/^Uid:/ { print $2 }' "/proc/$as_pid/status")" \
	    --regid "$(awk '/^Gid:/ { print $2 }' "/proc/$as_pid/status")" \
	    --clear-groups prlimit --pid "$as_pid" "--as=$1:"
}
lift_as() {
	gone "$as_pid" || limit_as unlimited
}
CG=
SQUEEZE=squeeze_as
LIFT=lift_as
for victim in ctld cryptod netd; do
	for slack in 0 4096; do
		attempt "bare, $victim has $slack KiB" bare_start set_big
	done
done
for victim in parent ctld cryptod netd; do
	for slack in 0 1024; do
		attempt "by a file, $victim has $slack KiB" by_file reload_big
	done
done

# --- the instance gets no more memory: a group of its own for it

# cg_find: the directory of ours, below which a group may be made.
cg_find() {
	cg_path=$(sed -n 's/^[0-9]*:memory://p' /proc/self/cgroup)
	if [ -n "$cg_path" ]; then
		CG_MAX=memory.limit_in_bytes
		CG_NOW=memory.usage_in_bytes
		CG_NONE=-1
		cg_top=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ \
		    { print $2; exit }' /proc/self/mounts)
	else
		CG_MAX=memory.max
		CG_NOW=memory.current
		CG_NONE=max
		cg_path=$(sed -n 's/^0:://p' /proc/self/cgroup)
		cg_top=$(awk '$3 == "cgroup2" { print $2; exit }' \
		    /proc/self/mounts)
	fi
	CG=$cg_top${cg_path%/}/$P
}
cg_end() {
	[ -d "$CG" ] || return 0
	# What the test started ends with it; then the group can go.
	echo $CG_NONE >"$CG/$CG_MAX"
	while read -r cg_pid; do
		kill -9 "$cg_pid" 2>/dev/null
	done <"$CG/cgroup.procs"
	wait_for 5 rmdir "$CG"
}
cg_rc=0
trap 'cg_rc=$?; set +e; cg_end; (exit $cg_rc); cleanup' EXIT

cg_find
if ! mkdir "$CG" 2>/dev/null || [ ! -e "$CG/$CG_MAX" ]; then
	skip "a group with little memory" "no memory cgroup can be made here"
	exit
fi
# From outside: in a network namespace ip(8) mounts another /sys.
cat >"$T/cage" <<SH
#!/bin/sh
echo \$\$ >"$CG/cgroup.procs" && exec "\$@"
SH
chmod +x "$T/cage"
start() {
	start_host=$1
	shift
	$CAGE ip netns exec "$(ns "$start_host")" "$@" \
	    >>"$T/$start_host.log" 2>&1 &
	PIDS="$PIDS $!"
	eval "pid_$start_host=$!"
}
caged() {
	CAGE=$T/cage
	"$@"
	CAGE=
}
CAGE=
bare_caged() {
	caged bare_start
}
file_caged() {
	caged by_file
}

squeeze_cg() {
	cg_now=$(cat "$CG/$CG_NOW")
	echo $((cg_now + slack * 1024)) >"$CG/$CG_MAX"
}
lift_cg() {
	echo $CG_NONE >"$CG/$CG_MAX"
}
SQUEEZE=squeeze_cg
LIFT=lift_cg
for slack in 256 2048 8192; do
	attempt "bare, $slack KiB for all" bare_caged set_big
	attempt "by a file, $slack KiB for all" file_caged reload_big
done

# Too little for a start.
cp "$T/small.conf" "$T/a.conf"
for limit in 1 3; do
	echo ${limit}M >"$CG/$CG_MAX"
	caged start a "$WARREND" -d -f "$T/a.conf"
	expect "a start with $limit MiB ends" wait_for 30 gone "$(pid_of a)"
	lift_cg
	on a "$WARREND" --cleanup "$IF" >>"$T/a.log" 2>&1 || true
	expect_is "a start with $limit MiB: nothing is left" "$before" \
	    kernel_state a
done
by_file
expect "a start with enough: ping" wait_for 10 ping_from a 10.66.0.2 1
end_a "a start with enough"

# Slowed down but not refused.
if [ -e "$CG/memory.high" ]; then
	file_caged
	cat "$CG/$CG_NOW" >"$CG/memory.high"
	expect "slowed down: ping" ping_from a 10.66.0.2
	expect "slowed down: a large reload" reload_big
	expect "slowed down: it answers" wait_for 30 answers
	expect "slowed down: the tunnel works" \
	    wait_for 30 ping_from a 10.66.0.2 1
	echo max >"$CG/memory.high"
	end_a "slowed down"
else
	skip "slowed down for want of memory" \
	    "memory.high is of cgroup v2, and memory is not one of those here"
fi
