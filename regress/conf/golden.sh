#!/bin/sh
# SPDX-License-Identifier: ISC
#
# warrend -n: good/NAME.conf is accepted and printed as good/NAME.out, which
# reads to the same again; each case of broken.txt is refused with exactly the
# lines that stand there.

. "$(dirname "$0")/../lib.sh"
HERE=$TOP/regress/conf

# Paths in the copies: /etc/warren is $T/etc here, and GOOD the directory.
cp -R "$HERE/good" "$T/good"
mkdir "$T/etc"
for conf in "$T"/good/*.conf; do
	sed -i "s|/etc/warren|$T/etc|g" "$conf"
done

# Key files are looked at, too, so there must be some.
(
	umask 077
	mkdir -p "$T/good/keys"
	for key in "$T/etc/warren0.key" "$T/etc/alice.psk" \
	    "$T/good/keys/own key" "$T/good/keys/alice.psk" \
	    "$T/good/peers/alice.psk" "$T/good/keys/\$name"; do
		echo "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=" >"$key"
	done
)

canonical() {
	"$WARREND" -n -v -f "$1" 2>&1 |
	    sed "s|$T/etc|/etc/warren|g; s|$T/good|GOOD|g"
}
for conf in "$T"/good/*.conf; do
	name=$(basename "$conf" .conf)
	canonical "$conf" >"$T/$name.got"
	expect "$name is printed as it should be" \
	    diff -u "$HERE/good/$name.out" "$T/$name.got"
	"$WARREND" -n -v -f "$conf" >"$T/$name.again" 2>/dev/null || true
	canonical "$T/$name.again" >"$T/$name.got"
	expect "$name, as printed, is the same" \
	    diff -u "$HERE/good/$name.out" "$T/$name.got"
	expect_is "$name: -n alone prints nothing" "" \
	    "$WARREND" -n -f "$conf"
done

# A case a directory: text, want, name.
mkdir "$T/broken"
awk -v dir="$T/broken" '
	/^=== / {
		at = sprintf("%s/%03d", dir, ++n)
		system("mkdir " at)
		print substr($0, 5) >(at "/name")
		close(out)
		out = at "/broken.conf"
		printf "" >out
		next
	}
	/^---$/ {
		close(out)
		out = at "/want"
		next
	}
	{ print >out }' "$HERE/broken.txt"

count=0
bad=0
for dir in "$T"/broken/*; do
	count=$((count + 1))
	status=0
	"$WARREND" -n -f "$dir/broken.conf" >"$dir/out" 2>"$dir/err" ||
	    status=$?
	sed "s|$dir/||g" "$dir/err" >"$dir/got"
	if [ $status -ne 1 ] || [ -s "$dir/out" ] ||
	    ! cmp -s "$dir/want" "$dir/got"; then
		bad=$((bad + 1))
		echo "# $(cat "$dir/name"): status $status"
		diff -u "$dir/want" "$dir/got" | sed 's/^/# /'
	fi
done
expect_is "each of $count broken files is refused with its errors" \
    "0 wrong" echo "$bad wrong"
expect "there are at least 200 of them" test $count -ge 200

# What the daemon could not read without the right to pass by modes is refused,
# though whoever asks has that right.
if id nobody >/dev/null 2>&1; then
	mkdir -m 700 "$T/theirs"
	(umask 077 && cp "$T/etc/warren0.key" "$T/theirs/key")
	cat >"$T/theirs.conf" <<-CONF
	interface warren0 { private-key file "$T/theirs/key" }
	CONF
	expect "a key in root's own directory" "$WARREND" -n -f "$T/theirs.conf"
	chown nobody "$T/theirs"
	expect_fail "a key in another user's" "$WARREND" -n -f "$T/theirs.conf"
	cp "$T/theirs.conf" "$T/theirs"
	expect_fail "a configuration in another user's" \
	    "$WARREND" -n -f "$T/theirs/theirs.conf"
	expect "says what to do" sh -c "'$WARREND' -n -f '$T/theirs/theirs.conf' \
	    2>&1 | grep -q \"root's own files\""
fi
slot=$STATE/${P}n
mkdir -p "$STATE"
mkdir -m 700 "$slot"
cp "$T/etc/warren0.key" "$slot/key"
echo "interface ${P}n { }" >"$T/slot.conf"
chmod 600 "$slot/key"
expect "a key of the state directory" "$WARREND" -n -f "$T/slot.conf"
chmod 644 "$slot/key"
expect_fail "one that others may read" "$WARREND" -n -f "$T/slot.conf"
rm -r "$slot"
