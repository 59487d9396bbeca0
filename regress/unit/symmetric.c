/* SPDX-License-Identifier: ISC */
/*
 * Noise's symmetric state and the DH: known answers token by token.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "cryptod/aead.h"
#include "cryptod/symmetric.h"
#include "unit.h"
#include "vectors.h"

#define FILE_WG		"wireguard-handshake.txt"
#define FILE_NOISE	"noise-ikpsk2.txt"

static const char *const	names[] = { "plain", "psk", "cookie" };

static void
get(const char *name, const char *key, void *buf, size_t size)
{
	char	full[128];

	snprintf(full, sizeof(full), "%s.%s", name, key);
	vectors_get(FILE_WG, full, buf, size);
}

static void
check_step(const char *name, int msg, int step, const struct symmetric *sym)
{
	struct symmetric	want;
	char			key[64];

	snprintf(key, sizeof(key), "message%d.%d.ck", msg, step);
	get(name, key, want.ck, sizeof(want.ck));
	snprintf(key, sizeof(key), "message%d.%d.hash", msg, step);
	get(name, key, want.hash, sizeof(want.hash));
	ck_assert_mem_eq(sym->ck, want.ck, sizeof(want.ck));
	ck_assert_mem_eq(sym->hash, want.hash, sizeof(want.hash));
}

/* Every token alone, against every intermediate value. */
START_TEST(steps)
{
	const char		*name = names[_i];
	struct symmetric	 s;
	uint8_t			 m1[148], m2[92], ei[32], er[32];
	uint8_t			 pi[32], pr[32];
	uint8_t			 ss[32], psk[32], label[12], key[32], out[48];

	get(name, "initiator_static_public", pi, 32);
	get(name, "responder_static_public", pr, 32);
	get(name, "static_static", ss, 32);
	get(name, "psk", psk, 32);
	get(name, "tai64n", label, 12);
	get(name, "message1", m1, sizeof(m1));
	get(name, "message2", m2, sizeof(m2));
	get(name, "initiator_ephemeral_private", ei, 32);
	get(name, "responder_ephemeral_private", er, 32);

	symmetric_init(&s, "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s",
	    "WireGuard v1 zx2c4 Jason@zx2c4.com", 34);
	check_step(name, 1, 0, &s);
	symmetric_mix_hash(&s, pr, 32);
	check_step(name, 1, 1, &s);
	symmetric_mix_hash(&s, m1 + 8, 32);
	check_step(name, 1, 2, &s);
	symmetric_mix_key(&s, NULL, m1 + 8, 32);
	check_step(name, 1, 3, &s);
	ck_assert_int_eq(symmetric_mix_dh(&s, key, ei, pr), 0);
	check_step(name, 1, 4, &s);
	symmetric_seal(&s, out, pi, 32, key);
	ck_assert_mem_eq(out, m1 + 40, 48);
	check_step(name, 1, 5, &s);
	symmetric_mix_key(&s, key, ss, 32);
	check_step(name, 1, 6, &s);
	symmetric_seal(&s, out, label, 12, key);
	ck_assert_mem_eq(out, m1 + 88, 28);
	check_step(name, 1, 7, &s);

	symmetric_mix_hash(&s, m2 + 12, 32);
	check_step(name, 2, 0, &s);
	symmetric_mix_key(&s, NULL, m2 + 12, 32);
	check_step(name, 2, 1, &s);
	ck_assert_int_eq(symmetric_mix_dh(&s, NULL, er, m1 + 8), 0);
	check_step(name, 2, 2, &s);
	ck_assert_int_eq(symmetric_mix_dh(&s, NULL, er, pi), 0);
	check_step(name, 2, 3, &s);
	symmetric_mix_psk(&s, key, psk);
	check_step(name, 2, 5, &s);
	symmetric_seal(&s, out, NULL, 0, key);
	ck_assert_mem_eq(out, m2 + 44, 16);
	check_step(name, 2, 6, &s);
}
END_TEST

static size_t
noise_find(const char *key, int n, uint8_t *buf, size_t size)
{
	char	full[64];

	snprintf(full, sizeof(full), n == 0 ? "%s" : "%s%d", key, n);
	return (vectors_find(FILE_NOISE, full, buf, size));
}

/* Noise's own vector: other prologue, payloads, and the split keys. */
START_TEST(cacophony)
{
	struct symmetric	s;
	uint8_t			si[32], ei[32], sr[32], er[32], psk[32];
	uint8_t			pi[32], pei[32], pr[32], per[32], key[32];
	uint8_t			k[2][32], buf[256], msg[256], payload[256];
	char			protocol[64] = "";
	size_t			n, m;
	int			i;

	noise_find("init_static", 0, si, 32);
	noise_find("init_ephemeral", 0, ei, 32);
	noise_find("resp_static", 0, sr, 32);
	noise_find("resp_ephemeral", 0, er, 32);
	noise_find("psk", 0, psk, 32);
	crypto_scalarmult_base(pi, si);
	crypto_scalarmult_base(pei, ei);
	crypto_scalarmult_base(pr, sr);
	crypto_scalarmult_base(per, er);
	n = noise_find("protocol_hex", 0, buf, sizeof(protocol) - 1);
	memcpy(protocol, buf, n);
	n = noise_find("init_prologue", 0, buf, sizeof(buf));
	symmetric_init(&s, protocol, buf, n);
	symmetric_mix_hash(&s, pr, 32);

	m = noise_find("ciphertext", 1, msg, sizeof(msg));
	n = noise_find("payload", 1, payload, sizeof(payload));
	ck_assert_uint_eq(m, 32 + 48 + n + 16);
	symmetric_mix_hash(&s, pei, 32);
	symmetric_mix_key(&s, NULL, pei, 32);
	ck_assert_mem_eq(msg, pei, 32);
	ck_assert_int_eq(symmetric_mix_dh(&s, key, ei, pr), 0);
	symmetric_seal(&s, buf, pi, 32, key);
	ck_assert_mem_eq(msg + 32, buf, 48);
	ck_assert_int_eq(symmetric_mix_dh(&s, key, si, pr), 0);
	symmetric_seal(&s, buf, payload, n, key);
	ck_assert_mem_eq(msg + 80, buf, n + 16);

	m = noise_find("ciphertext", 2, msg, sizeof(msg));
	n = noise_find("payload", 2, payload, sizeof(payload));
	ck_assert_uint_eq(m, 32 + n + 16);
	symmetric_mix_hash(&s, per, 32);
	symmetric_mix_key(&s, NULL, per, 32);
	ck_assert_mem_eq(msg, per, 32);
	ck_assert_int_eq(symmetric_mix_dh(&s, NULL, er, pei), 0);
	ck_assert_int_eq(symmetric_mix_dh(&s, NULL, er, pi), 0);
	symmetric_mix_psk(&s, key, psk);
	ck_assert_int_eq(symmetric_open(&s, buf, msg + 32, n + 16, key), 0);
	ck_assert_mem_eq(buf, payload, n);
	noise_find("handshake_hash", 0, buf, 32);
	ck_assert_mem_eq(s.hash, buf, 32);

	symmetric_split(&s, k[0], k[1]);
	for (i = 3; i <= 6; i++) {
		m = noise_find("ciphertext", i, msg, sizeof(msg));
		n = noise_find("payload", i, payload, sizeof(payload));
		ck_assert_uint_eq(m, n + 16);
		aead_seal(buf, payload, n, k[(i + 1) % 2],
		    (uint64_t)(i - 3) / 2);
		ck_assert_mem_eq(buf, msg, m);
	}
}
END_TEST

static int
check_x25519(struct vectors *v, int col)
{
	uint8_t	priv[32], pub[32], want[32], out[32];
	int	ret, rows = 0;

	while (vectors_next(v, col + 3) == 1) {
		ck_assert_uint_eq(vectors_hex(v, col, priv, 32), 32);
		ck_assert_uint_eq(vectors_hex(v, col + 1, pub, 32), 32);
		ck_assert_uint_eq(vectors_hex(v, col + 2, want, 32), 32);
		errno = 0;
		ret = noise_dh(out, priv, pub);
		/* A refused result is wiped, so it is all zero as well. */
		ck_assert_mem_eq(out, want, 32);
		if (sodium_is_zero(want, 32) == 1) {
			ck_assert_int_eq(ret, -1);
			ck_assert_int_eq(errno, EKEYREJECTED);
		} else
			ck_assert_int_eq(ret, 0);
		rows++;
	}
	return (rows);
}

START_TEST(x25519)
{
	struct vectors	v;

	vectors_open(&v, "x25519-rfc7748.txt");
	ck_assert_int_eq(check_x25519(&v, 0), 4);
	vectors_open(&v, "wycheproof-x25519.txt");
	ck_assert_int_eq(check_x25519(&v, 2), 518);
}
END_TEST

START_TEST(x25519_external)
{
	struct vectors	v;

	if (vectors_open_external(&v, "x25519.txt") == -1) {
		unit_skip("x25519.txt", "VECTORS names no such file");
		return;
	}
	ck_assert_int_gt(check_x25519(&v, 0), 80);
}
END_TEST

START_TEST(open_forged)
{
	struct symmetric	s, before;
	uint8_t			key[32] = { 3 }, ct[20], out[4];

	symmetric_init(&s, "Noise_IK_25519_ChaChaPoly_BLAKE2s", NULL, 0);
	before = s;
	symmetric_seal(&s, ct, "text", 4, key);
	ck_assert_mem_ne(s.hash, before.hash, 32);
	s = before;
	ct[3] ^= 1;
	errno = 0;
	ck_assert_int_eq(symmetric_open(&s, out, ct, 20, key), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_int_eq(symmetric_open(&s, out, ct, 15, key), -1);
	ck_assert_mem_eq(&s, &before, sizeof(s));
	ct[3] ^= 1;
	ck_assert_int_eq(symmetric_open(&s, out, ct, 20, key), 0);
	ck_assert_mem_eq(out, "text", 4);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("symmetric");
	TCase	*tc = tcase_create("symmetric");

	tcase_add_loop_test(tc, steps, 0, 3);
	tcase_add_test(tc, cacophony);
	tcase_add_test(tc, x25519);
	tcase_add_test(tc, x25519_external);
	tcase_add_test(tc, open_forged);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	if (sodium_init() == -1)
		return (1);
	return (unit_run("symmetric", suite()));
}
