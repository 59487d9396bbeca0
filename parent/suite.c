/* SPDX-License-Identifier: ISC */
/*
 * The children as a whole: they are started together, they are ready
 * together, and when one is lost all end; but for a helper, resolverd, which
 * only some of them miss.
 */
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"
#include "shared/clock.h"
#include "shared/version.h"

#define START_TIMEOUT	20	/* seconds until all are ready */
#define END_MS		300	/* until those that linger are killed */
#define KILL_MS		150	/* until we end without them */
#define LAST_WORDS	1024	/* messages of a dead child */

static void	 reap(struct parent *);

/* Bits of PROC_BIT() that have a link between them. */
static const unsigned siblings[PROC_COUNT] = {
	[PROC_CRYPTOD] = PROC_BIT(PROC_NETD) | PROC_BIT(PROC_CTLD),
	[PROC_NETD] = PROC_BIT(PROC_CRYPTOD) | PROC_BIT(PROC_CTLD) |
	    PROC_BIT(PROC_RESOLVERD),
	[PROC_CTLD] = PROC_BIT(PROC_CRYPTOD) | PROC_BIT(PROC_NETD),
	[PROC_RESOLVERD] = PROC_BIT(PROC_NETD),
};

struct member *
suite_member(struct parent *p, struct link *l)
{
	return &p->member[l->peer];
}

struct member *
suite_next(struct parent *p, struct member *m)
{
	int i = m == NULL ? PROC_PARENT + 1 : (int)m->proc + 1;

	for (; i < PROC_COUNT; i++)
		if ((p->procs & PROC_BIT(i)) != 0)
			return &p->member[i];
	return NULL;
}

static void
set_timer(struct parent *p, int ms)
{
	struct timeval tv;

	tv.tv_sec = ms / 1000;
	tv.tv_usec = (ms % 1000) * 1000;
	event_add(p->timer, &tv);
}

static int
living(const struct parent *p)
{
	int i, n = 0;

	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++)
		n += p->member[i].pid != 0;
	return n;
}

static void
kill_rest(struct parent *p)
{
	struct member *m;

	for (m = p->member; m < p->member + PROC_COUNT; m++) {
		if (m->pid == 0)
			continue;
		log_warnx("%s (pid %d) does not end; killing it",
		    proc_name(m->proc), (int)m->pid);
		kill(m->pid, SIGKILL);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;
	struct member *m = NULL;

	(void)fd;
	(void)what;
	if (p->state == SUITE_STARTING) {
		while ((m = suite_next(p, m)) != NULL)
			if (!m->ready)
				log_warnx("%s was not ready within %d "
				    "seconds; ending", proc_name(m->proc),
				    START_TIMEOUT);
		suite_end(p, 1);
	} else if (!p->killing) {
		/* Who has obeyed while we were busy is not to be blamed. */
		reap(p);
		if (living(p) == 0)
			return;
		p->killing = true;
		kill_rest(p);
		set_timer(p, KILL_MS);
	} else
		event_base_loopbreak(p->base);
}

void
suite_end(struct parent *p, int status)
{
	struct member *m;

	if (p->state == SUITE_ENDING)
		return;
	p->state = SUITE_ENDING;
	/* A start that is interrupted has not succeeded. */
	p->status = p->started ? status : 1;
	notify_stopping(&p->notify);
	/* What is still to be sent would only keep us, and them, from it. */
	reload_stop(&p->reload);
	for (m = p->member; m < p->member + PROC_COUNT; m++)
		if (m->pid != 0)
			shutdown_send(&m->link);
	/* cryptod's and ours are the last fds of the TUN device. */
	follow_close(&p->follow);
	if (living(p) == 0)
		event_base_loopbreak(p->base);
	else
		set_timer(p, END_MS);
}

void
suite_run(struct parent *p)
{
	if (p->state == SUITE_ENDING && living(p) == 0)
		return;
	if (event_base_dispatch(p->base) == -1)
		log_warnx("the event loop failed");
}

/*
 * One that closed a link is most likely dying; SIGCHLD will tell of what, if
 * it is given a moment.
 */
void
suite_doom(struct member *m)
{
	static const struct timeval moment = { 0, 100000 };

	if (m->pid != 0 && m->parent->state != SUITE_ENDING)
		event_add(m->doom, &moment);
}

void
suite_kill(struct member *m)
{
	if (m->pid != 0)
		kill(m->pid, SIGKILL);
}

/* A child that broke the rules is ended at once. */
void
suite_lost(void *arg, struct link *l, enum msg_verdict v, const char *why)
{
	struct member *m = suite_member(arg, l);

	if (m->pid == 0)
		return;
	if (v == MSG_CLOSED) {
		suite_doom(m);
		return;
	}
	log_warnx("%s broke the rules (%s); killing it", proc_name(m->proc),
	    why);
	suite_kill(m);
}

static void
on_doom(evutil_socket_t fd, short what, void *arg)
{
	struct member *m = arg;

	(void)fd;
	(void)what;
	if (m->pid == 0)
		return;
	log_warnx("%s closed a link; killing it", proc_name(m->proc));
	suite_kill(m);
}

static void
say_death(const struct member *m, pid_t pid, int status)
{
	const char *name = proc_name(m->proc), *desc, *then = "ending";
	int sig;

	if (m->proc == PROC_RESOLVERD && m->parent->state == SUITE_RUNNING)
		then = "endpoints by name stay as they are until a restart";

	if (WIFSIGNALED(status)) {
		sig = WTERMSIG(status);
		desc = sigdescr_np(sig);
		log_warnx("%s (pid %d) killed by signal %d (%s)%s; %s",
		    name, (int)pid, sig, desc != NULL ? desc : "?",
		    sig == SIGSYS ? ": its sandbox refused a system call" :
		    "", then);
	} else
		log_warnx("%s (pid %d) exited with status %d; %s", name,
		    (int)pid, WEXITSTATUS(status), then);
}

/* All others go on. */
static void
helper_died(struct parent *p, struct member *m)
{
	p->count.helper_deaths++;
	parent_eventf(p, "helper_died", "%s ended", proc_name(m->proc));
	event_del(m->doom);
	link_close(&m->link);
	parent_helper_lost(p);
}

static void
reaped(struct parent *p, struct member *m, int status)
{
	pid_t pid = m->pid;

	/* The number is another process's soon: no signal goes to it now. */
	m->pid = 0;
	/* Why it died may still wait in the pipe and in the link. */
	link_last_words(&m->link, LAST_WORDS);
	spawn_stderr_drain(&m->err);
	if (p->state == SUITE_RUNNING && m->proc == PROC_RESOLVERD) {
		say_death(m, pid, status);
		helper_died(p, m);
	} else if (p->state != SUITE_ENDING) {
		say_death(m, pid, status);
		suite_end(p, 1);
	} else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		say_death(m, pid, status);
	else
		log_debug("%s (pid %d) ended", proc_name(m->proc), (int)pid);
	if (living(p) == 0)
		event_base_loopbreak(p->base);
}

static void
reap(struct parent *p)
{
	struct member *m;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, NULL)) > 0)
		for (m = p->member; m < p->member + PROC_COUNT; m++)
			if (m->pid == pid)
				reaped(p, m, status);
}

/*
 * In bare mode there is nothing to read again, and perhaps no terminal; or
 * nohup(1) is to keep it away, which a blocked signal is not.
 */
static bool
took_hangup(struct parent *p)
{
	if (p->mode == MODE_CONFIGURED) {
		/* One that comes too early waits for the first one's end. */
		reload_request(p, NULL, 0);
		return true;
	}
	return !p->foreground || p->nohup;
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct signalfd_siginfo si;
	struct parent *p = arg;

	(void)what;
	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD) {
			reap(p);
			continue;
		}
		if (si.ssi_signo == SIGHUP && took_hangup(p))
			continue;
		if (p->state != SUITE_ENDING)
			log_info("got SIG%s; ending",
			    sigabbrev_np((int)si.ssi_signo));
		suite_end(p, 0);
	}
}

static void
our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

int
suite_hold_signals(struct parent *p)
{
	struct sigaction hup;
	sigset_t set;

	if (sigaction(SIGHUP, NULL, &hup) == -1)
		return -1;
	p->nohup = hup.sa_handler == SIG_IGN;
	our_signals(&set);
	/* Who started us may have ignored SIGCHLD, and with it our children. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_SETMASK, &set, NULL);
}

static int
watch_signals(struct parent *p)
{
	sigset_t set;

	our_signals(&set);
	p->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (p->signal_fd == -1)
		return -1;
	p->signals = event_new(p->base, p->signal_fd, EV_READ | EV_PERSIST,
	    on_signal, p);
	p->timer = event_new(p->base, -1, 0, on_timer, p);
	if (p->signals == NULL || p->timer == NULL)
		return -1;
	return event_add(p->signals, NULL);
}

static int
link_pair(int fd[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, fd);
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

	if (link_pair(fd) == -1)
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
	m->doom = event_new(p->base, -1, 0, on_doom, m);
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
			if (link_pair(fd) == -1)
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
	if (watch_signals(p) == -1) {
		log_warn("cannot watch signals");
		return -1;
	}
	while ((m = suite_next(p, m)) != NULL)
		if (start_member(p, m->proc) == -1) {
			log_warn("cannot start %s", proc_name(m->proc));
			return -1;
		}
	if (give_links(p) == -1 || give_bells(p) == -1 ||
	    give_fds(p, tun) == -1) {
		log_warn("cannot make what the processes talk over");
		return -1;
	}
	while ((m = suite_next(p, m)) != NULL)
		startup_send(&m->link, &s);
	set_timer(p, START_TIMEOUT * 1000);
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
