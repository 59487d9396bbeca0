/* SPDX-License-Identifier: ISC */
/*
 * Dropping privileges, in the order that works: what needs root first, and
 * PR_SET_PDEATHSIG after the change of user, because that clears it.
 */

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "caps.h"
#include "priv.h"

static char	priv_errbuf[160] = "no error";

/* Remember the step and what errno says of it.  Returns -1. */
static int
priv_fail(const char *step)
{
	int		 saved = errno;
	const char	*desc = strerrordesc_np(saved);

	snprintf(priv_errbuf, sizeof(priv_errbuf), "%s: %s", step,
	    desc != NULL ? desc : "unknown error");
	errno = saved;
	return -1;
}

/* Fail for a reason that errno cannot tell. */
static int
priv_failx(const char *text, int error)
{
	snprintf(priv_errbuf, sizeof(priv_errbuf), "%s", text);
	errno = error;
	return -1;
}

const char *
priv_error(void)
{
	return priv_errbuf;
}

/* A root that the process, or worse, others could change holds nothing. */
static int
priv_check_root(const struct priv_conf *conf)
{
	struct stat	st;

	if (conf->chroot[0] != '/')
		return priv_failx("chroot: not an absolute path", EINVAL);
	if (lstat(conf->chroot, &st) == -1)
		return priv_fail("chroot: stat");
	if (!S_ISDIR(st.st_mode))
		return priv_failx("chroot: not a directory", ENOTDIR);
	if (st.st_uid != 0 && st.st_uid != conf->uid)
		return priv_failx("chroot: belongs to another user", EPERM);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return priv_failx("chroot: others can write to it", EPERM);
	return 0;
}

static int
priv_enter(const struct priv_conf *conf)
{
	if (conf->want_netns_empty && unshare(CLONE_NEWNET) == -1)
		return priv_fail("unshare network namespace");
	if (conf->chroot == NULL)
		return 0;
	if (priv_check_root(conf) == -1)
		return -1;
	if (chroot(conf->chroot) == -1)
		return priv_fail("chroot");
	if (chdir("/") == -1)
		return priv_fail("chdir");
	return 0;
}

static int
priv_change(const struct priv_conf *conf)
{
	if (caps_drop_bounding() == -1)
		return priv_fail("empty the capability bounding set");
	if (setgroups(1, &conf->gid) == -1)
		return priv_fail("setgroups");
	if (setresgid(conf->gid, conf->gid, conf->gid) == -1)
		return priv_fail("setresgid");
	if (setresuid(conf->uid, conf->uid, conf->uid) == -1)
		return priv_fail("setresuid");
	/*
	 * That emptied effective and permitted, unless a securebit forbids it,
	 * but not what whoever started us left as inheritable.
	 */
	if (caps_drop_all() == -1)
		return priv_fail("empty the capability sets");
	return 0;
}

static int
priv_prove_caps(void)
{
	char	left[CAPS_LEFT], text[CAPS_LEFT + 32];

	if (caps_verify_none(left, sizeof(left)) == 0)
		return 0;
	snprintf(text, sizeof(text), "capabilities are left: %s", left);
	return priv_failx(text, EPERM);
}

/* Believe nothing: look at every id, then try to be root again. */
static int
priv_prove(const struct priv_conf *conf)
{
	uid_t	ruid, euid, suid;
	gid_t	rgid, egid, sgid, group = 0;
	int	n;

	if (getresuid(&ruid, &euid, &suid) == -1 || ruid != conf->uid ||
	    euid != conf->uid || suid != conf->uid)
		return priv_failx("user ids did not change", EPERM);
	if (getresgid(&rgid, &egid, &sgid) == -1 || rgid != conf->gid ||
	    egid != conf->gid || sgid != conf->gid)
		return priv_failx("group ids did not change", EPERM);
	n = getgroups(1, &group);
	if (n != 1 || group != conf->gid)
		return priv_failx("supplementary groups are left", EPERM);
	if (setresuid((uid_t)-1, 0, (uid_t)-1) != -1 || setuid(0) != -1)
		return priv_failx("root could be regained", EPERM);
	if (setresgid((gid_t)-1, 0, (gid_t)-1) != -1 || setgid(0) != -1)
		return priv_failx("root's group could be regained", EPERM);
	return priv_prove_caps();
}

/*
 * The parent may have died before the kernel knew that we want to follow;
 * then somebody else is our parent by now.
 */
static int
priv_bind(const struct priv_conf *conf)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return priv_fail("PR_SET_NO_NEW_PRIVS");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return priv_fail("PR_SET_DUMPABLE");
	if (conf->parent == 0)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
		return priv_fail("PR_SET_PDEATHSIG");
	if (getppid() != conf->parent)
		return priv_failx("the parent is gone", ESRCH);
	return 0;
}

static int
priv_limit(int what, rlim_t value)
{
	struct rlimit	rl;

	rl.rlim_cur = rl.rlim_max = value;
	return setrlimit(what, &rl);
}

/* No RLIMIT_NPROC: it counts over all instances of the same user. */
static int
priv_limits(const struct priv_conf *conf)
{
	umask(077);
	if (priv_limit(RLIMIT_CORE, 0) == -1)
		return priv_fail("RLIMIT_CORE");
	if (priv_limit(RLIMIT_NOFILE, conf->nofile) == -1)
		return priv_fail("RLIMIT_NOFILE");
	if (conf->memlock != PRIV_KEEP &&
	    priv_limit(RLIMIT_MEMLOCK, conf->memlock) == -1)
		return priv_fail("RLIMIT_MEMLOCK");
	return 0;
}

int
priv_drop(const struct priv_conf *conf)
{
	if (conf->uid == 0 || conf->uid == (uid_t)-1 ||
	    conf->gid == 0 || conf->gid == (gid_t)-1)
		return priv_failx("refusing to drop to root", EINVAL);
	if (conf->nofile == 0)
		return priv_failx("no limit of open files given", EINVAL);
	if (priv_enter(conf) == -1 || priv_change(conf) == -1 ||
	    priv_prove(conf) == -1 || priv_bind(conf) == -1 ||
	    priv_limits(conf) == -1)
		return -1;
	return 0;
}

int
priv_file_max(off_t bytes)
{
	if (priv_limit(RLIMIT_FSIZE, (rlim_t)bytes) == -1)
		return priv_fail("RLIMIT_FSIZE");
	return 0;
}

int
priv_close_fds(int keep_upto)
{
	if (keep_upto < -1)
		return priv_failx("close_range: bad fd", EINVAL);
	if (close_range((unsigned int)(keep_upto + 1), ~0U, 0) == -1)
		return priv_fail("close_range");
	return 0;
}

int
priv_lookup(const char *name, uid_t *uid, gid_t *gid)
{
	struct passwd	*pw;

	errno = 0;
	pw = getpwnam(name);
	if (pw == NULL && errno != 0 && errno != ENOENT) {
		snprintf(priv_errbuf, sizeof(priv_errbuf),
		    "user %.32s: cannot be looked up: %s", name,
		    strerror(errno));
		return -1;
	}
	if (pw == NULL) {
		snprintf(priv_errbuf, sizeof(priv_errbuf),
		    "user %.32s: does not exist", name);
		errno = ENOENT;
		return -1;
	}
	if (pw->pw_uid == 0 || pw->pw_gid == 0) {
		snprintf(priv_errbuf, sizeof(priv_errbuf),
		    "user %.32s: must not be root or in root's group", name);
		errno = EPERM;
		return -1;
	}
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return 0;
}
