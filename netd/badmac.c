/* SPDX-License-Identifier: ISC */
/*
 * Sources of messages with a wrong mac1: see badmac.h.
 */
#include <string.h>

#include "netd/badmac.h"

#define SECOND	1000000000ULL

bool
badmac_is_due(struct badmac *b, uint64_t now)
{
	if (now - b->window >= SECOND) {
		b->window = now;
		b->looked = 0;
	}
	if (b->looked == BADMAC_RATE)
		return false;
	b->looked++;
	return true;
}

/* Ports are cheap: one host must not push the others out by many. */
static bool
is_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && a->scope == b->scope &&
	    memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static int64_t
offset(uint64_t now, uint64_t wall)
{
	return (int64_t)wall - (int64_t)(now / SECOND);
}

/* The window began less than a second ago. */
static void
note_time(struct badmac *b, struct badmac_source *s, uint64_t when)
{
	s->last = when;
	s->offset = offset(b->window, when);
	s->serial = ++b->serial;
}

void
badmac_note(struct badmac *b, const struct endpoint *at, uint64_t when)
{
	struct badmac_source *s, *old = &b->source[0];
	int i;

	for (i = 0; i < BADMAC_SOURCES; i++) {
		s = &b->source[i];
		if (is_same(&s->at, at)) {
			s->at.port = at->port;
			s->count++;
			note_time(b, s, when);
			return;
		}
		if (old->at.family != 0 &&
		    (s->at.family == 0 || s->serial < old->serial))
			old = s;
	}
	old->at = *at;
	old->count = 1;
	note_time(b, old, when);
}

uint64_t
badmac_last(const struct badmac_source *s, uint64_t now, uint64_t wall)
{
	int64_t jump = offset(now, wall) - s->offset;
	int64_t last = (int64_t)s->last;

	/* So much the seconds are rounded, and the window older. */
	if (jump >= -2 && jump <= 1)
		return s->last;
	return last + jump > 0 ? (uint64_t)(last + jump) : 1;
}
