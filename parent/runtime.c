/* SPDX-License-Identifier: ISC */
/*
 * Runtime files: see runtime.h.  Their directories belong to root and nobody
 * else can write to them, so a path that was checked stays what it was.  All
 * are made before any privilege is given up, and the parent, which keeps the
 * right to, takes them away (P51).
 */
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parent/runtime.h"
#include "parent/tun.h"
#include "shared/log.h"
#include "shared/passrights.h"
#include "shared/paths.h"

#define PID_TEXT	16
#define HEIRS_MS	20		/* until the interface is looked for again */
#define HEIRS_TRIES	250		/* 5 seconds */
#define HOLDER_MS	20		/* until the lock is tried again */
#define HOLDER_TRIES	50
#define ANSWER_TRIES	10

/* Make a directory if it is missing.  Its fd, or -1 after a line. */
static int
open_dir(const char *path)
{
	struct stat st;
	int fd;

	if (mkdir(path, 0755) == 0) {
		if (chmod(path, 0755) == -1) {
			log_warn("%s", path);
			return -1;
		}
	} else if (errno != EEXIST) {
		log_warn("cannot make %s", path);
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		log_warn("%s", path);
		if (fd != -1)
			close(fd);
		return -1;
	}
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		log_warnx("%s: only root may own it and write to it", path);
		close(fd);
		return -1;
	}
	return fd;
}

/* What the children have as their root must have nothing in it. */
static int
check_empty(int fd)
{
	struct dirent *e;
	DIR *d;
	int n = 0;

	d = fdopendir(fd);
	if (d == NULL) {
		log_warn("%s", PATH_EMPTY);
		close(fd);
		return -1;
	}
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			n++;
	closedir(d);
	if (n == 0)
		return 0;
	log_warnx("%s: must be empty", PATH_EMPTY);
	return -1;
}

int
runtime_dirs(struct runtime *r)
{
	int fd;

	fd = open_dir(WARREN_RUNSTATEDIR);
	if (fd == -1)
		return -1;
	close(fd);
	r->run_dir = open_dir(PATH_RUN);
	if (r->run_dir == -1)
		return -1;
	fd = open_dir(PATH_EMPTY);
	if (fd == -1 || check_empty(fd) == -1)
		return -1;
	r->uapi_dir = open_dir(PATH_UAPI);
	return r->uapi_dir == -1 ? -1 : 0;
}

static int
file_made(struct runtime_file *f)
{
	struct stat st;

	if (fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->made = true;
	return 0;
}

bool
runtime_is_ours(const struct runtime_file *f)
{
	struct stat st;

	return f->made &&
	    fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == f->dev && st.st_ino == f->ino;
}

static void
file_remove(struct runtime_file *f)
{
	if (runtime_is_ours(f) && unlinkat(f->dir, f->name, 0) == -1)
		log_warn("cannot remove %s", f->name);
	f->made = false;
}

/* Who says that the lock is its own; "" if nobody does yet. */
static void
read_holder(int fd, char pid[PID_TEXT])
{
	ssize_t n;

	n = pread(fd, pid, PID_TEXT - 1, 0);
	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
}

/*
 * A parent that was killed while it started its children leaves them the lock
 * for as long as they take to see that: a moment.
 */
static int
lock(int fd)
{
	const struct timespec moment = { 0, HOLDER_MS * 1000000L };
	char pid[PID_TEXT];
	int rc, tries;

	for (tries = 0; ; tries++) {
		rc = flock(fd, LOCK_EX | LOCK_NB);
		if (rc == 0 || errno != EWOULDBLOCK || tries == HOLDER_TRIES)
			return rc;
		read_holder(fd, pid);
		if (atoi(pid) <= 0 || kill(atoi(pid), 0) == 0 ||
		    errno != ESRCH) {
			errno = EWOULDBLOCK;
			return -1;
		}
		nanosleep(&moment, NULL);
	}
}

static void
say_locked(const char *instance, int fd)
{
	char pid[PID_TEXT];

	read_holder(fd, pid);
	log_warnx("instance %s is running already%s%s%s", instance,
	    pid[0] != '\0' ? " (pid " : "", pid, pid[0] != '\0' ? ")" : "");
}

/* 1 locked, 0 the file was removed meanwhile, -1 after a line. */
static int
try_lock(struct runtime *r, const char *instance)
{
	struct stat st;
	int fd;

	fd = openat(r->run_dir, r->lock.name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1) {
		log_warn("%s/%s", PATH_RUN, r->lock.name);
		return -1;
	}
	if (lock(fd) == -1) {
		if (errno == EWOULDBLOCK)
			say_locked(instance, fd);
		else
			log_warn("cannot lock %s/%s", PATH_RUN, r->lock.name);
		close(fd);
		return -1;
	}
	/* An instance that ends removes its lock while it holds it. */
	if (fstat(fd, &st) == -1 || file_made(&r->lock) == -1 ||
	    st.st_ino != r->lock.ino || st.st_dev != r->lock.dev) {
		r->lock.made = false;
		close(fd);
		return 0;
	}
	r->lock_fd = fd;
	return 1;
}

/* Did who held it before end in order, and what was its interface called? */
static void
read_left(struct runtime *r, const char *instance)
{
	char text[sizeof(r->found)], *name;
	ssize_t n;

	n = pread(r->lock_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	memcpy(r->found, text, sizeof(text));
	r->killed = text[0] != '\0' && text[0] != '\n';
	name = strchr(text, '\n');
	if (name != NULL) {
		name++;
		name[strcspn(name, "\n")] = '\0';
	}
	snprintf(r->left, sizeof(r->left), "%s", name != NULL &&
	    tun_name_is_valid(name) ? name : instance);
}

/* What was in the lock is lost only once the new text is there. */
static int
write_lock(const struct runtime *r, const char *text)
{
	size_t len = strlen(text);

	errno = ENOSPC;
	if (pwrite(r->lock_fd, text, len, 0) == (ssize_t)len &&
	    ftruncate(r->lock_fd, (off_t)len) == 0)
		return 0;
	log_warn("cannot write %s/%s", PATH_RUN, r->lock.name);
	return -1;
}

/*
 * Who we are, and what our interface is called if that is not the name of the
 * instance.
 */
static int
write_holder(const struct runtime *r, const char *instance,
    const char *ifname)
{
	bool same = strcmp(ifname, instance) == 0;
	char text[RUNTIME_HOLDER + 1];

	snprintf(text, sizeof(text), "%d\n%s%s", (int)getpid(),
	    same ? "" : ifname, same ? "" : "\n");
	return write_lock(r, text);
}

int
runtime_lock(struct runtime *r, const char *instance, const char *ifname)
{
	int got, tries;

	r->lock.dir = r->run_dir;
	snprintf(r->lock.name, sizeof(r->lock.name), "%s.lock", instance);
	for (tries = 0; tries < 100; tries++) {
		got = try_lock(r, instance);
		if (got == -1)
			return -1;
		if (got == 0)
			continue;
		read_left(r, instance);
		return write_holder(r, instance, ifname != NULL ? ifname :
		    r->left);
	}
	log_warnx("cannot lock %s/%s: it keeps vanishing", PATH_RUN,
	    r->lock.name);
	return -1;
}

/*
 * It goes with the killed one's cryptod, who has seen by now that the parent
 * is gone, but may be slow to end.
 */
void
runtime_wait(const struct runtime *r, const char *ifname)
{
	const struct timespec moment = { 0, HEIRS_MS * 1000000L };
	int tries;

	for (tries = 0; r->killed && tries < HEIRS_TRIES &&
	    if_nametoindex(ifname) != 0; tries++) {
		if (tries == 0)
			log_info("waiting for interface %s of an instance "
			    "that was killed to go", ifname);
		nanosleep(&moment, NULL);
	}
}

/* 0 if somebody answers there, or the errno of connect(2). */
static int
ask(const struct sockaddr_un *sun)
{
	int error, fd;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return errno;
	error = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 ?
	    0 : errno;
	close(fd);
	return error;
}

/*
 * The lock is ours: who answers is another program, or a child that is about
 * to see that its parent was killed.
 */
static int
ask_again(const struct sockaddr_un *sun)
{
	const struct timespec moment = { 0, HOLDER_MS * 1000000L };
	int error, tries;

	for (tries = 0; (error = ask(sun)) == 0 && tries < ANSWER_TRIES;
	    tries++)
		nanosleep(&moment, NULL);
	return error;
}

/*
 * A socket file that refuses a connection was left by an instance that was
 * killed.  0: the name is free now.
 */
static int
clear_leftover(const struct runtime_file *f, const struct sockaddr_un *sun)
{
	struct stat st;

	if (fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno == ENOENT)
			return 0;
		log_warn("%s", sun->sun_path);
		return -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		log_warnx("%s: is in the way and is no socket", sun->sun_path);
		return -1;
	}
	if (ask_again(sun) != ECONNREFUSED) {
		/* EAGAIN is a full backlog: somebody is there. */
		log_warnx("%s: in use by another program", sun->sun_path);
		return -1;
	}
	log_info("%s: removed, nobody answered on it", sun->sun_path);
	/* wg(8) may have done the same in between. */
	if (unlinkat(f->dir, f->name, 0) == 0 || errno == ENOENT)
		return 0;
	log_warn("cannot remove %s", sun->sun_path);
	return -1;
}

static int
socket_path(struct sockaddr_un *sun, const char *dirname, const char *name)
{
	int n;

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	n = snprintf(sun->sun_path, sizeof(sun->sun_path), "%s/%s", dirname,
	    name);
	if (n >= 0 && (size_t)n < sizeof(sun->sun_path))
		return 0;
	log_warnx("%s/%s: longer than a socket's path may be", dirname, name);
	return -1;
}

/*
 * wg(8) removes every socket below this directory that refuses it, and one
 * that is bound but does not listen yet would.  So it gets its name only when
 * it answers.  The lock keeps others from the first name.  A client has no
 * descriptor to give us; where the kernel is too old to refuse it, ctld sees
 * that and takes care.
 */
static int
listen_as(struct runtime_file *f, const struct sockaddr_un *sun,
    const char *first)
{
	mode_t old;
	int fd, rc;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	(void)passrights_off(fd);
	old = umask(077);
	rc = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
	umask(old);
	if (rc == 0 && listen(fd, SOMAXCONN) == 0 && renameat2(f->dir, first,
	    f->dir, f->name, RENAME_NOREPLACE) == 0 && file_made(f) == 0)
		return fd;
	rc = errno;
	unlinkat(f->dir, first, 0);
	close(fd);
	errno = rc;
	return -1;
}

/* The listening socket, or -1 after a line. */
static int
listen_at(struct runtime_file *f, const char *dirname)
{
	char first[RUNTIME_NAME + 8];
	struct sockaddr_un sun;
	int fd;

	if (socket_path(&sun, dirname, f->name) == -1 ||
	    clear_leftover(f, &sun) == -1)
		return -1;
	snprintf(first, sizeof(first), ".%s.new", f->name);
	if (socket_path(&sun, dirname, first) == -1)
		return -1;
	/* Of one that was killed just there. */
	if (unlinkat(f->dir, first, 0) == -1 && errno != ENOENT) {
		log_warn("cannot remove %s", sun.sun_path);
		return -1;
	}
	fd = listen_as(f, &sun, first);
	if (fd == -1)
		log_warn("cannot listen on %s/%s", dirname, f->name);
	return fd;
}

/* A socket of ours in PATH_RUN for this group. */
static int
listen_for(struct runtime *r, struct runtime_file *f, gid_t group)
{
	int fd;

	fd = listen_at(f, PATH_RUN);
	if (fd == -1)
		return -1;
	if (fchownat(r->run_dir, f->name, 0, group,
	    AT_SYMLINK_NOFOLLOW) == 0 &&
	    fchmodat(r->run_dir, f->name, 0660, 0) == 0)
		return fd;
	log_warn("%s/%s", PATH_RUN, f->name);
	close(fd);
	return -1;
}

static void
name_files(struct runtime *r, const char *instance, const char *ifname)
{
	r->uapi.dir = r->uapi_dir;
	r->control.dir = r->read.dir = r->metrics.dir = r->run_dir;
	snprintf(r->uapi.name, sizeof(r->uapi.name), "%s.sock", ifname);
	snprintf(r->control.name, sizeof(r->control.name), "%s.sock",
	    instance);
	snprintf(r->read.name, sizeof(r->read.name), "%s.read.sock",
	    instance);
	snprintf(r->metrics.name, sizeof(r->metrics.name), "%s.metrics.sock",
	    instance);
}

/*
 * The file names another interface than that of who was killed: what it left
 * by the old name goes, too, unless somebody else has that name by now.
 */
static void
clear_renamed(const struct runtime *r, const char *ifname)
{
	struct runtime_file old = { .dir = r->uapi_dir };
	struct sockaddr_un sun;

	if (!r->killed || strcmp(r->left, ifname) == 0)
		return;
	snprintf(old.name, sizeof(old.name), "%s.sock", r->left);
	if (socket_path(&sun, PATH_UAPI, old.name) == 0 &&
	    ask_again(&sun) == ECONNREFUSED)
		(void)clear_leftover(&old, &sun);
}

/*
 * Bare mode has none of these; one of an instance that was killed would tell
 * readers that nobody is there.
 */
static int
clear_readers(struct runtime *r)
{
	struct runtime_file *const old[] = { &r->read, &r->metrics };
	struct sockaddr_un sun;
	size_t i;

	for (i = 0; i < sizeof(old) / sizeof(old[0]); i++)
		if (socket_path(&sun, PATH_RUN, old[i]->name) == -1 ||
		    clear_leftover(old[i], &sun) == -1)
			return -1;
	return 0;
}

int
runtime_listen(struct runtime *r, const char *instance, const char *ifname,
    gid_t warren)
{
	clear_renamed(r, ifname);
	name_files(r, instance, ifname);
	r->uapi_fd = listen_at(&r->uapi, PATH_UAPI);
	if (r->uapi_fd == -1 || clear_readers(r) == -1)
		return -1;
	r->control_fd = listen_for(r, &r->control, warren);
	return r->control_fd == -1 ? -1 : 0;
}

int
runtime_listen_readers(struct runtime *r, gid_t readers)
{
	r->read_fd = listen_for(r, &r->read, readers);
	if (r->read_fd == -1)
		return -1;
	r->metrics_fd = listen_for(r, &r->metrics, readers);
	return r->metrics_fd == -1 ? -1 : 0;
}

int
runtime_clear_leftovers(struct runtime *r, const char *instance)
{
	struct runtime_file *const files[] = { &r->control, &r->read,
	    &r->metrics, &r->uapi };
	struct sockaddr_un sun;
	size_t i;
	int rc = 0;

	name_files(r, instance, r->left);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (socket_path(&sun, files[i] == &r->uapi ? PATH_UAPI :
		    PATH_RUN, files[i]->name) == -1) {
			rc = -1;
			continue;
		}
		/* Nobody was killed: who answers there is not of ours. */
		if (files[i] == &r->uapi && !r->killed && ask(&sun) == 0)
			continue;
		if (clear_leftover(files[i], &sun) == -1)
			rc = -1;
	}
	return rc;
}

void
runtime_give_back(struct runtime *r)
{
	char text[sizeof(r->found)];
	ssize_t n;

	if (!r->killed || !r->lock.made)
		return;
	/* It may be what could not be overwritten in the first place. */
	n = pread(r->lock_fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	if (strcmp(text, r->found) == 0 || write_lock(r, r->found) == 0)
		r->lock.made = false;
}

void
runtime_clear(struct runtime *r)
{
	file_remove(&r->uapi);
	file_remove(&r->control);
	file_remove(&r->read);
	file_remove(&r->metrics);
	/* The lock goes last: before that the next instance waits its turn. */
	file_remove(&r->lock);
}
