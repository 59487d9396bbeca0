#!/bin/sh
# SPDX-License-Identifier: ISC
#
# What is seen from outside while it happens: events, metrics, the sockets
# that change nothing, and what a service manager is told.

. "$(dirname "$0")/../lib.sh"
need wg ping ip python3

host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
keys_new a b
cat >"$T/a.conf" <<CONF
interface $(tun a) {
	address 10.66.0.1/24
	listen port 51820
	private-key file "$T/a.key"
}
peer "bob" {
	public-key "$(key_of b)"
	allowed-ips 10.66.0.2/32
}
CONF
cat >"$T/b.conf" <<CONF
interface $(tun b) {
	address 10.66.0.2/24
	private-key file "$T/b.key"
}
peer "alice" {
	public-key "$(key_of a)"
	endpoint 192.0.2.1 port 51820
	allowed-ips 10.66.0.1/32
}
CONF

# A service manager's end of NOTIFY_SOCKET.
cat >"$T/notified.py" <<'EOP'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
EOP
python3 "$T/notified.py" "$T/notify" >"$T/notified" 2>&1 &
PIDS="$PIDS $!"
wait_for 5 grep -q listening "$T/notified"
NOTIFY_SOCKET="$T/notify" start a "$WARREND" -d -f "$T/a.conf"
expect "READY=1 is told" wait_for 10 grep -q '^READY=1' "$T/notified"
expect "and then it answers" conf_is_ready a
conf_start b

env --default-signal=INT "$WARRENCTL" -i "$(tun a)" monitor \
    >"$T/monitor" 2>&1 &
PIDS="$PIDS $!"
watcher=$!
ctl a -j monitor >"$T/monitor.json" 2>&1 &
PIDS="$PIDS $!"
watching() {
	ctl a -j show counters >/dev/null && sleep 0.3
}
watching
expect "ping" ping_from b 10.66.0.1
expect "a handshake is told, with the peer's name" \
    wait_for 5 grep -q 'bob.*handshake' "$T/monitor"
expect "where the peer is, too" \
    wait_for 5 grep -q 'bob.*roamed.*192\.0\.2\.2' "$T/monitor"
expect "reload" ctl a reload
expect "a reload is told" wait_for 5 grep -q reload "$T/monitor"
ip_on a address del 10.66.0.1/24 dev "$(tun a)"
expect "what others do to our addresses is told" \
    wait_for 5 grep -q 'route_changed.*10\.66\.0\.1/24' "$T/monitor"
expect "and counted" sh -c "'$WARRENCTL' -i '$(tun a)' show counters |
    grep -q 'routes_lost  *[1-9]'"
expect "a reload mends it" ctl a reload
expect "RELOADING and READY again" \
    wait_for 5 sh -c "[ \$(grep -c READY=1 \"$T/notified\") -ge 2 ]"
on b "$TOOLS/junk" -n 50 192.0.2.1 51820
expect "drops are told by their reason" \
    wait_for 5 grep -q 'drops.*drop_' "$T/monitor"
each_is_json() {
	python3 -c '
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
sys.exit(not lines or any("what" not in json.dumps(l) for l in lines))' \
	    "$T/monitor.json"
}
expect "as JSON it is an object a line" each_is_json
kill -INT $watcher
expect "SIGINT ends it" wait_for 2 gone $watcher

# The socket for those who only look.
ro=$RUN/$(tun a).read.sock
expect "its mode" sh -c "stat -c %a \"$ro\" | grep -qx 660"
expect "it shows" "$WARRENCTL" -s "$ro" status
expect_fail "it does not reload" "$WARRENCTL" -s "$ro" reload
expect_fail "nor change the log" "$WARRENCTL" -s "$ro" log verbose

# Metrics, by the command and by HTTP.
metrics_http() {
	python3 - "$RUN/$(tun a).metrics.sock" <<'EOP'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
data = b""
while True:
    piece = s.recv(65536)
    if not piece:
        break
    data += piece
head, body = data.split(b"\r\n\r\n", 1)
assert head.startswith(b"HTTP/1.0 200 "), head
assert b"text/plain; version=0.0.4" in head, head
seen = {}
for line in body.decode().splitlines():
    if line.startswith("#"):
        word = line.split(" ")
        assert word[1] in ("HELP", "TYPE"), line
        continue
    name, value = line.rsplit(" ", 1)
    float(value)
    assert name not in seen, name
    seen[name] = value
assert any('peer="bob"' in n for n in seen), sorted(seen)
assert len(seen) > 50, len(seen)
EOP
}
expect "metrics by HTTP are well formed" metrics_http
names() {
	sed -n 's/^\(warren_[a-z0-9_]*\).*/\1/p' "$1" | sort -u
}
ctl a metrics >"$T/metrics"
expect "metrics by the command" grep -q 'peer="bob"' "$T/metrics"
expect "every counter says what it counts" sh -c \
    "[ \$(grep -c '^# HELP' \"$T/metrics\") -gt 50 ]"
bad_request() {
	printf 'NONSENSE\r\n\r\n' | nc -U -N "$RUN/$(tun a).metrics.sock" |
	    grep -q '^HTTP/1.0 400'
}
expect "a bad request is told so" bad_request
expect "STOPPING at the end" sh -c "kill $(pid_of a)
    for n in 1 2 3 4 5 6 7 8 9 10; do
	grep -q STOPPING=1 '$T/notified' && exit 0; sleep 0.1
    done; exit 1"
