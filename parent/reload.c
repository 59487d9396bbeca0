/* SPDX-License-Identifier: ISC */
/*
 * The transaction by which a configuration comes into force, from the first
 * wish for it until it is sent or given up: see reload.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "parent/keyfile.h"
#include "parent/parent.h"
#include "parent/reload_state.h"
#include "shared/clock.h"

#define DENIED_MAX	160		/* bytes of reload_say_denied() */
/* The order of the commits. */
static const enum proc order[RELOAD_CHILDREN] = {
	PROC_NETD, PROC_CRYPTOD, PROC_CTLD
};

static void	 reload_start(struct reload *);

struct reload_child *
reload_child_of(struct reload *r, const struct link *l)
{
	int i;

	for (i = 0; i < RELOAD_CHILDREN; i++)
		if (r->child[i].link == l)
			return &r->child[i];
	return NULL;
}

bool
reload_is_busy(const struct reload *r)
{
	return r->state == RELOAD_PREPARE || r->state == RELOAD_COMMIT;
}

void
reload_set_timer(struct reload *r, unsigned ms)
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

/*
 * The child that has not read yet that a reload was given up, or NULL.  That
 * needs no answer, so that refusals could fill its queue as fast as they are
 * asked for, and a child that is only held up would be ended for it.
 */
static const struct reload_child *
behind(const struct reload *r)
{
	const size_t aborts = msg_row_index(msg_row(MSG_CONF_ABORT));
	int i;

	for (i = 0; i < RELOAD_CHILDREN; i++)
		if (r->child[i].link->chan.waiting[aborts] > 0)
			return &r->child[i];
	return NULL;
}

/* Who asked meanwhile gets a turn. */
static void
start_again(struct reload *r)
{
	if (r->again && r->state == RELOAD_IDLE &&
	    r->parent->state != SUITE_ENDING && behind(r) == NULL)
		reload_start(r);
}

void
reload_over(struct reload *r, int error, const char *text)
{
	r->state = RELOAD_IDLE;
	r->next = NULL;
	reload_report(r, error, text);
	start_again(r);
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

void
reload_fail(struct reload *r, int error, const char *text)
{
	give_up(r);
	reload_log(r->initial ? "the configuration cannot be had: " :
	    "reload failed, the running configuration stays: ", text);
	if (r->initial) {
		r->again = false;
		suite_end(r->parent, 1);
	}
	reload_over(r, error, text);
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
		reload_set_timer(r, least);
		return;
	}
	/* In the midst of commits there would be no way back anyway. */
	reload_report(r, ETIMEDOUT, text);
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
		reload_join(&errors, text, sizeof(text));
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
	reload_set_timer(r, r->timeout_ms);
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
		reload_join(&errors, text, sizeof(text) - DENIED_MAX);
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

void
reload_drained(void *arg, struct link *l)
{
	struct parent *p = arg;
	struct reload_child *c = reload_child_of(&p->reload, l);

	if (c == NULL)
		return;
	deliver_drained(&c->deliver);
	start_again(&p->reload);
}

/* The last one was refused, and a child has not read so yet. */
static void
wait_for(struct reload *r, const struct reload_child *c, struct link *asker,
    uint32_t id)
{
	char text[RELOAD_TEXT_MAX];

	if (asker == NULL && !r->again) {
		r->again = true;
		log_info("the reload waits: %s has not read yet that the last "
		    "one was refused", proc_name(c->link->peer));
	}
	if (asker == NULL)
		return;
	snprintf(text, sizeof(text), "%s has not read yet that the last "
	    "reload was refused; try again in a moment",
	    proc_name(c->link->peer));
	reload_done_send(asker, id, EBUSY, text);
}

void
reload_request(struct parent *p, struct link *asker, uint32_t id)
{
	struct reload *r = &p->reload;
	const struct reload_child *c;

	if (p->state == SUITE_ENDING)
		return;
	if (r->state != RELOAD_IDLE && asker == NULL)
		r->again = true;
	else if (r->state != RELOAD_IDLE)
		reload_done_send(asker, id, EBUSY, "a reload is under way");
	else if ((c = behind(r)) != NULL)
		wait_for(r, c, asker, id);
	else {
		r->asker = asker;
		r->asker_id = id;
		reload_start(r);
	}
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
