/* SPDX-License-Identifier: ISC */
/*
 * Starting children: see spawn.h.
 */
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/spawn.h"
#include "shared/child.h"
#include "shared/log.h"
#include "shared/paths.h"

#define LOCKED_MAX	(1024UL * 1024 * 1024)	/* bytes of keys and peers */
#define FILES_MAX	65536
#define BATCH		8		/* reads a turn */
#define OOM_FILE	"/proc/self/oom_score_adj"
#define OOM_MAX		1000		/* the kernel's */

static int
program(enum proc p, char *path, size_t size)
{
	int n = snprintf(path, size, "%s/%s", PATH_LIBEXEC, proc_name(p));

	return n < 0 || (size_t)n >= size ? -1 : 0;
}

int
spawn_check(unsigned procs)
{
	char path[PATH_MAX];
	int p;

	for (p = PROC_PARENT + 1; p < PROC_COUNT; p++) {
		if ((procs & PROC_BIT(p)) == 0)
			continue;
		if (program(p, path, sizeof(path)) == 0 &&
		    access(path, X_OK) == 0)
			continue;
		log_warn("cannot run %s, which is a part of warren", path);
		return -1;
	}
	return 0;
}

/* Raise a hard limit, as far as we may; the child checks what it needs. */
static void
raise_limit(int what, rlim_t want)
{
	struct rlimit rl;

	if (getrlimit(what, &rl) == -1 || rl.rlim_max >= want)
		return;
	rl.rlim_cur = rl.rlim_max = want;
	(void)setrlimit(what, &rl);
}

/*
 * When memory runs out, the parent is the last to be taken: it alone can say
 * why it ends, and clean up.  The less an end costs, the sooner it comes; what
 * the unit set for all of us stays the base.  A kernel without it is no
 * reason not to start.
 */
static void
offer_to_oom(enum proc p)
{
	static const int more[PROC_COUNT] = {
		[PROC_CRYPTOD] = 100,
		[PROC_NETD] = 200,
		[PROC_CTLD] = 200,
		[PROC_RESOLVERD] = 300,
	};
	char text[16];
	ssize_t n;
	int fd, adj;

	fd = open(OOM_FILE, O_RDWR | O_CLOEXEC);
	if (fd == -1)
		return;
	n = read(fd, text, sizeof(text) - 1);
	if (n > 0) {
		text[n] = '\0';
		adj = (int)strtol(text, NULL, 10) + more[p];
		n = snprintf(text, sizeof(text), "%d",
		    adj < OOM_MAX ? adj : OOM_MAX);
		(void)!pwrite(fd, text, (size_t)n, 0);
	}
	close(fd);
}

/* In the child: signals and descriptors as its main expects them. */
static int
prepare(enum proc p, int link, int err)
{
	sigset_t none;
	int null, sig;

	sigemptyset(&none);
	for (sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		return -1;
	raise_limit(RLIMIT_NOFILE, FILES_MAX);
	if (p == PROC_CRYPTOD)
		raise_limit(RLIMIT_MEMLOCK, LOCKED_MAX);
	offer_to_oom(p);
	/* Out of the way first: one of them may be number 3 now. */
	link = fcntl(link, F_DUPFD_CLOEXEC, CHILD_FD + 1);
	err = fcntl(err, F_DUPFD_CLOEXEC, CHILD_FD + 1);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (link == -1 || err == -1 || null == -1)
		return -1;
	if (dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(link, CHILD_FD) == -1 || dup2(err, STDERR_FILENO) == -1)
		return -1;
	return 0;
}

static __attribute__((noreturn)) void
run(char **argv, const char *path)
{
	static char *const empty[] = { NULL };

	execve(path, argv, empty);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", path,
	    strerrordesc_np(errno));
	_exit(1);
}

pid_t
spawn(enum proc p, const char *instance, uid_t uid, gid_t gid, int link,
    int *errfd)
{
	char path[PATH_MAX], name[32], u[16], g[16], parent[16];
	char root[] = PATH_EMPTY;
	char *argv[] = { name, u, g, root, parent, NULL };
	int fd[2], saved;
	pid_t pid;

	if (program(p, path, sizeof(path)) == -1) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* ps(1) shows which instance it belongs to. */
	snprintf(name, sizeof(name), "%s:%s", proc_name(p), instance);
	snprintf(u, sizeof(u), "%u", (unsigned)uid);
	snprintf(g, sizeof(g), "%u", (unsigned)gid);
	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	if (pipe2(fd, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (prepare(p, link, fd[1]) == -1) {
			dprintf(fd[1], "cannot prepare: %s\n",
			    strerrordesc_np(errno));
			_exit(1);
		}
		run(argv, path);
	}
	saved = errno;
	close(fd[1]);
	if (pid == -1)
		close(fd[0]);
	else
		*errfd = fd[0];
	errno = saved;
	return pid;
}

static void
give_line(struct spawn_stderr *s, size_t n)
{
	if (n > 0)
		s->line(s->arg, s->buf, n);
}

/* Give away whole lines, and a full buffer as if it were one. */
static void
give_lines(struct spawn_stderr *s)
{
	char *nl;
	size_t n;

	while ((nl = memchr(s->buf, '\n', s->len)) != NULL) {
		n = (size_t)(nl - s->buf);
		give_line(s, n);
		s->len -= n + 1;
		memmove(s->buf, nl + 1, s->len);
	}
	if (s->len == sizeof(s->buf)) {
		give_line(s, s->len);
		s->len = 0;
	}
}

/* Bounded: a child that writes without end does not stop the parent. */
static void
read_some(struct spawn_stderr *s)
{
	ssize_t n;
	int i;

	for (i = 0; i < BATCH && s->fd != -1; i++) {
		n = read(s->fd, s->buf + s->len, sizeof(s->buf) - s->len);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			spawn_stderr_close(s);
			return;
		}
		s->len += (size_t)n;
		give_lines(s);
	}
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	read_some(arg);
}

int
spawn_stderr_open(struct spawn_stderr *s, struct event_base *base, int fd)
{
	s->fd = fd;
	/* Our end only; the file description of the other one is its own. */
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		return -1;
	s->ev = event_new(base, fd, EV_READ | EV_PERSIST, on_read, s);
	if (s->ev == NULL || event_add(s->ev, NULL) == -1)
		return -1;
	return 0;
}

void
spawn_stderr_drain(struct spawn_stderr *s)
{
	if (s->fd == -1)
		return;
	read_some(s);
	spawn_stderr_close(s);
}

void
spawn_stderr_close(struct spawn_stderr *s)
{
	if (s->ev != NULL)
		event_free(s->ev);
	s->ev = NULL;
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
	give_line(s, s->len);
	s->len = 0;
}
