/* SPDX-License-Identifier: ISC */
/*
 * The children as a whole: they run together, and when one is lost all end;
 * but for a helper, resolverd, which only some of them miss.  And the signals
 * that tell us of that, or to end.
 */
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"
#include "parent/suite.h"

#define END_MS		300	/* until those that linger are killed */
#define KILL_MS		150	/* until we end without them */
#define LAST_WORDS	1024	/* messages of a dead child */

static void	 reap(struct parent *);

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

void
suite_set_timer(struct parent *p, int ms)
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
				    SUITE_START_TIMEOUT);
		suite_end(p, 1);
	} else if (!p->killing) {
		/* Who has obeyed while we were busy is not to be blamed. */
		reap(p);
		if (living(p) == 0)
			return;
		p->killing = true;
		kill_rest(p);
		suite_set_timer(p, KILL_MS);
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
		suite_set_timer(p, END_MS);
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

struct event *
suite_doom_event(struct member *m)
{
	return event_new(m->parent->base, -1, 0, on_doom, m);
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

int
suite_watch_signals(struct parent *p)
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
