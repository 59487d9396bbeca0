/* SPDX-License-Identifier: ISC */
/*
 * BLAKE2s as RFC 7693 defines it, in plain C.  Nothing here branches on or
 * indexes by data, so it runs in constant time for a given length.
 */

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "shared/blake2s.h"
#include "shared/bytes.h"

static void	blake2s_compress(struct blake2s *, const uint8_t *, uint32_t);

static const uint32_t blake2s_iv[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
};

static const uint8_t blake2s_sigma[10][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 }
};

#define ROTR(x, n)	((x) >> (n) | (x) << (32 - (n)))
#define G(a, b, c, d, x, y) do {				\
	a += b + (x);	d = ROTR(d ^ a, 16);			\
	c += d;		b = ROTR(b ^ c, 12);			\
	a += b + (y);	d = ROTR(d ^ a, 8);			\
	c += d;		b = ROTR(b ^ c, 7);			\
} while (0)

/* One block; last is all ones for the final one, else 0 (RFC 7693 3.2). */
static void
blake2s_compress(struct blake2s *s, const uint8_t *block, uint32_t last)
{
	uint32_t	 m[16], v[16];
	const uint8_t	*p;
	int		 i;

	for (i = 0; i < 16; i++)
		m[i] = get_le32(block + 4 * i);
	memcpy(v, s->h, sizeof(s->h));
	memcpy(v + 8, blake2s_iv, sizeof(blake2s_iv));
	v[12] ^= (uint32_t)s->count;
	v[13] ^= (uint32_t)(s->count >> 32);
	v[14] ^= last;

	for (i = 0; i < 10; i++) {
		p = blake2s_sigma[i];
		G(v[0], v[4], v[8], v[12], m[p[0]], m[p[1]]);
		G(v[1], v[5], v[9], v[13], m[p[2]], m[p[3]]);
		G(v[2], v[6], v[10], v[14], m[p[4]], m[p[5]]);
		G(v[3], v[7], v[11], v[15], m[p[6]], m[p[7]]);
		G(v[0], v[5], v[10], v[15], m[p[8]], m[p[9]]);
		G(v[1], v[6], v[11], v[12], m[p[10]], m[p[11]]);
		G(v[2], v[7], v[8], v[13], m[p[12]], m[p[13]]);
		G(v[3], v[4], v[9], v[14], m[p[14]], m[p[15]]);
	}
	for (i = 0; i < 8; i++)
		s->h[i] ^= v[i] ^ v[i + 8];

	/* What is hashed here are chaining keys and the like. (P19) */
	sodium_memzero(m, sizeof(m));
	sodium_memzero(v, sizeof(v));
}

void
blake2s_init(struct blake2s *s, size_t outlen, const void *key, size_t keylen)
{
	if (outlen == 0 || outlen > BLAKE2S_HASHLEN || keylen > BLAKE2S_KEYLEN)
		abort();
	memset(s, 0, sizeof(*s));
	memcpy(s->h, blake2s_iv, sizeof(s->h));
	s->h[0] ^= 0x01010000 ^ (uint32_t)keylen << 8 ^ (uint32_t)outlen;
	s->outlen = outlen;
	if (keylen > 0) {
		memcpy(s->buf, key, keylen);
		s->buflen = sizeof(s->buf);
	}
}

void
blake2s_update(struct blake2s *s, const void *data, size_t len)
{
	const uint8_t	*p = data;
	size_t		 n;

	while (len > 0) {
		/* The last block waits for final, so flush only for more. */
		if (s->buflen == sizeof(s->buf)) {
			s->count += sizeof(s->buf);
			blake2s_compress(s, s->buf, 0);
			s->buflen = 0;
		}
		n = sizeof(s->buf) - s->buflen;
		if (n > len)
			n = len;
		memcpy(s->buf + s->buflen, p, n);
		s->buflen += n;
		p += n;
		len -= n;
	}
}

void
blake2s_final(struct blake2s *s, void *out)
{
	uint8_t	digest[BLAKE2S_HASHLEN];
	int	i;

	s->count += s->buflen;
	memset(s->buf + s->buflen, 0, sizeof(s->buf) - s->buflen);
	blake2s_compress(s, s->buf, 0xffffffff);
	for (i = 0; i < 8; i++)
		put_le32(digest + 4 * i, s->h[i]);
	memcpy(out, digest, s->outlen);
	sodium_memzero(digest, sizeof(digest));
	sodium_memzero(s, sizeof(*s));
}

void
blake2s(void *out, size_t outlen, const void *data, size_t len,
    const void *key, size_t keylen)
{
	struct blake2s	s;

	blake2s_init(&s, outlen, key, keylen);
	blake2s_update(&s, data, len);
	blake2s_final(&s, out);
}
