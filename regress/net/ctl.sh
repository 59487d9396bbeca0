#!/bin/sh
# SPDX-License-Identifier: ISC
#
# warrenctl: every command as text and as JSON, and every exit status.
# slow: beside
# timeout: 240

. "$(dirname "$0")/../lib.sh"
need wg ip python3

ctl() {
	"$WARRENCTL" "$@"
}

# exits NAME STATUS COMMAND...
exits() {
	exits_name=$1
	exits_want=$2
	shift 2
	exits_rc=0
	exits_out=$("$@" 2>&1) || exits_rc=$?
	if [ $exits_rc -eq "$exits_want" ]; then
		ok "$exits_name"
	else
		not_ok "$exits_name" "exit status $exits_rc: $exits_out"
	fi
}

# says NAME PATTERN COMMAND...: somewhere in its output.
says() {
	says_name=$1
	says_want=$2
	shift 2
	says_out=$("$@" 2>&1) || true
	if printf '%s\n' "$says_out" | grep -Eq -e "$says_want"; then
		ok "$says_name"
	else
		not_ok "$says_name" "no \"$says_want\" in: $says_out"
	fi
}

# --- without a daemon

exits "no command" 2 ctl
exits "an unknown option" 2 ctl -x status
exits "an unknown word" 2 ctl nonsense
says "prints the valid ones" '^  status ' ctl nonsense
exits "an ambiguous word" 2 ctl gen
says "prints those it may mean" '^  genpsk ' ctl gen
says "and no other" '^genkey genpsk $' \
    sh -c "'$WARRENCTL' gen 2>&1 | awk '/^  / { printf \"%s \", \$1 }'"
exits "an incomplete command" 2 ctl show
exits "a word too many" 2 ctl status more
exits "an empty word" 2 ctl ""
exits "a daemon that is not there" 3 ctl -i "nope$$" status
exits "a name with a slash" 2 ctl -i ../etc/passwd status
exits "a name with a dot" 2 ctl -i .. status
exits "no name" 2 ctl -i "" status
exits "a long name" 2 ctl -i aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa status
says "an unknown word cannot steer the terminal" '\\033' \
    ctl "$(printf '\033[2J')"
exits "version" 0 ctl version
exits "version, full disk" 1 sh -c "'$WARRENCTL' version >/dev/full"
exits "version, closed output" 1 sh -c "'$WARRENCTL' version >&-"

# Keys, against those of wg(8).
exits "genkey" 0 ctl genkey
exits "genkey, full disk" 1 sh -c "'$WARRENCTL' genkey >/dev/full"
exits "genkey, closed output" 1 sh -c "'$WARRENCTL' genkey >&-"
(umask 077 && ctl genkey >"$T/key")
expect_is "pubkey is that of wg" "$(wg pubkey <"$T/key")" \
    sh -c "'$WARRENCTL' pubkey <'$T/key'"
expect_is "a key is 45 bytes" 45 sh -c "wc -c <'$T/key'"
while read -r what tail; do
	exits "pubkey, $what after the key" 0 sh -c \
	    "printf '%s$tail' \"\$(cat '$T/key')\" | '$WARRENCTL' pubkey"
done <<'END'
nothing
newlines \n\n
CRLF \r\n
space \040\t\n
END
while read -r what text; do
	exits "pubkey of $what" 1 \
	    sh -c "printf '%b' '$text' | '$WARRENCTL' pubkey"
done <<END
nothing
text hello\n
space \n$(cat "$T/key")
more $(cat "$T/key")\nx
43-bytes AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n
other-padding AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
END
says "a warning for a file that all may read" 'everyone may read' \
    sh -c "umask 022; '$WARRENCTL' genpsk 2>&1 >'$T/open'"
expect_is "none for one that is private" "" \
    sh -c "umask 077; '$WARRENCTL' genpsk 2>&1 >'$T/closed'"

# --- with one

host_new a b
warren_start a
wg_setup a 51820
wg_setup b 51820 2>/dev/null || true
i=$(tun a)

expect_is "the state of a link that is down" down \
    sh -c "'$WARRENCTL' -i $i status | sed -n 's/^  state: *//p'"
ip_on a link set "$i" up
wait_for 5 sh -c "'$WARRENCTL' -i $i status | grep -q 'state: *up'" || true

(umask 077 && wg genkey >"$T/p.key")
wg pubkey <"$T/p.key" >"$T/p.pub"
awk 'BEGIN { for (i = 0; i < 600; i++)
    printf "%s10.1.%d.%d/32", i ? "," : "", i / 256, i % 256 }' >"$T/ips"
peer_add a p "$(cat "$T/ips")"
says "a peer without handshake" 'latest handshake: never' ctl -i "$i" status
says "a peer without endpoint" 'endpoint: +\(none\)' ctl -i "$i" status
says "a long list of allowed IPs is cut and counted" \
    'allowed ips: .*10\.1\.0\.0/32, .*\.\.\. \(600 in all\)' \
    ctl -i "$i" status
says "the port" 'listening port: +51820' ctl -i "$i" status
expect_fail "no secret is shown" sh -c \
    "'$WARRENCTL' -j -i $i status | grep -F \"\$(cat '$T/a.key')\""

# json COMMAND...: is it JSON, of version 1, and does it name the command?
json() {
	"$WARRENCTL" -j -i "$i" "$@" >"$T/json" || return 1
	python3 -c '
import json, sys
o = json.load(open(sys.argv[1]))
assert o["version"] == 1, o
assert o["command"] == sys.argv[2], o
assert all(r["table"] for r in o["rows"])
assert o["rows"] or o["command"].startswith("log"), "no rows"
' "$T/json" "$*"
}
for cmd in status "show processes" "show sandbox" "show imsg" "show memory" \
    "show counters" "show crypto" "log verbose" "log brief" version; do
	# shellcheck disable=SC2086
	{
		exits "$cmd" 0 ctl -i "$i" $cmd
		expect "$cmd as JSON" json $cmd
		exits "$cmd, full disk" "$([ "${cmd%% *}" = log ] && echo 0 ||
		    echo 1)" sh -c "'$WARRENCTL' -i $i $cmd >/dev/full"
		exits "$cmd as JSON, full disk" 1 \
		    sh -c "'$WARRENCTL' -j -i $i $cmd >/dev/full"
	}
done
exits "status, closed output" 1 sh -c "'$WARRENCTL' -i $i status >&-"
exits "closed input and errors" 0 \
    sh -c "'$WARRENCTL' -i $i status <&- 2>&- >/dev/null"
expect_is "who reads only the beginning is told nothing" "PROCESS" sh -c \
    "{ '$WARRENCTL' -i $i show counters 2>&1 >&3 | cat >&2; } 3>&1 |
    head -c 7"
exits "unique prefixes" 0 ctl -i "$i" sh mem
expect_is "the columns of show memory" \
    "PROCESS WHAT USED FREE PEAK BYTES" sh -c \
    "'$WARRENCTL' -i $i show memory | sed -n '1s/  */ /gp'"
expect_is "the processes" "parent cryptod netd ctld" sh -c \
    "'$WARRENCTL' -i $i show processes | awk 'NR > 1 { print \$1 }' |
    paste -sd' '"

# Who may: root, and the group of the socket.
expect_is "the control socket is for a group" "660 root:warren" \
    stat -c '%a %U:%G' "$RUN/$i.sock"
expect_is "the UAPI socket is for root" "700 root:root" \
    stat -c '%a %U:%G' "$UAPI/$i.sock"
nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
member() {
	setpriv --reuid 65534 --regid "$(stat -c %g "$RUN/$i.sock")" \
	    --clear-groups "$@"
}
# The build directory may be closed to others.
if nobody test -x "$WARRENCTL" 2>/dev/null; then
	exits "nobody may not" 1 nobody "$WARRENCTL" -i "$i" status
	says "and is told so" 'permission denied' \
	    nobody "$WARRENCTL" -i "$i" status
	exits "a member of the group may" 0 member "$WARRENCTL" -i "$i" status
	says "and is logged" "uid 65534" sh -c "
	    setpriv --reuid 65534 --regid $(stat -c %g "$RUN/$i.sock") \
	    --clear-groups '$WARRENCTL' -i $i log brief; cat '$T/a.log'"
else
	skip "other users" "they cannot run $WARRENCTL"
fi

# None was chosen: the only one, or none of several.
others() {
	for sock in "$RUN"/*.sock; do
		[ "$sock" = "$RUN/$i.sock" ] || [ ! -e "$sock" ] || return 0
	done
	return 1
}
if others; then
	skip "the only instance" "others run beside this test"
else
	exits "the only instance" 0 ctl status
fi
warren_start b
exits "several instances" 2 ctl status
says "are named" "$(tun b)" ctl status
exits "a name that begins another" 3 ctl -i "${i%?}" status

# What a client does wrong is answered or ends it, and hurts no other.
cat >"$T/abuse.py" <<'END'
import os, socket, struct, sys

def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(5)
    s.connect(sys.argv[1])
    return s

def frame(kind, ident=0, data=b"", length=None, zero=0):
    return struct.pack("<IHHI", len(data) if length is None else length,
        kind, zero, ident) + data

HELLO = frame(1, 0, struct.pack("<HH", 1, 1))

def everything(s):
    out = b""
    try:
        while True:
            b = s.recv(65536)
            if not b:
                return out
            out += b
    except ConnectionResetError:
        return out

def frames(out):
    while out:
        n, kind, _, ident = struct.unpack("<IHHI", out[:12])
        yield kind, ident, out[12:12 + n]
        out = out[12 + n:]

def error(*said):
    s = connect()
    for b in said:
        s.sendall(b)
    last = list(frames(everything(s)))[-1]
    assert last[0] == 6, last
    return struct.unpack("<I", last[2][:4])[0]

EPROTO, EPROTONOSUPPORT, EINVAL, EOPNOTSUPP = 71, 93, 22, 95
assert error(frame(3, 1, b"\7")) == EPROTO          # no HELLO
assert error(frame(1, 0, struct.pack("<HH", 3, 9))) == EPROTONOSUPPORT
assert error(frame(1, 0, struct.pack("<HH", 2, 1))) == EPROTO
assert error(frame(1, 0, b"\1\0\1")) == EPROTO
assert error(frame(1, 0, b"", length=1 << 20)) == EPROTO
assert error(frame(1, 0, b"", length=0xffffffff)) == EPROTO
assert error(frame(1, 0, b"\1\0\1\0", zero=1)) == EPROTO
assert error(HELLO, HELLO) == EOPNOTSUPP
assert error(HELLO, frame(3, 1, b"\0")) == EINVAL
assert error(HELLO, frame(3, 1, b"\x63")) == EINVAL
assert error(HELLO, frame(3, 1, b"\7\7")) == EINVAL
assert error(HELLO, frame(4, 1, b"\2")) == EINVAL
assert error(HELLO, frame(5, 1, b"")) == EOPNOTSUPP

# A byte at a time, two requests in a row, then half a close.
s = connect()
for b in HELLO + frame(3, 7, b"\7") + frame(3, 8, b"\1"):
    s.sendall(bytes([b]))
s.shutdown(socket.SHUT_WR)
done = [f[1] for f in frames(everything(s)) if f[0] == 6]
assert done == [7, 8], done

# A flood of requests by many who do not read.
crowd = []
for i in range(40):
    s = connect()
    s.setblocking(False)
    try:
        s.send(HELLO + b"".join(frame(3, n, bytes([1 + n % 7]))
            for n in range(500)))
        s.send(b"".join(frame(4, n, b"\0") for n in range(1000)))
    except BlockingIOError:
        pass
    crowd.append(s)
assert error(HELLO, frame(5, 1, b"")) == EOPNOTSUPP
# Many who ask for a change of the log at once.
loggers = [connect() for i in range(100)]
for s in loggers:
    s.sendall(HELLO + frame(4, 1, b"\0") * 20)
for s in loggers:
    s.shutdown(socket.SHUT_WR)
    n = [f for f in frames(everything(s)) if f[0] == 6]
    assert len(n) == 20, len(n)
for s in crowd[:20]:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
        struct.pack("ii", 1, 0))
    s.close()
END
expect "a client that breaks the rules" python3 "$T/abuse.py" "$RUN/$i.sock"
exits "and then a good one" 0 ctl -i "$i" status

# A daemon that is gone, or does not answer.
cat >"$T/liar.py" <<'END'
import os, socket, struct, sys
path, kind = sys.argv[1:]
l = socket.socket(socket.AF_UNIX)
l.bind(path)
l.listen(5)
def frame(t, i, d):
    return struct.pack("<IHHI", len(d), t, 0, i) + d
def text(b):
    return struct.pack("<H", len(b)) + b
def row(*f):
    return frame(5, 1, text(b"t") + b"".join(b"\1" + text(k) + text(v)
        for k, v in f))
WELCOME = frame(2, 0, struct.pack("<H", 1) + text(b"0") + text(b"i"))
DONE = frame(6, 1, struct.pack("<I", 0) + text(b""))
said = {
    "mute": b"",
    "noise": os.urandom(5000),
    "version": frame(2, 0, struct.pack("<H", 9) + text(b"0") + text(b"i")),
    "refusal": frame(6, 0, struct.pack("<I", 93) + text(b"no\33[2J")),
    "unwelcome": WELCOME[:10],
    "short": WELCOME + row((b"k", b"v")),
    "wrong-id": WELCOME + frame(6, 2, struct.pack("<I", 0) + text(b"")),
    "bad-row": WELCOME + row((b"K", b"v")) + DONE,
    "twice": WELCOME + row((b"k", b"v"), (b"k", b"w")) + DONE,
    "table": WELCOME + row((b"table", b"v")) + DONE,
    "escapes": WELCOME + row((b"k", b"\33]0;x\7\xff\"\\")) + DONE,
    "error": WELCOME + frame(6, 1, struct.pack("<I", 5) + text(b"\33[31m")),
    "many": WELCOME + row((b"a", b"1")) * 9000 + DONE,
}[kind]
print("ready", flush=True)
s = l.accept()[0]
s.recv(16) if kind != "mute" else None
s.sendall(said)
s.shutdown(socket.SHUT_WR)
try:
    while s.recv(100): pass
except OSError:
    pass
END
# liar KIND ARGUMENT...: warrenctl with a daemon that answers like that.
liar() {
	liar_kind=$1
	shift
	rm -f "$RUN/${P}l.sock" "$T/liar.out"
	python3 "$T/liar.py" "$RUN/${P}l.sock" "$liar_kind" >"$T/liar.out" &
	liar_pid=$!
	wait_for 5 grep -q ready "$T/liar.out" || return 99
	liar_rc=0
	"$WARRENCTL" -i "${P}l" "$@" || liar_rc=$?
	wait $liar_pid || true
	rm -f "$RUN/${P}l.sock"
	return $liar_rc
}
while read -r kind want; do
	exits "a daemon's $kind" "$want" liar "$kind" show crypto
done <<END
mute 3
noise 3
version 3
refusal 1
unwelcome 3
short 3
wrong-id 3
bad-row 3
twice 3
table 3
escapes 0
error 1
many 0
END
raw() {
	"$@" 2>&1 | LC_ALL=C tr -d '\n\040-\176' | wc -c
}
for kind in escapes error refusal; do
	expect_is "no byte of $kind steers the terminal" 0 \
	    raw liar $kind show crypto
done
expect_is "nor in JSON" 0 raw liar escapes -j show crypto
liar escapes -j show crypto >"$T/json" || true
expect "JSON of any bytes" python3 -m json.tool "$T/json"
liar short -j show crypto >"$T/json" 2>/dev/null || true
expect "JSON of half an answer" python3 -m json.tool "$T/json"

ctld=$(ctl -j -i "$i" show processes |
    sed -n 's/.*"process":"ctld","pid":\([0-9]*\).*/\1/p')
kill -STOP "$ctld"
exits "a daemon that does not answer" 3 ctl -i "$i" status
says "is said to be silent" 'not answered for 10 seconds' \
    ctl -i "$i" status
kill -CONT "$ctld"
exits "and answers again" 0 ctl -i "$i" status
cryptod=$(ctl -j -i "$i" show processes |
    sed -n 's/.*"process":"cryptod","pid":\([0-9]*\).*/\1/p')
blamed() {
	ctl -i "$i" show counters | awk '$2 == "control_errors" { print $3 }'
}
errors=$(blamed)
kill -STOP "$cryptod"
# ctld tells why after 30 s, and warrenctl waits for that.
ctl -i "$i" show crypto >"$T/late.out" 2>&1 &
late=$!
exits "a process that does not answer, and wg" 1 \
    timeout 45 ip netns exec "$(ns a)" wg show "$i"
says "is told as time-out" 'timed out' \
    timeout 45 ip netns exec "$(ns a)" wg set "$i" fwmark 5 \
    peer "$(cat "$T/p.pub")"
late_rc=0
wait $late || late_rc=$?
expect_is "and fails warrenctl" 1 echo $late_rc
expect "which tells of it, too" \
    grep -q 'a process of the daemon does not answer' "$T/late.out"
kill -CONT "$cryptod"
exits "and when it is back all goes on" 0 \
    timeout 10 ip netns exec "$(ns a)" wg set "$i" fwmark 6
exits "and status" 0 ctl -i "$i" status
expect_is "no client is blamed for that" "$errors" blamed
