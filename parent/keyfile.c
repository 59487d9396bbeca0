/* SPDX-License-Identifier: ISC */
/*
 * Opening key files: see keyfile.h.  What is checked is the open file, so
 * that nobody can put another one in its place in between; who owns the
 * directories is not asked, since what counts is who can read the key.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/keyfile.h"

static int	 refuse(int, char *, size_t, const char *, ...)
		    __attribute__((format(printf, 4, 5)));

static int
refuse(int error, char *why, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, size, fmt, ap);
	va_end(ap);
	errno = error;
	return -1;
}

int
keyfile_check(int fd, const char *path, off_t max, char *why, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return refuse(errno, why, size, "%s: %s", path,
		    strerrordesc_np(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(EINVAL, why, size, "%s: is no regular file",
		    path);
	if (st.st_uid != 0)
		return refuse(EPERM, why, size,
		    "%s: belongs to uid %u; chown root %s", path, st.st_uid,
		    path);
	/* An ACL for others shows in the bits of the group. */
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return refuse(EPERM, why, size,
		    "%s: group and others may read it; chmod 0600 %s", path,
		    path);
	if (st.st_size > max)
		return refuse(EFBIG, why, size,
		    "%s: is too large, %lld bytes are the limit", path,
		    (long long)max);
	return 0;
}

/* Why a file cannot be opened, in the parent's state of privileges. */
static int
cannot_open(int error, const char *path, char *why, size_t size)
{
	struct stat st;

	if (error != EACCES)
		return refuse(error, why, size, "%s: %s", path,
		    strerrordesc_np(error));
	/* Landlock lets us read files: a directory looks like one forbidden. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return refuse(EINVAL, why, size, "%s: is no regular file",
		    path);
	/* Root without its capabilities cannot open what is not root's. */
	if (stat(path, &st) == 0 && st.st_uid != 0)
		return refuse(error, why, size, "%s: belongs to uid %u; "
		    "chown root %s", path, st.st_uid, path);
	return refuse(error, why, size, "%s: %s; while warrend runs it can "
	    "open only root's own files, and only where it could at its start",
	    path, strerrordesc_np(error));
}

/* Without O_NONBLOCK a FIFO would hold us until somebody writes. */
#define KEYFILE_FLAGS	(O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* The fd, if it is what it ought to be. */
static int
checked(int fd, const char *path, off_t max, char *why, size_t size)
{
	int error;

	if (keyfile_check(fd, path, max, why, size) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int
keyfile_open(const char *path, char *why, size_t size)
{
	int fd;

	fd = open(path, KEYFILE_FLAGS);
	if (fd == -1)
		return cannot_open(errno, path, why, size);
	return checked(fd, path, KEYFILE_MAX, why, size);
}

int
keyfile_cannot_open_own(int error, const char *path, char *why, size_t size)
{
	if (error == ELOOP)
		return refuse(ELOOP, why, size, "%s: is a symbolic link; put "
		    "the file itself there", path);
	return cannot_open(error, path, why, size);
}

int
keyfile_open_own(int dir, const char *name, const char *path, off_t max,
    char *why, size_t size)
{
	int fd;

	fd = openat(dir, name, KEYFILE_FLAGS | O_NOFOLLOW);
	if (fd == -1)
		return keyfile_cannot_open_own(errno, path, why, size);
	return checked(fd, path, max, why, size);
}

static void
add_line(struct conf_errors *errors, const struct conf_where *where,
    const char *why)
{
	char *line;

	errors->n++;
	if (errors->kept == CONF_ERRORS_MAX)
		return;
	if (asprintf(&line, "%s:%u: %s", where->file != NULL ? where->file :
	    "", where->line, why) != -1)
		errors->line[errors->kept++] = line;
}

/* How to come by a file that is missing: a preshared key is of two sides. */
static void
advise_make(const char *path, bool psk, char *why, size_t size)
{
	if (psk)
		refuse(ENOENT, why, size, "%s: No such file or directory; put "
		    "the preshared key of this peer there, or a new one on "
		    "both sides: (umask 077; warrenctl genpsk >%s)", path,
		    path);
	else
		refuse(ENOENT, why, size, "%s: No such file or directory; "
		    "make one: (umask 077; warrenctl genkey >%s)", path,
		    path);
}

static void
check_one(const char *path, bool psk, const struct conf_where *where,
    struct conf_errors *errors)
{
	char why[KEYFILE_WHY];
	int fd;

	fd = keyfile_open(path, why, sizeof(why));
	if (fd != -1) {
		close(fd);
		return;
	}
	if (errno == ENOENT)
		advise_make(path, psk, why, sizeof(why));
	add_line(errors, where, why);
}

void
keyfile_check_conf(const struct conf *conf, struct conf_errors *errors)
{
	const struct conf_peer *peer;

	if (conf->key_file != NULL)
		check_one(conf->key_file, false, &conf->key_where, errors);
	TAILQ_FOREACH(peer, &conf->peers, entry)
		if (peer->psk_file != NULL)
			check_one(peer->psk_file, true, &peer->psk_where,
			    errors);
}

/* What follows the words, or NULL if it does not begin with them. */
static const char *
after(const char *text, const char *words)
{
	size_t len = strlen(words);

	return strncmp(text, words, len) == 0 ? text + len : NULL;
}

/* The peer of "peer NAME: its preshared-key file ...", and the rest. */
static const struct conf_peer *
peer_of(const struct conf *conf, const char *why, const char **rest)
{
	const struct conf_peer *peer;
	char words[CONF_PEER_NAME + 64];

	TAILQ_FOREACH(peer, &conf->peers, entry) {
		snprintf(words, sizeof(words), "peer %s: its preshared-key "
		    "file ", peer->name);
		*rest = after(why, words);
		if (*rest != NULL && peer->psk_file != NULL)
			return peer;
	}
	return NULL;
}

void
keyfile_explain(const struct conf *conf, const char *slot, const char *why,
    char *text, size_t size)
{
	const struct conf_where *where = &conf->key_where;
	const char *path = conf->key_file, *rest;
	const struct conf_peer *peer;

	rest = after(why, "the private-key file ");
	if (rest != NULL && path == NULL) {
		snprintf(text, size, "%s: %s", slot, rest);
		return;
	}
	if (rest == NULL) {
		peer = peer_of(conf, why, &rest);
		if (peer == NULL) {
			snprintf(text, size, "%s", why);
			return;
		}
		path = peer->psk_file;
		where = &peer->psk_where;
	}
	snprintf(text, size, "%s:%u: %s: %s", where->file != NULL ?
	    where->file : conf->path, where->line, path, rest);
}
