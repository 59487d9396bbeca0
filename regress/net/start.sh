#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Before all are ready: another program is in the place of one of the
# children, and stops at once, says nothing, lies about its sandbox, dies or
# is only slow.  The start fails with the reason and leaves nothing behind;
# who is slow is waited for.
# timeout: 150
# slow: beside
# variants: no

. "$(dirname "$0")/../lib.sh"
need ip wg ps python3 mount

LIBEXEC=$(sed -n 's/.*WARREN_LIBEXECDIR *"\(.*\)"/\1/p' \
    "$BUILD/config.h")/warren
host_new a b c d e f g h
keys_new a b a2
for host in a b c d e f g h; do
	cat >"$T/$host.conf" <<CONF
interface $(tun $host) {
	address 10.66.0.1/24
	private-key file "$T/a.key"
}
peer "x" {
	public-key "$(key_of b)"
	endpoint 192.0.2.1 port 51820
	allowed-ips 10.66.0.2/32
}
CONF
done

# Each has fd 3, the link to the parent, and its arguments.
cat >"$T/stops" <<'PY'
#!/usr/bin/python3 -I
import os, signal, sys
os.kill(os.getpid(), signal.SIGSTOP)
# It was let go on: it is the true one from now on.
os.execv("@TRUE@", ["@NAME@"] + sys.argv[1:])
PY
cat >"$T/silent" <<'PY'
#!/usr/bin/python3 -I
import socket
s = socket.socket(fileno=3)
s.setblocking(True)
while s.recvmsg(65536, 4096)[0]:
    pass
PY
cat >"$T/deaf" <<'PY'
#!/usr/bin/python3 -I
import time
time.sleep(1000)
PY
cat >"$T/dies" <<'PY'
#!/usr/bin/python3 -I
import sys
sys.exit(7)
PY
# READY begins as STARTUP does, with the version and the build id.
cat >"$T/lies" <<'PY'
#!/usr/bin/python3 -I
import socket, struct, sys
s = socket.socket(fileno=3)
s.setblocking(True)
while True:
    m = s.recvmsg(65536, 4096)[0]
    if not m:
        sys.exit(0)
    if struct.unpack("<H", m[:2])[0] == 0x0101:
        break
ready = m[12:46] + struct.pack("<BBBBBBBIIQHH", 2, 1, 0, 1, 1, 0, 0,
    int(sys.argv[1]), int(sys.argv[2]), 1 << 21, 10, 10)
s.send(struct.pack("<HHII", 0x0102, 0, len(ready), 0) + ready)
while s.recvmsg(65536, 4096)[0]:
    pass
PY
# Who tells what it is given first.
cat >"$T/first" <<'PY'
#!/usr/bin/python3 -I
import socket, struct, sys
s = socket.socket(fileno=3)
s.setblocking(True)
sys.exit("first: 0x%04x" % struct.unpack("<H", s.recvmsg(65536, 4096)[0][:2]))
PY
for proc in cryptod netd ctld resolverd; do
	cp "$LIBEXEC/$proc" "$T/$proc.true"
done

# begin HOST PROCESS PROGRAM: an instance with that in its place; ip-netns
# gives each mounts of its own.
begin() {
	: >"$T/$1.log"
	sed "s|@TRUE@|$T/$2.true|; s|@NAME@|$2:$(tun "$1")|" \
	    "$T/$3" >"$T/$1.stand-in"
	chmod 755 "$T/$1.stand-in"
	# shellcheck disable=SC2016
	NOTIFY_SOCKET='' start "$1" sh -c \
	    'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh \
	    "$T/$1.stand-in" "$LIBEXEC/$2" "$WARREND" -d -f "$T/$1.conf"
}

# The true ones by their names, and who is in its namespace.
processes() {
	ps -eo pid=,stat=,args= | awk -v tun="$(tun "$1")" '
	$2 !~ /^Z/ && split($3, part, ":") == 2 && part[2] == tun'
	ip netns pids "$(ns "$1")"
}

stand_in() {
	ps -o pid=,args= --ppid "$(pid_of "$1")" |
	    sed -n "s|^ *\([0-9]*\) [^ ]*python3 -I $LIBEXEC/.*|\1|p"
}

is_stopped() {
	case $(ps -o stat= -p "$(stand_in "$1")") in
	T*) ;;
	*) return 1 ;;
	esac
}

# fails HOST SECONDS NAME LINE: it has ended for that, and all with it.
fails() {
	fails_pid=$(pid_of "$1")
	fails_rc=0
	expect "$3: it ends" wait_for "$2" gone "$fails_pid"
	gone "$fails_pid" || kill -9 "$fails_pid"
	wait "$fails_pid" || fails_rc=$?
	expect_is "$3: exit status" 1 echo $fails_rc
	expect "$3: the log tells" grep -q "$4" "$T/$1.log"
	expect_fail "$3: it never ran" conf_is_ready "$1"
	expect_is "$3: no process is left" "" processes "$1"
	expect_is "$3: no file is left" "" \
	    sh -c "find '$RUN' '$UAPI' 2>/dev/null -name '$(tun "$1")*'"
	expect_fail "$3: no interface is left" \
	    ip_on "$1" link show "$(tun "$1")"
	expect_is "$3: nothing is left in the kernel" "$before" \
	    kernel_state "$1"
}
before=$(kernel_state a)

# --- stopped right after its start, or one that hears all and says nothing, or
# one that does not: for as long as it is waited for

begin a cryptod stops
begin b netd stops
begin c ctld stops
begin d resolverd stops
begin e cryptod silent
begin f netd silent
begin g ctld deaf
begin h resolverd silent
for host in a b c d; do
	expect "$host: it is stopped" wait_for 10 is_stopped $host
done
# cryptod and netd wait for each other's ring.
while read -r host proc others how; do
	fails "$host" 40 "$proc $how" \
	    "$proc was not ready within [0-9]* seconds; ending"
	expect_is "$proc $how: whom else that concerns" "$others" \
	    grep -c 'was not ready' "$T/$host.log"
done <<'END'
a cryptod 2 never begins
b netd 2 never begins
c ctld 1 never begins
d resolverd 1 never begins
e cryptod 2 is silent
f netd 2 is silent
g ctld 1 is silent
h resolverd 1 is silent
END

# --- that say what is not so, or nothing any more

for proc in cryptod netd ctld resolverd; do
	begin a $proc lies
	fails a 10 "$proc lies" "$proc has capabilities; ending"
	begin a $proc dies
	fails a 10 "$proc dies" "$proc (pid [0-9]*) exited with status 7"
done

# One of another build would stumble over anything else, and not say so.
begin a cryptod first
fails a 10 "cryptod of another build" "cryptod.*first: 0x0101"

# --- a start that is interrupted, and one that is only slow

begin a netd stops
expect "it is stopped" wait_for 10 is_stopped a
kill -TERM "$(pid_of a)"
fails a 5 "interrupted" "got SIGTERM; ending"

# All run, and the configuration is still on its way to them.
{
	cat "$T/a.conf"
	printf 'peer "y" {\n\tpublic-key "%s"\n\tallowed-ips {\n' "$(key_of a2)"
	seq 60000 | awk '{ printf "10.%d.%d.%d/32\n", 128 + int($1 / 65536),
	    int($1 / 256) % 256, $1 % 256 }'
	printf '\t}\n}\n'
} >"$T/large.conf"
: >"$T/a.log"
NOTIFY_SOCKET='' start a "$WARREND" -d -f "$T/large.conf"
for n in $(seq 1000); do
	# They run when the parent has given up what only the start needs.
	! grep -q '^Seccomp:[^0-9]*2' "/proc/$(pid_of a)/status" || break
	sleep 0.005
done
expect "all run" [ "$n" -lt 1000 ]
kill -TERM "$(pid_of a)"
fails a 10 "interrupted later" "got SIGTERM; ending"

for proc in cryptod netd ctld resolverd; do
	begin a $proc stops
	expect "$proc is slow: it is stopped" wait_for 10 is_stopped a
	sleep 1
	expect_fail "$proc is slow: it is waited for" conf_is_ready a
	kill -CONT "$(stand_in a)"
	expect "$proc is slow: it runs in the end" wait_for 10 conf_is_ready a
	expect "$proc is slow: it answers" ctl a status
	conf_end a
	expect_is "$proc is slow: no process is left" "" processes a
done
