/* SPDX-License-Identifier: ISC */
/*
 * Threads that compute: see workers.h.  One producer, many consumers; who
 * moves `next' past a piece has taken it.  A thread that finds nothing looks
 * on for as long as waking it would cost, and then sleeps.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "cryptod/workers.h"
#include "shared/clock.h"
#include "shared/spin.h"

#define STACK_SIZE	(256U * 1024)
#define LOOKS		32		/* for one at the clock */
/* The main thread does one piece alone before anybody could be awake. */
#define WORTH_WAKING	2

_Static_assert((WORKERS_QUEUE & (WORKERS_QUEUE - 1)) == 0, "power of two");

/* The oldest piece that nobody has, or NULL. */
static struct work *
take(struct workers *w)
{
	uint64_t next = atomic_load(&w->next);

	while (next != atomic_load_explicit(&w->head, memory_order_acquire)) {
		/* Its place is used again only after it is done. */
		if (atomic_compare_exchange_weak(&w->next, &next, next + 1))
			return w->queue[next % WORKERS_QUEUE];
	}
	return NULL;
}

void
workers_run(struct work *work)
{
	work->run(work);
	atomic_store_explicit(&work->done, true, memory_order_release);
}

static bool
is_empty(const struct workers *w)
{
	return atomic_load(&w->next) == atomic_load(&w->head);
}

/* Work came, or not in the time that is worth it. */
static void
look_out(const struct workers *w)
{
	uint64_t until = clock_boottime() + SPIN_NS;
	int i;

	do {
		for (i = 0; i < LOOKS; i++) {
			if (!is_empty(w))
				return;
			spin_pause();
		}
	} while (clock_boottime() < until);
}

/* False at the end. */
static bool
sleep_for_work(struct workers *w)
{
	bool ending;

	pthread_mutex_lock(&w->lock);
	/* Pairs with workers_put(): one of us sees the other. */
	atomic_fetch_add(&w->asleep, 1);
	while (is_empty(w) && !w->ending)
		pthread_cond_wait(&w->wake, &w->lock);
	atomic_fetch_sub(&w->asleep, 1);
	ending = w->ending;
	pthread_mutex_unlock(&w->lock);
	return !ending;
}

static void
say_begun(struct workers *w, int result)
{
	pthread_mutex_lock(&w->lock);
	w->nbegun++;
	if (result == -1)
		w->failed = true;
	pthread_cond_signal(&w->begun);
	pthread_mutex_unlock(&w->lock);
}

static void *
thread(void *arg)
{
	struct workers *w = arg;
	struct work *work;
	int result = w->begin == NULL ? 0 : w->begin();

	say_begun(w, result);
	if (result == -1)
		return NULL;
	do {
		while ((work = take(w)) != NULL) {
			workers_run(work);
			atomic_fetch_add_explicit(&w->helped, 1,
			    memory_order_relaxed);
			if (w->able)
				look_out(w);
		}
	} while (sleep_for_work(w));
	if (w->end != NULL)
		w->end();
	return NULL;
}

/* Signals are the main thread's. */
static int
start_threads(struct workers *w, unsigned count)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int error;

	if ((error = pthread_attr_init(&attr)) != 0)
		goto out;
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (w->count < count && (error = pthread_create(
	    &w->thread[w->count], &attr, thread, w)) == 0)
		w->count++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
out:
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

int
workers_start(struct workers *w, unsigned count, int (*begin)(void),
    void (*end)(void))
{
	struct spin spin;
	int result, error;

	memset(w, 0, sizeof(*w));
	w->count = 1;
	w->begin = begin;
	w->end = end;
	spin_init(&spin);
	w->able = spin.able;
	if (count < 1 || count > WORKERS_MAX) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	pthread_cond_init(&w->begun, NULL);
	result = start_threads(w, count);
	error = errno;
	pthread_mutex_lock(&w->lock);
	while (w->nbegun < w->count - 1)
		pthread_cond_wait(&w->begun, &w->lock);
	if (w->failed && result == 0) {
		result = -1;
		error = ENOMEM;
	}
	pthread_mutex_unlock(&w->lock);
	if (result == 0)
		return 0;
	workers_stop(w);
	errno = error;
	return -1;
}

void
workers_stop(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	while (w->count > 1)
		pthread_join(w->thread[--w->count], NULL);
	pthread_cond_destroy(&w->begun);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
}

bool
workers_alone(const struct workers *w)
{
	return w->count <= 1;
}

/* One more, if there is more to do than this thread will have done by then. */
static void
wake_one(struct workers *w)
{
	if (atomic_load(&w->asleep) == 0 ||
	    w->put - atomic_load(&w->next) < WORTH_WAKING)
		return;
	pthread_mutex_lock(&w->lock);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	atomic_fetch_add_explicit(&w->woken, 1, memory_order_relaxed);
}

void
workers_put(struct workers *w, struct work *work)
{
	if (workers_alone(w)) {
		workers_run(work);
		return;
	}
	/* The oldest may be this very one, done long ago. */
	if (w->put - w->settled == WORKERS_QUEUE)
		workers_wait(w, w->queue[w->settled++ % WORKERS_QUEUE]);
	atomic_store_explicit(&work->done, false, memory_order_relaxed);
	w->queue[w->put++ % WORKERS_QUEUE] = work;
	atomic_store(&w->head, w->put);
	wake_one(w);
}

void
workers_wait(struct workers *w, struct work *work)
{
	struct work *other;
	unsigned looks = 0;

	while (!atomic_load_explicit(&work->done, memory_order_acquire)) {
		if ((other = take(w)) != NULL) {
			workers_run(other);
			continue;
		}
		/* It is being done; by somebody who may need this CPU. */
		if (++looks % LOOKS == 0)
			sched_yield();
		spin_pause();
	}
}

void
workers_settle(struct workers *w)
{
	while (w->settled != w->put)
		workers_wait(w, w->queue[w->settled++ % WORKERS_QUEUE]);
}
