/* SPDX-License-Identifier: ISC */
/*
 * The replay window of one keypair's receiving direction (RFC 6479).
 */
#ifndef CRYPTOD_REPLAY_H
#define CRYPTOD_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_BITS		8192	/* of the ring */
#define REPLAY_WORD_BITS	64
#define REPLAY_WORDS		(REPLAY_BITS / REPLAY_WORD_BITS)
/* One word is always partly ahead of the newest counter, hence less. */
#define REPLAY_WINDOW		(REPLAY_BITS - REPLAY_WORD_BITS)

/* No counter from here on is sent or accepted. */
#define REPLAY_REJECT_AFTER	(UINT64_MAX - REPLAY_WINDOW - 1)

struct replay {
	uint64_t	max;	/* highest counter seen + 1; 0: none yet */
	uint64_t	bitmap[REPLAY_WORDS];
};

void	replay_init(struct replay *r);

/*
 * Is this counter new?  If so it is marked and true returned; false means a
 * replay, a counter below the window, or one beyond REPLAY_REJECT_AFTER.
 * To be called exactly once a packet, only after its AEAD verified and in
 * the order of arrival.
 */
bool	replay_check_and_set(struct replay *r, uint64_t counter);

#endif /* CRYPTOD_REPLAY_H */
