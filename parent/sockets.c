/* SPDX-License-Identifier: ISC */
/*
 * The UDP sockets live only while the link is up, and always in the network
 * namespace where the instance was born.  A port that cannot be had at up is
 * tried again; one that is asked for while the link is up is opened before
 * the old one is given up.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "parent/parent.h"

#define RETRY	5		/* seconds */
#define SOON_MS	20		/* until the next try, soon after an up */
#define SOON	25		/* such tries */

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

/* A duplicate goes to netd; ours is for SO_MARK and is never read. */
static int
hand_down(struct parent *p, int family, int fd)
{
	if (fd == -1)
		return 0;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	udp_fd_send(&p->member[PROC_NETD].link, (uint8_t)family, p->udp.port,
	    fd);
	return 0;
}

/* Replace the sockets by those of this port.  0 or an errno. */
static int
replace(struct parent *p, uint16_t port)
{
	struct link *netd = &p->member[PROC_NETD].link;
	struct udp_pair new, old = p->udp;

	if (udp_open(&new, port, p->mark) == -1) {
		p->count.udp_failed++;
		return errno;
	}
	p->count.udp_opened++;
	/* netd replaces by family; one that is gone must be closed, too. */
	if ((old.v4 != -1 && new.v4 == -1) || (old.v6 != -1 && new.v6 == -1))
		udp_close_send(netd);
	udp_close(&p->udp);
	p->udp = new;
	p->port = new.port;
	if (hand_down(p, AF_INET, new.v4) == -1 ||
	    hand_down(p, AF_INET6, new.v6) == -1)
		log_warn("cannot hand the UDP sockets to netd");
	log_info("listening on UDP port %u%s", new.port, new.v4 == -1 ?
	    ", IPv6 only" : new.v6 == -1 ? ", IPv4 only" : "");
	return 0;
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
	int error;

	error = replace(p, p->port);
	if (error == EADDRINUSE && p->soon > 0) {
		p->soon--;
		event_add(p->retry, &soon);
		return;
	}
	p->soon = 0;
	if (error == 0)
		p->bind_failed = false;
	else if (!p->bind_failed) {
		log_warnx("cannot listen on UDP port %u: %s; trying again "
		    "every %d seconds", p->port, strerrordesc_np(error),
		    RETRY);
		p->bind_failed = true;
	}
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

int
sockets_init(struct parent *p)
{
	udp_init(&p->udp);
	p->retry = event_new(p->base, -1, 0, on_retry, p);
	return p->retry == NULL ? -1 : 0;
}

static void
went_up(struct parent *p)
{
	p->count.link_up++;
	log_info("interface %s is up", p->follow.link.name);
	p->soon = SOON;
	try_open(p);
}

static void
went_down(struct parent *p)
{
	p->count.link_down++;
	log_info("interface %s is down", p->follow.link.name);
	event_del(p->retry);
	p->bind_failed = false;
	send_link(p);
	if (p->udp.port != 0)
		udp_close_send(&p->member[PROC_NETD].link);
	udp_close(&p->udp);
	/* The port that the kernel chose stays ours to ask for. */
	p->udp.port = 0;
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
		send_link(p);
}

void
sockets_begin(struct parent *p)
{
	if (p->follow.link.up) {
		went_up(p);
		return;
	}
	send_state(p);
	send_link(p);
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
	error = replace(p, port);
	if (error != 0)
		return error;
	event_del(p->retry);
	p->bind_failed = false;
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
