/* SPDX-License-Identifier: ISC */
/*
 * What warrenctl monitor hears of the parent.
 */
#include <stdarg.h>
#include <stdio.h>

#include "parent/parent.h"
#include "shared/msg_net.h"
#include "shared/row.h"

void
parent_event_begin(struct wbuf *w, void *buf, size_t size, const char *what)
{
	row_begin(w, buf, size, "event");
	row_str(w, "process", proc_name(PROC_PARENT));
	row_str(w, "what", what);
}

void
parent_event(struct parent *p, const struct wbuf *w)
{
	if (p->monitoring)
		event_send(&p->member[PROC_CTLD].link, w);
}

void
parent_eventf(struct parent *p, const char *what, const char *fmt, ...)
{
	uint8_t buf[ROW_MAX];
	char text[512];
	struct wbuf w;
	va_list ap;

	if (!p->monitoring)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	parent_event_begin(&w, buf, sizeof(buf), what);
	row_str(&w, "text", text);
	parent_event(p, &w);
}
