/* SPDX-License-Identifier: ISC */
/*
 * The start of the children: each is spawned and gets what makes it what it
 * is, and when the last one has said what the kernel has taken from it, the
 * parent closes its own sandbox and says GO.
 */
#include <sys/socket.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"
#include "parent/suite.h"
#include "shared/clock.h"
#include "shared/passrights.h"
#include "shared/version.h"

/* Bits of PROC_BIT() that have a link between them. */
static const unsigned siblings[PROC_COUNT] = {
	[PROC_CRYPTOD] = PROC_BIT(PROC_NETD) | PROC_BIT(PROC_CTLD),
	[PROC_NETD] = PROC_BIT(PROC_CRYPTOD) | PROC_BIT(PROC_CTLD) |
	    PROC_BIT(PROC_RESOLVERD),
	[PROC_CTLD] = PROC_BIT(PROC_CRYPTOD) | PROC_BIT(PROC_NETD),
	[PROC_RESOLVERD] = PROC_BIT(PROC_NETD),
};

/*
 * The ends of a and of b.  To one that needs no descriptor none can be sent,
 * where the kernel knows how.
 */
static int
link_pair(enum proc a, enum proc b, int fd[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, fd) == -1)
		return -1;
	if (!msg_brings_fd(b, a))
		(void)passrights_off(fd[0]);
	if (!msg_brings_fd(a, b))
		(void)passrights_off(fd[1]);
	return 0;
}

static void
on_line(void *arg, const char *text, size_t len)
{
	parent_relay(arg, LOG_LEVEL_WARN, text, len);
}

/* A child has read all that waited. */
static void
on_drained(void *arg, struct link *l)
{
	struct parent *p = arg;

	if (p->mode == MODE_BARE)
		return;
	reload_drained(p, l);
	if (l->peer == PROC_CTLD)
		parent_show_more(p);
}

static int
start_member(struct parent *p, enum proc i)
{
	struct member *m = &p->member[i];
	int err, fd[2];

	if (link_pair(PROC_PARENT, i, fd) == -1)
		return -1;
	m->pid = spawn(i, p->instance, p->user[i].uid, p->user[i].gid, fd[1],
	    &err);
	close(fd[1]);
	if (m->pid == -1) {
		m->pid = 0;
		close(fd[0]);
		return -1;
	}
	m->since = clock_boottime();
	m->doom = suite_doom_event(m);
	m->err.line = on_line;
	m->err.arg = m;
	if (link_open(&m->link, &p->host, i, fd[0]) == -1 || m->doom == NULL)
		return -1;
	m->link.drained = on_drained;
	return spawn_stderr_open(&m->err, p->base, err);
}

/* A link for each two siblings: an end to either, none to us. */
static int
give_links(struct parent *p)
{
	struct member *a = NULL, *b;
	int fd[2];

	while ((a = suite_next(p, a)) != NULL)
		for (b = suite_next(p, a); b != NULL; b = suite_next(p, b)) {
			if ((siblings[a->proc] & PROC_BIT(b->proc)) == 0)
				continue;
			if (link_pair(a->proc, b->proc, fd) == -1)
				return -1;
			link_fd_send(&a->link, b->proc, fd[0]);
			link_fd_send(&b->link, a->proc, fd[1]);
		}
	return 0;
}

/* A doorbell in each direction between cryptod and netd. */
static int
give_bells(struct parent *p)
{
	struct link *c = &p->member[PROC_CRYPTOD].link;
	struct link *n = &p->member[PROC_NETD].link;
	int fd[2];

	if (pipe2(fd, O_NONBLOCK | O_CLOEXEC) == -1)
		return -1;
	bell_fd_send(c, BELL_HEAR, 0, fd[0]);
	bell_fd_send(n, BELL_RING, 0, fd[1]);
	if (pipe2(fd, O_NONBLOCK | O_CLOEXEC) == -1)
		return -1;
	bell_fd_send(n, BELL_HEAR, 0, fd[0]);
	bell_fd_send(c, BELL_RING, 0, fd[1]);
	return 0;
}

/* The fds that make each child what it is; link_send() closes ours. */
static int
give_fds(struct parent *p, int tun)
{
	struct link *cryptod = &p->member[PROC_CRYPTOD].link;
	struct link *ctld = &p->member[PROC_CTLD].link;
	struct runtime *r = &p->run;
	uint16_t i;
	int route;

	tun = fcntl(tun, F_DUPFD_CLOEXEC, 0);
	if (tun == -1)
		return -1;
	for (i = TUN_QUEUES - 1; i > 0; i--)
		if (p->queue[i] != 0)
			tun_fd_send(cryptod, i, p->queue[i]);
	tun_fd_send(cryptod, 0, tun);
	route = nl_open_routes();
	if (route == -1)
		return -1;
	route_fd_send(&p->member[PROC_NETD].link, route);
	listener_fd_send(ctld, LISTENER_UAPI, r->uapi_fd);
	listener_fd_send(ctld, LISTENER_CONTROL, r->control_fd);
	if (p->mode == MODE_CONFIGURED) {
		listener_fd_send(ctld, LISTENER_READ, r->read_fd);
		listener_fd_send(ctld, LISTENER_METRICS, r->metrics_fd);
	}
	r->uapi_fd = r->control_fd = r->read_fd = r->metrics_fd = -1;
	return 0;
}

/*
 * Half of the CPUs that this process may use, 4 at most: netd and whatever
 * the packets are for want some, too, and more than that outruns the one
 * thread that reads and writes the TUN device.
 */
static uint16_t
default_workers(void)
{
	cpu_set_t set;
	int n;

	if (sched_getaffinity(0, sizeof(set), &set) == -1)
		return 4;		/* more CPUs than fit the set */
	n = CPU_COUNT(&set) / 2;
	return (uint16_t)(n < 1 ? 1 : n > 4 ? 4 : n);
}

static void
fill_startup(const struct parent *p, struct startup *s)
{
	static const enum aead_choice choice[] = {
		[CONF_AEAD_AUTO] = AEAD_AUTO,
		[CONF_AEAD_LIBSODIUM] = AEAD_LIBSODIUM,
		[CONF_AEAD_IPSECMB] = AEAD_IPSECMB
	};

	memset(s, 0, sizeof(*s));
	s->mode = p->mode;
	s->verbose = log_getverbose() > 0;
	s->without = p->without;
	s->aead = choice[p->aead];
	s->workers = p->workers;
	if (p->mode == MODE_CONFIGURED) {
		if (p->conf->aead != CONF_AEAD_AUTO)
			s->aead = choice[p->conf->aead];
		if (p->conf->workers != 0)
			s->workers = p->conf->workers;
	}
	if (s->workers == 0)
		s->workers = default_workers();
	memcpy(s->instance, p->instance, strlen(p->instance));
}

int
suite_start(struct parent *p, int tun)
{
	struct startup s;
	struct member *m = NULL;

	fill_startup(p, &s);
	if (suite_watch_signals(p) == -1) {
		log_warn("cannot watch signals");
		return -1;
	}
	while ((m = suite_next(p, m)) != NULL)
		if (start_member(p, m->proc) == -1) {
			log_warn("cannot start %s", proc_name(m->proc));
			return -1;
		}
	/*
	 * cryptod hears first who we are: one of another build, left by half
	 * an upgrade, says so instead of stumbling over what it is given.
	 */
	startup_send(&p->member[PROC_CRYPTOD].link, &s);
	if (give_links(p) == -1 || give_bells(p) == -1 ||
	    give_fds(p, tun) == -1) {
		log_warn("cannot make what the processes talk over");
		return -1;
	}
	while ((m = suite_next(p, m)) != NULL)
		if (m->proc != PROC_CRYPTOD)
			startup_send(&m->link, &s);
	suite_set_timer(p, SUITE_START_TIMEOUT * 1000);
	return 0;
}

/* Does the kernel's word on this child match what it ought to be? */
static const char *
flaw(const struct parent *p, const struct member *m)
{
	const struct sandbox_report *r = &m->report;

	if (r->euid != p->user[m->proc].uid || r->egid != p->user[m->proc].gid)
		return "runs as another user";
	if (r->caps != 0)
		return "has capabilities";
	if (r->seccomp_mode != 2 || !r->closed)
		return "has no system call filter";
	if (!r->no_new_privs || r->dumpable)
		return "could gain privileges or be traced";
	return NULL;
}

static void
say_started(struct parent *p)
{
	char helper[32] = "";

	if (p->member[PROC_RESOLVERD].pid != 0)
		snprintf(helper, sizeof(helper), ", resolverd %d",
		    (int)p->member[PROC_RESOLVERD].pid);
	log_info("warrend %s: interface %s, instance ready (cryptod %d, netd "
	    "%d, ctld %d%s)", warren_version(), p->ifname,
	    (int)p->member[PROC_CRYPTOD].pid, (int)p->member[PROC_NETD].pid,
	    (int)p->member[PROC_CTLD].pid, helper);
}

void
suite_started(struct parent *p)
{
	char status[80];

	if (p->started || p->state != SUITE_RUNNING)
		return;
	p->started = true;
	say_started(p);
	snprintf(status, sizeof(status), "interface %s is set up", p->ifname);
	notify_ready(&p->notify, status);
	if (!p->foreground && daemon_ready(&p->daemon) == -1) {
		log_warnx("the start was interrupted; ending");
		suite_end(p, 1);
	}
}

static void
go(struct parent *p)
{
	static const enum proc order[] = { PROC_RESOLVERD, PROC_NETD,
	    PROC_CRYPTOD, PROC_CTLD };
	size_t i;

	event_del(p->timer);
	if (confine(p) == -1) {
		suite_end(p, 1);
		return;
	}
	p->host.phase = PHASE_RUN;
	p->state = SUITE_RUNNING;
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if ((p->procs & PROC_BIT(order[i])) != 0)
			go_send(&p->member[order[i]].link);
	follow_refresh(&p->follow);
	if (p->state != SUITE_RUNNING)
		return;
	sockets_begin(p);
	if (p->mode == MODE_BARE) {
		suite_started(p);
		return;
	}
	dns_refresh(p);
	/* Ends in suite_started(), or in suite_end(). */
	reload_initial(p);
}

void
suite_ready(struct member *m, const struct sandbox_report *report)
{
	struct parent *p = m->parent;
	struct member *o = NULL;
	const char *why;

	m->report = *report;
	m->ready = true;
	if (p->state != SUITE_STARTING)
		return;
	why = flaw(p, m);
	if (why != NULL) {
		log_warnx("%s %s; ending", proc_name(m->proc), why);
		suite_end(p, 1);
		return;
	}
	while ((o = suite_next(p, o)) != NULL)
		if (!o->ready)
			return;
	go(p);
}
