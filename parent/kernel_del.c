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

/*
 * Of all rules only this one names no table of ours, so that another instance
 * with our mark makes the very same.  Once ours is gone, one that is there
 * again is not ours to remove, unless a reload makes it.
 */
void
kernel_disown(struct kernel *k, const struct item *it)
{
	if (it->kind == ITEM_RULE_MAIN)
		kernel_forget(k, it);
}

static bool
is_anothers(const struct kernel *k, const struct item *it)
{
	/* It went with the interface; what is there is another's. */
	if (item_is_device(it))
		return k->away;
	return it->kind == ITEM_RULE_MAIN && !undo_has(&k->undo, it);
}

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

	nlr_begin(&k->batch, k->requests, k->ifindex, on_stuck, k);
	for (i = l->n; i-- > 0; ) {
		it = &l->at[i];
		it->state &= (uint8_t)~ITEM_FAILED;
		if ((it->state & ITEM_ADDED) == 0 || is_anothers(k, it))
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
	size_t i, n = 0;

	if (l->n == 0)
		return;
	try_often(k, l);
	for (i = 0; i < l->n; i++)
		if ((l->at[i].state & ITEM_ADDED) != 0)
			l->at[n++] = l->at[i];
	if (n == l->n)
		return;
	l->n = n;
	/* An address takes others with it, and routes. */
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
	l->n = n;
}
