/* SPDX-License-Identifier: ISC */
/*
 * A transfer between two hosts of a test, with every byte compared.
 *
 * usage: tcpflow [-u] -l [-f portfile] address [port]
 *        tcpflow [-u] [-n count] [-s size] address port
 *
 * TCP: the client sends count bytes of a known sequence; the server compares
 * them and answers with how many were right; the client prints the rate.
 * UDP (-u): the server sends back what comes; the client sends count
 * datagrams of size bytes, one at a time, and compares the echo.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <err.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/tools/flow.h"

#define CHUNK		65536
#define UDP_TRIES	5
#define UDP_WAIT_MS	1000
#define IDLE_MS		15000

static void	usage(void) __attribute__((noreturn));

static uint8_t	buf[CHUNK], want[CHUNK];

static void
usage(void)
{
	fprintf(stderr, "usage: tcpflow [-u] -l [-f portfile] address [port]\n"
	    "       tcpflow [-u] [-n count] [-s size] address port\n");
	exit(2);
}

static struct addrinfo *
resolve(const char *host, const char *port, int type, int passive)
{
	struct addrinfo	 hints, *ai;
	int		 error;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = type;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV |
	    (passive ? AI_PASSIVE : 0);
	if ((error = getaddrinfo(host, port, &hints, &ai)) != 0)
		errx(1, "%s: %s", host, gai_strerror(error));
	return ai;
}

static int
wait_readable(int fd, int ms)
{
	struct pollfd	pfd;

	pfd.fd = fd;
	pfd.events = POLLIN;
	return poll(&pfd, 1, ms);
}

static int
server_socket(const char *host, const char *port, int type, const char *file)
{
	struct addrinfo	*ai;
	int		 fd, on = 1;

	ai = resolve(host, port, type, 1);
	if ((fd = socket(ai->ai_family, type | SOCK_CLOEXEC, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == -1)
		err(1, "%s", host);
	if (type == SOCK_STREAM && listen(fd, 1) == -1)
		err(1, "listen");
	freeaddrinfo(ai);
	if (file != NULL)
		flow_port_write(fd, file);
	return fd;
}

static void
tcp_server(int listener)
{
	uint64_t	total = 0;
	char		answer[64];
	ssize_t		n;
	int		fd, len;

	if ((fd = accept(listener, NULL, NULL)) == -1)
		err(1, "accept");
	for (;;) {
		if (wait_readable(fd, IDLE_MS) <= 0)
			errx(1, "nothing came for %d s", IDLE_MS / 1000);
		if ((n = read(fd, buf, sizeof(buf))) == -1)
			err(1, "read");
		if (n == 0)
			break;
		flow_fill(want, (size_t)n, total);
		if (memcmp(buf, want, (size_t)n) != 0)
			errx(1, "wrong bytes after %llu",
			    (unsigned long long)total);
		total += (uint64_t)n;
	}
	len = snprintf(answer, sizeof(answer), "%llu\n",
	    (unsigned long long)total);
	if (write(fd, answer, (size_t)len) != len)
		err(1, "write");
	close(fd);
}

static void
tcp_client(const char *host, const char *port, uint64_t count)
{
	struct addrinfo	*ai;
	uint64_t	 sent = 0;
	double		 start, took;
	char		 answer[64] = "";
	size_t		 len;
	ssize_t		 n;
	int		 fd;

	ai = resolve(host, port, SOCK_STREAM, 0);
	if ((fd = socket(ai->ai_family, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
		err(1, "connect to %s", host);
	freeaddrinfo(ai);
	start = flow_seconds();
	while (sent < count) {
		len = count - sent < CHUNK ? (size_t)(count - sent) : CHUNK;
		flow_fill(buf, len, sent);
		if ((n = write(fd, buf, len)) == -1)
			err(1, "write");
		sent += (uint64_t)n;
	}
	if (shutdown(fd, SHUT_WR) == -1)
		err(1, "shutdown");
	if (wait_readable(fd, IDLE_MS) <= 0 ||
	    read(fd, answer, sizeof(answer) - 1) <= 0)
		errx(1, "no answer from %s", host);
	took = flow_seconds() - start;
	if (strtoull(answer, NULL, 10) != count)
		errx(1, "sent %llu bytes, %s arrived",
		    (unsigned long long)count, answer);
	printf("%llu bytes in %.2f s, all as sent: %.1f Mbit/s\n",
	    (unsigned long long)count, took, (double)count * 8 / took / 1e6);
	close(fd);
}

/* Until it is killed. */
static void
udp_server(int fd)
{
	struct sockaddr_storage	ss;
	socklen_t		len;
	ssize_t			n;

	for (;;) {
		len = sizeof(ss);
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&ss,
		    &len);
		if (n == -1)
			err(1, "recvfrom");
		if (sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&ss,
		    len) == -1)
			warn("sendto");
	}
}

/* One datagram and its echo; sent again if it is lost, since UDP may. */
static void
udp_turn(int fd, size_t size, uint64_t turn)
{
	ssize_t	n;
	int	try;

	flow_fill(want, size, turn * CHUNK);
	for (try = 0; try < UDP_TRIES; try++) {
		if (send(fd, want, size, 0) != (ssize_t)size)
			warn("send of %zu bytes", size);
		while (wait_readable(fd, UDP_WAIT_MS) > 0) {
			if ((n = recv(fd, buf, sizeof(buf), 0)) == -1) {
				warn("recv");
				continue;
			}
			/* A late echo of an earlier turn is no error. */
			if ((size_t)n == size && memcmp(buf, want, size) == 0)
				return;
		}
	}
	errx(1, "datagram %llu of %zu bytes never came back",
	    (unsigned long long)turn, size);
}

static void
udp_client(const char *host, const char *port, uint64_t count, size_t size)
{
	struct addrinfo	*ai;
	uint64_t	 i;
	int		 fd;

	ai = resolve(host, port, SOCK_DGRAM, 0);
	if ((fd = socket(ai->ai_family, SOCK_DGRAM, 0)) == -1 ||
	    connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
		err(1, "connect to %s", host);
	freeaddrinfo(ai);
	for (i = 0; i < count; i++)
		udp_turn(fd, size, i);
	printf("%llu datagrams of %zu bytes came back\n",
	    (unsigned long long)count, size);
	close(fd);
}

int
main(int argc, char *argv[])
{
	const char	*file = NULL;
	uint64_t	 count = 1 << 20;
	size_t		 size = 1000;
	int		 ch, fd, server = 0, type = SOCK_STREAM;

	while ((ch = getopt(argc, argv, "f:ln:s:u")) != -1) {
		switch (ch) {
		case 'f':
			file = optarg;
			break;
		case 'l':
			server = 1;
			break;
		case 'n':
			count = strtoull(optarg, NULL, 10);
			break;
		case 's':
			size = strtoul(optarg, NULL, 10);
			break;
		case 'u':
			type = SOCK_DGRAM;
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (argc < 1 || argc > 2 || (!server && argc != 2) || size > CHUNK)
		usage();
	if (server) {
		fd = server_socket(argv[0], argc == 2 ? argv[1] : "0", type,
		    file);
		if (type == SOCK_STREAM)
			tcp_server(fd);
		else
			udp_server(fd);
		close(fd);
	} else if (type == SOCK_STREAM)
		tcp_client(argv[0], argv[1], count);
	else
		udp_client(argv[0], argv[1], count, size);
	return 0;
}
