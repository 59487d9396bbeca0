/* SPDX-License-Identifier: ISC */
/*
 * What the benchmark programs share: clocks, samples and their median.
 */
#ifndef REGRESS_BENCH_H
#define REGRESS_BENCH_H

#include <stddef.h>

#define BENCH_ROUNDS	41

/* What a unit of work took in each round, in nanoseconds and in ticks. */
struct bench_sample {
	double	ns[BENCH_ROUNDS], ticks[BENCH_ROUNDS];
};

/* A moment. */
struct bench_mark {
	double	ns, ticks;
};

/* Nanoseconds of the monotonic clock. */
double	bench_now(void);

/* Begins to measure.  The ticks are those of the TSC, 0 where there is none. */
void	bench_begin(struct bench_mark *);

/*
 * Adds what has passed since then, a unit of n, to the round of that number;
 * a sample starts as zeros.
 */
void	bench_end(const struct bench_mark *, struct bench_sample *, int,
	    double n);

/* The median of so many values, which it sorts. */
double	bench_median(double *, size_t);

#endif
