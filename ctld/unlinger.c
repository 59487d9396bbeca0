/* SPDX-License-Identifier: ISC */
/*
 * Reading from who can send descriptors: see unlinger.h.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ctld/unlinger.h"

#define TICK_US		10000

/* That it comes is all. */
static void
on_alarm(int sig)
{
	(void)sig;
}

int
unlinger_init(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_alarm;
	return sigaction(SIGALRM, &sa, NULL);
}

/* Again and again: the first one may come before there is a wait. */
static void
ticks(long us)
{
	const struct itimerval it = {
		.it_interval = { 0, us },
		.it_value = { 0, us }
	};
	int saved = errno;

	(void)setitimer(ITIMER_REAL, &it, NULL);
	errno = saved;
}

/*
 * There is no room for a descriptor: it never becomes ours, and so close(2)
 * cannot make us wait for a file system that is slow by intent.
 */
ssize_t
unlinger_read(int fd, void *p, size_t len)
{
	struct iovec iov = { p, len };
	struct msghdr mh;
	ssize_t n;

	memset(&mh, 0, sizeof(mh));
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	ticks(TICK_US);
	n = recvmsg(fd, &mh, MSG_DONTWAIT);
	ticks(0);
	if (n == -1 || (mh.msg_flags & MSG_CTRUNC) == 0)
		return n;
	errno = EPERM;
	return -1;
}

void
unlinger_close(int fd)
{
	ticks(TICK_US);
	close(fd);
	ticks(0);
}
