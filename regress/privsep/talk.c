/* SPDX-License-Identifier: ISC */
/*
 * Talking to a child by links: see talk.h.
 */
#include <sys/wait.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "regress/privsep/talk.h"
#include "regress/unit/unit.h"
#include "shared/msg_parent.h"

struct kid	 kid;
struct link	 parent, cryptod, netd, ctld, resolverd;

static struct link_host		 host = { .self = PROC_PARENT };
static struct link *const	 links[PROC_COUNT] = {
	[PROC_PARENT] = &parent,
	[PROC_CRYPTOD] = &cryptod,
	[PROC_NETD] = &netd,
	[PROC_CTLD] = &ctld,
	[PROC_RESOLVERD] = &resolverd,
};

void
talk_over(void)
{
	int p;

	for (p = 0; p < PROC_COUNT; p++) {
		memset(links[p], 0, sizeof(*links[p]));
		links[p]->host = &host;
		links[p]->peer = (enum proc)p;
		imsg_init(&links[p]->chan, kid.link[p]);
	}
}

void
talk_start(enum proc p, enum mode mode)
{
	kid_world();
	kid_mode = mode;
	kid_start(&kid, p, PIECE_LINKS);
	talk_over();
}

void
hang_up(enum proc p)
{
	imsg_clear(&links[p]->chan);
	kid.link[p] = -1;
}

static void
keep_line(const struct imsg *m)
{
	snprintf(kid.log, sizeof(kid.log), "%.*s", (int)m->len - 3,
	    (const char *)m->data + 3);
	fprintf(stderr, "# %s\n", kid.log);
}

bool
next(struct link *l, struct imsg *m, int ms)
{
	struct pollfd p = { l->chan.fd, POLLIN, 0 };
	int got;

	for (;;) {
		got = imsg_recv(&l->chan, m);
		if (got == -1)
			return false;
		if (got == 1 && m->type != MSG_LOG)
			return true;
		if (got == 1)
			keep_line(m);
		else if (poll(&p, 1, ms) != 1)
			return false;
	}
}

void
expect(struct link *l, uint16_t type, struct imsg *m)
{
	ck_assert_msg(next(l, m, SLOW), "no message %04x", type);
	ck_assert_msg(m->type == type, "%04x came, not %04x", m->type, type);
}

void
expect_fault(enum proc who)
{
	enum msg_verdict v;
	enum proc sibling;
	struct imsg m;
	uint16_t type;

	expect(&parent, MSG_FAULT, &m);
	ck_assert_int_eq(fault_recv(&m, &sibling, &type, &v), 0);
	ck_assert_int_eq(sibling, who);
}

void
expect_ready(void)
{
	struct sandbox_report rep;
	struct imsg m;

	expect(&parent, MSG_READY, &m);
	ck_assert_int_eq(ready_recv(&m, &rep), 0);
	ck_assert_int_eq(rep.seccomp_mode, 2);
	ck_assert_int_eq(rep.closed, 1);
	ck_assert_uint_eq(rep.caps, 0);
	go_send(&parent);
}

void
expect_end(bool error)
{
	int status = kid_wait_exit(&kid, SLOW);

	ck_assert_msg(status != -1 && WIFEXITED(status) &&
	    (WEXITSTATUS(status) != 0) == error, "wait status %04x: %s",
	    (unsigned)status, kid.log);
}
