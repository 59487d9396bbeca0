/* SPDX-License-Identifier: ISC */
/*
 * The transaction by which a configuration comes into force: see reload.h.
 * A child's answer is believed only in its turn and with the number of this
 * transaction; anything else ends that child, and with it the suite.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "parent/keyfile.h"
#include "parent/parent.h"
#include "parent/reload.h"
#include "shared/clock.h"
#include "shared/row.h"

#define DENIED_MAX	160		/* bytes of what reload_say_denied() adds */
/* What keeps us from all else, for a child: so many at once, one a while. */
#define ASKS		100		/* reloads */
#define ASK_SECONDS	1
#define WANTS		32		/* files to write */
#define WANT_SECONDS	5

/* The order of the commits. */
static const enum proc order[RELOAD_CHILDREN] = {
	PROC_NETD, PROC_CRYPTOD, PROC_CTLD
};

static void	 reload_start(struct reload *);

static struct reload_child *
child_of(struct reload *r, const struct link *l)
{
	int i;

	for (i = 0; i < RELOAD_CHILDREN; i++)
		if (r->child[i].link == l)
			return &r->child[i];
	return NULL;
}

static bool
is_busy(const struct reload *r)
{
	return r->state == RELOAD_PREPARE || r->state == RELOAD_COMMIT;
}

static void
set_timer(struct reload *r, unsigned ms)
{
	struct timeval tv;

	tv.tv_sec = ms / 1000;
	tv.tv_usec = (ms % 1000) * 1000;
	event_add(r->timer, &tv);
}

/*
 * How much of its time a child has left.  It runs from the last thing that we
 * had for it: opening the key files is our work, and may take longer.
 */
static unsigned
left(const struct reload *r, unsigned i)
{
	const struct reload_child *c = &r->child[i];
	uint64_t since;

	if (r->state == RELOAD_COMMIT)
		return i == r->committing ? 0 : r->timeout_ms;
	if (c->ready)
		return r->timeout_ms;
	since = (clock_boottime() - c->deliver.moved) / CLOCK_NSEC_PER_MSEC;
	return since < r->timeout_ms ? r->timeout_ms - (unsigned)since : 0;
}

/* The lines as one text; those that do not fit are counted. */
static void
join(const struct conf_errors *errors, char *buf, size_t size)
{
	size_t i, len, n = 0;

	buf[0] = '\0';
	for (i = 0; i < errors->kept; i++) {
		len = strlen(errors->line[i]);
		/* Room for the line below; a first one is cut if it must. */
		if (i > 0 && n + len + 40 > size)
			break;
		snprintf(buf + n, size - n, "%s%s", n > 0 ? "\n" : "",
		    errors->line[i]);
		n = strlen(buf);
	}
	if (errors->n > i && n + 40 <= size)
		snprintf(buf + n, size - n, "\nand %zu more errors",
		    errors->n - i);
}

/* What a child says is shown to people: one line, no control characters. */
static void
tame(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void
log_lines(const char *before, const char *text)
{
	size_t len;

	for (;;) {
		len = strcspn(text, "\n");
		log_warnx("%s%.*s", before, (int)len, text);
		if (text[len] == '\0')
			return;
		text += len + 1;
	}
}

static void
tell_watchers(const struct reload *r)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (!r->parent->monitoring)
		return;
	parent_event_begin(&w, buf, sizeof(buf), "reload");
	row_str(&w, "result", r->failed ? "failed" : "done");
	row_str(&w, "text", r->text);
	parent_event(r->parent, &w);
}

/* How it went, for all who want to know. */
static void
report(struct reload *r, int error, const char *text)
{
	r->when = time(NULL);
	r->failed = error != 0;
	snprintf(r->text, sizeof(r->text), "%s", text);
	tell_watchers(r);
	if (!r->initial)
		notify_ready(&r->parent->notify, r->failed ?
		    "the last reload failed, see the log" : r->text);
	if (r->asker != NULL)
		reload_done_send(r->asker, r->asker_id, error, r->text);
	r->asker = NULL;
}

/* It is over; who asked meanwhile gets a turn. */
static void
over(struct reload *r, int error, const char *text)
{
	r->state = RELOAD_IDLE;
	r->next = NULL;
	report(r, error, text);
	if (r->again && r->parent->state != SUITE_ENDING)
		reload_start(r);
}

/* Nothing was changed yet; say so. */
static void
give_up(struct reload *r)
{
	int i;

	event_del(r->timer);
	if (r->state == RELOAD_PREPARE)
		for (i = 0; i < RELOAD_CHILDREN; i++) {
			deliver_stop(&r->child[i].deliver);
			conf_plain_send(r->child[i].link, MSG_CONF_ABORT,
			    r->id);
		}
	if (r->next != NULL && r->next != r->parent->conf)
		conf_free(r->next);
	r->next = NULL;
}

static void
reload_fail(struct reload *r, int error, const char *text)
{
	give_up(r);
	log_lines(r->initial ? "the configuration cannot be had: " :
	    "reload failed, the running configuration stays: ", text);
	if (r->initial) {
		r->again = false;
		suite_end(r->parent, 1);
	}
	over(r, error, text);
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct reload *r = arg;
	unsigned i, ms, least = r->timeout_ms;
	char text[128];

	(void)fd;
	(void)what;
	if (r->parent->state == SUITE_ENDING)
		return;
	for (i = 0; i < RELOAD_CHILDREN; i++) {
		ms = left(r, i);
		if (ms < least)
			least = ms;
		if (ms > 0)
			continue;
		snprintf(text, sizeof(text), "%s did not %s the "
		    "configuration within %u seconds; ending",
		    proc_name(order[i]), r->state == RELOAD_PREPARE ?
		    "prepare" : "commit", r->timeout_ms / 1000);
		log_warnx("%s", text);
	}
	if (least > 0) {
		set_timer(r, least);
		return;
	}
	/* In the midst of commits there would be no way back anyway. */
	report(r, ETIMEDOUT, text);
	suite_end(r->parent, 1);
}

/* A key file; its fellows may be as wrong, and all are told at once. */
static void
on_failed(void *arg, struct link *l, const char *why)
{
	struct reload *r = arg;
	struct conf_errors errors;
	char text[RELOAD_TEXT_MAX];

	(void)l;
	if (r->parent->state == SUITE_ENDING)
		return;
	memset(&errors, 0, sizeof(errors));
	keyfile_check_conf(r->next, &errors);
	if (errors.kept > 0)
		join(&errors, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", why);
	conf_errors_clear(&errors);
	reload_fail(r, EINVAL, text);
}

static void
prepare(struct reload *r, struct conf *conf)
{
	struct reload_child *c;
	int i;

	r->next = conf;
	r->id++;
	r->state = RELOAD_PREPARE;
	memset(&r->done, 0, sizeof(r->done));
	for (i = 0; i < RELOAD_CHILDREN; i++) {
		c = &r->child[i];
		c->ready = false;
		if (c->link->drained == NULL)
			c->link->drained = reload_drained;
		/* Peers know the one that is in use: it stays. */
		c->deliver.may_make_key = r->initial ||
		    r->parent->conf->key_file != NULL;
		deliver_start(&c->deliver, conf, r->id, r->initial);
	}
	set_timer(r, r->timeout_ms);
}

/* What was open to us at the start is; *denied says that more was asked. */
int
reload_open(void *denied, const char *path)
{
	int fd;

	/* A FIFO must not stop us; it is refused once it is open. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 && (errno == EACCES || errno == EPERM))
		*(bool *)denied = true;
	return fd;
}

void
reload_say_denied(char *text, size_t size)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, "\nwhile warrend runs it can read only "
	    "root's own files, and only in directories that it read from at "
	    "its start: a new one takes a restart");
}

static void
reload_start(struct reload *r)
{
	struct parent *p = r->parent;
	struct conf_errors errors;
	char text[RELOAD_TEXT_MAX];
	bool denied = false;
	const char *what;
	struct conf *conf;

	r->again = false;
	r->initial = false;
	notify_reloading(&p->notify);
	memset(&errors, 0, sizeof(errors));
	conf = conf_read(p->conf_path, reload_open, &denied, &errors);
	if (conf == NULL) {
		join(&errors, text, sizeof(text) - DENIED_MAX);
		if (denied)
			reload_say_denied(text, sizeof(text));
		conf_errors_clear(&errors);
		reload_fail(r, EINVAL, text);
		return;
	}
	conf_errors_clear(&errors);
	what = conf_needs_restart(p->conf, conf);
	if (what == NULL) {
		prepare(r, conf);
		return;
	}
	snprintf(text, sizeof(text), "%s: %s", p->conf_path, what);
	r->next = conf;
	reload_fail(r, EINVAL, text);
}

static void
commit_next(struct reload *r)
{
	conf_plain_send(r->child[r->committing].link, MSG_CONF_COMMIT, r->id);
	set_timer(r, r->timeout_ms);
}

/* All are ready; from sockets_commit() on there is no way back. */
static void
commit(struct reload *r)
{
	struct parent *p = r->parent;
	char why[KERNEL_WHY];

	why[0] = '\0';
	if (sockets_prepare(p, r->next, why, sizeof(why)) == -1) {
		reload_fail(r, EINVAL, why);
		return;
	}
	if (kernel_prepare(p->kernel, r->next, why) == -1) {
		sockets_abort(p);
		reload_fail(r, EINVAL, why);
		return;
	}
	/* What the link's coming up brings with it may have ended us. */
	r->state = RELOAD_COMMIT;
	r->committing = 0;
	sockets_commit(p);
	if (p->state == SUITE_ENDING)
		return;
	/* Before netd asks for what is new; it has the new mark by now. */
	dns_refresh(p);
	commit_next(r);
}

static void
finish(struct reload *r)
{
	const struct conf_done *d = &r->done;
	struct parent *p = r->parent;
	char text[RELOAD_TEXT_MAX];

	event_del(r->timer);
	kernel_commit(p->kernel);
	if (r->next != p->conf) {
		conf_free(p->conf);
		p->conf = r->next;
	}
	r->generation++;
	/* It has its key, from wherever: none waits to be written. */
	slots_settle(&p->slots, SLOT_KEY);
	if (r->initial)
		snprintf(text, sizeof(text), "%s is in force: %zu peer%s",
		    p->conf->path, p->conf->npeers, p->conf->npeers == 1 ?
		    "" : "s");
	else
		snprintf(text, sizeof(text), "reloaded: %u peer%s added, %u "
		    "removed, %u changed, %u as they were", d->added,
		    d->added == 1 ? "" : "s", d->removed, d->changed, d->kept);
	log_info("%s", text);
	if (r->initial)
		suite_started(p);
	over(r, 0, text);
}

/*
 * A child may have answered before it heard that its transaction was given
 * up.  Numbers only grow, so that each is good for one such answer.
 */
static bool
is_late(struct reload *r, struct reload_child *c, uint32_t id)
{
	if (id <= c->answered || id > r->id || (id == r->id && is_busy(r)))
		return false;
	c->answered = id;
	return true;
}

int
reload_on_ready(void *arg, struct link *l, struct imsg *m)
{
	struct parent *p = arg;
	struct reload *r = &p->reload;
	struct reload_child *c = child_of(r, l);
	int i;

	if (c == NULL)
		return -1;
	if (p->state == SUITE_ENDING || is_late(r, c, m->id))
		return 0;
	if (r->state != RELOAD_PREPARE || m->id != r->id || c->ready ||
	    !c->deliver.complete)
		return -1;
	c->ready = true;
	c->answered = m->id;
	for (i = 0; i < RELOAD_CHILDREN; i++)
		if (!r->child[i].ready)
			return 0;
	commit(r);
	return 0;
}

int
reload_on_no(void *arg, struct link *l, struct imsg *m)
{
	struct parent *p = arg;
	struct reload *r = &p->reload;
	struct reload_child *c = child_of(r, l);
	char slot[SLOTS_PATH + 16], text[RELOAD_TEXT_MAX], why[CONF_WHY_MAX];

	if (c == NULL || conf_no_recv(m, why) == -1)
		return -1;
	if (p->state == SUITE_ENDING || is_late(r, c, m->id))
		return 0;
	if (r->state != RELOAD_PREPARE || m->id != r->id || c->ready)
		return -1;
	c->answered = m->id;
	tame(why);
	snprintf(slot, sizeof(slot), "%s/key", p->slots.path);
	keyfile_explain(r->next, slot, why, text, sizeof(text));
	reload_fail(r, EINVAL, text);
	return 0;
}

int
reload_on_done(void *arg, struct link *l, struct imsg *m)
{
	struct parent *p = arg;
	struct reload *r = &p->reload;
	struct conf_done done;

	if (conf_done_recv(m, &done) == -1)
		return -1;
	if (p->state == SUITE_ENDING)
		return 0;
	if (r->state != RELOAD_COMMIT || m->id != r->id ||
	    r->child[r->committing].link != l)
		return -1;
	if (l->peer == PROC_CRYPTOD)
		r->done = done;
	if (++r->committing < RELOAD_CHILDREN)
		commit_next(r);
	else
		finish(r);
	return 0;
}

static bool
is_too_often(struct log_limit *limit, unsigned burst, unsigned seconds)
{
	return log_limited(limit, clock_boottime() / seconds, burst, 1) != 0;
}

int
reload_on_slot_want(void *arg, struct link *l, struct imsg *m)
{
	struct parent *p = arg;
	enum slot slot;
	int fd;

	if (slot_want_recv(m, &slot) == -1)
		return -1;
	if (is_too_often(&p->reload.wants, WANTS, WANT_SECONDS)) {
		slot_done_send(l, slot, EBUSY);
		return 0;
	}
	fd = slots_want(&p->slots, slot);
	if (fd == -1)
		slot_done_send(l, slot, errno);
	else
		slot_fd_send(l, slot, true, fd);
	return 0;
}

int
reload_on_slot_written(void *arg, struct link *l, struct imsg *m)
{
	struct parent *p = arg;
	enum slot slot;
	int error;

	if (slot_error_recv(m, &slot, &error) == -1)
		return -1;
	error = slots_written(&p->slots, slot, error);
	if (error == -1)
		return -1;
	slot_done_send(l, slot, error);
	return 0;
}

int
reload_on_reload(void *arg, struct link *l, struct imsg *m)
{
	struct parent *p = arg;

	if (is_too_often(&p->reload.asks, ASKS, ASK_SECONDS))
		reload_done_send(l, m->id, EBUSY, "there were too many "
		    "reloads just now; try again in a second");
	else
		reload_request(p, l, m->id);
	return 0;
}

void
reload_drained(void *arg, struct link *l)
{
	struct parent *p = arg;
	struct reload_child *c = child_of(&p->reload, l);

	if (c != NULL)
		deliver_drained(&c->deliver);
}

void
reload_request(struct parent *p, struct link *asker, uint32_t id)
{
	struct reload *r = &p->reload;

	if (p->state == SUITE_ENDING)
		return;
	if (r->state == RELOAD_IDLE) {
		r->asker = asker;
		r->asker_id = id;
		reload_start(r);
	} else if (asker == NULL)
		r->again = true;
	else
		reload_done_send(asker, id, EBUSY, "a reload is under way");
}

void
reload_initial(struct parent *p)
{
	struct reload *r = &p->reload;
	char why[KEYFILE_WHY];
	int fd;

	fd = slots_begin_read(&p->slots, SLOT_SESSIONS, why, sizeof(why));
	if (fd != -1)
		slot_fd_send(&p->member[PROC_CRYPTOD].link, SLOT_SESSIONS,
		    false, fd);
	else if (errno != ENOENT)
		log_warnx("%s; going on without it", why);
	r->initial = true;
	prepare(r, p->conf);
}

const char *
reload_problem(struct parent *p)
{
	struct reload *r = &p->reload;

	if (!r->failed)
		return NULL;
	snprintf(r->problem, sizeof(r->problem), "the last reload failed, "
	    "what was in force before still is: %.*s",
	    (int)strcspn(r->text, "\n"), r->text);
	return r->problem;
}

int
reload_init(struct reload *r, struct parent *p)
{
	struct reload_child *c;
	int i;

	r->parent = p;
	r->timeout_ms = RELOAD_TIMEOUT * 1000;
	r->timer = event_new(p->base, -1, 0, on_timeout, r);
	if (r->timer == NULL)
		goto fail;
	for (i = 0; i < RELOAD_CHILDREN; i++) {
		c = &r->child[i];
		c->link = c->deliver.link = &p->member[order[i]].link;
		c->deliver.slots = &p->slots;
		c->deliver.failed = on_failed;
		c->deliver.arg = r;
		if (deliver_init(&c->deliver, p->base) == -1)
			goto fail;
	}
	return 0;
fail:
	log_warnx("cannot make what a reload needs");
	reload_clear(r);
	return -1;
}

void
reload_stop(struct reload *r)
{
	int i;

	for (i = 0; i < RELOAD_CHILDREN; i++)
		if (r->child[i].deliver.more != NULL)
			deliver_stop(&r->child[i].deliver);
}

void
reload_clear(struct reload *r)
{
	int i;

	if (r->parent == NULL)
		return;
	if (r->state == RELOAD_COMMIT)
		kernel_abort(r->parent->kernel);
	if (r->next != NULL && r->next != r->parent->conf)
		conf_free(r->next);
	r->next = NULL;
	r->state = RELOAD_UNBORN;
	for (i = 0; i < RELOAD_CHILDREN; i++)
		deliver_clear(&r->child[i].deliver);
	if (r->timer != NULL)
		event_free(r->timer);
	r->timer = NULL;
}
