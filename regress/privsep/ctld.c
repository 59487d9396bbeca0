/* SPDX-License-Identifier: ISC */
/*
 * ctld in its own sandbox, with siblings whose answers are well formed and
 * yet wrong: without end, in circles, to nobody.  It tells the parent, and
 * neither loops nor grows.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/child.h"
#include "shared/addr.h"
#include "shared/bytes.h"
#include "shared/ctl_proto.h"
#include "shared/msg_crypto.h"
#include "shared/row.h"
#include "unit.h"

#define SLOW	5000

static struct kid kid;
static int client;

static int
dial(int listener)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&sun, 0, sizeof(sun));
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&sun, &len),
	    0);
	ck_assert_int_eq(connect(s, (struct sockaddr *)&sun, len), 0);
	return s;
}

/* Reads what it says to the parent; the rest is asked() for. */
static void
hear(int ms)
{
	int cryptod = kid.link[PROC_CRYPTOD], netd = kid.link[PROC_NETD];

	kid.link[PROC_CRYPTOD] = kid.link[PROC_NETD] = -1;
	kid_pump(&kid, ms);
	kid.link[PROC_CRYPTOD] = cryptod;
	kid.link[PROC_NETD] = netd;
}

/* The next message to one of ctld's siblings; its id. */
static uint32_t
asked(enum proc who, uint16_t type)
{
	struct pollfd p = { kid.link[who], POLLIN, 0 };
	uint8_t buf[MSG_MAX];
	ssize_t n;

	ck_assert_msg(poll(&p, 1, SLOW) == 1, "%04x was not sent", type);
	n = recv(kid.link[who], buf, sizeof(buf), 0);
	ck_assert_int_ge(n, MSG_HEADER);
	ck_assert_uint_eq(get_le16(buf), type);
	return get_le32(buf + 8);
}

static int
answer(enum proc from, uint16_t type, uint32_t id, const void *p, size_t len)
{
	uint8_t buf[MSG_MAX];

	put_le16(buf, type);
	put_le16(buf + 2, 0);
	put_le32(buf + 4, (uint32_t)len);
	put_le32(buf + 8, id);
	if (len > 0)
		memcpy(buf + MSG_HEADER, p, len);
	return kid_say_raw(&kid, from, buf, MSG_HEADER + len, NULL, 0);
}

static void
faulted(enum proc who, uint16_t type)
{
	long end = kid_ms() + SLOW;

	while (kid.faults == 0 && kid_ms() < end)
		hear(100);
	ck_assert_msg(kid.faults > 0, "no fault for %04x", type);
	ck_assert_int_eq(kid.fault[0].sibling, who);
	ck_assert_uint_eq(kid.fault[0].type, type);
}

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

	client = dial(kid.listener[0]);
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

/* Everything that comes, up to the end of the connection. */
static size_t
read_all(char *buf, size_t size)
{
	struct pollfd p = { client, POLLIN, 0 };
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < size - 1) {
		ck_assert_msg(poll(&p, 1, SLOW) == 1, "no end of the answer");
		n = read(client, buf + len, size - 1 - len);
		if (n > 0)
			len += (size_t)n;
	}
	buf[len] = '\0';
	return len;
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
	read_all(text, sizeof(text));
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
	client = dial(kid.listener[0]);
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
	client = dial(kid.listener[0]);
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

	client = dial(kid.listener[1]);
	wbuf_init(&w, buf, sizeof(buf));
	ctl_hello_write(&w, 0, CTL_VERSION_MIN, CTL_VERSION_MAX);
	ctl_show_write(&w, 1, topic);
	ck_assert_int_eq(write(client, w.p, w.len), (ssize_t)w.len);
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
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld", suite());
}
