/* SPDX-License-Identifier: ISC */
/*
 * ctld and events: siblings that tell what they must not, and clients that
 * watch, are slow, or go.
 */
#include <sys/ioctl.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctld/events.h"
#include "regress/privsep/play.h"
#include "shared/hex.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "unit.h"

static const uint8_t alice_key[KEY_SIZE] = { 7 };
static int client[32];
static int nclients;

/* Answers the first question about counters with nothing. */
static void
no_counters(void)
{
	enum proc p;

	for (p = PROC_PARENT; p <= PROC_NETD; p++) {
		uint32_t id = asked(p, MSG_SHOW);

		ck_assert_uint_eq(last_asked.data[0], SHOW_COUNTERS);
		answer(p, MSG_SHOW_END, id, NULL, 0);
	}
}

static void
monitored(bool on)
{
	enum proc p;

	for (p = PROC_PARENT; p <= PROC_NETD; p++) {
		asked(p, MSG_MONITOR);
		ck_assert_uint_eq(last_asked.len, 1);
		ck_assert_uint_eq(last_asked.data[0], on);
	}
}

static int
watch_at(enum listener l)
{
	uint8_t b[64];
	struct wbuf o;

	wbuf_init(&o, b, sizeof(b));
	ctl_plain_write(&o, 1, CTL_MONITOR);
	return client[nclients++] = ctl_dial(kid.listener[l], &o);
}

static int
watch(void)
{
	return watch_at(LISTENER_READ);
}

/* cryptod has one peer: device 5. */
static void
answer_peers(void)
{
	struct peer_cursor cur = { 5, 0 };
	uint8_t b[512], device[70] = { 0 };
	struct peer_info pi;
	struct wbuf o;
	uint32_t id;

	id = asked(PROC_CRYPTOD, MSG_GET_DEVICE);
	answer(PROC_CRYPTOD, MSG_DEVICE, id, device, sizeof(device));
	id = asked(PROC_CRYPTOD, MSG_GET_PEERS);
	memset(&pi, 0, sizeof(pi));
	pi.device = 5;
	memcpy(pi.public_key, alice_key, KEY_SIZE);
	wbuf_init(&o, b, sizeof(b));
	put_peers_head(&o, true, &cur);
	put_peer_info(&o, &pi);
	answer(PROC_CRYPTOD, MSG_PEERS, id, o.p, o.len);
}

static void
setup(void)
{
	nclients = 0;
	kid_world();
	kid_mode = MODE_CONFIGURED;
	kid_run(&kid, PROC_CTLD);
}

static void
configure(void)
{
	uint8_t b[SHOW_ITEM_MAX];
	const uint8_t initial = 1;
	struct show_item it;
	struct wbuf o;

	memset(&it, 0, sizeof(it));
	it.op = SHOW_ITEM_PEER;
	memcpy(it.key, alice_key, sizeof(it.key));
	strcpy(it.name, "alice");
	wbuf_init(&o, b, sizeof(b));
	put_show_item(&o, &it);
	answer(PROC_PARENT, MSG_CONF_BEGIN, 1, &initial, 1);
	answer(PROC_PARENT, MSG_CONF_ITEMS, 1, o.p, o.len);
	answer(PROC_PARENT, MSG_CONF_END, 1, NULL, 0);
	asked(PROC_PARENT, MSG_CONF_READY);
	answer(PROC_PARENT, MSG_CONF_COMMIT, 1, NULL, 0);
	asked(PROC_PARENT, MSG_CONF_DONE);
}

/* One watches, and all is quiet. */
static void
watched(void)
{
	setup();
	configure();
	watch();
	monitored(true);
	answer_peers();
	no_counters();
}

static void
teardown(void)
{
	while (nclients > 0)
		close(client[--nclients]);
	kid_end(&kid);
}

static int
tell(enum proc from, const struct wbuf *o)
{
	return answer(from, MSG_EVENT, 0, o->p, o->len);
}

static void
begin(struct wbuf *o, uint8_t b[ROW_MAX], const char *what)
{
	row_begin(o, b, ROW_MAX, "event");
	row_str(o, "process", "parent");	/* a lie, mostly */
	row_str(o, "what", what);
}

/* The next event that is not about drops of ctld itself. */
static void
event(int fd, struct row *row)
{
	do {
		ctl_row(fd, row, "event");
	} while (strcmp(row_text(row, "what"), "drops") == 0);
}

START_TEST(names)
{
	char key[BASE64_KEY_SIZE];
	uint8_t b[ROW_MAX];
	struct wbuf o;
	struct row row;

	watched();
	begin(&o, b, "handshake");
	row_u64(&o, "device", 5);
	row_str(&o, "peer", "mallory");
	row_u64(&o, "time", 1);
	row_bool(&o, "more", true);
	ck_assert_int_eq(tell(PROC_CRYPTOD, &o), 0);
	event(client[0], &row);
	ck_assert_str_eq(row_text(&row, "what"), "handshake");
	ck_assert_str_eq(row_text(&row, "process"), "cryptod");
	ck_assert_str_eq(row_text(&row, "peer"), "alice");
	ck_assert_uint_gt(row_num(&row, "time"), 1700000000);
	ck_assert_uint_eq(row_num(&row, "device"), 5);
	ck_assert_uint_eq(row_num(&row, "more"), 1);
	base64_key_encode(key, alice_key);
	ck_assert_str_eq(row_text(&row, "public_key"), key);
	begin(&o, b, "reload");
	row_str(&o, "public_key", key);
	ck_assert_int_eq(tell(PROC_PARENT, &o), 0);
	event(client[0], &row);
	ck_assert_str_eq(row_text(&row, "process"), "parent");
	ck_assert_str_eq(row_text(&row, "peer"), "alice");
	teardown();
}
END_TEST

/* Its device is not known, so all wait until cryptod has told. */
START_TEST(new_device)
{
	char key[BASE64_KEY_SIZE];
	uint8_t b[ROW_MAX];
	struct wbuf o;
	struct row row;

	watched();
	usleep(1100000);		/* not more often than each second */
	no_counters();
	begin(&o, b, "roamed");
	row_u64(&o, "device", 6);
	tell(PROC_NETD, &o);
	begin(&o, b, "link");
	tell(PROC_PARENT, &o);
	answer_peers();
	event(client[0], &row);
	ck_assert_str_eq(row_text(&row, "what"), "roamed");
	ck_assert_ptr_null(row_get(&row, "peer"));
	event(client[0], &row);
	ck_assert_str_eq(row_text(&row, "what"), "link");
	/* It does not ask again at once. */
	begin(&o, b, "roamed");
	row_u64(&o, "device", 7);
	tell(PROC_NETD, &o);
	event(client[0], &row);
	ck_assert_uint_eq(row_num(&row, "device"), 7);
	/* Nor is its key needed if the event tells it. */
	base64_key_encode(key, alice_key);
	begin(&o, b, "roamed");
	row_u64(&o, "device", 7);
	row_str(&o, "public_key", key);
	tell(PROC_NETD, &o);
	event(client[0], &row);
	ck_assert_str_eq(row_text(&row, "public_key"), key);
	ck_assert_str_eq(row_text(&row, "peer"), "alice");
	teardown();
}
END_TEST

/* A row of EVENT_MAX bytes and some, by the length of its text. */
static void
begin_long(struct wbuf *o, uint8_t b[ROW_MAX], char text[ROW_MAX], size_t len)
{
	begin(o, b, "long");
	row_u64(o, "device", 5);
	row_str(o, "text", "");
	ck_assert_uint_lt(o->len, len);
	memset(text, 'x', len - o->len);
	text[len - o->len] = '\0';
	begin(o, b, "long");
	row_u64(o, "device", 5);
	row_str(o, "text", text);
	ck_assert_uint_eq(o->len, len);
}

/* What a reload may say, and the longest of all, each in one piece. */
START_TEST(long_events)
{
	char text[ROW_MAX];
	uint8_t b[ROW_MAX];
	struct wbuf o;
	struct row row;

	watched();
	memset(text, 'x', RELOAD_TEXT_MAX - 1);
	text[RELOAD_TEXT_MAX - 1] = '\0';
	row_begin(&o, b, sizeof(b), "event");
	row_u64(&o, "time", 1);
	row_str(&o, "process", "parent");
	row_str(&o, "what", "reload");
	row_str(&o, "result", "failed");
	row_str(&o, "text", text);
	ck_assert_int_eq(tell(PROC_PARENT, &o), 0);
	event(client[0], &row);
	ck_assert_str_eq(row_text(&row, "text"), text);
	begin_long(&o, b, text, EVENT_MAX);
	ck_assert_int_eq(tell(PROC_CRYPTOD, &o), 0);
	event(client[0], &row);
	ck_assert_str_eq(row_text(&row, "peer"), "alice");
	ck_assert_str_eq(row_text(&row, "text"), text);
	ck_assert_uint_eq(kid.faults, 0);
	teardown();
}
END_TEST

static void
hostile(int i, struct wbuf *o, uint8_t b[ROW_MAX])
{
	char text[ROW_MAX];
	int k;

	switch (i) {
	case 0:
		row_begin(o, b, ROW_MAX, "peer");
		row_str(o, "what", "x");
		break;
	case 1:
		row_begin(o, b, ROW_MAX, "event");
		break;
	case 2:
		begin(o, b, "");
		break;
	case 3:
		begin(o, b, "a b");
		break;
	case 4:
		begin(o, b, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
		break;
	case 5:
		row_begin(o, b, ROW_MAX, "event");
		row_u64(o, "what", 1);
		break;
	case 6:
		begin(o, b, "x");
		row_str(o, "device", "5");
		break;
	case 7:
		begin(o, b, "x");
		row_u64(o, "device", 1ULL << 32);
		break;
	case 8:
		begin(o, b, "x");
		row_str(o, "public_key", "AAAA");
		break;
	case 9:
		begin(o, b, "x");
		row_u64(o, "public_key", 5);
		break;
	case 10:
		begin(o, b, "x");
		for (k = 0; k < ROW_FIELDS_MAX - 2; k++) {
			snprintf(text, sizeof(text), "k%d", k);
			row_u64(o, text, 1);
		}
		break;
	case 11:
		begin(o, b, "x");
		put_u8(o, 77);
		break;
	case 12:
		begin_long(o, b, text, EVENT_MAX + 1);
		break;
	default:
		begin(o, b, "x");
		row_str(o, "what", "twice");
	}
}
#define HOSTILE	14

START_TEST(hostile_events)
{
	uint8_t b[ROW_MAX];
	struct wbuf o;

	watched();
	hostile(_i, &o, b);
	ck_assert(!o.fail);
	ck_assert_int_eq(tell(PROC_NETD, &o), 0);
	faulted(PROC_NETD, MSG_EVENT);
	teardown();
}
END_TEST

/* One that crossed the word to stop is no fault. */
START_TEST(nobody_watches)
{
	uint8_t b[ROW_MAX];
	struct wbuf o;

	watched();
	close(client[0]);
	monitored(false);
	begin(&o, b, "x");
	row_u64(&o, "device", 99);
	ck_assert_int_eq(tell(PROC_NETD, &o), 0);
	ck_assert(is_silent(PROC_CRYPTOD, 200));
	watch();
	monitored(true);
	answer_peers();
	no_counters();
	ck_assert_uint_eq(kid.faults, 0);
	nclients--;
	close(client[1]);
	monitored(false);
	nclients = 0;
	kid_end(&kid);
}
END_TEST

/* Those who may only read never take the last places. */
START_TEST(too_many_watchers)
{
	int i;

	watched();
	for (i = 1; i < 12; i++)
		watch();
	ctl_end(watch(), EBUSY, "too many watch");
	for (; i < 16; i++)
		watch_at(LISTENER_CONTROL);
	ctl_end(watch_at(LISTENER_CONTROL), EBUSY, "too many watch");
	ctl_end(watch(), EBUSY, "too many watch");
	/* Only the last one that goes ends it. */
	ck_assert(is_silent(PROC_NETD, 0));
	teardown();
}
END_TEST

/* A flood, to one that reads nothing: it loses, and is told how many. */
START_TEST(slow_reader)
{
	char text[1000];
	uint8_t b[ROW_MAX];
	struct wbuf o;
	struct row row;
	uint64_t lost = 0, got = 0, told = 0;
	long rss, end;

	watched();
	rss = kid_rss(&kid);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	begin(&o, b, "flood");
	row_str(&o, "text", text);
	end = kid_ms() + 2500;
	while (kid_ms() < end) {
		if (tell(PROC_NETD, &o) == 0)
			told++;
		else
			usleep(1000);
		hear(0);
	}
	ck_assert_uint_gt(told, 2000);
	ck_assert_msg(kid_rss(&kid) - rss < 4096, "grew by %ld KiB",
	    kid_rss(&kid) - rss);
	while (got + lost < told) {
		ctl_row(client[0], &row, "event");
		if (strcmp(row_text(&row, "what"), "flood") == 0)
			got++;
		else if (strcmp(row_text(&row, "what"), "lost") == 0)
			lost += row_num(&row, "count");
	}
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(got + lost, told);
	ck_assert_uint_eq(kid.faults, 0);
	teardown();
}
END_TEST

/* The next event, whatever it is. */
static void
is_next(int fd, const char *what)
{
	struct row row;

	ctl_row(fd, &row, "event");
	ck_assert_str_eq(row_text(&row, "what"), what);
}

/* What a slow one loses is told to nobody, or there would be no end of it. */
START_TEST(slow_reader_alone)
{
	char text[ROW_MAX];
	uint8_t b[ROW_MAX];
	struct wbuf o;
	struct row row;
	int i;

	watched();
	watch();			/* and does not read */
	begin_long(&o, b, text, EVENT_MAX);
	for (i = 0; i < 200; i++) {
		ck_assert_int_eq(tell(PROC_NETD, &o), 0);
		is_next(client[0], "long");
	}
	/* ctld's own counters follow those of netd. */
	no_counters();
	begin(&o, b, "end");
	ck_assert_int_eq(tell(PROC_NETD, &o), 0);
	is_next(client[0], "end");
	ctl_row(client[1], &row, "event");
	while (strcmp(row_text(&row, "what"), "long") == 0)
		ctl_row(client[1], &row, "event");
	ck_assert_str_eq(row_text(&row, "what"), "lost");
	teardown();
}
END_TEST

static void
a_counter(enum proc p, uint32_t id, const char *name, uint64_t value)
{
	uint8_t b[ROW_MAX];
	struct wbuf o;

	row_begin(&o, b, sizeof(b), "counter");
	row_str(&o, "process", "x");
	row_str(&o, "name", name);
	row_u64(&o, "value", value);
	row_str(&o, "help", "what it counts");
	answer_row(p, id, &o);
}

START_TEST(drops)
{
	static const uint64_t value[] = { 1000, 1000, 1007, 3 };
	struct row row;
	uint32_t id;
	size_t i;

	watched();
	for (i = 0; i < sizeof(value) / sizeof(value[0]); i++) {
		id = asked(PROC_PARENT, MSG_SHOW);
		answer(PROC_PARENT, MSG_SHOW_END, id, NULL, 0);
		id = asked(PROC_CRYPTOD, MSG_SHOW);
		answer(PROC_CRYPTOD, MSG_SHOW_END, id, NULL, 0);
		id = asked(PROC_NETD, MSG_SHOW);
		a_counter(PROC_NETD, id, "rx_all", 1000 * i);
		a_counter(PROC_NETD, id, "drop_event", i == 1 ? 5 : 0);
		a_counter(PROC_NETD, id, "drop_rx", value[i]);
		answer(PROC_NETD, MSG_SHOW_END, id, NULL, 0);
	}
	/* Events that netd could not tell are no packets. */
	ctl_row(client[0], &row, "event");
	ck_assert_str_eq(row_text(&row, "what"), "lost");
	ck_assert_uint_eq(row_num(&row, "count"), 5);
	ctl_row(client[0], &row, "event");
	ck_assert_str_eq(row_text(&row, "what"), "drops");
	ck_assert_str_eq(row_text(&row, "process"), "netd");
	ck_assert_str_eq(row_text(&row, "reason"), "drop_rx");
	ck_assert_uint_eq(row_num(&row, "count"), 7);
	ck_assert_str_eq(row_text(&row, "text"), "what it counts");
	teardown();
}
END_TEST

/* It says something while it watches: that is its end, and only its own. */
START_TEST(talkative_watcher)
{
	uint8_t b[ROW_MAX];
	struct wbuf o;
	struct row row;
	char text[8];

	int n, fd;

	watched();
	fd = watch();
	begin(&o, b, "x");
	do {				/* until it was taken in */
		tell(PROC_NETD, &o);
		usleep(50000);
		ck_assert_int_eq(ioctl(fd, FIONREAD, &n), 0);
	} while (n < 100);		/* bytes; a WELCOME is shorter */
	event(client[1], &row);
	ck_assert_int_eq(write(client[1], "x", 1), 1);
	read_all(client[1], text, sizeof(text));
	tell(PROC_NETD, &o);
	event(client[0], &row);
	event(client[0], &row);
	teardown();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctld_events");
	TCase *tc = tcase_create("ctld_events");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, names);
	tcase_add_test(tc, new_device);
	tcase_add_test(tc, long_events);
	tcase_add_loop_test(tc, hostile_events, 0, HOSTILE);
	tcase_add_test(tc, nobody_watches);
	tcase_add_test(tc, too_many_watchers);
	tcase_add_test(tc, slow_reader);
	tcase_add_test(tc, slow_reader_alone);
	tcase_add_test(tc, drops);
	tcase_add_test(tc, talkative_watcher);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_events", suite());
}
