/* SPDX-License-Identifier: ISC */
/*
 * The permission table against what the design says, written down here a
 * second time: every type x sender x receiver x phase, every size at its
 * edges, every kind of descriptor.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fcntl.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "shared/msg_parent.h"
#include "shared/msg_table.h"
#include "unit.h"

/*
 * Who may say what to whom: "PC" is parent to cryptod.  S: only until READY,
 * R: only after it, A: always.  Then B: only in bare mode, C: only in
 * configured mode, A: in both.
 */
static const struct {
	const char	*name;
	const char	*pairs;
	char		 phase;
	char		 mode;
} want[] = {
	{ "STARTUP",		"PC PN PT PR", 'S', 'A' },
	{ "READY",		"CP NP TP RP", 'A', 'A' },
	{ "GO",			"PC PN PT PR", 'R', 'A' },
	{ "LINK_FD",		"PC PN PT PR", 'S', 'A' },
	{ "BELL_FD",		"PC PN", 'S', 'A' },
	{ "TUN_FD",		"PC", 'S', 'A' },
	{ "UDP_FD",		"PN", 'R', 'A' },
	{ "UDP_CLOSE",		"PN", 'R', 'A' },
	{ "ROUTE_FD",		"PN", 'S', 'A' },
	{ "LISTENER_FD",	"PT", 'S', 'A' },
	{ "LINK_STATE",		"PC PN PT", 'R', 'A' },
	{ "LOG_LEVEL",		"PC PN PT PR", 'R', 'A' },
	{ "SHUTDOWN",		"PC PN PT PR", 'A', 'A' },
	{ "LOG",		"CP NP TP RP", 'A', 'A' },
	{ "FAULT",		"CP NP TP RP", 'A', 'A' },
	{ "TUN_GONE",		"CP", 'R', 'A' },
	{ "LISTEN_SET",		"TP", 'R', 'B' },
	{ "FWMARK_SET",		"TP", 'R', 'B' },
	{ "SOCKET_DONE",	"PT", 'R', 'A' },
	{ "SOCKET_STATE",	"PN PT", 'R', 'A' },
	{ "LOG_SET",		"TP", 'R', 'A' },
	{ "CONF_BEGIN",		"PC PN PT", 'R', 'C' },
	{ "CONF_ITEMS",		"PC PN PT", 'R', 'C' },
	{ "CONF_KEY",		"PC", 'R', 'C' },
	{ "CONF_END",		"PC PN PT", 'R', 'C' },
	{ "CONF_READY",		"CP NP TP", 'R', 'C' },
	{ "CONF_NO",		"CP NP TP", 'R', 'C' },
	{ "CONF_COMMIT",	"PC PN PT", 'R', 'C' },
	{ "CONF_ABORT",		"PC PN PT", 'R', 'C' },
	{ "CONF_DONE",		"CP NP TP", 'R', 'C' },
	{ "SLOT_FD",		"PC", 'R', 'C' },
	{ "SLOT_WANT",		"CP", 'R', 'C' },
	{ "SLOT_WRITTEN",	"CP", 'R', 'C' },
	{ "SLOT_DONE",		"PC", 'R', 'C' },
	{ "RELOAD",		"TP", 'R', 'C' },
	{ "RELOAD_DONE",	"PT", 'R', 'C' },
	{ "RING",		"CN NC", 'S', 'A' },
	{ "INDEX_PAGE",		"CN", 'S', 'A' },
	{ "SET_BEGIN",		"TC", 'R', 'B' },
	{ "SET_ITEMS",		"TC", 'R', 'B' },
	{ "SET_END",		"TC", 'R', 'B' },
	{ "SET_IDS",		"CT", 'R', 'B' },
	{ "SET_DONE",		"CT", 'R', 'B' },
	{ "GET_DEVICE",		"TC", 'R', 'A' },
	{ "DEVICE",		"CT", 'R', 'A' },
	{ "GET_PEERS",		"TC", 'R', 'A' },
	{ "PEERS",		"CT", 'R', 'A' },
	{ "REMOTE_ADD",		"CN", 'R', 'A' },
	{ "REMOTE_DEL",		"CN", 'R', 'A' },
	{ "LOCAL_KEY",		"CN", 'R', 'A' },
	{ "ENDPOINT_SET",	"TN", 'R', 'B' },
	{ "SYNC",		"CN TN", 'R', 'A' },
	{ "SYNCED",		"NC NT", 'R', 'A' },
	{ "GET_ENDPOINTS",	"TN", 'R', 'A' },
	{ "ENDPOINTS",		"NT", 'R', 'A' },
	{ "HAS_ENDPOINT",	"NC", 'R', 'A' },
	{ "SHOW",		"TP TC TN", 'R', 'A' },
	{ "ROW",		"PT CT NT", 'R', 'A' },
	{ "SHOW_END",		"PT CT NT", 'R', 'A' },
	{ "MONITOR",		"TP TC TN", 'R', 'A' },
	{ "EVENT",		"PT CT NT", 'R', 'A' },
	{ "RESOLVE",		"NR", 'R', 'C' },
	{ "RESOLVED",		"RN", 'R', 'C' },
	{ "DNS_RESET",		"PR", 'R', 'C' },
	{ "DNS_FD",		"PR", 'R', 'C' },
	{ "HOSTS_FD",		"PR", 'R', 'C' },
	{ "DNS_WANTED",		"RP", 'R', 'C' },
	{ "HELPER_SHOW",	"PR", 'R', 'C' },
	{ "HELPER_ROW",		"RP", 'R', 'C' },
	{ "HELPER_SHOW_END",	"RP", 'R', 'C' },
};
#define NWANT	(sizeof(want) / sizeof(want[0]))

static const char letters[] = "PCNTR";

static bool
wanted(size_t i, int from, int to, enum phase ph, enum mode mode)
{
	char pair[3] = { letters[from], letters[to], '\0' };

	return strstr(want[i].pairs, pair) != NULL &&
	    want[i].phase != (ph == PHASE_SETUP ? 'R' : 'S') &&
	    want[i].mode != (mode == MODE_BARE ? 'C' : 'B');
}

/* One descriptor of each kind, FD_NONE: -1. */
static int fds[FD_FILE + 1];

static int
unix_listener(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	/* The kernel chooses an abstract name. */
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun,
	    sizeof(sun.sun_family)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

static int
memfd(int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

#define ALL_SEALS (F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE | \
	F_SEAL_SEAL)

static void
make_fds(void)
{
	int s[2];

	fds[FD_NONE] = -1;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
	fds[FD_LINK] = s[0];
	fds[FD_LISTENER] = unix_listener();
	fds[FD_UDP] = socket(AF_INET, SOCK_DGRAM, 0);
	fds[FD_NETLINK] = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	ck_assert_int_eq(pipe(s), 0);
	fds[FD_PIPE] = s[0];
	fds[FD_MEMFD] = memfd(ALL_SEALS);
	fds[FD_TUN] = open("/dev/null", O_RDWR);	/* a character device */
	fds[FD_FILE] = open("/proc/self/exe", O_RDONLY);
	for (s[0] = 1; s[0] <= FD_FILE; s[0]++)
		ck_assert_int_ne(fds[s[0]], -1);
}

START_TEST(rows_are_sound)
{
	const struct msg_row *r;
	size_t n, i, k;

	r = msg_rows(&n);
	ck_assert_uint_eq(n, NWANT);
	for (i = 0; i < n; i++) {
		if (i > 0)
			ck_assert_uint_gt(r[i].type, r[i - 1].type);
		ck_assert_str_eq(r[i].name, want[i].name);
		ck_assert_ptr_nonnull(r[i].what);
		ck_assert_uint_gt(strlen(r[i].what), 0);
		ck_assert_uint_le(r[i].min, r[i].max);
		ck_assert_uint_le(r[i].max, MSG_PAYLOAD);
		ck_assert_uint_gt(r[i].queue, 0);
		ck_assert_int_ge(r[i].type >> 8, 1);
		ck_assert_int_le(r[i].type >> 8, 6);
		ck_assert_ptr_eq(msg_row(r[i].type), &r[i]);
		ck_assert_uint_eq(msg_row_index(&r[i]), i);
		for (k = 0; k < i; k++)
			ck_assert_str_ne(r[i].name, r[k].name);
	}
}
END_TEST

/* The parent hands everything down; two share memory; else there is none. */
START_TEST(who_brings_descriptors)
{
	int from, to;

	for (from = 0; from < PROC_COUNT; from++)
		for (to = 0; to < PROC_COUNT; to++)
			ck_assert_msg(msg_brings_fd((enum proc)from,
			    (enum proc)to) == (from != to &&
			    to != PROC_PARENT && (from == PROC_PARENT ||
			    (from == PROC_CRYPTOD && to == PROC_NETD) ||
			    (from == PROC_NETD && to == PROC_CRYPTOD))),
			    "from %s to %s", proc_name((enum proc)from),
			    proc_name((enum proc)to));
}
END_TEST

START_TEST(unknown_types)
{
	uint32_t t;
	size_t n, known = 0;

	msg_rows(&n);
	for (t = 0; t <= UINT16_MAX; t++) {
		if (msg_row((uint16_t)t) != NULL) {
			known++;
			continue;
		}
		ck_assert_int_eq(msg_admit((uint16_t)t, PROC_PARENT,
		    PROC_CRYPTOD, PHASE_RUN, MODE_BARE, 0, -1),
		    MSG_UNKNOWN);
	}
	ck_assert_uint_eq(known, n);
}
END_TEST

static void
one_pair(const struct msg_row *r, size_t i, int from, int to)
{
	enum msg_verdict v;
	int ph, mode;

	for (ph = PHASE_SETUP; ph <= PHASE_RUN; ph++)
		for (mode = MODE_BARE; mode <= MODE_CONFIGURED; mode++) {
			v = msg_admit(r->type, from, to, ph, mode, r->min,
			    fds[r->fd]);
			ck_assert_msg((v == MSG_OK) ==
			    wanted(i, from, to, ph, mode),
			    "%s from %s to %s in phase %d, mode %d: %s",
			    r->name, proc_name(from), proc_name(to), ph, mode,
			    msg_verdict_name(v));
		}
}

START_TEST(all_pairs)
{
	const struct msg_row *r;
	size_t n, i;
	int from, to;

	make_fds();
	r = msg_rows(&n);
	for (i = 0; i < n; i++)
		for (from = 0; from < PROC_COUNT; from++)
			for (to = 0; to < PROC_COUNT; to++)
				one_pair(&r[i], i, from, to);
}
END_TEST

/* Some mode of a row. */
static enum mode
some_mode(const struct msg_row *r)
{
	return (r->mode & MODE_BIT(MODE_BARE)) != 0 ? MODE_BARE :
	    MODE_CONFIGURED;
}

/* Some sender, receiver and phase of a row. */
static void
somebody(const struct msg_row *r, int *from, int *to, int *ph)
{
	*from = *to = 0;
	while ((r->from & PROC_BIT(*from)) == 0)
		++*from;
	while ((r->to & PROC_BIT(*to)) == 0 || *to == *from)
		++*to;
	*ph = (r->phase & PHASE_BIT(PHASE_RUN)) != 0 ? PHASE_RUN :
	    PHASE_SETUP;
}

START_TEST(sizes)
{
	const struct msg_row *r;
	size_t n, i;
	int from, to, ph, fd;

	make_fds();
	r = msg_rows(&n);
	for (i = 0; i < n; i++) {
		somebody(&r[i], &from, &to, &ph);
		fd = fds[r[i].fd];
#define ADMIT(size)	msg_admit(r[i].type, from, to, ph,		\
			    some_mode(&r[i]), (size), fd)
		ck_assert_int_eq(ADMIT(r[i].min), MSG_OK);
		ck_assert_int_eq(ADMIT(r[i].max), MSG_OK);
		ck_assert_int_eq(ADMIT((size_t)r[i].max + 1), MSG_SIZE);
		ck_assert_int_eq(ADMIT(SIZE_MAX), MSG_SIZE);
		if (r[i].min > 0)
			ck_assert_int_eq(ADMIT((size_t)r[i].min - 1),
			    MSG_SIZE);
#undef ADMIT
	}
}
END_TEST

START_TEST(descriptors)
{
	const struct msg_row *r;
	enum msg_verdict v;
	size_t n, i;
	int from, to, ph, k;

	make_fds();
	r = msg_rows(&n);
	for (i = 0; i < n; i++) {
		somebody(&r[i], &from, &to, &ph);
		for (k = FD_NONE; k <= FD_FILE; k++) {
			/* A memfd is a regular file as far as fstat goes. */
			if (r[i].fd == FD_FILE && k == FD_MEMFD)
				continue;
			v = msg_admit(r[i].type, from, to, ph,
			    some_mode(&r[i]), r[i].min, fds[k]);
			ck_assert_msg(v == (k == (int)r[i].fd ? MSG_OK :
			    MSG_FD), "%s with %s", r[i].name,
			    fd_kind_name(k));
		}
	}
}
END_TEST

/* Descriptors that are nearly right. */
START_TEST(near_misses)
{
	int s[2], fd, i;
	static const int seal[] = { F_SEAL_GROW, F_SEAL_SHRINK,
	    F_SEAL_FUTURE_WRITE, F_SEAL_SEAL };

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	ck_assert_int_eq(fd_is(s[0], FD_LINK), 0);
	ck_assert_int_eq(fd_is(s[0], FD_LISTENER), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
	ck_assert_int_eq(fd_is(s[0], FD_LINK), 0);
	ck_assert_int_eq(fd_is(s[0], FD_UDP), 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(fd_is(fd, FD_UDP), 0);
	ck_assert_int_eq(fd_is(fd, FD_LISTENER), 0);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(fd_is(memfd(ALL_SEALS & ~seal[i]), FD_MEMFD),
		    0);
	fd = open("/proc/self/exe", O_RDONLY);
	ck_assert_int_ne(fd, -1);
	for (i = FD_NONE; i <= FD_FILE; i++)
		ck_assert_int_eq(fd_is(fd, i), i == FD_FILE);
	fd = open("/proc/self", O_RDONLY);
	ck_assert_int_ne(fd, -1);
	for (i = FD_NONE; i <= FD_FILE; i++)
		ck_assert_int_eq(fd_is(fd, i), 0);
	for (i = FD_NONE; i <= FD_FILE; i++)
		ck_assert_int_eq(fd_is(-1, i), 0);
}
END_TEST

/* A value that is no process, phase or verdict is no way in. */
START_TEST(names)
{
	int i, k;

	ck_assert_str_eq(proc_name(PROC_COUNT), "unknown");
	ck_assert_str_eq(proc_name(-1), "unknown");
	for (i = 0; i < PROC_COUNT; i++)
		for (k = 0; k < i; k++)
			ck_assert_str_ne(proc_name(i), proc_name(k));
	for (i = MSG_OK; i <= MSG_CONTENT; i++)
		ck_assert_str_ne(msg_verdict_name(i), "unknown verdict");
	ck_assert_str_eq(msg_verdict_name(MSG_CONTENT + 1),
	    "unknown verdict");
	ck_assert_str_eq(fd_kind_name(FD_FILE + 1), "?");
	ck_assert_str_eq(overflow_name(OVER_COALESCE + 1), "?");
}
END_TEST

/* What is sent in a row may have to wait as a whole. */
START_TEST(rows_in_a_row)
{
	ck_assert_uint_ge(msg_row(MSG_TUN_FD)->queue, TUN_QUEUES);
	ck_assert_uint_ge(msg_row(MSG_LINK_FD)->queue, PROC_COUNT - 2);
	ck_assert_uint_ge(msg_row(MSG_BELL_FD)->queue, 2);
	ck_assert_uint_ge(msg_row(MSG_LISTENER_FD)->queue, 4);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("msg_table");
	TCase *tc = tcase_create("msg_table");

	tcase_add_test(tc, rows_are_sound);
	tcase_add_test(tc, who_brings_descriptors);
	tcase_add_test(tc, unknown_types);
	tcase_add_test(tc, all_pairs);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, descriptors);
	tcase_add_test(tc, near_misses);
	tcase_add_test(tc, names);
	tcase_add_test(tc, rows_in_a_row);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("msg_table", suite());
}
