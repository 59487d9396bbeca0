/* SPDX-License-Identifier: ISC */
/*
 * Sends datagrams that look like WireGuard, but are not.
 *
 * usage: junk [-n count] address port
 *
 * A deterministic sequence over every form: each type with its right size,
 * one byte less and one more, reserved bytes set, random bytes of any size,
 * and empty ones.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIZE_MAX_JUNK	1500
#define PAUSE_EVERY	64		/* datagrams between two pauses */

static uint64_t	state = 0x9e3779b97f4a7c15ULL;

static uint32_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static size_t
make(uint8_t *p, unsigned long n)
{
	static const size_t sizes[4] = { 148, 92, 64, 32 };
	size_t i, len, type = n % 5;

	for (i = 0; i < SIZE_MAX_JUNK; i++)
		p[i] = (uint8_t)next();
	if (type == 4)
		return next() % SIZE_MAX_JUNK;
	len = sizes[type];
	if (type == 3)
		len += next() % 1000;
	memset(p, 0, 4);
	p[0] = (uint8_t)(type + 1);
	switch (n / 5 % 5) {
	case 0:
		p[1 + next() % 3] = 1;	/* a reserved byte */
		break;
	case 1:
		return len - 1;
	case 2:
		return len + 1;
	}
	return len;
}

int
main(int argc, char **argv)
{
	static uint8_t buf[SIZE_MAX_JUNK + 1];
	struct addrinfo hints, *res;
	struct timespec pause = { 0, 1000000 };
	unsigned long i, count = 1000;
	int ch, error, s;

	while ((ch = getopt(argc, argv, "n:")) != -1) {
		if (ch != 'n')
			errx(2, "usage: junk [-n count] address port");
		count = strtoul(optarg, NULL, 10);
	}
	if (argc - optind != 2)
		errx(2, "usage: junk [-n count] address port");
	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_DGRAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	error = getaddrinfo(argv[optind], argv[optind + 1], &hints, &res);
	if (error != 0)
		errx(1, "%s: %s", argv[optind], gai_strerror(error));
	s = socket(res->ai_family, SOCK_DGRAM, 0);
	if (s == -1 || connect(s, res->ai_addr, res->ai_addrlen) == -1)
		err(1, "%s", argv[optind]);
	for (i = 0; i < count; i++) {
		/* A closed port is told by the next send: go on. */
		if (send(s, buf, make(buf, i), 0) == -1 &&
		    errno != ECONNREFUSED && errno != ENOBUFS)
			err(1, "send");
		if (i % PAUSE_EVERY == 0)
			nanosleep(&pause, NULL);
	}
	freeaddrinfo(res);
	close(s);
	return 0;
}
