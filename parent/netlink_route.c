/* SPDX-License-Identifier: ISC */
/*
 * Sockets, batches and what is asked for: see netlink_route.h.
 *
 * Of a batch only the last message wants an acknowledgement; the kernel
 * answers a message that failed in any case.  So a batch of which all is well
 * has one answer, and the worst one has NLR_BATCH short ones, which fit into
 * the socket's buffer.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "parent/netlink_parse.h"
#include "parent/netlink_route.h"

#define BUFFER	32768			/* of one answer */
#define WAITING	(2 * 1024 * 1024)	/* bytes of answers that may wait */
#define METRIC_CONNECTED	256	/* of the kernel's, IPv6 only */

static void
set_option(int fd, int level, int name, int value)
{
	/* Older kernels lack some; each has a way without. */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

static int
open_groups(unsigned groups, struct sockaddr_nl *sa)
{
	socklen_t len = sizeof(*sa);
	int fd, saved;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    NETLINK_ROUTE);
	if (fd == -1)
		return -1;
	memset(sa, 0, sizeof(*sa));
	sa->nl_family = AF_NETLINK;
	sa->nl_groups = groups;
	set_option(fd, SOL_SOCKET, SO_RCVBUF, WAITING);
	set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, WAITING);
	if (bind(fd, (struct sockaddr *)sa, sizeof(*sa)) == 0 &&
	    getsockname(fd, (struct sockaddr *)sa, &len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
nlr_open(uint32_t *pid)
{
	struct sockaddr_nl sa;
	int fd;

	fd = open_groups(0, &sa);
	if (fd == -1)
		return -1;
	*pid = sa.nl_pid;
	set_option(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	set_option(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	set_option(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
	return fd;
}

/*
 * 10,000 peers make tens of thousands of events that we caused ourselves.
 * The kernel drops them by the sender's pid, before they fill the buffer.
 */
static int
only_others(int fd, uint32_t pid)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(pid), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog prog = {
		.len = sizeof(code) / sizeof(code[0]), .filter = code
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
	    sizeof(prog));
}

int
nlr_open_events(uint32_t pid)
{
	struct sockaddr_nl sa;
	int fd, saved;

	/* IPv6 rules have no bit of their own among the old names. */
	fd = open_groups(RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
	    RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_IPV6_IFADDR |
	    RTMGRP_IPV6_ROUTE | 1U << (RTNLGRP_IPV6_RULE - 1), &sa);
	if (fd == -1 || only_others(fd, pid) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static uint32_t
next_seq(void)
{
	static uint32_t seq = 0x10000;

	return ++seq;
}

static ssize_t
answer(int fd, char *buf, size_t size)
{
	ssize_t n;

	do
		n = recv(fd, buf, size, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	return n;
}

/* Batches. */

void
nlr_begin(struct nlr_batch *b, int fd, uint32_t ifindex, nlr_failed *failed,
    void *arg)
{
	b->fd = fd;
	b->ifindex = ifindex;
	b->failed = failed;
	b->arg = arg;
	b->n = 0;
	b->len = 0;
	b->last = 0;
}

/* An answer to one message.  True: it was to the last one. */
static bool
judge(struct nlr_batch *b, const struct nlmsghdr *nlh)
{
	char text[NLR_TEXT];
	uint32_t i = nlh->nlmsg_seq - b->seq;
	int error;

	if (nlh->nlmsg_type != NLMSG_ERROR || i >= b->n ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nlmsgerr))
		return false;
	error = nlp_error(nlh);
	if (error != 0) {
		nlp_error_text(nlh, text, sizeof(text));
		b->failed(b->arg, b->tag[i], error, text);
	}
	return i == b->n - 1;
}

static int
collect(struct nlr_batch *b)
{
	_Alignas(8) char buf[BUFFER];
	const struct nlmsghdr *nlh;
	bool done = false;
	ssize_t n;
	int left;

	while (!done) {
		n = answer(b->fd, buf, sizeof(buf));
		if (n == -1)
			return -1;
		left = (int)n;
		for (nlh = (const void *)buf; mnl_nlmsg_ok(nlh, left);
		    nlh = mnl_nlmsg_next(nlh, &left))
			if (judge(b, nlh))
				done = true;
	}
	return 0;
}

int
nlr_end(struct nlr_batch *b)
{
	struct nlmsghdr *nlh = (void *)(b->buf + b->last);
	int error, rc = 0;
	unsigned i;

	if (b->n == 0)
		return 0;
	nlh->nlmsg_flags |= NLM_F_ACK;
	if (send(b->fd, b->buf, b->len, 0) == -1) {
		error = errno;
		for (i = 0; i < b->n; i++)
			b->failed(b->arg, b->tag[i], error, "");
		errno = error;
		rc = -1;
	} else if (collect(b) == -1)
		rc = -1;
	b->n = 0;
	b->len = 0;
	return rc;
}

static struct nlmsghdr *
put(struct nlr_batch *b, uint16_t type, uint16_t flags, size_t tag)
{
	struct nlmsghdr *nlh;

	b->last = b->len;
	nlh = mnl_nlmsg_put_header(b->buf + b->len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags | NLM_F_REQUEST;
	nlh->nlmsg_seq = next_seq();
	if (b->n == 0)
		b->seq = nlh->nlmsg_seq;
	b->tag[b->n++] = tag;
	return nlh;
}

static void
put_address(const struct nlr_batch *b, struct nlmsghdr *nlh,
    const struct item *it)
{
	size_t size = it->prefix.family == AF_INET ? 4 : 16;
	struct ifaddrmsg *ifa;

	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = it->prefix.family;
	ifa->ifa_prefixlen = it->prefix.cidr;
	ifa->ifa_index = b->ifindex;
	ifa->ifa_scope = RT_SCOPE_UNIVERSE;
	/* Nobody else is on the link: usable at once. */
	if (it->prefix.family == AF_INET6)
		ifa->ifa_flags = IFA_F_NODAD;
	mnl_attr_put(nlh, IFA_LOCAL, size, it->prefix.addr);
	mnl_attr_put(nlh, IFA_ADDRESS, size, it->prefix.addr);
}

static void
put_route(const struct nlr_batch *b, struct nlmsghdr *nlh,
    const struct item *it, bool add)
{
	size_t size = it->prefix.family == AF_INET ? 4 : 16;
	bool unicast = it->kind == ITEM_ROUTE;
	struct rtmsg *rt;

	rt = mnl_nlmsg_put_extra_header(nlh, sizeof(*rt));
	rt->rtm_family = it->prefix.family;
	rt->rtm_dst_len = it->prefix.cidr;
	rt->rtm_type = unicast ? RTN_UNICAST : RTN_UNREACHABLE;
	rt->rtm_table = RT_TABLE_UNSPEC;
	/*
	 * What others made stays theirs: IPv6 has one of each metric.  The
	 * kernel's own goes with its address.
	 */
	rt->rtm_protocol = ITEM_PROTO;
	rt->rtm_scope = !add ? RT_SCOPE_NOWHERE :
	    unicast && it->prefix.family == AF_INET ? RT_SCOPE_LINK :
	    RT_SCOPE_UNIVERSE;
	if (it->prefix.cidr > 0)
		mnl_attr_put(nlh, RTA_DST, size, it->prefix.addr);
	mnl_attr_put_u32(nlh, RTA_TABLE, it->table);
	if (unicast)
		mnl_attr_put_u32(nlh, RTA_OIF, b->ifindex);
	if (!it->connected || !add)
		return;
	/* As the kernel makes it, so that there is only one. */
	if (it->prefix.family == AF_INET6)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, METRIC_CONNECTED);
	else
		mnl_attr_put(nlh, RTA_PREFSRC, size, it->source);
}

static void
put_rule(struct nlmsghdr *nlh, const struct item *it)
{
	struct fib_rule_hdr *frh;
	uint32_t pref = ITEM_PREF_MARK;

	frh = mnl_nlmsg_put_extra_header(nlh, sizeof(*frh));
	frh->family = it->prefix.family;
	frh->action = FR_ACT_TO_TBL;
	frh->table = RT_TABLE_UNSPEC;
	if (it->kind != ITEM_RULE_MARK) {
		frh->flags = FIB_RULE_INVERT;
		pref = it->kind == ITEM_RULE_MAIN ? ITEM_PREF_MAIN :
		    ITEM_PREF_DEFAULT;
	}
	mnl_attr_put_u32(nlh, FRA_PRIORITY, pref);
	mnl_attr_put_u32(nlh, FRA_FWMARK, it->mark);
	mnl_attr_put_u32(nlh, FRA_FWMASK, UINT32_MAX);
	mnl_attr_put_u32(nlh, FRA_TABLE, it->table);
	if (it->kind == ITEM_RULE_MAIN)
		mnl_attr_put_u32(nlh, FRA_SUPPRESS_PREFIXLEN, 0);
	mnl_attr_put_u8(nlh, FRA_PROTOCOL, ITEM_PROTO);
}

static int
put_item(struct nlr_batch *b, const struct item *it, size_t tag, bool add)
{
	const uint16_t flags = add ? NLM_F_CREATE | NLM_F_EXCL : 0;
	struct nlmsghdr *nlh;

	/* Of no interface would be of any. */
	if (item_is_device(it) && b->ifindex == 0) {
		b->failed(b->arg, tag, ENODEV, "");
		return 0;
	}
	if (b->n == NLR_BATCH && nlr_end(b) == -1)
		return -1;
	switch (it->kind) {
	case ITEM_ADDRESS:
		nlh = put(b, add ? RTM_NEWADDR : RTM_DELADDR, flags, tag);
		put_address(b, nlh, it);
		break;
	case ITEM_UNREACHABLE:
	case ITEM_ROUTE:
		nlh = put(b, add ? RTM_NEWROUTE : RTM_DELROUTE, flags, tag);
		put_route(b, nlh, it, add);
		break;
	case ITEM_RULE_MARK:
	case ITEM_RULE_MAIN:
	case ITEM_RULE_DEFAULT:
		nlh = put(b, add ? RTM_NEWRULE : RTM_DELRULE, flags, tag);
		put_rule(nlh, it);
		break;
	default:
		errno = EINVAL;
		return -1;
	}
	b->len += NLMSG_ALIGN(nlh->nlmsg_len);
	return 0;
}

int
nlr_add(struct nlr_batch *b, const struct item *it, size_t tag)
{
	return put_item(b, it, tag, true);
}

int
nlr_del(struct nlr_batch *b, const struct item *it, size_t tag)
{
	return put_item(b, it, tag, false);
}

/* Questions. */

struct question {
	union {
		struct nlmsghdr	 hdr;
		char		 buf[NLR_MESSAGE];
	} u;
};

static struct nlmsghdr *
ask(struct question *q, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh;

	memset(q, 0, sizeof(*q));
	nlh = mnl_nlmsg_put_header(q->u.buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags | NLM_F_REQUEST;
	nlh->nlmsg_seq = next_seq();
	return nlh;
}

typedef bool	 on_answer(const struct nlmsghdr *, void *);

/* True: the last answer; *error is 0 or what the kernel says. */
static bool
is_last(const struct nlmsghdr *nlh, bool dump, int *error)
{
	int e;

	if ((nlh->nlmsg_type != NLMSG_DONE || !dump) &&
	    nlh->nlmsg_type != NLMSG_ERROR)
		return false;
	/* What was wrong with an answer before stays so. */
	if ((e = nlp_error(nlh)) != 0)
		*error = e;
	return true;
}

/*
 * Every answer up to the end, also of a dump that something interrupted: the
 * kernel begins no other one before.  0, or -1 with errno; EINTR: the table
 * changed meanwhile.  Answers to older questions are passed over.
 */
static int
talk(int fd, struct question *q, on_answer *fn, void *arg)
{
	_Alignas(8) char buf[BUFFER];
	const bool dump = (q->u.hdr.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	const struct nlmsghdr *nlh;
	bool interrupted = false;
	int error = 0, left;
	ssize_t n;

	if (send(fd, &q->u.hdr, q->u.hdr.nlmsg_len, 0) == -1)
		return -1;
	for (;;) {
		n = answer(fd, buf, sizeof(buf));
		if (n == -1)
			return -1;
		left = (int)n;
		for (nlh = (const void *)buf; mnl_nlmsg_ok(nlh, left);
		    nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_seq != q->u.hdr.nlmsg_seq)
				continue;
			if ((nlh->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
				interrupted = true;
			if (is_last(nlh, dump, &error)) {
				errno = error != 0 ? error : EINTR;
				return error != 0 || interrupted ? -1 : 0;
			}
			if (fn != NULL && !fn(nlh, arg))
				error = EBADMSG;
		}
	}
}

struct dump {
	uint32_t	 ifindex;
	uint32_t	 table;		/* 0: any */
	nlr_found	*found;
	void		*arg;
};

static bool
on_found(const struct nlmsghdr *nlh, void *arg)
{
	const struct dump *d = arg;
	struct item it;

	if (nlp_item(nlh, d->ifindex, &it) &&
	    (d->table == 0 || it.table == d->table))
		d->found(d->arg, &it);
	return true;
}

int
nlr_dump_addresses(int fd, uint32_t ifindex, uint8_t family,
    nlr_found *found, void *arg)
{
	struct dump d = { ifindex, 0, found, arg };
	struct ifaddrmsg *ifa;
	struct question q;
	int rc;

	ifa = mnl_nlmsg_put_extra_header(ask(&q, RTM_GETADDR, NLM_F_DUMP),
	    sizeof(*ifa));
	ifa->ifa_family = family;
	ifa->ifa_index = ifindex;
	rc = talk(fd, &q, on_found, &d);
	/* An interface that is elsewhere has no addresses here. */
	return rc == -1 && errno == ENODEV ? 0 : rc;
}

int
nlr_dump_rules(int fd, uint8_t family, nlr_found *found, void *arg)
{
	struct dump d = { 0, 0, found, arg };
	struct fib_rule_hdr *frh;
	struct question q;

	frh = mnl_nlmsg_put_extra_header(ask(&q, RTM_GETRULE, NLM_F_DUMP),
	    sizeof(*frh));
	frh->family = family;
	return talk(fd, &q, on_found, &d);
}

int
nlr_dump_routes(int fd, uint32_t ifindex, uint8_t family, uint32_t table,
    bool own, nlr_found *found, void *arg)
{
	struct dump d = { ifindex, table, found, arg };
	struct nlmsghdr *nlh;
	struct question q;
	struct rtmsg *rt;
	int rc;

	nlh = ask(&q, RTM_GETROUTE, NLM_F_DUMP);
	rt = mnl_nlmsg_put_extra_header(nlh, sizeof(*rt));
	rt->rtm_family = family;
	/* The kernel looks only there, if it is not too old for that. */
	mnl_attr_put_u32(nlh, RTA_TABLE, table);
	if (own)
		mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
	rc = talk(fd, &q, on_found, &d);
	/* A table is there from its first route on. */
	return rc == -1 && (errno == ENOENT || (own && errno == ENODEV)) ?
	    0 : rc;
}

static bool
on_link(const struct nlmsghdr *nlh, void *arg)
{
	return nlp_link(nlh, arg);
}

static struct nlmsghdr *
ask_link(struct question *q, uint16_t type, uint32_t ifindex, bool up)
{
	struct ifinfomsg *ifi;
	struct nlmsghdr *nlh;

	nlh = ask(q, type, NLM_F_ACK);
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)ifindex;
	if (type == RTM_NEWLINK) {
		ifi->ifi_change = IFF_UP;
		ifi->ifi_flags = up ? IFF_UP : 0;
	}
	return nlh;
}

int
nlr_link(int fd, uint32_t ifindex, struct nl_link *l)
{
	struct question q;

	memset(l, 0, sizeof(*l));
	ask_link(&q, RTM_GETLINK, ifindex, false);
	return talk(fd, &q, on_link, l);
}

int
nlr_link_up(int fd, uint32_t ifindex)
{
	struct question q;

	ask_link(&q, RTM_NEWLINK, ifindex, true);
	return talk(fd, &q, NULL, NULL);
}

int
nlr_link_down(int fd, uint32_t ifindex)
{
	struct question q;

	ask_link(&q, RTM_NEWLINK, ifindex, false);
	return talk(fd, &q, NULL, NULL);
}
