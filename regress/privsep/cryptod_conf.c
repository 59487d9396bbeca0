/* SPDX-License-Identifier: ISC */
/*
 * Configurations that are given to cryptod, in its own sandbox: transactions
 * to their end and given up, key files, and words at the wrong time or of one
 * that may not say them.
 */
#include <sys/wait.h>

#include <stdio.h>
#include <string.h>

#include "cryptod/keytext.h"
#include "regress/privsep/cryptod_play.h"
#include "regress/unit/unit.h"
#include "shared/msg_parent.h"

#define MANY		2000U

START_TEST(transactions)
{
	struct conf_done done;
	struct imsg m;

	configure(1, true, 3, &done);
	ck_assert_uint_eq(done.added, 3);
	ck_assert_uint_eq(peers(), 3);
	configure(2, false, 3, &done);
	ck_assert_uint_eq(done.kept, 3);
	configure(3, false, 4, &done);
	ck_assert_uint_eq(done.kept, 3);
	ck_assert_uint_eq(done.added, 1);
	configure(4, false, 1, &done);
	ck_assert_uint_eq(done.removed, 3);
	/* Given up: at any time, and as if it had never been. */
	conf_begin_send(&parent, 5, false);
	conf_plain_send(&parent, MSG_CONF_ABORT, 5);
	offer(6, false, 9);
	conf_plain_send(&parent, MSG_CONF_ABORT, 6);
	offer(7, false, 9);
	conf_plain_send(&parent, MSG_CONF_END, 7);
	hear_of(&parent, MSG_CONF_READY, &m);
	conf_plain_send(&parent, MSG_CONF_ABORT, 7);
	ck_assert_uint_eq(peers(), 1);
	configure(8, false, 1, &done);
	ck_assert_uint_eq(done.kept, 1);
	lives();
}
END_TEST

START_TEST(refusals)
{
	struct conf_done done;
	uint8_t buf[256];
	struct wbuf w;

	configure(1, true, 2, &done);
	offer(2, false, 2);
	wbuf_init(&w, buf, sizeof(buf));
	item(&w, CRYPTO_PEER, 3);
	conf_items_send(&parent, 2, buf, w.len);
	conf_key_send(&parent, 2, CONF_KEY_PSK, file_of("hello\n", 6));
	conf_plain_send(&parent, MSG_CONF_END, 2);
	is_refused(2, "peer peer3: its preshared-key file is not a key: 44");
	conf_plain_send(&parent, MSG_CONF_ABORT, 2);
	conf_begin_send(&parent, 3, false);
	conf_key_send(&parent, 3, CONF_KEY_PRIVATE, file_of("hello\n", 6));
	conf_plain_send(&parent, MSG_CONF_END, 3);
	is_refused(3, "the private-key file is not a key: 44 characters");
	conf_plain_send(&parent, MSG_CONF_ABORT, 3);
	ck_assert_uint_eq(peers(), 2);
	configure(4, false, 2, &done);
	ck_assert_uint_eq(done.kept, 2);
}
END_TEST

/* One key file a peer: they are read one at a time, as they come. */
START_TEST(many_key_files)
{
	char text[KEYTEXT_SIZE];
	struct conf_done done;
	uint8_t buf[256], psk = CONF_KEY_PSK;
	long began = kid_ms();
	struct wbuf w;
	struct imsg m;
	uint32_t i;

	conf_begin_send(&parent, 1, true);
	key_file(1, CONF_KEY_PRIVATE, private);
	for (i = 1; i <= MANY; i++) {
		wbuf_init(&w, buf, sizeof(buf));
		item(&w, CRYPTO_PEER, i);
		say(MSG_CONF_ITEMS, 1, buf, w.len, -1);
		private[1] = (uint8_t)i;
		keytext_write(text, private);
		say(MSG_CONF_KEY, 1, &psk, 1, file_of(text, sizeof(text)));
		wbuf_init(&w, buf, sizeof(buf));
		item(&w, CRYPTO_ALLOWED_IP, i);
		say(MSG_CONF_ITEMS, 1, buf, w.len, -1);
	}
	say(MSG_CONF_END, 1, NULL, 0, -1);
	hear_of(&parent, MSG_CONF_READY, &m);
	commit(1, &done);
	ck_assert_uint_eq(done.added, MANY);
	ck_assert_int_lt(kid_fds(&kid), 40);
	printf("# %u peers with key files: %ld ms\n", MANY, kid_ms() - began);
}
END_TEST

/* A taken-over ctld asks for keys: the parent hears of it. */
START_TEST(secrets_are_refused)
{
	struct peer_cursor cur;
	struct conf_done done;
	struct imsg m;
	int i;

	configure(1, true, 1, &done);
	for (i = 0; i < 2; i++) {
		memset(&cur, 0, sizeof(cur));
		if (i == 0)
			get_device_send(&ctld, 7, true);
		else
			get_peers_send(&ctld, 7, &cur, true);
		hear_of(&parent, MSG_FAULT, &m);
		ck_assert_uint_eq(m.data[0], PROC_CTLD);
		ck_assert_uint_eq(m.data[3], MSG_CONTENT);
		ck_assert(!hear(&ctld, &m, 50));
	}
	ck_assert_uint_eq(peers(), 1);
}
END_TEST

/* What the parent says at the wrong time ends it. */
static void
begin_twice(void)
{
	conf_begin_send(&parent, 1, true);
	conf_begin_send(&parent, 2, true);
}

static void
not_the_first(void)
{
	conf_begin_send(&parent, 1, false);
}

static void
another_id(void)
{
	conf_begin_send(&parent, 1, true);
	conf_plain_send(&parent, MSG_CONF_END, 2);
}

static void
commit_unready(void)
{
	conf_begin_send(&parent, 1, true);
	conf_plain_send(&parent, MSG_CONF_COMMIT, 1);
}

static void
abort_nothing(void)
{
	conf_plain_send(&parent, MSG_CONF_ABORT, 1);
}

static void
slot_unasked(void)
{
	slot_fd_send(&parent, SLOT_SESSIONS, true, file_of("", 0));
}

static void
slot_key_to_read(void)
{
	slot_fd_send(&parent, SLOT_KEY, false, file_of("", 0));
}

static void
slot_done_unasked(void)
{
	slot_done_send(&parent, SLOT_KEY, 0);
}

static void (*const wrong[])(void) = {
	begin_twice, not_the_first, another_id, commit_unready, abort_nothing,
	slot_unasked, slot_key_to_read, slot_done_unasked,
};

START_TEST(wrong_order)
{
	int status;

	wrong[_i]();
	status = kid_wait_exit(&kid, SLOW);
	ck_assert_msg(status != -1 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 1, "wait status %04x: %s",
	    (unsigned)status, kid.log);
	ck_assert_ptr_nonnull(strstr(kid.log, "parent"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cryptod_conf");
	TCase *tc = tcase_create("cryptod_conf");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, transactions);
	tcase_add_test(tc, refusals);
	tcase_add_test(tc, many_key_files);
	tcase_add_test(tc, secrets_are_refused);
	tcase_add_loop_test(tc, wrong_order, 0,
	    (int)(sizeof(wrong) / sizeof(wrong[0])));
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("cryptod_conf", suite());
}
