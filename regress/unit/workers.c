/* SPDX-License-Identifier: ISC */
/*
 * The threads that compute: everything that is put is done, once, by the time
 * it is waited for, however many threads there are, asleep or not.
 */
#include <sys/resource.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cryptod/workers.h"
#include "unit.h"

#define PIECES	96

struct piece {
	struct work		 work;
	uint64_t		 in;
	uint64_t		 out;
	unsigned		 rounds;
	_Atomic unsigned	 ran;
};

static struct workers workers;
static struct piece piece[PIECES];
static _Atomic unsigned begun, ended;

static int
begin(void)
{
	atomic_fetch_add(&begun, 1);
	return 0;
}

/* The second one fails. */
static int
begin_badly(void)
{
	return atomic_fetch_add(&begun, 1) == 1 ? -1 : 0;
}

static void
end(void)
{
	atomic_fetch_add(&ended, 1);
}

static uint64_t
mix(uint64_t v, unsigned rounds)
{
	while (rounds-- > 0)
		v = (v ^ (v >> 29)) * 0x9e3779b97f4a7c15U + 1;
	return v;
}

static void
run(struct work *work)
{
	struct piece *p = (struct piece *)work;

	p->out = mix(p->in, p->rounds);
	atomic_fetch_add(&p->ran, 1);
}

static void
put(struct piece *p, uint64_t in, unsigned rounds)
{
	p->in = in;
	p->rounds = rounds;
	atomic_store(&p->ran, 0);
	p->work.run = run;
	workers_put(&workers, &p->work);
}

static void
check(const struct piece *p)
{
	ck_assert_uint_eq(atomic_load(&p->ran), 1);
	ck_assert_uint_eq(p->out, mix(p->in, p->rounds));
}

static void
nap(long ns)
{
	struct timespec ts = { 0, ns };

	nanosleep(&ts, NULL);
}

START_TEST(all_is_done)
{
	static const unsigned counts[] = { 1, 2, 3, 8, WORKERS_MAX };
	unsigned i, n, round;

	for (n = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
		begun = ended = 0;
		ck_assert_int_eq(workers_start(&workers, counts[n], begin,
		    end), 0);
		ck_assert_uint_eq(atomic_load(&begun), counts[n] - 1);
		ck_assert(workers_alone(&workers) == (counts[n] == 1));
		for (round = 0; round < 200; round++) {
			for (i = 0; i < WORKERS_QUEUE; i++)
				put(&piece[i], round * PIECES + i,
				    (i * 37 + round) % 400);
			workers_settle(&workers);
			for (i = 0; i < WORKERS_QUEUE; i++)
				check(&piece[i]);
			/* So that they sleep, now and then. */
			if (round % 20 == 0)
				nap(200000);
		}
		workers_stop(&workers);
		ck_assert_uint_eq(atomic_load(&ended), counts[n] - 1);
	}
}
END_TEST

/* As the packet path does it: a few under way, taken in order, used again. */
START_TEST(in_order)
{
	unsigned first = 0, next, window = 9;

	ck_assert_int_eq(workers_start(&workers, 4, NULL, NULL), 0);
	for (next = 0; next < 20000; next++) {
		if (next - first == window) {
			workers_wait(&workers, &piece[first % window].work);
			check(&piece[first % window]);
			ck_assert_uint_eq(piece[first % window].in, first);
			first++;
		}
		put(&piece[next % window], next, next % 100);
	}
	for (; first < next; first++) {
		workers_wait(&workers, &piece[first % window].work);
		check(&piece[first % window]);
	}
	workers_stop(&workers);
}
END_TEST

/* More than the queue holds: it waits for the oldest, and loses nothing. */
START_TEST(queue_full)
{
	unsigned i, round;

	ck_assert_int_eq(workers_start(&workers, 3, NULL, NULL), 0);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < PIECES; i++)
			put(&piece[i], i, 300);
		workers_settle(&workers);
		for (i = 0; i < PIECES; i++)
			check(&piece[i]);
	}
	workers_stop(&workers);
}
END_TEST

/* One piece used again and again, and never settled meanwhile. */
START_TEST(used_again)
{
	unsigned i;

	ck_assert_int_eq(workers_start(&workers, 2, NULL, NULL), 0);
	for (i = 0; i < 4 * WORKERS_QUEUE; i++) {
		put(&piece[0], i, 10);
		workers_wait(&workers, &piece[0].work);
		check(&piece[0]);
	}
	workers_settle(&workers);
	workers_stop(&workers);
}
END_TEST

START_TEST(others_help)
{
	unsigned i, round;

	ck_assert_int_eq(workers_start(&workers, 2, NULL, NULL), 0);
	for (round = 0; round < 2000 &&
	    atomic_load(&workers.helped) == 0; round++) {
		for (i = 0; i < WORKERS_QUEUE; i++)
			put(&piece[i], i, 20000);
		workers_settle(&workers);
	}
	ck_assert_uint_gt(atomic_load(&workers.helped), 0);
	workers_stop(&workers);
}
END_TEST

/* Nothing to do costs nothing: they sleep. */
START_TEST(idle)
{
	struct rusage before, after;
	unsigned i;

	ck_assert_int_eq(workers_start(&workers, 8, NULL, NULL), 0);
	for (i = 0; i < WORKERS_QUEUE; i++)
		put(&piece[i], i, 100);
	workers_settle(&workers);
	for (i = 0; i < 1000 && atomic_load(&workers.asleep) < 7; i++)
		nap(1000000);
	ck_assert_uint_eq(atomic_load(&workers.asleep), 7);
	getrusage(RUSAGE_SELF, &before);
	nap(200000000);
	getrusage(RUSAGE_SELF, &after);
	ck_assert_int_lt((after.ru_utime.tv_sec - before.ru_utime.tv_sec) *
	    1000000 + after.ru_utime.tv_usec - before.ru_utime.tv_usec,
	    100000);
	workers_stop(&workers);
}
END_TEST

START_TEST(refused)
{
	ck_assert_int_eq(workers_start(&workers, 0, NULL, NULL), -1);
	ck_assert_int_eq(workers_start(&workers, WORKERS_MAX + 1, NULL,
	    NULL), -1);
	begun = ended = 0;
	ck_assert_int_eq(workers_start(&workers, 4, begin_badly, end), -1);
	/* Those that began well have ended, too. */
	ck_assert_uint_eq(atomic_load(&begun), 3);
	ck_assert_uint_eq(atomic_load(&ended), 2);
	ck_assert_uint_eq(workers.count, 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("workers");
	TCase *t = tcase_create("workers");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, all_is_done);
	tcase_add_test(t, in_order);
	tcase_add_test(t, queue_full);
	tcase_add_test(t, used_again);
	tcase_add_test(t, others_help);
	tcase_add_test(t, idle);
	tcase_add_test(t, refused);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("workers", suite());
}
