/* SPDX-License-Identifier: ISC */
/*
 * The short wait: see spin.h.
 */
#include <sched.h>
#include <string.h>

#include "shared/spin.h"

/* Two of three must come in time, or it stops; a few hits start it again. */
#define WORTH	128

void
spin_init(struct spin *s)
{
	cpu_set_t set;

	memset(s, 0, sizeof(*s));
	/* More CPUs than fit the set are more than one. */
	s->able = sched_getaffinity(0, sizeof(set), &set) == -1 ||
	    CPU_COUNT(&set) > 1;
}

static void
learn(struct spin *s, bool hit)
{
	uint8_t *score = &s->score[s->after][s->lone];

	if (hit)
		*score = (uint8_t)(*score + (UINT8_MAX - *score + 7) / 8);
	else
		*score = (uint8_t)(*score - (*score + 3) / 4);
}

static uint64_t
patience(const struct spin *s)
{
	return s->lone ? SPIN_LONE_NS : SPIN_NS;
}

void
spin_work(struct spin *s, enum spin_after kind, uint64_t now)
{
	if (s->waiting)
		learn(s, now - s->since <= patience(s));
	s->waiting = false;
	s->worked = true;
	s->after = kind;
	s->lone = false;
}

void
spin_did(struct spin *s, uint64_t packets)
{
	s->lone = packets == 1;
}

bool
spin_wait(struct spin *s, uint64_t now)
{
	if (s->worked) {
		s->worked = false;
		s->waiting = true;
		s->since = now;
	}
	return s->able && s->waiting && now - s->since < patience(s) &&
	    s->score[s->after][s->lone] >= WORTH;
}

void
spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}
