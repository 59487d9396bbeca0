/* SPDX-License-Identifier: ISC */
/*
 * What a child that was taken over may say to the parent of others, and how
 * often: a helper's word ends no other, and nobody fills the log.
 */
#include <string.h>

#include "parent/parent.h"
#include "unit.h"

static struct parent p;
static int lines, killed, doomed, ended, listens;

static void
count(void *arg, int level, const char *text)
{
	(void)arg;
	(void)level;
	(void)text;
	lines++;
}

/* The rest of the parent. */

struct member *
suite_member(struct parent *arg, struct link *l)
{
	return &arg->member[l->peer];
}

struct member *
suite_next(struct parent *arg, struct member *m)
{
	(void)arg;
	(void)m;
	return NULL;
}

void
suite_kill(struct member *m)
{
	ck_assert_int_eq(m->proc, PROC_RESOLVERD);
	killed++;
}

void
suite_doom(struct member *m)
{
	(void)m;
	doomed++;
}

void
suite_end(struct parent *arg, int status)
{
	(void)status;
	arg->state = SUITE_ENDING;
	ended++;
}

void
suite_ready(struct member *m, const struct sandbox_report *r)
{
	(void)m;
	(void)r;
}

int
sockets_listen(struct parent *arg, uint16_t port)
{
	(void)arg;
	(void)port;
	listens++;
	return 0;
}

int
sockets_mark(struct parent *arg, uint32_t mark)
{
	(void)arg;
	(void)mark;
	return 0;
}

int
parent_show(struct parent *arg, struct link *l, uint32_t id, uint8_t topic)
{
	(void)arg;
	(void)l;
	(void)id;
	(void)topic;
	return 0;
}

int
parent_helper_row(struct parent *arg, const struct imsg *m)
{
	(void)arg;
	(void)m;
	return 0;
}

int
parent_helper_show_end(struct parent *arg, const struct imsg *m)
{
	(void)arg;
	(void)m;
	return 0;
}

void
dns_wanted(struct parent *arg)
{
	(void)arg;
}

#define HANDLER(name)							\
int									\
name(void *arg, struct link *l, struct imsg *m)				\
{									\
	(void)arg;							\
	(void)l;							\
	(void)m;							\
	return 0;							\
}
HANDLER(reload_on_ready)
HANDLER(reload_on_no)
HANDLER(reload_on_done)
HANDLER(reload_on_slot_want)
HANDLER(reload_on_slot_written)
HANDLER(reload_on_reload)

static void
setup(void)
{
	int i;

	memset(&p, 0, sizeof(p));
	p.state = SUITE_RUNNING;
	p.mode = MODE_CONFIGURED;
	for (i = 0; i < PROC_COUNT; i++) {
		p.member[i].parent = &p;
		p.member[i].proc = i;
		p.member[i].pid = 1000 + i;
		p.member[i].link.peer = i;
	}
	lines = killed = doomed = ended = listens = 0;
	log_init("dispatch", count, NULL);
}

static int
say(enum proc from, struct imsg *m)
{
	size_t i;

	for (i = 0; i < parent_nrows; i++)
		if (parent_rows[i].type == m->type)
			return parent_rows[i].fn(&p, &p.member[from].link, m);
	ck_abort_msg("no handler");
}

static int
say_fault(enum proc from, enum proc about, enum msg_verdict v)
{
	uint8_t data[4] = { about, MSG_ROW & 0xff, MSG_ROW >> 8, v };
	struct imsg m = { .type = MSG_FAULT, .fd = -1, .data = data,
	    .len = sizeof(data) };

	return say(from, &m);
}

START_TEST(helpers_word)
{
	ck_assert_int_eq(say_fault(PROC_RESOLVERD, PROC_NETD, MSG_CONTENT),
	    0);
	ck_assert_int_eq(say_fault(PROC_RESOLVERD, PROC_NETD, MSG_CLOSED), 0);
	ck_assert_int_eq(killed, 1);
	ck_assert_int_eq(doomed, 0);
	ck_assert_int_eq(ended, 0);
	ck_assert_int_eq(say_fault(PROC_RESOLVERD, PROC_RESOLVERD,
	    MSG_CONTENT), -1);
	ck_assert_int_eq(say_fault(PROC_NETD, PROC_PARENT, MSG_CONTENT), -1);
}
END_TEST

START_TEST(of_a_dead_helper)
{
	int i;

	ck_assert_int_eq(say_fault(PROC_NETD, PROC_RESOLVERD, MSG_CONTENT),
	    0);
	ck_assert_int_eq(killed, 1);
	p.member[PROC_RESOLVERD].pid = 0;
	lines = 0;
	for (i = 0; i < 1000; i++)
		ck_assert_int_eq(say_fault(PROC_NETD, PROC_RESOLVERD,
		    MSG_CONTENT), 0);
	ck_assert_int_eq(lines, 0);
	ck_assert_int_eq(killed, 1);
	ck_assert_int_eq(ended, 0);
}
END_TEST

START_TEST(at_the_end)
{
	int i;

	for (i = 0; i < 1000; i++)
		ck_assert_int_eq(say_fault(PROC_CTLD, PROC_CRYPTOD,
		    MSG_CONTENT), 0);
	ck_assert_int_eq(ended, 1);
	ck_assert_int_eq(lines, 1);
}
END_TEST

/* Who asks for port after port does not fill netd's queue, which ends it. */
START_TEST(ports_and_a_slow_netd)
{
	const struct msg_row *row = msg_row(MSG_UDP_FD);
	uint16_t *waiting = &p.member[PROC_NETD].link.chan.waiting[
	    msg_row_index(row)];
	struct imsg m = { .type = MSG_LISTEN_SET, .fd = -1,
	    .data = (const uint8_t *)"\1\2", .len = 2 };

	for (*waiting = 0; *waiting < row->queue; *waiting += 2) {
		listens = 0;
		ck_assert_int_eq(say(PROC_CTLD, &m), 0);
		/* Two more, of both families, must fit. */
		ck_assert(listens == 0 || *waiting + 2 <= row->queue);
		ck_assert_int_eq(listens, *waiting < 4);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dispatch");
	TCase *tc = tcase_create("dispatch");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, helpers_word);
	tcase_add_test(tc, of_a_dead_helper);
	tcase_add_test(tc, at_the_end);
	tcase_add_test(tc, ports_and_a_slow_netd);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("dispatch", suite());
}
