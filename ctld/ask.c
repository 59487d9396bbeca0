/* SPDX-License-Identifier: ISC */
/*
 * Questions to other processes: see ask.h.
 */
#include "ctld/ctld.h"

void
asks_init(struct asks *a)
{
	size_t i;

	for (i = 0; i < ASKS_MAX; i++)
		a->ask[i].id = 0;
	TAILQ_INIT(&a->waiting);
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

uint32_t
ask_begin(struct ctld *ctx, struct client *c, uint16_t answer,
    ask_retry retry)
{
	struct ask *a = find(&ctx->asks, 0);

	if (a == NULL) {
		if (c->retry == NULL)
			TAILQ_INSERT_TAIL(&ctx->asks.waiting, c, waiting);
		c->retry = retry;
		return 0;
	}
	a->id = ctld_id(ctx);
	a->answer = answer;
	a->client = c;
	return a->id;
}

int
ask_end(struct ctld *ctx, uint16_t answer, uint32_t id, struct client **c)
{
	struct ask *a = id != 0 ? find(&ctx->asks, id) : NULL;

	if (a == NULL || a->answer != answer)
		return -1;
	*c = a->client;
	a->id = 0;
	a->client = NULL;
	return 0;
}

static void
unwait(struct asks *a, struct client *c)
{
	TAILQ_REMOVE(&a->waiting, c, waiting);
	c->retry = NULL;
}

void
ask_next(struct ctld *ctx)
{
	struct client *c;
	ask_retry retry;

	while (find(&ctx->asks, 0) != NULL &&
	    (c = TAILQ_FIRST(&ctx->asks.waiting)) != NULL) {
		retry = c->retry;
		unwait(&ctx->asks, c);
		retry(ctx, c);
	}
}

void
ask_forget(struct ctld *ctx, struct client *c)
{
	size_t i;

	if (c->retry != NULL)
		unwait(&ctx->asks, c);
	for (i = 0; i < ASKS_MAX; i++)
		if (ctx->asks.ask[i].client == c)
			ctx->asks.ask[i].client = NULL;
}
