/* SPDX-License-Identifier: ISC */
/*
 * The timing wheel: a script of operations, some of them from callbacks,
 * against a plain list of what is pending.
 */
#include "input.h"
#include "shared/timer.h"

#define TIMERS	24
/* The wheel rounds up; the last 2^63 ns would need one tick more. */
#define TIME_MAX (UINT64_MAX >> 1)

struct model {
	struct timer	t;
	uint64_t	tick;		/* at which it is due */
	uint64_t	when;
	uint64_t	seq;		/* of timer_add() */
	int		pending;
};

static struct timer_wheel	wheel;
static struct model		model[TIMERS];
static struct input		in;
static uint64_t			now, cur, seq;
static size_t			fired;

static void	op(void);

/* Is a before b? */
static int
before(const struct model *a, const struct model *b)
{
	if (a->tick != b->tick)
		return a->tick < b->tick;
	if (a->when != b->when)
		return a->when < b->when;
	return a->seq < b->seq;
}

static struct model *
earliest(void)
{
	struct model *best = NULL;
	size_t i;

	for (i = 0; i < TIMERS; i++)
		if (model[i].pending &&
		    (best == NULL || before(&model[i], best)))
			best = &model[i];
	return best;
}

static void
fire(void *arg, uint64_t at)
{
	struct model *m = arg;

	MUST(at == now && m->pending && m == earliest());
	MUST(m->when <= cur << TIMER_TICK_SHIFT && m->tick <= cur);
	MUST(!timer_pending(&m->t));
	m->pending = 0;
	fired++;
	if (input_u8(&in) < 64)
		op();
}

static void
add(struct model *m, uint64_t when)
{
	if (when > TIME_MAX)
		when = TIME_MAX;
	timer_add(&wheel, &m->t, when);
	m->when = when;
	m->tick = when / TIMER_TICK + (when % TIMER_TICK != 0);
	if (m->tick <= cur)
		m->tick = cur + 1;
	m->seq = seq++;
	m->pending = 1;
}

/* A time near or far, in ticks or in nanoseconds, now and then past. */
static uint64_t
some_time(void)
{
	uint8_t form = input_u8(&in);
	uint64_t v;

	v = input_int(&in, 1 + (form & 7));
	if ((form & 8) != 0)
		v <<= TIMER_TICK_SHIFT;
	if ((form & 0xf0) == 0)
		return v;
	return v > TIME_MAX - now ? TIME_MAX : now + v;
}

static void
op(void)
{
	struct model *m = &model[input_u8(&in) % TIMERS];

	if (input_u8(&in) % 4 == 0) {
		timer_del(&wheel, &m->t);
		m->pending = 0;
	} else
		add(m, some_time());
	MUST(timer_pending(&m->t) == m->pending);
}

static void
expire(void)
{
	const struct model *m;
	size_t max, ran;

	now = some_time();
	if (now > TIME_MAX)
		now = TIME_MAX;
	if (now >> TIMER_TICK_SHIFT > cur)
		cur = now >> TIMER_TICK_SHIFT;
	max = input_u8(&in) % 8;
	max = max == 7 ? SIZE_MAX : max;
	fired = 0;
	ran = timer_expire(&wheel, now, max);
	MUST(ran == fired && ran <= max);
	m = earliest();
	if (ran < max)
		MUST(m == NULL || m->tick > cur);
}

static void
next(void)
{
	const struct model *m = earliest();
	uint64_t ns = 0;

	MUST(timer_next(&wheel, now, &ns) == (m != NULL));
	if (m == NULL)
		return;
	MUST(ns != 0 && ns >= now);
	MUST(ns <= m->tick << TIMER_TICK_SHIFT || ns == now || ns == 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i;

	in.p = data;
	in.left = size;
	now = input_int(&in, 1 + input_u8(&in) % 8) & TIME_MAX;
	cur = now >> TIMER_TICK_SHIFT;
	seq = 0;
	timer_wheel_init(&wheel, now);
	for (i = 0; i < TIMERS; i++) {
		timer_init(&model[i].t, fire, &model[i]);
		model[i].pending = 0;
	}
	while (in.left > 0) {
		if (input_u8(&in) % 4 == 0)
			expire();
		else
			op();
		next();
	}
	/* Far in the future everything has come. */
	now = UINT64_MAX;
	cur = now >> TIMER_TICK_SHIFT;
	timer_expire(&wheel, now, SIZE_MAX);
	MUST(earliest() == NULL && !timer_next(&wheel, now, &now));
	return 0;
}
