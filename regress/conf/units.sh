#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The systemd units: clean, confined as far as they can be, and warrend works
# in what their restrictions leave it.  The last is played without systemd:
# capabilities, groups, limits, system calls and mounts are those of the unit.

. "$(dirname "$0")/../lib.sh"
need systemd-analyze setpriv prlimit unshare

mkdir "$T/units"
for unit in warrend warrend@; do
	sh "$TOP/dist/unit.sh" "$TOP/dist/systemd/$unit.service.in" \
	    "$(dirname "$WARREND")" "$(dirname "$WARRENCTL")" /etc \
	    "${RUN%/warren}" "${STATE%/lib/warren}" >"$T/units/$unit.service"
	expect_fail "$unit: nothing is left to put in" \
	    grep '@[A-Z]' "$T/units/$unit.service"
	expect_is "$unit: systemd-analyze verify" "" \
	    systemd-analyze verify --man=no "$T/units/$unit.service"
	# What the rest is made of: root, the host's network, and the rights to
	# start children as other users in an empty root and network.
	systemd-analyze security --offline=yes --no-pager \
	    "$T/units/$unit.service" >"$T/security" 2>&1 || true
	level=$(sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p' "$T/security")
	expect "$unit: exposure level is $level" \
	    awk "BEGIN { exit !($level > 0 && $level <= 2.9) }"
done
for file in restrictions warrend.service.in "warrend@.service.in"; do
	expect_fail "no line of $file is too long for people" \
	    grep -Eq '^#.{80}' "$TOP/dist/systemd/$file"
done

# --- the packaged and the example configuration

expect "the packaged configuration" "$WARREND" -n -f "$TOP/dist/warren.conf"
mkdir "$T/etc"
chmod 700 "$T/etc"
for key in warren0.key alice.psk; do
	(umask 077 && "$WARRENCTL" genkey >"$T/etc/$key")
done
sed "s|/etc/warren/|$T/etc/|" "$TOP/dist/example.conf" >"$T/example.conf"
expect "the example" "$WARREND" -n -f "$T/example.conf"

# --- directories of other names, and the usual ones

# dist_in DIR VARIABLE=VALUE...: what make install puts there, but programs.
dist_in() {
	dist_dir=$1
	shift
	make -C "$TOP" --no-print-directory BUILD="$T/make" \
	    DESTDIR="$T/$dist_dir" "$@" install-dist >"$T/make.log" 2>&1 ||
	    { cat "$T/make.log"; return 1; }
}
expect "install into other directories" dist_in odd PREFIX=/opt/w \
    SYSCONFDIR=/opt/w/etc LOCALSTATEDIR=/opt/w/var RUNSTATEDIR=/opt/w/run
expect_is "nobody is led to the usual ones" "" \
    grep -rE '(^|[^w])/(etc|run|var/lib)/warren' "$T/odd"
expect_is "what is made at each boot" \
    "/opt/w/run/warren 0755 /opt/w/var/lib/warren 0700" \
    sh -c "awk '\$1 == \"d\" { print \$2, \$3 }' \
    '$T/odd/opt/w/lib/tmpfiles.d/warren.conf' | paste -sd' '"
# directories UNIT: those that systemd makes or leaves to be written to.
directories() {
	sed -n 's/^\(RuntimeDirectory\|StateDirectory\|ReadWritePaths\)=/\1 /p' \
	    "$1" | grep -v /proc | paste -sd' '
}
for unit in warrend warrend@; do
	odd=$T/odd/opt/w/lib/systemd/system/$unit.service
	expect_is "$unit may write there" "RuntimeDirectory wireguard \
ReadWritePaths -/opt/w/run/warren ReadWritePaths -/opt/w/var/lib/warren" \
	    directories "$odd"
done
expect "the example is theirs" \
    grep -q '"/opt/w/etc/warren/warren0.key"' \
    "$T/odd/opt/w/share/doc/warren/examples/warren.conf"
expect "so is the configuration" test -s "$T/odd/opt/w/etc/warren.conf"
expect "install into the usual ones" dist_in usual PREFIX=/usr \
    SYSCONFDIR=/etc LOCALSTATEDIR=/var RUNSTATEDIR=/run
for unit in warrend warrend@; do
	expect_is "$unit has those of systemd" \
	    "RuntimeDirectory warren wireguard StateDirectory warren" \
	    directories "$T/usual/usr/lib/systemd/system/$unit.service"
done
for file in tmpfiles.d/warren.conf:tmpfiles.conf \
    ../share/doc/warren/examples/warren.conf:example.conf \
    ../../etc/warren.conf:warren.conf; do
	expect "dist/${file#*:} is as it is" \
	    cmp "$T/usual/usr/lib/${file%:*}" "$TOP/dist/${file#*:}"
done

# --- warrend under the restrictions

[ "$(id -u)" = 0 ] || { skip "under the restrictions" "not root"; exit 0; }
host_new a
unit=$T/units/warrend.service
# value NAME: all values of a setting.
value() {
	sed -n "s/^$1=//p" "$unit" | tr '\n' ' '
}
# calls GROUP...: the names of system calls.
calls() {
	for call in "$@"; do
		case $call in
		@*)	# A group names others.
			# shellcheck disable=SC2046
			calls $(systemd-analyze syscall-filter "$call" |
			    sed -n 's/^  *\([@a-z]\)/\1/p') ;;
		*)	echo "$call" ;;
		esac
	done
}
# shellcheck disable=SC2046
{
	calls @default $(sed -n 's/^SystemCallFilter=\([^~]\)/\1/p' "$unit") |
	    sort -u >"$T/allowed"
	calls $(sed -n 's/^SystemCallFilter=~//p' "$unit") | sort -u >"$T/denied"
}
comm -23 "$T/allowed" "$T/denied" >"$T/calls"
caps=-all
for cap in $(value CapabilityBoundingSet); do
	caps=$caps,+$(echo "${cap#CAP_}" | tr '[:upper:]' '[:lower:]')
done
groups=$(for group in $(value SupplementaryGroups); do
	getent group "$group" | cut -d: -f3
done | paste -sd,)
expect "the unit names groups, capabilities and system calls" \
    sh -c "[ -n '$groups' ] && [ '$caps' != -all ] && [ -s '$T/calls' ]"

# The root is there to be read; but for the directories of the unit, as systemd
# does it.
writable=$(for dir in $(value RuntimeDirectory); do echo "/run/$dir"; done
    for dir in $(value StateDirectory); do echo "/var/lib/$dir"; done
    value ReadWritePaths | tr ' ' '\n' | sed -n 's/^-*\(.\)/\1/p')
cat >"$T/mounts.sh" <<'END'
set -eu
mount --make-rprivate /
for dir in $WRITABLE; do
	[ ! -d "$dir" ] || mount --bind "$dir" "$dir"
done
mkdir -p "$T/dev"
mount -t tmpfs -o mode=755,nosuid tmpfs "$T/dev"
mkdir "$T/dev/net" "$T/dev/pts" "$T/dev/shm"
for node in null zero full random urandom tty net/tun; do
	: >"$T/dev/$node"
	mount --bind "/dev/$node" "$T/dev/$node"
done
ln -s /proc/self/fd "$T/dev/fd"
mount --move "$T/dev" /dev
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount --bind /proc/sys/net/ipv4/conf /proc/sys/net/ipv4/conf
mount -o remount,bind,rw /proc/sys/net/ipv4/conf
while read -r _ _ _ _ dir _; do
	case $dir in
	/dev*|/proc*|/sys*) continue ;;
	esac
	case " $WRITABLE " in
	*" $dir "*) continue ;;
	esac
	mount -o remount,bind,ro "$dir" 2>/dev/null || echo "$dir" >&2
done </proc/self/mountinfo
exec "$@"
END
mkdir -p "$RUN" "$UAPI" "$STATE"
WRITABLE=$(echo "$writable" | paste -sd' ')
# In a container root may not raise its own limits, as systemd can.
limits="--core=0 --memlock=$((1 << 30)) --nofile=65536"
# shellcheck disable=SC2086
prlimit $limits true 2>/dev/null || limits=--core=0
# The search for leaks at the end of a process asks for calls of its own.
! sanitized || export ASAN_OPTIONS=detect_leaks=0
fence() {
	export WRITABLE T
	# shellcheck disable=SC2086
	ip netns exec "$(ns a)" unshare -m sh "$T/mounts.sh" \
	    prlimit $limits \
	    setpriv --bounding-set "$caps" --inh-caps=-all \
	    --groups "$groups" --no-new-privs \
	    "$TOOLS/fence" "$T/calls" "$@"
}
(umask 022 && : >"$RUN/probe")
expect "what may be written to is" fence touch "$RUN/probe"
rm -f "$RUN/probe"
for bad in "touch $TOP/regress/probe" "mount -t tmpfs tmpfs /mnt" \
    "unshare -m true" "unshare -n mount -t sysfs s /sys" \
    "chmod u+s $RUN/probe" "setpriv --inh-caps=+sys_ptrace true" \
    "sysctl -q -w kernel.panic=1" "nsenter -t 1 -n true"; do
	# shellcheck disable=SC2086
	expect_fail "refused: $bad" fence $bad
done

i=$(tun a)
cat >"$T/a.conf" <<END
interface $i {
	address 10.77.0.1/24
	listen port 53
	fwmark 51820
}
peer "b" {
	public-key "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
	endpoint b.example.net port 51820
	allowed-ips { 0.0.0.0/0, ::/0 }
}
END
fence "$WARREND" -d -f "$T/a.conf" >"$T/a.log" 2>&1 &
pid=$!
PIDS="$PIDS $pid"
if wait_for 10 "$WARRENCTL" -i "$i" status; then
	ok "warrend starts"
else
	not_ok "warrend starts" "$(cat "$T/a.log")"
	exit 1
fi
main=$(head -n 1 "$RUN/$i.lock")
expect_is "with the groups on its sockets" \
    "660 root:warren 660 root:warren-read 660 root:warren-read" sh -c \
    "stat -c '%a %U:%G' '$RUN/$i.sock' '$RUN/$i.read.sock' \
    '$RUN/$i.metrics.sock' | paste -sd' '"
expect_is "and all processes" "parent cryptod netd ctld resolverd" sh -c \
    "'$WARRENCTL' -i $i show processes | awk 'NR > 1 { print \$1 }' |
    paste -sd' '"
expect_is "cryptod has an empty network" empty sh -c \
    "'$WARRENCTL' -j -i $i show sandbox |
    sed -n 's/.*\"process\":\"cryptod\".*\"netns\":\"\([a-z]*\)\".*/\1/p'"
expect_is "a default route sets what the kernel needs" 1 \
    on a cat /proc/sys/net/ipv4/conf/all/src_valid_mark
expect "a key is made and kept" test -s "$STATE/$i/key"
expect "ExecReload" fence "$WARRENCTL" -p "$main" reload
sed -i 's/keepalive.*//; s/51820$/51821/' "$T/a.conf"
expect "and with a change" fence "$WARRENCTL" -p "$main" reload
kill "$main"
wait $pid && rc=0 || rc=$?
expect_is "it ends well" 0 echo $rc
expect_is "and undoes what it did" 0 \
    on a cat /proc/sys/net/ipv4/conf/all/src_valid_mark
expect_is "nothing was refused" "" \
    grep -Ei 'cannot|denied|not permitted|read-only' "$T/a.log"
expect "ExecStopPost finds nothing" fence "$WARREND" --cleanup "$i"
rm -rf "${STATE:?}/$i"
