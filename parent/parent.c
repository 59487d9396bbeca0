/* SPDX-License-Identifier: ISC */
/*
 * warrend, the parent.  It is root, and the only process of the suite that
 * ever opens anything: the TUN device, the UDP sockets, netlink, the control
 * sockets.  It hands them down, starts cryptod, netd and ctld, watches them,
 * follows the interface, writes the log, and ends the suite in order.
 *
 * It may hold: an imsg link to each child (they are its only callers, and
 * hostile ones), the pipes of their stderr, two netlink sockets, inotify, a
 * signalfd, the lock, a socket towards syslogd, duplicates of the UDP sockets
 * for SO_MARK, and the TUN fd to ask where the interface is.  It never reads a
 * byte that came from the network, nor a private key.
 *
 * After the start it keeps CAP_NET_ADMIN, _BROADCAST, _BIND_SERVICE and
 * CAP_KILL, a filter without open, exec and fork, and Landlock that leaves it
 * the removal of its runtime files.  Who takes it over can set the host's
 * addresses, routes and firewall, read plaintext from the TUN device and end
 * processes, but gets no key, no file and no new program.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "parent/parent.h"
#include "parent/tun.h"
#include "shared/clock.h"
#include "shared/paths.h"
#include "shared/priv.h"
#include "shared/version.h"

#define EXIT_USAGE	2

static __attribute__((noreturn)) void
usage(FILE *out, int status)
{
	fprintf(out, "usage: warrend [-dfhv] interface\n"
	    "       warrend -V\n");
	exit(status);
}

static void
options(struct parent *p, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "foreground", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "dfhVv", longopts, NULL)) != -1) {
		switch (ch) {
		case 'd':
		case 'f':		/* as wireguard-go spells it */
			p->foreground = true;
			break;
		case 'h':
			usage(stdout, 0);
		case 'v':
			log_setverbose(1);
			break;
		case 'V':
			printf("warrend %s\n", warren_version());
			exit(0);
		default:
			usage(stderr, EXIT_USAGE);
		}
	}
	if (argc - optind != 1)
		usage(stderr, EXIT_USAGE);
	p->instance = argv[optind];
	if (tun_name_is_valid(p->instance))
		return;
	log_warnx("\"%s\" is no name for an interface: 1 to %d characters, no "
	    "space, '/', ':', '%%' or '\\', not \".\" or \"..\"",
	    p->instance, INSTANCE_MAX - 1);
	exit(EXIT_USAGE);
}

static void
init(struct parent *p)
{
	int i;

	p->since = clock_boottime();
	p->follow.tun = -1;
	p->run.uapi_fd = p->run.control_fd = -1;
	for (i = 0; i < PROC_COUNT; i++) {
		p->member[i].parent = p;
		p->member[i].proc = i;
		p->member[i].err.fd = -1;
	}
}

/* What can be said before the shell waits for us.  -1 after a line. */
static int
check(struct parent *p)
{
	if (geteuid() != 0) {
		log_warnx("must be started by root");
		return -1;
	}
	if (tun_check() == -1 || spawn_check() == -1)
		return -1;
	return users_find(p->user, &p->warren);
}

static int
make_loop(struct parent *p)
{
	struct event_config *ec;

	ec = event_config_new();
	if (ec == NULL || event_config_set_flag(ec, EVENT_BASE_FLAG_NOLOCK |
	    EVENT_BASE_FLAG_IGNORE_ENV) == -1)
		return -1;
	p->base = event_base_new_with_config(ec);
	event_config_free(ec);
	if (p->base == NULL)
		return -1;
	p->host.base = p->base;
	p->host.self = PROC_PARENT;
	p->host.phase = PHASE_SETUP;
	p->host.rows = parent_rows;
	p->host.nrows = parent_nrows;
	p->host.arg = p;
	p->host.lost = suite_lost;
	return sockets_init(p);
}

static void
on_deleted(void *arg)
{
	struct parent *p = arg;

	if (p->state != SUITE_ENDING)
		log_info("interface %s was deleted; ending",
		    p->follow.link.name);
	suite_end(p, p->state == SUITE_STARTING);
}

static void
on_socket_removed(void *arg)
{
	struct parent *p = arg;

	if (p->state != SUITE_ENDING)
		log_info("%s/%s was removed; ending", PATH_UAPI,
		    p->run.uapi.name);
	suite_end(p, p->state == SUITE_STARTING);
}

/* Everything that is opened, in order.  -1 after a line in the log. */
static int
start(struct parent *p)
{
	int tun;

	if (runtime_dirs(&p->run) == -1 ||
	    runtime_lock(&p->run, p->instance) == -1)
		return -1;
	tun = tun_create(p->instance);
	if (tun == -1)
		return -1;
	p->follow.changed = sockets_link;
	p->follow.deleted = on_deleted;
	p->follow.arg = p;
	if (follow_open(&p->follow, tun, p->instance) == -1 ||
	    follow_dress(&p->follow, TUN_MTU) == -1 ||
	    runtime_listen(&p->run, p->instance, p->warren) == -1)
		return -1;
	p->watch.removed = on_socket_removed;
	p->watch.arg = p;
	if (watch_open(&p->watch, PATH_UAPI, &p->run.uapi) == -1)
		return -1;
	if (make_loop(p) == -1 || follow_begin(&p->follow, p->base) == -1 ||
	    watch_begin(&p->watch, p->base) == -1) {
		log_warnx("cannot make an event loop");
		return -1;
	}
	return suite_start(p, tun);
}

int
main(int argc, char **argv)
{
	static struct parent p;

	if (daemon_stdio() == -1)
		err(1, "/dev/null");
	log_init("warrend", log_stderr, NULL);
	init(&p);
	options(&p, argc, argv);
	if (priv_close_fds(STDERR_FILENO) == -1)
		fatal("cannot close inherited descriptors");
	umask(022);
	if (check(&p) == -1)
		return 1;
	if (!p.foreground) {
		if (daemon_start(&p.daemon) == -1)
			fatal("cannot go to the background");
		log_init("warrend", log_syslog, NULL);
		log_init("warrend", daemon_sink, &p.daemon);
	}
	if (suite_hold_signals() == -1)
		fatal("cannot hold back signals");
	if (start(&p) == 0)
		suite_run(&p);
	else if (p.timer != NULL) {
		/* Some children may have been started already. */
		suite_end(&p, 1);
		suite_run(&p);
	} else
		p.status = 1;
	follow_close(&p.follow);
	runtime_clear(&p.run);
	return p.status;
}
