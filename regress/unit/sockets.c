/* SPDX-License-Identifier: ISC */
/*
 * The UDP sockets between a down and an up, while netd, which is played as
 * all else is, has not closed the old ones yet: the port is tried again very
 * soon, who asks for it meanwhile is not refused, and nobody hears of the up
 * before there is a socket.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parent/parent.h"
#include "unit.h"

#define PORT	51820

static struct parent p;
static char trace[1024];		/* what cryptod and netd are told */
static uint16_t held;			/* netd has not closed it yet */
static uint16_t taken;			/* another program's */
static unsigned opens;			/* tries */
static unsigned states;			/* of the sockets, that were sent */

static void
note(const char *what, unsigned n)
{
	size_t len = strlen(trace);

	ck_assert_uint_lt(len + 32, sizeof(trace));
	snprintf(trace + len, sizeof(trace) - len, "%s%s %u",
	    len > 0 ? ", " : "", what, n);
}

static void
told(const char *want)
{
	ck_assert_str_eq(trace, want);
	trace[0] = '\0';
}

/* The sockets: a pipe's end will do. */

void
udp_init(struct udp_pair *u)
{
	u->v4 = u->v6 = -1;
	u->port = 0;
}

void
udp_close(struct udp_pair *u)
{
	if (u->v4 != -1)
		close(u->v4);
	u->v4 = -1;
}

int
udp_open(struct udp_pair *u, uint16_t port, const struct udp_options *o)
{
	(void)o;
	opens++;
	if (port != 0 && (port == held || port == taken)) {
		errno = EADDRINUSE;
		return -1;
	}
	udp_init(u);
	u->v4 = dup(STDOUT_FILENO);
	u->port = port != 0 ? port : 40000;
	return 0;
}

int
udp_mark(const struct udp_pair *u, uint32_t mark)
{
	(void)u;
	(void)mark;
	return 0;
}

/* What the children hear. */

void
udp_fd_send(struct link *l, uint8_t family, uint16_t port, int fd)
{
	(void)family;
	ck_assert_ptr_eq(l, &p.member[PROC_NETD].link);
	close(fd);
	note("socket", port);
}

void
udp_close_send(struct link *l)
{
	ck_assert_ptr_eq(l, &p.member[PROC_NETD].link);
	note("close", 0);
}

void
link_state_send(struct link *l, const struct link_state *s)
{
	if (l == &p.member[PROC_CRYPTOD].link)
		note(s->up ? "up" : "down", s->mtu);
}

void
socket_state_send(struct link *l, uint16_t port, uint32_t mark)
{
	(void)l;
	(void)port;
	(void)mark;
	states++;
}

/* The rest of the parent. */

void
parent_eventf(struct parent *arg, const char *what, const char *fmt, ...)
{
	(void)arg;
	(void)what;
	(void)fmt;
}

void
follow_refresh(struct follow *f)
{
	(void)f;
}

void
kernel_moved(struct kernel *k, uint32_t ifindex)
{
	(void)k;
	(void)ifindex;
}

void
kernel_link(struct kernel *k, bool up)
{
	(void)k;
	(void)up;
}

uint32_t
kernel_mark(const char *instance, const struct conf *conf)
{
	(void)instance;
	(void)conf;
	return 0;
}

uint16_t
slots_port_load(struct slots *s)
{
	(void)s;
	return 0;
}

int
slots_port_store(struct slots *s, uint16_t port)
{
	(void)s;
	(void)port;
	return 0;
}

void
slots_port_settle(struct slots *s)
{
	(void)s;
}

void
tunfilter_marks(struct tunfilter *t, uint32_t a, uint32_t b)
{
	(void)t;
	(void)a;
	(void)b;
}

static void
quiet(void *arg, int level, const char *text)
{
	(void)arg;
	(void)level;
	(void)text;
}

static void
setup(void)
{
	log_init("test", quiet, NULL);
	p.base = event_base_new();
	p.state = SUITE_RUNNING;
	p.mode = MODE_BARE;
	p.port = PORT;
	strlcpy(p.follow.link.name, "wg0", sizeof(p.follow.link.name));
	p.follow.link.mtu = 1420;
	ck_assert_int_eq(sockets_init(&p), 0);
}

static void
teardown(void)
{
	udp_close(&p.udp);
	udp_close(&p.next);
	event_free(p.retry);
	event_base_free(p.base);
}

static void
set_link(bool up, uint32_t mtu)
{
	struct nl_link old = p.follow.link;

	p.follow.link.up = up;
	p.follow.link.mtu = mtu;
	sockets_link(&p, &old);
}

/* It was up, and is again, before netd has closed what it had. */
static void
down_and_up(void)
{
	set_link(true, 1420);
	told("socket 51820, up 1420");
	set_link(false, 1420);
	told("down 1420, close 0");
	held = PORT;
	set_link(true, 1420);
	told("");
	ck_assert_int_gt(p.soon, 0);
}

/* Until it is tried n more times; only a loop without an event is an end. */
static void
tries(unsigned n)
{
	unsigned end = opens + n;

	while (opens < end)
		ck_assert_int_eq(event_base_loop(p.base, EVLOOP_ONCE), 0);
}

static void
nothing_waits(void)
{
	ck_assert_int_eq(event_pending(p.retry, EV_TIMEOUT, NULL), 0);
}

/* netd is done, and the port is had by itself. */
static void
netd_closes(void)
{
	held = 0;
	tries(1);
	ck_assert_uint_eq(p.udp.port, PORT);
	nothing_waits();
}

START_TEST(soon)
{
	down_and_up();
	tries(2);
	told("");
	netd_closes();
	told("socket 51820, up 1420");
}
END_TEST

/* wg set and wg syncconf name the port that we have anyway. */
START_TEST(same_port)
{
	down_and_up();
	ck_assert_int_eq(sockets_listen(&p, PORT), 0);
	told("");
	tries(1);
	ck_assert_int_eq(sockets_listen(&p, PORT), 0);
	netd_closes();
	told("socket 51820, up 1420");
	ck_assert_int_eq(sockets_listen(&p, PORT), 0);
	told("");
}
END_TEST

/* Another one is there at once, and netd keeps nobody waiting. */
START_TEST(other_port)
{
	down_and_up();
	ck_assert_int_eq(sockets_listen(&p, 7000), 0);
	told("socket 7000, up 1420");
	ck_assert_uint_eq(p.port, 7000);
	nothing_waits();
	/* Down and up again: it is this one that is waited for. */
	set_link(false, 1420);
	told("down 1420, close 0");
	held = 7000;
	set_link(true, 1420);
	ck_assert_int_eq(sockets_listen(&p, 7000), 0);
	held = 0;
	tries(1);
	told("socket 7000, up 1420");
}
END_TEST

/* One that the kernel is to choose. */
START_TEST(any_port)
{
	down_and_up();
	ck_assert_int_eq(sockets_listen(&p, 0), 0);
	told("socket 40000, up 1420");
	nothing_waits();
}
END_TEST

/* Another one that another program has: ours is still waited for. */
START_TEST(taken_port)
{
	down_and_up();
	taken = 7000;
	ck_assert_int_eq(sockets_listen(&p, 7000), EADDRINUSE);
	told("");
	ck_assert_uint_eq(p.port, PORT);
	netd_closes();
	told("socket 51820, up 1420");
}
END_TEST

/* It is not netd that has it: from then on, who asks is told the truth. */
START_TEST(not_soon)
{
	down_and_up();
	tries((unsigned)p.soon + 1);
	told("up 1420");
	ck_assert_int_eq(p.bind_error, EADDRINUSE);
	ck_assert_int_eq(sockets_listen(&p, PORT), EADDRINUSE);
	ck_assert_int_ne(event_pending(p.retry, EV_TIMEOUT, NULL), 0);
	/* And of changes, since nothing else will tell of them soon. */
	set_link(true, 1400);
	told("up 1400");
	held = 0;
	ck_assert_int_eq(sockets_listen(&p, PORT), 0);
	told("socket 51820, up 1400");
	nothing_waits();
}
END_TEST

/* A change of the link is no reason to hear of the up before its socket. */
START_TEST(mtu_meanwhile)
{
	down_and_up();
	set_link(true, 1400);
	told("");
	tries(1);
	told("");
	netd_closes();
	told("socket 51820, up 1400");
	set_link(true, 1380);
	told("up 1380");
	set_link(false, 1380);
	told("down 1380, close 0");
	set_link(false, 1420);
	told("down 1420");
}
END_TEST

/* Down again meanwhile: nothing is tried, and changes are told. */
START_TEST(down_meanwhile)
{
	down_and_up();
	set_link(false, 1420);
	told("down 1420");
	nothing_waits();
	set_link(false, 1400);
	told("down 1400");
	ck_assert_int_eq(sockets_listen(&p, 7000), 0);
	told("");
	set_link(true, 1400);
	told("socket 7000, up 1400");
}
END_TEST

/* A reload just then: the sockets are opened by its end, or soon after. */
START_TEST(reload_meanwhile)
{
	struct conf conf = { .port = PORT };
	char why[128];

	down_and_up();
	p.mode = MODE_CONFIGURED;
	ck_assert_int_eq(sockets_prepare(&p, &conf, why, sizeof(why)), 0);
	sockets_commit(&p);
	told("");
	netd_closes();
	told("socket 51820, up 1420");
	/* It comes up by the reload itself, and another MTU with it. */
	set_link(false, 1420);
	held = PORT;
	trace[0] = '\0';
	ck_assert_int_eq(sockets_prepare(&p, &conf, why, sizeof(why)), 0);
	set_link(true, 1420);
	set_link(true, 1400);
	told("");
	sockets_commit(&p);
	told("");
	netd_closes();
	told("socket 51820, up 1400");
}
END_TEST

/* It came up between the last look and GO, which looks again: one up. */
START_TEST(up_at_go)
{
	set_link(true, 1420);
	sockets_begin(&p);
	told("socket 51820, up 1420");
	ck_assert_uint_eq(p.count.link_up, 1);
	ck_assert_int_eq(p.bind_error, 0);
	ck_assert_int_eq(p.soon, 0);
	nothing_waits();
}
END_TEST

/* The same with a port that is not to be had yet. */
START_TEST(tries_at_go)
{
	held = PORT;
	set_link(true, 1420);
	sockets_begin(&p);
	told("");
	ck_assert_uint_eq(opens, 1);
	ck_assert_uint_eq(p.count.link_up, 1);
	netd_closes();
	told("socket 51820, up 1420");
}
END_TEST

/* Known to be up before, which is told only from GO on; or down. */
START_TEST(known_at_go)
{
	p.state = SUITE_STARTING;
	set_link(true, 1420);
	told("");
	p.state = SUITE_RUNNING;
	sockets_begin(&p);
	told("socket 51820, up 1420");
	ck_assert_uint_eq(p.count.link_up, 1);
	nothing_waits();
}
END_TEST

START_TEST(down_at_go)
{
	sockets_begin(&p);
	told("down 1420");
	ck_assert_uint_eq(states, 2);
	ck_assert_uint_eq(opens, 0);
	nothing_waits();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("sockets");
	TCase *tc = tcase_create("sockets");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, soon);
	tcase_add_test(tc, same_port);
	tcase_add_test(tc, other_port);
	tcase_add_test(tc, any_port);
	tcase_add_test(tc, taken_port);
	tcase_add_test(tc, not_soon);
	tcase_add_test(tc, mtu_meanwhile);
	tcase_add_test(tc, down_meanwhile);
	tcase_add_test(tc, reload_meanwhile);
	tcase_add_test(tc, up_at_go);
	tcase_add_test(tc, tries_at_go);
	tcase_add_test(tc, known_at_go);
	tcase_add_test(tc, down_at_go);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("sockets", suite());
}
