/* SPDX-License-Identifier: ISC */
/*
 * How many datagrams a second arrive, and with -c whether they do in order
 * and as they were sent.
 *
 * usage: udpflow -l [-c] [-f portfile] [-w seconds] address
 *        udpflow [-c] [-g datagrams] [-r rate] [-s size] [-t seconds] address
 *                port
 *
 * The sender sends datagrams of size bytes (64) for some seconds (2), as fast
 * as it can or at so many a second, and prints how many; the receiver counts
 * from the first one on until none came for some seconds (0.5), or SIGTERM
 * did, and prints how many there were and how many a second.
 * With -c at both ends each datagram begins with its number, and the rest of
 * it follows from that: the receiver prints how many came after a later one
 * (or twice), how many are missing and how many were wrong, and exits with 1
 * if one was late or wrong.  Wrong are those, too, of which the kernel says,
 * for all sockets of the host, that their checksum was.
 *
 * With -g so many are handed to the kernel at once, to be cut up by
 * UDP_SEGMENT: a device that can cut gets them as one large packet, of which
 * the last one is half as long.  If the kernel refuses, the sender says so
 * ("one by one") and goes on without.
 */
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/udp.h>

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
#define TRAIN_BYTES	65000		/* with any header: an IP packet */
#define OPEN_TRIES	500
#define OPEN_PAUSE	10000		/* microseconds */

#define USAGE	"usage: udpflow -l [-c] [-f portfile] [-w seconds] address\n" \
		"       udpflow [-c] [-g datagrams] [-r rate] [-s size] " \
		"[-t seconds] address\n               port"

/* What to send. */
struct plan {
	size_t		 size;
	unsigned	 train;		/* datagrams in a message */
	double		 rate;		/* a second; 0: all that can be */
	double		 time;
	bool		 check;
};

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

/*
 * BATCH datagrams, so many in a message; those that are left over in none.
 * The last one of a train may be shorter, and so it is.
 */
static void
prepare(size_t size, unsigned train)
{
	unsigned i;

	for (i = 0; i < BATCH; i++) {
		iov[i].iov_base = data[i];
		iov[i].iov_len = train > 1 && i % train == train - 1 &&
		    size > 2 * NUMBER ? size / 2 + 1 : size;
	}
	for (i = 0; i < BATCH / train; i++) {
		msg[i].msg_hdr.msg_iov = &iov[i * train];
		msg[i].msg_hdr.msg_iovlen = train;
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

/* Datagrams that the kernel dropped here for their checksum, so far. */
static uint64_t
bad_checksums6(void)
{
	unsigned long long v = 0;
	char line[256];
	FILE *fp = fopen("/proc/net/snmp6", "r");

	while (fp != NULL && fgets(line, sizeof(line), fp) != NULL)
		if (sscanf(line, "Udp6InCsumErrors %llu", &v) == 1)
			break;
	if (fp != NULL)
		fclose(fp);
	return v;
}

/* The first line that begins with "Udp:" has names, the second numbers. */
static uint64_t
bad_checksums4(void)
{
	char names[512] = "", values[512], *n, *v, *np, *vp;
	uint64_t result = 0;
	FILE *fp = fopen("/proc/net/snmp", "r");

	while (fp != NULL && fgets(names, sizeof(names), fp) != NULL)
		if (strncmp(names, "Udp:", 4) == 0)
			break;
	if (fp == NULL || fgets(values, sizeof(values), fp) == NULL)
		values[0] = '\0';
	n = strtok_r(names, " \n", &np);
	v = strtok_r(values, " \n", &vp);
	while (n != NULL && v != NULL) {
		if (strcmp(n, "InCsumErrors") == 0)
			result = strtoull(v, NULL, 10);
		n = strtok_r(NULL, " \n", &np);
		v = strtok_r(NULL, " \n", &vp);
	}
	if (fp != NULL)
		fclose(fp);
	return result;
}

/* 0, or 1 if they did not come as they were sent. */
static int
receive(int fd, bool check, double idle)
{
	struct sigaction term = { .sa_handler = on_term };
	struct pollfd p = { fd, POLLIN, 0 };
	struct order o = { 0 };
	double first = 0, last = 0;
	uint64_t n = 0, bad = bad_checksums4() + bad_checksums6();
	int i, got;

	prepare(SIZE_MAX_UDP, 1);
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
	o.wrong += bad_checksums4() + bad_checksums6() - bad;
	if (check)
		printf("%llu late or twice, %llu lost, %llu wrong\n",
		    (unsigned long long)o.late, (unsigned long long)o.lost,
		    (unsigned long long)o.wrong);
	return o.late != 0 || o.wrong != 0 || (check && n == 0);
}

/* The kernel cuts messages into datagrams of this size; 0: it does not. */
static int
cut(int fd, size_t size)
{
	return setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &(int){ (int)size },
	    sizeof(int));
}

/*
 * The first message, a train, was not taken.  Was it because it is one?  Then
 * its first datagram is taken now, and nothing goes in trains any more.
 */
static bool
refuses_trains(int fd, struct plan *p)
{
	int error = errno;

	if (error != EIO && error != EINVAL && error != EMSGSIZE &&
	    error != EOPNOTSUPP)
		return false;
	cut(fd, 0);
	prepare(p->size, 1);
	if (sendmmsg(fd, msg, 1, 0) == 1) {
		warnx("UDP_SEGMENT: %s; datagrams go one by one",
		    strerror(error));
		p->train = 1;
		return true;
	}
	cut(fd, p->size);
	prepare(p->size, p->train);
	errno = error;
	return false;
}

static void
begin_trains(int fd, struct plan *p)
{
	if (p->train > 1 && cut(fd, p->size) == -1) {
		warn("UDP_SEGMENT; datagrams go one by one");
		p->train = 1;
	}
	prepare(p->size, p->train);
}

/*
 * As many messages as are worth a tenth of a millisecond at a time.  0 means
 * no rate.
 */
static unsigned
messages(const struct plan *p)
{
	unsigned most = BATCH / p->train;
	double n = p->rate / 10000 / p->train;

	if (p->rate <= 0 || n >= most)
		return most;
	return n < 1 ? 1 : (unsigned)n;
}

/*
 * A batch at a time, at most BATCH.  What could not be sent counts for the
 * rate, but gets no number.
 */
static void
send_all(int fd, struct plan *p)
{
	double start = flow_seconds(), now = start;
	uint64_t n = 0, failed = 0;
	unsigned i, batch;
	int sent;

	begin_trains(fd, p);
	for (; now - start < p->time; now = flow_seconds()) {
		if (p->rate > 0 &&
		    (double)(n + failed) > (now - start) * p->rate) {
			/* Slow ones leave the CPU to those measured. */
			if (p->rate < 10000)
				usleep(100);
			continue;
		}
		batch = messages(p);
		for (i = 0; p->check && i < batch * p->train; i++)
			number_fill(data[i], iov[i].iov_len, n + i);
		sent = sendmmsg(fd, msg, batch, 0);
		if (sent == -1 && n == 0 && p->train > 1 &&
		    refuses_trains(fd, p))
			sent = 1;
		if (sent == -1 && !passes(errno))
			err(1, "sendmmsg");
		if (sent > 0)
			n += (uint64_t)sent * p->train;
		else
			failed += batch * p->train;
	}
	printf("sent %llu in %.3f s: %.0f a second, %u at once\n",
	    (unsigned long long)n, now - start, (double)n / (now - start),
	    p->train);
}

int
main(int argc, char **argv)
{
	const char *file = NULL;
	struct plan p = { .size = 64, .train = 1, .time = 2 };
	double idle = 0.5;
	int ch, fd;
	bool server = false;

	while ((ch = getopt(argc, argv, "cf:g:lr:s:t:w:")) != -1) {
		switch (ch) {
		case 'c':
			p.check = true;
			break;
		case 'f':
			file = optarg;
			break;
		case 'g':
			p.train = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'l':
			server = true;
			break;
		case 'r':
			p.rate = atof(optarg);
			break;
		case 's':
			p.size = strtoul(optarg, NULL, 10);
			break;
		case 't':
			p.time = atof(optarg);
			break;
		case 'w':
			idle = atof(optarg);
			break;
		default:
			errx(2, USAGE);
		}
	}
	if (argc - optind != (server ? 1 : 2) || p.size > SIZE_MAX_UDP ||
	    (p.check && p.size < NUMBER) || p.train < 1 || p.train > BATCH ||
	    p.train * p.size > (p.train > 1 ? TRAIN_BYTES : SIZE_MAX_UDP))
		errx(2, USAGE);
	fd = open_socket(argv[optind], server ? "0" : argv[optind + 1],
	    server);
	/* What is wrong shall be seen; but a train must have checksums. */
	if (p.check && !server && p.train == 1 && setsockopt(fd, SOL_SOCKET,
	    SO_NO_CHECK, &(int){ 1 }, sizeof(int)) == -1)
		err(1, "SO_NO_CHECK");
	if (file != NULL)
		flow_port_write(fd, file);
	if (server)
		return receive(fd, p.check, idle);
	send_all(fd, &p);
	return 0;
}
