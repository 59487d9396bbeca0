/* SPDX-License-Identifier: ISC */
/*
 * Both sides of every message of the parent: start, descriptors, state and
 * answers.
 *
 * What one sends the other reads, and reads nothing that is shorter, longer
 * or out of range.
 */
#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

#include "codec_link.h"
#include "shared/log.h"
#include "shared/msg_parent.h"
#include "shared/version.h"

START_TEST(startup)
{
	struct startup a = { MODE_BARE, true, OFFLOAD_UDP_SEND, AEAD_IPSECMB,
	    1, "fifteen-letters" }, b;

	startup_send(&l, &a);
	got(MSG_STARTUP, 0);
	READS(startup_recv(&m, &b));
	ck_assert_str_eq(b.instance, a.instance);
	ck_assert(b.verbose);
	ck_assert_uint_eq(b.without, OFFLOAD_UDP_SEND);
	ck_assert_uint_eq(b.aead, AEAD_IPSECMB);
	REFUSES(0, 2, startup_recv(&m, &b));		/* version */
	REFUSES(2, (uint8_t)(warren_build_id()[0] ^ 1), startup_recv(&m, &b));
	REFUSES(34, MODE_CONFIGURED + 1, startup_recv(&m, &b));	/* mode */
	REFUSES(35, 2, startup_recv(&m, &b));		/* bool */
	REFUSES(36, 0x20, startup_recv(&m, &b));	/* without */
	REFUSES(37, AEAD_CHOICES, startup_recv(&m, &b));
	REFUSES(38, 0, startup_recv(&m, &b));		/* workers */
	REFUSES(38, WORKERS_MAX + 1, startup_recv(&m, &b));
	REFUSES(42, 0, startup_recv(&m, &b));		/* NUL in a string */
	a.instance[0] = '\0';
	startup_send(&l, &a);
	got(MSG_STARTUP, 0);
	READS(startup_recv(&m, &b));
}
END_TEST

START_TEST(ready)
{
	struct sandbox_report a, b;

	memset(&a, 0, sizeof(a));
	a.seccomp_mode = 2;
	a.no_new_privs = a.closed = 1;
	a.landlock_abi = 7;
	a.euid = 1000;
	a.caps = UINT64_C(1) << 40;
	a.n = 2;
	a.table[1].rules = 44;
	ready_send(&l, &a);
	got(MSG_READY, 0);
	READS(ready_recv(&m, &b));
	ck_assert_int_eq(b.seccomp_mode, 2);
	ck_assert_int_eq(b.no_new_privs, 1);
	ck_assert_int_eq(b.dumpable, 0);
	ck_assert_uint_eq(b.caps, a.caps);
	ck_assert_uint_eq(b.table[1].rules, 44);
	REFUSES(2, (uint8_t)(warren_build_id()[0] ^ 1), ready_recv(&m, &b));
	a.seccomp_mode = -1;			/* not known: not 2 */
	ready_send(&l, &a);
	got(MSG_READY, 0);
	ck_assert_int_eq(ready_recv(&m, &b), 0);
	ck_assert_int_ne(b.seccomp_mode, 2);
}
END_TEST

START_TEST(parent_fds)
{
	enum listener which;
	enum proc p;
	enum bell bell;
	uint16_t worker, port;
	uint8_t family;
	int s[2];

	link_fd_send(&l, PROC_NETD, open("/dev/null", O_RDWR));
	got(MSG_LINK_FD, 0);
	READS(link_fd_recv(&m, &p));
	ck_assert_int_eq(p, PROC_NETD);
	REFUSES(0, PROC_PARENT, link_fd_recv(&m, &p));
	REFUSES(0, PROC_COUNT, link_fd_recv(&m, &p));
	ck_assert_int_eq(pipe(s), 0);
	bell_fd_send(&l, BELL_HEAR, 0, s[0]);
	got(MSG_BELL_FD, 0);
	READS(bell_fd_recv(&m, &bell, &worker));
	ck_assert_int_eq(bell, BELL_HEAR);
	/* The end that is read is not one to ring. */
	REFUSES(0, BELL_RING, bell_fd_recv(&m, &bell, &worker));
	bell_fd_send(&l, BELL_RING, 0, s[1]);
	got(MSG_BELL_FD, 0);
	READS(bell_fd_recv(&m, &bell, &worker));
	REFUSES(0, BELL_HEAR, bell_fd_recv(&m, &bell, &worker));
	tun_fd_send(&l, 0, open("/dev/null", O_RDWR));
	got(MSG_TUN_FD, 0);
	READS(tun_fd_recv(&m, &worker));
	udp_fd_send(&l, AF_INET, 51820, socket(AF_INET, SOCK_DGRAM, 0));
	got(MSG_UDP_FD, 0);
	READS(udp_fd_recv(&m, &family, &port));
	ck_assert_uint_eq(port, 51820);
	REFUSES(0, AF_INET6, udp_fd_recv(&m, &family, &port));
	REFUSES(0, AF_UNIX, udp_fd_recv(&m, &family, &port));
	listener_fd_send(&l, LISTENER_CONTROL, open("/dev/null", O_RDWR));
	got(MSG_LISTENER_FD, 0);
	READS(listener_fd_recv(&m, &which));
	ck_assert_int_eq(which, LISTENER_CONTROL);
	REFUSES(0, 0, listener_fd_recv(&m, &which));
	REFUSES(0, LISTENER_COUNT, listener_fd_recv(&m, &which));
}
END_TEST

START_TEST(parent_state)
{
	struct link_state a = { true, 1420, 7, "fifteen-letters" }, b;
	uint32_t mark;
	uint16_t port;
	bool v;

	link_state_send(&l, &a);
	got(MSG_LINK_STATE, 0);
	READS(link_state_recv(&m, &b));
	ck_assert(b.up);
	ck_assert_uint_eq(b.mtu, 1420);
	ck_assert_uint_eq(b.ifindex, 7);
	ck_assert_str_eq(b.ifname, a.ifname);
	REFUSES(0, 2, link_state_recv(&m, &b));
	log_level_send(&l, true);
	got(MSG_LOG_LEVEL, 0);
	READS(log_level_recv(&m, &v));
	ck_assert(v);
	log_set_send(&l, 9, false);
	got(MSG_LOG_SET, 9);
	READS(log_level_recv(&m, &v));
	ck_assert(!v);
	listen_set_send(&l, 5, 65535);
	got(MSG_LISTEN_SET, 5);
	READS(listen_set_recv(&m, &port));
	ck_assert_uint_eq(port, 65535);
	fwmark_set_send(&l, 6, UINT32_MAX);
	got(MSG_FWMARK_SET, 6);
	READS(fwmark_set_recv(&m, &mark));
	ck_assert_uint_eq(mark, UINT32_MAX);
	socket_state_send(&l, 1, 2);
	got(MSG_SOCKET_STATE, 0);
	READS(socket_state_recv(&m, &port, &mark));
	ck_assert_uint_eq(port, 1);
	ck_assert_uint_eq(mark, 2);
}
END_TEST

START_TEST(parent_answers)
{
	char text[LOG_LINE_MAX], again[LOG_LINE_MAX];
	enum msg_verdict v;
	uint16_t type;
	enum proc p;
	int error, level;

	socket_done_send(&l, 7, EADDRINUSE);
	got(MSG_SOCKET_DONE, 7);
	READS(socket_done_recv(&m, &error));
	ck_assert_int_eq(error, EADDRINUSE);
	REFUSES(2, 1, socket_done_recv(&m, &error));	/* no errno */
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_send(&l, LOG_LEVEL_WARN, text);
	got(MSG_LOG, 0);
	READS(log_recv(&m, &level, again, sizeof(again)));
	ck_assert_int_eq(level, LOG_LEVEL_WARN);
	ck_assert_str_eq(text, again);
	host.parent = &l;
	host.lost = NULL;
	link_fault(&l, MSG_GO, MSG_SIZE);
	host.lost = lost;
	got(MSG_FAULT, 0);
	READS(fault_recv(&m, &p, &type, &v));
	ck_assert_int_eq(p, PROC_CTLD);
	ck_assert_uint_eq(type, MSG_GO);
	ck_assert_int_eq(v, MSG_SIZE);
	REFUSES(0, PROC_COUNT, fault_recv(&m, &p, &type, &v));
	REFUSES(3, MSG_CONTENT + 1, fault_recv(&m, &p, &type, &v));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("codec_parent");
	TCase *tc = tcase_create("codec_parent");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, startup);
	tcase_add_test(tc, ready);
	tcase_add_test(tc, parent_fds);
	tcase_add_test(tc, parent_state);
	tcase_add_test(tc, parent_answers);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("codec_parent", suite());
}
