/* SPDX-License-Identifier: ISC */
/*
 * The source rate limiter.
 */
#include <sys/socket.h>

#include <arpa/inet.h>

#include <check.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netd/ratelimit.h"
#include "shared/bytes.h"
#include "unit.h"

#define MSEC	1000000ULL
#define SEC	(1000 * MSEC)

static struct ratelimit	*rl;

static void
setup(void)
{
	ck_assert_int_ne(sodium_init(), -1);
	rl = ratelimit_new(10 * SEC);
	ck_assert_ptr_nonnull(rl);
}

static void
teardown(void)
{
	ratelimit_free(rl);
}

/* When a message comes (ms), and whether it may. */
struct turn {
	unsigned int	ms;
	bool		allow;
};

static const struct turn	turns[] = {
	/* a burst of five */
	{ 0, true }, { 0, true }, { 0, true }, { 0, true }, { 0, true },
	{ 0, false }, { 0, false },
	/* then one each 50 ms */
	{ 49, false }, { 50, true }, { 50, false }, { 99, false },
	{ 100, true }, { 199, true }, { 200, true }, { 200, false },
	/* what is saved up has a limit: five again */
	{ 900, true }, { 900, true }, { 900, true }, { 900, true },
	{ 900, true }, { 900, false },
	/* a clock that goes back gives nothing */
	{ 100, false }, { 500, false }, { 949, false }, { 950, true },
	/* forgotten or not, after a long silence it is five */
	{ 5000, true }, { 5000, true }, { 5000, true }, { 5000, true },
	{ 5000, true }, { 5000, false },
};

static void
run_turns(int family, const void *addr)
{
	uint64_t now;
	size_t i;

	for (i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		now = 20 * SEC + turns[i].ms * MSEC;
		ck_assert_msg(ratelimit_allow(rl, family, addr, now) ==
		    turns[i].allow, "turn %zu at %u ms", i, turns[i].ms);
	}
}

START_TEST(timing)
{
	static const uint8_t v4[4] = { 192, 0, 2, 1 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };

	run_turns(AF_INET, v4);
	/* The other family has buckets of its own. */
	run_turns(AF_INET6, v6);
}
END_TEST

START_TEST(keys)
{
	uint8_t a[16] = { 0x20, 0x01, 0x0d, 0xb8 }, b[16];
	unsigned int i;

	memcpy(b, a, sizeof(b));
	for (i = 0; i < 5; i++) {
		/* The lower half is one source's own choice. */
		a[8 + i] = (uint8_t)~i;
		ck_assert(ratelimit_allow(rl, AF_INET6, a, SEC));
	}
	ck_assert(!ratelimit_allow(rl, AF_INET6, b, SEC));
	b[7] = 1;
	ck_assert(ratelimit_allow(rl, AF_INET6, b, SEC));

	/* The same bits as an IPv4 address are another source. */
	memset(a, 0, sizeof(a));
	for (i = 0; i < 5; i++)
		ck_assert(ratelimit_allow(rl, AF_INET, a, SEC));
	ck_assert(!ratelimit_allow(rl, AF_INET, a, SEC));
	ck_assert(ratelimit_allow(rl, AF_INET6, a, SEC));
	a[3] = 1;
	ck_assert(ratelimit_allow(rl, AF_INET, a, SEC));
	ck_assert(!ratelimit_allow(rl, AF_UNIX, a, SEC));
}
END_TEST

START_TEST(full)
{
	uint64_t now = 20 * SEC;
	uint8_t addr[4];
	uint32_t i;

	for (i = 0; i < RATELIMIT_SOURCES; i++) {
		put_be32(addr, i);
		if (!ratelimit_allow(rl, AF_INET, addr, now))
			ck_abort_msg("source %u", i);
	}
	put_be32(addr, i);
	ck_assert(!ratelimit_allow(rl, AF_INET, addr, now));
	ck_assert(!ratelimit_allow(rl, AF_INET, addr, now + SEC));
	/* Who is known is served even now. */
	put_be32(addr, 7);
	ck_assert(ratelimit_allow(rl, AF_INET, addr, now + SEC));
	/* It makes room by itself, once those are idle for over a second. */
	now += SEC + 1;
	for (i = 0; i < RATELIMIT_SOURCES - 1; i++) {
		put_be32(addr, 0x80000000 + i);
		if (!ratelimit_allow(rl, AF_INET, addr, now))
			ck_abort_msg("later source %u", i);
	}
	put_be32(addr, 0x7fffffff);
	ck_assert(!ratelimit_allow(rl, AF_INET, addr, now));
	ck_assert_uint_eq(ratelimit_gc(rl, now), RATELIMIT_SOURCES);
	ck_assert_uint_eq(ratelimit_gc(rl, now + SEC), RATELIMIT_SOURCES - 1);
	ck_assert_uint_eq(ratelimit_gc(rl, now + SEC + 1), 0);
	ck_assert(ratelimit_allow(rl, AF_INET, addr, now));
}
END_TEST

/* Against one bucket an array element, for many sources and much time. */
START_TEST(random_model)
{
	static struct { uint64_t tokens, last; } model[2000];
	uint64_t now = 30 * SEC, passed;
	unsigned int step, allowed = 0;
	uint8_t addr[4];
	uint32_t i;
	bool expect;

	for (i = 0; i < 2000; i++)
		model[i].tokens = 250 * MSEC;
	srandom(1);
	for (step = 0; step < 1000000; step++) {
		now += (uint64_t)random() % (100000 / (1 + step % 7));
		i = (uint32_t)random() % 2000;
		i = i * i / 2000;	/* some far more often */
		passed = now - model[i].last;
		model[i].last = now;
		model[i].tokens += passed;
		if (model[i].tokens > 250 * MSEC)
			model[i].tokens = 250 * MSEC;
		expect = model[i].tokens >= 50 * MSEC;
		if (expect)
			model[i].tokens -= 50 * MSEC;
		put_be32(addr, i * 2654435761U);
		if (ratelimit_allow(rl, AF_INET, addr, now) != expect)
			ck_abort_msg("step %u source %u", step, i);
		allowed += expect;
		if (step % 10000 == 0)
			ratelimit_gc(rl, now);
	}
	ck_assert_uint_gt(allowed, 10000);
	ck_assert_uint_lt(allowed, 990000);
}
END_TEST

START_TEST(vectors)
{
	static const uint8_t v4[4] = { 203, 0, 113, 9 };
	char path[4096], line[256];
	unsigned int ms, n = 0;
	uint64_t now = 50 * SEC;
	const char *dir;
	int allow;
	FILE *fp;

	dir = getenv("VECTORS");
	if (dir == NULL) {
		unit_skip("ratelimit/vectors", "VECTORS is not set");
		return;
	}
	snprintf(path, sizeof(path), "%s/ratelimiter.txt", dir);
	fp = fopen(path, "r");
	ck_assert_msg(fp != NULL, "%s", path);
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (sscanf(line, "%u %d", &ms, &allow) != 2)
			continue;
		now += ms * MSEC;
		ck_assert_msg(ratelimit_allow(rl, AF_INET, v4, now) ==
		    (allow == 1), "line %u: %s", n, line);
		n++;
	}
	fclose(fp);
	ck_assert_uint_gt(n, 5);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ratelimit");
	TCase *tc = tcase_create("ratelimit");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, timing);
	tcase_add_test(tc, keys);
	tcase_add_test(tc, full);
	tcase_add_test(tc, random_model);
	tcase_add_test(tc, vectors);
	suite_add_tcase(s, tc);
	return (s);
}

int
main(void)
{
	return (unit_run("ratelimit", suite()));
}
