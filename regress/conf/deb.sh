#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The Debian package: installed, run, upgraded, removed and purged in a small
# Debian that debootstrap makes; at the end no file is left.  That Debian is
# kept as a tar file in the build directory.
# class: check-all
# timeout: 900

# What is mounted here is gone when the last of these processes is.
if [ -z "${DEB_INSIDE:-}" ] && [ "$(id -u)" = 0 ] &&
    unshare -m true 2>/dev/null; then
	exec env DEB_INSIDE=1 unshare -m --propagation private sh "$0"
fi
. "$(dirname "$0")/../lib.sh"
[ "$(id -u)" = 0 ] || skip_all "not root"
[ -n "${DEB_INSIDE:-}" ] || skip_all "unshare does not work here"
need debootstrap dpkg-deb dpkg-shlibdeps chroot tar

version=$(sed -n 's/^VERSION[ 	]*= *//p' "$TOP/GNUmakefile")
if ! sh "$TOP/dist/deb/build.sh" "$version" "$BUILD/deb" >"$T/deb" \
    2>"$T/deb.err"; then
	not_ok "the package is built" "$(tail -n 5 "$T/deb.err")"
	exit 1
fi
ok "the package is built"
deb=$(cat "$T/deb")

# --- what can be seen from outside

expect "its manuals are compressed" sh -c \
    "dpkg-deb -c '$deb' | grep -q 'man8/warrend.8.gz'"
expect_is "all of it is root's" "" sh -c \
    "dpkg-deb -c '$deb' | grep -v ' root/root '"
expect_is "nobody else can write to it" "" sh -c \
    "dpkg-deb -c '$deb' | grep -E '^.(.....w|........w)'"
expect_is "nothing is where it does not belong" "" sh -c \
    "dpkg-deb -c '$deb' | awk '{ print \$6 }' |
    grep -Ev '^\./((etc|lib|usr)/.*)?$'"
expect_is "no path of this machine is in it" "" sh -c \
    "dpkg-deb --fsys-tarfile '$deb' | LC_ALL=C grep -a -o '$TOP' | head -n 1"
# The paths in its manuals that PREFIX and LIBEXECDIR decide about.
page_paths() {
	dpkg-deb --fsys-tarfile "$deb" |
	    tar -xO --wildcards './usr/share/man/*.gz' | zcat |
	    grep -o '/usr/[a-z/]*libexec[a-z/]*' | sort -u
}
expect_is "its manuals name its directories" /usr/libexec/warren page_paths
if command -v lintian >/dev/null 2>&1; then
	expect_is "lintian" "" lintian --no-tag-display-limit "$deb"
fi

# --- a small Debian

suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
[ "$(sed -n 's/^ID=//p' /etc/os-release)" = debian ] || suite=bookworm
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources \
    2>/dev/null | sed -n 's|^URIs: *||p; s|^deb \(\[[^]]*\] \)*||p' |
    sed 's/ .*//' | grep -m 1 '/debian/*$') || mirror=
include=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' |
    sed 's/^ *//; s/ .*//' | grep -v '^libc6$' | sort | paste -sd,)
cache=$BUILD/debian-$suite-$(echo "$include" | cksum | cut -d' ' -f1).tar
root=$T/root
mkdir "$root"
if [ ! -s "$cache" ]; then
	if ! timeout 500 debootstrap --variant=minbase --include="$include" \
	    "$suite" "$root" "${mirror:-http://deb.debian.org/debian}" \
	    >"$T/debootstrap" 2>&1; then
		skip "installing" "debootstrap failed: $(tail -n 1 \
		    "$T/debootstrap")"
		exit 0
	fi
	chroot "$root" apt-get clean
	tar -C "$root" -cf "$cache.new" .
	mv "$cache.new" "$cache"
	rm -rf "$root"
	mkdir "$root"
fi
tar -C "$root" -xf "$cache"
mkdir -p "$root/dev/net" "$root/proc"
for node in null zero urandom random net/tun; do
	[ -e "$root/dev/$node" ] || : >"$root/dev/$node"
	mount --bind "/dev/$node" "$root/dev/$node"
done
mount -t proc proc "$root/proc"

inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
	    LC_ALL=C chroot "$root" "$@"
}
# Every file there is, but for what dpkg and adduser keep books in.
files() {
	(cd "$root" && find . \( -path ./proc -o -path ./dev -o \
	    -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache \
	    -o -path ./tmp -o -path ./run/adduser \) -prune -o -printf '%p %y %m %U %G\n' |
	    grep -Ev '^\./etc/(passwd|group|g?shadow|sub[ug]id)-? |^\./etc/\.pwd' |
	    sort)
}
sums() {
	(cd "$root/etc" && find . -type f | sort |
	    grep -Ev '/(passwd|group|g?shadow|sub[ug]id)-?$|\.pwd\.lock' |
	    xargs md5sum)
}
# What systemctl enable makes links in.
wants=$root/etc/systemd/system/multi-user.target.wants
mkdir -p "$wants"
ln -sf /lib/systemd/system/other.service "$wants/other.service"
files >"$T/files.before"
sums >"$T/sums.before"
mkdir "$root/tmp/deb"

# --- install

cp "$deb" "$root/tmp/deb/one.deb"
expect "install" inside dpkg -i /tmp/deb/one.deb
expect_is "what dpkg installed is unchanged" "" inside dpkg -V warren
for user in _wcrypt _wnet _wctl _wres; do
	expect "user $user" inside getent passwd $user
done
for group in warren warren-read; do
	expect "group $group" inside getent group $group
done
expect_is "no user can log in" "" sh -c \
    "grep '^_w' '$root/etc/passwd' | grep -v ':/usr/sbin/nologin$'"
expect_is "nothing is enabled" "" find "$root/etc/systemd" \
    -name '*warren*' 2>/dev/null
expect_is "the state is root's alone" "700 0 0" \
    stat -c '%a %u %g' "$root/var/lib/warren"
expect_is "warrenctl" "warrenctl $version" inside warrenctl version
expect "warrend -n" inside warrend -n
expect_is "no library is missing" "" sh -c "chroot '$root' sh -c \
    'ldd /usr/sbin/warrend /usr/bin/warrenctl /usr/libexec/warren/*' |
    grep 'not found'"

# --- run

host_new a
start() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin ip netns exec "$(ns a)" \
	    chroot "$root" warrend -d >"$T/a.log" 2>&1 &
	pid=$!
	PIDS="$PIDS $pid"
	wait_for 15 grep -q ', instance ready' "$T/a.log" || true
}
stop() {
	kill "$(head -n 1 "$root/run/warren/warren0.lock")"
	rc=0
	wait $pid || rc=$?
}
start
expect_is "the packaged configuration runs" "warren0" sh -c \
    "chroot '$root' warrenctl status | sed -n 's/^interface: //p'"
expect "and says what is missing" \
    sh -c "chroot '$root' warrenctl status | grep -q '^health: [a-z]*:'"
before=$(inside warrenctl -j show interface |
    sed -n 's/.*"public_key":"\([^"]*\)".*/\1/p')
expect "it has a key" [ -n "$before" ]
expect "reload" inside warrenctl reload
stop
expect_is "it ends" 0 echo $rc

# --- upgrade

cp -a "$BUILD/deb/tree" "$T/tree"
sed -i "s/^Version:.*/Version: $version.1/" "$T/tree/DEBIAN/control"
echo "# a newer default" >>"$T/tree/etc/warren.conf"
dpkg-deb --root-owner-group -Znone --build "$T/tree" \
    "$root/tmp/deb/two.deb" >/dev/null
echo "# of this host" >>"$root/etc/warren.conf"
expect "upgrade" inside dpkg -i --force-confdef --force-confold \
    /tmp/deb/two.deb
expect_is "to the new version" "$version.1" \
    inside dpkg-query -W -f '${Version}' warren
expect "the changed configuration stays" \
    grep -q "of this host" "$root/etc/warren.conf"
expect "and the new one is beside it" \
    grep -q "a newer default" "$root/etc/warren.conf.dpkg-dist"
start
expect_is "its key is the same" "$before" sh -c \
    "chroot '$root' warrenctl -j show interface |
    sed -n 's/.*\"public_key\":\"\([^\"]*\)\".*/\1/p'"
stop
expect_is "it ends, too" 0 echo $rc

# --- remove, and back

for unit in warrend warrend@lab; do
	ln -s "/lib/systemd/system/${unit%lab}.service" "$wants/$unit.service"
done
expect "remove" inside dpkg -r warren
expect_is "no instance is enabled any more" "" find "$wants" -name 'warren*'
expect "the configuration stays" test -s "$root/etc/warren.conf"
expect "and the key" test -s "$root/var/lib/warren/warren0/key"
expect_fail "the programs do not" ls "$root/usr/sbin/warrend" \
    "$root/usr/libexec/warren"
expect "install again" inside dpkg -i /tmp/deb/two.deb
expect "with the same configuration" \
    grep -q "of this host" "$root/etc/warren.conf"

# --- purge

echo key >"$root/etc/warren/own.key"
expect "purge" inside dpkg -P warren
expect "what the administrator made stays" test -s "$root/etc/warren/own.key"
rm -r "$root/etc/warren" "$root/tmp/deb"
files >"$T/files.after"
sums >"$T/sums.after"
expect "no file is left, and none is missing" \
    diff "$T/files.before" "$T/files.after"
expect "no file of /etc is changed" diff "$T/sums.before" "$T/sums.after"
expect_is "users and groups stay, as Debian has it" "_wcrypt _wctl _wnet _wres" \
    sh -c "sed -n 's/^\(_w[a-z]*\):.*/\1/p' '$root/etc/passwd' | sort |
    paste -sd' '"
for node in null zero urandom random net/tun; do
	umount "$root/dev/$node"
done
umount "$root/proc"
