#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Keys and plaintext stay where they belong (P19): all memory of the parent,
# netd, ctld and resolverd is searched for private and preshared keys, for
# whatever looks random in cryptod's arena, which has the session keys, and
# for what went through the tunnel; cryptod's own for what it should have
# forgotten.  Nobody can read that memory but root, and no process leaves it
# in a core file.
# timeout: 150

. "$(dirname "$0")/../lib.sh"
need wg ip ping python3 setpriv prlimit

host_new a b c d
link_new a b 192.0.2.1/24 192.0.2.2/24
link_new c d 192.0.2.1/24 192.0.2.2/24
keys_new a a2 b c c2 d e
for psk in ab ab2 cd cd2; do
	psk_new $psk
done

# --- words

# pid_in HOST PROCESS
pid_in() {
	ctl "$1" -j show processes |
	    sed -n "s/.*\"process\":\"$2\",\"pid\":\([0-9]*\).*/\1/p"
}

# Whatever a public key is part of is none: 8 bytes are enough to tell.
for pub in "$T"/*.pub; do
	base64 -d <"$pub" | od -An -v -tx1 | tr -d ' \n'
	echo
done | python3 -c '
import sys
for key in sys.stdin.read().split():
    for i in range(0, 50, 2):
        print(key[i:i + 16])' >"$T/public"

# arena HOST: the random blocks of its arena.
arena() {
	"$TOOLS/memscan" secrets "$(pid_in "$1" cryptod)" | sort -u |
	    grep -vFf "$T/public" || true
}

# as_hex NAME: blocks to patterns.
as_hex() {
	sed "s/^/$1 hex /"
}

# keys NAME...: key files to patterns.
keys() {
	for keys_f in "$@"; do
		echo "$keys_f key $(cat "$T/$keys_f")"
	done
}

# scan HOST PROCESS PATTERNS: what of these is in it.
scan() {
	"$TOOLS/memscan" find "$(pid_in "$1" "$2")" "$T/$3"
}

finds() {
	scan "$1" "$2" "$3" | grep -q " in "
}

# forgotten NAME HOST KEY... : neither these keys nor the blocks that were in
# the arena before ($T/before) and are no longer, of which there are at least
# $at_least, are anywhere in cryptod.
forgotten() {
	forgot_name=$1
	forgot_host=$2
	shift 2
	arena "$forgot_host" >"$T/after"
	grep -vxFf "$T/after" "$T/before" >"$T/gone" || true
	forgot_n=$(wc -l <"$T/gone")
	if [ "$forgot_n" -ge "$at_least" ]; then
		ok "$forgot_name: out of the arena"
	else
		not_ok "$forgot_name: out of the arena" "$forgot_n blocks"
	fi
	{ as_hex block <"$T/gone"; keys "$@"; } >"$T/forgot.pat"
	expect_is "$forgot_name: nowhere in cryptod" nothing \
	    scan "$forgot_host" cryptod forgot.pat
}

# nowhere NAME HOST PATTERNS PROCESS...
nowhere() {
	nowhere_name=$1
	nowhere_host=$2
	nowhere_pat=$3
	shift 3
	for proc in "$@"; do
		expect_is "$nowhere_name: not in $proc" nothing \
		    scan "$nowhere_host" "$proc" "$nowhere_pat"
	done
}

# sink.py FILE: its pid is told there when it listens.  It keeps what came.
cat >"$T/sink.py" <<'PY'
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 7))
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    data, at = s.recvfrom(2048)
    s.sendto(data, at)
PY
cat >"$T/say.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
for i in range(20):
    s.sendto(sys.argv[2].encode() * 8, (sys.argv[1], 7))
    s.recv(2048)
PY
canary=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "canary text $canary" >"$T/canary.pat"

# sink HOST: one that runs there.
sink() {
	on "$1" python3 "$T/sink.py" "$T/sink.$1" >/dev/null 2>&1 &
	PIDS="$PIDS $!"
	wait_for 10 test -s "$T/sink.$1" || not_ok "sink" "it does not listen"
}
# has_canary HOST: the program there that received it has it, as it must;
# else the search for plaintext is blind.
has_canary() {
	"$TOOLS/memscan" find "$(cat "$T/sink.$1")" "$T/canary.pat" |
	    grep -q "^canary in "
}

# --- configured mode

# conf_of HOST PEER N MINE KEY PSK: the configuration in use; without a PSK it
# has no peer.
conf_of() {
	cat <<CONF
interface $(tun "$1") {
	address 10.66.0.$3/24
	listen port 51820
	private-key file "$T/$4.key"
}
CONF
	[ -n "${5:-}" ] || return 0
	cat <<CONF
peer "$2" {
	public-key "$(key_of "$5")"
	preshared-key file "$T/$6.psk"
	endpoint 192.0.2.$((3 - $3)) port 51820
	allowed-ips 10.66.0.$((3 - $3))/32
}
CONF
}
conf_of a b 1 a b ab >"$T/a.conf"
conf_of b a 2 b a ab >"$T/b.conf"
conf_start a -v
if sanitized; then
	skip_all "a sanitizer's shadow of memory is too large to be searched"
fi
conf_start b
sink b
expect "tunnel" ping_from a 10.66.0.2
expect "plaintext goes through it" wait_for 10 \
    on a python3 "$T/say.py" 10.66.0.2 "$canary"
expect "the receiver has the plaintext" has_canary b
expect "status" ctl a status
expect "showconf" on a wg showconf "$(tun a)"

arena a >"$T/before"
{ keys a.key ab.psk; as_hex arena <"$T/before"; } >"$T/a.pat"
# Private and preshared key, DH of both, two session keys; by halves.
expect "the arena has what there is to find" \
    [ "$(wc -l <"$T/before")" -ge 10 ]
keys a.key >"$T/one.pat"
# Else the search is blind.
expect "cryptod has the private key" finds a cryptod one.pat
keys ab.psk >"$T/one.pat"
expect "cryptod has the preshared key" finds a cryptod one.pat
for proc in netd ctld; do
	echo "pub hex $(base64 -d <"$T/b.pub" | od -An -v -tx1 | tr -d ' \n')" \
	    >"$T/one.pat"
	expect "$proc has the public key of the peer" finds a "$proc" one.pat
done
nowhere "keys" a a.pat parent netd ctld resolverd
nowhere "plaintext" a canary.pat parent netd ctld resolverd
nowhere "plaintext of the other side" b canary.pat parent netd ctld resolverd

# The arena: one mapping, left out of dumps, locked, wiped in a child.
flags() {
	awk '/^VmFlags/ && / dd/ && / lo/ && / wf/ { n++ } END { print n + 0 }' \
	    "/proc/$(pid_in a cryptod)/smaps"
}
expect_is "the arena is one, not dumped, locked, wiped on fork" 1 flags

# What cryptod forgets.
at_least=4
ip_on a link set "$(tun a)" down
sessions_gone() {
	arena a >"$T/after"
	[ "$(grep -vcxFf "$T/after" "$T/before")" -ge 4 ]
}
wait_for 5 sessions_gone || true
forgotten "interface down" a
ip_on a link set "$(tun a)" up
expect "and up" ping_from a 10.66.0.2

# A session is the previous one after the next handshake, and gone after that.
arena a >"$T/before"
for i in 1 2; do
	conf_end b
	conf_start b
	expect "handshake $i of the other side" ping_from b 10.66.0.1
done
forgotten "two rekeys" a

arena a >"$T/before"
conf_of a b 1 a b ab2 >"$T/a.conf"
at_least=2
expect "another preshared key" ctl a reload
forgotten "preshared key" a ab.psk

# The sessions of before still open what comes; the key itself is gone, and
# so is what it made with the peer's.
arena a >"$T/before"
conf_of a b 1 a2 b ab2 >"$T/a.conf"
at_least=4
expect "another private key" ctl a reload
forgotten "private key" a a.key
conf_of b a 2 b a2 ab2 >"$T/b.conf"
expect "known on the other side" ctl b reload
expect "tunnel with the new keys" ping_from a 10.66.0.2

arena a >"$T/before"
conf_of a b 1 a2 >"$T/a.conf"
at_least=8
expect "the peer is removed" ctl a reload
forgotten "removed peer" a ab2.psk
keys a.key a2.key ab.psk ab2.psk >>"$T/a.pat"
nowhere "keys after all that" a a.pat parent netd ctld resolverd
for key in a a2; do
	expect_fail "no key in the log: $key" grep -qF -e "$(cat "$T/$key.key")" \
	    "$T/a.log"
done

# --- bare mode

warren_start c -v
warren_start d
i=$(tun c)
wg_setup d 51820
peer_add d c 10.66.0.1/32 preshared-key "$T/cd.psk"
wg_setup c 51820
peer_add c d 10.66.0.2/32 preshared-key "$T/cd.psk" endpoint 192.0.2.2:51820
peer_add c e 10.0.0.0/8 preshared-key "$T/cd2.psk"
tunnel_up c 10.66.0.1/24
tunnel_up d 10.66.0.2/24
expect "bare: tunnel" ping_from c 10.66.0.2
# A set that fails half way through its keys, and one that is cut off.
hex=$(base64 -d <"$T/c.key" | od -An -v -tx1 | tr -d ' \n')
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
sink d
expect "bare: plaintext goes through it" wait_for 10 \
    on c python3 "$T/say.py" 10.66.0.2 "$canary"
expect "bare: the receiver has the plaintext" has_canary d
expect "bare: get" on c wg showconf "$i"
expect "bare: status" ctl c status
arena c >"$T/before"
{ keys c.key cd.psk cd2.psk; as_hex arena <"$T/before"; } >"$T/c.pat"
keys cd.psk >"$T/one.pat"
expect "bare: cryptod has the keys" finds c cryptod one.pat
nowhere "bare: keys" c c.pat parent netd ctld
nowhere "bare: plaintext" c canary.pat parent netd ctld

at_least=2
on c wg set "$i" peer "$(key_of d)" preshared-key "$T/cd2.psk"
forgotten "bare: preshared key" c cd.psk
arena c >"$T/before"
at_least=4
on c wg set "$i" private-key "$T/c2.key"
forgotten "bare: private key" c c.key
arena c >"$T/before"
on c wg set "$i" peer "$(key_of d)" remove
on c wg set "$i" peer "$(key_of e)" remove
forgotten "bare: removed peers" c cd2.psk
arena c >"$T/before"
at_least=2
on c wg set "$i" private-key /dev/null
forgotten "bare: no key" c c2.key
expect_is "bare: the arena has nothing" 0 sh -c "wc -l <'$T/after'"
keys c2.key >>"$T/c.pat"
nowhere "bare: keys after all that" c c.pat parent netd ctld
expect_fail "bare: nor has the log" grep -qF -e "$(cat "$T/c.key")" \
    -e "$hex" "$T/c.log"

# --- nobody else can read it, not even who has the same user

cat >"$T/trace.py" <<'PY'
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH = 16
if libc.ptrace(PTRACE_ATTACH, int(sys.argv[1]), None, None) == -1:
    sys.exit("ptrace: errno %d" % ctypes.get_errno())
PY
cat >"$T/readv.py" <<'PY'
import ctypes, sys
class iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
libc = ctypes.CDLL(None, use_errno=True)
buf = ctypes.create_string_buffer(16)
pid, at = int(sys.argv[1]), int(sys.argv[2], 16)
to = iovec(ctypes.addressof(buf), 16)
it = iovec(at, 16)
if libc.process_vm_readv(pid, ctypes.byref(to), 1, ctypes.byref(it), 1,
        0) != 16:
    sys.exit("process_vm_readv: errno %d" % ctypes.get_errno())
PY
# as_user PROCESS COMMAND...: what its own user may, without capabilities.
as_user() {
	case $1 in
	parent)	as_user=0:0 ;;
	cryptod) as_user=$(id -u _wcrypt):$(id -g _wcrypt) ;;
	netd)	as_user=$(id -u _wnet):$(id -g _wnet) ;;
	ctld)	as_user=$(id -u _wctl):$(id -g _wctl) ;;
	resolverd) as_user=$(id -u _wres):$(id -g _wres) ;;
	esac
	shift
	setpriv --reuid "${as_user%:*}" --regid "${as_user#*:}" \
	    --clear-groups --inh-caps=-all --bounding-set=-all "$@"
}
all="parent cryptod netd ctld resolverd"
# Not as files: those users need not be able to come to where they are.
READV=$(cat "$T/readv.py")
TRACE=$(cat "$T/trace.py")
export READV TRACE
# Its own memory is readable by these means, or they prove nothing.
for proc in $all; do
	expect "$proc: its user can trace and read what is dumpable" \
	    as_user "$proc" sh -c "sleep 100 & p=\$!
	    until grep -q sleep /proc/\$p/comm; do :; done; sleep 0.2
	    at=\$(sed -n '/r--p/s/-.*//p' /proc/\$p/maps | head -n 1)
	    cat </proc/\$p/environ >/dev/null &&
	    python3 -c \"\$READV\" \$p \$at && python3 -c \"\$TRACE\" \$p
	    rc=\$?; kill -9 \$p; exit \$rc"
	pid=$(pid_in a "$proc")
	at=$(sed -n '/r--p/s/-.*//p' "/proc/$pid/maps" | head -n 1)
	expect_is "$proc: its /proc is root's" 0 stat -c %u "/proc/$pid/mem"
	for file in mem maps environ; do
		expect_fail "$proc: its user cannot read $file" \
		    as_user "$proc" sh -c "head -c 1 </proc/$pid/$file"
	done
	expect_fail "$proc: its user cannot trace it" \
	    as_user "$proc" python3 -c "$TRACE" "$pid"
	expect_fail "$proc: its user cannot read its memory" \
	    as_user "$proc" python3 -c "$READV" "$pid" "$at"
	expect_is "$proc: no core file may grow" "0 0" sed -n \
	    "s/^Max core file size  *\([^ ]*\)  *\([^ ]*\).*/\1 \2/p" \
	    "/proc/$pid/limits"
done

# --- and none leaves it behind

# Where a core file would be: core_pattern is the host's and stays as it is.
pattern=$(cat /proc/sys/kernel/core_pattern)
core_name=$(basename "$pattern" | sed 's/%./*/g')
cores() {
	case $pattern in
	/*)	cores_in=$(dirname "$pattern") ;;
	*)	cores_in=$cwds ;;
	esac
	# shellcheck disable=SC2086
	find $cores_in -maxdepth 1 -newer "$T/mark" -name "$core_name*" \
	    ! -type d 2>/dev/null || true
}
# Of who may leave one, one is found; or finding none says nothing.
core_control() {
	mkdir "$T/control"
	touch -d "5 seconds ago" "$T/mark"
	cwds=$T/control
	(cd "$T/control" && prlimit --core=unlimited \
	    sh -c 'kill -SEGV $$') || true
	[ -n "$(cores)" ]
}
can_tell=0
if [ "${pattern#|}" != "$pattern" ]; then
	skip "core files" "a program takes them and is not asked: $pattern"
elif [ "$(prlimit --core --noheadings -o HARD)" != unlimited ]; then
	skip "core files" "the limit of this test itself lets none be"
elif [ "${pattern#/}" != "$pattern" ] && [ ! -d "${pattern%/*}/" ]; then
	skip "core files" "there is no directory for them: $pattern"
else
	expect "who may leave a core file leaves one" core_control
	rm -rf "$T/control"
	can_tell=1
fi
MAY_LEAVE=1
conf_end a
for proc in $all; do
	for sig in SEGV ABRT; do
		conf_start a
		parent=$(pid_in a parent)
		cwds="$TOP $T"
		for other in $all; do
			cwds="$cwds $(readlink "/proc/$(pid_in a "$other")/cwd")"
		done
		: >"$T/mark"
		kill -$sig "$(pid_in a "$proc")"
		if [ "$proc" = resolverd ]; then
			expect "$proc: ends by SIG$sig" wait_for 5 \
			    grep -q "resolverd.*signal" "$T/a.log"
			conf_end a
		else
			expect "$proc: ends by SIG$sig" wait_for 5 \
			    gone "$parent"
		fi
		[ $can_tell -eq 0 ] ||
		    expect_is "$proc: no core file of SIG$sig" "" cores
		[ "$proc" != parent ] ||
		    on a "$WARREND" --cleanup "$(tun a)" >/dev/null 2>&1
	done
done
