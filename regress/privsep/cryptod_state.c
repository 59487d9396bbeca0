/* SPDX-License-Identifier: ISC */
/*
 * The state files of cryptod, in its own sandbox: a private key that it makes,
 * and the sessions and the timestamp's mark, which it saves by itself and at
 * an orderly end.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/sessions.h"
#include "regress/privsep/cryptod_play.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/hex.h"
#include "shared/msg_parent.h"

/* Answers the wish for a slot with a memfd, which stays ours. */
static int
give_slot(enum slot slot)
{
	enum slot wanted;
	struct imsg m;
	int fd;

	hear_of(&parent, MSG_SLOT_WANT, &m);
	ck_assert_int_eq(slot_want_recv(&m, &wanted), 0);
	ck_assert_int_eq(wanted, slot);
	fd = memfd_create("slot", MFD_CLOEXEC);
	slot_fd_send(&parent, slot, true, dup(fd));
	return fd;
}

static void
says_written(enum slot slot, int error)
{
	enum slot which;
	struct imsg m;
	int e;

	hear_of(&parent, MSG_SLOT_WRITTEN, &m);
	ck_assert_int_eq(slot_error_recv(&m, &which, &e), 0);
	ck_assert_int_eq(which, slot);
	ck_assert_int_eq(e, error);
}

static size_t
written(enum slot slot, int fd, void *buf, size_t size)
{
	ssize_t n;

	says_written(slot, 0);
	n = pread(fd, buf, size, 0);
	ck_assert_int_gt(n, 0);
	close(fd);
	return (size_t)n;
}

static void
make_key(uint32_t id, bool initial)
{
	uint8_t buf[64];
	struct wbuf w;

	conf_begin_send(&parent, id, initial);
	wbuf_init(&w, buf, sizeof(buf));
	item(&w, CRYPTO_MAKE_KEY, 0);
	conf_items_send(&parent, id, buf, w.len);
	conf_plain_send(&parent, MSG_CONF_END, id);
}

START_TEST(made_keys)
{
	uint8_t key[32], again[32];
	struct conf_done done;
	char text[128];
	struct imsg m;
	int fd;

	/* The disk is full, in one way and in another. */
	make_key(1, true);
	hear_of(&parent, MSG_SLOT_WANT, &m);
	slot_done_send(&parent, SLOT_KEY, ENOSPC);
	is_refused(1, "cannot be written to the state directory: No space");
	conf_plain_send(&parent, MSG_CONF_ABORT, 1);
	make_key(2, true);
	hear_of(&parent, MSG_SLOT_WANT, &m);
	slot_fd_send(&parent, SLOT_KEY, true, open("/proc/self/stat",
	    O_RDONLY | O_CLOEXEC));
	says_written(SLOT_KEY, EBADF);
	slot_done_send(&parent, SLOT_KEY, EBADF);
	is_refused(2, "cannot be written to the state directory: Bad file");
	conf_plain_send(&parent, MSG_CONF_ABORT, 2);
	make_key(3, true);
	fd = give_slot(SLOT_KEY);
	(void)written(SLOT_KEY, fd, text, sizeof(text));
	slot_done_send(&parent, SLOT_KEY, EIO);
	is_refused(3, "Input/output error");
	conf_plain_send(&parent, MSG_CONF_ABORT, 3);
	/* Given up while it waits: what comes later is for nothing. */
	make_key(4, true);
	hear_of(&parent, MSG_SLOT_WANT, &m);
	conf_plain_send(&parent, MSG_CONF_ABORT, 4);
	fd = memfd_create("late", MFD_CLOEXEC);
	slot_fd_send(&parent, SLOT_KEY, true, dup(fd));
	lives();
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), 0);
	close(fd);
	/* And well. */
	make_key(5, true);
	fd = give_slot(SLOT_KEY);
	ck_assert_uint_eq(written(SLOT_KEY, fd, text, sizeof(text)), 45);
	ck_assert_int_eq(text[44], '\n');
	ck_assert_int_eq(base64_key_decode(key, text, 44), 0);
	/* Nobody hears of it before it is on disk. */
	ck_assert(!hear(&parent, &m, 100));
	slot_done_send(&parent, SLOT_KEY, 0);
	hear_of(&parent, MSG_CONF_READY, &m);
	commit(5, &done);
	ck_assert_int_eq(key[0] & 7, 0);
	/* The next one is another. */
	make_key(6, false);
	fd = give_slot(SLOT_KEY);
	(void)written(SLOT_KEY, fd, text, sizeof(text));
	ck_assert_int_eq(base64_key_decode(again, text, 44), 0);
	ck_assert_mem_ne(key, again, 32);
}
END_TEST

static int64_t
mark_of(const uint8_t *p, size_t len, size_t n)
{
	struct sessions s;
	int64_t mark;

	ck_assert_int_eq(sessions_decode(&s, p, len), 0);
	ck_assert_uint_eq(s.n, n);
	mark = tai64n_unix(s.mark);
	sessions_clear(&s);
	return mark;
}

/* The file of another life: nobody is in it, and the mark is high. */
static void
give_past(int64_t mark)
{
	uint8_t buf[SESSIONS_SIZE(1)];
	struct session_note note;
	struct sessions s = { .n = 1, .note = &note };

	memset(&note, 0, sizeof(note));
	memset(note.public, 7, sizeof(note.public));
	tai64n_label(s.mark, mark, 0);
	sessions_encode(&s, buf);
	slot_fd_send(&parent, SLOT_SESSIONS, false, file_of(buf, sizeof(buf)));
}

/* The mark is higher on disk before there can be a label. */
START_TEST(mark_goes_first)
{
	const int64_t past = 4000000000;
	struct conf_done done;
	struct imsg m;
	int fd;

	by_hand = true;
	give_past(past);
	offer(1, true, 1);
	conf_plain_send(&parent, MSG_CONF_END, 1);
	fd = give_slot(SLOT_SESSIONS);
	nsaved = written(SLOT_SESSIONS, fd, saved, sizeof(saved));
	/* The notes are as they were. */
	ck_assert_int_eq(mark_of(saved, nsaved, 1), past + 2);
	ck_assert(!hear(&parent, &m, 100));
	slot_done_send(&parent, SLOT_SESSIONS, 0);
	hear_of(&parent, MSG_CONF_READY, &m);
	by_hand = false;
	commit(1, &done);
	ck_assert_uint_eq(done.added, 1);
	lives();
}
END_TEST

/* Nor does a disk that is full keep it from starting. */
START_TEST(mark_cannot_be_raised)
{
	struct conf_done done;
	struct imsg m;

	by_hand = true;
	give_past(4000000000);
	offer(1, true, 1);
	conf_plain_send(&parent, MSG_CONF_END, 1);
	hear_of(&parent, MSG_SLOT_WANT, &m);
	slot_done_send(&parent, SLOT_SESSIONS, ENOSPC);
	hear_of(&parent, MSG_CONF_READY, &m);
	commit(1, &done);
	/* It asks no more for a while. */
	ck_assert(!hear(&parent, &m, 1500));
	lives();
}
END_TEST

/* A file is at hand, news is in it soon, and then there is another. */
START_TEST(news_is_saved)
{
	struct conf_done done;
	uint32_t id = 2;
	struct imsg m;
	long began;

	configure(1, true, 1, &done);
	began = kid_ms();
	while (saves == 0 && kid_ms() - began < SLOW)
		(void)hear(&parent, &m, 100);
	ck_assert_uint_eq(saves, 1);
	ck_assert_int_lt(kid_ms() - began, 3000);
	/* Our label's mark is there from the start. */
	ck_assert_int_gt(mark_of(saved, nsaved, 0), 1700000000);
	ck_assert(!hear(&parent, &m, 1500));
	ck_assert_uint_eq(saves, 1);
	ck_assert_int_eq(lseek(slot_fd, 0, SEEK_END), 0);
	/* A few more as soon, and then they have to wait. */
	for (began = kid_ms(); kid_ms() - began < 6000; id++) {
		ck_assert(!hear(&parent, &m, 200));
		configure(id, false, id % 2, &done);
	}
	ck_assert_uint_eq(saves, 4);
}
END_TEST

/* SHUTDOWN: what is news is written without an answer from anybody. */
START_TEST(orderly_end)
{
	struct conf_done done;
	struct imsg m;
	int fd;

	by_hand = true;
	configure(1, true, 1, &done);
	fd = give_slot(SLOT_SESSIONS);
	lives();
	shutdown_send(&parent);
	nsaved = written(SLOT_SESSIONS, fd, saved, sizeof(saved));
	ck_assert_int_gt(mark_of(saved, nsaved, 0), 1700000000);
	expect_end(false);
	ck_assert(!hear(&parent, &m, 50));
}
END_TEST

START_TEST(orderly_end_without_news)
{
	struct conf_done done;
	struct imsg m;
	long began;

	configure(1, true, 1, &done);
	began = kid_ms();
	while ((saves == 0 || slot_fd == -1 || kid_ms() - began < 2000) &&
	    kid_ms() - began < SLOW)
		(void)hear(&parent, &m, 100);
	by_hand = true;
	shutdown_send(&parent);
	expect_end(false);
	ck_assert(!hear(&parent, &m, 50));
	ck_assert_int_eq(lseek(slot_fd, 0, SEEK_END), 0);
}
END_TEST

/* All of them were there a moment ago. */
static void
give_past_of(uint32_t n)
{
	struct sessions s = { .n = n };
	uint8_t *buf;
	uint32_t i;

	buf = malloc(SESSIONS_SIZE(n));
	s.note = calloc(n, sizeof(*s.note));
	ck_assert(buf != NULL && s.note != NULL);
	tai64n_label(s.mark, 1700000000, 0);
	for (i = 0; i < n; i++) {
		s.note[i].public[0] = 9;
		put_le32(s.note[i].public + 4, i + 1);
		s.note[i].heard = 1700000000;
		s.note[i].has_from = true;
	}
	sessions_encode(&s, buf);
	slot_fd_send(&parent, SLOT_SESSIONS, false,
	    file_of(buf, SESSIONS_SIZE(n)));
	sessions_clear(&s);
	free(buf);
}

static void
offer_many(uint32_t id, uint32_t n)
{
	uint8_t buf[MSG_PAYLOAD];
	struct wbuf w;
	uint32_t i;

	conf_begin_send(&parent, id, true);
	key_file(id, CONF_KEY_PRIVATE, private);
	wbuf_init(&w, buf, sizeof(buf));
	for (i = 1; i <= n; i++) {
		item(&w, CRYPTO_PEER, i);
		if (i < n && w.cap - w.len > CRYPTO_ITEM_MAX)
			continue;
		say(MSG_CONF_ITEMS, id, buf, w.len, -1);
		wbuf_init(&w, buf, sizeof(buf));
	}
	say(MSG_CONF_END, id, NULL, 0, -1);
}

static const uint32_t crowds[] = { 10000, 65536 };

/* A network as large as can be is saved before the parent loses patience. */

START_TEST(orderly_end_of_many)
{
	const uint32_t n = crowds[_i];
	struct conf_done done;
	struct imsg m;
	long began;

	give_past_of(n);
	offer_many(1, n);
	hear_of(&parent, MSG_CONF_READY, &m);
	ck_assert_uint_eq(saves, 1);
	ck_assert_int_eq(lseek(slot_fd, 0, SEEK_END), (off_t)SESSIONS_SIZE(n));
	by_hand = true;
	commit(1, &done);
	ck_assert_uint_eq(done.added, n);
	close(slot_fd);
	slot_fd = give_slot(SLOT_SESSIONS);
	began = kid_ms();
	shutdown_send(&parent);
	says_written(SLOT_SESSIONS, 0);
	began = kid_ms() - began;
	ck_assert_int_eq(lseek(slot_fd, 0, SEEK_END), (off_t)SESSIONS_SIZE(n));
	printf("# %u peers saved at the end: %ld ms\n", n, began);
	ck_assert_int_lt(began, 2000);	/* 300 where it counts */
}
END_TEST

/* The parent is told why; the old file stays, and all goes on. */
START_TEST(sessions_cannot_be_written)
{
	struct conf_done done;
	struct imsg m;

	by_hand = true;
	slot_fd_send(&parent, SLOT_SESSIONS, false, file_of("nonsense", 8));
	configure(1, true, 1, &done);
	hear_of(&parent, MSG_SLOT_WANT, &m);
	slot_fd_send(&parent, SLOT_SESSIONS, true, open("/proc/self/stat",
	    O_RDONLY | O_CLOEXEC));
	says_written(SLOT_SESSIONS, EBADF);
	slot_done_send(&parent, SLOT_SESSIONS, EBADF);
	ck_assert(!hear(&parent, &m, 1500));
	configure(2, false, 1, &done);
	ck_assert_uint_eq(done.kept, 1);
	lives();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cryptod_state");
	TCase *tc = tcase_create("cryptod_state");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, made_keys);
	tcase_add_test(tc, mark_goes_first);
	tcase_add_test(tc, mark_cannot_be_raised);
	tcase_add_test(tc, news_is_saved);
	tcase_add_test(tc, orderly_end);
	tcase_add_test(tc, orderly_end_without_news);
	tcase_add_loop_test(tc, orderly_end_of_many, 0,
	    (int)(sizeof(crowds) / sizeof(crowds[0])));
	tcase_add_test(tc, sessions_cannot_be_written);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("cryptod_state", suite());
}
