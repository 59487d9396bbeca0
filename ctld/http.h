/* SPDX-License-Identifier: ISC */
/*
 * As much of HTTP as a collector of metrics needs: where a request ends, and
 * whether it is a GET.  A leaf.
 */
#ifndef CTLD_HTTP_H
#define CTLD_HTTP_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_REQUEST_MAX	4096	/* bytes, with its headers */

enum http_request {
	HTTP_MORE,			/* it is not complete */
	HTTP_GET,
	HTTP_BAD
};

/*
 * Looks at what was read so far.  A request is complete with its empty line
 * and bad as soon as it cannot become a GET of at most HTTP_REQUEST_MAX bytes.
 * Which path it asks for does not matter.
 */
enum http_request	 http_request(const uint8_t *, size_t);

#define HTTP_OK		"HTTP/1.0 200 OK\r\n"				\
			"Content-Type: text/plain; version=0.0.4\r\n"	\
			"Connection: close\r\n\r\n"
#define HTTP_BAD_REQUEST "HTTP/1.0 400 Bad Request\r\n"		\
			"Content-Type: text/plain\r\n"			\
			"Connection: close\r\n\r\n"			\
			"Ask by \"GET /metrics HTTP/1.0\".\n"
#define HTTP_NO_MEMORY	"HTTP/1.0 500 Internal Server Error\r\n"	\
			"Content-Type: text/plain\r\n"			\
			"Connection: close\r\n\r\n"			\
			"out of memory\n"
#define HTTP_LATE	"HTTP/1.0 503 Service Unavailable\r\n"		\
			"Content-Type: text/plain\r\n"			\
			"Connection: close\r\n\r\n"			\
			"a process of the daemon does not answer\n"

#endif /* CTLD_HTTP_H */
