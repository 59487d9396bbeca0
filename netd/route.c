/* SPDX-License-Identifier: ISC */
/*
 * Sticky sources follow the routes (P25), for IPv4 and IPv6 alike.  When an
 * address goes, the sources that are it are forgotten at once.  When anything
 * changes, the route of every device that has a source is looked up again, a
 * few at a time; if it is gone or leaves by another interface than packets
 * come in by, the source is forgotten, as the kernel's WireGuard does.  While
 * that is so the next packet does not bring it back: a provider may drop what
 * bears the address of another one.
 */
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "netd/netd.h"
#include "shared/clock.h"

#define ROUTE_READS	32		/* datagrams a turn (P46) */
#define ROUTE_CHECKS	64		/* look-ups a step */
#define ROUTE_STEP	(5 * CLOCK_NSEC_PER_MSEC)
#define ROUTE_SETTLE	(50 * CLOCK_NSEC_PER_MSEC)
#define ROUTE_PAUSE	CLOCK_NSEC_PER_SEC	/* between two walks */
#define ROUTE_ONCE	32		/* look-ups at once, in a second */

static void
unpin(struct netd *n, struct device *d)
{
	source_unpin(&d->at);
	n->generation++;
	n->count.route_unpinned++;
}

/* What to ask for the route of: its source, or what was refused as such. */
static bool
has_way(const struct device *d, struct device_way *w)
{
	if (!d->at.has_local) {
		*w = d->refused;
		return w->family != 0 && w->family == d->at.remote.family;
	}
	w->family = d->at.remote.family;
	memcpy(w->local, d->at.local, sizeof(w->local));
	w->ifindex = d->at.ifindex;
	return true;
}

static void
step_soon(struct netd *n, uint64_t now)
{
	if (!timer_pending(&n->route_timer))
		timer_add(&n->wheel, &n->route_timer, now + ROUTE_SETTLE);
}

static void
walk_soon(struct netd *n, uint64_t now)
{
	n->route_dirty = true;
	step_soon(n, now);
}

/*
 * Asks for the route to a device from d->asked.  The kernel answers at once;
 * the device's id is the sequence number.
 */
static void
ask(struct netd *n, const struct device *d)
{
	uint8_t buf[256];
	struct nlmsghdr *nh = mnl_nlmsg_put_header(buf);
	size_t alen = d->at.remote.family == AF_INET ? 4 : 16;
	struct rtmsg *rt;
	struct iovec iov;
	struct msghdr m;

	nh->nlmsg_type = RTM_GETROUTE;
	nh->nlmsg_flags = NLM_F_REQUEST;
	nh->nlmsg_seq = d->id;
	rt = mnl_nlmsg_put_extra_header(nh, sizeof(*rt));
	rt->rtm_family = d->at.remote.family;
	rt->rtm_dst_len = rt->rtm_src_len = (uint8_t)(alen * 8);
	mnl_attr_put(nh, RTA_DST, alen, d->at.remote.addr);
	mnl_attr_put(nh, RTA_SRC, alen, d->asked.local);
	if (n->mark != 0)
		mnl_attr_put_u32(nh, RTA_MARK, n->mark);
	if (source_is_link_local(&d->at))
		mnl_attr_put_u32(nh, RTA_OIF, d->asked.ifindex);
	memset(&m, 0, sizeof(m));
	iov.iov_base = nh;
	iov.iov_len = nh->nlmsg_len;
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	n->count.route_checks++;
	/* Not asked is not checked, and no change need come. */
	if (sendmsg(n->route_fd, &m, MSG_DONTWAIT) == -1)
		walk_soon(n, clock_boottime());
}

static void
step(void *arg, uint64_t now)
{
	struct netd *n = arg;
	struct device *d;
	int asked = 0;

	if (!n->route_walking) {
		if (!n->route_dirty && !n->route_late)
			return;
		n->route_all = n->route_dirty;
		n->route_dirty = n->route_late = false;
		n->route_walking = true;
		device_walk_begin(&n->devices);
	}
	while (asked < ROUTE_CHECKS &&
	    (d = device_walk(&n->devices)) != NULL) {
		if (!n->route_all && !d->unchecked)
			continue;
		d->unchecked = false;
		d->gso_limit = 0;	/* the MTU may be another now */
		d->error = 0;		/* and so may what is sent next */
		if (!has_way(d, &d->asked))
			continue;
		ask(n, d);
		asked++;
	}
	if (asked == ROUTE_CHECKS) {
		timer_add(&n->wheel, &n->route_timer, now + ROUTE_STEP);
		return;
	}
	/* Also paces storms of changes: one walk a second. */
	n->route_walking = false;
	timer_add(&n->wheel, &n->route_timer, now + ROUTE_PAUSE);
}

static void
changed(struct netd *n)
{
	uint64_t now = clock_boottime();

	n->count.route_events++;
	names_hurry(&n->names, now);
	walk_soon(n, now);
}

void
route_unpin_all(struct netd *n)
{
	struct device *d;

	TAILQ_FOREACH(d, &n->devices.list, entry) {
		source_unpin(&d->at);
		d->gso_limit = 0;
		d->error = 0;
	}
	n->generation++;
	/* By another mark, what was refused may be right. */
	if (n->route_fd != -1)
		walk_soon(n, clock_boottime());
}

static int
get_oif(const struct nlattr *a, void *arg)
{
	if (mnl_attr_get_type(a) == RTA_OIF &&
	    mnl_attr_validate(a, MNL_TYPE_U32) == 0)
		*(uint32_t *)arg = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

static bool
is_same_way(const struct device_way *a, const struct device_way *b)
{
	return a->family == b->family && a->ifindex == b->ifindex &&
	    memcmp(a->local, b->local, sizeof(a->local)) == 0;
}

/*
 * Is this way the one that the route takes?  What still comes by one that is
 * not is known by d->refused, so the sources of the others are in no doubt: a
 * peer that moves again and again shall not make work of them all.
 */
static void
judge(struct netd *n, struct device *d, const struct device_way *w,
    bool is_right)
{
	if (is_right && is_same_way(&d->refused, w)) {
		memset(&d->refused, 0, sizeof(d->refused));
		/* So that cryptod tells of it again. */
		n->generation++;
	} else if (!is_right) {
		d->refused = *w;
		if (device_is_way(w, &d->at)) {
			source_unpin(&d->at);
			n->count.route_unpinned++;
		}
	}
}

/* The answer to ask(): the route's interface, or that there is none. */
static void
answer(struct netd *n, const struct nlmsghdr *nh)
{
	struct device *d = device_find(&n->devices, nh->nlmsg_seq);
	struct device_way w;
	uint32_t oif = 0;

	if (d == NULL || d->asked.family == 0)
		return;
	if (nh->nlmsg_type == RTM_NEWROUTE &&
	    mnl_nlmsg_get_payload_len(nh) >= sizeof(struct rtmsg))
		mnl_attr_parse(nh, sizeof(struct rtmsg), get_oif, &oif);
	else if (nh->nlmsg_type != NLMSG_ERROR)
		return;
	w = d->asked;
	memset(&d->asked, 0, sizeof(d->asked));
	/* It is about where the device was. */
	if (d->unchecked)
		return;
	judge(n, d, &w, nh->nlmsg_type == RTM_NEWROUTE && oif == w.ifindex);
	/* What was refused before may be right by now as well. */
	if (d->refused.family != 0 && !is_same_way(&d->refused, &w) &&
	    d->refused.family == d->at.remote.family) {
		d->asked = d->refused;
		ask(n, d);
	}
}

struct gone {
	size_t		 len;
	const uint8_t	*addr;
};

/* IFA_LOCAL is ours; IFA_ADDRESS may be the other end of a link. */
static int
get_address(const struct nlattr *a, void *arg)
{
	struct gone *g = arg;

	if (mnl_attr_get_payload_len(a) == g->len &&
	    (mnl_attr_get_type(a) == IFA_LOCAL ||
	    (mnl_attr_get_type(a) == IFA_ADDRESS && g->addr == NULL)))
		g->addr = mnl_attr_get_payload(a);
	return MNL_CB_OK;
}

/* An address was removed: it is nobody's source any more. */
static void
address_gone(struct netd *n, const struct nlmsghdr *nh)
{
	const struct ifaddrmsg *ia = mnl_nlmsg_get_payload(nh);
	struct device *d;
	struct gone g;

	if (mnl_nlmsg_get_payload_len(nh) < sizeof(*ia))
		return;
	g.len = ia->ifa_family == AF_INET ? 4 : 16;
	g.addr = NULL;
	mnl_attr_parse(nh, sizeof(*ia), get_address, &g);
	if (g.addr == NULL)
		return;
	TAILQ_FOREACH(d, &n->devices.list, entry)
		if (d->at.has_local && d->at.remote.family ==
		    ia->ifa_family &&
		    memcmp(d->at.local, g.addr, g.len) == 0)
			unpin(n, d);
}

/* A bridge tells of its ports by the same messages. */
static bool
is_of_link(const struct nlmsghdr *nh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nh);

	return mnl_nlmsg_get_payload_len(nh) >= sizeof(*ifi) &&
	    ifi->ifi_family == AF_UNSPEC;
}

static void
parse(struct netd *n, const uint8_t *buf, size_t len, bool is_event)
{
	const struct nlmsghdr *nh = (const void *)buf;
	int left = (int)len;

	for (; mnl_nlmsg_ok(nh, left); nh = mnl_nlmsg_next(nh, &left)) {
		if (!is_event) {
			answer(n, nh);
			continue;
		}
		switch (nh->nlmsg_type) {
		case RTM_DELADDR:
			address_gone(n, nh);
			/* FALLTHROUGH */
		case RTM_NEWADDR:
		case RTM_NEWROUTE:
		case RTM_DELROUTE:
		case RTM_NEWRULE:
		case RTM_DELRULE:
			changed(n);
			break;
		case RTM_NEWLINK:
		case RTM_DELLINK:
			/* The IPv4 routes of one that is down go unsaid. */
			if (is_of_link(nh))
				changed(n);
			break;
		}
	}
}

/* 1, 0 nothing there, -1 events were lost. */
static int
read_one(struct netd *n)
{
	static _Alignas(struct nlmsghdr) uint8_t buf[32768];
	struct sockaddr_nl from;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m;
	ssize_t len;

	memset(&m, 0, sizeof(m));
	m.msg_name = &from;
	m.msg_namelen = sizeof(from);
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	len = recvmsg(n->route_fd, &m, MSG_DONTWAIT);
	if (len == -1)
		return errno == ENOBUFS ? -1 : 0;
	/* Only the kernel's word counts. */
	if (m.msg_namelen != sizeof(from) || from.nl_pid != 0)
		return 1;
	if ((m.msg_flags & MSG_TRUNC) != 0)
		return -1;
	parse(n, buf, (size_t)len, from.nl_groups != 0);
	return 1;
}

static void
on_route(evutil_socket_t fd, short what, void *arg)
{
	struct netd *n = arg;
	int i, got;

	(void)fd;
	(void)what;
	for (i = 0; i < ROUTE_READS; i++) {
		got = read_one(n);
		if (got == 0)
			return;
		if (got == -1) {
			n->count.route_lost++;
			changed(n);
		}
	}
}

/* Is there room for a look-up at once? */
static bool
may_check(struct netd *n, uint64_t now)
{
	if (now - n->route_since >= CLOCK_NSEC_PER_SEC) {
		n->route_since = now;
		n->route_count = 0;
	}
	return n->route_count++ < ROUTE_ONCE;
}

/*
 * Whoever only answers may never see a change of routes, and a source that
 * was wrong from the first packet on would stay.  A peer decides how often he
 * moves, so what is too much is looked at later, all of it in one walk.
 */
void
route_check(struct netd *n, struct device *d)
{
	uint64_t now;

	if (n->route_fd == -1 || !d->at.has_local)
		return;
	now = clock_boottime();
	if (d->asked.family != 0 || !may_check(n, now)) {
		d->unchecked = n->route_late = true;
		step_soon(n, now);
		return;
	}
	d->unchecked = false;
	has_way(d, &d->asked);
	ask(n, d);
	/* It is answered by now: what is sent next shall go the right way. */
	on_route(n->route_fd, EV_READ, n);
}

int
route_init(struct netd *n)
{
	timer_init(&n->route_timer, step, n);
	n->route_ev = event_new(n->child.base, n->route_fd,
	    EV_READ | EV_PERSIST, on_route, n);
	if (n->route_ev == NULL || event_add(n->route_ev, NULL) == -1)
		return -1;
	return 0;
}
