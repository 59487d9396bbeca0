/* SPDX-License-Identifier: ISC */
/*
 * Landlock: what is denied, what stays usable, and that a missing Landlock is
 * told.  Each case is a child that restricts itself.
 */

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "shared/landlock.h"

#define CLAIM(x)							\
	do {								\
		if (!(x)) {						\
			dprintf(STDERR_FILENO, "# line %d: %s (%s)\n",	\
			    __LINE__, #x, strerror(errno));		\
			_exit(1);					\
		}							\
	} while (0)

static int
child(void (*fn)(void))
{
	int	status;
	pid_t	pid;

	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int	landlock_seen;

static void
do_landlock(void)
{
	char	c;
	int	abi = -1, fd, mfd;

	CLAIM((fd = open("/proc/self/status", O_RDONLY)) != -1);
	CLAIM((mfd = memfd_create("x", MFD_CLOEXEC)) != -1);
	CLAIM(landlock_deny_all(&abi) == 0);
	CLAIM(abi == landlock_seen || abi == LANDLOCK_ABI_OURS);
	CLAIM(open("/etc/passwd", O_RDONLY) == -1 && errno == EACCES);
	CLAIM(open("/", O_RDONLY | O_DIRECTORY) == -1 && errno == EACCES);
	CLAIM(open("/tmp", O_TMPFILE | O_RDWR, 0600) == -1);
	CLAIM(read(fd, &c, 1) == 1);
	CLAIM(ftruncate(mfd, 4096) == 0);
	CLAIM(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	if (abi >= 6)
		CLAIM(kill(getppid(), 0) == -1 && errno == EPERM);
	CLAIM(kill(getpid(), 0) == 0);
}

#define STATE	(LANDLOCK_MAY_READ | LANDLOCK_MAY_WRITE | \
		    LANDLOCK_MAY_MAKE | LANDLOCK_MAY_REMOVE)

static void
do_landlock_state(void)
{
	struct landlock_rule	rule = { -1, STATE };
	char			dir[] = "/tmp/warren-landlock.XXXXXX";
	int			dfd, fd;

	CLAIM(mkdtemp(dir) != NULL);
	CLAIM((dfd = open(dir, O_RDONLY | O_DIRECTORY)) != -1);
	rule.fd = dfd;
	CLAIM(landlock_only(&rule, 1, 0, NULL) == 0);
	CLAIM((fd = openat(dfd, "a", O_CREAT | O_RDWR, 0600)) != -1);
	CLAIM(write(fd, "x", 1) == 1 && ftruncate(fd, 0) == 0);
	CLAIM(renameat(dfd, "a", dfd, "b") == 0);
	CLAIM((fd = openat(dfd, "a", O_CREAT | O_RDWR, 0600)) != -1);
	CLAIM(renameat(dfd, "a", dfd, "b") == 0);
	CLAIM(openat(dfd, "b", O_RDWR | O_TRUNC) != -1);
	CLAIM(unlinkat(dfd, "b", 0) == 0);
	CLAIM(mkdirat(dfd, "d", 0700) == -1 && errno == EACCES);
	CLAIM(symlinkat("x", dfd, "l") == -1 && errno == EACCES);
	CLAIM(openat(dfd, "../x", O_CREAT | O_RDWR, 0600) == -1);
	CLAIM(open("/etc/passwd", O_RDONLY) == -1 && errno == EACCES);
	/* The directory itself is below a denied one. */
	CLAIM(rmdir(dir) == -1);
}

/* The directories of a parent: read here, remove there, a file to read. */
static void
do_landlock_mixed(void)
{
	struct landlock_rule	rule[3];
	char			a[] = "/tmp/warren-landlock.XXXXXX";
	char			b[] = "/tmp/warren-landlock.XXXXXX";

	CLAIM(mkdtemp(a) != NULL && mkdtemp(b) != NULL);
	CLAIM((rule[0].fd = open(a, O_PATH | O_DIRECTORY)) != -1);
	CLAIM((rule[1].fd = open(b, O_PATH | O_DIRECTORY)) != -1);
	CLAIM((rule[2].fd = open("/etc/passwd", O_PATH)) != -1);
	CLAIM(openat(rule[0].fd, "f", O_CREAT | O_RDWR, 0600) != -1);
	CLAIM(openat(rule[1].fd, "f", O_CREAT | O_RDWR, 0600) != -1);
	rule[0].may = LANDLOCK_MAY_READ;
	rule[1].may = LANDLOCK_MAY_REMOVE;
	rule[2].may = STATE;		/* cut to what a file can have */
	CLAIM(landlock_only(rule, 3, 1, NULL) == 0);
	CLAIM(openat(rule[0].fd, "f", O_RDONLY) != -1);
	CLAIM(openat(rule[0].fd, "f", O_RDWR) == -1 && errno == EACCES);
	CLAIM(unlinkat(rule[0].fd, "f", 0) == -1 && errno == EACCES);
	CLAIM(openat(rule[1].fd, "f", O_RDONLY) == -1 && errno == EACCES);
	CLAIM(openat(rule[1].fd, "g", O_CREAT | O_RDWR, 0600) == -1);
	CLAIM(unlinkat(rule[1].fd, "f", 0) == 0);
	CLAIM(open("/etc/passwd", O_RDONLY) != -1);
	CLAIM(open("/etc/group", O_RDONLY) == -1 && errno == EACCES);
	CLAIM(kill(getppid(), 0) == 0);
}

START_TEST(deny_all)
{
	landlock_seen = landlock_abi();
	if (landlock_seen == -1)
		unit_skip("landlock/deny_all", "none in this kernel");
	else
		ck_assert_int_eq(child(do_landlock), 0);
}
END_TEST

static void
clear(void)
{
	if (system("rm -rf /tmp/warren-landlock.*") == -1)
		ck_abort();
}

START_TEST(only_state)
{
	if (landlock_abi() == -1)
		unit_skip("landlock/only_state", "none in this kernel");
	else
		ck_assert_int_eq(child(do_landlock_state), 0);
	clear();
}
END_TEST

START_TEST(only_mixed)
{
	if (landlock_abi() == -1)
		unit_skip("landlock/only_mixed", "none in this kernel");
	else
		ck_assert_int_eq(child(do_landlock_mixed), 0);
	clear();
}
END_TEST

START_TEST(bad_fd)
{
	const struct landlock_rule	rule = { -1, LANDLOCK_MAY_READ };

	if (landlock_abi() == -1)
		return;
	ck_assert_int_eq(landlock_only(&rule, 1, 0, NULL), -1);
	ck_assert_int_eq(errno, EBADF);
	/* And nothing is denied. */
	ck_assert_int_eq(access("/etc/passwd", R_OK), 0);
	ck_assert_int_ne(open("/etc/passwd", O_RDONLY), -1);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("landlock");
	TCase	*tc = tcase_create("landlock");

	tcase_add_test(tc, deny_all);
	tcase_add_test(tc, only_state);
	tcase_add_test(tc, only_mixed);
	tcase_add_test(tc, bad_fd);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("landlock", suite());
}
