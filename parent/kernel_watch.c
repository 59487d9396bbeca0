/* SPDX-License-Identifier: ISC */
/*
 * Watching what others do to what we made.
 *
 * Events only wake us and tell who it was; what is true is then asked of the
 * kernel.  So lost events, routes that vanish together with an address, and
 * changes that were undone at once need no care.  Nothing is put back but
 * what the kernel itself drops when the link goes down, and what vanished
 * while events were lost: see on_overrun().
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "parent/kernel_state.h"
#include "parent/netlink.h"
#include "shared/clock.h"

#define BATCH		64		/* events a turn */
#define WAITING		100000		/* more than can wait at once */
#define SOON		(100 * CLOCK_NSEC_PER_MSEC)
#define PAUSE		CLOCK_NSEC_PER_SEC	/* between two looks, */
#define PAUSE_MAX	(30 * CLOCK_NSEC_PER_SEC)
#define SHARE		20		/* or so many times what one takes */
#define TABLES		8

/* Looking. */

struct table {
	uint8_t		 family;
	uint32_t	 table;
	bool		 own;		/* nothing unreachable in it */
};

static void
on_found(void *arg, const struct item *it)
{
	struct item *mine;

	mine = items_find(arg, it);
	if (mine != NULL)
		mine->state |= ITEM_SEEN;
}

/* The tables that a list has routes in: there are few. */
static size_t
tables_of(const struct items *l, struct table t[TABLES])
{
	const struct item *it;
	size_t i, j, n = 0;

	for (i = 0; i < l->n; i++) {
		it = &l->at[i];
		if (it->kind != ITEM_ROUTE && it->kind != ITEM_UNREACHABLE)
			continue;
		for (j = 0; j < n; j++)
			if (t[j].family == it->prefix.family &&
			    t[j].table == it->table)
				break;
		if (j == n) {
			if (n == TABLES)
				continue;
			t[n].family = it->prefix.family;
			t[n].own = true;
			t[n++].table = it->table;
		}
		if (it->kind == ITEM_UNREACHABLE)
			t[j].own = false;
	}
	return n;
}

static int
dump(struct kernel *k, struct items *l)
{
	struct table t[TABLES];
	size_t i, n = tables_of(l, t);

	if (!k->away && (nlr_dump_addresses(k->requests, k->ifindex, AF_INET,
	    on_found, l) == -1 || (k->inet6 && nlr_dump_addresses(k->requests,
	    k->ifindex, AF_INET6, on_found, l) == -1)))
		return -1;
	for (i = 0; i < n; i++)
		if (!(k->away && t[i].own) &&
		    nlr_dump_routes(k->requests, k->away ? 0 : k->ifindex,
		    t[i].family, t[i].table, t[i].own, on_found, l) == -1)
			return -1;
	if (nlr_dump_rules(k->requests, AF_INET, on_found, l) == -1)
		return -1;
	return k->inet6 ? nlr_dump_rules(k->requests, AF_INET6, on_found, l) :
	    0;
}

static void
judge(struct kernel *k, struct item *it)
{
	/* A setting is in no dump. */
	if (it->kind == ITEM_SRC_MARK &&
	    (k->src_mark_refused || kernel_src_mark(k)))
		it->state |= ITEM_SEEN;
	if ((it->state & ITEM_SEEN) != 0)
		it->state &= (uint8_t)~(ITEM_MISSING | ITEM_LOST);
	else
		it->state |= ITEM_MISSING;
}

int
kernel_see(struct kernel *k, struct items *l)
{
	size_t i;
	int tries;

	for (tries = 0; tries < KERNEL_TRIES; tries++) {
		for (i = 0; i < l->n; i++)
			l->at[i].state &= (uint8_t)~ITEM_SEEN;
		if (dump(k, l) == 0)
			return 0;
		if (errno != EINTR)
			return -1;
	}
	return -1;
}

int
kernel_look(struct kernel *k, struct items *l)
{
	size_t i;

	if (kernel_see(k, l) == -1)
		return -1;
	for (i = 0; i < l->n; i++)
		judge(k, &l->at[i]);
	return 0;
}

static struct item *
src_mark_of(const struct items *l)
{
	const struct item key = {
		.kind = ITEM_SRC_MARK, .prefix.family = AF_INET
	};

	return items_find(l, &key);
}

void
kernel_look_src_mark(struct kernel *k)
{
	struct item *it = src_mark_of(&k->have);

	if (it == NULL)
		return;
	it->state &= (uint8_t)~ITEM_SEEN;
	judge(k, it);
}

/* What the kernel drops by itself while the link is down, until it is made
 * again, or with its last address, of which is told already, or takes with the
 * link into a VRF; and what an older form of it is in the way of. */
static bool
waits(const struct kernel *k, const struct item *it)
{
	if (it->connected && (k->in_vrf ||
	    kernel_address_in(&k->have, it) == NULL))
		return true;
	if (kernel_is_deferred(k, it))
		return true;
	return item_is_device(it) && (k->away || !k->up || k->flapped);
}

/* Judging. */

/* Those that were lost, or are; what is new about it is told. */
struct verdict {
	struct item	*first_gone;
	struct item	*first_back;
	size_t		 gone;
	size_t		 back;
};

static void
compare(struct kernel *k, struct item *it, struct verdict *v)
{
	bool told = (it->state & ITEM_TOLD) != 0;

	if ((it->state & ITEM_MISSING) == 0) {
		if (told && v->back++ == 0)
			v->first_back = it;
		it->pid = 0;
	} else if (!told && !waits(k, it)) {
		it->state |= ITEM_LOST;
		if (v->gone++ == 0)
			v->first_gone = it;
	}
	it->state &= (uint8_t)~ITEM_TOLD;
}

void
kernel_blind(struct kernel *k, const char *what)
{
	if (!k->blind)
		log_warn("cannot see %s; looking again", what);
	k->blind = true;
}

/* -1: it has to be done again. */
static int
look_all(struct kernel *k)
{
	struct verdict v = { NULL, NULL, 0, 0 };
	struct item *it;
	bool again;
	size_t i;

	kernel_del_stale(k);
	if (kernel_look_link(k) == -1) {
		kernel_blind(k, "the interface");
		return -1;
	}
	if (k->flapped && k->up)
		kernel_relink(k);
	kernel_check_mtu(k);
	for (i = 0; i < k->have.n; i++) {
		it = &k->have.at[i];
		if ((it->state & ITEM_LOST) != 0)
			it->state |= ITEM_TOLD;
	}
	if (kernel_look(k, &k->have) == -1) {
		kernel_blind(k, "addresses, routes and rules");
		return -1;
	}
	/*
	 * A link that went down or away in the midst of this took along what
	 * is missing.  The kernel tells of that before it does it.  And what
	 * is read now may have set src_valid_mark again.
	 */
	again = k->dirty;
	kernel_read(k);
	kernel_look_src_mark(k);
	for (i = 0; i < k->have.n; i++)
		compare(k, &k->have.at[i], &v);
	k->lost += v.gone;
	if (v.gone > 0)
		kernel_tell_lost(k, v.first_gone, v.gone);
	if (v.back > 0)
		kernel_tell_back(k, v.first_back, v.back);
	if (again)
		return -1;
	k->blind = false;
	return k->stale.n > 0 ? -1 : 0;
}

/* A moment later: those who remove one thing will remove more. */
static void
look_soon(struct kernel *k)
{
	struct timeval tv;
	uint64_t wait;

	k->dirty = true;
	if (k->waiting || k->timer == NULL)
		return;
	k->waiting = true;
	wait = clock_boottime() - k->looked < k->pause ? k->pause : SOON;
	tv.tv_sec = (time_t)(wait / CLOCK_NSEC_PER_SEC);
	tv.tv_usec = (suseconds_t)(wait % CLOCK_NSEC_PER_SEC / 1000);
	event_add(k->timer, &tv);
}

void
kernel_catch_up(struct kernel *k)
{
	if (k->dirty || k->stale.n > 0)
		look_soon(k);
}

/* Tables that are large and never rest must not keep us from all else, nor
 * must a kernel that does not answer. */
static void
verify(struct kernel *k)
{
	uint64_t pause;

	k->dirty = false;
	k->looked = clock_boottime();
	if (look_all(k) == -1) {
		k->dirty = true;
		pause = 2 * k->pause;
	} else
		pause = SHARE * (clock_boottime() - k->looked);
	k->pause = pause < PAUSE ? PAUSE : pause < PAUSE_MAX ? pause :
	    PAUSE_MAX;
	kernel_catch_up(k);
}

/* Events. */

static void
on_link(struct kernel *k, const struct nlr_event *ev)
{
	if (ev->away) {
		k->away = true;
		k->up = false;
		look_soon(k);
		return;
	}
	/* A dip that is over when we look has done its work, too. */
	if (!k->away && ev->mtu != 0)
		kernel_mtu_is(k, ev->mtu);
	k->up = ev->up && !k->away;
	if (!ev->up)
		k->flapped = true;
	else if (k->flapped && !k->prepared)
		kernel_relink(k);
	look_soon(k);
}

/* What of a list an event is about, or NULL. */
static struct item *
find_changed(const struct items *l, const struct nlr_event *ev)
{
	struct item unreachable = ev->item, *it;

	it = items_find(l, &ev->item);
	if (it != NULL || ev->what != NLR_REPLACED)
		return it;
	unreachable.kind = ITEM_UNREACHABLE;
	return items_find(l, &unreachable);
}

/* True: the list may not be as it was. */
static bool
is_changed(const struct items *l, const struct nlr_event *ev)
{
	struct item *it = find_changed(l, ev);

	if (it == NULL)
		return false;
	if (ev->what == NLR_NEW)
		return (it->state & ITEM_MISSING) != 0;
	it->pid = ev->pid;
	return true;
}

/*
 * Another instance that goes sets src_valid_mark back to what it found, and
 * then its rules go.  What we need of it we set ourselves then; what somebody
 * sets by hand is only told.
 */
static void
on_foreign_rule(struct kernel *k)
{
	const struct item *have = src_mark_of(&k->have);
	const struct item *next = src_mark_of(&k->next);

	if (have == NULL && (next == NULL || (next->state & ITEM_ADDED) == 0))
		return;
	if (k->src_mark_refused || kernel_src_mark(k))
		return;
	if (kernel_set_src_mark(k) == 0 && kernel_src_mark(k))
		log_info("src_valid_mark was set back, and is set again");
	look_soon(k);
}

static void
on_change(struct kernel *k, const struct nlr_event *ev)
{
	bool changed;

	if (ev->what == NLR_NOTHING)
		return;
	if (ev->what == NLR_LINK) {
		on_link(k, ev);
		return;
	}
	/* A reload that is under way has made more than what runs. */
	changed = is_changed(&k->have, ev) || is_changed(&k->stale, ev);
	if (is_changed(&k->next, ev) || changed)
		look_soon(k);
	else if (ev->what == NLR_GONE && item_is_rule(&ev->item))
		on_foreign_rule(k);
}

/*
 * What is true can still be asked, but not why it is so.  A link that was down
 * for a moment must not cost its routes for ever, nor another instance's end
 * src_valid_mark: what is missing on the interface now is taken for what the
 * kernel dropped, and made again, also if somebody removed it by hand just
 * then.  The file wants it, and who does not can remove it once more.
 */
static void
on_overrun(struct kernel *k)
{
	k->flapped = true;
	on_foreign_rule(k);
	look_soon(k);
}

static bool
read_events(struct kernel *k, int max)
{
	struct nlr_event ev;
	int i, n;

	for (i = 0; i < max; i++) {
		n = nlr_event(k->events, k->ifindex, &ev);
		/* ENOBUFS comes once, and before what still waits; until all
		 * that is read the kernel loses the rest, too. */
		if (n == -1 || (n == 0 && k->deaf))
			on_overrun(k);
		if (n == -1)
			k->overruns++;
		k->deaf = n == -1 || (n == 1 && k->deaf);
		if (n == 0)
			return false;
		if (n == 1)
			on_change(k, &ev);
	}
	return true;
}

static void
on_events(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	read_events(arg, BATCH);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct kernel *k = arg;

	(void)fd;
	(void)what;
	k->waiting = false;
	if (k->dirty && !k->prepared)
		verify(k);
}

/* Bounded: who floods us with events cannot keep us here. */
void
kernel_read(struct kernel *k)
{
	(void)read_events(k, WAITING);
}

void
kernel_drain(struct kernel *k)
{
	kernel_read(k);
	if (k->dirty)
		verify(k);
}

int
kernel_begin(struct kernel *k, struct event_base *base)
{
	k->ev = event_new(base, k->events, EV_READ | EV_PERSIST, on_events,
	    k);
	k->timer = event_new(base, -1, 0, on_timer, k);
	if (k->ev == NULL || k->timer == NULL || event_add(k->ev, NULL) == -1)
		return -1;
	return 0;
}

void
kernel_link(struct kernel *k, bool up)
{
	kernel_read(k);
	(void)up;
	(void)kernel_look_link(k);
	if (k->flapped && k->up && !k->prepared)
		kernel_relink(k);
	kernel_catch_up(k);
}

void
kernel_moved(struct kernel *k, uint32_t ifindex)
{
	kernel_read(k);
	k->ifindex = ifindex;
	/* Who says so has looked: it is the one, whatever its name is now. */
	k->away = false;
	k->up = false;
	k->flapped = true;
	(void)kernel_look_link(k);
	if (!k->away)
		kernel_dress(k);
	if (!k->away && k->up && !k->prepared)
		kernel_relink(k);
	look_soon(k);
}
