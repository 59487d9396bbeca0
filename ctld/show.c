/* SPDX-License-Identifier: ISC */
/*
 * Rows of all processes: see show.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctld/control.h"
#include "ctld/ctld.h"
#include "shared/clock.h"
#include "shared/counter_show.h"
#include "shared/log.h"
#include "shared/msg_net.h"

#define ROWS_MAX	4096		/* of one process, in one answer */
#define ROWS_BIG	(1U << 20)	/* the same of a big topic */

#define FLUSH		16384		/* bytes; more at the end */

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
	[SHOW_CONFIG] = P,
	[SHOW_HEALTH] = P | C | N,	/* facts, for facts.c */
	[SHOW_ROUTES] = P,
};

#undef P
#undef C
#undef N
#undef T

struct show_job {
	TAILQ_ENTRY(show_job)	 entry;
	struct client		*client;	/* NULL: gone, or ctld itself */
	bool			 gone;
	const struct show_sink	*sink;
	enum show_topic		 topic;
	uint64_t		 asked;		/* boottime, ns */
	uint32_t		 id;		/* 0: not begun */
	int			 proc;		/* who is asked now */
	bool			 waits;		/* until others are through */
	bool			 cut;		/* it is not complete */
	unsigned		 rows;		/* that it sent */
};

const char *
show_str(const struct row *row, const char *key)
{
	const struct row_field *f = row_get(row, key);

	return f != NULL && f->kind == ROW_STR ? f->str : "";
}

uint64_t
show_num(const struct row *row, const char *key)
{
	const struct row_field *f = row_get(row, key);

	return f != NULL && f->kind != ROW_STR ? f->num : 0;
}

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

int
show_ask(struct ctld *ctx, struct client *c, enum show_topic topic,
    const struct show_sink *sink)
{
	struct show_job *j;

	if (c != NULL && c->dead)
		return 0;
	if ((j = calloc(1, sizeof(*j))) == NULL)
		return -1;
	j->client = c;
	j->sink = sink;
	j->topic = topic;
	j->asked = clock_boottime();
	j->proc = -1;
	TAILQ_INSERT_TAIL(&ctx->shows.jobs, j, entry);
	ctld_again(ctx);
	return 0;
}

static void
client_row(struct ctld *ctx, struct client *c, enum proc p,
    const struct row *row, const void *data, size_t len)
{
	(void)ctx;
	(void)p;
	(void)row;
	control_row_bytes(c, data, len);
	if (client_pending(c) >= FLUSH)
		client_flush(c);
}

static void
client_done(struct ctld *ctx, struct client *c)
{
	(void)ctx;
	control_done(c, 0, "");
}

static void
client_cut(struct ctld *ctx, struct client *c)
{
	(void)ctx;
	control_done(c, EAGAIN, "the configuration changed meanwhile: "
	    "try again");
}

static const struct show_sink client_sink = {
	.row = client_row,
	.done = client_done,
	.cut = client_cut,
};

static bool
is_big(enum show_topic topic)
{
	return topic == SHOW_CONFIG || topic == SHOW_ROUTES;
}

void
show_begin(struct ctld *ctx, struct client *c, enum show_topic topic)
{
	c->big = is_big(topic);
	if (show_ask(ctx, c, topic, &client_sink) == -1)
		control_done(c, ENOMEM, "out of memory");
}

void
show_forget(struct ctld *ctx, struct client *c)
{
	struct show_job *j, *next;

	TAILQ_FOREACH_SAFE(j, &ctx->shows.jobs, entry, next) {
		if (j->client != c)
			continue;
		if (j->id != 0 && !j->waits) {
			j->client = NULL;	/* its answer is under way */
			j->gone = true;
		} else {
			job_free(&ctx->shows, j);
			ctld_again(ctx);
		}
	}
}

/* A row goes to whoever asked.  -1: it is none. */
static int
deliver(struct ctld *ctx, struct show_job *j, enum proc p, const void *data,
    size_t len)
{
	struct row row;

	if (row_parse(&row, data, len) == -1)
		return -1;
	if (!j->gone)
		j->sink->row(ctx, j->client, p, &row, data, len);
	return 0;
}

struct own {
	struct ctld	*ctx;
	struct show_job	*job;
};

static void
emit(void *arg, const struct wbuf *w)
{
	struct own *o = arg;

	if (w->fail || deliver(o->ctx, o->job, PROC_CTLD, w->p, w->len) == -1)
		log_warnx("a row does not fit and is left out");
}

static void
own_counters(struct own *o)
{
	static const struct counter_text text[] = {
		CTLD_COUNTERS(COUNTER_TEXT)
	};
	uint64_t value[sizeof(text) / sizeof(text[0])];
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	size_t i;

	_Static_assert(sizeof(value) == sizeof(o->ctx->count),
	    "nothing but counters");
	memcpy(value, &o->ctx->count, sizeof(value));
	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		counter_row(&w, buf, PROC_CTLD, &text[i], value[i]);
		emit(o, &w);
	}
}

static void
own_memory_row(struct own *o, const char *what, size_t used, size_t max,
    size_t bytes)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	row_begin(&w, buf, sizeof(buf), "memory");
	row_str(&w, "process", proc_name(PROC_CTLD));
	row_str(&w, "what", what);
	row_u64(&w, "used", used);
	row_u64(&w, "free", max - used);
	row_u64(&w, "bytes", bytes);
	emit(o, &w);
}

static void
own_memory(struct own *o)
{
	const struct ctld *ctx = o->ctx;
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	size_t n = 0;
	int i;

	row_begin(&w, buf, sizeof(buf), "memory");
	row_str(&w, "process", proc_name(PROC_CTLD));
	row_str(&w, "what", "changes being read (bytes)");
	row_u64(&w, "used", ctx->budget.used);
	row_u64(&w, "free", ctx->budget.max - ctx->budget.used);
	row_u64(&w, "peak", ctx->budget.peak);
	row_u64(&w, "bytes", ctx->budget.used);
	emit(o, &w);
	for (i = 0; i < LISTENER_COUNT; i++)
		n += ctx->acceptor[i].n;
	own_memory_row(o, "clients", n, CLIENTS_ALL,
	    n * sizeof(struct client));
	if (ctx->conf.names != NULL)
		own_memory_row(o, "names of peers",
		    names_count(ctx->conf.names), NAMES_MAX,
		    names_memory(ctx->conf.names));
}

static void
own_rows(struct ctld *ctx, struct show_job *j)
{
	struct own o = { ctx, j };

	switch (j->topic) {
	case SHOW_IMSG:
		child_imsg_rows(&ctx->child, emit, &o);
		break;
	case SHOW_MEMORY:
		own_memory(&o);
		break;
	case SHOW_COUNTERS:
		own_counters(&o);
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

static void
job_end(struct ctld *ctx, struct show_job *j)
{
	const struct show_sink *sink = j->sink;
	struct client *c = j->client;
	bool gone = j->gone, cut = j->cut && sink->cut != NULL;

	job_free(&ctx->shows, j);
	if (!gone)
		(cut ? sink->cut : sink->done)(ctx, c);
	ctld_again(ctx);
}

/* The job that is at this process, or that waits to be. */
static struct show_job *
job_at(struct ctld *ctx, int proc, bool waits)
{
	struct show_job *j;

	TAILQ_FOREACH(j, &ctx->shows.jobs, entry)
		if (j->id != 0 && j->proc == proc && j->waits == waits)
			break;
	return j;
}

static void
job_ask(struct ctld *ctx, struct show_job *j)
{
	j->waits = false;
	j->rows = 0;
	show_send(link_to(ctx, j->proc), j->id, (uint8_t)j->topic);
}

/* Asks the next process that has rows, or ends. */
static void
job_next(struct ctld *ctx, struct show_job *j)
{
	while (++j->proc < PROC_COUNT) {
		j->waits = true;
		if ((sources[j->topic] & PROC_BIT(j->proc)) == 0)
			continue;
		if (j->proc != PROC_CTLD) {
			if (job_at(ctx, j->proc, false) == NULL)
				job_ask(ctx, j);
			return;
		}
		j->waits = false;	/* who asked may go meanwhile */
		own_rows(ctx, j);
	}
	job_end(ctx, j);
}

/* The next to begin: the first of a topic that nobody is at. */
static struct show_job *
job_first(struct ctld *ctx)
{
	unsigned topics = 0;
	struct show_job *j;

	TAILQ_FOREACH(j, &ctx->shows.jobs, entry) {
		if (j->id == 0 && (topics & 1U << j->topic) == 0)
			break;
		topics |= 1U << j->topic;
	}
	return j;
}

void
show_go_on(struct ctld *ctx)
{
	struct show_job *j = job_first(ctx);

	if (j == NULL)
		return;
	j->id = ctld_id(ctx);
	if (j->sink->begin != NULL &&
	    !j->sink->begin(ctx, j->client, j->asked))
		job_end(ctx, j);
	else
		job_next(ctx, j);
	if (job_first(ctx) != NULL)
		ctld_again(ctx);
}

/* The job at work whose answer this is. */
static struct show_job *
job_of(struct ctld *ctx, const struct link *l, uint32_t id)
{
	struct show_job *j = job_at(ctx, (int)l->peer, false);

	return j != NULL && id != 0 && j->id == id ? j : NULL;
}

int
show_on_row(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct show_job *j = job_of(ctx, l, m->id);

	if (j == NULL ||
	    ++j->rows > (is_big(j->topic) ? ROWS_BIG : ROWS_MAX))
		return -1;
	return deliver(ctx, j, l->peer, m->data, m->len);
}

int
show_on_end(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct show_job *j = job_of(ctx, l, m->id);
	bool cut;

	if (j == NULL || show_end_recv(m, &cut) == -1)
		return -1;
	j->cut = j->cut || cut;
	job_next(ctx, j);
	if ((j = job_at(ctx, (int)l->peer, true)) != NULL)
		job_ask(ctx, j);
	return 0;
}
