/* SPDX-License-Identifier: ISC */
/*
 * Reading rtnetlink: see netlink_parse.h.
 */
#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "parent/netlink_parse.h"

#define ATTRS	32		/* more than we look at; others are skipped */
#define ERROR_MAX	4095		/* of the kernel's numbers */

struct attrs {
	const struct nlattr	*at[ATTRS];
};

static int
on_attr(const struct nlattr *a, void *arg)
{
	struct attrs *attrs = arg;

	if (mnl_attr_get_type(a) < ATTRS)
		attrs->at[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

/* False if the message is too short for its header. */
static bool
parse(const struct nlmsghdr *nlh, size_t header, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	return mnl_nlmsg_get_payload_len(nlh) >= header &&
	    mnl_attr_parse(nlh, (unsigned)header, on_attr, attrs) >= 0;
}

static bool
parse_nested(const struct nlattr *a, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	return a != NULL && mnl_attr_parse_nested(a, on_attr, attrs) >= 0;
}

static uint8_t
u8(const struct attrs *attrs, int type, uint8_t otherwise)
{
	const struct nlattr *a = attrs->at[type];

	return a != NULL && mnl_attr_validate(a, MNL_TYPE_U8) == 0 ?
	    mnl_attr_get_u8(a) : otherwise;
}

static uint32_t
u32(const struct attrs *attrs, int type, uint32_t otherwise)
{
	const struct nlattr *a = attrs->at[type];

	return a != NULL && mnl_attr_validate(a, MNL_TYPE_U32) == 0 ?
	    mnl_attr_get_u32(a) : otherwise;
}

static bool
get_prefix_attr(struct prefix *p, const struct nlattr *a, uint8_t family,
    uint8_t cidr)
{
	size_t size = family == AF_INET ? 4 : 16;

	if ((family != AF_INET && family != AF_INET6) || cidr > size * 8)
		return false;
	memset(p, 0, sizeof(*p));
	p->family = family;
	p->cidr = cidr;
	if (a == NULL)
		return cidr == 0;
	if (mnl_attr_get_payload_len(a) != size)
		return false;
	memcpy(p->addr, mnl_attr_get_payload(a), size);
	return true;
}

static bool
read_address(const struct nlmsghdr *nlh, uint32_t ifindex, struct item *it)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct attrs attrs;

	if (!parse(nlh, sizeof(*ifa), &attrs) || ifa->ifa_index != ifindex)
		return false;
	it->kind = ITEM_ADDRESS;
	return get_prefix_attr(&it->prefix, attrs.at[IFA_LOCAL] != NULL ?
	    attrs.at[IFA_LOCAL] : attrs.at[IFA_ADDRESS], ifa->ifa_family,
	    ifa->ifa_prefixlen);
}

static bool
read_route(const struct nlmsghdr *nlh, struct item *it, uint32_t *oif)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(nlh);
	struct attrs attrs;

	/* Copies that the kernel makes for single hosts are not routes. */
	if (!parse(nlh, sizeof(*rt), &attrs) || rt->rtm_tos != 0 ||
	    rt->rtm_src_len != 0 || (rt->rtm_flags & RTM_F_CLONED) != 0 ||
	    !get_prefix_attr(&it->prefix, attrs.at[RTA_DST], rt->rtm_family,
	    rt->rtm_dst_len))
		return false;
	it->table = u32(&attrs, RTA_TABLE, rt->rtm_table);
	it->kind = rt->rtm_type == RTN_UNREACHABLE ? ITEM_UNREACHABLE :
	    ITEM_ROUTE;
	*oif = attrs.at[RTA_GATEWAY] != NULL ||
	    attrs.at[RTA_MULTIPATH] != NULL || rt->rtm_type != RTN_UNICAST ?
	    0 : u32(&attrs, RTA_OIF, 0);
	return true;
}

static bool
read_rule(const struct nlmsghdr *nlh, struct item *it)
{
	const struct fib_rule_hdr *frh = mnl_nlmsg_get_payload(nlh);
	bool invert, suppress;
	struct attrs attrs;
	uint32_t pref;

	if (!parse(nlh, sizeof(*frh), &attrs) || frh->dst_len != 0 ||
	    frh->src_len != 0 || frh->tos != 0 ||
	    frh->action != FR_ACT_TO_TBL || attrs.at[FRA_IIFNAME] != NULL ||
	    attrs.at[FRA_OIFNAME] != NULL || attrs.at[FRA_FWMARK] == NULL ||
	    u32(&attrs, FRA_FWMASK, 0) != UINT32_MAX ||
	    (frh->family != AF_INET && frh->family != AF_INET6))
		return false;
	it->prefix.family = frh->family;
	it->mark = u32(&attrs, FRA_FWMARK, 0);
	it->table = u32(&attrs, FRA_TABLE, frh->table);
	pref = u32(&attrs, FRA_PRIORITY, 0);
	invert = (frh->flags & FIB_RULE_INVERT) != 0;
	suppress = u32(&attrs, FRA_SUPPRESS_PREFIXLEN, UINT32_MAX) == 0;
	if (pref == ITEM_PREF_MARK && !invert && !suppress)
		it->kind = ITEM_RULE_MARK;
	else if (pref == ITEM_PREF_MAIN && invert && suppress &&
	    it->table == ITEM_TABLE_MAIN)
		it->kind = ITEM_RULE_MAIN;
	else if (pref == ITEM_PREF_DEFAULT && invert && !suppress)
		it->kind = ITEM_RULE_DEFAULT;
	else
		return false;
	return true;
}

bool
nlp_item(const struct nlmsghdr *nlh, uint32_t ifindex, struct item *it)
{
	uint32_t oif;

	memset(it, 0, sizeof(*it));
	switch (nlh->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return read_address(nlh, ifindex, it);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return read_route(nlh, it, &oif) &&
		    (it->kind == ITEM_UNREACHABLE ||
		    (oif != 0 && oif == ifindex));
	case RTM_NEWRULE:
	case RTM_DELRULE:
		return read_rule(nlh, it);
	default:
		return false;
	}
}

bool
nlp_route_place(const struct nlmsghdr *nlh, struct item *it)
{
	uint32_t oif;

	memset(it, 0, sizeof(*it));
	if (nlh->nlmsg_type != RTM_NEWROUTE || !read_route(nlh, it, &oif))
		return false;
	it->kind = ITEM_ROUTE;
	return true;
}

static int
on_link_attr(const struct nlattr *a, void *arg)
{
	struct nl_link *l = arg;

	if (mnl_attr_get_type(a) == IFLA_MTU &&
	    mnl_attr_validate(a, MNL_TYPE_U32) == 0)
		l->mtu = mnl_attr_get_u32(a);
	if (mnl_attr_get_type(a) == IFLA_MASTER &&
	    mnl_attr_validate(a, MNL_TYPE_U32) == 0)
		l->master = mnl_attr_get_u32(a);
	if (mnl_attr_get_type(a) == IFLA_IFNAME &&
	    mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == 0)
		strncpy(l->name, mnl_attr_get_str(a), sizeof(l->name) - 1);
	return MNL_CB_OK;
}

bool
nlp_link(const struct nlmsghdr *nlh, struct nl_link *l)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	memset(l, 0, sizeof(*l));
	if ((nlh->nlmsg_type != RTM_NEWLINK &&
	    nlh->nlmsg_type != RTM_DELLINK) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifi))
		return false;
	l->ifindex = (uint32_t)ifi->ifi_index;
	l->up = (ifi->ifi_flags & IFF_UP) != 0;
	return mnl_attr_parse(nlh, sizeof(*ifi), on_link_attr, l) >= 0;
}

/* What is not said is what keeps a device from being taken for ours. */
bool
nlp_tun(const struct nlmsghdr *nlh, struct nl_tun *t)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *kind;
	struct attrs link, info, data;
	bool many;

	memset(t, 0, sizeof(*t));
	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    !parse(nlh, sizeof(*ifi), &link) ||
	    !parse_nested(link.at[IFLA_LINKINFO], &info) ||
	    !parse_nested(info.at[IFLA_INFO_DATA], &data))
		return false;
	kind = info.at[IFLA_INFO_KIND];
	if (kind == NULL || mnl_attr_validate(kind, MNL_TYPE_NUL_STRING) ==
	    -1 || strcmp(mnl_attr_get_str(kind), "tun") != 0)
		return false;
	t->ifindex = (uint32_t)ifi->ifi_index;
	t->owner = u32(&data, IFLA_TUN_OWNER, UINT32_MAX);
	t->group = u32(&data, IFLA_TUN_GROUP, UINT32_MAX);
	t->persists = u8(&data, IFLA_TUN_PERSIST, 1) != 0;
	/* Of a device that has one queue the kernel does not count them. */
	many = u8(&data, IFLA_TUN_MULTI_QUEUE, 1) != 0;
	t->queues = u32(&data, IFLA_TUN_NUM_QUEUES, many ? UINT32_MAX : 1);
	t->detached = u32(&data, IFLA_TUN_NUM_DISABLED_QUEUES,
	    many ? UINT32_MAX : 0);
	return true;
}

/* NLMSG_ERROR and NLMSG_DONE both begin with it, 0 or negative. */
int
nlp_error(const struct nlmsghdr *nlh)
{
	const int *error = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error))
		return 0;
	return *error > 0 || *error < -ERROR_MAX ? EBADMSG : -*error;
}

void
nlp_error_text(const struct nlmsghdr *nlh, char *text, size_t size)
{
	const struct nlattr *a;
	struct attrs attrs;

	text[0] = '\0';
	/* Only then nothing but attributes follows the error. */
	if ((nlh->nlmsg_flags & NLM_F_ACK_TLVS) == 0 ||
	    (nlh->nlmsg_flags & NLM_F_CAPPED) == 0 ||
	    !parse(nlh, sizeof(struct nlmsgerr), &attrs))
		return;
	a = attrs.at[NLMSGERR_ATTR_MSG];
	if (a == NULL || mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == -1)
		return;
	strncpy(text, mnl_attr_get_str(a), size - 1);
	text[size - 1] = '\0';
}
