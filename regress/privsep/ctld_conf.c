/* SPDX-License-Identifier: ISC */
/*
 * ctld of a configured instance, in its own sandbox: what it takes from the
 * parent, and what it refuses to clients.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/ctld_conf_play.h"
#include "unit.h"

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
	say_new();
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
		say_new();
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
	say_new();
	put_u32(&w, EINVAL);
	put_str(&w, text);
	answer(PROC_PARENT, MSG_RELOAD_DONE, id, w.p, w.len);
	ctl_end(client, EINVAL, text);
	close(client);
	/* Who asked is gone when the answer comes. */
	ask(LISTENER_CONTROL, CTL_RELOAD);
	id = asked(PROC_PARENT, MSG_RELOAD);
	close(client);
	say_new();
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
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("ctld_conf", suite());
}
