/* SPDX-License-Identifier: ISC */
/*
 * What children say to the parent.  Everything here is hostile input: the
 * admission check has seen type, sender, phase and size, a handler sees to
 * the content, and -1 ends that child.
 */
#include <errno.h>
#include <string.h>

#include "parent/parent.h"
#include "shared/clock.h"
#include "shared/msg_helper.h"
#include "shared/msg_net.h"

#define LINES		200		/* of a child a second */
#define BURST		400
#define SOCKETS_WAITING	4		/* UDP_FDs for netd; its limit is more */

void
parent_relay(struct member *m, int level, const char *text, size_t len)
{
	struct parent *p = m->parent;

	p->count.log_lines++;
	if (log_limited(&m->limit, clock_boottime(), BURST, LINES)) {
		p->count.log_suppressed++;
		return;
	}
	log_limit_tell(&m->limit);
	log_relay(proc_name(m->proc), level, text, len);
}

static int
on_log(void *arg, struct link *l, struct imsg *im)
{
	char text[LOG_LINE_MAX];
	int level;

	if (log_recv(im, &level, text, sizeof(text)) == -1)
		return -1;
	parent_relay(suite_member(arg, l), level, text, strlen(text));
	return 0;
}

static int
on_ready(void *arg, struct link *l, struct imsg *im)
{
	struct member *m = suite_member(arg, l);
	struct sandbox_report report;

	if (m->ready || ready_recv(im, &report) == -1)
		return -1;
	suite_ready(m, &report);
	return 0;
}

static int
on_fault(void *arg, struct link *l, struct imsg *im)
{
	struct parent *p = arg;
	const struct msg_row *row;
	enum msg_verdict verdict;
	enum proc sibling;
	uint16_t type;

	if (fault_recv(im, &sibling, &type, &verdict) == -1 ||
	    sibling == PROC_PARENT || sibling == l->peer)
		return -1;
	/*
	 * A helper's word must not end the others: that netd is gone we see
	 * ourselves, and for any other trouble it is the helper that goes.
	 */
	if (verdict == MSG_CLOSED) {
		if (l->peer != PROC_RESOLVERD)
			suite_doom(&p->member[sibling]);
		return 0;
	}
	/* Whoever says so again and again must not fill the log. */
	if (p->state == SUITE_ENDING)
		return 0;
	row = msg_row(type);
	if (l->peer == PROC_RESOLVERD || sibling == PROC_RESOLVERD) {
		if (p->member[PROC_RESOLVERD].pid == 0)
			return 0;
		log_warnx("%s says that %s %s %s (%04x): %s",
		    proc_name(l->peer), proc_name(sibling),
		    verdict == MSG_UNREAD ? "was sent" : "sent it",
		    row != NULL ? row->name : "something", type,
		    msg_verdict_name(verdict));
		suite_kill(&p->member[PROC_RESOLVERD]);
		return 0;
	}
	log_warnx("%s says that %s %s %s (%04x): %s; ending",
	    proc_name(l->peer), proc_name(sibling), verdict == MSG_UNREAD ?
	    "was sent" : "sent it", row != NULL ? row->name : "something",
	    type, msg_verdict_name(verdict));
	suite_end(p, 1);
	return 0;
}

/* cryptod alone sees this where the kernel tells us of no event. */
static int
on_tun_gone(void *arg, struct link *l, struct imsg *im)
{
	struct parent *p = arg;

	(void)l;
	(void)im;
	if (p->state == SUITE_RUNNING) {
		log_info("interface %s was deleted; ending",
		    p->follow.link.name);
		suite_end(p, 0);
	}
	return 0;
}

/* Ports that change faster than netd takes them must not be netd's end. */
static bool
is_netd_behind(const struct parent *p)
{
	const size_t fds = msg_row_index(msg_row(MSG_UDP_FD));

	return p->member[PROC_NETD].link.chan.waiting[fds] >= SOCKETS_WAITING;
}

static int
on_listen_set(void *arg, struct link *l, struct imsg *im)
{
	uint16_t port;

	if (listen_set_recv(im, &port) == -1)
		return -1;
	socket_done_send(l, im->id, is_netd_behind(arg) ? EBUSY :
	    sockets_listen(arg, port));
	return 0;
}

static int
on_fwmark_set(void *arg, struct link *l, struct imsg *im)
{
	uint32_t mark;

	if (fwmark_set_recv(im, &mark) == -1)
		return -1;
	socket_done_send(l, im->id, sockets_mark(arg, mark));
	return 0;
}

static int
on_log_set(void *arg, struct link *l, struct imsg *im)
{
	struct parent *p = arg;
	struct member *m = NULL;
	bool verbose;

	if (log_level_recv(im, &verbose) == -1)
		return -1;
	log_setverbose(verbose);
	while ((m = suite_next(p, m)) != NULL)
		log_level_send(&m->link, verbose);
	socket_done_send(l, im->id, 0);
	return 0;
}

static int
on_show(void *arg, struct link *l, struct imsg *im)
{
	uint8_t topic;

	if (show_recv(im, &topic) == -1 ||
	    parent_show(arg, l, im->id, topic) == -1)
		return -1;
	return 0;
}

static int
on_monitor(void *arg, struct link *l, struct imsg *im)
{
	struct parent *p = arg;

	(void)l;
	return monitor_recv(im, &p->monitoring);
}

static int
on_dns_wanted(void *arg, struct link *l, struct imsg *im)
{
	(void)l;
	(void)im;
	dns_wanted(arg);
	return 0;
}

static int
on_helper_row(void *arg, struct link *l, struct imsg *im)
{
	(void)l;
	return parent_helper_row(arg, im);
}

static int
on_helper_show_end(void *arg, struct link *l, struct imsg *im)
{
	(void)l;
	return parent_helper_show_end(arg, im);
}

const struct link_row parent_rows[] = {
	{ MSG_READY, on_ready },
	{ MSG_LOG, on_log },
	{ MSG_FAULT, on_fault },
	{ MSG_TUN_GONE, on_tun_gone },
	{ MSG_LISTEN_SET, on_listen_set },
	{ MSG_FWMARK_SET, on_fwmark_set },
	{ MSG_LOG_SET, on_log_set },
	{ MSG_SHOW, on_show },
	{ MSG_MONITOR, on_monitor },
	{ MSG_CONF_READY, reload_on_ready },
	{ MSG_CONF_NO, reload_on_no },
	{ MSG_CONF_DONE, reload_on_done },
	{ MSG_SLOT_WANT, reload_on_slot_want },
	{ MSG_SLOT_WRITTEN, reload_on_slot_written },
	{ MSG_RELOAD, reload_on_reload },
	{ MSG_DNS_WANTED, on_dns_wanted },
	{ MSG_HELPER_ROW, on_helper_row },
	{ MSG_HELPER_SHOW_END, on_helper_show_end },
};
const size_t parent_nrows = sizeof(parent_rows) / sizeof(parent_rows[0]);
