/* SPDX-License-Identifier: ISC */
/*
 * Drops as events: see drops.h.
 */
#include <stdio.h>
#include <string.h>

#include "ctld/ctld.h"

void
drops_begin(struct ctld *ctx)
{
	ctx->events.drops.ncounters = 0;
}

/*
 * By how much the counter grew since the last time.  What is new did not: it
 * has counted since before anybody watched.
 */
static uint64_t
growth(struct drops_counter *k, uint64_t value)
{
	uint64_t grown = value > k->value ? value - k->value : 0;

	k->value = value;
	return grown;
}

static struct drops_counter *
counter_of(struct drops *d, uint8_t proc, const char *name, uint64_t value)
{
	struct drops_counter *k;
	unsigned i;

	/* They come in the same order each time. */
	if (d->cursor < d->ncounters) {
		k = &d->counter[d->cursor];
		if (k->proc == proc && strcmp(k->name, name) == 0) {
			d->cursor++;
			return k;
		}
	}
	for (i = 0; i < d->ncounters; i++) {
		k = &d->counter[i];
		if (k->proc == proc && strcmp(k->name, name) == 0) {
			d->cursor = i + 1;
			return k;
		}
	}
	if (d->ncounters == DROPS_MAX)
		return NULL;
	k = &d->counter[d->ncounters++];
	k->proc = proc;
	snprintf(k->name, sizeof(k->name), "%s", name);
	k->value = value;
	d->cursor = d->ncounters;
	return k;
}

static enum proc
proc_of(const char *name)
{
	int p;

	for (p = 0; p < PROC_COUNT; p++)
		if (strcmp(proc_name((enum proc)p), name) == 0)
			return (enum proc)p;
	return PROC_PARENT;
}

/*
 * What ctld drops is no packet but words, events among them, and who loses
 * events is told so: if that were an event, it would be lost as well, and be
 * told again, each second for as long as one client does not read.
 */
static void
counter(struct ctld *ctx, struct client *c, enum proc p,
    const struct row *row, const void *data, size_t len)
{
	struct drops *d = &ctx->events.drops;
	const struct row_field *value = row_get(row, "value");
	const char *name = show_str(row, "name");
	struct drops_counter *k;
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	uint64_t grown;

	(void)c;
	(void)data;
	(void)len;
	if (strncmp(name, "drop_", 5) != 0 || strlen(name) >= ROW_NAME_MAX ||
	    value == NULL || value->kind != ROW_U64 || p == PROC_CTLD)
		return;
	/* The parent may speak for a helper; everyone else for itself. */
	if (p == PROC_PARENT)
		p = proc_of(show_str(row, "process"));
	k = counter_of(d, (uint8_t)p, name, value->num);
	if (k == NULL || (grown = growth(k, value->num)) == 0)
		return;
	if (strcmp(name, "drop_event") == 0) {
		events_lost(ctx, grown);
		return;
	}
	events_row(&w, buf, events_time(), p, "drops");
	row_str(&w, "reason", name);
	row_u64(&w, "count", grown);
	row_str(&w, "text", show_str(row, "help"));
	events_tell(ctx, &w);
}

static void
done(struct ctld *ctx, struct client *c)
{
	(void)c;
	ctx->events.drops.asking = false;
}

static bool
begin(struct ctld *ctx, struct client *c, uint64_t asked)
{
	(void)c;
	(void)asked;
	ctx->events.drops.cursor = 0;
	return ctx->events.n > 0;
}

static const struct show_sink sink = {
	.begin = begin,
	.row = counter,
	.done = done,
};

void
drops_ask(struct ctld *ctx)
{
	struct drops *d = &ctx->events.drops;

	if (!d->asking && show_ask(ctx, NULL, SHOW_COUNTERS, &sink) == 0)
		d->asking = true;
}
