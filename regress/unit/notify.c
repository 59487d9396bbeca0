/* SPDX-License-Identifier: ISC */
/*
 * What the service manager hears, on a socket with a path and on an abstract
 * one, late or never, and that all works without one.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "parent/notify.h"
#include "shared/log.h"

static char dir[] = "/tmp/warren-notify.XXXXXX";

/* A manager's socket, bound to this name. */
static int
listen_on(const char *name)
{
	struct sockaddr_un sun;
	socklen_t len;
	int fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	memcpy(sun.sun_path, name, strlen(name));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(name) + (name[0] == '/'));
	if (name[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&sun, len), 0);
	return fd;
}

static void
hears(int fd, const char *want)
{
	char buf[2048];
	ssize_t n;

	n = recv(fd, buf, sizeof(buf) - 1, 0);
	ck_assert_int_gt(n, 0);
	buf[n] = '\0';
	ck_assert_str_eq(buf, want);
}

static void
talk(const char *name)
{
	unsigned long long usec;
	struct notify n;
	char buf[256], rest;
	ssize_t len;
	int fd = listen_on(name);

	setenv("NOTIFY_SOCKET", name, 1);
	notify_open(&n);
	ck_assert_int_ne(n.fd, -1);
	/* No child is to inherit it. */
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
	notify_ready(&n, "it is there");
	hears(fd, "READY=1\nSTATUS=it is there");
	notify_ready(&n, "one\nSTOPPING=1");
	hears(fd, "READY=1\nSTATUS=one STOPPING=1");
	notify_reloading(&n);
	len = recv(fd, buf, sizeof(buf) - 1, 0);
	ck_assert_int_gt(len, 0);
	buf[len] = '\0';
	ck_assert_int_eq(sscanf(buf, "RELOADING=1\nMONOTONIC_USEC=%llu%c",
	    &usec, &rest), 1);
	ck_assert_uint_gt(usec, 0);
	notify_stopping(&n);
	hears(fd, "STOPPING=1");
	/* A manager that is gone or does not read stops nobody. */
	close(fd);
	notify_stopping(&n);
	close(n.fd);
}

START_TEST(by_path)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/notify", dir);
	talk(path);
	unlink(path);
}
END_TEST

START_TEST(abstract)
{
	char name[64];

	snprintf(name, sizeof(name), "@%s/notify", dir);
	talk(name);
}
END_TEST

START_TEST(full)
{
	struct notify n;
	char path[64];
	int fd, i;

	snprintf(path, sizeof(path), "%s/full", dir);
	fd = listen_on(path);
	setenv("NOTIFY_SOCKET", path, 1);
	notify_open(&n);
	for (i = 0; i < 10000; i++)
		notify_reloading(&n);
	close(n.fd);
	close(fd);
	unlink(path);
}
END_TEST

/* A manager that begins to read when we wait already, perhaps: it hears that
 * all is ready, after all that filled its queue. */
static void
listen_later(int fd)
{
	const struct timeval tv = { .tv_sec = 10 };
	char buf[256];

	usleep(100000);
	if (fcntl(fd, F_SETFL, 0) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == -1)
		_exit(2);
	while (recv(fd, buf, sizeof(buf), 0) > 0)
		if (strncmp(buf, "READY=1", 7) == 0)
			_exit(0);
	_exit(1);
}

START_TEST(ready_arrives)
{
	struct notify n;
	int fd, i, status;
	char path[64];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/late", dir);
	fd = listen_on(path);
	setenv("NOTIFY_SOCKET", path, 1);
	notify_open(&n);
	for (i = 0; i < 10000; i++)
		notify_stopping(&n);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		listen_later(fd);
	close(fd);
	notify_ready(&n, "at last");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(n.fd);
	unlink(path);
}
END_TEST

/* One that never reads is not waited for. */
START_TEST(ready_ends)
{
	struct timeval tv;
	socklen_t len = sizeof(tv);
	struct notify n;
	char path[64];
	int fd, i;

	snprintf(path, sizeof(path), "%s/never", dir);
	fd = listen_on(path);
	setenv("NOTIFY_SOCKET", path, 1);
	notify_open(&n);
	ck_assert_int_eq(getsockopt(n.fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len),
	    0);
	ck_assert_int_gt(tv.tv_sec, 0);
	ck_assert_int_le(tv.tv_sec, 10);
	tv.tv_sec = 0;
	tv.tv_usec = 10000;
	ck_assert_int_eq(setsockopt(n.fd, SOL_SOCKET, SO_SNDTIMEO, &tv,
	    sizeof(tv)), 0);
	for (i = 0; i < 10000; i++)
		notify_stopping(&n);
	notify_ready(&n, "in vain");
	close(n.fd);
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(nobody)
{
	static const char *const names[] = { "", "x", "/", "vsock:2:1",
	    "/nonexistent/notify", "@nobody-listens-on-this-name" };
	char longest[200];
	struct notify n;
	size_t i;

	unsetenv("NOTIFY_SOCKET");
	notify_open(&n);
	ck_assert_int_eq(n.fd, -1);
	notify_ready(&n, "x");
	notify_reloading(&n);
	notify_stopping(&n);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		notify_open(&n);
		ck_assert_int_eq(n.fd, -1);
		ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
	}
	memset(longest, '/', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longest, 1);
	notify_open(&n);
	ck_assert_int_eq(n.fd, -1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("notify");
	TCase *tc = tcase_create("notify");

	tcase_add_test(tc, by_path);
	tcase_add_test(tc, abstract);
	tcase_add_test(tc, full);
	tcase_add_test(tc, ready_arrives);
	tcase_add_test(tc, ready_ends);
	tcase_add_test(tc, nobody);
	suite_add_tcase(s, tc);
	return s;
}

static void
quiet(void *arg, int level, const char *text)
{
	(void)arg;
	(void)level;
	(void)text;
}

int
main(void)
{
	int rc;

	if (mkdtemp(dir) == NULL)
		return 1;
	log_init("notify", quiet, NULL);
	rc = unit_run("notify", suite());
	rmdir(dir);
	return rc;
}
