/* SPDX-License-Identifier: ISC */
/*
 * What rtnetlink answers and tells.  The input is a question of the parent's
 * or netd's, its arguments, and then datagrams: a length (16 bits; 0: nothing
 * waits), FLAG_ bits, and the content.  The sockets' calls are ours.
 */
#include <sys/socket.h>

#include <errno.h>

#include <event2/event.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#if defined(__SANITIZE_ADDRESS__) || defined(SANITIZER)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)		((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n)	((void)(p), (void)(n))
#endif

#include "fakeclock.h"
#include "input.h"
#include "netd/netd.h"
#include "parent/netlink_parse.h"
#include "parent/netlink_route.h"
#include "shared/clock.h"

#define FD		3	/* nobody looks at it */
#define NSID		5	/* of the other namespace */
#define WALK		(2 * CLOCK_NSEC_PER_SEC)

/* Of a datagram. */
#define FLAG_STRANGER	0x01	/* not from the kernel */
#define FLAG_EVENT	0x02	/* told to a group */
#define FLAG_ELSEWHERE	0x04	/* of another namespace */
#define FLAG_CUT	0x08	/* there was more of it */
#define FLAG_LOST	0x10	/* no datagram: events were lost */

static struct input in;
static uint32_t seq;		/* of what was asked last */
static uint32_t ifindex;
static bool fencing;
static struct {
	uint8_t	*p;
	size_t	 n;
} fenced;

static void
unfence(void)
{
	if (fenced.p != NULL)
		ASAN_UNPOISON_MEMORY_REGION(fenced.p, fenced.n);
	fenced.p = NULL;
}

/*
 * For questions that are one call with one buffer on the stack: nothing
 * behind a datagram may be looked at until it returns.
 */
#define FENCED(call)	(fencing = true, answered(call))

static int
answered(int rc)
{
	unfence();
	fencing = false;
	return rc;
}

static void
fence(uint8_t *buf, size_t len, size_t size)
{
	unfence();
	if (!fencing)
		return;
	fenced.p = buf + len;
	fenced.n = size - len;
	ASAN_POISON_MEMORY_REGION(fenced.p, fenced.n);
}

/*
 * What the kernel always does: the answers to the first question have its
 * number, and no message is longer than 2^31 bytes, which libmnl before 1.0.5
 * took for a negative number, and for one that fits.
 */
static void
make_sane(uint8_t *p, size_t len)
{
	struct nlmsghdr h;
	size_t off;

	for (off = 0; len - off >= sizeof(h);
	    off += NLMSG_ALIGN(h.nlmsg_len)) {
		memcpy(&h, p + off, sizeof(h));
		h.nlmsg_seq += seq;
		h.nlmsg_len &= INT32_MAX;
		memcpy(p + off, &h, sizeof(h));
		if (h.nlmsg_len < sizeof(h) ||
		    NLMSG_ALIGN(h.nlmsg_len) > len - off)
			return;
	}
}

/* The next datagram, or -1 with errno. */
static ssize_t
next(void *buf, size_t size, uint8_t *flags)
{
	size_t len, left;

	unfence();
	len = input_int(&in, 2);
	errno = EAGAIN;
	if (len == 0)
		return -1;
	*flags = input_u8(&in);
	errno = ENOBUFS;
	if ((*flags & FLAG_LOST) != 0)
		return -1;
	left = len < in.left ? len : in.left;
	len = left < size ? left : size;
	input_copy(&in, buf, len);
	in.p += left - len;
	in.left -= left - len;
	make_sane(buf, len);
	fence(buf, len, size);
	return (ssize_t)len;
}

ssize_t
recv(int fd, void *buf, size_t size, int flags)
{
	uint8_t of_it;

	MUST(fd == FD && flags == MSG_DONTWAIT);
	return next(buf, size, &of_it);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	struct cmsghdr *cm = CMSG_FIRSTHDR(m);
	const int nsid = NSID;
	uint8_t of_it;
	ssize_t n;

	MUST(fd == FD && flags == MSG_DONTWAIT && m->msg_iovlen == 1);
	MUST(m->msg_namelen == sizeof(from));
	n = next(m->msg_iov->iov_base, m->msg_iov->iov_len, &of_it);
	if (n == -1)
		return -1;
	from.nl_pid = (of_it & FLAG_STRANGER) != 0;
	from.nl_groups = (of_it & FLAG_EVENT) != 0;
	memcpy(m->msg_name, &from, sizeof(from));
	m->msg_flags = (of_it & FLAG_CUT) != 0 ? MSG_TRUNC : 0;
	if (cm == NULL || (of_it & FLAG_ELSEWHERE) == 0) {
		m->msg_controllen = 0;
		return n;
	}
	cm->cmsg_level = SOL_NETLINK;
	cm->cmsg_type = NETLINK_LISTEN_ALL_NSID;
	cm->cmsg_len = CMSG_LEN(sizeof(nsid));
	memcpy(CMSG_DATA(cm), &nsid, sizeof(nsid));
	m->msg_controllen = CMSG_SPACE(sizeof(nsid));
	return n;
}

/* Requests: whole messages, numbered in their order. */
ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
	const struct nlmsghdr *nlh = buf;
	int left = (int)len;
	uint32_t n;

	MUST(fd == FD && flags == 0 && len >= sizeof(*nlh));
	seq = nlh->nlmsg_seq;
	for (n = 0; mnl_nlmsg_ok(nlh, left); n++) {
		MUST((nlh->nlmsg_flags & NLM_F_REQUEST) != 0);
		MUST(nlh->nlmsg_seq == seq + n);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	MUST(left == 0);
	return (ssize_t)len;
}

/* The parent's links. */

static void
link_is_sane(const struct nl_link *l)
{
	MUST(memchr(l->name, '\0', sizeof(l->name)) != NULL);
}

static void
ask_links(uint8_t which)
{
	struct nl_link l;
	struct nl_tun t;
	uint32_t index;
	int32_t nsid;
	bool strict;

	nsid = which % 2 == 0 ? NL_HOME : NSID;
	if (FENCED(nl_link_get(FD, nsid, "w0", &l)) == 0)
		MUST(l.ifindex != 0);
	link_is_sane(&l);
	(void)nl_outer_link(FD, 7, &index, &strict);
	if (nl_nsid(FD, FD, &nsid) == 0)
		MUST(nsid >= 0);
	if (FENCED(nl_tun_get(FD, "w0", &t)) == 0)
		MUST(t.ifindex != 0);
}

static void
change_links(uint8_t which)
{
	struct nl_link l;

	(void)FENCED(nl_link_mtu(FD, ifindex, 1280U + which));
	(void)FENCED(nl_link_no_autoconf(FD, ifindex));
	(void)FENCED(nl_link_no_redirects(FD, ifindex));
	(void)FENCED(nlr_link(FD, ifindex, &l));
	link_is_sane(&l);
	(void)FENCED(nlr_link_up(FD, ifindex));
	(void)FENCED(nlr_link_down(FD, ifindex));
}

static void
hear_links(uint8_t which)
{
	struct nl_event ev;
	int rc;

	(void)which;
	while ((rc = FENCED(nl_event(FD, &ev))) == 1) {
		MUST(ev.nsid == NL_HOME || ev.nsid == NSID || ev.nsid == 0);
		MUST(!ev.nsid_gone || ev.ifindex == 0);
	}
	MUST(rc == 0 || errno == ENOBUFS);
}

/* The parent's items. */

static void
refused(void *arg, size_t tag, int error, const char *text)
{
	MUST(tag < *(const size_t *)arg && error > 0);
	MUST(strlen(text) < NLR_TEXT);
}

/* What we ask the kernel to make is read as what it was. */
static void
make_again(const struct item *it)
{
	static struct nlr_batch b;
	size_t n = 2;
	struct item is;

	nlr_begin(&b, FD, ifindex, refused, &n);
	MUST(nlr_add(&b, it, 0) == 0 && nlr_del(&b, it, 1) == 0);
	MUST(nlp_item((const void *)b.buf, ifindex, &is));
	MUST(item_cmp(it, &is) == 0);
	MUST(nlp_item((const void *)(b.buf + b.last), ifindex, &is));
	MUST(item_cmp(it, &is) == 0);
}

static void
found(void *arg, const struct item *it)
{
	static const uint8_t nowhere[16];

	MUST(it->kind < ITEM_KINDS && it->kind != ITEM_SRC_MARK);
	MUST(it->state == 0 && it->order == 0);
	MUST(it->prefix.family == AF_INET || it->prefix.family == AF_INET6);
	MUST(it->prefix.cidr <= (it->prefix.family == AF_INET ? 32 : 128));
	MUST(arg == NULL || it->table == *(const uint32_t *)arg);
	/* The kernel names no bits behind a prefix, and none of rules. */
	if (it->kind != ITEM_ADDRESS && it->prefix.cidr == 0 &&
	    memcmp(it->prefix.addr, nowhere, sizeof(nowhere)) != 0)
		return;
	if (it->kind == ITEM_ADDRESS || it->kind == ITEM_ROUTE ?
	    ifindex != 0 : true)
		make_again(it);
}

static void
dump(uint8_t which)
{
	const uint8_t family = which % 2 == 0 ? AF_INET : AF_INET6;
	uint32_t table = which / 8 % 2 == 0 ? ITEM_TABLE_MAIN : 1000;

	switch (which / 2 % 4) {
	case 0:
		(void)FENCED(nlr_dump_addresses(FD, ifindex, family, found,
		    NULL));
		break;
	case 1:
		(void)FENCED(nlr_dump_rules(FD, family, found, NULL));
		break;
	case 2:
		(void)FENCED(nlr_dump_routes(FD, ifindex, family, table, true,
		    found, &table));
		break;
	case 3:
		(void)FENCED(nlr_dump_routes(FD, ifindex, family, table, false,
		    found, &table));
		break;
	}
}

static void
batch(uint8_t which)
{
	static struct nlr_batch b;
	struct item it;
	size_t i, n = which + 1U;

	nlr_begin(&b, FD, ifindex, refused, &n);
	memset(&it, 0, sizeof(it));
	for (i = 0; i < n; i++) {
		it.kind = (uint8_t)(i % ITEM_SRC_MARK);
		it.prefix.family = i % 3 == 0 ? AF_INET6 : AF_INET;
		it.prefix.cidr = (uint8_t)(i % 33);
		if ((i % 2 == 0 ? nlr_add(&b, &it, i) :
		    nlr_del(&b, &it, i)) == -1)
			return;
	}
	(void)FENCED(nlr_end(&b));
}

static void
hear_items(uint8_t which)
{
	struct nlr_event ev;
	int rc;

	(void)which;
	while ((rc = FENCED(nlr_event(FD, ifindex, &ev))) == 1)
		if (ev.what == NLR_NEW || ev.what == NLR_GONE)
			found(NULL, &ev.item);
		else if (ev.what == NLR_REPLACED)
			MUST(ev.item.kind == ITEM_ROUTE);
	MUST(rc == 0 || errno == ENOBUFS);
}

/* netd's sticky sources. */

static struct netd netd;
static event_callback_fn turn;
static unsigned asked;
static unsigned failing;		/* look-ups that are not sent */

struct event *
event_new(struct event_base *base, evutil_socket_t fd, short what,
    event_callback_fn fn, void *arg)
{
	static int event;

	(void)base;
	MUST(fd == FD && what == (EV_READ | EV_PERSIST) && arg == &netd);
	turn = fn;
	return (void *)&event;
}

int
event_add(struct event *ev, const struct timeval *tv)
{
	MUST(ev != NULL && tv == NULL);
	return 0;
}

void
names_hurry(struct names *s, uint64_t now)
{
	MUST(s == &netd.names && now != 0);
}

/* Look-ups, numbered by whom they are about. */
ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	const struct nlmsghdr *nlh = m->msg_iov->iov_base;
	const struct device *d = device_find(&netd.devices, nlh->nlmsg_seq);

	MUST(fd == FD && flags == MSG_DONTWAIT && m->msg_iovlen == 1);
	MUST(nlh->nlmsg_len == m->msg_iov->iov_len);
	MUST(d != NULL && d->asked.family == d->at.remote.family);
	MUST(d->at.has_local || d->refused.family != 0);
	if (failing > 0) {
		failing--;
		errno = ENOBUFS;
		return -1;
	}
	asked++;
	return (ssize_t)nlh->nlmsg_len;
}

/* 1 is of IPv4, 2 of IPv6, 3 on a link, 4 has no source. */
static void
place_devices(void)
{
	static const uint8_t v4[4] = { 192, 0, 2, 1 };
	static const uint8_t v6[16] = { 0xfe, 0x80, [15] = 1 };
	static const uint8_t key[COOKIE_KEY_LEN];
	struct device *d;
	uint32_t i;

	if (turn == NULL) {
		netd.route_fd = FD;
		MUST(device_table_init(&netd.devices) == 0);
		for (i = 1; i <= 4; i++)
			MUST(device_add_key(&netd.devices, i, 0, key) != NULL);
		MUST(route_init(&netd) == 0);
	}
	timer_wheel_init(&netd.wheel, clock_boottime());
	timer_init(&netd.route_timer, netd.route_timer.fn, &netd);
	netd.route_dirty = netd.route_walking = false;
	for (i = 1; i <= 4; i++) {
		d = device_find(&netd.devices, i);
		memset(&d->at, 0, sizeof(d->at));
		memset(&d->asked, 0, sizeof(d->asked));
		memset(&d->refused, 0, sizeof(d->refused));
		d->at.remote.family = i % 2 == 1 && i < 3 ? AF_INET : AF_INET6;
		d->at.remote.port = 51820;
		d->at.remote.addr[0] = i == 3 ? 0xfe : 0x20;
		d->at.remote.addr[1] = i == 3 ? 0x80 : 0x01;
		d->at.remote.scope = i == 3 ? ifindex : 0;
		d->at.has_local = i < 4;
		if (i < 4) {
			memcpy(d->at.local, i == 1 ? v4 : v6, i == 1 ? 4 : 16);
			d->at.ifindex = ifindex;
			d->asked.family = d->at.remote.family;
			memcpy(d->asked.local, d->at.local, 16);
			d->asked.ifindex = ifindex;
		}
	}
}

/* A look-up that could not be sent is made later, without a new event. */
static void
check_again(void)
{
	struct device *d;

	place_devices();
	d = device_find(&netd.devices, 1);
	memset(&d->asked, 0, sizeof(d->asked));
	fakeclock_advance(WALK);
	in.left = 0;
	asked = 0;
	failing = 1;
	route_check(&netd, d);
	MUST(asked == 0 && failing == 0);
	fakeclock_advance(WALK);
	timer_expire(&netd.wheel, clock_boottime(), 100);
	MUST(asked == 3);
}

static void
follow_routes(uint8_t which)
{
	const uint64_t before = netd.count.route_unpinned;
	const uint64_t generation = netd.generation;
	const uint64_t events = netd.count.route_events;
	struct device *d;
	unsigned pinned = 0, refused = 0;
	uint8_t i;

	place_devices();
	seq = 0;
	failing = 0;
	for (i = 0; i < which % 4 + 1; i++) {
		fencing = true;		/* it is no stack there */
		turn(FD, EV_READ, &netd);
		(void)answered(0);
		asked = 0;
		fakeclock_advance(WALK);
		timer_expire(&netd.wheel, clock_boottime(), 100);
		MUST(asked <= 3);
	}
	TAILQ_FOREACH(d, &netd.devices.list, entry) {
		MUST(d->at.remote.port == 51820);
		pinned += d->at.has_local;
		refused += !d->at.has_local && d->refused.family != 0;
	}
	MUST(netd.count.route_unpinned - before == 3 - pinned);
	/* By an address that went, or when one refused is right again. */
	MUST(netd.generation - generation >= 3 - pinned - refused);
	/* A peer that is led elsewhere says nothing of the others. */
	if (netd.count.route_events == events)
		MUST(netd.generation == generation);
	check_again();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const question[])(uint8_t) = {
		ask_links, change_links, hear_links, dump, batch, hear_items,
		follow_routes
	};
	uint8_t which;

	in.p = data;
	in.left = size;
	which = input_u8(&in) % (sizeof(question) / sizeof(question[0]));
	ifindex = input_u8(&in);
	question[which](input_u8(&in));
	return 0;
}
