/* SPDX-License-Identifier: ISC */
/*
 * The file of hosts, and the names that are looked for in it and sent to name
 * servers: the first line of the input is the name.
 */
#include <string.h>

#include "input.h"
#include "resolverd/dnsmsg.h"
#include "resolverd/hosts.h"

static void
try_name(const char *name)
{
	uint8_t out[DNS_QUERY_MAX];
	struct dns_question q, again;

	memset(&q, 0, sizeof(q));
	if (dns_name_encode(&q, name) == -1)
		return;
	MUST(q.len >= 3 && q.len <= DNS_NAME_MAX);
	MUST(q.name[q.len - 1] == 0);
	again = q;
	dns_name_lower(&again);
	dns_name_shuffle(&q);
	MUST(dns_query_build(&q, true, out) <= DNS_QUERY_MAX);
	dns_name_lower(&q);
	MUST(memcmp(q.name, again.name, q.len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nl = size > 0 ? memchr(data, '\n', size) : NULL;
	char name[RESOLVE_NAME_MAX];
	struct resolved r;
	size_t n;
	void *text;
	bool found;

	if (nl == NULL || (n = (size_t)(nl - data)) >= sizeof(name))
		return 0;
	memcpy(name, data, n);
	name[n] = '\0';
	try_name(name);
	size -= n + 1;
	text = input_dup(nl + 1, size);
	found = hosts_find(text, size, name, &r);
	MUST(found == (r.status == RESOLVE_OK) && found == (r.n > 0));
	MUST(r.n <= RESOLVE_ADDRS_MAX);
	free(text);
	return 0;
}
