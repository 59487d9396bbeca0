/* SPDX-License-Identifier: ISC */
/*
 * Key files: which are opened, and what is said about the others.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/keyfile.h"
#include "unit.h"

static char dir[] = "/tmp/warren-keyfile-XXXXXX";
static char path[64], why[KEYFILE_WHY];

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/key", dir);
}

static void
teardown(void)
{
	char name[80];

	snprintf(name, sizeof(name), "%s/key", dir);
	unlink(name);
	rmdir(name);
	snprintf(name, sizeof(name), "%s/link", dir);
	unlink(name);
	rmdir(dir);
}

static void
make(const char *name, mode_t mode, off_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	close(fd);
}

static void
refused(int error, const char *says)
{
	ck_assert_int_eq(keyfile_open(path, why, sizeof(why)), -1);
	ck_assert_int_eq(errno, error);
	ck_assert_int_eq(strncmp(why, path, strlen(path)), 0);
	ck_assert_ptr_nonnull(strstr(why, says));
}

static bool
is_root(const char *what)
{
	if (geteuid() == 0)
		return true;
	unit_skip(what, "needs root");
	return false;
}

START_TEST(good)
{
	int fd;

	if (!is_root("good"))
		return;
	make(path, 0600, 45);
	fd = keyfile_open(path, why, sizeof(why));
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	ck_assert_int_eq(chmod(path, 0400), 0);
	fd = keyfile_open(path, why, sizeof(why));
	ck_assert_int_ne(fd, -1);
	close(fd);
}
END_TEST

START_TEST(modes)
{
	static const mode_t bad[] = { 0640, 0604, 0644, 0620, 0602, 0601,
	    0610, 0660, 0666, 0777, 0044 };
	char mend[128];
	size_t i;

	if (!is_root("modes"))
		return;
	make(path, 0600, 45);
	snprintf(mend, sizeof(mend), "chmod 0600 %s", path);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(chmod(path, bad[i]), 0);
		refused(EPERM, mend);
	}
}
END_TEST

START_TEST(owners)
{
	char mend[128];

	if (!is_root("owners"))
		return;
	make(path, 0600, 45);
	ck_assert_int_eq(chown(path, 1234, 0), 0);
	snprintf(mend, sizeof(mend), "belongs to uid 1234; chown root %s",
	    path);
	refused(EPERM, mend);
	/* A group is of no matter where it may do nothing. */
	ck_assert_int_eq(chown(path, 0, 1234), 0);
	ck_assert_int_ne(keyfile_open(path, why, sizeof(why)), -1);
}
END_TEST

START_TEST(missing)
{
	refused(ENOENT, "No such file or directory");
	snprintf(path, sizeof(path), "%s/none/key", dir);
	refused(ENOENT, "No such file or directory");
}
END_TEST

START_TEST(no_files)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	refused(EINVAL, "is no regular file");
	rmdir(path);
	/* Nobody writes to it, and we do not wait for one. */
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	refused(EINVAL, "is no regular file");
	ck_assert_int_eq(keyfile_open("/dev/zero", why, sizeof(why)), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(sizes)
{
	if (!is_root("sizes"))
		return;
	make(path, 0600, KEYFILE_MAX + 1);
	refused(EFBIG, "too large");
	ck_assert_int_eq(truncate(path, KEYFILE_MAX), 0);
	ck_assert_int_ne(keyfile_open(path, why, sizeof(why)), -1);
	/* What is in it is for cryptod to judge. */
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_ne(keyfile_open(path, why, sizeof(why)), -1);
}
END_TEST

START_TEST(links)
{
	char target[80];

	if (!is_root("links"))
		return;
	snprintf(target, sizeof(target), "%s/link", dir);
	ck_assert_int_eq(symlink(target, path), 0);
	refused(ENOENT, "No such file");
	make(target, 0600, 45);
	ck_assert_int_ne(keyfile_open(path, why, sizeof(why)), -1);
	ck_assert_int_eq(chmod(target, 0644), 0);
	refused(EPERM, "chmod 0600");
	unlink(target);
	ck_assert_int_eq(symlink(path, target), 0);
	refused(ELOOP, "symbolic links");
}
END_TEST

/* A reason that is cut is still one. */
START_TEST(short_buffer)
{
	char small[16];

	memset(small, 'x', sizeof(small));
	ck_assert_int_eq(keyfile_open(path, small, sizeof(small)), -1);
	ck_assert_uint_eq(strlen(small), sizeof(small) - 1);
}
END_TEST

START_TEST(all_of_a_configuration)
{
	struct conf_peer peer[30];
	struct conf_errors errors;
	struct conf conf;
	char file[] = "w.conf", want[128];
	unsigned i;

	memset(&conf, 0, sizeof(conf));
	memset(peer, 0, sizeof(peer));
	memset(&errors, 0, sizeof(errors));
	TAILQ_INIT(&conf.peers);
	conf.key_file = path;
	conf.key_where.file = file;
	conf.key_where.line = 7;
	for (i = 0; i < 30; i++) {
		peer[i].psk_file = i == 3 ? NULL : path;
		peer[i].psk_where.file = file;
		peer[i].psk_where.line = 100 + i;
		TAILQ_INSERT_TAIL(&conf.peers, &peer[i], entry);
	}
	keyfile_check_conf(&conf, &errors);
	ck_assert_uint_eq(errors.n, 30);
	ck_assert_uint_eq(errors.kept, CONF_ERRORS_MAX);
	snprintf(want, sizeof(want), "w.conf:7: %s: No such", path);
	ck_assert_int_eq(strncmp(errors.line[0], want, strlen(want)), 0);
	snprintf(want, sizeof(want), "w.conf:104: %s: No such", path);
	ck_assert_int_eq(strncmp(errors.line[4], want, strlen(want)), 0);
	/* A private key may be made; a preshared key is of two sides. */
	ck_assert_ptr_nonnull(strstr(errors.line[0], "; make one: (umask 077; "
	    "warrenctl genkey >"));
	ck_assert_ptr_nonnull(strstr(errors.line[1], "; put the preshared key "
	    "of this peer there, or a new one on both sides: (umask 077; "
	    "warrenctl genpsk >"));
	for (i = 0; i < errors.kept; i++)
		free(errors.line[i]);
	if (!is_root("all_of_a_configuration"))
		return;
	make(path, 0600, 45);
	memset(&errors, 0, sizeof(errors));
	keyfile_check_conf(&conf, &errors);
	ck_assert_uint_eq(errors.n, 0);
}
END_TEST

/* What cryptod says of a key file gets its path; all else stays. */
START_TEST(explained)
{
	static const struct {
		const char	*why;
		const char	*text;
	} is[] = {
		{ "the private-key file is not a key: 44 characters",
		    "w.conf:7: /k/own: is not a key: 44 characters" },
		{ "peer a: its preshared-key file is not a key",
		    "b.conf:9: /k/psk: is not a key" },
		{ "peer ab: its preshared-key file cannot be read: EIO",
		    "/etc/w.conf:11: /k/ab: cannot be read: EIO" },
		/* It has none, is not there, or it is about something else. */
		{ "peer b: its preshared-key file is not a key",
		    "peer b: its preshared-key file is not a key" },
		{ "peer x: its preshared-key file is not a key",
		    "peer x: its preshared-key file is not a key" },
		{ "peer a: its public key is all zero",
		    "peer a: its public key is all zero" },
		{ "", "" },
	};
	struct conf_peer peer[3];
	struct conf conf;
	char own[] = "/k/own", psk[] = "/k/psk", ab[] = "/k/ab";
	char text[128];
	size_t i;

	memset(&conf, 0, sizeof(conf));
	memset(peer, 0, sizeof(peer));
	TAILQ_INIT(&conf.peers);
	conf.path = (char[]){ "/etc/w.conf" };
	conf.key_file = own;
	conf.key_where.file = (char[]){ "w.conf" };
	conf.key_where.line = 7;
	for (i = 0; i < 3; i++)
		TAILQ_INSERT_TAIL(&conf.peers, &peer[i], entry);
	strlcpy(peer[0].name, "a", sizeof(peer[0].name));
	peer[0].psk_file = psk;
	peer[0].psk_where.file = (char[]){ "b.conf" };
	peer[0].psk_where.line = 9;
	strlcpy(peer[1].name, "ab", sizeof(peer[1].name));
	peer[1].psk_file = ab;
	peer[1].psk_where.line = 11;
	strlcpy(peer[2].name, "b", sizeof(peer[2].name));
	for (i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		keyfile_explain(&conf, "/s/key", is[i].why, text,
		    sizeof(text));
		ck_assert_str_eq(text, is[i].text);
	}
	conf.key_file = NULL;
	keyfile_explain(&conf, "/s/key", is[0].why, text, sizeof(text));
	ck_assert_str_eq(text, "/s/key: is not a key: 44 characters");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("keyfile");
	TCase *tc = tcase_create("keyfile");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, good);
	tcase_add_test(tc, modes);
	tcase_add_test(tc, owners);
	tcase_add_test(tc, missing);
	tcase_add_test(tc, no_files);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, links);
	tcase_add_test(tc, short_buffer);
	tcase_add_test(tc, all_of_a_configuration);
	tcase_add_test(tc, explained);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("keyfile", suite());
}
