/* SPDX-License-Identifier: ISC */
/*
 * resolverd: turns the names of peers' endpoints into addresses, for netd.
 *
 * It asks the name servers of resolv.conf over UDP and looks into the file of
 * hosts; it knows no search list, no NSS and no other record than A, AAAA and
 * CNAME.  Without a question from netd it does nothing.
 *
 * Descriptors: 3 the link to the parent; a link to netd; a connected UDP
 * socket for each name server.  All were opened by the parent.  It lives in
 * an empty network namespace, where its sockets are strangers.
 * Talks to: the parent (sockets, the text of hosts), netd (names).
 *
 * Who takes it over can give wrong addresses for peers that are named: their
 * handshakes then go elsewhere, and nobody there can answer them.  He has no
 * key, no packet and no file, and can send datagrams from the ports of the
 * DNS sockets only, marked so that they cannot enter the tunnel.
 */
#include <sys/time.h>

#include <string.h>

#include "resolverd/resolverd.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/msg_helper.h"

#define RESOLVERD_NOFILE	32
#define WANTED_PAUSE		(10 * CLOCK_NSEC_PER_SEC)

static int
on_resolve(void *arg, struct link *l, struct imsg *m)
{
	struct resolverd *r = arg;
	char name[RESOLVE_NAME_MAX];

	(void)l;
	if (resolve_recv(m, name) == -1)
		return -1;
	resolver_ask(&r->resolver, m->id, name, clock_boottime());
	resolverd_arm(r);
	return 0;
}

static const struct link_row rows[] = {
	CHILD_ROWS,
	{ MSG_RESOLVE, on_resolve },
	{ MSG_DNS_RESET, on_dns_reset },
	{ MSG_DNS_FD, on_dns_fd },
	{ MSG_HOSTS_FD, on_hosts_fd },
	{ MSG_HELPER_SHOW, on_helper_show },
};

static void
stop(void *arg)
{
	struct resolverd *r = arg;

	servers_clear(r);
	resolver_clear(&r->resolver);
}

static const struct child_conf conf = {
	.self = PROC_RESOLVERD,
	.start = &resolverd_start,
	.run = &resolverd_run,
	.rows = rows,
	.nrows = sizeof(rows) / sizeof(rows[0]),
	.siblings = PROC_BIT(PROC_NETD),
	.empty_netns = true,
	.nofile = RESOLVERD_NOFILE,
	.stop = stop,
};

static int
send_query(void *arg, unsigned server, const uint8_t *msg, size_t len)
{
	return server_send(arg, server, msg, len);
}

static void
done(void *arg, uint32_t id, const struct resolved *a)
{
	struct resolverd *r = arg;

	resolved_send(&r->child.sibling[PROC_NETD], id, a);
}

static void
wanted(void *arg)
{
	struct resolverd *r = arg;
	uint64_t now = clock_boottime();

	if (r->wanted != 0 && now - r->wanted < WANTED_PAUSE)
		return;
	r->wanted = now;
	r->resolver.count.wanted++;
	dns_wanted_send(&r->child.parent);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct resolverd *r = arg;

	(void)fd;
	(void)what;
	resolver_tick(&r->resolver, clock_boottime());
	resolverd_arm(r);
}

void
resolverd_arm(struct resolverd *r)
{
	uint64_t when, now = clock_boottime(), wait;
	struct timeval tv;

	if (!resolver_next(&r->resolver, &when)) {
		event_del(r->timer);
		return;
	}
	wait = when > now ? when - now : 0;
	tv.tv_sec = (time_t)(wait / CLOCK_NSEC_PER_SEC);
	tv.tv_usec = (suseconds_t)(wait % CLOCK_NSEC_PER_SEC / 1000 + 1);
	if (tv.tv_usec == 1000000) {
		tv.tv_sec++;
		tv.tv_usec = 0;
	}
	if (event_add(r->timer, &tv) == -1)
		fatalx("cannot set the timer");
}

static void
init(struct resolverd *r)
{
	resolver_init(&r->resolver);
	r->resolver.out.arg = r;
	r->resolver.out.send = send_query;
	r->resolver.out.done = done;
	r->resolver.out.wanted = wanted;
	servers_init(r);
	r->timer = event_new(r->child.base, -1, 0, on_timer, r);
	if (r->timer == NULL)
		fatalx("no memory");
}

int
main(int argc, char **argv)
{
	static struct resolverd resolverd;

	child_begin(&resolverd, &conf, argc, argv);
	init(&resolverd);
	event_base_dispatch(resolverd.child.base);
	fatalx("the event loop ended");
}
