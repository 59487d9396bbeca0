/* SPDX-License-Identifier: ISC */
/*
 * A collector's request: the verdict does not depend on how the bytes arrive,
 * and once it is final no more bytes change it.
 */
#include <stdbool.h>

#include "ctld/http.h"
#include "input.h"

/* As the manual says it, in other words. */
static enum http_request
expected(const uint8_t *p, size_t n)
{
	static const char get[] = "GET ";
	size_t i, start = 0;

	for (i = 0; i < n && i < HTTP_REQUEST_MAX; i++) {
		if (i < 4 && p[i] != (uint8_t)get[i])
			return HTTP_BAD;
		if (p[i] == '\0')
			return HTTP_BAD;
		if (p[i] != '\n')
			continue;
		if (i == start || (i == start + 1 && p[start] == '\r'))
			return HTTP_GET;
		start = i + 1;
	}
	return n >= HTTP_REQUEST_MAX ? HTTP_BAD : HTTP_MORE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum http_request r;
	uint8_t *part;
	size_t n, step = 1 + size / 64;

	for (n = 0; n <= size; n += step) {
		part = input_dup(data, n);
		r = http_request(part, n);
		free(part);
		if (memchr(data, '\0', n) == NULL)
			MUST(r == expected(data, n));
		else
			MUST(r == HTTP_BAD);
		if (r != HTTP_MORE)
			break;
	}
	return 0;
}
