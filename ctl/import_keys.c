/* SPDX-License-Identifier: ISC */
/*
 * Key files: written once, never written over.  The keys go from the text that
 * was read straight to the file; none is copied but to compare it.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/import.h"

void
import_keyfile(char dst[IMPORT_KEYFILE], const struct import *im,
    const struct import_peer *p)
{
	if (p == NULL)
		snprintf(dst, IMPORT_KEYFILE, "%s.key", im->ifname);
	else
		snprintf(dst, IMPORT_KEYFILE, "%s-%s.psk", im->ifname,
		    p->name);
}

static int
wrong(char why[IMPORT_WHY], const char *dir, const char *name,
    const char *what)
{
	snprintf(why, IMPORT_WHY, "%.256s/%s: %s", dir, name, what);
	return -1;
}

/* 0 if the file holds this key, -1 with errno (EEXIST: another) if not. */
static int
same_key(int dirfd, const char *name, const char *key)
{
	char text[BASE64_KEY_CHARS + 2];
	struct stat st;
	ssize_t n = -1;
	int fd, same = 0;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, text, sizeof(text));
	close(fd);
	/* With or without its newline. */
	if (n == BASE64_KEY_CHARS || (n == BASE64_KEY_CHARS + 1 &&
	    text[BASE64_KEY_CHARS] == '\n'))
		same = sodium_memcmp(text, key, BASE64_KEY_CHARS) == 0;
	sodium_memzero(text, sizeof(text));
	errno = EEXIST;
	return same ? 0 : -1;
}

static int
write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* 1: made, 0: it was there, -1 with errno. */
static int
write_key(int dirfd, const char *name, const char *key)
{
	int error, fd;

	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return errno == EEXIST ? same_key(dirfd, name, key) : -1;
	if (fchmod(fd, 0600) == 0 &&
	    write_all(fd, key, BASE64_KEY_CHARS) == 0 &&
	    write_all(fd, "\n", 1) == 0 && fsync(fd) == 0) {
		close(fd);
		return 1;
	}
	error = errno;
	close(fd);
	unlinkat(dirfd, name, 0);
	errno = error;
	return -1;
}

struct writer {
	const struct import	*im;
	const char		*dir;
	int			 dirfd;
	bool			*made;	/* our own key, then by peer */
	char			*why;
};

static int
write_one(struct writer *w, const struct import_peer *p, const char *key,
    bool *made)
{
	char name[IMPORT_KEYFILE];
	int rc;

	if (key == NULL)
		return 0;
	import_keyfile(name, w->im, p);
	rc = write_key(w->dirfd, name, key);
	*made = rc == 1;
	if (rc != -1)
		return 0;
	return wrong(w->why, w->dir, name, errno == EEXIST ? "is there "
	    "already and is not this key; nothing was written" :
	    strerror(errno));
}

static int
write_each(struct writer *w)
{
	const struct import_peer *p;
	size_t i = 1;

	if (write_one(w, NULL, w->im->key, &w->made[0]) == -1)
		return -1;
	TAILQ_FOREACH(p, &w->im->peers, entry)
		if (write_one(w, p, p->psk, &w->made[i++]) == -1)
			return -1;
	return 0;
}

/* Half of the keys are of no use to anybody. */
static void
take_back(struct writer *w)
{
	const struct import_peer *p;
	char name[IMPORT_KEYFILE];
	size_t i = 1;

	import_keyfile(name, w->im, NULL);
	if (w->made[0])
		unlinkat(w->dirfd, name, 0);
	TAILQ_FOREACH(p, &w->im->peers, entry) {
		import_keyfile(name, w->im, p);
		if (w->made[i++])
			unlinkat(w->dirfd, name, 0);
	}
}

int
import_write_keys(const struct import *im, const char *dir,
    char why[IMPORT_WHY])
{
	struct writer w = { im, dir, -1, NULL, why };
	int rc = -1;

	w.made = calloc(im->npeers + 1, sizeof(*w.made));
	w.dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w.made == NULL || w.dirfd == -1)
		snprintf(why, IMPORT_WHY, "%.256s: %s", dir,
		    strerror(errno));
	else if ((rc = write_each(&w)) == -1)
		take_back(&w);
	else if (fsync(w.dirfd) == -1 && errno != EINVAL) {
		snprintf(why, IMPORT_WHY, "%.256s: %s", dir,
		    strerror(errno));
		take_back(&w);
		rc = -1;
	}
	if (w.dirfd != -1)
		close(w.dirfd);
	free(w.made);
	return rc;
}
