/* SPDX-License-Identifier: ISC */
/*
 * Every message between processes.  The input is messages, each a type, a
 * length (16 bits both) and its content.  What a reader accepts, the writer
 * writes again byte by byte.  link_send() is ours and only keeps what was to
 * be sent.
 */
#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

#include "input.h"
#include "shared/log.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "shared/msg_helper.h"
#include "shared/msg_net.h"
#include "shared/msg_parent.h"
#include "shared/version.h"

#define ANSWER	7		/* an id to be carried along */

static struct {
	uint16_t	type;
	uint32_t	id;
	size_t		len;
	uint8_t		data[MSG_PAYLOAD];
	unsigned int	n;
} sent;

void
link_send(struct link *l, uint16_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	(void)l;
	(void)fd;
	MUST(len <= sizeof(sent.data));
	sent.type = type;
	sent.id = id;
	sent.len = len;
	if (len > 0)
		memcpy(sent.data, data, len);
	sent.n++;
}

void
link_send_wbuf(struct link *l, uint16_t type, uint32_t id, int fd,
    struct wbuf *w)
{
	MUST(!w->fail);
	link_send(l, type, id, fd, w->p, w->len);
}

void
link_flush(struct link *l, int ms)
{
	(void)l;
	(void)ms;
}

static void
parent_start(const struct imsg *m)
{
	struct startup s;
	struct sandbox_report rep;
	enum proc sibling;
	enum listener which;

	switch (m->type) {
	case MSG_STARTUP:
		if (startup_recv(m, &s) == 0)
			startup_send(NULL, &s);
		break;
	case MSG_READY:
		if (ready_recv(m, &rep) == 0)
			ready_send(NULL, &rep);
		break;
	case MSG_LINK_FD:
		if (link_fd_recv(m, &sibling) == 0) {
			MUST(sibling != PROC_PARENT && sibling < PROC_COUNT);
			link_fd_send(NULL, sibling, -1);
		}
		break;
	case MSG_LISTENER_FD:
		if (listener_fd_recv(m, &which) == 0)
			listener_fd_send(NULL, which, -1);
		break;
	}
}

/* Those that look at their descriptor, too; all kinds are tried. */
static void
parent_fds(struct imsg *m)
{
	static int fds[5] = { -1 };
	enum bell which;
	uint16_t v;
	uint8_t family;
	int i;

	if (fds[1] == 0) {
		fds[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		fds[2] = open("/dev/null", O_WRONLY | O_CLOEXEC);
		fds[3] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		fds[4] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	}
	for (i = 0; i < 5; i++) {
		m->fd = fds[i];
		if (m->type == MSG_BELL_FD &&
		    bell_fd_recv(m, &which, &v) == 0) {
			MUST((i == 1 && which == BELL_HEAR) ||
			    (i == 2 && which == BELL_RING));
			bell_fd_send(NULL, which, v, -1);
		}
		if (m->type == MSG_UDP_FD &&
		    udp_fd_recv(m, &family, &v) == 0) {
			MUST(i == (family == AF_INET ? 3 : 4));
			udp_fd_send(NULL, family, v, -1);
		}
		if (m->type == MSG_TUN_FD && tun_fd_recv(m, &v) == 0)
			tun_fd_send(NULL, v, -1);
	}
	m->fd = -1;
}

static void
parent_run(const struct imsg *m)
{
	char text[LOG_LINE_MAX];
	struct link_state ls;
	enum msg_verdict verdict;
	enum proc sibling;
	uint32_t mark;
	uint16_t port, type;
	bool verbose;
	int v;

	switch (m->type) {
	case MSG_LINK_STATE:
		if (link_state_recv(m, &ls) == 0)
			link_state_send(NULL, &ls);
		break;
	case MSG_LOG_LEVEL:
		if (log_level_recv(m, &verbose) == 0)
			log_level_send(NULL, verbose);
		break;
	case MSG_LOG_SET:
		if (log_level_recv(m, &verbose) == 0)
			log_set_send(NULL, ANSWER, verbose);
		break;
	case MSG_LOG:
		if (log_recv(m, &v, text, sizeof(text)) == 0)
			log_send(NULL, v, text);
		break;
	case MSG_FAULT:
		if (fault_recv(m, &sibling, &type, &verdict) == 0)
			MUST(sibling < PROC_COUNT && verdict <= MSG_CONTENT);
		break;
	case MSG_LISTEN_SET:
		if (listen_set_recv(m, &port) == 0)
			listen_set_send(NULL, ANSWER, port);
		break;
	case MSG_FWMARK_SET:
		if (fwmark_set_recv(m, &mark) == 0)
			fwmark_set_send(NULL, ANSWER, mark);
		break;
	case MSG_SOCKET_DONE:
		if (socket_done_recv(m, &v) == 0)
			socket_done_send(NULL, ANSWER, v);
		break;
	case MSG_SOCKET_STATE:
		if (socket_state_recv(m, &port, &mark) == 0)
			socket_state_send(NULL, port, mark);
		break;
	}
}

static void
crypto(const struct imsg *m)
{
	static uint32_t ids[SET_IDS_MAX];
	struct ring_offer offer;
	struct device_info dev;
	struct peer_cursor cursor;
	uint8_t slot, key[KEY_SIZE];
	bool flag;
	size_t n;
	int v;

	switch (m->type) {
	case MSG_RING:
		if (ring_offer_recv(m, &offer) == 0)
			ring_offer_send(NULL, &offer, -1);
		break;
	case MSG_SET_IDS:
		if (set_ids_recv(m, ids, &n) == 0)
			set_ids_send(NULL, ANSWER, ids, n);
		MUST(n <= SET_IDS_MAX);
		break;
	case MSG_SET_DONE:
		if (set_done_recv(m, &v) == 0)
			set_done_send(NULL, ANSWER, v);
		break;
	case MSG_GET_DEVICE:
		if (get_device_recv(m, &flag) == 0)
			get_device_send(NULL, ANSWER, flag);
		break;
	case MSG_DEVICE:
		if (device_recv(m, &dev) == 0)
			device_send(NULL, ANSWER, &dev);
		break;
	case MSG_GET_PEERS:
		if (get_peers_recv(m, &cursor, &flag) == 0)
			get_peers_send(NULL, ANSWER, &cursor, flag);
		break;
	case MSG_LOCAL_KEY:
		if (local_key_recv(m, &slot, &flag, key) == 0) {
			MUST(slot < LOCAL_KEYS);
			local_key_send(NULL, slot, flag, key);
		}
		break;
	}
}

static void
net(const struct imsg *m)
{
	static uint32_t ids[GET_ENDPOINTS_MAX];
	static struct endpoint_info eps[GET_ENDPOINTS_MAX];
	bool on, cut;
	uint8_t topic;
	size_t n;

	switch (m->type) {
	case MSG_GET_ENDPOINTS:
		if (get_endpoints_recv(m, ids, &n) == 0)
			get_endpoints_send(NULL, ANSWER, ids, n);
		MUST(n <= GET_ENDPOINTS_MAX);
		break;
	case MSG_ENDPOINTS:
		if (endpoints_recv(m, eps, &n) == 0)
			endpoints_send(NULL, ANSWER, eps, n);
		MUST(n <= GET_ENDPOINTS_MAX);
		break;
	case MSG_SHOW:
		if (show_recv(m, &topic) == 0)
			show_send(NULL, ANSWER, topic);
		break;
	case MSG_SHOW_END:
		if (show_end_recv(m, &cut) == 0) {
			if (cut)
				show_cut_send(NULL, ANSWER);
			else
				show_end_send(NULL, ANSWER);
		}
		break;
	case MSG_MONITOR:
		if (monitor_recv(m, &on) == 0)
			monitor_send(NULL, on);
		break;
	}
}

static void
conf(const struct imsg *m)
{
	char why[CONF_WHY_MAX], text[RELOAD_TEXT_MAX];
	struct conf_done done;
	enum conf_key kind;
	enum slot slot;
	bool flag;
	int v;

	switch (m->type) {
	case MSG_CONF_BEGIN:
		if (conf_begin_recv(m, &flag) == 0)
			conf_begin_send(NULL, ANSWER, flag);
		break;
	case MSG_CONF_KEY:
		if (conf_key_recv(m, &kind) == 0)
			conf_key_send(NULL, ANSWER, kind, -1);
		break;
	case MSG_CONF_NO:
		if (conf_no_recv(m, why) == 0)
			conf_no_send(NULL, ANSWER, why);
		break;
	case MSG_CONF_DONE:
		if (conf_done_recv(m, &done) == 0)
			conf_done_send(NULL, ANSWER, &done);
		break;
	case MSG_SLOT_FD:
		if (slot_fd_recv(m, &slot, &flag) == 0)
			slot_fd_send(NULL, slot, flag, -1);
		break;
	case MSG_SLOT_WANT:
		if (slot_want_recv(m, &slot) == 0)
			slot_want_send(NULL, slot);
		break;
	case MSG_SLOT_WRITTEN:
		if (slot_error_recv(m, &slot, &v) == 0)
			slot_written_send(NULL, slot, v);
		break;
	case MSG_SLOT_DONE:
		if (slot_error_recv(m, &slot, &v) == 0)
			slot_done_send(NULL, slot, v);
		break;
	case MSG_RELOAD_DONE:
		if (reload_done_recv(m, &v, text) == 0)
			reload_done_send(NULL, ANSWER, v, text);
		break;
	}
}

static void
helper(const struct imsg *m)
{
	char name[RESOLVE_NAME_MAX];
	struct endpoint server;
	struct resolved a;
	uint8_t topic;

	switch (m->type) {
	case MSG_RESOLVE:
		if (resolve_recv(m, name) == 0)
			resolve_send(NULL, ANSWER, name);
		break;
	case MSG_RESOLVED:
		if (resolved_recv(m, &a) == 0) {
			MUST(a.n <= RESOLVE_ADDRS_MAX);
			resolved_send(NULL, ANSWER, &a);
		}
		break;
	case MSG_DNS_FD:
		if (dns_fd_recv(m, &server) == 0)
			dns_fd_send(NULL, &server, -1);
		break;
	case MSG_HELPER_SHOW:
		if (helper_show_recv(m, &topic) == 0)
			helper_show_send(NULL, ANSWER, topic);
		break;
	}
}

/* Items of a configuration, as each of its three readers sees them. */
static void
conf_item(enum proc reader, struct rbuf *r, struct wbuf *w)
{
	struct crypto_item c;
	struct show_item s;
	struct net_item n;

	if (reader == PROC_CRYPTOD) {
		get_crypto_item(r, &c);
		if (!r->fail)
			put_crypto_item(w, &c);
	} else if (reader == PROC_NETD) {
		get_net_item(r, &n);
		if (!r->fail)
			put_net_item(w, &n);
	} else {
		get_show_item(r, &s);
		if (!r->fail)
			put_show_item(w, &s);
	}
}

static size_t
conf_item_max(enum proc reader)
{
	return reader == PROC_CRYPTOD ? CRYPTO_ITEM_MAX :
	    reader == PROC_NETD ? NET_ITEM_MAX : SHOW_ITEM_MAX;
}

/* One element of a list, as long as the list is good. */
static void
element(uint16_t type, enum proc reader, struct rbuf *r, struct wbuf *w)
{
	struct device_endpoint ep;
	struct has_endpoint has;
	struct peer_info peer;
	struct remote_id remote;
	struct set_item item;
	struct prefix prefix;
	uint16_t i;

	switch (type) {
	case MSG_SET_ITEMS:
		get_set_item(r, &item);
		if (!r->fail)
			put_set_item(w, &item);
		break;
	case MSG_PEERS:
		get_peer_info(r, &peer);
		if (r->fail)
			break;
		put_peer_info(w, &peer);
		for (i = 0; i < peer.nips && !r->fail; i++) {
			get_prefix(r, &prefix);
			if (!r->fail)
				put_prefix(w, &prefix);
		}
		break;
	case MSG_REMOTE_ADD:
		get_remote_add(r, &remote);
		if (!r->fail)
			put_remote_add(w, &remote);
		break;
	case MSG_REMOTE_DEL:
		get_remote_del(r, &remote);
		if (!r->fail)
			put_remote_del(w, &remote);
		break;
	case MSG_ENDPOINT_SET:
		get_device_endpoint(r, &ep);
		if (!r->fail)
			put_device_endpoint(w, &ep);
		break;
	case MSG_HAS_ENDPOINT:
		get_has_endpoint(r, &has);
		if (!r->fail)
			put_has_endpoint(w, &has);
		break;
	case MSG_CONF_ITEMS:
		conf_item(reader, r, w);
		break;
	default:
		r->fail = true;
	}
}

/* Messages that their readers walk; every element takes some bytes. */
static void
list(const struct imsg *m, enum proc reader)
{
	static uint8_t buf[MSG_PAYLOAD];
	struct peer_cursor cursor;
	struct rbuf r;
	struct wbuf w;
	size_t left, len;
	bool done;

	rbuf_init(&r, m->data, m->len);
	wbuf_init(&w, buf, sizeof(buf));
	if (m->type == MSG_PEERS) {
		get_peers_head(&r, &done, &cursor);
		put_peers_head(&w, done, &cursor);
	}
	while (!r.fail && r.left > 0) {
		left = r.left;
		len = w.len;
		element(m->type, reader, &r, &w);
		if (r.fail)
			return;
		MUST(r.left < left && w.len - len == left - r.left);
		MUST(m->type != MSG_SET_ITEMS || w.len - len <= SET_ITEM_MAX);
		MUST(m->type != MSG_CONF_ITEMS ||
		    w.len - len <= conf_item_max(reader));
	}
	if (r.fail)
		return;
	MUST(!w.fail && w.len == m->len && rbuf_end(&r) == 0);
	MUST(memcmp(buf, m->data, m->len) == 0);
}

static void
message(const struct msg_row *row, const uint8_t *data, size_t len)
{
	struct imsg m = { .fd = -1 };
	uint8_t *p = input_dup(data, len);

	/* Behind the build id, which no fuzzer would guess. */
	if ((row->type == MSG_STARTUP || row->type == MSG_READY) &&
	    len >= 2 + BUILD_ID_SIZE && p[2] == 0)
		memcpy(p + 2, warren_build_id(), BUILD_ID_SIZE);
	m.type = row->type;
	m.data = p;
	m.len = len;
	sent.n = 0;
	parent_start(&m);
	parent_fds(&m);
	parent_run(&m);
	crypto(&m);
	net(&m);
	conf(&m);
	helper(&m);
	list(&m, PROC_CRYPTOD);
	list(&m, PROC_NETD);
	list(&m, PROC_CTLD);
	MUST(sent.n <= 1 || row->type == MSG_TUN_FD);
	if (sent.n > 0) {
		MUST(sent.type == m.type && sent.len == m.len);
		MUST(memcmp(sent.data, m.data, m.len) == 0);
		MUST(m.len <= row->max);
	}
	free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	const struct msg_row *rows, *row;
	uint16_t type;
	size_t n, len;

	rows = msg_rows(&n);
	while (in.left > 0) {
		type = (uint16_t)input_int(&in, 2);
		if ((row = msg_row(type)) == NULL)
			row = &rows[type % n];
		len = input_int(&in, 2) % (MSG_PAYLOAD + 1);
		if (len > in.left)
			len = in.left;
		message(row, in.p, len);
		in.p += len;
		in.left -= len;
	}
	return 0;
}
