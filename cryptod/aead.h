/* SPDX-License-Identifier: ISC */
/*
 * ChaCha20-Poly1305 (RFC 8439): libsodium, or intel-ipsec-mb for transport
 * packets where that is faster.  dst and src are the same memory or do not
 * overlap at all.  Both must be private to this process while a call runs:
 * the tag is computed over what is read back (see shared/ring.h).
 */
#ifndef CRYPTOD_AEAD_H
#define CRYPTOD_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AEAD_KEYLEN	32
#define AEAD_NONCELEN	12
#define AEAD_TAGLEN	16

/* A measurement, in 10^6 bytes a second on one core, with 1420 bytes. */
struct aead_speed {
	const char	*name;
	unsigned int	 seal, open;	/* 0 if it was not measured */
};

/*
 * Check every backend, measure them and choose one.  Takes 10 to 20 ms; to
 * be called once, by the main thread, before the sandbox closes.  Before it
 * libsodium is used.  -1 if libsodium is wrong; the process must not go on
 * then.  A second library that is wrong is not used: aead_reason() says so.
 */
int	aead_init(void);
/*
 * Use the backend of this name, whatever its speed: "libsodium" or
 * "ipsec-mb".  After aead_init(), before any other thread starts.  -1 with
 * errno if there is none (EINVAL), it is not built in or not for this CPU
 * (ENOTSUP), or failed its checks (EBADMSG); nothing has changed then.
 */
int	aead_force(const char *name);
/*
 * What each further thread that seals or opens does first and last.  The
 * first maps memory; -1 with errno.
 */
int	aead_thread_begin(void);
void	aead_thread_end(void);

/* What transport packets are sealed by, why, and how the speeds compare. */
const char	*aead_name(void);
const char	*aead_reason(void);
/* The i-th measurement; false after the last. */
bool	aead_speed(size_t i, struct aead_speed *);

/*
 * Seal and open known answers with the backend in use, and see that a
 * forgery is refused.  -1 if it is wrong.
 */
int	aead_selftest(void);

/*
 * Transport: no AAD, nonce = 4 zero bytes || LE64 counter (WireGuard paper
 * 5.4.6).
 * Seals len bytes of src into len + AEAD_TAGLEN bytes at dst.
 */
void	aead_seal(void *dst, const void *src, size_t len,
	    const uint8_t key[AEAD_KEYLEN], uint64_t counter);
/*
 * Opens len bytes, tag included, into len - AEAD_TAGLEN bytes at dst.
 * -1 if it is too short or forged; dst then holds zeros.
 */
int	aead_open(void *dst, const void *src, size_t len,
	    const uint8_t key[AEAD_KEYLEN], uint64_t counter);

/* The same with AAD (NULL if adlen is 0) and the nonce spelled out. */
void	aead_seal_ad(void *dst, const void *src, size_t len, const void *ad,
	    size_t adlen, const uint8_t key[AEAD_KEYLEN],
	    const uint8_t nonce[AEAD_NONCELEN]);
int	aead_open_ad(void *dst, const void *src, size_t len, const void *ad,
	    size_t adlen, const uint8_t key[AEAD_KEYLEN],
	    const uint8_t nonce[AEAD_NONCELEN]);

#endif /* CRYPTOD_AEAD_H */
