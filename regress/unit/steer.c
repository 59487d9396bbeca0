/* SPDX-License-Identifier: ISC */
/*
 * Steering to queues: the true program, run by the kernel over packets that
 * are made here, and what happens where there is none.
 */
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/if_tun.h>

#include "parent/steer.h"
#include "parent/tun.h"
#include "shared/bytes.h"
#include "shared/log.h"
#include "unit.h"

#define LINK		14		/* what the kernel takes off again */
#define ROOM		512
#define PORTS		4		/* bytes of them */
#define FLOWS		4096
#define TCP		6
#define UDP		17

struct pkt {
	size_t	 len;
	uint8_t	 raw[LINK + ROOM];
};

static int prog = -1;

/* The rest of the queues, and the log, as they were seen. */
static unsigned opened;
static unsigned refused_at;		/* 0: none */
static int steering;			/* errno of the ioctl; 0: it is done */
static unsigned lines;
static int last_level;
static char last_line[LOG_LINE_MAX];

/* In the place of parent/tun.c's. */
int
tun_queue(const char *name)
{
	ck_assert_str_eq(name, "w0");
	if (++opened == refused_at) {
		errno = E2BIG;
		return -1;
	}
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* In the place of the C library's: there is no TUN device here. */
int
ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	int *p;

	va_start(ap, request);
	p = va_arg(ap, int *);
	va_end(ap);
	if (request != TUNSETSTEERINGEBPF) {
		errno = ENOTTY;
		return -1;
	}
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(fcntl(*p, F_GETFD), -1);
	errno = steering;
	return steering == 0 ? 0 : -1;
}

static void
sink(void *arg, int level, const char *text)
{
	(void)arg;
	lines++;
	last_level = level;
	snprintf(last_line, sizeof(last_line), "%s", text);
}

static void
setup(void)
{
	log_init("steer", sink, NULL);
	opened = refused_at = lines = 0;
	steering = 0;
	srandom(1);
}

static int
run(const void *raw, size_t len, uint32_t *value)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (uint32_t)prog;
	a.test.data_in = (uint64_t)(uintptr_t)raw;
	a.test.data_size_in = (uint32_t)len;
	if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &a, sizeof(a)) == -1)
		return -1;
	*value = a.test.retval;
	return 0;
}

/* NULL, or why the program cannot be run here.  A wrong one fails. */
static const char *
lacks(void)
{
	static const uint8_t raw[LINK + 20];
	uint32_t value;

	if (prog == -1)
		prog = steer_load();
	if (prog == -1 && (errno == EPERM || errno == ENOSYS))
		return "bpf(2) is not allowed here";
	ck_assert_msg(prog != -1, "the program: %s", strerror(errno));
	if (run(raw, sizeof(raw), &value) == 0)
		return NULL;
	ck_assert_msg(errno == EPERM || errno == EINVAL || errno == 524,
	    "BPF_PROG_TEST_RUN: %s", strerror(errno));
	return "no BPF_PROG_TEST_RUN here";
}

#define NEED_BPF(name)							\
	do {								\
		const char *why_ = lacks();				\
									\
		if (why_ != NULL) {					\
			unit_skip("steer/" name, why_);			\
			return;						\
		}							\
	} while (0)

static uint32_t
value_of(const struct pkt *p)
{
	uint32_t value;

	ck_assert_msg(run(p->raw, LINK + p->len, &value) == 0,
	    "BPF_PROG_TEST_RUN of %zu bytes: %s", p->len, strerror(errno));
	/* The kernel takes 16 bits of it: nothing may be lost. */
	ck_assert_msg(value <= 0xffff, "%#x", value);
	return value;
}

static void
scribble(uint8_t *p, size_t len)
{
	while (len-- > 0)
		*p++ = (uint8_t)random();
}

static uint8_t *
ip(struct pkt *p)
{
	return p->raw + LINK;
}

/* Where the ports are, if there are neither options nor extensions. */
static uint8_t *
ports(struct pkt *p)
{
	return ip(p) + (ip(p)[0] >> 4 == 4 ? 20 : 40);
}

/* All of the packet is random, but what makes it one of that kind. */
static void
make(struct pkt *p, int version, uint8_t proto)
{
	p->len = 120;
	memset(p->raw, 0, LINK);
	put_be16(p->raw + 12, 0x88b5);		/* of no protocol */
	scribble(ip(p), ROOM);
	if (version == 4) {
		ip(p)[0] = 0x45;
		put_be16(ip(p) + 6, 0x4000);	/* DF; no fragment */
		ip(p)[9] = proto;
	} else {
		ip(p)[0] = (uint8_t)(0x60 | (ip(p)[0] & 0xf));
		ip(p)[6] = proto;
	}
}

/* All that may differ within a flow does. */
static void
next_of_flow(struct pkt *p)
{
	p->len = 44 + (size_t)random() % (ROOM - 44);
	scribble(ip(p) + 1, 1);			/* traffic class */
	if (ip(p)[0] >> 4 == 4) {
		scribble(ip(p) + 2, 4);		/* length, identification */
		ip(p)[6] ^= 0x40;		/* DF */
		scribble(ip(p) + 8, 1);		/* TTL */
		scribble(ip(p) + 10, 2);	/* checksum */
	} else {
		scribble(ip(p) + 2, 4);		/* flow label, length */
		scribble(ip(p) + 7, 1);		/* hop limit */
	}
	scribble(ports(p) + PORTS, ROOM - 40 - PORTS);
}

static const struct kind {
	int	 version;
	uint8_t	 proto;
} kinds[] = {
	{ 4, TCP }, { 4, UDP }, { 6, TCP }, { 6, UDP },
};
#define NKINDS	((int)(sizeof(kinds) / sizeof(kinds[0])))

START_TEST(same_flow)
{
	const struct kind *k = &kinds[_i];
	struct pkt p;
	uint32_t value;
	int flow, i;

	NEED_BPF("same_flow");
	for (flow = 0; flow < 50; flow++) {
		make(&p, k->version, k->proto);
		value = value_of(&p);
		for (i = 0; i < 20; i++) {
			next_of_flow(&p);
			ck_assert_uint_eq(value_of(&p), value);
		}
	}
}
END_TEST

static void
check_spread(const unsigned bin[TUN_QUEUES], const char *what)
{
	unsigned i;

	for (i = 0; i < TUN_QUEUES; i++)
		ck_assert_msg(bin[i] > FLOWS / TUN_QUEUES / 2 &&
		    bin[i] < FLOWS / TUN_QUEUES * 3 / 2,
		    "%s: queue %u has %u of %d flows", what, i, bin[i],
		    FLOWS);
}

/*
 * Flows that differ in one number: a source port, of which connect(2) takes
 * every other one, a destination port, a host, a network of hosts.
 */
START_TEST(spread)
{
	static const struct {
		const char	*what;
		bool		 in_ports;
		int		 at[2];		/* by version */
		unsigned	 step;
	} field[] = {
		{ "source port", true, { 0, 0 }, 1 },
		{ "every other source port", true, { 0, 0 }, 2 },
		{ "source port, eights", true, { 0, 0 }, 8 },
		{ "destination port", true, { 2, 2 }, 1 },
		{ "source", false, { 14, 22 }, 1 },
		{ "destination", false, { 18, 38 }, 1 },
		{ "destination's network", false, { 16, 28 }, 1 },
	};
	const struct kind *k = &kinds[_i];
	unsigned bin[TUN_QUEUES], f, i;
	struct pkt p;

	NEED_BPF("spread");
	for (f = 0; f < sizeof(field) / sizeof(field[0]); f++) {
		make(&p, k->version, k->proto);
		memset(bin, 0, sizeof(bin));
		for (i = 0; i < FLOWS; i++) {
			put_be16((field[f].in_ports ? ports(&p) : ip(&p)) +
			    field[f].at[k->version == 6],
			    (uint16_t)(1024 + i * field[f].step));
			bin[value_of(&p) % TUN_QUEUES]++;
		}
		check_spread(bin, field[f].what);
	}
}
END_TEST

/*
 * Only the first fragment has ports, and behind options or extensions they
 * are elsewhere; ICMP has none: there what is in their place says nothing.
 */
START_TEST(no_ports)
{
	static const struct {
		int		 version;
		uint8_t		 proto;
		uint8_t		 ihl;
		uint16_t	 frag;
	} odd[] = {
		{ 4, TCP, 5, 0x2000 },		/* the first */
		{ 4, UDP, 5, 0x2000 },
		{ 4, UDP, 5, 0x20b9 },		/* one in the middle */
		{ 4, UDP, 5, 0x00b9 },		/* the last */
		{ 4, TCP, 5, 0x0001 },
		{ 4, UDP, 5, 0x1000 },
		{ 4, UDP, 5, 0x6000 },
		{ 4, TCP, 6, 0x4000 },		/* options */
		{ 4, UDP, 15, 0x0000 },
		{ 4, UDP, 4, 0x0000 },		/* a lie */
		{ 4, 1, 5, 0x0000 },		/* ICMP */
		{ 4, 47, 5, 0x4000 },
		{ 6, 44, 0, 0 },		/* a fragment */
		{ 6, 0, 0, 0 },			/* hop-by-hop options */
		{ 6, 43, 0, 0 },
		{ 6, 60, 0, 0 },
		{ 6, 58, 0, 0 },		/* ICMP */
		{ 6, 50, 0, 0 },
	};
	uint32_t value;
	struct pkt p;
	int i;

	NEED_BPF("no_ports");
	make(&p, odd[_i].version, odd[_i].proto);
	if (odd[_i].version == 4) {
		ip(&p)[0] = (uint8_t)(0x40 | odd[_i].ihl);
		put_be16(ip(&p) + 6, odd[_i].frag);
	}
	value = value_of(&p);
	for (i = 0; i < 200; i++) {
		scribble(ports(&p), 60);
		ck_assert_uint_eq(value_of(&p), value);
	}
	/* All fragments of a packet together. */
	if (odd[_i].frag == 0x2000) {
		put_be16(ip(&p) + 6, 0x00b9);
		ck_assert_uint_eq(value_of(&p), value);
	}
	/* Its addresses do. */
	for (i = 0; i < 20 && value_of(&p) == value; i++)
		scribble(ip(&p) + 16, 4);
	ck_assert_int_lt(i, 20);
}
END_TEST

/* What is too short goes to the first queue, and nothing is read behind it. */
START_TEST(too_short)
{
	const struct kind *k = &kinds[_i];
	size_t need = k->version == 4 ? 24 : 44, len;
	uint32_t value;
	struct pkt p;

	NEED_BPF("too_short");
	make(&p, k->version, k->proto);
	value = value_of(&p);
	ck_assert_uint_ne(value, 0);
	for (len = 1; len < p.len; len++) {
		struct pkt q = p;

		q.len = len;
		ck_assert_uint_eq(value_of(&q), len < need ? 0 : value);
	}
}
END_TEST

/* Whatever it is, it is a queue; value_of() looks. */
START_TEST(garbage)
{
	struct pkt p;
	int i;

	NEED_BPF("garbage");
	for (i = 0; i < 20000; i++) {
		make(&p, i % 3 == 0 ? 4 : 6, (uint8_t)random());
		p.len = 1 + (size_t)random() % 80;
		if (i % 3 == 2)
			scribble(ip(&p), 80);
		value_of(&p);
	}
}
END_TEST

static void
check_one_queue(int queue[TUN_QUEUES], const char *why)
{
	unsigned i;

	memset(queue, 0xff, TUN_QUEUES * sizeof(*queue));
	steer_open("w0", STDERR_FILENO, queue);
	for (i = 1; i < TUN_QUEUES; i++)
		ck_assert_int_eq(queue[i], 0);
	ck_assert_uint_eq(opened, 0);
	ck_assert_uint_eq(lines, 1);
	ck_assert_int_eq(last_level, LOG_LEVEL_INFO);
	ck_assert_msg(strstr(last_line, "w0 has one queue") != NULL &&
	    strstr(last_line, why) != NULL, "%s", last_line);
}

/* Without bpf(2) the kernel would spread flows as it likes: one queue. */
START_TEST(forbidden)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int queue[TUN_QUEUES];

	ck_assert_ptr_nonnull(ctx);
	ck_assert_int_eq(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM),
	    SCMP_SYS(bpf), 0), 0);
	ck_assert_int_eq(seccomp_load(ctx), 0);
	seccomp_release(ctx);
	check_one_queue(queue, strerror(EPERM));
}
END_TEST

/* And so if the device does not take the program. */
START_TEST(not_taken)
{
	int queue[TUN_QUEUES];

	NEED_BPF("not_taken");
	steering = EINVAL;
	check_one_queue(queue, strerror(EINVAL));
}
END_TEST

START_TEST(queues)
{
	int queue[TUN_QUEUES];
	unsigned i;

	NEED_BPF("queues");
	steer_open("w0", STDERR_FILENO, queue);
	ck_assert_uint_eq(opened, TUN_QUEUES - 1);
	ck_assert_uint_eq(lines, 0);
	for (i = 1; i < TUN_QUEUES; i++) {
		ck_assert_int_gt(queue[i], STDERR_FILENO);
		close(queue[i]);
	}
	/* Those that there are, are steered to. */
	opened = 0;
	refused_at = 3;
	steer_open("w0", STDERR_FILENO, queue);
	ck_assert_uint_eq(opened, 3);
	ck_assert_uint_eq(lines, 1);
	ck_assert_int_eq(last_level, LOG_LEVEL_WARN);
	for (i = 1; i < TUN_QUEUES; i++) {
		ck_assert_int_eq(queue[i] != 0, i < 3);
		if (queue[i] != 0)
			close(queue[i]);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("steer");
	TCase *t = tcase_create("steer");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, same_flow, 0, NKINDS);
	tcase_add_loop_test(t, spread, 0, NKINDS);
	tcase_add_loop_test(t, no_ports, 0, 18);
	tcase_add_loop_test(t, too_short, 0, NKINDS);
	tcase_add_test(t, garbage);
	tcase_add_test(t, forbidden);
	tcase_add_test(t, not_taken);
	tcase_add_test(t, queues);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("steer", suite());
}
