/* SPDX-License-Identifier: ISC */
/*
 * netd in its own sandbox with this program as its parent, its cryptod, its
 * ctld and its resolverd: first a good one, then one that breaks the rules.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netd/cookie.h"
#include "netd/envelope.h"
#include "netd/source.h"
#include "shared/bytes.h"
#include "shared/index_page.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "shared/msg_helper.h"
#include "shared/msg_net.h"
#include "shared/msg_parent.h"
#include "shared/paths.h"
#include "shared/ring.h"
#include "shared/row.h"
#include "unit.h"

#define DEV	7U
#define INDEX	0x12300005U
#define NOBODY	"65534"

static struct link_host		host = { .self = PROC_PARENT };
static struct link		parent, cryptod, ctl, resolver;
static struct ring		ring;
static struct index_page	page;
static pid_t			pid;
static int			client, bell_in;
static struct sockaddr_in	netd_at, client_at;
static uint8_t			our_pub[32], dev_pub[32];

static void
pair(struct link *l, enum proc peer, int *theirs)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0, fd), 0);
	memset(l, 0, sizeof(*l));
	l->host = &host;
	l->peer = peer;
	imsg_init(&l->chan, fd[0]);
	*theirs = fd[1];
}

static void
spawn(int fd, char *root)
{
	char name[] = "netd:test", id[] = NOBODY, id2[] = NOBODY, ppid[16];
	char *argv[] = { name, id, id2, root, ppid, NULL }, *env[] = { NULL };

	snprintf(ppid, sizeof(ppid), "%d", (int)getpid());
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid != 0)
		return;
	if (fd == 3 ? fcntl(3, F_SETFD, 0) == -1 : dup2(fd, 3) == -1)
		_exit(97);
	execve(PATH_LIBEXEC "/netd", argv, env);
	_exit(98);
}

/* The next message that is not a line for the log; false after a while. */
static bool
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
			continue;
		if (poll(&p, 1, ms) != 1)
			return false;
	}
}

static void
expect(struct link *l, uint16_t type, struct imsg *m)
{
	ck_assert_msg(next(l, m, 5000), "no message %04x", type);
	ck_assert_uint_eq(m->type, type);
}

/* Everything that was sent before is done. */
static void
settle(struct link *l)
{
	struct imsg m;

	sync_send(l, 99);
	expect(l, MSG_SYNCED, &m);
	ck_assert_uint_eq(m.id, 99);
}

static void
give_bells(void)
{
	int p[2], q[2];

	ck_assert_int_eq(pipe2(p, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(q, O_CLOEXEC | O_NONBLOCK), 0);
	bell_fd_send(&parent, BELL_HEAR, 0, p[0]);
	bell_fd_send(&parent, BELL_RING, 0, q[1]);
	ring_set_bell(&ring, p[1]);
	ck_assert_int_ne(fcntl(p[1], F_SETFL, O_NONBLOCK), -1);
	bell_in = q[0];
}

static void
give_route(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_ROUTE);

	ck_assert_int_ne(fd, -1);
	route_fd_send(&parent, fd);
}

/* Its offer comes once it is in its empty directory. */
static void
take_ring(void)
{
	struct ring_offer o;
	struct imsg m;

	expect(&cryptod, MSG_RING, &m);
	ck_assert_int_eq(ring_offer_recv(&m, &o), 0);
	ck_assert_int_eq(ring_attach(&ring, m.fd, o.bulk_size,
	    o.urgent_slots), 0);
	close(m.fd);
}

static void
begin(enum mode mode)
{
	const struct startup st = { .mode = mode, .workers = 1,
	    .instance = "test" };
	char root[] = "/tmp/netd.XXXXXX";
	int fd, fd_crypt, fd_ctl, fd_res;

	ck_assert(mkdtemp(root) != NULL);
	memset(&ring, 0, sizeof(ring));
	pair(&parent, PROC_NETD, &fd);
	pair(&cryptod, PROC_NETD, &fd_crypt);
	pair(&ctl, PROC_NETD, &fd_ctl);
	spawn(fd, root);
	close(fd);
	link_fd_send(&parent, PROC_CRYPTOD, fd_crypt);
	link_fd_send(&parent, PROC_CTLD, fd_ctl);
	if (mode == MODE_CONFIGURED) {
		pair(&resolver, PROC_NETD, &fd_res);
		link_fd_send(&parent, PROC_RESOLVERD, fd_res);
	}
	give_bells();
	give_route();
	startup_send(&parent, &st);
	take_ring();
	rmdir(root);
}

static void
give_ring(void)
{
	const struct ring_offer o = { 0, RING_BULK_SIZE, RING_URGENT_SLOTS };
	int fd;

	fd = ring_create(&ring, o.bulk_size, o.urgent_slots);
	ck_assert_int_ne(fd, -1);
	ring_offer_send(&cryptod, &o, fd);
	fd = index_page_create(&page);
	ck_assert_int_ne(fd, -1);
	index_page_send(&cryptod, fd);
}

static int
udp_socket(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd, on = 1;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(fd, -1);
	memset(at, 0, sizeof(*at));
	at->sin_family = AF_INET;
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)at, &len), 0);
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
	return fd;
}

static void
give_socket(void)
{
	int fd = udp_socket(&netd_at), on = 1;

	setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
	udp_fd_send(&parent, AF_INET, ntohs(netd_at.sin_port), fd);
	socket_state_send(&parent, ntohs(netd_at.sin_port), 0);
}

static void
add_device(uint32_t device, const uint8_t key[32])
{
	uint8_t buf[REMOTE_ADD_WIRE];
	struct remote_id id = { .device = device, .slot = 0 };
	struct wbuf w;

	memcpy(id.public_key, key, 32);
	wbuf_init(&w, buf, sizeof(buf));
	put_remote_add(&w, &id);
	link_send(&cryptod, MSG_REMOTE_ADD, 0, -1, w.p, w.len);
}

static void
start(enum mode mode)
{
	struct sandbox_report rep;
	struct imsg m;

	begin(mode);
	give_ring();
	expect(&parent, MSG_READY, &m);
	ck_assert_int_eq(ready_recv(&m, &rep), 0);
	ck_assert_int_eq(rep.seccomp_mode, 2);
	ck_assert_int_eq(rep.closed, 1);
	ck_assert_uint_eq(rep.caps, 0);
	go_send(&parent);
	give_socket();
	client = udp_socket(&client_at);
	memset(our_pub, 3, sizeof(our_pub));
	memset(dev_pub, 4, sizeof(dev_pub));
	if (mode == MODE_BARE)
		add_device(DEV, dev_pub);
	local_key_send(&cryptod, 2, true, our_pub);
	index_page_put(&page, INDEX_SLOT(INDEX), INDEX);
	settle(&cryptod);
	/* The sockets came by another link: wait for their effect. */
	usleep(50000);
}

static void
setup(void)
{
	start(MODE_BARE);
}

static void
setup_configured(void)
{
	start(MODE_CONFIGURED);
}

static void
teardown(void)
{
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

static void
to_netd(const void *data, size_t len)
{
	ck_assert_int_eq(sendto(client, data, len, 0,
	    (struct sockaddr *)&netd_at, sizeof(netd_at)), (ssize_t)len);
}

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

static bool
record(enum ring_lane lane, struct ring_rec *r, int ms)
{
	int got;

	for (;; ms--) {
		got = ring_next(&ring, lane, r);
		ck_assert_int_ne(got, -1);
		if (got == 1)
			return true;
		if (ms <= 0)
			return false;
		usleep(1000);
	}
}

static void
done(enum ring_lane lane)
{
	ring_done(&ring, lane);
	ring_acknowledge(&ring);
}

static void
fill_data(uint8_t *p, size_t len, uint32_t index)
{
	randombytes_buf(p, len);
	put_le32(p, WG_TRANSPORT);
	put_le32(p + 4, index);
}

static ssize_t
from_netd(uint8_t *buf, size_t size, int ms)
{
	struct pollfd p = { client, POLLIN, 0 };

	if (poll(&p, 1, ms) != 1)
		return -1;
	return recv(client, buf, size, 0);
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

static void
put_record(enum ring_lane lane, enum ring_kind kind, uint32_t device,
    const void *data, size_t len, size_t seg)
{
	struct ring_hdr *h = ring_open(&ring, lane, len);

	ck_assert(h != NULL);
	h->kind = (uint8_t)kind;
	h->device = device;
	if (seg != 0) {
		h->nseg = (uint16_t)((len + seg - 1) / seg);
		h->seg_size = (uint16_t)seg;
		h->last_size = (uint16_t)(len - (h->nseg - 1U) * seg);
		memcpy(ring_payload(h), data, len);
	}
	ring_commit(&ring, len);
	ring_publish(&ring);
}

/* Makes the client the device's endpoint as an authentic packet does. */
static void
authenticate(void)
{
	struct ring_rec r;
	struct ring_hdr *h;
	uint8_t p[32];

	fill_data(p, sizeof(p), INDEX);
	to_netd(p, sizeof(p));
	ck_assert(record(RING_BULK, &r, 2000));
	done(RING_BULK);
	h = ring_open(&ring, RING_URGENT, 0);
	ck_assert(h != NULL);
	h->kind = RING_CONTROL;
	h->device = DEV;
	h->path = r.hdr.path;
	memcpy(h->from, r.hdr.from, sizeof(h->from));
	ring_commit(&ring, 0);
	ring_publish(&ring);
}

START_TEST(data_out)
{
	uint8_t p[1000], buf[2000];
	ssize_t len;
	int i;

	fill_data(p, 64, 1);
	put_record(RING_BULK, RING_DATA, DEV, p, 64, 64); /* no endpoint */
	ck_assert_int_eq(from_netd(buf, sizeof(buf), 100), -1);
	authenticate();
	for (i = 0; i < 10; i++)
		fill_data(p + i * 100, 100, (uint32_t)i);
	put_record(RING_BULK, RING_DATA, DEV, p, 950, 100);
	for (i = 0; i < 10; i++) {
		len = from_netd(buf, sizeof(buf), 2000);
		ck_assert_int_eq(len, i == 9 ? 50 : 100);
		ck_assert_mem_eq(buf, p + i * 100, (size_t)len);
	}
	/* No message, nobody's, another kind: none goes out. */
	put_record(RING_BULK, RING_DATA, DEV + 1, p, 100, 100);
	put_record(RING_BULK, RING_DATA, DEV, p, 20, 20);
	put_record(RING_BULK, RING_DATA, DEV, p, 120, 100);
	p[100] = 5;
	put_record(RING_BULK, RING_DATA, DEV, p, 200, 100);
	put_record(RING_BULK, RING_PROBE, DEV, p, 100, 100);
	put_record(RING_URGENT, RING_HANDSHAKE, DEV, p, 100, 100);
	ck_assert_int_eq(from_netd(buf, sizeof(buf), 100), -1);
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

static uint64_t
counter(const char *name)
{
	const struct row_field *f;
	static struct row row;
	uint64_t v = UINT64_MAX;
	struct imsg m;

	show_send(&ctl, 5, SHOW_COUNTERS);
	for (;;) {
		ck_assert(next(&ctl, &m, 2000));
		ck_assert_uint_eq(m.id, 5);
		if (m.type == MSG_SHOW_END)
			return v;
		ck_assert_int_eq(row_parse(&row, m.data, m.len), 0);
		if ((f = row_get(&row, "name")) != NULL &&
		    strcmp(f->str, name) == 0)
			v = row_get(&row, "value")->num;
	}
}

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
	link_send(&ctl, MSG_ENDPOINT_SET, 1, -1, w.p, w.len);
	expect(&cryptod, MSG_HAS_ENDPOINT, &m);
	rbuf_init(&r, m.data, m.len);
	get_has_endpoint(&r, &h);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert(h.device == DEV && h.has);
	get_endpoints_send(&ctl, 8, ids, 2);
	expect(&ctl, MSG_ENDPOINTS, &m);
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

static void
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

START_TEST(hostile_ring)
{
	atomic_store(&ring.own->head[RING_BULK], UINT64_MAX / 2);
	atomic_store(&ring.own->head[RING_URGENT], 1U << 20);
	settle(&cryptod);
	expect_fault(PROC_CRYPTOD);
	/* Once, and it is neither dead nor busy with it. */
	settle(&ctl);
	settle(&cryptod);
	ck_assert(!next(&parent, &(struct imsg){ 0 }, 100));
}
END_TEST

START_TEST(hostile_messages)
{
	uint8_t junk[64] = { 0 };

	set_begin_send(&ctl, 1);		/* not for netd */
	expect_fault(PROC_CTLD);
	link_send(&ctl, MSG_REMOTE_ADD, 0, -1, junk, 38);
	expect_fault(PROC_CTLD);
	link_send(&ctl, MSG_ENDPOINT_SET, 0, -1, junk, 30);
	expect_fault(PROC_CTLD);
	link_send(&ctl, MSG_GET_ENDPOINTS, 0, -1, junk, 64);
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
	give_ring();
	expect_fault(PROC_CRYPTOD);
	expect_fault(PROC_CRYPTOD);
	settle(&ctl);
	settle(&cryptod);
}
END_TEST

START_TEST(unsealed_ring)
{
	const struct ring_offer o = { 0, RING_BULK_SIZE, RING_URGENT_SLOTS };
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct imsg m;

	begin(MODE_BARE);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, 4096 + RING_BULK_SIZE +
	    RING_URGENT_SLOTS * RING_SLOT), 0);
	ring_offer_send(&cryptod, &o, fd);
	expect_fault(PROC_CRYPTOD);
	ck_assert(!next(&parent, &m, 100));	/* never READY */
}
END_TEST

START_TEST(parent_breaks_rules)
{
	int status;

	tun_gone_send(&parent);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	pid = 0;
}
END_TEST

START_TEST(parent_is_gone)
{
	int status;

	imsg_clear(&parent.chan);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	pid = 0;
}
END_TEST

/* --- configured mode */

#define SECOND_DEV	(DEV + 1)

/* The table of a transaction: key byte, host, port or endpoint. */
struct line {
	uint8_t		 key;
	const char	*host;
	uint16_t	 port;
	const char	*endpoint;
};

static void
send_lines(uint32_t id, const struct line *l, size_t n)
{
	uint8_t buf[4 * NET_ITEM_MAX];
	struct net_item it;
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	for (; n > 0; n--, l++) {
		memset(&it, 0, sizeof(it));
		memset(it.key, l->key, sizeof(it.key));
		snprintf(it.name, sizeof(it.name), "peer%u", l->key);
		if (l->host != NULL)
			snprintf(it.host, sizeof(it.host), "%s", l->host);
		it.port = l->port;
		if (l->endpoint != NULL)
			ck_assert_int_eq(endpoint_parse(&it.endpoint,
			    l->endpoint), 0);
		put_net_item(&w, &it);
	}
	conf_begin_send(&parent, id, id == 1);
	conf_items_send(&parent, id, w.p, w.len);
	conf_plain_send(&parent, MSG_CONF_END, id);
}

static void
configure(uint32_t id, const struct line *l, size_t n, struct conf_done *d)
{
	struct imsg m;

	send_lines(id, l, n);
	expect(&parent, MSG_CONF_READY, &m);
	ck_assert_uint_eq(m.id, id);
	conf_plain_send(&parent, MSG_CONF_COMMIT, id);
	expect(&parent, MSG_CONF_DONE, &m);
	ck_assert_uint_eq(m.id, id);
	ck_assert_int_eq(conf_done_recv(&m, d), 0);
}

/* What ctld is told of a device. */
static struct endpoint_info
info_of(uint32_t device)
{
	struct endpoint_info out[GET_ENDPOINTS_MAX];
	struct imsg m;
	size_t n;

	get_endpoints_send(&ctl, 3, &device, 1);
	expect(&ctl, MSG_ENDPOINTS, &m);
	ck_assert_int_eq(endpoints_recv(&m, out, &n), 0);
	ck_assert_uint_eq(n, 1);
	return out[0];
}

#define place_is(device, text)	do {					\
	struct endpoint_info i_ = info_of(device);			\
	char t_[ENDPOINT_TEXT];						\
	endpoint_print(&i_.at.endpoint, t_, sizeof(t_));		\
	ck_assert_str_eq(t_, text);					\
} while (0)

static void
expect_has_is(uint32_t device, bool has)
{
	struct has_endpoint h;
	struct rbuf r;
	struct imsg m;

	expect(&cryptod, MSG_HAS_ENDPOINT, &m);
	rbuf_init(&r, m.data, m.len);
	get_has_endpoint(&r, &h);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert(h.device == device && h.has == has);
}

static void
expect_has(uint32_t device)
{
	expect_has_is(device, true);
}

static uint32_t
expect_question(const char *want)
{
	char name[RESOLVE_NAME_MAX];
	struct imsg m;

	/* After a failure it comes 5 seconds later. */
	ck_assert_msg(next(&resolver, &m, 10000), "no question");
	ck_assert_uint_eq(m.type, MSG_RESOLVE);
	ck_assert_int_eq(resolve_recv(&m, name), 0);
	ck_assert_str_eq(name, want);
	return m.id;
}

static void
give_address(uint32_t id, const char *addr)
{
	struct resolved a;

	memset(&a, 0, sizeof(a));
	a.n = 1;
	a.ttl = 60;
	a.at[0].family = AF_INET;
	ck_assert_int_eq(inet_pton(AF_INET, addr, a.at[0].addr), 1);
	resolved_send(&resolver, id, &a);
}

static void
key_of(uint8_t byte, uint8_t key[32])
{
	memset(key, byte, 32);
}

START_TEST(static_endpoints)
{
	const struct line one[] = { { 4, NULL, 0, "192.0.2.1:5" },
	    { 5, NULL, 0, NULL } };
	const struct line two[] = { { 4, NULL, 0, "192.0.2.1:6" },
	    { 5, NULL, 0, NULL } };
	const struct line none[] = { { 4, NULL, 0, NULL } };
	struct conf_done d;
	uint8_t key[32];
	struct imsg m;

	configure(1, one, 2, &d);
	ck_assert_uint_eq(d.added, 2);
	key_of(4, key);
	add_device(DEV, key);
	expect_has(DEV);
	key_of(5, key);
	add_device(SECOND_DEV, key);
	settle(&cryptod);
	place_is(DEV, "192.0.2.1:5");
	place_is(SECOND_DEV, "(none)");
	ck_assert_int_eq(info_of(DEV).name, NAME_NONE);
	/* It roams; the same configuration again leaves it there. */
	authenticate();
	while (counter("auths") != 1)
		usleep(10000);
	configure(2, one, 2, &d);
	ck_assert_uint_eq(d.kept, 2);
	settle(&cryptod);
	ck_assert_uint_eq(info_of(DEV).at.endpoint.port,
	    ntohs(client_at.sin_port));
	/* One that was given up changes nothing. */
	send_lines(3, two, 2);
	expect(&parent, MSG_CONF_READY, &m);
	conf_plain_send(&parent, MSG_CONF_ABORT, 3);
	configure(4, two, 2, &d);
	ck_assert_uint_eq(d.changed, 1);
	ck_assert_uint_eq(d.kept, 1);
	expect_has(DEV);
	place_is(DEV, "192.0.2.1:6");
	/* No line any more: it stays where it is. */
	configure(5, none, 1, &d);
	ck_assert_uint_eq(d.removed, 1);
	ck_assert_uint_eq(d.changed, 1);
	settle(&cryptod);
	place_is(DEV, "192.0.2.1:6");
	/* And comes back. */
	configure(6, one, 2, &d);
	expect_has(DEV);
	place_is(DEV, "192.0.2.1:5");
}
END_TEST

START_TEST(by_name)
{
	const struct line one[] = { { 4, "A.example", 7, NULL } };
	const struct line two[] = { { 4, "b.example", 7, NULL } };
	struct conf_done d;
	struct resolved none = { .status = RESOLVE_NONE };
	uint8_t key[32];
	struct imsg m;
	uint32_t id;

	configure(1, one, 1, &d);
	ck_assert(!next(&resolver, &m, 50));	/* nobody wants it yet */
	key_of(4, key);
	add_device(DEV, key);
	id = expect_question("a.example");
	ck_assert_int_eq(info_of(DEV).name, NAME_WAITING);
	give_address(id, "192.0.2.1");
	expect_has(DEV);
	place_is(DEV, "192.0.2.1:7");
	ck_assert_int_eq(info_of(DEV).name, NAME_OK);
	configure(2, one, 1, &d);
	ck_assert(!next(&resolver, &m, 50));
	/* Another name that does not exist: it stays where it is. */
	configure(3, two, 1, &d);
	ck_assert_uint_eq(d.changed, 1);
	resolved_send(&resolver, expect_question("b.example"), &none);
	/* An answer to no question is nothing. */
	give_address(999, "192.0.2.99");
	do
		usleep(10000);
	while (counter("names_answered") != 3);
	ck_assert_uint_eq(counter("names_stale"), 1);
	place_is(DEV, "192.0.2.1:7");
	ck_assert_int_eq(info_of(DEV).name, NAME_UNKNOWN);
	/* resolverd dies: that is all. */
	imsg_clear(&resolver.chan);
	usleep(50000);
	configure(4, one, 1, &d);
	settle(&cryptod);
	place_is(DEV, "192.0.2.1:7");
	ck_assert_int_eq(info_of(DEV).name, NAME_SILENT);
	ck_assert(!next(&parent, &m, 50));
}
END_TEST

/* Where a device was before a restart, out of cryptod's file. */
static void
restore(const uint8_t from[RING_FROM_SIZE])
{
	struct ring_hdr *h = ring_open(&ring, RING_URGENT, 0);
	uint64_t seen = counter("auths");

	ck_assert(h != NULL);
	h->kind = RING_CONTROL;
	h->device = DEV;
	memcpy(h->from, from, RING_FROM_SIZE);
	ring_commit(&ring, 0);
	ring_publish(&ring);
	while (counter("auths") == seen)
		usleep(1000);
}

START_TEST(restored)
{
	const struct line one[] = { { 4, "a.example", 7, NULL } };
	uint8_t from[RING_FROM_SIZE], bad[RING_FROM_SIZE], key[32], p[64];
	uint8_t buf[100];
	struct conf_done d;
	struct source s;
	uint32_t id;
	int i;

	configure(1, one, 1, &d);
	key_of(4, key);
	add_device(DEV, key);
	id = expect_question("a.example");
	memset(&s, 0, sizeof(s));
	s.remote.family = AF_INET;
	memcpy(s.remote.addr, &client_at.sin_addr, 4);
	s.remote.port = ntohs(client_at.sin_port);
	s.has_local = true;
	memcpy(s.local, "\xc6\x33\x64\x09", 4);	/* not ours any more */
	s.ifindex = 4711;
	source_encode(&s, from);
	/* Wrong in any byte that matters: it is not taken. */
	for (i = 0; i < 6; i++) {
		memcpy(bad, from, sizeof(bad));
		switch (i) {
		case 0: bad[0] = AF_UNIX; break;
		case 1: bad[1] = 2; break;
		case 2: put_le16(bad + 2, 0); break;
		case 3: bad[4] = 0; break;
		case 4: bad[8] = 1; break;
		case 5: bad[47] = 1; break;
		}
		restore(bad);
		expect_has_is(DEV, false);
		place_is(DEV, "(none)");
	}
	ck_assert_uint_eq(counter("auth_refused"), 6);
	restore(from);
	ck_assert_uint_eq(info_of(DEV).at.endpoint.port,
	    ntohs(client_at.sin_port));
	/* The name's answer comes late, and does not move it. */
	give_address(id, "192.0.2.1");
	do
		usleep(10000);
	while (counter("names_answered") != 1);
	ck_assert_uint_eq(info_of(DEV).at.endpoint.port,
	    ntohs(client_at.sin_port));
	/* It is sent to from wherever the kernel likes. */
	fill_data(p, sizeof(p), 1);
	put_record(RING_BULK, RING_DATA, DEV, p, sizeof(p), sizeof(p));
	ck_assert_int_eq(from_netd(buf, sizeof(buf), 2000), sizeof(p));
	ck_assert_uint_eq(counter("tx_unpinned"), 0);
}
END_TEST

/* The next event of this kind. */
static const struct row *
expect_event(const char *what)
{
	static struct row row;
	struct imsg m;

	for (;;) {
		expect(&ctl, MSG_EVENT, &m);
		ck_assert_int_eq(row_parse(&row, m.data, m.len), 0);
		ck_assert_str_eq(row.table, "event");
		ck_assert_str_eq(row_get(&row, "process")->str, "netd");
		if (strcmp(row_get(&row, "what")->str, what) == 0)
			return &row;
	}
}

START_TEST(events)
{
	const struct line one[] = { { 4, "a.example", 7, NULL } };
	const struct line two[] = { { 4, "b.example", 7, NULL } };
	struct resolved silent = { .status = RESOLVE_SILENT };
	const struct row *row;
	struct conf_done d;
	uint8_t key[32];
	struct imsg m;

	monitor_send(&ctl, true);
	settle(&ctl);
	configure(1, one, 1, &d);
	key_of(4, key);
	add_device(DEV, key);
	resolved_send(&resolver, expect_question("a.example"), &silent);
	row = expect_event("unresolved");
	ck_assert_str_eq(row_get(row, "name")->str, "a.example");
	give_address(expect_question("a.example"), "192.0.2.1");
	row = expect_event("resolved");
	ck_assert_uint_eq(row_get(row, "device")->num, DEV);
	ck_assert_str_eq(row_get(row, "endpoint")->str, "192.0.2.1:7");
	authenticate();
	row = expect_event("roamed");
	ck_assert_uint_eq(row_get(row, "device")->num, DEV);
	monitor_send(&ctl, false);
	settle(&ctl);
	configure(2, two, 1, &d);
	expect_question("b.example");
	ck_assert(!next(&ctl, &m, 50));
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
	show_send(&ctl, 6, SHOW_HEALTH);
	expect(&ctl, MSG_ROW, &m);
	ck_assert_int_eq(row_parse(&row, m.data, m.len), 0);
	ck_assert_str_eq(row.table, "badmac");
	ck_assert_str_eq(row_get(&row, "address")->str, text);
	ck_assert_uint_eq(row_get(&row, "count")->num, 3);
	ck_assert_uint_gt(row_get(&row, "last")->num, 1000000000);
	expect(&ctl, MSG_SHOW_END, &m);
}
END_TEST

START_TEST(bare_words)
{
	uint8_t junk[DEVICE_ENDPOINT_WIRE] = { 1 };

	/* ctld cannot move a peer in this mode. */
	link_send(&ctl, MSG_ENDPOINT_SET, 0, -1, junk, sizeof(junk));
	expect_fault(PROC_CTLD);
	memset(junk, 9, sizeof(junk));
	link_send(&resolver, MSG_RESOLVED, 1, -1, junk, 6);
	expect_fault(PROC_RESOLVERD);
	settle(&cryptod);
}
END_TEST

#define THOUSANDS	10000U

/* A table of thousands with this port, up to READY. */
static void
stage_thousands(uint32_t id, uint16_t port)
{
	struct pollfd p = { parent.chan.fd, POLLOUT, 0 };
	static uint8_t buf[MSG_PAYLOAD];
	struct net_item it;
	struct wbuf w;
	struct imsg m;
	uint32_t i;

	conf_begin_send(&parent, id, id == 1);
	wbuf_init(&w, buf, sizeof(buf));
	memset(&it, 0, sizeof(it));
	strcpy(it.name, "a-peer-with-a-name");
	endpoint_parse(&it.endpoint, "192.0.2.1:51820");
	it.endpoint.port = port;
	for (i = 1; i <= THOUSANDS; i++) {
		memcpy(it.key, &i, sizeof(i));
		put_net_item(&w, &it);
		if (w.cap - w.len > NET_ITEM_MAX && i < THOUSANDS)
			continue;
		ck_assert_int_eq(poll(&p, 1, 5000), 1);
		conf_items_send(&parent, id, w.p, w.len);
		wbuf_init(&w, buf, sizeof(buf));
	}
	conf_plain_send(&parent, MSG_CONF_END, id);
	expect(&parent, MSG_CONF_READY, &m);
}

static void
add_thousands(void)
{
	struct pollfd p = { cryptod.chan.fd, POLLOUT, 0 };
	static uint8_t buf[MSG_PAYLOAD];
	struct remote_id id;
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	memset(&id, 0, sizeof(id));
	for (id.device = 1; id.device <= THOUSANDS; id.device++) {
		memcpy(id.public_key, &id.device, sizeof(id.device));
		put_remote_add(&w, &id);
		if (w.cap - w.len > 100 && id.device < THOUSANDS)
			continue;
		ck_assert_int_eq(poll(&p, 1, 5000), 1);
		link_send(&cryptod, MSG_REMOTE_ADD, 0, -1, w.p, w.len);
		wbuf_init(&w, buf, sizeof(buf));
	}
}

/* How many devices cryptod hears of before its question is answered. */
static unsigned
count_has(void)
{
	unsigned n = 0;
	struct imsg m;

	sync_send(&cryptod, 98);
	for (;;) {
		ck_assert(next(&cryptod, &m, 5000));
		if (m.type == MSG_SYNCED)
			return n;
		ck_assert_uint_eq(m.type, MSG_HAS_ENDPOINT);
		n += m.len / HAS_ENDPOINT_WIRE;
	}
}

static double
commit_thousands(uint32_t id, struct conf_done *d)
{
	struct timespec a, b;
	struct imsg m;

	clock_gettime(CLOCK_MONOTONIC, &a);
	conf_plain_send(&parent, MSG_CONF_COMMIT, id);
	expect(&parent, MSG_CONF_DONE, &m);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_int_eq(conf_done_recv(&m, d), 0);
	return (double)(b.tv_sec - a.tv_sec) * 1e3 +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e6;
}

START_TEST(thousands)
{
	struct conf_done d;
	double ms;

	stage_thousands(1, 5);
	commit_thousands(1, &d);
	ck_assert_uint_eq(d.added, THOUSANDS);
	add_thousands();
	ck_assert_uint_eq(count_has(), THOUSANDS);
	place_is(THOUSANDS, "192.0.2.1:5");
	stage_thousands(2, 5);
	ms = commit_thousands(2, &d);
	ck_assert_uint_eq(d.kept, THOUSANDS);
	printf("# reload of %u peers, none changed: %.1f ms\n", THOUSANDS, ms);
	ck_assert(ms < 1000);
	ck_assert_uint_eq(count_has(), 0);
	stage_thousands(3, 6);
	ms = commit_thousands(3, &d);
	ck_assert_uint_eq(d.changed, THOUSANDS);
	printf("# reload of %u peers, all changed: %.1f ms\n", THOUSANDS, ms);
	ck_assert(ms < 1000);
	ck_assert_uint_eq(count_has(), THOUSANDS);
	place_is(THOUSANDS, "192.0.2.1:6");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("netd");
	TCase *tc = tcase_create("run"), *early = tcase_create("setup");
	TCase *conf = tcase_create("configured");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, data_in);
	tcase_add_test(tc, train_in);
	tcase_add_test(tc, handshake_in);
	tcase_add_test(tc, under_load);
	tcase_add_test(tc, data_out);
	tcase_add_test(tc, handshake_out);
	tcase_add_test(tc, endpoints);
	tcase_add_test(tc, hostile_ring);
	tcase_add_test(tc, hostile_messages);
	tcase_add_test(tc, parent_breaks_rules);
	tcase_add_test(tc, parent_is_gone);
	tcase_add_test(tc, wrong_key);
	suite_add_tcase(s, tc);
	tcase_set_timeout(conf, 20);
	tcase_add_checked_fixture(conf, setup_configured, teardown);
	tcase_add_test(conf, static_endpoints);
	tcase_add_test(conf, by_name);
	tcase_add_test(conf, restored);
	tcase_add_test(conf, events);
	tcase_add_test(conf, bare_words);
	tcase_add_test(conf, thousands);
	suite_add_tcase(s, conf);
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
	if (geteuid() != 0) {
		printf("SKIP netd: needs root\n");
		return 0;
	}
	return unit_run("netd", suite());
}
