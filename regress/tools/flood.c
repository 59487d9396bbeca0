/* SPDX-License-Identifier: ISC */
/*
 * A flood at a given rate: datagrams that look like WireGuard and are not,
 * and initiations whose mac1 is right and of which nothing else is, in trains
 * (UDP_SEGMENT) from one core.
 *
 * usage: flood [-j junk] [-k key [-i initiations]] [-n train] [-s base]
 *            [-t seconds] address port
 *
 * Rates are datagrams a second; key is the public key of who is there, in
 * base64.  A train has at most so many datagrams (64); 1 is the dearest for
 * both ends.  With a base, half of the trains bear a random source of its
 * /16, which needs CAP_NET_ADMIN.  At the end it prints how many of each kind
 * went out.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/blake2s.h"
#include "shared/bytes.h"
#include "shared/hex.h"

#define USAGE		"usage: flood [-j junk] [-k key [-i initiations]] " \
			"[-n train] [-s base] [-t seconds] address port"
#define TRAINS		64		/* a call */
#define TRAIN_JUNK	64		/* datagrams of a train */
#define TRAIN_KNOWN	8		/* fewer: more sources */
#define SIZE_MAX_JUNK	320
#define INITIATION	148
#define MAC1		(INITIATION - 32)
#define TICK		1000000L	/* ns between two calls */
#define BACKLOG		0.05		/* s that are made up for, at most */

enum kind { NOISE, DATA, FIRST, SECOND, COOKIE, KNOWN, KINDS };

static const char *const	kind_name[KINDS] = { "noise", "data",
	    "initiation", "response", "cookie", "known" };
static const size_t		kind_size[KINDS] = { 0, 0, 148, 92, 64, 148 };

struct train {
	enum kind	kind;
	unsigned	count;
	struct iovec	iov;
	_Alignas(struct cmsghdr)
	uint8_t		control[CMSG_SPACE(sizeof(uint16_t)) +
			    CMSG_SPACE(sizeof(struct in_pktinfo))];
	uint8_t		data[TRAIN_JUNK * SIZE_MAX_JUNK];
};

struct stream {
	double		rate, begun;
	uint64_t	sent;
};

static struct train		train[TRAINS];
static struct mmsghdr		msg[TRAINS];
static struct sockaddr_in	to;
static in_addr_t		base;		/* 0: none; host order */
static uint8_t			mac1_key[32];
static uint64_t			sent[KINDS], spoofed, failed;
static uint64_t			state;
static unsigned			train_junk = TRAIN_JUNK;
static unsigned			train_known = TRAIN_KNOWN;

static uint64_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
set_mac1_key(const char *text)
{
	uint8_t in[8 + 32] = "mac1----";

	if (base64_key_decode(in + 8, text, strlen(text)) == -1)
		errx(2, "%s: not a public key", text);
	blake2s(mac1_key, 32, in, sizeof(in), NULL, 0);
}

static void
set_trains(unsigned long n)
{
	if (n < 1 || n > TRAIN_JUNK)
		errx(2, USAGE);
	train_junk = (unsigned)n;
	if (train_known > train_junk)
		train_known = train_junk;
}

/* One datagram of a kind: a right head, and no two alike. */
static void
fill(enum kind kind, uint8_t *p, size_t size)
{
	size_t i;

	for (i = 0; i + 8 <= size; i += 8)
		put_le64(p + i, next());
	for (; i < size; i++)
		p[i] = (uint8_t)next();
	switch (kind) {
	case NOISE:
		break;
	case DATA:
		put_le32(p, 4);
		put_le64(p + 8, next() % 1000);
		break;
	case KNOWN:
		put_le32(p, 1);
		blake2s(p + MAC1, 16, p, MAC1, mac1_key, 32);
		memset(p + MAC1 + 16, 0, 16);
		break;
	default:
		put_le32(p, kind == FIRST ? 1 : kind == SECOND ? 2 : 3);
		break;
	}
}

static size_t
size_of(enum kind kind)
{
	if (kind == NOISE)
		return 1 + next() % SIZE_MAX_JUNK;
	if (kind == DATA)
		return 32 + next() % 19 * 16;
	return kind_size[kind];
}

/* The size of the segments, and for every other train a source. */
static void
set_control(struct msghdr *m, struct train *t, size_t size)
{
	struct in_pktinfo pi = { .ipi_ifindex = 0 };
	uint16_t segment = (uint16_t)size;
	struct cmsghdr *c;

	memset(t->control, 0, sizeof(t->control));
	m->msg_control = t->control;
	m->msg_controllen = sizeof(t->control);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(c), &segment, sizeof(segment));
	m->msg_controllen = CMSG_SPACE(sizeof(segment));
	if (base == 0 || next() % 2 == 0)
		return;
	pi.ipi_spec_dst.s_addr = htonl(base | (uint32_t)(1 + next() % 65533));
	m->msg_controllen = sizeof(t->control);
	c = CMSG_NXTHDR(m, c);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(pi));
	memcpy(CMSG_DATA(c), &pi, sizeof(pi));
}

static void
load(int i, enum kind kind, unsigned count)
{
	struct msghdr *m = &msg[i].msg_hdr;
	struct train *t = &train[i];
	size_t size = size_of(kind);
	unsigned n;

	for (n = 0; n < count; n++)
		fill(kind, t->data + n * size, size);
	t->kind = kind;
	t->count = count;
	t->iov.iov_base = t->data;
	t->iov.iov_len = count * size;
	m->msg_name = &to;
	m->msg_namelen = sizeof(to);
	m->msg_iov = &t->iov;
	m->msg_iovlen = 1;
	set_control(m, t, size);
}

/* How many datagrams of a stream are due. */
static double
due(struct stream *s, double now)
{
	double n = (now - s->begun) * s->rate - (double)s->sent;

	/* What could not be sent in time is forgotten, and told. */
	if (n > s->rate * BACKLOG && n > TRAIN_JUNK) {
		s->begun += (n - s->rate * BACKLOG) / s->rate;
		n = s->rate * BACKLOG;
	}
	return n;
}

static int
load_due(struct stream *junk, struct stream *known, double now)
{
	static unsigned turn;
	double j = due(junk, now), k = due(known, now);
	int i = 0;

	for (; i < TRAINS && (j >= train_junk || k >= train_known); i++) {
		if (k >= train_known && (i % 2 == 0 || j < train_junk)) {
			load(i, KNOWN, train_known);
			k -= train_known;
			known->sent += train_known;
		} else {
			load(i, (enum kind)(turn++ % KNOWN), train_junk);
			j -= train_junk;
			junk->sent += train_junk;
		}
	}
	return i;
}

static void
send_loaded(int fd, int n)
{
	int i, done, off;

	for (off = 0; off < n; off += done) {
		done = sendmmsg(fd, msg + off, (unsigned)(n - off), 0);
		if (done == -1 && errno != ENOBUFS && errno != EPERM)
			err(1, "sendmmsg");
		if (done <= 0) {
			failed += train[off].count;
			done = 1;
			continue;
		}
		for (i = off; i < off + done; i++) {
			sent[train[i].kind] += train[i].count;
			if (msg[i].msg_hdr.msg_controllen ==
			    sizeof(train[i].control))
				spoofed += train[i].count;
		}
	}
}

static double
flood(int fd, double junk_rate, double known_rate, double time)
{
	double start = seconds(), now;
	struct stream junk = { junk_rate, start, 0 };
	struct stream known = { known_rate, start, 0 };
	struct timespec tick = { 0, TICK };
	int n;

	for (now = start; now - start < time; now = seconds()) {
		n = load_due(&junk, &known, now);
		if (n > 0)
			send_loaded(fd, n);
		if (n < TRAINS)
			nanosleep(&tick, NULL);
	}
	return now - start;
}

static void
tell(double time)
{
	uint64_t all = 0;
	int i;

	for (i = 0; i < KINDS; i++) {
		printf("%s %llu\n", kind_name[i], (unsigned long long)sent[i]);
		all += sent[i];
	}
	printf("spoofed %llu\nfailed %llu\n", (unsigned long long)spoofed,
	    (unsigned long long)failed);
	printf("sent %llu in %.3f s: %.0f a second, %.0f of them known\n",
	    (unsigned long long)all, time, (double)all / time,
	    (double)sent[KNOWN] / time);
}

static int
open_socket(void)
{
	int fd, on = 1, size = 4 << 20;

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd == -1)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (base != 0 && setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on,
	    sizeof(on)) == -1)
		err(1, "IP_TRANSPARENT");
	return fd;
}

int
main(int argc, char **argv)
{
	double junk = 0, known = 0, time = 1;
	struct in_addr a;
	int ch;

	while ((ch = getopt(argc, argv, "i:j:k:n:s:t:")) != -1) {
		if (ch == 'i')
			known = atof(optarg);
		else if (ch == 'j')
			junk = atof(optarg);
		else if (ch == 'k')
			set_mac1_key(optarg);
		else if (ch == 'n')
			set_trains(strtoul(optarg, NULL, 10));
		else if (ch == 's' && inet_pton(AF_INET, optarg, &a) == 1)
			base = ntohl(a.s_addr) & 0xffff0000;
		else if (ch == 't')
			time = atof(optarg);
		else
			errx(2, USAGE);
	}
	if (argc - optind != 2 ||
	    inet_pton(AF_INET, argv[optind], &to.sin_addr) != 1)
		errx(2, USAGE);
	to.sin_family = AF_INET;
	to.sin_port = htons((uint16_t)atoi(argv[optind + 1]));
	/* Each run another flood. */
	state = 0x9e3779b97f4a7c15ULL ^ (uint64_t)getpid() << 32 ^
	    (uint64_t)(seconds() * 1e9);
	tell(flood(open_socket(), junk, known, time));
	return 0;
}
