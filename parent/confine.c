/* SPDX-License-Identifier: ISC */
/*
 * What the parent keeps when all children run: four capabilities, the files of
 * its configuration, and one filter.  In bare mode it opens nothing any more.
 * In configured mode it reads again, when it is told to, what the configuration
 * that it began with named; Landlock knows the directories of that one only.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <linux/capability.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"
#include "shared/caps.h"
#include "shared/landlock.h"
#include "shared/paths.h"

#define DIRS_MAX	256		/* that are read */
#define OWN_RULES	4		/* of runtime and state files */

/* The directories below which files may be read; "" is the root. */
static struct {
	size_t	 n;
	char	*path[DIRS_MAX];
	bool	 told;			/* that there are too many */
} dirs;

/* The directory of this absolute path, if it is not among them. */
static void
add_directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t i, len;

	if (slash == NULL)
		return;
	len = (size_t)(slash - path);
	for (i = dirs.n; i > 0; i--)
		if (strncmp(dirs.path[i - 1], path, len) == 0 &&
		    dirs.path[i - 1][len] == '\0')
			return;
	if (dirs.n < DIRS_MAX && (dirs.path[dirs.n] = strndup(path, len)) !=
	    NULL) {
		dirs.n++;
		return;
	}
	if (!dirs.told)
		log_warnx("key files in more than %d directories: those in "
		    "%.*s and others cannot be read", DIRS_MAX, (int)len,
		    path);
	dirs.told = true;
}

/* A link to what is not there yet, as resolv.conf may be at boot. */
static void
add_dangling(const char *path)
{
	char to[PATH_MAX], real[PATH_MAX];
	const char *slash = strrchr(path, '/');
	ssize_t n;
	size_t at = 0;

	if (slash == NULL)
		return;
	n = readlink(path, real, sizeof(real) - 1);
	if (n <= 0)
		return;
	real[n] = '\0';
	if (real[0] != '/')
		at = (size_t)(slash - path) + 1;
	if (at + (size_t)n >= sizeof(to))
		return;
	memcpy(to, path, at);
	memcpy(to + at, real, (size_t)n + 1);
	add_directory_of(to);
}

/* Where the name is, and where it leads to. */
static void
add_file(const char *path)
{
	char real[PATH_MAX];

	if (path == NULL)
		return;
	add_directory_of(path);
	if (realpath(path, real) == NULL)
		add_dangling(path);
	else if (strcmp(real, path) != 0)
		add_directory_of(real);
}

static void
collect(const struct conf *conf)
{
	const struct conf_file *f;
	const struct conf_peer *peer;

	add_file(conf->path);
	STAILQ_FOREACH(f, &conf->files, entry)
		add_file(f->path);
	add_file(conf->key_file);
	TAILQ_FOREACH(peer, &conf->peers, entry)
		add_file(peer->psk_file);
	add_file(PATH_CONF_FILE);
	add_file(PATH_CONF_DIR "/");
	add_file(PATH_RESOLV_CONF);
	add_file(PATH_HOSTS);
}

/* One that does not exist has nothing to read either. */
static size_t
open_directories(struct landlock_rule *rules)
{
	size_t i, n = 0;
	int fd;

	for (i = 0; i < dirs.n; i++) {
		fd = open(dirs.path[i][0] == '\0' ? "/" : dirs.path[i],
		    O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd == -1)
			continue;
		rules[n].fd = fd;
		rules[n++].may = LANDLOCK_MAY_READ;
	}
	return n;
}

static int
enter_landlock(struct parent *p)
{
	struct landlock_rule rules[DIRS_MAX + OWN_RULES];
	size_t i, opened = 0, n;
	int abi = 0, rc, saved;

	if (p->mode == MODE_CONFIGURED) {
		collect(p->conf);
		opened = open_directories(rules);
	}
	n = opened;
	rules[n].fd = p->run.run_dir;
	rules[n++].may = LANDLOCK_MAY_REMOVE;
	rules[n].fd = p->run.uapi_dir;
	rules[n++].may = LANDLOCK_MAY_REMOVE;
	if (p->mode == MODE_CONFIGURED) {
		rules[n].fd = p->slots.dir;
		rules[n++].may = LANDLOCK_MAY_READ | LANDLOCK_MAY_WRITE |
		    LANDLOCK_MAY_MAKE | LANDLOCK_MAY_REMOVE;
	}
	rc = landlock_only(rules, n, 1, &abi);
	saved = errno;
	for (i = 0; i < opened; i++)
		close(rules[i].fd);
	errno = saved;
	/* An old kernel: capabilities and the filter are left. */
	if (rc == -1 && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	sandbox_set_landlock(abi);
	return 0;
}

int
confine(struct parent *p)
{
	static const int keep[] = { CAP_KILL, CAP_NET_ADMIN,
	    CAP_NET_BIND_SERVICE, CAP_NET_BROADCAST };
	const struct sandbox_table *table = p->mode == MODE_CONFIGURED ?
	    &parent_run_configured : &parent_run;
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1) {
		log_warn("cannot limit the parent");
		return -1;
	}
	if (caps_keep(keep, sizeof(keep) / sizeof(keep[0])) == -1) {
		log_warn("cannot keep CAP_KILL, CAP_NET_ADMIN, "
		    "CAP_NET_BIND_SERVICE and CAP_NET_BROADCAST alone");
		return -1;
	}
	/* uid 0 owns the whole file system, capabilities or not. */
	if (enter_landlock(p) == -1) {
		log_warn("cannot apply Landlock");
		return -1;
	}
	if (sandbox_apply(table, 1) == -1 ||
	    sandbox_report(&p->report) == -1) {
		log_warn("cannot load the system call filter \"%s\"",
		    table->name);
		return -1;
	}
	return 0;
}
