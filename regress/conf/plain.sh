#!/bin/sh
# SPDX-License-Identifier: ISC
#
# A build without intel-ipsec-mb is a whole one: it is made, it encrypts, it
# says which library it has not, and the tunnel works.
# class: check-all
# timeout: 600

. "$(dirname "$0")/../lib.sh"
need wg ping ip ldd

P_BUILD=$T/build
make -C "$TOP" --no-print-directory -j2 BUILD="$P_BUILD" IPSECMB= \
    LIBEXECDIR="$P_BUILD/libexec" RUNSTATEDIR="$(run_dir)" \
    LOCALSTATEDIR="$(run_dir)/state" all "$P_BUILD/regress/unit/aead" \
    "$P_BUILD/regress/tools/tcpflow" >"$T/make.log" 2>&1 ||
    not_ok "the build" "$(tail -n 5 "$T/make.log")"
expect_fail "no process loads the library" sh -c \
    "ldd '$P_BUILD'/libexec/warren/* | grep -qi ipsec"
expect "the vectors" sh -c "'$P_BUILD/regress/unit/aead' >'$T/aead.log'"

WARREND=$P_BUILD/sbin/warrend
WARRENCTL=$P_BUILD/bin/warrenctl
host_new a b
link_new a b 192.0.2.1/24 192.0.2.2/24
on a timeout 20 "$WARREND" -d -a ipsec-mb "$(tun a)" 2>"$T/forced" || true
expect "-a ipsec-mb ends the start" grep -q 'aead ipsec-mb: not in this' \
    "$T/forced"
pair_start a b
expect "ping" ping_from a 10.9.0.2
expect "TCP" flow a b 10.9.0.2 20000000
expect "show crypto says which" sh -c \
    "'$WARRENCTL' -i '$(tun a)' show crypto | grep -q libsodium"
expect "and why" sh -c "'$WARRENCTL' -i '$(tun a)' show crypto |
    grep -q 'no other library is built in'"
