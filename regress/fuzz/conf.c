/* SPDX-License-Identifier: ISC */
/*
 * A configuration from any text: what is accepted is printed in a canonical
 * form that is accepted again and printed the same; what is not has errors
 * that can be shown.  After a NUL comes the text of all files that it
 * includes.
 */
#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "parent/conf.h"

#define PATH	"/etc/warren.conf"

/* Files that include each other many times are slow and show nothing new. */
#define OPENS_MAX	40

struct other {
	const uint8_t	*text;
	size_t		 len;
	unsigned	 opens;
};

static int
open_other(void *arg, const char *path)
{
	struct other *o = arg;
	int fd;

	MUST(path[0] == '/');
	if (o->text == NULL || o->opens++ == OPENS_MAX) {
		errno = ENOENT;
		return -1;
	}
	MUST((fd = memfd_create("conf", MFD_CLOEXEC)) != -1);
	MUST(write(fd, o->text, o->len) == (ssize_t)o->len);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* A line each, with its file, and no more than are kept. */
static void
check_errors(const struct conf_errors *e)
{
	size_t i;

	MUST(e->n > 0 && e->kept > 0 && e->kept <= CONF_ERRORS_MAX);
	MUST(e->n >= e->kept);
	for (i = 0; i < e->kept; i++) {
		MUST(e->line[i][0] == '/');
		MUST(strpbrk(e->line[i], "\n\r\033") == NULL);
		MUST(strstr(e->line[i], ": ") != NULL);
	}
}

static char *
print(const struct conf *c, size_t *len)
{
	char *text;
	FILE *fp;

	MUST((fp = open_memstream(&text, len)) != NULL);
	conf_print(c, fp);
	MUST(fclose(fp) == 0);
	return text;
}

/* The smallest pieces are the same text. */
static void
check_pieces(const struct conf *c, const char *text, size_t len)
{
	struct conf_cursor at = { 0, NULL, 0 };
	char piece[CONF_LINE_MAX];
	size_t n;

	while ((n = conf_print_piece(c, &at, piece, sizeof(piece))) > 0) {
		MUST(n <= len && piece[n - 1] == '\n');
		MUST(memcmp(piece, text, n) == 0);
		text += n;
		len -= n;
	}
	MUST(len == 0);
}

static void
check_again(const struct conf *c)
{
	struct conf_errors e;
	struct conf *d;
	char *text, *again;
	size_t len, len_again;

	text = print(c, &len);
	check_pieces(c, text, len);
	d = conf_read_text(PATH, text, len, NULL, NULL, &e);
	MUST(d != NULL && e.n == 0);
	MUST(d->npeers == c->npeers && d->address.n == c->address.n);
	MUST(conf_needs_restart(c, d) == NULL);
	again = print(d, &len_again);
	MUST(len == len_again && memcmp(text, again, len) == 0);
	free(text);
	free(again);
	conf_free(d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	struct other o = { NULL, 0, 0 };
	struct conf_errors e;
	struct conf *c;
	size_t len = size;

	if (nul != NULL) {
		len = (size_t)(nul - data);
		o.text = nul + 1;
		o.len = size - len - 1;
	}
	c = conf_read_text(PATH, (const char *)data, len, open_other, &o, &e);
	if (c == NULL)
		check_errors(&e);
	else {
		MUST(e.n == 0);
		check_again(c);
	}
	conf_errors_clear(&e);
	conf_free(c);
	return 0;
}
