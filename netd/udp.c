/* SPDX-License-Identifier: ISC */
/*
 * The UDP sockets.  The parent opened, bound and marked them and keeps a
 * duplicate, so their flags are not ours: each call says MSG_DONTWAIT.
 */
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

#include "netd/netd.h"

enum udp_family
udp_family_of(uint8_t af)
{
	return af == AF_INET ? UDP_V4 : UDP_V6;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct netd *n = arg;

	(void)what;
	receiver_turn(n, n->sock[UDP_V4].fd == fd ? UDP_V4 : UDP_V6);
}

/* What the kernel says; a socket that does not tell had none. */
static uint64_t
drops(int fd)
{
	uint32_t v[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(v);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, v, &len) == -1)
		return 0;
	return v[SK_MEMINFO_DROPS];
}

uint64_t
udp_drops(const struct netd *n)
{
	uint64_t total = n->kernel_drops;
	int f;

	for (f = 0; f < UDP_FAMILIES; f++)
		if (n->sock[f].fd != -1)
			total += drops(n->sock[f].fd);
	return total;
}

void
udp_close(struct netd *n, enum udp_family f)
{
	struct udp_sock *s = &n->sock[f];

	if (s->ev != NULL)
		event_free(s->ev);
	if (s->fd != -1) {
		n->kernel_drops += drops(s->fd);
		close(s->fd);
	}
	s->ev = NULL;
	s->fd = -1;
	s->gso = false;
}

static bool
can_segment(int fd)
{
	socklen_t len = sizeof(int);
	int v;

	return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &v, &len) == 0;
}

/* Takes the place of the socket of its family.  0, or -1: not of it. */
int
udp_set(struct netd *n, uint8_t af, int fd)
{
	enum udp_family f = udp_family_of(af);
	socklen_t len = sizeof(int);
	struct event *ev;
	int domain;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == -1 ||
	    domain != af)
		return -1;
	ev = event_new(n->child.base, fd, EV_READ | EV_PERSIST, on_readable,
	    n);
	if (ev == NULL || event_add(ev, NULL) == -1)
		fatalx("cannot watch a socket");
	udp_close(n, f);
	n->sock[f].fd = fd;
	n->sock[f].ev = ev;
	n->sock[f].gso = can_segment(fd) &&
	    (n->child.startup.without & OFFLOAD_UDP_SEND) == 0;
	n->sockets_come = true;
	return 0;
}
