/* SPDX-License-Identifier: ISC */
/*
 * Requests of a collector: see http.h.
 */
#include <string.h>

#include "ctld/http.h"

/* The end of the line at p, or NULL; *len without its CR. */
static const uint8_t *
line_end(const uint8_t *p, size_t left, size_t *len)
{
	const uint8_t *nl = memchr(p, '\n', left);

	if (nl == NULL)
		return NULL;
	*len = (size_t)(nl - p);
	if (*len > 0 && p[*len - 1] == '\r')
		--*len;
	return nl + 1;
}

enum http_request
http_request(const uint8_t *p, size_t n)
{
	static const char get[] = "GET ";
	const uint8_t *at = p, *end = p + n, *next;
	size_t len, have = n < sizeof(get) - 1 ? n : sizeof(get) - 1;

	if (n > HTTP_REQUEST_MAX)
		end = p + HTTP_REQUEST_MAX;
	if (memcmp(p, get, have) != 0 || memchr(p, '\0', n) != NULL)
		return HTTP_BAD;
	while ((next = line_end(at, (size_t)(end - at), &len)) != NULL) {
		if (len == 0)
			return HTTP_GET;
		at = next;
	}
	return n >= HTTP_REQUEST_MAX ? HTTP_BAD : HTTP_MORE;
}
