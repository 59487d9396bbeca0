#!/bin/sh
# SPDX-License-Identifier: ISC
#
# usage: unit.sh FILE.service.in SBINDIR BINDIR SYSCONFDIR RUNSTATEDIR
#            LOCALSTATEDIR
#
# Prints a unit: directories are put in, and the restrictions, which both units
# have in common.  systemd makes directories in /run and /var alone; others may
# be written to if they are there, which tmpfiles.conf and "make install" see
# to.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
runtime="s/@RUNTIME@/warren wireguard/; /@RUNSTATEDIR@/d"
[ "$5" = /run ] ||
	runtime="s/@RUNTIME@/wireguard/; s|@RUNSTATEDIR@|$5|g"
state="/@LOCALSTATEDIR@/d"
[ "$6" = /var ] ||
	state="/^StateDirectory/d; s|@LOCALSTATEDIR@|$6|g"
sed -e "/^@RESTRICTIONS@\$/{r $here/systemd/restrictions
d;}" "$1" | sed -e "s|@SBINDIR@|$2|g; s|@BINDIR@|$3|g; s|@SYSCONFDIR@|$4|g" \
    -e "$runtime" -e "$state"
