# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# What the tests of addresses, routes and rules share: a host, a tool that
# drives the parent's part of it, by a pipe each way, and what is in the
# kernel.  A test sources this after lib.sh.

host_new a other
link_new a other 192.0.2.1/24 192.0.2.2/24 2001:db8::1/64 2001:db8::2/64
ip_on a route add default via 192.0.2.2
ip_on a -6 route add default via 2001:db8::2
settled() {
	! ip_on a -6 address | grep -q tentative &&
	    ip_on a -6 address show dev to-other | grep -q fe80
}
wait_for 10 settled || skip_all "IPv6 does not settle here"

# --- the tool, by a pipe each way

# use k|l: of two instances, the one that all below is about.
use() {
	INSTANCE=$P$1
	IF=$(tun "$1")
	IN=$T/in.$1
	OUT=$T/out.$1
	FD=9
	[ "$1" = k ] || FD=8
}
use k
# The host that the next one starts on.
HERE=a
: >"$T/kernel.log"

kernel_start() {
	rm -f "$IN"
	mkfifo "$IN"
	: >"$OUT"
	ip netns exec "$(ns "$HERE")" \
	    "$TOOLS/kernelctl" "$T" "$INSTANCE" "$IF" \
	    <"$IN" >"$OUT" 2>>"$T/kernel.log" &
	eval "kernel_pid_$FD=$!"
	PIDS="$PIDS $!"
	eval "exec $FD>\"\$IN\""
	wait_for 10 answered 1 || {
		not_ok "the start of kernelctl" "it does not answer"
		exit 1
	}
}

answered() {
	[ "$(grep -c '^done$' "$OUT")" -ge "$1" ]
}

# k COMMAND...: prints what it says.
k() {
	k_lines=$(wc -l <"$OUT")
	k_done=$(grep -c '^done$' "$OUT")
	echo "$*" >&$FD
	wait_for 60 answered $((k_done + 1)) || echo "no answer to $*"
	tail -n "+$((k_lines + 1))" "$OUT" | grep -v -e '^done$' -e '^took' ||
	    true
}

kernel_stop() {
	echo "$1" >&$FD
	eval "set -- \$kernel_pid_$FD"
	wait_for 10 gone "$1"
	eval "exec $FD>&-"
	kernel_rc=0
	wait "$1" 2>/dev/null || kernel_rc=$?
}

kernel_end() {
	kernel_stop close
	[ $kernel_rc -eq 0 ] || not_ok "the end of kernelctl" "$kernel_rc"
}

kernel_kill() {
	kernel_stop kill
}

undo() {
	on a "$TOOLS/kernelctl" -u "$T" "$INSTANCE" "$IF" 2>>"$T/kernel.log"
}

# apply FILE: prepare and commit.
apply() {
	k prepare "$1"
	k commit
}

# --- what is there

state() {
	on a sh -c 'ip rule; ip -6 rule; ip route show table all
	    ip -6 route show table all; ip -o address; ip -o link
	    cat /proc/sys/net/ipv4/conf/all/src_valid_mark'
}

routes() {
	ip_on a -o "$1" route show dev "$IF" | grep -v '^fe80\|^multicast' |
	    cut -d' ' -f1 | sort | tr '\n' ' '
}

addresses() {
	ip_on a -o address show dev "$IF" | awk '{print $4}' | tr '\n' ' '
}

# ours 4|6: the rules that name the table, or nothing.
rules() {
	ip_on a "-$1" rule | sed -n '/^520[0-9]:/p' | tr '\t' ' ' |
	    sed 's/ *$//' | sed "s/$TABLE2/T2/g; s/$TABLE/T/g; s/$MARK/M/g" |
	    tr '\n' ';'
}

# names FILE: MARK, TABLE and TABLE2 are what the instance has under FILE.
names() {
	MARK=$(k mark "$1" | sed 's/mark //')
	TABLE=$((MARK))
	TABLE2=$((MARK | 0x100000))
}

table() {
	ip_on a "-$1" route show table "$2" | awk '{print $1, $2}' |
	    tr '\n' ';'
}

clean_ok() {
	state >"$T/after"
	if diff "$T/before" "$T/after" >"$T/diff"; then
		ok "$1"
	else
		not_ok "$1" "$(tr '\n' ';' <"$T/diff")"
	fi
	[ ! -e "$T/$INSTANCE.undo" ] || not_ok "$1" "the journal is there"
}

said() {
	tail -n "+$((log_at + 1))" "$T/kernel.log" | grep -q "$1"
}

log_mark() {
	log_at=$(wc -l <"$T/kernel.log" 2>/dev/null || echo 0)
}

src_mark() {
	on a cat /proc/sys/net/ipv4/conf/all/src_valid_mark
}

# --- configurations

cat >"$T/one" <<END
address 10.66.0.1/24
address fd66::1/64
allowed 10.66.0.2/32
allowed fd66::2/128
allowed 198.51.100.0/24
allowed 198.51.100.128/25
allowed 2001:db8:77::/48
END

cat >"$T/two" <<END
address 10.66.0.1/24
address 10.77.0.1/24
address fd66::1/64
allowed 10.66.0.2/32
allowed 203.0.113.0/24
allowed 2001:db8:78::/48
mtu 1400
END

cat >"$T/all" <<END
address 10.66.0.1/24
address fd66::1/64
allowed 0.0.0.0/0
allowed ::/0
fwmark 0x2a
END
