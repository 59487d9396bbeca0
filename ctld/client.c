/* SPDX-License-Identifier: ISC */
/*
 * One stream client, see client.h: what it says and what it is told.
 */
#include <sys/socket.h>

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctld/ctld.h"
#include "ctld/unlinger.h"
#include "shared/clock.h"
#include "shared/log.h"

#define OUT_FIRST	4096
#define OUT_KEEP	16384		/* an empty buffer larger is freed */
#define LINE_ROOM	512		/* of client_printf */
#define SENDERS		5		/* lines at once, then one a second */

static void	on_read(evutil_socket_t, short, void *);
static void	on_write(evutil_socket_t, short, void *);

static struct ctld *
ctx_of(const struct client *c)
{
	return c->acceptor->ctx;
}

static void
hang_up(const struct acceptor *l, int fd)
{
	if (l->unlinger)
		unlinger_close(fd);
	else
		close(fd);
}

static void
client_progress(struct client *c)
{
	c->progress = clock_boottime();
}

static void
out_free(struct client *c)
{
	if (c->out != NULL)
		sodium_memzero(c->out, c->out_cap);
	free(c->out);
	c->out = NULL;
	c->out_off = c->out_len = c->out_cap = 0;
}

void
client_free(struct client *c)
{
	if (c->rd != NULL)
		event_free(c->rd);
	if (c->wr != NULL)
		event_free(c->wr);
	if (c->more != NULL)
		event_free(c->more);
	if (c->fd != -1)
		hang_up(c->acceptor, c->fd);
	out_free(c);
	sodium_memzero(c, sizeof(*c) + c->acceptor->ops->state);
	free(c);
}

/* Much waits for this one: does it not read it, or must it not hinder c? */
static bool
gives_way(const struct client *big, const struct client *c)
{
	return (big->acceptor->readonly && !c->acceptor->readonly) ||
	    clock_boottime() - big->progress > CLIENT_IDLE_AFTER;
}

/*
 * May its output become that long?  One client at a time may have much: the
 * whole configuration, say.
 */
static bool
out_allowed(struct client *c, size_t len)
{
	struct clients *s = &ctx_of(c)->clients;

	if (len <= CLIENT_OUT_MAX)
		return true;
	if (!c->big || len > CLIENT_BIG_MAX)
		return false;
	if (s->big != NULL && s->big != c) {
		if (!gives_way(s->big, c))
			return false;
		ctx_of(c)->count.clients_closed_full++;
		client_kill(s->big);
	}
	s->big = c;
	return true;
}

/* Room for n more bytes of output; realloc would leave copies of keys. */
static int
out_room(struct client *c, size_t n)
{
	size_t len = c->out_len - c->out_off, cap;
	uint8_t *p;

	if (c->dead)
		return -1;
	if (c->out_cap - c->out_len >= n)
		return 0;
	for (cap = OUT_FIRST; cap < len + n; cap *= 2)
		;
	if (!out_allowed(c, len + n)) {
		log_warnx("a client does not read its answer: closed");
		ctx_of(c)->count.clients_closed_full++;
		client_kill(c);
		return -1;
	}
	p = malloc(cap);
	if (p == NULL) {
		log_warnx("no memory for a client's answer: closed");
		client_kill(c);
		return -1;
	}
	if (len > 0)
		memcpy(p, c->out + c->out_off, len);
	out_free(c);
	c->out = p;
	c->out_len = len;
	c->out_cap = cap;
	return 0;
}

void
client_put(struct client *c, const void *p, size_t n)
{
	if (out_room(c, n) == -1)
		return;
	memcpy(c->out + c->out_len, p, n);
	c->out_len += n;
}

void
client_printf(struct client *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (out_room(c, LINE_ROOM) == -1)
		return;
	va_start(ap, fmt);
	n = vsnprintf((char *)c->out + c->out_len, LINE_ROOM, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= LINE_ROOM) {
		log_warnx("an answer's line is too long: client closed");
		client_kill(c);
		return;
	}
	c->out_len += (size_t)n;
}

size_t
client_pending(const struct client *c)
{
	return c->out_len - c->out_off;
}

/* Everything was sent; what it held may have been keys. */
static void
out_empty(struct client *c)
{
	if (ctx_of(c)->clients.big == c)
		ctx_of(c)->clients.big = NULL;
	if (c->out_cap > OUT_KEEP) {
		out_free(c);
		return;
	}
	if (c->out != NULL)
		sodium_memzero(c->out, c->out_len);
	c->out_off = c->out_len = 0;
}

void
client_flush(struct client *c)
{
	ssize_t n;

	while (!c->dead && client_pending(c) > 0) {
		n = write(c->fd, c->out + c->out_off, client_pending(c));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			event_add(c->wr, NULL);
			return;
		}
		if (n == -1) {
			client_kill(c);
			return;
		}
		c->out_off += (size_t)n;
		client_progress(c);
	}
	if (c->dead)
		return;
	event_del(c->wr);
	out_empty(c);
	if (c->closing)
		client_kill(c);
}

void
client_busy(struct client *c)
{
	if (c->busy)
		return;			/* one that watches is listened to */
	c->busy = true;
	event_del(c->rd);
}

/* Takes requests only from who reads the answers: output is bounded. */
static bool
may_ask(const struct client *c)
{
	return !c->dead && !c->busy && !c->closing &&
	    client_pending(c) < CLIENT_LOW;
}

/*
 * From the loop, not from here: what waits may be the next request.  And after
 * a look at the others, as event_active() would not, or one that always has
 * another request would keep us from them.
 */
static void
client_listen(struct client *c)
{
	static const struct timeval now;

	if (!may_ask(c) || event_pending(c->rd, EV_READ, NULL))
		return;
	event_add(c->rd, NULL);
	if (c->in_len > 0 || c->eof)
		event_add(c->more, &now);
}

void
client_idle(struct client *c)
{
	if (c->dead)
		return;
	client_progress(c);
	c->busy = c->patient = c->watching = c->big = false;
	client_flush(c);
	client_listen(c);
}

void
client_watch(struct client *c)
{
	c->patient = c->watching = true;
	if (!c->dead)
		event_add(c->rd, NULL);
}

void
client_finish(struct client *c)
{
	if (c->dead)
		return;
	c->busy = c->patient = c->watching = false;
	c->closing = true;
	event_del(c->rd);
	client_flush(c);
}

void
client_kill(struct client *c)
{
	struct acceptor *l = c->acceptor;
	struct ctld *ctx = ctx_of(c);

	if (c->dead)
		return;
	c->dead = true;
	event_del(c->rd);
	event_del(c->wr);
	event_del(c->more);
	hang_up(l, c->fd);
	c->fd = -1;
	l->ops->gone(ctx, c);
	if (ctx->clients.big == c)
		ctx->clients.big = NULL;
	TAILQ_REMOVE(&ctx->clients.live, c, entry);
	TAILQ_INSERT_TAIL(&ctx->clients.dead, c, entry);
	event_active(ctx->clients.reap, EV_TIMEOUT, 0);
	l->n--;
	if (l->paused && l->ev != NULL) {
		l->paused = false;
		event_add(l->ev, NULL);
	}
}

/* Hands input to the protocol, then wipes what it used. */
static void
client_input(struct client *c)
{
	size_t off = 0, n;

	while (may_ask(c) && off < c->in_len) {
		n = c->acceptor->ops->input(ctx_of(c), c, c->in + off,
		    c->in_len - off);
		if (n == 0)
			break;
		off += n;
	}
	if (off == 0)
		return;
	memmove(c->in, c->in + off, c->in_len - off);
	sodium_memzero(c->in + c->in_len - off, off);
	c->in_len -= off;
}

/* As read(2), but one that sends a descriptor, for which nobody asks, ends. */
static ssize_t
client_read(struct client *c, void *p, size_t len)
{
	ssize_t n;

	if (!c->acceptor->unlinger)
		return read(c->fd, p, len);
	n = unlinger_read(c->fd, p, len);
	if (n == -1 && errno == EPERM) {
		log_rate(&ctx_of(c)->clients.senders, clock_boottime(),
		    SENDERS, 1, log_warnx, "a client of uid %u sent a file "
		    "descriptor: closed", (unsigned)c->uid);
		client_kill(c);
	}
	return n;
}

/* It watches: whatever comes now, an end or more, is its end. */
static void
watch_read(struct client *c)
{
	ssize_t n = client_read(c, c->in, sizeof(c->in));

	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK ||
	    errno == EINTR))
		return;
	client_kill(c);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	ssize_t n;

	(void)fd;
	(void)what;
	if (c->watching) {
		watch_read(c);
		return;
	}
	client_input(c);
	if (c->dead || c->busy || c->closing)
		return;
	if (!may_ask(c)) {
		event_del(c->rd);	/* until on_write */
		return;
	}
	if (!c->eof && c->in_len < sizeof(c->in)) {
		n = client_read(c, c->in + c->in_len,
		    sizeof(c->in) - c->in_len);
		if (c->dead)
			return;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == EINTR))
			return;
		if (n > 0) {
			c->in_len += (size_t)n;
			client_progress(c);
			client_input(c);
			return;
		}
		/* wg(8) looks for us by connect and close: no complaint. */
		c->eof = true;
	}
	client_finish(c);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;

	(void)fd;
	(void)what;
	client_flush(c);
	if (!c->dead && c->busy && client_pending(c) < CLIENT_LOW)
		c->acceptor->ops->room(ctx_of(c), c);
	client_listen(c);
}

struct client *
client_new(struct acceptor *l, int fd)
{
	struct event_base *base = l->ctx->child.base;
	struct client *c;
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1 ||
	    (c = calloc(1, sizeof(*c) + l->ops->state)) == NULL) {
		hang_up(l, fd);
		return NULL;
	}
	c->acceptor = l;
	c->fd = fd;
	c->uid = cred.uid;
	c->pid = cred.pid;
	client_progress(c);
	c->since = c->progress;
	c->rd = event_new(base, fd, EV_READ | EV_PERSIST, on_read, c);
	c->wr = event_new(base, fd, EV_WRITE | EV_PERSIST, on_write, c);
	c->more = event_new(base, -1, 0, on_read, c);
	if (c->rd == NULL || c->wr == NULL || c->more == NULL ||
	    event_add(c->rd, NULL) == -1) {
		client_free(c);
		return NULL;
	}
	l->n++;
	TAILQ_INSERT_TAIL(&l->ctx->clients.live, c, entry);
	l->ctx->count.clients++;
	return c;
}
