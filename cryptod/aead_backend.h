/* SPDX-License-Identifier: ISC */
/*
 * Between aead.c and the libraries that compute.  Nothing else but tests
 * includes this.
 */
#ifndef CRYPTOD_AEAD_BACKEND_H
#define CRYPTOD_AEAD_BACKEND_H

#include "cryptod/aead.h"

struct aead_backend {
	const char	*name;		/* as aead_force() takes it */
	/* The name and the instruction set it found. */
	const char	*(*detail)(void);
	/* Once a thread; -1 if this CPU cannot do it. */
	int		(*begin)(void);
	void		(*end)(void);
	/* Give back memory that begin() used only once. */
	void		(*trim)(void);
	/* As aead_seal_ad() and aead_open_ad(). */
	void		(*seal)(void *, const void *, size_t, const void *,
			    size_t, const uint8_t *, const uint8_t *);
	int		(*open)(void *, const void *, size_t, const void *,
			    size_t, const uint8_t *, const uint8_t *);
};

extern const struct aead_backend	aead_sodium;
/* NULL if it was not there when this was compiled. */
extern const struct aead_backend *const	aead_ipsecmb;

/* Known answers; -1 if one is wrong. */
int	aead_check_known(const struct aead_backend *);
/*
 * Does it agree with libsodium, over all lengths up to two packets and some
 * large ones, forgeries included?  -1 if not, or without memory (errno).
 */
int	aead_check_cross(const struct aead_backend *);
/*
 * The best of several short rounds, for both of n backends in turn, so that
 * a busy moment hits all of them.  -1 without memory.
 */
int	aead_measure(const struct aead_backend *const [], size_t n,
	    struct aead_speed []);

#endif /* CRYPTOD_AEAD_BACKEND_H */
