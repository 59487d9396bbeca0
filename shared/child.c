/* SPDX-License-Identifier: ISC */
/*
 * The common life of a child: see child.h.  Everything that can go wrong
 * before READY is fatal: a process that is not in its sandbox does nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/child.h"
#include "shared/codec.h"
#include "shared/landlock.h"
#include "shared/link_show.h"
#include "shared/log.h"
#include "shared/priv.h"

static unsigned long
number(const char *s)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(s, &end, 10);
	if (errno != 0 || end == s || *end != '\0' || v == 0 ||
	    v > UINT32_MAX - 1)
		fatalx("bad number \"%s\"", s);
	return v;
}

static void
drop(const struct child_conf *conf, char **argv)
{
	struct priv_conf p;
	int abi = 0;

	memset(&p, 0, sizeof(p));
	p.uid = (uid_t)number(argv[1]);
	p.gid = (gid_t)number(argv[2]);
	p.chroot = argv[3];
	p.parent = (pid_t)number(argv[4]);
	p.want_netns_empty = conf->empty_netns;
	p.nofile = conf->nofile;
	p.memlock = PRIV_KEEP;
	if (priv_drop(&p) == -1)
		fatalx("cannot drop privileges: %s", priv_error());
	if (landlock_deny_all(&abi) == -1) {
		if (errno != ENOSYS && errno != EOPNOTSUPP)
			fatal("cannot apply Landlock");
		log_warnx("this kernel has no Landlock: chroot and seccomp "
		    "alone keep the file system away");
		abi = 0;
	}
	sandbox_set_landlock(abi);
	if (sandbox_apply(conf->start, 0) == -1)
		fatal("cannot load the system call filter \"%s\"",
		    conf->start->name);
}

/* By limits that an operator may not know of. */
static __attribute__((noreturn)) void
cannot_lock(const struct child_conf *conf)
{
	if (errno == ENOMEM || errno == EPERM || errno == EAGAIN)
		fatalx("cannot lock memory for keys: %s; it needs "
		    "CAP_IPC_LOCK or a limit of locked memory (ulimit -l) of "
		    "%zu kB or more", strerrordesc_np(errno),
		    conf->locked / 1024);
	fatal("cannot lock memory for keys");
}

void
child_begin(void *arg, const struct child_conf *conf, int argc, char **argv)
{
	struct event_config *ec;
	struct child *c = arg;

	if (argc != 5 || geteuid() != 0)
		fatalx("%s is a part of warrend and is started by it",
		    proc_name(conf->self));
	if (priv_close_fds(CHILD_FD) == -1)
		fatal("cannot close inherited descriptors");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);	/* the parent ends us in order */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a write that is too long says so */
	if (conf->prepare != NULL && conf->prepare(arg) == -1)
		cannot_lock(conf);
	c->conf = conf;
	ec = event_config_new();
	if (ec == NULL || event_config_set_flag(ec, EVENT_BASE_FLAG_NOLOCK |
	    EVENT_BASE_FLAG_IGNORE_ENV) == -1 ||
	    (c->base = event_base_new_with_config(ec)) == NULL)
		fatalx("cannot make an event loop");
	event_config_free(ec);
	drop(conf, argv);
	c->host.base = c->base;
	c->host.self = conf->self;
	c->host.phase = PHASE_SETUP;
	c->host.rows = conf->rows;
	c->host.nrows = conf->nrows;
	c->host.arg = arg;
	c->host.helper_lost = conf->lost_helper;
	c->host.parent = &c->parent;
	if (link_open(&c->parent, &c->host, PROC_PARENT, CHILD_FD) == -1)
		fatal("cannot open the link to the parent");
	log_init(proc_name(conf->self), log_sink_link, &c->parent);
}

/* Those that this process talks to; bare mode has no helpers. */
static unsigned
siblings(const struct child *c)
{
	if (c->host.mode == MODE_CONFIGURED)
		return c->conf->siblings;
	return c->conf->siblings & ~PROC_BIT(PROC_RESOLVERD);
}

void
child_check_ready(void *arg)
{
	struct child *c = arg;
	struct sandbox_report report;
	int p;

	if (c->host.phase != PHASE_SETUP || !c->started)
		return;
	for (p = 0; p < PROC_COUNT; p++)
		if ((siblings(c) & PROC_BIT(p)) != 0 &&
		    !link_is_open(&c->sibling[p]))
			return;
	if (c->conf->ready != NULL && !c->conf->ready(arg))
		return;
	if (priv_file_max(c->host.mode == MODE_CONFIGURED ?
	    c->conf->max_file : 0) == -1)
		fatal("cannot limit file sizes");
	if (sandbox_apply(c->conf->run, 1) == -1)
		fatal("cannot load the system call filter \"%s\"",
		    c->conf->run->name);
	if (sandbox_report(&report) == -1)
		fatal("cannot read the state of the sandbox");
	c->host.phase = PHASE_RUN;
	ready_send(&c->parent, &report);
}

int
child_on_startup(void *arg, struct link *l, struct imsg *m)
{
	struct child *c = arg;

	(void)l;
	if (c->started)
		return -1;
	errno = 0;
	if (startup_recv(m, &c->startup) == -1) {
		if (errno == EPROTO)
			fatalx("warrend is of another build than %s; install "
			    "both again", proc_name(c->conf->self));
		return -1;
	}
	c->started = true;
	c->host.mode = c->startup.mode;
	log_setverbose(c->startup.verbose);
	child_check_ready(arg);
	return 0;
}

int
child_on_link_fd(void *arg, struct link *l, struct imsg *m)
{
	struct child *c = arg;
	enum proc p;

	(void)l;
	if (link_fd_recv(m, &p) == -1 ||
	    (c->conf->siblings & PROC_BIT(p)) == 0 ||
	    c->sibling[p].host != NULL)
		return -1;
	if (link_open(&c->sibling[p], &c->host, p, m->fd) == -1)
		fatal("cannot open the link to %s", proc_name(p));
	m->fd = -1;
	if (c->conf->linked != NULL)
		c->conf->linked(arg, p);
	child_check_ready(arg);
	return 0;
}

int
child_on_go(void *arg, struct link *l, struct imsg *m)
{
	struct child *c = arg;

	(void)l;
	(void)m;
	if (c->going)
		return -1;
	c->going = true;
	if (c->conf->go != NULL)
		c->conf->go(arg);
	return 0;
}

int
child_on_log_level(void *arg, struct link *l, struct imsg *m)
{
	bool verbose;

	(void)arg;
	(void)l;
	if (log_level_recv(m, &verbose) == -1)
		return -1;
	log_setverbose(verbose);
	return 0;
}

int
child_on_shutdown(void *arg, struct link *l, struct imsg *m)
{
	(void)l;
	(void)m;
	child_end(arg, 0);
}

void
child_end(void *arg, int status)
{
	struct child *c = arg;

	if (c->conf->stop != NULL)
		c->conf->stop(arg);
	link_flush(&c->parent, 100);
	_exit(status);
}

void
child_imsg_rows(struct child *c, void (*emit)(void *, const struct wbuf *),
    void *arg)
{
	int p;

	link_rows(&c->parent, emit, arg);
	for (p = 0; p < PROC_COUNT; p++)
		link_rows(&c->sibling[p], emit, arg);
}

void
child_show_imsg(struct child *c, struct link *out, uint32_t id)
{
	int p;

	link_show(&c->parent, out, id);
	for (p = 0; p < PROC_COUNT; p++)
		link_show(&c->sibling[p], out, id);
}
