/* SPDX-License-Identifier: ISC */
/*
 * Counters as rows: see counter_show.h.
 */
#include <string.h>

#include "shared/codec.h"
#include "shared/counter_show.h"
#include "shared/msg_net.h"
#include "shared/row.h"

void
counter_row(struct wbuf *w, void *buf, enum proc p,
    const struct counter_text *t, uint64_t value)
{
	row_begin(w, buf, ROW_MAX, "counter");
	row_str(w, "process", proc_name(p));
	row_str(w, "name", t->name);
	row_u64(w, "value", value);
	row_str(w, "help", t->help);
}

void
counters_send(struct link *out, uint32_t id, enum proc p,
    const struct counter_text *t, const void *counters, size_t n)
{
	const uint8_t *at = counters;
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	uint64_t value;
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(&value, at + i * sizeof(value), sizeof(value));
		counter_row(&w, buf, p, &t[i], value);
		row_send(out, id, &w);
	}
}

void
counters_send_ring(struct link *out, uint32_t id, enum proc p,
    const struct ring_counts *c)
{
	static const struct counter_text text[] = {
		{ "ring_bulk_records", "records written to the bulk lane" },
		{ "ring_urgent_records", "records written to the urgent lane" },
		{ "ring_bulk_full",
		    "times that the bulk lane had not the room asked for" },
		{ "ring_urgent_full",
		    "times that the urgent lane had no free slot" },
		{ "ring_bells", "times that the other side was woken" },
	};
	const uint64_t value[] = {
		c->records[RING_BULK], c->records[RING_URGENT],
		c->full[RING_BULK], c->full[RING_URGENT], c->bells,
	};

	counters_send(out, id, p, text, value,
	    sizeof(text) / sizeof(text[0]));
}
