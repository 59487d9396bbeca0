/* SPDX-License-Identifier: ISC */
/*
 * Device, peers and endpoints, piece by piece: see walk.h.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ctld/ctld.h"
#include "ctld/walk.h"

#define PAGES_MAX	(1U << 20)	/* of 16 KiB: more than fits cryptod */

static void	walk_ask(struct ctld *, struct client *);

struct walk *
walk_of(struct client *c)
{
	return (struct walk *)c->state;
}

static void
peers_free(struct walk *w)
{
	if (w->peers != NULL)
		sodium_memzero(w->peers, w->len);
	free(w->peers);
	w->peers = NULL;
	w->len = 0;
}

void
walk_clear(struct walk *w)
{
	peers_free(w);
	memset(w, 0, sizeof(*w));
}

void
walk_begin(struct ctld *ctx, struct client *c, const struct walk_ops *ops)
{
	struct walk *w = walk_of(c);

	walk_clear(w);
	if (c->dead)
		return;
	w->ops = ops;
	client_busy(c);
	walk_ask(ctx, c);
}

void
walk_stop(struct client *c)
{
	walk_of(c)->stop = true;
}

static void
walk_done(struct ctld *ctx, struct client *c)
{
	struct walk *w = walk_of(c);
	const struct walk_ops *ops = w->ops;

	walk_clear(w);
	ops->done(ctx, c);
}

/* The devices of a PEERS message whose beginning is in it.  -1: malformed. */
static int
peers_ids(const uint8_t *p, size_t len, uint32_t *ids, size_t *n)
{
	struct peer_cursor cur;
	struct peer_info pi;
	struct prefix px;
	struct rbuf r;
	bool done;
	uint16_t i;

	*n = 0;
	rbuf_init(&r, p, len);
	get_peers_head(&r, &done, &cur);
	while (!r.fail && r.left > 0) {
		get_peer_info(&r, &pi);
		for (i = 0; i < pi.nips && !r.fail; i++)
			get_prefix(&r, &px);
		if (pi.device == 0)
			r.fail = true;
		else if (!r.fail && !pi.more_of_it)
			ids[(*n)++] = pi.device;
	}
	sodium_memzero(&pi, sizeof(pi));
	return rbuf_end(&r);
}

/*
 * Does this page go on after the last one?  If cryptod could go in circles, a
 * get would never end.
 */
static bool
page_advances(struct walk *w, const uint8_t *p, size_t len)
{
	struct peer_cursor cur;
	struct rbuf r;
	bool done;

	rbuf_init(&r, p, len);
	get_peers_head(&r, &done, &cur);
	if (++w->pages > PAGES_MAX)
		return false;
	return done || cur.device > w->cursor.device ||
	    (cur.device == w->cursor.device && cur.serial > w->cursor.serial);
}

/* Sends the next question; the client waits for a place if there is none. */
static void
walk_ask(struct ctld *ctx, struct client *c)
{
	struct walk *w = walk_of(c);
	struct link *cryptod = &ctx->child.sibling[PROC_CRYPTOD];
	struct link *netd = &ctx->child.sibling[PROC_NETD];
	uint32_t ids[GET_ENDPOINTS_MAX], id;
	size_t n;

	id = ask_begin(ctx, c, w->peers != NULL ? PROC_NETD : PROC_CRYPTOD,
	    w->peers != NULL ? MSG_ENDPOINTS :
	    w->begun ? MSG_PEERS : MSG_DEVICE, walk_ask);
	w->asking = true;		/* or waiting for a place */
	if (id == 0)
		return;
	if (w->peers != NULL) {
		peers_ids(w->peers, w->len, ids, &n);
		get_endpoints_send(netd, id, ids, n);
	} else if (w->begun)
		get_peers_send(cryptod, id, &w->cursor, w->ops->secrets);
	else
		get_device_send(cryptod, id, w->ops->secrets);
}

void
walk_room(struct ctld *ctx, struct client *c)
{
	struct walk *w = walk_of(c);

	if (w->ops == NULL || w->asking || c->dead ||
	    client_pending(c) >= CLIENT_LOW)
		return;
	if (w->last || w->stop)
		walk_done(ctx, c);
	else
		walk_ask(ctx, c);
}

int
walk_on_device(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct device_info d;
	struct client *c;
	int r = -1;

	if (device_recv(m, &d) == -1 ||
	    ask_end(ctx, l->peer, MSG_DEVICE, m->id, &c) == -1)
		goto out;
	r = 0;
	if (c != NULL) {
		walk_of(c)->asking = false;
		walk_of(c)->begun = true;
		walk_of(c)->ops->device(ctx, c, &d);
		walk_room(ctx, c);
	}
	ask_next(ctx, l->peer);
out:
	sodium_memzero(&d, sizeof(d));
	return r;
}

/* Tells the client the peers it holds, with these endpoints. */
static void
walk_tell(struct ctld *ctx, struct client *c,
    const struct endpoint_info *ep, size_t n)
{
	static const struct endpoint_info none;
	struct walk *w = walk_of(c);
	struct peer_cursor cur;
	struct peer_info pi;
	struct prefix px;
	struct rbuf r;
	bool done;
	size_t at = 0;
	uint16_t i;

	rbuf_init(&r, w->peers, w->len);
	get_peers_head(&r, &done, &cur);
	while (r.left > 0 && !r.fail && !c->dead && !w->stop) {
		get_peer_info(&r, &pi);
		if (!pi.more_of_it) {
			/* Answers come in the order of the questions. */
			if (at < n && ep[at].at.device == pi.device)
				w->ops->peer(ctx, c, &pi, &ep[at++]);
			else
				w->ops->peer(ctx, c, &pi, &none);
		}
		for (i = 0; i < pi.nips && !c->dead; i++) {
			get_prefix(&r, &px);
			w->ops->prefix(ctx, c, &px);
		}
	}
	sodium_memzero(&pi, sizeof(pi));
	if (c->dead)
		return;
	w->cursor = cur;
	w->last = done;
	peers_free(w);
}

/* On with it: sends what there is, and asks for more if that was little. */
static void
walk_on(struct ctld *ctx, struct client *c)
{
	client_flush(c);
	if (!c->dead)
		walk_room(ctx, c);
}

int
walk_on_peers(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	uint32_t ids[MSG_PAYLOAD / PEER_INFO_WIRE + 1];
	struct client *c;
	struct walk *w;
	size_t n;

	if (peers_ids(m->data, m->len, ids, &n) == -1 ||
	    ask_end(ctx, l->peer, MSG_PEERS, m->id, &c) == -1)
		return -1;
	if (c == NULL)
		goto out;
	w = walk_of(c);
	w->asking = false;
	if (!page_advances(w, m->data, m->len)) {
		c->acceptor->ops->late(ctx, c);
		return -1;
	}
	if ((w->peers = malloc(m->len)) == NULL) {
		client_kill(c);
		goto out;
	}
	w->len = m->len;
	memcpy(w->peers, m->data, m->len);
	if (n > 0 && w->ops->endpoints)
		walk_ask(ctx, c);
	else {
		walk_tell(ctx, c, NULL, 0);
		walk_on(ctx, c);
	}
out:
	ask_next(ctx, l->peer);
	return 0;
}

int
walk_on_endpoints(void *arg, struct link *l, struct imsg *m)
{
	struct endpoint_info ep[GET_ENDPOINTS_MAX];
	struct ctld *ctx = arg;
	struct client *c;
	size_t n;

	if (endpoints_recv(m, ep, &n) == -1 ||
	    ask_end(ctx, l->peer, MSG_ENDPOINTS, m->id, &c) == -1)
		return -1;
	if (c != NULL) {
		walk_of(c)->asking = false;
		walk_tell(ctx, c, ep, n);
		walk_on(ctx, c);
	}
	ask_next(ctx, l->peer);
	return 0;
}
