/* SPDX-License-Identifier: ISC */
/*
 * The files of the state directory that cryptod fills: its private key, if
 * it made one itself, and the sessions.  The parent opens and renames them;
 * here they are only read and written.
 *
 * The sessions are written a second after the first news, at most every 30
 * seconds but for a few in a row, a piece a turn so that packets do not wait
 * for a disk.  An empty file is always at hand, so that an orderly end can
 * fill it without an answer from anybody.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/cryptod.h"
#include "shared/log.h"

#define PIECE		(64U * 1024)	/* bytes a turn */
#define SOON		CLOCK_NSEC_PER_SEC	/* after the news */
#define PAUSE		(30 * CLOCK_NSEC_PER_SEC) /* a write, on average */
#define BURST		4			/* writes in a row */

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

	if (error == 0) {
		e->n.sessions_written++;
		memcpy(e->label_mark, c->saving_mark, TAI64N_LEN);
	} else {
		/* The old file stays, and the parent told why. */
		e->n.sessions_failed++;
		e->news = true;
		c->save_again = e->now + PAUSE;
	}
	configure_marked(c);
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

static void
ask(struct cryptod *c, enum slot slot)
{
	c->slot[slot].state = SLOT_WANTED;
	slot_want_send(&c->child.parent, slot);
}

/* Is there nothing that it is filled with already? */
static bool
is_free(const struct slot_writer *w)
{
	return w->state == SLOT_IDLE || w->state == SLOT_SPARE ||
	    (w->state == SLOT_WANTED && w->buf == NULL);
}

int
slot_write(struct cryptod *c, enum slot slot, void *buf, size_t len,
    bool owned)
{
	struct slot_writer *w = &c->slot[slot];

	if (!is_free(w))
		return -1;
	w->buf = buf;
	w->len = len;
	w->at = 0;
	w->owned = owned;
	if (w->state == SLOT_SPARE)
		w->state = SLOT_WRITING;
	else if (w->state == SLOT_IDLE)
		ask(c, slot);
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
	w->error = n > 0 ? 0 : n == -1 ? errno : EIO;
	if (n > 0)
		w->at += (size_t)n;
	if (w->error == 0 && w->at < w->len)
		return true;
	close(w->fd);
	w->fd = -1;
	w->state = SLOT_WRITTEN;
	slot_written_send(&c->child.parent, slot, w->error);
	return false;
}

/* Begins to write these. */
static int
put(struct cryptod *c, const struct sessions *s)
{
	uint8_t *buf = malloc(SESSIONS_SIZE(s->n));

	if (buf == NULL)
		return -1;
	sessions_encode(s, buf);
	memcpy(c->saving_mark, s->mark, TAI64N_LEN);
	if (slot_write(c, SLOT_SESSIONS, buf, SESSIONS_SIZE(s->n), true) == 0)
		return 0;
	free(buf);
	return -1;
}

/* What there is now. */
static void
save(struct cryptod *c)
{
	struct engine *e = &c->engine;
	struct sessions s;

	if (resume_collect(e, &s) == 0 && put(c, &s) == 0)
		e->news = false;
	else {
		log_warnx("no memory to save the sessions");
		sessions_done(c, ENOMEM);
	}
	sessions_clear(&s);
}

static void
on_save(void *arg, uint64_t now)
{
	struct cryptod *c = arg;

	c->engine.now = now;
	if (!is_free(&c->slot[SLOT_SESSIONS]))
		return;
	/* Each costs a pause; as many as make a burst may be owed. */
	c->save_debt = (c->save_debt > now ? c->save_debt : now) + PAUSE;
	save(c);
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void
schedule(struct cryptod *c)
{
	struct engine *e = &c->engine;
	uint64_t when = later(e->now + SOON, c->save_again);

	if (c->save_debt > (BURST - 1) * PAUSE)
		when = later(when, c->save_debt - (BURST - 1) * PAUSE);
	timer_add(&e->wheel, &c->save_timer, when);
}

bool
slots_turn(struct cryptod *c)
{
	struct slot_writer *w = &c->slot[SLOT_SESSIONS];
	struct engine *e = &c->engine;
	bool more = false;
	int i;

	for (i = SLOT_KEY; i < SLOT_COUNT; i++)
		more = write_piece(c, i) || more;
	if (!c->configure.committed)
		return more;
	if (w->state == SLOT_IDLE && e->now >= c->save_again)
		ask(c, SLOT_SESSIONS);
	if (e->news && is_free(w) && !timer_pending(&c->save_timer))
		schedule(c);
	return more;
}

bool
slots_raise_mark(struct cryptod *c)
{
	struct sessions s = c->loaded;	/* the notes stay its own */

	if (s.note == NULL || c->mark_raised)
		return false;
	c->mark_raised = true;
	engine_tick(&c->engine);
	resume_raise(&c->engine, s.mark);
	return put(c, &s) == 0;
}

void
slots_end(struct cryptod *c)
{
	struct slot_writer *w = &c->slot[SLOT_SESSIONS];

	engine_tick(&c->engine);
	if (w->state == SLOT_SPARE && c->engine.news)
		save(c);
	while (write_piece(c, SLOT_SESSIONS))
		continue;
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
		do
			n = read(fd, buf + *len, max + 1 - *len);
		while (n == -1 && errno == EINTR);
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
	struct stat st;
	uint8_t *buf;
	size_t len;

	buf = read_all(fd, SESSIONS_MAX, &len);
	if (buf == NULL || sessions_decode(&c->loaded, buf, len) == -1)
		log_warnx("the sessions file is ignored: %s",
		    errno == EBADMSG ? "it is damaged, or of another version"
		    : strerror(errno));
	else if (fstat(fd, &st) == 0) {
		c->loaded.written = st.st_mtim.tv_sec;
		resume_age(&c->loaded);
	}
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
	w->state = w->buf != NULL ? SLOT_WRITING : SLOT_SPARE;
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
	if (slot_error_recv(m, &slot, &error) == -1)
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
		done(c, slot, w->state == SLOT_WRITTEN && w->error != 0 ?
		    w->error : error);
	return 0;
}
