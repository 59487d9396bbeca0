/* SPDX-License-Identifier: ISC */
/*
 * The UDP sockets live only while the link is up, and always in the network
 * namespace where the instance was born.  A port that cannot be had at up is
 * tried again; one that is asked for while the link is up is opened before
 * the old one is given up.  In configured mode that is done in two steps, as
 * with all that a configuration changes.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "parent/parent.h"
#include "shared/clock.h"

#define RETRY	5		/* seconds */
#define PORT_ADVICE	80	/* bytes of the words on a port in use */
#define SOON_MS	20		/* until the next try, soon after an up */
#define SOON	25		/* such tries */
#define LISTENS	50		/* lines at once, then one a second */
#define CLOSING	(2 * CLOCK_NSEC_PER_SEC)	/* it takes netd less */

static const enum proc all_children[] = { PROC_NETD, PROC_CTLD, PROC_CRYPTOD };

static void
send_state(struct parent *p)
{
	uint16_t port = p->udp.port != 0 ? p->udp.port : p->port;

	socket_state_send(&p->member[PROC_NETD].link, port, p->mark);
	socket_state_send(&p->member[PROC_CTLD].link, port, p->mark);
}

static void
send_link(struct parent *p)
{
	const struct nl_link *l = &p->follow.link;
	struct link_state s;
	size_t i;

	memset(&s, 0, sizeof(s));
	s.up = l->up;
	s.mtu = l->mtu;
	s.ifindex = p->follow.nsid == NL_HOME ? l->ifindex : 0;
	memcpy(s.ifname, l->name, sizeof(s.ifname));
	for (i = 0; i < sizeof(all_children) / sizeof(all_children[0]); i++)
		link_state_send(&p->member[all_children[i]].link, &s);
}

/* Of an up nobody hears before there is a socket; who opens it tells. */
static void
tell_link(struct parent *p)
{
	if (!p->follow.link.up || p->udp.port != 0 ||
	    (p->soon == 0 && !p->changing))
		send_link(p);
}

/* Duplicates go to netd; ours are for SO_MARK and are never read. */
static int
duplicate(const struct udp_pair *u, struct udp_pair *copy)
{
	int saved;

	udp_init(copy);
	if (u->v4 != -1)
		copy->v4 = fcntl(u->v4, F_DUPFD_CLOEXEC, 0);
	if (u->v6 != -1)
		copy->v6 = fcntl(u->v6, F_DUPFD_CLOEXEC, 0);
	if ((u->v4 == -1) == (copy->v4 == -1) &&
	    (u->v6 == -1) == (copy->v6 == -1))
		return 0;
	saved = errno;
	udp_close(copy);
	errno = saved;
	return -1;
}

static void
hand_down(struct parent *p, int family, int fd)
{
	if (fd != -1)
		udp_fd_send(&p->member[PROC_NETD].link, (uint8_t)family,
		    p->udp.port, fd);
}

static int
open_sockets(const struct parent *p, struct udp_pair *u, uint16_t port,
    uint32_t mark)
{
	const struct udp_options o = {
		.mark = mark,
		.no_gro = (p->without & OFFLOAD_UDP_RECEIVE) != 0
	};

	return udp_open(u, port, &o);
}

/* What was opened for a configuration, if it is this port; or new ones. */
static int
take_or_open(struct parent *p, struct udp_pair *new, uint16_t port)
{
	int error;

	if (port != 0 && p->next.port == port) {
		*new = p->next;
		udp_init(&p->next);
		return 0;
	}
	if (open_sockets(p, new, port, p->mark) == -1) {
		error = errno;
		p->count.udp_failed++;
		return error;
	}
	p->count.udp_opened++;
	return 0;
}

/* Replace the sockets by those of this port.  0 or an errno. */
static int
replace(struct parent *p, uint16_t port)
{
	struct link *netd = &p->member[PROC_NETD].link;
	struct udp_pair copy, new, old = p->udp;
	int error;

	error = take_or_open(p, &new, port);
	if (error != 0)
		return error;
	if (duplicate(&new, &copy) == -1) {
		error = errno;
		udp_close(&new);
		p->count.udp_failed++;
		return error;
	}
	/* netd replaces by family; one that is gone must be closed, too. */
	if ((old.v4 != -1 && new.v4 == -1) || (old.v6 != -1 && new.v6 == -1))
		udp_close_send(netd);
	udp_close(&p->udp);
	p->udp = new;
	p->port = new.port;
	hand_down(p, AF_INET, copy.v4);
	hand_down(p, AF_INET6, copy.v6);
	/* In bare mode it is ctld that asks, and as often as it likes. */
	log_rate(&p->listens, clock_boottime(), LISTENS, 1, log_info,
	    "listening on UDP port %u%s", new.port, new.v4 == -1 ?
	    ", IPv6 only" : new.v6 == -1 ? ", IPv4 only" : "");
	parent_eventf(p, "listening", "UDP port %u", new.port);
	return 0;
}

/* What can be done about a port that cannot be had, for the end of a line. */
static const char *
advise_port(int error, uint16_t port, char buf[PORT_ADVICE])
{
	buf[0] = '\0';
	if (error == EADDRINUSE)
		snprintf(buf, PORT_ADVICE, "; see which program has it: "
		    "ss -lunp 'sport = :%u'", port);
	return buf;
}

/*
 * At up, and again while that fails.  If it is in use, most likely netd has
 * not closed it yet after a down just before: then it will, very soon, and
 * nobody hears of the up until there is a socket.
 */
static void
try_open(struct parent *p)
{
	static const struct timeval again = { RETRY, 0 };
	static const struct timeval soon = { 0, SOON_MS * 1000 };
	char advice[PORT_ADVICE];
	int error;

	error = replace(p, p->port);
	if (error == EADDRINUSE && p->soon > 0) {
		p->soon--;
		event_add(p->retry, &soon);
		return;
	}
	p->soon = 0;
	if (error != 0 && p->bind_error == 0)
		log_warnx("cannot listen on UDP port %u: %s; trying again "
		    "every %d seconds%s", p->port, strerrordesc_np(error),
		    RETRY, advise_port(error, p->port, advice));
	p->bind_error = error;
	if (error != 0)
		event_add(p->retry, &again);
	send_state(p);
	send_link(p);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;

	(void)fd;
	(void)what;
	if (p->state != SUITE_RUNNING || !p->follow.link.up)
		return;
	try_open(p);
}

static void
stop_tries(struct parent *p)
{
	event_del(p->retry);
	p->soon = 0;
	p->bind_error = 0;
}

int
sockets_init(struct parent *p)
{
	udp_init(&p->udp);
	udp_init(&p->next);
	p->retry = event_new(p->base, -1, 0, on_retry, p);
	return p->retry == NULL ? -1 : 0;
}

static void
went_up(struct parent *p)
{
	p->count.link_up++;
	log_info("interface %s is up", p->follow.link.name);
	parent_eventf(p, "link", "%s is up", p->follow.link.name);
	/* In the midst of a change it is the change that opens them. */
	if (p->changing)
		return;
	p->soon = SOON;
	try_open(p);
}

static void
close_sockets(struct parent *p)
{
	if (p->udp.port != 0) {
		udp_close_send(&p->member[PROC_NETD].link);
		p->udp_closed = clock_boottime();
	}
	udp_close(&p->udp);
	/* The port that the kernel chose stays ours to ask for. */
	p->udp.port = 0;
}

static void
went_down(struct parent *p)
{
	p->count.link_down++;
	log_info("interface %s is down", p->follow.link.name);
	parent_eventf(p, "link", "%s is down", p->follow.link.name);
	stop_tries(p);
	send_link(p);
	close_sockets(p);
}

/*
 * Also in the midst of a change, and before what its going up brings: routes
 * by the number that it had would be another interface's.
 */
void
sockets_moved(void *arg)
{
	struct parent *p = arg;

	if (p->kernel != NULL)
		kernel_moved(p->kernel, p->follow.nsid == NL_HOME ?
		    p->follow.link.ifindex : 0);
}

void
sockets_link(void *arg, const struct nl_link *old)
{
	struct parent *p = arg;
	const struct nl_link *l = &p->follow.link;

	if (p->state != SUITE_RUNNING)
		return;
	if (strcmp(l->name, old->name) != 0)
		log_info("interface %s is called %s now", old->name, l->name);
	if (l->mtu != old->mtu)
		log_debug("MTU of %s: %u", l->name, l->mtu);
	if (l->up && !old->up)
		went_up(p);
	else if (!l->up && old->up)
		went_down(p);
	else
		tell_link(p);
	if (p->kernel != NULL && !p->changing && l->up != old->up)
		kernel_link(p->kernel, l->up);
}

void
sockets_begin(struct parent *p)
{
	if (!p->follow.link.up) {
		send_state(p);
		send_link(p);
		return;
	}
	/*
	 * The look just before this may have been the first to see it up, and
	 * has opened the sockets, told of them, or waits to try again: our own
	 * would be in the way of a second time.
	 */
	if (p->udp.port == 0 && !event_pending(p->retry, EV_TIMEOUT, NULL))
		went_up(p);
}

int
sockets_listen(struct parent *p, uint16_t port)
{
	int error;

	p->count.port_changes++;
	if (!p->follow.link.up) {
		p->port = port;
		send_state(p);
		return 0;
	}
	if (p->udp.port != 0 && port == p->udp.port)
		return 0;
	/* Ours, which netd is about to close: try_open() will have it. */
	if (p->udp.port == 0 && port == p->port && p->soon > 0)
		return 0;
	error = replace(p, port);
	if (error != 0)
		return error;
	stop_tries(p);
	send_state(p);
	send_link(p);
	return 0;
}

int
sockets_mark(struct parent *p, uint32_t mark)
{
	int error;

	p->count.mark_changes++;
	if (udp_mark(&p->udp, mark) == -1) {
		error = errno;
		(void)udp_mark(&p->udp, p->mark);
		return error;
	}
	p->mark = mark;
	send_state(p);
	return 0;
}

/*
 * A port that the kernel chose is kept over restarts; as long as we run it is
 * the one in use, whatever could be stored of it.
 */
static uint16_t
wanted_port(struct parent *p, const struct conf *conf)
{
	if (conf->port != 0)
		return conf->port;
	if (p->keep_port && p->port != 0)
		return p->port;
	return slots_port_load(&p->slots);
}

/* Was it ours a moment ago, and may still be netd's? */
static bool
is_closing(const struct parent *p, uint16_t port)
{
	return port != 0 && port == p->port && p->udp.port == 0 &&
	    p->udp_closed != 0 &&
	    clock_boottime() - p->udp_closed < CLOSING;
}

int
sockets_prepare(struct parent *p, const struct conf *conf, char *why,
    size_t size)
{
	uint16_t port = wanted_port(p, conf);
	char advice[PORT_ADVICE];
	int rc;

	p->next_mark = kernel_mark(p->instance, conf);
	p->next_port = port;
	p->next_keep = conf->port == 0;
	p->changing = true;
	if (p->udp.port != 0 && port == p->udp.port)
		return 0;
	rc = open_sockets(p, &p->next, port, p->next_mark);
	/* The link went down just now; settle() tries until netd is done. */
	if (rc == -1 && errno == EADDRINUSE && is_closing(p, port))
		return 0;
	if (rc == -1 && errno == EADDRINUSE && conf->port == 0) {
		log_info("UDP port %u, which was ours before, is in use; "
		    "taking another", port);
		rc = open_sockets(p, &p->next, 0, p->next_mark);
	}
	if (rc == 0) {
		p->count.udp_opened++;
		p->next_port = p->next.port;
		return 0;
	}
	snprintf(why, size, "cannot listen on UDP port %u: %s%s", port,
	    strerrordesc_np(errno), advise_port(errno, port, advice));
	p->count.udp_failed++;
	p->changing = false;
	return -1;
}

static void
forget_next(struct parent *p)
{
	udp_close(&p->next);
	udp_init(&p->next);
}

/* The change is over, and nothing else keeps a link that is up waiting. */
static void
settle(struct parent *p)
{
	p->changing = false;
	if (p->follow.link.up && p->udp.port == 0 &&
	    !event_pending(p->retry, EV_TIMEOUT, NULL)) {
		p->soon = SOON;
		try_open(p);
	}
	forget_next(p);
	send_state(p);
	tell_link(p);
}

/*
 * netd's sockets get the new mark, also those that are about to go: it may
 * keep them.  While some bear the one and some the other, both are dropped.
 */
static void
change_mark(struct parent *p)
{
	tunfilter_marks(&p->tunfilter, p->mark, p->next_mark);
	if (udp_mark(&p->udp, p->next_mark) == 0)
		tunfilter_marks(&p->tunfilter, p->next_mark, p->next_mark);
	else
		log_warn("cannot set the mark of the UDP sockets");
	p->mark = p->next_mark;
}

void
sockets_commit(struct parent *p)
{
	int error;

	if (!p->changing)
		return;
	p->port = p->next_port;
	p->keep_port = p->next_keep;
	change_mark(p);
	follow_refresh(&p->follow);
	if (p->state != SUITE_RUNNING)
		return;
	if (p->follow.link.up && p->next.port != 0) {
		error = replace(p, p->port);
		if (error == 0)
			stop_tries(p);
		else
			close_sockets(p);	/* settle() tries again */
	}
	settle(p);
	if (p->keep_port)
		(void)slots_port_store(&p->slots, p->port);
	else
		slots_port_settle(&p->slots);
}

void
sockets_abort(struct parent *p)
{
	if (!p->changing)
		return;
	forget_next(p);
	settle(p);
}
