/* SPDX-License-Identifier: ISC */
/*
 * Every AEAD backend against libsodium: the same packet, the same tag, and
 * the same verdict over a changed packet, key, nonce or AAD; whatever the
 * lengths, the alignment and the place.
 */
#include <sodium.h>

#include "cryptod/aead_backend.h"
#include "input.h"

#define LEN_MAX	8192
#define AD_MAX	64
#define SLACK	64

struct call {
	uint8_t	key[AEAD_KEYLEN], nonce[AEAD_NONCELEN], ad[AD_MAX];
	uint8_t	text[LEN_MAX + AEAD_TAGLEN];
	size_t	len, adlen;
};

static const struct aead_backend	*other;

/* Lengths near the edges of blocks and of packets, and any other. */
static size_t
length(struct input *in)
{
	static const uint16_t edges[] = { 0, 16, 64, 128, 192, 256, 512, 960,
	    1024, 1088, 1420, 1500, 2048, 4096, 8192 };
	uint8_t kind = input_u8(in);
	size_t n;

	if (kind % 2 == 0)
		n = (size_t)input_int(in, 2) % (LEN_MAX + 1);
	else
		n = edges[kind / 2 % (sizeof(edges) / sizeof(edges[0]))] +
		    (size_t)(input_u8(in) % 33);
	return n > LEN_MAX ? LEN_MAX : n;
}

/* The text is the rest of the input, repeated. */
static void
fill(struct input *in, uint8_t *p, size_t n)
{
	size_t i, have = in->left;

	for (i = 0; i < n; i++)
		p[i] = have > 0 ? in->p[i % have] ^ (uint8_t)(i / have) : 0;
}

/* What the other backend seals is libsodium's, byte for byte. */
static void
seal(const struct call *c, size_t shift, bool in_place, uint8_t *sealed)
{
	uint8_t *buf, *dst;
	size_t whole = c->len + AEAD_TAGLEN;

	aead_sodium.seal(sealed, c->text, c->len, c->ad, c->adlen, c->key,
	    c->nonce);
	buf = malloc(shift + whole + 1);
	MUST(buf != NULL);
	dst = buf + shift;
	dst[whole] = 0x3c;
	if (in_place)
		memcpy(dst, c->text, c->len);
	other->seal(dst, in_place ? dst : c->text, c->len, c->ad, c->adlen,
	    c->key, c->nonce);
	MUST(memcmp(dst, sealed, whole) == 0);
	MUST(dst[whole] == 0x3c);
	free(buf);
}

/* Both say the same about it, and leave the same behind. */
static void
open_both(const struct call *c, const uint8_t *sealed, size_t n,
    size_t shift, bool in_place, bool good)
{
	uint8_t *a, *b, *src;
	int want, got;

	a = calloc(1, n + 1);
	src = malloc(shift + n + 1);
	MUST(a != NULL && src != NULL);
	memcpy(src + shift, sealed, n);
	b = in_place ? src + shift : calloc(1, n + 1);
	MUST(b != NULL);
	want = aead_sodium.open(a, sealed, n, c->ad, c->adlen, c->key,
	    c->nonce);
	got = other->open(b, src + shift, n, c->ad, c->adlen, c->key,
	    c->nonce);
	MUST(want == got && (got == 0) == good);
	if (n >= AEAD_TAGLEN)
		MUST(memcmp(a, b, n - AEAD_TAGLEN) == 0);
	if (got == 0)
		MUST(memcmp(b, c->text, c->len) == 0);
	if (!in_place)
		free(b);
	free(src);
	free(a);
}

/* Something is not what it was; true if so. */
static bool
spoil(struct call *c, uint8_t *sealed, size_t *n, uint8_t how, uint8_t bit,
    size_t at)
{
	uint8_t mask = (uint8_t)(1 << bit % 8);

	switch (how % 6) {
	case 1:
		sealed[at % *n] ^= mask;
		return true;
	case 2:
		c->key[at % AEAD_KEYLEN] ^= mask;
		return true;
	case 3:
		c->nonce[at % AEAD_NONCELEN] ^= mask;
		return true;
	case 4:
		if (c->adlen == 0)
			return false;
		c->ad[at % c->adlen] ^= mask;
		return true;
	case 5:
		*n = at % *n;
		return true;
	default:
		return false;
	}
}

static void
setup(void)
{
	MUST(sodium_init() != -1);
	other = aead_ipsecmb;
	/* Without another one, libsodium has to agree with itself. */
	if (other == NULL || other->begin() == -1)
		other = &aead_sodium;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t sealed[LEN_MAX + AEAD_TAGLEN];
	static struct call c;
	struct input in = { data, size };
	uint8_t how, bit, shifts;
	size_t at, n;
	bool good;

	if (other == NULL)
		setup();
	how = input_u8(&in);
	bit = input_u8(&in);
	at = (size_t)input_int(&in, 2);
	shifts = input_u8(&in);
	c.adlen = input_u8(&in) % (AD_MAX + 1);
	c.len = length(&in);
	input_copy(&in, c.key, sizeof(c.key));
	input_copy(&in, c.nonce, sizeof(c.nonce));
	input_copy(&in, c.ad, c.adlen);
	fill(&in, c.text, c.len);

	seal(&c, shifts % SLACK, (how & 0x80) != 0, sealed);
	n = c.len + AEAD_TAGLEN;
	good = !spoil(&c, sealed, &n, how, bit, at);
	open_both(&c, sealed, n, shifts % SLACK, (how & 0x40) != 0, good);
	return 0;
}
