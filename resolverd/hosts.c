/* SPDX-License-Identifier: ISC */
/*
 * The file of hosts: see hosts.h.  It is looked through for each name, since
 * names are few and the file is short.
 */
#include <arpa/inet.h>

#include <string.h>
#include <strings.h>

#include "resolverd/hosts.h"

struct span {
	const char	*p;
	size_t		 len;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The next word of a line; false: that was all. */
static bool
next_word(struct span *line, struct span *word)
{
	while (line->len > 0 && is_blank(*line->p)) {
		line->p++;
		line->len--;
	}
	word->p = line->p;
	while (line->len > 0 && !is_blank(*line->p)) {
		line->p++;
		line->len--;
	}
	word->len = (size_t)(line->p - word->p);
	return word->len > 0;
}

static void
add(struct resolved *r, const struct span *word)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16] = { 0 }, family;
	size_t i;

	if (word->len >= sizeof(text) || r->n == RESOLVE_ADDRS_MAX)
		return;
	memcpy(text, word->p, word->len);
	text[word->len] = '\0';
	/* An address of a link, with a zone, is none of these (P33). */
	family = memchr(text, ':', word->len) != NULL ? AF_INET6 : AF_INET;
	if (strlen(text) != word->len || inet_pton(family, text, addr) != 1)
		return;
	for (i = 0; i < r->n; i++)
		if (r->at[i].family == family &&
		    memcmp(r->at[i].addr, addr, sizeof(addr)) == 0)
			return;
	r->at[r->n].family = family;
	memcpy(r->at[r->n].addr, addr, sizeof(addr));
	r->n++;
}

static void
read_line(struct span line, const char *name, size_t len, struct resolved *r)
{
	const char *hash = memchr(line.p, '#', line.len);
	struct span addr, word;

	if (hash != NULL)
		line.len = (size_t)(hash - line.p);
	if (!next_word(&line, &addr))
		return;
	while (next_word(&line, &word)) {
		if (word.len == len && strncasecmp(word.p, name, len) == 0) {
			add(r, &addr);
			return;
		}
	}
}

bool
hosts_find(const char *text, size_t len, const char *name, struct resolved *r)
{
	const char *end = text + len, *nl;
	size_t n = strlen(name);
	struct span line;

	memset(r, 0, sizeof(*r));
	r->status = RESOLVE_NONE;
	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n == 0)
		return false;
	for (line.p = text; line.p < end; line.p = nl + 1) {
		nl = memchr(line.p, '\n', (size_t)(end - line.p));
		if (nl == NULL)
			nl = end;
		line.len = (size_t)(nl - line.p);
		read_line(line, name, n, r);
		if (nl == end)
			break;
	}
	if (r->n == 0)
		return false;
	r->status = RESOLVE_OK;
	r->ttl = HOSTS_TTL;
	return true;
}
