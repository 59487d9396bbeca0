/* SPDX-License-Identifier: ISC */
/*
 * How many datagrams a second arrive.
 *
 * usage: udpflow -l [-f portfile] address
 *        udpflow [-r rate] [-s size] [-t seconds] address port
 *
 * The sender sends datagrams of size bytes (64) for some seconds (2), as fast
 * as it can or at so many a second, and prints how many; the receiver counts
 * from the first one on until none came for half a second, and prints how
 * many there were and how many a second.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH		64
#define SIZE_MAX_UDP	9000
#define BUFFER		(4 * 1024 * 1024)
#define FIRST_MS	15000
#define LAST_MS		500

#define USAGE	"usage: udpflow -l [-f portfile] address\n" \
		"       udpflow [-r rate] [-s size] [-t seconds] address port"

static struct mmsghdr	msg[BATCH];
static struct iovec	iov[BATCH];
static uint8_t		data[BATCH][SIZE_MAX_UDP];

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
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

static int
open_socket(const char *host, const char *port, int server)
{
	struct addrinfo *ai, hints = { .ai_socktype = SOCK_DGRAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	int fd, rc, size = BUFFER;

	if ((rc = getaddrinfo(host, port, &hints, &ai)) != 0)
		errx(1, "%s: %s", host, gai_strerror(rc));
	fd = socket(ai->ai_family, SOCK_DGRAM, 0);
	if (fd == -1)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if ((server ? bind(fd, ai->ai_addr, ai->ai_addrlen) :
	    connect(fd, ai->ai_addr, ai->ai_addrlen)) == -1)
		err(1, "%s", host);
	freeaddrinfo(ai);
	return fd;
}

/* The port that the kernel chose, for the script that waits for this file. */
static void
port_write(int fd, const char *file)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char port[16];
	FILE *fp;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1 ||
	    getnameinfo((struct sockaddr *)&ss, len, NULL, 0, port,
	    sizeof(port), NI_NUMERICSERV | NI_DGRAM) != 0)
		err(1, "getsockname");
	if ((fp = fopen(file, "w")) == NULL || fprintf(fp, "%s\n", port) < 0 ||
	    fclose(fp) == EOF)
		err(1, "%s", file);
}

static void
receive(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	double first = 0, last = 0;
	uint64_t n = 0;
	int got;

	prepare(SIZE_MAX_UDP);
	while (poll(&p, 1, n == 0 ? FIRST_MS : LAST_MS) == 1) {
		got = recvmmsg(fd, msg, BATCH, MSG_DONTWAIT, NULL);
		if (got <= 0)
			continue;
		last = seconds();
		if (n == 0)
			first = last;
		n += (uint64_t)got;
	}
	printf("received %llu in %.3f s: %.0f a second\n",
	    (unsigned long long)n, last - first,
	    last > first ? (double)n / (last - first) : 0);
}

/* A batch of a tenth of a millisecond's worth at a time, at most BATCH. */
static void
send_all(int fd, size_t size, double rate, double time)
{
	double start = seconds(), now = start;
	unsigned batch = BATCH;
	uint64_t n = 0;
	int sent;

	prepare(size);
	if (rate > 0 && rate / 10000 < BATCH)
		batch = rate < 10000 ? 1 : (unsigned)(rate / 10000);
	for (; now - start < time; now = seconds()) {
		if (rate > 0 && (double)n > (now - start) * rate)
			continue;
		sent = sendmmsg(fd, msg, batch, 0);
		if (sent == -1 && errno != ENOBUFS && errno != ECONNREFUSED)
			err(1, "sendmmsg");
		if (sent > 0)
			n += (uint64_t)sent;
	}
	printf("sent %llu in %.3f s: %.0f a second\n", (unsigned long long)n,
	    now - start, (double)n / (now - start));
}

int
main(int argc, char **argv)
{
	const char *file = NULL;
	double rate = 0, time = 2;
	size_t size = 64;
	int ch, fd, server = 0;

	while ((ch = getopt(argc, argv, "f:lr:s:t:")) != -1) {
		switch (ch) {
		case 'f':
			file = optarg;
			break;
		case 'l':
			server = 1;
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
		default:
			errx(2, USAGE);
		}
	}
	if (argc - optind != (server ? 1 : 2) || size > SIZE_MAX_UDP)
		errx(2, USAGE);
	fd = open_socket(argv[optind], server ? "0" : argv[optind + 1],
	    server);
	if (file != NULL)
		port_write(fd, file);
	if (server)
		receive(fd);
	else
		send_all(fd, size, rate, time);
	return 0;
}
