/* SPDX-License-Identifier: ISC */
/*
 * Requests on the control socket: see control.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctld/control.h"
#include "ctld/ctld.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/version.h"

struct control_client *
control_of(struct client *c)
{
	return (struct control_client *)c->state;
}

void
control_row_bytes(struct client *c, const void *p, size_t len)
{
	uint8_t buf[CTL_FRAME_MAX];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	ctl_frame_write(&w, CTL_ROW, control_of(c)->id, p, len);
	if (!w.fail)
		client_put(c, w.p, w.len);
}

void
control_row(struct client *c, const struct wbuf *row)
{
	if (row->fail)
		log_warnx("a row does not fit and is left out");
	else
		control_row_bytes(c, row->p, row->len);
}

static void
put_done(struct client *c, uint32_t id, int error, const char *text)
{
	uint8_t buf[CTL_FRAME_MAX];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	ctl_done_write(&w, id, error, text);
	client_put(c, w.p, w.len);
}

void
control_done(struct client *c, int error, const char *text)
{
	put_done(c, control_of(c)->id, error, text);
	client_idle(c);
}

/* An error for a client that does not keep to the protocol. */
static void
refuse(struct ctld *ctx, struct client *c, uint32_t id, int error,
    const char *text)
{
	ctx->count.control_errors++;
	put_done(c, id, error, text);
	client_finish(c);
}

static void
hello(struct ctld *ctx, struct client *c, const struct ctl_frame *f)
{
	uint8_t buf[CTL_FRAME_MAX];
	char text[CTL_TEXT_MAX];
	struct ctl_welcome h;
	struct wbuf w;
	uint16_t min, max;

	if (ctl_hello_read(f, &min, &max) == -1) {
		refuse(ctx, c, f->id, EPROTO, "HELLO comes first");
		return;
	}
	h.version = ctl_version(min, max);
	if (h.version == 0) {
		snprintf(text, sizeof(text), "this daemon (%s) speaks "
		    "versions %d to %d of the control protocol",
		    warren_version(), CTL_VERSION_MIN, CTL_VERSION_MAX);
		refuse(ctx, c, f->id, EPROTONOSUPPORT, text);
		return;
	}
	snprintf(h.daemon, sizeof(h.daemon), "%s", warren_version());
	snprintf(h.instance, sizeof(h.instance), "%s",
	    ctx->child.startup.instance);
	wbuf_init(&w, buf, sizeof(buf));
	ctl_welcome_write(&w, f->id, &h);
	client_put(c, w.p, w.len);
	client_flush(c);
	control_of(c)->version = h.version;
}

static void
show(struct ctld *ctx, struct client *c, const struct ctl_frame *f)
{
	enum show_topic topic;

	if (ctl_show_read(f, &topic) == -1) {
		refuse(ctx, c, f->id, EINVAL, "no such topic");
		return;
	}
	client_busy(c);
	if (topic == SHOW_STATUS)
		status_begin(ctx, c, STATUS_INTERFACE | STATUS_PEERS |
		    STATUS_HEALTH);
	else if (topic == SHOW_INTERFACE)
		status_begin(ctx, c, STATUS_INTERFACE);
	else if (topic == SHOW_PEERS)
		status_begin(ctx, c, STATUS_PEERS);
	else if (topic == SHOW_HEALTH)
		status_begin(ctx, c, STATUS_HEALTH);
	else
		show_begin(ctx, c, topic);
}

static void
peer(struct ctld *ctx, struct client *c, const struct ctl_frame *f)
{
	struct control_client *cc = control_of(c);

	if (ctl_peer_read(f, cc->name) == -1)
		refuse(ctx, c, f->id, EINVAL, "which peer?");
	else {
		client_busy(c);
		status_one(ctx, c, cc->name);
	}
}

/* Is it a request that carries nothing?  Answers if not. */
static bool
is_plain(struct ctld *ctx, struct client *c, const struct ctl_frame *f)
{
	if (ctl_plain_read(f, (enum ctl_type)f->type) == 0)
		return true;
	refuse(ctx, c, f->id, EINVAL, "malformed request");
	return false;
}

static void
monitor(struct ctld *ctx, struct client *c, const struct ctl_frame *f)
{
	if (!is_plain(ctx, c, f))
		return;
	client_busy(c);
	if (events_watch(ctx, c) == -1)
		control_done(c, EBUSY, "too many watch already");
}

static void
text_piece(struct client *c, const char *text, size_t len)
{
	char line[METRICS_PIECE + 1];
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	memcpy(line, text, len);
	line[len] = '\0';
	row_begin(&w, buf, sizeof(buf), "text");
	row_str(&w, "text", line);
	control_row(c, &w);
	client_flush(c);
}

static void
text_end(struct ctld *ctx, struct client *c, int error)
{
	(void)ctx;
	control_done(c, error, error != 0 ? strerror(error) : "");
}

static void
metrics(struct ctld *ctx, struct client *c, const struct ctl_frame *f)
{
	static const struct metrics_sink sink = {
		.piece = text_piece,
		.end = text_end,
	};

	if (!is_plain(ctx, c, f))
		return;
	client_busy(c);
	metrics_begin(ctx, c, &sink);
}

/* May this client change anything?  Answers if not. */
static bool
may_change(struct ctld *ctx, struct client *c, const char *what)
{
	char text[CTL_TEXT_MAX];

	if (!c->acceptor->readonly)
		return true;
	ctx->count.control_refused++;
	log_rate(&ctx->refusals, clock_boottime(), 5, 1, log_warnx,
	    "%s by uid %u, pid %d refused: the socket is for reading", what,
	    c->uid, c->pid);
	snprintf(text, sizeof(text), "\"%s\" changes the daemon, and this "
	    "socket is for reading only: root and the group of the other "
	    "socket may", what);
	control_done(c, EPERM, text);
	return false;
}

static void
reload_ask(struct ctld *ctx, struct client *c)
{
	uint32_t id = ask_begin(ctx, c, PROC_PARENT, MSG_RELOAD_DONE,
	    reload_ask);

	if (id != 0)
		reload_send(&ctx->child.parent, id);
}

static void
reload(struct ctld *ctx, struct client *c, const struct ctl_frame *f)
{
	if (!is_plain(ctx, c, f) || !may_change(ctx, c, "reload"))
		return;
	if (!ctld_is_configured(ctx)) {
		control_done(c, EOPNOTSUPP, "this instance has no "
		    "configuration file: wg(8) configures it");
		return;
	}
	log_info("reload, by uid %u, pid %d", c->uid, c->pid);
	client_busy(c);
	c->patient = true;		/* the parent sees to an end of it */
	reload_ask(ctx, c);
}

int
control_on_reload_done(void *arg, struct link *l, struct imsg *m)
{
	char text[RELOAD_TEXT_MAX];
	struct ctld *ctx = arg;
	struct client *c;
	int error;

	if (reload_done_recv(m, &error, text) == -1 ||
	    ask_end(ctx, l->peer, MSG_RELOAD_DONE, m->id, &c) == -1)
		return -1;
	if (c != NULL)
		control_done(c, error, text);
	ask_next(ctx, l->peer);
	return 0;
}

/* Asks the parent; waits for a place to ask if there is none. */
static void
log_ask(struct ctld *ctx, struct client *c)
{
	uint32_t id = ask_begin(ctx, c, PROC_PARENT, MSG_SOCKET_DONE,
	    log_ask);

	if (id != 0)
		log_set_send(&ctx->child.parent, id, control_of(c)->verbose);
}

static void
set_log(struct ctld *ctx, struct client *c, const struct ctl_frame *f)
{
	struct control_client *cc = control_of(c);

	if (ctl_log_read(f, &cc->verbose) == -1) {
		refuse(ctx, c, f->id, EINVAL, "verbose or brief?");
		return;
	}
	if (!may_change(ctx, c, "log"))
		return;
	log_info("log %s, by uid %u, pid %d", cc->verbose ? "verbose" :
	    "brief", c->uid, c->pid);
	client_busy(c);
	log_ask(ctx, c);
}

int
control_on_log_done(struct ctld *ctx, uint32_t id, int error)
{
	struct client *c;

	if (ask_end(ctx, PROC_PARENT, MSG_SOCKET_DONE, id, &c) == -1)
		return -1;
	if (c != NULL)
		control_done(c, error, error == 0 ? "" : strerror(error));
	ask_next(ctx, PROC_PARENT);
	return 0;
}

static void
request(struct ctld *ctx, struct client *c, const struct ctl_frame *f)
{
	static const struct {
		uint16_t	  type;
		uint16_t	  since;	/* version of the protocol */
		void		(*fn)(struct ctld *, struct client *,
				    const struct ctl_frame *);
	} requests[] = {
		{ CTL_SHOW, 1, show },
		{ CTL_LOG, 1, set_log },
		{ CTL_PEER, 2, peer },
		{ CTL_RELOAD, 2, reload },
		{ CTL_MONITOR, 2, monitor },
		{ CTL_METRICS, 2, metrics },
	};
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].type == f->type &&
		    requests[i].since <= control_of(c)->version) {
			requests[i].fn(ctx, c, f);
			return;
		}
	refuse(ctx, c, f->id, EOPNOTSUPP, "unknown request");
}

static size_t
control_input(struct ctld *ctx, struct client *c, const uint8_t *p,
    size_t len)
{
	struct control_client *cc = control_of(c);
	struct ctl_frame f;
	size_t used;

	switch (ctl_frame_read(p, len, &f, &used)) {
	case 0:
		return 0;
	case -1:
		refuse(ctx, c, 0, EPROTO, "malformed frame");
		return len;
	}
	if (cc->version == 0) {
		hello(ctx, c, &f);
		return used;
	}
	ctx->count.control_requests++;
	cc->id = f.id;
	request(ctx, c, &f);
	return used;
}

static void
control_room(struct ctld *ctx, struct client *c)
{
	events_room(c);
	walk_room(ctx, c);
}

static void
control_gone(struct ctld *ctx, struct client *c)
{
	ask_forget(ctx, c);
	show_forget(ctx, c);
	events_forget(ctx, c);
	walk_clear(walk_of(c));
}

static void
control_late(struct ctld *ctx, struct client *c)
{
	control_gone(ctx, c);
	/* Not refuse(): the client is not the one to blame. */
	put_done(c, control_of(c)->id, ETIMEDOUT,
	    "a process of the daemon does not answer");
	client_finish(c);
}

static bool
control_midway(const struct client *c)
{
	(void)c;
	return false;
}

const struct client_ops control_ops = {
	.state = sizeof(struct control_client),
	.paged = true,
	.input = control_input,
	.room = control_room,
	.midway = control_midway,
	.late = control_late,
	.gone = control_gone,
};
