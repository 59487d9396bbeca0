/* SPDX-License-Identifier: ISC */
/*
 * The 48 bytes about a source, as a compromised cryptod could send them back:
 * what is accepted is just what netd writes itself.
 */
#include <sys/socket.h>

#include <sodium.h>

#include "input.h"
#include "netd/source.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t from[RING_FROM_SIZE], again[RING_FROM_SIZE];
	uint8_t key[SOURCE_KEY_LEN] = "sixteen bytes..";
	struct source s, t;
	uint64_t generation;

	generation = input_int(&in, 2);
	input_copy(&in, from, sizeof(from));
	if (source_decode(&s, from) == -1)
		return 0;
	MUST(s.remote.family == AF_INET || s.remote.family == AF_INET6);
	if (s.remote.family == AF_INET)
		MUST(s.remote.scope == 0 &&
		    sodium_is_zero(s.remote.addr + 4, 12) &&
		    sodium_is_zero(s.local + 4, 12));
	MUST(s.has_local || (s.ifindex == 0 && sodium_is_zero(s.local, 16)));
	source_encode(&s, again);
	MUST(memcmp(from, again, sizeof(from)) == 0);
	MUST(source_path(key, from, generation) != 0);
	MUST(source_path(key, from, generation) ==
	    source_path(key, again, generation));
	if (source_is_sane(&s))
		MUST(s.remote.port != 0 && source_is_link_local(&s) ==
		    (s.remote.scope != 0));
	if (source_is_link_local(&s))
		MUST(s.remote.family == AF_INET6);
	source_unpin(&s);
	source_encode(&s, again);
	MUST(source_decode(&t, again) == 0 && !t.has_local);
	MUST(memcmp(from + 2, again + 2, 22) == 0);
	return 0;
}
