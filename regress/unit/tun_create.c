/* SPDX-License-Identifier: ISC */
/*
 * Making the TUN device on kernels of several ages, which are played: what
 * each is asked for, and what is known afterwards to be left out.
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

#include "parent/tun.h"
#include "shared/log.h"
#include "shared/msg_parent.h"
#include "shared/paths.h"
#include "shared/vnet.h"
#include "unit.h"

#define ALL_TCP	(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define ALL_UDP	(TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6)
#define NONE	UINT64_MAX

static unsigned long known;		/* TUN_F_ bits of this kernel */
static bool old;			/* it has no TUNSETOFFLOAD */
static unsigned long asked[8];		/* by TUNSETOFFLOAD, in order */
static unsigned nasked;
static uint64_t in_force;
static short flags;
static unsigned lines;

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
	switch (request) {
	case TUNSETIFF:
		ifr = (const struct ifreq *)arg;
		ck_assert_str_eq(ifr->ifr_name, "w0");
		flags = ifr->ifr_flags;
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
	(void)text;
	ck_assert_int_eq(level, LOG_LEVEL_INFO);
	lines++;
}

static void
setup(void)
{
	log_init("tun", sink, NULL);
	known = ALL_TCP | ALL_UDP;
	old = false;
	nasked = lines = 0;
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
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("tun_create", suite());
}
