/* SPDX-License-Identifier: ISC */
/*
 * The files of the state directory that cryptod fills: its private key, if
 * it made one itself, and the sessions.  The parent opens and renames them;
 * here they are only read and written.
 *
 * The sessions are written when there is news, at most every 30 seconds, a
 * piece a turn so that packets do not wait for a disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/cryptod.h"
#include "shared/log.h"

#define PIECE		(64U * 1024)	/* bytes a turn */
#define PAUSE		(30 * CLOCK_NSEC_PER_SEC)

static void
release(struct slot_writer *w)
{
	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
	if (w->owned)
		free(w->buf);
	w->buf = NULL;
	w->state = SLOT_IDLE;
}

static void
sessions_done(struct cryptod *c, int error)
{
	struct engine *e = &c->engine;

	c->saved_at = e->now;
	if (error == 0) {
		e->n.sessions_written++;
		memcpy(e->label_mark, c->saving_mark, TAI64N_LEN);
		c->save_failed = false;
		return;
	}
	/* The old file stays; it is tried again after the pause. */
	e->n.sessions_failed++;
	e->news = true;
	if (!c->save_failed)
		log_warnx("cannot write the sessions file: %s; after a "
		    "restart peers would have to find this host by "
		    "themselves", strerror(error));
	c->save_failed = true;
}

static void
done(struct cryptod *c, enum slot slot, int error)
{
	release(&c->slot[slot]);
	if (slot == SLOT_SESSIONS)
		sessions_done(c, error);
	else
		configure_key_written(c, error);
}

int
slot_write(struct cryptod *c, enum slot slot, void *buf, size_t len,
    bool owned)
{
	struct slot_writer *w = &c->slot[slot];

	if (w->state != SLOT_IDLE)
		return -1;
	w->state = SLOT_WANTED;
	w->buf = buf;
	w->len = len;
	w->at = 0;
	w->owned = owned;
	slot_want_send(&c->child.parent, slot);
	return 0;
}

void
slot_abandon(struct cryptod *c, enum slot slot)
{
	struct slot_writer *w = &c->slot[slot];

	if (w->state == SLOT_WANTED)
		w->state = SLOT_UNWANTED;
	else if (w->state == SLOT_WRITING)
		release(w);
}

/* A piece of it; false: there is nothing more to do now. */
static bool
write_piece(struct cryptod *c, enum slot slot)
{
	struct slot_writer *w = &c->slot[slot];
	size_t len = w->len - w->at < PIECE ? w->len - w->at : PIECE;
	ssize_t n;

	if (w->state != SLOT_WRITING)
		return false;
	n = write(w->fd, w->buf + w->at, len);
	if (n == -1 && errno == EINTR)
		return true;
	if (n <= 0) {
		/* Asked for again, the parent begins a new file. */
		done(c, slot, n == -1 ? errno : EIO);
		return false;
	}
	w->at += (size_t)n;
	if (w->at < w->len)
		return true;
	close(w->fd);
	w->fd = -1;
	w->state = SLOT_WRITTEN;
	slot_written_send(&c->child.parent, slot);
	return false;
}

/* Begins to save the sessions. */
static void
save(struct cryptod *c)
{
	struct engine *e = &c->engine;
	struct sessions s;
	uint8_t *buf = NULL;

	if (resume_collect(e, &s) == 0)
		buf = malloc(SESSIONS_SIZE(s.n));
	if (buf == NULL) {
		sessions_done(c, ENOMEM);
		sessions_clear(&s);
		return;
	}
	sessions_encode(&s, buf);
	memcpy(c->saving_mark, s.mark, TAI64N_LEN);
	e->news = false;
	slot_write(c, SLOT_SESSIONS, buf, SESSIONS_SIZE(s.n), true);
	sessions_clear(&s);
}

static void
on_save(void *arg, uint64_t now)
{
	struct cryptod *c = arg;

	c->engine.now = now;
	if (c->slot[SLOT_SESSIONS].state == SLOT_IDLE)
		save(c);
}

bool
slots_turn(struct cryptod *c)
{
	struct engine *e = &c->engine;
	bool more = false;
	int i;

	for (i = SLOT_KEY; i < SLOT_COUNT; i++)
		more = write_piece(c, i) || more;
	if (e->news && c->configure.committed &&
	    c->slot[SLOT_SESSIONS].state == SLOT_IDLE &&
	    !timer_pending(&c->save_timer))
		timer_add(&e->wheel, &c->save_timer,
		    c->saved_at == 0 ? e->now : c->saved_at + PAUSE);
	return more;
}

void
slots_init(struct cryptod *c)
{
	int i;

	for (i = 0; i < SLOT_COUNT; i++)
		c->slot[i].fd = -1;
	timer_init(&c->save_timer, on_save, c);
}

/* Up to max bytes; NULL if it can't be had, or is larger. */
static uint8_t *
read_all(int fd, size_t max, size_t *len)
{
	uint8_t *buf = malloc(max + 1);
	ssize_t n = 1;

	if (buf == NULL)
		return NULL;
	for (*len = 0; *len <= max && n > 0; *len += (size_t)n) {
		n = read(fd, buf + *len, max + 1 - *len);
		if (n == -1 && errno == EINTR) {
			n = 0;
			continue;
		}
		if (n == -1)
			break;
	}
	if (n == -1 || *len > max) {
		if (n != -1)
			errno = EFBIG;
		free(buf);
		return NULL;
	}
	return buf;
}

/* What another life left: it waits for the first configuration. */
static void
load(struct cryptod *c, int fd)
{
	uint8_t *buf;
	size_t len;

	buf = read_all(fd, SESSIONS_MAX, &len);
	if (buf == NULL || sessions_decode(&c->loaded, buf, len) == -1)
		log_warnx("the sessions file is ignored: %s",
		    errno == EBADMSG ? "it is damaged, or of another version"
		    : strerror(errno));
	free(buf);
}

int
on_slot_fd(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct slot_writer *w;
	enum slot slot;
	bool to_write;

	(void)l;
	if (slot_fd_recv(m, &slot, &to_write) == -1)
		return -1;
	if (!to_write) {
		if (slot != SLOT_SESSIONS || c->configure.committed ||
		    c->loaded.note != NULL)
			return -1;
		load(c, m->fd);
		return 0;
	}
	w = &c->slot[slot];
	if (w->state == SLOT_UNWANTED) {
		release(w);
		return 0;
	}
	if (w->state != SLOT_WANTED)
		return -1;
	w->fd = m->fd;
	m->fd = -1;
	w->state = SLOT_WRITING;
	return 0;
}

int
on_slot_done(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct slot_writer *w;
	enum slot slot;
	int error;

	(void)l;
	if (slot_done_recv(m, &slot, &error) == -1)
		return -1;
	w = &c->slot[slot];
	/* Instead of an fd it can only be a failure. */
	if (w->state != SLOT_WRITTEN && (error == 0 ||
	    (w->state != SLOT_WANTED && w->state != SLOT_UNWANTED)))
		return -1;
	engine_tick(&c->engine);
	if (w->state == SLOT_UNWANTED)
		release(w);
	else
		done(c, slot, error);
	return 0;
}
