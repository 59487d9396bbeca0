/* SPDX-License-Identifier: ISC */
/*
 * Configured mode: the parent's transactions.  stage.c prepares one, commit.c
 * brings it into force; here is who says what when.  A message that does not
 * fit is the parent's fault, which ends this process; what a file can be
 * wrong in is refused with a NO.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cryptod/cryptod.h"
#include "shared/log.h"
#include "shared/msg_net.h"

int
configure_init(struct cryptod *c)
{
	resume_init(&c->resume, &c->engine);
	slots_init(c);
	return stage_init(&c->configure.stage, &c->engine, &c->arena);
}

static bool
is_in(const struct configure *f, unsigned states, const struct imsg *m)
{
	return (states & 1U << f->state) != 0 && m->id == f->id;
}

int
on_conf_begin(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct configure *f = &c->configure;
	bool initial;

	(void)l;
	if (conf_begin_recv(m, &initial) == -1 || !c->child.going ||
	    f->state != CONFIGURE_IDLE || initial == f->committed)
		return -1;
	stage_begin(&f->stage);
	f->id = m->id;
	f->state = CONFIGURE_OPEN;
	return 0;
}

int
on_conf_items(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct configure *f = &c->configure;
	struct crypto_item it;
	struct rbuf r;

	if (!is_in(f, 1U << CONFIGURE_OPEN, m))
		return -1;
	rbuf_init(&r, m->data, m->len);
	while (r.left > 0 && !r.fail) {
		get_crypto_item(&r, &it);
		if (!r.fail && stage_item(&f->stage, &it) == -1)
			return -1;
	}
	/* Thousands of peers come so; data comes first (P46). */
	link_pause(l);
	return rbuf_end(&r);
}

int
on_conf_key(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct configure *f = &c->configure;
	enum conf_key kind;

	(void)l;
	if (conf_key_recv(m, &kind) == -1 ||
	    !is_in(f, 1U << CONFIGURE_OPEN, m))
		return -1;
	return stage_key(&f->stage, kind, m->fd);
}

static void
answer_no(struct cryptod *c)
{
	struct configure *f = &c->configure;

	f->state = CONFIGURE_REFUSED;
	conf_no_send(&c->child.parent, f->id, f->stage.why);
}

static void
answer_ready(struct cryptod *c)
{
	c->configure.state = CONFIGURE_READY;
	conf_plain_send(&c->child.parent, MSG_CONF_READY, c->configure.id);
}

/*
 * No label of this life may be one of the last that was lost to the disk: the
 * mark is raised before there can be any.  (P11)
 */
static void
prepared(struct cryptod *c)
{
	if (!c->configure.committed && slots_raise_mark(c))
		c->configure.state = CONFIGURE_MARKING;
	else
		answer_ready(c);
}

void
configure_marked(struct cryptod *c)
{
	if (c->configure.state == CONFIGURE_MARKING)
		answer_ready(c);
}

/* The new key is on disk before anybody hears of it. */
static void
keep_key(struct cryptod *c)
{
	struct configure *f = &c->configure;
	struct stage_secret *x = f->stage.secret;

	keytext_write(x->text, x->local.private);
	f->state = CONFIGURE_MAKING;
	if (slot_write(c, SLOT_KEY, x->text, KEYTEXT_SIZE, false) == 0)
		return;
	snprintf(f->stage.why, sizeof(f->stage.why),
	    "a private key is still being written: try again");
	answer_no(c);
}

void
configure_key_written(struct cryptod *c, int error)
{
	struct configure *f = &c->configure;

	/* Else it was given up meanwhile. */
	if (f->state != CONFIGURE_MAKING)
		return;
	sodium_memzero(f->stage.secret->text, KEYTEXT_READ);
	if (error == 0) {
		log_info("made a private key");
		prepared(c);
		return;
	}
	snprintf(f->stage.why, sizeof(f->stage.why),
	    "the new private key cannot be written to the state directory: "
	    "%s", strerror(error));
	answer_no(c);
}

int
on_conf_end(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct configure *f = &c->configure;

	(void)l;
	if (!is_in(f, 1U << CONFIGURE_OPEN, m))
		return -1;
	if (!stage_end(&f->stage))
		answer_no(c);
	else if (f->stage.make_key)
		keep_key(c);
	else
		prepared(c);
	return 0;
}

int
on_conf_commit(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct configure *f = &c->configure;

	(void)l;
	if (!is_in(f, 1U << CONFIGURE_READY, m))
		return -1;
	engine_tick(&c->engine);
	stage_commit(&f->stage, &f->done);
	if (!f->committed) {
		if (c->loaded.note != NULL)
			resume_restore(&c->resume, &c->loaded);
		sessions_clear(&c->loaded);
	}
	f->state = CONFIGURE_SYNC;
	/* It is in force when netd knows of it, too. */
	control_flush(c);
	sync_send(&c->child.sibling[PROC_NETD], f->id);
	return 0;
}

int
on_conf_abort(void *arg, struct link *l, struct imsg *m)
{
	struct cryptod *c = arg;
	struct configure *f = &c->configure;

	(void)l;
	if (!is_in(f, 1U << CONFIGURE_OPEN | 1U << CONFIGURE_MAKING |
	    1U << CONFIGURE_MARKING | 1U << CONFIGURE_READY |
	    1U << CONFIGURE_REFUSED, m))
		return -1;
	slot_abandon(c, SLOT_KEY);
	stage_clear(&f->stage);
	f->state = CONFIGURE_IDLE;
	return 0;
}

int
configure_synced(struct cryptod *c, const struct imsg *m)
{
	struct configure *f = &c->configure;

	if (!is_in(f, 1U << CONFIGURE_SYNC, m))
		return -1;
	f->committed = true;
	f->state = CONFIGURE_IDLE;
	conf_done_send(&c->child.parent, f->id, &f->done);
	/* netd knows the devices now: those that were there can be called. */
	engine_tick(&c->engine);
	c->resume.ready = true;
	resume_kick(&c->resume);
	return 0;
}
