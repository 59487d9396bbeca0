/* SPDX-License-Identifier: ISC */
/*
 * What the children answer, and the steps that follow from it: when all are
 * ready, one commit after the other, and the end.  An answer is believed only
 * in its turn and with the number of this transaction; anything else ends
 * that child, and with it the suite.
 */
#include <errno.h>
#include <stdio.h>

#include "parent/keyfile.h"
#include "parent/parent.h"
#include "parent/reload_state.h"

static void
commit_next(struct reload *r)
{
	conf_plain_send(r->child[r->committing].link, MSG_CONF_COMMIT, r->id);
	reload_set_timer(r, r->timeout_ms);
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
	reload_over(r, 0, text);
}

/*
 * A child may have answered before it heard that its transaction was given
 * up.  Numbers only grow, so that each is good for one such answer.
 */
static bool
is_late(struct reload *r, struct reload_child *c, uint32_t id)
{
	if (id <= c->answered || id > r->id ||
	    (id == r->id && reload_is_busy(r)))
		return false;
	c->answered = id;
	return true;
}

int
reload_on_ready(void *arg, struct link *l, struct imsg *m)
{
	struct parent *p = arg;
	struct reload *r = &p->reload;
	struct reload_child *c = reload_child_of(r, l);
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
	struct reload_child *c = reload_child_of(r, l);
	char slot[SLOTS_PATH + 16], text[RELOAD_TEXT_MAX], why[CONF_WHY_MAX];

	if (c == NULL || conf_no_recv(m, why) == -1)
		return -1;
	if (p->state == SUITE_ENDING || is_late(r, c, m->id))
		return 0;
	if (r->state != RELOAD_PREPARE || m->id != r->id || c->ready)
		return -1;
	c->answered = m->id;
	reload_tame(why);
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
