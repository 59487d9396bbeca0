/* SPDX-License-Identifier: ISC */
/*
 * Links: who is told what when the other side breaks the rules, back-pressure
 * and the end of a link.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <unistd.h>

#include "shared/bytes.h"
#include "shared/link.h"
#include "shared/log.h"
#include "unit.h"

static struct event_base *base;
static struct link_host host;		/* ctld, or the parent */
static struct link up, side;		/* to the parent, to cryptod */
static struct imsg_chan parent, cryptod;	/* their ends */
static struct imsg m;
static int handled, result, drains, losses;
static bool keep_fd, answer;

static void
quiet(void *arg, int level, const char *text)
{
	(void)arg;
	(void)level;
	(void)text;
}

static int
handler(void *arg, struct link *l, struct imsg *in)
{
	ck_assert_ptr_eq(arg, &handled);
	handled++;
	if (answer)
		link_send(l, MSG_SET_END, 0, -1, NULL, 0);
	if (keep_fd)
		in->fd = -1;
	return result;
}

static const struct link_row rows[] = {
	{ MSG_DEVICE, handler },
	{ MSG_SET_DONE, handler },
	{ MSG_LOG_LEVEL, handler },
	{ MSG_LINK_FD, handler },
};

static void
drained(void *arg, struct link *l)
{
	ck_assert_ptr_eq(arg, &handled);
	ck_assert_uint_eq(link_queued(l), 0);
	drains++;
}

static void
lost(void *arg, struct link *l, enum msg_verdict v, const char *why)
{
	(void)arg;
	(void)l;
	ck_assert(v != MSG_OK);
	ck_assert_ptr_nonnull(why);
	losses++;
}

static void
pair(struct link *l, enum proc peer, struct imsg_chan *end)
{
	int s[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, s), 0);
	ck_assert_int_eq(link_open(l, &host, peer, s[0]), 0);
	imsg_init(end, s[1]);
}

static void
setup(void)
{
	log_init("test", quiet, NULL);
	base = event_base_new();
	host.base = base;
	host.self = PROC_CTLD;
	host.phase = PHASE_RUN;
	host.rows = rows;
	host.nrows = sizeof(rows) / sizeof(rows[0]);
	host.arg = &handled;
	host.parent = &up;
	pair(&up, PROC_PARENT, &parent);
	pair(&side, PROC_CRYPTOD, &cryptod);
	side.drained = drained;
}

static void
turn(void)
{
	int i;

	for (i = 0; i < 4; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
from_cryptod(uint16_t type, const void *p, size_t len)
{
	ck_assert_int_eq(imsg_send(&cryptod, type, 0, -1, p, len), 0);
	turn();
}

/* The parent was told of cryptod's breach. */
static void
expect_fault(uint16_t type, enum msg_verdict v)
{
	ck_assert_int_eq(imsg_recv(&parent, &m), 1);
	ck_assert_uint_eq(m.type, MSG_FAULT);
	ck_assert_uint_eq(m.len, 4);
	ck_assert_uint_eq(m.data[0], PROC_CRYPTOD);
	ck_assert_uint_eq(get_le16(m.data + 1), type);
	ck_assert_uint_eq(m.data[3], v);
}

START_TEST(handled_once)
{
	from_cryptod(MSG_SET_DONE, "\0\0\0\0", 4);
	ck_assert_int_eq(handled, 1);
	ck_assert_int_eq(imsg_recv(&parent, &m), 0);
	ck_assert_uint_eq(side.chan.counts[msg_row_index(msg_row(
	    MSG_SET_DONE))].received, 1);
}
END_TEST

START_TEST(breaches)
{
	from_cryptod(MSG_SOCKET_DONE, "\0\0\0\0", 4);	/* the parent's */
	expect_fault(MSG_SOCKET_DONE, MSG_FORBIDDEN);
	from_cryptod(MSG_READY, (char [60]){ 0 }, 60);
	expect_fault(MSG_READY, MSG_FORBIDDEN);
	host.phase = PHASE_SETUP;
	from_cryptod(MSG_SET_DONE, "\0\0\0\0", 4);
	expect_fault(MSG_SET_DONE, MSG_PHASE);
	host.phase = PHASE_RUN;
	from_cryptod(MSG_SHOW_END, NULL, 0);	/* admitted, but no handler */
	expect_fault(MSG_SHOW_END, MSG_FORBIDDEN);
	ck_assert_int_eq(handled, 0);
	result = -1;
	from_cryptod(MSG_SET_DONE, "\0\0\0\0", 4);
	ck_assert_int_eq(handled, 1);
	expect_fault(MSG_SET_DONE, MSG_CONTENT);
	ck_assert_uint_ge(side.chan.counts[msg_row_index(msg_row(
	    MSG_SET_DONE))].refused, 2);
	ck_assert(link_is_open(&side));
}
END_TEST

START_TEST(not_a_message)
{
	ck_assert_int_eq((int)write(cryptod.fd, "xyz", 3), 3);
	turn();
	expect_fault(0, MSG_SIZE);
	ck_assert_int_eq((int)write(cryptod.fd,
	    "\x99\x99\0\0\0\0\0\0\0\0\0\0", 12), 12);
	turn();
	expect_fault(0x9999, MSG_UNKNOWN);
	ck_assert_int_eq(handled, 0);
}
END_TEST

/* A descriptor that the handler does not take is closed. */
START_TEST(descriptors)
{
	int s[2], t[2], before, after;
	uint8_t one = PROC_NETD;

	host.phase = PHASE_SETUP;
	before = dup(0);
	close(before);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	ck_assert_int_eq(imsg_send(&parent, MSG_LINK_FD, 0, s[0], &one, 1),
	    0);
	close(s[1]);
	turn();
	ck_assert_int_eq(handled, 1);
	after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
	keep_fd = true;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, t), 0);
	ck_assert_int_eq(imsg_send(&parent, MSG_LINK_FD, 0, t[0], &one, 1),
	    0);
	turn();
	ck_assert_int_eq(handled, 2);
	/* The other end is still there. */
	ck_assert_int_eq((int)send(t[1], "x", 1, MSG_NOSIGNAL), 1);
}
END_TEST

/* No number is free for the descriptor that comes: it is lost. */
START_TEST(no_room_for_it)
{
	struct rlimit before, none;
	int s[2];

	side.chan.no_fds = false;	/* as between cryptod and netd */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	ck_assert_int_eq(imsg_send(&cryptod, MSG_SET_DONE, 0, s[0],
	    "\0\0\0\0", 4), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	turn();
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq(handled, 0);
	expect_fault(0, MSG_FD);
	/* The parent decides; the link goes on. */
	from_cryptod(MSG_SET_DONE, "\0\0\0\0", 4);
	ck_assert_int_eq(handled, 1);
	close(s[1]);
}
END_TEST

/* cryptod has none to give to ctld: it never gets a number here. */
START_TEST(not_from_this_one)
{
	int s[2], before, after;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	ck_assert_int_eq(imsg_send(&cryptod, MSG_SET_DONE, 0, s[0],
	    "\0\0\0\0", 4), 0);
	before = dup(0);
	close(before);
	ck_assert(side.chan.no_fds);
	ck_assert(!up.chan.no_fds);
	turn();
	after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
	ck_assert_int_eq(handled, 0);
	expect_fault(MSG_SET_DONE, MSG_FD);
	/* The kernel has closed it. */
	ck_assert_int_eq((int)send(s[1], "x", 1, MSG_NOSIGNAL), -1);
	from_cryptod(MSG_SET_DONE, "\0\0\0\0", 4);
	ck_assert_int_eq(handled, 1);
}
END_TEST

/* The parent's breach is the end of a child. */
START_TEST(parent_breach)
{
	ck_assert_int_eq(imsg_send(&parent, MSG_SET_DONE, 0, -1, "\0\0\0\0",
	    4), 0);
	turn();
}
END_TEST

START_TEST(parent_gone)
{
	imsg_clear(&parent);
	turn();
	ck_abort_msg("a child outlived its parent's link");
}
END_TEST

START_TEST(sibling_gone)
{
	int fd = dup(0);

	imsg_clear(&cryptod);
	turn();
	ck_assert(!link_is_open(&side));
	link_send(&side, MSG_SET_END, 0, -1, NULL, 0);	/* nothing happens */
	/* But a descriptor was given away in any case. */
	link_send(&side, MSG_RING, 0, fd, "", 1);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	/* The parent is told once: it may live and only pretend. */
	ck_assert_int_eq(imsg_recv(&parent, &m), 1);
	ck_assert_int_eq(m.type, MSG_FAULT);
	ck_assert_int_eq(m.data[0], PROC_CRYPTOD);
	ck_assert_int_eq(m.data[3], MSG_CLOSED);
	ck_assert_int_eq(imsg_recv(&parent, &m), 0);
	link_close(&side);
	link_close(&side);
}
END_TEST

START_TEST(in_the_parent)
{
	host.self = PROC_PARENT;
	host.lost = lost;
	from_cryptod(MSG_SET_DONE, "\0\0\0\0", 4);
	ck_assert_int_eq(losses, 1);
	ck_assert(!link_is_open(&side));
	turn();
	ck_assert_int_eq(losses, 1);
	imsg_clear(&parent);		/* here: a child */
	turn();
	ck_assert_int_eq(losses, 2);
}
END_TEST

/* cryptod says that much and dies. */
static void
die_after(int words)
{
	for (; words > 0; words--)
		ck_assert_int_eq(imsg_send(&cryptod, MSG_SET_DONE, 0, -1,
		    "\0\0\0\0", 4), 0);
	imsg_clear(&cryptod);
}

/*
 * What it said last may come after what it wanted an answer to.  The second
 * time we had stopped reading, and found out by sending to it.
 */
START_TEST(last_words)
{
	host.lost = lost;
	answer = true;
	if (_i == 1)
		link_pause(&side);
	die_after(100);
	if (_i == 1)
		link_send(&side, MSG_SET_END, 0, -1, NULL, 0);
	ck_assert_int_eq(losses, _i);
	link_last_words(&side, 1000);
	ck_assert_int_eq(handled, 100);
	ck_assert(!link_is_open(&side));
	link_close(&side);
	link_last_words(&side, 1000);
}
END_TEST

/* One that says more than we listen to must not keep the loop busy. */
START_TEST(too_many_last_words)
{
	static uint8_t big[MSG_PAYLOAD];

	host.lost = lost;
	while (link_queued(&side) == 0)
		link_send(&side, MSG_SET_ITEMS, 0, -1, big, sizeof(big));
	ck_assert(event_pending(side.wr, EV_WRITE, NULL));
	die_after(100);
	link_last_words(&side, 50);
	ck_assert_int_eq(handled, 50);
	ck_assert(!link_is_open(&side));
	ck_assert(!event_pending(side.rd, EV_READ, NULL));
	ck_assert(!event_pending(side.wr, EV_WRITE, NULL));
	turn();
	ck_assert_int_eq(handled, 50);
	ck_assert_int_eq(losses, 0);
}
END_TEST

START_TEST(pausing)
{
	int i;

	link_pause(&side);
	for (i = 0; i < 3; i++)
		from_cryptod(MSG_SET_DONE, "\0\0\0\0", 4);
	ck_assert_int_eq(handled, 0);
	link_resume(&side);
	link_resume(&side);
	turn();
	ck_assert_int_eq(handled, 3);
}
END_TEST

/* What may have been a key does not stay in the buffer (P19). */
START_TEST(wiped)
{
	static const uint8_t zero[MSG_MAX];

	from_cryptod(MSG_SET_DONE, "\1\2\3\4", 4);
	ck_assert_int_eq(handled, 1);
	ck_assert_mem_eq(side.chan.buf, zero, sizeof(zero));
	result = -1;
	from_cryptod(MSG_SET_DONE, "\1\2\3\4", 4);
	ck_assert_mem_eq(side.chan.buf, zero, sizeof(zero));
}
END_TEST

/* A turn of the loop takes a bounded number of messages (P46). */
START_TEST(bounded)
{
	int i;

	for (i = 0; i < 40; i++)
		ck_assert_int_eq(imsg_send(&cryptod, MSG_SET_DONE, 0, -1,
		    "\0\0\0\0", 4), 0);
	event_base_loop(base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	ck_assert_int_gt(handled, 0);
	ck_assert_int_le(handled, 16);
	turn();
	ck_assert_int_eq(handled, 40);
}
END_TEST

START_TEST(draining)
{
	static uint8_t big[MSG_PAYLOAD];
	int n = 0, r = 0;

	while (link_queued(&side) == 0) {
		link_send(&side, MSG_SET_ITEMS, 0, -1, big, sizeof(big));
		n++;
	}
	turn();
	ck_assert_int_eq(drains, 0);
	while (drains == 0) {
		while (imsg_recv(&cryptod, &m) == 1)
			r++;
		turn();
	}
	while (imsg_recv(&cryptod, &m) == 1)
		r++;
	ck_assert_int_eq(n, r);
	turn();
	ck_assert_int_eq(drains, 1);
}
END_TEST

/* A last word is waited for, but not for ever. */
START_TEST(flushing)
{
	static uint8_t big[MSG_PAYLOAD];
	int n = 0, r = 0;
	pid_t pid;

	link_flush(&side, 1000);	/* nothing waits */
	while (link_queued(&side) == 0) {
		link_send(&side, MSG_SET_ITEMS, 0, -1, big, sizeof(big));
		n++;
	}
	link_flush(&side, 1);		/* nobody reads */
	ck_assert_uint_gt(link_queued(&side), 0);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		while (r < n)
			if (imsg_recv(&cryptod, &m) == 1)
				r++;
		_exit(0);
	}
	link_flush(&side, 5000);
	ck_assert_uint_eq(link_queued(&side), 0);
	ck_assert_int_eq(waitpid(pid, &r, 0), pid);
	ck_assert_int_eq(r, 0);
	while (link_queued(&side) == 0)
		link_send(&side, MSG_SET_ITEMS, 0, -1, big, sizeof(big));
	imsg_clear(&cryptod);
	link_flush(&side, 1000);	/* and nobody is there */
	ck_assert_uint_gt(link_queued(&side), 0);
	link_close(&side);
	link_flush(&side, 1000);
}
END_TEST

/* As many descriptors under way as a user may have: no loss, and no spinning. */
START_TEST(stuck)
{
	const struct rlimit few = { 32, 32 };
	uint8_t one = 1;
	int i, n = 0, r = 0;

	if (geteuid() != 0) {
		unit_skip("stuck", "it takes root");
		return;
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(setresuid(54322, 54322, 54322), 0);
	for (; link_queued(&side) == 0 && n < 1000; n++)
		link_send(&side, MSG_LINK_FD, 0, open("/dev/null", O_RDONLY),
		    &one, 1);
	ck_assert(link_is_open(&side));
	ck_assert(!event_pending(side.wr, EV_WRITE, NULL));
	for (i = 0; i < 5; i++) {
		event_base_loop(base, EVLOOP_ONCE);
		ck_assert(!event_pending(side.wr, EV_WRITE, NULL));
		ck_assert(event_pending(side.later, EV_TIMEOUT, NULL));
	}
	while (drains == 0) {
		while (imsg_recv(&cryptod, &m) == 1) {
			close(m.fd);
			r++;
		}
		event_base_loop(base, EVLOOP_ONCE);
	}
	while (imsg_recv(&cryptod, &m) == 1)
		r++;
	ck_assert_int_eq(n, r);
	ck_assert(!event_pending(side.later, EV_TIMEOUT, NULL));
}
END_TEST

/* What a row's limit says "close" to ends the link, not the process. */
START_TEST(overflow)
{
	static uint8_t big[MSG_PAYLOAD];
	int i;

	for (i = 0; i < 200; i++)
		link_send(&side, MSG_SET_ITEMS, 0, -1, big, sizeof(big));
	ck_assert(!link_is_open(&side));
	ck_assert(link_is_open(&up));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("link");
	TCase *tc = tcase_create("link");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, handled_once);
	tcase_add_test(tc, breaches);
	tcase_add_test(tc, not_a_message);
	tcase_add_test(tc, descriptors);
	tcase_add_test(tc, not_from_this_one);
	tcase_add_test(tc, no_room_for_it);
	tcase_add_exit_test(tc, parent_breach, 1);
	tcase_add_exit_test(tc, parent_gone, 1);
	tcase_add_test(tc, sibling_gone);
	tcase_add_test(tc, in_the_parent);
	tcase_add_loop_test(tc, last_words, 0, 2);
	tcase_add_test(tc, too_many_last_words);
	tcase_add_test(tc, pausing);
	tcase_add_test(tc, wiped);
	tcase_add_test(tc, bounded);
	tcase_add_test(tc, draining);
	tcase_add_test(tc, flushing);
	tcase_add_test(tc, stuck);
	tcase_add_test(tc, overflow);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("link", suite());
}
