/* SPDX-License-Identifier: ISC */
/*
 * ctld and what its siblings tell: it adds the names of peers, counts drops
 * itself, and takes nothing that they must not say.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/ctld_events_play.h"
#include "shared/hex.h"

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

static Suite *
suite(void)
{
	Suite *s = suite_create("ctld_events_told");
	TCase *tc = tcase_create("ctld_events_told");

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, names);
	tcase_add_test(tc, new_device);
	tcase_add_test(tc, long_events);
	tcase_add_loop_test(tc, hostile_events, 0, HOSTILE);
	tcase_add_test(tc, drops);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_events_told", suite());
}
