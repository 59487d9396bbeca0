/* SPDX-License-Identifier: ISC */
/*
 * Going to the background: see daemon.h.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "parent/daemon.h"
#include "shared/log.h"

int
daemon_stdio(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd == -1)
			return -1;
	} while (fd <= STDERR_FILENO);
	return close(fd);
}

/*
 * The caller's process: one byte means ready, the end of the pipe does not.
 * It returns last, when the interface may be moved at once (P38).
 */
static __attribute__((noreturn)) void
await(int fd, pid_t pid)
{
	int status = 0;
	ssize_t n;
	char c;

	do
		n = read(fd, &c, 1);
	while (n == -1 && errno == EINTR);
	if (n == 1)
		_exit(0);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		log_warnx("killed by signal %d while starting",
		    WTERMSIG(status));
	/* It has said on stderr what is wrong. */
	_exit(1);
}

int
daemon_start(struct daemon *d)
{
	int p[2];
	pid_t pid;

	d->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (d->null == -1 || pipe2(p, O_CLOEXEC) == -1)
		return -1;
	pid = fork();
	if (pid == -1)
		return -1;
	if (pid > 0) {
		close(p[1]);
		await(p[0], pid);
	}
	close(p[0]);
	d->ready = p[1];
	d->attached = true;
	if (setsid() == -1 || chdir("/") == -1)
		return -1;
	return 0;
}

int
daemon_ready(struct daemon *d)
{
	int i;

	/* dup3 and not dup2, which other machines do not have. */
	for (i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (dup3(d->null, i, 0) == -1)
			return -1;
	d->attached = false;
	close(d->null);
	if (write(d->ready, "", 1) != 1)
		return -1;
	return close(d->ready);
}

void
daemon_sink(void *arg, int level, const char *text)
{
	struct daemon *d = arg;

	log_syslog(NULL, level, text);
	if (d->attached && level >= LOG_LEVEL_WARN)
		log_stderr(NULL, level, text);
}
