/* SPDX-License-Identifier: ISC */
/*
 * resolv.conf: at most three servers, each an address that a line names.
 */
#include <sys/socket.h>

#include "input.h"
#include "parent/resolvconf.h"

static void
server_is_sane(const struct resolvconf *rc, size_t i)
{
	static const uint8_t none[12];
	const struct endpoint *at = &rc->server[i].at;
	const char *scope = rc->server[i].scope;

	MUST(at->family == AF_INET || at->family == AF_INET6);
	MUST(at->port == RESOLVCONF_PORT);
	MUST(memchr(scope, '\0', RESOLVCONF_SCOPE) != NULL);
	if (at->family == AF_INET)
		MUST(memcmp(at->addr + 4, none, sizeof(none)) == 0);
	/* One of both, and only where there is a link. */
	MUST(at->scope == 0 || scope[0] == '\0');
	if (at->scope != 0 || scope[0] != '\0')
		MUST(at->family == AF_INET6 && at->addr[0] == 0xfe &&
		    (at->addr[1] & 0xc0) == 0x80);
	MUST(strpbrk(scope, " \t\r\n#;") == NULL);
}

/* Its text, read again, is the same server. */
static void
again(const struct resolvconf *rc, size_t i)
{
	char line[32 + ENDPOINT_TEXT + RESOLVCONF_SCOPE], at[ENDPOINT_TEXT];
	struct endpoint bare = rc->server[i].at;
	struct resolvconf is;
	char *open, *close;
	int n;

	endpoint_print(&bare, at, sizeof(at));
	if (bare.family == AF_INET6) {
		open = at + 1;
		close = strchr(at, ']');
	} else {
		open = at;
		close = strchr(at, ':');
	}
	MUST(close != NULL);
	*close = '\0';
	n = snprintf(line, sizeof(line), "nameserver\t%s%s%s\n", open,
	    rc->server[i].scope[0] != '\0' ? "%" : "", rc->server[i].scope);
	MUST(n > 0 && (size_t)n < sizeof(line));
	resolvconf_read(&is, line, (size_t)n);
	MUST(is.n == 1);
	MUST(memcmp(&is.server[0], &rc->server[i], sizeof(is.server[0])) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resolvconf rc;
	uint8_t *text = input_dup(data, size);
	size_t i;

	resolvconf_read(&rc, (const char *)text, size);
	free(text);
	MUST(rc.n <= RESOLVCONF_SERVERS);
	for (i = 0; i < rc.n; i++) {
		server_is_sane(&rc, i);
		again(&rc, i);
	}
	return 0;
}
