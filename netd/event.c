/* SPDX-License-Identifier: ISC */
/*
 * What happens, for the log and for who watches by way of ctld: roaming,
 * names, sends that fail, load and floods.  Whatever a packet can trigger is
 * limited in rate.
 */
#include <stdio.h>
#include <string.h>

#include "netd/netd.h"
#include "shared/clock.h"
#include "shared/msg_net.h"
#include "shared/row.h"

#define EVENT_BURST	50
#define EVENT_RATE	20		/* a second */
/* How often a stranger can make us log: at most twice in this time, */
#define LOAD_LOOK	(10 * CLOCK_NSEC_PER_SEC)
#define FLOOD_PAUSE	(60 * CLOCK_NSEC_PER_SEC)	/* and once in this */
#define FLOOD		1000U		/* useless messages in a second */

int
on_monitor(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;

	(void)l;
	return monitor_recv(m, &n->monitored);
}

void
device_label(const struct device *d, char buf[DEVICE_LABEL])
{
	if (d->peer != NULL && d->peer->name[0] != '\0')
		snprintf(buf, DEVICE_LABEL, "peer \"%s\"", d->peer->name);
	else
		snprintf(buf, DEVICE_LABEL, "device %u", d->id);
}

/* Begins a row; false if nobody wants it. */
static bool
event_begin(struct netd *n, struct wbuf *w, uint8_t buf[ROW_MAX],
    const char *what, const struct device *d)
{
	if (!n->monitored)
		return false;
	if (log_limited(&n->event_limit, clock_boottime(), EVENT_BURST,
	    EVENT_RATE)) {
		n->count.drop_event++;
		return false;
	}
	row_begin(w, buf, ROW_MAX, "event");
	row_str(w, "process", proc_name(PROC_NETD));
	row_str(w, "what", what);
	if (d != NULL)
		row_u64(w, "device", d->id);
	return true;
}

static void
event_end(struct netd *n, struct wbuf *w)
{
	event_send(&n->child.sibling[PROC_CTLD], w);
}

static void
put_place(struct wbuf *w, const struct endpoint *e)
{
	char text[ENDPOINT_TEXT];

	endpoint_print(e, text, sizeof(text));
	row_str(w, "endpoint", text);
}

void
event_roamed(struct netd *n, const struct device *d)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (!event_begin(n, &w, buf, "roamed", d))
		return;
	put_place(&w, &d->at.remote);
	event_end(n, &w);
}

void
event_resolved(struct netd *n, const struct device *d, const char *host,
    bool again)
{
	char label[DEVICE_LABEL], text[ENDPOINT_TEXT];
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	device_label(d, label);
	endpoint_print(&d->at.remote, text, sizeof(text));
	if (again)
		log_debug("%s: trying %s at %s", label, host, text);
	else
		log_rate(&n->name_log, clock_boottime(), 20, 2, log_info,
		    "%s: %s is at %s", label, host, text);
	if (!event_begin(n, &w, buf, "resolved", d))
		return;
	row_str(&w, "name", host);
	put_place(&w, &d->at.remote);
	event_end(n, &w);
}

/* Why a name has no address; NULL: it has one, or is asked for. */
static const char *
name_trouble(enum name_state state)
{
	switch (state) {
	case NAME_UNKNOWN:
		return "no such name, or no address that can be used";
	case NAME_SILENT:
		return "no name server answers it";
	case NAME_REFUSED:
		return "the name servers could not or would not say";
	default:
		return NULL;
	}
}

void
event_name(struct netd *n, const char *host, enum name_state state)
{
	const char *why = name_trouble(state);
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (why == NULL)
		return;
	log_rate(&n->name_log, clock_boottime(), 20, 2, log_warnx,
	    "cannot resolve %s: %s", host, why);
	if (!event_begin(n, &w, buf, "unresolved", NULL))
		return;
	row_str(&w, "name", host);
	row_str(&w, "text", why);
	event_end(n, &w);
}

void
event_send_failed(struct netd *n, const struct device *d,
    const struct endpoint *to, int error)
{
	char label[DEVICE_LABEL], text[ENDPOINT_TEXT];
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	device_label(d, label);
	endpoint_print(to, text, sizeof(text));
	log_rate(&n->send_log, clock_boottime(), 10, 1, log_warnx,
	    "%s: cannot send to %s: %s", label, text, strerror(error));
	if (!event_begin(n, &w, buf, "send_failed", d))
		return;
	put_place(&w, to);
	row_str(&w, "text", strerror(error));
	event_end(n, &w);
}

static void
event_load(struct netd *n, const char *state)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	log_info("under load: %s", state);
	if (!event_begin(n, &w, buf, "under_load", NULL))
		return;
	row_str(&w, "state", state);
	event_end(n, &w);
}

static void
look_at_load(void *arg, uint64_t now)
{
	struct netd *n = arg;

	if (n->has_ring && !n->broken &&
	    envelope_is_loaded(&n->envelope, &n->ring, now)) {
		timer_add(&n->wheel, &n->load_timer, now + LOAD_LOOK);
		return;
	}
	n->loaded = false;
	event_load(n, "end");
}

void
event_init(struct netd *n)
{
	timer_init(&n->load_timer, look_at_load, n);
}

void
event_loaded(struct netd *n, uint64_t now)
{
	if (n->loaded)
		return;
	n->loaded = true;
	event_load(n, "begin");
	timer_add(&n->wheel, &n->load_timer, now + LOAD_LOOK);
}

/* Handshake messages that were good for nothing, since the start. */
static uint64_t
useless(const struct counters *c)
{
	return c->drop_mac1 + c->drop_duplicate + c->cookies_sent +
	    c->drop_limited + c->drop_share;
}

void
event_useless(struct netd *n, uint64_t now)
{
	uint64_t total, count;
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (now - n->flood_since < CLOCK_NSEC_PER_SEC)
		return;
	total = useless(&n->count);
	count = total - n->flood_base;
	n->flood_base = total;
	/* After a quiet time it is no rate. */
	if (now - n->flood_since >= 2 * CLOCK_NSEC_PER_SEC)
		count = 0;
	n->flood_since = now;
	if (count < FLOOD)
		return;
	n->count.floods++;
	if (n->flood_logged == 0 || now - n->flood_logged >= FLOOD_PAUSE) {
		n->flood_logged = now;
		log_warnx("flood: %llu useless handshake messages in a "
		    "second", (unsigned long long)count);
	}
	if (!event_begin(n, &w, buf, "flood", NULL))
		return;
	row_u64(&w, "count", count);
	event_end(n, &w);
}
