/* SPDX-License-Identifier: ISC */
/*
 * The parent's answers to SHOW: it alone knows all processes, so it tells of
 * their users and sandboxes; of messages, memory and counters each process
 * tells its own.
 */
#include <sys/resource.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"
#include "shared/counter_show.h"
#include "shared/clock.h"
#include "shared/link_show.h"
#include "shared/msg_net.h"
#include "shared/paths.h"
#include "shared/row.h"

static void
show_processes(struct parent *p, struct link *out, uint32_t id)
{
	uint64_t now = clock_boottime(), since;
	uint8_t buf[ROW_MAX];
	struct wbuf w;
	int i;

	for (i = 0; i < PROC_COUNT; i++) {
		since = i == PROC_PARENT ? p->since : p->member[i].since;
		row_begin(&w, buf, sizeof(buf), "process");
		row_str(&w, "process", proc_name(i));
		row_u64(&w, "pid", (uint64_t)(i == PROC_PARENT ? getpid() :
		    p->member[i].pid));
		row_str(&w, "user", p->user[i].name);
		row_u64(&w, "uid", p->user[i].uid);
		row_u64(&w, "uptime_s", (now - since) / CLOCK_NSEC_PER_SEC);
		row_str(&w, "state", p->member[i].pid == 0 &&
		    i != PROC_PARENT ? "ended" :
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
		r = i == PROC_PARENT ? &p->report : &p->member[i].report;
		snprintf(caps, sizeof(caps), "%" PRIx64, r->caps);
		snprintf(filter, sizeof(filter), "%s run", proc_name(i));
		row_begin(&w, buf, sizeof(buf), "sandbox");
		row_str(&w, "process", proc_name(i));
		row_str(&w, "user", p->user[i].name);
		row_u64(&w, "uid", r->euid);
		row_str(&w, "chroot", i == PROC_PARENT ? "/" : PATH_EMPTY);
		row_str(&w, "netns", i == PROC_CRYPTOD ? "empty" : "birth");
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
	int i;

	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++)
		link_show(&p->member[i].link, out, id);
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
	p->count.netlink_overruns = p->follow.overruns;
	counters_send(out, id, PROC_PARENT, text, &p->count,
	    sizeof(text) / sizeof(text[0]));
}

int
parent_show(struct parent *p, struct link *out, uint32_t id, uint8_t topic)
{
	switch (topic) {
	case SHOW_PROCESSES:
		show_processes(p, out, id);
		break;
	case SHOW_SANDBOX:
		show_sandbox(p, out, id);
		break;
	case SHOW_IMSG:
		show_imsg(p, out, id);
		break;
	case SHOW_MEMORY:
		show_memory(out, id);
		break;
	case SHOW_COUNTERS:
		show_counters(p, out, id);
		break;
	default:
		if (topic == 0 || topic >= SHOW_TOPICS)
			return -1;
		break;
	}
	show_end_send(out, id);
	return 0;
}
