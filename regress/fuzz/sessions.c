/* SPDX-License-Identifier: ISC */
/*
 * The sessions file: as it is, and with a right hash over whatever it says,
 * so that the fields behind it are reached.
 */
#include <sodium.h>

#include "input.h"
#include "cryptod/sessions.h"

static void
try(const uint8_t *data, size_t size)
{
	uint8_t *copy = input_dup(data, size), *again;
	struct sessions s;

	if (sessions_decode(&s, copy, size) == 0) {
		MUST(SESSIONS_SIZE(s.n) == size && s.n <= DEVICES_MAX);
		again = malloc(size);
		MUST(again != NULL);
		sessions_encode(&s, again);
		MUST(memcmp(again, data, size) == 0);
		free(again);
		sessions_clear(&s);
	}
	MUST(s.note == NULL && s.n == 0);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *fixed;

	try(data, size);
	if (size < SESSIONS_SUM)
		return 0;
	fixed = input_dup(data, size);
	crypto_generichash(fixed + size - SESSIONS_SUM, SESSIONS_SUM, fixed,
	    size - SESSIONS_SUM, NULL, 0);
	try(fixed, size);
	free(fixed);
	return 0;
}
