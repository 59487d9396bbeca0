/* SPDX-License-Identifier: ISC */
/*
 * Counters by number, for printing them.
 */
#include <string.h>

#include "cryptod/counters.h"

static const struct {
	const char	*name;
	const char	*help;
	size_t		 offset;
} table[] = {
#define COUNTER_ROW(name, help)						\
	{ #name, help, offsetof(struct counters, name) },
	CRYPTOD_COUNTERS(COUNTER_ROW)
#undef COUNTER_ROW
};

const char *
counters_get(const struct counters *c, size_t i, const char **help,
    uint64_t *value)
{
	if (i >= sizeof(table) / sizeof(table[0]))
		return NULL;
	*help = table[i].help;
	memcpy(value, (const uint8_t *)c + table[i].offset, sizeof(*value));
	return table[i].name;
}
