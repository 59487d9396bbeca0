/* SPDX-License-Identifier: ISC */
/*
 * Which library does ChaCha20-Poly1305: checks, measures and chooses.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cryptod/aead_backend.h"
#include "shared/bytes.h"

/* It must be this much faster: memory and another library have a price. */
#define GAIN_PERCENT	10

/*
 * Written by the main thread before there is another one.  That these are
 * not in a context spares the packet path a pointer, and a process has one
 * CPU to choose for.
 */
static const struct aead_backend	*used = &aead_sodium;
static struct aead_speed		 speeds[2];
static size_t				 nspeeds;
static char				 reason[96] = "not chosen yet";

const char *
aead_name(void)
{
	return used->detail();
}

const char *
aead_reason(void)
{
	return reason;
}

bool
aead_speed(size_t i, struct aead_speed *s)
{
	if (i >= nspeeds)
		return false;
	*s = speeds[i];
	return true;
}

/* Ready to compute and right, or ended again with errno. */
static int
start_checked(const struct aead_backend *b)
{
	if (b->begin() == -1)
		return -1;
	if (aead_check_known(b) == -1 || aead_check_cross(b) == -1) {
		b->end();
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

static void
stop(const struct aead_backend *b)
{
	b->end();
	b->trim();
}

/* Seconds for a packet there and back are what counts. */
static unsigned int
both_ways(const struct aead_speed *s)
{
	if (s->seal == 0 || s->open == 0)
		return 0;
	return (unsigned int)((uint64_t)s->seal * s->open /
	    (s->seal + s->open));
}

static void
choose(const struct aead_backend *b)
{
	const struct aead_backend *const both[2] = { &aead_sodium, b };
	unsigned int ours, theirs;

	if (aead_measure(both, 2, speeds) == -1) {
		snprintf(reason, sizeof(reason), "no memory to measure");
		stop(b);
		return;
	}
	nspeeds = 2;
	ours = both_ways(&speeds[0]);
	theirs = both_ways(&speeds[1]);
	if (ours == 0 || (uint64_t)theirs * 100 <
	    (uint64_t)ours * (100 + GAIN_PERCENT)) {
		snprintf(reason, sizeof(reason), "%s is not %d %% faster",
		    b->detail(), GAIN_PERCENT);
		stop(b);
		return;
	}
	used = b;
	b->trim();
	snprintf(reason, sizeof(reason), "%u.%u times as fast as %s",
	    theirs / ours, theirs * 10 / ours % 10, aead_sodium.name);
}

int
aead_init(void)
{
	const struct aead_backend *const alone[1] = { &aead_sodium };
	const struct aead_backend *b = aead_ipsecmb;

	if (aead_check_known(&aead_sodium) == -1)
		return -1;
	if (b != NULL && start_checked(b) == 0) {
		choose(b);
		return 0;
	}
	if (b == NULL)
		snprintf(reason, sizeof(reason),
		    "no other library is built in");
	else {
		snprintf(reason, sizeof(reason), "%s %s", b->name,
		    errno == EBADMSG ? "computes wrong results" :
		    errno == ENOTSUP ? "has nothing for this CPU" :
		    "has no memory");
		b->trim();
	}
	if (aead_measure(alone, 1, speeds) == 0)
		nspeeds = 1;
	return 0;
}

int
aead_force(const char *name)
{
	const struct aead_backend *b = aead_ipsecmb;

	if (strcmp(name, aead_sodium.name) == 0) {
		if (used != &aead_sodium)
			stop(used);
		used = &aead_sodium;
	} else if (strcmp(name, "ipsec-mb") == 0) {
		if (b == NULL) {
			errno = ENOTSUP;
			return -1;
		}
		if (used != b && start_checked(b) == -1)
			return -1;
		used = b;
		b->trim();
	} else {
		errno = EINVAL;
		return -1;
	}
	snprintf(reason, sizeof(reason), "forced");
	return 0;
}

int
aead_thread_begin(void)
{
	if (used->begin() == -1)
		return -1;
	used->trim();
	return 0;
}

void
aead_thread_end(void)
{
	used->end();
}

int
aead_selftest(void)
{
	return aead_check_known(used);
}

void
aead_seal(void *dst, const void *src, size_t len,
    const uint8_t key[AEAD_KEYLEN], uint64_t counter)
{
	uint8_t nonce[AEAD_NONCELEN] = { 0 };

	put_le64(nonce + 4, counter);
	used->seal(dst, src, len, NULL, 0, key, nonce);
}

int
aead_open(void *dst, const void *src, size_t len,
    const uint8_t key[AEAD_KEYLEN], uint64_t counter)
{
	uint8_t nonce[AEAD_NONCELEN] = { 0 };

	put_le64(nonce + 4, counter);
	return used->open(dst, src, len, NULL, 0, key, nonce);
}

/* Handshakes: too short to gain, and they need no second opinion. */
void
aead_seal_ad(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t key[AEAD_KEYLEN],
    const uint8_t nonce[AEAD_NONCELEN])
{
	aead_sodium.seal(dst, src, len, ad, adlen, key, nonce);
}

int
aead_open_ad(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t key[AEAD_KEYLEN],
    const uint8_t nonce[AEAD_NONCELEN])
{
	return aead_sodium.open(dst, src, len, ad, adlen, key, nonce);
}
