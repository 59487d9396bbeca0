/* SPDX-License-Identifier: ISC */
/*
 * Public keys that nobody has: see strangers.h.
 */
#include <string.h>

#include "cryptod/strangers.h"

void
strangers_note(struct strangers *t, const uint8_t *public, int64_t now)
{
	struct stranger *s, *oldest = t->at;

	for (s = t->at; s < t->at + STRANGERS_MAX; s++) {
		if (s->count > 0 &&
		    memcmp(s->public, public, NOISE_KEYLEN) == 0)
			break;
		if (s->serial < oldest->serial)
			oldest = s;
	}
	if (s == t->at + STRANGERS_MAX) {
		s = oldest;
		memcpy(s->public, public, NOISE_KEYLEN);
		s->count = 0;
	}
	s->count++;
	s->serial = ++t->serial;
	s->last = now;
}

void
strangers_move(struct strangers *t, int64_t jump)
{
	struct stranger *s;

	for (s = t->at; s < t->at + STRANGERS_MAX; s++)
		if (s->count > 0)
			s->last = s->last + jump > 0 ? s->last + jump : 0;
}
