/* SPDX-License-Identifier: ISC */
/*
 * netd in configured mode, with this program as its parent, cryptod, ctld and
 * resolverd: tables of endpoints, names, sessions of before a restart, events.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netd/source.h"
#include "regress/privsep/netd_play.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "shared/msg_helper.h"
#include "shared/msg_net.h"
#include "shared/msg_parent.h"
#include "shared/row.h"

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

	get_endpoints_send(&ctld, 3, &device, 1);
	expect(&ctld, MSG_ENDPOINTS, &m);
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
	ck_assert_msg(next(&resolverd, &m, 10000), "no question");
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
	resolved_send(&resolverd, id, &a);
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
	ck_assert(!next(&resolverd, &m, 50));	/* nobody wants it yet */
	key_of(4, key);
	add_device(DEV, key);
	id = expect_question("a.example");
	ck_assert_int_eq(info_of(DEV).name, NAME_WAITING);
	give_address(id, "192.0.2.1");
	expect_has(DEV);
	place_is(DEV, "192.0.2.1:7");
	ck_assert_int_eq(info_of(DEV).name, NAME_OK);
	configure(2, one, 1, &d);
	ck_assert(!next(&resolverd, &m, 50));
	/* Another name that does not exist: it stays where it is. */
	configure(3, two, 1, &d);
	ck_assert_uint_eq(d.changed, 1);
	resolved_send(&resolverd, expect_question("b.example"), &none);
	/* An answer to no question is nothing. */
	give_address(999, "192.0.2.99");
	do
		usleep(10000);
	while (counter("names_answered") != 3);
	ck_assert_uint_eq(counter("names_stale"), 1);
	place_is(DEV, "192.0.2.1:7");
	ck_assert_int_eq(info_of(DEV).name, NAME_UNKNOWN);
	/* resolverd dies: that is all. */
	hang_up(PROC_RESOLVERD);
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
	struct ring_hdr *h = ring_open(&kid.ring, RING_URGENT, 0);
	uint64_t seen = counter("auths");

	ck_assert(h != NULL);
	h->kind = RING_CONTROL;
	h->device = DEV;
	memcpy(h->from, from, RING_FROM_SIZE);
	ring_commit(&kid.ring, 0);
	ring_publish(&kid.ring);
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
		case 3: bad[4] = 224; break;
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
		expect(&ctld, MSG_EVENT, &m);
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

	monitor_send(&ctld, true);
	settle(&ctld);
	configure(1, one, 1, &d);
	key_of(4, key);
	add_device(DEV, key);
	resolved_send(&resolverd, expect_question("a.example"), &silent);
	row = expect_event("unresolved");
	ck_assert_str_eq(row_get(row, "name")->str, "a.example");
	give_address(expect_question("a.example"), "192.0.2.1");
	row = expect_event("resolved");
	ck_assert_uint_eq(row_get(row, "device")->num, DEV);
	ck_assert_str_eq(row_get(row, "endpoint")->str, "192.0.2.1:7");
	authenticate();
	row = expect_event("roamed");
	ck_assert_uint_eq(row_get(row, "device")->num, DEV);
	monitor_send(&ctld, false);
	settle(&ctld);
	configure(2, two, 1, &d);
	expect_question("b.example");
	ck_assert(!next(&ctld, &m, 50));
}
END_TEST

START_TEST(bare_words)
{
	uint8_t junk[DEVICE_ENDPOINT_WIRE] = { 1 };

	/* ctld cannot move a peer in this mode. */
	link_send(&ctld, MSG_ENDPOINT_SET, 0, -1, junk, sizeof(junk));
	expect_fault(PROC_CTLD);
	memset(junk, 9, sizeof(junk));
	link_send(&resolverd, MSG_RESOLVED, 1, -1, junk, 6);
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
	Suite *s = suite_create("netd_conf");
	TCase *tc = tcase_create("configured");

	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, setup_configured, teardown);
	tcase_add_test(tc, static_endpoints);
	tcase_add_test(tc, by_name);
	tcase_add_test(tc, restored);
	tcase_add_test(tc, events);
	tcase_add_test(tc, bare_words);
	tcase_add_test(tc, thousands);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (sodium_init() == -1)
		return 1;
	return unit_run("netd_conf", suite());
}
