/* SPDX-License-Identifier: ISC */
/*
 * Events: see events.h.
 *
 * A device is named by its peer, which a quiet walk tells; while one is under
 * way, events wait, so that their order stays.  It goes over the state of a
 * client that watches, which has no other use for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctld/control.h"
#include "ctld/ctld.h"
#include "shared/clock.h"
#include "shared/hex.h"
#include "shared/msg_conf.h"
#include "shared/msg_net.h"

#define WHAT_MAX	32
#define FIELDS_MAX	(ROW_FIELDS_MAX - 8)	/* room for ours */
#define WALK_TIME	(5 * CLOCK_NSEC_PER_SEC)
/* What a row has beside a long text; and what we add: names, a key, a time. */
#define FRAME_ROOM	128
#define OURS_ROOM	256

/* The longest that the parent tells is how a reload went. */
_Static_assert(EVENT_MAX >= RELOAD_TEXT_MAX + FRAME_ROOM,
    "an event holds the text of a reload");
_Static_assert(EVENT_MAX + OURS_ROOM <= ROW_MAX,
    "an event is a row with what is added, too");

struct event_held {
	STAILQ_ENTRY(event_held) entry;
	enum proc		 proc;
	uint64_t		 time;		/* UNIX, seconds */
	size_t			 len;
	uint8_t			 row[];
};

static void	tell(struct ctld *, enum proc, uint64_t, const struct row *);

uint64_t
events_time(void)
{
	struct timespec ts;

	clock_realtime(&ts);
	return (uint64_t)ts.tv_sec;
}

static struct watcher *
watcher_of(struct client *c)
{
	return &control_of(c)->watcher;
}

void
events_row(struct wbuf *w, uint8_t buf[ROW_MAX], uint64_t time, enum proc p,
    const char *what)
{
	row_begin(w, buf, ROW_MAX, "event");
	row_u64(w, "time", time);
	row_str(w, "process", proc_name(p));
	row_str(w, "what", what);
}

/*
 * Output.
 */

static bool
has_room(const struct client *c, size_t len)
{
	return client_pending(c) + CTL_HEADER + len <= EVENTS_OUT;
}

/* What it missed comes before what follows. */
static void
put_lost(struct client *c)
{
	struct watcher *wa = watcher_of(c);
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (wa->lost == 0 || c->dead)
		return;
	events_row(&w, buf, events_time(), PROC_CTLD, "lost");
	row_u64(&w, "count", wa->lost);
	if (!has_room(c, w.len))
		return;
	wa->lost = 0;
	control_row(c, &w);
}

static void
put_event(struct client *c, const struct wbuf *w)
{
	struct watcher *wa = watcher_of(c);

	put_lost(c);
	if (wa->lost > 0 || !has_room(c, w->len)) {
		wa->lost++;
		c->acceptor->ctx->count.drop_events_slow++;
		return;
	}
	control_row(c, w);
	client_flush(c);
}

/* Half of it was read: time to say what was lost. */
void
events_room(struct client *c)
{
	if (!watcher_of(c)->on || client_pending(c) > EVENTS_OUT / 2)
		return;
	put_lost(c);
	client_flush(c);
}

void
events_tell(struct ctld *ctx, const struct wbuf *w)
{
	struct events *e = &ctx->events;
	unsigned i = e->n;

	if (w->fail) {
		ctx->count.drop_events_bad++;
		events_lost(ctx, 1);
		return;
	}
	/* From the end: who dies in here is replaced by the last one. */
	while (i-- > 0)
		if (i < e->n)
			put_event(e->watcher[i], w);
}

void
events_lost(struct ctld *ctx, uint64_t n)
{
	struct events *e = &ctx->events;
	unsigned i;

	for (i = 0; i < e->n; i++)
		watcher_of(e->watcher[i])->lost += n;
}

void
events_own(struct ctld *ctx, const char *what, const char *text)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (ctx->events.n == 0)
		return;
	if (log_limited(&ctx->events.limit[PROC_CTLD], clock_boottime(),
	    EVENTS_RATE, EVENTS_RATE)) {
		events_lost(ctx, 1);
		return;
	}
	events_row(&w, buf, events_time(), PROC_CTLD, what);
	row_str(&w, "text", text);
	events_tell(ctx, &w);
}

/*
 * Names of peers.
 */

static void
held_free(struct events *e, struct event_held *h)
{
	STAILQ_REMOVE_HEAD(&e->held, entry);
	e->nheld--;
	free(h);
}

static void
walk_ended(struct ctld *ctx)
{
	struct events *e = &ctx->events;
	struct event_held *h;
	struct row row;

	e->walker = NULL;
	devmap_clear(&e->next);
	while ((h = STAILQ_FIRST(&e->held)) != NULL) {
		if (row_parse(&row, h->row, h->len) == 0)
			tell(ctx, h->proc, h->time, &row);
		held_free(e, h);
	}
}

static void
map_device(struct ctld *ctx, struct client *c, const struct device_info *d)
{
	(void)ctx;
	(void)c;
	(void)d;
}

static void
map_peer(struct ctld *ctx, struct client *c, const struct peer_info *p,
    const struct endpoint_info *ep)
{
	(void)ep;
	if (devmap_add(&ctx->events.next, p->device, p->public_key) == -1)
		walk_stop(c);
}

static void
map_prefix(struct ctld *ctx, struct client *c, const struct prefix *p)
{
	(void)ctx;
	(void)c;
	(void)p;
}

static void
map_done(struct ctld *ctx, struct client *c)
{
	struct events *e = &ctx->events;

	(void)c;
	devmap_clear(&e->map);
	e->map = e->next;
	memset(&e->next, 0, sizeof(e->next));
	walk_ended(ctx);
}

static const struct walk_ops map_ops = {
	.secrets = false,
	.endpoints = false,
	.device = map_device,
	.peer = map_peer,
	.prefix = map_prefix,
	.done = map_done,
};

/* Somebody who reads, so that the walk goes on; NULL if nobody does. */
static struct client *
reader(struct events *e)
{
	unsigned i;

	for (i = 0; i < e->n; i++)
		if (client_pending(e->watcher[i]) < CLIENT_LOW / 2)
			return e->watcher[i];
	return NULL;
}

/* Asks for the peers; not more often than once a second. */
static bool
walk_peers(struct ctld *ctx)
{
	struct events *e = &ctx->events;
	uint64_t now = clock_boottime();
	struct client *c;

	if (e->walked != 0 && now - e->walked < CLOCK_NSEC_PER_SEC)
		return false;
	if ((c = reader(e)) == NULL)
		return false;
	e->walked = now;
	e->walker = c;
	walk_begin(ctx, c, &map_ops);
	return true;
}

/* The event waits for the walk. */
static void
hold(struct ctld *ctx, enum proc p, const void *data, size_t len)
{
	struct events *e = &ctx->events;
	struct event_held *h;

	if (e->nheld == EVENTS_HELD ||
	    (h = malloc(sizeof(*h) + len)) == NULL) {
		ctx->count.drop_events_held++;
		events_lost(ctx, 1);
		return;
	}
	h->proc = p;
	h->time = events_time();
	h->len = len;
	memcpy(h->row, data, len);
	STAILQ_INSERT_TAIL(&e->held, h, entry);
	e->nheld++;
}

/* The key of whom the event is about; NULL: nobody, or not known. */
static const uint8_t *
key_of(struct ctld *ctx, const struct row *row, uint8_t buf[KEY_SIZE])
{
	const struct row_field *f = row_get(row, "device");
	const char *key = show_str(row, "public_key");
	const uint8_t *known = NULL;

	if (f != NULL)
		known = devmap_find(&ctx->events.map, (uint32_t)f->num);
	if (known != NULL)
		return known;
	return base64_key_decode(buf, key, strlen(key)) == 0 ? buf : NULL;
}

static void
put_peer(struct ctld *ctx, struct wbuf *w, const uint8_t *key)
{
	const struct name *n = names_by_key(ctx->conf.names, key);
	char text[BASE64_KEY_SIZE];

	base64_key_encode(text, key);
	if (n != NULL)
		row_str(w, "peer", n->name);
	row_str(w, "public_key", text);
}

static bool
is_ours(const char *key)
{
	return strcmp(key, "time") == 0 || strcmp(key, "process") == 0 ||
	    strcmp(key, "what") == 0 || strcmp(key, "peer") == 0 ||
	    strcmp(key, "public_key") == 0;
}

static void
copy_field(struct wbuf *w, const struct row_field *f)
{
	switch (f->kind) {
	case ROW_U64:
		row_u64(w, f->key, f->num);
		break;
	case ROW_STR:
		row_str(w, f->key, f->str);
		break;
	case ROW_BOOL:
		row_bool(w, f->key, f->num != 0);
		break;
	}
}

static void
tell(struct ctld *ctx, enum proc p, uint64_t time, const struct row *row)
{
	uint8_t buf[ROW_MAX], decoded[KEY_SIZE];
	const uint8_t *key = key_of(ctx, row, decoded);
	struct wbuf w;
	size_t i;

	events_row(&w, buf, time, p, show_str(row, "what"));
	if (key != NULL)
		put_peer(ctx, &w, key);
	for (i = 0; i < row->n; i++)
		if (!is_ours(row->field[i].key))
			copy_field(&w, &row->field[i]);
	events_tell(ctx, &w);
}

/*
 * Events of siblings.
 */

static bool
is_word(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n < WHAT_MAX && s[n] == '\0';
}

/* What every event has, in the form it must have. */
static bool
is_event(const struct row *row)
{
	const struct row_field *device = row_get(row, "device");
	const struct row_field *key = row_get(row, "public_key");
	uint8_t buf[KEY_SIZE];

	if (strcmp(row->table, "event") != 0 || row->n > FIELDS_MAX ||
	    !is_word(show_str(row, "what")))
		return false;
	if (device != NULL && (device->kind != ROW_U64 ||
	    device->num > UINT32_MAX))
		return false;
	return key == NULL || (key->kind == ROW_STR &&
	    base64_key_decode(buf, key->str, strlen(key->str)) == 0);
}

int
events_on_event(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct events *e = &ctx->events;
	const struct row_field *device;
	struct row row;

	if (m->len > EVENT_MAX || row_parse(&row, m->data, m->len) == -1 ||
	    !is_event(&row))
		return -1;
	if (e->n == 0)
		return 0;		/* it crossed our word to stop */
	if (log_limited(&e->limit[l->peer], clock_boottime(), EVENTS_RATE,
	    EVENTS_RATE)) {
		ctx->count.drop_events_many++;
		events_lost(ctx, 1);
		return 0;
	}
	ctx->count.events++;
	device = row_get(&row, "device");
	if (e->walker == NULL && device != NULL &&
	    devmap_find(&e->map, (uint32_t)device->num) == NULL)
		walk_peers(ctx);
	if (e->walker != NULL)
		hold(ctx, l->peer, m->data, m->len);
	else
		tell(ctx, l->peer, events_time(), &row);
	return 0;
}

/*
 * Who watches.
 */

/* Each second. */
static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct ctld *ctx = arg;
	struct events *e = &ctx->events;
	struct client *c = e->walker;
	unsigned i = e->n;

	(void)fd;
	(void)what;
	drops_ask(ctx);
	while (i-- > 0)
		if (i < e->n)
			events_room(e->watcher[i]);
	if (c == NULL || c != e->walker ||
	    clock_boottime() - e->walked < WALK_TIME)
		return;
	ask_forget(ctx, c);		/* no names, then */
	walk_clear(walk_of(c));
	walk_ended(ctx);
}

static void
say_monitor(struct ctld *ctx, bool on)
{
	monitor_send(&ctx->child.parent, on);
	monitor_send(&ctx->child.sibling[PROC_CRYPTOD], on);
	monitor_send(&ctx->child.sibling[PROC_NETD], on);
}

static void
first_comes(struct ctld *ctx)
{
	static const struct timeval second = { 1, 0 };
	struct events *e = &ctx->events;

	drops_begin(ctx);
	e->walked = 0;
	drops_ask(ctx);
	event_add(e->tick, &second);
	say_monitor(ctx, true);
	walk_peers(ctx);
}

static void
last_goes(struct ctld *ctx)
{
	struct events *e = &ctx->events;

	event_del(e->tick);
	devmap_clear(&e->map);
	say_monitor(ctx, false);
}

/* Those who may only read leave some places to those who may all. */
static bool
has_place(const struct events *e, const struct client *c)
{
	unsigned i, readers = 0;

	for (i = 0; i < e->n; i++)
		readers += e->watcher[i]->acceptor->readonly;
	return e->n < EVENTS_WATCHERS &&
	    (!c->acceptor->readonly || readers < EVENTS_READERS);
}

int
events_watch(struct ctld *ctx, struct client *c)
{
	struct events *e = &ctx->events;

	if (!has_place(e, c))
		return -1;
	watcher_of(c)->on = true;
	watcher_of(c)->lost = 0;
	e->watcher[e->n++] = c;
	ctx->count.watchers++;
	client_watch(c);
	if (e->n == 1)
		first_comes(ctx);
	return 0;
}

void
events_forget(struct ctld *ctx, struct client *c)
{
	struct events *e = &ctx->events;
	unsigned i;

	if (!watcher_of(c)->on)
		return;
	watcher_of(c)->on = false;
	for (i = 0; i < e->n && e->watcher[i] != c; i++)
		;
	if (i < e->n)
		e->watcher[i] = e->watcher[--e->n];
	if (e->walker == c)
		walk_ended(ctx);
	if (e->n == 0)
		last_goes(ctx);
}

int
events_init(struct ctld *ctx)
{
	struct events *e = &ctx->events;

	STAILQ_INIT(&e->held);
	e->tick = event_new(ctx->child.base, -1, EV_PERSIST, on_tick, ctx);
	return e->tick != NULL ? 0 : -1;
}

void
events_clear(struct ctld *ctx)
{
	struct events *e = &ctx->events;
	struct event_held *h;

	while ((h = STAILQ_FIRST(&e->held)) != NULL)
		held_free(e, h);
	devmap_clear(&e->map);
	devmap_clear(&e->next);
}
