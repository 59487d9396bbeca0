/* SPDX-License-Identifier: ISC */
/*
 * Links on an event loop: see link.h.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "shared/bytes.h"
#include "shared/link.h"
#include "shared/log.h"

#define LINK_BATCH	16		/* messages a turn (P46) */
#define LATER_MS	10		/* until a stuck one is tried again */

static void
tell_parent(struct link *l, uint16_t type, enum msg_verdict v)
{
	uint8_t p[4];

	p[0] = (uint8_t)l->peer;
	put_le16(p + 1, type);
	p[3] = (uint8_t)v;
	link_send(l->host->parent, MSG_FAULT, 0, -1, p, sizeof(p));
}

/* In a child: another one is dead, or lives and does not do its part. */
static void
sibling_lost(struct link *l, uint16_t type, enum msg_verdict v)
{
	struct link_host *h = l->host;

	/* The parent knows of a helper's death and needs no word of it. */
	if (l->peer != PROC_RESOLVERD || v != MSG_CLOSED)
		tell_parent(l, type, v);
	if (l->peer == PROC_RESOLVERD && h->helper_lost != NULL)
		h->helper_lost(h->arg, l->peer);
}

/* A descriptor of which the other end is gone would be ready all the time. */
static void
link_die(struct link *l)
{
	l->dead = true;
	if (l->rd != NULL)
		event_del(l->rd);
	if (l->wr != NULL)
		event_del(l->wr);
	if (l->later != NULL)
		event_del(l->later);
}

static void
link_lost(struct link *l, uint16_t type, enum msg_verdict v, const char *why)
{
	struct link_host *h = l->host;

	if (l->dead)
		return;
	link_die(l);
	if (h->lost != NULL)
		h->lost(h->arg, l, v, why);
	else if (l->peer == PROC_PARENT)
		_exit(1);		/* nobody is left to be told */
	else {
		log_debug("link to %s: %s", proc_name(l->peer), why);
		sibling_lost(l, type, v);
	}
}

void
link_fault(struct link *l, uint16_t type, enum msg_verdict v)
{
	struct link_host *h = l->host;
	const struct msg_row *row = msg_row(type);

	if (row != NULL)
		l->chan.counts[msg_row_index(row)].refused++;
	log_warnx("%s from %s: %s", row != NULL ? row->name : "message",
	    proc_name(l->peer), msg_verdict_name(v));
	if (h->lost != NULL || l->peer == PROC_RESOLVERD) {
		link_lost(l, type, v, msg_verdict_name(v));
		return;
	}
	if (l->peer == PROC_PARENT)
		fatalx("the parent sent what it may not (type %04x: %s)", type,
		    msg_verdict_name(v));
	tell_parent(l, type, v);
}

static void
link_dispatch(struct link *l, struct imsg *m)
{
	struct link_host *h = l->host;
	const struct msg_row *row;
	enum msg_verdict v;
	size_t i;

	v = msg_admit(m->type, l->peer, h->self, h->phase, h->mode, m->len,
	    m->fd);
	if (v != MSG_OK)
		goto bad;
	row = msg_row(m->type);
	l->chan.counts[msg_row_index(row)].received++;
	for (i = 0; i < h->nrows; i++)
		if (h->rows[i].type == m->type)
			break;
	v = MSG_FORBIDDEN;
	if (i == h->nrows)
		goto bad;
	v = MSG_CONTENT;
	if (h->rows[i].fn(h->arg, l, m) == -1)
		goto bad;
	if (m->fd != -1)
		close(m->fd);
	return;
bad:
	if (m->fd != -1)
		close(m->fd);
	link_fault(l, m->type, v);
}

static void
link_unreadable(struct link *l, uint16_t type, int error)
{
	if (error == EBADMSG)
		link_fault(l, 0, MSG_SIZE);
	else if (error == EPERM)
		link_fault(l, type, MSG_FD);
	else if (error == EMFILE) {
		log_warnx("no descriptor is free for what %s sent",
		    proc_name(l->peer));
		link_fault(l, 0, MSG_FD);
	} else
		link_lost(l, 0, MSG_CLOSED, error == 0 ? "closed" :
		    strerror(error));
}

void
link_read(struct link *l, int max)
{
	struct imsg m;
	int n;

	while (max-- > 0 && !l->dead && !l->paused) {
		n = imsg_recv(&l->chan, &m);
		if (n == 0)
			return;
		if (n == -1) {
			link_unreadable(l, m.type, errno);
			return;
		}
		link_dispatch(l, &m);
		/* There may have been keys in it.  (P19) */
		explicit_bzero(l->chan.buf, MSG_HEADER + m.len);
	}
}

void
link_last_words(struct link *l, int max)
{
	if (l->host == NULL || l->chan.fd == -1)
		return;
	/* An answer to one of them would fail, and with it the link. */
	l->gone = true;
	l->dead = l->paused = false;
	link_read(l, max);
	link_die(l);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	link_read(arg, LINK_BATCH);
}

/* One that is not listened to would be silent for ever. */
static void
watch(struct link *l, struct event *ev, const struct timeval *tv)
{
	if (event_add(ev, tv) == -1)
		link_lost(l, 0, MSG_CLOSED, "cannot be watched");
}

/* Something waits: until the socket has room, or else for a moment. */
static void
wait_to_write(struct link *l)
{
	static const struct timeval moment = { 0, LATER_MS * 1000 };

	if (!l->chan.stuck) {
		watch(l, l->wr, NULL);
		return;
	}
	event_del(l->wr);
	if (!event_pending(l->later, EV_TIMEOUT, NULL))
		watch(l, l->later, &moment);
}

/* Both that there is room and that the moment is over. */
static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;

	(void)fd;
	(void)what;
	if (imsg_flush(&l->chan) == -1) {
		link_lost(l, 0, MSG_CLOSED, strerror(errno));
		return;
	}
	if (!TAILQ_EMPTY(&l->chan.queue)) {
		wait_to_write(l);
		return;
	}
	event_del(l->wr);
	if (l->drained != NULL)
		l->drained(l->host->arg, l);
}

int
link_open(struct link *l, struct link_host *h, enum proc peer, int fd)
{
	memset(l, 0, sizeof(*l));
	l->host = h;
	l->peer = peer;
	imsg_init(&l->chan, fd);
	l->chan.no_fds = !msg_brings_fd(peer, h->self);
	l->rd = event_new(h->base, fd, EV_READ | EV_PERSIST, on_read, l);
	l->wr = event_new(h->base, fd, EV_WRITE | EV_PERSIST, on_write, l);
	l->later = event_new(h->base, -1, 0, on_write, l);
	if (l->rd == NULL || l->wr == NULL || l->later == NULL ||
	    event_add(l->rd, NULL) == -1) {
		link_close(l);
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

void
link_close(struct link *l)
{
	if (l->rd != NULL)
		event_free(l->rd);
	if (l->wr != NULL)
		event_free(l->wr);
	if (l->later != NULL)
		event_free(l->later);
	l->rd = l->wr = l->later = NULL;
	l->dead = true;
	if (l->host != NULL)
		imsg_clear(&l->chan);
}

bool
link_is_open(const struct link *l)
{
	return l->host != NULL && !l->dead && !l->gone;
}

void
link_send(struct link *l, uint16_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	if (!link_is_open(l)) {
		if (fd != -1)
			close(fd);
		return;
	}
	if (imsg_send(&l->chan, type, id, fd, data, len) == -1) {
		if (errno == ENOBUFS)
			link_lost(l, type, MSG_UNREAD,
			    msg_verdict_name(MSG_UNREAD));
		else
			link_lost(l, 0, MSG_CLOSED, strerror(errno));
		return;
	}
	if (!TAILQ_EMPTY(&l->chan.queue))
		wait_to_write(l);
}

void
link_send_wbuf(struct link *l, uint16_t type, uint32_t id, int fd,
    struct wbuf *w)
{
	if (w->fail)
		fatalx("message %04x does not fit its buffer", type);
	link_send(l, type, id, fd, w->p, w->len);
	explicit_bzero(w->p, w->len);
}

void
link_pause(struct link *l)
{
	if (!l->paused && !l->dead) {
		l->paused = true;
		event_del(l->rd);
	}
}

void
link_resume(struct link *l)
{
	if (l->paused && !l->dead) {
		l->paused = false;
		watch(l, l->rd, NULL);
	}
}

size_t
link_queued(const struct link *l)
{
	return l->chan.queued;
}

void
link_flush(struct link *l, int ms)
{
	struct pollfd p;

	while (link_is_open(l) && !TAILQ_EMPTY(&l->chan.queue)) {
		if (imsg_flush(&l->chan) == -1)
			return;
		if (TAILQ_EMPTY(&l->chan.queue) || l->chan.stuck)
			return;
		p.fd = l->chan.fd;
		p.events = POLLOUT;
		if (poll(&p, 1, ms) <= 0)
			return;
	}
}
