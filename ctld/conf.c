/* SPDX-License-Identifier: ISC */
/*
 * The transaction of a configuration: see conf.h.  A message out of turn
 * comes from a parent that is broken; the link makes that fatal.
 */
#include <errno.h>
#include <string.h>

#include "ctld/ctld.h"

static void
drop_next(struct conf_state *s)
{
	names_free(s->next);
	s->next = NULL;
	s->stage = CONF_NONE;
	s->ready = false;
	s->error = 0;
}

void
conf_clear(struct conf_state *s)
{
	drop_next(s);
	names_free(s->names);
	s->names = NULL;
}

int
conf_on_begin(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct conf_state *s = &ctx->conf;
	bool initial;

	(void)l;
	if (s->stage != CONF_NONE || conf_begin_recv(m, &initial) == -1)
		return -1;
	s->stage = CONF_ITEMS;
	s->id = m->id;
	if ((s->next = names_new()) == NULL)
		s->error = ENOMEM;
	return 0;
}

int
conf_on_items(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct conf_state *s = &ctx->conf;
	struct show_item it;
	struct rbuf r;

	(void)l;
	if (s->stage != CONF_ITEMS || m->id != s->id)
		return -1;
	rbuf_init(&r, m->data, m->len);
	while (!r.fail && r.left > 0) {
		get_show_item(&r, &it);
		if (r.fail || s->error != 0 || names_add(s->next, &it) == 0)
			continue;
		if (errno == EBADMSG)
			return -1;
		s->error = errno;
	}
	return rbuf_end(&r);
}

static const char *
why_not(int error)
{
	switch (error) {
	case E2BIG:
		return "ctld: there are too many peers";
	case EEXIST:
		return "ctld: two peers have the same name or public key";
	case ENOMEM:
		return "ctld: out of memory";
	}
	return "ctld: it cannot be shown";
}

int
conf_on_end(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct conf_state *s = &ctx->conf;

	if (s->stage != CONF_ITEMS || m->id != s->id)
		return -1;
	s->stage = CONF_ENDED;
	s->ready = s->error == 0;
	if (s->ready)
		conf_plain_send(l, MSG_CONF_READY, s->id);
	else
		conf_no_send(l, s->id, why_not(s->error));
	return 0;
}

int
conf_on_commit(void *arg, struct link *l, struct imsg *m)
{
	static const struct conf_done none;
	struct ctld *ctx = arg;
	struct conf_state *s = &ctx->conf;

	if (!s->ready || m->id != s->id)
		return -1;
	names_free(s->names);
	s->names = s->next;
	s->next = NULL;
	drop_next(s);
	conf_done_send(l, s->id, &none);
	return 0;
}

int
conf_on_abort(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct conf_state *s = &ctx->conf;

	(void)l;
	if (s->stage == CONF_NONE || m->id != s->id)
		return -1;
	drop_next(s);
	return 0;
}
