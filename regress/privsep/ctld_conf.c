/* SPDX-License-Identifier: ISC */
/*
 * ctld of a configured instance, in its own sandbox: what it takes from the
 * parent, what it refuses to clients, and what it tells of health.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/play.h"
#include "shared/hex.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "shared/msg_net.h"
#include "unit.h"

#define FILE_NAME	"/etc/warren.conf"

static const uint8_t alice_key[KEY_SIZE] = { 7 };
static uint8_t buf[MSG_PAYLOAD];
static struct wbuf w;
static int client;

static void
setup(void)
{
	kid_world();
	kid_mode = MODE_CONFIGURED;
	kid_run(&kid, PROC_CTLD);
	client = -1;
}

static void
teardown(void)
{
	if (client != -1)
		close(client);
	kid_end(&kid);
}

static void
add_item(enum show_op op, const uint8_t *key, const char *name,
    const char *text)
{
	struct show_item it;

	memset(&it, 0, sizeof(it));
	it.op = op;
	if (key != NULL)
		memcpy(it.key, key, sizeof(it.key));
	strcpy(it.name, name);
	strcpy(it.text, text);
	put_show_item(&w, &it);
}

static void
say_begin(uint32_t id)
{
	const uint8_t initial = 0;

	answer(PROC_PARENT, MSG_CONF_BEGIN, id, &initial, 1);
}

static void
say_items(uint32_t id)
{
	ck_assert(!w.fail);
	answer(PROC_PARENT, MSG_CONF_ITEMS, id, w.p, w.len);
	wbuf_init(&w, buf, sizeof(buf));
}

static void
say_plain(uint16_t type, uint32_t id)
{
	answer(PROC_PARENT, type, id, NULL, 0);
}

static void
configure(uint32_t id)
{
	say_begin(id);
	wbuf_init(&w, buf, sizeof(buf));
	add_item(SHOW_ITEM_INSTANCE, NULL, "", FILE_NAME);
	add_item(SHOW_ITEM_KEY, NULL, "", "file k");
	add_item(SHOW_ITEM_ADDRESS, NULL, "", "10.66.0.1/24");
	add_item(SHOW_ITEM_ROUTES, NULL, "", "main");
	say_items(id);
	add_item(SHOW_ITEM_PEER, alice_key, "alice", "a.example:1234");
	add_item(SHOW_ITEM_PSK, NULL, "", "");
	say_items(id);
	say_plain(MSG_CONF_END, id);
	ck_assert_uint_eq(asked(PROC_PARENT, MSG_CONF_READY), id);
	say_plain(MSG_CONF_COMMIT, id);
	ck_assert_uint_eq(asked(PROC_PARENT, MSG_CONF_DONE), id);
}

static void
configured(void)
{
	setup();
	configure(1);
}

/* Waits for a line in the log. */
static void
logged(const char *text)
{
	long end = kid_ms() + SLOW;

	while (strstr(kid.log, text) == NULL && kid_ms() < end)
		hear(50);
	ck_assert_msg(strstr(kid.log, text) != NULL, "no \"%s\" in: %s",
	    text, kid.log);
}

static void
answer_device(uint32_t peers, bool secret)
{
	struct device_info d;
	uint8_t b[128];
	struct wbuf o;
	uint32_t id = asked(PROC_CRYPTOD, MSG_GET_DEVICE);

	ck_assert_msg(last_asked.data[0] == 0, "secrets were asked for");
	memset(&d, 0, sizeof(d));
	wbuf_init(&o, b, sizeof(b));
	put_u8(&o, 1);
	put_u8(&o, secret);
	memset(d.private_key, 0xaa, KEY_SIZE);
	put_bytes(&o, d.private_key, KEY_SIZE);
	memset(d.public_key, 1, KEY_SIZE);
	put_bytes(&o, d.public_key, KEY_SIZE);
	put_u32(&o, peers);
	answer(PROC_CRYPTOD, MSG_DEVICE, id, o.p, o.len);
}

static void
answer_peer(const struct peer_info *pi)
{
	struct peer_cursor cur = { pi->device, 0 };
	uint8_t b[512];
	struct wbuf o;
	uint32_t id = asked(PROC_CRYPTOD, MSG_GET_PEERS);

	wbuf_init(&o, b, sizeof(b));
	put_peers_head(&o, true, &cur);
	put_peer_info(&o, pi);
	ck_assert(!o.fail);
	answer(PROC_CRYPTOD, MSG_PEERS, id, o.p, o.len);
}

static void
answer_endpoint(uint32_t device, uint16_t error, enum name_state name)
{
	struct device_endpoint de;
	uint8_t b[64];
	struct wbuf o;
	uint32_t id = asked(PROC_NETD, MSG_GET_ENDPOINTS);

	memset(&de, 0, sizeof(de));
	de.device = device;
	endpoint_parse(&de.endpoint, "192.0.2.7:1234");
	wbuf_init(&o, b, sizeof(b));
	put_u16(&o, 1);
	put_device_endpoint(&o, &de);
	put_u16(&o, error);
	put_u8(&o, (uint8_t)name);
	answer(PROC_NETD, MSG_ENDPOINTS, id, o.p, o.len);
}

/* The next question is for this topic; ends its answer. */
static uint32_t
asked_show(enum proc p, enum show_topic topic)
{
	uint32_t id = asked(p, MSG_SHOW);

	ck_assert_uint_eq(last_asked.data[0], topic);
	return id;
}

static void
end_show(enum proc p, enum show_topic topic)
{
	answer(p, MSG_SHOW_END, asked_show(p, topic), NULL, 0);
}

static void
end_facts(void)
{
	end_show(PROC_PARENT, SHOW_HEALTH);
	end_show(PROC_CRYPTOD, SHOW_HEALTH);
	end_show(PROC_NETD, SHOW_HEALTH);
}

static struct peer_info
a_peer(void)
{
	struct peer_info pi;

	memset(&pi, 0, sizeof(pi));
	pi.device = 5;
	memcpy(pi.public_key, alice_key, KEY_SIZE);
	return pi;
}

static int
ask(enum listener l, enum ctl_type type)
{
	uint8_t b[64];
	struct wbuf o;

	wbuf_init(&o, b, sizeof(b));
	ctl_plain_write(&o, 1, type);
	return client = ctl_dial(kid.listener[l], &o);
}

static int
ask_show(enum show_topic topic)
{
	uint8_t b[64];
	struct wbuf o;

	wbuf_init(&o, b, sizeof(b));
	ctl_show_write(&o, 1, topic);
	return client = ctl_dial(kid.listener[LISTENER_READ], &o);
}

/*
 * The UAPI.
 */

START_TEST(set_is_refused)
{
	static const char set[] = "set=1\nprivate_key="
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "\nreplace_peers=true\nnonsense\n\nset=1\n\n";
	char text[128];

	configured();
	client = dial(kid.listener[LISTENER_UAPI]);
	/* Not before all of it was read. */
	ck_assert_int_eq(write(client, set, 40), 40);
	hear(50);
	ck_assert_int_gt(write(client, set + 40, sizeof(set) - 1 - 40), 0);
	ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
	read_all(client, text, sizeof(text));
	ck_assert_str_eq(text, "errno=-1\n\nerrno=-1\n\n");
	logged("configured by " FILE_NAME);
	logged("set by uid 0");
	ck_assert(is_silent(PROC_CRYPTOD, 100));
	ck_assert(is_silent(PROC_NETD, 0));
	ck_assert_uint_eq(kid.faults, 0);
	teardown();
}
END_TEST

/* Even if cryptod gave them away. */
START_TEST(get_has_no_secrets)
{
	struct peer_info pi = a_peer();
	char text[1024];

	configured();
	client = dial(kid.listener[LISTENER_UAPI]);
	ck_assert_int_eq(write(client, "get=1\n\n", 7), 7);
	ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
	answer_device(1, true);
	pi.has_secret = true;
	memset(pi.psk, 0xbb, KEY_SIZE);
	answer_peer(&pi);
	answer_endpoint(5, 0, NAME_OK);
	read_all(client, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "public_key=07"));
	ck_assert_ptr_nonnull(strstr(text, "errno=0\n\n"));
	ck_assert_ptr_null(strstr(text, "private_key"));
	ck_assert_ptr_null(strstr(text, "preshared_key"));
	teardown();
}
END_TEST

/*
 * The configuration.
 */

/* What it shows: the file, or that there is none yet. */
static void
shows_file(const char *file)
{
	struct row row;

	ask_show(SHOW_INTERFACE);
	answer_device(0, false);
	ctl_row(client, &row, "interface");
	ck_assert_str_eq(row_text(&row, "mode"), "configured");
	ck_assert_str_eq(row_text(&row, "config_file"), file);
	ctl_end(client, 0, "");
	close(client);
	client = -1;
}

START_TEST(transactions)
{
	setup();
	shows_file("");
	configure(1);
	shows_file(FILE_NAME);
	/* One that is taken back. */
	say_begin(2);
	wbuf_init(&w, buf, sizeof(buf));
	add_item(SHOW_ITEM_INSTANCE, NULL, "", "/other");
	say_items(2);
	say_plain(MSG_CONF_END, 2);
	asked(PROC_PARENT, MSG_CONF_READY);
	shows_file(FILE_NAME);
	say_plain(MSG_CONF_ABORT, 2);
	shows_file(FILE_NAME);
	/* Taken back in the middle; then one that cannot be had. */
	say_begin(3);
	say_plain(MSG_CONF_ABORT, 3);
	say_begin(4);
	add_item(SHOW_ITEM_PEER, alice_key, "alice", "");
	add_item(SHOW_ITEM_PEER, alice_key, "bob", "");
	say_items(4);
	say_plain(MSG_CONF_END, 4);
	ck_assert_uint_eq(asked(PROC_PARENT, MSG_CONF_NO), 4);
	say_plain(MSG_CONF_ABORT, 4);
	configure(5);
	shows_file(FILE_NAME);
	teardown();
}
END_TEST

/* B begin, I items, J items of another id, X malformed, E end, C, A. */
static const char *const disorders[] = {
	"I", "E", "C", "A", "BB", "BC", "BEC!E", "BEI", "BEE", "BJ", "BX",
	"BAC", "BAI", "BECC",
};

START_TEST(disorder_is_fatal)
{
	const char *p;
	uint32_t id = 7;
	int status;

	setup();
	for (p = disorders[_i]; *p != '\0'; p++) {
		wbuf_init(&w, buf, sizeof(buf));
		switch (*p) {
		case 'B':
			say_begin(id);
			break;
		case 'J':
		case 'I':
			add_item(SHOW_ITEM_ROUTES, NULL, "", "main");
			say_items(*p == 'I' ? id : id + 1);
			break;
		case 'X':
			put_u8(&w, 99);
			say_items(id);
			break;
		case 'E':
			say_plain(MSG_CONF_END, id);
			break;
		case 'C':
			say_plain(MSG_CONF_COMMIT, id);
			break;
		case 'A':
			say_plain(MSG_CONF_ABORT, id);
			break;
		default:
			id++;
		}
	}
	status = kid_wait_exit(&kid, SLOW);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1,
	    "%s: status %d", disorders[_i], status);
	teardown();
}
END_TEST

/*
 * Requests.
 */

START_TEST(reload)
{
	static const char text[] = "/etc/warren.conf:3: no\n"
	    "/etc/warren.conf:4: such thing";
	uint32_t id;

	configured();
	ask(LISTENER_CONTROL, CTL_RELOAD);
	id = asked(PROC_PARENT, MSG_RELOAD);
	wbuf_init(&w, buf, sizeof(buf));
	put_u32(&w, EINVAL);
	put_str(&w, text);
	answer(PROC_PARENT, MSG_RELOAD_DONE, id, w.p, w.len);
	ctl_end(client, EINVAL, text);
	close(client);
	/* Who asked is gone when the answer comes. */
	ask(LISTENER_CONTROL, CTL_RELOAD);
	id = asked(PROC_PARENT, MSG_RELOAD);
	close(client);
	wbuf_init(&w, buf, sizeof(buf));
	put_u32(&w, 0);
	put_str(&w, "");
	answer(PROC_PARENT, MSG_RELOAD_DONE, id, w.p, w.len);
	shows_file(FILE_NAME);
	/* An answer to nobody is the parent's mistake. */
	answer(PROC_PARENT, MSG_RELOAD_DONE, id, w.p, w.len);
	ck_assert_int_ne(kid_wait_exit(&kid, SLOW), -1);
	teardown();
}
END_TEST

START_TEST(reload_is_logged)
{
	configured();
	ask(LISTENER_CONTROL, CTL_RELOAD);
	logged("reload, by uid 0, pid ");
	teardown();
}
END_TEST

START_TEST(reading_changes_nothing)
{
	uint8_t b[64];
	struct wbuf o;

	configured();
	wbuf_init(&o, b, sizeof(b));
	ctl_plain_write(&o, 1, CTL_RELOAD);
	ctl_log_write(&o, 2, true);
	ctl_show_write(&o, 3, SHOW_INTERFACE);
	client = ctl_dial(kid.listener[LISTENER_READ], &o);
	ctl_end(client, EPERM, "\"reload\" changes the daemon");
	ctl_end(client, EPERM, "\"log\" changes the daemon");
	answer_device(0, false);
	logged("reload by uid 0");
	ck_assert(is_silent(PROC_PARENT, 200));
	teardown();
}
END_TEST

START_TEST(no_reload_in_bare_mode)
{
	kid_world();
	kid_mode = MODE_BARE;
	kid_run(&kid, PROC_CTLD);
	ask(LISTENER_CONTROL, CTL_RELOAD);
	ctl_end(client, EOPNOTSUPP, "no configuration file");
	teardown();
}
END_TEST

START_TEST(old_clients)
{
	uint8_t b[64];
	struct wbuf o;

	configured();
	client = dial(kid.listener[LISTENER_CONTROL]);
	wbuf_init(&o, b, sizeof(b));
	ctl_hello_write(&o, 0, 1, 1);
	ctl_plain_write(&o, 1, CTL_RELOAD);
	ck_assert_int_eq(write(client, o.p, o.len), (ssize_t)o.len);
	ctl_end(client, EOPNOTSUPP, "unknown request");
	teardown();
}
END_TEST

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
	row_u64(&o, "last", UINT64_MAX);
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
	/* The facts are still good: the siblings are not asked again. */
	close(client);
	ask_show(SHOW_HEALTH);
	answer_device(1, false);
	pi.tries = 0;
	answer_peer(&pi);
	answer_endpoint(5, 0, NAME_OK);
	ctl_row(client, &row, "health");
	ctl_row(client, &row, "health");
	ctl_end(client, 0, "");
	ck_assert_uint_eq(kid.faults, 0);
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
	usleep(1100000);
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
		if (i == 0)
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
	answer_device(1, false);
	answer_peer(&pi);
	answer_endpoint(5, 0, NAME_OK);
	ctl_end(client, ENOENT, "no peer \"X");
	teardown();
}
END_TEST

/*
 * Metrics.
 */

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
	Suite *s = suite_create("ctld_conf");
	TCase *tc = tcase_create("ctld_conf");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, set_is_refused);
	tcase_add_test(tc, get_has_no_secrets);
	tcase_add_test(tc, transactions);
	tcase_add_loop_test(tc, disorder_is_fatal, 0,
	    sizeof(disorders) / sizeof(disorders[0]));
	tcase_add_test(tc, reload);
	tcase_add_test(tc, reload_is_logged);
	tcase_add_test(tc, reading_changes_nothing);
	tcase_add_test(tc, no_reload_in_bare_mode);
	tcase_add_test(tc, old_clients);
	tcase_add_test(tc, status_with_health);
	tcase_add_test(tc, facts_of_others);
	tcase_add_test(tc, silent_sibling);
	tcase_add_test(tc, big_answers);
	tcase_add_test(tc, cut_answer);
	tcase_add_test(tc, one_peer);
	tcase_add_test(tc, metrics_by_http);
	tcase_add_test(tc, metrics_by_the_tool);
	tcase_add_test(tc, no_metrics);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_conf", suite());
}
