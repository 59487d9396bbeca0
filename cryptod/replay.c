/* SPDX-License-Identifier: ISC */
/*
 * RFC 6479: a bitmap as a ring of words, where moving the window on clears
 * words instead of shifting bits.  8192 bits, since parallel senders and
 * fair queueing reorder by more than a small window forgives (P18).
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "cryptod/replay.h"

static void	replay_advance(struct replay *, uint64_t);

void
replay_init(struct replay *r)
{
	memset(r, 0, sizeof(*r));
}

/* Move the newest counter to n, clearing the words that come into use. */
static void
replay_advance(struct replay *r, uint64_t n)
{
	uint64_t word, from, to;

	from = r->max / REPLAY_WORD_BITS;
	to = n / REPLAY_WORD_BITS;
	if (to - from >= REPLAY_WORDS)
		memset(r->bitmap, 0, sizeof(r->bitmap));
	else
		for (word = from + 1; word <= to; word++)
			r->bitmap[word % REPLAY_WORDS] = 0;
	r->max = n;
}

bool
replay_check_and_set(struct replay *r, uint64_t counter)
{
	uint64_t *word, bit, n;

	if (counter >= REPLAY_REJECT_AFTER)
		return (false);
	/*
	 * Counters are kept one higher, so that a max of 0 can mean that
	 * none came yet and a first counter of 0 is accepted (P18).
	 */
	n = counter + 1;
	/* The limit above keeps this sum from wrapping. */
	if (n + REPLAY_WINDOW < r->max)
		return (false);
	if (n > r->max)
		replay_advance(r, n);
	word = &r->bitmap[n / REPLAY_WORD_BITS % REPLAY_WORDS];
	bit = 1ULL << n % REPLAY_WORD_BITS;
	if ((*word & bit) != 0)
		return (false);
	*word |= bit;
	return (true);
}
