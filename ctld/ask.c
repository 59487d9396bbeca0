/* SPDX-License-Identifier: ISC */
/*
 * Questions to other processes: see ask.h.
 */
#include "ctld/ctld.h"

void
asks_init(struct asks a[PROC_COUNT])
{
	size_t i;
	int p;

	for (p = 0; p < PROC_COUNT; p++) {
		for (i = 0; i < ASKS_MAX; i++)
			a[p].ask[i].id = 0;
		TAILQ_INIT(&a[p].waiting);
	}
}

static struct ask *
find(struct asks *a, uint32_t id)
{
	size_t i;

	for (i = 0; i < ASKS_MAX; i++)
		if (a->ask[i].id == id)
			return &a->ask[i];
	return NULL;
}

static void
unwait(struct ctld *ctx, struct client *c)
{
	if (c->retry == NULL)
		return;
	TAILQ_REMOVE(&ctx->asks[c->retry_at].waiting, c, waiting);
	c->retry = NULL;
}

uint32_t
ask_begin(struct ctld *ctx, struct client *c, enum proc p, uint16_t answer,
    ask_retry retry)
{
	struct ask *a = find(&ctx->asks[p], 0);

	unwait(ctx, c);
	if (a == NULL) {
		TAILQ_INSERT_TAIL(&ctx->asks[p].waiting, c, waiting);
		c->retry = retry;
		c->retry_at = p;
		return 0;
	}
	a->id = ctld_id(ctx);
	a->answer = answer;
	a->client = c;
	return a->id;
}

int
ask_end(struct ctld *ctx, enum proc p, uint16_t answer, uint32_t id,
    struct client **c)
{
	struct ask *a = id != 0 ? find(&ctx->asks[p], id) : NULL;

	if (a == NULL || a->answer != answer)
		return -1;
	*c = a->client;
	a->id = 0;
	a->client = NULL;
	return 0;
}

void
ask_next(struct ctld *ctx, enum proc p)
{
	struct asks *a = &ctx->asks[p];
	struct client *c;
	ask_retry retry;

	while (find(a, 0) != NULL && (c = TAILQ_FIRST(&a->waiting)) != NULL) {
		retry = c->retry;
		unwait(ctx, c);
		retry(ctx, c);
	}
}

void
ask_forget(struct ctld *ctx, struct client *c)
{
	size_t i;
	int p;

	unwait(ctx, c);
	for (p = 0; p < PROC_COUNT; p++)
		for (i = 0; i < ASKS_MAX; i++)
			if (ctx->asks[p].ask[i].client == c)
				ctx->asks[p].ask[i].client = NULL;
}
