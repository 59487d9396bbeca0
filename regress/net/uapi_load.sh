#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A thousand clients at once on the UAPI and on the control socket; some that
# write a byte a second, some that ask without end and read nothing; and
# beside them sets of 130,560 lines, again and again.  Everybody gets what it
# is owed, data does not wait, and memory is flat.  Allowed IPs have an end.
# class: check-all
# alone: yes
# timeout: 300

. "$(dirname "$0")/../lib.sh"
need wg ping ip python3 awk ps

SETS=${SETS:-10}		# at least, and for at least so long:
SECS=${SECS:-15}
host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
pair_start a b
peer_add b a 10.9.0.1/32 endpoint 192.0.2.1:51820
keys_new c
expect "ping" ping_from b 10.9.0.1
uapi=$UAPI/$(tun a).sock
control=$RUN/$(tun a).sock
pids="$(pid_of a) $(ps -o pid= --ppid "$(pid_of a)" | tr '\n' ' ')"

cat >"$T/load.py" <<'END'
import base64, resource, socket, struct, sys, threading, time

resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
threading.stack_size(256 * 1024)
what, uapi, control = sys.argv[1:4]

def frame(kind, ident, data=b""):
    return struct.pack("<IHHI", len(data), kind, 0, ident) + data

GET = b"get=1\n\n"
HELLO = frame(1, 1, struct.pack("<HH", 1, 2))
SHOW = frame(3, 2, b"\x05")             # counters

def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(path)
    return s

def rest(s):
    out = b""
    while True:
        b = s.recv(65536)
        if not b:
            return out
        out += b

def ask_uapi():
    s = connect(uapi)
    s.sendall(GET)
    s.shutdown(socket.SHUT_WR)
    out = rest(s)
    assert out.endswith(b"errno=0\n\n"), out[-40:]
    assert out.count(b"public_key=") >= 1

def ask_control():
    s = connect(control)
    s.sendall(HELLO + SHOW)
    s.shutdown(socket.SHUT_WR)
    out, n = rest(s), 0
    while out:
        size, kind, zero, ident = struct.unpack("<IHHI", out[:12])
        assert len(out) >= 12 + size, "an answer is cut off"
        data, out = out[12:12 + size], out[12 + size:]
        n += kind == 5
    assert kind == 6 and ident == 2 and data[:4] == b"\0\0\0\0", (kind, data)
    assert n > 100, "%d rows" % n

def thousand(ask):
    # All of them are there before the first one says a word.
    errors, gate = [], threading.Barrier(1000)
    def one():
        try:
            gate.wait(60)
            ask()
        except Exception as e:
            errors.append(repr(e))
    threads = [threading.Thread(target=one) for i in range(1000)]
    t = time.monotonic()
    for th in threads:
        th.start()
    for th in threads:
        th.join()
    print("# 1,000 clients of %s: %.1f s" % (ask.__name__[4:],
        time.monotonic() - t))
    assert not errors, "%d failed: %s" % (len(errors), errors[0])

def abuse():
    # 60 of each kind on each socket, until somebody ends this.
    slow, deaf, n = [], [], 0
    def again():
        # Who was sent away comes back.
        while len(slow) < 120:
            s = connect(uapi if len(slow) % 2 == 0 else control)
            s.setblocking(False)
            slow.append([s, 0])
        while len(deaf) < 120:
            s = connect(uapi if len(deaf) % 2 == 0 else control)
            s.setblocking(False)
            deaf.append(s)
    text = b"set=1\nfwmark=%d\n" + b"public_key=" + b"0" * 63 + b"7\n"
    print("started", flush=True)
    while True:
        again()
        for i, c in enumerate(slow):
            b = text if i % 2 == 0 else HELLO
            try:
                c[0].send(b[c[1] % len(b):][:1])
                c[1] += 1
            except BlockingIOError:
                pass
            except OSError:
                c[0].close()
                c[0] = None
        slow[:] = [c for c in slow if c[0] is not None]
        for i, s in enumerate(deaf):
            try:
                if n == 0 and i % 2 == 1:
                    s.send(HELLO)
                s.send((GET if i % 2 == 0 else SHOW) * 50)
            except BlockingIOError:
                pass
            except OSError:
                s.close()
        deaf[:] = [s for s in deaf if s.fileno() != -1]
        n += 1
        time.sleep(1)

def lines(key, n):
    # 130,560 lines, half of which take away what another gave.
    net = 16 + 2 * (n % 2)
    old = 16 + 2 * ((n + 1) % 2)
    ip = lambda a, i: b"172.%d.%d.%d/32\n" % (a, i // 256, i % 256)
    return b"set=1\npublic_key=" + key + b"\n" + b"".join(
        b"allowed_ip=" + ip(net, i) + b"allowed_ip=-" + ip(old, i)
        for i in range(65280)) + b"\n"

def sets():
    key = base64.b64decode(sys.argv[4]).hex().encode()
    took, n, begun = [], 0, time.monotonic()
    while n < int(sys.argv[5]) or time.monotonic() - begun < float(sys.argv[6]):
        t = time.monotonic()
        s = connect(uapi)
        s.sendall(lines(key, n))
        s.shutdown(socket.SHUT_WR)
        out = rest(s)
        assert out == b"errno=0\n\n", out
        took.append(time.monotonic() - t)
        s = connect(uapi)
        s.sendall(GET)
        s.shutdown(socket.SHUT_WR)
        out = rest(s)
        want = b"allowed_ip=172.%d." % (16 + 2 * (n % 2))
        assert out.count(b"allowed_ip=172.") == 65280, \
            out.count(b"allowed_ip=172.")
        assert out.count(want) == 65280, out.count(want)
        n += 1
    took.sort()
    print("# %d sets of 130,560 lines: median %.2f s, longest %.2f s" %
        (n, took[len(took) // 2], took[-1]))

def full():
    # More allowed IPs than there can be: 262,144 of all peers together.
    key = base64.b64decode(sys.argv[4]).hex().encode()
    who = b"set=1\npublic_key=" + key + b"\n"
    ip = lambda i: b"allowed_ip=fd00::%x:%x/128\n" % (i >> 16, i & 0xffff)
    def say(text):
        s = connect(uapi)
        s.sendall(text)
        s.shutdown(socket.SHUT_WR)
        return rest(s)
    out = say(who + b"".join(ip(i) for i in range(262144)) + b"\n")
    assert out == b"errno=-28\n\n", out
    n = say(GET).count(b"allowed_ip=")
    assert n == 262144, n
    # What is there can be said again, can move and can go.
    assert say(who + ip(0) + b"\n") == b"errno=0\n\n"
    out = say(b"set=1\npublic_key=" + b"7" * 64 + b"\n" + ip(1) + b"\n")
    assert out == b"errno=0\n\n", out
    out = say(b"set=1\npublic_key=" + b"7" * 64 + b"\n" + ip(262144) + b"\n")
    assert out == b"errno=-28\n\n", out
    assert say(GET).count(b"allowed_ip=") == 262144
    out = say(who + b"replace_allowed_ips=true\n" + ip(262144) +
        b"public_key=" + b"7" * 64 + b"\nremove=true\n\n")
    assert out == b"errno=0\n\n", out

{"uapi": lambda: thousand(ask_uapi), "control": lambda: thousand(ask_control),
    "abuse": abuse, "sets": sets, "full": full}[what]()
END
load() {
	load_what=$1
	shift
	timeout 150 python3 "$T/load.py" "$load_what" "$uapi" "$control" \
	    "$@" >"$T/load.out" 2>&1
	load_rc=$?
	cat "$T/load.out"
	return $load_rc
}
# told NAME COMMAND...: as expect, and what it said.
told() {
	expect "$@"
	grep '^# ' "$T/load.out" || true
}
# Memory of all processes of a, KiB.
rss() {
	for rss_pid in $pids; do
		cat "/proc/$rss_pid/status"
	done | awk '/^VmRSS/ { n += $2 } END { print n }'
}
pings_start() {
	ip netns exec "$(ns b)" ping -n -q -i 0.05 -c 4000 10.9.0.1 \
	    >"$T/ping.out" 2>&1 &
	pinger=$!
}
# The pings end, and their loss is judged: NAME.
pings_end() {
	kill -INT $pinger 2>/dev/null || true
	wait $pinger || true
	lost=$(awk '/packets transmitted/ { print $1 - $4 }' "$T/ping.out")
	sent=$(awk '/packets transmitted/ { print $1 }' "$T/ping.out")
	# The last one may be on its way.
	expect "$1: data did not wait ($lost of $sent pings lost)" \
	    test "$lost" -le $((1 + sent / 100))
}

pings_start
told "1,000 clients at once on the UAPI" load uapi
told "1,000 clients at once on the control socket" load control
pings_end "1,000 clients"

# The same again, so that what malloc keeps is there already.
expect "wg is served" on a wg show "$(tun a)" peers
peer_add a c ""
expect "two large sets" load sets "$(key_of c)" 2 0
before=$(rss)
pings_start
python3 "$T/load.py" abuse "$uapi" "$control" >"$T/abuse.out" 2>&1 &
abuse=$!
expect "slow writers and deaf readers come" \
    wait_for 20 grep -q started "$T/abuse.out"
told "$SETS sets of 130,560 lines beside them" load sets "$(key_of c)" "$SETS" \
    "$SECS"
expect "wg is served beside them" \
    timeout 10 ip netns exec "$(ns a)" wg show "$(tun a)" peers
expect "warrenctl is served beside them" \
    timeout 10 "$WARRENCTL" -i "$(tun a)" status
expect "they are still there" kill -0 $abuse
kill $abuse
wait $abuse 2>/dev/null || true
pings_end "sets"

prefixes() {
	on a wg show "$(tun a)" allowed-ips | tr ' \t' '\n\n' | grep -c /32
}
expect_is "all of the last set is there" 65281 prefixes
middle=$(rss)
told "$SETS sets more" load sets "$(key_of c)" "$SETS" 0
after=$(rss)
echo "# memory: $before KiB before, $middle KiB after the first $SETS, $after" \
    "KiB after the last"
expect "memory is flat ($middle KiB, $after KiB)" \
    test "$after" -le $((middle + 4096))
expect "and bounded" test "$after" -le $((before + 65536))
expect "more allowed IPs than there can be" load full "$(key_of c)"
full=$(rss)
expect "and memory is bounded ($full KiB)" test "$full" -le $((after + 131072))
on a wg set "$(tun a)" peer "$(key_of c)" remove
expect_is "and b is as it was" "$(key_of b)	10.9.0.2/32" \
    on a wg show "$(tun a)" allowed-ips
expect "ping, at the end" ping_from b 10.9.0.1
