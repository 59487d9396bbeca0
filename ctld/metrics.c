/* SPDX-License-Identifier: ISC */
/*
 * Metrics: see metrics.h.  In this order: facts for health, processes,
 * counters, the device and the health of all peers, the metrics of peers.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctld/control.h"
#include "ctld/ctld.h"
#include "ctld/http.h"
#include "ctld/prom.h"
#include "shared/clock.h"
#include "shared/hex.h"
#include "shared/version.h"

#define LINE_ROOM	640
#define HELP_ROOM	256
#define LABEL_ROOM	(2 * CONF_NAME_MAX)

/* A metric that each peer has. */
struct family {
	const char	*name;
	const char	*type;
	const char	*help;
	uint64_t	(*value)(const struct peer_info *);
};

static const struct walk_ops device_ops;
static const struct walk_ops family_ops;

static struct metrics *
metrics_of(struct client *c)
{
	return (struct metrics *)c->state;
}

static void
send_piece(struct client *c)
{
	struct metrics *m = metrics_of(c);

	if (m->len > 0 && !c->dead)
		m->sink->piece(c, m->text, m->len);
	m->len = 0;
}

__attribute__((format(printf, 2, 3))) static void
line(struct client *c, const char *fmt, ...)
{
	struct metrics *m = metrics_of(c);
	char buf[LINE_ROOM];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof(buf))
		return;			/* half a line would break it */
	if (m->len + (size_t)n > sizeof(m->text))
		send_piece(c);
	memcpy(m->text + m->len, buf, (size_t)n);
	m->len += (size_t)n;
}

static void
head(struct client *c, const char *name, const char *type, const char *help)
{
	line(c, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
finish(struct ctld *ctx, struct client *c, int error)
{
	if (error == 0)
		send_piece(c);
	if (!c->dead)
		metrics_of(c)->sink->end(ctx, c, error);
}

static void
ask(struct ctld *ctx, struct client *c, enum show_topic topic,
    const struct show_sink *sink)
{
	if (show_ask(ctx, c, topic, sink) == -1)
		finish(ctx, c, ENOMEM);
}

/*
 * Peers.
 */

static uint64_t
rx_bytes(const struct peer_info *p)
{
	return p->rx_bytes;
}

static uint64_t
tx_bytes(const struct peer_info *p)
{
	return p->tx_bytes;
}

static uint64_t
handshake(const struct peer_info *p)
{
	return p->handshake_sec;
}

static uint64_t
tries(const struct peer_info *p)
{
	return p->tries;
}

static const struct family families[] = {
	{ "warren_peer_receive_bytes_total", "counter",
	    "Bytes received from the peer.", rx_bytes },
	{ "warren_peer_transmit_bytes_total", "counter",
	    "Bytes sent to the peer.", tx_bytes },
	{ "warren_peer_last_handshake_seconds", "gauge",
	    "UNIX time of the latest handshake, 0 if there was none.",
	    handshake },
	{ "warren_peer_tries", "gauge",
	    "Handshakes sent to the peer since then and not answered.",
	    tries },
};
#define FAMILIES	(sizeof(families) / sizeof(families[0]))

static void
family_begin(struct ctld *ctx, struct client *c)
{
	const struct family *f = &families[metrics_of(c)->family];

	head(c, f->name, f->type, f->help);
	walk_begin(ctx, c, &family_ops);
}

static void
family_device(struct ctld *ctx, struct client *c, const struct device_info *d)
{
	(void)ctx;
	(void)c;
	(void)d;
}

static void
family_peer(struct ctld *ctx, struct client *c, const struct peer_info *p,
    const struct endpoint_info *e)
{
	const struct family *f = &families[metrics_of(c)->family];
	const struct name *n = names_by_key(ctx->conf.names, p->public_key);
	char key[BASE64_KEY_SIZE], label[LABEL_ROOM];

	(void)e;
	base64_key_encode(key, p->public_key);
	prom_label(label, sizeof(label), n != NULL ? n->name : key);
	line(c, "%s{peer=\"%s\"} %llu\n", f->name, label,
	    (unsigned long long)f->value(p));
}

static void
no_prefix(struct ctld *ctx, struct client *c, const struct prefix *p)
{
	(void)ctx;
	(void)c;
	(void)p;
}

static void
family_done(struct ctld *ctx, struct client *c)
{
	if (++metrics_of(c)->family < FAMILIES)
		family_begin(ctx, c);
	else
		finish(ctx, c, 0);
}

static const struct walk_ops family_ops = {
	.secrets = false,
	.endpoints = false,
	.device = family_device,
	.peer = family_peer,
	.prefix = no_prefix,
	.done = family_done,
};

/*
 * The device, and how all are.
 */

static void
count_health(void *arg, const struct health *h)
{
	metrics_of(arg)->problems[h->severity]++;
}

static void
device_device(struct ctld *ctx, struct client *c, const struct device_info *d)
{
	char label[LABEL_ROOM], name[LABEL_ROOM];

	facts_device(ctx, d);
	head(c, "warren_up", "gauge", "Whether the interface is up.");
	line(c, "warren_up %d\n", ctx->link_state.up);
	prom_label(label, sizeof(label), ctx->link_state.ifname);
	prom_label(name, sizeof(name), ctx->child.startup.instance);
	head(c, "warren_info", "gauge", "What runs here; always 1.");
	line(c, "warren_info{version=\"%s\",mode=\"%s\",instance=\"%s\","
	    "interface=\"%s\"} 1\n", warren_version(),
	    ctld_is_configured(ctx) ? "configured" : "bare", name, label);
	head(c, "warren_peers", "gauge", "Number of peers.");
	line(c, "warren_peers %u\n", d->peers);
}

static void
device_peer(struct ctld *ctx, struct client *c, const struct peer_info *p,
    const struct endpoint_info *e)
{
	status_judge(ctx, p, e, count_health, c);
}

static void
device_done(struct ctld *ctx, struct client *c)
{
	struct metrics *m = metrics_of(c);
	int i;

	health_interface(facts_now(ctx), count_health, c);
	head(c, "warren_health_problems", "gauge",
	    "What \"warrenctl show health\" lists, by severity.");
	for (i = 0; i < HEALTH_SEVERITIES; i++)
		line(c, "warren_health_problems{severity=\"%s\"} %llu\n",
		    health_severity_name((enum health_severity)i),
		    (unsigned long long)m->problems[i]);
	family_begin(ctx, c);
}

static const struct walk_ops device_ops = {
	.secrets = false,
	.endpoints = true,
	.device = device_device,
	.peer = device_peer,
	.prefix = no_prefix,
	.done = device_done,
};

/*
 * Processes and their counters.
 */

static void
counter_sample(struct ctld *ctx, struct client *c, enum proc p,
    const struct row *row, const void *data, size_t len)
{
	/* The parent may speak for a helper; everyone else for itself. */
	const char *process = p == PROC_PARENT ? show_str(row, "process") :
	    proc_name(p);
	const char *what = show_str(row, "name");
	char name[4 * ROW_NAME_MAX + 32], help[HELP_ROOM];

	(void)data;
	(void)len;
	if (strcmp(row->table, "counter") != 0 || !prom_is_name(process) ||
	    !prom_is_name(what) ||
	    strlen(process) + strlen(what) > 2 * ROW_NAME_MAX) {
		ctx->count.drop_metrics++;
		return;
	}
	snprintf(name, sizeof(name), "warren_%s_%s_total", process, what);
	prom_help(help, sizeof(help), show_str(row, "help"));
	head(c, name, "counter", help);
	line(c, "%s %llu\n", name,
	    (unsigned long long)show_num(row, "value"));
}

static void
counters_done(struct ctld *ctx, struct client *c)
{
	walk_begin(ctx, c, &device_ops);
}

static const struct show_sink counters_sink = {
	.row = counter_sample,
	.done = counters_done,
};

static void
proc_row(struct ctld *ctx, struct client *c, enum proc p,
    const struct row *row, const void *data, size_t len)
{
	const char *name = show_str(row, "process");
	struct metrics *m = metrics_of(c);
	struct metrics_proc *proc;

	(void)p;
	(void)data;
	(void)len;
	if (m->nprocs == METRICS_PROCS || !prom_is_name(name)) {
		ctx->count.drop_metrics++;
		return;
	}
	proc = &m->proc[m->nprocs++];
	snprintf(proc->name, sizeof(proc->name), "%s", name);
	proc->running = strcmp(show_str(row, "state"), "running") == 0;
	proc->uptime = show_num(row, "uptime_s");
}

static void
procs_done(struct ctld *ctx, struct client *c)
{
	struct metrics *m = metrics_of(c);
	unsigned i;

	head(c, "warren_process_running", "gauge",
	    "Whether the process is running.");
	for (i = 0; i < m->nprocs; i++)
		line(c, "warren_process_running{process=\"%s\"} %d\n",
		    m->proc[i].name, m->proc[i].running);
	head(c, "warren_process_uptime_seconds", "gauge",
	    "Seconds since the process was started.");
	for (i = 0; i < m->nprocs; i++)
		line(c, "warren_process_uptime_seconds{process=\"%s\"} %llu\n",
		    m->proc[i].name, (unsigned long long)m->proc[i].uptime);
	ask(ctx, c, SHOW_COUNTERS, &counters_sink);
}

static const struct show_sink procs_sink = {
	.row = proc_row,
	.done = procs_done,
};

static void
with_facts(struct ctld *ctx, struct client *c)
{
	facts_done(ctx);
	ask(ctx, c, SHOW_PROCESSES, &procs_sink);
}

static const struct show_sink facts_sink = {
	.begin = facts_begin,
	.row = facts_row,
	.done = with_facts,
};

void
metrics_begin(struct ctld *ctx, struct client *c,
    const struct metrics_sink *sink)
{
	struct metrics *m = metrics_of(c);

	walk_clear(&m->walk);
	memset(m, 0, sizeof(*m));
	m->sink = sink;
	ctx->count.metrics++;
	ask(ctx, c, SHOW_HEALTH, &facts_sink);
}

/*
 * The metrics socket.
 */

static void
http_piece(struct client *c, const char *text, size_t len)
{
	struct metrics *m = metrics_of(c);

	if (!m->begun)
		client_put(c, HTTP_OK, strlen(HTTP_OK));
	m->begun = true;
	client_put(c, text, len);
	client_flush(c);
}

static void
http_end(struct ctld *ctx, struct client *c, int error)
{
	(void)ctx;
	if (error != 0 && metrics_of(c)->begun) {
		client_kill(c);
		return;
	}
	if (error != 0)
		client_put(c, HTTP_NO_MEMORY, strlen(HTTP_NO_MEMORY));
	client_finish(c);
}

static const struct metrics_sink http_sink = {
	.piece = http_piece,
	.end = http_end,
};

static size_t
http_input(struct ctld *ctx, struct client *c, const uint8_t *p, size_t len)
{
	switch (http_request(p, len)) {
	case HTTP_MORE:
		return 0;
	case HTTP_BAD:
		ctx->count.metrics_bad++;
		client_put(c, HTTP_BAD_REQUEST, strlen(HTTP_BAD_REQUEST));
		client_finish(c);
		return len;
	case HTTP_GET:
		break;
	}
	client_busy(c);
	metrics_begin(ctx, c, &http_sink);
	return len;
}

static bool
http_midway(const struct client *c)
{
	(void)c;
	return false;
}

static void
http_gone(struct ctld *ctx, struct client *c)
{
	ask_forget(ctx, c);
	show_forget(ctx, c);
	walk_clear(walk_of(c));
}

/* What is missing, the collector sees by the lack of the last metrics. */
static void
http_late(struct ctld *ctx, struct client *c)
{
	if (metrics_of(c)->begun) {
		client_kill(c);
		return;
	}
	http_gone(ctx, c);
	client_put(c, HTTP_LATE, strlen(HTTP_LATE));
	client_finish(c);
}

const struct client_ops metrics_ops = {
	.state = sizeof(struct metrics),
	.hurry = 5 * CLOCK_NSEC_PER_SEC,
	.input = http_input,
	.room = walk_room,
	.midway = http_midway,
	.late = http_late,
	.gone = http_gone,
};
