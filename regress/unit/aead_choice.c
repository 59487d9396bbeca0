/* SPDX-License-Identifier: ISC */
/*
 * Which library is used when the second one is not there for this CPU, has no
 * memory, computes something else, is slower, or is faster: both are played
 * here, over libsodium.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "cryptod/aead_backend.h"
#include "unit.h"

/* The two that are wrong on full packets alone pass the known answers. */
static enum {
	RIGHT,
	WRONG_TAG,
	WRONG_LONG,
	TAKES_FORGERIES,
	TAKES_LONG_FORGERIES,
	LEAVES_FORGERIES		/* in the buffer */
} error;
static int	 begin_errno;		/* 0: it can */
static bool	 sodium_is_wrong, slow, fast;
static int	 begun, ended, trimmed;

/* Computed once for the same memory: faster than any library. */
static struct {
	uint8_t	plain[1420], sealed[1420 + AEAD_TAGLEN];
	uint8_t	nonce[AEAD_NONCELEN];
	bool	full;
} memory;

static const char *
sodium_detail(void)
{
	return "libsodium";
}

static int
can(void)
{
	return 0;
}

static void
nothing(void)
{
}

static void
seal(void *dst, const void *src, size_t len, const void *ad, size_t adlen,
    const uint8_t *key, const uint8_t *nonce)
{
	uint8_t *tag = (uint8_t *)dst + len;

	crypto_aead_chacha20poly1305_ietf_encrypt(dst, NULL, src, len, ad,
	    adlen, NULL, nonce, key);
	if (sodium_is_wrong)
		tag[0] ^= 1;
}

static int
open_(void *dst, const void *src, size_t len, const void *ad, size_t adlen,
    const uint8_t *key, const uint8_t *nonce)
{
	if (len < AEAD_TAGLEN)
		return -1;
	return crypto_aead_chacha20poly1305_ietf_decrypt(dst, NULL, NULL,
	    src, len, ad, adlen, nonce, key);
}

const struct aead_backend aead_sodium = {
	.name = "libsodium",
	.detail = sodium_detail,
	.begin = can,
	.end = nothing,
	.trim = nothing,
	.seal = seal,
	.open = open_
};

static const char *
detail(void)
{
	return "other";
}

static int
begin(void)
{
	if (begin_errno != 0) {
		errno = begin_errno;
		return -1;
	}
	begun++;
	return 0;
}

static void
end(void)
{
	ended++;
}

static void
trim(void)
{
	trimmed++;
}

static void
wait_a_little(void)
{
	struct timespec ts = { 0, 20000 };

	nanosleep(&ts, NULL);
}

static void
other_seal(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t *key, const uint8_t *nonce)
{
	uint8_t *tag = (uint8_t *)dst + len;

	if (slow && len == sizeof(memory.plain))
		wait_a_little();
	if (fast && memory.full && len == sizeof(memory.plain) &&
	    memcmp(nonce, memory.nonce, AEAD_NONCELEN) == 0) {
		memcpy(dst, memory.sealed, sizeof(memory.sealed));
		return;
	}
	seal(dst, src, len, ad, adlen, key, nonce);
	if (len == sizeof(memory.plain)) {
		memcpy(memory.nonce, nonce, AEAD_NONCELEN);
		memcpy(memory.plain, src, len);
		memcpy(memory.sealed, dst, sizeof(memory.sealed));
		memory.full = true;
	}
	if (error == WRONG_TAG || (error == WRONG_LONG && len > 16384))
		tag[AEAD_TAGLEN - 1] ^= 1;
}

static int
other_open(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t *key, const uint8_t *nonce)
{
	size_t n = len - AEAD_TAGLEN;

	if (fast && memory.full && len == sizeof(memory.sealed) &&
	    memcmp(src, memory.sealed, len) == 0 &&
	    memcmp(nonce, memory.nonce, AEAD_NONCELEN) == 0) {
		memcpy(dst, memory.plain, n);
		return 0;
	}
	if (open_(dst, src, len, ad, adlen, key, nonce) == 0)
		return 0;
	if (error == TAKES_FORGERIES)
		return 0;
	if (error == TAKES_LONG_FORGERIES && n > 1024)
		return 0;
	if (error == LEAVES_FORGERIES && n > 1024)
		memset(dst, 0x55, n);
	return -1;
}

static const struct aead_backend other = {
	.name = "ipsec-mb",
	.detail = detail,
	.begin = begin,
	.end = end,
	.trim = trim,
	.seal = other_seal,
	.open = other_open
};
const struct aead_backend *const aead_ipsecmb = &other;

/* libsodium it is, and the other one has given back what it took. */
static void
is_sodium(const char *why)
{
	struct aead_speed speed;

	ck_assert_str_eq(aead_name(), "libsodium");
	ck_assert_str_eq(aead_reason(), why);
	ck_assert_int_eq(begun, ended);
	ck_assert_int_gt(trimmed, 0);
	ck_assert(aead_speed(0, &speed));
	ck_assert_str_eq(speed.name, "libsodium");
	ck_assert_uint_gt(speed.seal, 0);
	ck_assert_int_eq(aead_selftest(), 0);
}

START_TEST(not_for_this_cpu)
{
	struct aead_speed speed;

	begin_errno = ENOTSUP;
	ck_assert_int_eq(aead_init(), 0);
	is_sodium("ipsec-mb has nothing for this CPU");
	ck_assert(!aead_speed(1, &speed));
	ck_assert_int_eq(aead_force("ipsec-mb"), -1);
	ck_assert_int_eq(errno, ENOTSUP);
	is_sodium("ipsec-mb has nothing for this CPU");
}
END_TEST

START_TEST(no_memory)
{
	begin_errno = ENOMEM;
	ck_assert_int_eq(aead_init(), 0);
	is_sodium("ipsec-mb has no memory");
}
END_TEST

START_TEST(wrong_results)
{
	error = _i;
	ck_assert_int_eq(aead_init(), 0);
	ck_assert_int_eq(begun, 1);
	is_sodium("ipsec-mb computes wrong results");
	ck_assert_int_eq(aead_force("ipsec-mb"), -1);
	ck_assert_int_eq(errno, EBADMSG);
	is_sodium("ipsec-mb computes wrong results");
}
END_TEST

START_TEST(slower)
{
	struct aead_speed speed;

	slow = true;
	ck_assert_int_eq(aead_init(), 0);
	is_sodium("other is not 10 % faster");
	ck_assert(aead_speed(1, &speed));
	ck_assert_str_eq(speed.name, "other");
	ck_assert(!aead_speed(2, &speed));
	/* Whatever its speed. */
	ck_assert_int_eq(aead_force("ipsec-mb"), 0);
	ck_assert_str_eq(aead_name(), "other");
	ck_assert_str_eq(aead_reason(), "forced");
}
END_TEST

START_TEST(faster)
{
	fast = true;
	ck_assert_int_eq(aead_init(), 0);
	ck_assert_str_eq(aead_name(), "other");
	ck_assert_ptr_nonnull(strstr(aead_reason(),
	    " times as fast as libsodium"));
	ck_assert_int_eq(begun, 1);
	ck_assert_int_eq(ended, 0);

	/* Another thread, which may find less memory than the first. */
	ck_assert_int_eq(aead_thread_begin(), 0);
	ck_assert_int_eq(begun, 2);
	aead_thread_end();
	ck_assert_int_eq(ended, 1);
	begin_errno = ENOMEM;
	ck_assert_int_eq(aead_thread_begin(), -1);
	ck_assert_int_eq(errno, ENOMEM);

	ck_assert_int_eq(aead_force("openssl"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(aead_name(), "other");
	ck_assert_int_eq(aead_force("libsodium"), 0);
	ck_assert_str_eq(aead_name(), "libsodium");
	ck_assert_int_eq(ended, 2);
}
END_TEST

/* Then there is nothing to fall back on. */
START_TEST(wrong_libsodium)
{
	sodium_is_wrong = true;
	ck_assert_int_eq(aead_init(), -1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("aead_choice");
	TCase *tc = tcase_create("aead_choice");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, not_for_this_cpu);
	tcase_add_test(tc, no_memory);
	tcase_add_loop_test(tc, wrong_results, WRONG_TAG,
	    LEAVES_FORGERIES + 1);
	tcase_add_test(tc, slower);
	tcase_add_test(tc, faster);
	tcase_add_test(tc, wrong_libsodium);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("aead_choice", suite());
}
