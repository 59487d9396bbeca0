/* SPDX-License-Identifier: ISC */
/*
 * Reading resolv.conf: see resolvconf.h.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "parent/resolvconf.h"

#define KEYWORD		"nameserver"
#define ADDRESS_MAX	(INET6_ADDRSTRLEN + RESOLVCONF_SCOPE)

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A number of an interface, or 0: it is a name, or out of range. */
static uint32_t
scope_number(const char *s)
{
	uint64_t v = 0;

	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return 0;
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > UINT32_MAX)
			return 0;
	}
	return (uint32_t)v;
}

/* "%eth0" or "%2" after an address; only a link-local one has a use for it. */
static bool
read_scope(struct endpoint *at, char *name, const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len >= RESOLVCONF_SCOPE || at->family != AF_INET6)
		return false;
	if (!addr_is_link_local(AF_INET6, at->addr))
		return true;
	at->scope = scope_number(s);
	if (at->scope == 0)
		memcpy(name, s, len + 1);
	return true;
}

static bool
read_address(struct endpoint *at, char *name, char *s)
{
	char *percent = strchr(s, '%');

	memset(at, 0, sizeof(*at));
	name[0] = '\0';
	if (percent != NULL)
		*percent = '\0';
	if (inet_pton(AF_INET, s, at->addr) == 1)
		at->family = AF_INET;
	else if (inet_pton(AF_INET6, s, at->addr) == 1)
		at->family = AF_INET6;
	else
		return false;
	at->port = RESOLVCONF_PORT;
	return percent == NULL || read_scope(at, name, percent + 1);
}

/* The second word of a line that begins with KEYWORD; false: none, too long. */
static bool
read_line(const char *line, size_t len, char word[ADDRESS_MAX])
{
	size_t i = sizeof(KEYWORD) - 1, n = 0;

	if (len <= i || memcmp(line, KEYWORD, i) != 0 || !is_blank(line[i]))
		return false;
	while (i < len && is_blank(line[i]))
		i++;
	while (i < len && !is_blank(line[i]) && line[i] != '#' &&
	    line[i] != ';' && line[i] != '\r' && line[i] != '\0') {
		if (n == ADDRESS_MAX - 1)
			return false;
		word[n++] = line[i++];
	}
	word[n] = '\0';
	return n > 0;
}

void
resolvconf_read(struct resolvconf *rc, const char *text, size_t len)
{
	const char *end = text + len, *nl;
	char word[ADDRESS_MAX];

	memset(rc, 0, sizeof(*rc));
	for (; text < end && rc->n < RESOLVCONF_SERVERS; text = nl + 1) {
		nl = memchr(text, '\n', (size_t)(end - text));
		if (nl == NULL)
			nl = end;
		if (read_line(text, (size_t)(nl - text), word) &&
		    read_address(&rc->server[rc->n].at,
		    rc->server[rc->n].scope, word))
			rc->n++;
	}
}
