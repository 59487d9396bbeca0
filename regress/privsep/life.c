/* SPDX-License-Identifier: ISC */
/*
 * How the real children begin and end, in each mode: pieces given twice or
 * wrong, another build's STARTUP, the loss of the parent or of a sibling, and
 * links of which one half is closed.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <string.h>
#include <unistd.h>

#include "regress/privsep/child.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/codec.h"
#include "shared/imsg.h"
#include "shared/msg_parent.h"
#include "shared/version.h"

#define SLOW		2000		/* ms: longer is a hang */
#define SOON		1000
#define C		PROC_BIT(PROC_CRYPTOD)
#define N		PROC_BIT(PROC_NETD)
#define T		PROC_BIT(PROC_CTLD)
#define R		PROC_BIT(PROC_RESOLVERD)
#define ALL		(C | N | T | R)

/* Each test is one of a child in a mode. */
static enum proc self;

static void
setup(int kind)
{
	kid_world();
	self = kid_kinds[kind].proc;
	kid_mode = kid_kinds[kind].mode;
}

static void
say_fd(struct kid *k, uint16_t type, const void *p, size_t len, int fd)
{
	ck_assert_int_eq(kid_say(k, PROC_PARENT, type, p, len, &fd,
	    fd == -1 ? 0 : 1), 0);
	if (fd != -1)
		close(fd);
}

/* A STARTUP that is right but for what the caller changes. */
struct hello {
	uint16_t	 version;
	uint8_t		 id_flip;
	uint8_t		 mode;
	uint8_t		 verbose;
	uint8_t		 without;
	uint8_t		 aead;
	uint16_t	 workers;
	const char	*instance;
	uint16_t	 claim;		/* length of the name, 0: true */
	size_t		 extra;
};

static void
say_hello(struct kid *k, const struct hello *h)
{
	uint8_t buf[256], id[BUILD_ID_SIZE];
	struct wbuf w;
	size_t at;

	memcpy(id, warren_build_id(), sizeof(id));
	id[sizeof(id) - 1] ^= h->id_flip;
	memset(buf, 0, sizeof(buf));
	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, h->version);
	put_bytes(&w, id, sizeof(id));
	put_u8(&w, h->mode);
	put_u8(&w, h->verbose);
	put_u8(&w, h->without);
	put_u8(&w, h->aead);
	put_u16(&w, h->workers);
	at = w.len;
	put_str(&w, h->instance);
	if (h->claim != 0)
		put_le16(buf + at, h->claim);
	say_fd(k, MSG_STARTUP, buf, w.len + h->extra, -1);
}

static const struct hello hellos[] = {
	{ MSG_VERSION + 1, 0, 0, 0, 0, 0, 1, "x", 0, 0 },
	{ 0, 0, 0, 0, 0, 0, 1, "x", 0, 0 },
	{ MSG_VERSION, 1, 0, 0, 0, 0, 1, "x", 0, 0 },
	{ MSG_VERSION, 0, 2, 0, 0, 0, 1, "x", 0, 0 },
	{ MSG_VERSION, 0, 255, 0, 0, 0, 1, "x", 0, 0 },
	{ MSG_VERSION, 0, 0, 2, 0, 0, 1, "x", 0, 0 },
	{ MSG_VERSION, 0, 0, 0, 0x20, 0, 1, "x", 0, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, AEAD_CHOICES, 1, "x", 0, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, 0, 0, "x", 0, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, 0, WORKERS_MAX + 1, "x", 0, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, 0, 1, "sixteencharacter", 0, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, 0, 1, "name", 3, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, 0, 1, "name", 5, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, 0, 1, "name", 5, 1 },	/* a NUL in it */
	{ MSG_VERSION, 0, 0, 0, 0, 0, 1, "name", 0xffff, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, 0, 1, "name", 0, 1 },
};
#define NHELLOS	(sizeof(hellos) / sizeof(hellos[0]))

static void
check_end(struct kid *k, const char *what, int wanted)
{
	int status = kid_wait_exit(k, SLOW);

	ck_assert_msg(status != -1, "%s: %s lives on", what,
	    proc_name(k->proc));
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == wanted,
	    "%s: %s ended with wait status %04x: %s", what,
	    proc_name(k->proc), (unsigned)status, k->log);
	kid_end(k);
}

START_TEST(wrong_startups)
{
	const struct hello *h;
	struct kid k;

	setup(_i);
	for (h = hellos; h < hellos + NHELLOS; h++) {
		kid_start(&k, self, 0);
		say_hello(&k, h);
		check_end(&k, "wrong STARTUP", 1);
		if (h->version != MSG_VERSION || h->id_flip != 0)
			ck_assert_ptr_nonnull(strstr(k.log, "build"));
	}
}
END_TEST

/* Pieces given twice, or with content that is not theirs. */
static void
link_twice(struct kid *k)
{
	uint8_t p = k->proc == PROC_NETD ? PROC_CRYPTOD : PROC_NETD;

	kid_give(k, PIECE_LINKS);
	say_fd(k, MSG_LINK_FD, &p, 1, kid_fd(FD_LINK));
}

static void
link_to_itself(struct kid *k)
{
	uint8_t p = (uint8_t)k->proc;

	say_fd(k, MSG_LINK_FD, &p, 1, kid_fd(FD_LINK));
}

static void
link_to_the_parent(struct kid *k)
{
	uint8_t p = PROC_PARENT;

	say_fd(k, MSG_LINK_FD, &p, 1, kid_fd(FD_LINK));
}

static void
link_to_nobody(struct kid *k)
{
	uint8_t p = PROC_COUNT;

	say_fd(k, MSG_LINK_FD, &p, 1, kid_fd(FD_LINK));
}

static void
startup_twice(struct kid *k)
{
	kid_give(k, PIECE_STARTUP);
	kid_give(k, PIECE_STARTUP);
}

static void
bells_twice(struct kid *k)
{
	kid_give(k, PIECE_BELLS);
	kid_give(k, PIECE_BELLS);
}

static void
device_twice(struct kid *k)
{
	kid_give(k, PIECE_DEVICE);
	kid_give(k, PIECE_DEVICE);
}

static void
say_bell(struct kid *k, uint8_t which, uint16_t worker)
{
	uint8_t p[3];

	p[0] = which;
	put_le16(p + 1, worker);
	say_fd(k, MSG_BELL_FD, p, sizeof(p), kid_fd(FD_PIPE));
}

/* kid_fd() makes the end for writing. */
static void
bell_of_the_wrong_end(struct kid *k)
{
	say_bell(k, BELL_HEAR, 0);
}

static void
bell_of_another_worker(struct kid *k)
{
	say_bell(k, BELL_RING, 1);
}

static void
bell_of_no_kind(struct kid *k)
{
	say_bell(k, 2, 0);
}

static void
tun_of_no_queue(struct kid *k)
{
	static const uint8_t p[2] = { TUN_QUEUES, 0 };

	say_fd(k, MSG_TUN_FD, p, sizeof(p), kid_fd(FD_TUN));
}

static void
tun_queue_twice(struct kid *k)
{
	static const uint8_t p[2] = { 3, 0 };

	say_fd(k, MSG_TUN_FD, p, sizeof(p), kid_fd(FD_TUN));
	say_fd(k, MSG_TUN_FD, p, sizeof(p), kid_fd(FD_TUN));
}

static void
tun_queue_left_out(struct kid *k)
{
	static const uint8_t p[2] = { 3, 0 }, q[2] = { 1, 0 };

	say_fd(k, MSG_TUN_FD, p, sizeof(p), kid_fd(FD_TUN));
	say_fd(k, MSG_TUN_FD, q, sizeof(q), kid_fd(FD_TUN));
}

static void
listener_of_no_kind(struct kid *k)
{
	static const uint8_t p = LISTENER_COUNT;

	say_fd(k, MSG_LISTENER_FD, &p, 1, kid_fd(FD_LISTENER));
}

static void
go_before_ready(struct kid *k)
{
	say_fd(k, MSG_GO, NULL, 0, -1);
}

static const struct {
	const char	*what;
	unsigned	 to;
	void		(*say)(struct kid *);
} wrong[] = {
	{ "two links to one sibling", ALL, link_twice },
	{ "a link to itself", ALL, link_to_itself },
	{ "a link to the parent", ALL, link_to_the_parent },
	{ "a link to nobody", ALL, link_to_nobody },
	{ "STARTUP twice", ALL, startup_twice },
	{ "bells twice", C | N, bells_twice },
	{ "TUN, route socket or listeners twice", C | N | T, device_twice },
	{ "the wrong end of a bell", C | N, bell_of_the_wrong_end },
	{ "a bell of another worker", C | N, bell_of_another_worker },
	{ "a bell of no kind", C | N, bell_of_no_kind },
	{ "a TUN queue beyond the last", C, tun_of_no_queue },
	{ "a TUN queue twice", C, tun_queue_twice },
	{ "a TUN queue left out", C, tun_queue_left_out },
	{ "a listener of no kind", T, listener_of_no_kind },
	{ "GO before READY", ALL, go_before_ready },
};

START_TEST(wrong_pieces)
{
	struct kid k;
	size_t w;

	setup(_i);
	for (w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++) {
		if ((wrong[w].to & PROC_BIT(self)) == 0)
			continue;
		kid_start(&k, self, 0);
		wrong[w].say(&k);
		check_end(&k, wrong[w].what, 1);
	}
}
END_TEST

/* Whatever is missing, nobody is ready without it, in whatever order. */
START_TEST(not_ready_too_early)
{
	static const struct {
		unsigned	 pieces, to;
	} piece[] = {
		{ PIECE_LINKS | PIECE_RING, ALL },
		{ PIECE_BELLS, C | N },
		{ PIECE_DEVICE, C | N | T },
		{ PIECE_STARTUP, ALL },
	};
	struct kid k;
	size_t m, o;

	setup(_i);
	for (m = 0; m < 4; m++) {
		if ((piece[m].to & PROC_BIT(self)) == 0)
			continue;
		kid_start(&k, self, 0);
		for (o = 3; o < 4; o--)
			if (o != m)
				kid_give(&k, piece[o].pieces);
		ck_assert_msg(!kid_wait_ready(&k, 100), "%s is ready "
		    "without piece %zu", proc_name(self), m);
		kid_give(&k, piece[m].pieces);
		ck_assert_msg(kid_wait_ready(&k, SLOW), "%s is not ready: "
		    "%s", proc_name(self), k.log);
		kid_end(&k);
	}
}
END_TEST

START_TEST(second_go)
{
	struct kid k;

	setup(_i);
	kid_run(&k, self);
	say_fd(&k, MSG_GO, NULL, 0, -1);
	check_end(&k, "a second GO", 1);
}
END_TEST

START_TEST(shutdown_ends_it)
{
	struct kid k;

	setup(_i);
	kid_start(&k, self, PIECE_LINKS);
	say_fd(&k, MSG_SHUTDOWN, NULL, 0, -1);
	check_end(&k, "SHUTDOWN before READY", 0);
	kid_run(&k, self);
	say_fd(&k, MSG_SHUTDOWN, NULL, 0, -1);
	check_end(&k, "SHUTDOWN", 0);
}
END_TEST

static void
lose_parent(struct kid *k, const char *what)
{
	long began = kid_ms();

	close(k->link[PROC_PARENT]);
	k->link[PROC_PARENT] = -1;
	check_end(k, what, 1);
	ck_assert_msg(kid_ms() - began < SOON, "%s: it took %ld ms", what,
	    kid_ms() - began);
}

START_TEST(loss_of_the_parent)
{
	struct kid k;

	setup(_i);
	kid_start(&k, self, PIECE_LINKS);
	lose_parent(&k, "parent lost at the start");
	kid_run(&k, self);
	lose_parent(&k, "parent lost");
}
END_TEST

static void
shut(int *fd)
{
	close(*fd);
	*fd = -1;
}

/* The siblings but this one serve it as before. */
static void
check_others(struct kid *k, enum proc lost, const char *what)
{
	int p;

	for (p = PROC_PARENT + 1; p < PROC_COUNT; p++)
		if ((kid_siblings(self) & PROC_BIT(p)) != 0 &&
		    p != (int)lost && p != PROC_RESOLVERD)
			ck_assert_msg(kid_sync(k, (enum proc)p, SLOW), "%s "
			    "hangs after %s of %s", proc_name(self), what,
			    proc_name(lost));
}

/* It may wait for the parent's word, but not by spinning. */
static void
check_idle(struct kid *k, enum proc lost, const char *what)
{
	long ticks = kid_ticks(k);

	ck_assert_int_eq(kid_wait_exit(k, 400), -1);
	ticks = kid_ticks(k) - ticks;
	ck_assert_msg(ticks * 1000 / sysconf(_SC_CLK_TCK) < 100,
	    "%s is busy after %s of %s: %ld ticks", proc_name(self), what,
	    proc_name(lost), ticks);
}

/* The parent is told of a sibling's end; of a helper's it knows. */
static void
check_told(struct kid *k, enum proc lost)
{
	if (lost == PROC_RESOLVERD) {
		ck_assert_uint_eq(k->faults, 0);
		return;
	}
	ck_assert_uint_eq(k->faults, 1);
	ck_assert_int_eq(k->fault[0].sibling, lost);
	ck_assert_int_eq(k->fault[0].verdict, MSG_CLOSED);
}

/*
 * All that one sibling held is closed, as if it died: the child tells the
 * parent, waits for its word, and uses no time for that.
 */
static void
lose_sibling(enum proc lost)
{
	struct kid k;

	kid_run(&k, self);
	check_others(&k, lost, "a sync");
	shut(&k.link[lost]);
	if (k.hear != -1 && (lost == PROC_CRYPTOD || lost == PROC_NETD)) {
		shut(&k.hear);
		shut(&k.ring_bell);
	}
	check_idle(&k, lost, "the loss");
	check_others(&k, lost, "the loss");
	check_told(&k, lost);
	say_fd(&k, MSG_SHUTDOWN, NULL, 0, -1);
	check_end(&k, "SHUTDOWN after a sibling's loss", 0);
}

/* One that says no more, or does not hear any more, but holds its end. */
static void
half_close(enum proc lost, int how)
{
	const char *what = how == SHUT_WR ? "silence" : "deafness";
	struct kid k;

	kid_run(&k, self);
	check_others(&k, lost, "a sync");
	ck_assert_int_eq(shutdown(k.link[lost], how), 0);
	if (how == SHUT_RD)
		(void)kid_say(&k, lost, self == PROC_NETD ? MSG_SYNC :
		    MSG_SHOW, "", 1, NULL, 0);
	check_idle(&k, lost, what);
	check_others(&k, lost, what);
	if (how == SHUT_WR)
		check_told(&k, lost);
	say_fd(&k, MSG_SHUTDOWN, NULL, 0, -1);
	check_end(&k, "SHUTDOWN after a half-closed link", 0);
}

static void
each_sibling(void (*fn)(enum proc, int), int arg)
{
	int p;

	for (p = PROC_PARENT + 1; p < PROC_COUNT; p++)
		if ((kid_siblings(self) & PROC_BIT(p)) != 0)
			fn((enum proc)p, arg);
}

static void
lose(enum proc lost, int arg)
{
	(void)arg;
	lose_sibling(lost);
}

START_TEST(loss_of_a_sibling)
{
	setup(_i);
	each_sibling(lose, 0);
}
END_TEST

START_TEST(half_closed_links)
{
	setup(_i);
	each_sibling(half_close, SHUT_WR);
	each_sibling(half_close, SHUT_RD);
}
END_TEST

/*
 * A parent that says no more has ended; one that hears no more is noticed
 * when there is something to say.
 */
START_TEST(half_closed_parent)
{
	struct kid k;

	setup(_i);
	kid_run(&k, self);
	ck_assert_int_eq(shutdown(k.link[PROC_PARENT], SHUT_WR), 0);
	check_end(&k, "a silent parent", 1);
	kid_run(&k, self);
	ck_assert_int_eq(shutdown(k.link[PROC_PARENT], SHUT_RD), 0);
	ck_assert_int_eq(kid_say(&k, self == PROC_NETD ? PROC_CTLD :
	    PROC_NETD, MSG_GO, NULL, 0, NULL, 0), 0);
	check_end(&k, "a deaf parent", 1);
}
END_TEST

static void
say_nothing(enum proc from, int arg)
{
	struct kid k;

	(void)arg;
	kid_run(&k, self);
	ck_assert_int_eq(kid_say_raw(&k, from, "", 0, NULL, 0), 0);
	check_others(&k, from, "an empty datagram");
	ck_assert_int_eq(kid_say_raw(&k, PROC_PARENT, "", 0, NULL, 0), 0);
	check_end(&k, "empty datagram of the parent", 1);
}

/* An empty datagram reads like the end of the link; it is dealt with so. */
START_TEST(empty_datagram)
{
	setup(_i);
	each_sibling(say_nothing, 0);
}
END_TEST

/* What a dead child said last is read even if it had not read all of ours. */
START_TEST(last_words)
{
	static const uint8_t word[5] = { 0, 2, 0, 'h', 'i' };
	static struct imsg_chan dying, reader;
	struct imsg m;
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
	    0, fd), 0);
	imsg_init(&dying, fd[0]);
	imsg_init(&reader, fd[1]);
	ck_assert_int_eq(imsg_send(&reader, MSG_GO, 0, -1, NULL, 0), 0);
	ck_assert_int_eq(imsg_send(&dying, MSG_LOG, 0, -1, word,
	    sizeof(word)), 0);
	imsg_clear(&dying);
	ck_assert_int_eq(imsg_recv(&reader, &m), 1);
	ck_assert_uint_eq(m.type, MSG_LOG);
	ck_assert_int_eq(imsg_recv(&reader, &m), -1);
	imsg_clear(&reader);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("life");
	TCase *tc = tcase_create("life");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, wrong_startups, 0, KID_KINDS);
	tcase_add_loop_test(tc, wrong_pieces, 0, KID_KINDS);
	tcase_add_loop_test(tc, not_ready_too_early, 0, KID_KINDS);
	tcase_add_loop_test(tc, second_go, 0, KID_KINDS);
	tcase_add_loop_test(tc, shutdown_ends_it, 0, KID_KINDS);
	tcase_add_loop_test(tc, loss_of_the_parent, 0, KID_KINDS);
	tcase_add_loop_test(tc, loss_of_a_sibling, 0, KID_KINDS);
	tcase_add_loop_test(tc, half_closed_links, 0, KID_KINDS);
	tcase_add_loop_test(tc, half_closed_parent, 0, KID_KINDS);
	tcase_add_loop_test(tc, empty_datagram, 0, KID_KINDS);
	tcase_add_test(tc, last_words);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("life", suite());
}
