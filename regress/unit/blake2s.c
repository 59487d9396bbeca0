/* SPDX-License-Identifier: ISC */
/*
 * BLAKE2s, HMAC-BLAKE2s and the KDFs against all known answers.
 */
#include <string.h>

#include "shared/blake2s.h"
#include "shared/blake2s_kdf.h"
#include "unit.h"
#include "vectors.h"

/* Hash in pieces of every size, which must not matter. */
static void
check_pieces(const uint8_t *want, const uint8_t *msg, size_t len,
    const uint8_t *key, size_t keylen)
{
	struct blake2s	s;
	uint8_t		out[BLAKE2S_HASHLEN];
	size_t		piece, off, n;

	for (piece = 1; piece <= 130; piece += 3) {
		blake2s_init(&s, sizeof(out), key, keylen);
		for (off = 0; off < len; off += n) {
			n = len - off < piece ? len - off : piece;
			blake2s_update(&s, msg + off, n);
			blake2s_update(&s, NULL, 0);
		}
		blake2s_final(&s, out);
		ck_assert_mem_eq(out, want, sizeof(out));
	}
}

static int
check_kat(struct vectors *v)
{
	uint8_t	key[32], msg[256], want[32], out[32];
	size_t	keylen, len, i;
	int	rows = 0;

	while (vectors_next(v, 3) == 1) {
		for (i = 0; i < sizeof(msg); i++)
			msg[i] = (uint8_t)i;
		keylen = 0;
		if (strcmp(v->col[0], "abc") == 0) {
			len = 3;
			memcpy(msg, "abc", len);
		} else {
			keylen = vectors_hex(v, 0, key, sizeof(key));
			len = vectors_number(v, 1);
		}
		ck_assert_uint_le(len, sizeof(msg));
		ck_assert_uint_eq(vectors_hex(v, 2, want, sizeof(want)), 32);
		blake2s(out, sizeof(out), msg, len, key, keylen);
		ck_assert_mem_eq(out, want, sizeof(out));
		check_pieces(want, msg, len, key, keylen);
		rows++;
	}
	return (rows);
}

START_TEST(known_answers)
{
	struct vectors	v;

	vectors_open(&v, "blake2s.txt");
	ck_assert_int_eq(check_kat(&v), 513);
}
END_TEST

START_TEST(known_answers_external)
{
	struct vectors	v;

	if (vectors_open_external(&v, "blake2s-kat.txt") == -1) {
		unit_skip("blake2s-kat.txt", "VECTORS names no such file");
		return;
	}
	ck_assert_int_gt(check_kat(&v), 500);
}
END_TEST

START_TEST(mac)
{
	struct vectors	v;
	uint8_t		key[32], msg[1024], want[32], out[33];
	size_t		keylen, len, outlen;
	int		rows = 0;

	vectors_open(&v, "blake2s-mac.txt");
	while (vectors_next(&v, 4) == 1) {
		keylen = vectors_hex(&v, 0, key, sizeof(key));
		outlen = vectors_number(&v, 1);
		len = vectors_hex(&v, 2, msg, sizeof(msg));
		ck_assert_uint_eq(vectors_hex(&v, 3, want, sizeof(want)),
		    outlen);
		memset(out, 0xa5, sizeof(out));
		blake2s(out, outlen, msg, len, key, keylen);
		ck_assert_mem_eq(out, want, outlen);
		/* Not a byte more than asked for. */
		ck_assert_uint_eq(out[outlen], 0xa5);
		rows++;
	}
	ck_assert_int_gt(rows, 5);
}
END_TEST

static void
selftest_seq(uint8_t *out, size_t len, uint32_t seed)
{
	uint32_t	a, b, t;
	size_t		i;

	a = 0xdead4bad * seed;
	b = 1;
	for (i = 0; i < len; i++) {
		t = a + b;
		a = b;
		b = t;
		out[i] = (uint8_t)(t >> 24);
	}
}

/* RFC 7693 appendix E: all output lengths, keyed and not, in one digest. */
START_TEST(rfc7693_grand_hash)
{
	static const uint8_t	want[32] = {
		0x6a, 0x41, 0x1f, 0x08, 0xce, 0x25, 0xad, 0xcd,
		0xfb, 0x02, 0xab, 0xa6, 0x41, 0x45, 0x1c, 0xec,
		0x53, 0xc5, 0x98, 0xb2, 0x4f, 0x4f, 0xc7, 0x87,
		0xfb, 0xdc, 0x88, 0x79, 0x7f, 0x4c, 0x1d, 0xfe
	};
	static const size_t	outlens[4] = { 16, 20, 28, 32 };
	static const size_t	inlens[6] = { 0, 3, 64, 65, 255, 1024 };
	struct blake2s		s;
	uint8_t			in[1024], md[32], key[32];
	size_t			i, j, o, n;

	blake2s_init(&s, 32, NULL, 0);
	for (i = 0; i < 4; i++) {
		o = outlens[i];
		for (j = 0; j < 6; j++) {
			n = inlens[j];
			selftest_seq(in, n, (uint32_t)n);
			blake2s(md, o, in, n, NULL, 0);
			blake2s_update(&s, md, o);
			selftest_seq(key, o, (uint32_t)o);
			blake2s(md, o, in, n, key, o);
			blake2s_update(&s, md, o);
		}
	}
	blake2s_final(&s, md);
	ck_assert_mem_eq(md, want, sizeof(want));
}
END_TEST

START_TEST(final_wipes)
{
	struct blake2s	s, zero;
	uint8_t		out[32];

	memset(&zero, 0, sizeof(zero));
	blake2s_init(&s, 32, "secret", 6);
	blake2s_final(&s, out);
	ck_assert_mem_eq(&s, &zero, sizeof(s));
}
END_TEST

/* A count above 2^32 reaches the second counter word. */
START_TEST(counter_carries)
{
	struct blake2s	a, b;
	uint8_t		out1[32], out2[32];

	blake2s_init(&a, 32, NULL, 0);
	blake2s_init(&b, 32, NULL, 0);
	b.count = UINT64_C(1) << 32;
	blake2s_final(&a, out1);
	blake2s_final(&b, out2);
	ck_assert_mem_ne(out1, out2, 32);
}
END_TEST

START_TEST(hmac)
{
	struct vectors	v;
	uint8_t		key[256], msg[1024], want[32], out[32];
	size_t		keylen, len;
	int		rows = 0;

	vectors_open(&v, "hmac-blake2s.txt");
	while (vectors_next(&v, 3) == 1) {
		keylen = vectors_hex(&v, 0, key, sizeof(key));
		len = vectors_hex(&v, 1, msg, sizeof(msg));
		ck_assert_uint_eq(vectors_hex(&v, 2, want, sizeof(want)), 32);
		blake2s_hmac(out, key, keylen, msg, len);
		ck_assert_mem_eq(out, want, sizeof(out));
		rows++;
	}
	ck_assert_int_ge(rows, 3);
}
END_TEST

START_TEST(kdf)
{
	struct vectors	v;
	uint8_t		key[64], in[64], want[3][32], t[3][32];
	size_t		keylen, len;
	int		i, rows = 0;

	vectors_open(&v, "kdf.txt");
	while (vectors_next(&v, 5) == 1) {
		keylen = vectors_hex(&v, 0, key, sizeof(key));
		len = vectors_hex(&v, 1, in, sizeof(in));
		for (i = 0; i < 3; i++)
			ck_assert_uint_eq(vectors_hex(&v, 2 + i, want[i],
			    sizeof(want[i])), 32);
		blake2s_kdf(t[0], t[1], t[2], key, keylen, in, len);
		ck_assert_mem_eq(t, want, sizeof(want));
		memset(t, 0, sizeof(t));
		blake2s_kdf(t[0], t[1], NULL, key, keylen, in, len);
		ck_assert_mem_eq(t, want, 64);
		memset(t, 0, sizeof(t));
		blake2s_kdf(t[0], NULL, NULL, key, keylen, in, len);
		ck_assert_mem_eq(t, want, 32);
		/* The chaining key is replaced in place. */
		if (keylen <= 32) {
			memcpy(t[0], key, keylen);
			blake2s_kdf(t[0], t[1], NULL, t[0], keylen, in, len);
			ck_assert_mem_eq(t, want, 64);
		}
		rows++;
	}
	ck_assert_int_ge(rows, 3);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("blake2s");
	TCase	*tc = tcase_create("blake2s");

	tcase_add_test(tc, known_answers);
	tcase_add_test(tc, known_answers_external);
	tcase_add_test(tc, mac);
	tcase_add_test(tc, rfc7693_grand_hash);
	tcase_add_test(tc, final_wipes);
	tcase_add_test(tc, counter_carries);
	tcase_add_test(tc, hmac);
	tcase_add_test(tc, kdf);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("blake2s", suite()));
}
