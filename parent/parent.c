/* SPDX-License-Identifier: ISC */
/*
 * warrend, the parent.  It is root, and the only process of the suite that
 * ever opens anything: the TUN device, the UDP sockets, netlink, the control
 * sockets, and in configured mode the configuration, the key files and the
 * state directory.  It hands them down, starts cryptod, netd, ctld and, in
 * configured mode, resolverd, watches them, follows the interface, sets up
 * addresses and routes, writes the log, and ends the suite in order.
 *
 * It may hold: an imsg link to each child (they are its only callers, and
 * hostile ones), the pipes of their stderr, netlink sockets, inotify, a
 * signalfd, the lock, sockets towards syslogd and the service manager,
 * duplicates of the UDP sockets for SO_MARK, and the TUN fd to ask where the
 * interface is.  It never reads a byte that came from the network, nor a
 * private or preshared key: of those files it passes the fd on.
 *
 * After the start it keeps CAP_NET_ADMIN, _BROADCAST, _BIND_SERVICE and
 * CAP_KILL, and a filter without exec and fork.  In bare mode it opens no file
 * either, and Landlock leaves it the removal of its runtime files.  Who takes
 * it over can set the host's addresses, routes and firewall, read plaintext
 * from the TUN device and end processes, but gets no key, no file and no new
 * program.  In configured mode it must read again what an operator changed:
 * then whoever takes it over can also read the key files, and what else of
 * root's is beneath the directories of the configuration and of resolv.conf,
 * which by default is /etc; and it can write to the state directory.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/keyfile.h"
#include "parent/parent.h"
#include "parent/steer.h"
#include "parent/tun.h"
#include "shared/caps.h"
#include "shared/clock.h"
#include "shared/paths.h"
#include "shared/priv.h"

static void
init(struct parent *p)
{
	int i;

	p->since = clock_boottime();
	p->mode = MODE_BARE;
	p->procs = PROC_BIT(PROC_CRYPTOD) | PROC_BIT(PROC_NETD) |
	    PROC_BIT(PROC_CTLD);
	p->follow.tun = -1;
	p->notify.fd = p->slots.dir = -1;
	p->run.uapi_fd = p->run.control_fd = -1;
	p->run.read_fd = p->run.metrics_fd = -1;
	for (i = 0; i < PROC_COUNT; i++) {
		p->member[i].parent = p;
		p->member[i].proc = i;
		p->member[i].err.fd = -1;
	}
}

/* The lines of a configuration that cannot be had. */
static void
print_errors(const struct conf_errors *errors)
{
	size_t i;

	for (i = 0; i < errors->kept; i++)
		fprintf(stderr, "%s\n", errors->line[i]);
	if (errors->n > errors->kept)
		fprintf(stderr, "and %zu more errors\n",
		    errors->n - errors->kept);
}

/* Before anything is started.  -1 after lines on stderr. */
static int
read_conf(struct parent *p)
{
	struct conf_errors errors;
	bool denied = false;
	char note[256] = "";

	memset(&errors, 0, sizeof(errors));
	p->conf = conf_read(p->conf_path, reload_open, &denied, &errors);
	print_errors(&errors);
	conf_errors_clear(&errors);
	if (denied && geteuid() == 0) {
		reload_say_denied(note, sizeof(note));
		fprintf(stderr, "%s\n", note + 1);
	}
	if (p->conf == NULL)
		return -1;
	/* A reload frees this configuration; the name stays. */
	p->ifname = strdup(p->conf->name);
	if (p->ifname == NULL)
		fatal("out of memory");
	if (p->instance == NULL)
		p->instance = p->ifname;
	return 0;
}

/* The key that was made at an earlier start must be as that left it. */
static size_t
check_slot(const struct parent *p)
{
	char why[KEYFILE_WHY];

	if (p->conf->key_file != NULL || slots_check_key(PATH_STATE,
	    p->instance, why, sizeof(why)) == 0)
		return 0;
	fprintf(stderr, "%s\n", why);
	return 1;
}

/* warrend -n: the exit status. */
static int
check_only(struct parent *p)
{
	struct conf_errors errors;
	size_t n = 0;

	memset(&errors, 0, sizeof(errors));
	if (geteuid() == 0) {
		keyfile_check_conf(p->conf, &errors);
		n = check_slot(p);
	} else
		fprintf(stderr, "key files are not checked: only root can\n");
	n += errors.n;
	print_errors(&errors);
	conf_errors_clear(&errors);
	if (n == 0 && log_getverbose() > 0)
		conf_print(p->conf, stdout);
	if (fflush(stdout) == EOF) {
		log_warn("standard output");
		return 1;
	}
	return n > 0;
}

/* What can be said before the shell waits for us.  -1 after a line. */
static int
check(struct parent *p)
{
	if (geteuid() != 0) {
		log_warnx("must be started by root");
		return -1;
	}
	if (tun_check() == -1 || spawn_check(p->procs) == -1)
		return -1;
	return users_find(p->procs, p->user, &p->groups);
}

static int
make_loop(struct parent *p)
{
	struct event_config *ec;

	ec = event_config_new();
	/*
	 * Timers begin when they are set, not when the loop's turn began: that
	 * may be long ago, and children are ended by them.
	 */
	if (ec == NULL || event_config_set_flag(ec, EVENT_BASE_FLAG_NOLOCK |
	    EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_NO_CACHE_TIME) == -1)
		return -1;
	p->base = event_base_new_with_config(ec);
	event_config_free(ec);
	if (p->base == NULL)
		return -1;
	p->host.base = p->base;
	p->host.self = PROC_PARENT;
	p->host.phase = PHASE_SETUP;
	p->host.mode = p->mode;
	p->host.rows = parent_rows;
	p->host.nrows = parent_nrows;
	p->host.arg = p;
	p->host.lost = suite_lost;
	if (sockets_init(p) == -1)
		return -1;
	return p->mode == MODE_BARE ? 0 : dns_init(p);
}

static void
on_deleted(void *arg)
{
	struct parent *p = arg;

	if (p->state != SUITE_ENDING)
		log_info("interface %s was deleted; ending",
		    p->follow.link.name);
	suite_end(p, 0);
}

static void
on_socket_removed(void *arg)
{
	struct parent *p = arg;

	if (p->state != SUITE_ENDING)
		log_info("%s/%s was removed; ending", PATH_UAPI,
		    p->run.uapi.name);
	suite_end(p, 0);
}

/* The sockets by which others reach the instance. */
static int
listen_all(struct parent *p)
{
	if (runtime_listen(&p->run, p->instance, p->ifname,
	    p->groups.warren) == -1)
		return -1;
	if (p->mode == MODE_CONFIGURED &&
	    runtime_listen_readers(&p->run, p->groups.readers) == -1)
		return -1;
	p->watch.removed = on_socket_removed;
	p->watch.arg = p;
	return watch_open(&p->watch, PATH_UAPI, &p->run.uapi);
}

/* What only configured mode has, beside its sockets. */
static int
open_configured(struct parent *p)
{
	p->kernel = kernel_open(p->run.run_dir, p->instance, p->ifname,
	    p->follow.link.ifindex);
	if (p->kernel == NULL)
		return -1;
	p->mark = kernel_mark(p->instance, p->conf);
	tunfilter_open(&p->tunfilter, p->follow.tun, p->mark);
	return 0;
}

static void
on_route_change(void *arg, const char *text)
{
	parent_eventf(arg, "route_changed", "%s", text);
}

static int
begin_configured(struct parent *p)
{
	kernel_on_change(p->kernel, on_route_change, p);
	if (kernel_begin(p->kernel, p->base) == -1) {
		log_warnx("cannot watch the routes");
		return -1;
	}
	return reload_init(&p->reload, p);
}

/* Everything that is opened, in order.  -1 after a line in the log. */
static int
start(struct parent *p)
{
	bool configured = p->mode == MODE_CONFIGURED;
	int tun;

	if (runtime_dirs(&p->run) == -1 ||
	    runtime_lock(&p->run, p->instance, p->ifname) == -1)
		return -1;
	if (configured && slots_open(&p->slots, PATH_STATE, p->instance) == -1)
		return -1;
	runtime_wait(&p->run, p->ifname);
	tun = tun_create(p->ifname, &p->without);
	if (tun == -1)
		return -1;
	if ((p->without & OFFLOAD_TUN_QUEUES) == 0)
		steer_open(p->ifname, tun, p->queue);
	p->follow.changed = sockets_link;
	p->follow.moved = sockets_moved;
	p->follow.deleted = on_deleted;
	p->follow.arg = p;
	if (follow_open(&p->follow, tun, p->ifname) == -1 ||
	    follow_dress(&p->follow, configured ? p->conf->mtu :
	    TUN_MTU) == -1 || (configured && open_configured(p) == -1) ||
	    listen_all(p) == -1)
		return -1;
	if (make_loop(p) == -1 || follow_begin(&p->follow, p->base) == -1 ||
	    watch_begin(&p->watch, p->base) == -1) {
		log_warnx("cannot make an event loop");
		return -1;
	}
	if (configured && begin_configured(p) == -1)
		return -1;
	return suite_start(p, tun);
}

static int
run(struct parent *p)
{
	if (start(p) == 0)
		suite_run(p);
	else if (p->timer != NULL) {
		/* Some children may have been started already. */
		suite_end(p, 1);
		suite_run(p);
	} else {
		p->status = 1;
		runtime_give_back(&p->run);
	}
	follow_close(&p->follow);
	if (p->mode == MODE_CONFIGURED) {
		reload_clear(&p->reload);
		if (p->kernel != NULL)
			kernel_close(p->kernel);
		slots_close(&p->slots);
	}
	runtime_clear(&p->run);
	return p->status;
}

int
main(int argc, char **argv)
{
	static struct parent p;

	if (daemon_stdio() == -1)
		err(1, "/dev/null");
	log_init("warrend", log_stderr, NULL);
	init(&p);
	options_read(&p, argc, argv);
	if (priv_close_fds(STDERR_FILENO) == -1)
		fatal("cannot close inherited descriptors");
	umask(022);
	/* A limit of the size of files is an error like others. */
	signal(SIGXFSZ, SIG_IGN);
	if (p.cleanup)
		return cleanup(&p);
	/* The daemon will have no right to pass by a file's mode either. */
	if (p.check && geteuid() == 0)
		(void)caps_keep(NULL, 0);
	if (p.mode == MODE_CONFIGURED && read_conf(&p) == -1)
		return 1;
	if (p.check)
		return check_only(&p);
	if (check(&p) == -1)
		return 1;
	notify_open(&p.notify);
	if (!p.foreground) {
		if (daemon_start(&p.daemon) == -1)
			fatal("cannot go to the background");
		log_init("warrend", log_syslog, NULL);
		log_init("warrend", daemon_sink, &p.daemon);
	}
	if (suite_hold_signals(&p) == -1)
		fatal("cannot hold back signals");
	return run(&p);
}
