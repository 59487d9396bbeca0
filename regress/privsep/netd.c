/* SPDX-License-Identifier: ISC */
/*
 * netd in its own sandbox with this program as its parent, its cryptod and
 * its ctld: first good ones, then such as break the rules.
 */
#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netd/cookie.h"
#include "regress/privsep/netd_play.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/msg_crypto.h"
#include "shared/msg_net.h"
#include "shared/msg_parent.h"
#include "shared/row.h"


/* n datagrams of one size (the last one may be shorter) in one call. */
static void
train_to_netd(void *data, size_t len, uint16_t size)
{
	_Alignas(struct cmsghdr) uint8_t c[CMSG_SPACE(sizeof(size))] = { 0 };
	struct iovec iov = { data, len };
	struct msghdr m = { .msg_name = &netd_at,
	    .msg_namelen = sizeof(netd_at), .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = c, .msg_controllen = sizeof(c) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);

	cm->cmsg_level = IPPROTO_UDP;
	cm->cmsg_type = UDP_SEGMENT;
	cm->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(cm), &size, sizeof(size));
	ck_assert_int_eq(sendmsg(client, &m, 0), (ssize_t)len);
}

START_TEST(data_in)
{
	uint8_t p[400];
	struct ring_rec r;

	/* Wrong in form or index: nothing comes of it. */
	fill_data(p, 100, INDEX + 1);
	to_netd(p, 100);
	fill_data(p, 100, INDEX);
	to_netd(p, 31);
	to_netd(p, 0);
	p[1] = 1;
	to_netd(p, 100);
	fill_data(p, 77, INDEX);
	to_netd(p, 77);
	ck_assert(record(RING_BULK, &r, 2000));
	ck_assert_uint_eq(r.hdr.kind, RING_DATA);
	ck_assert_uint_eq(r.hdr.len, 77);
	ck_assert_uint_eq(r.hdr.nseg, 1);
	ck_assert_uint_ne(r.hdr.path, 0);
	ck_assert_mem_eq(r.payload, p, 77);
	done(RING_BULK);
	ck_assert(!record(RING_BULK, &r, 50));
	ck_assert(!record(RING_URGENT, &r, 0));
}
END_TEST

/* However the kernel hands it over, in order, and without the bad one. */
START_TEST(train_in)
{
	uint8_t p[5 * 100], got[5 * 100];
	struct ring_rec r;
	size_t n = 0;
	int i;

	for (i = 0; i < 5; i++)
		fill_data(p + i * 100, 100, i == 2 ? INDEX + 1 : INDEX);
	train_to_netd(p, 450, 100);
	while (n < 350) {
		ck_assert(record(RING_BULK, &r, 2000));
		ck_assert_uint_le(n + r.hdr.len, 350);
		memcpy(got + n, r.payload, r.hdr.len);
		n += r.hdr.len;
		done(RING_BULK);
	}
	ck_assert_mem_eq(got, p, 200);
	ck_assert_mem_eq(got + 200, p + 300, 150);
	ck_assert(!record(RING_BULK, &r, 50));
}
END_TEST

static void
initiation(struct cookie_maker *m, uint8_t msg[WG_INITIATION_LEN])
{
	randombytes_buf(msg, WG_INITIATION_LEN);
	put_le32(msg, WG_INITIATION);
	ck_assert_int_eq(cookie_maker_fill(m, msg, WG_INITIATION_LEN, 1), 0);
}

START_TEST(handshake_in)
{
	uint8_t msg[WG_INITIATION_LEN];
	struct cookie_maker m;
	struct ring_rec r;

	cookie_maker_init(&m, dev_pub);
	initiation(&m, msg);
	to_netd(msg, sizeof(msg));		/* for somebody else */
	cookie_maker_init(&m, our_pub);
	initiation(&m, msg);
	to_netd(msg, sizeof(msg));
	ck_assert(record(RING_URGENT, &r, 2000));
	ck_assert_uint_eq(r.hdr.kind, RING_HANDSHAKE);
	ck_assert_uint_eq(r.hdr.local_key, 2);
	ck_assert_mem_eq(r.payload, msg, sizeof(msg));
	done(RING_URGENT);
	to_netd(msg, sizeof(msg));		/* a copy */
	ck_assert(!record(RING_URGENT, &r, 100));
	local_key_send(&cryptod, 2, false, our_pub);
	settle(&cryptod);
	initiation(&m, msg);
	to_netd(msg, sizeof(msg));
	ck_assert(!record(RING_URGENT, &r, 100));
}
END_TEST

START_TEST(under_load)
{
	uint8_t msg[WG_INITIATION_LEN], buf[200];
	struct cookie_maker m;
	struct ring_rec r;

	cookie_maker_init(&m, our_pub);
	initiation(&m, msg);
	to_netd(msg, sizeof(msg));
	/* It stays unread: the next one has to prove where it comes from. */
	ck_assert(record(RING_URGENT, &r, 2000));
	usleep(40000);
	initiation(&m, msg);
	to_netd(msg, sizeof(msg));
	ck_assert_int_eq(from_netd(buf, sizeof(buf), 2000), COOKIE_REPLY_LEN);
	ck_assert_int_eq(cookie_maker_consume(&m, buf, 1), 0);
	done(RING_URGENT);
	ck_assert(!record(RING_URGENT, &r, 50));
	initiation(&m, msg);
	to_netd(msg, sizeof(msg));
	ck_assert(record(RING_URGENT, &r, 2000));
	ck_assert_mem_eq(r.payload, msg, sizeof(msg));
	done(RING_URGENT);
	ck_assert_int_eq(from_netd(buf, sizeof(buf), 50), -1);
}
END_TEST

START_TEST(data_out)
{
	uint8_t p[1000], buf[2000];
	ssize_t len;
	int i;

	for (i = 0; i < 10; i++)
		fill_data(p + i * 100, 100, (uint32_t)i);
	put_record(RING_BULK, RING_DATA, DEV, p, 950, 100); /* no endpoint */
	ck_assert_int_eq(from_netd(buf, sizeof(buf), 100), -1);
	ck_assert_uint_eq(counter("drop_no_endpoint"), 10);
	authenticate();
	put_record(RING_BULK, RING_DATA, DEV, p, 950, 100);
	for (i = 0; i < 10; i++) {
		len = from_netd(buf, sizeof(buf), 2000);
		ck_assert_int_eq(len, i == 9 ? 50 : 100);
		ck_assert_mem_eq(buf, p + i * 100, (size_t)len);
	}
	/* No message, nobody's, another kind: none goes out. */
	put_record(RING_BULK, RING_DATA, DEV + 1, p, 200, 100);
	put_record(RING_BULK, RING_DATA, DEV, p, 20, 20);
	put_record(RING_BULK, RING_DATA, DEV, p, 120, 100);
	p[100] = 5;
	put_record(RING_BULK, RING_DATA, DEV, p, 200, 100);
	put_record(RING_BULK, RING_PROBE, DEV, p, 100, 100);
	put_record(RING_URGENT, RING_HANDSHAKE, DEV, p, 100, 100);
	ck_assert_int_eq(from_netd(buf, sizeof(buf), 100), -1);
	ck_assert_uint_eq(counter("drop_no_device"), 2);
	ck_assert_uint_eq(counter("drop_malformed"), 5);
}
END_TEST

START_TEST(handshake_out)
{
	static const uint8_t zero[16];
	uint8_t msg[WG_INITIATION_LEN] = { WG_INITIATION }, buf[200];
	uint8_t reply[COOKIE_REPLY_LEN];
	struct cookie_checker c;

	authenticate();
	cookie_checker_init(&c, dev_pub, 1);
	put_le32(msg + WG_SENDER, INDEX);
	put_record(RING_URGENT, RING_HANDSHAKE, DEV, msg, sizeof(msg),
	    sizeof(msg));
	ck_assert_int_eq(from_netd(buf, sizeof(buf), 2000), sizeof(msg));
	ck_assert(cookie_checker_mac1_ok(&c, buf, sizeof(msg)));
	ck_assert_mem_eq(buf + 132, zero, 16);
	/* Answered by a cookie reply: the next one has a mac2. */
	ck_assert_int_eq(cookie_reply_make(&c, buf, sizeof(msg),
	    &netd_at.sin_addr, 4, netd_at.sin_port, 1, reply), 0);
	to_netd(reply, sizeof(reply));
	usleep(20000);
	settle(&cryptod);
	put_record(RING_URGENT, RING_HANDSHAKE, DEV, msg, sizeof(msg),
	    sizeof(msg));
	ck_assert_int_eq(from_netd(buf, sizeof(buf), 2000), sizeof(msg));
	ck_assert(cookie_checker_mac2_ok(&c, buf, sizeof(msg),
	    &netd_at.sin_addr, 4, netd_at.sin_port, 1));
}
END_TEST

START_TEST(endpoints)
{
	struct endpoint_info out[GET_ENDPOINTS_MAX];
	struct device_endpoint e = { .device = DEV };
	const uint32_t ids[] = { DEV + 1, DEV };
	uint8_t buf[2 * DEVICE_ENDPOINT_WIRE], p[64], in[100];
	struct has_endpoint h;
	struct wbuf w;
	struct rbuf r;
	struct imsg m;
	size_t n;

	endpoint_from_sockaddr(&e.endpoint, (struct sockaddr *)&client_at);
	wbuf_init(&w, buf, sizeof(buf));
	put_device_endpoint(&w, &e);
	e.device = DEV + 1;
	put_device_endpoint(&w, &e);
	link_send(&ctld, MSG_ENDPOINT_SET, 1, -1, w.p, w.len);
	expect(&cryptod, MSG_HAS_ENDPOINT, &m);
	rbuf_init(&r, m.data, m.len);
	get_has_endpoint(&r, &h);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert(h.device == DEV && h.has);
	get_endpoints_send(&ctld, 8, ids, 2);
	expect(&ctld, MSG_ENDPOINTS, &m);
	ck_assert_int_eq(endpoints_recv(&m, out, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(out[0].at.device, DEV);
	ck_assert_uint_eq(out[0].at.endpoint.port, ntohs(client_at.sin_port));
	fill_data(p, sizeof(p), 1);
	put_record(RING_BULK, RING_DATA, DEV, p, sizeof(p), sizeof(p));
	ck_assert_int_eq(from_netd(in, sizeof(in), 2000), sizeof(p));
	ck_assert_uint_eq(counter("endpoint_stale"), 1);
	/* The sockets go: that is counted and nothing else. */
	udp_close_send(&parent);
	usleep(50000);
	put_record(RING_BULK, RING_DATA, DEV, p, sizeof(p), sizeof(p));
	ck_assert_int_eq(from_netd(in, sizeof(in), 100), -1);
	ck_assert_uint_eq(counter("drop_no_socket"), 1);
}
END_TEST

/* What became of the last send to the device. */
static uint16_t
send_error(void)
{
	struct endpoint_info out[GET_ENDPOINTS_MAX];
	const uint32_t id = DEV;
	struct imsg m;
	size_t n;

	get_endpoints_send(&ctld, 8, &id, 1);
	expect(&ctld, MSG_ENDPOINTS, &m);
	ck_assert_int_eq(endpoints_recv(&m, out, &n), 0);
	ck_assert_uint_eq(n, 1);
	return out[0].error;
}

/* IPv4's socket is there; that IPv6's is missing is said by what follows. */
START_TEST(one_socket)
{
	struct device_endpoint e = { .device = DEV };
	uint8_t buf[DEVICE_ENDPOINT_WIRE], p[3 * 64];
	struct wbuf w;
	int i;

	e.endpoint.family = AF_INET6;
	e.endpoint.addr[0] = 0x20;
	e.endpoint.port = 5;
	wbuf_init(&w, buf, sizeof(buf));
	put_device_endpoint(&w, &e);
	link_send(&ctld, MSG_ENDPOINT_SET, 1, -1, w.p, w.len);
	udp_close_send(&parent);
	udp_fd_send(&parent, AF_INET, 1, socket(AF_INET,
	    SOCK_DGRAM | SOCK_CLOEXEC, 0));
	settle(&ctld);
	usleep(50000);
	for (i = 0; i < 3; i++)
		fill_data(p + i * 64, 64, 1);
	put_record(RING_BULK, RING_DATA, DEV, p, sizeof(p), 64);
	while (counter("drop_no_socket") != 3)
		usleep(10000);
	ck_assert_uint_eq(send_error(), 0);
	socket_state_send(&parent, 1, 0);
	usleep(50000);
	put_record(RING_BULK, RING_DATA, DEV, p, 64, 64);
	while (counter("drop_no_socket") != 4)
		usleep(10000);
	ck_assert_uint_eq(send_error(), EAFNOSUPPORT);
}
END_TEST

START_TEST(hostile_ring)
{
	atomic_store(&kid.ring.own->head[RING_BULK], UINT64_MAX / 2);
	atomic_store(&kid.ring.own->head[RING_URGENT], 1U << 20);
	settle(&cryptod);
	expect_fault(PROC_CRYPTOD);
	/* Once, and it is neither dead nor busy with it. */
	settle(&ctld);
	settle(&cryptod);
	ck_assert(!next(&parent, &(struct imsg){ 0 }, 100));
}
END_TEST

START_TEST(hostile_messages)
{
	uint8_t junk[64] = { 0 };

	set_begin_send(&ctld, 1);		/* not for netd */
	expect_fault(PROC_CTLD);
	link_send(&ctld, MSG_REMOTE_ADD, 0, -1, junk, 38);
	expect_fault(PROC_CTLD);
	link_send(&ctld, MSG_ENDPOINT_SET, 0, -1, junk, 30);
	expect_fault(PROC_CTLD);
	link_send(&ctld, MSG_GET_ENDPOINTS, 0, -1, junk, 64);
	expect_fault(PROC_CTLD);
	link_send(&cryptod, MSG_REMOTE_ADD, 0, -1, junk, 38);	/* device 0 */
	expect_fault(PROC_CRYPTOD);
	junk[0] = 1;
	junk[4] = 9;				/* slot 9 */
	link_send(&cryptod, MSG_REMOTE_ADD, 0, -1, junk, 38);
	expect_fault(PROC_CRYPTOD);
	memset(junk, 9, sizeof(junk));
	link_send(&cryptod, MSG_LOCAL_KEY, 0, -1, junk, 34);
	expect_fault(PROC_CRYPTOD);
	/* A second ring, late. */
	kid_give(&kid, PIECE_RING);
	expect_fault(PROC_CRYPTOD);
	expect_fault(PROC_CRYPTOD);
	settle(&ctld);
	settle(&cryptod);
}
END_TEST

START_TEST(unsealed_ring)
{
	const struct ring_offer o = { 0, RING_BULK_OUT, RING_URGENT_SLOTS };
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct imsg m;

	begin(MODE_BARE);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, 4096 + RING_BULK_OUT +
	    RING_URGENT_SLOTS * RING_SLOT), 0);
	ring_offer_send(&cryptod, &o, fd);
	expect_fault(PROC_CRYPTOD);
	ck_assert(!next(&parent, &m, 100));	/* never READY */
}
END_TEST

START_TEST(parent_breaks_rules)
{
	tun_gone_send(&parent);
	expect_end(true);
}
END_TEST

START_TEST(parent_is_gone)
{
	hang_up(PROC_PARENT);
	expect_end(true);
}
END_TEST

START_TEST(wrong_key)
{
	uint8_t msg[WG_INITIATION_LEN];
	struct cookie_maker cm;
	char text[ENDPOINT_TEXT];
	static struct row row;
	struct endpoint e;
	struct imsg m;
	int i;

	cookie_maker_init(&cm, dev_pub);	/* not ours */
	for (i = 0; i < 3; i++) {
		initiation(&cm, msg);
		to_netd(msg, sizeof(msg));
	}
	while (counter("drop_mac1") != 3)
		usleep(10000);
	endpoint_from_sockaddr(&e, (struct sockaddr *)&client_at);
	endpoint_print(&e, text, sizeof(text));
	show_send(&ctld, 6, SHOW_HEALTH);
	expect(&ctld, MSG_ROW, &m);
	ck_assert_int_eq(row_parse(&row, m.data, m.len), 0);
	ck_assert_str_eq(row.table, "badmac");
	ck_assert_str_eq(row_get(&row, "address")->str, text);
	ck_assert_uint_eq(row_get(&row, "count")->num, 3);
	ck_assert_uint_gt(row_get(&row, "last")->num, 1000000000);
	expect(&ctld, MSG_SHOW_END, &m);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("netd");
	TCase *tc = tcase_create("run"), *early = tcase_create("setup");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, data_in);
	tcase_add_test(tc, train_in);
	tcase_add_test(tc, handshake_in);
	tcase_add_test(tc, under_load);
	tcase_add_test(tc, data_out);
	tcase_add_test(tc, handshake_out);
	tcase_add_test(tc, endpoints);
	tcase_add_test(tc, one_socket);
	tcase_add_test(tc, hostile_ring);
	tcase_add_test(tc, hostile_messages);
	tcase_add_test(tc, parent_breaks_rules);
	tcase_add_test(tc, parent_is_gone);
	tcase_add_test(tc, wrong_key);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(early, NULL, teardown);
	tcase_add_test(early, unsealed_ring);
	suite_add_tcase(s, early);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("netd", suite());
}
