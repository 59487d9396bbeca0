/* SPDX-License-Identifier: ISC */
/*
 * Opening UDP sockets: see udp.h.
 */
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "parent/udp.h"

#define BUFFER	(7 * 1024 * 1024)
#define TRIES	100		/* for a port that is free in both families */

#ifndef UDP_GRO
#define UDP_GRO	104
#endif

void
udp_init(struct udp_pair *u)
{
	u->v4 = u->v6 = -1;
	u->port = 0;
}

void
udp_close(struct udp_pair *u)
{
	if (u->v4 != -1)
		close(u->v4);
	if (u->v6 != -1)
		close(u->v6);
	u->v4 = u->v6 = -1;
}

static int
set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/* What only makes it faster may fail: a container, an old kernel. */
static void
set_speed(int fd, const struct udp_options *o)
{
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER) == -1)
		(void)set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER);
	if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER) == -1)
		(void)set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER);
	if (!o->no_gro)
		(void)set(fd, IPPROTO_UDP, UDP_GRO, 1);
}

/*
 * Packets may be fragmented, as WireGuard's are; IP_RECVERR stays off, so
 * that an ICMP error does not come back from the next sendmsg (P32).
 */
static int
set_v4(int fd)
{
	if (set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT) == -1 ||
	    set(fd, IPPROTO_IP, IP_PKTINFO, 1) == -1 ||
	    set(fd, IPPROTO_IP, IP_RECVTOS, 1) == -1)
		return -1;
	return 0;
}

static int
set_v6(int fd)
{
	if (set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) == -1 ||
	    set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
	    IPV6_PMTUDISC_DONT) == -1 ||
	    set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) == -1 ||
	    set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) == -1)
		return -1;
	return 0;
}

static int
bind_any(int fd, int family, uint16_t port)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	if (family == AF_INET) {
		memset(&sin, 0, sizeof(sin));
		sin.sin_family = AF_INET;
		sin.sin_port = htons(port);
		return bind(fd, (struct sockaddr *)&sin, sizeof(sin));
	}
	memset(&sin6, 0, sizeof(sin6));
	sin6.sin6_family = AF_INET6;
	sin6.sin6_port = htons(port);
	return bind(fd, (struct sockaddr *)&sin6, sizeof(sin6));
}

/* The port that the kernel chose, 0 on failure (P31: network order). */
static uint16_t
port_of(int fd)
{
	union {
		struct sockaddr		 sa;
		struct sockaddr_in	 sin;
		struct sockaddr_in6	 sin6;
	} u;
	socklen_t len = sizeof(u);

	memset(&u, 0, sizeof(u));
	if (getsockname(fd, &u.sa, &len) == -1)
		return 0;
	return ntohs(u.sa.sa_family == AF_INET ? u.sin.sin_port :
	    u.sin6.sin6_port);
}

/* The bound socket, or -1 with errno. */
static int
open_one(int family, uint16_t port, const struct udp_options *o)
{
	int fd, saved;

	fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if ((family == AF_INET ? set_v4(fd) : set_v6(fd)) == -1 ||
	    (o->mark != 0 &&
	    set(fd, SOL_SOCKET, SO_MARK, (int)o->mark) == -1) ||
	    bind_any(fd, family, port) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	set_speed(fd, o);
	return fd;
}

/* This host does not have the family, or has it switched off (P30). */
static int
is_missing(int error)
{
	return error == EAFNOSUPPORT || error == EADDRNOTAVAIL ||
	    error == EPROTONOSUPPORT;
}

static int
open_pair(struct udp_pair *u, uint16_t port, const struct udp_options *o)
{
	int saved;

	udp_init(u);
	u->v4 = open_one(AF_INET, port, o);
	if (u->v4 == -1 && !is_missing(errno))
		return -1;
	if (u->v4 != -1 && port == 0)
		port = port_of(u->v4);
	u->v6 = open_one(AF_INET6, port, o);
	if (u->v6 == -1 && (!is_missing(errno) || u->v4 == -1)) {
		saved = errno;
		udp_close(u);
		errno = saved;
		return -1;
	}
	u->port = port != 0 ? port : port_of(u->v6);
	return 0;
}

int
udp_open(struct udp_pair *u, uint16_t port, const struct udp_options *o)
{
	struct udp_pair new;
	int tries;

	for (tries = 0; open_pair(&new, port, o) == -1; tries++)
		if (port != 0 || errno != EADDRINUSE || tries >= TRIES)
			return -1;
	*u = new;
	return 0;
}

int
udp_mark(const struct udp_pair *u, uint32_t mark)
{
	if (u->v4 != -1 && set(u->v4, SOL_SOCKET, SO_MARK, (int)mark) == -1)
		return -1;
	if (u->v6 != -1 && set(u->v6, SOL_SOCKET, SO_MARK, (int)mark) == -1)
		return -1;
	return 0;
}
