/* SPDX-License-Identifier: ISC */
/*
 * Keys as text, and everything that is almost one.
 */
#include <errno.h>
#include <string.h>

#include "shared/bytes.h"
#include "shared/hex.h"
#include "unit.h"

START_TEST(bytes)
{
	uint8_t	b[9];

	/* At an odd address on purpose. */
	put_le64(b + 1, UINT64_C(0x0102030405060708));
	ck_assert_uint_eq(b[1], 8);
	ck_assert_uint_eq(get_le64(b + 1), UINT64_C(0x0102030405060708));
	ck_assert_uint_eq(get_be64(b + 1), UINT64_C(0x0807060504030201));
	ck_assert_uint_eq(get_le32(b + 1), 0x05060708);
	ck_assert_uint_eq(get_be32(b + 1), 0x08070605);
	ck_assert_uint_eq(get_le16(b + 1), 0x0708);
	ck_assert_uint_eq(get_be16(b + 1), 0x0807);
	put_be64(b + 1, UINT64_C(0xfffefdfcfbfaf9f8));
	ck_assert_uint_eq(get_be64(b + 1), UINT64_C(0xfffefdfcfbfaf9f8));
	put_le16(b + 1, 0xfffe);
	ck_assert_uint_eq(get_be16(b + 1), 0xfeff);
	put_be16(b + 1, 0xfffe);
	ck_assert_uint_eq(get_le16(b + 1), 0xfeff);
	put_be32(b + 1, 0xfffefdfc);
	ck_assert_uint_eq(get_le32(b + 1), 0xfcfdfeff);
}
END_TEST

START_TEST(hex_good)
{
	uint8_t	b[4];
	char	s[9];

	ck_assert_int_eq(hex_encode(s, sizeof(s), "\x00\xff\x1a\x80", 4), 0);
	ck_assert_str_eq(s, "00ff1a80");
	ck_assert_int_eq(hex_decode(b, 4, "00Ff1A80trailing", 8), 0);
	ck_assert_mem_eq(b, "\x00\xff\x1a\x80", 4);
	ck_assert_int_eq(hex_encode(s, 1, "", 0), 0);
	ck_assert_str_eq(s, "");
	ck_assert_int_eq(hex_decode(b, 0, "", 0), 0);
}
END_TEST

START_TEST(hex_bad)
{
	static const char *const	 bad[] = {
		"00ff1a8", "00ff1a800", "00ff1a8000", "", "00ff1a8g",
		" 0ff1a80", "00ff1a8 ", "0x00ff1a", "00:ff:1a", "00ff 1a8",
		"-0ff1a80", "00ff1a8\n"
	};
	uint8_t				 b[5], zero[4] = { 0 };
	char				 s[8];
	size_t				 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(b, 0x55, sizeof(b));
		errno = 0;
		ck_assert_int_eq(hex_decode(b, 4, bad[i], strlen(bad[i])),
		    -1);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_mem_eq(b, zero, 4);
		ck_assert_uint_eq(b[4], 0x55);
	}
	ck_assert_int_eq(hex_decode(b, 4, "00ff\0" "1a8", 8), -1);
	errno = 0;
	ck_assert_int_eq(hex_encode(s, sizeof(s), "abcd", 4), -1);
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

START_TEST(base64_good)
{
	static const char	text[] =
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
	uint8_t			key[32], want[32];
	char			s[BASE64_KEY_SIZE];
	uint8_t			i;

	for (i = 0; i < 32; i++)
		want[i] = i;
	ck_assert_int_eq(base64_key_decode(key, text, 44), 0);
	ck_assert_mem_eq(key, want, 32);
	base64_key_encode(s, key);
	ck_assert_str_eq(s, text);
	memset(key, 0xff, sizeof(key));
	base64_key_encode(s, key);
	ck_assert_str_eq(s, "//////////////////////////////////////////8=");
}
END_TEST

START_TEST(base64_bad)
{
	static const char *const	 bad[] = {
		"", "AAAA", "=",
		/* 43, 45 characters; 33 and 31 bytes; no padding */
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
		/* bits set that the padding hides */
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",
		/* the URL's alphabet, blanks, padding within */
		"__________________________________________8=",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh =",
		" AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"AAE=AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		/* bytes above 127, which libsodium alone lets pass */
		"ABEiM0RVZneImaq7\377\3773u/wARIjNEVWZ3iJmqu8zd7v8=",
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n"
	};
	uint8_t				 key[32], zero[32] = { 0 };
	size_t				 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(key, 0x55, sizeof(key));
		errno = 0;
		ck_assert_msg(base64_key_decode(key, bad[i],
		    strlen(bad[i])) == -1, "\"%s\" accepted", bad[i]);
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_mem_eq(key, zero, 32);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("hex");
	TCase	*tc = tcase_create("hex");

	tcase_add_test(tc, bytes);
	tcase_add_test(tc, hex_good);
	tcase_add_test(tc, hex_bad);
	tcase_add_test(tc, base64_good);
	tcase_add_test(tc, base64_bad);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("hex", suite()));
}
