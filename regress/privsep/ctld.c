/* SPDX-License-Identifier: ISC */
/*
 * ctld in its own sandbox, with siblings whose answers are well formed and
 * yet wrong: without end, in circles, to nobody.  It tells the parent, and
 * neither loops nor grows.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ctld/client.h"
#include "regress/privsep/play.h"
#include "shared/msg_crypto.h"
#include "unit.h"

static int client;

static void
setup(void)
{
	kid_world();
	kid_run(&kid, PROC_CTLD);
	client = -1;
}

static void
teardown(void)
{
	if (client != -1)
		close(client);
	kid_end(&kid);
}

static void
ask_get(void)
{
	uint8_t device[70] = { 0 };
	uint32_t id;

	client = dial(kid.listener[LISTENER_UAPI]);
	ck_assert_int_eq(write(client, "get=1\n\n", 7), 7);
	id = asked(PROC_CRYPTOD, MSG_GET_DEVICE);
	ck_assert_int_eq(answer(PROC_CRYPTOD, MSG_DEVICE, id, device,
	    sizeof(device)), 0);
}

static void
say_page(uint32_t id, uint32_t device, uint64_t serial)
{
	struct peer_cursor cur = { device, serial };
	uint8_t buf[64];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_peers_head(&w, false, &cur);
	ck_assert_int_eq(answer(PROC_CRYPTOD, MSG_PEERS, id, w.p, w.len), 0);
}

/* {to device, to serial} after {5, 7}. */
static const struct {
	uint32_t	device;
	uint64_t	serial;
} circles[] = {
	{ 5, 7 }, { 5, 6 }, { 5, 0 }, { 4, 8 }, { 0, 0 }
};

START_TEST(peers_in_circles)
{
	char text[512];

	setup();
	ask_get();
	say_page(asked(PROC_CRYPTOD, MSG_GET_PEERS), 5, 0);
	say_page(asked(PROC_CRYPTOD, MSG_GET_PEERS), 5, 7);
	say_page(asked(PROC_CRYPTOD, MSG_GET_PEERS), circles[_i].device,
	    circles[_i].serial);
	faulted(PROC_CRYPTOD, MSG_PEERS);
	read_all(client, text, sizeof(text));
	ck_assert_str_eq(text, "errno=110\n\n");
	teardown();
}
END_TEST

START_TEST(peers_go_on)
{
	setup();
	ask_get();
	say_page(asked(PROC_CRYPTOD, MSG_GET_PEERS), 5, 0);
	say_page(asked(PROC_CRYPTOD, MSG_GET_PEERS), 5, 7);
	say_page(asked(PROC_CRYPTOD, MSG_GET_PEERS), 5, 8);
	say_page(asked(PROC_CRYPTOD, MSG_GET_PEERS), 6, 0);
	asked(PROC_CRYPTOD, MSG_GET_PEERS);
	hear(0);
	ck_assert_uint_eq(kid.faults, 0);
	teardown();
}
END_TEST

/* What nobody asked for: of no id, of an old one, twice. */
START_TEST(wrong_ids)
{
	uint8_t device[70] = { 0 };
	uint32_t id;

	setup();
	client = dial(kid.listener[LISTENER_UAPI]);
	ck_assert_int_eq(write(client, "get=1\n\n", 7), 7);
	id = asked(PROC_CRYPTOD, MSG_GET_DEVICE);
	answer(PROC_CRYPTOD, MSG_DEVICE, _i == 0 ? 0 : id + 1, device,
	    sizeof(device));
	faulted(PROC_CRYPTOD, MSG_DEVICE);
	kid.faults = 0;
	answer(PROC_CRYPTOD, MSG_DEVICE, id, device, sizeof(device));
	asked(PROC_CRYPTOD, MSG_GET_PEERS);
	answer(PROC_CRYPTOD, MSG_DEVICE, id, device, sizeof(device));
	faulted(PROC_CRYPTOD, MSG_DEVICE);
	teardown();
}
END_TEST

START_TEST(set_out_of_order)
{
	uint8_t done[4] = { 0 }, ids[8] = { 0 };
	static const char set[] = "set=1\npublic_key="
	    "0000000000000000000000000000000000000000000000000000000000000007"
	    "\nendpoint=192.0.2.1:1\n\n";
	uint32_t id;

	setup();
	client = dial(kid.listener[LISTENER_UAPI]);
	ck_assert_int_gt(write(client, set, sizeof(set) - 1), 0);
	id = asked(PROC_CRYPTOD, MSG_SET_BEGIN);
	asked(PROC_CRYPTOD, MSG_SET_ITEMS);
	asked(PROC_CRYPTOD, MSG_SET_END);
	/* Done, before the ids; more ids than peers; netd before its time. */
	if (_i == 0)
		answer(PROC_CRYPTOD, MSG_SET_DONE, id, done, sizeof(done));
	else if (_i == 1)
		answer(PROC_CRYPTOD, MSG_SET_IDS, id, ids, sizeof(ids));
	else
		answer(PROC_NETD, MSG_SYNCED, id, NULL, 0);
	faulted(_i == 2 ? PROC_NETD : PROC_CRYPTOD, _i == 0 ? MSG_SET_DONE :
	    _i == 1 ? MSG_SET_IDS : MSG_SYNCED);
	teardown();
}
END_TEST

static void
ask_show(enum show_topic topic)
{
	uint8_t buf[64];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	ctl_show_write(&w, 1, topic);
	client = ctl_dial(kid.listener[LISTENER_CONTROL], &w);
}

/* Rows without end, to a client that reads and to one that does not. */
START_TEST(rows_without_end)
{
	uint8_t buf[ROW_MAX];
	char text[3000];
	struct wbuf w;
	uint32_t id;
	long rss;
	int n;

	setup();
	ask_show(SHOW_CRYPTO);
	id = asked(PROC_CRYPTOD, MSG_SHOW);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	row_begin(&w, buf, sizeof(buf), "crypto");
	row_str(&w, "text", text);
	rss = kid_rss(&kid);
	for (n = 0; n < 100000 && kid.faults == 0; n++) {
		while (answer(PROC_CRYPTOD, MSG_ROW, id, w.p, w.len) == -1 &&
		    kid.faults == 0)
			hear(10);
		hear(0);
	}
	ck_assert_int_lt(n, 10000);
	faulted(PROC_CRYPTOD, MSG_ROW);
	ck_assert_msg(kid_rss(&kid) - rss < 8192, "grew by %ld KiB",
	    kid_rss(&kid) - rss);
	teardown();
}
END_TEST

/* Words of a request, and a descriptor with them. */
static void
give(int to, int fd)
{
	union {
		struct cmsghdr	 hdr;
		uint8_t		 buf[CMSG_SPACE(sizeof(int))];
	} cbuf;
	struct iovec iov = { (void *)(uintptr_t)"get=1\n", 6 };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = cbuf.buf, .msg_controllen = sizeof(cbuf.buf) };

	cbuf.hdr = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
	    .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(&cbuf.hdr), &fd, sizeof(int));
	/* The second time it may have hung up. */
	(void)sendmsg(to, &mh, MSG_NOSIGNAL);
}

/* It stands still while much comes for it. */
static void
stopped(bool on)
{
	int status;

	ck_assert_int_eq(kill(kid.pid, on ? SIGSTOP : SIGCONT), 0);
	if (on)
		ck_assert_int_eq(waitpid(kid.pid, &status, WUNTRACED),
		    kid.pid);
}

/* No rows: these processes, one after another, end what they are asked. */
static void
end_show(enum proc from, enum proc to)
{
	enum proc p;

	for (p = from; p <= to; p++)
		answer(p, MSG_SHOW_END, asked(p, MSG_SHOW), NULL, 0);
}

/* How many questions for the device come up to that of a get. */
static int
questions(void)
{
	int n = 1;

	for (; asked(PROC_CRYPTOD, MSG_GET_DEVICE), last_asked.data[0] == 0;
	    n++)
		ck_assert_int_lt(n, 32);
	return n;
}

#define MANY	14		/* with two more: all may be asked at a time */

/* Work that waits is done in turn with what comes meanwhile. */
START_TEST(turns)
{
	int later[MANY], first, i;
	uint32_t id;

	setup();
	ask_show(SHOW_HEALTH);
	first = client;
	id = asked(PROC_PARENT, MSG_SHOW);
	for (i = 0; i < MANY; i++) {
		ask_show(SHOW_HEALTH);
		later[i] = client;
	}
	/* When this one is answered they were all heard. */
	ask_show(SHOW_CRYPTO);
	end_show(PROC_CRYPTOD, PROC_CRYPTOD);
	ctl_end(client, 0, "");
	close(client);
	answer(PROC_PARENT, MSG_SHOW_END, id, NULL, 0);
	end_show(PROC_CRYPTOD, PROC_NETD);
	asked(PROC_CRYPTOD, MSG_GET_DEVICE);
	/* What the second one gets is good for all who came with it. */
	end_show(PROC_PARENT, PROC_CRYPTOD);
	id = asked(PROC_NETD, MSG_SHOW);
	stopped(true);
	answer(PROC_NETD, MSG_SHOW_END, id, NULL, 0);
	client = dial(kid.listener[LISTENER_UAPI]);
	ck_assert_int_eq(write(client, "get=1\n\n", 7), 7);
	stopped(false);
	ck_assert_int_lt(questions(), MANY / 2);
	close(first);
	for (i = 0; i < MANY; i++)
		close(later[i]);
	teardown();
}
END_TEST

/* Who asks without end is heard in turn with the others, too. */
START_TEST(pipelined)
{
	static uint8_t buf[8 * CLIENT_IN];
	char name[CTL_TEXT_MAX];
	struct wbuf w;
	int other;

	setup();
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	wbuf_init(&w, buf, sizeof(buf));
	ctl_peer_write(&w, 1, name);
	client = ctl_dial(kid.listener[LISTENER_READ], &w);
	ctl_end(client, ENOENT, "no peer");
	while (w.len < sizeof(buf) - 2 * sizeof(name))
		ctl_peer_write(&w, 1, name);
	ctl_show_write(&w, 1, SHOW_INTERFACE);
	ck_assert(!w.fail);
	stopped(true);
	ck_assert_int_eq(write(client, w.p, w.len), (ssize_t)w.len);
	other = dial(kid.listener[LISTENER_UAPI]);
	ck_assert_int_eq(write(other, "get=1\n\n", 7), 7);
	stopped(false);
	ck_assert_int_eq(questions(), 1);
	close(other);
	teardown();
}
END_TEST

/* Our listening sockets are as those of a kernel before 6.16. */
START_TEST(descriptors)
{
	static const enum listener at[] = { LISTENER_UAPI, LISTENER_CONTROL,
	    LISTENER_READ };
	int i, p[2], fds, n;
	char c;

	setup();
	fds = kid_fds(&kid);
	for (i = 0; i < 100; i++) {
		client = dial(kid.listener[at[i % 3]]);
		ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
		/* The second one is never read. */
		for (n = 0; n < 2; n++)
			give(client, p[1]);
		close(p[1]);
		/* It is closed, and we are hung up on. */
		ck_assert_int_eq((int)read(p[0], &c, 1), 0);
		n = (int)read(client, &c, 1);
		ck_assert(n == 0 || (n == -1 && errno == ECONNRESET));
		close(client);
		close(p[0]);
	}
	client = -1;
	while (strstr(kid.log, "sent a file descriptor: closed") == NULL)
		hear(100);
	ck_assert_int_eq(kid_fds(&kid), fds);
	ask_get();
	teardown();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctld");
	TCase *tc = tcase_create("ctld");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, peers_in_circles, 0,
	    sizeof(circles) / sizeof(circles[0]));
	tcase_add_test(tc, peers_go_on);
	tcase_add_loop_test(tc, wrong_ids, 0, 2);
	tcase_add_loop_test(tc, set_out_of_order, 0, 3);
	tcase_add_test(tc, rows_without_end);
	tcase_add_test(tc, turns);
	tcase_add_test(tc, pipelined);
	tcase_add_test(tc, descriptors);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld", suite());
}
