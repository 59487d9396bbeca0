#!/bin/sh
# SPDX-License-Identifier: ISC
#
# usage: unit.sh FILE.service.in SBINDIR BINDIR SYSCONFDIR
#
# Prints a unit: directories are put in, and the restrictions, which both units
# have in common.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
sed -e "/^@RESTRICTIONS@\$/{r $here/systemd/restrictions
d;}" -e "s|@SBINDIR@|$2|g; s|@BINDIR@|$3|g; s|@SYSCONFDIR@|$4|g" "$1"
