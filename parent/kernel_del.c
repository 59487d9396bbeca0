/* SPDX-License-Identifier: ISC */
/*
 * Taking items away from the kernel: whose they are, and what to do if it does
 * not let them go.  To remove something twice does no harm, so what may have
 * failed is done again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/kernel_state.h"

static void
restore_src_mark(struct kernel *k)
{
	struct journal_deed d = { .what = JOURNAL_SRC_MARK };

	k->src_mark_refused = false;
	if (!k->src_mark_set)
		return;
	if (pwrite(k->src_mark, "0", 1, 0) != 1 ||
	    undo_note(&k->undo, false, &d) == -1)
		log_warn("cannot restore src_valid_mark");
	k->src_mark_set = false;
}

void
kernel_forget(struct kernel *k, const struct item *it)
{
	struct journal_deed d;

	undo_deed(&d, it);
	if (undo_note(&k->undo, false, &d) == -1)
		log_warn("cannot write the undo journal");
}

/* Whose it is. */

struct owner {
	const struct item *rule;	/* or NULL: is anything ours? */
	uint32_t	 table;		/* of the instance that asks, */
	uint32_t	 table_default;	/* and its other one */
	bool		 found;
};

static void
on_found(void *arg, const struct item *it)
{
	struct owner *o = arg;

	if (o->rule == NULL)
		o->found |= it->table == o->table ||
		    it->table == o->table_default;
	else if (it->kind == ITEM_RULE_DEFAULT &&
	    it->mark == o->rule->mark && it->table != o->table_default)
		o->found = true;
}

static int
find_rules(struct owner *o, int requests, uint8_t family)
{
	int tries;

	for (tries = 0; tries < KERNEL_TRIES; tries++) {
		o->found = false;
		if (nlr_dump_rules(requests, family, on_found, o) == 0)
			return 0;
		if (errno != EINTR)
			break;
	}
	return family == AF_INET6 && nlr_no_family(errno) ? 0 : -1;
}

static int
find_routes(struct owner *o, int requests, uint8_t family)
{
	if (nlr_dump_routes(requests, 0, family, o->table, false, on_found,
	    o) == 0)
		return 0;
	return family == AF_INET6 && nlr_no_family(errno) ? 0 : -1;
}

/*
 * Of all rules only this one names no table of ours, so that another instance
 * with our mark makes the very same; and who removes it by hand may put it
 * back.  Who makes it for himself also makes the next one, with his own table:
 * that tells whose it is, at any time.
 */
int
kernel_is_anothers(int requests, const char *instance, const struct item *it)
{
	struct owner o = { .rule = it };

	if (it->kind != ITEM_RULE_MAIN)
		return 0;
	o.table_default = item_table_default(instance);
	if (find_rules(&o, requests, it->prefix.family) == -1)
		return -1;
	return o.found;
}

bool
kernel_has_ours(int requests, const char *instance)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct owner o = { .rule = NULL };
	size_t i;

	o.table = item_table(instance);
	o.table_default = item_table_default(instance);
	for (i = 0; i < 2; i++)
		if (find_rules(&o, requests, families[i]) == -1 || o.found ||
		    find_routes(&o, requests, families[i]) == -1 || o.found)
			return true;
	return false;
}

/* -1 with errno.  Nothing may be under way in k->batch. */
static int
find_anothers(const struct kernel *k, struct items *l)
{
	struct item *it;
	size_t i;
	int rc;

	for (i = 0; i < l->n; i++) {
		it = &l->at[i];
		it->state &= (uint8_t)~ITEM_ANOTHERS;
		if ((it->state & ITEM_ADDED) == 0)
			continue;
		rc = kernel_is_anothers(k->requests, k->undo.instance, it);
		if (rc == -1)
			return -1;
		/* It went with the interface; what is there is another's. */
		if (rc == 1 || (item_is_device(it) && k->away))
			it->state |= ITEM_ANOTHERS;
	}
	return 0;
}

/* Taking it away. */

static void
on_stuck(void *arg, size_t tag, int error, const char *text)
{
	struct kernel *k = arg;

	/* It went before, perhaps with its address or its interface, or with
	 * all of IPv6 there, for which the MTU is too small now. */
	if (error == ENOENT || error == ESRCH || error == EADDRNOTAVAIL ||
	    error == ENODEV || error == ENXIO)
		return;
	k->list->at[tag].state |= ITEM_FAILED;
	if (k->error != 0)
		return;
	k->error = error;
	snprintf(k->text, sizeof(k->text), "%s", text);
}

static int
send_all(struct kernel *k, struct items *l)
{
	struct item *it;
	size_t i;

	if (find_anothers(k, l) == -1)
		return -1;
	nlr_begin(&k->batch, k->requests, k->ifindex, on_stuck, k);
	for (i = l->n; i-- > 0; ) {
		it = &l->at[i];
		it->state &= (uint8_t)~ITEM_FAILED;
		if ((it->state & ITEM_ADDED) == 0 ||
		    (it->state & ITEM_ANOTHERS) != 0)
			continue;
		if (it->kind == ITEM_SRC_MARK)
			restore_src_mark(k);
		else if (nlr_del(&k->batch, it, i) == -1)
			return -1;
	}
	return nlr_end(&k->batch);
}

/* One attempt.  True: all is gone. */
static bool
try_del(struct kernel *k, struct items *l)
{
	struct item *it;
	size_t i;

	k->list = l;
	k->error = 0;
	k->text[0] = '\0';
	/* Then nobody knows how much of it the kernel has done. */
	if (send_all(k, l) == -1) {
		k->error = errno;
		return false;
	}
	for (i = 0; i < l->n; i++) {
		it = &l->at[i];
		if ((it->state & ITEM_ADDED) == 0 ||
		    (it->state & ITEM_FAILED) != 0)
			continue;
		it->state &= (uint8_t)~ITEM_ADDED;
		if (item_is_rule(it))
			kernel_forget(k, it);
	}
	return k->error == 0;
}

/* The kernel may only be short of memory for a moment. */
static void
try_often(struct kernel *k, struct items *l)
{
	int tries;

	for (tries = 0; tries < KERNEL_TRIES; tries++)
		if (try_del(k, l))
			return;
}

static void
keep(struct kernel *k, const struct items *l)
{
	const struct item *first = NULL;
	char also[32] = "", what[ITEM_TEXT];
	size_t i, n = 0;

	for (i = 0; i < l->n; i++) {
		if ((l->at[i].state & ITEM_ADDED) == 0)
			continue;
		if (n++ == 0)
			first = &l->at[i];
		if (items_add(&k->stale, &l->at[i]) == -1)
			log_warn("cannot try again to remove it");
	}
	if (first == NULL)
		return;
	items_sort(&k->stale);
	item_print(first, what);
	if (n > 1)
		snprintf(also, sizeof(also), ", and %zu more", n - 1);
	log_warnx("cannot remove %s%s: %s%s%s", what, also,
	    strerror(k->error), k->text[0] != '\0' ? ": " : "", k->text);
}

void
kernel_del(struct kernel *k, struct items *l)
{
	try_often(k, l);
	keep(k, l);
}

void
kernel_del_stale(struct kernel *k)
{
	struct items *l = &k->stale;
	bool address = false;
	size_t i, n = 0;

	if (l->n == 0)
		return;
	try_often(k, l);
	for (i = 0; i < l->n; i++)
		if ((l->at[i].state & ITEM_ADDED) != 0)
			l->at[n++] = l->at[i];
		else if (l->at[i].kind == ITEM_ADDRESS)
			address = true;
	if (n == l->n)
		return;
	l->n = n;
	/* It takes others with it, and routes. */
	if (address)
		k->flapped = true;
	if (n == 0)
		log_info("what could not be removed is gone now");
}

void
kernel_want_stale(struct kernel *k)
{
	struct items *l = &k->stale;
	size_t i, n = 0;

	for (i = 0; i < l->n; i++)
		if (items_find(&k->have, &l->at[i]) == NULL)
			l->at[n++] = l->at[i];
	if (n < l->n)
		k->dirty = true;
	l->n = n;
}
