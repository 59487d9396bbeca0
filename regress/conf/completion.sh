#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The completion for bash: what it offers, and that bash runs none of it.

. "$(dirname "$0")/../lib.sh"
need bash

"$WARRENCTL" completion bash >"$T/completion"
expect "the completion is a script" bash -n "$T/completion"
# complete_is WORDS WANT: the last word is the one to complete.
complete_is() {
	expect_is "completion of: $1" "$2" bash -c '
. "$1"
cd "${1%/*}"
read -ra COMP_WORDS <<<"$2"
case $2 in *" ") COMP_WORDS+=("") ;; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_warrenctl
echo "${COMPREPLY[*]}"' sh "$T/completion" "$1"
}
complete_is "warrenctl sta" "status"
complete_is "warrenctl sh p" "processes"
complete_is "warrenctl -i x show i" "interface imsg"
complete_is "warrenctl status --" "--check"
complete_is "warrenctl -j log " "verbose brief"
complete_is "warrenctl completion b" "bash"
complete_is "warrenctl nonsense " ""
complete_is "warrenctl show memory " ""
complete_is "warrenctl import $T/compl" "$T/completion"
mkdir "$T/keydir"
complete_is "warrenctl import f -k $T/keyd" "$T/keydir"
# Names are whatever a daemon, or who may write to a directory, says:
# bash must neither expand them now nor get them on its command line.
mkdir "$T/fake" "$T/run" "$T/files"
cat >"$T/names" <<'END'
NAME
alice
$(touch${IFS}ran)
a$(touch${IFS}ran)
`touch${IFS}ran`
${x[$(touch${IFS}ran)]}
<(touch${IFS}ran)
"$(touch${IFS}ran)"
'$(touch${IFS}ran)'
a;touch${IFS}ran
a&touch${IFS}ran
*
/*
~
{a,b}
$HOME
a\
\141
-s
al'
al"x
al.i_c-e@h
alAAAA+/A=
END
printf '#!/bin/sh\ncat %s/names\n' "$T" >"$T/fake/warrenctl"
chmod 755 "$T/fake/warrenctl"
tail -n +2 "$T/names" | grep -v / | while read -r name; do
	: >"$T/run/$name.sock"
done
: >"$T/run/alice.read.sock"
: >"$T/run/.bob.sock"
: >"$T/run/.bob.read.sock"
: >"$T/run/.bob.sock.new"
echo "_warrenctl_run=$T/run" >>"$T/completion"
complete_played() {
	PATH=$T/fake:$PATH complete_is "$@"
}
complete_played "warrenctl peers " "alice al.i_c-e@h alAAAA+/A="
complete_played "warrenctl peers al" "alice al.i_c-e@h alAAAA+/A="
complete_played "warrenctl peers \$" ""
complete_played "warrenctl peers *" ""
complete_played "warrenctl -i " "al.i_c-e@h alice .bob"
complete_played "warrenctl -i al.i" "al.i_c-e@h"
complete_played "warrenctl -i \$" ""
: >"$T/files/a b"
: >"$T/files/a*"
: >"$T/files/a\$(touch ran)"
complete_played "warrenctl import $T/files/a" "$(printf '%s ' \
    "$T/files/a b" "$T/files/a*" "$T/files/a\$(touch ran)" |
    sed 's/ $//')"
expect_fail "anything was run" test -e "$T/ran"
expect_is "every command is completed" "" sh -c \
    "'$WARRENCTL' nonsense 2>&1 | awk '/^  / { print \$1 }' |
    while read -r w; do grep -q \" \$w[ \\\"]\" '$T/completion' ||
    echo \$w; done"
