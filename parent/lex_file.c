/* SPDX-License-Identifier: ISC */
/*
 * Files of the configuration as texts in memory.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/conf_parse.h"
#include "parent/lex_file.h"
#include "shared/utf8.h"

/* 0, or -1 and the first byte that is no text is told. */
int
lex_check_text(const char *path, const char *text, size_t len,
    struct conf_errors *errors)
{
	const uint8_t *p = (const uint8_t *)text;
	struct conf_where at = { path, 1 };
	size_t i = 0, n;

	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		conf_error(errors, &at, "the file begins with a byte order "
		    "mark: save it as UTF-8 without one");
		return -1;
	}
	while (i < len) {
		n = utf8_len(p + i, len - i);
		if (p[i] == '\r' && i + 1 < len && p[i + 1] == '\n') {
			conf_error(errors, &at, "the line ends in a "
			    "carriage return: lines end in a newline alone");
			return -1;
		}
		if (n == 0 || p[i] == 0x7f ||
		    (p[i] < ' ' && p[i] != '\t' && p[i] != '\n')) {
			conf_error(errors, &at, "byte 0x%02x is not text "
			    "(UTF-8 without control characters)", p[i]);
			return -1;
		}
		if (p[i] == '\n')
			at.line++;
		i += n;
	}
	return 0;
}

/* All of the file, at most max bytes; NULL with errno. */
static char *
read_all(int fd, size_t max, size_t *len)
{
	char *p = NULL, *q;
	size_t n = 0, room = 0;
	ssize_t got;

	for (;;) {
		if (n == room) {
			room = room == 0 ? 16 * 1024 : 2 * room;
			if ((q = realloc(p, room)) == NULL)
				break;
			p = q;
		}
		if ((got = read(fd, p + n, room - n)) == 0) {
			*len = n;
			return p;
		}
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			break;
		n += (size_t)got;
		if (n > max) {
			errno = EFBIG;
			break;
		}
	}
	free(p);
	return NULL;
}

static int
open_it(void *arg, const char *path)
{
	(void)arg;
	/* A FIFO must not stop us; it is refused once it is open. */
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

char *
lex_read_file(const char *path, conf_open *open_file, void *arg, size_t max,
    size_t *len)
{
	struct stat st;
	char *text = NULL;
	int fd, error;

	/* Landlock would refuse a directory as if it were a forbidden file. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		errno = EPERM;
		return NULL;
	}
	fd = open_file != NULL ? open_file(arg, path) : open_it(NULL, path);
	if (fd == -1) {
		/* EPERM has a meaning of its own here. */
		if (errno == EPERM)
			errno = EACCES;
		return NULL;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		errno = EPERM;
	else
		text = read_all(fd, max, len);
	error = errno;
	close(fd);
	errno = error;
	return text;
}
