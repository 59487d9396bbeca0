/* SPDX-License-Identifier: ISC */
/*
 * landlock(7) by the bare system calls; libc has no wrappers.
 */

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/landlock.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "landlock.h"

/*
 * Compatibility: the headers of Debian 12 may be older than the ABI that we
 * use, so the attribute is ours (an old kernel gets a smaller size of it) and
 * missing names are given here.
 */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset	444
#define SYS_landlock_add_rule		445
#define SYS_landlock_restrict_self	446
#endif
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER	(1ULL << 13)	/* ABI 2 */
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE	(1ULL << 14)	/* ABI 3 */
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV	(1ULL << 15)	/* ABI 5 */
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP	(1ULL << 0)	/* ABI 4 */
#define LANDLOCK_ACCESS_NET_CONNECT_TCP	(1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET	(1ULL << 0)	/* ABI 6 */
#define LANDLOCK_SCOPE_SIGNAL			(1ULL << 1)
#endif

struct landlock_attr {
	uint64_t	handled_access_fs;
	uint64_t	handled_access_net;	/* ABI 4 */
	uint64_t	scoped;			/* ABI 6 */
};

/* How much of the attribute each ABI knows. */
#define ATTR_SIZE_1	8
#define ATTR_SIZE_4	16
#define ATTR_SIZE_6	24

/* The rights of directories, which no rule about a file may name. */
#define OF_FILES						\
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |	\
	LANDLOCK_ACCESS_FS_TRUNCATE)

int
landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

/* All that the ABI can deny.  Returns the size of attribute to pass. */
static size_t
landlock_fill(struct landlock_attr *attr, int abi)
{
	size_t	size = ATTR_SIZE_1;

	memset(attr, 0, sizeof(*attr));
	/* ABI 1: EXECUTE (bit 0) to MAKE_SYM (bit 12). */
	attr->handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	if (abi >= 2)
		attr->handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		attr->handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 4) {
		attr->handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP |
		    LANDLOCK_ACCESS_NET_CONNECT_TCP;
		size = ATTR_SIZE_4;
	}
	if (abi >= 5)
		attr->handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	if (abi >= 6) {
		attr->scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET |
		    LANDLOCK_SCOPE_SIGNAL;
		size = ATTR_SIZE_6;
	}
	/* ABI 7 is about what is logged; the defaults are right for us. */
	return size;
}

/* From our words to the kernel's. */
static uint64_t
landlock_access(unsigned may)
{
	uint64_t	access = 0;

	if ((may & LANDLOCK_MAY_READ) != 0)
		access |= LANDLOCK_ACCESS_FS_READ_FILE;
	if ((may & LANDLOCK_MAY_WRITE) != 0)
		access |= LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_TRUNCATE;
	/* Within one directory a rename is no more than these two. */
	if ((may & LANDLOCK_MAY_MAKE) != 0)
		access |= LANDLOCK_ACCESS_FS_MAKE_REG;
	if ((may & LANDLOCK_MAY_REMOVE) != 0)
		access |= LANDLOCK_ACCESS_FS_REMOVE_FILE;
	return access;
}

static int
landlock_add_rule(int ruleset, const struct landlock_rule *rule,
    uint64_t handled)
{
	struct landlock_path_beneath_attr	path;
	struct stat				st;

	if (fstat(rule->fd, &st) == -1)
		return -1;
	memset(&path, 0, sizeof(path));
	path.allowed_access = landlock_access(rule->may) & handled;
	if (!S_ISDIR(st.st_mode))
		path.allowed_access &= OF_FILES;
	path.parent_fd = rule->fd;
	return (int)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &path, 0);
}

static int
landlock_enter(int ruleset, const struct landlock_rule *rules, size_t n,
    uint64_t handled)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (landlock_add_rule(ruleset, &rules[i], handled) == -1)
			return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}

int
landlock_only(const struct landlock_rule *rules, size_t n, int signals,
    int *abi_out)
{
	struct landlock_attr	attr;
	size_t			size;
	int			abi, rc, ruleset, saved;

	if (abi_out != NULL)
		*abi_out = 0;
	abi = landlock_abi();
	if (abi == -1)
		return -1;
	if (abi > LANDLOCK_ABI_OURS)
		abi = LANDLOCK_ABI_OURS;
	size = landlock_fill(&attr, abi);
	if (signals)
		attr.scoped &= ~LANDLOCK_SCOPE_SIGNAL;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset == -1)
		return -1;
	rc = landlock_enter(ruleset, rules, n, attr.handled_access_fs);
	saved = errno;
	close(ruleset);
	errno = saved;
	if (rc == 0 && abi_out != NULL)
		*abi_out = abi;
	return rc;
}

int
landlock_deny_all(int *abi)
{
	return landlock_only(NULL, 0, 0, abi);
}
