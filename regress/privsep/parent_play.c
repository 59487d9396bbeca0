/* SPDX-License-Identifier: ISC */
/*
 * The world of the parent: see parent_play.h.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/netlink.h"
#include "regress/privsep/parent_play.h"
#include "regress/unit/unit.h"
#include "shared/msg_conf.h"
#include "shared/row.h"

#define PID(p)		(0x40000000 + (pid_t)(p))	/* no process's */
#define USER		4000		/* and more: of the children */

struct world world;
static char dir[] = "/tmp/warren-parent-XXXXXX";

/* --- the rest of the parent */

pid_t
spawn(enum proc proc, const char *instance, uid_t uid, gid_t gid, int fd,
    int *errfd)
{
	struct played *c = &world.child[proc];
	int err[2];

	ck_assert_str_eq(instance, "w0");
	ck_assert(uid == (uid_t)USER + proc && gid == (gid_t)USER + proc);
	ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	ck_assert_int_ne(fd, -1);
	imsg_init(&c->chan, fd);
	world.k.link[proc] = fd;
	c->started = c->alive = true;
	c->err = err[1];
	*errfd = err[0];
	return PID(proc);
}

int
spawn_stderr_open(struct spawn_stderr *s, struct event_base *base, int fd)
{
	(void)base;
	s->fd = fd;
	return 0;
}

void
spawn_stderr_drain(struct spawn_stderr *s)
{
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}

/* Signals to the children; what it ends is told as the kernel does. */
int
kill(pid_t pid, int sig)
{
	struct played *c = &world.child[pid - PID(0)];

	if (pid < PID(0) || pid >= PID(PROC_COUNT))
		return (int)syscall(SYS_kill, pid, sig);
	/* Another process has this number by now. */
	ck_assert_msg(!c->reaped, "a signal to who was reaped");
	c->killed = sig;
	if (c->alive)
		world_die((enum proc)(pid - PID(0)), sig);
	return 0;
}

pid_t
wait4(pid_t pid, int *status, int options, struct rusage *ru)
{
	struct played *c;
	int i;

	ck_assert(pid == -1 && options == WNOHANG && ru == NULL);
	for (i = 0; i < PROC_COUNT; i++) {
		c = &world.child[i];
		if (!c->started || c->alive || c->reaped)
			continue;
		c->reaped = true;
		*status = c->status;
		return PID(i);
	}
	return 0;
}

int
nl_open_routes(void)
{
	return kid_fd(FD_NETLINK);
}

int
confine(struct parent *p)
{
	(void)p;
	return 0;
}

int
daemon_ready(struct daemon *d)
{
	(void)d;
	return 0;
}

void
notify_ready(const struct notify *n, const char *status)
{
	(void)n;
	(void)status;
}

#define NOTHING(name, type)						\
void									\
name(type *arg)								\
{									\
	(void)arg;							\
}
NOTHING(notify_reloading, const struct notify)
NOTHING(notify_stopping, const struct notify)
NOTHING(follow_refresh, struct follow)
NOTHING(follow_close, struct follow)
NOTHING(sockets_begin, struct parent)
NOTHING(sockets_commit, struct parent)
NOTHING(sockets_abort, struct parent)
NOTHING(dns_refresh, struct parent)
NOTHING(dns_wanted, struct parent)
NOTHING(kernel_commit, struct kernel)
NOTHING(kernel_abort, struct kernel)

int
sockets_listen(struct parent *p, uint16_t port)
{
	(void)p;
	(void)port;
	return EADDRINUSE;
}

int
sockets_mark(struct parent *p, uint32_t mark)
{
	(void)p;
	(void)mark;
	return 0;
}

int
sockets_prepare(struct parent *p, const struct conf *conf, char *why,
    size_t size)
{
	(void)p;
	(void)conf;
	(void)why;
	(void)size;
	return 0;
}

int
kernel_prepare(struct kernel *k, const struct conf *conf,
    char why[KERNEL_WHY])
{
	(void)k;
	(void)conf;
	(void)why;
	return 0;
}

#define NONE(name)							\
uint64_t								\
name(const struct kernel *k)						\
{									\
	(void)k;							\
	return 0;							\
}
NONE(kernel_lost)
NONE(kernel_overruns)

bool
kernel_row(const struct kernel *k, size_t *at,
    void (*fn)(void *, const void *, size_t), void *arg)
{
	(void)k;
	fn(arg, "\0", 2);
	return ++*at < 1000;
}

void
kernel_problems(const struct kernel *k,
    void (*fn)(void *, const char *, const char *), void *arg)
{
	(void)k;
	(void)fn;
	(void)arg;
}

const char *
tunfilter_problem(const struct tunfilter *f)
{
	(void)f;
	return NULL;
}

/* --- the children */

void
world_die(enum proc proc, int status)
{
	struct played *c = &world.child[proc];

	ck_assert(c->alive);
	c->alive = false;
	c->status = status;
	world_close(proc);
	close(c->err);
	/* It is blocked, and waits for the signalfd. */
	raise(SIGCHLD);
}

void
world_close(enum proc proc)
{
	struct played *c = &world.child[proc];

	imsg_clear(&c->chan);
	world.k.link[proc] = -1;
}

void
world_say(enum proc from, uint16_t type, const void *data, size_t len)
{
	ck_assert_int_eq(kid_say(&world.k, from, type, data, len, NULL, 0),
	    0);
}

static void
hear_row(struct played *c, const struct imsg *m)
{
	const struct row_field *advice;
	struct row row;

	if (row_parse(&row, m->data, m->len) == -1)
		return;
	advice = row_get(&row, "advice");
	if (advice != NULL)
		snprintf(c->advice, sizeof(c->advice), "%s", advice->str);
}

/* A child of good will. */
static void
hear(enum proc proc, const struct imsg *m)
{
	static const uint8_t none[16];
	struct played *c = &world.child[proc];

	c->heard++;
	c->late += c->shutdowns > 0;
	world.k.id = m->id;
	switch (m->type) {
	case MSG_GO:
		c->gos++;
		break;
	case MSG_SHUTDOWN:
		c->shutdowns++;
		if (!c->mute)
			world_die(proc, 0);
		break;
	case MSG_CONF_END:
		world_say(proc, MSG_CONF_READY, NULL, 0);
		break;
	case MSG_CONF_COMMIT:
		world_say(proc, MSG_CONF_DONE, none, sizeof(none));
		break;
	case MSG_HELPER_SHOW:
		world_say(proc, MSG_HELPER_SHOW_END, NULL, 0);
		break;
	case MSG_ROW:
		hear_row(c, m);
		break;
	case MSG_SHOW_END:
		c->ends++;
		break;
	}
	world.k.id = 0;
}

/* One message of each who listens; false: there was none. */
static bool
hear_all(void)
{
	bool any = false;
	struct played *c;
	struct imsg m;
	int i;

	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++) {
		c = &world.child[i];
		if (!c->alive || c->deaf || c->chan.fd == -1 ||
		    imsg_recv(&c->chan, &m) != 1)
			continue;
		any = true;
		if (m.fd != -1)
			close(m.fd);
		hear((enum proc)i, &m);
	}
	return any;
}

void
world_turn(void)
{
	int quiet;

	for (quiet = 0; quiet < 3; quiet++) {
		event_base_loop(world.p.base, EVLOOP_NONBLOCK);
		while (hear_all())
			quiet = 0;
	}
}

bool
world_wait(int ms)
{
	long end = kid_ms() + ms;
	bool living;
	int i;

	do {
		world_turn();
		living = world.p.state != SUITE_ENDING;
		for (i = 0; i < PROC_COUNT; i++)
			living = living || world.p.member[i].pid != 0;
		if (!living)
			return true;
		usleep(1000);
	} while (kid_ms() < end);
	return false;
}

/* --- all of it */

static void
keep(void *arg, int level, const char *text)
{
	size_t n = strlen(text);

	(void)arg;
	(void)level;
	world.lines++;
	if (world.len + n + 2 > sizeof(world.log))
		return;
	memcpy(world.log + world.len, text, n);
	world.len += n;
	world.log[world.len++] = '\n';
}

int
world_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

void
world_no_files(void)
{
	static const char *const names[] = { "/key", "/conf",
	    "/state/w0/sessions", "/state/w0/.sessions.new", "/state/w0",
	    "/state", "" };
	char path[64];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, names[i]);
		(void)remove(path);
	}
}

static void
write_file(const char *name, const char *text)
{
	char path[64];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fp = fopen(path, "w");
	ck_assert_ptr_nonnull(fp);
	ck_assert_int_eq(fchmod(fileno(fp), 0600), 0);
	ck_assert_int_ne(fputs(text, fp), EOF);
	ck_assert_int_eq(fclose(fp), 0);
}

void
world_files(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	write_file("key", "QFt+kmZsX8MWxGNyMHpZPuFsVtpxRNN45xS8nLDzcE8=\n");
	write_file("conf", "interface w0 {\n\taddress 10.66.0.1/24\n"
	    "\tprivate-key file \"key\"\n}\n"
	    "peer \"x\" {\n\tpublic-key "
	    "\"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\"\n"
	    "\tallowed-ips 10.66.0.2/32\n}\n");
}

static void
configure(struct parent *p)
{
	struct conf_errors errors;
	bool denied = false;
	char path[64];

	snprintf(path, sizeof(path), "%s/conf", dir);
	p->conf_path = strdup(path);
	memset(&errors, 0, sizeof(errors));
	p->conf = conf_read(p->conf_path, reload_open, &denied, &errors);
	ck_assert_msg(p->conf != NULL, "%s", errors.kept > 0 ?
	    errors.line[0] : "?");
	conf_errors_clear(&errors);
	snprintf(path, sizeof(path), "%s/state", dir);
	ck_assert_int_eq(slots_open(&p->slots, path, "w0"), 0);
	ck_assert_int_eq(reload_init(&p->reload, p), 0);
}

static void
make_parent(struct parent *p, enum mode mode)
{
	int i;

	p->instance = p->ifname = "w0";
	p->mode = mode;
	p->foreground = true;
	p->procs = PROC_BIT(PROC_CRYPTOD) | PROC_BIT(PROC_NETD) |
	    PROC_BIT(PROC_CTLD);
	if (mode == MODE_CONFIGURED)
		p->procs |= PROC_BIT(PROC_RESOLVERD);
	p->base = event_base_new();
	p->host.base = p->base;
	p->host.self = PROC_PARENT;
	p->host.phase = PHASE_SETUP;
	p->host.mode = mode;
	p->host.rows = parent_rows;
	p->host.nrows = parent_nrows;
	p->host.arg = p;
	p->host.lost = suite_lost;
	for (i = 0; i < PROC_COUNT; i++) {
		p->member[i].parent = p;
		p->member[i].proc = (enum proc)i;
		p->member[i].link.chan.fd = p->member[i].err.fd = -1;
		p->user[i].name = "nobody";
		p->user[i].uid = (uid_t)USER + (uid_t)i;
		p->user[i].gid = (gid_t)USER + (gid_t)i;
	}
	p->run.uapi_fd = kid_fd(FD_LISTENER);
	p->run.control_fd = kid_fd(FD_LISTENER);
	p->run.read_fd = p->run.metrics_fd = -1;
	if (mode == MODE_BARE)
		return;
	p->run.read_fd = kid_fd(FD_LISTENER);
	p->run.metrics_fd = kid_fd(FD_LISTENER);
	/* Never looked into: those who would are played. */
	p->kernel = (struct kernel *)(void *)dir;
	configure(p);
}

void
world_start(enum mode mode)
{
	int i, tun;

	memset(&world, 0, sizeof(world));
	world.fds = world_fds();
	kid_mode = mode;
	world.k.proc = PROC_PARENT;
	for (i = 0; i < PROC_COUNT; i++)
		world.k.link[i] = world.child[i].chan.fd = -1;
	log_init("warrend", keep, NULL);
	log_setverbose(0);
	ck_assert_int_eq(suite_hold_signals(&world.p), 0);
	make_parent(&world.p, mode);
	tun = kid_fd(FD_FILE);
	ck_assert_int_eq(suite_start(&world.p, tun), 0);
	close(tun);
	world_turn();
}

void
world_peers(unsigned n)
{
	struct conf *conf = world.p.conf;
	struct conf_peer *peer;

	for (; n > 0; n--) {
		peer = calloc(1, sizeof(*peer));
		ck_assert_ptr_nonnull(peer);
		snprintf(peer->name, sizeof(peer->name), "peer%u", n);
		TAILQ_INSERT_TAIL(&conf->peers, peer, entry);
		conf->npeers++;
	}
}

void
world_report(enum proc proc, struct sandbox_report *r)
{
	memset(r, 0, sizeof(*r));
	r->seccomp_mode = 2;
	r->no_new_privs = 1;
	r->closed = 1;
	r->euid = (uid_t)USER + proc;
	r->egid = (gid_t)USER + proc;
}

size_t
world_ready_bytes(const struct sandbox_report *r, uint8_t *data, size_t size)
{
	struct link_host host = { .self = PROC_NETD };
	struct link l;
	uint8_t msg[MSG_HEADER + 128];
	ssize_t n;
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	memset(&l, 0, sizeof(l));
	l.host = &host;
	imsg_init(&l.chan, fd[0]);
	ready_send(&l, r);
	n = recv(fd[1], msg, sizeof(msg), 0);
	ck_assert(n > MSG_HEADER && (size_t)n <= size + MSG_HEADER);
	memcpy(data, msg + MSG_HEADER, (size_t)n - MSG_HEADER);
	imsg_clear(&l.chan);
	close(fd[1]);
	return (size_t)n - MSG_HEADER;
}

void
world_ready(enum proc but)
{
	struct sandbox_report r;
	uint8_t data[128];
	size_t len;
	int i;

	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++) {
		if (!world.child[i].alive || i == (int)but)
			continue;
		world_report((enum proc)i, &r);
		len = world_ready_bytes(&r, data, sizeof(data));
		world_say((enum proc)i, MSG_READY, data, len);
	}
	world_turn();
}

void
world_run(enum mode mode)
{
	world_start(mode);
	world_ready(PROC_PARENT);
	ck_assert_msg(world.p.state == SUITE_RUNNING && world.p.started,
	    "it does not run: %s", world.log);
}

bool
world_answers(void)
{
	static const uint8_t topic = SHOW_PROCESSES;
	unsigned ends = world.child[PROC_CTLD].ends;

	world_say(PROC_CTLD, MSG_SHOW, &topic, 1);
	world_turn();
	return world.child[PROC_CTLD].ends == ends + 1;
}

void
world_end(void)
{
	struct parent *p = &world.p;
	struct played *c;
	struct member *m;
	int i;

	for (i = 0; i < PROC_COUNT; i++) {
		c = &world.child[i];
		m = &p->member[i];
		imsg_clear(&c->chan);
		if (c->alive)
			close(c->err);
		if (!c->started)
			continue;
		link_close(&m->link);
		spawn_stderr_drain(&m->err);
		event_free(m->doom);
	}
	for (i = 0; i < HELPER_SHOWS; i++)
		if (p->helper[i].timer != NULL)
			event_free(p->helper[i].timer);
	reload_clear(&p->reload);
	if (p->mode == MODE_CONFIGURED)
		slots_close(&p->slots);
	conf_free(p->conf);
	free(p->conf_path);
	event_free(p->signals);
	event_free(p->timer);
	close(p->signal_fd);
	event_base_free(p->base);
	ck_assert_msg(world_fds() == world.fds, "%d descriptors were open, "
	    "%d are", world.fds, world_fds());
}
