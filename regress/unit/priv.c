/* SPDX-License-Identifier: ISC */
/*
 * Privilege drop and capabilities.  Each case is a child that ends with the
 * number of the first claim that did not hold.  Most of it needs root.
 */

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/capability.h>
#include <linux/securebits.h>
#include <net/if.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#include "shared/caps.h"
#include "shared/priv.h"

#define NOBODY	65534

static char	root[] = "/tmp/warren-priv.XXXXXX";

/* In a child: say which claim failed, and end. */
#define CLAIM(x)							\
	do {								\
		if (!(x)) {						\
			dprintf(STDERR_FILENO, "# line %d: %s (%s; %s)\n", \
			    __LINE__, #x, strerror(errno), priv_error()); \
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

static void
setup(void)
{
	strcpy(root + sizeof(root) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chmod(root, 0755), 0);
}

static void
teardown(void)
{
	rmdir(root);
}

static struct priv_conf
conf_default(void)
{
	struct priv_conf	conf;

	memset(&conf, 0, sizeof(conf));
	conf.uid = NOBODY;
	conf.gid = NOBODY;
	conf.chroot = root;
	conf.parent = getppid();
	conf.nofile = 32;
	return conf;
}

static void
drop_all(void)
{
	struct priv_conf	conf = conf_default();
	gid_t			extra[] = { 0, 4, 27 }, group;
	struct rlimit		rl;
	uint64_t		caps;
	char			left[CAPS_LEFT];
	int			sig;

	CLAIM(setgroups(3, extra) == 0);
	CLAIM(priv_drop(&conf) == 0);
	CLAIM(getuid() == NOBODY && geteuid() == NOBODY);
	CLAIM(getgid() == NOBODY && getegid() == NOBODY);
	CLAIM(getgroups(1, &group) == 1 && group == NOBODY);
	CLAIM(setuid(0) == -1 && setgid(0) == -1);
	CLAIM(setgroups(0, NULL) == -1);
	CLAIM(caps_current(&caps) == 0 && caps == 0);
	CLAIM(caps_any(&caps) == 0 && caps == 0);
	CLAIM(caps_verify_none(left, sizeof(left)) == 0);
	CLAIM(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 0);
	CLAIM(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CLAIM(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CLAIM(prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0) == 0 && sig == SIGKILL);
	CLAIM(getrlimit(RLIMIT_CORE, &rl) == 0 && rl.rlim_max == 0);
	CLAIM(getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_max == 32);
	CLAIM(getrlimit(RLIMIT_MEMLOCK, &rl) == 0 && rl.rlim_max == 0);
	CLAIM(umask(0) == 077);
	CLAIM(access("/etc", F_OK) == -1 && errno == ENOENT);
	CLAIM(open("/x", O_CREAT | O_WRONLY, 0600) == -1);
	CLAIM(chdir("..") == 0 && access("etc", F_OK) == -1);
}

/* As `setpriv --inh-caps +net_admin` or pam_cap leave it to who they start. */
static void
inherit_net_admin(void)
{
	struct __user_cap_header_struct	hdr;
	struct __user_cap_data_struct	data[_LINUX_CAPABILITY_U32S_3];

	memset(&hdr, 0, sizeof(hdr));
	hdr.version = _LINUX_CAPABILITY_VERSION_3;
	CLAIM(syscall(SYS_capget, &hdr, data) == 0);
	data[0].inheritable = 1U << CAP_NET_ADMIN;
	CLAIM(syscall(SYS_capset, &hdr, data) == 0);
}

static void
drop_inherited(void)
{
	struct priv_conf	conf = conf_default();
	uint64_t		caps;

	inherit_net_admin();
	CLAIM(priv_drop(&conf) == 0);
	CLAIM(caps_any(&caps) == 0 && caps == 0);
}

/* With this bit root's capabilities outlive the change of user. */
static void
drop_unfixed(void)
{
	struct priv_conf	conf = conf_default();
	uint64_t		caps;

	CLAIM(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0);
	CLAIM(priv_drop(&conf) == 0);
	CLAIM(caps_any(&caps) == 0 && caps == 0);
}

/* What is left is named, and its set. */
static void
name_left(void)
{
	static const int	keep[] = { CAP_CHOWN, CAP_KILL };
	char			left[CAPS_LEFT];

	inherit_net_admin();
	CLAIM(caps_verify_none(left, sizeof(left)) == -1 && errno == EPERM);
	CLAIM(strstr(left, "inheritable 1000") != NULL);
	CLAIM(strstr(left, "permitted ") != NULL);
	CLAIM(strstr(left, "bounding ") != NULL);
	CLAIM(caps_keep(keep, 2) == 0);
	CLAIM(caps_verify_none(left, sizeof(left)) == -1 && errno == EPERM);
	CLAIM(strcmp(left, "effective 21, permitted 21") == 0);
	CLAIM(caps_drop_all() == 0);
	CLAIM(caps_verify_none(left, sizeof(left)) == 0);
	CLAIM(left[0] == '\0');
}

static void
drop_netns(void)
{
	struct priv_conf	conf = conf_default();
	struct if_nameindex	*ifs;
	int			n = 0;

	conf.want_netns_empty = 1;
	conf.memlock = PRIV_KEEP;
	CLAIM(priv_drop(&conf) == 0);
	CLAIM((ifs = if_nameindex()) != NULL);
	while (ifs[n].if_index != 0)
		n++;
	CLAIM(n <= 1);
}

static void
refuse_root(void)
{
	struct priv_conf	conf = conf_default();

	conf.uid = 0;
	CLAIM(priv_drop(&conf) == -1 && errno == EINVAL);
	conf.uid = (uid_t)-1;
	CLAIM(priv_drop(&conf) == -1 && errno == EINVAL);
	conf.uid = NOBODY;
	conf.gid = 0;
	CLAIM(priv_drop(&conf) == -1 && errno == EINVAL);
	conf.gid = NOBODY;
	conf.nofile = 0;
	CLAIM(priv_drop(&conf) == -1 && errno == EINVAL);
	CLAIM(strstr(priv_error(), "limit") != NULL);
}

static void
refuse_chroot(void)
{
	struct priv_conf	conf = conf_default();

	conf.chroot = "relative";
	CLAIM(priv_drop(&conf) == -1 && errno == EINVAL);
	conf.chroot = "/nonexistent/warren";
	CLAIM(priv_drop(&conf) == -1 && errno == ENOENT);
	CLAIM(strstr(priv_error(), "chroot") != NULL);
	conf.chroot = "/dev/null";
	CLAIM(priv_drop(&conf) == -1 && errno == ENOTDIR);
	conf.chroot = root;
	CLAIM(chmod(root, 0775) == 0);
	CLAIM(priv_drop(&conf) == -1 && errno == EPERM);
	CLAIM(chmod(root, 0755) == 0 && chown(root, 1, 1) == 0);
	CLAIM(priv_drop(&conf) == -1 && errno == EPERM);
	CLAIM(strstr(priv_error(), "another user") != NULL);
}

/* Without the rights to change, nothing may look as if it had worked. */
static void
refuse_unprivileged(void)
{
	struct priv_conf	conf = conf_default();

	CLAIM(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	CLAIM(priv_drop(&conf) == -1 && errno == EPERM);
	CLAIM(strncmp(priv_error(), "chroot: ", 8) == 0);
	conf.chroot = NULL;
	conf.want_netns_empty = 1;
	CLAIM(priv_drop(&conf) == -1);
	CLAIM(strstr(priv_error(), "network namespace") != NULL);
}

static void
refuse_orphan(void)
{
	struct priv_conf	conf = conf_default();

	conf.parent = getpid();
	CLAIM(priv_drop(&conf) == -1 && errno == ESRCH);
}

static void
keep_two(void)
{
	static const int	keep[] = { CAP_NET_ADMIN, CAP_KILL };
	uint64_t		want, caps;
	char			left[CAPS_LEFT];
	int			bad = 64;

	want = UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_KILL;
	CLAIM(caps_keep(&bad, 1) == -1 && errno == EINVAL);
	CLAIM(caps_keep(keep, 2) == 0);
	CLAIM(caps_current(&caps) == 0 && caps == want);
	CLAIM(caps_any(&caps) == 0 && caps == want);
	CLAIM(prctl(PR_CAPBSET_READ, CAP_NET_ADMIN, 0, 0, 0) == 0);
	CLAIM(caps_verify_none(left, sizeof(left)) == -1 && errno == EPERM);
	CLAIM(setresuid(NOBODY, NOBODY, NOBODY) == -1);
	CLAIM(chroot("/") == -1 && errno == EPERM);
	/* What was given up does not come back. */
	CLAIM(caps_keep(keep, 2) == -1);
}

static void
keep_absent(void)
{
	static const int	one[] = { CAP_SETPCAP };
	static const int	two[] = { CAP_SETPCAP, CAP_NET_ADMIN };
	uint64_t		caps;
	char			left[CAPS_LEFT];

	CLAIM(caps_keep(one, 1) == 0);
	CLAIM(caps_keep(two, 2) == -1 && errno == EPERM);
	CLAIM(caps_keep(NULL, 0) == 0);
	CLAIM(caps_current(&caps) == 0 && caps == 0);
	CLAIM(caps_verify_none(left, sizeof(left)) == 0);
}

static void
no_files(void)
{
	int	fd;

	signal(SIGXFSZ, SIG_IGN);
	CLAIM((fd = open("/tmp", O_TMPFILE | O_WRONLY, 0600)) != -1);
	CLAIM(write(fd, "x", 1) == 1);
	CLAIM(priv_file_max(0) == 0);
	CLAIM(write(fd, "x", 1) == -1 && errno == EFBIG);
}

static void
close_fds(void)
{
	CLAIM(dup2(0, 20) == 20 && dup2(0, 21) == 21 && dup2(0, 500) == 500);
	CLAIM(priv_close_fds(20) == 0);
	CLAIM(fcntl(20, F_GETFD) != -1);
	CLAIM(fcntl(21, F_GETFD) == -1 && fcntl(500, F_GETFD) == -1);
	CLAIM(priv_close_fds(-2) == -1 && errno == EINVAL);
}

/* Needs root, so the test that calls it skips by its own name. */
#define CASE(name, need_root)						\
	START_TEST(test_##name)						\
	{								\
		if ((need_root) && geteuid() != 0)			\
			unit_skip("priv/" #name, "needs root");		\
		else							\
			ck_assert_int_eq(child(name), 0);		\
	}								\
	END_TEST

CASE(drop_all, 1)
CASE(drop_inherited, 1)
CASE(drop_unfixed, 1)
CASE(name_left, 1)
CASE(drop_netns, 1)
CASE(refuse_root, 0)
CASE(refuse_chroot, 1)
CASE(refuse_unprivileged, 1)
CASE(refuse_orphan, 1)
CASE(keep_two, 1)
CASE(keep_absent, 1)
CASE(no_files, 0)
CASE(close_fds, 0)

/* The middle process dies; the child that it dropped must follow. */
START_TEST(dies_with_parent)
{
	struct priv_conf	conf;
	char			c;
	pid_t			mid;
	int			p[2];

	if (geteuid() != 0) {
		unit_skip("priv/dies_with_parent", "needs root");
		return;
	}
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_ne(mid = fork(), -1);
	if (mid == 0) {
		close(p[0]);
		if (fork() == 0) {
			conf = conf_default();
			CLAIM(priv_drop(&conf) == 0);
			CLAIM(write(p[1], "r", 1) == 1);
			for (;;)
				pause();
		}
		for (;;)
			pause();
	}
	close(p[1]);
	ck_assert_int_eq(read(p[0], &c, 1), 1);
	kill(mid, SIGKILL);
	waitpid(mid, NULL, 0);
	/* End of file: the last holder of the pipe is gone. */
	ck_assert_int_eq(read(p[0], &c, 1), 0);
}
END_TEST

START_TEST(lookup)
{
	uid_t	uid = 1;
	gid_t	gid = 1;

	ck_assert_int_eq(priv_lookup("_no_such_user_", &uid, &gid), -1);
	ck_assert_ptr_nonnull(strstr(priv_error(), "_no_such_user_"));
	ck_assert_ptr_nonnull(strstr(priv_error(), "does not exist"));
	ck_assert_int_eq(priv_lookup("root", &uid, &gid), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_uint_eq(uid, 1);
	if (priv_lookup("nobody", &uid, &gid) == -1)
		unit_skip("priv/lookup nobody", priv_error());
	else
		ck_assert_uint_ne(uid, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite	*s = suite_create("priv");
	TCase	*tc = tcase_create("priv");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_drop_all);
	tcase_add_test(tc, test_drop_inherited);
	tcase_add_test(tc, test_drop_unfixed);
	tcase_add_test(tc, test_name_left);
	tcase_add_test(tc, test_drop_netns);
	tcase_add_test(tc, test_refuse_root);
	tcase_add_test(tc, test_refuse_chroot);
	tcase_add_test(tc, test_refuse_unprivileged);
	tcase_add_test(tc, test_refuse_orphan);
	tcase_add_test(tc, test_keep_two);
	tcase_add_test(tc, test_keep_absent);
	tcase_add_test(tc, test_no_files);
	tcase_add_test(tc, test_close_fds);
	tcase_add_test(tc, dies_with_parent);
	tcase_add_test(tc, lookup);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("priv", suite());
}
