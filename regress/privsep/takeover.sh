#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Who took over a process of a running instance has its descriptors.  Here the
# test has them, by pidfd_getfd(2) and without the process's filter: it breaks
# the rules towards the parent, makes what is shared block, reconnects sockets,
# sends plaintext from them, and fills doorbells and queues.  The others
# neither hang nor are fooled, and nothing of the instance is left.
# timeout: 240
# slow: beside

. "$(dirname "$0")/../lib.sh"
need ip wg ping ps python3

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b
for row in "a b 1" "b a 2"; do
	# shellcheck disable=SC2086
	set -- $row
	cat >"$T/$1.conf" <<CONF
interface $(tun "$1") {
	address 10.66.0.$3/24
	listen port 51820
	private-key file "$T/$1.key"
}
peer "$2" {
	public-key "$(key_of "$2")"
	endpoint 192.0.2.$((3 - $3)) port 51820
	allowed-ips 10.66.0.$((3 - $3))/32
}
CONF
done

# seize.py PID COMMAND [ARGUMENT...]
cat >"$T/seize.py" <<'PY'
import array, ctypes, errno, fcntl, os, socket, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)
pid, command, args = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
pidfd = os.pidfd_open(pid)

def get(fd):
    got = libc.syscall(438, pidfd, fd, 0)
    if got == -1 and ctypes.get_errno() != errno.ESRCH:
        sys.exit("pidfd_getfd: errno %d" % ctypes.get_errno())
    return got

def all_fds():
    for name in sorted(os.listdir("/proc/%d/fd" % pid), key=int):
        if int(name) <= 2:
            continue
        try:
            what = os.readlink("/proc/%d/fd/%s" % (pid, name))
        except OSError:
            return
        fd = get(int(name))
        if fd == -1:
            return      # it was ended meanwhile
        yield fd, what

def sockets(kind):
    for fd, what in all_fds():
        if what.startswith("socket:"):
            s = socket.socket(fileno=fd)
            if s.type == kind:
                yield s

def message(type, data=b"", flags=0, claim=None):
    return struct.pack("<HHII", type, flags,
        len(data) if claim is None else claim, 7) + data

ENDS = (0x0403, 0x0113)     # SHOW_END, SOCKET_DONE
LOG, FAULT, GO, SHOW, LISTEN_SET = 0x010e, 0x010f, 0x0103, 0x0401, 0x0111
LINE = b"\1\5\0hello"
# Whatever it may say to the parent; those that are answered in turn.
FLOODS = {
    "log": [message(LOG, LINE)],
    "show": [message(SHOW, bytes([topic])) for topic in range(1, 8)],
    "listen": [message(LISTEN_SET, struct.pack("<H", port))
        for port in (51821, 51822, 0)],
}

# What no child may say to the parent.
BREACHES = {
    "unknown": (message(0xfffe), 0),
    "type of the parent": (message(GO), 0),
    "too long": (message(LOG, LINE * 200), 0),
    "too short": (message(FAULT, b"x"), 0),
    "descriptor": (message(LOG, LINE), 1),
    "descriptors": (message(LOG, LINE), 9),
    "flags": (message(LOG, LINE, flags=1), 0),
    "length": (message(LOG, LINE, claim=70000), 0),
    "stub": (b"\1", 0),
}

if command == "breach":
    data, fds = BREACHES[args[0]]
    s = socket.socket(fileno=get(3))
    try:
        s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
            array.array("i", [0] * fds))] if fds else [], socket.MSG_DONTWAIT)
    except PermissionError:
        print("refused")        # by the kernel, since Linux 6.16
elif command == "flood":
    # To the parent alone, as fast as it takes it.  What is answered is asked
    # WINDOW times at once, and the answers are read; or else it ends us.
    s = socket.socket(fileno=get(3))
    # It is shared with the process, which must not wait in it.
    s.setblocking(False)
    what, seconds, window = args[0], float(args[1]), int(args[2])
    end = time.monotonic() + seconds
    last = end + 10
    n = answers = 0
    waits = what != "log"
    while time.monotonic() < (last if waits and answers < n else end):
        try:
            if time.monotonic() < end and not (waits and
                    n - answers >= window):
                s.send(FLOODS[what][n % len(FLOODS[what])])
                n += 1
            elif waits:
                data = s.recv(65536)
                if not data:
                    sys.exit("it was ended")
                answers += struct.unpack("<H", data[:2])[0] in ENDS
        except BlockingIOError:
            time.sleep(0.0005)
        except OSError as e:
            sys.exit("it was ended: %s" % e)
    print("# %s: %d said, %d answers" % (what, n, answers))
    sys.exit(n < 100 or (waits and answers < n))
elif command == "babble":
    # Lines for the log, to those who have none: its siblings.
    n = 0
    for s in sockets(socket.SOCK_SEQPACKET):
        if s.fileno() and n == 0:
            n = 1       # the parent's
            continue
        for i in range(500):
            try:
                s.send(message(LOG, LINE), socket.MSG_DONTWAIT)
                n += 1
            except BlockingIOError:
                time.sleep(0.001)
            except OSError:
                break
    sys.exit(n < 2)
elif command == "bells":
    # Every pipe that it writes to, up to the brim, without end.
    n = 0
    for round in range(50):
        for fd, what in all_fds():
            if what.startswith("pipe:") and \
                    fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE:
                os.set_blocking(fd, False)
                try:
                    while True:
                        n += os.write(fd, b"x" * 4096)
                except BlockingIOError:
                    pass
            os.close(fd)
    sys.exit(n == 0)
elif command == "block":
    n = 0
    for fd, what in all_fds():
        os.set_blocking(fd, True)
        n += 1
    sys.exit(n == 0)
elif command == "unspec":
    # Its sockets belong to nobody any more, then to a port of our choice.
    n = 0
    for s in sockets(socket.SOCK_DGRAM):
        sa = struct.pack("H14x", socket.AF_UNSPEC)
        if libc.connect(s.fileno(), sa, len(sa)) == -1:
            sys.exit("connect: errno %d" % ctypes.get_errno())
        n += 1
    sys.exit(n == 0)
elif command == "plain":
    # Does an echo come back to one of its own sockets?
    for s in sockets(socket.SOCK_DGRAM):
        to = (args[0], int(args[1]))
        if s.family == socket.AF_INET6:
            continue
        s.settimeout(1)
        try:
            s.sendto(b"plain", to)
            while s.recvfrom(2048)[1] != to:
                pass
            sys.exit(0)
        except OSError:
            pass
    sys.exit("no echo")
PY
cat >"$T/echo.py" <<'PY'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 7))
while True:
    data, at = s.recvfrom(2048)
    s.sendto(data, at)
PY

pid_in() {
	ctl "$1" -j show processes |
	    sed -n "s/.*\"process\":\"$2\",\"pid\":\([0-9]*\).*/\1/p"
}
seize() {
	python3 "$T/seize.py" "$@"
}
# begin [PROCESS]: a new instance; $pid is that process.
begin() {
	conf_start a
	parent=$(pid_in a parent)
	all=$parent
	for begin_p in cryptod netd ctld resolverd; do
		all="$all $(pid_in a $begin_p)"
	done
	pid=$(pid_in a "${1:-parent}")
}
# all_end NAME: the instance is gone, and with it whatever it made.
all_end() {
	# shellcheck disable=SC2086
	expect "$1: all end" wait_for 10 gone $all
	expect_is "$1: nothing is left" "" sh -c "ls '$RUN' | grep '$(tun a)'"
	expect_fail "$1: no interface" ip_on a link show "$(tun a)"
}

rss() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"
}
# same_size NAME RSS: the parent has not grown by more than a sanitizer's
# quarantine or, without one, by some queues.
may_grow=4096
! sanitized || may_grow=$((300 * 1024))
same_size() {
	same_now=$(rss "$parent")
	echo "# $1: the parent had $2 KiB and has $same_now"
	expect "$1: the parent does not grow" \
	    test "$same_now" -lt $(($2 + may_grow))
}
# flood NAME PROCESS WHAT: and the tunnel and the others work meanwhile.
flood() {
	# What is made once for a first answer is not meant.
	ctl a show imsg >/dev/null
	flood_rss=$(rss "$parent")
	[ "$3" = log ] || kill -STOP "$pid"
	seize "$pid" flood "$3" 2 16 &
	flood_pid=$!
	expect "$1: the tunnel works meanwhile" ping_from a 10.66.0.2 10
	[ "$3" != log ] || {
		expect "$1: it answers meanwhile" ctl a show processes
		expect "$1: status meanwhile" ctl a status
	}
	flood_rc=0
	wait $flood_pid || flood_rc=$?
	expect_is "$1: all is taken and answered" 0 echo $flood_rc
	kill -CONT "$pid"
	same_size "$1" "$flood_rss"
	# shellcheck disable=SC2086
	expect "$1: nobody has ended" not_gone $all
	expect "$1: it answers" ctl a status
	expect "$1: the tunnel works" ping_from a 10.66.0.2
}
not_gone() {
	for not_gone_pid in "$@"; do
		[ -n "$not_gone_pid" ] && not gone "$not_gone_pid" ||
		    return 1
	done
}

conf_start b
on b python3 "$T/echo.py" >/dev/null 2>&1 &
PIDS="$PIDS $!"

# --- bare mode: a port after the other
#
# First of all: what a configured one has saved lets it begin handshakes ahead
# of the clock, and this one, with the same key, would be late for them.
warren_start a
parent=$(pid_in a parent)
pid=$(pid_in a ctld)
all="$parent $(pid_in a cryptod) $(pid_in a netd) $pid"
wg_setup a 51820
peer_add a b 10.66.0.2/32 endpoint 192.0.2.2:51820
tunnel_up a 10.66.0.1/24
expect "bare: the tunnel works" ping_from a 10.66.0.2
flood "ports without end" ctld listen
on a wg set "$(tun a)" listen-port 51820
expect "ports without end: the tunnel works with its port" \
    ping_from a 10.66.0.2
kill -TERM "$parent"
all_end "ports without end"

# --- a child breaks the rules towards the parent
while read -r proc breach; do
	begin "$proc"
	said=$(seize "$pid" breach "$breach" </dev/null)
	if [ "$said" = refused ]; then
		expect "$breach by $proc: refused, all go on" ctl a status
		conf_end a
	elif [ "$proc" = resolverd ]; then
		expect "$breach by $proc: it is ended" wait_for 5 gone "$pid"
		expect "$breach by $proc: the others go on" ctl a status
		conf_end a
	else
		all_end "$breach by $proc"
	fi
done <<'END'
cryptod unknown
netd type of the parent
ctld too long
resolverd too short
cryptod descriptor
netd descriptors
ctld flags
resolverd length
cryptod stub
netd unknown
ctld unknown
resolverd unknown
END

# --- what it has in common with others
for proc in cryptod netd ctld resolverd; do
	begin "$proc"
	expect "$proc makes all it has block" seize "$pid" block
	ctl a status >/dev/null 2>&1 &
	ctl_pid=$!
	kill -HUP "$parent"
	sleep 0.2
	kill -TERM "$parent"
	all_end "$proc makes all it has block"
	wait $ctl_pid || true
done

for proc in cryptod netd; do
	begin "$proc"
	expect "$proc fills all doorbells" seize "$pid" bells
	expect "$proc fills all doorbells: the tunnel works" \
	    ping_from a 10.66.0.2
	kill -STOP "$pid"
	expect "$proc fills them and hears none" seize "$pid" bells
	on a ping -n -q -c 50 -i 0.01 -W 1 10.66.0.2 >/dev/null 2>&1 || true
	kill -TERM "$parent"
	sleep 0.2
	kill -CONT "$pid" 2>/dev/null || true
	all_end "$proc fills all doorbells"
done

# --- without end, what it may say: to the parent alone
#
# The others go on meanwhile, and the parent keeps nothing of it.
for proc in cryptod netd ctld resolverd; do
	begin "$proc"
	lines=$(wc -l <"$T/a.log")
	flood "$proc logs without end" "$proc" log
	lines=$(($(wc -l <"$T/a.log") - lines))
	echo "# lines: $lines"
	expect "$proc logs without end: the log stays short" \
	    test $lines -lt 5000
	[ "$proc" != ctld ] || flood "$proc asks without end" "$proc" show
	conf_end a
	all_end "$proc logs without end"
done

# It reads no answer: that is its end, and the parent's growth until then.
begin ctld
kill -STOP "$pid"
size=$(rss "$parent")
seize "$pid" flood show 10 1000000 &
flooder=$!
most=$size
while not gone "$parent" && not gone "$pid"; do
	now=$(rss "$parent" 2>/dev/null || true)
	[ "${now:-0}" -le "$most" ] || most=$now
	sleep 0.01
done
wait $flooder || true
echo "# answers that nobody reads: from $size to $most KiB"
expect "answers that nobody reads: they are bounded" \
    test "$most" -lt $((size + 4 * may_grow))
all_end "answers that nobody reads"
expect "answers that nobody reads: the log tells" \
    grep -q 'ctld broke the rules (not read in time)' "$T/a.log"

# --- ctld is stopped while many ask it: nobody else waits or grows

begin ctld
size=$(rss "$parent")
clients=
for n in 1 2 3 4 5 6 7 8; do
	for topic in config routes imsg counters; do
		ctl a show $topic >"$T/shown.$topic.$n" 2>&1 &
		clients="$clients $!"
	done
	[ $n -ne 3 ] || kill -STOP "$pid"
done
sleep 3
expect "ctld is stopped: the tunnel works" ping_from a 10.66.0.2 10
same_size "ctld is stopped" "$size"
expect "ctld is stopped: clients wait" test -n \
    "$(for n in $clients; do gone "$n" || echo "$n"; done)"
kill -CONT "$pid"
late=0
for n in $clients; do
	wait "$n" || late=$((late + 1))
done
expect_is "ctld goes on: each has its answer" 0 echo $late
for topic in config routes imsg counters; do
	ctl a show $topic >"$T/shown.$topic"
	# What was sent for the first time meanwhile is a new line of imsg.
	[ $topic = imsg ] || expect "ctld goes on: all of it ($topic)" test \
	    "$(wc -l <"$T/shown.$topic.8")" -eq \
	    "$(wc -l <"$T/shown.$topic")"
done
last() {
	awk '{ l = $1 " " $2 } END { print l }' "$1"
}
expect "ctld goes on: all of it (imsg), to its last line" test \
    "$(last "$T/shown.imsg.8")" = "$(last "$T/shown.imsg")"
same_size "ctld goes on" "$size"
expect "ctld goes on: status" ctl a status
expect "ctld goes on: reload" ctl a reload
conf_end a
all_end "ctld was stopped"

# --- words that none of its siblings may hear
for proc in cryptod netd ctld resolverd; do
	begin "$proc"
	expect "$proc babbles" seize "$pid" babble
	if [ "$proc" = resolverd ]; then
		expect "$proc babbles: it is ended" wait_for 5 gone "$pid"
		expect "$proc babbles: the others go on" ctl a status
		conf_end a
	fi
	all_end "$proc babbles"
done

# --- netd's sockets; it does not read them meanwhile
begin netd
expect "tunnel" ping_from a 10.66.0.2
kill -STOP "$pid"
expect "an echo from outside" seize "$pid" plain 192.0.2.2 7
expect_fail "none through the tunnel" seize "$pid" plain 10.66.0.2 7
expect "its sockets are of nobody" seize "$pid" unspec
expect "still one from outside" seize "$pid" plain 192.0.2.2 7
expect_fail "still none through the tunnel" seize "$pid" plain 10.66.0.2 7
kill -CONT "$pid"
expect "reload" ctl a reload
conf_end a
all_end "sockets of nobody"
