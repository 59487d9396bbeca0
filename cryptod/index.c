/* SPDX-License-Identifier: ISC */
/*
 * The table of receiver indices: see index.h.
 */
#include <sodium.h>
#include <stdlib.h>

#include "cryptod/index.h"

/*
 * 65536 devices have at most 2^18 indices, a quarter of the slots, and less
 * than a quarter of those in reach are taken otherwise, too: that many tries
 * fail together once in 4^64.
 */
#define INDEX_TRIES	64
#define INDEX_LEAST	1024		/* slots in reach at the start */

int
index_init(struct index_table *t)
{
	/* Pages of it become real as slots come into reach. */
	t->slot = calloc(INDEX_SLOTS, sizeof(*t->slot));
	t->reach = INDEX_LEAST;
	randombytes_buf(t->mask, sizeof(t->mask));
	t->page = NULL;
	t->used = 0;
	return t->slot == NULL ? -1 : 0;
}

void
index_publish(struct index_table *t, struct index_page *page)
{
	t->page = page;
	index_page_masks(page, t->mask);
	index_page_reach(page, t->reach);
}

void
index_clear(struct index_table *t)
{
	free(t->slot);
	t->slot = NULL;
	t->used = 0;
}

/*
 * Slots are taken among the first ones, so that few peers touch few pages,
 * however often their sessions change; among twice as many when a quarter of
 * those is taken.
 */
static void
widen(struct index_table *t)
{
	while (t->reach < INDEX_SLOTS && t->used >= t->reach / 4) {
		t->reach *= 2;
		if (t->page != NULL)
			index_page_reach(t->page, t->reach);
	}
}

uint32_t
index_new(struct index_table *t, enum index_kind kind, void *owner)
{
	struct index_entry *e;
	uint32_t index, slot, high;
	int i;

	widen(t);
	for (i = 0; i < INDEX_TRIES; i++) {
		/* Unpredictable, and checked for a collision.  (P20) */
		index = randombytes_random();
		slot = index & (t->reach - 1);
		high = index & ~(INDEX_SLOTS - 1);
		index = high | index_slot(t->mask, high | slot);
		e = &t->slot[slot];
		if (index == 0 || e->kind != INDEX_FREE)
			continue;
		e->index = index;
		e->kind = kind;
		e->owner = owner;
		t->used++;
		if (t->page != NULL)
			index_page_put(t->page, slot, index);
		return index;
	}
	return 0;
}

static struct index_entry *
index_entry(const struct index_table *t, uint32_t index)
{
	struct index_entry *e = &t->slot[index_slot(t->mask, index)];

	if (index == 0 || e->kind == INDEX_FREE || e->index != index)
		return NULL;
	return e;
}

void
index_rename(struct index_table *t, uint32_t index, enum index_kind kind,
    void *owner)
{
	struct index_entry *e = index_entry(t, index);

	if (e == NULL)
		return;
	e->kind = kind;
	e->owner = owner;
}

void
index_drop(struct index_table *t, uint32_t index)
{
	struct index_entry *e = index_entry(t, index);

	if (e == NULL)
		return;
	/* Before its owner goes: nothing finds it any more.  (P49) */
	if (t->page != NULL)
		index_page_put(t->page, (uint32_t)(e - t->slot), 0);
	e->kind = INDEX_FREE;
	e->owner = NULL;
	e->index = 0;
	t->used--;
}

void *
index_find(const struct index_table *t, uint32_t index, enum index_kind kind)
{
	const struct index_entry *e = index_entry(t, index);

	return e == NULL || e->kind != kind ? NULL : e->owner;
}

int
index_is_live(const struct index_table *t, uint32_t index)
{
	return index_entry(t, index) != NULL;
}
