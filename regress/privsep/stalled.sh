#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A process that was taken over and wants the others to wait for it: all that
# it has blocks, its doorbells and the links to it are full, and it reads no
# more.  A reload and the end come all the same.  Then the sockets of netd and
# resolverd, which it has unconnected: over neither family they lead into the
# tunnel.  As in takeover.sh, the test has the descriptors by pidfd_getfd(2).
# timeout: 200

. "$(dirname "$0")/../lib.sh"
need ip wg ping ps ss python3 unshare

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24 2001:db8::1/64 2001:db8::2/64
keys_new a b c
# conf_of HOST PEER N: both can begin.
conf_of() {
	cat <<CONF
interface $(tun "$1") {
	address { 10.66.0.$3/24, fd66::$3/64 }
	listen port 51820
	private-key file "$T/$1.key"
}
peer "$2" {
	public-key "$(key_of "$2")"
	endpoint 192.0.2.$((3 - $3)) port 51820
	allowed-ips { 10.66.0.$((3 - $3))/32, fd66::$((3 - $3))/128 }
}
CONF
}
conf_of b a 2 >"$T/b.conf"
{
	conf_of a b 1
	cat <<CONF
peer "carol" {
	public-key "$(key_of c)"
	endpoint carol.example.net port 51820
	allowed-ips 10.66.0.3/32
}
CONF
} >"$T/a.conf"

# Name servers of both families, where nobody answers.  They are mounted on a
# copy of /etc: the file need not be there.
cp -a /etc "$T/etc"
rm -f "$T/etc/resolv.conf"
printf 'nameserver 127.0.0.1\nnameserver ::1\n' >"$T/etc/resolv.conf"
cat >"$T/with-dns" <<SH
#!/bin/sh
exec unshare -m --propagation private sh -c '
	mount --bind "$T/etc" /etc && exec "$WARREND" "\$@"' sh "\$@"
SH
chmod 755 "$T/with-dns"
WARREND=$T/with-dns

# seize.py PID COMMAND [ARGUMENT...]
cat >"$T/seize.py" <<'PY'
import ctypes, errno, fcntl, os, re, socket, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
pid, command, args = int(sys.argv[1]), sys.argv[2], sys.argv[3:]

def fds(pid):
    pidfd = os.pidfd_open(pid)
    for name in os.listdir("/proc/%d/fd" % pid):
        if int(name) <= 2:
            continue
        try:
            what = os.readlink("/proc/%d/fd/%s" % (pid, name))
        except FileNotFoundError:
            continue        # closed meanwhile
        fd = libc.syscall(438, pidfd, int(name), 0)
        if fd == -1 and ctypes.get_errno() == errno.EBADF:
            continue
        if fd == -1:
            sys.exit("pidfd_getfd: errno %d" % ctypes.get_errno())
        yield fd, what

def may_write(fd):
    return fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY

def fill(fd):
    os.set_blocking(fd, False)
    try:
        # Who hears would empty it without end.
        for i in range(1000):
            os.write(fd, b"x" * 4096)
    except BlockingIOError:
        pass

if command == "jam":
    # Who is at the other end of whose socket.
    peer = dict(re.findall(r"\* (\d+)\s+\* (\d+)", sys.stdin.read()))
    mine = {what for fd, what in fds(pid)}
    links = bells = 0
    for other in map(int, args):
        for fd, what in fds(other):
            if what.startswith("socket:") and "socket:[%s]" % \
                    peer.get(what[8:-1]) in mine:
                # No words: it will not read them.  That this end blocks is
                # more than the one that was taken over can do.
                fill(fd)
                os.set_blocking(fd, True)
                links += 1
            elif what.startswith("pipe:") and what in mine and may_write(fd):
                fill(fd)
                bells += 1
    for fd, what in fds(pid):
        if what.startswith("pipe:") and may_write(fd):
            fill(fd)
        os.set_blocking(fd, True)
    print("%d links, %d bells" % (links, bells))
elif command == "unspec":
    n = 0
    for fd, what in fds(pid):
        if not what.startswith("socket:"):
            continue
        s = socket.socket(fileno=fd)
        if s.type != socket.SOCK_DGRAM:
            continue
        sa = struct.pack("H26x", socket.AF_UNSPEC)
        if libc.connect(s.fileno(), sa, len(sa)) == -1:
            sys.exit("connect: errno %d" % ctypes.get_errno())
        try:
            s.getpeername()
            sys.exit("it is still connected")
        except OSError:
            n += 1
    print(n)
elif command == "plain":
    # From its sockets of this address's family.  The first send may get an
    # error that was waiting.
    family = socket.AF_INET6 if ":" in args[0] else socket.AF_INET
    said = set()
    for fd, what in fds(pid):
        if not what.startswith("socket:"):
            continue
        s = socket.socket(fileno=fd)
        if s.type != socket.SOCK_DGRAM or s.family != family:
            continue
        for i in range(3):
            try:
                s.sendto(args[1].encode(), (args[0], 7))
                said = {"sent"}
                break
            except OSError as e:
                said.add(errno.errorcode[e.errno])
    print(*sorted(said))
PY
cat >"$T/echo.py" <<'PY'
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 7))
while True:
    data, at = s.recvfrom(2048)
    print(data.decode(), flush=True)
    s.sendto(data, at)
PY
seize() {
	python3 "$T/seize.py" "$@"
}
pid_in() {
	ctl a -j show processes |
	    sed -n "s/.*\"process\":\"$1\",\"pid\":\([0-9]*\).*/\1/p"
}
# begin PROCESS: a new instance; $pid is that process, $others are the others.
begin() {
	conf_start a
	parent=$(pid_in parent)
	others=
	for begin_p in parent cryptod netd ctld resolverd; do
		[ "$begin_p" = "$1" ] || others="$others $(pid_in $begin_p)"
	done
	pid=$(pid_in "$1")
}
# all_end NAME: the instance is gone, and with it whatever it made.
all_end() {
	# shellcheck disable=SC2086
	expect "$1: all end" wait_for 10 gone $pid $others
	expect_is "$1: nothing is left" "" sh -c "ls '$RUN' | grep '$(tun a)'"
	expect_fail "$1: no interface" ip_on a link show "$(tun a)"
}
# The links of a are sockets of its namespace, whoever has them.
jam() {
	# shellcheck disable=SC2086
	on a ss -xanH | seize "$pid" jam $others
}

conf_start b
on b python3 "$T/echo.py" >"$T/b.echo" 2>&1 &
PIDS="$PIDS $!"

# --- it reads no more

# wants PROCESS: links to it, and bells that it should hear.
wants() {
	case $1 in
	cryptod) echo "3 links, 1 bells" ;;
	netd)	echo "4 links, 1 bells" ;;
	ctld)	echo "3 links, 0 bells" ;;
	resolverd) echo "2 links, 0 bells" ;;
	esac
}
for proc in cryptod netd ctld resolverd; do
	begin "$proc"
	expect "$proc: tunnel" ping_from a 10.66.0.2
	kill -STOP "$pid"
	expect_is "$proc stalls, all is full and blocks" "$(wants "$proc")" jam
	# What the others may want of it, or tell it.
	ctl a status >/dev/null 2>&1 &
	ctl_pid=$!
	on a ping -n -q -c 20 -i 0.01 -W 1 10.66.0.2 >/dev/null 2>&1 || true
	kill -HUP "$parent" 2>/dev/null || true
	sleep 0.3
	kill -TERM "$parent" 2>/dev/null || true
	all_end "$proc stalls"
	expect "$proc stalls: who asks is answered or refused" \
	    wait_for 10 gone $ctl_pid
	wait $ctl_pid || true
done

# --- its sockets are of nobody

# came WORD: to b, by whatever way.  (An answer proves less: Linux lets an IPv6
# socket that was connected hear its old peer alone.)
came() {
	grep -qx "$1" "$T/b.echo"
}
# sockets NAME SOCKETS: of $pid, which does not read them meanwhile.
sockets() {
	kill -STOP "$pid"
	expect_is "$1: they are of nobody" "$2" seize "$pid" unspec
	for to in 10.66.0.2 fd66::2; do
		expect_is "$1: $to, in the tunnel" EHOSTUNREACH \
		    seize "$pid" plain $to "inside-$proc-$to"
	done
	for to in 192.0.2.2 2001:db8::2; do
		expect_is "$1: $to, outside" sent \
		    seize "$pid" plain $to "outside-$proc-$to"
		expect "$1: it comes there" \
		    wait_for 5 came "outside-$proc-$to"
	done
	# What was sent before did not come before.
	for to in 10.66.0.2 fd66::2; do
		expect_fail "$1: nothing came to $to" came "inside-$proc-$to"
	done
	kill -CONT "$pid"
}
# Others do reach them.
inside() {
	on a python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET,
    socket.SOCK_DGRAM)
s.settimeout(2)
s.sendto(b"plain", (sys.argv[1], 7))
s.recv(2048)' "$1"
}
for proc in netd resolverd; do
	begin "$proc"
	expect "sockets of $proc: the host's own reach 10.66.0.2" \
	    wait_for 10 inside 10.66.0.2
	expect "sockets of $proc: the host's own reach fd66::2" \
	    wait_for 10 inside fd66::2
	sockets "sockets of $proc" 2
	expect "sockets of $proc: reload" ctl a reload
	expect "sockets of $proc: the tunnel works" ping_from a 10.66.0.2
	conf_end a
	all_end "sockets of $proc"
done
