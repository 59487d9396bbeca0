#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What is in the way of a start or of a reload: files that are none, limits,
# names that are taken.  The line says what it is and how to mend it, a start
# leaves nothing, and what runs runs on.
# timeout: 120
# variants: no

. "$(dirname "$0")/../lib.sh"
need ip setpriv

host_new a
keys_new a b
i=$(tun a)
dir=$STATE/$i
cat >"$T/a.conf" <<CONF
interface $i {
	address 10.66.0.1/24
}
peer "bob" {
	public-key "$(key_of b)"
	allowed-ips 10.66.0.2/32
}
CONF

# refused WHAT LINE COMMAND...: it ends with 1, says that, and leaves nothing.
# All that it writes goes through a pipe, which no limit of files concerns.
refused() {
	refused_name=$1
	refused_line=$2
	shift 2
	{
		refused_rc=0
		NOTIFY_SOCKET='' on a timeout 20 "$@" 2>&1 || refused_rc=$?
		echo $refused_rc >"$T/status"
	} | cat >"$T/out"
	expect_is "$refused_name: exit status" 1 cat "$T/status"
	grep -q -e "$refused_line" "$T/out" ||
	    not_ok "$refused_name: the line" "$(cat "$T/out")"
	expect_is "$refused_name: no file is left" "" sh -c \
	    "find '$RUN' '$UAPI' -name '$i.lock' -o -name '$i*.sock'"
}
# A limit that the shell sets for one that it becomes.
# shellcheck disable=SC2016
limited='ulimit "$1" "$2" && shift 2 && exec "$@"'

# --- limits

refused "no file may grow" "cannot write $RUN/$i.lock: File too large" \
    sh -c "$limited" sh -f 0 "$WARREND" -d -f "$T/a.conf"
# As one that was killed left it.
echo 2147483647 >"$RUN/$i.lock"
cp "$RUN/$i.lock" "$T/lock"
NOTIFY_SOCKET='' on a timeout 20 sh -c "$limited" sh -f 0 "$WARREND" -d \
    -f "$T/a.conf" 2>&1 | cat >"$T/out"
expect "no file may grow: the lock of a killed one stays" \
    cmp "$T/lock" "$RUN/$i.lock"
rm "$RUN/$i.lock"
refused "no memory may be locked" "cryptod: .*cannot lock memory for keys: .*;\
 it needs CAP_IPC_LOCK or a limit of locked memory (ulimit -l) of 98304 kB" \
    setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock \
    sh -c "$limited" sh -l 64 "$WARREND" -d -f "$T/a.conf"

# --- runtime files

# It may have the name of the one that was killed.
mkdir "$RUN/.$i.sock.new"
refused "a directory where the socket is made" \
    "cannot remove $RUN/.$i.sock.new: Is a directory" \
    "$WARREND" -d -f "$T/a.conf"
rmdir "$RUN/.$i.sock.new"
mkfifo "$RUN/$i.undo"
refused "a FIFO for a journal" \
    "/$i.undo: not a journal of $i; look at \"ip rule\" and remove the file" \
    "$WARREND" -d -f "$T/a.conf"
rm "$RUN/$i.undo"
truncate -s 64M "$RUN/$i.undo"
refused "a journal that is too large" \
    "/$i.undo: not a journal of $i; look at \"ip rule\" and remove the file" \
    "$WARREND" -d -f "$T/a.conf"
rm "$RUN/$i.undo"

# --- the state directory

mkdir -p "$STATE" "$T/state"
rm -rf "$dir"
ln -s "$T/state" "$dir"
refused "the state directory is a link" "$dir: is a symbolic link; put " \
    "$WARREND" -d -f "$T/a.conf"
rm "$dir"

# --- names

refused "an interface of somebody" \
    "interface lo exists already; see whose it is: ip -d link show lo; take" \
    "$WARREND" -d lo
expect_fail "nobody is told to delete it" grep -q delete "$T/out"
expect_is "a name that is an option: exit status" 2 sh -c \
    "'$WARREND' -- -x 2>'$T/out'; echo \$?"
expect "a name that is an option: the rule" grep -q "no '-' at first" "$T/out"

# --- the port of the last time

port_of() {
	"$WARRENCTL" -i "$i" status | sed -n 's/.*listening port: *//p'
}
conf_start a
port=$(port_of)
conf_end a
printf ' %s \n\n' "$port" >"$dir/port"
conf_start a
expect_is "a port that an editor wrote" "$port" port_of
conf_end a
chown 1234 "$dir/port"
conf_start a
expect "somebody else's port file is told" grep -q \
    "$dir/port: belongs to uid 1234; chown root $dir/port; taking another" \
    "$T/a.log"
expect "in the status, too, and what follows from it" sh -c \
    "'$WARRENCTL' -i '$i' status | grep -q '/port cannot be read, so the port'"
expect_fail "it has another port" [ "$(port_of)" = "$port" ]
expect_is "the file stays as it was" "$port" sh -c "tr -d ' \n' <'$dir/port'"
conf_end a
chown 0 "$dir/port"
conf_start a
expect_is "and mended it is taken again" "$port" port_of
conf_end a

# --- directories where files ought to be, for one that runs

rm "$dir/sessions"
mkdir "$dir/sessions"
conf_start a
expect "sessions are a directory" grep -q \
    "$dir/sessions: is no regular file; going on" "$T/a.log"
says() {
	"$WARRENCTL" -i "$i" reload >"$T/out" 2>&1 && return 1
	grep -q -e "$1" "$T/out" && not grep -q 'while warrend runs' "$T/out"
}
mv "$dir/key" "$T/key"
mkdir "$dir/key"
expect "the key is a directory" says "$dir/key: is no regular file"
rmdir "$dir/key"
mv "$T/key" "$dir/key"
mv "$T/a.conf" "$T/kept.conf"
mkdir "$T/a.conf"
expect "the configuration is a directory" says 'a.conf: not a regular file'
rmdir "$T/a.conf"
mv "$T/kept.conf" "$T/a.conf"
expect "with all in place it reloads" ctl a reload
conf_end a
expect "what cannot be written is told as it is" grep -q \
    "cannot write $dir/sessions: Is a directory" "$T/a.log"
