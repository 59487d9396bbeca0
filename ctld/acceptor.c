/* SPDX-License-Identifier: ISC */
/*
 * Places for stream clients, see acceptor.h: who gets one, and who has to
 * leave it.
 */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "ctld/ctld.h"
#include "ctld/unlinger.h"
#include "shared/clock.h"
#include "shared/ctl_proto.h"
#include "shared/log.h"
#include "shared/passrights.h"

#define ACCEPT_BATCH	16		/* a turn (P46) */

/* How long a client may ask nothing when others wait for its place. */
#define SILENT_AFTER	(1 * CLOCK_NSEC_PER_SEC)
/* And not go on when nobody does. */
#define STALLED_AFTER	(60 * CLOCK_NSEC_PER_SEC)
#define PAGED_AFTER	(600 * CLOCK_NSEC_PER_SEC)	/* page by page */
#define LATE_AFTER	(CTL_LATE * CLOCK_NSEC_PER_SEC)
#define LINGER		(2 * CLOCK_NSEC_PER_SEC)

/* One that does not read its answer is idle; one that waits for us is not. */
static bool
is_idle(const struct client *c, uint64_t now)
{
	uint64_t idle = now - c->progress;

	if (client_pending(c) > 0)
		return idle > CLIENT_IDLE_AFTER;
	if (c->busy)			/* and a watcher says nothing */
		return false;
	if (c->in_len > 0 || c->acceptor->ops->midway(c))
		return idle > CLIENT_IDLE_AFTER;
	return idle > SILENT_AFTER;
}

/* The idle client of this listener that has done nothing for longest. */
static struct client *
idlest(struct acceptor *l)
{
	uint64_t now = clock_boottime();
	struct client *c, *best = NULL;

	TAILQ_FOREACH(c, &l->ctx->clients.live, entry)
		if (c->acceptor == l && is_idle(c, now) &&
		    (best == NULL || c->progress < best->progress))
			best = c;
	return best;
}

/* Is there room for one more client, or can it be made? */
static bool
make_room(struct acceptor *l)
{
	struct client *c;

	if (l->n < l->max)
		return true;
	c = idlest(l);
	if (c == NULL) {
		event_del(l->ev);
		l->paused = true;
		l->ctx->count.accept_paused++;
		return false;
	}
	l->ctx->count.clients_closed_idle++;
	client_kill(c);
	return true;
}

static void
sweep_begin(struct ctld *ctx)
{
	static const struct timeval second = { 1, 0 };

	if (!event_pending(ctx->clients.sweep, EV_TIMEOUT, NULL))
		event_add(ctx->clients.sweep, &second);
}

/*
 * There is no descriptor, or no memory for one.  Who waits still waits, and
 * would wake us at once: not before the next sweep.
 */
static void
starve(struct acceptor *l, int error)
{
	l->ctx->count.accept_errors++;
	if (error == ECONNABORTED || error == EINTR)
		return;
	if (!l->starved)
		log_warnx("cannot accept a client: %s; trying again every "
		    "second", strerror(error));
	l->starved = l->paused = true;
	event_del(l->ev);
	sweep_begin(l->ctx);
}

static void
on_accept(evutil_socket_t lfd, short what, void *arg)
{
	struct acceptor *l = arg;
	int fd, i;

	(void)what;
	for (i = 0; i < ACCEPT_BATCH && make_room(l); i++) {
		fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (fd == -1) {
			starve(l, errno);
			return;
		}
		l->starved = false;
		if (client_new(l, fd) == NULL) {
			l->ctx->count.accept_errors++;
			return;
		}
		sweep_begin(l->ctx);
	}
}

/* One that reads slowly costs little, but for a big answer. */
static bool
stalled(const struct client *c, uint64_t now)
{
	const struct acceptor *l = c->acceptor;
	uint64_t idle = now - c->progress;

	if (client_pending(c) > 0)
		return idle > (l->ops->paged && l->ctx->clients.big != c ?
		    PAGED_AFTER : STALLED_AFTER);
	if (c->lingering)
		return idle > LINGER;
	if (l->ops->hurry != 0 && !c->busy)
		return now - c->since > l->ops->hurry;
	return !c->busy && idle > STALLED_AFTER &&
	    (c->in_len > 0 || l->ops->midway(c));
}

/* It waits for us, and we for another process that does not answer. */
static bool
is_late(const struct client *c, uint64_t now)
{
	return c->busy && !c->patient && client_pending(c) == 0 &&
	    now - c->progress > LATE_AFTER;
}

static void
resume(struct acceptor *l)
{
	if (l->paused && (l->starved || idlest(l) != NULL)) {
		l->paused = false;
		event_add(l->ev, NULL);
	}
}

/* Once a second while there are clients, or some that cannot be accepted. */
static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct ctld *ctx = arg;
	struct client *c, *next;
	uint64_t now = clock_boottime();
	int i;

	(void)fd;
	(void)what;
	TAILQ_FOREACH_SAFE(c, &ctx->clients.live, entry, next) {
		if (is_late(c, now)) {
			ctx->count.clients_late++;
			c->acceptor->ops->late(ctx, c);
		} else if (stalled(c, now)) {
			if (!c->lingering)
				ctx->count.clients_closed_stalled++;
			client_kill(c);
		}
	}
	for (i = 0; i < LISTENER_COUNT; i++)
		resume(&ctx->acceptor[i]);
	if (TAILQ_EMPTY(&ctx->clients.live))
		event_del(ctx->clients.sweep);
}

static void
on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct ctld *ctx = arg;
	struct client *c;

	(void)fd;
	(void)what;
	while ((c = TAILQ_FIRST(&ctx->clients.dead)) != NULL) {
		TAILQ_REMOVE(&ctx->clients.dead, c, entry);
		client_free(c);
	}
}

int
clients_init(struct ctld *ctx)
{
	struct clients *s = &ctx->clients;

	TAILQ_INIT(&s->live);
	TAILQ_INIT(&s->dead);
	s->sweep = event_new(ctx->child.base, -1, EV_PERSIST, on_sweep, ctx);
	s->reap = event_new(ctx->child.base, -1, 0, on_reap, ctx);
	return s->sweep != NULL && s->reap != NULL ? unlinger_init() : -1;
}

void
acceptor_take(struct acceptor *l, int fd)
{
	l->fd = fd;
	l->unlinger = !passrights_are_off(fd);
}

int
acceptor_open(struct ctld *ctx, struct acceptor *l)
{
	l->ctx = ctx;
	l->ev = event_new(ctx->child.base, l->fd, EV_READ | EV_PERSIST,
	    on_accept, l);
	return l->ev != NULL ? event_add(l->ev, NULL) : -1;
}

void
clients_clear(struct ctld *ctx)
{
	struct client *c;

	while ((c = TAILQ_FIRST(&ctx->clients.live)) != NULL)
		client_kill(c);
	on_reap(-1, 0, ctx);
}
