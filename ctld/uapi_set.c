/* SPDX-License-Identifier: ISC */
/*
 * Applying sets: see uapi_set.h.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ctld/ctld.h"
#include "ctld/uapi.h"
#include "shared/log.h"
#include "shared/msg_net.h"

#define LINK_LOW	32768		/* send more below this many bytes */
#define LINK_BATCH	8		/* messages at once, below each limit */

enum set_stage {
	STAGE_NEW,
	STAGE_PORT,			/* the parent binds */
	STAGE_MARK,
	STAGE_ITEMS,			/* operations go to cryptod */
	STAGE_IDS,			/* cryptod tells the devices' ids */
	STAGE_ENDPOINTS,		/* endpoints go to netd */
	STAGE_SYNC			/* netd has them all */
};

struct set_job {
	TAILQ_ENTRY(set_job)	 entry;
	struct client		*client;	/* NULL: gone */
	uid_t			 uid;
	pid_t			 pid;
	enum set_stage		 stage;
	uint32_t		 id;
	uint32_t		 told;		/* ids that came */
	struct endpoint_chunk	*ep_chunk;	/* the next endpoint: to get */
	size_t			 ep_at;		/* its id, then to be sent */
	struct uapi_set		 set;
};

static void	job_next(struct ctld *, struct set_job *);
static void	queue_run(struct ctld *);

void
set_queue_init(struct set_queue *q)
{
	TAILQ_INIT(&q->jobs);
	q->n = 0;
}

static void
job_free(struct set_queue *q, struct set_job *j)
{
	TAILQ_REMOVE(&q->jobs, j, entry);
	q->n--;
	uapi_set_clear(&j->set);
	free(j);
}

void
set_queue_clear(struct set_queue *q)
{
	struct set_job *j;

	while ((j = TAILQ_FIRST(&q->jobs)) != NULL)
		job_free(q, j);
}

/* Moves the lists: their tails point into the head. */
static void
set_move(struct uapi_set *to, struct uapi_set *from)
{
	*to = *from;
	STAILQ_INIT(&to->items);
	STAILQ_INIT(&to->endpoints);
	STAILQ_CONCAT(&to->items, &from->items);
	STAILQ_CONCAT(&to->endpoints, &from->endpoints);
	sodium_memzero(from, sizeof(*from));
}

void
set_queue_add(struct ctld *ctx, struct client *c, struct uapi_set *set)
{
	struct set_queue *q = &ctx->sets;
	struct set_job *j;

	if (q->n >= SETS_MAX || (j = calloc(1, sizeof(*j))) == NULL) {
		uapi_set_clear(set);
		uapi_set_answer(ctx, c, ENOMEM);
		return;
	}
	j->client = c;
	j->uid = c->uid;
	j->pid = c->pid;
	set_move(&j->set, set);
	TAILQ_INSERT_TAIL(&q->jobs, j, entry);
	q->n++;
	if (q->n == 1)
		queue_run(ctx);
}

void
set_queue_forget(struct ctld *ctx, struct client *c)
{
	struct set_job *j;

	TAILQ_FOREACH(j, &ctx->sets.jobs, entry)
		if (j->client == c)
			j->client = NULL;
}

void
set_queue_drop(struct ctld *ctx, struct client *c)
{
	struct set_job *j, *next;

	TAILQ_FOREACH_SAFE(j, &ctx->sets.jobs, entry, next)
		if (j->client == c && j->stage == STAGE_NEW)
			job_free(&ctx->sets, j);
}

/* The job at the head if it is at this stage and of this id. */
static struct set_job *
job_at(struct ctld *ctx, uint32_t id, enum set_stage stage)
{
	struct set_job *j = TAILQ_FIRST(&ctx->sets.jobs);

	return j != NULL && j->id == id && j->stage == stage ? j : NULL;
}

static void
job_end(struct ctld *ctx, struct set_job *j, int error)
{
	struct client *c = j->client;

	if (error == 0)
		log_info("configuration changed by uid %u, pid %d: "
		    "%u peers%s%s", j->uid, j->pid, j->set.peers,
		    j->set.has_port ? ", listen port" : "",
		    j->set.has_mark ? ", fwmark" : "");
	else
		log_warnx("change by uid %u, pid %d failed: %s", j->uid,
		    j->pid, strerror(error));
	job_free(&ctx->sets, j);
	if (c != NULL)
		uapi_set_answer(ctx, c, error);
	ctld_again(ctx);		/* the next one, without recursion */
}

/* Begins with the next one, if none is at work. */
static void
queue_run(struct ctld *ctx)
{
	struct set_job *j = TAILQ_FIRST(&ctx->sets.jobs);

	if (j == NULL || j->stage != STAGE_NEW)
		return;
	j->id = ctld_id(ctx);
	job_next(ctx, j);
}

static void
send_items(struct ctld *ctx, struct set_job *j)
{
	struct link *l = &ctx->child.sibling[PROC_CRYPTOD];
	struct set_chunk *k;
	int i;

	for (i = 0; i < LINK_BATCH && link_queued(l) < LINK_LOW; i++) {
		k = STAILQ_FIRST(&j->set.items);
		if (k == NULL) {
			j->stage = STAGE_IDS;
			j->ep_chunk = STAILQ_FIRST(&j->set.endpoints);
			j->ep_at = 0;
			set_end_send(l, j->id);
			return;
		}
		set_items_send(l, j->id, k->data, k->len);
		uapi_set_shift(&j->set);
	}
	if (link_queued(l) < LINK_LOW)
		ctld_again(ctx);	/* else the link will tell */
}

/* The endpoint that comes next, or NULL. */
static struct set_endpoint *
endpoint_at(struct set_job *j)
{
	while (j->ep_chunk != NULL && j->ep_at == j->ep_chunk->n) {
		j->ep_chunk = STAILQ_NEXT(j->ep_chunk, entry);
		j->ep_at = 0;
	}
	return j->ep_chunk != NULL ? &j->ep_chunk->at[j->ep_at] : NULL;
}

/* One ENDPOINT_SET; -1 if there was nothing to send. */
static int
send_some_endpoints(struct link *l, struct set_job *j)
{
	uint8_t buf[MSG_PAYLOAD];
	struct device_endpoint de;
	struct set_endpoint *se;
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	memset(&de, 0, sizeof(de));
	while (w.cap - w.len >= DEVICE_ENDPOINT_WIRE &&
	    (se = endpoint_at(j)) != NULL) {
		j->ep_at++;
		if (se->device == 0)
			continue;	/* that peer left no device */
		de.device = se->device;
		de.endpoint = se->endpoint;
		put_device_endpoint(&w, &de);
	}
	if (w.len == 0)
		return -1;
	link_send(l, MSG_ENDPOINT_SET, j->id, -1, w.p, w.len);
	return 0;
}

static void
send_endpoints(struct ctld *ctx, struct set_job *j)
{
	struct link *l = &ctx->child.sibling[PROC_NETD];
	int i;

	for (i = 0; i < LINK_BATCH && link_queued(l) < LINK_LOW; i++) {
		if (send_some_endpoints(l, j) == -1) {
			j->stage = STAGE_SYNC;
			sync_send(l, j->id);
			return;
		}
	}
	if (link_queued(l) < LINK_LOW)
		ctld_again(ctx);
}

/* Enters the stage after the present one. */
static void
job_next(struct ctld *ctx, struct set_job *j)
{
	switch (j->stage) {
	case STAGE_NEW:
		j->stage = STAGE_PORT;
		if (j->set.has_port) {
			listen_set_send(&ctx->child.parent, j->id,
			    j->set.port);
			return;
		}
		/* FALLTHROUGH */
	case STAGE_PORT:
		j->stage = STAGE_MARK;
		if (j->set.has_mark) {
			fwmark_set_send(&ctx->child.parent, j->id,
			    j->set.mark);
			return;
		}
		/* FALLTHROUGH */
	case STAGE_MARK:
		if (STAILQ_EMPTY(&j->set.items)) {
			job_end(ctx, j, 0);
			return;
		}
		j->stage = STAGE_ITEMS;
		set_begin_send(&ctx->child.sibling[PROC_CRYPTOD], j->id);
		send_items(ctx, j);
		return;
	case STAGE_IDS:
		j->ep_chunk = STAILQ_FIRST(&j->set.endpoints);
		j->ep_at = 0;
		if (j->ep_chunk == NULL) {
			job_end(ctx, j, 0);
			return;
		}
		j->stage = STAGE_ENDPOINTS;
		send_endpoints(ctx, j);
		return;
	case STAGE_SYNC:
		job_end(ctx, j, 0);
		return;
	case STAGE_ITEMS:
	case STAGE_ENDPOINTS:
		return;
	}
}

void
set_queue_go_on(struct ctld *ctx)
{
	struct set_job *j = TAILQ_FIRST(&ctx->sets.jobs);

	if (j != NULL && j->stage == STAGE_NEW)
		queue_run(ctx);
	else if (j != NULL && j->stage == STAGE_ITEMS)
		send_items(ctx, j);
	else if (j != NULL && j->stage == STAGE_ENDPOINTS)
		send_endpoints(ctx, j);
}

int
set_queue_socket(struct ctld *ctx, uint32_t id, int error)
{
	struct set_job *j;

	if ((j = job_at(ctx, id, STAGE_PORT)) != NULL) {
		/* SOCKET_STATE tells the truth; until then this is near it. */
		if (error == 0 && j->set.port != 0)
			ctx->port = j->set.port;
	} else if ((j = job_at(ctx, id, STAGE_MARK)) != NULL) {
		if (error == 0)
			ctx->mark = j->set.mark;
	} else
		return 0;
	if (error == 0)
		job_next(ctx, j);
	else
		job_end(ctx, j, error);
	return 1;
}

int
set_on_ids(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct set_job *j = job_at(ctx, m->id, STAGE_IDS);
	struct set_endpoint *se;
	uint32_t ids[SET_IDS_MAX];
	size_t n;

	(void)l;
	if (j == NULL || set_ids_recv(m, ids, &n) == -1 ||
	    n > j->set.peers - j->told)
		return -1;
	while ((se = endpoint_at(j)) != NULL && se->ordinal - j->told < n) {
		se->device = ids[se->ordinal - j->told];
		j->ep_at++;
	}
	j->told += (uint32_t)n;
	return 0;
}

int
set_on_done(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct set_job *j = job_at(ctx, m->id, STAGE_IDS);
	int error;

	(void)l;
	if (j == NULL || set_done_recv(m, &error) == -1 ||
	    (error == 0 && j->told != j->set.peers))
		return -1;
	if (error != 0)
		job_end(ctx, j, error);
	else
		job_next(ctx, j);
	return 0;
}

int
set_on_synced(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct set_job *j = job_at(ctx, m->id, STAGE_SYNC);

	(void)l;
	if (j == NULL)
		return -1;
	job_next(ctx, j);
	return 0;
}
