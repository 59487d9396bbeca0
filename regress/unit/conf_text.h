/* SPDX-License-Identifier: ISC */
/*
 * Configurations that are texts of a test: read, refused with all that is
 * said about them, and printed.
 */
#ifndef REGRESS_UNIT_CONF_TEXT_H
#define REGRESS_UNIT_CONF_TEXT_H

#include <stddef.h>

#include "parent/conf.h"

/* Where the text is said to be; two keys of peers. */
#define PATH	"/etc/warren.conf"
#define K1	"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define K2	"HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw="

/* A file that a text may include. */
struct file {
	const char	*path;
	const char	*text;
};

/* No files: a list ends with one that has no path. */
extern struct file none[];

/* Opens one of the files, arg, as conf_read_text() wants it; -1: ENOENT. */
int		 open_text(void *arg, const char *path);
/* What the text says; anything wrong in it fails the test. */
struct conf	*must_read(const char *text);
struct conf	*must_read_len(const char *text, size_t len, struct file *);
/* The text is wrong, and these lines are all that is said about it. */
void		 must_fail(const char *text, const char *lines);
void		 must_fail_files(const char *text, size_t len, struct file *,
		    const char *lines);
/* The canonical form; to be freed. */
char		*print(const struct conf *);
/* What is printed is read again and printed the same. */
void		 must_round(const struct conf *);
/* The text has this canonical form, which goes round. */
void		 must_print(const char *text, const char *canonical);
/* A text of an interface and n peers, and its length; to be freed. */
char		*many_peers(unsigned n, size_t *len);

#endif /* REGRESS_UNIT_CONF_TEXT_H */
