/* SPDX-License-Identifier: ISC */
/*
 * What the benchmark programs share, see bench.h.
 */
#include <stdlib.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "bench.h"

double
bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static double
ticks(void)
{
#if defined(__x86_64__)
	return (double)__rdtsc();
#else
	return 0;
#endif
}

void
bench_begin(struct bench_mark *m)
{
	m->ns = bench_now();
	m->ticks = ticks();
}

void
bench_end(const struct bench_mark *m, struct bench_sample *s, int i, double n)
{
	s->ticks[i] += (ticks() - m->ticks) / n;
	s->ns[i] += (bench_now() - m->ns) / n;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double
bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}
