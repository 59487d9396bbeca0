/* SPDX-License-Identifier: ISC */
/*
 * The state directory: see slots.h.  The directory is root's alone, so that
 * names in it stay what they were; only the parent makes and renames files,
 * and it reads none but its own.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/keyfile.h"
#include "parent/slots.h"
#include "shared/decimal.h"
#include "shared/log.h"

#define SESSIONS_MAX	(64 << 20)	/* bytes of a file that is handed on */
#define PORT		"port"
#define PORT_NEW	".port.new"

static const struct {
	const char	*name;
	const char	*fresh;		/* while it is written */
	off_t		 max;
} files[SLOT_COUNT] = {
	[SLOT_KEY] = { "key", ".key.new", KEYFILE_MAX },
	[SLOT_SESSIONS] = { "sessions", ".sessions.new", SESSIONS_MAX },
};

/* The directories above ours; they may have other uses. */
static int
make_above(const char *path)
{
	char part[SLOTS_PATH];
	const char *slash;

	for (slash = strchr(path + 1, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdir(part, 0755) == -1 && errno != EEXIST) {
			log_warn("cannot make %s", part);
			return -1;
		}
	}
	return 0;
}

static int
check_dir(int fd, const char *path, mode_t not)
{
	struct stat st;

	if (fstat(fd, &st) == -1) {
		log_warn("%s", path);
		return -1;
	}
	if (st.st_uid != 0) {
		log_warnx("%s: belongs to uid %u; chown root %s", path,
		    st.st_uid, path);
		return -1;
	}
	if ((st.st_mode & not) != 0) {
		log_warnx("%s: group and others may use it; chmod 0700 %s",
		    path, path);
		return -1;
	}
	return 0;
}

/* Of a directory that cannot be opened; why it is none may be a link. */
static const char *
describe(int at, const char *name, int error)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode))
		return "is a symbolic link; put the directory itself there";
	return strerrordesc_np(error);
}

/* The fd of a directory of root's, made if it is missing; -1 after a line. */
static int
open_dir(int at, const char *name, const char *path, mode_t not)
{
	int fd;

	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST) {
		log_warn("cannot make %s", path);
		return -1;
	}
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    (at == AT_FDCWD ? 0 : O_NOFOLLOW));
	if (fd == -1) {
		log_warnx("%s: %s", path, describe(at, name, errno));
		return -1;
	}
	if (check_dir(fd, path, not) == 0)
		return fd;
	close(fd);
	return -1;
}

int
slots_open(struct slots *s, const char *state, const char *instance)
{
	int above, i, n;

	memset(s, 0, sizeof(*s));
	s->dir = -1;
	for (i = 0; i < SLOT_COUNT; i++)
		s->writing[i] = -1;
	n = snprintf(s->path, sizeof(s->path), "%s/%s", state, instance);
	if (n < 0 || (size_t)n >= sizeof(s->path)) {
		log_warnx("%s/%s: is too long a path", state, instance);
		return -1;
	}
	if (make_above(state) == -1)
		return -1;
	above = open_dir(AT_FDCWD, state, state, S_IWGRP | S_IWOTH);
	if (above == -1)
		return -1;
	s->dir = open_dir(above, instance, s->path, S_IRWXG | S_IRWXO);
	close(above);
	if (s->dir == -1)
		return -1;
	for (i = SLOT_KEY; i < SLOT_COUNT; i++)
		unlinkat(s->dir, files[i].fresh, 0);
	unlinkat(s->dir, PORT_NEW, 0);
	return 0;
}

static void
forget(struct slots *s, enum slot slot)
{
	if (s->writing[slot] != -1)
		close(s->writing[slot]);
	s->writing[slot] = -1;
}

void
slots_close(struct slots *s)
{
	int i;

	if (s->dir == -1)
		return;
	for (i = SLOT_KEY; i < SLOT_COUNT; i++)
		if (s->writing[i] != -1) {
			unlinkat(s->dir, files[i].fresh, 0);
			forget(s, i);
		}
	close(s->dir);
	s->dir = -1;
}

int
slots_begin_read(struct slots *s, enum slot slot, char *why, size_t size)
{
	char path[SLOTS_PATH + 16];

	snprintf(path, sizeof(path), "%s/%s", s->path, files[slot].name);
	return keyfile_open_own(s->dir, files[slot].name, path,
	    files[slot].max, why, size);
}

int
slots_check_key(const char *state, const char *instance, char *why,
    size_t size)
{
	struct slots s;
	int error, fd = -1;

	snprintf(s.path, sizeof(s.path), "%s/%s", state, instance);
	s.dir = open(s.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	error = errno;
	if (s.dir != -1) {
		fd = slots_begin_read(&s, SLOT_KEY, why, size);
		error = errno;
		close(s.dir);
	} else
		snprintf(why, size, "%s: %s", s.path,
		    describe(AT_FDCWD, s.path, error));
	if (fd != -1)
		close(fd);
	return fd != -1 || error == ENOENT ? 0 : -1;
}

/* Says it once, until it went well again.  Returns the error. */
static int
tell(const struct slots *s, const char *name, int *last, int error)
{
	if (error != 0 && *last != error)
		log_warnx("cannot write %s/%s: %s%s", s->path, name,
		    strerrordesc_np(error), error == ENOSPC ||
		    error == EDQUOT ? "; what was there before is kept" : "");
	else if (error == 0 && *last != 0)
		log_info("%s/%s is written again", s->path, name);
	*last = error;
	return error;
}

static int
make_new(const struct slots *s, const char *fresh)
{
	if (unlinkat(s->dir, fresh, 0) == -1 && errno != ENOENT)
		return -1;
	return openat(s->dir, fresh, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* The new file is on disk before it has the name, and then the name is. */
static int
take_place(const struct slots *s, int fd, const char *fresh, const char *name)
{
	struct stat st;
	int error;

	if (fstat(fd, &st) == -1)
		return errno;
	/* Nothing that we keep is ever empty: the old one is worth more. */
	if (st.st_size == 0)
		error = ENODATA;
	else if (fsync(fd) == -1 ||
	    renameat(s->dir, fresh, s->dir, name) == -1)
		error = errno;
	else
		return fsync(s->dir) == -1 ? errno : 0;
	/* Landlock says this of a directory that is in the way. */
	if (error == EACCES && fstatat(s->dir, name, &st,
	    AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		error = EISDIR;
	unlinkat(s->dir, fresh, 0);
	return error;
}

int
slots_want(struct slots *s, enum slot slot)
{
	int error, fd;

	forget(s, slot);
	s->writing[slot] = make_new(s, files[slot].fresh);
	if (s->writing[slot] == -1) {
		errno = tell(s, files[slot].name, &s->error[slot], errno);
		return -1;
	}
	fd = fcntl(s->writing[slot], F_DUPFD_CLOEXEC, 0);
	if (fd == -1) {
		error = tell(s, files[slot].name, &s->error[slot], errno);
		forget(s, slot);
		errno = error;
	}
	return fd;
}

int
slots_written(struct slots *s, enum slot slot, int error)
{
	if (s->writing[slot] == -1)
		return -1;
	if (error == 0)
		error = take_place(s, s->writing[slot], files[slot].fresh,
		    files[slot].name);
	else {
		unlinkat(s->dir, files[slot].fresh, 0);
		/* It is told by its name: no number but an errno's. */
		error = strerrordesc_np(error) != NULL ? error : EIO;
	}
	forget(s, slot);
	return tell(s, files[slot].name, &s->error[slot], error);
}

/* What is in the file, as a port; white space around it is an editor's. */
static int
parse_port(char *text, uint16_t *port)
{
	uint64_t v;
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	for (n = strlen(text); n > 0 && isspace((unsigned char)text[n - 1]);
	    n--)
		text[n - 1] = '\0';
	if (decimal_parse(text, UINT16_MAX, &v) == -1 || v == 0)
		return -1;
	*port = (uint16_t)v;
	return 0;
}

static int
open_port(const struct slots *s, const char *path, char *why, size_t size)
{
	struct stat st;
	int fd;

	fd = openat(s->dir, PORT, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return keyfile_cannot_open_own(errno, path, why, size);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	snprintf(why, size, "%s: is no regular file; remove it", path);
	errno = EEXIST;
	return -1;
}

/*
 * 0; ENOENT, there is none; EBADMSG, it is none of ours; or another errno,
 * when it could not be looked at.  But for ENOENT why says what is wrong.
 */
static int
read_port(const struct slots *s, uint16_t *port, char *why, size_t size)
{
	char buf[32], path[SLOTS_PATH + 16];
	ssize_t n;
	int error, fd;

	*port = 0;
	snprintf(path, sizeof(path), "%s/%s", s->path, PORT);
	fd = open_port(s, path, why, size);
	if (fd == -1)
		return errno;
	n = read(fd, buf, sizeof(buf) - 1);
	error = errno;
	close(fd);
	if (n == -1) {
		snprintf(why, size, "%s: %s", path, strerrordesc_np(error));
		return error;
	}
	buf[n] = '\0';
	if (strlen(buf) < sizeof(buf) - 1 && parse_port(buf, port) == 0)
		return 0;
	snprintf(why, size, "%s: is no port, 1 to 65535", path);
	return EBADMSG;
}

/*
 * Peers may know us by the port of the last time only, so that a loss of it is
 * told.  A file that could not be read stays as it is, for whoever mends it.
 */
uint16_t
slots_port_load(struct slots *s)
{
	char why[KEYFILE_WHY];
	uint16_t port;
	int error;

	error = read_port(s, &port, why, sizeof(why));
	s->port_refused = error != 0 && error != ENOENT && error != EBADMSG;
	if (s->port_refused) {
		log_warnx("%s; taking another port until it is mended and "
		    "warrend is restarted", why);
		s->port_error = error;
	} else if (error == EBADMSG)
		log_warnx("%s; taking another port", why);
	return port;
}

static int
write_port(const struct slots *s, uint16_t port)
{
	int error, fd;

	fd = make_new(s, PORT_NEW);
	if (fd == -1)
		return errno;
	errno = EIO;
	error = dprintf(fd, "%u\n", port) < 0 ? errno :
	    take_place(s, fd, PORT_NEW, PORT);
	close(fd);
	if (error != 0)
		unlinkat(s->dir, PORT_NEW, 0);
	return error;
}

int
slots_port_store(struct slots *s, uint16_t port)
{
	char why[KEYFILE_WHY];
	uint16_t old;
	int error;

	error = read_port(s, &old, why, sizeof(why));
	if (error == ENOENT)
		s->port_refused = false;	/* nothing is left to mend */
	if (error == 0 && (old == port || s->port_refused)) {
		/* It has been mended: the next start will take that one. */
		s->port_error = 0;
		return 0;
	}
	if (error == 0 || error == ENOENT ||
	    (error == EBADMSG && !s->port_refused))
		error = write_port(s, port);
	return tell(s, PORT, &s->port_error, error);
}

void
slots_settle(struct slots *s, enum slot slot)
{
	s->error[slot] = 0;
}

void
slots_port_settle(struct slots *s)
{
	s->port_error = 0;
}

const char *
slots_problem(struct slots *s)
{
	const char *name = PORT, *what = "written";
	int error = s->port_error, i;

	if (s->port_refused)
		what = "read, so the port is another";
	for (i = SLOT_KEY; i < SLOT_COUNT; i++)
		if (s->error[i] != 0) {
			error = s->error[i];
			name = files[i].name;
			what = "written";
		}
	if (error == 0)
		return NULL;
	snprintf(s->problem, sizeof(s->problem), "%s/%s cannot be %s: %s",
	    s->path, name, what, strerrordesc_np(error));
	return s->problem;
}
