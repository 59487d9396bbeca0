/* SPDX-License-Identifier: ISC */
/*
 * Finding the daemon: see instance.h.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/conn.h"
#include "ctl/exit.h"
#include "ctl/instance.h"
#include "ctl/output.h"
#include "shared/msg_parent.h"
#include "shared/paths.h"

#define SUFFIX	".sock"

static bool
name_is_good(const char *name, size_t len)
{
	return len > 0 && len < INSTANCE_MAX && name[0] != '.' &&
	    memchr(name, '/', len) == NULL;
}

static int
open_named(const char *name, size_t len)
{
	char path[sizeof(PATH_RUN) + INSTANCE_MAX + sizeof(SUFFIX) + 1];

	snprintf(path, sizeof(path), "%s/%.*s%s", PATH_RUN, (int)len, name,
	    SUFFIX);
	return conn_open(path);
}

/* Is this directory entry a control socket?  The length of its name, or 0. */
static size_t
entry_name(const struct dirent *de)
{
	size_t n = strlen(de->d_name), s = strlen(SUFFIX);

	if (n <= s || strcmp(de->d_name + n - s, SUFFIX) != 0 ||
	    !name_is_good(de->d_name, n - s))
		return 0;
	return n - s;
}

struct found {
	int	 fd;		/* of the first one that runs */
	int	 n;
	int	 error;		/* why it could not be reached, or 0 */
	char	*names;		/* for the message */
};

static void
found_add(struct found *f, const char *name, size_t len)
{
	size_t old = f->names != NULL ? strlen(f->names) : 0;
	int fd = open_named(name, len);

	if (fd == -1) {
		if (errno == ECONNREFUSED || errno == ENOENT)
			return;		/* left behind by one that is gone */
		f->error = errno;
	}
	if (f->n++ == 0)
		f->fd = fd;
	else if (fd != -1)
		close(fd);
	f->names = output_alloc(f->names, old + len + 2);
	snprintf(f->names + old, len + 2, " %.*s", (int)len, name);
}

/* Says why a daemon could not be reached; the exit status. */
static int
unreachable(const char *name, int error)
{
	if (error == EACCES || error == EPERM) {
		warnx("%s/%s%s: permission denied: the control socket is for "
		    "root and group warren", PATH_RUN, name, SUFFIX);
		return EXIT_REFUSED;
	}
	if (error == ENOENT || error == ECONNREFUSED)
		warnx("no instance \"%s\" is running (looked in %s)", name,
		    PATH_RUN);
	else
		warnc(error, "%s/%s%s", PATH_RUN, name, SUFFIX);
	return EXIT_UNREACHABLE;
}

static int
refuse_several(const struct found *f)
{
	fprintf(stderr, "warrenctl: several instances are running, choose one "
	    "with -i:");
	output_text(stderr, f->names);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int
connect_only(int *status)
{
	struct found f = { -1, 0, 0, NULL };
	struct dirent *de;
	size_t len;
	DIR *d;

	d = opendir(PATH_RUN);
	if (d == NULL && errno != ENOENT)
		warn("%s", PATH_RUN);
	while (d != NULL && (de = readdir(d)) != NULL)
		if ((len = entry_name(de)) != 0)
			found_add(&f, de->d_name, len);
	if (d != NULL)
		closedir(d);
	*status = EXIT_UNREACHABLE;
	if (f.n == 1 && f.fd != -1) {
		free(f.names);
		return f.fd;
	}
	if (f.n > 1) {
		*status = refuse_several(&f);
		if (f.fd != -1)
			close(f.fd);
	} else if (f.n == 1)
		*status = unreachable(f.names + 1, f.error);
	else
		warnx("no instance is running (looked in %s)", PATH_RUN);
	free(f.names);
	return -1;
}

int
instance_connect(const char *name, int *status)
{
	int fd;

	if (name == NULL)
		return connect_only(status);
	if (!name_is_good(name, strlen(name))) {
		warnx("this cannot be the name of an instance");
		*status = EXIT_USAGE;
		return -1;
	}
	fd = open_named(name, strlen(name));
	if (fd == -1)
		*status = unreachable(name, errno);
	return fd;
}
