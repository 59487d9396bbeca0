/* SPDX-License-Identifier: ISC */
/*
 * The replay window against its definition: a counter is taken once, if it
 * is not more than the window below the highest one taken.
 */
#include "cryptod/replay.h"
#include "input.h"

#define SEEN_MAX	256

static uint64_t	seen[SEEN_MAX];

/* A counter made relative to the newest or absolute, near all the edges. */
static uint64_t
counter(struct input *in, uint64_t max)
{
	switch (input_u8(in) % 8) {
	case 0:
		return input_int(in, 8);
	case 1:
		return max + input_int(in, 1);
	case 2:
		return max - input_int(in, 1);
	case 3:
		return max + input_int(in, 2);
	case 4:
		return max - input_int(in, 2);
	case 5:
		return max - REPLAY_WINDOW + (input_u8(in) & 3) - 1;
	case 6:
		return REPLAY_REJECT_AFTER + (input_u8(in) & 3) - 2;
	default:
		return max + (uint64_t)REPLAY_WORD_BITS * input_u8(in);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct replay r;
	uint64_t c, max = 0;
	size_t i, n = 0;
	int want;

	replay_init(&r);
	while (in.left > 0 && n < SEEN_MAX) {
		c = counter(&in, max);
		want = c < REPLAY_REJECT_AFTER &&
		    (n == 0 || c > max || max - c <= REPLAY_WINDOW);
		for (i = 0; i < n; i++)
			if (seen[i] == c)
				want = 0;
		MUST(replay_check_and_set(&r, c) == want);
		MUST(!replay_check_and_set(&r, c));
		if (!want)
			continue;
		seen[n++] = c;
		if (c > max)
			max = c;
	}
	return 0;
}
