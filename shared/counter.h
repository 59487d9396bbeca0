/* SPDX-License-Identifier: ISC */
/*
 * Counters: a process lists its own once, as LIST(X) of X(name, help), and
 * makes of that list both the struct it counts in and the words for them.
 */
#ifndef SHARED_COUNTER_H
#define SHARED_COUNTER_H

#include <stddef.h>
#include <stdint.h>

/* struct counters { LIST(COUNTER_FIELD) }: nothing but these may be in it. */
#define COUNTER_FIELD(name, help)	uint64_t name;
/* static const struct counter_text text[] = { LIST(COUNTER_TEXT) }; */
#define COUNTER_TEXT(name, help)	{ #name, help },

struct counter_text {
	const char	*name;
	const char	*help;
};

#endif /* SHARED_COUNTER_H */
