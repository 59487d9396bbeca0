/* SPDX-License-Identifier: ISC */
/*
 * The replay window: its edges, a model that remembers every counter, and
 * the outside vectors if there are any.
 */
#include <check.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cryptod/replay.h"
#include "unit.h"

#define MODEL_STEPS	1000000
#define MODEL_SPAN	(1U << 25)	/* counters that the model can hold */

static struct replay	r;

START_TEST(limits)
{
	ck_assert_uint_eq(REPLAY_REJECT_AFTER, 18446744073709543486ULL);
	replay_init(&r);
	ck_assert(!replay_check_and_set(&r, UINT64_MAX));
	ck_assert(!replay_check_and_set(&r, UINT64_MAX - 1));
	ck_assert(!replay_check_and_set(&r, REPLAY_REJECT_AFTER));
	/* What was refused has not moved the window. */
	ck_assert(replay_check_and_set(&r, 0));
	ck_assert(!replay_check_and_set(&r, 0));
	ck_assert(replay_check_and_set(&r, REPLAY_REJECT_AFTER - 1));
	ck_assert(!replay_check_and_set(&r, REPLAY_REJECT_AFTER - 1));
	ck_assert(replay_check_and_set(&r,
	    REPLAY_REJECT_AFTER - 1 - REPLAY_WINDOW));
	ck_assert(!replay_check_and_set(&r,
	    REPLAY_REJECT_AFTER - 2 - REPLAY_WINDOW));
	ck_assert(!replay_check_and_set(&r, 1));
}
END_TEST

/* The oldest counter of the window, at every alignment to the words. */
START_TEST(edge)
{
	uint64_t max;

	for (max = REPLAY_WINDOW; max < REPLAY_WINDOW + 200; max++) {
		replay_init(&r);
		ck_assert(replay_check_and_set(&r, max));
		ck_assert(replay_check_and_set(&r, max - REPLAY_WINDOW));
		ck_assert(!replay_check_and_set(&r, max - REPLAY_WINDOW));
		if (max > REPLAY_WINDOW)
			ck_assert(!replay_check_and_set(&r,
			    max - REPLAY_WINDOW - 1));
	}
}
END_TEST

/* After a jump nothing of the old bits may be left in the ring. */
START_TEST(jump)
{
	uint64_t base, i, by;

	for (by = REPLAY_BITS - 70; by < REPLAY_BITS + 70; by++) {
		replay_init(&r);
		for (i = 0; i < 300; i++)
			ck_assert(replay_check_and_set(&r, i));
		base = 299 + by;
		ck_assert(replay_check_and_set(&r, base));
		for (i = base - REPLAY_WINDOW; i < base; i++)
			if (replay_check_and_set(&r, i) != (i >= 300))
				ck_abort_msg("jump %" PRIu64 ": %" PRIu64,
				    by, i);
	}
}
END_TEST

static uint64_t	rng = 0x9e3779b97f4a7c15ULL;

static uint64_t
rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng);
}

static void
model_run(uint64_t base, unsigned int steps)
{
	uint64_t n, max = 0;
	unsigned int step, accepted = 0;
	bool any = false, expect, got;
	uint8_t *seen;

	seen = calloc(MODEL_SPAN, 1);
	ck_assert_ptr_nonnull(seen);
	replay_init(&r);
	for (step = 0; step < steps; step++) {
		switch (rnd() % 64) {
		case 0:		/* a leap */
			n = max + rnd() % 20000;
			break;
		case 1:
			n = max - rnd() % (max + 1);
			break;
		case 2: case 3: case 4: case 5: case 6: case 7:
			n = max + 1 + rnd() % 70;
			break;
		case 8: case 9:	/* about the old end */
			n = max - REPLAY_WINDOW - 2 + rnd() % 5;
			break;
		default:
			n = max - rnd() % 9000;
			break;
		}
		/* Below zero or out of memory: begin again near zero. */
		if (n >= MODEL_SPAN)
			n = rnd() % 100;
		expect = n < REPLAY_REJECT_AFTER - base && seen[n] == 0 &&
		    (!any || n + REPLAY_WINDOW >= max);
		got = replay_check_and_set(&r, base + n);
		if (got != expect)
			ck_abort_msg("step %u: %" PRIu64 " max %" PRIu64
			    ": %d", step, n, max, got);
		if (!got)
			continue;
		accepted++;
		seen[n] = 1;
		if (!any || n > max)
			max = n;
		any = true;
	}
	free(seen);
	ck_assert_uint_gt(accepted, steps / 20);
}

START_TEST(model_low)
{
	model_run(0, MODEL_STEPS);
}
END_TEST

START_TEST(model_high)
{
	model_run(1ULL << 60, MODEL_STEPS);
}
END_TEST

/* Over the limit for good: all later leaps are refused. */
START_TEST(model_end)
{
	model_run(REPLAY_REJECT_AFTER - 30000, 20000);
}
END_TEST

START_TEST(vectors)
{
	char path[4096], line[256], seq, last = 0;
	const char *dir;
	unsigned int n = 0;
	uint64_t counter;
	int accept;
	FILE *fp;

	dir = getenv("VECTORS");
	if (dir == NULL) {
		unit_skip("replay/vectors", "VECTORS is not set");
		return;
	}
	snprintf(path, sizeof(path), "%s/replay-window.txt", dir);
	fp = fopen(path, "r");
	ck_assert_msg(fp != NULL, "%s", path);
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		ck_assert_int_eq(sscanf(line, "%c %" SCNu64 " %d", &seq,
		    &counter, &accept), 3);
		if (seq != last)
			replay_init(&r);
		last = seq;
		if (replay_check_and_set(&r, counter) != (accept == 1))
			ck_abort_msg("%s", line);
		n++;
	}
	fclose(fp);
	ck_assert_uint_gt(n, 1000);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("replay");
	TCase *tc = tcase_create("replay");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, edge);
	tcase_add_test(tc, jump);
	tcase_add_test(tc, model_low);
	tcase_add_test(tc, model_high);
	tcase_add_test(tc, model_end);
	tcase_add_test(tc, vectors);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("replay", suite()));
}
