/* SPDX-License-Identifier: ISC */
/*
 * Rows of all processes: see show.h.
 */
#include <errno.h>
#include <stdlib.h>

#include <string.h>

#include "ctld/control.h"
#include "ctld/ctld.h"
#include "shared/counter_show.h"
#include "shared/msg_net.h"

#define ROWS_MAX	4096		/* of one process, in one answer */

#define P	PROC_BIT(PROC_PARENT)
#define C	PROC_BIT(PROC_CRYPTOD)
#define N	PROC_BIT(PROC_NETD)
#define T	PROC_BIT(PROC_CTLD)

/* Who has rows of a topic. */
static const unsigned sources[SHOW_TOPICS] = {
	[SHOW_PROCESSES] = P,
	[SHOW_SANDBOX] = P,
	[SHOW_IMSG] = P | C | N | T,
	[SHOW_MEMORY] = P | C | N | T,
	[SHOW_COUNTERS] = P | C | N | T,
	[SHOW_CRYPTO] = C,
};

#undef P
#undef C
#undef N
#undef T

struct show_job {
	TAILQ_ENTRY(show_job)	 entry;
	struct client		*client;	/* NULL: gone */
	enum show_topic		 topic;
	uint32_t		 id;		/* 0: not begun */
	int			 proc;		/* who is asked now */
	unsigned		 rows;		/* that it sent */
};

void
show_queue_init(struct show_queue *q)
{
	TAILQ_INIT(&q->jobs);
}

static void
job_free(struct show_queue *q, struct show_job *j)
{
	TAILQ_REMOVE(&q->jobs, j, entry);
	free(j);
}

void
show_queue_clear(struct show_queue *q)
{
	struct show_job *j;

	while ((j = TAILQ_FIRST(&q->jobs)) != NULL)
		job_free(q, j);
}

void
show_begin(struct ctld *ctx, struct client *c, enum show_topic topic)
{
	struct show_job *j = calloc(1, sizeof(*j));

	if (j == NULL) {
		control_done(c, ENOMEM, "out of memory");
		return;
	}
	j->client = c;
	j->topic = topic;
	j->proc = -1;
	TAILQ_INSERT_TAIL(&ctx->shows.jobs, j, entry);
	ctld_again(ctx);
}

void
show_forget(struct ctld *ctx, struct client *c)
{
	struct show_job *j, *next;

	TAILQ_FOREACH_SAFE(j, &ctx->shows.jobs, entry, next) {
		if (j->client != c)
			continue;
		if (j->id != 0)
			j->client = NULL;	/* its answer is under way */
		else
			job_free(&ctx->shows, j);
	}
}

static void
emit(void *arg, const struct wbuf *w)
{
	control_row(arg, w);
}

static void
own_counters(struct ctld *ctx, struct client *c)
{
	static const struct counter_text text[] = {
		CTLD_COUNTERS(COUNTER_TEXT)
	};
	uint64_t value[sizeof(text) / sizeof(text[0])];
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	size_t i;

	_Static_assert(sizeof(value) == sizeof(ctx->count),
	    "nothing but counters");
	memcpy(value, &ctx->count, sizeof(value));
	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		counter_row(&w, buf, PROC_CTLD, &text[i], value[i]);
		control_row(c, &w);
	}
}

static void
own_memory(struct ctld *ctx, struct client *c)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	row_begin(&w, buf, sizeof(buf), "memory");
	row_str(&w, "process", proc_name(PROC_CTLD));
	row_str(&w, "what", "changes being read (bytes)");
	row_u64(&w, "used", ctx->budget.used);
	row_u64(&w, "free", ctx->budget.max - ctx->budget.used);
	row_u64(&w, "peak", ctx->budget.peak);
	row_u64(&w, "bytes", ctx->budget.used);
	control_row(c, &w);
	row_begin(&w, buf, sizeof(buf), "memory");
	row_str(&w, "process", proc_name(PROC_CTLD));
	row_str(&w, "what", "clients");
	row_u64(&w, "used", ctx->uapi.n + ctx->control.n);
	row_u64(&w, "free", 2 * CLIENTS_MAX - ctx->uapi.n - ctx->control.n);
	row_u64(&w, "bytes", (ctx->uapi.n + ctx->control.n) *
	    sizeof(struct client));
	control_row(c, &w);
}

static void
own_rows(struct ctld *ctx, struct show_job *j)
{
	if (j->client == NULL)
		return;
	switch (j->topic) {
	case SHOW_IMSG:
		child_imsg_rows(&ctx->child, emit, j->client);
		break;
	case SHOW_MEMORY:
		own_memory(ctx, j->client);
		break;
	case SHOW_COUNTERS:
		own_counters(ctx, j->client);
		break;
	case SHOW_PROCESSES:
	case SHOW_SANDBOX:
	case SHOW_CRYPTO:
	case SHOW_STATUS:
	case SHOW_CONFIG:
	case SHOW_HEALTH:
	case SHOW_ROUTES:
	case SHOW_INTERFACE:
	case SHOW_PEERS:
	case SHOW_TOPICS:
		break;
	}
}

static struct link *
link_to(struct ctld *ctx, int proc)
{
	return proc == PROC_PARENT ? &ctx->child.parent :
	    &ctx->child.sibling[proc];
}

/* Asks the next process that has rows, or ends. */
static void
job_next(struct ctld *ctx, struct show_job *j)
{
	struct client *c;

	while (++j->proc < PROC_COUNT) {
		if ((sources[j->topic] & PROC_BIT(j->proc)) == 0)
			continue;
		if (j->proc != PROC_CTLD) {
			j->rows = 0;
			show_send(link_to(ctx, j->proc), j->id,
			    (uint8_t)j->topic);
			return;
		}
		own_rows(ctx, j);
	}
	c = j->client;
	job_free(&ctx->shows, j);
	if (c != NULL)
		control_done(c, 0, "");
	ctld_again(ctx);
}

void
show_go_on(struct ctld *ctx)
{
	struct show_job *j = TAILQ_FIRST(&ctx->shows.jobs);

	if (j == NULL || j->id != 0)
		return;
	j->id = ctld_id(ctx);
	job_next(ctx, j);
}

/* The job at work, if this is its answer. */
static struct show_job *
job_of(struct ctld *ctx, const struct link *l, uint32_t id)
{
	struct show_job *j = TAILQ_FIRST(&ctx->shows.jobs);

	return j != NULL && id != 0 && j->id == id &&
	    (enum proc)j->proc == l->peer ? j : NULL;
}

int
show_on_row(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct show_job *j = job_of(ctx, l, m->id);
	struct row row;

	if (j == NULL || ++j->rows > ROWS_MAX ||
	    row_parse(&row, m->data, m->len) == -1)
		return -1;
	if (j->client != NULL)
		control_row_bytes(j->client, m->data, m->len);
	return 0;
}

int
show_on_end(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct show_job *j = job_of(ctx, l, m->id);

	if (j == NULL)
		return -1;
	if (j->client != NULL)
		client_flush(j->client);
	job_next(ctx, j);
	return 0;
}
