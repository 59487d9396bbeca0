/* SPDX-License-Identifier: ISC */
/*
 * Answers to "show imsg", "show memory" and "show counters", and the facts
 * that ctld judges the health of peers by.
 */
#include "netd/netd.h"
#include "shared/clock.h"
#include "shared/counter_show.h"
#include "shared/msg_net.h"
#include "shared/row.h"

static void
show_counters(struct netd *n, struct link *l, uint32_t id)
{
	static const struct counter_text text[] = {
		NETD_COUNTERS(COUNTER_TEXT)
	};

	n->count.drop_socket = udp_drops(n);
	counters_send(l, id, PROC_NETD, text, &n->count,
	    sizeof(text) / sizeof(text[0]));
	counters_send_ring(l, id, PROC_NETD, &n->ring.counts);
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
	show_memory(l, id, "ring bulk lane (bytes)",
	    ring_unread(&n->ring, RING_BULK), RING_BULK_IN, RING_BULK_IN);
	show_memory(l, id, "ring urgent slots",
	    ring_unread(&n->ring, RING_URGENT), RING_URGENT_SLOTS,
	    (uint64_t)RING_URGENT_SLOTS * RING_SLOT);
	show_memory(l, id, "devices", n->devices.n, DEVICE_MAX,
	    n->devices.n * sizeof(struct device));
	show_memory(l, id, "configured peers",
	    n->statics != NULL ? n->statics->n : 0, STATIC_MAX,
	    n->statics != NULL ? n->statics->n *
	    sizeof(struct static_peer) : 0);
	show_memory(l, id, "questions under way", n->names.nasked,
	    NAMES_ASKED, names_memory(&n->names));
}

static void
show_badmac(struct netd *n, struct link *l, uint32_t id)
{
	const struct badmac_source *s;
	uint64_t now = clock_boottime();
	char text[ENDPOINT_TEXT];
	uint8_t buf[ROW_MAX];
	struct timespec ts;
	struct wbuf w;
	int i;

	clock_realtime(&ts);
	for (i = 0; i < BADMAC_SOURCES; i++) {
		s = &n->badmac.source[i];
		if (s->at.family == 0)
			continue;
		endpoint_print(&s->at, text, sizeof(text));
		row_begin(&w, buf, sizeof(buf), "badmac");
		row_str(&w, "address", text);
		row_u64(&w, "count", s->count);
		row_u64(&w, "last", badmac_last(s, now, (uint64_t)ts.tv_sec));
		row_send(l, id, &w);
	}
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
		break;
	case SHOW_HEALTH:
		show_badmac(n, l, m->id);
		break;
	}
	show_end_send(l, m->id);
	return 0;
}
