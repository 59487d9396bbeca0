/* SPDX-License-Identifier: ISC */
/*
 * Facts for health: see facts.h.  Rows of siblings are hostile: what is not
 * of the form that it should have is counted and left out.
 */
#include <stdio.h>
#include <string.h>

#include "ctld/ctld.h"
#include "shared/clock.h"

bool
facts_begin(struct ctld *ctx, struct client *c, uint64_t asked)
{
	struct facts *f = &ctx->facts;

	(void)c;
	if (f->known && f->when >= asked)
		return false;
	f->known = false;
	f->when = clock_boottime();
	f->next.ntold = f->next.nstrangers = f->next.nbadmacs = 0;
	return true;
}

/* Others judge all the time: what is half gathered would tell them less. */

void
facts_done(struct ctld *ctx)
{
	struct facts *f = &ctx->facts;

	if (f->known)
		return;
	f->known = true;
	f->health.ntold = f->next.ntold;
	memcpy(f->health.told, f->next.told, sizeof(f->health.told));
	f->health.nstrangers = f->next.nstrangers;
	memcpy(f->health.stranger, f->next.stranger,
	    sizeof(f->health.stranger));
	f->health.nbadmacs = f->next.nbadmacs;
	memcpy(f->health.badmac, f->next.badmac, sizeof(f->health.badmac));
}

static int
told(struct health_facts *h, const struct row *row)
{
	struct health_told *t;

	if (h->ntold == HEALTH_TOLD || *show_str(row, "problem") == '\0')
		return -1;
	t = &h->told[h->ntold++];
	t->severity = strcmp(show_str(row, "severity"), "error") == 0 ?
	    HEALTH_ERROR : HEALTH_WARNING;
	snprintf(t->problem, sizeof(t->problem), "%s",
	    show_str(row, "problem"));
	snprintf(t->advice, sizeof(t->advice), "%s",
	    show_str(row, "advice"));
	return 0;
}

static int
stranger(struct health_facts *h, const struct row *row)
{
	const char *key = show_str(row, "public_key");
	struct health_stranger *s;

	if (h->nstrangers == HEALTH_STRANGERS)
		return -1;
	s = &h->stranger[h->nstrangers];
	if (base64_key_decode(s->key, key, strlen(key)) == -1)
		return -1;
	s->count = show_num(row, "count");
	s->last = show_num(row, "last");
	h->nstrangers++;
	return 0;
}

/* "192.0.2.1", or with a port. */
static int
address(struct endpoint *e, const char *text)
{
	struct prefix p;

	if (endpoint_parse(e, text) == 0)
		return 0;
	if (prefix_parse(&p, text) == -1)
		return -1;
	memset(e, 0, sizeof(*e));
	e->family = p.family;
	memcpy(e->addr, p.addr, sizeof(e->addr));
	return 0;
}

static int
badmac(struct health_facts *h, const struct row *row)
{
	struct health_badmac *b;

	if (h->nbadmacs == HEALTH_BADMACS)
		return -1;
	b = &h->badmac[h->nbadmacs];
	if (address(&b->from, show_str(row, "address")) == -1)
		return -1;
	b->count = show_num(row, "count");
	b->last = show_num(row, "last");
	h->nbadmacs++;
	return 0;
}

void
facts_row(struct ctld *ctx, struct client *c, enum proc p,
    const struct row *row, const void *data, size_t len)
{
	static const struct {
		enum proc	  proc;
		const char	 *table;
		int		(*fn)(struct health_facts *,
				    const struct row *);
	} kind[] = {
		{ PROC_PARENT, "problem", told },
		{ PROC_CRYPTOD, "stranger", stranger },
		{ PROC_NETD, "badmac", badmac },
	};
	size_t i;

	(void)c;
	(void)data;
	(void)len;
	for (i = 0; i < sizeof(kind) / sizeof(kind[0]); i++)
		if (kind[i].proc == p &&
		    strcmp(kind[i].table, row->table) == 0 &&
		    kind[i].fn(&ctx->facts.next, row) == 0)
			return;
	ctx->count.drop_facts++;
}

void
facts_device(struct ctld *ctx, const struct device_info *d)
{
	struct health_facts *h = &ctx->facts.health;

	h->has_key = d->has_identity;
	memcpy(h->key, d->public_key, sizeof(h->key));
	h->peers = d->peers;
}

struct health_facts *
facts_now(struct ctld *ctx)
{
	struct health_facts *h = &ctx->facts.health;
	struct timespec now;

	clock_realtime(&now);
	h->now = (uint64_t)now.tv_sec;
	h->configured = ctld_is_configured(ctx);
	h->file = names_file(ctx->conf.names);
	h->key_source = names_key_source(ctx->conf.names);
	h->ifname = ctx->link_state.ifname;
	h->up = ctx->link_state.up;
	h->port = ctx->port;
	h->mark = ctx->mark;
	h->unseen = 0;
	return h;
}
