/* SPDX-License-Identifier: ISC */
/*
 * The UDP port that is kept over restarts: what its file may hold, what is
 * said when it is lost, and which file is left for whoever mends it.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/slots.h"
#include "shared/caps.h"
#include "shared/log.h"
#include "unit.h"

static char state[] = "/tmp/warren-port-XXXXXX", last[LOG_LINE_MAX];
static struct slots s;
static int lines;

static void
keep(void *arg, int level, const char *text)
{
	(void)arg;
	(void)level;
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
	ck_assert_ptr_nonnull(mkdtemp(state));
}

static void
teardown(void)
{
	char cmd[80];

	slots_close(&s);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", state);
	ck_assert_int_eq(system(cmd), 0);
}

static const char *
at(const char *name)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "%s/w0/%s", state, name);
	return buf;
}

static bool
exists(const char *name)
{
	return access(at(name), F_OK) == 0;
}

static void
begin(void)
{
	ck_assert_int_eq(slots_open(&s, state, "w0"), 0);
}

/* As an editor does it. */
static void
fill(const char *text)
{
	int fd = open(at("port"), O_WRONLY | O_TRUNC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

START_TEST(kept)
{
	static const char *const bad[] = { "", "\n", "x", "65536", "-1",
	    "51820x", "99999999999", "5 1", "0", "99999", " ",
	    "                                       51820" };
	static const char *const good[] = { "51820", "51820 ", "51820\n\n",
	    " 51820\t\r\n" };
	struct stat st;
	size_t i;

	if (!is_root("kept"))
		return;
	begin();
	ck_assert_uint_eq(slots_port_load(&s), 0);
	ck_assert_int_eq(lines, 0);
	ck_assert_int_eq(slots_port_store(&s, 51820), 0);
	ck_assert_uint_eq(slots_port_load(&s), 51820);
	ck_assert_int_eq(slots_port_store(&s, 65535), 0);
	ck_assert_uint_eq(slots_port_load(&s), 65535);
	ck_assert_int_eq(stat(at("port"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert(!exists(".port.new"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fill(bad[i]);
		lines = 0;
		ck_assert_uint_eq(slots_port_load(&s), 0);
		ck_assert_int_eq(lines, 1);
		ck_assert_ptr_nonnull(strstr(last, "/w0/port: is no port, "
		    "1 to 65535; taking another port"));
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		fill(good[i]);
		ck_assert_uint_eq(slots_port_load(&s), 51820);
	}
	ck_assert_int_eq(lines, 1);
	/* What says nothing is no loss. */
	fill("x");
	ck_assert_int_eq(slots_port_store(&s, 7), 0);
	ck_assert_uint_eq(slots_port_load(&s), 7);
}
END_TEST

/* A file that could not be looked at is told and stays. */
static void
stays(const char *says)
{
	struct stat before, after;

	lines = 0;
	ck_assert_int_eq(lstat(at("port"), &before), 0);
	ck_assert_uint_eq(slots_port_load(&s), 0);
	ck_assert_int_eq(lines, 1);
	ck_assert_ptr_nonnull(strstr(last, says));
	ck_assert_ptr_nonnull(strstr(last, "; taking another port until it "
	    "is mended"));
	/* It was told already. */
	ck_assert_int_ne(slots_port_store(&s, 40000), 0);
	ck_assert_int_eq(lines, 1);
	ck_assert_ptr_nonnull(strstr(slots_problem(&s), "/port cannot be read, "
	    "so the port is another: "));
	ck_assert_int_eq(lstat(at("port"), &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert(!exists(".port.new"));
}

START_TEST(refused)
{
	char aside[128];

	if (!is_root("refused"))
		return;
	begin();
	ck_assert_int_eq(slots_port_store(&s, 51820), 0);
	snprintf(aside, sizeof(aside), "%s", at("kept"));
	ck_assert_int_eq(rename(at("port"), aside), 0);
	ck_assert_int_eq(symlink("kept", at("port")), 0);
	stays("/port: is a symbolic link; put the file itself there");
	/* Mended: it is the next start's, whatever the port is now. */
	ck_assert_int_eq(rename(aside, at("port")), 0);
	ck_assert_int_eq(slots_port_store(&s, 40000), 0);
	ck_assert_ptr_null(slots_problem(&s));
	ck_assert_uint_eq(slots_port_load(&s), 51820);
	ck_assert_int_eq(unlink(at("port")), 0);
	ck_assert_int_eq(mkfifo(at("port"), 0600), 0);
	stays("/port: is no regular file; remove it");
	ck_assert_int_eq(unlink(at("port")), 0);
	ck_assert_int_eq(mkdir(at("port"), 0700), 0);
	stays("/port: is no regular file; remove it");
	/* It was removed: that is an answer, too. */
	ck_assert_int_eq(rmdir(at("port")), 0);
	ck_assert_int_eq(slots_port_store(&s, 40000), 0);
	ck_assert_uint_eq(slots_port_load(&s), 40000);
}
END_TEST

/* Root without its rights, as the parent is. */
START_TEST(foreign)
{
	if (!is_root("foreign"))
		return;
	begin();
	ck_assert_int_eq(slots_port_store(&s, 51820), 0);
	ck_assert_int_eq(chown(at("port"), 1234, 0), 0);
	ck_assert_int_eq(caps_keep(NULL, 0), 0);
	stays("/port: belongs to uid 1234; chown root ");
}
END_TEST

/* What was refused is gone: from then on it is a file like any other. */
START_TEST(refused_gone)
{
	if (!is_root("refused_gone"))
		return;
	begin();
	ck_assert_int_eq(mkdir(at("port"), 0700), 0);
	stays("/port: is no regular file; remove it");
	ck_assert_int_eq(rmdir(at("port")), 0);
	ck_assert_int_eq(mkdir(at(".port.new"), 0700), 0);
	ck_assert_int_eq(slots_port_store(&s, 40000), EISDIR);
	ck_assert_ptr_nonnull(strstr(slots_problem(&s), "/port cannot be "
	    "written: Is a directory"));
	ck_assert_int_eq(rmdir(at(".port.new")), 0);
	ck_assert_int_eq(slots_port_store(&s, 40000), 0);
	ck_assert_ptr_null(slots_problem(&s));
	/* It is ours, so that another port takes its place. */
	ck_assert_int_eq(slots_port_store(&s, 40001), 0);
	ck_assert_uint_eq(slots_port_load(&s), 40001);
}
END_TEST

/* Of two it is the key that is told, and that is not read. */
START_TEST(refused_and_key)
{
	if (!is_root("refused_and_key"))
		return;
	begin();
	ck_assert_int_eq(mkdir(at("port"), 0700), 0);
	stays("/port: is no regular file; remove it");
	ck_assert_int_eq(mkdir(at(".key.new"), 0700), 0);
	ck_assert_int_eq(slots_want(&s, SLOT_KEY), -1);
	ck_assert_ptr_nonnull(strstr(slots_problem(&s), "/key cannot be "
	    "written: "));
	slots_settle(&s, SLOT_KEY);
	ck_assert_ptr_nonnull(strstr(slots_problem(&s), "/port cannot be "
	    "read, "));
}
END_TEST

/* It is told as long as there is something to be written. */
START_TEST(problem)
{
	if (!is_root("problem"))
		return;
	begin();
	ck_assert_int_eq(slots_port_store(&s, 51820), 0);
	ck_assert_int_eq(mkdir(at(".port.new"), 0700), 0);
	ck_assert_int_eq(slots_port_store(&s, 2), EISDIR);
	ck_assert_ptr_nonnull(strstr(slots_problem(&s), "/port cannot be "
	    "written: Is a directory"));
	/* The one that is there already. */
	ck_assert_int_eq(slots_port_store(&s, 51820), 0);
	ck_assert_ptr_null(slots_problem(&s));
	/* None that has to be kept. */
	ck_assert_int_eq(slots_port_store(&s, 2), EISDIR);
	slots_settle(&s, SLOT_KEY);
	ck_assert_ptr_nonnull(slots_problem(&s));
	slots_port_settle(&s);
	ck_assert_ptr_null(slots_problem(&s));
}
END_TEST

static Suite *
suite(void)
{
	Suite *x = suite_create("slots_port");
	TCase *tc = tcase_create("slots_port");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, kept);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, foreign);
	tcase_add_test(tc, refused_gone);
	tcase_add_test(tc, refused_and_key);
	tcase_add_test(tc, problem);
	suite_add_tcase(x, tc);
	return x;
}

int
main(void)
{
	return unit_run("slots_port", suite());
}
