/* SPDX-License-Identifier: ISC */
/*
 * Configured mode: where devices are, by the table of static peers and by
 * name.  What the configuration says counts when it is new or was changed; in
 * between a device is where its packets come from.
 */
#include <string.h>

#include "netd/netd.h"
#include "shared/clock.h"
#include "shared/msg_helper.h"
#include "shared/msg_net.h"

void
has_flush(struct netd *n)
{
	if (n->has.len > 0)
		link_send(&n->child.sibling[PROC_CRYPTOD], MSG_HAS_ENDPOINT,
		    0, -1, n->has.p, n->has.len);
	wbuf_init(&n->has, n->has_buf, sizeof(n->has_buf));
}

/* Adds to the message for cryptod, which goes out at the next turn. */
void
has_tell(struct netd *n, const struct device *d)
{
	struct has_endpoint h;

	h.device = d->id;
	h.path = 0;
	h.has = d->at.remote.family != 0;
	if (n->has.cap - n->has.len < HAS_ENDPOINT_WIRE)
		has_flush(n);
	put_has_endpoint(&n->has, &h);
}

void
device_place(struct netd *n, struct device *d, const struct endpoint *e)
{
	device_leads(d, e);
	d->at.remote = *e;
	memset(&d->other, 0, sizeof(d->other));
	source_unpin(&d->at);
	d->gso_limit = 0;
	d->told = false;
	d->error = 0;
	n->generation++;
	has_tell(n, d);
}

static void
ask(void *arg, uint32_t id, const char *host)
{
	struct netd *n = arg;

	n->count.names_asked++;
	resolve_send(&n->child.sibling[PROC_RESOLVERD], id, host);
}

static bool
can(void *arg, uint8_t family)
{
	struct netd *n = arg;

	return n->sock[udp_family_of(family)].fd != -1;
}

static const struct endpoint *
present(void *arg, void *owner)
{
	(void)arg;
	return &((struct device *)owner)->at.remote;
}

static void
use(void *arg, void *owner, const char *host, const struct endpoint *e,
    bool again)
{
	struct device *d = owner;
	struct netd *n = arg;

	device_place(n, d, e);
	n->count.names_used++;
	event_resolved(n, d, host, again);
}

static void
told(void *arg, const char *host, enum name_state state)
{
	event_name(arg, host, state);
}

static void
gone(void *arg, struct device *d)
{
	struct netd *n = arg;

	names_detach(&n->names, &d->user);
}

int
peers_init(struct netd *n)
{
	if (names_init(&n->names, &n->wheel) == -1)
		return -1;
	n->names.out.arg = n;
	n->names.out.ask = ask;
	n->names.out.can = can;
	n->names.out.present = present;
	n->names.out.use = use;
	n->names.out.told = told;
	n->devices.gone = gone;
	n->devices.arg = n;
	wbuf_init(&n->has, n->has_buf, sizeof(n->has_buf));
	return 0;
}

void
peers_clear(struct netd *n)
{
	names_clear(&n->names);
	static_free(n->statics);
	static_free(n->staged);
	n->statics = n->staged = NULL;
}

/*
 * What the configuration says of a device: forced if it says so anew, of a
 * device that was there.
 */
static void
place(struct netd *n, struct device *d, bool forced)
{
	const struct static_peer *p = d->peer;

	if (p->host[0] == '\0') {
		names_detach(&n->names, &d->user);
		/* A line that was taken away leaves the endpoint as it is. */
		if (p->endpoint.family != 0)
			device_place(n, d, &p->endpoint);
	} else if (names_attach(&n->names, &d->user, p->host, p->port, forced,
	    clock_boottime()) == -1)
		fatal("no memory for a name");
}

void
device_appeared(struct netd *n, struct device *d)
{
	d->peer = static_find(n->statics, d->key);
	if (d->peer != NULL && d->at.remote.family == 0)
		place(n, d, false);
}

/* The new table is in force. */
static void
adopt(struct netd *n, struct device *d)
{
	const struct static_peer *old = d->peer;

	d->peer = static_find(n->statics, d->key);
	if (d->peer == NULL)
		names_detach(&n->names, &d->user);
	else if (old == NULL ? static_has_place(d->peer) :
	    !static_is_same_place(old, d->peer))
		place(n, d, true);
}

void
peers_commit(struct netd *n, struct conf_done *done)
{
	struct static_table *old = n->statics;
	struct device *d;

	static_diff(old, n->staged, done);
	n->statics = n->staged;
	n->staged = NULL;
	TAILQ_FOREACH(d, &n->devices.list, entry)
		adopt(n, d);
	if (old != NULL)
		names_reload(&n->names, clock_boottime());
	static_free(old);
}

int
on_resolved(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	struct resolved a;

	(void)l;
	if (resolved_recv(m, &a) == -1)
		return -1;
	n->count.names_answered++;
	if (names_answer(&n->names, m->id, &a, clock_boottime()) == -1)
		n->count.names_stale++;
	return 0;
}

void
lost_helper(void *arg, enum proc p)
{
	struct netd *n = arg;

	if (p != PROC_RESOLVERD)
		return;
	log_warnx("resolverd is gone: names are not looked up any more");
	names_lose(&n->names);
}
