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
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"
#include "shared/caps.h"
#include "shared/landlock.h"
#include "shared/paths.h"

#define OWN_RULES	4		/* of runtime and state files */
#define OPEN_ELSE	1024		/* descriptors that are not for rules */

/*
 * The directories below which files may be read; "" is the root.  They are
 * where files are, by no link: so one lies in another if its path says so.
 */
struct dirs {
	size_t	 n;
	size_t	 room;
	char	**path;
	char	*last;			/* looked up by its name, as it was */
};

static bool
is_beneath(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

/* Takes the path; -1 if it, or what it goes into, could not be had. */
static int
dirs_add(struct dirs *d, char *path)
{
	size_t room = d->room == 0 ? 64 : d->room * 2;
	char **more;

	if (path == NULL)
		return -1;
	/* Most files are beside the one before. */
	if (d->n > 0 && is_beneath(path, d->path[d->n - 1])) {
		free(path);
		return 0;
	}
	if (d->n == d->room) {
		more = reallocarray(d->path, room, sizeof(*more));
		if (more == NULL) {
			free(path);
			return -1;
		}
		d->path = more;
		d->room = room;
	}
	d->path[d->n++] = path;
	return 0;
}

static void
dirs_clear(struct dirs *d)
{
	while (d->n > 0)
		free(d->path[--d->n]);
	free(d->path);
	free(d->last);
}

/* The directory of this absolute path, wherever links on the way lead. */
static int
add_directory_of(struct dirs *d, const char *path)
{
	const char *slash = strrchr(path, '/');
	char real[PATH_MAX], *dir;

	if (slash == NULL)
		return 0;
	dir = strndup(path, (size_t)(slash - path));
	if (dir == NULL)
		return -1;
	if (d->last != NULL && strcmp(dir, d->last) == 0) {
		free(dir);
		return 0;
	}
	free(d->last);
	d->last = dir;
	/* One that does not exist has nothing to read either. */
	if (realpath(dir[0] == '\0' ? "/" : dir, real) == NULL)
		return 0;
	return dirs_add(d, strdup(strcmp(real, "/") == 0 ? "" : real));
}

/* A link to what is not there yet, as resolv.conf may be at boot. */
static int
add_dangling(struct dirs *d, const char *path)
{
	char to[PATH_MAX], real[PATH_MAX];
	const char *slash = strrchr(path, '/');
	ssize_t n;
	size_t at = 0;

	if (slash == NULL)
		return 0;
	n = readlink(path, real, sizeof(real) - 1);
	if (n <= 0)
		return 0;
	real[n] = '\0';
	if (real[0] != '/')
		at = (size_t)(slash - path) + 1;
	if (at + (size_t)n >= sizeof(to))
		return 0;
	memcpy(to, path, at);
	memcpy(to + at, real, (size_t)n + 1);
	return add_directory_of(d, to);
}

/* Where the name is, and where it leads to. */
static int
add_file(struct dirs *d, const char *path)
{
	char real[PATH_MAX];

	if (path == NULL)
		return 0;
	if (realpath(path, real) == NULL)
		return add_directory_of(d, path) == -1 ? -1 :
		    add_dangling(d, path);
	if (strcmp(real, path) != 0 && add_directory_of(d, path) == -1)
		return -1;
	return dirs_add(d, strndup(real,
	    (size_t)(strrchr(real, '/') - real)));
}

static int
collect(struct dirs *d, const struct conf *conf)
{
	const struct conf_file *f;
	const struct conf_peer *peer;

	if (add_file(d, PATH_CONF_FILE) == -1 ||
	    add_directory_of(d, PATH_CONF_DIR "/") == -1 ||
	    add_file(d, PATH_RESOLV_CONF) == -1 ||
	    add_file(d, PATH_HOSTS) == -1 ||
	    add_file(d, conf->path) == -1 || add_file(d, conf->key_file) == -1)
		return -1;
	STAILQ_FOREACH(f, &conf->files, entry)
		if (add_file(d, f->path) == -1)
			return -1;
	TAILQ_FOREACH(peer, &conf->peers, entry)
		if (add_file(d, peer->psk_file) == -1)
			return -1;
	return 0;
}

/* Where in an order of paths: after a directory comes what is in it. */
static int
rank(char c)
{
	return c == '\0' ? 0 : c == '/' ? 1 : 2 + (unsigned char)c;
}

static int
compare(const void *a, const void *b)
{
	const char *s = *(char *const *)a, *t = *(char *const *)b;

	for (; *s == *t && *s != '\0'; s++, t++)
		;
	return rank(*s) - rank(*t);
}

/* A rule is for all beneath: what lies in another directory needs none. */
static void
dirs_reduce(struct dirs *d)
{
	size_t i, n = 0;

	if (d->n > 0)
		qsort(d->path, d->n, sizeof(d->path[0]), compare);
	for (i = 0; i < d->n; i++)
		if (n > 0 && is_beneath(d->path[i], d->path[n - 1]))
			free(d->path[i]);
		else
			d->path[n++] = d->path[i];
	d->n = n;
}

static void
close_rules(const struct landlock_rule *rules, ssize_t n)
{
	ssize_t i;

	for (i = 0; i < n; i++)
		close(rules[i].fd);
}

/* How many were opened; -1 after a line in the log. */
static ssize_t
open_directories(const struct dirs *d, struct landlock_rule *rules)
{
	ssize_t n = 0;
	size_t i;
	int fd;

	for (i = 0; i < d->n; i++) {
		fd = open(d->path[i][0] == '\0' ? "/" : d->path[i],
		    O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd != -1) {
			rules[n].fd = fd;
			rules[n++].may = LANDLOCK_MAY_READ;
		} else if (errno == EMFILE || errno == ENFILE) {
			log_warn("the files of the configuration are in %zu "
			    "directories, and %zd of them can be open at once",
			    d->n, n);
			close_rules(rules, n);
			return -1;
		}
	}
	return n;
}

/* The rules of what is read, and room for OWN_RULES more. */
static ssize_t
read_rules(const struct conf *conf, struct landlock_rule **rules)
{
	struct dirs d = { 0 };
	struct rlimit rl;
	ssize_t n = -1;

	if (collect(&d, conf) == -1 || getrlimit(RLIMIT_NOFILE, &rl) == -1)
		goto out;
	dirs_reduce(&d);
	/* All of them are open at once, and that may be more than is common. */
	if (rl.rlim_cur < d.n + OPEN_ELSE)
		rl.rlim_cur = d.n + OPEN_ELSE;
	if (rl.rlim_cur > rl.rlim_max)
		rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		goto out;
	*rules = calloc(d.n + OWN_RULES, sizeof(**rules));
	if (*rules != NULL)
		n = open_directories(&d, *rules);
out:
	dirs_clear(&d);
	return n;
}

/* Adds what is ours; -1 with errno. */
static int
enter_rules(struct parent *p, struct landlock_rule *rules, size_t n)
{
	int abi;

	rules[n].fd = p->run.run_dir;
	rules[n++].may = LANDLOCK_MAY_REMOVE;
	rules[n].fd = p->run.uapi_dir;
	rules[n++].may = LANDLOCK_MAY_REMOVE;
	if (p->mode == MODE_CONFIGURED) {
		rules[n].fd = p->slots.dir;
		rules[n++].may = LANDLOCK_MAY_READ | LANDLOCK_MAY_WRITE |
		    LANDLOCK_MAY_MAKE | LANDLOCK_MAY_REMOVE;
	}
	if (landlock_only(rules, n, 1, &abi) == -1)
		return -1;
	sandbox_set_landlock(abi);
	return 0;
}

static int
enter_landlock(struct parent *p)
{
	struct landlock_rule own[OWN_RULES], *rules = NULL;
	struct rlimit files;
	ssize_t opened;
	int rc = -1, saved;

	/* An old kernel: capabilities and the filter are left. */
	if (landlock_abi() == -1 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
		sandbox_set_landlock(0);
		return 0;
	}
	if (p->mode == MODE_BARE)
		return enter_rules(p, own, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == -1)
		return -1;
	opened = read_rules(p->conf, &rules);
	if (opened >= 0)
		rc = enter_rules(p, rules, (size_t)opened);
	saved = errno;
	close_rules(rules, opened);
	free(rules);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	errno = saved;
	return rc;
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
