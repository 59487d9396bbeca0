/* SPDX-License-Identifier: ISC */
/*
 * Finding the daemon: see instance.h.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
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
/* The other sockets of an instance, which are no instances. */
#define READ	".read"
#define METRICS	".metrics"

/* Neither "." nor "..", as warrend has it; other names may begin with a dot. */
static bool
name_is_good(const char *name, size_t len)
{
	return len > 0 && len < INSTANCE_MAX &&
	    memchr(name, '/', len) == NULL &&
	    (len > 2 || memcmp(name, "..", len) != 0);
}

static int
open_as(const char *name, size_t len, const char *kind)
{
	char path[sizeof(PATH_RUN) + INSTANCE_MAX + sizeof(READ) +
	    sizeof(SUFFIX) + 1];

	snprintf(path, sizeof(path), "%s/%.*s%s%s", PATH_RUN, (int)len, name,
	    kind, SUFFIX);
	return conn_open(path);
}

/*
 * A socket that refuses was left behind, and so was the one beside it.  One
 * that is not there says nothing: in bare mode nobody has it.
 */
static int
open_named(const char *name, size_t len)
{
	int fd, saved;

	fd = open_as(name, len, "");
	if (fd != -1 || (errno != EACCES && errno != EPERM))
		return fd;
	saved = errno;
	fd = open_as(name, len, READ);
	if (fd == -1 && errno != ECONNREFUSED)
		errno = saved;
	return fd;
}

/* Does a name end like this, and is there an instance of what is before? */
static bool
is_beside(int dir, const char *name, size_t len, const char *kind)
{
	char path[INSTANCE_MAX + sizeof(SUFFIX) + 1];
	size_t k = strlen(kind);

	if (len <= k || memcmp(name + len - k, kind, k) != 0)
		return false;
	snprintf(path, sizeof(path), "%.*s%s", (int)(len - k), name, SUFFIX);
	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Is this directory entry a control socket?  The length of its name, or 0. */
static size_t
entry_name(int dir, const struct dirent *de)
{
	size_t n = strlen(de->d_name), s = strlen(SUFFIX);

	if (n <= s || strcmp(de->d_name + n - s, SUFFIX) != 0)
		return 0;
	n -= s;
	if (is_beside(dir, de->d_name, n, READ) ||
	    is_beside(dir, de->d_name, n, METRICS) ||
	    !name_is_good(de->d_name, n))
		return 0;
	return n;
}

struct found {
	pid_t	 pid;		/* only this one is meant, or 0 */
	int	 fd;		/* of the first one that runs */
	int	 n;
	int	 error;		/* why one could not be reached, or 0 */
	char	 closed[INSTANCE_MAX];	/* which */
	char	*names;		/* for the message */
};

/* Is it the warrend of this process id that listens there? */
static bool
is_of(int fd, pid_t pid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	    cred.pid == pid;
}

static void
found_add(struct found *f, const char *name, size_t len)
{
	size_t old = f->names != NULL ? strlen(f->names) : 0;
	int fd = open_named(name, len);

	if (fd == -1) {
		if (errno == ECONNREFUSED || errno == ENOENT)
			return;		/* left behind by one that is gone */
		if (f->error == 0) {
			f->error = errno;
			snprintf(f->closed, sizeof(f->closed), "%.*s",
			    (int)len, name);
		}
		/* Whose it is cannot be asked, and pid may be another's. */
		if (f->pid != 0)
			return;
	} else if (f->pid != 0 && !is_of(fd, f->pid)) {
		close(fd);
		return;
	}
	if (f->n++ == 0)
		f->fd = fd;
	else if (fd != -1)
		close(fd);
	f->names = output_alloc(f->names, old + len + 2);
	snprintf(f->names + old, len + 2, " %.*s", (int)len, name);
}

/* Who may use a socket, if it is as warrend makes them. */
static void
say_whose(const char *path)
{
	const struct group *gr;
	struct stat st;

	if (stat(path, &st) == -1 || st.st_uid != 0 ||
	    (st.st_mode & S_IWGRP) == 0 || (gr = getgrgid(st.st_gid)) == NULL)
		return;
	fprintf(stderr, ": the control socket is for root and group ");
	output_text(stderr, gr->gr_name);
}

/* Says why a socket could not be reached; the exit status. */
static int
closed(const char *path, int error)
{
	fprintf(stderr, "warrenctl: ");
	output_text(stderr, path);
	if (error == EACCES || error == EPERM) {
		fprintf(stderr, ": permission denied");
		say_whose(path);
		fputc('\n', stderr);
		return EXIT_REFUSED;
	}
	fprintf(stderr, ": %s\n", strerror(error));
	return EXIT_UNREACHABLE;
}

static int
unreachable(const char *name, int error)
{
	char path[sizeof(PATH_RUN) + INSTANCE_MAX + sizeof(SUFFIX) + 1];

	if (error == ENOENT || error == ECONNREFUSED) {
		warnx("no instance \"%s\" is running (looked in %s)", name,
		    PATH_RUN);
		return EXIT_UNREACHABLE;
	}
	snprintf(path, sizeof(path), "%s/%s%s", PATH_RUN, name, SUFFIX);
	return closed(path, error);
}

static int
connect_path(const char *path, int *status)
{
	int fd = conn_open(path);

	if (fd == -1)
		*status = closed(path, errno);
	return fd;
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
connect_only(pid_t pid, int *status)
{
	struct found f = { .pid = pid, .fd = -1 };
	struct dirent *de;
	size_t len;
	DIR *d;

	d = opendir(PATH_RUN);
	if (d == NULL && errno != ENOENT)
		warn("%s", PATH_RUN);
	while (d != NULL && (de = readdir(d)) != NULL)
		if ((len = entry_name(dirfd(d), de)) != 0)
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
	} else if (f.error != 0)
		*status = unreachable(f.closed, f.error);
	else if (pid != 0)
		warnx("process %d has no control socket in %s", (int)pid,
		    PATH_RUN);
	else
		warnx("no instance is running (looked in %s)", PATH_RUN);
	free(f.names);
	return -1;
}

static int
connect_name(const char *name, int *status)
{
	int fd;

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

int
instance_connect(const struct target *t, int *status)
{
	if (t->socket != NULL)
		return connect_path(t->socket, status);
	if (t->instance != NULL)
		return connect_name(t->instance, status);
	return connect_only(t->pid, status);
}
