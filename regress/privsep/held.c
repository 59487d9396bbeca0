/* SPDX-License-Identifier: ISC */
/*
 * Processes that are held as warren's are: see held.h.  What is repeated here
 * of each (user, filters, namespace) is asked of running ones by syscalls.sh
 * and configured.sh.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"
#include "regress/privsep/held.h"
#include "regress/unit/unit.h"
#include "shared/child.h"
#include "shared/landlock.h"

#define NOFILE		32
#define FILE_MAX	(1 << 20)
#define PATHS		4

extern const struct sandbox_table cryptod_start, cryptod_run;
extern const struct sandbox_table netd_start, netd_run;
extern const struct sandbox_table ctld_start, ctld_run;
extern const struct sandbox_table resolverd_start, resolverd_run;

#define CONFIGURED	MODE_CONFIGURED

const struct held held[HELD] = {
	{ "cryptod before READY", PROC_CRYPTOD, CONFIGURED, "_wcrypt", true,
	    &cryptod_start, NULL },
	{ "cryptod", PROC_CRYPTOD, CONFIGURED, "_wcrypt", true,
	    &cryptod_start, &cryptod_run },
	{ "netd before READY", PROC_NETD, CONFIGURED, "_wnet", false,
	    &netd_start, NULL },
	{ "netd", PROC_NETD, CONFIGURED, "_wnet", false,
	    &netd_start, &netd_run },
	{ "ctld before READY", PROC_CTLD, CONFIGURED, "_wctl", false,
	    &ctld_start, NULL },
	{ "ctld", PROC_CTLD, CONFIGURED, "_wctl", false,
	    &ctld_start, &ctld_run },
	{ "parent", PROC_PARENT, MODE_BARE, NULL, false,
	    NULL, &parent_run },
	{ "parent of a configuration", PROC_PARENT, CONFIGURED, NULL, false,
	    NULL, &parent_run_configured },
	{ "resolverd before READY", PROC_RESOLVERD, CONFIGURED, "_wres", true,
	    &resolverd_start, NULL },
	{ "resolverd", PROC_RESOLVERD, CONFIGURED, "_wres", true,
	    &resolverd_start, &resolverd_run },
};

/* --- the world */

static char	 base[64];		/* of the directories */

static const char *const dirs[] = { "empty", "conf", "keys", "state",
    "state/dir", "run", "run/dir", "uapi", "out", "out/dir" };
static const char *const files[] = { "conf/warren.conf", "keys/a.key",
    "state/key", "state/.key.new", "state/of-another", "run/x.sock",
    "uapi/x.sock", "out/secret" };

const char *
world(const char *name)
{
	static char path[PATHS][128];
	static unsigned turn;
	char *p = path[turn++ % PATHS];

	snprintf(p, sizeof(path[0]), "%s/%s", base, name);
	return p;
}

unsigned world_key_dirs;

/* Beside each other, in each other, and of names that sort between those. */
const char *
world_key(unsigned i)
{
	static const char *const in[] = { "", "/in", "-" };
	static char name[64];

	snprintf(name, sizeof(name), "many/%u%s/a.psk", i / 3, in[i % 3]);
	return name;
}

static void
make_key_dirs(void)
{
	char name[64];
	unsigned i;
	int fd;

	(void)!mkdir(world("many"), 0755);
	for (i = 0; i < world_key_dirs; i++) {
		strlcpy(name, world_key(i), sizeof(name));
		*strrchr(name, '/') = '\0';
		ck_assert_int_eq(mkdir(world(name), 0755), 0);
		fd = open(world(world_key(i)), O_WRONLY | O_CREAT | O_CLOEXEC,
		    0600);
		ck_assert_int_ne(fd, -1);
		close(fd);
	}
}

void
world_fill(void)
{
	struct passwd *pw = getpwnam("_wnet");
	size_t i;
	int fd;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		(void)!mkdir(world(dirs[i]), 0755);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fd = open(world(files[i]), O_WRONLY | O_CREAT | O_CLOEXEC,
		    0600);
		ck_assert_int_ne(fd, -1);
		close(fd);
	}
	(void)!unlink(world("state/new"));
	(void)!symlink("../keys/a.key", world("conf/in"));
	(void)!symlink("../out/secret", world("conf/to-out"));
	ck_assert_ptr_nonnull(pw);
	ck_assert_int_eq(chown(world("state/of-another"), pw->pw_uid, 0), 0);
}

void
world_new(void)
{
	const char *dir = getenv("TESTDIR");

	snprintf(base, sizeof(base), "%.32s/warren-held.XXXXXX",
	    dir != NULL && strlen(dir) < 32 ? dir : "/tmp");
	if (mkdtemp(base) == NULL)
		base[0] = '\0';
}

static int
remove_it(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void
world_end(void)
{
	if (base[0] != '\0')
		nftw(base, remove_it, 8, FTW_DEPTH | FTW_PHYS);
}

bool
has_landlock(void)
{
	return landlock_abi() > 0;
}

/* --- how they are held */

/* Never read by these tests: it is there to be a process's link. */
static int		 link_fds[2];
static struct parent	 parent;

/* What the other side learns beside the exit status. */
static struct {
	bool	 held;
	int	 error;			/* of fn; 0: it went well */
} *told;

int
world_state(void)
{
	return parent.slots.dir;
}

static __attribute__((noreturn)) void
cannot(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

static char *
number(long n)
{
	char *s;

	if (asprintf(&s, "%ld", n) == -1)
		cannot("memory");
	return s;
}

static void
be_child(const struct held *h)
{
	static char name[] = "held";
	static struct child_conf conf;
	static struct child child;
	struct passwd *pw = getpwnam(h->user);
	char *argv[6] = { name };

	if (pw == NULL)
		cannot(h->user);
	argv[1] = number((long)pw->pw_uid);
	argv[2] = number((long)pw->pw_gid);
	argv[3] = strdup(world("empty"));
	argv[4] = number((long)getppid());
	conf.self = h->proc;
	conf.start = h->first;
	conf.run = h->last;
	conf.empty_netns = h->own_net;
	conf.nofile = NOFILE;
	conf.max_file = h->proc == PROC_CRYPTOD ? FILE_MAX : 0;
	if (dup2(link_fds[1], CHILD_FD) == -1)
		cannot("dup2");
	child_begin(&child, &conf, 5, argv);
	if (h->last == NULL)
		return;
	child.started = true;
	child.host.mode = h->mode;
	child_check_ready(&child);
	if (child.host.phase != PHASE_RUN)
		cannot("not ready");
}

static int
directory(const char *name)
{
	int fd = open(world(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		cannot(name);
	return fd;
}

static void
be_parent(const struct held *h)
{
	static struct conf conf;
	struct conf_peer *peer;
	unsigned i;

	STAILQ_INIT(&conf.files);
	TAILQ_INIT(&conf.peers);
	conf.path = strdup(world("conf/warren.conf"));
	conf.key_file = strdup(world("keys/a.key"));
	for (i = 0; i < world_key_dirs; i++) {
		peer = calloc(1, sizeof(*peer));
		if (peer == NULL)
			cannot("memory");
		peer->psk_file = strdup(world(world_key(i)));
		TAILQ_INSERT_TAIL(&conf.peers, peer, entry);
	}
	parent.mode = h->mode;
	parent.conf = h->mode == MODE_CONFIGURED ? &conf : NULL;
	parent.run.run_dir = directory("run");
	parent.run.uapi_dir = directory("uapi");
	parent.slots.dir = h->mode == MODE_CONFIGURED ? directory("state") : -1;
	if (confine(&parent) == -1)
		cannot("confine");
}

static __attribute__((noreturn)) void
be_held(const struct held *h, long (*fn)(const void *), const void *arg)
{
	long r;

	signal(SIGSYS, SIG_DFL);
	if (h->user != NULL)
		be_child(h);
	else
		be_parent(h);
	told->held = true;
	errno = 0;
	r = fn(arg);
	told->error = r == -1 ? errno : 0;
	_exit(0);
}

static void
prepare(void)
{
	if (told != NULL)
		return;
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(told, MAP_FAILED);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, link_fds), 0);
	ck_assert_msg(base[0] != '\0', "no directory for the test");
	world_fill();
	make_key_dirs();
}

enum verdict
held_ask(const struct held *h, const char *what, long (*fn)(const void *),
    const void *arg, int *err)
{
	int status;
	pid_t pid;

	prepare();
	told->held = false;
	told->error = 0;
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		be_held(h, fn, arg);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(told->held, "%s: %s: it cannot be held: wait status "
	    "%04x", h->name, what, (unsigned)status);
	*err = told->error;
	if (WIFSIGNALED(status)) {
		ck_assert_msg(WTERMSIG(status) == SIGSYS ||
		    WTERMSIG(status) == SIGSEGV, "%s in %s: signal %d", what,
		    h->name, WTERMSIG(status));
		return WTERMSIG(status) == SIGSYS ? DEAD : CRASHED;
	}
	if (WEXITSTATUS(status) == SANDBOX_DEBUG_EXIT)
		return DEAD;
	ck_assert_msg(WEXITSTATUS(status) == 0, "%s in %s: exit status %d",
	    what, h->name, WEXITSTATUS(status));
	return *err == 0 ? PASSED : FAILED;
}
