/* SPDX-License-Identifier: ISC */
/*
 * The link itself: what it is called, whether it is up, and its MTU, on which
 * all of IPv6 depends.
 */
#include <errno.h>
#include <string.h>

#include "parent/kernel_state.h"
#include "parent/netlink.h"

/* What the kernel makes by itself is of fe80::/64.  The configuration's own
 * comes later; what others add in this moment is taken for the kernel's. */
static void
on_address(void *arg, const struct item *it)
{
	struct kernel *k = arg;

	if (it->prefix.addr[0] == 0xfe && it->prefix.addr[1] == 0x80 &&
	    it->prefix.cidr == 64 && items_find(&k->have, it) == NULL &&
	    items_find(&k->next, it) == NULL)
		(void)items_add(&k->stray, it);
}

/* It went before: as good. */
static void
on_refused(void *arg, size_t tag, int error, const char *text)
{
	(void)arg;
	(void)tag;
	(void)error;
	(void)text;
}

/*
 * With an MTU of less than 1280 the kernel forgets all of IPv6 on a link, also
 * that it shall make no address there.  When the MTU rises it makes one at
 * once, before anybody can say so again.
 */
static void
strip(struct kernel *k)
{
	size_t i;

	(void)nl_link_no_autoconf(k->requests, k->ifindex);
	(void)nl_link_no_redirects(k->requests, k->ifindex);
	if (!k->inet6 || nlr_dump_addresses(k->requests, k->ifindex, AF_INET6,
	    on_address, k) == -1)
		return;
	nlr_begin(&k->batch, k->requests, k->ifindex, on_refused, k);
	for (i = 0; i < k->stray.n; i++)
		if (nlr_del(&k->batch, &k->stray.at[i], i) == -1)
			break;
	(void)nlr_end(&k->batch);
	items_free(&k->stray);
}

void
kernel_mtu_is(struct kernel *k, uint32_t mtu)
{
	uint32_t before = k->mtu_now;

	k->mtu_now = mtu;
	if (before != 0 && before < INET6_MTU && mtu >= INET6_MTU)
		strip(k);
}

int
kernel_set_mtu(struct kernel *k, uint32_t mtu)
{
	if (nl_link_mtu(k->requests, k->ifindex, mtu) == -1)
		return -1;
	kernel_mtu_is(k, mtu);
	return 0;
}

void
kernel_keep_mtu(struct kernel *k)
{
	if (k->away || k->mtu == 0 || k->mtu_now == k->mtu)
		return;
	if (kernel_set_mtu(k, k->mtu) == -1)
		log_warn("cannot set the MTU of %s", k->ifname);
}

void
kernel_dress(struct kernel *k)
{
	(void)nl_link_no_autoconf(k->requests, k->ifindex);
	(void)nl_link_no_redirects(k->requests, k->ifindex);
	kernel_keep_mtu(k);
}

int
kernel_look_link(struct kernel *k)
{
	bool was_away = k->away;
	struct nl_link l;
	int rc = -1;

	if (k->ifindex != 0)
		rc = nlr_link(k->requests, k->ifindex, &l);
	if (rc == -1 && k->ifindex != 0 && errno != ENODEV) {
		k->dirty = true;
		return -1;
	}
	/* Another one may have its number by now. */
	if (rc == -1 || (k->away && strcmp(l.name, k->ifname) != 0)) {
		k->away = true;
		k->up = false;
		return 0;
	}
	if (!l.up || k->away)
		k->flapped = true;
	k->away = false;
	k->up = l.up;
	k->in_vrf = l.master != 0;
	memcpy(k->ifname, l.name, sizeof(k->ifname));
	kernel_mtu_is(k, l.mtu);
	if (was_away)
		kernel_dress(k);
	return 0;
}
