/* SPDX-License-Identifier: ISC */
/*
 * Answers to "show imsg", "show memory" and "show counters", by way of the
 * parent: resolverd has no link to ctld.
 */
#include <string.h>

#include "resolverd/hosts.h"
#include "resolverd/resolverd.h"
#include "shared/clock.h"
#include "shared/counter_show.h"
#include "shared/msg_helper.h"
#include "shared/row.h"

struct asker {
	struct link	*link;
	uint32_t	 id;
};

static void
emit(void *arg, const struct wbuf *w)
{
	const struct asker *a = arg;

	helper_row_send(a->link, a->id, w);
}

static void
show_counters(struct resolverd *r, struct asker *a)
{
	static const struct counter_text text[] = {
		RESOLVERD_COUNTERS(COUNTER_TEXT)
	};
	const uint8_t *at = (const uint8_t *)&r->resolver.count;
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	uint64_t value;
	size_t i;

	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		memcpy(&value, at + i * sizeof(value), sizeof(value));
		counter_row(&w, buf, PROC_RESOLVERD, &text[i], value);
		emit(a, &w);
	}
}

static void
show_memory(struct asker *a, const char *what, uint64_t used, uint64_t total,
    uint64_t bytes)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	row_begin(&w, buf, sizeof(buf), "memory");
	row_str(&w, "process", proc_name(PROC_RESOLVERD));
	row_str(&w, "what", what);
	row_u64(&w, "used", used);
	row_u64(&w, "free", total - used);
	row_u64(&w, "bytes", bytes);
	emit(a, &w);
}

static void
show_all_memory(struct resolverd *r, struct asker *a)
{
	show_memory(a, "names under way", r->resolver.n, QUERIES_MAX,
	    r->resolver.n * sizeof(struct query));
	show_memory(a, "cached names", cache_count(&r->resolver.cache,
	    clock_boottime()), CACHE_SIZE, sizeof(r->resolver.cache));
	show_memory(a, "file of hosts (bytes)", r->resolver.hosts_len,
	    HOSTS_MAX, r->resolver.hosts_len);
}

int
on_helper_show(void *arg, struct link *l, struct imsg *m)
{
	struct asker a = { l, m->id };
	struct resolverd *r = arg;
	uint8_t topic;

	if (helper_show_recv(m, &topic) == -1)
		return -1;
	switch (topic) {
	case SHOW_IMSG:
		child_imsg_rows(&r->child, emit, &a);
		break;
	case SHOW_MEMORY:
		show_all_memory(r, &a);
		break;
	case SHOW_COUNTERS:
		show_counters(r, &a);
		break;
	}
	helper_show_end_send(l, m->id);
	return 0;
}
