/* SPDX-License-Identifier: ISC */
/*
 * Names of ctld's counters: see counters.h.
 */
#include "ctld/counters.h"

static const struct {
	const char	*name;
	const char	*help;
} text[] = {
#define X(id, name, help)	{ name, help },
	COUNTERS(X)
#undef X
};

const char *
counter_name(enum counter c)
{
	return text[c].name;
}

const char *
counter_help(enum counter c)
{
	return text[c].help;
}
