/* SPDX-License-Identifier: ISC */
/*
 * How many datagrams a second arrive, and with -c whether they do in order
 * and as they were sent.
 *
 * usage: udpflow -l [-c] [-f portfile] [-w seconds] address
 *        udpflow [-c] [-r rate] [-s size] [-t seconds] address port
 *
 * The sender sends datagrams of size bytes (64) for some seconds (2), as fast
 * as it can or at so many a second, and prints how many; the receiver counts
 * from the first one on until none came for some seconds (0.5), or SIGTERM
 * did, and prints how many there were and how many a second.
 * With -c at both ends each datagram begins with its number, and the rest of
 * it follows from that: the receiver prints how many came after a later one
 * (or twice), how many are missing and how many were wrong, and exits with 1
 * if one was late or wrong.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/tools/flow.h"

#define BATCH		64
#define SIZE_MAX_UDP	9000
#define NUMBER		sizeof(uint64_t)
#define STRIDE		16384		/* of the sequence, a datagram */
#define BUFFER		(4 * 1024 * 1024)
#define FIRST_MS	15000
#define OPEN_TRIES	500
#define OPEN_PAUSE	10000		/* microseconds */

#define USAGE	"usage: udpflow -l [-c] [-f portfile] [-w seconds] address\n" \
		"       udpflow [-c] [-r rate] [-s size] [-t seconds] " \
		"address port"

struct order {
	uint64_t	 next;		/* number that is due */
	uint64_t	 late;
	uint64_t	 lost;
	uint64_t	 wrong;
};

static struct mmsghdr	msg[BATCH];
static struct iovec	iov[BATCH];
static uint8_t		data[BATCH][SIZE_MAX_UDP];
static volatile sig_atomic_t	ended;

static void
on_term(int sig)
{
	(void)sig;
	ended = 1;
}

static void
prepare(size_t size)
{
	int i;

	for (i = 0; i < BATCH; i++) {
		iov[i].iov_base = data[i];
		iov[i].iov_len = size;
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
}

/* There is no tunnel now, or no room: it may come back. */
static bool
passes(int error)
{
	static const int some[] = { ENOBUFS, ECONNREFUSED, ENETUNREACH,
	    EHOSTUNREACH, ENETDOWN, EADDRNOTAVAIL, EINVAL, EPERM };
	size_t i;

	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		if (error == some[i])
			return true;
	return false;
}

/* A socket and its place; it waits a while for a tunnel that is away. */
static int
open_socket(const char *host, const char *port, int server)
{
	struct addrinfo *ai, hints = { .ai_socktype = SOCK_DGRAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	int fd, rc, size = BUFFER, tries = 0;

	if ((rc = getaddrinfo(host, port, &hints, &ai)) != 0)
		errx(1, "%s: %s", host, gai_strerror(rc));
	fd = socket(ai->ai_family, SOCK_DGRAM, 0);
	if (fd == -1)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	while ((server ? bind(fd, ai->ai_addr, ai->ai_addrlen) :
	    connect(fd, ai->ai_addr, ai->ai_addrlen)) == -1) {
		if (!passes(errno) || ++tries > OPEN_TRIES)
			err(1, "%s", host);
		usleep(OPEN_PAUSE);
	}
	freeaddrinfo(ai);
	return fd;
}

static void
number_fill(uint8_t *p, size_t size, uint64_t n)
{
	memcpy(p, &n, NUMBER);
	flow_fill(p + NUMBER, size - NUMBER, n * STRIDE);
}

static void
number_check(struct order *o, const uint8_t *p, size_t size)
{
	static uint8_t want[SIZE_MAX_UDP];
	uint64_t n;

	if (size < NUMBER) {
		o->wrong++;
		return;
	}
	memcpy(&n, p, NUMBER);
	number_fill(want, size, n);
	if (memcmp(p, want, size) != 0)
		o->wrong++;
	else if (n < o->next)
		o->late++;
	else {
		o->lost += n - o->next;
		o->next = n + 1;
	}
}

/* 0, or 1 if they did not come as they were sent. */
static int
receive(int fd, bool check, double idle)
{
	struct sigaction term = { .sa_handler = on_term };
	struct pollfd p = { fd, POLLIN, 0 };
	struct order o = { 0 };
	double first = 0, last = 0;
	uint64_t n = 0;
	int i, got;

	prepare(SIZE_MAX_UDP);
	/* Without SA_RESTART: it ends the wait. */
	sigaction(SIGTERM, &term, NULL);
	while (!ended && poll(&p, 1, n == 0 ? FIRST_MS :
	    (int)(idle * 1000)) == 1) {
		got = recvmmsg(fd, msg, BATCH, MSG_DONTWAIT, NULL);
		if (got <= 0)
			continue;
		last = flow_seconds();
		if (n == 0)
			first = last;
		n += (uint64_t)got;
		for (i = 0; check && i < got; i++)
			number_check(&o, data[i], msg[i].msg_len);
	}
	printf("received %llu in %.3f s: %.0f a second\n",
	    (unsigned long long)n, last - first,
	    last > first ? (double)n / (last - first) : 0);
	if (check)
		printf("%llu late or twice, %llu lost, %llu wrong\n",
		    (unsigned long long)o.late, (unsigned long long)o.lost,
		    (unsigned long long)o.wrong);
	return o.late != 0 || o.wrong != 0 || (check && n == 0);
}

/*
 * A batch of a tenth of a millisecond's worth at a time, at most BATCH.  What
 * could not be sent counts for the rate, but gets no number.
 */
static void
send_all(int fd, size_t size, bool check, double rate, double time)
{
	double start = flow_seconds(), now = start;
	unsigned i, batch = BATCH;
	uint64_t n = 0, failed = 0;
	int sent;

	prepare(size);
	if (rate > 0 && rate / 10000 < BATCH)
		batch = rate < 10000 ? 1 : (unsigned)(rate / 10000);
	for (; now - start < time; now = flow_seconds()) {
		if (rate > 0 && (double)(n + failed) > (now - start) * rate) {
			/* Slow ones leave the CPU to those measured. */
			if (rate < 10000)
				usleep(100);
			continue;
		}
		for (i = 0; check && i < batch; i++)
			number_fill(data[i], size, n + i);
		sent = sendmmsg(fd, msg, batch, 0);
		if (sent == -1 && !passes(errno))
			err(1, "sendmmsg");
		if (sent > 0)
			n += (uint64_t)sent;
		else
			failed += batch;
	}
	printf("sent %llu in %.3f s: %.0f a second\n", (unsigned long long)n,
	    now - start, (double)n / (now - start));
}

int
main(int argc, char **argv)
{
	const char *file = NULL;
	double rate = 0, time = 2, idle = 0.5;
	size_t size = 64;
	int ch, fd;
	bool check = false, server = false;

	while ((ch = getopt(argc, argv, "cf:lr:s:t:w:")) != -1) {
		switch (ch) {
		case 'c':
			check = true;
			break;
		case 'f':
			file = optarg;
			break;
		case 'l':
			server = true;
			break;
		case 'r':
			rate = atof(optarg);
			break;
		case 's':
			size = strtoul(optarg, NULL, 10);
			break;
		case 't':
			time = atof(optarg);
			break;
		case 'w':
			idle = atof(optarg);
			break;
		default:
			errx(2, USAGE);
		}
	}
	if (argc - optind != (server ? 1 : 2) || size > SIZE_MAX_UDP ||
	    (check && size < NUMBER))
		errx(2, USAGE);
	fd = open_socket(argv[optind], server ? "0" : argv[optind + 1],
	    server);
	/* The kernel would drop what is wrong, and nobody would know. */
	if (check && !server && setsockopt(fd, SOL_SOCKET, SO_NO_CHECK,
	    &(int){ 1 }, sizeof(int)) == -1)
		err(1, "SO_NO_CHECK");
	if (file != NULL)
		flow_port_write(fd, file);
	if (server)
		return receive(fd, check, idle);
	send_all(fd, size, check, rate, time);
	return 0;
}
