#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A local user who may only read sends sockets that take a minute to close:
# ctld, who would have to close them, goes on, and a reload, too.
# timeout: 120

. "$(dirname "$0")/../lib.sh"
need wg ip python3

host_new a
on a ip link set lo up
keys_new a
cat >"$T/a.conf" <<CONF
interface $(tun a) {
	address 10.66.0.1/24
	private-key file "$T/a.key"
}
CONF
conf_start a
t=$(tun a)

ctld=$(sed -n 's/.*instance ready.* ctld \([0-9]*\).*/\1/p' "$T/a.log")

# Nobody reads there, so that it takes them so long.
ip netns exec "$P-a" python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
time.sleep(1000)' >"$T/port" &
PIDS="$PIDS $!"
wait_for 20 test -s "$T/port"

cat >"$T/linger.py" <<'END'
import os, socket, struct, sys

def linger(s, seconds):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
        struct.pack("ii", 1, seconds))

def lingering():
    s = socket.create_connection(("127.0.0.1", int(sys.argv[4])))
    linger(s, 60)
    s.setblocking(False)
    try:
        while True:
            s.send(b"x" * 65536)
    except BlockingIOError:
        return s

held = [lingering() for n in range(4)]
os.setgroups([])
os.setgid(int(sys.argv[3]))
os.setuid(int(sys.argv[2]))
c = socket.socket(socket.AF_UNIX)
c.connect(sys.argv[1])
for s in held:
    try:
        socket.send_fds(c, [b"get=1\n"], [s.fileno()])
    except PermissionError:
        linger(s, 0)                # Linux 6.16: they are still ours
    s.close()
END

# attack SOCKET USER: as that user, with the group that the socket is for.  It
# is done before ctld reads, which so has the last of each.
attack() {
	kill -STOP "$ctld"
	attack_rc=0
	on a timeout 90 python3 "$T/linger.py" "$1" "$2" \
	    "$(stat -c %g "$1")" "$(cat "$T/port")" || attack_rc=$?
	kill -CONT "$ctld"
	return $attack_rc
}
# Far less than such a socket takes.
quick() {
	timeout 20 "$WARRENCTL" -i "$t" "$@" >/dev/null
}
try() {
	expect "send to the $1 socket" attack "$2" "$3"
	expect "status after that" quick status
}
try read "$RUN/$t.read.sock" 65534
try metrics "$RUN/$t.metrics.sock" 65534
try control "$RUN/$t.sock" 65534
try UAPI "$UAPI/$t.sock" 0
expect "reload after that" quick reload
expect "it runs" kill -0 "$(pid_of a)"
