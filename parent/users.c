/* SPDX-License-Identifier: ISC */
/*
 * Looking up users: see users.h.
 */
#include <errno.h>
#include <grp.h>
#include <string.h>

#include "parent/users.h"
#include "shared/log.h"
#include "shared/priv.h"

#define GROUP	"warren"
#define READERS	"warren-read"

static const char *const names[PROC_COUNT] = {
	[PROC_PARENT] = "root",
	[PROC_CRYPTOD] = "_wcrypt",
	[PROC_NETD] = "_wnet",
	[PROC_CTLD] = "_wctl",
	[PROC_RESOLVERD] = "_wres",
};

/* A user that two processes share could trace and signal both. */
static int
check_own(const struct user *user, unsigned procs, int p)
{
	int i;

	for (i = 0; i < p; i++) {
		if (i != PROC_PARENT && (procs & PROC_BIT(i)) == 0)
			continue;
		if (user[i].uid != user[p].uid && user[i].gid != user[p].gid)
			continue;
		log_warnx("users %s and %s have the same uid or group; each "
		    "process needs its own", user[i].name, user[p].name);
		return -1;
	}
	return 0;
}

int
users_find(unsigned procs, struct user user[PROC_COUNT],
    struct groups *groups)
{
	struct group *gr;
	int p;

	memset(&user[PROC_PARENT], 0, sizeof(user[PROC_PARENT]));
	for (p = 0; p < PROC_COUNT; p++) {
		user[p].name = names[p];
		if ((procs & PROC_BIT(p)) == 0)
			continue;
		if (priv_lookup(names[p], &user[p].uid, &user[p].gid) == -1) {
			log_warnx("%s%s", priv_error(), errno != ENOENT ? "" :
			    "; run systemd-sysusers, or make install");
			return -1;
		}
		if (check_own(user, procs, p) == -1)
			return -1;
	}
	errno = 0;
	gr = getgrnam(GROUP);
	if (gr == NULL) {
		log_warnx("group " GROUP ": does not exist; run "
		    "systemd-sysusers, or make install");
		return -1;
	}
	groups->warren = groups->readers = gr->gr_gid;
	gr = getgrnam(READERS);
	if (gr != NULL)
		groups->readers = gr->gr_gid;
	return 0;
}
