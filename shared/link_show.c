/* SPDX-License-Identifier: ISC */
/*
 * The counts of a link: see link_show.h.
 */
#include "shared/link_show.h"
#include "shared/msg_net.h"
#include "shared/row.h"

void
link_rows(struct link *l, void (*emit)(void *, const struct wbuf *),
    void *arg)
{
	const struct imsg_counts *n;
	const struct msg_row *rows;
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	size_t i, total;

	if (l->host == NULL)
		return;
	rows = msg_rows(&total);
	for (i = 0; i < total; i++) {
		n = &l->chan.counts[i];
		if (n->sent == 0 && n->received == 0 && n->dropped == 0 &&
		    n->refused == 0)
			continue;
		row_begin(&w, buf, sizeof(buf), "imsg");
		row_str(&w, "process", proc_name(l->host->self));
		row_str(&w, "peer", proc_name(l->peer));
		row_str(&w, "message", rows[i].name);
		row_u64(&w, "sent", n->sent);
		row_u64(&w, "received", n->received);
		row_u64(&w, "dropped", n->dropped);
		row_u64(&w, "refused", n->refused);
		emit(arg, &w);
	}
}

struct show_to {
	struct link	*out;
	uint32_t	 id;
};

static void
show_row(void *arg, const struct wbuf *w)
{
	const struct show_to *to = arg;

	row_send(to->out, to->id, w);
}

void
link_show(struct link *l, struct link *out, uint32_t id)
{
	struct show_to to = { out, id };

	link_rows(l, show_row, &to);
}
