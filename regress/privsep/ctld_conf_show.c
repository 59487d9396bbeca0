/* SPDX-License-Identifier: ISC */
/*
 * ctld of a configured instance, in its own sandbox: what it shows of the
 * status and of health, and answers that are big, cut or do not come.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "regress/privsep/ctld_conf_play.h"
#include "shared/hex.h"
#include "unit.h"

static void
facts_with_everything(void)
{
	uint32_t id = asked_show(PROC_PARENT, SHOW_HEALTH);
	char key[BASE64_KEY_SIZE];
	uint8_t b[ROW_MAX], stranger[KEY_SIZE] = { 9 };
	struct wbuf o;

	row_begin(&o, b, sizeof(b), "problem");
	row_str(&o, "problem", "a route is gone");
	row_str(&o, "advice", "find it");
	answer_row(PROC_PARENT, id, &o);
	answer(PROC_PARENT, MSG_SHOW_END, id, NULL, 0);
	id = asked_show(PROC_CRYPTOD, SHOW_HEALTH);
	/* Not for cryptod to say, and nonsense. */
	answer_row(PROC_CRYPTOD, id, &o);
	row_begin(&o, b, sizeof(b), "stranger");
	row_str(&o, "public_key", "x");
	answer_row(PROC_CRYPTOD, id, &o);
	base64_key_encode(key, stranger);
	row_begin(&o, b, sizeof(b), "stranger");
	row_str(&o, "public_key", key);
	row_u64(&o, "count", 3);
	row_u64(&o, "last", (uint64_t)time(NULL));
	answer_row(PROC_CRYPTOD, id, &o);
	answer(PROC_CRYPTOD, MSG_SHOW_END, id, NULL, 0);
	end_show(PROC_NETD, SHOW_HEALTH);
}

static void
status_peer_row(const struct row *row)
{
	ck_assert_str_eq(row_text(row, "name"), "alice");
	ck_assert_str_eq(row_text(row, "endpoint"), "192.0.2.7:1234");
	ck_assert_str_eq(row_text(row, "endpoint_name"), "a.example:1234");
	ck_assert_str_eq(row_text(row, "name_state"), "unknown");
	ck_assert_str_eq(row_text(row, "send_error"), strerror(ENETUNREACH));
	ck_assert_uint_eq(row_num(row, "psk"), 1);
	ck_assert_uint_eq(row_num(row, "tries"), 4);
}

START_TEST(status_with_health)
{
	struct peer_info pi = a_peer();
	struct row row;

	configured();
	ask_show(SHOW_STATUS);
	facts_with_everything();
	pi.tries = 4;
	answer_device(1, false);
	answer_peer(&pi);
	answer_endpoint(5, ENETUNREACH, NAME_UNKNOWN);
	ctl_row(client, &row, "interface");
	ck_assert_str_eq(row_text(&row, "key_source"), "file k");
	ck_assert_str_eq(row_text(&row, "addresses"), "10.66.0.1/24");
	ck_assert_str_eq(row_text(&row, "routes"), "main");
	ctl_row(client, &row, "peer");
	status_peer_row(&row);
	ctl_row(client, &row, "health");
	ck_assert_str_eq(row_text(&row, "problem"), "a route is gone");
	ck_assert_str_eq(row_text(&row, "severity"), "warning");
	ctl_row(client, &row, "health");
	ck_assert_ptr_nonnull(strstr(row_text(&row, "problem"), "3 times"));
	ck_assert_ptr_nonnull(strstr(row_text(&row, "advice"), "alice"));
	/* The second time, for what is wrong with peers. */
	answer_device(1, false);
	answer_peer(&pi);
	answer_endpoint(5, ENETUNREACH, NAME_UNKNOWN);
	ctl_row(client, &row, "health");
	ck_assert_str_eq(row_text(&row, "peer"), "alice");
	ck_assert_str_eq(row_text(&row, "severity"), "error");
	ck_assert_ptr_nonnull(strstr(row_text(&row, "problem"), "be sent"));
	ctl_row(client, &row, "health");
	ck_assert_ptr_nonnull(strstr(row_text(&row, "problem"), "a.example"));
	ctl_end(client, 0, "");
	/* Who asks later is told what is so by then. */
	close(client);
	ask_show(SHOW_HEALTH);
	end_facts();
	answer_device(1, false);
	pi.tries = 0;
	answer_peer(&pi);
	answer_endpoint(5, 0, NAME_OK);
	ctl_end(client, 0, "");
	ck_assert_uint_eq(kid.faults, 0);
	teardown();
}
END_TEST

/* The advice on a packet to this address that could not be sent. */
static void
advised(const char *at, const char *advice, bool is)
{
	struct peer_info pi = a_peer();
	struct row row;
	int i;

	if (client != -1)
		close(client);
	ask_show(SHOW_HEALTH);
	end_facts();
	for (i = 0; i < 2; i++) {
		answer_device(1, false);
		answer_peer(&pi);
		answer_endpoint_at(5, at, EHOSTUNREACH, NAME_OK);
	}
	ctl_row(client, &row, "health");
	ck_assert_msg((strstr(row_text(&row, "advice"), advice) != NULL) == is,
	    "%s: %s", at, row_text(&row, "advice"));
	ctl_end(client, 0, "");
}

START_TEST(endpoints_in_the_tunnel)
{
	static const char *const address[] = { "10.66.0.1/24", "fd66::1/64",
	    "10.66.4.1/30", "fe80::1/64" };
	static const char in[] = "lies in the network of 10.66.0.1/24, so";
	static const char odd[] = "lies in the network of 10.66.4.1/30, so";
	static const char six[] = "lies in the network of fd66::1/64, so";

	setup();
	configure_addresses(1, address, sizeof(address) / sizeof(address[0]));
	advised("10.66.0.2:1", in, true);
	advised("10.66.0.255:1", in, true);
	advised("10.66.1.2:1", "lies in the network", false);
	advised("10.66.4.3:1", odd, true);
	advised("10.66.4.4:1", "lies in the network", false);
	advised("[fd66::2]:1", six, true);
	advised("[fd66:0:0:1::2]:1", "lies in the network", false);
	/* The same bytes are something else in the other family. */
	advised("[a42:2::]:1", "lies in the network", false);
	/* It may be of any link. */
	advised("[fe80::2%2]:1", "lies in the network", false);
	teardown();
}
END_TEST

/* What is known stays known while somebody else has it asked for anew. */
START_TEST(facts_of_others)
{
	struct peer_info pi = a_peer();
	struct row row;
	int first;

	configured();
	first = ask_show(SHOW_HEALTH);
	facts_with_everything();
	ask_show(SHOW_HEALTH);
	asked_show(PROC_PARENT, SHOW_HEALTH);
	answer_device(1, false);
	answer_peer(&pi);
	answer_endpoint(5, 0, NAME_OK);
	ctl_row(first, &row, "health");
	ck_assert_str_eq(row_text(&row, "problem"), "a route is gone");
	ctl_row(first, &row, "health");
	ctl_end(first, 0, "");
	close(first);
	teardown();
}
END_TEST

/* All who came while facts were gathered are content with the next ones. */
START_TEST(facts_for_many)
{
	uint32_t id;
	int first, later[8], i;

	configured();
	first = ask_show(SHOW_HEALTH);
	id = asked_show(PROC_PARENT, SHOW_HEALTH);
	for (i = 0; i < 8; i++)
		later[i] = ask_show(SHOW_HEALTH);
	/* When this one is answered they were all heard. */
	ask_show(SHOW_CRYPTO);
	end_show(PROC_CRYPTOD, SHOW_CRYPTO);
	ctl_end(client, 0, "");
	answer(PROC_PARENT, MSG_SHOW_END, id, NULL, 0);
	end_show(PROC_CRYPTOD, SHOW_HEALTH);
	end_show(PROC_NETD, SHOW_HEALTH);
	asked(PROC_CRYPTOD, MSG_GET_DEVICE);
	end_facts();
	for (i = 0; i < 8; i++)
		asked(PROC_CRYPTOD, MSG_GET_DEVICE);
	ck_assert(is_silent(PROC_PARENT, 100));
	ck_assert_uint_eq(kid.faults, 0);
	close(first);
	for (i = 0; i < 8; i++)
		close(later[i]);
	teardown();
}
END_TEST

/* A process that does not answer stops only those who want its rows. */
START_TEST(silent_sibling)
{
	int first, second, third;
	uint32_t id;

	configured();
	first = ask_show(SHOW_COUNTERS);
	end_show(PROC_PARENT, SHOW_COUNTERS);
	end_show(PROC_CRYPTOD, SHOW_COUNTERS);
	id = asked_show(PROC_NETD, SHOW_COUNTERS);
	second = ask_show(SHOW_MEMORY);
	end_show(PROC_PARENT, SHOW_MEMORY);
	end_show(PROC_CRYPTOD, SHOW_MEMORY);
	ck_assert(is_silent(PROC_NETD, 100));
	third = ask_show(SHOW_COUNTERS);	/* in its line */
	ask_show(SHOW_PROCESSES);
	end_show(PROC_PARENT, SHOW_PROCESSES);
	ctl_end(client, 0, "");
	close(client);
	ask_show(SHOW_CRYPTO);
	end_show(PROC_CRYPTOD, SHOW_CRYPTO);
	ctl_end(client, 0, "");
	/* At last; then it is asked what waits. */
	close(first);
	answer(PROC_NETD, MSG_SHOW_END, id, NULL, 0);
	end_show(PROC_NETD, SHOW_MEMORY);
	close(second);
	end_show(PROC_PARENT, SHOW_COUNTERS);
	end_show(PROC_CRYPTOD, SHOW_COUNTERS);
	close(third);
	end_show(PROC_NETD, SHOW_COUNTERS);
	ck_assert_uint_eq(kid.faults, 0);
	/* It is not netd's to end what the parent is at. */
	close(client);
	ask_show(SHOW_MEMORY);
	id = asked_show(PROC_PARENT, SHOW_MEMORY);
	answer(PROC_NETD, MSG_SHOW_END, id, NULL, 0);
	faulted(PROC_NETD, MSG_SHOW_END);
	teardown();
}
END_TEST

/* A new "show peers", up to where netd is asked. */
static int
ask_peers(void)
{
	struct peer_info pi = a_peer();
	int fd = ask_show(SHOW_PEERS);

	answer_device(1, false);
	answer_peer(&pi);
	return fd;
}

static int
ask_log(void)
{
	uint8_t b[64];
	struct wbuf o;

	wbuf_init(&o, b, sizeof(b));
	ctl_log_write(&o, 1, true);
	return client = ctl_dial(kid.listener[LISTENER_CONTROL], &o);
}

/* However many asked it and went: the others are asked as ever. */
START_TEST(silent_for_many)
{
	static const uint8_t done[4] = { 0 };
	uint32_t id[16], log_id;
	struct row row;
	int waits, i;

	configured();
	for (i = 0; i < 16; i++) {
		ask_peers();
		id[i] = asked(PROC_NETD, MSG_GET_ENDPOINTS);
		close(client);
	}
	waits = ask_peers();
	ck_assert(is_silent(PROC_NETD, 100));
	ask_show(SHOW_INTERFACE);
	answer_device(1, false);
	ctl_row(client, &row, "interface");
	ctl_end(client, 0, "");
	close(client);
	ask_log();
	log_id = asked(PROC_PARENT, MSG_LOG_SET);
	answer(PROC_PARENT, MSG_SOCKET_DONE, log_id, done, sizeof(done));
	ctl_end(client, 0, "");
	close(client);
	ask(LISTENER_CONTROL, CTL_RELOAD);
	asked(PROC_PARENT, MSG_RELOAD);
	/* At last an answer, to one that is gone: who waits has its place. */
	answer(PROC_NETD, MSG_ENDPOINTS, id[0], done, 2);
	answer_endpoint(5, 0, NAME_OK);
	ctl_row(waits, &row, "peer");
	ctl_end(waits, 0, "");
	close(waits);
	ck_assert_uint_eq(kid.faults, 0);
	teardown();
}
END_TEST

#define BIG_ROWS	500

/* The parent answers with a configuration of more than a MiB. */
static void
answer_config(void)
{
	uint32_t id = asked_show(PROC_PARENT, SHOW_CONFIG);
	char text[3000];
	uint8_t b[ROW_MAX];
	struct wbuf o;
	int i;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	row_begin(&o, b, sizeof(b), "config");
	row_str(&o, "text", text);
	for (i = 0; i < BIG_ROWS; i++)
		while (answer(PROC_PARENT, MSG_ROW, id, o.p, o.len) == -1)
			usleep(1000);
	while (answer(PROC_PARENT, MSG_SHOW_END, id, NULL, 0) == -1)
		usleep(1000);
}

/* Who only reads, and not even that, hinders nobody who may do more. */
START_TEST(big_answers)
{
	static char text[BIG_ROWS * 3100];
	uint8_t b[64];
	struct wbuf o;
	struct row row;
	int reader, i;

	configured();
	reader = ask_show(SHOW_CONFIG);
	answer_config();
	wbuf_init(&o, b, sizeof(b));
	ctl_show_write(&o, 1, SHOW_CONFIG);
	client = ctl_dial(kid.listener[LISTENER_CONTROL], &o);
	answer_config();
	for (i = 0; i < BIG_ROWS; i++)
		ctl_row(client, &row, "config");
	ctl_end(client, 0, "");
	ck_assert_uint_lt(read_all(reader, text, sizeof(text)),
	    BIG_ROWS * 3000);
	close(reader);
	teardown();
}
END_TEST

/* A reload came between. */
START_TEST(cut_answer)
{
	static const uint8_t cut = 1, nonsense = 2;
	struct row row;
	uint32_t id;
	uint8_t b[ROW_MAX];
	struct wbuf o;

	configured();
	ask_show(SHOW_CONFIG);
	id = asked_show(PROC_PARENT, SHOW_CONFIG);
	row_begin(&o, b, sizeof(b), "config");
	row_str(&o, "text", "half");
	answer_row(PROC_PARENT, id, &o);
	answer(PROC_PARENT, MSG_SHOW_END, id, &cut, 1);
	ctl_row(client, &row, "config");
	ctl_end(client, EAGAIN, "the configuration changed meanwhile");
	close(client);
	/* The next one is as any. */
	ask_show(SHOW_CONFIG);
	end_show(PROC_PARENT, SHOW_CONFIG);
	ctl_end(client, 0, "");
	close(client);
	ask_show(SHOW_CRYPTO);
	id = asked_show(PROC_CRYPTOD, SHOW_CRYPTO);
	answer(PROC_CRYPTOD, MSG_SHOW_END, id, &nonsense, 1);
	faulted(PROC_CRYPTOD, MSG_SHOW_END);
	teardown();
}
END_TEST

static void
ask_peer(const char *name)
{
	uint8_t b[CTL_FRAME_MAX];
	struct wbuf o;

	wbuf_init(&o, b, sizeof(b));
	ctl_peer_write(&o, 1, name);
	if (client != -1)
		close(client);
	client = ctl_dial(kid.listener[LISTENER_READ], &o);
}

START_TEST(one_peer)
{
	struct peer_info pi = a_peer();
	char key[BASE64_KEY_SIZE];
	struct row row;
	int i;

	configured();
	base64_key_encode(key, alice_key);
	for (i = 0; i < 2; i++) {
		ask_peer(i == 0 ? "alice" : key);
		end_facts();
		answer_device(1, false);
		pi.tries = 3;
		answer_peer(&pi);
		answer_endpoint(5, 0, NAME_OK);
		ctl_row(client, &row, "peer");
		ck_assert_str_eq(row_text(&row, "name"), "alice");
		ctl_row(client, &row, "health");
		ck_assert_ptr_nonnull(strstr(row_text(&row, "problem"),
		    "no answer"));
		ctl_end(client, 0, "");
	}
	ask_peer("ali");
	ctl_end(client, ENOENT, "no peer \"ali\"; see \"warrenctl peers\"");
	ask_peer("");
	ctl_end(client, ENOENT, "no peer \"\"");
	/* A key that is right, and nobody's. */
	key[0] = 'X';
	ask_peer(key);
	end_facts();
	answer_device(1, false);
	answer_peer(&pi);
	answer_endpoint(5, 0, NAME_OK);
	ctl_end(client, ENOENT, "no peer \"X");
	teardown();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctld_conf_show");
	TCase *tc = tcase_create("ctld_conf_show");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, status_with_health);
	tcase_add_test(tc, endpoints_in_the_tunnel);
	tcase_add_test(tc, facts_of_others);
	tcase_add_test(tc, facts_for_many);
	tcase_add_test(tc, silent_sibling);
	tcase_add_test(tc, silent_for_many);
	tcase_add_test(tc, big_answers);
	tcase_add_test(tc, cut_answer);
	tcase_add_test(tc, one_peer);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_conf_show", suite());
}
