/* SPDX-License-Identifier: ISC */
/*
 * Where the parent's files are.  A filter cannot see paths: what it lets
 * through, Landlock and the lack of capabilities must bound to the directories
 * that the configuration began with.  The parent goes through its real
 * confine(), and tries what it may inside of them and outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "regress/privsep/held.h"
#include "regress/unit/unit.h"

#define KILLED	(-1)

enum what {
	READ,
	LIST,				/* open a directory */
	WRITE,
	MAKE,				/* as state files are made */
	RENAME,
	UNLINK,
	RMDIR,
	STAT
};

/*
 * A path that begins with . is looked up from the state directory, others are
 * absolute or of the world.  The errors: 0 if it works, of a parent in bare
 * and in configured mode.
 */
static const struct step {
	const char	*name;
	enum what	 what;
	const char	*path;
	const char	*to;
	int		 bare;
	int		 configured;
} steps[] = {
	{ "read the configuration", READ, "conf/warren.conf", NULL,
	    KILLED, 0 },
	{ "read a key file", READ, "keys/a.key", NULL, KILLED, 0 },
	{ "read a key file by a link", READ, "conf/in", NULL, KILLED, 0 },
	{ "read a state file", READ, "./key", NULL, KILLED, 0 },
	{ "read elsewhere", READ, "out/secret", NULL, KILLED, EACCES },
	{ "read elsewhere by a link", READ, "conf/to-out", NULL,
	    KILLED, EACCES },
	{ "read elsewhere from the state directory", READ, "./../out/secret",
	    NULL, KILLED, EACCES },
	{ "read a runtime file", READ, "run/x.sock", NULL, KILLED, EACCES },
	{ "read of another process", READ, "/proc/1/environ", NULL,
	    KILLED, EACCES },
	{ "read memory of its own", READ, "/proc/self/mem", NULL,
	    KILLED, EACCES },
	/* Landlock would let it: CAP_DAC_OVERRIDE is gone. */
	{ "read another user's file", READ, "state/of-another", NULL,
	    KILLED, EACCES },
	{ "list the configuration's directory", LIST, "conf", NULL,
	    KILLED, EACCES },
	{ "list elsewhere", LIST, "out", NULL, KILLED, EACCES },
	{ "write to a state file", WRITE, "state/key", NULL, KILLED, KILLED },
	{ "write to a key file", WRITE, "keys/a.key", NULL, KILLED, KILLED },

	{ "make a state file", MAKE, "./new", NULL, KILLED, 0 },
	{ "make one beside the configuration", MAKE, "conf/new", NULL,
	    KILLED, EACCES },
	{ "make one beside a key", MAKE, "keys/new", NULL, KILLED, EACCES },
	{ "make a runtime file", MAKE, "run/new", NULL, KILLED, EACCES },
	{ "make a file beside UAPI sockets", MAKE, "uapi/new", NULL,
	    KILLED, EACCES },
	{ "make one elsewhere", MAKE, "out/new", NULL, KILLED, EACCES },
	{ "make one elsewhere from the state directory", MAKE, "./../out/new",
	    NULL, KILLED, EACCES },

	{ "replace a state file", RENAME, "./.key.new", "./key", KILLED, 0 },
	{ "move a state file out", RENAME, "./key", "out/key",
	    KILLED, EACCES },
	{ "move one to the runtime files", RENAME, "./key", "run/key",
	    KILLED, EACCES },
	{ "move one over the configuration", RENAME, "./key",
	    "conf/warren.conf", KILLED, EACCES },
	{ "move a file in", RENAME, "out/secret", "./key", KILLED, EACCES },
	{ "move a key in", RENAME, "keys/a.key", "./key", KILLED, EACCES },
	{ "rename the configuration", RENAME, "conf/warren.conf", "conf/x",
	    KILLED, EACCES },
	{ "rename a socket", RENAME, "run/x.sock", "run/y.sock",
	    KILLED, EACCES },
	{ "rename elsewhere", RENAME, "out/secret", "out/x", KILLED, EACCES },

	{ "remove a runtime file", UNLINK, "run/x.sock", NULL, 0, 0 },
	{ "remove a UAPI socket", UNLINK, "uapi/x.sock", NULL, 0, 0 },
	{ "remove a state file", UNLINK, "state/key", NULL, EACCES, 0 },
	{ "remove the configuration", UNLINK, "conf/warren.conf", NULL,
	    EACCES, EACCES },
	{ "remove a key file", UNLINK, "keys/a.key", NULL, EACCES, EACCES },
	{ "remove elsewhere", UNLINK, "out/secret", NULL, EACCES, EACCES },
	{ "remove elsewhere by a link", UNLINK, "run/dir/../../out/secret",
	    NULL, EACCES, EACCES },
	{ "remove a directory", RMDIR, "run/dir", NULL, EACCES, EACCES },
	{ "remove a directory of states", RMDIR, "state/dir", NULL,
	    EACCES, EACCES },
	{ "remove a directory elsewhere", RMDIR, "out/dir", NULL,
	    EACCES, EACCES },

	/* Nothing bounds it: that there is a file, and how large, is known. */
	{ "stat elsewhere", STAT, "out/secret", NULL, KILLED, 0 },
};
#define NSTEPS	(sizeof(steps) / sizeof(steps[0]))

static int
at(const char *path)
{
	return path[0] == '.' ? world_state() : AT_FDCWD;
}

static const char *
full(const char *path)
{
	return path[0] == '.' || path[0] == '/' ? path : world(path);
}

static long
take_step(const void *arg)
{
	const struct step *s = arg;
	struct stat st;
	int fd = at(s->path);
	const char *path = full(s->path);

	switch (s->what) {
	case READ:
		return openat(fd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	case LIST:
		return openat(fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case WRITE:
		return openat(fd, path, O_WRONLY | O_CLOEXEC);
	case MAKE:
		return openat(fd, path, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
	case RENAME:
		/* The system call by name: libc may choose another one. */
		return syscall(SYS_renameat, fd, path, at(s->to), full(s->to));
	case UNLINK:
		return unlinkat(fd, path, 0);
	case RMDIR:
		return unlinkat(fd, path, AT_REMOVEDIR);
	case STAT:
		return syscall(SYS_newfstatat, fd, path, &st, 0);
	}
	return -1;
}

static void
walk(const struct held *h)
{
	const struct step *s;
	enum verdict v;
	int err, want;

	for (s = steps; s < steps + NSTEPS; s++) {
		want = h->mode == MODE_BARE ? s->bare : s->configured;
		world_fill();
		v = held_ask(h, s->name, take_step, s, &err);
#ifdef SANITIZER
		/* Its run-time asks for these, and is refused politely. */
		if (want == KILLED && (err == EACCES || s->what == STAT))
			continue;
#endif
		if (want == KILLED)
			ck_assert_msg(v == DEAD, "%s: %s: verdict %d, error "
			    "%d, not killed", h->name, s->name, v, err);
		else
			ck_assert_msg(v != DEAD && err == want, "%s: %s: "
			    "verdict %d, error %d, not %d", h->name, s->name,
			    v, err, want);
	}
}

START_TEST(the_parent_of_a_configuration)
{
	if (!has_landlock())
		unit_skip("the_parent_of_a_configuration", "this kernel has "
		    "no Landlock");
	else
		walk(&held[7]);
}
END_TEST

START_TEST(the_parent_in_bare_mode)
{
	if (!has_landlock())
		unit_skip("the_parent_in_bare_mode", "this kernel has no "
		    "Landlock");
	else
		walk(&held[6]);
}
END_TEST

/*
 * A directory for each of very many keys, more than may be open commonly:
 * each can be read, and what it needs beside them, too.
 */
START_TEST(many_directories)
{
	static const struct rlimit few = { 256, 4096 };
	struct step s = { "read a key file", READ, NULL, NULL, 0, 0 };
	unsigned i;
	int err;

	if (!has_landlock()) {
		unit_skip("many_directories", "this kernel has no Landlock");
		return;
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	world_key_dirs = 1500;
	for (i = 0; i < world_key_dirs; i += i < 3 || i > 1490 ? 1 : 97) {
		s.path = world_key(i);
		ck_assert_msg(held_ask(&held[7], s.name, take_step, &s,
		    &err) == PASSED, "%s: error %d", s.path, err);
	}
	s.path = "/etc/passwd";
	ck_assert_int_eq(held_ask(&held[7], s.path, take_step, &s, &err),
	    PASSED);
	s.path = "conf/warren.conf";
	ck_assert_int_eq(held_ask(&held[7], s.path, take_step, &s, &err),
	    PASSED);
	s.path = "out/secret";
	ck_assert_int_eq(held_ask(&held[7], s.path, take_step, &s, &err),
	    FAILED);
	ck_assert_int_eq(err, EACCES);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("bounds");
	TCase *tc = tcase_create("bounds");

	tcase_add_unchecked_fixture(tc, world_new, world_end);
	tcase_add_test(tc, the_parent_of_a_configuration);
	tcase_add_test(tc, the_parent_in_bare_mode);
	tcase_add_test(tc, many_directories);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("bounds", suite());
}
