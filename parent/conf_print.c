/* SPDX-License-Identifier: ISC */
/*
 * The canonical form of a configuration, a line at a time.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "parent/conf.h"
#include "shared/hex.h"

/* The lines in their order; those from PEER on come again for each peer. */
enum part {
	INTERFACE,
	ADDRESS,
	LISTEN,
	MTU,
	FWMARK,
	KEY_FILE,
	ROUTES,
	AEAD,
	WORKERS,
	INTERFACE_END,
	PEER,
	PUBLIC_KEY,
	PSK_FILE,
	ENDPOINT,
	ALLOWED,
	KEEPALIVE,
	PEER_END
};

static size_t	print(char *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

static size_t
print(char *line, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, CONF_LINE_MAX, fmt, ap);
	va_end(ap);
	return n < 0 ? 0 : (size_t)n;
}

/* A string with its quotes, so that the lexer reads the same again. */
static size_t
print_file(char *line, const char *what, const char *path)
{
	size_t n = print(line, "\t%s file \"", what);

	for (; *path != '\0' && n < CONF_LINE_MAX - 4; path++) {
		if (*path == '"' || *path == '\\')
			line[n++] = '\\';
		line[n++] = *path;
	}
	line[n++] = '"';
	line[n++] = '\n';
	return n;
}

static size_t
print_routes(const struct conf *c, char *line)
{
	switch (c->routes) {
	case CONF_ROUTES_NONE:
		return print(line, "\troutes none\n");
	case CONF_ROUTES_TABLE:
		return print(line, "\troutes table %u\n", c->table);
	case CONF_ROUTES_MAIN:
		break;
	}
	return print(line, "\troutes table main\n");
}

static size_t
print_aead(const struct conf *c, char *line)
{
	switch (c->aead) {
	case CONF_AEAD_LIBSODIUM:
		return print(line, "\taead libsodium\n");
	case CONF_AEAD_IPSECMB:
		return print(line, "\taead ipsec-mb\n");
	case CONF_AEAD_AUTO:
		break;
	}
	return 0;
}

/* The next one of a list; at its end i is 0 again and nothing printed. */
static size_t
print_prefix(const struct conf_prefixes *list, size_t *i, char *line,
    const char *what)
{
	char text[PREFIX_TEXT];

	if (*i == list->n) {
		*i = 0;
		return 0;
	}
	prefix_print(&list->at[(*i)++], text, sizeof(text));
	return print(line, "\t%s %s\n", what, text);
}

static size_t
print_interface(const struct conf *c, struct conf_cursor *at, char *line)
{
	switch (at->part) {
	case INTERFACE:
		return print(line, "interface %s {\n", c->name);
	case ADDRESS:
		return print_prefix(&c->address, &at->i, line, "address");
	case LISTEN:
		return c->port == 0 ? 0 :
		    print(line, "\tlisten port %u\n", c->port);
	case MTU:
		return print(line, "\tmtu %u\n", c->mtu);
	case FWMARK:
		return !c->has_fwmark ? 0 :
		    print(line, "\tfwmark 0x%x\n", c->fwmark);
	case KEY_FILE:
		return c->key_file == NULL ? 0 :
		    print_file(line, "private-key", c->key_file);
	case ROUTES:
		return print_routes(c, line);
	case AEAD:
		return print_aead(c, line);
	case WORKERS:
		return c->workers == 0 ? 0 :
		    print(line, "\tworkers %u\n", c->workers);
	}
	return print(line, "}\n");
}

static size_t
print_endpoint(const struct conf_peer *p, char *line)
{
	char text[ENDPOINT_TEXT];
	struct prefix addr = { .family = p->endpoint.family };

	/* The one word that would be a keyword there. */
	if (p->host != NULL)
		return print(line, strcmp(p->host, "port") == 0 ?
		    "\tendpoint \"%s\" port %u\n" :
		    "\tendpoint %s port %u\n", p->host, p->port);
	if (p->endpoint.family == 0)
		return 0;
	memcpy(addr.addr, p->endpoint.addr, sizeof(addr.addr));
	prefix_print(&addr, text, sizeof(text));
	*strchr(text, '/') = '\0';
	if (p->endpoint.scope != 0)
		return print(line, "\tendpoint %s%%%u port %u\n", text,
		    p->endpoint.scope, p->port);
	return print(line, "\tendpoint %s port %u\n", text, p->port);
}

static size_t
print_peer(const struct conf_peer *p, struct conf_cursor *at, char *line)
{
	char key[BASE64_KEY_SIZE];

	switch (at->part) {
	case PEER:
		return print(line, "\npeer \"%s\" {\n", p->name);
	case PUBLIC_KEY:
		base64_key_encode(key, p->public_key);
		return print(line, "\tpublic-key \"%s\"\n", key);
	case PSK_FILE:
		return p->psk_file == NULL ? 0 :
		    print_file(line, "preshared-key", p->psk_file);
	case ENDPOINT:
		return print_endpoint(p, line);
	case ALLOWED:
		return print_prefix(&p->allowed, &at->i, line, "allowed-ips");
	case KEEPALIVE:
		return p->keepalive == 0 ? 0 :
		    print(line, "\tkeepalive %u\n", p->keepalive);
	}
	return print(line, "}\n");
}

/* The line at the cursor, which then is at the next; 0 at the end. */
static size_t
next_line(const struct conf *c, struct conf_cursor *at, char *line)
{
	size_t n = 0;

	while (n == 0) {
		if (at->part < PEER)
			n = print_interface(c, at, line);
		else if (at->peer == NULL)
			return 0;
		else
			n = print_peer(at->peer, at, line);
		/* A line of a list stays, since another may follow. */
		if (at->i > 0)
			continue;
		if (at->part == INTERFACE_END)
			at->peer = TAILQ_FIRST(&c->peers);
		if (at->part++ == PEER_END) {
			at->peer = TAILQ_NEXT(at->peer, entry);
			at->part = PEER;
		}
	}
	return n;
}

size_t
conf_print_piece(const struct conf *c, struct conf_cursor *at, char *buf,
    size_t size)
{
	struct conf_cursor before = *at;
	char line[CONF_LINE_MAX];
	size_t len = 0, n;

	while ((n = next_line(c, at, line)) > 0 && n <= size - len) {
		memcpy(buf + len, line, n);
		len += n;
		before = *at;
	}
	/* What had no room is for the next piece. */
	*at = before;
	return len;
}

void
conf_print(const struct conf *c, FILE *fp)
{
	struct conf_cursor at = { 0, NULL, 0 };
	char buf[16 * 1024];
	size_t n;

	while ((n = conf_print_piece(c, &at, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, fp);
}
