/* SPDX-License-Identifier: ISC */
/*
 * Whether a backend computes what it must, and how fast: run at every start,
 * since the library, the CPU or the hypervisor may not be the ones of
 * yesterday.
 */
#include <sys/mman.h>

#include <sodium.h>
#include <string.h>
#include <time.h>

#include "cryptod/aead_backend.h"

#define CROSS_EACH	2048		/* every length up to here */
#define CROSS_MAX	65535
#define SPEED_LEN	1420		/* the payload of a full packet */
#define SPEED_ROUNDS	8
#define SPEED_PACKETS	64		/* a round: 0.1 ms with libsodium */

/* Scratch memory that is given back whole. */
struct scratch {
	uint8_t	plain[CROSS_MAX + 1], zero[CROSS_MAX + 1];
	uint8_t	sealed[CROSS_MAX + 1 + AEAD_TAGLEN];
	uint8_t	other[CROSS_MAX + 1 + AEAD_TAGLEN];
	uint8_t	key[AEAD_KEYLEN], nonce[AEAD_NONCELEN];
};

/*
 * The keepalive and the first data packet of our handshake vector "plain":
 * the forms that every tunnel starts with.
 */
static const uint8_t	known_key[AEAD_KEYLEN] = {
	0x6e, 0xfb, 0x2c, 0xc2, 0x4c, 0x67, 0x8e, 0x2a,
	0xf0, 0x4d, 0xb3, 0xd3, 0x86, 0xa9, 0xea, 0xca,
	0xf0, 0xee, 0x0f, 0xe2, 0xe4, 0x4f, 0xfe, 0xe0,
	0xfb, 0xb2, 0xa1, 0xb2, 0x45, 0x48, 0x02, 0x1f
};
static const uint8_t	keepalive[AEAD_TAGLEN] = {
	0xae, 0xba, 0x46, 0xb8, 0x9a, 0xfa, 0xc3, 0xd3,
	0x30, 0xc4, 0x90, 0x39, 0xda, 0x47, 0x0e, 0x0d
};
static const uint8_t	inner[32] = {
	0x45, 0x00, 0x00, 0x1d, 0x00, 0x01, 0x00, 0x00,
	0x40, 0x11, 0x66, 0xcd, 0x0a, 0x00, 0x00, 0x01,
	0x0a, 0x00, 0x00, 0x02, 0x00, 0x01, 0x02, 0x03,
	0x04, 0x05, 0x06, 0x07, 0x08, 0x00, 0x00, 0x00
};
static const uint8_t	packet[32 + AEAD_TAGLEN] = {
	0x33, 0xbd, 0xfe, 0xde, 0xf2, 0x7e, 0x8b, 0x4a,
	0x50, 0x56, 0xcf, 0x52, 0x96, 0x15, 0xdb, 0xaa,
	0x79, 0xe8, 0xb2, 0x4f, 0x9d, 0xec, 0xc7, 0xc9,
	0x56, 0x1b, 0xf7, 0xbb, 0xf1, 0x92, 0xed, 0x7a,
	0x6f, 0x83, 0xd7, 0x74, 0x49, 0x62, 0xfd, 0x30,
	0x47, 0x72, 0xd1, 0x50, 0x41, 0x90, 0x0e, 0x12
};

int
aead_check_known(const struct aead_backend *b)
{
	static const uint8_t n0[AEAD_NONCELEN], n1[AEAD_NONCELEN] = {
		[4] = 1
	};
	uint8_t buf[sizeof(packet)];

	b->seal(buf, NULL, 0, NULL, 0, known_key, n0);
	if (memcmp(buf, keepalive, sizeof(keepalive)) != 0)
		return -1;
	if (b->open(buf, buf, sizeof(keepalive), NULL, 0, known_key,
	    n0) == -1 ||
	    b->open(buf, keepalive, sizeof(keepalive), NULL, 0, known_key,
	    n1) != -1)
		return -1;

	/* In place, as the packet path does it. */
	memcpy(buf, inner, sizeof(inner));
	b->seal(buf, buf, sizeof(inner), NULL, 0, known_key, n1);
	if (memcmp(buf, packet, sizeof(packet)) != 0)
		return -1;
	if (b->open(buf, buf, sizeof(packet), NULL, 0, known_key, n1) == -1 ||
	    memcmp(buf, inner, sizeof(inner)) != 0)
		return -1;
	memcpy(buf, packet, sizeof(packet));
	buf[0] ^= 1;
	if (b->open(buf, buf, sizeof(packet), NULL, 0, known_key, n1) != -1)
		return -1;
	return 0;
}

static struct scratch *
scratch_new(void)
{
	struct scratch *s;

	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return NULL;
	randombytes_buf(s->key, sizeof(s->key));
	randombytes_buf(s->nonce, sizeof(s->nonce));
	randombytes_buf_deterministic(s->plain, sizeof(s->plain), s->key);
	return s;
}

/*
 * Length n, and a forgery of it: in every other packet the tag's last byte,
 * else a bit at a place that wanders from call to call.
 */
static int
cross_one(struct scratch *s, const struct aead_backend *b, size_t n)
{
	size_t whole = n + AEAD_TAGLEN;
	size_t at = n % 2 == 0 ? n * 31 % whole : whole - 1;

	/* Each packet its own nonce. */
	sodium_increment(s->nonce, sizeof(s->nonce));
	aead_sodium.seal(s->sealed, s->plain, n, NULL, 0, s->key, s->nonce);
	b->seal(s->other, s->plain, n, NULL, 0, s->key, s->nonce);
	if (memcmp(s->sealed, s->other, whole) != 0)
		return -1;
	if (b->open(s->other, s->other, whole, NULL, 0, s->key,
	    s->nonce) == -1 || memcmp(s->other, s->plain, n) != 0)
		return -1;
	s->sealed[at] ^= (uint8_t)(1 << n % 8);
	if (b->open(s->other, s->sealed, whole, NULL, 0, s->key,
	    s->nonce) != -1 || memcmp(s->other, s->zero, n) != 0)
		return -1;
	return 0;
}

int
aead_check_cross(const struct aead_backend *b)
{
	static const size_t large[] = { 4096, 9000, 16384, 65521, CROSS_MAX };
	struct scratch *s;
	int ret = 0;
	size_t i;

	if ((s = scratch_new()) == NULL)
		return -1;
	for (i = 0; i <= CROSS_EACH && ret == 0; i++)
		ret = cross_one(s, b, i);
	for (i = 0; i < sizeof(large) / sizeof(large[0]) && ret == 0; i++)
		ret = cross_one(s, b, large[i]);
	munmap(s, sizeof(*s));
	return ret;
}

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* One round: nanoseconds to seal, then to open, all its packets. */
static void
round_of(struct scratch *s, const struct aead_backend *b, uint64_t took[2])
{
	uint64_t t0, t1;
	int i;

	t0 = now();
	for (i = 0; i < SPEED_PACKETS; i++)
		b->seal(s->sealed, s->plain, SPEED_LEN, NULL, 0, s->key,
		    s->nonce);
	t1 = now();
	for (i = 0; i < SPEED_PACKETS; i++)
		if (b->open(s->other, s->sealed, SPEED_LEN + AEAD_TAGLEN,
		    NULL, 0, s->key, s->nonce) == -1)
			break;
	took[0] = t1 - t0;
	took[1] = now() - t1;
}

static unsigned int
rate(uint64_t ns)
{
	/* Bytes a nanosecond are 1000 MB/s. */
	return ns == 0 ? 0 :
	    (unsigned int)(SPEED_LEN * SPEED_PACKETS * UINT64_C(1000) / ns);
}

int
aead_measure(const struct aead_backend *const b[], size_t n,
    struct aead_speed out[])
{
	struct scratch *s;
	uint64_t took[2];
	size_t i, turn;

	if ((s = scratch_new()) == NULL)
		return -1;
	for (i = 0; i < n; i++)
		out[i] = (struct aead_speed){ .name = b[i]->detail() };
	for (turn = 0; turn < SPEED_ROUNDS; turn++)
		for (i = 0; i < n; i++) {
			round_of(s, b[i], took);
			if (rate(took[0]) > out[i].seal)
				out[i].seal = rate(took[0]);
			if (rate(took[1]) > out[i].open)
				out[i].open = rate(took[1]);
		}
	munmap(s, sizeof(*s));
	return 0;
}
