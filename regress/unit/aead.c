/* SPDX-License-Identifier: ISC */
/*
 * ChaCha20-Poly1305 through our seam, whatever the backend, and the XChaCha
 * variant that cookies use straight from libsodium.
 */
#include <string.h>

#include <sodium.h>

#include "cryptod/aead.h"
#include "unit.h"
#include "vectors.h"

#define BUFSIZE	2048

START_TEST(selftest)
{
	ck_assert_int_eq(aead_selftest(), 0);
	ck_assert_uint_gt(strlen(aead_name()), 0);
}
END_TEST

struct answer {
	uint8_t	key[32], nonce[24];
	uint8_t	ad[BUFSIZE], pt[BUFSIZE], ct[BUFSIZE];
	size_t	adlen, ptlen, ctlen;	/* ct with its tag */
	int	ok;
};

static void
check_answer(const struct answer *a)
{
	uint8_t	buf[BUFSIZE];

	if (a->ok) {
		aead_seal_ad(buf, a->pt, a->ptlen, a->ad, a->adlen, a->key,
		    a->nonce);
		ck_assert_mem_eq(buf, a->ct, a->ctlen);
	}
	memset(buf, 0xa5, sizeof(buf));
	ck_assert_int_eq(aead_open_ad(buf, a->ct, a->ctlen, a->ad, a->adlen,
	    a->key, a->nonce), a->ok ? 0 : -1);
	if (a->ok)
		ck_assert_mem_eq(buf, a->pt, a->ptlen);
	/* In place. */
	memcpy(buf, a->ct, a->ctlen);
	ck_assert_int_eq(aead_open_ad(buf, buf, a->ctlen, a->ad, a->adlen,
	    a->key, a->nonce), a->ok ? 0 : -1);
	if (!a->ok)
		return;
	ck_assert_mem_eq(buf, a->pt, a->ptlen);
	aead_seal_ad(buf, buf, a->ptlen, a->ad, a->adlen, a->key, a->nonce);
	ck_assert_mem_eq(buf, a->ct, a->ctlen);
}

static void
read_wycheproof(const struct vectors *v, struct answer *a, size_t noncelen)
{
	ck_assert_uint_eq(vectors_hex(v, 2, a->key, sizeof(a->key)), 32);
	ck_assert_uint_eq(vectors_hex(v, 3, a->nonce, sizeof(a->nonce)),
	    noncelen);
	a->adlen = vectors_hex(v, 4, a->ad, sizeof(a->ad));
	a->ptlen = vectors_hex(v, 5, a->pt, sizeof(a->pt));
	a->ctlen = vectors_hex(v, 6, a->ct, sizeof(a->ct));
	a->ctlen += vectors_hex(v, 7, a->ct + a->ctlen, 16);
	a->ok = (int)vectors_number(v, 8);
	ck_assert_uint_eq(a->ctlen, a->ptlen + AEAD_TAGLEN);
}

START_TEST(wycheproof)
{
	struct vectors	v;
	struct answer	a;
	int		rows = 0;

	vectors_open(&v, "wycheproof-chacha20poly1305.txt");
	while (vectors_next(&v, 9) == 1) {
		read_wycheproof(&v, &a, AEAD_NONCELEN);
		check_answer(&a);
		rows++;
	}
	ck_assert_int_gt(rows, 200);
}
END_TEST

/* The kernel's set; 8-byte nonces are the counter of the transport form. */
START_TEST(kernel_external)
{
	struct vectors	 v;
	struct answer	 a;
	uint8_t		 buf[BUFSIZE];
	size_t		 noncelen, n;
	uint64_t	 counter;
	int		 dec, i;

	if (vectors_open_external(&v, "chacha20poly1305.txt") == -1) {
		unit_skip("chacha20poly1305.txt",
		    "VECTORS names no such file");
		return;
	}
	while (vectors_next(&v, 7) == 1) {
		memset(&a, 0, sizeof(a));
		dec = strcmp(v.col[0], "dec") == 0;
		vectors_hex(&v, 1, a.key, sizeof(a.key));
		noncelen = vectors_hex(&v, 2, buf, 12);
		ck_assert(noncelen == 8 || noncelen == 12);
		memcpy(a.nonce + 12 - noncelen, buf, noncelen);
		a.adlen = vectors_hex(&v, 3, a.ad, sizeof(a.ad));
		a.ctlen = vectors_hex(&v, dec ? 4 : 5, a.ct, sizeof(a.ct));
		n = vectors_hex(&v, dec ? 5 : 4, a.pt, sizeof(a.pt));
		a.ptlen = a.ctlen - AEAD_TAGLEN;
		a.ok = (int)vectors_number(&v, 6);
		if (a.ok)
			ck_assert_uint_eq(n, a.ptlen);
		check_answer(&a);
		if (noncelen == 8 && a.adlen == 0 && a.ok) {
			for (counter = 0, i = 7; i >= 0; i--)
				counter = counter << 8 | a.nonce[4 + i];
			aead_seal(buf, a.pt, a.ptlen, a.key, counter);
			ck_assert_mem_eq(buf, a.ct, a.ctlen);
			ck_assert_int_eq(aead_open(buf, buf, a.ctlen, a.key,
			    counter), 0);
		}
	}
}
END_TEST

START_TEST(short_input)
{
	uint8_t	key[32] = { 1 }, buf[64] = { 0 };
	size_t	n;

	for (n = 0; n < AEAD_TAGLEN; n++)
		ck_assert_int_eq(aead_open(buf, buf, n, key, 0), -1);
}
END_TEST

/* Each bit of a packet, and the counter's every byte, counts. */
START_TEST(tamper)
{
	uint8_t		key[32] = { 7 }, pt[48], ct[64], buf[64];
	uint64_t	counter = UINT64_C(0xfffffffffffffff0);
	size_t		i;

	memset(pt, 'x', sizeof(pt));
	aead_seal(ct, pt, sizeof(pt), key, counter);
	for (i = 0; i < sizeof(ct) * 8; i++) {
		memcpy(buf, ct, sizeof(buf));
		buf[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(aead_open(buf, buf, sizeof(buf), key,
		    counter), -1);
	}
	for (i = 0; i < 64; i++)
		ck_assert_int_eq(aead_open(buf, ct, sizeof(ct), key,
		    counter ^ UINT64_C(1) << i), -1);
	for (i = 0; i < sizeof(ct); i++)
		ck_assert_int_eq(aead_open(buf, ct, i, key, counter), -1);
	ck_assert_int_eq(aead_open(buf, ct, sizeof(ct), key, counter), 0);
	ck_assert_mem_eq(buf, pt, sizeof(pt));
}
END_TEST

START_TEST(xchacha)
{
	struct vectors	v;
	struct answer	a;
	uint8_t		buf[BUFSIZE];
	int		ret, rows = 0;

	vectors_open(&v, "wycheproof-xchacha20poly1305.txt");
	while (vectors_next(&v, 9) == 1) {
		read_wycheproof(&v, &a, 24);
		ret = crypto_aead_xchacha20poly1305_ietf_decrypt(buf, NULL,
		    NULL, a.ct, a.ctlen, a.ad, a.adlen, a.nonce, a.key);
		ck_assert_int_eq(ret, a.ok ? 0 : -1);
		if (a.ok)
			ck_assert_mem_eq(buf, a.pt, a.ptlen);
		rows++;
	}
	ck_assert_int_gt(rows, 40);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("aead");
	TCase	*tc = tcase_create("aead");

	tcase_add_test(tc, selftest);
	tcase_add_test(tc, wycheproof);
	tcase_add_test(tc, kernel_external);
	tcase_add_test(tc, short_input);
	tcase_add_test(tc, tamper);
	tcase_add_test(tc, xchacha);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	if (sodium_init() == -1)
		return (1);
	return (unit_run("aead", suite()));
}
