/* SPDX-License-Identifier: ISC */
/*
 * Adding items to the kernel, making anew what went with the link, and saying
 * why one could not be added.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/kernel_state.h"

static bool
is_due(const struct item *it, uint8_t but)
{
	return (it->state & ITEM_MISSING) != 0 && (it->state & but) == 0;
}

/* The items of a kind lie together: [*from, to). */
static size_t
range(const struct items *l, enum item_kind kind, size_t *from)
{
	size_t lo = 0, hi = l->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (l->at[mid].kind < kind)
			lo = mid + 1;
		else
			hi = mid;
	}
	*from = lo;
	while (lo < l->n && l->at[lo].kind == kind)
		lo++;
	return lo;
}

static void
on_refused(void *arg, size_t tag, int error, const char *text)
{
	struct kernel *k = arg;
	struct item *it = &k->list->at[tag];

	it->state &= (uint8_t)~ITEM_ADDED;
	it->state |= ITEM_FAILED;
	it->error = (uint16_t)error;
	if (k->error != 0)
		return;
	k->error = error;
	k->failed = tag;
	snprintf(k->text, sizeof(k->text), "%s", text);
}

bool
kernel_src_mark(const struct kernel *k)
{
	char now;

	return k->src_mark != -1 && pread(k->src_mark, &now, 1, 0) == 1 &&
	    now != '0';
}

/*
 * src_valid_mark: the reverse path filter looks at marks, so that firewalls
 * that restore a connection's mark (as wg-quick's do) let in what we get.
 */
int
kernel_set_src_mark(struct kernel *k)
{
	struct journal_deed d = { .what = JOURNAL_SRC_MARK };
	int saved;

	/* Who set it needs it: then it is not ours to take back. */
	if (kernel_src_mark(k))
		return 0;
	/* Most hosts do without; /proc/sys is often read-only. */
	if (k->src_mark_error != 0) {
		errno = k->src_mark_error;
		log_warn("cannot set src_valid_mark");
		k->src_mark_refused = true;
		return 0;
	}
	if (undo_note(&k->undo, true, &d) == -1)
		return -1;
	if (pwrite(k->src_mark, "1", 1, 0) == 1) {
		k->src_mark_set = true;
		return 0;
	}
	saved = errno;
	if (undo_note(&k->undo, false, &d) == -1)
		log_warn("cannot write the undo journal");
	k->src_mark_set = false;
	errno = saved;
	return -1;
}

/* What must be in the journal before. */
static int
note(struct kernel *k, const struct item *it)
{
	struct journal_deed d;

	if (it->kind == ITEM_UNREACHABLE) {
		memset(&d, 0, sizeof(d));
		d.what = JOURNAL_TABLE;
		d.table = it->table;
	} else if (item_is_rule(it))
		undo_deed(&d, it);
	else
		return 0;
	return undo_note(&k->undo, true, &d);
}

static int
add_one(struct kernel *k, size_t i)
{
	struct item *it = &k->list->at[i];

	if (note(k, it) == -1)
		return -1;
	it->state |= ITEM_ADDED;
	if (it->kind == ITEM_SRC_MARK) {
		if (kernel_set_src_mark(k) == -1)
			on_refused(k, i, errno, "");
	} else if (nlr_add(&k->batch, it, i) == -1) {
		on_refused(k, i, errno, "");
		return -1;
	}
	return 0;
}

/* The first IPv4 address is the one that our own packets bear. */
static int
add_addresses(struct kernel *k, size_t from, size_t to, uint8_t but)
{
	unsigned order;
	size_t i;

	for (order = 0; order < CONF_ADDRESSES_MAX; order++)
		for (i = from; i < to; i++)
			if (k->list->at[i].order == order &&
			    is_due(&k->list->at[i], but) &&
			    add_one(k, i) == -1)
				return -1;
	return 0;
}

const struct item *
kernel_address_in(const struct items *l, const struct item *route)
{
	const struct item *it, *first = NULL;
	size_t from, i, to = range(l, ITEM_ADDRESS, &from);
	struct prefix net;

	for (i = from; i < to; i++) {
		it = &l->at[i];
		net = prefix_network(&it->prefix);
		if ((it->state & ITEM_MISSING) == 0 &&
		    net.cidr == route->prefix.cidr &&
		    prefix_covers(&route->prefix, &net) &&
		    (first == NULL || it->order < first->order))
			first = it;
	}
	return first;
}

/*
 * The kernel has made a network's route with its address, most likely, and
 * makes it again when the link goes up: what is left to us is what somebody
 * took away, if it is asked for.  Its source is what the kernel would take.
 */
static int
add_connected(struct kernel *k, size_t from, size_t to, uint8_t but)
{
	const struct item *address;
	struct item *it;
	bool seen = false;
	size_t i;

	for (i = from; i < to; i++) {
		it = &k->list->at[i];
		if (!it->connected || !is_due(it, but))
			continue;
		if (!seen && kernel_see(k, k->list) == -1)
			return -1;
		seen = true;
		if ((it->state & ITEM_SEEN) != 0) {
			it->state &= (uint8_t)~(ITEM_MISSING | ITEM_LOST);
			continue;
		}
		address = kernel_address_in(k->list, it);
		if (address == NULL || k->in_vrf || but != 0)
			continue;
		memcpy(it->source, address->prefix.addr, sizeof(it->source));
		if (add_one(k, i) == -1)
			return -1;
	}
	return 0;
}

/*
 * IPv6 has an address once, whatever its prefix.  With another prefix it can
 * only come when the old one is gone, so kernel_commit() does it, or who tries
 * that again.  What others gave another prefix goes with no commit of ours.
 */
bool
kernel_is_deferred(const struct kernel *k, const struct item *it)
{
	struct item other = *it;
	unsigned cidr;

	if (it->kind != ITEM_ADDRESS || it->prefix.family != AF_INET6)
		return false;
	for (cidr = 0; cidr <= 128; cidr++) {
		other.prefix.cidr = (uint8_t)cidr;
		if (cidr != it->prefix.cidr &&
		    (items_find(&k->stale, &other) != NULL ||
		    (items_find(&k->have, &other) != NULL &&
		    items_find(&k->next, &other) == NULL)))
			return true;
	}
	return false;
}

/*
 * What is there already exactly as we want it is as good as made, but abort
 * leaves it alone.  A rule that another instance made with the same mark is
 * not: it goes when that instance goes.  Other errors than that it is there
 * stay what they are.
 */
static bool
is_as_good(const struct kernel *k, const struct item *it)
{
	if (it->error != EEXIST)
		return false;
	if ((it->state & ITEM_SEEN) != 0)
		return kernel_is_anothers(k->requests, k->undo.instance,
		    it) == 0;
	return kernel_is_deferred(k, it);
}

static void
adopt(struct kernel *k, size_t from, size_t to)
{
	size_t first = k->failed, i, n = 0;
	struct item *it;

	for (i = from; i < to; i++)
		n += (k->list->at[i].state & ITEM_FAILED) != 0;
	/* Of other kinds nothing is asked: their turn comes. */
	if (n == 0 || kernel_see(k, k->list) == -1)
		return;
	k->error = 0;
	for (i = from; i < to; i++) {
		it = &k->list->at[i];
		if ((it->state & ITEM_FAILED) == 0)
			continue;
		if (is_as_good(k, it)) {
			it->state &= (uint8_t)~ITEM_FAILED;
			if ((it->state & ITEM_SEEN) != 0)
				it->state &= (uint8_t)~(ITEM_MISSING |
				    ITEM_LOST);
		} else if (k->error == 0) {
			k->error = it->error;
			k->failed = i;
			if (i != first)
				k->text[0] = '\0';
		}
	}
}

/*
 * A rule that was refused is another's, or none's: the journal must not say
 * that it is ours, or it would be undone.  Unless it has yet to go.
 */
static void
settle(struct kernel *k, struct item *it)
{
	if ((it->state & ITEM_ADDED) != 0)
		it->state &= (uint8_t)~(ITEM_MISSING | ITEM_LOST);
	else if ((it->state & ITEM_FAILED) != 0 && item_is_rule(it) &&
	    items_find(&k->stale, it) == NULL)
		kernel_forget(k, it);
}

int
kernel_add(struct kernel *k, struct items *l, enum item_kind kind,
    uint8_t but)
{
	size_t from, i, to;
	int error, rc = 0;

	k->list = l;
	k->error = 0;
	to = range(l, kind, &from);
	nlr_begin(&k->batch, k->requests, k->ifindex, on_refused, k);
	if (kind == ITEM_ADDRESS)
		rc = add_addresses(k, from, to, but);
	else if (kind == ITEM_ROUTE)
		rc = add_connected(k, from, to, but);
	for (i = from; i < to && rc == 0 && kind != ITEM_ADDRESS; i++)
		if (!l->at[i].connected && is_due(&l->at[i], but))
			rc = add_one(k, i);
	error = errno;
	/* What was refused must be known before it is taken back. */
	if (nlr_end(&k->batch) == -1 && rc == 0) {
		error = errno;
		rc = -1;
	}
	if (rc == 0 && k->error == EEXIST)
		adopt(k, from, to);
	for (i = from; i < to; i++)
		settle(k, &l->at[i]);
	errno = error;
	return rc;
}

static int
make_anew(struct kernel *k)
{
	static const enum item_kind kinds[] = { ITEM_ADDRESS, ITEM_ROUTE };
	char why[KERNEL_WHY];
	size_t i;

	if (kernel_look(k, &k->have) == -1) {
		kernel_blind(k, "addresses and routes");
		return -1;
	}
	for (i = 0; i < 2; i++) {
		if (kernel_add(k, &k->have, kinds[i], ITEM_LOST) == -1) {
			log_warn("cannot make addresses and routes anew");
			return -1;
		}
		if (k->error != 0) {
			kernel_why(k, &k->have.at[k->failed], k->error,
			    k->text, why);
			log_warnx("%s", why);
		}
	}
	return 0;
}

void
kernel_relink(struct kernel *k)
{
	size_t i;

	if (!k->up || k->away || k->have.n == 0)
		return;
	k->flapped = make_anew(k) == -1;
	/* What is missing is not lost: the next look makes it. */
	if (k->flapped)
		k->dirty = true;
	for (i = 0; i < k->have.n; i++)
		k->have.at[i].state &= (uint8_t)~(ITEM_ADDED | ITEM_FAILED);
}

/* Why. */

static void
advise_exists(const struct item *it, char *advice, size_t size)
{
	const char *ip = it->prefix.family == AF_INET6 ? "ip -6" : "ip";
	char prefix[PREFIX_TEXT];

	prefix_print(&it->prefix, prefix, sizeof(prefix));
	if (item_is_rule(it))
		snprintf(advice, size, "another instance or program has it: "
		    "\"%s rule show\"", ip);
	else if (it->kind == ITEM_ADDRESS)
		snprintf(advice, size, "the interface has it in another form: "
		    "\"%s address show\"", ip);
	else if (it->table == ITEM_TABLE_MAIN)
		snprintf(advice, size, "another program has a route to it: "
		    "\"%s route show %s\"", ip, prefix);
	else
		snprintf(advice, size, "another program has a route to it: "
		    "\"%s route show table %" PRIu32 " %s\"", ip, it->table,
		    prefix);
}

static void
advise(const struct kernel *k, const struct item *it, int error,
    char *advice, size_t size)
{
	bool six = it->prefix.family == AF_INET6;

	advice[0] = '\0';
	if (it->kind == ITEM_SRC_MARK)
		snprintf(advice, size, "\"sysctl -w "
		    "net.ipv4.conf.all.src_valid_mark=1\" before the start");
	else if (error == EEXIST)
		advise_exists(it, advice, size);
	else if (error == EPERM || (error == EACCES && !six))
		snprintf(advice, size, "CAP_NET_ADMIN is missing here");
	else if (error == EACCES && k->have.n > 0)
		/* A name with a dot needs the slashes. */
		snprintf(advice, size, "\"sysctl -w net/ipv6/conf/%s/"
		    "disable_ipv6=0\" and a reload, or leave it out",
		    k->ifname);
	else if (error == EACCES)
		/* Where it failed to start there is no interface any more. */
		snprintf(advice, size, "\"sysctl -w net.ipv6.conf.default."
		    "disable_ipv6=0\" and a restart, or leave it out");
	else if (error == EAFNOSUPPORT || error == EOPNOTSUPP)
		snprintf(advice, size, "this kernel has no %s",
		    item_is_rule(it) ? "policy routing" : "IPv6");
	else if (error == ENETDOWN)
		snprintf(advice, size, "interface %s is down", k->ifname);
}

void
kernel_why(const struct kernel *k, const struct item *it, int error,
    const char *text, char why[KERNEL_WHY])
{
	char advice[128], what[ITEM_TEXT];
	const char *verb = "add";
	size_t len;

	item_print(it, what);
	if (it->kind == ITEM_SRC_MARK)
		verb = "change";
	/* "add route P to table T", as people say it. */
	if (!item_is_rule(it) && strstr(what, " in table ") != NULL)
		memcpy(strstr(what, " in table "), " to table ", 10);
	advise(k, it, error, advice, sizeof(advice));
	len = (size_t)snprintf(why, KERNEL_WHY, "cannot %s %s: %s", verb,
	    what, strerror(error));
	if (text[0] != '\0' && error != EEXIST && len < KERNEL_WHY)
		len += (size_t)snprintf(why + len, KERNEL_WHY - len, " (%s)",
		    text);
	if (advice[0] != '\0' && len < KERNEL_WHY)
		snprintf(why + len, KERNEL_WHY - len, "; %s", advice);
}
