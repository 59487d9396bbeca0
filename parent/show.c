/* SPDX-License-Identifier: ISC */
/*
 * The parent's answers to SHOW: it alone knows all processes, so it tells of
 * their users and sandboxes; of messages, memory and counters each process
 * tells its own.  What a helper has to say comes by way of us, since ctld has
 * no link to it.
 */
#include <sys/resource.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"
#include "shared/counter_show.h"
#include "shared/clock.h"
#include "shared/link_show.h"
#include "shared/msg_helper.h"
#include "shared/msg_net.h"
#include "shared/paths.h"
#include "shared/row.h"

#define CONFIG_PIECE	3072		/* bytes of text in a row */
#define QUEUE_MAX	(256 * 1024)	/* bytes that wait for ctld */
#define QUEUE_ROWS	256		/* rows of them; its limit is more */
#define ROUTES_MAX	100000		/* rows; the rest is counted */
#define HELPER_ROWS	512		/* of a helper in one answer */
#define HELPER_PAUSE	(10 * CLOCK_NSEC_PER_SEC) /* for one that hangs */

static void
show_processes(struct parent *p, struct link *out, uint32_t id)
{
	uint64_t now = clock_boottime(), since;
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	bool lives;
	int i;

	for (i = 0; i < PROC_COUNT; i++) {
		if (i != PROC_PARENT && (p->procs & PROC_BIT(i)) == 0)
			continue;
		since = i == PROC_PARENT ? p->since : p->member[i].since;
		lives = i == PROC_PARENT || p->member[i].pid != 0;
		row_begin(&w, buf, sizeof(buf), "process");
		row_str(&w, "process", proc_name(i));
		row_u64(&w, "pid", (uint64_t)(i == PROC_PARENT ? getpid() :
		    p->member[i].pid));
		row_str(&w, "user", p->user[i].name);
		row_u64(&w, "uid", p->user[i].uid);
		row_u64(&w, "uptime_s", lives ?
		    (now - since) / CLOCK_NSEC_PER_SEC : 0);
		row_str(&w, "state", !lives ? "ended" :
		    p->state == SUITE_ENDING ? "ending" : "running");
		row_send(out, id, &w);
	}
}

static const char *
build_of(const struct sandbox_report *r)
{
	if (r->sanitizer)
		return "sanitizer build";
	return r->debug ? "sandbox debug build" : "normal";
}

static void
show_sandbox(struct parent *p, struct link *out, uint32_t id)
{
	const struct sandbox_report *r;
	char caps[24], filter[64];
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	int i;

	for (i = 0; i < PROC_COUNT; i++) {
		if (i != PROC_PARENT && (p->procs & PROC_BIT(i)) == 0)
			continue;
		r = i == PROC_PARENT ? &p->report : &p->member[i].report;
		snprintf(caps, sizeof(caps), "%" PRIx64, r->caps);
		snprintf(filter, sizeof(filter), "%s run%s", proc_name(i),
		    i == PROC_PARENT && p->mode == MODE_CONFIGURED ?
		    " configured" : "");
		row_begin(&w, buf, sizeof(buf), "sandbox");
		row_str(&w, "process", proc_name(i));
		row_str(&w, "user", p->user[i].name);
		row_u64(&w, "uid", r->euid);
		row_str(&w, "chroot", i == PROC_PARENT ? "/" : PATH_EMPTY);
		row_str(&w, "netns", i == PROC_CRYPTOD || i == PROC_RESOLVERD ?
		    "empty" : "birth");
		row_str(&w, "caps", caps);
		row_bool(&w, "no_new_privs", r->no_new_privs);
		row_bool(&w, "dumpable", r->dumpable);
		row_str(&w, "seccomp", r->seccomp_mode == 2 ? "filter" :
		    "none");
		row_str(&w, "filter", filter);
		row_u64(&w, "syscalls", r->n > 0 ? r->table[r->n - 1].rules :
		    0);
		row_u64(&w, "landlock", (uint64_t)r->landlock_abi);
		row_str(&w, "build", build_of(r));
		row_send(out, id, &w);
	}
}

static void
show_imsg(struct parent *p, struct link *out, uint32_t id)
{
	struct member *m = NULL;

	while ((m = suite_next(p, m)) != NULL)
		link_show(&m->link, out, id);
}

static void
show_memory(struct link *out, uint32_t id)
{
	uint8_t buf[ROW_MAX];
	struct rusage ru;
	struct wbuf w;

	memset(&ru, 0, sizeof(ru));
	(void)getrusage(RUSAGE_SELF, &ru);
	row_begin(&w, buf, sizeof(buf), "memory");
	row_str(&w, "process", proc_name(PROC_PARENT));
	row_str(&w, "what", "resident, at most");
	row_u64(&w, "bytes", (uint64_t)ru.ru_maxrss * 1024);
	row_send(out, id, &w);
}

static void
show_counters(struct parent *p, struct link *out, uint32_t id)
{
	static const struct counter_text text[] = {
		PARENT_COUNTERS(COUNTER_TEXT)
	};

	p->count.link_moves = p->follow.moves;
	p->count.reloads = p->reload.generation;
	p->count.netlink_overruns = p->follow.overruns;
	if (p->kernel != NULL) {
		p->count.netlink_overruns += kernel_overruns(p->kernel);
		p->count.routes_lost = kernel_lost(p->kernel);
	}
	counters_send(out, id, PROC_PARENT, text, &p->count,
	    sizeof(text) / sizeof(text[0]));
}

/* Where rows of other rooms go. */
struct to {
	struct link	*out;
	uint32_t	 id;
};

static void
show_severe(const struct to *to, const char *severity, const char *problem,
    const char *advice)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	row_begin(&w, buf, sizeof(buf), "problem");
	row_str(&w, "process", proc_name(PROC_PARENT));
	row_str(&w, "severity", severity);
	row_str(&w, "problem", problem);
	row_str(&w, "advice", advice);
	row_send(to->out, to->id, &w);
}

static void
show_problem(void *arg, const char *problem, const char *advice)
{
	show_severe(arg, "warning", problem, advice);
}

static void
show_health(struct parent *p, struct link *out, uint32_t id)
{
	struct to to = { out, id };
	const char *why;
	char text[128];

	if (p->bind_error != 0) {
		snprintf(text, sizeof(text), "cannot listen on UDP port %u: "
		    "%s", p->port, strerrordesc_np(p->bind_error));
		/* Without a socket nothing works. */
		show_severe(&to, "error", text, p->bind_error == EADDRINUSE ?
		    "take another port, or end the program that uses this one" :
		    "see the log; it is tried again every 5 seconds");
	}
	if (p->mode == MODE_BARE)
		return;
	if (p->member[PROC_RESOLVERD].pid == 0)
		show_problem(&to, "resolverd has ended, so that endpoints by "
		    "name are not looked up any more", "see the log for why, "
		    "and restart the instance");
	else if (p->helper_late != 0)
		show_problem(&to, "resolverd does not answer, so that "
		    "endpoints by name may not be looked up", "if it stays "
		    "so, restart the instance");
	why = tunfilter_problem(&p->tunfilter);
	if (why != NULL)
		show_problem(&to, why, "it takes Linux 5.5 or later with BPF, "
		    "and a start with CAP_BPF; until then rules keep it out "
		    "unless it names the interface");
	why = reload_problem(p);
	if (why != NULL)
		show_problem(&to, why, "mend the file and reload");
	why = slots_problem(&p->slots);
	if (why != NULL)
		show_problem(&to, why, "see the log; is its file system full "
		    "or read-only?");
	kernel_problems(p->kernel, show_problem, &to);
}

/* A full link will be empty some time: then parent_show_more() goes on. */
static bool
has_room(const struct link *out)
{
	const size_t rows = msg_row_index(msg_row(MSG_ROW));

	return link_queued(out) < QUEUE_MAX &&
	    out->chan.waiting[rows] < QUEUE_ROWS;
}

/* A piece of the text; false: that was all. */
static bool
config_piece(struct parent *p, struct long_show *s, struct link *out)
{
	char text[CONFIG_PIECE + 1];
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	size_t n;

	n = conf_print_piece(p->conf, &s->text, text, sizeof(text) - 1);
	if (n == 0)
		return false;
	text[n] = '\0';
	row_begin(&w, buf, sizeof(buf), "config");
	row_str(&w, "text", text);
	row_send(out, s->id, &w);
	return true;
}

static void
route_row(void *arg, const void *row, size_t len)
{
	const struct to *to = arg;

	link_send(to->out, MSG_ROW, to->id, -1, row, len);
}

static void
drop_row(void *arg, const void *row, size_t len)
{
	(void)arg;
	(void)row;
	(void)len;
}

/* ctld takes a bounded number of rows, too. */
static void
routes_left(struct parent *p, struct long_show *s, struct link *out)
{
	unsigned more = 0;
	uint8_t buf[ROW_MAX];
	char text[32];
	struct wbuf w;

	while (kernel_row(p->kernel, &s->route, drop_row, NULL))
		more++;
	if (more == 0)
		return;
	snprintf(text, sizeof(text), "%u more", more);
	row_begin(&w, buf, sizeof(buf), "route");
	row_str(&w, "kind", "more");
	row_str(&w, "what", text);
	row_send(out, s->id, &w);
}

static bool
route_piece(struct parent *p, struct long_show *s, struct link *out)
{
	struct to to = { out, s->id };

	if (s->routes++ < ROUTES_MAX)
		return kernel_row(p->kernel, &s->route, route_row, &to);
	routes_left(p, s, out);
	return false;
}

/* As much as ctld takes now.  Another configuration cuts the answer short. */
static void
long_more(struct parent *p, struct long_show *s)
{
	struct link *out = &p->member[PROC_CTLD].link;

	while (s->used && link_is_open(out) && has_room(out)) {
		if (s->generation != p->reload.generation) {
			s->used = false;
			show_cut_send(out, s->id);
		} else if (!(s->topic == SHOW_CONFIG ?
		    config_piece(p, s, out) : route_piece(p, s, out))) {
			s->used = false;
			show_end_send(out, s->id);
		}
	}
}

/* It ends by itself, perhaps later. */
static void
long_show(struct parent *p, struct link *out, uint32_t id, uint8_t topic)
{
	struct long_show *s;

	for (s = p->longs; s < p->longs + LONG_SHOWS; s++)
		if (!s->used)
			break;
	if (p->conf == NULL || p->kernel == NULL ||
	    s == p->longs + LONG_SHOWS) {
		show_end_send(out, id);
		return;
	}
	memset(s, 0, sizeof(*s));
	s->used = true;
	s->topic = topic;
	s->id = id;
	s->generation = p->reload.generation;
	long_more(p, s);
}

void
parent_show_more(struct parent *p)
{
	struct long_show *s;

	for (s = p->longs; s < p->longs + LONG_SHOWS; s++)
		long_more(p, s);
}

/* The answer is complete, whether the helper said all or not. */
static void
helper_end(struct helper_show *h)
{
	if (h->id == 0)
		return;
	h->id = 0;
	event_del(h->timer);
	show_end_send(&h->parent->member[PROC_CTLD].link, h->asker_id);
}

static void
on_helper_late(evutil_socket_t fd, short what, void *arg)
{
	struct helper_show *h = arg;
	struct parent *p = h->parent;

	(void)fd;
	(void)what;
	if (p->helper_late == 0)
		log_warnx("resolverd does not answer");
	p->helper_late = clock_boottime();
	helper_end(h);
}

/* Better late than never. */
static void
helper_answers(struct parent *p)
{
	if (p->helper_late != 0)
		log_info("resolverd answers again");
	p->helper_late = 0;
}

/* Who asks must not wait for one that hangs, but now and then. */
static bool
helper_hangs(const struct parent *p)
{
	return p->helper_late != 0 &&
	    clock_boottime() - p->helper_late < HELPER_PAUSE;
}

/* Passes the question on.  false: there is nobody to answer. */
static bool
ask_helper(struct parent *p, uint32_t id, uint8_t topic)
{
	static const struct timeval timeout = { 1, 0 };
	struct link *l = &p->member[PROC_RESOLVERD].link;
	struct helper_show *h;

	for (h = p->helper; h < p->helper + HELPER_SHOWS; h++)
		if (h->id == 0)
			break;
	if (!link_is_open(l) || h == p->helper + HELPER_SHOWS ||
	    helper_hangs(p))
		return false;
	h->parent = p;
	if (h->timer == NULL)
		h->timer = event_new(p->base, -1, 0, on_helper_late, h);
	if (h->timer == NULL)
		return false;
	if (++p->helper_id == 0)
		p->helper_id = 1;
	h->id = p->helper_id;
	h->asker_id = id;
	h->rows = 0;
	event_add(h->timer, &timeout);
	helper_show_send(l, h->id, topic);
	return true;
}

static struct helper_show *
helper_find(struct parent *p, uint32_t id)
{
	struct helper_show *h;

	for (h = p->helper; h < p->helper + HELPER_SHOWS; h++)
		if (id != 0 && h->id == id)
			return h;
	return NULL;
}

/*
 * ctld holds us to what it gets, so it is looked at here: a row, of a helper,
 * about itself.
 */
int
parent_helper_row(struct parent *p, const struct imsg *m)
{
	struct helper_show *h = helper_find(p, m->id);
	const struct row_field *process;
	struct row row;

	if (row_parse(&row, m->data, m->len) == -1)
		return -1;
	process = row_get(&row, "process");
	if (process == NULL || process->kind != ROW_STR ||
	    strcmp(process->str, proc_name(PROC_RESOLVERD)) != 0)
		return -1;
	/* NULL: it comes too late. */
	if (h != NULL && h->rows++ < HELPER_ROWS)
		link_send(&p->member[PROC_CTLD].link, MSG_ROW, h->asker_id,
		    -1, m->data, m->len);
	return 0;
}

int
parent_helper_show_end(struct parent *p, const struct imsg *m)
{
	struct helper_show *h = helper_find(p, m->id);

	helper_answers(p);
	if (h != NULL)
		helper_end(h);
	return 0;
}

void
parent_helper_lost(struct parent *p)
{
	struct helper_show *h;

	p->helper_late = 0;
	for (h = p->helper; h < p->helper + HELPER_SHOWS; h++)
		helper_end(h);
}

int
parent_show(struct parent *p, struct link *out, uint32_t id, uint8_t topic)
{
	bool helper = false;

	switch (topic) {
	case SHOW_PROCESSES:
		show_processes(p, out, id);
		break;
	case SHOW_SANDBOX:
		show_sandbox(p, out, id);
		break;
	case SHOW_IMSG:
		show_imsg(p, out, id);
		helper = true;
		break;
	case SHOW_MEMORY:
		show_memory(out, id);
		helper = true;
		break;
	case SHOW_COUNTERS:
		show_counters(p, out, id);
		helper = true;
		break;
	case SHOW_CONFIG:
	case SHOW_ROUTES:
		long_show(p, out, id, topic);
		return 0;
	case SHOW_HEALTH:
		show_health(p, out, id);
		break;
	default:
		if (topic == 0 || topic >= SHOW_TOPICS)
			return -1;
		break;
	}
	if (!helper || !ask_helper(p, id, topic))
		show_end_send(out, id);
	return 0;
}
