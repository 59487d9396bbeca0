/* SPDX-License-Identifier: ISC */
/*
 * The state directory: what is written takes the old one's place or leaves it
 * alone, whatever fails, and orders that make no sense are refused.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/keyfile.h"
#include "parent/slots.h"
#include "shared/log.h"
#include "unit.h"

static char top[] = "/tmp/warren-slots-XXXXXX";
static char state[64], last[LOG_LINE_MAX];
static struct slots s;
static int lines;

static void
keep(void *arg, int level, const char *text)
{
	(void)arg;
	if (level >= LOG_LEVEL_INFO)
		lines++;
	snprintf(last, sizeof(last), "%s", text);
}

static bool
is_root(const char *what)
{
	if (geteuid() == 0)
		return true;
	unit_skip(what, "needs root");
	return false;
}

static void
setup(void)
{
	log_init("test", keep, NULL);
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(state, sizeof(state), "%s/a/state", top);
	umask(022);
}

static void
teardown(void)
{
	char cmd[80];

	slots_close(&s);
	umount2(top, MNT_DETACH);	/* if it has a file system of its own */
	snprintf(cmd, sizeof(cmd), "rm -rf %s", top);
	ck_assert_int_eq(system(cmd), 0);
}

static const char *
at(const char *name)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "%s/w0%s%s", state, name[0] != '\0' ? "/" :
	    "", name);
	return buf;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static bool
exists(const char *name)
{
	return access(at(name), F_OK) == 0;
}

/* What cryptod does with a fd. */
static int
fill(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static int
put(enum slot slot, const char *text)
{
	int fd = slots_want(&s, slot);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fill(fd, text), 0);
	return slots_written(&s, slot, 0);
}

static void
holds(enum slot slot, const char *text)
{
	char buf[256], why[KEYFILE_WHY];
	int fd = slots_begin_read(&s, slot, why, sizeof(why));
	ssize_t n;

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	n = read(fd, buf, sizeof(buf) - 1);
	ck_assert_int_ge((int)n, 0);
	buf[n] = '\0';
	ck_assert_str_eq(buf, text);
	close(fd);
}

static void
begin(void)
{
	ck_assert_int_eq(slots_open(&s, state, "w0"), 0);
}

START_TEST(made)
{
	if (!is_root("made"))
		return;
	begin();
	ck_assert_int_eq(mode_of(at("")), 0700);
	ck_assert_int_eq(mode_of(state), 0700);
	slots_close(&s);
	slots_close(&s);
	begin();
	/* Packagers make the one above; others may look into that. */
	slots_close(&s);
	ck_assert_int_eq(chmod(state, 0755), 0);
	begin();
	ck_assert_int_eq(lines, 0);
}
END_TEST

START_TEST(bad_directories)
{
	char why[KEYFILE_WHY];

	if (!is_root("bad_directories"))
		return;
	begin();
	slots_close(&s);
	ck_assert_int_eq(chmod(at(""), 0750), 0);
	ck_assert_int_eq(slots_open(&s, state, "w0"), -1);
	ck_assert_ptr_nonnull(strstr(last, "chmod 0700 "));
	ck_assert_int_eq(chmod(at(""), 0700), 0);
	ck_assert_int_eq(chown(at(""), 1234, 0), 0);
	ck_assert_int_eq(slots_open(&s, state, "w0"), -1);
	ck_assert_ptr_nonnull(strstr(last, "uid 1234; chown root "));
	ck_assert_int_eq(chown(at(""), 0, 0), 0);
	ck_assert_int_eq(chmod(state, 0770), 0);
	ck_assert_int_eq(slots_open(&s, state, "w0"), -1);
	ck_assert_int_eq(chmod(state, 0700), 0);
	ck_assert_int_eq(rmdir(at("")), 0);
	ck_assert_int_eq(symlink("/tmp", at("")), 0);
	ck_assert_int_eq(slots_open(&s, state, "w0"), -1);
	ck_assert_ptr_nonnull(strstr(last, "/w0: is a symbolic link; put "));
	ck_assert_int_eq(slots_check_key(state, "w0", why, sizeof(why)), -1);
	ck_assert_ptr_nonnull(strstr(why, "/w0: is a symbolic link; put "));
	ck_assert_int_eq(unlink(at("")), 0);
	fill(open(at(""), O_WRONLY | O_CREAT, 0600), "x");
	ck_assert_int_eq(slots_open(&s, state, "w0"), -1);
	ck_assert_ptr_nonnull(strstr(last, "/w0: Not a directory"));
	ck_assert_int_eq(lines, 5);
	ck_assert_int_eq(s.dir, -1);
}
END_TEST

START_TEST(long_path)
{
	char big[SLOTS_PATH + 10];

	memset(big, 'x', sizeof(big));
	big[0] = '/';
	big[sizeof(big) - 1] = '\0';
	ck_assert_int_eq(slots_open(&s, big, "w0"), -1);
	ck_assert_int_eq(lines, 1);
}
END_TEST

START_TEST(write_and_read)
{
	char why[KEYFILE_WHY];

	if (!is_root("write_and_read"))
		return;
	begin();
	ck_assert_int_eq(slots_begin_read(&s, SLOT_KEY, why, sizeof(why)),
	    -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(put(SLOT_KEY, "one\n"), 0);
	ck_assert_int_eq(put(SLOT_SESSIONS, "two\n"), 0);
	ck_assert_int_eq(mode_of(at("key")), 0600);
	ck_assert(!exists(".key.new"));
	holds(SLOT_KEY, "one\n");
	holds(SLOT_SESSIONS, "two\n");
	ck_assert_int_eq(put(SLOT_KEY, "three\n"), 0);
	holds(SLOT_KEY, "three\n");
	ck_assert_ptr_null(slots_problem(&s));
	ck_assert_int_eq(lines, 0);
}
END_TEST

/* WRITTEN without a WANT, again, or of the other slot. */
START_TEST(orders)
{
	int a, b;

	if (!is_root("orders"))
		return;
	begin();
	ck_assert_int_eq(slots_written(&s, SLOT_KEY, 0), -1);
	ck_assert_int_eq(put(SLOT_KEY, "one"), 0);
	ck_assert_int_eq(slots_written(&s, SLOT_KEY, 0), -1);
	a = slots_want(&s, SLOT_KEY);
	ck_assert_int_eq(slots_written(&s, SLOT_SESSIONS, 0), -1);
	/* A second WANT: what goes to the first file is lost. */
	b = slots_want(&s, SLOT_KEY);
	ck_assert_int_eq(fill(a, "stale"), 0);
	ck_assert_int_eq(fill(b, "fresh"), 0);
	ck_assert_int_eq(slots_written(&s, SLOT_KEY, 0), 0);
	ck_assert_int_eq(slots_written(&s, SLOT_KEY, 0), -1);
	holds(SLOT_KEY, "fresh");
}
END_TEST

/* However often it asks, no descriptor stays behind. */
START_TEST(bounded)
{
	int before, after, fd, i;

	if (!is_root("bounded"))
		return;
	begin();
	fd = slots_want(&s, SLOT_KEY);
	close(fd);
	before = dup(0);
	close(before);
	for (i = 0; i < 1000; i++) {
		fd = slots_want(&s, SLOT_KEY);
		ck_assert_int_ne(fd, -1);
		close(fd);
	}
	after = dup(0);
	close(after);
	ck_assert_int_le(after, before + 1);
	slots_close(&s);
	ck_assert(!exists(".key.new"));
}
END_TEST

/* It could not be written: the old one stays, and the reason is told. */
START_TEST(not_written)
{
	if (!is_root("not_written"))
		return;
	begin();
	ck_assert_int_eq(put(SLOT_KEY, "one"), 0);
	ck_assert_int_eq(slots_written(&s, SLOT_KEY, EIO), -1);
	ck_assert_int_eq(fill(slots_want(&s, SLOT_KEY), "half"), 0);
	ck_assert_int_eq(slots_written(&s, SLOT_KEY, ENOSPC), ENOSPC);
	ck_assert(!exists(".key.new"));
	holds(SLOT_KEY, "one");
	ck_assert_int_eq(lines, 1);
	ck_assert_ptr_nonnull(strstr(slots_problem(&s), "No space left"));
	/* The same again is not worth a line; what is no errno is one. */
	close(slots_want(&s, SLOT_KEY));
	ck_assert_int_eq(slots_written(&s, SLOT_KEY, ENOSPC), ENOSPC);
	ck_assert_int_eq(lines, 1);
	close(slots_want(&s, SLOT_KEY));
	ck_assert_int_eq(slots_written(&s, SLOT_KEY, -1), EIO);
	ck_assert_ptr_nonnull(strstr(last, "Input/output"));
	close(slots_want(&s, SLOT_KEY));
	ck_assert_int_eq(slots_written(&s, SLOT_KEY, 99999), EIO);
	ck_assert_int_eq(put(SLOT_KEY, "two"), 0);
	ck_assert_ptr_null(slots_problem(&s));
	holds(SLOT_KEY, "two");
	ck_assert_int_eq(lines, 3);
}
END_TEST

/* A file that is at hand for nothing goes with the instance. */
START_TEST(spare)
{
	int fd;

	if (!is_root("spare"))
		return;
	begin();
	ck_assert_int_eq(put(SLOT_SESSIONS, "one"), 0);
	fd = slots_want(&s, SLOT_SESSIONS);
	ck_assert(exists(".sessions.new"));
	ck_assert_ptr_null(slots_problem(&s));
	slots_close(&s);
	close(fd);
	ck_assert(!exists(".sessions.new"));
	begin();
	holds(SLOT_SESSIONS, "one");
	ck_assert_int_eq(lines, 0);
}
END_TEST

START_TEST(empty)
{
	if (!is_root("empty"))
		return;
	begin();
	ck_assert_int_eq(put(SLOT_KEY, "one"), 0);
	ck_assert_int_eq(put(SLOT_KEY, ""), ENODATA);
	holds(SLOT_KEY, "one");
	ck_assert(!exists(".key.new"));
}
END_TEST

START_TEST(leftovers)
{
	if (!is_root("leftovers"))
		return;
	begin();
	ck_assert_int_eq(put(SLOT_KEY, "one"), 0);
	ck_assert_int_eq(put(SLOT_SESSIONS, "before"), 0);
	/* Half written, or all of it, but not yet renamed. */
	ck_assert_int_eq(fill(slots_want(&s, SLOT_KEY), "o"), 0);
	ck_assert_int_eq(fill(slots_want(&s, SLOT_SESSIONS), "after"), 0);
	ck_assert(exists(".key.new") && exists(".sessions.new"));
	/* As after a SIGKILL. */
	close(s.dir);
	close(s.writing[SLOT_KEY]);
	close(s.writing[SLOT_SESSIONS]);
	begin();
	ck_assert(!exists(".key.new") && !exists(".sessions.new"));
	holds(SLOT_KEY, "one");
	holds(SLOT_SESSIONS, "before");
	/* A link where the new file would be is not followed. */
	ck_assert_int_eq(symlink("/tmp/nowhere", at(".key.new")), 0);
	ck_assert_int_eq(put(SLOT_KEY, "two"), 0);
	holds(SLOT_KEY, "two");
	ck_assert_int_ne(access("/tmp/nowhere", F_OK), 0);
	/* Nor is a directory in the way. */
	ck_assert_int_eq(mkdir(at(".key.new"), 0700), 0);
	ck_assert_int_eq(slots_want(&s, SLOT_KEY), -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_ptr_nonnull(slots_problem(&s));
	holds(SLOT_KEY, "two");
}
END_TEST

START_TEST(read_checks)
{
	char why[KEYFILE_WHY];

	if (!is_root("read_checks"))
		return;
	begin();
	ck_assert_int_eq(put(SLOT_KEY, "one"), 0);
	ck_assert_int_eq(chmod(at("key"), 0644), 0);
	ck_assert_int_eq(slots_begin_read(&s, SLOT_KEY, why, sizeof(why)),
	    -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_ptr_nonnull(strstr(why, "chmod 0600 "));
	ck_assert_ptr_nonnull(strstr(why, at("key")));
	ck_assert_int_eq(unlink(at("key")), 0);
	ck_assert_int_eq(mkfifo(at("key"), 0600), 0);
	ck_assert_int_eq(slots_begin_read(&s, SLOT_KEY, why, sizeof(why)),
	    -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(unlink(at("key")), 0);
	ck_assert_int_eq(symlink("sessions", at("key")), 0);
	ck_assert_int_eq(put(SLOT_SESSIONS, "two"), 0);
	ck_assert_int_eq(slots_begin_read(&s, SLOT_KEY, why, sizeof(why)),
	    -1);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_ptr_nonnull(strstr(why, "/key: is a symbolic link; put "));
}
END_TEST

/* What a start would say of the key; it makes nothing by itself. */
START_TEST(check_key)
{
	char why[KEYFILE_WHY];

	if (!is_root("check_key"))
		return;
	ck_assert_int_eq(slots_check_key(state, "w0", why, sizeof(why)), 0);
	ck_assert_int_ne(access(state, F_OK), 0);
	begin();
	ck_assert_int_eq(slots_check_key(state, "w0", why, sizeof(why)), 0);
	ck_assert_int_eq(put(SLOT_KEY, "one"), 0);
	ck_assert_int_eq(slots_check_key(state, "w0", why, sizeof(why)), 0);
	ck_assert_int_eq(unlink(at("key")), 0);
	ck_assert_int_eq(symlink("sessions", at("key")), 0);
	ck_assert_int_eq(slots_check_key(state, "w0", why, sizeof(why)), -1);
	ck_assert_ptr_nonnull(strstr(why, "/w0/key: is a symbolic link; "));
}
END_TEST

/* A file system of our own, which goes with the test's process. */
static bool
own_tmpfs(const char *what, const char *options)
{
	if (!is_root(what))
		return false;
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", top, "tmpfs", 0, options) == -1) {
		unit_skip(what, "cannot mount a tmpfs");
		return false;
	}
	return true;
}

START_TEST(disk_full)
{
	static char big[128 << 10];
	char path[80];
	int fd, i, n;

	if (!own_tmpfs("disk_full", "size=64k,nr_inodes=12"))
		return;
	begin();
	ck_assert_int_eq(put(SLOT_SESSIONS, "kept"), 0);
	ck_assert_int_eq(slots_port_store(&s, 1), 0);
	memset(big, 'x', sizeof(big) - 1);
	fd = slots_want(&s, SLOT_SESSIONS);
	ck_assert_int_eq(fill(fd, big), -1);
	/* cryptod says nothing then; what was there is there. */
	holds(SLOT_SESSIONS, "kept");
	ck_assert_int_eq(slots_port_store(&s, 2), ENOSPC);
	ck_assert_uint_eq(slots_port_load(&s), 1);
	ck_assert(!exists(".port.new"));
	/* The next one takes the failed one's place. */
	ck_assert_int_eq(put(SLOT_SESSIONS, "next"), 0);
	holds(SLOT_SESSIONS, "next");
	/* No inode either. */
	for (i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/%d", top, i);
		close(open(path, O_WRONLY | O_CREAT, 0600));
	}
	lines = 0;
	for (n = 0; n < 3; n++) {
		ck_assert_int_eq(slots_want(&s, SLOT_SESSIONS), -1);
		ck_assert_int_eq(errno, ENOSPC);
	}
	ck_assert_int_eq(lines, 1);
	ck_assert_ptr_nonnull(strstr(last, "No space left"));
	ck_assert_ptr_nonnull(strstr(slots_problem(&s), "sessions"));
	ck_assert_int_eq(slots_written(&s, SLOT_SESSIONS, 0), -1);
	holds(SLOT_SESSIONS, "next");
	snprintf(path, sizeof(path), "%s/0", top);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(put(SLOT_SESSIONS, "last"), 0);
	ck_assert_int_eq(slots_port_store(&s, 2), 0);
	ck_assert_ptr_null(slots_problem(&s));
}
END_TEST

START_TEST(read_only)
{
	int fd;

	if (!own_tmpfs("read_only", "size=64k"))
		return;
	begin();
	ck_assert_int_eq(put(SLOT_KEY, "kept"), 0);
	ck_assert_int_eq(slots_port_store(&s, 7), 0);
	fd = slots_want(&s, SLOT_SESSIONS);
	ck_assert_int_eq(fill(fd, "half"), 0);
	/* The file that waits would keep it from being made read-only. */
	ck_assert_int_eq(slots_written(&s, SLOT_SESSIONS, 0), 0);
	ck_assert_int_eq(mount(NULL, top, NULL, MS_REMOUNT | MS_RDONLY,
	    "size=64k"), 0);
	ck_assert_int_eq(slots_want(&s, SLOT_KEY), -1);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_int_eq(slots_port_store(&s, 8), EROFS);
	/* The same is not written, so that it cannot fail. */
	ck_assert_int_eq(slots_port_store(&s, 7), 0);
	holds(SLOT_KEY, "kept");
	ck_assert_uint_eq(slots_port_load(&s), 7);
	ck_assert_ptr_nonnull(slots_problem(&s));
	slots_close(&s);
	/* It can be opened all the same: what is there can be read. */
	begin();
	holds(SLOT_KEY, "kept");
}
END_TEST

/* cryptod goes on writing to a file that has its name by now. */
START_TEST(writes_on)
{
	int fd;

	if (!is_root("writes_on"))
		return;
	begin();
	fd = slots_want(&s, SLOT_KEY);
	ck_assert_int_eq((int)write(fd, "one", 3), 3);
	ck_assert_int_eq(slots_written(&s, SLOT_KEY, 0), 0);
	ck_assert_int_eq((int)write(fd, "two", 3), 3);
	ck_assert_int_eq(put(SLOT_KEY, "other"), 0);
	ck_assert_int_eq((int)write(fd, "three", 5), 5);
	close(fd);
	holds(SLOT_KEY, "other");
}
END_TEST

static Suite *
suite(void)
{
	Suite *x = suite_create("slots");
	TCase *tc = tcase_create("slots");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, made);
	tcase_add_test(tc, bad_directories);
	tcase_add_test(tc, long_path);
	tcase_add_test(tc, write_and_read);
	tcase_add_test(tc, orders);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, not_written);
	tcase_add_test(tc, spare);
	tcase_add_test(tc, empty);
	tcase_add_test(tc, leftovers);
	tcase_add_test(tc, read_checks);
	tcase_add_test(tc, check_key);
	tcase_add_test(tc, disk_full);
	tcase_add_test(tc, read_only);
	tcase_add_test(tc, writes_on);
	suite_add_tcase(x, tc);
	return x;
}

int
main(void)
{
	return unit_run("slots", suite());
}
