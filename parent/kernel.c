/* SPDX-License-Identifier: ISC */
/*
 * The kernel's side of a configuration: see kernel.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/kernel_state.h"
#include "parent/netlink.h"

#define SRC_MARK	"/proc/sys/net/ipv4/conf/all/src_valid_mark"

uint32_t
kernel_mark(const char *instance, const struct conf *conf)
{
	return conf->has_fwmark && conf->fwmark != 0 ? conf->fwmark :
	    item_table(instance);
}

static void
on_rule(void *arg, const struct item *it)
{
	(void)arg;
	(void)it;
}

/*
 * Without IPv6, by module or by boot argument, the kernel says so.  Another
 * error says nothing, and must not be taken for that: all that ::/0 is to keep
 * in would go past us.
 */
static int
look_inet6(struct kernel *k)
{
	int tries;

	for (tries = 0; tries < KERNEL_TRIES; tries++) {
		k->inet6 = nlr_dump_rules(k->requests, AF_INET6, on_rule,
		    NULL) == 0;
		if (k->inet6 || nlr_no_family(errno))
			return 0;
		if (errno != EINTR && errno != ENOBUFS)
			break;
	}
	log_warn("cannot see whether this kernel has IPv6");
	return -1;
}

static int
open_sockets(struct kernel *k)
{
	uint32_t pid;

	k->requests = nlr_open(&pid);
	if (k->requests != -1)
		k->events = nlr_open_events(pid);
	if (k->requests == -1 || k->events == -1) {
		log_warn("cannot open a netlink socket");
		return -1;
	}
	return look_inet6(k);
}

/* It may be read-only here; then it must be right already. */
static void
open_src_mark(struct kernel *k)
{
	k->src_mark = open(SRC_MARK, O_RDWR | O_CLOEXEC);
	if (k->src_mark != -1)
		return;
	k->src_mark_error = errno;
	k->src_mark = open(SRC_MARK, O_RDONLY | O_CLOEXEC);
}

static void
kernel_free(struct kernel *k)
{
	if (k->ev != NULL)
		event_free(k->ev);
	if (k->timer != NULL)
		event_free(k->timer);
	if (k->requests != -1)
		close(k->requests);
	if (k->events != -1)
		close(k->events);
	if (k->src_mark != -1)
		close(k->src_mark);
	items_free(&k->have);
	items_free(&k->next);
	items_free(&k->stale);
	free(k);
}

struct kernel *
kernel_open(int run_dir, const char *instance, const char *ifname,
    uint32_t ifindex)
{
	struct kernel *k;

	k = calloc(1, sizeof(*k));
	if (k == NULL) {
		log_warn("kernel state");
		return NULL;
	}
	k->requests = k->events = k->src_mark = k->undo.fd = -1;
	k->ifindex = ifindex;
	snprintf(k->ifname, sizeof(k->ifname), "%s", ifname);
	if (open_sockets(k) == -1 ||
	    undo_kept(run_dir, instance, k->requests) == -1 ||
	    undo_open(&k->undo, run_dir, instance, true) == -1)
		goto fail;
	/* A namespace has an end, too: that must not keep us from starting. */
	if (undo_is_elsewhere(&k->undo)) {
		log_warnx("what a killed instance of %s left is in another "
		    "network namespace; if that is still there, a start or "
		    "\"warrend --cleanup %s\" there takes it away", instance,
		    instance);
		if (undo_put_by(&k->undo) == -1)
			goto fail;
	} else if (undo_all(&k->undo, k->requests) == -1)
		goto fail;
	if (undo_reset(&k->undo) == -1) {
		log_warn("cannot write the undo journal of %s", instance);
		goto fail;
	}
	open_src_mark(k);
	(void)kernel_look_link(k);
	return k;
fail:
	undo_close(&k->undo, false);
	kernel_free(k);
	return NULL;
}

void
kernel_on_change(struct kernel *k, void (*fn)(void *, const char *),
    void *arg)
{
	k->changed = fn;
	k->changed_arg = arg;
}

/* Preparing. */

/* What runs already and is there stays; all else has to be made. */
static void
carry_over(struct kernel *k)
{
	const struct items *have = &k->have;
	struct item *it;
	size_t h = 0, i;
	int c;

	for (i = 0; i < k->next.n; i++) {
		it = &k->next.at[i];
		c = 1;
		while (h < have->n && (c = item_cmp(&have->at[h], it)) < 0)
			h++;
		if (h < have->n && c == 0) {
			it->state = have->at[h].state &
			    (ITEM_MISSING | ITEM_LOST);
			it->pid = have->at[h].pid;
		} else
			it->state = ITEM_MISSING;
	}
}

static int
say_why(const struct kernel *k, char why[KERNEL_WHY], const char *what)
{
	snprintf(why, KERNEL_WHY, "cannot %s of %s: %s", what, k->ifname,
	    strerror(errno));
	return -1;
}

static int
set_mtu(struct kernel *k, char why[KERNEL_WHY])
{
	uint32_t before = k->mtu_now;

	if (k->away || before == k->mtu_next)
		return 0;
	if (kernel_set_mtu(k, k->mtu_next) == -1)
		return say_why(k, why, "set the MTU");
	k->mtu_before = before;
	return 0;
}

static int
set_up(struct kernel *k, char why[KERNEL_WHY])
{
	if (k->away || k->up)
		return 0;
	if (nlr_link_up(k->requests, k->ifindex) == -1)
		return say_why(k, why, "set up the link");
	k->set_up = k->up = true;
	/* All that the link lacks is missing already, and made right now. */
	kernel_read(k);
	k->flapped = false;
	return 0;
}

static int
add_kind(struct kernel *k, enum item_kind kind, char why[KERNEL_WHY])
{
	if (k->away && (kind == ITEM_ADDRESS || kind == ITEM_ROUTE))
		return 0;
	if (kernel_add(k, &k->next, kind, 0) == -1) {
		snprintf(why, KERNEL_WHY, "cannot change addresses and "
		    "routes: %s", strerror(errno));
		return -1;
	}
	if (k->error == 0)
		return 0;
	kernel_why(k, &k->next.at[k->failed], k->error, k->text, why);
	return -1;
}

static int
add_all(struct kernel *k, char why[KERNEL_WHY])
{
	int kind;

	for (kind = 0; kind < ITEM_KINDS; kind++) {
		/* IPv6 needs an MTU of 1280 before, routes a link. */
		if (kind == ITEM_ADDRESS && set_mtu(k, why) == -1)
			return -1;
		if (kind == ITEM_ROUTE && set_up(k, why) == -1)
			return -1;
		if (add_kind(k, kind, why) == -1)
			return -1;
	}
	return 0;
}

static void
drop_table(struct kernel *k)
{
	struct journal_deed d = { .what = JOURNAL_TABLE };

	d.table = item_table(k->undo.instance);
	if (undo_note(&k->undo, false, &d) == -1)
		log_warn("cannot write the undo journal");
}

static void
take_back(struct kernel *k)
{
	kernel_del(k, &k->next);
	kernel_want_stale(k);
	if (k->have.n == 0 && k->error == 0)
		drop_table(k);
	/* One that is away, or gone with cryptod, needs neither. */
	if (k->set_up && !k->away && nlr_link_down(k->requests,
	    k->ifindex) == -1 && errno != ENODEV)
		log_warn("cannot set down %s", k->ifname);
	if (k->mtu_before != 0 && !k->away &&
	    kernel_set_mtu(k, k->mtu_before) == -1 && errno != ENODEV)
		log_warn("cannot set the MTU of %s back", k->ifname);
	items_free(&k->next);
	k->set_up = false;
	k->mtu_before = 0;
	k->prepared = false;
	(void)kernel_look_link(k);
	/* Deleting one thing may have taken another with it. */
	kernel_relink(k);
	kernel_catch_up(k);
}

static int
check_routes6(const struct kernel *k, const struct conf *conf,
    char why[KERNEL_WHY])
{
	const struct conf_peer *peer;
	char text[PREFIX_TEXT];
	size_t i;

	if (!k->inet6 || conf->mtu >= INET6_MTU ||
	    conf->routes == CONF_ROUTES_NONE)
		return 0;
	TAILQ_FOREACH(peer, &conf->peers, entry)
		for (i = 0; i < peer->allowed.n; i++) {
			if (peer->allowed.at[i].family != AF_INET6)
				continue;
			prefix_print(&peer->allowed.at[i], text, sizeof(text));
			snprintf(why, KERNEL_WHY, "cannot add route %s: IPv6 "
			    "needs an MTU of 1280 or more", text);
			return -1;
		}
	return 0;
}

static int
check_inet6(struct kernel *k, const struct conf *conf, size_t skipped,
    char why[KERNEL_WHY])
{
	char text[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < conf->address.n; i++) {
		if (conf->address.at[i].family != AF_INET6 ||
		    (k->inet6 && conf->mtu >= INET6_MTU))
			continue;
		prefix_print(&conf->address.at[i], text, sizeof(text));
		snprintf(why, KERNEL_WHY, "cannot add address %s: %s", text,
		    k->inet6 ? "IPv6 needs an MTU of 1280 or more" : "this "
		    "kernel has no IPv6; remove the line or enable IPv6");
		return -1;
	}
	if (check_routes6(k, conf, why) == -1)
		return -1;
	if (skipped > 0 && !k->told_inet6)
		log_info("this kernel has no IPv6: its routes are left out");
	k->told_inet6 = skipped > 0;
	return 0;
}

int
kernel_prepare(struct kernel *k, const struct conf *conf,
    char why[KERNEL_WHY])
{
	size_t skipped;

	why[0] = '\0';
	if (k->prepared)
		kernel_abort(k);
	kernel_drain(k);
	kernel_look_src_mark(k);
	if (kernel_look_link(k) == -1) {
		kernel_catch_up(k);
		return say_why(k, why, "see the link");
	}
	if ((!k->up || k->flapped) && k->have.n > 0 &&
	    kernel_look(k, &k->have) == -1)
		return say_why(k, why, "see the routes");
	if (items_want(&k->next, conf, k->undo.instance, k->inet6,
	    &skipped) == -1) {
		snprintf(why, KERNEL_WHY, "out of memory");
		return -1;
	}
	if (check_inet6(k, conf, skipped, why) == -1) {
		items_free(&k->next);
		return -1;
	}
	carry_over(k);
	k->mtu_next = conf->mtu;
	k->prepared = true;
	if (add_all(k, why) == 0)
		return 0;
	take_back(k);
	return -1;
}

/* True: an address goes, and with it perhaps what we want. */
static bool
mark_obsolete(struct kernel *k)
{
	const struct items *next = &k->next;
	bool address = false;
	struct item *it;
	size_t i, n = 0;
	int c;

	for (i = 0; i < k->have.n; i++) {
		it = &k->have.at[i];
		c = 1;
		while (n < next->n && (c = item_cmp(&next->at[n], it)) < 0)
			n++;
		it->state &= (uint8_t)~ITEM_ADDED;
		/* What was our own is the kernel's with the new address. */
		if (n < next->n && c == 0 &&
		    (it->connected || !next->at[n].connected))
			continue;
		if (n < next->n && c == 0)
			it->connected = true;
		it->state |= ITEM_ADDED;
		if (it->kind == ITEM_ADDRESS)
			address = true;
	}
	return address;
}

void
kernel_commit(struct kernel *k)
{
	bool address;
	size_t i;

	if (!k->prepared)
		return;
	address = mark_obsolete(k);
	kernel_del(k, &k->have);
	items_free(&k->have);
	k->have = k->next;
	memset(&k->next, 0, sizeof(k->next));
	kernel_want_stale(k);
	for (i = 0; i < k->have.n; i++)
		k->have.at[i].state &= ITEM_MISSING | ITEM_LOST;
	k->mtu = k->mtu_next;
	k->mtu_before = 0;
	k->mtu_lost = false;
	k->set_up = k->prepared = false;
	/* It was elsewhere when this was prepared, and is home now. */
	kernel_keep_mtu(k);
	/*
	 * Linux removes an IPv4 address's secondaries with it, and all routes
	 * with the last address.
	 */
	if (address || k->flapped)
		kernel_relink(k);
	kernel_catch_up(k);
}

void
kernel_abort(struct kernel *k)
{
	if (k->prepared)
		take_back(k);
}

/* The interface takes its own with it, faster than we could. */
static void
leave_device(struct items *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		l->at[i].state = item_is_device(&l->at[i]) ? 0 : ITEM_ADDED;
}

void
kernel_close(struct kernel *k)
{
	kernel_abort(k);
	leave_device(&k->have);
	leave_device(&k->stale);
	kernel_del(k, &k->have);
	kernel_del_stale(k);
	if (k->error == 0)
		drop_table(k);
	if (k->undo.now.n > 0)
		log_warnx("rules or routes stay behind: \"warrend --cleanup "
		    "%s\" removes them", k->undo.instance);
	undo_close(&k->undo, k->undo.now.n == 0);
	kernel_free(k);
}

/* Showing. */

uint64_t
kernel_lost(const struct kernel *k)
{
	return k->lost;
}

uint64_t
kernel_overruns(const struct kernel *k)
{
	return k->overruns;
}
