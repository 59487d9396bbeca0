/* SPDX-License-Identifier: ISC */
/*
 * ChaCha20-Poly1305 through our seam, by each backend, and the XChaCha
 * variant that cookies use straight from libsodium.
 */
#include <sys/mman.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "cryptod/aead_backend.h"
#include "unit.h"
#include "vectors.h"

#define BUFSIZE	2048

/* A test that is run with each backend, as NAME_sodium and NAME_ipsecmb. */
#define EACH(name)							\
	START_TEST(name##_sodium)					\
	{								\
		with_backend(name, &aead_sodium);			\
	}								\
	END_TEST							\
	START_TEST(name##_ipsecmb)					\
	{								\
		if (aead_ipsecmb == NULL)				\
			unit_skip("ipsec-mb", "not built in");		\
		else if (!with_backend(name, aead_ipsecmb))		\
			unit_skip("ipsec-mb", "not for this CPU");	\
	}								\
	END_TEST
#define ADD_EACH(tc, name)						\
	do {								\
		tcase_add_test(tc, name##_sodium);			\
		tcase_add_test(tc, name##_ipsecmb);			\
	} while (0)

/* False if the CPU lacks what it needs; whatever else fails is a failure. */
static bool
with_backend(void (*test)(const struct aead_backend *),
    const struct aead_backend *b)
{
	if (aead_force(b->name) == -1) {
		ck_assert_int_eq(errno, ENOTSUP);
		return (false);
	}
	test(b);
	b->end();
	return (true);
}

static void
selftest(const struct aead_backend *b)
{
	ck_assert_int_eq(aead_selftest(), 0);
	ck_assert_int_eq(aead_check_known(b), 0);
	ck_assert_int_eq(aead_check_cross(b), 0);
	ck_assert_str_eq(aead_name(), b->detail());
	ck_assert_int_eq(strncmp(aead_name(), b->name, strlen(b->name)), 0);
	ck_assert_str_eq(aead_reason(), "forced");
}
EACH(selftest)

/* Measured, and the faster one was taken. */
START_TEST(init)
{
	struct aead_speed	s[2];
	size_t			n;

	ck_assert_str_eq(aead_name(), "libsodium");
	ck_assert_str_eq(aead_reason(), "not chosen yet");
	ck_assert(!aead_speed(0, &s[0]));
	ck_assert_int_eq(aead_init(), 0);
	for (n = 0; n < 2 && aead_speed(n, &s[n]); n++) {
		ck_assert_uint_gt(s[n].seal, 0);
		ck_assert_uint_gt(s[n].open, 0);
	}
	ck_assert(!aead_speed(n, &s[0]));
	ck_assert_uint_ge(n, 1);
	ck_assert_str_eq(s[0].name, "libsodium");
	ck_assert_uint_gt(strlen(aead_reason()), 0);
	if (n == 1) {
		ck_assert_str_eq(aead_name(), "libsodium");
		return;
	}
	/* Both ways clearly faster, or both ways slower, leaves no choice. */
	if (s[1].seal > s[0].seal * 12 / 10 &&
	    s[1].open > s[0].open * 12 / 10)
		ck_assert_str_eq(aead_name(), s[1].name);
	if (s[1].seal < s[0].seal && s[1].open < s[0].open)
		ck_assert_str_eq(aead_name(), s[0].name);
}
END_TEST

START_TEST(force)
{
	ck_assert_int_eq(aead_force("no such library"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(aead_name(), "libsodium");
	if (aead_ipsecmb == NULL) {
		ck_assert_int_eq(aead_force("ipsec-mb"), -1);
		ck_assert_int_eq(errno, ENOTSUP);
		ck_assert_str_eq(aead_name(), "libsodium");
	}
	/* Also when it was chosen or not, and twice. */
	ck_assert_int_eq(aead_init(), 0);
	ck_assert_int_eq(aead_force("libsodium"), 0);
	ck_assert_str_eq(aead_name(), "libsodium");
	ck_assert_int_eq(aead_force("libsodium"), 0);
	if (aead_ipsecmb != NULL && aead_force("ipsec-mb") == 0) {
		ck_assert_int_eq(aead_force("ipsec-mb"), 0);
		ck_assert_str_ne(aead_name(), "libsodium");
		ck_assert_int_eq(aead_selftest(), 0);
	}
	ck_assert_int_eq(aead_force("libsodium"), 0);
	ck_assert_int_eq(aead_selftest(), 0);
}
END_TEST

/* Backends with one fault each: the checks must see it. */
static size_t	bad_len;

static void
seal_bad_length(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t *key, const uint8_t *nonce)
{
	aead_sodium.seal(dst, src, len, ad, adlen, key, nonce);
	if (len == bad_len)
		((uint8_t *)dst)[len + AEAD_TAGLEN - 1] ^= 1;
}

static int
open_bad_length(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t *key, const uint8_t *nonce)
{
	if (aead_sodium.open(dst, src, len, ad, adlen, key, nonce) == -1)
		return (-1);
	if (len - AEAD_TAGLEN == bad_len)
		((uint8_t *)dst)[bad_len / 2] ^= 1;
	return (0);
}

/* Believes every tag of one length. */
static int
open_credulous(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t *key, const uint8_t *nonce)
{
	if (aead_sodium.open(dst, src, len, ad, adlen, key, nonce) == -1)
		return (len - AEAD_TAGLEN == bad_len ? 0 : -1);
	return (0);
}

/* Refuses, but leaves what it deciphered. */
static int
open_leaky(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t *key, const uint8_t *nonce)
{
	if (aead_sodium.open(dst, src, len, ad, adlen, key, nonce) == 0)
		return (0);
	if (len - AEAD_TAGLEN == bad_len)
		((uint8_t *)dst)[bad_len - 1] = 0x55;
	return (-1);
}

START_TEST(faults_are_seen)
{
	static const size_t	lens[] = { 1, 63, 1024, 1337, 2048, 65535 };
	struct aead_backend	b;
	size_t			i;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		bad_len = lens[i];
		b = aead_sodium;
		ck_assert_int_eq(aead_check_cross(&b), 0);
		b.seal = seal_bad_length;
		ck_assert_int_eq(aead_check_cross(&b), -1);
		b = aead_sodium;
		b.open = open_bad_length;
		ck_assert_int_eq(aead_check_cross(&b), -1);
		b.open = open_credulous;
		ck_assert_int_eq(aead_check_cross(&b), -1);
		b.open = open_leaky;
		ck_assert_int_eq(aead_check_cross(&b), -1);
	}
	bad_len = 32;
	b = aead_sodium;
	b.seal = seal_bad_length;
	ck_assert_int_eq(aead_check_known(&b), -1);
	b = aead_sodium;
	b.open = open_credulous;
	ck_assert_int_eq(aead_check_known(&b), -1);
}
END_TEST

struct answer {
	uint8_t	key[32], nonce[24];
	uint8_t	ad[BUFSIZE], pt[BUFSIZE], ct[BUFSIZE];
	size_t	adlen, ptlen, ctlen;	/* ct with its tag */
	int	ok;
};

/* The handshake's functions, which have their own backend. */
static void
check_handshake(const struct answer *a)
{
	uint8_t	buf[BUFSIZE];

	if (a->ok) {
		aead_seal_ad(buf, a->pt, a->ptlen, a->ad, a->adlen, a->key,
		    a->nonce);
		ck_assert_mem_eq(buf, a->ct, a->ctlen);
	}
	ck_assert_int_eq(aead_open_ad(buf, a->ct, a->ctlen, a->ad, a->adlen,
	    a->key, a->nonce), a->ok ? 0 : -1);
}

static void
check_answer(const struct aead_backend *b, const struct answer *a)
{
	uint8_t	buf[BUFSIZE];

	if (a->ok) {
		b->seal(buf, a->pt, a->ptlen, a->ad, a->adlen, a->key,
		    a->nonce);
		ck_assert_mem_eq(buf, a->ct, a->ctlen);
	}
	memset(buf, 0xa5, sizeof(buf));
	ck_assert_int_eq(b->open(buf, a->ct, a->ctlen, a->ad, a->adlen,
	    a->key, a->nonce), a->ok ? 0 : -1);
	if (a->ok)
		ck_assert_mem_eq(buf, a->pt, a->ptlen);
	else
		ck_assert(sodium_is_zero(buf, a->ptlen));
	ck_assert_uint_eq(buf[a->ptlen], 0xa5);
	/* In place. */
	memcpy(buf, a->ct, a->ctlen);
	ck_assert_int_eq(b->open(buf, buf, a->ctlen, a->ad, a->adlen,
	    a->key, a->nonce), a->ok ? 0 : -1);
	if (a->ok) {
		ck_assert_mem_eq(buf, a->pt, a->ptlen);
		b->seal(buf, buf, a->ptlen, a->ad, a->adlen, a->key,
		    a->nonce);
		ck_assert_mem_eq(buf, a->ct, a->ctlen);
	}
	check_handshake(a);
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

/* RFC 8439, 2.8.2. */
static void
rfc8439(const struct aead_backend *b)
{
	static const char	 text[] = "Ladies and Gentlemen of the class "
	    "of '99: If I could offer you only one tip for the future, "
	    "sunscreen would be it.";
	static const uint8_t	 ad[12] = {
		0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5,
		0xc6, 0xc7
	};
	static const uint8_t	 nonce[12] = {
		0x07, 0x00, 0x00, 0x00, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45,
		0x46, 0x47
	};
	static const uint8_t	 begin[8] = {
		0xd3, 0x1a, 0x8d, 0x34, 0x64, 0x8e, 0x60, 0xdb
	};
	static const uint8_t	 tag[16] = {
		0x1a, 0xe1, 0x0b, 0x59, 0x4f, 0x09, 0xe2, 0x6a, 0x7e, 0x90,
		0x2e, 0xcb, 0xd0, 0x60, 0x06, 0x91
	};
	uint8_t			 key[32], buf[sizeof(text) - 1 + 16];
	size_t			 i, n = sizeof(text) - 1;

	for (i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(0x80 + i);
	b->seal(buf, text, n, ad, sizeof(ad), key, nonce);
	ck_assert_mem_eq(buf, begin, sizeof(begin));
	ck_assert_mem_eq(buf + n, tag, sizeof(tag));
	ck_assert_int_eq(b->open(buf, buf, sizeof(buf), ad, sizeof(ad), key,
	    nonce), 0);
	ck_assert_mem_eq(buf, text, n);
}
EACH(rfc8439)

static void
wycheproof(const struct aead_backend *b)
{
	struct vectors	v;
	struct answer	a;
	int		rows = 0;

	vectors_open(&v, "wycheproof-chacha20poly1305.txt");
	while (vectors_next(&v, 9) == 1) {
		read_wycheproof(&v, &a, AEAD_NONCELEN);
		check_answer(b, &a);
		rows++;
	}
	ck_assert_int_gt(rows, 200);
}
EACH(wycheproof)

/* The kernel's set; 8-byte nonces are the counter of the transport form. */
static void
kernel_external(const struct aead_backend *b)
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
		check_answer(b, &a);
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
EACH(kernel_external)

static void
short_input(const struct aead_backend *b)
{
	uint8_t	key[32] = { 1 }, buf[64] = { 0 };
	size_t	n;

	(void)b;
	for (n = 0; n < AEAD_TAGLEN; n++)
		ck_assert_int_eq(aead_open(buf, buf, n, key, 0), -1);
}
EACH(short_input)

/* Each bit of a packet, and the counter's every byte, counts. */
static void
tamper(const struct aead_backend *b)
{
	uint8_t		key[32] = { 7 }, pt[48], ct[64], buf[64];
	uint64_t	counter = UINT64_C(0xfffffffffffffff0);
	size_t		i;

	(void)b;
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
EACH(tamper)

/* Memory whose last byte is followed by a page that nobody may touch. */
struct fenced {
	uint8_t	*map, *end;
};

static void
fenced_new(struct fenced *f)
{
	size_t	page = (size_t)sysconf(_SC_PAGESIZE);

	/* One page that can be touched, between two that cannot. */
	f->map = mmap(NULL, page * 3, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	ck_assert(f->map != MAP_FAILED);
	ck_assert_int_eq(mprotect(f->map + page, page,
	    PROT_READ | PROT_WRITE), 0);
	f->end = f->map + page * 2;
}

/*
 * Nothing before or behind a buffer is read or written: vector code likes to
 * take whole blocks, and the neighbour may be another packet of the ring.
 */
static void
fences(const struct aead_backend *b)
{
	struct fenced	in, out, k, last, first;
	uint8_t		want[BUFSIZE + AEAD_TAGLEN], nonce[12] = { 9 };
	size_t		n, page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t		*src, *dst, *key, *iv, *low;

	fenced_new(&in);
	fenced_new(&out);
	fenced_new(&k);
	fenced_new(&last);
	fenced_new(&first);
	key = k.end - AEAD_KEYLEN;
	randombytes_buf(key, AEAD_KEYLEN);
	iv = last.end - AEAD_NONCELEN;
	memcpy(iv, nonce, sizeof(nonce));
	low = first.map + page;
	for (n = 0; n <= BUFSIZE; n++) {
		src = in.end - n;
		dst = out.end - n - AEAD_TAGLEN;
		memset(src, (int)n, n);
		aead_sodium.seal(want, src, n, NULL, 0, key, nonce);
		dst[-1] = low[n + AEAD_TAGLEN] = 0x3c;
		b->seal(dst, src, n, NULL, 0, key, iv);
		ck_assert_mem_eq(dst, want, n + AEAD_TAGLEN);
		ck_assert_uint_eq(dst[-1], 0x3c);
		/* From its own start, in place, and back. */
		memcpy(low, src, n);
		b->seal(low, low, n, NULL, 0, key, iv);
		ck_assert_mem_eq(low, want, n + AEAD_TAGLEN);
		ck_assert_int_eq(b->open(low, low, n + AEAD_TAGLEN, NULL, 0,
		    key, iv), 0);
		ck_assert_mem_eq(low, src, n);
		ck_assert_uint_eq(low[n + AEAD_TAGLEN], 0x3c);
		memset(src, 0, n);
		ck_assert_int_eq(b->open(src, dst, n + AEAD_TAGLEN, NULL, 0,
		    key, iv), 0);
		ck_assert_mem_eq(src, low, n);
	}
}
EACH(fences)

/* Every alignment, with a length that is not a whole number of anything. */
static void
alignment(const struct aead_backend *b)
{
	uint8_t	from[64 + 1421], to[64 + 1421 + AEAD_TAGLEN];
	uint8_t	want[1421 + AEAD_TAGLEN], key[64 + AEAD_KEYLEN];
	uint8_t	nonce[12] = { 1, 2, 3 };
	size_t	i, j;

	randombytes_buf(from, sizeof(from));
	randombytes_buf(key, sizeof(key));
	for (i = 0; i < 64; i++)
		for (j = 0; j < 64; j++) {
			aead_sodium.seal(want, from + i, 1421, NULL, 0,
			    key + j, nonce);
			b->seal(to + j, from + i, 1421, NULL, 0, key + j,
			    nonce);
			ck_assert_mem_eq(to + j, want, sizeof(want));
			ck_assert_int_eq(b->open(to + j, to + j, sizeof(want),
			    NULL, 0, key + j, nonce), 0);
			ck_assert_mem_eq(to + j, from + i, 1421);
		}
}
EACH(alignment)

struct worker {
	pthread_t	id;
	uint8_t		key[AEAD_KEYLEN];
	int		ok;
};

static void *
work(void *arg)
{
	struct worker	*w = arg;
	uint8_t		 pt[1400], want[1416], got[1416], nonce[12] = { 0 };
	uint8_t		 counter;
	int		 i;

	if (aead_thread_begin() == -1)
		return (NULL);
	w->ok = 1;
	for (i = 0; i < 20000 && w->ok; i++) {
		counter = (uint8_t)i;
		memset(pt, counter, sizeof(pt));
		nonce[4] = counter;
		aead_sodium.seal(want, pt, sizeof(pt), NULL, 0, w->key, nonce);
		aead_seal(got, pt, sizeof(pt), w->key, counter);
		w->ok = memcmp(got, want, sizeof(got)) == 0 &&
		    aead_open(got, got, sizeof(got), w->key, counter) == 0 &&
		    memcmp(got, pt, sizeof(pt)) == 0;
	}
	aead_thread_end();
	return (NULL);
}

/* Threads at once, each with a key of its own. */
static void
threads(const struct aead_backend *b)
{
	struct worker	w[4];
	size_t		i;

	(void)b;
	memset(w, 0, sizeof(w));
	for (i = 0; i < 4; i++) {
		randombytes_buf(w[i].key, sizeof(w[i].key));
		ck_assert_int_eq(pthread_create(&w[i].id, NULL, work, &w[i]),
		    0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(w[i].id, NULL);
		ck_assert_int_eq(w[i].ok, 1);
	}
}
EACH(threads)

#define STACK	(256 * 1024)
static uint8_t	secret_key[AEAD_KEYLEN];
static uint8_t	residue_pt[1420], residue_ct[1420 + AEAD_TAGLEN];

static void *
seal_and_open(void *arg)
{
	(void)arg;
	if (aead_thread_begin() == -1)
		return (NULL);
	aead_seal(residue_ct, residue_pt, sizeof(residue_pt), secret_key, 5);
	if (aead_open(residue_ct, residue_ct, sizeof(residue_ct), secret_key,
	    5) == 0) {
		aead_thread_end();
		return (secret_key);
	}
	return (NULL);
}

/* Not memmem(): ASan would take frames that have ended for an error. */
__attribute__((no_sanitize("address", "undefined")))
static int
is_there(const uint8_t *p, size_t len, const uint8_t *what, size_t n)
{
	size_t	i, j;

	for (i = 0; i + n <= len; i++) {
		for (j = 0; j < n && p[i + j] == what[j]; j++)
			;
		if (j == n)
			return (1);
	}
	return (0);
}

/* Neither key nor key stream stays on the stack of a thread (P19). */
static void
residue(const struct aead_backend *b)
{
	uint8_t		 stream[1024], nonce[12] = { [4] = 5 }, *stack;
	pthread_attr_t	 attr;
	pthread_t	 id;
	void		*ret;
	size_t		 i;

	(void)b;
	randombytes_buf(secret_key, sizeof(secret_key));
	randombytes_buf(residue_pt, sizeof(residue_pt));
	crypto_stream_chacha20_ietf(stream, sizeof(stream), nonce,
	    secret_key);
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(stack != MAP_FAILED);
	pthread_attr_init(&attr);
	ck_assert_int_eq(pthread_attr_setstack(&attr, stack, STACK), 0);
	ck_assert_int_eq(pthread_create(&id, &attr, seal_and_open, NULL),
	    0);
	pthread_join(id, &ret);
	ck_assert(ret == secret_key);
	ck_assert(!is_there(stack, STACK, secret_key, 16));
	ck_assert(!is_there(stack, STACK, secret_key + 16, 16));
	for (i = 0; i < sizeof(stream); i += 16)
		ck_assert(!is_there(stack, STACK, stream + i, 16));
	pthread_attr_destroy(&attr);
}
EACH(residue)

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

	tcase_add_test(tc, init);
	tcase_add_test(tc, force);
	tcase_add_test(tc, faults_are_seen);
	ADD_EACH(tc, selftest);
	ADD_EACH(tc, rfc8439);
	ADD_EACH(tc, wycheproof);
	ADD_EACH(tc, kernel_external);
	ADD_EACH(tc, short_input);
	ADD_EACH(tc, tamper);
	ADD_EACH(tc, fences);
	ADD_EACH(tc, alignment);
	ADD_EACH(tc, threads);
	ADD_EACH(tc, residue);
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
