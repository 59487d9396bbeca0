/* SPDX-License-Identifier: ISC */
/*
 * Every message's two sides: what one sends the other reads, and reads
 * nothing that is shorter, longer or out of range.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/codec.h"
#include "shared/log.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "shared/msg_helper.h"
#include "shared/msg_net.h"
#include "shared/msg_parent.h"
#include "shared/row.h"
#include "shared/version.h"
#include "unit.h"

static struct link_host host;
static struct link l;
static struct imsg_chan other;
static struct imsg m;

static void
lost(void *arg, struct link *ln, enum msg_verdict v, const char *why)
{
	(void)arg;
	(void)ln;
	(void)v;
	ck_abort_msg("link lost: %s", why);
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
	int s[2];

	log_init("test", quiet, NULL);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, s), 0);
	host.base = event_base_new();
	host.self = PROC_PARENT;
	host.lost = lost;
	ck_assert_int_eq(link_open(&l, &host, PROC_CTLD, s[0]), 0);
	imsg_init(&other, s[1]);
	m.fd = -1;
}

static void
teardown(void)
{
	if (m.fd != -1)
		close(m.fd);
	link_close(&l);
	imsg_clear(&other);
	event_base_free(host.base);
}

static void
got(uint16_t type, uint32_t id)
{
	const struct msg_row *row = msg_row(type);

	if (m.fd != -1)
		close(m.fd);
	ck_assert_int_eq(imsg_recv(&other, &m), 1);
	ck_assert_uint_eq(m.type, type);
	ck_assert_uint_eq(m.id, id);
	ck_assert_uint_ge(m.len, row->min);
	ck_assert_uint_le(m.len, row->max);
	ck_assert_int_eq(m.fd != -1, row->fd != FD_NONE);
}

/*
 * The message reads, and no truncation of it does, nor one byte more.  The
 * bytes lie in heap memory of exactly that size, so that ASan sees a read
 * beyond the end.
 */
#define READS(call) do {						\
	size_t _n, _len = m.len;					\
	uint8_t _all[MSG_MAX];						\
	memcpy(_all, m.data, _len);					\
	_all[_len] = 0;							\
	for (_n = 0; _n <= _len + 1; _n++) {				\
		uint8_t *_p = malloc(_n + (_n == 0));			\
		memcpy(_p, _all, _n);					\
		m.data = _p;						\
		m.len = _n;						\
		errno = 0;						\
		ck_assert_msg((call) == (_n == _len ? 0 : -1),		\
		    "%zu bytes of %zu", _n, _len);			\
		free(_p);						\
	}								\
	m.data = other.buf + MSG_HEADER;				\
	m.len = _len;							\
	ck_assert_int_eq((call), 0);					\
} while (0)

/* The byte at off is refused if it is v. */
#define REFUSES(off, v, call) do {					\
	uint8_t *_b = other.buf + MSG_HEADER + (off), _old = *_b;	\
	*_b = (v);							\
	ck_assert_int_eq((call), -1);					\
	*_b = _old;							\
	ck_assert_int_eq((call), 0);					\
} while (0)

START_TEST(fields)
{
	static char endless[UINT16_MAX + 2];
	uint8_t buf[64], b[4];
	struct wbuf w;
	struct rbuf r;
	char s[8];
	size_t n;

	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, 1);
	put_u16(&w, 0x0203);
	put_u32(&w, 0x04050607);
	put_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
	put_str(&w, "seven77");
	put_bytes(&w, "", 0);
	ck_assert_uint_eq(w.len, 24);
	for (n = 0; n <= w.len; n++) {
		rbuf_init(&r, buf, n);
		get_u8(&r);
		get_u16(&r);
		get_u32(&r);
		get_u64(&r);
		get_str(&r, s, sizeof(s));
		ck_assert_int_eq(rbuf_end(&r), n == w.len ? 0 : -1);
	}
	ck_assert_str_eq(s, "seven77");
	/* Its length has 16 bits. */
	memset(endless, 'x', sizeof(endless) - 1);
	put_str(&w, endless);
	ck_assert(w.fail);
	ck_assert_uint_eq(w.len, 24);
	rbuf_init(&r, buf, 15);
	ck_assert_uint_eq(get_u8(&r), 1);
	ck_assert_uint_eq(get_u16(&r), 0x0203);
	ck_assert_uint_eq(get_u32(&r), 0x04050607);
	ck_assert_uint_eq(get_u64(&r), UINT64_C(0x08090a0b0c0d0e0f));
	ck_assert_int_eq(rbuf_end(&r), 0);
	/* After a failure everything reads as zero. */
	memset(b, 0xff, sizeof(b));
	get_bytes(&r, b, 4);
	ck_assert_mem_eq(b, "\0\0\0\0", 4);
	ck_assert_uint_eq(get_u8(&r), 0);
	ck_assert_ptr_null(get_ref(&r, 0));
	/* A string one byte too long for its place. */
	rbuf_init(&r, buf + 15, 9);
	get_str(&r, s, 7);
	ck_assert_int_eq(rbuf_end(&r), -1);
}
END_TEST

START_TEST(writing)
{
	uint8_t buf[8];
	struct wbuf w;
	size_t cap;

	for (cap = 0; cap < 8; cap++) {
		wbuf_init(&w, buf, cap);
		put_u64(&w, 1);
		ck_assert(w.fail);
		ck_assert_uint_eq(w.len, 0);
		put_u8(&w, 1);		/* would fit, but is not the first */
		ck_assert_uint_eq(w.len, 0);
	}
}
END_TEST

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
	REFUSES(34, MODE_CONFIGURED + 1, startup_recv(&m, &b));		/* mode */
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

START_TEST(crypto)
{
	struct device_info d, d2;
	struct peer_cursor c = { 5, UINT64_MAX }, c2;
	uint32_t ids[SET_IDS_MAX], ids2[SET_IDS_MAX];
	uint8_t key[KEY_SIZE], slot;
	struct ring_offer o = { 1, 1 << 21, 512 }, o2;
	bool flag;
	size_t n;
	int error;

	ring_offer_send(&l, &o, open("/dev/null", O_RDWR));
	got(MSG_RING, 0);
	READS(ring_offer_recv(&m, &o2));
	ck_assert_uint_eq(o2.bulk_size, 1 << 21);
	for (n = 0; n < SET_IDS_MAX; n++)
		ids[n] = (uint32_t)n * 3;
	set_ids_send(&l, 4, ids, SET_IDS_MAX);
	got(MSG_SET_IDS, 4);
	ck_assert_int_eq(set_ids_recv(&m, ids2, &n), 0);
	ck_assert_uint_eq(n, SET_IDS_MAX);
	ck_assert_mem_eq(ids, ids2, sizeof(ids));
	m.len--;
	ck_assert_int_eq(set_ids_recv(&m, ids2, &n), -1);
	set_done_send(&l, 4, ENOMEM);
	got(MSG_SET_DONE, 4);
	READS(set_done_recv(&m, &error));
	ck_assert_int_eq(error, ENOMEM);
	REFUSES(3, 0x80, set_done_recv(&m, &error));
	get_device_send(&l, 8, true);
	got(MSG_GET_DEVICE, 8);
	READS(get_device_recv(&m, &flag));
	ck_assert(flag);
	memset(&d, 0, sizeof(d));
	d.has_identity = true;
	memset(d.public_key, 3, KEY_SIZE);
	d.peers = 65536;
	device_send(&l, 8, &d);
	got(MSG_DEVICE, 8);
	READS(device_recv(&m, &d2));
	ck_assert_mem_eq(d2.public_key, d.public_key, KEY_SIZE);
	ck_assert_uint_eq(d2.peers, 65536);
	get_peers_send(&l, 9, &c, false);
	got(MSG_GET_PEERS, 9);
	READS(get_peers_recv(&m, &c2, &flag));
	ck_assert_uint_eq(c2.device, 5);
	ck_assert_uint_eq(c2.serial, UINT64_MAX);
	local_key_send(&l, LOCAL_KEYS - 1, true, d.public_key);
	got(MSG_LOCAL_KEY, 0);
	READS(local_key_recv(&m, &slot, &flag, key));
	ck_assert_mem_eq(key, d.public_key, KEY_SIZE);
	REFUSES(0, LOCAL_KEYS, local_key_recv(&m, &slot, &flag, key));
}
END_TEST

/* One item: packed, read again, cut, and with bytes that mean nothing. */
static void
item(const struct set_item *in)
{
	uint8_t buf[SET_ITEM_MAX];
	struct set_item out;
	struct wbuf w;
	struct rbuf r;
	size_t n;

	wbuf_init(&w, buf, sizeof(buf));
	put_set_item(&w, in);
	ck_assert(!w.fail);
	for (n = 0; n <= w.len; n++) {
		rbuf_init(&r, buf, n);
		get_set_item(&r, &out);
		ck_assert_int_eq(rbuf_end(&r), n == w.len ? 0 : -1);
	}
	ck_assert_int_eq(out.op, in->op);
	ck_assert_uint_eq(out.flags, in->flags);
	ck_assert_uint_eq(out.keepalive, in->keepalive);
	ck_assert_mem_eq(out.key, in->key, KEY_SIZE);
	ck_assert_mem_eq(&out.prefix, &in->prefix, sizeof(in->prefix));
}

START_TEST(set_items)
{
	struct set_item i;
	uint8_t buf[SET_ITEM_MAX + 8];
	struct rbuf r;
	int op;

	for (op = SET_PRIVATE_KEY; op <= SET_ALLOWED_IP; op++) {
		memset(&i, 0, sizeof(i));
		i.op = op;
		if (op == SET_PRIVATE_KEY || op == SET_PEER || op == SET_PSK)
			memset(i.key, 0x5a, KEY_SIZE);
		if (op == SET_PEER)
			i.flags = SET_F_REMOVE | SET_F_UPDATE_ONLY;
		if (op == SET_KEEPALIVE)
			i.keepalive = 65535;
		if (op == SET_ALLOWED_IP) {
			i.flags = SET_F_REMOVE;
			ck_assert_int_eq(prefix_parse(&i.prefix, "fd00::/8"),
			    0);
		}
		item(&i);
	}
	memset(buf, 0, sizeof(buf));
	for (op = 0; op < 256; op++) {
		buf[0] = (uint8_t)op;
		buf[1] = 0x80;		/* no such flag, or a wrong family */
		rbuf_init(&r, buf, sizeof(buf));
		get_set_item(&r, &i);
		ck_assert_int_eq(r.fail, !(op == SET_PRIVATE_KEY ||
		    op == SET_PSK || op == SET_KEEPALIVE ||
		    op == SET_REPLACE_PEERS || op == SET_REPLACE_IPS));
	}
}
END_TEST

START_TEST(lists)
{
	uint8_t buf[PEER_INFO_WIRE + 16];
	struct remote_id a = { 7, 1, { 9 } }, b;
	struct has_endpoint h = { 7, 0, true }, h2;
	struct peer_cursor c = { 3, 4 }, c2;
	struct peer_info p, q;
	struct wbuf w;
	struct rbuf r;
	bool done;

	wbuf_init(&w, buf, sizeof(buf));
	put_remote_add(&w, &a);
	ck_assert_uint_eq(w.len, REMOTE_ADD_WIRE);
	rbuf_init(&r, buf, w.len);
	get_remote_add(&r, &b);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert_uint_eq(b.device, 7);
	ck_assert_mem_eq(b.public_key, a.public_key, KEY_SIZE);
	buf[0] = 0;			/* there is no device 0 */
	rbuf_init(&r, buf, w.len);
	get_remote_add(&r, &b);
	ck_assert_int_eq(rbuf_end(&r), -1);
	wbuf_init(&w, buf, sizeof(buf));
	put_remote_del(&w, &a);
	ck_assert_uint_eq(w.len, REMOTE_DEL_WIRE);
	rbuf_init(&r, buf, w.len);
	get_remote_del(&r, &b);
	ck_assert_int_eq(rbuf_end(&r), 0);
	buf[0] = 0;
	rbuf_init(&r, buf, w.len);
	get_remote_del(&r, &b);
	ck_assert_int_eq(rbuf_end(&r), -1);
	wbuf_init(&w, buf, sizeof(buf));
	put_has_endpoint(&w, &h);
	ck_assert_uint_eq(w.len, HAS_ENDPOINT_WIRE);
	rbuf_init(&r, buf, w.len);
	get_has_endpoint(&r, &h2);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert(h2.has);
	buf[6] = 2;
	rbuf_init(&r, buf, w.len);
	get_has_endpoint(&r, &h2);
	ck_assert_int_eq(rbuf_end(&r), -1);
	buf[6] = 1;
	buf[0] = 0;
	rbuf_init(&r, buf, w.len);
	get_has_endpoint(&r, &h2);
	ck_assert_int_eq(rbuf_end(&r), -1);
	memset(&p, 0, sizeof(p));
	p.device = 1;
	p.rx_bytes = UINT64_MAX;
	p.tx_bytes = 1;
	p.nips = 65535;
	wbuf_init(&w, buf, sizeof(buf));
	put_peer_info(&w, &p);
	ck_assert_uint_eq(w.len, PEER_INFO_WIRE);
	rbuf_init(&r, buf, w.len);
	get_peer_info(&r, &q);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert_uint_eq(q.rx_bytes, UINT64_MAX);
	ck_assert_uint_eq(q.tx_bytes, 1);
	ck_assert_uint_eq(q.nips, 65535);
	wbuf_init(&w, buf, sizeof(buf));
	put_peers_head(&w, true, &c);
	ck_assert_uint_eq(w.len, msg_row(MSG_PEERS)->min);
	rbuf_init(&r, buf, w.len);
	get_peers_head(&r, &done, &c2);
	ck_assert_int_eq(rbuf_end(&r), 0);
	ck_assert(done);
	ck_assert_uint_eq(c2.serial, 4);
}
END_TEST

START_TEST(net)
{
	static struct endpoint_info e[GET_ENDPOINTS_MAX],
	    e2[GET_ENDPOINTS_MAX];
	uint32_t ids[GET_ENDPOINTS_MAX], ids2[GET_ENDPOINTS_MAX];
	uint8_t topic, big[2 + 4 * (GET_ENDPOINTS_MAX + 1)];
	size_t n, i;
	bool cut;

	memset(e, 0, sizeof(e));
	for (i = 0; i < GET_ENDPOINTS_MAX; i++) {
		ids[i] = e[i].at.device = (uint32_t)i + 1;
		e[i].at.endpoint.family = AF_INET;
		e[i].at.endpoint.port = (uint16_t)i;
		e[i].error = EHOSTUNREACH;
		e[i].name = NAME_SILENT;
	}
	get_endpoints_send(&l, 3, ids, GET_ENDPOINTS_MAX);
	got(MSG_GET_ENDPOINTS, 3);
	READS(get_endpoints_recv(&m, ids2, &n));
	ck_assert_uint_eq(n, GET_ENDPOINTS_MAX);
	ck_assert_mem_eq(ids, ids2, sizeof(ids));
	/* A count that is larger than the place for it. */
	memset(big, 0, sizeof(big));
	big[0] = (GET_ENDPOINTS_MAX + 1) & 0xff;
	big[1] = (GET_ENDPOINTS_MAX + 1) >> 8;
	m.data = big;
	m.len = sizeof(big);
	ck_assert_int_eq(get_endpoints_recv(&m, ids2, &n), -1);
	ck_assert_uint_eq(n, 0);
	endpoints_send(&l, 3, e, GET_ENDPOINTS_MAX);
	got(MSG_ENDPOINTS, 3);
	ck_assert_int_eq(endpoints_recv(&m, e2, &n), 0);
	ck_assert_uint_eq(n, GET_ENDPOINTS_MAX);
	ck_assert_uint_eq(e2[499].at.endpoint.port, 499);
	ck_assert_uint_eq(e2[499].error, EHOSTUNREACH);
	ck_assert_uint_eq(e2[499].name, NAME_SILENT);
	endpoints_send(&l, 3, e, 2);
	got(MSG_ENDPOINTS, 3);
	READS(endpoints_recv(&m, e2, &n));
	REFUSES(0, 3, endpoints_recv(&m, e2, &n));
	REFUSES(1, 0xff, endpoints_recv(&m, e2, &n));
	REFUSES(2 + DEVICE_ENDPOINT_WIRE + 2, NAME_SILENT + 1,
	    endpoints_recv(&m, e2, &n));
	endpoints_send(&l, 3, e, 0);
	got(MSG_ENDPOINTS, 3);
	READS(endpoints_recv(&m, e2, &n));
	show_send(&l, 4, SHOW_IMSG);
	got(MSG_SHOW, 4);
	READS(show_recv(&m, &topic));
	ck_assert_uint_eq(topic, SHOW_IMSG);
	REFUSES(0, 0, show_recv(&m, &topic));
	REFUSES(0, SHOW_TOPICS, show_recv(&m, &topic));
	sync_send(&l, 11);
	got(MSG_SYNC, 11);
	synced_send(&l, 11);
	got(MSG_SYNCED, 11);
	show_end_send(&l, 12);
	got(MSG_SHOW_END, 12);
	READS(show_end_recv(&m, &cut));
	ck_assert(!cut);
	show_cut_send(&l, 12);
	got(MSG_SHOW_END, 12);
	ck_assert_int_eq(show_end_recv(&m, &cut), 0);
	ck_assert(cut);
	REFUSES(0, 0, show_end_recv(&m, &cut));
	REFUSES(0, 2, show_end_recv(&m, &cut));
}
END_TEST

/* A file of no content that is as good as any for a descriptor. */
static int
some_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	return fd;
}

START_TEST(conf)
{
	struct conf_done d = { 1, 2, 3, 4 }, d2;
	char why[CONF_WHY_MAX], longest[CONF_WHY_MAX + 1];
	enum conf_key kind;
	bool flag;

	host.mode = MODE_CONFIGURED;
	conf_begin_send(&l, 5, true);
	got(MSG_CONF_BEGIN, 5);
	READS(conf_begin_recv(&m, &flag));
	ck_assert(flag);
	REFUSES(0, 2, conf_begin_recv(&m, &flag));
	conf_plain_send(&l, MSG_CONF_COMMIT, 5);
	got(MSG_CONF_COMMIT, 5);
	memset(longest, 'x', sizeof(longest));
	longest[CONF_WHY_MAX] = '\0';
	conf_no_send(&l, 5, longest);
	got(MSG_CONF_NO, 5);
	READS(conf_no_recv(&m, why));
	ck_assert_uint_eq(strlen(why), CONF_WHY_MAX - 1);
	REFUSES(2, 0, conf_no_recv(&m, why));
	conf_done_send(&l, 5, &d);
	got(MSG_CONF_DONE, 5);
	READS(conf_done_recv(&m, &d2));
	ck_assert_uint_eq(d2.added, 1);
	ck_assert_uint_eq(d2.removed, 2);
	ck_assert_uint_eq(d2.changed, 3);
	ck_assert_uint_eq(d2.kept, 4);
	conf_key_send(&l, 5, CONF_KEY_PSK, some_file());
	got(MSG_CONF_KEY, 5);
	READS(conf_key_recv(&m, &kind));
	ck_assert_int_eq(kind, CONF_KEY_PSK);
	REFUSES(0, 0, conf_key_recv(&m, &kind));
	REFUSES(0, CONF_KEY_PSK + 1, conf_key_recv(&m, &kind));
}
END_TEST

/* Every item reads back as it was, and no part of it reads. */
#define ITEM(type, get, put, item) do {					\
	struct type _back;						\
	uint8_t _buf[2048], *_heap;					\
	struct wbuf _w;							\
	struct rbuf _r;							\
	size_t _n;							\
	wbuf_init(&_w, _buf, sizeof(_buf));				\
	put(&_w, &(item));						\
	ck_assert(!_w.fail);						\
	for (_n = 0; _n <= _w.len; _n++) {				\
		_heap = malloc(_n + 1);					\
		memcpy(_heap, _buf, _n);				\
		rbuf_init(&_r, _heap, _n);				\
		get(&_r, &_back);					\
		ck_assert_int_eq(_r.fail, _n < _w.len);			\
		free(_heap);						\
	}								\
	ck_assert_mem_eq(&_back, &(item), sizeof(_back));		\
} while (0)

START_TEST(conf_items)
{
	struct crypto_item c;
	struct net_item n;
	struct show_item s;

	memset(&c, 0, sizeof(c));
	c.op = CRYPTO_MAKE_KEY;
	ITEM(crypto_item, get_crypto_item, put_crypto_item, c);
	c.op = CRYPTO_LOCAL;
	ck_assert_int_eq(prefix_parse(&c.prefix, "fd66::1/64"), 0);
	ITEM(crypto_item, get_crypto_item, put_crypto_item, c);
	memset(&c, 0, sizeof(c));
	c.op = CRYPTO_PEER;
	memset(c.key, 0xab, sizeof(c.key));
	memset(c.name, 'n', sizeof(c.name) - 1);
	c.keepalive = 25;
	ITEM(crypto_item, get_crypto_item, put_crypto_item, c);
	memset(&n, 0, sizeof(n));
	memset(n.host, 'h', sizeof(n.host) - 1);
	strlcpy(n.name, "alice", sizeof(n.name));
	n.port = 51820;
	ITEM(net_item, get_net_item, put_net_item, n);
	memset(&s, 0, sizeof(s));
	s.op = SHOW_ITEM_PSK;
	ITEM(show_item, get_show_item, put_show_item, s);
	s.op = SHOW_ITEM_PEER;
	memset(s.key, 1, sizeof(s.key));
	strlcpy(s.name, "alice", sizeof(s.name));
	memset(s.text, 't', sizeof(s.text) - 1);
	ITEM(show_item, get_show_item, put_show_item, s);
}
END_TEST

/* What no writer makes is refused by the readers. */
START_TEST(conf_items_refused)
{
	struct net_item n;
	struct crypto_item c;
	struct show_item s;
	uint8_t buf[512];
	struct wbuf w;
	struct rbuf r;

#define PUTS_BUT_REFUSED() do {						\
	wbuf_init(&w, buf, sizeof(buf));				\
	put_net_item(&w, &n);						\
	rbuf_init(&r, buf, w.len);					\
	get_net_item(&r, &n);						\
	ck_assert(r.fail);						\
} while (0)
	memset(&n, 0, sizeof(n));
	strlcpy(n.host, "alice", sizeof(n.host));
	PUTS_BUT_REFUSED();		/* a name without a port */
	memset(&n, 0, sizeof(n));
	n.port = 1;
	PUTS_BUT_REFUSED();		/* a port without a name */
	memset(&n, 0, sizeof(n));
	strlcpy(n.host, "alice", sizeof(n.host));
	n.port = 1;
	ck_assert_int_eq(endpoint_parse(&n.endpoint, "192.0.2.1:1"), 0);
	PUTS_BUT_REFUSED();		/* both a name and an address */
#undef PUTS_BUT_REFUSED
	buf[0] = 0;
	rbuf_init(&r, buf, 1);
	get_crypto_item(&r, &c);
	ck_assert(r.fail);
	rbuf_init(&r, buf, 1);
	get_show_item(&r, &s);
	ck_assert(r.fail);
}
END_TEST

START_TEST(slots)
{
	char text[RELOAD_TEXT_MAX];
	enum slot slot;
	bool write;
	int error;

	host.mode = MODE_CONFIGURED;
	slot_fd_send(&l, SLOT_SESSIONS, true, some_file());
	got(MSG_SLOT_FD, 0);
	READS(slot_fd_recv(&m, &slot, &write));
	ck_assert_int_eq(slot, SLOT_SESSIONS);
	ck_assert(write);
	REFUSES(0, SLOT_COUNT, slot_fd_recv(&m, &slot, &write));
	REFUSES(1, 2, slot_fd_recv(&m, &slot, &write));
	slot_want_send(&l, SLOT_KEY);
	got(MSG_SLOT_WANT, 0);
	READS(slot_want_recv(&m, &slot));
	ck_assert_int_eq(slot, SLOT_KEY);
	REFUSES(0, 0, slot_want_recv(&m, &slot));
	slot_written_send(&l, SLOT_KEY, EIO);
	got(MSG_SLOT_WRITTEN, 0);
	READS(slot_error_recv(&m, &slot, &error));
	ck_assert_int_eq(error, EIO);
	REFUSES(0, SLOT_COUNT, slot_error_recv(&m, &slot, &error));
	slot_done_send(&l, SLOT_KEY, ENOSPC);
	got(MSG_SLOT_DONE, 0);
	READS(slot_error_recv(&m, &slot, &error));
	ck_assert_int_eq(error, ENOSPC);
	reload_send(&l, 9);
	got(MSG_RELOAD, 9);
	reload_done_send(&l, 9, EINVAL, "no");
	got(MSG_RELOAD_DONE, 9);
	READS(reload_done_recv(&m, &error, text));
	ck_assert_int_eq(error, EINVAL);
	ck_assert_str_eq(text, "no");
}
END_TEST

START_TEST(helper)
{
	char name[RESOLVE_NAME_MAX];
	struct resolved a, b;
	struct endpoint e, e2;
	uint8_t topic;
	size_t i;
	bool on;

	host.mode = MODE_CONFIGURED;
	resolve_send(&l, 3, "alice.example.net");
	got(MSG_RESOLVE, 3);
	READS(resolve_recv(&m, name));
	ck_assert_str_eq(name, "alice.example.net");
	memset(&a, 0, sizeof(a));
	a.n = RESOLVE_ADDRS_MAX;
	a.ttl = 60;
	for (i = 0; i < a.n; i++) {
		a.at[i].family = i % 2 == 0 ? AF_INET : AF_INET6;
		a.at[i].addr[0] = (uint8_t)i;
	}
	resolved_send(&l, 3, &a);
	got(MSG_RESOLVED, 3);
	READS(resolved_recv(&m, &b));
	ck_assert_mem_eq(&a, &b, sizeof(a));
	REFUSES(0, RESOLVE_REFUSED + 1, resolved_recv(&m, &b));
	REFUSES(0, RESOLVE_NONE, resolved_recv(&m, &b));
	REFUSES(5, RESOLVE_ADDRS_MAX + 1, resolved_recv(&m, &b));
	REFUSES(6, 0, resolved_recv(&m, &b));
	REFUSES(6 + 5, 1, resolved_recv(&m, &b));	/* behind an IPv4 */
	memset(&a, 0, sizeof(a));
	a.status = RESOLVE_SILENT;
	resolved_send(&l, 3, &a);
	got(MSG_RESOLVED, 3);
	READS(resolved_recv(&m, &b));
	REFUSES(0, RESOLVE_OK, resolved_recv(&m, &b));
	/* Padding, too, is compared. */
	memset(&e, 0, sizeof(e));
	memset(&e2, 0, sizeof(e2));
	ck_assert_int_eq(endpoint_parse(&e, "192.0.2.53:53"), 0);
	dns_fd_send(&l, &e, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	got(MSG_DNS_FD, 0);
	READS(dns_fd_recv(&m, &e2));
	ck_assert_mem_eq(&e, &e2, sizeof(e));
	helper_show_send(&l, 4, SHOW_MEMORY);
	got(MSG_HELPER_SHOW, 4);
	READS(helper_show_recv(&m, &topic));
	host.mode = MODE_BARE;
	monitor_send(&l, true);
	got(MSG_MONITOR, 0);
	READS(monitor_recv(&m, &on));
	ck_assert(on);
	REFUSES(0, 2, monitor_recv(&m, &on));
}
END_TEST

/* Those that say all by their type, a fd or a row. */
START_TEST(helper_plain)
{
	uint8_t row[4] = { 1, 2, 3, 4 };
	struct wbuf w;

	host.mode = MODE_CONFIGURED;
	dns_reset_send(&l);
	got(MSG_DNS_RESET, 0);
	ck_assert_uint_eq(m.len, 0);
	hosts_fd_send(&l, socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	got(MSG_HOSTS_FD, 0);
	ck_assert_uint_eq(m.len, 0);
	dns_wanted_send(&l);
	got(MSG_DNS_WANTED, 0);
	wbuf_init(&w, row, sizeof(row));
	put_u16(&w, 7);
	helper_row_send(&l, 5, &w);
	got(MSG_HELPER_ROW, 5);
	ck_assert_uint_eq(m.len, 2);
	/* A row that did not fit is not sent. */
	put_bytes(&w, row, sizeof(row));
	helper_row_send(&l, 6, &w);
	helper_show_end_send(&l, 5);
	got(MSG_HELPER_SHOW_END, 5);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("codec");
	TCase *tc = tcase_create("codec");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, fields);
	tcase_add_test(tc, writing);
	tcase_add_test(tc, startup);
	tcase_add_test(tc, ready);
	tcase_add_test(tc, parent_fds);
	tcase_add_test(tc, parent_state);
	tcase_add_test(tc, parent_answers);
	tcase_add_test(tc, crypto);
	tcase_add_test(tc, set_items);
	tcase_add_test(tc, lists);
	tcase_add_test(tc, net);
	tcase_add_test(tc, conf);
	tcase_add_test(tc, conf_items);
	tcase_add_test(tc, conf_items_refused);
	tcase_add_test(tc, slots);
	tcase_add_test(tc, helper);
	tcase_add_test(tc, helper_plain);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("codec", suite());
}
