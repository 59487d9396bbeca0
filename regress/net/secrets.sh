#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Keys stay where they belong (P19): after set and get the memory of every
# process but cryptod is searched for them, binary and as text.

. "$(dirname "$0")/../lib.sh"
need wg ip python3

host_new a
warren_start a -v
i=$(tun a)
if "$WARRENCTL" -i "$i" show sandbox | grep -q "sanitizer build"; then
	skip_all "a sanitizer's shadow of memory is too large to be searched"
fi
wg_setup a 51820
psk_new x
(umask 077 && wg genkey >"$T/p.key")
wg pubkey <"$T/p.key" >"$T/p.pub"
peer_add a p 10.0.0.0/8 preshared-key "$T/x.psk"
# A set that fails half way through its keys, and one that is cut off.
hex=$(base64 -d <"$T/a.key" | od -An -v -tx1 | tr -d ' \n')
python3 - "$UAPI/$i.sock" "$hex" <<'END'
import socket, sys
for text in ("set=1\nprivate_key=%s\nbad=1\n\n", "set=1\nprivate_key=%s\n",
        "set=1\nprivate_key=%s"):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.sendall((text % sys.argv[2]).encode())
    s.shutdown(socket.SHUT_WR)
    s.recv(100)
END
expect "get" on a wg showconf "$i"
expect "status" "$WARRENCTL" -i "$i" status

cat >"$T/scan.py" <<'END'
import base64, re, sys
want = []
for k in sys.argv[2:]:
    raw = base64.b64decode(k)
    text = raw.hex().encode()
    want += [raw[:16], raw[16:], text[:24], text[-24:], k[:16].encode()]
found = 0
mem = open("/proc/%s/mem" % sys.argv[1], "rb", 0)
for line in open("/proc/%s/maps" % sys.argv[1]):
    m = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
    if not m:
        continue
    at, end = int(m[1], 16), int(m[2], 16)
    while at < end:
        try:
            mem.seek(at)
            part = mem.read(min(end - at, 1 << 20))
        except (OSError, ValueError, OverflowError):
            break
        found += sum(part.count(w) for w in want)
        at += len(part) or end
print("found" if found else "nothing")
END
scan() {
	scan_pid=$("$WARRENCTL" -j -i "$i" show processes |
	    sed -n "s/.*\"process\":\"$1\",\"pid\":\([0-9]*\).*/\1/p")
	python3 "$T/scan.py" "$scan_pid" "$(cat "$T/a.key")" \
	    "$(cat "$T/x.psk")"
}
# Else the search is blind.
expect_is "cryptod has the keys" found scan cryptod
for proc in parent netd ctld; do
	expect_is "$proc has no key" nothing scan $proc
done
expect_fail "nor has the log" grep -qF -e "$(cat "$T/a.key")" -e "$hex" \
    "$T/a.log"
