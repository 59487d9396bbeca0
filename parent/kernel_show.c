/* SPDX-License-Identifier: ISC */
/*
 * What kernel.c made, as rows, and what is or becomes wrong with it, as
 * sentences.
 */
#include <sys/socket.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "parent/kernel_state.h"
#include "parent/netlink.h"
#include "shared/clock.h"
#include "shared/row.h"

#define BURST	5		/* lines at once, then one a second */

/* Rows. */

/* A setting is asked for: no event tells of it, and what a look saw may be
 * long ago. */
static bool
is_lost(const struct kernel *k, const struct item *it)
{
	if (it->kind == ITEM_SRC_MARK)
		return !k->src_mark_refused && !kernel_src_mark(k);
	return (it->state & ITEM_LOST) != 0;
}

static const char *
state_of(const struct kernel *k, const struct item *it)
{
	if (is_lost(k, it))
		return "lost";
	if (it->kind != ITEM_SRC_MARK && ((it->state & ITEM_MISSING) != 0 ||
	    (it->kind == ITEM_ROUTE && (!k->up || k->flapped))))
		return "waits";
	return "ok";
}

static void
table_name(const struct item *it, char *text, size_t size)
{
	text[0] = '\0';
	if (it->kind == ITEM_ADDRESS || it->kind == ITEM_SRC_MARK)
		return;
	if (it->table == ITEM_TABLE_MAIN)
		snprintf(text, size, "main");
	else
		snprintf(text, size, "%" PRIu32, it->table);
}

static void
show(const struct kernel *k, const struct item *it, const char *what,
    void (*fn)(void *, const void *, size_t), void *arg)
{
	char table[16], text[ITEM_TEXT];
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (what == NULL) {
		item_print_bare(it, text);
		what = text;
	}
	table_name(it, table, sizeof(table));
	row_begin(&w, buf, sizeof(buf), "route");
	row_str(&w, "kind", item_kind_name(it));
	row_str(&w, "what", what);
	row_str(&w, "routing_table", table);
	row_str(&w, "state", state_of(k, it));
	if (!w.fail)
		fn(arg, buf, w.len);
}

/* All of the table that keeps netd's sockets out, as one. */
static void
show_unreachable(const struct kernel *k,
    void (*fn)(void *, const void *, size_t), void *arg)
{
	const struct item *it, *block = NULL;
	size_t i, lost = 0, n = 0;
	char text[64];

	for (i = 0; i < k->have.n; i++) {
		it = &k->have.at[i];
		if (it->kind != ITEM_UNREACHABLE)
			continue;
		n++;
		lost += (it->state & ITEM_LOST) != 0;
		if (block == NULL || (it->state & ITEM_LOST) != 0)
			block = it;
	}
	if (block == NULL)
		return;
	if (lost > 0)
		snprintf(text, sizeof(text), "%zu prefixes, %zu lost", n,
		    lost);
	else
		snprintf(text, sizeof(text), "%zu prefixes", n);
	show(k, block, text, fn, arg);
}

bool
kernel_row(const struct kernel *k, size_t *at,
    void (*fn)(void *, const void *, size_t), void *arg)
{
	while (*at < k->have.n && k->have.at[*at].kind == ITEM_UNREACHABLE)
		(*at)++;
	if (*at < k->have.n)
		show(k, &k->have.at[*at], NULL, fn, arg);
	else if (*at == k->have.n)
		show_unreachable(k, fn, arg);
	else
		return false;
	(*at)++;
	return true;
}

/* Telling. */

static void
say(struct kernel *k, const char *text)
{
	log_rate(&k->limit, clock_boottime(), BURST, 1, log_warnx, "%s",
	    text);
	if (k->changed != NULL)
		k->changed(k->changed_arg, text);
}

/* "route P in table main was removed by pid 7, and 3 more like it": n is how
 * many.  The length. */
static size_t
lost_text(const struct item *it, size_t n, char text[KERNEL_WHY])
{
	char also[48] = "", what[ITEM_TEXT], who[32];

	item_print(it, what);
	if (it->pid != 0)
		snprintf(who, sizeof(who), "pid %" PRIu32, it->pid);
	else
		snprintf(who, sizeof(who), "another program");
	if (n > 1)
		snprintf(also, sizeof(also), ", and %zu more like it", n - 1);
	return (size_t)snprintf(text, KERNEL_WHY, "%s was %s by %s%s", what,
	    it->kind == ITEM_SRC_MARK ? "set to 0" : "removed", who, also);
}

void
kernel_tell_lost(struct kernel *k, const struct item *it, size_t n)
{
	char text[KERNEL_WHY];
	size_t len;

	len = lost_text(it, n, text);
	if (len < sizeof(text))
		snprintf(text + len, sizeof(text) - len, "; \"warrenctl "
		    "reload\" puts it back");
	say(k, text);
}

void
kernel_tell_back(struct kernel *k, const struct item *it, size_t n)
{
	char text[KERNEL_WHY], what[ITEM_TEXT];

	item_print(it, what);
	if (n > 1)
		snprintf(text, sizeof(text), "%s is there again, and %zu "
		    "more", what, n - 1);
	else
		snprintf(text, sizeof(text), "%s is there again", what);
	say(k, text);
}

void
kernel_check_mtu(struct kernel *k)
{
	char text[KERNEL_WHY];
	bool lost = !k->away && k->mtu != 0 && k->mtu_now != k->mtu;

	if (lost && !k->mtu_lost) {
		k->lost++;
		snprintf(text, sizeof(text), "the MTU of %s was changed from "
		    "%" PRIu32 " to %" PRIu32 " by another program; "
		    "\"warrenctl reload\" puts it back", k->ifname, k->mtu,
		    k->mtu_now);
		say(k, text);
	}
	k->mtu_lost = lost;
}

/* Problems. */

static void
lost_of(const struct item *first, size_t n,
    void (*fn)(void *, const char *, const char *), void *arg)
{
	char text[KERNEL_WHY];

	lost_text(first, n, text);
	fn(arg, text, "\"warrenctl reload\" puts it back; if it does not "
	    "stay, tell that program to leave it alone");
}

/* What is not wanted any more, but the kernel has not let go. */
static void
stale_of(const struct items *l, void (*fn)(void *, const char *, const char *),
    void *arg)
{
	char also[48] = "", text[KERNEL_WHY], what[ITEM_TEXT];

	if (l->n == 0)
		return;
	item_print(&l->at[l->n - 1], what);
	if (l->n > 1)
		snprintf(also, sizeof(also), ", and %zu more like it,",
		    l->n - 1);
	snprintf(text, sizeof(text), "%s%s is still there, although it is not "
	    "wanted any more", what, also);
	fn(arg, text, "the log says why it could not be removed; that is "
	    "tried again");
}

/*
 * With 0.0.0.0/0 the way back to any address outside is the tunnel, but for
 * our own mark, which what comes in bears only if a firewall gives it.
 */
static void
check_reverse_path(const struct kernel *k, uint32_t mark,
    void (*fn)(void *, const char *, const char *), void *arg)
{
	char advice[KERNEL_WHY], text[KERNEL_WHY];
	struct nl_link l;
	uint32_t ifindex;
	bool strict;

	if (nl_outer_link(k->requests, mark, &ifindex, &strict) == -1 ||
	    !strict || nlr_link(k->requests, ifindex, &l) == -1)
		return;
	snprintf(text, sizeof(text), "the reverse path filter of %s is "
	    "strict: with 0.0.0.0/0 it drops what peers send, unless a "
	    "firewall restores the mark of answers", l.name);
	snprintf(advice, sizeof(advice), "\"sysctl -w net.ipv4.conf.%s."
	    "rp_filter=2\" makes it loose", l.name);
	fn(arg, text, advice);
}

void
kernel_problems(const struct kernel *k,
    void (*fn)(void *, const char *, const char *), void *arg)
{
	const struct item *first[ITEM_KINDS] = { NULL }, *it;
	size_t i, n[ITEM_KINDS] = { 0 };
	char text[KERNEL_WHY];

	for (i = 0; i < k->have.n; i++) {
		it = &k->have.at[i];
		if (is_lost(k, it) && n[it->kind]++ == 0)
			first[it->kind] = it;
		if (it->kind == ITEM_RULE_DEFAULT &&
		    it->prefix.family == AF_INET)
			check_reverse_path(k, it->mark, fn, arg);
	}
	for (i = 0; i < ITEM_KINDS; i++)
		if (n[i] > 0)
			lost_of(first[i], n[i], fn, arg);
	stale_of(&k->stale, fn, arg);
	if (k->mtu_lost) {
		snprintf(text, sizeof(text), "the MTU of %s is %" PRIu32
		    " and not %" PRIu32, k->ifname, k->mtu_now, k->mtu);
		fn(arg, text, "\"warrenctl reload\" puts it back; another "
		    "value that shall stay goes into the configuration");
	}
	if (k->src_mark_refused && !kernel_src_mark(k))
		fn(arg, "net.ipv4.conf.all.src_valid_mark is 0 and cannot be "
		    "changed here", "\"sysctl -w net.ipv4.conf.all."
		    "src_valid_mark=1\"; firewalls that restore marks need "
		    "it for 0.0.0.0/0");
	if (k->away && k->mtu != 0) {
		snprintf(text, sizeof(text), "interface %s is in another "
		    "network namespace", k->ifname);
		fn(arg, text, "set its addresses and routes there, or move it "
		    "back: they are made again then");
	}
}
