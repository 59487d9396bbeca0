/* SPDX-License-Identifier: ISC */
/*
 * Each real child in each mode, and one of its links that talks without end
 * while nobody listens: 20,000 messages of each kind that may be said there,
 * with content that is right wherever there can be right content (5,000 where
 * each is a fault or of the parent), and others that may not.  The child
 * neither hangs nor grows without bound, in memory or in descriptors; it
 * serves the others, or has ended where that is what such a message does.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <linux/sockios.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/fill.h"
#include "regress/privsep/play.h"
#include "regress/unit/unit.h"
#include "shared/addr.h"
#include "shared/msg_parent.h"

#define FLOOD		20000
#define FEW		5000
#define ID		7		/* of what is begun before a flood */
#define FDS		16		/* that may be kept of all that come */
#define STALLED		50		/* ms without reading */

/*
 * KiB.  The first for a queue of 1024 rows, and of 4096 messages of one entry;
 * the second for all devices that there can be, and the last for all allowed
 * IPs: 262144 of 240 bytes.
 */
#ifdef SANITIZER
#define GROWTH		(640 * 1024)	/* and what it keeps of freed memory */
#else
#define GROWTH		(48 * 1024)
#endif
#define GROWTH_PEERS	(GROWTH + 80 * 1024)
#define GROWTH_IPS	(GROWTH + 60 * 1024)

#define C	PROC_BIT(PROC_CRYPTOD)
#define N	PROC_BIT(PROC_NETD)
#define T	PROC_BIT(PROC_CTLD)
#define R	PROC_BIT(PROC_RESOLVERD)
#define ALL	(C | N | T | R)

enum {
	STALLS	= 0x01,		/* who does not take answers is not read */
	FAULTS	= 0x02,		/* it is soon out of turn: told, or the end */
	LEAVES	= 0x04,		/* it ends, and all is well */
	PAIRED	= 0x08,		/* every other one is an ABORT */
	PASSED	= 0x10,		/* what comes of it is for another one */
	HEARD	= 0x20		/* and that one listens */
};

struct flood {
	uint16_t	 type;
	unsigned	 to;		/* PROC_BIT()s */
	unsigned	 flags;
	fill_fn		 fill;
	/* Brings the child to where it can be said; NULL: it can. */
	void		(*before)(enum proc from);
	long		 growth;	/* KiB; 0: GROWTH */
};

static int	client = -1;		/* of ctld, that reads nothing */
static int	dead_server = -1;	/* of DNS, that says nothing */

/*
 * What comes before.
 */

static void
say(enum proc from, uint16_t type, uint32_t id, fill_fn fill, unsigned i)
{
	static uint8_t buf[MSG_PAYLOAD];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	fill(&w, i);
	ck_assert(!w.fail);
	ck_assert_int_eq(answer(from, type, id, w.p, w.len), 0);
}

static void
id_is_set(enum proc from)
{
	(void)from;
	kid.id = ID;
}

static void
set_begins(enum proc from)
{
	kid.id = ID;
	say(from, MSG_SET_BEGIN, ID, fill_nothing, 0);
}

static void
conf_begins(enum proc from)
{
	kid.id = ID;
	say(from, MSG_CONF_BEGIN, ID, fill_bool, 0);
}

/* netd knows these devices, and in configured mode asks for their names. */
static void
names_are_known(enum proc from)
{
	unsigned i;

	(void)from;
	if (kid_mode == MODE_CONFIGURED) {
		conf_begins(PROC_PARENT);
		for (i = 0; i < FILL_NAMES; i++)
			say(PROC_PARENT, MSG_CONF_ITEMS, ID, fill_net_item,
			    i);
		say(PROC_PARENT, MSG_CONF_END, ID, fill_nothing, 0);
		say(PROC_PARENT, MSG_CONF_COMMIT, ID, fill_nothing, 0);
	}
	for (i = 0; i < FILL_NAMES / FILL_PEERS; i++)
		say(PROC_CRYPTOD, MSG_REMOTE_ADD, 0, fill_remotes, i);
	kid.id = 0;
	if (kid_mode == MODE_CONFIGURED)
		asked(PROC_RESOLVERD, MSG_RESOLVE);
	ck_assert(kid_sync(&kid, PROC_CRYPTOD, SLOW));
}

/* A socket that is connected to a server which never answers. */
static int
dns_socket(void)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int fd = kid_fd(FD_UDP);

	if (dead_server == -1)
		dead_server = kid_fd(FD_UDP);
	ck_assert_int_eq(getsockname(dead_server, (struct sockaddr *)&sin,
	    &len), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sin, len), 0);
	return fd;
}

static void
server_is_known(enum proc from)
{
	uint8_t buf[ENDPOINT_WIRE];
	struct wbuf w;
	int fd = dns_socket();

	wbuf_init(&w, buf, sizeof(buf));
	fill_server(&w, 0);
	ck_assert_int_eq(kid_say(&kid, PROC_PARENT, MSG_DNS_FD, w.p, w.len,
	    &fd, 1), 0);
	close(fd);
	ck_assert(kid_sync(&kid, from, SLOW));
}

/* A client has asked for counters, and it is this one's turn to say them. */
static void
show_is_asked(enum proc from)
{
	uint8_t buf[64];
	struct wbuf w;
	enum proc p;

	wbuf_init(&w, buf, sizeof(buf));
	ctl_show_write(&w, 1, SHOW_COUNTERS);
	client = ctl_dial(kid.listener[LISTENER_CONTROL], &w);
	for (p = PROC_PARENT; p <= from; p++) {
		kid.id = asked(p, MSG_SHOW);
		if (p != from)
			answer(p, MSG_SHOW_END, kid.id, NULL, 0);
	}
}

static void
events_are_wanted(enum proc from)
{
	uint8_t buf[64];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	ctl_plain_write(&w, 1, CTL_MONITOR);
	client = ctl_dial(kid.listener[LISTENER_CONTROL], &w);
	asked(from, MSG_MONITOR);
}

/* Rows that are not here are empty, and can be said at any time. */
static const struct flood floods[] = {
	{ MSG_GO, ALL, FAULTS, fill_nothing, NULL, 0 },
	{ MSG_SHUTDOWN, ALL, LEAVES, fill_nothing, NULL, 0 },
	{ MSG_LINK_STATE, ALL, 0, fill_link_state, NULL, 0 },
	{ MSG_LOG_LEVEL, ALL, 0, fill_bool, NULL, 0 },
	{ MSG_UDP_FD, N, 0, fill_udp, NULL, 0 },
	{ MSG_SOCKET_STATE, ALL, 0, fill_socket_state, NULL, 0 },
	{ MSG_SOCKET_DONE, T, FAULTS, fill_error, NULL, 0 },
	{ MSG_CONF_BEGIN, ALL, PAIRED, fill_bool, id_is_set, 0 },
	{ MSG_CONF_ITEMS, C, 0, fill_crypto_ips, conf_begins, GROWTH_IPS },
	{ MSG_CONF_ITEMS, C, 0, fill_crypto_peers, conf_begins,
	    GROWTH_PEERS },
	{ MSG_CONF_ITEMS, N, 0, fill_net_items, conf_begins, GROWTH },
	{ MSG_CONF_ITEMS, N, FAULTS, fill_net_many, conf_begins, GROWTH },
	{ MSG_CONF_ITEMS, T, 0, fill_show_items, conf_begins, GROWTH },
	{ MSG_CONF_KEY, C, 0, fill_conf_key, conf_begins, 0 },
	{ MSG_CONF_END, ALL, FAULTS, fill_nothing, conf_begins, 0 },
	{ MSG_CONF_COMMIT, ALL, FAULTS, fill_nothing, conf_begins, 0 },
	{ MSG_CONF_ABORT, C | T, FAULTS, fill_nothing, conf_begins, 0 },
	{ MSG_CONF_ABORT, N, 0, fill_nothing, conf_begins, 0 },
	{ MSG_SLOT_FD, C, 0, fill_slot_fd, NULL, 0 },
	{ MSG_SLOT_DONE, C, FAULTS, fill_slot_done, NULL, 0 },
	{ MSG_RELOAD_DONE, T, FAULTS, fill_reload_done, NULL, 0 },
	{ MSG_SET_BEGIN, C, FAULTS, fill_nothing, NULL, 0 },
	{ MSG_SET_ITEMS, C, 0, fill_set_ips, set_begins, GROWTH_IPS },
	{ MSG_SET_ITEMS, C, HEARD, fill_set_peers, set_begins,
	    GROWTH_PEERS },
	{ MSG_SET_ITEMS, C, STALLS, fill_set_removed, set_begins, 0 },
	{ MSG_SET_END, C, FAULTS, fill_nothing, set_begins, 0 },
	{ MSG_SET_IDS, T, FAULTS, fill_ids, NULL, 0 },
	{ MSG_SET_DONE, T, FAULTS, fill_error, NULL, 0 },
	{ MSG_GET_DEVICE, C, STALLS, fill_get_device, NULL, 0 },
	{ MSG_DEVICE, T, FAULTS, fill_device, NULL, 0 },
	{ MSG_GET_PEERS, C, STALLS, fill_get_peers, NULL, 0 },
	{ MSG_PEERS, T, FAULTS, fill_peers, NULL, 0 },
	{ MSG_REMOTE_ADD, N, FAULTS, fill_remotes, NULL, GROWTH_PEERS },
	{ MSG_REMOTE_DEL, N, 0, fill_remote_del, names_are_known, 0 },
	{ MSG_LOCAL_KEY, N, 0, fill_local_key, NULL, 0 },
	{ MSG_ENDPOINT_SET, N, PASSED, fill_endpoints, names_are_known, 0 },
	{ MSG_SYNC, N, STALLS, fill_nothing, NULL, 0 },
	{ MSG_SYNCED, ALL, FAULTS, fill_nothing, NULL, 0 },
	{ MSG_GET_ENDPOINTS, N, STALLS, fill_get_endpoints, names_are_known,
	    0 },
	{ MSG_ENDPOINTS, T, FAULTS, fill_no_endpoints, NULL, 0 },
	{ MSG_HAS_ENDPOINT, C, 0, fill_has_endpoint, NULL, 0 },
	{ MSG_SHOW, ALL, STALLS, fill_topic, NULL, 0 },
	{ MSG_ROW, T, FAULTS, fill_row, show_is_asked, 0 },
	{ MSG_SHOW_END, T, FAULTS, fill_nothing, show_is_asked, 0 },
	{ MSG_MONITOR, ALL, 0, fill_bool, NULL, 0 },
	{ MSG_EVENT, T, 0, fill_event, events_are_wanted, 0 },
	{ MSG_RESOLVE, R, 0, fill_resolve, server_is_known, 0 },
	{ MSG_RESOLVED, N, 0, fill_resolved, names_are_known, 0 },
	{ MSG_DNS_FD, R, 0, fill_server, NULL, 0 },
	{ MSG_HELPER_SHOW, R, 0, fill_topic, NULL, 0 },
};
#define NFLOODS	(sizeof(floods) / sizeof(floods[0]))

/*
 * A flood.
 */

/* Is there room for one more?  False: not as long as this is waited for. */
static bool
wait_room(const struct flood *f, enum proc from)
{
	struct pollfd p = { .fd = kid.link[from], .events = POLLOUT };
	int ms = (f->flags & STALLS) != 0 ? STALLED : SLOW;
	long end = kid_ms() + ms;

	if ((f->flags & HEARD) == 0)
		return poll(&p, 1, ms) == 1;
	do
		kid_pump(&kid, 1);
	while (poll(&p, 1, 0) == 0 && kid_ms() < end);
	return kid_ms() < end;
}

static bool
say_one(const struct flood *f, enum proc from, unsigned i, int fd)
{
	static uint8_t buf[MSG_PAYLOAD];
	const struct msg_row *row = msg_row(f->type);
	bool second = (f->flags & PAIRED) != 0 && i % 2 == 1;
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	if (!second)
		f->fill(&w, i & ~((f->flags & PAIRED) != 0 ? 1U : 0));
	ck_assert(!w.fail && w.len <= row->max);
	while (kid_say(&kid, from, second ? MSG_CONF_ABORT : f->type, buf,
	    w.len, &fd, fd != -1) == -1)
		if (errno != EAGAIN || !wait_room(f, from))
			return false;
	return true;
}

/* Few where none takes new room, and each costs much or is the parent's. */
static unsigned
flood_size(const struct flood *f, enum proc from)
{
	return f->growth == 0 && (from == PROC_PARENT ||
	    (f->flags & FAULTS) != 0) ? FEW : FLOOD;
}

/*
 * Says it as fast as it can.  Who does not read for a while, though we do
 * not wait for an answer, has stopped to listen to us: that is allowed.
 */
static unsigned
say_all(const struct flood *f, enum proc from)
{
	enum fd_kind kind = msg_row(f->type)->fd;
	bool said = true;
	unsigned i, n = flood_size(f, from);
	int fd = -1;

	for (i = 0; i < n && said; i++) {
		if (kind != FD_NONE)
			fd = f->type == MSG_DNS_FD ? dns_socket() :
			    kid_fd(kind);
		said = say_one(f, from, i, fd);
		if (fd != -1)
			close(fd);
	}
	return said ? i : i - 1;
}

/* All that was said is read, or will not be. */
static void
wait_read(const struct flood *f, enum proc from)
{
	long end = kid_ms() + ((f->flags & STALLS) != 0 ? STALLED : SLOW);
	int left = 0;

	while (ioctl(kid.link[from], SIOCOUTQ, &left) == 0 && left > 0 &&
	    kid_ms() < end) {
		if ((f->flags & HEARD) != 0)
			kid_pump(&kid, 1);
		else
			poll(NULL, 0, 1);
	}
}

/*
 * Rows for one who asks and does not read: either he is not listened to until
 * he reads, which he does now, or the parent was told.
 */
static void
check_unread(enum proc from, const char *what)
{
	unsigned i;

	for (i = 0; i < kid.faults; i++)
		if (kid.fault[i].sibling == from &&
		    kid.fault[i].verdict == MSG_UNREAD)
			return;
	ck_assert_msg(kid_sync(&kid, from, SLOW), "%s: the link is dead, and "
	    "nobody was told", what);
}

/* Nobody is accused, but who said it out of turn, or takes no answers. */
static void
check_faults(const struct flood *f, enum proc from, const char *what)
{
	const struct kid_fault *k;

	for (k = kid.fault; k < kid.fault + kid.faults; k++)
		ck_assert_msg((f->flags & (k->verdict != MSG_UNREAD ? FAULTS :
		    k->sibling == from ? STALLS : PASSED)) != 0,
		    "%s: fault of %s, type %04x, verdict %d", what,
		    proc_name(k->sibling), k->type, k->verdict);
	if ((f->flags & STALLS) != 0)
		check_unread(from, what);
}

/* Another one is served; the one who said it, if there is none who reads. */
static void
check_serves(const struct flood *f, enum proc from, const char *what)
{
	unsigned others = (f->flags & PASSED) != 0 ? 0 :
	    kid_siblings(kid.proc) & ~PROC_BIT(from);
	enum proc p = from;
	int i;

	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++)
		if ((others & PROC_BIT(i)) != 0 && i != PROC_RESOLVERD)
			p = (enum proc)i;
	ck_assert_msg(kid_sync(&kid, p, SLOW), "%s: it does not serve %s "
	    "(wait status %04x): %s", what, proc_name(p),
	    (unsigned)kid_wait_exit(&kid, 0), kid.log);
}

static void
check_end(const struct flood *f, const char *what)
{
	bool error = (f->flags & LEAVES) == 0;
	int status = kid_wait_exit(&kid, SLOW);

	ck_assert_msg(status != -1 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == error, "%s: wait status %04x: %s", what,
	    (unsigned)status, kid.log);
	if (error)
		ck_assert_msg(strstr(kid.log, "the parent sent what it may "
		    "not") != NULL, "%s: it said: %s", what, kid.log);
}

static enum proc
any_sibling(enum proc p)
{
	unsigned all = kid_siblings(p);

	return (all & N) != 0 ? PROC_NETD : PROC_CRYPTOD;
}

static void
start(const struct flood *f, enum proc p, enum proc from)
{
	kid_run(&kid, p);
	ck_assert(kid_sync(&kid, any_sibling(p), SLOW));
	if (f->before != NULL)
		f->before(from);
	kid.faults = 0;
}

static void
finish(void)
{
	kid_end(&kid);
	if (client != -1)
		close(client);
	client = -1;
}

static void
one_flood(const struct flood *f, enum proc p, enum proc from)
{
	char what[128];
	unsigned said;
	long rss;
	int fds;

	start(f, p, from);
	rss = kid_rss(&kid);
	fds = kid_fds(&kid);
	/* Nobody listens: neither the siblings nor the parent. */
	said = say_all(f, from);
	snprintf(what, sizeof(what), "%u %s from %s to %s, mode %d", said,
	    msg_row(f->type)->name, proc_name(from), proc_name(p), kid_mode);
	if (from == PROC_PARENT && (f->flags & (FAULTS | LEAVES)) != 0) {
		check_end(f, what);
		finish();
		return;
	}
	ck_assert_msg(said == flood_size(f, from) || (said > 16 &&
	    (f->flags & STALLS) != 0), "%s: it stopped to read: %s", what,
	    kid.log);
	wait_read(f, from);
	rss = kid_rss(&kid) - rss;
	fds = kid_fds(&kid) - fds;
	ck_assert_msg(rss < (f->growth != 0 ? f->growth : GROWTH),
	    "%s: it grew by %ld KiB", what, rss);
	ck_assert_msg(fds <= FDS, "%s: it kept %d descriptors", what, fds);
	check_serves(f, from, what);
	check_faults(f, from, what);
	finish();
}

static void
floods_of_row(enum proc p, enum proc from, const struct msg_row *row)
{
	const struct flood empty = { row->type, ALL, 0, fill_nothing, NULL,
	    0 }, *f;
	unsigned n = 0;

	for (f = floods; f < floods + NFLOODS; f++)
		if (f->type == row->type && (f->to & PROC_BIT(p)) != 0) {
			one_flood(f, p, from);
			n++;
		}
	if (n > 0)
		return;
	ck_assert_msg(row->min == 0, "there is no content for %s to %s",
	    row->name, proc_name(p));
	one_flood(&empty, p, from);
}

START_TEST(valid_messages)
{
	enum proc p = kid_kinds[_i].proc;
	const struct msg_row *rows;
	size_t i, n;
	int from;

	kid_mode = kid_kinds[_i].mode;
	kid_world();
	rows = msg_rows(&n);
	for (from = PROC_PARENT; from < PROC_COUNT; from++)
		for (i = 0; i < n; i++)
			if (((kid_siblings(p) | PROC_BIT(PROC_PARENT)) &
			    PROC_BIT(from)) != 0 &&
			    (rows[i].mode & MODE_BIT(kid_mode)) != 0 &&
			    (rows[i].phase & PHASE_BIT(PHASE_RUN)) != 0 &&
			    (rows[i].from & PROC_BIT(from)) != 0 &&
			    (rows[i].to & PROC_BIT(p)) != 0)
				floods_of_row(p, (enum proc)from, &rows[i]);
}
END_TEST

/* Each of them makes a FAULT and a line of the log for a deaf parent. */
START_TEST(bad_messages)
{
	static const struct flood bad = { MSG_GO, ALL, FAULTS, fill_nothing,
	    NULL, GROWTH };
	enum proc p = kid_kinds[_i].proc, from;

	kid_mode = kid_kinds[_i].mode;
	kid_world();
	from = any_sibling(p);
	one_flood(&bad, p, from);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("flood");
	TCase *tc = tcase_create("flood");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, valid_messages, 0, KID_KINDS);
	tcase_add_loop_test(tc, bad_messages, 0, KID_KINDS);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("flood", suite());
}
