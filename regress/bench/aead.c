/* SPDX-License-Identifier: ISC */
/*
 * What a packet costs in each AEAD backend: nanoseconds, ticks of the TSC a
 * byte, MB/s (10^6) of one core, by length.  The packets lie in a ring that
 * is larger than the first-level cache, as in the daemon.  The backends take
 * turns in short rounds; the median of the rounds is what counts.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cryptod/aead_backend.h"

#define PACKETS	512		/* a round */
#define SLOTS	128		/* of 2 KiB: 256 KiB, within the L2 */
#define SLOT	2048

static uint8_t	in[SLOTS][SLOT], out[SLOTS][SLOT];
static uint8_t	key[AEAD_KEYLEN], nonce[AEAD_NONCELEN];

static void
round_of(const struct aead_backend *b, bool open, size_t len,
    struct bench_sample *s, int i)
{
	struct bench_mark m;
	size_t n;
	int k;

	bench_begin(&m);
	for (k = 0; k < PACKETS; k++) {
		n = (size_t)k % SLOTS;
		if (!open)
			b->seal(out[n], in[n], len, NULL, 0, key, nonce);
		else if (b->open(in[n], out[n], len + AEAD_TAGLEN, NULL, 0,
		    key, nonce) == -1)
			exit(1);
	}
	bench_end(&m, s, i, PACKETS);
}

static void
print(const struct aead_backend *b, const char *what, size_t len,
    struct bench_sample *s)
{
	double ns = bench_median(s->ns, BENCH_ROUNDS);
	double ticks = bench_median(s->ticks, BENCH_ROUNDS);

	printf("%-22s %-5s %6zu %9.0f %9.2f %9.0f\n", b->detail(), what, len,
	    ns, len > 0 ? ticks / (double)len : 0,
	    (double)len * 1000 / ns);
}

static void
bench(const struct aead_backend *const b[], size_t n, size_t len)
{
	static struct bench_sample seal[2], open[2];
	size_t i;
	int r;

	memset(seal, 0, sizeof(seal));
	memset(open, 0, sizeof(open));
	for (r = 0; r < BENCH_ROUNDS; r++)
		for (i = 0; i < n; i++) {
			round_of(b[i], false, len, &seal[i], r);
			round_of(b[i], true, len, &open[i], r);
		}
	for (i = 0; i < n; i++) {
		print(b[i], "seal", len, &seal[i]);
		print(b[i], "open", len, &open[i]);
	}
}

int
main(void)
{
	static const size_t lens[] = { 0, 64, 256, 576, 1280, 1420, 1424 };
	const struct aead_backend *b[2] = { &aead_sodium, NULL };
	double t;
	size_t i, n = 1;

	if (sodium_init() == -1)
		return 1;
	t = bench_now();
	if (aead_init() == -1)
		return 1;
	printf("chosen: %s (%s), in %.1f ms\n", aead_name(), aead_reason(),
	    (bench_now() - t) / 1e6);
	if (aead_ipsecmb == NULL)
		printf("SKIP ipsec-mb: not built in\n");
	else if (aead_ipsecmb->begin() == -1)
		printf("SKIP ipsec-mb: not for this CPU\n");
	else
		b[n++] = aead_ipsecmb;
	randombytes_buf(key, sizeof(key));
	randombytes_buf(in, sizeof(in));
	printf("median of %d rounds of %d packets in turn, one core\n",
	    BENCH_ROUNDS, PACKETS);
	printf("%-22s %-5s %6s %9s %9s %9s\n", "backend", "", "bytes",
	    "ns", "ticks/B", "MB/s");
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		bench(b, n, lens[i]);
	return 0;
}
