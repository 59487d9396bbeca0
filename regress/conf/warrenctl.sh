#!/bin/sh
# SPDX-License-Identifier: ISC
#
# warrenctl against a daemon that is played: what is asked, what is printed
# of the answer, and the exit status; and which daemon is asked.

. "$(dirname "$0")/../lib.sh"
need python3

# answer.py SOCKET ROWS DONE [VERSION]: serves one client.  What it asked is
# written to SOCKET.asked.
cat >"$T/answer.py" <<'END'
import json, os, socket, struct, sys, time
path, rows, done = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
version = int(sys.argv[4]) if len(sys.argv) > 4 else 2
def frame(t, i, d):
    return struct.pack("<IHHI", len(d), t, 0, i) + d
def text(s):
    b = s.encode("utf-8", "surrogateescape")
    return struct.pack("<H", len(b)) + b
def row(r):
    o = text(r.pop("table"))
    for k, v in r.items():
        if isinstance(v, bool):
            o += b"\2" + text(k) + bytes([v])
        elif isinstance(v, int):
            o += b"\0" + text(k) + struct.pack("<Q", v)
        else:
            o += b"\1" + text(k) + text(v)
    return frame(5, 1, o)
l = socket.socket(socket.AF_UNIX)
l.bind(path)
l.listen(1)
print("ready", flush=True)
s = l.accept()[0]
s.recv(16)
s.sendall(frame(2, 0, struct.pack("<H", version) + text("0") + text("i")))
asked = s.recv(4096)
with open(path + ".asked", "w") as f:
    if asked:
        n, kind = struct.unpack("<IH", asked[:6])
        print(kind, asked[12:12 + n].hex(), file=f)
try:
    for r in rows:
        s.sendall(row(r))
    if done is not None:
        s.sendall(frame(6, 1, struct.pack("<I", done[0]) + text(done[1])))
        s.shutdown(socket.SHUT_WR)
    while s.recv(100): pass
except OSError:
    pass
END
# play ROWS DONE VERSION ARGUMENT...: its output is in $T/out and $T/err, the
# exit status is that of warrenctl.
play() {
	rm -f "$T/s" "$T/s.asked" "$T/said"
	python3 "$T/answer.py" "$T/s" "$1" "$2" "$3" >"$T/said" &
	play_pid=$!
	PIDS="$PIDS $play_pid"
	shift 3
	wait_for 5 grep -q ready "$T/said" || return 99
	play_rc=0
	"$WARRENCTL" -s "$T/s" "$@" >"$T/out" 2>"$T/err" || play_rc=$?
	wait $play_pid || true
	return $play_rc
}
OK='[0, ""]'

# case NAME STATUS ROWS DONE ARGUMENT...
case_is() {
	case_name=$1
	case_want=$2
	shift 2
	case_rows=$1
	case_done=$2
	shift 2
	case_rc=0
	play "$case_rows" "$case_done" 2 "$@" || case_rc=$?
	if [ $case_rc -eq "$case_want" ]; then
		ok "$case_name"
	else
		not_ok "$case_name" "exit status $case_rc: $(cat "$T/err")"
	fi
}
out_is() {
	expect_is "$1" "$2" cat "$T/out"
}
err_is() {
	expect_is "$1" "$2" cat "$T/err"
}
asked_is() {
	expect_is "$1" "$2" cat "$T/s.asked"
}

IF='{"table":"interface","instance":"w0","interface":"w0","up":true,
    "mtu":1420,"public_key":"OURS","listen_port":51820,"fwmark":0,"peers":2,
    "mode":"configured","version":"1","build":"normal",
    "config_file":"/etc/warren.conf","key_source":"/etc/warren/w0.key",
    "addresses":"10.66.0.1/24","routes":"main"}'
now=$(date +%s)
ALICE='{"table":"peer","device":1,"name":"alice","public_key":"KEYA",
    "endpoint":"192.0.2.7:51820","endpoint_name":"alice.example.net",
    "name_state":"ok","allowed_ips":"10.66.0.2/32","allowed_ips_count":1,
    "latest_handshake":'$now',"rx_bytes":1024,"tx_bytes":2048,
    "keepalive":25,"tries":0,"send_error":"","psk":true}'
BOB='{"table":"peer","device":2,"name":"bob","public_key":"KEYB",
    "endpoint":"","endpoint_name":"bob.example.net","name_state":"unknown",
    "allowed_ips":"","allowed_ips_count":0,"latest_handshake":0,
    "rx_bytes":0,"tx_bytes":0,"keepalive":0,"tries":5,"send_error":"",
    "psk":false}'
ERROR='{"table":"health","severity":"error","peer":"bob",
    "problem":"there is no such name: bob.example.net",
    "advice":"correct the endpoint"}'
WARNING='{"table":"health","severity":"warning","peer":"",
    "problem":"routes were changed by others","advice":"reload"}'

# --- status

case_is "status" 0 "[$IF,$ALICE,$BOB,$ERROR,$WARNING]" "$OK" status
sed 's/^\(  latest handshake: *\)\(now\|[0-9]* second.*\)$/\1T/' \
    "$T/out" >"$T/status"
cat >"$T/want" <<'END'
interface: w0
  state:            up
  mtu:              1420
  public key:       OURS
  listening port:   51820
  peers:            2
  mode:             configured
  configuration:    /etc/warren.conf
  private key:      /etc/warren/w0.key
  addresses:        10.66.0.1/24
  routes:           main
  version:          1

peer: alice (KEYA)
  endpoint:         192.0.2.7:51820 (alice.example.net)
  allowed ips:      10.66.0.2/32
  latest handshake: T
  transfer:         1.00 KiB received, 2.00 KiB sent
  preshared key:    yes
  keepalive:        every 25 seconds

peer: bob (KEYB)
  endpoint:         none (bob.example.net: there is no such name)
  allowed ips:      (none)
  latest handshake: never
  unanswered:       5

health: error: bob: there is no such name: bob.example.net
  what to do:       correct the endpoint

health: warning: routes were changed by others
  what to do:       reload
END
expect "status as text" diff -u "$T/want" "$T/status"
asked_is "status asks for topic 7" "3 07"
case_is "a healthy one" 0 "[$IF,$ALICE]" "$OK" status
expect_is "says so at the end" "health: ok" tail -n 1 "$T/out"
case_is "one that breaks off" 1 "[$IF]" '[5, "no"]' status
expect_fail "does not" grep health "$T/out"
case_is "show interface" 0 "[$IF]" "$OK" show interface
asked_is "asks for topic 11" "3 0b"
expect_fail "says nothing of health" grep health "$T/out"

# --- status --check

case_is "check: all is well" 0 "[$IF,$ALICE]" "$OK" status --check
out_is "check: OK" "OK - w0: 2 peers"
case_is "check: a warning" 4 "[$IF,$WARNING]" "$OK" status --check
out_is "check: WARNING" "WARNING - w0: routes were changed by others"
case_is "check: an error" 5 "[$IF,$WARNING,$ERROR]" "$OK" status --check
out_is "check: CRITICAL, errors first" "CRITICAL - w0: bob: there is no such \
name: bob.example.net; routes were changed by others"
case_is "check: refused" 1 "[]" '[1, "no"]' status --check
out_is "check: UNKNOWN" "UNKNOWN - the daemon could not be asked"
case_is "check: as JSON" 5 "[$IF,$WARNING,$ERROR]" "$OK" -j status --check
expect "check: JSON" python3 -c '
import json, sys
o = json.load(open(sys.argv[1]))
assert o["version"] == 1 and o["command"] == "status --check", o
r, = o["rows"]
assert r["table"] == "check" and r["state"] == "CRITICAL", r
assert r["errors"] == 1 and r["warnings"] == 1 and r["text"], r
' "$T/out"
many=$(awk 'BEGIN { for (i = 0; i < 200; i++) printf ",%s",
    "{\"table\":\"health\",\"severity\":\"error\",\"peer\":\"p" i "\"," \
    "\"problem\":\"no answer\",\"advice\":\"\"}" }')
case_is "check: many" 5 "[$IF$many]" "$OK" status --check
expect_is "check: is one line" 1 sh -c "wc -l <'$T/out'"
expect "check: that is cut and says so" grep -q '; [0-9]* more$' "$T/out"
rc=0
"$WARRENCTL" -s "$T/none" status --check >"$T/out" 2>/dev/null || rc=$?
expect_is "check: no daemon" "3 UNKNOWN - the daemon could not be asked" \
    sh -c "echo $rc \$(cat '$T/out')"
rc=0
play "[$IF]" "$OK" 1 status --check || rc=$?
expect_is "check: a daemon that does not judge" 1 echo $rc

# --- peers

case_is "peers" 0 "[$ALICE,$BOB]" "$OK" peers
asked_is "asks for topic 12" "3 0c"
expect_is "the columns" "NAME ENDPOINT LATEST_HANDSHAKE RX TX STATE" sh -c \
    "sed -n '1s/  */ /gp' '$T/out'"
expect_is "the states" "connected answer" sh -c \
    "awk 'NR > 1 { print \$NF }' '$T/out' | paste -sd' '"
silent() {
	echo "$ALICE" | sed "s/\"latest_handshake\":$now/\"latest_handshake\":$1/"
}
case_is "peers that are silent" 0 "[$(silent 0),$(silent 1)]" "$OK" peers
expect_is "are new or idle" "not tried, idle" sh -c \
    "sed -n '2,\$s/.*  //p' '$T/out' | paste -sd, | sed 's/,/, /'"
named() {
	echo "$BOB" | sed "s/\"tries\":5/\"tries\":0/; s/\"unknown\"/\"$1\"/"
}
case_is "peers without an address" 0 "[$(named waiting),$(named silent),
    $(named refused),$(named unknown),$(named '')]" "$OK" peers
expect_is "are looked for, or are not there, or begin themselves" \
    "resolving,no address,no address,no address,waiting" sh -c \
    "sed -n '2,\$s/.*  //p' '$T/out' | paste -sd,"
case_is "one peer" 0 "[$BOB,$ERROR]" "$OK" peers bob
asked_is "is asked for by its name" "7 0300626f62"
expect "and judged" grep -q '^health: error: bob: ' "$T/out"
case_is "one that is not there" 1 "[]" '[2, "there is no peer \"x\""]' \
    peers x
err_is "the daemon says so" 'warrenctl: there is no peer "x"'
case_is "peers as JSON" 0 "[$ALICE,$BOB]" "$OK" -j peers
expect "has the rows of status" python3 -c '
import json, sys
o = json.load(open(sys.argv[1]))
assert o["command"] == "peers" and len(o["rows"]) == 2, o
assert o["rows"][0]["latest_handshake"] > 0, o
' "$T/out"

# --- text

case_is "show config" 0 '[{"table":"config","text":"a {\n\tb \"\\\\\"\n"},
    {"table":"config","text":"}\n"}]' "$OK" show config
out_is "is as it came" "$(printf 'a {\n\tb "\\\\"\n}')"
asked_is "asks for topic 8" "3 08"
case_is "metrics" 0 '[{"table":"text","text":"# HELP x y\nx 1\n"}]' "$OK" \
    metrics
out_is "are as they came" "$(printf '# HELP x y\nx 1')"
asked_is "ask for metrics" "10 "
case_is "no escape sequence" 0 '[{"table":"text","text":"\u001b[2J\u009b"}]' \
    "$OK" show config
out_is "steers the terminal" '\033[2J\302\233'
case_is "UTF-8 as it came" 0 '[{"table":"config",
    "text":"\u00a0\u00e4\u2027\u202f\u2065\u206a\ufffd\ud83d\ude00\n"}]' \
    "$OK" show config
expect_is "is a configuration still" \
    "$(printf '\302\240\303\244\342\200\247\342\200\257\342\201\245')$(
    printf '\342\201\252\357\277\275\360\237\230\200')" cat "$T/out"
case_is "what turns text around" 0 '[{"table":"config",
    "text":"\u2028\u202a\u202e\u2066\u2069\u007f"}]' "$OK" show config
out_is "is told in octal" '\342\200\250\342\200\252\342\200\256\342'\
'\201\246\342\201\251\177'
case_is "what is no UTF-8" 0 '[{"table":"config",
    "text":"\udcff\udcc3\udcc0\udc80\udce2\udc82"}]' "$OK" show config
out_is "is, too" '\377\303\300\200\342\202'

# --- reload

case_is "reload" 0 "[]" '[0, "reloaded: 1 peer added"]' reload
out_is "says what it did" "reloaded: 1 peer added"
asked_is "asks for a reload" "8 "
case_is "one that is refused" 1 "[]" \
    '[22, "/etc/warren.conf:3: bad\n/etc/warren.conf:4: bad"]' reload
err_is "says why, a line each" "warrenctl: /etc/warren.conf:3: bad
/etc/warren.conf:4: bad"
out_is "and nothing else" ""
case_is "reload as JSON" 1 "[]" '[22, "x:3: bad"]' reload -j
expect "has the result" python3 -c '
import json, sys
r, = json.load(open(sys.argv[1]))["rows"]
assert r == {"table": "reload", "done": False, "text": "x:3: bad"}, r
' "$T/out"

# --- monitor

EVENT='{"table":"event","process":"netd","peer":"alice","what":"roamed",
    "time":1700000000,"endpoint":"192.0.2.1:7","text":"a \"b\""}'
LINK='{"table":"event","process":"parent","what":"link","up":true}'
EMPTY='{"table":"event","process":"netd","what":"drops","reason":""}'
case_is "monitor, and the daemon ends" 1 "[$EVENT,$LINK,$EMPTY]" \
    '[4, "over"]' monitor
asked_is "asks for events" "9 "
expect_is "an event is a line" 'netd alice roamed endpoint=192.0.2.1:7 text="a \"b\""' \
    sh -c "sed -n '1s/^[^ ]* //p' '$T/out'"
expect_is "one without a peer" 'parent - link up=yes' \
    sh -c "sed -n '2s/^[^ ]* //p' '$T/out'"
expect_is "what is empty is in quotes" 'netd - drops reason=""' \
    sh -c "sed -n '3s/^[^ ]* //p' '$T/out'"
expect "the time is local" grep -q \
    "^$(date -d @1700000000 +%Y-%m-%dT%H:%M:%S%z) " "$T/out"
case_is "monitor as JSON" 1 "[$EVENT,$LINK]" '[4, "over"]' -j monitor
expect "is an object a line" python3 -c '
import json, sys
l = [json.loads(x) for x in open(sys.argv[1])]
assert len(l) == 2 and l[0]["version"] == 1, l
assert l[0]["table"] == "event" and l[0]["what"] == "roamed", l
' "$T/out"
# It goes on until it is told to end; events come at once, also to a file.
for sig in INT TERM; do
	rm -f "$T/s" "$T/said"
	python3 "$T/answer.py" "$T/s" "[$EVENT]" null >"$T/said" &
	PIDS="$PIDS $!"
	wait_for 5 grep -q ready "$T/said" || true
	# A shell without job control has its background ignore SIGINT.
	python3 -c '
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
out = open(sys.argv[2], "wb")
p = subprocess.Popen(sys.argv[3:], stdout=out)
end = time.monotonic() + 5
while b"roamed" not in open(sys.argv[2], "rb").read():
    assert time.monotonic() < end, "no event"
    time.sleep(0.02)
p.send_signal(getattr(signal, "SIG" + sys.argv[1]))
sys.exit(p.wait(5))
' $sig "$T/out" "$WARRENCTL" -s "$T/s" monitor && rc=0 || rc=$?
	expect_is "monitor ends on SIG$sig" 0 echo $rc
done

# --- a daemon that is older, and options

for cmd in "peers" "peers x" "show config" "show routes" "show health" \
    "show interface" monitor reload metrics; do
	rc=0
	# shellcheck disable=SC2086
	play "[]" "$OK" 1 $cmd || rc=$?
	expect_is "an old daemon is not asked: $cmd" "1 1" sh -c \
	    "echo $rc \$(grep -c 'is older' '$T/err')"
done
while read -r want cmd; do
	rc=0
	# shellcheck disable=SC2086
	"$WARRENCTL" $cmd >/dev/null 2>&1 || rc=$?
	expect_is "exit status of: $cmd" "$want" echo $rc
done <<END
2 status --chec
2 peers a b
2 reload now
2 -i a -s b status
2 status -i a -s b
2 import
2 import f -k
2 import f g
2 completion
2 completion zsh
0 completion bash
3 status -s $T/none
3 -s $T/none monitor
2 -i . status
2 -i .. status
2 -i a/b status
3 -i ... status
END
# -p means one of several: those that may not be asked are not this one.
nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
mkdir -p "$RUN"
if [ "$(id -u)" -eq 0 ] && nobody test -x "$WARRENCTL" 2>/dev/null; then
	python3 "$T/answer.py" "$RUN/${P}a.sock" "[$IF]" "$OK" >"$T/a.said" &
	first=$!
	python3 "$T/answer.py" "$RUN/${P}b.sock" "[$IF]" "$OK" >"$T/b.said" &
	second=$!
	PIDS="$PIDS $first $second"
	wait_for 5 grep -q ready "$T/a.said"
	wait_for 5 grep -q ready "$T/b.said"
	chmod 666 "$RUN/${P}a.sock"
	chmod 600 "$RUN/${P}b.sock"
	rc=0
	nobody "$WARRENCTL" -p $first show interface >"$T/out" 2>"$T/err" ||
	    rc=$?
	expect_is "-p beside one that may not be asked" 0 echo $rc
	err_is "says nothing of that" ""
	rc=0
	nobody "$WARRENCTL" -p $second show interface >/dev/null \
	    2>"$T/err" || rc=$?
	expect_is "-p, and it may not be asked" 1 echo $rc
	expect "why it may not" grep -q 'sock: permission denied' "$T/err"
	rm -f "$RUN/${P}a.sock" "$RUN/${P}b.sock" "$RUN/${P}a.sock.asked"
else
	skip "-p" "nobody cannot run $WARRENCTL"
fi

# --- which instances there are, in a directory of runtime files of our own

mkdir "$T/own"
chmod 755 "$T/own"
# as USER GROUP COMMAND...
as() {
	as_user=$1
	as_group=$2
	shift 2
	unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh \
	    "$T/own" "$RUN" setpriv --reuid "$as_user" --regid "$as_group" \
	    --clear-groups "$@"
}
# left NAME GROUP: a socket on which nobody listens any more.
left() {
	python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/own/$1"
	chgrp "$2" "$T/own/$1"
	chmod 660 "$T/own/$1"
}
# runs NAME GROUP: one that answers one client.
runs() {
	python3 "$T/answer.py" "$T/own/$1" "[$IF]" "$OK" >"$T/$1.said" \
	    2>/dev/null &
	PIDS="$PIDS $!"
	wait_for 5 grep -q ready "$T/$1.said"
	chgrp "$2" "$T/own/$1"
	chmod 660 "$T/own/$1"
}
if [ "$(id -u)" -eq 0 ] && getent group warren-read >/dev/null &&
    as 65534 65534 test -x "$WARRENCTL" 2>/dev/null; then
	reader() {
		as 65534 warren-read "$WARRENCTL" "$@"
	}
	left b.sock warren
	left b.read.sock warren-read
	rc=0
	reader -i b show interface >"$T/out" 2>"$T/err" || rc=$?
	expect_is "one that is gone, for who may only read" 3 echo $rc
	err_is "is told" "warrenctl: no instance \"b\" is running (looked in $RUN)"
	runs a.sock warren
	runs a.read.sock warren-read
	rc=0
	reader show interface >"$T/out" 2>"$T/err" || rc=$?
	expect_is "the only one that runs, beside it" 0 echo $rc
	err_is "is found" ""
	rm "$T/own/b.read.sock"
	rc=0
	reader -i b show interface >/dev/null 2>"$T/err" || rc=$?
	expect_is "who has no socket for readers may run" 1 echo $rc
	err_is "as the group of the other may know" "warrenctl: $RUN/b.sock: \
permission denied: the control socket is for root and group warren"
	left b.read.sock warren-read
	rc=0
	as 65534 65534 "$WARRENCTL" -s "$RUN/b.read.sock" show interface \
	    >/dev/null 2>"$T/err" || rc=$?
	expect_is "neither group" 1 echo $rc
	err_is "is told which one reads" "warrenctl: $RUN/b.read.sock: \
permission denied: the control socket is for root and group warren-read"
	# A dot is a letter as any other; a socket without its name is none.
	find "$T/own" -type s -delete
	runs .wg0.sock root
	left .wg0.read.sock root
	left .wg0.metrics.sock root
	runs .wg1.sock.new root
	expect "the only one begins with a dot" \
	    as 0 root "$WARRENCTL" show interface
	runs .wg1.sock root
	expect "one of several is chosen" \
	    as 0 root "$WARRENCTL" -i .wg1 show interface
	find "$T/own" -type s -delete
	runs .wg0.sock root
	runs wg1.sock root
	several() {
		as 0 root "$WARRENCTL" status 2>&1 || echo $?
	}
	several >"$T/out"
	expect_is "several are named" ".wg0 2 wg1" \
	    sh -c "sed 's/.*-i://' '$T/out' | xargs -n 1 | LC_ALL=C sort | xargs"
else
	skip "instances" "nobody cannot run $WARRENCTL, or groups are missing"
fi
expect_is "an option is missed" '  --check    one line for a monitoring system' \
    sh -c "'$WARRENCTL' status --chec 2>&1 | grep -e --check | tail -n 1"
