/* SPDX-License-Identifier: ISC */
/*
 * ctld of a configured instance, in its own sandbox: its metrics, by HTTP and
 * by the tool.
 */
#include <sys/socket.h>

#include <string.h>
#include <unistd.h>

#include "regress/privsep/ctld_conf_play.h"
#include "unit.h"

static void
a_counter(enum proc p, uint32_t id, const char *process, const char *name)
{
	uint8_t b[ROW_MAX];
	struct wbuf o;

	row_begin(&o, b, sizeof(b), "counter");
	row_str(&o, "process", process);
	row_str(&o, "name", name);
	row_u64(&o, "value", 11);
	row_str(&o, "help", "what\nit \\ counts");
	answer_row(p, id, &o);
}

static void
play_metrics(void)
{
	struct peer_info pi = a_peer();
	uint8_t b[ROW_MAX];
	struct wbuf o;
	uint32_t id;
	int i;

	end_facts();
	id = asked_show(PROC_PARENT, SHOW_PROCESSES);
	row_begin(&o, b, sizeof(b), "process");
	row_str(&o, "process", "netd");
	row_u64(&o, "uptime_s", 77);
	row_str(&o, "state", "running");
	answer_row(PROC_PARENT, id, &o);
	answer(PROC_PARENT, MSG_SHOW_END, id, NULL, 0);
	id = asked_show(PROC_PARENT, SHOW_COUNTERS);
	a_counter(PROC_PARENT, id, "resolverd", "questions");
	answer(PROC_PARENT, MSG_SHOW_END, id, NULL, 0);
	end_show(PROC_CRYPTOD, SHOW_COUNTERS);
	id = asked_show(PROC_NETD, SHOW_COUNTERS);
	a_counter(PROC_NETD, id, "parent", "rx_thing");
	a_counter(PROC_NETD, id, "netd", "x 1\nwarren_up");
	answer(PROC_NETD, MSG_SHOW_END, id, NULL, 0);
	pi.rx_bytes = 123;
	pi.handshake_sec = 1800000000;
	for (i = 0; i < 5; i++) {
		answer_device(1, false);
		answer_peer(&pi);
		if (i == 0)		/* the others need no endpoint */
			answer_endpoint(5, 0, NAME_OK);
	}
}

static void
check_metrics(const char *text)
{
	static const char *const lines[] = {
		"\n# TYPE warren_up gauge\nwarren_up 0\n",
		"\nwarren_peers 1\n",
		"mode=\"configured\",instance=\"test\"",
		"\nwarren_process_running{process=\"netd\"} 1\n",
		"\nwarren_process_uptime_seconds{process=\"netd\"} 77\n",
		"\nwarren_resolverd_questions_total 11\n",
		"\n# HELP warren_netd_rx_thing_total what\\nit \\\\ counts\n",
		"\nwarren_netd_rx_thing_total 11\n",
		"\nwarren_ctld_drop_metrics_total ",
		"\nwarren_health_problems{severity=\"error\"} 0\n",
		"\nwarren_peer_receive_bytes_total{peer=\"alice\"} 123\n",
		"\nwarren_peer_transmit_bytes_total{peer=\"alice\"} 0\n",
		"\nwarren_peer_last_handshake_seconds{peer=\"alice\"} 18",
		"\nwarren_peer_tries{peer=\"alice\"} 0\n",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_msg(strstr(text, lines[i]) != NULL,
		    "no %s in: %s", lines[i], text);
	ck_assert_ptr_null(strstr(text, "x 1"));
	ck_assert_ptr_null(strstr(text, "warren_parent_rx"));
}

START_TEST(metrics_by_http)
{
	static const char get[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char head[] = "HTTP/1.0 200 OK\r\n"
	    "Content-Type: text/plain; version=0.0.4\r\n"
	    "Connection: close\r\n\r\n# HELP ";
	static char text[65536];
	size_t len;

	configured();
	client = dial(kid.listener[LISTENER_METRICS]);
	ck_assert_int_eq(write(client, get, sizeof(get) - 1),
	    (ssize_t)sizeof(get) - 1);
	play_metrics();
	len = read_all(client, text, sizeof(text));
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_int_eq(strncmp(text, head, sizeof(head) - 1), 0);
	check_metrics(text);
	ck_assert_uint_eq(kid.faults, 0);
	teardown();
}
END_TEST

START_TEST(metrics_by_the_tool)
{
	static char text[65536];
	struct ctl_frame f;
	struct row row;

	configured();
	ask(LISTENER_READ, CTL_METRICS);
	play_metrics();
	text[0] = '\0';
	for (;;) {
		ctl_next(client, &f);
		if (f.type == CTL_DONE)
			break;
		ck_assert_int_eq(row_parse(&row, f.data, f.len), 0);
		ck_assert_str_eq(row.table, "text");
		strcat(text, row_text(&row, "text"));
		ck_assert_int_eq(text[strlen(text) - 1], '\n');
	}
	check_metrics(text);
	teardown();
}
END_TEST

START_TEST(no_metrics)
{
	static const char *const bad[] = { "NONSENSE\r\n\r\n", "\n",
	    "POST / HTTP/1.0\r\n" };
	char text[512];
	long begin;
	size_t i;

	configured();
	for (i = 0; i < 3; i++) {
		client = dial(kid.listener[LISTENER_METRICS]);
		ck_assert_int_gt(write(client, bad[i], strlen(bad[i])), 0);
		read_all(client, text, sizeof(text));
		ck_assert_int_eq(strncmp(text, "HTTP/1.0 400 ", 13), 0);
		close(client);
	}
	/* One that speaks slowly is not heard for long. */
	client = dial(kid.listener[LISTENER_METRICS]);
	ck_assert_int_eq(write(client, "GET /", 5), 5);
	begin = kid_ms();
	while (kid_ms() - begin < 10000 &&
	    send(client, "x", 1, MSG_NOSIGNAL) == 1)
		usleep(200000);
	ck_assert_msg(kid_ms() - begin < 8000, "after %ld ms",
	    kid_ms() - begin);
	ck_assert(is_silent(PROC_CRYPTOD, 0));
	teardown();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctld_conf_metrics");
	TCase *tc = tcase_create("ctld_conf_metrics");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, metrics_by_http);
	tcase_add_test(tc, metrics_by_the_tool);
	tcase_add_test(tc, no_metrics);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_conf_metrics", suite());
}
