/* SPDX-License-Identifier: ISC */
/*
 * Both sides of every message of netd and of its helper resolverd: endpoints,
 * what is shown, names and their addresses.
 *
 * What one sends the other reads, and reads nothing that is shorter, longer
 * or out of range.
 */
#include <sys/socket.h>

#include "codec_link.h"
#include "shared/codec.h"
#include "shared/msg_helper.h"
#include "shared/msg_net.h"
#include "shared/row.h"

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
		e[i].name = NAME_REFUSED;
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
	ck_assert_uint_eq(e2[499].name, NAME_REFUSED);
	endpoints_send(&l, 3, e, 2);
	got(MSG_ENDPOINTS, 3);
	READS(endpoints_recv(&m, e2, &n));
	REFUSES(0, 3, endpoints_recv(&m, e2, &n));
	REFUSES(1, 0xff, endpoints_recv(&m, e2, &n));
	REFUSES(2 + DEVICE_ENDPOINT_WIRE + 2, NAME_REFUSED + 1,
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
	Suite *s = suite_create("codec_net");
	TCase *tc = tcase_create("codec_net");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, net);
	tcase_add_test(tc, helper);
	tcase_add_test(tc, helper_plain);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("codec_net", suite());
}
