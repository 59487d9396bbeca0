/* SPDX-License-Identifier: ISC */
/*
 * Items and lists of them: see kernel_item.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent/kernel_item.h"

#define TABLES		0x77600000U	/* and 20 bits of the name's hash */
#define TABLE_DEFAULT	0x00100000U

/* FNV-1a, folded: names of few letters must differ in few bits. */
uint32_t
item_table(const char *instance)
{
	uint32_t h = 2166136261U;

	for (; *instance != '\0'; instance++)
		h = (h ^ (uint8_t)*instance) * 16777619U;
	return TABLES | ((h >> 20 ^ h) & 0xfffff);
}

uint32_t
item_table_default(const char *instance)
{
	return item_table(instance) | TABLE_DEFAULT;
}

static int
cmp_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* Within a table a prefix comes before what it covers. */
int
item_cmp(const struct item *a, const struct item *b)
{
	int c;

	if ((c = cmp_u32(a->kind, b->kind)) != 0 ||
	    (c = cmp_u32(a->prefix.family, b->prefix.family)) != 0 ||
	    (c = memcmp(a->prefix.addr, b->prefix.addr,
	    sizeof(a->prefix.addr))) != 0 ||
	    (c = cmp_u32(a->prefix.cidr, b->prefix.cidr)) != 0 ||
	    (c = cmp_u32(a->table, b->table)) != 0)
		return c;
	return cmp_u32(a->mark, b->mark);
}

bool
item_is_device(const struct item *it)
{
	return it->kind == ITEM_ADDRESS || it->kind == ITEM_ROUTE;
}

bool
item_is_rule(const struct item *it)
{
	return it->kind == ITEM_RULE_MARK || it->kind == ITEM_RULE_MAIN ||
	    it->kind == ITEM_RULE_DEFAULT;
}

const char *
item_kind_name(const struct item *it)
{
	static const char *const name[ITEM_KINDS] = {
		[ITEM_UNREACHABLE] = "unreachable route",
		[ITEM_RULE_MARK] = "rule",
		[ITEM_ADDRESS] = "address",
		[ITEM_ROUTE] = "route",
		[ITEM_SRC_MARK] = "setting",
		[ITEM_RULE_MAIN] = "rule",
		[ITEM_RULE_DEFAULT] = "rule",
	};

	return it->kind < ITEM_KINDS ? name[it->kind] : "item";
}

void
item_print_bare(const struct item *it, char text[ITEM_TEXT])
{
	const char *six = it->prefix.family == AF_INET6 ? " (IPv6)" : "";

	switch (it->kind) {
	case ITEM_RULE_MARK:
		snprintf(text, ITEM_TEXT, "%d: fwmark 0x%" PRIx32
		    " lookup %" PRIu32 "%s", ITEM_PREF_MARK, it->mark,
		    it->table, six);
		break;
	case ITEM_RULE_MAIN:
		snprintf(text, ITEM_TEXT, "%d: not fwmark 0x%" PRIx32
		    " lookup main suppress_prefixlength 0%s",
		    ITEM_PREF_MAIN, it->mark, six);
		break;
	case ITEM_RULE_DEFAULT:
		snprintf(text, ITEM_TEXT, "%d: not fwmark 0x%" PRIx32
		    " lookup %" PRIu32 "%s", ITEM_PREF_DEFAULT, it->mark,
		    it->table, six);
		break;
	case ITEM_SRC_MARK:
		snprintf(text, ITEM_TEXT, "net.ipv4.conf.all.src_valid_mark");
		break;
	default:
		prefix_print(&it->prefix, text, ITEM_TEXT);
		break;
	}
}

void
item_print(const struct item *it, char text[ITEM_TEXT])
{
	char bare[ITEM_TEXT];
	const char *kind = item_kind_name(it);

	item_print_bare(it, bare);
	if (item_is_rule(it))
		snprintf(text, ITEM_TEXT, "%s \"%.120s\"", kind, bare);
	else if (it->kind == ITEM_ADDRESS || it->kind == ITEM_SRC_MARK)
		snprintf(text, ITEM_TEXT, "%s %.120s", kind, bare);
	else if (it->table == ITEM_TABLE_MAIN)
		snprintf(text, ITEM_TEXT, "%s %.64s in table main", kind,
		    bare);
	else
		snprintf(text, ITEM_TEXT, "%s %.64s in table %" PRIu32, kind,
		    bare, it->table);
}

int
items_add(struct items *l, const struct item *it)
{
	struct item *at;
	size_t room;

	if (l->n == l->room) {
		room = l->room > 0 ? l->room * 2 : 64;
		at = reallocarray(l->at, room, sizeof(*at));
		if (at == NULL)
			return -1;
		l->at = at;
		l->room = room;
	}
	l->at[l->n++] = *it;
	return 0;
}

static int
cmp_void(const void *a, const void *b)
{
	return item_cmp(a, b);
}

void
items_sort(struct items *l)
{
	size_t i, n = 0;

	if (l->n == 0)
		return;
	qsort(l->at, l->n, sizeof(*l->at), cmp_void);
	for (i = 1; i < l->n; i++)
		if (item_cmp(&l->at[n], &l->at[i]) != 0)
			l->at[++n] = l->at[i];
		else
			l->at[n].connected |= l->at[i].connected;
	l->n = n + 1;
}

struct item *
items_find(const struct items *l, const struct item *it)
{
	return l->n == 0 ? NULL :
	    bsearch(it, l->at, l->n, sizeof(*l->at), cmp_void);
}

void
items_free(struct items *l)
{
	free(l->at);
	memset(l, 0, sizeof(*l));
}
