/* SPDX-License-Identifier: ISC */
/*
 * Making the TUN device on kernels of several ages, which are played: what
 * each is asked for, and what is known afterwards to be left out; and with
 * somebody else who is attached before it has an owner.
 */
#include <sys/ioctl.h>

#include <net/if.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "parent/netlink.h"
#include "parent/tun.h"
#include "shared/log.h"
#include "shared/msg_parent.h"
#include "shared/paths.h"
#include "shared/vnet.h"
#include "unit.h"

#define ALL_TCP	(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define ALL_UDP	(TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6)
#define NONE	UINT64_MAX
#define INDEX	7

static unsigned long known;		/* TUN_F_ bits of this kernel */
static bool old;			/* it has no TUNSETOFFLOAD */
static unsigned long asked[8];		/* by TUNSETOFFLOAD, in order */
static unsigned nasked;
static uint64_t in_force;
static short flags;
static unsigned lines;
static int wanted;			/* level of all lines */
static char last_line[LOG_LINE_MAX];
static struct nl_tun seen;		/* of the first devices, */
static unsigned nseen;			/* so many */
static unsigned made, deleted;
static bool owned;			/* the last one */
static unsigned long fails;		/* this request */
static bool blind, stuck;		/* it tells nothing, deletes nothing */

/* In the place of the C library's. */
int
open(const char *path, int how, ...)
{
	unsigned mode = 0;
	va_list ap;

	if (strcmp(path, PATH_TUN) == 0)
		path = "/dev/null";
	if ((how & (O_CREAT | __O_TMPFILE)) != 0) {
		va_start(ap, how);
		mode = va_arg(ap, unsigned);
		va_end(ap);
	}
	return openat(AT_FDCWD, path, how, mode);
}

int
nl_open(void)
{
	return openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
}

int
nl_tun_get(int fd, const char *name, struct nl_tun *t)
{
	static const struct nl_tun alone = { .ifindex = INDEX,
	    .group = UINT32_MAX, .queues = 1 };

	ck_assert_int_ge(fd, 0);
	ck_assert_str_eq(name, "w0");
	if (blind) {
		errno = ENOBUFS;
		return -1;
	}
	*t = made <= nseen ? seen : alone;
	if (!owned)
		t->owner = UINT32_MAX;
	return 0;
}

int
nl_link_delete(int fd, uint32_t ifindex)
{
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(ifindex, INDEX);
	deleted++;
	if (!stuck)
		return 0;
	errno = EPERM;
	return -1;
}

static int
set_offload(unsigned long bits)
{
	ck_assert_uint_lt(nasked, 8);
	asked[nasked++] = bits;
	if (old || (bits & ~known) != 0) {
		errno = EINVAL;
		return -1;
	}
	in_force = bits;
	return 0;
}

int
ioctl(int fd, unsigned long request, ...)
{
	const struct ifreq *ifr;
	unsigned long arg;
	va_list ap;

	va_start(ap, request);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	ck_assert_int_ge(fd, 0);
	if (request == fails) {
		errno = EINVAL;
		return -1;
	}
	switch (request) {
	case TUNSETIFF:
		ifr = (const struct ifreq *)arg;
		ck_assert_str_eq(ifr->ifr_name, "w0");
		flags = ifr->ifr_flags;
		made++;
		owned = false;
		return 0;
	case TUNSETOWNER:
		ck_assert_uint_eq(arg, 0);
		owned = true;
		return 0;
	case TUNSETPERSIST:
		ck_assert_uint_eq(arg, 0);
		return 0;
	case TUNSETVNETHDRSZ:
		ck_assert_int_eq(*(const int *)arg, VNET_HDR_LEN);
		return 0;
	case TUNSETOFFLOAD:
		return set_offload(arg);
	}
	errno = ENOTTY;
	return -1;
}

static void
sink(void *arg, int level, const char *text)
{
	(void)arg;
	ck_assert_int_eq(level, wanted);
	strncpy(last_line, text, sizeof(last_line) - 1);
	lines++;
}

static void
setup(void)
{
	log_init("tun", sink, NULL);
	known = ALL_TCP | ALL_UDP;
	old = false;
	nasked = lines = 0;
	nseen = made = deleted = 0;
	fails = 0;
	blind = stuck = false;
	wanted = LOG_LEVEL_INFO;
	in_force = NONE;
	flags = 0;
}

static void
create(uint8_t *without)
{
	int fd = tun_create("w0", without);

	ck_assert_int_ne(fd, -1);
	close(fd);
}

START_TEST(newest)
{
	uint8_t without = 0;

	create(&without);
	ck_assert_uint_eq(without, 0);
	ck_assert_uint_eq(in_force, ALL_TCP | ALL_UDP);
	ck_assert_uint_eq(nasked, 1);
	ck_assert(flags & IFF_MULTI_QUEUE);
	ck_assert(flags & IFF_VNET_HDR);
	ck_assert(owned);
	ck_assert_uint_eq(deleted, 0);
	ck_assert_uint_eq(lines, 0);
	create(NULL);
	ck_assert_uint_eq(in_force, ALL_TCP | ALL_UDP);
}
END_TEST

/* Before 6.2: TCP goes on, and UDP is known not to. */
START_TEST(no_uso)
{
	uint8_t without = OFFLOAD_UDP_SEND;

	known = ALL_TCP;
	create(&without);
	ck_assert_uint_eq(without, OFFLOAD_UDP_SEND | OFFLOAD_TUN_UDP);
	ck_assert_uint_eq(nasked, 2);
	ck_assert_uint_eq(asked[0], ALL_TCP | ALL_UDP);
	ck_assert_uint_eq(asked[1], ALL_TCP);
	ck_assert_uint_eq(in_force, ALL_TCP);
	ck_assert_uint_eq(lines, 0);
	create(NULL);
	ck_assert_uint_eq(in_force, ALL_TCP);
}
END_TEST

/* It has USO for one family only: that is none. */
START_TEST(half_uso)
{
	uint8_t without = 0;

	known = ALL_TCP | TUN_F_USO4;
	create(&without);
	ck_assert_uint_eq(without, OFFLOAD_TUN_UDP);
	ck_assert_uint_eq(in_force, ALL_TCP);
}
END_TEST

START_TEST(none)
{
	uint8_t without = 0;

	known = 0;
	create(&without);
	ck_assert_uint_eq(without, OFFLOAD_TUN_TCP | OFFLOAD_TUN_UDP);
	ck_assert_uint_eq(nasked, 3);
	ck_assert_uint_eq(asked[2], 0);
	ck_assert_uint_eq(in_force, 0);
	ck_assert_uint_eq(lines, 1);
	/* Not even the question is known. */
	old = true;
	nasked = 0;
	without = 0;
	create(&without);
	ck_assert_uint_eq(without, OFFLOAD_TUN_TCP | OFFLOAD_TUN_UDP);
	ck_assert_uint_eq(lines, 2);
}
END_TEST

/* What is left out is not asked for, whatever the kernel knows. */
START_TEST(left_out)
{
	static const struct {
		unsigned long	known;
		uint8_t		without;
		uint8_t		after;
		uint64_t	in_force;
	} how[] = {
		{ ALL_TCP | ALL_UDP, OFFLOAD_TUN_TCP, OFFLOAD_TUN_TCP,
		    ALL_UDP },
		{ ALL_TCP | ALL_UDP, OFFLOAD_TUN_UDP, OFFLOAD_TUN_UDP,
		    ALL_TCP },
		{ ALL_TCP | ALL_UDP, OFFLOAD_ALL, OFFLOAD_ALL, 0 },
		{ ALL_TCP, OFFLOAD_TUN_TCP,
		    OFFLOAD_TUN_TCP | OFFLOAD_TUN_UDP, 0 },
		{ ALL_TCP, OFFLOAD_TUN_UDP, OFFLOAD_TUN_UDP, ALL_TCP },
		{ 0, OFFLOAD_TUN_TCP | OFFLOAD_TUN_UDP,
		    OFFLOAD_TUN_TCP | OFFLOAD_TUN_UDP, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		uint8_t without = how[i].without;

		known = how[i].known;
		in_force = NONE;
		create(&without);
		ck_assert_uint_eq(without, how[i].after);
		ck_assert_uint_eq(in_force, how[i].in_force);
		ck_assert_int_eq((flags & IFF_MULTI_QUEUE) == 0,
		    (how[i].without & OFFLOAD_TUN_QUEUES) != 0);
	}
	ck_assert_uint_eq(lines, 0);
}
END_TEST

static const struct nl_tun shared[] = {
	{ INDEX, 0, UINT32_MAX, 2, 0, false },
	{ INDEX, 0, UINT32_MAX, 0, 0, false },
	{ INDEX, 0, UINT32_MAX, UINT32_MAX, UINT32_MAX, false },
	{ INDEX, 0, UINT32_MAX, 1, 1, false },
	{ INDEX, 0, UINT32_MAX, 1, 0, true },
	{ INDEX, 0, 100, 1, 0, false },
	{ INDEX, 0, 0, 1, 0, false },
	{ INDEX, 65534, UINT32_MAX, 1, 0, false },
	{ INDEX, UINT32_MAX, UINT32_MAX, 1, 0, false },
};

/* What is not ours alone is made again, and given up in the end. */
START_TEST(not_alone)
{
	wanted = LOG_LEVEL_WARN;
	seen = shared[_i];
	nseen = 4;
	create(NULL);
	ck_assert_uint_eq(made, 5);
	ck_assert_uint_eq(deleted, 4);
	ck_assert_uint_eq(lines, 0);
	made = deleted = nasked = 0;
	nseen = 5;
	ck_assert_int_eq(tun_create("w0", NULL), -1);
	ck_assert_uint_eq(made, 5);
	ck_assert_uint_eq(deleted, 5);
	ck_assert_uint_eq(nasked, 0);
	ck_assert_uint_eq(lines, 1);
	ck_assert_ptr_nonnull(strstr(last_line, "attaches to interface w0"));
}
END_TEST

/* Without an owner, or without knowing, there is no device. */
START_TEST(not_owned)
{
	static const unsigned long requests[] = { TUNSETOWNER, TUNSETPERSIST };

	wanted = LOG_LEVEL_WARN;
	if (_i < 2)
		fails = requests[_i];
	else
		blind = true;
	ck_assert_int_eq(tun_create("w0", NULL), -1);
	ck_assert_uint_eq(made, 1);
	ck_assert_uint_eq(nasked, 0);
	/* Whom it can ask, it also tells to delete it. */
	ck_assert_uint_eq(deleted, _i < 2);
	ck_assert_uint_eq(lines, _i < 2 ? 1 : 2);
}
END_TEST

/* Then the name is taken, and only its user can do something. */
START_TEST(not_deleted)
{
	wanted = LOG_LEVEL_WARN;
	seen = shared[0];
	nseen = 1;
	stuck = true;
	create(NULL);
	ck_assert_uint_eq(deleted, 1);
	ck_assert_uint_eq(lines, 1);
	ck_assert_ptr_nonnull(strstr(last_line, "try ip link delete w0"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tun_create");
	TCase *t = tcase_create("tun_create");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, newest);
	tcase_add_test(t, no_uso);
	tcase_add_test(t, half_uso);
	tcase_add_test(t, none);
	tcase_add_test(t, left_out);
	tcase_add_loop_test(t, not_alone, 0,
	    sizeof(shared) / sizeof(shared[0]));
	tcase_add_loop_test(t, not_owned, 0, 3);
	tcase_add_test(t, not_deleted);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("tun_create", suite());
}
