/* SPDX-License-Identifier: ISC */
/*
 * How the real children begin and end: pieces given twice or wrong, another
 * build's STARTUP, the loss of the parent, the loss of a sibling.
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

static const enum proc kids[] = { PROC_CRYPTOD, PROC_NETD, PROC_CTLD };

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
	{ MSG_VERSION, 0, 0, 0, 0x10, 0, 1, "x", 0, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, AEAD_CHOICES, 1, "x", 0, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, 0, 0, "x", 0, 0 },
	{ MSG_VERSION, 0, 0, 0, 0, 0, 2, "x", 0, 0 },
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
	size_t i;

	kid_world();
	for (i = 0; i < sizeof(kids) / sizeof(kids[0]); i++)
		for (h = hellos; h < hellos + NHELLOS; h++) {
			kid_start(&k, kids[i], 0);
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
tun_of_another_worker(struct kid *k)
{
	static const uint8_t p[2] = { 1, 0 };

	say_fd(k, MSG_TUN_FD, p, sizeof(p), kid_fd(FD_TUN));
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
	{ "two links to one sibling", C | N | T, link_twice },
	{ "a link to itself", C | N | T, link_to_itself },
	{ "a link to the parent", C | N | T, link_to_the_parent },
	{ "a link to nobody", C | N | T, link_to_nobody },
	{ "STARTUP twice", C | N | T, startup_twice },
	{ "bells twice", C | N, bells_twice },
	{ "TUN, route socket or listeners twice", C | N | T, device_twice },
	{ "the wrong end of a bell", C | N, bell_of_the_wrong_end },
	{ "a bell of another worker", C | N, bell_of_another_worker },
	{ "a bell of no kind", C | N, bell_of_no_kind },
	{ "a TUN queue of another worker", C, tun_of_another_worker },
	{ "a listener of no kind", T, listener_of_no_kind },
	{ "GO before READY", C | N | T, go_before_ready },
};

START_TEST(wrong_pieces)
{
	struct kid k;
	size_t i, w;

	kid_world();
	for (i = 0; i < sizeof(kids) / sizeof(kids[0]); i++)
		for (w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++) {
			if ((wrong[w].to & PROC_BIT(kids[i])) == 0)
				continue;
			kid_start(&k, kids[i], 0);
			wrong[w].say(&k);
			check_end(&k, wrong[w].what, 1);
		}
}
END_TEST

/* Whatever is missing, nobody is ready without it, in whatever order. */
START_TEST(not_ready_too_early)
{
	static const unsigned piece[] = { PIECE_LINKS | PIECE_RING,
	    PIECE_BELLS, PIECE_DEVICE, PIECE_STARTUP };
	struct kid k;
	size_t i, m, o;

	kid_world();
	for (i = 0; i < sizeof(kids) / sizeof(kids[0]); i++)
		for (m = 0; m < 4; m++) {
			if (kids[i] == PROC_CTLD && piece[m] == PIECE_BELLS)
				continue;
			kid_start(&k, kids[i], 0);
			for (o = 3; o < 4; o--)
				if (o != m)
					kid_give(&k, piece[o]);
			ck_assert_msg(!kid_wait_ready(&k, 100),
			    "%s is ready without piece %zu",
			    proc_name(kids[i]), m);
			kid_give(&k, piece[m]);
			ck_assert_msg(kid_wait_ready(&k, SLOW),
			    "%s is not ready: %s", proc_name(kids[i]), k.log);
			kid_end(&k);
		}
}
END_TEST

START_TEST(second_go)
{
	struct kid k;
	size_t i;

	kid_world();
	for (i = 0; i < sizeof(kids) / sizeof(kids[0]); i++) {
		kid_run(&k, kids[i]);
		say_fd(&k, MSG_GO, NULL, 0, -1);
		check_end(&k, "a second GO", 1);
	}
}
END_TEST

START_TEST(shutdown_ends_it)
{
	struct kid k;
	size_t i;

	kid_world();
	for (i = 0; i < sizeof(kids) / sizeof(kids[0]); i++) {
		kid_start(&k, kids[i], PIECE_LINKS);
		say_fd(&k, MSG_SHUTDOWN, NULL, 0, -1);
		check_end(&k, "SHUTDOWN before READY", 0);
		kid_run(&k, kids[i]);
		say_fd(&k, MSG_SHUTDOWN, NULL, 0, -1);
		check_end(&k, "SHUTDOWN", 0);
	}
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
	size_t i;

	kid_world();
	for (i = 0; i < sizeof(kids) / sizeof(kids[0]); i++) {
		kid_start(&k, kids[i], PIECE_LINKS);
		lose_parent(&k, "parent lost at the start");
		kid_run(&k, kids[i]);
		lose_parent(&k, "parent lost");
	}
}
END_TEST

static void
shut(int *fd)
{
	close(*fd);
	*fd = -1;
}

/*
 * All that one sibling held is closed, as if it died: the child tells the
 * parent, waits for its word, and uses no time for that.
 */
static void
lose_sibling(enum proc p, enum proc lost)
{
	enum proc other = (enum proc)(PROC_CRYPTOD + PROC_NETD + PROC_CTLD -
	    (int)p - (int)lost);
	struct kid k;
	long ticks;

	kid_run(&k, p);
	ck_assert(kid_sync(&k, other, SLOW));
	shut(&k.link[lost]);
	if (k.hear != -1 && lost != PROC_CTLD) {
		shut(&k.hear);
		shut(&k.ring_bell);
	}
	ticks = kid_ticks(&k);
	ck_assert_int_eq(kid_wait_exit(&k, 400), -1);
	ticks = kid_ticks(&k) - ticks;
	ck_assert_msg(ticks * 1000 / sysconf(_SC_CLK_TCK) < 100,
	    "%s is busy after the loss of %s: %ld ticks", proc_name(p),
	    proc_name(lost), ticks);
	ck_assert_msg(kid_sync(&k, other, SLOW), "%s hangs after the loss "
	    "of %s", proc_name(p), proc_name(lost));
	ck_assert_uint_eq(k.faults, 1);
	ck_assert_int_eq(k.fault[0].sibling, lost);
	ck_assert_int_eq(k.fault[0].verdict, MSG_CLOSED);
	say_fd(&k, MSG_SHUTDOWN, NULL, 0, -1);
	check_end(&k, "SHUTDOWN after a sibling's loss", 0);
}

START_TEST(loss_of_a_sibling)
{
	size_t i, s;

	kid_world();
	for (i = 0; i < 3; i++)
		for (s = 0; s < 3; s++)
			if (s != i)
				lose_sibling(kids[i], kids[s]);
}
END_TEST

/* An empty datagram reads like the end of the link; it is dealt with so. */
START_TEST(empty_datagram)
{
	enum proc from;
	struct kid k;
	size_t i;

	kid_world();
	for (i = 0; i < 3; i++) {
		from = kids[(i + 1) % 3];
		kid_run(&k, kids[i]);
		ck_assert_int_eq(kid_say_raw(&k, from, "", 0, NULL, 0), 0);
		ck_assert(kid_sync(&k, kids[(i + 2) % 3], SLOW));
		ck_assert_int_eq(kid_say_raw(&k, PROC_PARENT, "", 0, NULL, 0),
		    0);
		check_end(&k, "empty datagram of the parent", 1);
	}
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
	tcase_add_test(tc, wrong_startups);
	tcase_add_test(tc, wrong_pieces);
	tcase_add_test(tc, not_ready_too_early);
	tcase_add_test(tc, second_go);
	tcase_add_test(tc, shutdown_ends_it);
	tcase_add_test(tc, loss_of_the_parent);
	tcase_add_test(tc, loss_of_a_sibling);
	tcase_add_test(tc, empty_datagram);
	tcase_add_test(tc, last_words);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("life", suite());
}
