/* SPDX-License-Identifier: ISC */
/*
 * What happens, as rows for who watches; nothing is made while nobody does.
 */
#include "cryptod/cryptod.h"
#include "cryptod/keypair.h"
#include "shared/hex.h"
#include "shared/msg_net.h"
#include "shared/row.h"

#define EVENTS_AT_ONCE	64
#define EVENTS_A_SECOND	20

static const char *
what(const struct engine_event *ev)
{
	switch (ev->what) {
	case ENGINE_HANDSHAKE:
		return "handshake";
	case ENGINE_HANDSHAKE_FAILED:
		return "handshake_failed";
	case ENGINE_BAD_RESPONSE:
		return "bad_response";
	case ENGINE_STALE:
		return "stale_timestamp";
	case ENGINE_STRANGER:
		return "stranger";
	case ENGINE_EXPIRED:
		return "session_expired";
	}
	return "unknown";
}

/* Who began it, and how long it took from the initiation on. */
static void
put_handshake(struct wbuf *w, const struct engine *e, const struct remote *r)
{
	bool initiator = r->current != NULL && r->current->initiator;
	uint64_t began = initiator ? r->last_sent_handshake :
	    r->last_initiation;

	row_str(w, "role", initiator ? "initiator" : "responder");
	row_u64(w, "ms", (e->now - began) / CLOCK_NSEC_PER_MSEC);
}

static void
put_details(struct wbuf *w, const struct engine *e,
    const struct engine_event *ev)
{
	const struct remote *r = ev->remote;

	if (r == NULL)
		return;			/* a stranger */
	switch (ev->what) {
	case ENGINE_HANDSHAKE:
		put_handshake(w, e, r);
		break;
	case ENGINE_HANDSHAKE_FAILED:
		row_u64(w, "tries", r->health.tries);
		break;
	case ENGINE_STALE:
		row_str(w, "clock", r->health.skew < 0 ? "behind" : "ahead");
		row_u64(w, "seconds", r->health.skew < 0 ?
		    -(uint64_t)r->health.skew : (uint64_t)r->health.skew);
		break;
	default:
		break;
	}
}

void
events_hook(void *arg, const struct engine_event *ev)
{
	struct cryptod *c = arg;
	const struct engine *e = &c->engine;
	char key[BASE64_KEY_SIZE];
	uint8_t buf[512];
	struct wbuf w;

	if (log_limited(&c->event_limit, e->now, EVENTS_AT_ONCE,
	    EVENTS_A_SECOND)) {
		c->engine.n.drop_event++;	/* ctld tells of it as lost */
		return;
	}
	base64_key_encode(key, ev->public);
	row_begin(&w, buf, sizeof(buf), "event");
	row_str(&w, "process", proc_name(PROC_CRYPTOD));
	row_str(&w, "what", what(ev));
	if (ev->remote != NULL)
		row_u64(&w, "device", ev->remote->device->id);
	row_str(&w, "public_key", key);
	put_details(&w, e, ev);
	event_send(&c->child.sibling[PROC_CTLD], &w);
}

int
on_monitor(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;

	(void)l;
	return monitor_recv(m, &c->engine.watched);
}
