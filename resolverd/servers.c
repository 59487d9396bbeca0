/* SPDX-License-Identifier: ISC */
/*
 * The sockets to the name servers and the file of hosts, as the parent hands
 * them down.  Each call says MSG_DONTWAIT, for the flags are the parent's.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolverd/hosts.h"
#include "resolverd/resolverd.h"
#include "shared/clock.h"
#include "shared/log.h"

#define SERVER_READS	32		/* datagrams a turn */

void
servers_init(struct resolverd *r)
{
	unsigned i;

	for (i = 0; i < SERVERS_MAX; i++) {
		r->server[i].ctx = r;
		r->server[i].number = i;
		r->server[i].fd = -1;
	}
}

void
servers_clear(struct resolverd *r)
{
	struct server *s;

	for (s = r->server; s < r->server + SERVERS_MAX; s++) {
		if (s->fd == -1)
			continue;
		event_free(s->ev);
		close(s->fd);
		s->ev = NULL;
		s->fd = -1;
	}
}

int
server_send(struct resolverd *r, unsigned number, const uint8_t *msg,
    size_t len)
{
	struct server *s = &r->server[number];
	union {
		const uint8_t	*in;
		void		*out;
	} p = { msg };
	struct iovec iov = { p.out, len };
	struct msghdr m;
	int tries;

	memset(&m, 0, sizeof(m));
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	/* The first call may only tell of an earlier one's ICMP error. */
	for (tries = 0; tries < 2; tries++)
		if (sendmsg(s->fd, &m, MSG_DONTWAIT) != -1)
			return 0;
	log_debug("name server %u: %s", number, strerror(errno));
	return -1;
}

/* The bytes of the next datagram, 0 none, -1 the server cannot be reached. */
static ssize_t
receive(struct server *s, uint8_t buf[DNS_REPLY_MAX])
{
	struct iovec iov = { buf, DNS_REPLY_MAX };
	struct msghdr m;
	ssize_t len;

	memset(&m, 0, sizeof(m));
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	len = recvmsg(s->fd, &m, MSG_DONTWAIT);
	if (len == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	return len;
}

static void
on_reply(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t buf[DNS_REPLY_MAX];
	struct server *s = arg;
	struct resolverd *r = s->ctx;
	uint64_t now = clock_boottime();
	ssize_t len;
	int i;

	(void)fd;
	(void)what;
	for (i = 0; i < SERVER_READS; i++) {
		if ((len = receive(s, buf)) == 0)
			break;
		if (len == -1)
			resolver_failed(&r->resolver, s->number, now);
		else
			resolver_reply(&r->resolver, s->number, buf,
			    (size_t)len, now);
	}
	resolverd_arm(r);
}

int
on_dns_reset(void *arg, struct link *l, struct imsg *m)
{
	struct resolverd *r = arg;

	(void)l;
	(void)m;
	servers_clear(r);
	resolver_reset(&r->resolver, clock_boottime());
	resolverd_arm(r);
	return 0;
}

static bool
is_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && a->port == b->port &&
	    a->scope == b->scope &&
	    memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

int
on_dns_fd(void *arg, struct link *l, struct imsg *m)
{
	struct resolverd *r = arg;
	struct endpoint at;
	struct server *s;

	(void)l;
	if (dns_fd_recv(m, &at) == -1)
		return -1;
	if (r->resolver.servers == SERVERS_MAX) {
		r->resolver.count.drop_servers++;
		return 0;
	}
	s = &r->server[r->resolver.servers];
	/*
	 * Another network may have other addresses for a name.  Mere new
	 * sockets to the same servers come whenever one name is not answered.
	 */
	if (!is_same(&s->at, &at))
		cache_clear(&r->resolver.cache);
	s->at = at;
	s->fd = m->fd;
	s->ev = event_new(r->child.base, s->fd, EV_READ | EV_PERSIST,
	    on_reply, s);
	if (s->ev == NULL || event_add(s->ev, NULL) == -1)
		fatalx("cannot watch a socket");
	m->fd = -1;
	resolver_add(&r->resolver, clock_boottime());
	resolverd_arm(r);
	return 0;
}

/* As much as there is and we want of it: 0, or -1 with errno. */
static int
read_all(int fd, char *text, size_t *len)
{
	ssize_t got;

	*len = 0;
	while (*len < HOSTS_MAX) {
		got = read(fd, text + *len, HOSTS_MAX - *len);
		if (got == 0)
			return 0;
		if (got == -1 && errno != EINTR)
			return -1;
		if (got > 0)
			*len += (size_t)got;
	}
	log_warnx("only the first MiB of the file of hosts is used");
	return 0;
}

int
on_hosts_fd(void *arg, struct link *l, struct imsg *m)
{
	struct resolverd *r = arg;
	size_t len;
	char *text;

	(void)l;
	if ((text = malloc(HOSTS_MAX)) == NULL)
		fatal("no memory for the file of hosts");
	if (read_all(m->fd, text, &len) == -1) {
		/* A part of it is worse than the one before. */
		log_warn("cannot read the file of hosts");
		free(text);
		return 0;
	}
	free(r->hosts);
	/* Most of it is not needed. */
	r->hosts = realloc(text, len > 0 ? len : 1);
	if (r->hosts == NULL)
		r->hosts = text;
	r->resolver.hosts = r->hosts;
	r->resolver.hosts_len = len;
	return 0;
}
