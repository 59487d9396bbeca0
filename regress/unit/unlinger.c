/* SPDX-License-Identifier: ISC */
/*
 * A client that sends sockets which take a minute to close: who reads from it
 * does not wait for that.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctld/unlinger.h"
#include "unit.h"

#define LINGER_S	60
#define LONG_MS		15000	/* far from both that and a tick */
#define MANY		20

static int	 server = -1;		/* of TCP; nobody reads there */
static int	 sv[2];			/* ours, the client's */

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
setup(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(server, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(listen(server, 2 * MANY), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0, sv), 0);
	ck_assert_int_eq(unlinger_init(), 0);
}

/* A connection with more to send than its other end takes. */
static int
lingering(void)
{
	static const struct linger on = { 1, LINGER_S };
	static char much[65536];
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(getsockname(server, (struct sockaddr *)&sin, &len),
	    0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sin, len), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &on,
	    sizeof(on)), 0);
	while (send(fd, much, sizeof(much), MSG_DONTWAIT) > 0)
		;
	ck_assert_int_eq(errno, EAGAIN);
	return fd;
}

/* The client gives the last of n such sockets away with these words. */
static void
send_some(const char *text, int n)
{
	union {
		struct cmsghdr	 hdr;
		uint8_t		 buf[CMSG_SPACE(MANY * sizeof(int))];
	} cbuf;
	struct iovec iov = { (void *)(uintptr_t)text, strlen(text) };
	struct cmsghdr *cm;
	struct msghdr mh;
	int fd[MANY], i;

	memset(&cbuf, 0, sizeof(cbuf));
	memset(&mh, 0, sizeof(mh));
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	mh.msg_control = cbuf.buf;
	mh.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
	cm = CMSG_FIRSTHDR(&mh);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	for (i = 0; i < n; i++)
		fd[i] = lingering();
	memcpy(CMSG_DATA(cm), fd, (size_t)n * sizeof(int));
	ck_assert_int_eq((int)sendmsg(sv[1], &mh, MSG_NOSIGNAL),
	    (int)iov.iov_len);
	for (i = 0; i < n; i++)
		close(fd[i]);
}

/* No signal comes any more, and no descriptor came. */
static void
settled(int fds, long since)
{
	const struct timespec some = { 0, 50 * 1000000 };
	int next = dup(0);

	ck_assert_int_lt(now_ms() - since, LONG_MS);
	ck_assert_int_eq(nanosleep(&some, NULL), 0);
	close(next);
	ck_assert_int_eq(next, fds);
}

static int
next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

START_TEST(reads)
{
	static const int some[] = { 1, MANY };
	long since = now_ms();
	char buf[16];
	int fds;

	fds = next_fd();
	send_some("get=1\n", some[_i]);
	errno = 0;
	ck_assert_int_eq((int)unlinger_read(sv[0], buf, sizeof(buf)), -1);
	ck_assert_int_eq(errno, EPERM);
	settled(fds, since);
}
END_TEST

/* What nobody read of it. */
START_TEST(closes)
{
	long since = now_ms();

	ck_assert_int_eq((int)write(sv[1], "get=1\n", 6), 6);
	send_some("get=1\n", MANY);
	send_some("get=1\n", 1);
	unlinger_close(sv[0]);
	settled(sv[0], since);
}
END_TEST

/* All else is as with read(2). */
START_TEST(plain)
{
	char buf[16];

	ck_assert_int_eq((int)unlinger_read(sv[0], buf, sizeof(buf)), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq((int)write(sv[1], "get=1\n", 6), 6);
	ck_assert_int_eq((int)unlinger_read(sv[0], buf, 4), 4);
	ck_assert_mem_eq(buf, "get=", 4);
	/* The kernel may add what follows to that; it is all the same. */
	send_some("x", 1);
	ck_assert_int_eq((int)unlinger_read(sv[0], buf, sizeof(buf)), -1);
	ck_assert_int_eq(errno, EPERM);
	close(sv[1]);
	ck_assert_int_eq((int)unlinger_read(sv[0], buf, sizeof(buf)), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("unlinger");
	TCase *tc = tcase_create("unlinger");

	tcase_set_timeout(tc, 50);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, reads, 0, 2);
	tcase_add_test(tc, closes);
	tcase_add_test(tc, plain);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("unlinger", suite());
}
