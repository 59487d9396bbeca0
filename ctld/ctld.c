/* SPDX-License-Identifier: ISC */
/*
 * ctld: the process that people and their tools talk to, by the UAPI socket
 * (wg), by the control sockets (warrenctl; one of them only for reading) and
 * by the metrics socket (Prometheus).
 *
 * It holds the listening sockets that the parent made, and the links to the
 * parent, cryptod and netd.  It runs as its own user in an empty chroot and
 * can open, connect, bind and listen to nothing.  In bare mode the lines of a
 * set and the answers of a get carry private keys through it; they stay in
 * buffers that are wiped, and are kept nowhere.
 *
 * In bare mode a change goes parse -> parent (port, mark) -> cryptod (keys,
 * peers) -> netd (endpoints), one at a time and only when all of it was read
 * and is right.  In configured mode it only shows: it gets names and texts
 * from the parent, refuses every set, and cryptod gives it no secret.
 *
 * Whoever takes this process over gets, in bare mode, the keys and the
 * configuration, as one who may use wg(8) does, and in configured mode
 * neither; it gets no packet, no socket and no other right on this host.
 */
#include <event2/event.h>

#include "ctld/control.h"
#include "ctld/ctld.h"
#include "ctld/uapi.h"
#include "shared/log.h"

#define CTLD_NOFILE	(CLIENTS_ALL + 32)

uint32_t
ctld_id(struct ctld *ctx)
{
	if (++ctx->next_id == 0)
		ctx->next_id = 1;
	return ctx->next_id;
}

bool
ctld_is_configured(const struct ctld *ctx)
{
	return ctx->child.startup.mode == MODE_CONFIGURED;
}

/* event_active() would keep the loop from all else until we are done. */
void
ctld_again(struct ctld *ctx)
{
	static const struct timeval now;

	event_add(ctx->again, &now);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct ctld *ctx = arg;

	(void)fd;
	(void)what;
	set_queue_go_on(ctx);
	show_go_on(ctx);
}

static void
on_drained(void *arg, struct link *l)
{
	(void)l;
	set_queue_go_on(arg);
}

static void
ctld_linked(void *arg, enum proc p)
{
	struct ctld *ctx = arg;

	ctx->child.sibling[p].drained = on_drained;
}

static int
on_listener(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	struct acceptor *a;
	enum listener which;

	(void)l;
	if (listener_fd_recv(m, &which) == -1)
		return -1;
	a = &ctx->acceptor[which];
	if (a->fd != -1)
		return -1;
	acceptor_take(a, m->fd);
	m->fd = -1;
	child_check_ready(arg);
	return 0;
}

static int
on_link_state(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;

	(void)l;
	return link_state_recv(m, &ctx->link_state);
}

static int
on_socket_state(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;

	(void)l;
	return socket_state_recv(m, &ctx->port, &ctx->mark);
}

static int
on_socket_done(void *arg, struct link *l, struct imsg *m)
{
	struct ctld *ctx = arg;
	int error;

	(void)l;
	if (socket_done_recv(m, &error) == -1)
		return -1;
	if (set_queue_socket(ctx, m->id, error) == 1)
		return 0;
	return control_on_log_done(ctx, m->id, error);
}

static bool
ctld_ready(void *arg)
{
	struct ctld *ctx = arg;

	/* The other two may be missing; if not, they came before STARTUP. */
	return ctx->acceptor[LISTENER_UAPI].fd != -1 &&
	    ctx->acceptor[LISTENER_CONTROL].fd != -1;
}

static void
ctld_go(void *arg)
{
	struct ctld *ctx = arg;
	struct acceptor *a;
	int i;

	for (i = 0; i < LISTENER_COUNT; i++) {
		a = &ctx->acceptor[i];
		if (a->fd != -1 && acceptor_open(ctx, a) == -1)
			fatalx("cannot begin to listen");
	}
}

static void
ctld_stop(void *arg)
{
	struct ctld *ctx = arg;

	clients_clear(ctx);
	set_queue_clear(&ctx->sets);
	show_queue_clear(&ctx->shows);
	events_clear(ctx);
	conf_clear(&ctx->conf);
}

static const struct link_row rows[] = {
	CHILD_ROWS,
	{ MSG_LISTENER_FD,	on_listener },
	{ MSG_LINK_STATE,	on_link_state },
	{ MSG_SOCKET_STATE,	on_socket_state },
	{ MSG_SOCKET_DONE,	on_socket_done },
	{ MSG_DEVICE,		walk_on_device },
	{ MSG_PEERS,		walk_on_peers },
	{ MSG_ENDPOINTS,	walk_on_endpoints },
	{ MSG_SET_IDS,		set_on_ids },
	{ MSG_SET_DONE,		set_on_done },
	{ MSG_SYNCED,		set_on_synced },
	{ MSG_ROW,		show_on_row },
	{ MSG_SHOW_END,		show_on_end },
	{ MSG_CONF_BEGIN,	conf_on_begin },
	{ MSG_CONF_ITEMS,	conf_on_items },
	{ MSG_CONF_END,		conf_on_end },
	{ MSG_CONF_COMMIT,	conf_on_commit },
	{ MSG_CONF_ABORT,	conf_on_abort },
	{ MSG_RELOAD_DONE,	control_on_reload_done },
	{ MSG_EVENT,		events_on_event },
};

static const struct child_conf conf = {
	.self = PROC_CTLD,
	.start = &ctld_start,
	.run = &ctld_run,
	.rows = rows,
	.nrows = sizeof(rows) / sizeof(rows[0]),
	.siblings = PROC_BIT(PROC_CRYPTOD) | PROC_BIT(PROC_NETD),
	.empty_netns = false,
	.nofile = CTLD_NOFILE,
	.ready = ctld_ready,
	.go = ctld_go,
	.stop = ctld_stop,
	.linked = ctld_linked,
};

/* What is spoken on each listening socket. */
static void
ctld_init(struct ctld *ctx)
{
	static const struct {
		const struct client_ops	*ops;
		unsigned		 max;
		bool			 readonly;
	} kind[LISTENER_COUNT] = {
		[LISTENER_UAPI] = { &uapi_ops, CLIENTS_MAX, false },
		[LISTENER_CONTROL] = { &control_ops, CLIENTS_MAX, false },
		[LISTENER_READ] = { &control_ops, CLIENTS_READ, true },
		[LISTENER_METRICS] = { &metrics_ops, CLIENTS_METRICS, true },
	};
	int i;

	for (i = 0; i < LISTENER_COUNT; i++) {
		ctx->acceptor[i].fd = -1;
		ctx->acceptor[i].ctx = ctx;
		ctx->acceptor[i].ops = kind[i].ops;
		ctx->acceptor[i].max = kind[i].max;
		ctx->acceptor[i].readonly = kind[i].readonly;
	}
	ctx->budget.max = UAPI_ALL_MAX;
	asks_init(ctx->asks);
	set_queue_init(&ctx->sets);
	show_queue_init(&ctx->shows);
}

int
main(int argc, char **argv)
{
	static struct ctld ctx;

	ctld_init(&ctx);
	child_begin(&ctx, &conf, argc, argv);
	ctx.again = event_new(ctx.child.base, -1, 0, on_again, &ctx);
	if (ctx.again == NULL || clients_init(&ctx) == -1 ||
	    events_init(&ctx) == -1)
		fatalx("cannot make events");
	event_base_dispatch(ctx.child.base);
	fatalx("the event loop ended");
}
