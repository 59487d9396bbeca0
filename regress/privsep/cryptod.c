/* SPDX-License-Identifier: ISC */
/*
 * cryptod in configured mode, in its own sandbox, with this program as its
 * parent, netd and ctld: transactions, key files, state files.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/keytext.h"
#include "cryptod/sessions.h"
#include "regress/privsep/talk.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/hex.h"
#include "shared/imsg.h"
#include "shared/log.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "shared/msg_net.h"
#include "shared/msg_parent.h"

#define MANY		2000U

static uint8_t private[32];
/* The slot of the sessions is answered below, unless a test does it. */
static bool by_hand;
static uint8_t saved[4096];
static size_t nsaved;
static int slot_fd = -1;
static unsigned saves;

static void
setup(void)
{
	ck_assert_int_ne(sodium_init(), -1);
	kid_world();
	kid_mode = MODE_CONFIGURED;
	kid_run(&kid, PROC_CRYPTOD);
	talk_over();
	by_hand = false;
	saves = 0;
	randombytes_buf(private, sizeof(private));
}

static void
teardown(void)
{
	kid_end(&kid);
}

/* A message about the slot of the sessions: is it done with? */
static bool
sessions_served(struct imsg *m)
{
	ssize_t n;

	if (by_hand || m->len == 0 || m->data[0] != SLOT_SESSIONS)
		return false;
	if (m->type == MSG_SLOT_WANT) {
		if (slot_fd != -1)
			close(slot_fd);
		slot_fd = memfd_create("sessions", MFD_CLOEXEC);
		slot_fd_send(&parent, SLOT_SESSIONS, true, dup(slot_fd));
		return true;
	}
	if (m->type != MSG_SLOT_WRITTEN)
		return false;
	n = pread(slot_fd, saved, sizeof(saved), 0);
	ck_assert_int_gt(n, 0);
	nsaved = (size_t)n;
	saves++;
	slot_done_send(&parent, SLOT_SESSIONS, 0);
	return true;
}

/* The next message but for the ring and what is served; as next(). */
static bool
hear(struct link *l, struct imsg *m, int ms)
{
	while (next(l, m, ms)) {
		if (m->fd != -1)
			close(m->fd);
		if (m->type != MSG_RING && m->type != MSG_INDEX_PAGE &&
		    !sessions_served(m))
			return true;
	}
	return false;
}

static void
hear_of(struct link *l, uint16_t type, struct imsg *m)
{
	ck_assert_msg(hear(l, m, SLOW), "no message %04x", type);
	ck_assert_msg(m->type == type, "%04x came, not %04x", m->type, type);
}

static int
file_of(const void *text, size_t len)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
key_file(uint32_t id, enum conf_key kind, const uint8_t key[32])
{
	char text[KEYTEXT_SIZE];

	keytext_write(text, key);
	conf_key_send(&parent, id, kind, file_of(text, sizeof(text)));
}

static void
item(struct wbuf *w, enum crypto_op op, uint32_t n)
{
	struct crypto_item it;

	memset(&it, 0, sizeof(it));
	it.op = op;
	it.key[0] = 9;
	put_le32(it.key + 4, n);
	it.keepalive = 25;
	snprintf(it.name, sizeof(it.name), "peer%u", n);
	it.prefix.family = AF_INET;
	it.prefix.cidr = 32;
	it.prefix.addr[0] = 10;
	put_be16(it.prefix.addr + 2, (uint16_t)n);
	put_crypto_item(w, &it);
}

/* A configuration with peers 1 to n. */
static void
offer(uint32_t id, bool initial, uint32_t n)
{
	uint8_t buf[MSG_PAYLOAD];
	struct wbuf w;
	uint32_t i;

	conf_begin_send(&parent, id, initial);
	key_file(id, CONF_KEY_PRIVATE, private);
	wbuf_init(&w, buf, sizeof(buf));
	item(&w, CRYPTO_LOCAL, 65535);
	for (i = 1; i <= n; i++) {
		item(&w, CRYPTO_PEER, i);
		item(&w, CRYPTO_ALLOWED_IP, i);
	}
	ck_assert(!w.fail);
	conf_items_send(&parent, id, buf, w.len);
}

static void
is_refused(uint32_t id, const char *part)
{
	char why[CONF_WHY_MAX];
	struct imsg m;

	hear_of(&parent, MSG_CONF_NO, &m);
	ck_assert_uint_eq(m.id, id);
	ck_assert_int_eq(conf_no_recv(&m, why), 0);
	ck_assert_msg(strstr(why, part) != NULL, "\"%s\" lacks \"%s\"", why,
	    part);
}

/* To the end, as netd; the messages of changes are counted. */
static unsigned
commit(uint32_t id, struct conf_done *done)
{
	unsigned changes = 0;
	struct imsg m;

	conf_plain_send(&parent, MSG_CONF_COMMIT, id);
	for (;;) {
		ck_assert(hear(&netd, &m, SLOW));
		if (m.type == MSG_SYNC)
			break;
		changes++;
	}
	ck_assert_uint_eq(m.id, id);
	/* Not before netd knows. */
	synced_send(&netd, id);
	hear_of(&parent, MSG_CONF_DONE, &m);
	ck_assert_uint_eq(m.id, id);
	ck_assert_int_eq(conf_done_recv(&m, done), 0);
	return changes;
}

static void
configure(uint32_t id, bool initial, uint32_t n, struct conf_done *done)
{
	struct imsg m;

	offer(id, initial, n);
	conf_plain_send(&parent, MSG_CONF_END, id);
	hear_of(&parent, MSG_CONF_READY, &m);
	ck_assert_uint_eq(m.id, id);
	(void)commit(id, done);
}

static uint32_t
peers(void)
{
	struct device_info info;
	struct imsg m;

	get_device_send(&ctld, 5, false);
	hear_of(&ctld, MSG_DEVICE, &m);
	ck_assert_int_eq(device_recv(&m, &info), 0);
	ck_assert(!info.has_secret);
	ck_assert(sodium_is_zero(info.private_key, 32));
	return info.peers;
}

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
lives(void)
{
	kid.faults = 0;
	ck_assert_msg(kid_sync(&kid, PROC_NETD, SLOW), "it does not: %s",
	    kid.log);
}

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
	(void)commit(5, &done);
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
	(void)commit(1, &done);
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
	(void)commit(1, &done);
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
	int fd, i;

	by_hand = true;
	configure(1, true, 1, &done);
	fd = give_slot(SLOT_SESSIONS);
	lives();
	shutdown_send(&parent);
	nsaved = written(SLOT_SESSIONS, fd, saved, sizeof(saved));
	ck_assert_int_gt(mark_of(saved, nsaved, 0), 1700000000);
	i = kid_wait_exit(&kid, SLOW);
	ck_assert_msg(i != -1 && WIFEXITED(i) && WEXITSTATUS(i) == 0,
	    "wait status %04x: %s", (unsigned)i, kid.log);
	ck_assert(!hear(&parent, &m, 50));
}
END_TEST

START_TEST(orderly_end_without_news)
{
	struct conf_done done;
	struct imsg m;
	long began;
	int i;

	configure(1, true, 1, &done);
	began = kid_ms();
	while ((saves == 0 || slot_fd == -1 || kid_ms() - began < 2000) &&
	    kid_ms() - began < SLOW)
		(void)hear(&parent, &m, 100);
	by_hand = true;
	shutdown_send(&parent);
	i = kid_wait_exit(&kid, SLOW);
	ck_assert_msg(i != -1 && WIFEXITED(i) && WEXITSTATUS(i) == 0,
	    "wait status %04x: %s", (unsigned)i, kid.log);
	ck_assert(!hear(&parent, &m, 50));
	ck_assert_int_eq(lseek(slot_fd, 0, SEEK_END), 0);
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

static void
say(uint16_t type, uint32_t id, const void *p, size_t len, int fd)
{
	struct imsg m;

	kid.id = id;
	while (kid_say(&kid, PROC_PARENT, type, p, len, &fd, fd != -1) == -1) {
		ck_assert_int_eq(errno, EAGAIN);
		(void)hear(&netd, &m, 1);
	}
	kid.id = 0;
	if (fd != -1)
		close(fd);
}

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
	(void)commit(1, &done);
	ck_assert_uint_eq(done.added, MANY);
	ck_assert_int_lt(kid_fds(&kid), 40);
	printf("# %u peers with key files: %ld ms\n", MANY, kid_ms() - began);
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
	(void)commit(1, &done);
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
	Suite *s = suite_create("cryptod");
	TCase *tc = tcase_create("cryptod");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, transactions);
	tcase_add_test(tc, refusals);
	tcase_add_test(tc, made_keys);
	tcase_add_test(tc, mark_goes_first);
	tcase_add_test(tc, mark_cannot_be_raised);
	tcase_add_test(tc, news_is_saved);
	tcase_add_test(tc, orderly_end);
	tcase_add_test(tc, orderly_end_without_news);
	tcase_add_loop_test(tc, orderly_end_of_many, 0,
	    (int)(sizeof(crowds) / sizeof(crowds[0])));
	tcase_add_test(tc, sessions_cannot_be_written);
	tcase_add_test(tc, secrets_are_refused);
	tcase_add_test(tc, many_key_files);
	tcase_add_loop_test(tc, wrong_order, 0,
	    (int)(sizeof(wrong) / sizeof(wrong[0])));
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("cryptod", suite());
}
