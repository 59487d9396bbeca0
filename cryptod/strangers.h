/* SPDX-License-Identifier: ISC */
/*
 * The last public keys that wanted a handshake and that no peer has: a host
 * that was given a wrong key shows here, as does one that was forgotten.
 * Each has proven that it has the key.
 */
#ifndef CRYPTOD_STRANGERS_H
#define CRYPTOD_STRANGERS_H

#include <stdint.h>

#include "cryptod/symmetric.h"

#define STRANGERS_MAX	8

struct stranger {
	uint8_t		 public[NOISE_KEYLEN];
	uint64_t	 count;			/* initiations; 0: unused */
	uint64_t	 serial;		/* of the last of them */
	int64_t		 last;			/* wall time, s */
};

struct strangers {
	uint64_t	 serial;
	struct stranger	 at[STRANGERS_MAX];
};

/* Counts it, in place of the one that was not seen for longest. */
void	 strangers_note(struct strangers *, const uint8_t *public,
	    int64_t now);
/* The wall clock was set forth by so many seconds. */
void	 strangers_move(struct strangers *, int64_t jump);

#endif /* CRYPTOD_STRANGERS_H */
