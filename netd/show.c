/* SPDX-License-Identifier: ISC */
/*
 * Answers to "show imsg", "show memory" and "show counters".
 */
#include "netd/netd.h"
#include "shared/msg_net.h"
#include "shared/row.h"

static void
show_counters(struct netd *n, struct link *l, uint32_t id)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	int i;

	for (i = 0; i < COUNTER_COUNT; i++) {
		row_begin(&w, buf, sizeof(buf), "counter");
		row_str(&w, "process", proc_name(PROC_NETD));
		row_str(&w, "name", counter_name((enum counter)i));
		row_u64(&w, "value", n->count[i]);
		row_str(&w, "help", counter_help((enum counter)i));
		row_send(l, id, &w);
	}
}

static void
show_ring_counter(struct link *l, uint32_t id, const char *name,
    uint64_t value, const char *help)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	row_begin(&w, buf, sizeof(buf), "counter");
	row_str(&w, "process", proc_name(PROC_NETD));
	row_str(&w, "name", name);
	row_u64(&w, "value", value);
	row_str(&w, "help", help);
	row_send(l, id, &w);
}

static void
show_ring(struct netd *n, struct link *l, uint32_t id)
{
	const struct ring_counts *c = &n->ring.counts;

	show_ring_counter(l, id, "ring_bulk_full", c->full[RING_BULK],
	    "records that did not fit the bulk lane");
	show_ring_counter(l, id, "ring_urgent_full", c->full[RING_URGENT],
	    "records that did not fit the urgent lane");
	show_ring_counter(l, id, "ring_bells", c->bells,
	    "times that cryptod was woken");
}

static void
show_memory(struct link *l, uint32_t id, const char *what, uint64_t used,
    uint64_t total, uint64_t bytes)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	row_begin(&w, buf, sizeof(buf), "memory");
	row_str(&w, "process", proc_name(PROC_NETD));
	row_str(&w, "what", what);
	row_u64(&w, "used", used);
	row_u64(&w, "free", total - used);
	row_u64(&w, "bytes", bytes);
	row_send(l, id, &w);
}

static void
show_all_memory(struct netd *n, struct link *l, uint32_t id)
{
	show_memory(l, id, "ring bulk lane", ring_unread(&n->ring, RING_BULK),
	    RING_BULK_SIZE, RING_BULK_SIZE);
	show_memory(l, id, "ring urgent slots",
	    ring_unread(&n->ring, RING_URGENT), RING_URGENT_SLOTS,
	    (uint64_t)RING_URGENT_SLOTS * RING_SLOT);
	show_memory(l, id, "devices", n->devices.n, n->devices.n,
	    n->devices.n * sizeof(struct device));
}

int
on_show(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	uint8_t topic;

	if (show_recv(m, &topic) == -1)
		return -1;
	switch (topic) {
	case SHOW_IMSG:
		child_show_imsg(&n->child, l, m->id);
		break;
	case SHOW_MEMORY:
		show_all_memory(n, l, m->id);
		break;
	case SHOW_COUNTERS:
		show_counters(n, l, m->id);
		show_ring(n, l, m->id);
		break;
	}
	show_end_send(l, m->id);
	return 0;
}
