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
			s->last = when;
			return;
		}
		if (old->at.family != 0 &&
		    (s->at.family == 0 || s->last < old->last))
			old = s;
	}
	old->at = *at;
	old->count = 1;
	old->last = when;
}
