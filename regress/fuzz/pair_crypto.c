/* SPDX-License-Identifier: ISC */
/*
 * The cryptography of fuzz/pair.  The cipher is real; the key exchange is a
 * product that anybody could undo and the hash is made of ChaCha's core, as
 * they would take most of the time; random numbers come from the seed, so
 * that a finding can be reproduced; each key and nonce that seals is noted.
 */
#include <sodium.h>

#include "cryptod/aead.h"
#include "input.h"
#include "pair.h"
#include "shared/blake2s.h"
#include "shared/bytes.h"

#define SLOTS	(4 * KEYS_MAX)

/* A key that has sealed, and the least nonce that it may seal next. */
struct sealer {
	uint8_t		 key[AEAD_KEYLEN];
	uint64_t	 next;
	unsigned	 execution;	/* another one: a free slot */
};

static struct sealer	sealers[SLOTS];
static size_t		nsealers;
static unsigned		execution;
static uint64_t		state;

/* SplitMix64 */
static uint64_t
next_random(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15U;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
	z = (z ^ z >> 27) * 0x94d049bb133111ebU;
	return z ^ z >> 31;
}

static const char *
random_name(void)
{
	return "reproducible";
}

static uint32_t
random_word(void)
{
	return (uint32_t)next_random();
}

static void
random_buf(void *buf, size_t n)
{
	uint8_t *p = buf, word[8];
	size_t part;

	for (; n > 0; n -= part, p += part) {
		part = n < sizeof(word) ? n : sizeof(word);
		put_le64(word, next_random());
		memcpy(p, word, part);
	}
}

static struct randombytes_implementation source = {
	random_name, random_word, NULL, NULL, random_buf, NULL,
};

void
crypto_begin(void)
{
	MUST(randombytes_set_implementation(&source) == 0);
	MUST(sodium_init() != -1);
}

void
crypto_reset(uint64_t seed)
{
	state = seed;
	nsealers = 0;
	execution++;
}

bool
crypto_used_up(void)
{
	return nsealers > KEYS_MAX / 2;
}

/* No key seals twice with one nonce, and nonces only grow (P17). */
static void
sealed_once(const uint8_t *key, uint64_t nonce)
{
	struct sealer *s;
	uint32_t i;

	/* Keys are hashes. */
	for (i = get_le32(key);; i++) {
		s = &sealers[i % SLOTS];
		if (s->execution != execution)
			break;
		if (memcmp(s->key, key, AEAD_KEYLEN) == 0) {
			MUST(nonce >= s->next);
			s->next = nonce + 1;
			return;
		}
	}
	MUST(nsealers++ < KEYS_MAX);
	memcpy(s->key, key, AEAD_KEYLEN);
	s->next = nonce + 1;
	s->execution = execution;
}

/* Instead of libsodium's, for whoever calls them in this program. */

static void
product(uint8_t *q, const uint8_t *a, const uint8_t *b)
{
	int i;

	for (i = 0; i < 32; i += 8)
		put_le64(q + i, get_le64(a + i) * get_le64(b + i));
}

int
crypto_scalarmult_curve25519(unsigned char *q, const unsigned char *n,
    const unsigned char *p)
{
	product(q, n, p);
	return sodium_is_zero(q, 32) ? -1 : 0;
}

int
crypto_scalarmult_curve25519_base(unsigned char *q, const unsigned char *n)
{
	static const uint8_t base[32] = {
		9, 1, 2, 3, 4, 5, 6, 7, 1, 3, 5, 7, 9, 11, 13, 15,
		3, 9, 8, 7, 6, 5, 4, 3, 5, 8, 8, 8, 7, 7, 7, 1,
	};

	product(q, n, base);
	return 0;
}

/* In the place of shared/blake2s.c. */

static void
absorb(struct blake2s *s, uint32_t last)
{
	uint8_t key[32], out[32];
	int i;

	s->h[0] ^= (uint32_t)s->buflen ^ last;
	memset(s->buf + s->buflen, 0, sizeof(s->buf) - s->buflen);
	for (i = 0; i < BLAKE2S_BLOCKLEN; i += 16) {
		memcpy(key, s->h, sizeof(key));
		crypto_core_hchacha20(out, s->buf + i, key, NULL);
		memcpy(s->h, out, sizeof(out));
	}
	s->buflen = 0;
}

void
blake2s_init(struct blake2s *s, size_t outlen, const void *key, size_t keylen)
{
	MUST(outlen > 0 && outlen <= BLAKE2S_HASHLEN);
	MUST(keylen <= BLAKE2S_KEYLEN);
	memset(s, 0, sizeof(*s));
	s->h[7] = (uint32_t)(outlen << 8 | keylen);
	s->outlen = outlen;
	if (keylen > 0) {
		blake2s_update(s, key, keylen);
		absorb(s, 1U << 30);
	}
}

void
blake2s_update(struct blake2s *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		if (s->buflen == sizeof(s->buf))
			absorb(s, 0);
		n = sizeof(s->buf) - s->buflen;
		n = n < len ? n : len;
		memcpy(s->buf + s->buflen, p, n);
		s->buflen += n;
	}
}

void
blake2s_final(struct blake2s *s, void *out)
{
	absorb(s, 1U << 31);
	memcpy(out, s->h, s->outlen);
	sodium_memzero(s, sizeof(*s));
}

void
blake2s(void *out, size_t outlen, const void *data, size_t len,
    const void *key, size_t keylen)
{
	struct blake2s s;

	blake2s_init(&s, outlen, key, keylen);
	blake2s_update(&s, data, len);
	blake2s_final(&s, out);
}

void
aead_seal_ad(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t key[AEAD_KEYLEN],
    const uint8_t nonce[AEAD_NONCELEN])
{
	sealed_once(key, get_le64(nonce + 4));
	crypto_aead_chacha20poly1305_ietf_encrypt(dst, NULL, src, len, ad,
	    adlen, NULL, nonce, key);
}

int
aead_open_ad(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t key[AEAD_KEYLEN],
    const uint8_t nonce[AEAD_NONCELEN])
{
	return crypto_aead_chacha20poly1305_ietf_decrypt(dst, NULL, NULL, src,
	    len, ad, adlen, nonce, key);
}

void
aead_seal(void *dst, const void *src, size_t len,
    const uint8_t key[AEAD_KEYLEN], uint64_t counter)
{
	uint8_t nonce[AEAD_NONCELEN] = { 0 };

	side_seals(src, len, key, counter);
	put_le64(nonce + 4, counter);
	aead_seal_ad(dst, src, len, NULL, 0, key, nonce);
}

int
aead_open(void *dst, const void *src, size_t len,
    const uint8_t key[AEAD_KEYLEN], uint64_t counter)
{
	uint8_t nonce[AEAD_NONCELEN] = { 0 };

	put_le64(nonce + 4, counter);
	if (aead_open_ad(dst, src, len, NULL, 0, key, nonce) == -1)
		return -1;
	side_opens(key);
	return 0;
}
