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

#include "shared/msg_table.h"
#include "unit.h"

/*
 * Who may say what to whom: "PC" is parent to cryptod.  S: only until READY,
 * R: only after it, A: always.
 */
static const struct {
	const char	*name;
	const char	*pairs;
	char		 phase;
} want[] = {
	{ "STARTUP",		"PC PN PT", 'S' },
	{ "READY",		"CP NP TP", 'A' },
	{ "GO",			"PC PN PT", 'R' },
	{ "LINK_FD",		"PC PN PT", 'S' },
	{ "BELL_FD",		"PC PN", 'S' },
	{ "TUN_FD",		"PC", 'S' },
	{ "UDP_FD",		"PN", 'R' },
	{ "UDP_CLOSE",		"PN", 'R' },
	{ "ROUTE_FD",		"PN", 'S' },
	{ "LISTENER_FD",	"PT", 'S' },
	{ "LINK_STATE",		"PC PN PT", 'R' },
	{ "LOG_LEVEL",		"PC PN PT", 'R' },
	{ "SHUTDOWN",		"PC PN PT", 'A' },
	{ "LOG",		"CP NP TP", 'A' },
	{ "FAULT",		"CP NP TP", 'A' },
	{ "TUN_GONE",		"CP", 'R' },
	{ "LISTEN_SET",		"TP", 'R' },
	{ "FWMARK_SET",		"TP", 'R' },
	{ "SOCKET_DONE",	"PT", 'R' },
	{ "SOCKET_STATE",	"PN PT", 'R' },
	{ "LOG_SET",		"TP", 'R' },
	{ "RING",		"CN NC", 'S' },
	{ "INDEX_PAGE",		"CN", 'S' },
	{ "SET_BEGIN",		"TC", 'R' },
	{ "SET_ITEMS",		"TC", 'R' },
	{ "SET_END",		"TC", 'R' },
	{ "SET_IDS",		"CT", 'R' },
	{ "SET_DONE",		"CT", 'R' },
	{ "GET_DEVICE",		"TC", 'R' },
	{ "DEVICE",		"CT", 'R' },
	{ "GET_PEERS",		"TC", 'R' },
	{ "PEERS",		"CT", 'R' },
	{ "REMOTE_ADD",		"CN", 'R' },
	{ "REMOTE_DEL",		"CN", 'R' },
	{ "LOCAL_KEY",		"CN", 'R' },
	{ "ENDPOINT_SET",	"TN", 'R' },
	{ "SYNC",		"CN TN", 'R' },
	{ "SYNCED",		"NC NT", 'R' },
	{ "GET_ENDPOINTS",	"TN", 'R' },
	{ "ENDPOINTS",		"NT", 'R' },
	{ "HAS_ENDPOINT",	"NC", 'R' },
	{ "SHOW",		"TP TC TN", 'R' },
	{ "ROW",		"PT CT NT", 'R' },
	{ "SHOW_END",		"PT CT NT", 'R' },
};
#define NWANT	(sizeof(want) / sizeof(want[0]))

static const char letters[] = "PCNT";

static bool
wanted(size_t i, int from, int to, enum phase ph)
{
	char pair[3] = { letters[from], letters[to], '\0' };

	return strstr(want[i].pairs, pair) != NULL &&
	    want[i].phase != (ph == PHASE_SETUP ? 'R' : 'S');
}

/* One descriptor of each kind, FD_NONE: -1. */
static int fds[FD_TUN + 1];

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
	for (s[0] = 1; s[0] <= FD_TUN; s[0]++)
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
		ck_assert_int_le(r[i].type >> 8, 4);
		ck_assert_ptr_eq(msg_row(r[i].type), &r[i]);
		ck_assert_uint_eq(msg_row_index(&r[i]), i);
		for (k = 0; k < i; k++)
			ck_assert_str_ne(r[i].name, r[k].name);
	}
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
		    PROC_CRYPTOD, PHASE_RUN, 0, -1), MSG_UNKNOWN);
	}
	ck_assert_uint_eq(known, n);
}
END_TEST

START_TEST(all_pairs)
{
	const struct msg_row *r;
	enum msg_verdict v;
	size_t n, i;
	int from, to, ph;

	make_fds();
	r = msg_rows(&n);
	for (i = 0; i < n; i++)
		for (from = 0; from < PROC_COUNT; from++)
			for (to = 0; to < PROC_COUNT; to++)
				for (ph = PHASE_SETUP; ph <= PHASE_RUN; ph++) {
					v = msg_admit(r[i].type, from, to, ph,
					    r[i].min, fds[r[i].fd]);
					ck_assert_msg((v == MSG_OK) ==
					    wanted(i, from, to, ph),
					    "%s from %s to %s in phase %d: %s",
					    r[i].name, proc_name(from),
					    proc_name(to), ph,
					    msg_verdict_name(v));
				}
}
END_TEST

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
#define ADMIT(size)	msg_admit(r[i].type, from, to, ph, (size), fd)
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
		for (k = FD_NONE; k <= FD_TUN; k++) {
			v = msg_admit(r[i].type, from, to, ph, r[i].min,
			    fds[k]);
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
	for (i = FD_NONE; i <= FD_TUN; i++)
		ck_assert_int_eq(fd_is(fd, i), 0);
	for (i = FD_NONE; i <= FD_TUN; i++)
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
	ck_assert_str_eq(fd_kind_name(FD_TUN + 1), "?");
	ck_assert_str_eq(overflow_name(OVER_COALESCE + 1), "?");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("msg_table");
	TCase *tc = tcase_create("msg_table");

	tcase_add_test(tc, rows_are_sound);
	tcase_add_test(tc, unknown_types);
	tcase_add_test(tc, all_pairs);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, descriptors);
	tcase_add_test(tc, near_misses);
	tcase_add_test(tc, names);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("msg_table", suite());
}
