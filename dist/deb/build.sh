#!/bin/sh
# SPDX-License-Identifier: ISC
#
# usage: build.sh VERSION DIR
#
# Builds DIR/warren_VERSION_ARCH.deb: compiles for Debian's directories,
# installs into a tree below DIR, and packs that.  No root is needed.

set -eu
version=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/dist/deb
tree=$dir/tree
umask 022

for tool in dpkg-deb dpkg-shlibdeps; do
	command -v $tool >/dev/null || {
		echo "deb: $tool is missing: apt-get install dpkg-dev" >&2
		exit 1
	}
done
arch=$(dpkg --print-architecture)
doc=$tree/usr/share/doc/warren

rm -rf "$tree" "$dir/shlibs"
# shellcheck disable=SC2086
make -C "$top" --no-print-directory ${MAKE_JOBS:-} BUILD="$dir/obj" \
    VERSION="$version" PREFIX=/usr SYSCONFDIR=/etc RUNSTATEDIR=/run \
    LOCALSTATEDIR=/var LIBEXECDIR=/usr/libexec SBINDIR=/usr/sbin \
    BINDIR=/usr/bin MANDIR=/usr/share/man \
    SYSUSERSDIR=/usr/lib/sysusers.d TMPFILESDIR=/usr/lib/tmpfiles.d \
    UNITDIR=/lib/systemd/system DOCDIR=/usr/share/doc/warren \
    BASHDIR=/usr/share/bash-completion/completions \
    DESTDIR="$tree" install >"$dir/log" 2>&1 || {
	cat "$dir/log" >&2
	exit 1
}
programs="$tree/usr/sbin/warrend $tree/usr/bin/warrenctl
    $tree/usr/libexec/warren/*"
# shellcheck disable=SC2086
strip --strip-unneeded $programs
find "$tree/usr/share/man" -type f -exec gzip -9n {} +
{ cat "$here/copyright.in"; sed '1,4d; s/^$/./; s/^/ /' "$top/LICENSE"; } \
    >"$doc/copyright"
sed "s/@VERSION@/$version/; s/@DATE@/$(date -R -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")/" \
    "$here/changelog.in" | gzip -9n >"$doc/changelog.gz"
install -m 644 "$here/README.Debian" "$doc"

# What the programs are linked to; dpkg-shlibdeps wants a source package.
mkdir -p "$dir/shlibs/debian" "$tree/DEBIAN"
printf 'Source: warren\n\nPackage: warren\nArchitecture: any\n' \
    >"$dir/shlibs/debian/control"
# shellcheck disable=SC2086
depends=$(cd "$dir/shlibs" && dpkg-shlibdeps -O $programs 2>/dev/null |
    sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || { echo "deb: no dependencies were found" >&2; exit 1; }
size=$(du -sk --exclude=DEBIAN "$tree" | cut -f1)
sed "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/
    s/@DEPENDS@/$depends/" "$here/control.in" >"$tree/DEBIAN/control"
install -m 644 "$here/conffiles" "$tree/DEBIAN"
install -m 755 "$here/postinst" "$here/prerm" "$here/postrm" "$tree/DEBIAN"
(cd "$tree" && find . -type f ! -path './DEBIAN/*' ! -path ./etc/warren.conf \
    -printf '%P\n' | sort | xargs md5sum) >"$tree/DEBIAN/md5sums"
deb=$dir/warren_${version}_$arch.deb
dpkg-deb --root-owner-group -Zxz --build "$tree" "$deb" >/dev/null
echo "$deb"
