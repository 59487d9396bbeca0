/* SPDX-License-Identifier: ISC */
/*
 * resolverd in its own sandbox with this program as its parent, its netd and
 * its name servers: first good ones, then such as break the rules.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/talk.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/msg_helper.h"
#include "shared/msg_parent.h"
#include "shared/row.h"

static int	server[2];	/* name servers, played here */

/* Hands down a socket connected to this one. */
static void
give_socket(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	struct endpoint at;
	int client;

	client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&sin, len), 0);
	endpoint_from_sockaddr(&at, (struct sockaddr *)&sin);
	dns_fd_send(&parent, &at, client);
}

/* A name server, and a socket connected to it handed down. */
static int
give_server(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	give_socket(fd);
	return fd;
}

static void
give_hosts(const char *text)
{
	int fd = memfd_create("hosts", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, text, strlen(text)),
	    (ssize_t)strlen(text));
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	hosts_fd_send(&parent, fd);
}

/* All that the parent said before is done. */
static void
settle(void)
{
	struct imsg m;

	helper_show_send(&parent, 77, SHOW_STATUS);
	expect(&parent, MSG_HELPER_SHOW_END, &m);
	ck_assert_uint_eq(m.id, 77);
}

static void
setup(void)
{
	talk_start(PROC_RESOLVERD, MODE_CONFIGURED);
	kid_give(&kid, PIECE_STARTUP);
	expect_ready();
	give_hosts("127.0.0.1 localhost\n192.0.2.5 five fifth\n");
	server[0] = give_server();
	server[1] = give_server();
	settle();
}

static void
teardown(void)
{
	kid_end(&kid);
}

static bool
question(int fd, uint8_t *msg, ssize_t *len, struct sockaddr_in *from, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	socklen_t flen = sizeof(*from);

	if (poll(&p, 1, ms) != 1)
		return false;
	*len = recvfrom(fd, msg, 512, 0, (struct sockaddr *)from, &flen);
	return *len > 16;
}

/* Answers one question with one address, or with a code alone. */
static void
answer(int fd, unsigned code, uint8_t last)
{
	struct sockaddr_in from;
	uint8_t msg[600];
	size_t end = 12, alen;
	ssize_t len;

	ck_assert(question(fd, msg, &len, &from, 5000));
	while (msg[end] != 0)
		end += msg[end] + 1U;
	end += 5;
	alen = msg[end - 3] == 1 ? 4 : 16;
	put_be16(msg + 2, (uint16_t)(0x8180 | code));
	put_be16(msg + 10, 0);
	if (code == 0) {
		put_be16(msg + 6, 1);
		put_be16(msg + end, 0xc00c);
		memcpy(msg + end + 2, msg + end - 4, 4);
		put_be32(msg + end + 6, 300);
		put_be16(msg + end + 10, (uint16_t)alen);
		memset(msg + end + 12, 0x20, alen);
		msg[end + 12 + alen - 1] = last;
		end += 12 + alen;
	}
	ck_assert_int_eq(sendto(fd, msg, end, 0, (struct sockaddr *)&from,
	    sizeof(from)), (ssize_t)end);
}

static struct resolved
result(uint32_t id)
{
	struct resolved a;
	struct imsg m;

	ck_assert_msg(next(&netd, &m, 12000), "no answer");
	ck_assert_uint_eq(m.type, MSG_RESOLVED);
	ck_assert_uint_eq(m.id, id);
	ck_assert_int_eq(resolved_recv(&m, &a), 0);
	return a;
}

START_TEST(names)
{
	struct resolved a;

	resolve_send(&netd, 5, "alice.example.net");
	answer(server[0], 0, 1);
	answer(server[0], 0, 2);
	a = result(5);
	ck_assert_int_eq(a.status, RESOLVE_OK);
	ck_assert_uint_eq(a.n, 2);
	ck_assert_uint_eq(a.at[0].family, AF_INET6);
	ck_assert_uint_eq(a.at[0].addr[15], 1);
	ck_assert_uint_eq(a.at[1].family, AF_INET);
	ck_assert_uint_eq(a.at[1].addr[3], 2);
	ck_assert_uint_eq(a.ttl, 300);
	/* Again, without a question; and from hosts. */
	resolve_send(&netd, 6, "ALICE.example.net.");
	a = result(6);
	ck_assert_uint_eq(a.n, 2);
	resolve_send(&netd, 7, "fifth");
	a = result(7);
	ck_assert_uint_eq(a.at[0].addr[3], 5);
	resolve_send(&netd, 8, "bob.example.net");
	answer(server[0], 3, 0);
	answer(server[0], 3, 0);
	a = result(8);
	ck_assert_int_eq(a.status, RESOLVE_NONE);
}
END_TEST

/* A file of hosts that cannot be read does not take the good one's place. */
START_TEST(bad_hosts)
{
	char path[64];
	struct resolved a;
	int good = memfd_create("hosts", MFD_CLOEXEC), bad;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", good);
	bad = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ne(bad, -1);
	close(good);
	hosts_fd_send(&parent, bad);
	settle();
	resolve_send(&netd, 1, "fifth");
	a = result(1);
	ck_assert_int_eq(a.status, RESOLVE_OK);
	ck_assert_uint_eq(a.at[0].addr[3], 5);
}
END_TEST

START_TEST(second_server)
{
	struct resolved a;

	resolve_send(&netd, 1, "alice");
	answer(server[0], 2, 0);
	answer(server[0], 2, 0);
	answer(server[1], 0, 1);
	answer(server[1], 0, 1);
	a = result(1);
	ck_assert_int_eq(a.status, RESOLVE_OK);
	/* Nobody listens any more on one of them. */
	close(server[1]);
	resolve_send(&netd, 2, "bob");
	while (recv(server[0], &a, sizeof(a), MSG_DONTWAIT) != -1)
		;
	answer(server[0], 0, 1);
	answer(server[0], 0, 1);
	a = result(2);
	ck_assert_int_eq(a.status, RESOLVE_OK);
}
END_TEST

START_TEST(silence)
{
	struct resolved a;
	struct imsg m;

	resolve_send(&netd, 1, "alice");
	a = result(1);				/* 8 seconds later */
	ck_assert_int_eq(a.status, RESOLVE_SILENT);
	expect(&parent, MSG_DNS_WANTED, &m);
	/* Others, while a name is under way. */
	resolve_send(&netd, 2, "alice");
	dns_reset_send(&parent);
	server[0] = give_server();
	answer(server[0], 0, 1);
	answer(server[0], 0, 1);
	a = result(2);
	ck_assert_int_eq(a.status, RESOLVE_OK);
	/* None at all; it was asked for others not long ago. */
	dns_reset_send(&parent);
	settle();
	resolve_send(&netd, 3, "bob");
	a = result(3);
	ck_assert_int_eq(a.status, RESOLVE_SILENT);
	ck_assert(!next(&parent, &m, 100));
}
END_TEST

/* What was learned from name servers lasts as long as they do. */
START_TEST(other_servers)
{
	struct resolved a;

	resolve_send(&netd, 1, "alice");
	answer(server[0], 0, 1);
	answer(server[0], 0, 1);
	a = result(1);
	ck_assert_int_eq(a.status, RESOLVE_OK);
	/* The same ones by new sockets: nobody is asked. */
	dns_reset_send(&parent);
	give_socket(server[0]);
	give_socket(server[1]);
	settle();
	resolve_send(&netd, 2, "alice");
	a = result(2);
	ck_assert_int_eq(a.status, RESOLVE_OK);
	ck_assert_uint_eq(a.at[0].addr[15], 1);
	/* Another in their place: it may know the name by another address. */
	dns_reset_send(&parent);
	server[0] = give_server();
	settle();
	resolve_send(&netd, 3, "alice");
	answer(server[0], 0, 2);
	answer(server[0], 0, 2);
	a = result(3);
	ck_assert_int_eq(a.status, RESOLVE_OK);
	ck_assert_uint_eq(a.at[0].addr[15], 2);
}
END_TEST

START_TEST(rows)
{
	static const uint8_t topics[] = { SHOW_COUNTERS, SHOW_MEMORY,
	    SHOW_IMSG };
	static struct row row;
	struct imsg m;
	unsigned n;
	size_t i;

	for (i = 0; i < 3; i++) {
		helper_show_send(&parent, 9, topics[i]);
		for (n = 0;; n++) {
			ck_assert(next(&parent, &m, 2000));
			ck_assert_uint_eq(m.id, 9);
			if (m.type == MSG_HELPER_SHOW_END)
				break;
			ck_assert_uint_eq(m.type, MSG_HELPER_ROW);
			ck_assert_int_eq(row_parse(&row, m.data, m.len), 0);
			ck_assert_str_eq(row_get(&row, "process")->str,
			    "resolverd");
		}
		ck_assert_uint_ge(n, 2);
	}
}
END_TEST

/* What a name server can do to it: nothing. */
START_TEST(hostile_server)
{
	struct sockaddr_in from;
	uint8_t msg[600], junk[5000];
	struct imsg m;
	ssize_t len;
	int i;

	resolve_send(&netd, 1, "alice");
	ck_assert(question(server[0], msg, &len, &from, 2000));
	for (i = 0; i < 2000; i++) {
		arc4random_buf(junk, sizeof(junk));
		memcpy(junk, msg, (size_t)(i % (len + 1)));
		junk[2] |= 0x80;
		sendto(server[0], junk, arc4random_uniform(sizeof(junk)), 0,
		    (struct sockaddr *)&from, sizeof(from));
	}
	sendto(server[0], junk, 0, 0, (struct sockaddr *)&from, sizeof(from));
	settle();
	resolve_send(&netd, 2, "fifth");
	do
		expect(&netd, MSG_RESOLVED, &m);
	while (m.id != 2);
}
END_TEST

START_TEST(netd_breaks_rules)
{
	uint8_t junk[300] = { 0 };

	/* A length that is wrong. */
	junk[0] = 200;
	link_send(&netd, MSG_RESOLVE, 1, -1, junk, 20);
	expect_fault(PROC_NETD);
	/* What only the parent may say. */
	link_send(&netd, MSG_DNS_RESET, 1, -1, NULL, 0);
	expect_fault(PROC_NETD);
	/* Names that are none. */
	resolve_send(&netd, 3, "fe80::1%eth0");
	ck_assert_int_eq(result(3).status, RESOLVE_NONE);
}
END_TEST

START_TEST(too_many)
{
	char name[32];
	struct imsg m;
	uint32_t i;

	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		resolve_send(&netd, i, name);
	}
	/* The first are under way, the others are refused at once. */
	for (i = 64; i < 200; i++) {
		expect(&netd, MSG_RESOLVED, &m);
		ck_assert_uint_eq(m.id, i);
	}
	ck_assert(!next(&netd, &m, 100));
	settle();
}
END_TEST

START_TEST(wrong_kind)
{
	struct endpoint at = { .family = AF_INET, .port = 53 };
	int fd[2];

	/* A pipe for a socket: whoever sends that is not our parent. */
	ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
	dns_fd_send(&parent, &at, fd[0]);
	expect_end(true);
}
END_TEST

START_TEST(parent_is_gone)
{
	hang_up(PROC_PARENT);
	expect_end(true);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("resolverd");
	TCase *tc = tcase_create("run");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, names);
	tcase_add_test(tc, bad_hosts);
	tcase_add_test(tc, second_server);
	tcase_add_test(tc, silence);
	tcase_add_test(tc, other_servers);
	tcase_add_test(tc, rows);
	tcase_add_test(tc, hostile_server);
	tcase_add_test(tc, netd_breaks_rules);
	tcase_add_test(tc, too_many);
	tcase_add_test(tc, wrong_kind);
	tcase_add_test(tc, parent_is_gone);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("resolverd", suite());
}
